//! The reading of secrets: from a file or from the environment, never from an argument.

use super::ConfigError;
use super::error::missing;
use std::path::Path;
use zeroize::Zeroizing;

/// Reads the encryption key alone.
///
/// # Errors
///
/// Where there is none or it cannot be read.
pub fn read_key(file: Option<&Path>) -> Result<Zeroizing<Vec<u8>>, ConfigError> {
    secret("key", file, "TICKETLOAD_KEY")?.ok_or(missing(
        "encryption key",
        "--key-file",
        "TICKETLOAD_KEY",
        "key_file",
    ))
}

/// A secret from its file or, without one, from the environment. A newline at its end is no part of it.
pub(super) fn secret(
    what: &'static str,
    file: Option<&Path>,
    environment: &str,
) -> Result<Option<Zeroizing<Vec<u8>>>, ConfigError> {
    let mut bytes = match (file, std::env::var_os(environment)) {
        (Some(path), _) => {
            Zeroizing::new(std::fs::read(path).map_err(|error| ConfigError::Secret {
                what,
                path: path.to_owned(),
                error,
            })?)
        }
        (None, Some(value)) if !value.is_empty() => Zeroizing::new(value.into_encoded_bytes()),
        (None, _) => return Ok(None),
    };
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    Ok(Some(bytes))
}
