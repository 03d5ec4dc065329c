//! Standard output for what a person or a program asked for, reports among it, and stderr for what is said besides.
//!
//! Owns the rule that a reader which has gone away (`| head`) is no error, and that nothing ends because stderr cannot be
//! written.

use super::args::{Command, Format};
use super::failure::{Exit, Failure};
use serde_json::Value;
use std::fmt::Display;
use std::io::{self, Write};
use std::path::Path;
use ticketload::report::{Report, write_human, write_json};

/// Says a line on stderr.
///
/// A failure is passed over: there is no other place to tell it, and rows on their way and their results matter more than
/// words about them. `eprintln!` would panic instead, also in the middle of a run.
pub(crate) fn say(line: impl Display) {
    // As one write, so that what two threads say does not mix.
    let line = format!("{line}\n");
    drop(io::stderr().lock().write_all(line.as_bytes()));
}

/// Prints text to stdout as it is.
pub(crate) fn print(text: impl AsRef<[u8]>) -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_ref()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Io {
            what: "stdout cannot be written",
            error,
        }),
        _ => Ok(Exit::Success),
    }
}

/// Prints a JSON document to stdout.
pub(crate) fn json(value: &Value) -> Result<Exit, Failure> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|error| Failure::Io {
        what: "the JSON cannot be written",
        error: error.into(),
    })?;
    text.push(b'\n');
    print(text)
}

/// Writes the report of a command that failed before it had one, for the program that reads stdout; people are told besides.
///
/// A failure is passed over: the exit code tells, and there is an error to be told already.
pub(crate) fn emit_failure(command: &Command, failure: &Failure) {
    let name = match command {
        Command::Import(args) if args.format == Format::Json => "import",
        Command::Validate(args) if args.format == Format::Json => "validate",
        Command::Inspect(args) if args.format == Format::Json => "inspect",
        _ => return,
    };
    let mut report = Report::failed(name, failure.exit() as u8, failure.message());
    let takes_stdout = match command {
        Command::Import(args) => args.results.as_deref() == Some(Path::new("-")),
        Command::Inspect(args) => args.dump.as_deref() == Some(Path::new("-")),
        _ => false,
    };
    drop(if takes_stdout {
        emit(&mut report, true, &mut io::stderr().lock())
    } else {
        emit(&mut report, true, &mut io::stdout().lock())
    });
}

/// Ends a command with its report. One that cannot be written is told, and takes nothing from what the command came to: the
/// worse of both counts.
pub(crate) fn conclude(report: &mut Report, json: bool, out: &mut dyn Write, exit: Exit) -> Exit {
    match emit(report, json, out) {
        Ok(()) => exit,
        Err(error) => {
            let failure = Failure::Report(error);
            say(failure.shown());
            exit.worse(failure.exit())
        }
    }
}

/// Writes a report in the form that was asked for. A reader that has gone away is no error.
pub(crate) fn emit(report: &mut Report, json: bool, out: &mut dyn Write) -> io::Result<()> {
    let written = if json {
        write_json(report, out)
    } else {
        write_human(report, out)
    };
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(()),
    }
}
