//! The command line: what the user typed, turned into calls of the library; the only code that prints.

mod advice;
mod args;
mod check;
mod defect;
mod destinations;
mod encrypt_password;
mod explain;
mod failure;
mod files;
mod import;
mod init;
mod inspect;
mod ledger;
mod manual;
mod output;
mod progress;
mod sandbox;
mod sandbox_folder;
mod status;
mod validate;

use args::Command;
use failure::{Exit, Failure};
use std::ffi::OsString;
use tokio::runtime::{Builder, Runtime};

/// Starts what a command waits with.
fn runtime(mut kind: Builder) -> Result<Runtime, Failure> {
    kind.enable_all().build().map_err(|error| Failure::Io {
        what: "the runtime cannot be started",
        error,
    })
}

/// Runs one command and gives its exit code.
pub(crate) fn run(arguments: impl Iterator<Item = OsString>) -> u8 {
    let cli = match args::parse(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come this way too; a closed pipe is nobody's error.
            drop(error.print());
            return if error.use_stderr() {
                Exit::Usage as u8
            } else {
                Exit::Success as u8
            };
        }
    };
    let exit = defect::watched(|| {
        command(&cli.command).unwrap_or_else(|failure| {
            output::say(failure.shown());
            output::emit_failure(&cli.command, &failure);
            failure.exit()
        })
    });
    exit as u8
}

fn command(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Import(args) => import::run(args),
        Command::Validate(args) => validate::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Init(args) => init::run(args),
        Command::Status(args) => status::run(args),
        Command::Check(args) => check::run(args),
        Command::EncryptPassword(args) => encrypt_password::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Sandbox(args) => sandbox::run(args),
        Command::Ledger { command } => ledger::run(command),
        Command::Completions { shell } => manual::completions(*shell),
        Command::Man => manual::page(),
    }
}
