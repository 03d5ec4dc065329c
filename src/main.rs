//! The `ticketload` command: command line -> command -> exit code; nothing else.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(cli::run(std::env::args_os()))
}
