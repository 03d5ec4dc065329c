//! Standard output: text that a person or a program asked for.
//!
//! Owns the rule that a reader which has gone away (`| head`) is no error.

use super::failure::{Exit, Failure};
use serde_json::Value;
use std::io::{self, Write};

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
