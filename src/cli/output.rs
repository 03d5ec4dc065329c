//! Standard output for what a person or a program asked for, and stderr for what is said besides.
//!
//! Owns the rule that a reader which has gone away (`| head`) is no error, and that nothing ends because stderr cannot be
//! written.

use super::failure::{Exit, Failure};
use serde_json::Value;
use std::fmt::Display;
use std::io::{self, Write};

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
