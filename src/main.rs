//! The `ticketload` command: command line -> command -> exit code; nothing else.

#![expect(
    clippy::print_stderr,
    reason = "the command line is where printing happens"
)]

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(cli::run(std::env::args_os()))
}
