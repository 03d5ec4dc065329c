//! The reading of secrets: from a file or from the environment, never from an argument.

use super::error::missing;
use super::{ConfigError, Settings};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The files that hold secrets, as one place names them.
#[derive(Debug, Clone, Default)]
pub struct SecretFiles {
    /// A file that holds the password.
    pub password: Option<PathBuf>,
    /// A file that holds the encryption key.
    pub key: Option<PathBuf>,
}

impl Settings {
    /// Reads the encryption key alone.
    ///
    /// # Errors
    ///
    /// Where there is none or it cannot be read.
    pub fn key(&self) -> Result<Zeroizing<Vec<u8>>, ConfigError> {
        secret(
            "key",
            self.flagged.key.as_deref(),
            "TICKETLOAD_KEY",
            self.key_file.as_deref(),
        )?
        .ok_or(missing(
            "encryption key",
            "--key-file",
            "TICKETLOAD_KEY",
            "key_file",
        ))
    }
}

/// A secret from the first that is given: the flag's file, the environment, the profile's file. A newline at its end is
/// no part of it.
pub(super) fn secret(
    what: &'static str,
    flag: Option<&Path>,
    environment: &str,
    profile: Option<&Path>,
) -> Result<Option<Zeroizing<Vec<u8>>>, ConfigError> {
    let value = std::env::var_os(environment).filter(|value| !value.is_empty());
    let mut bytes = match (flag, value, profile) {
        (Some(path), _, _) | (None, None, Some(path)) => {
            Zeroizing::new(std::fs::read(path).map_err(|error| ConfigError::Secret {
                what,
                path: path.to_owned(),
                error,
            })?)
        }
        (None, Some(value), _) => Zeroizing::new(value.into_encoded_bytes()),
        (None, None, None) => return Ok(None),
    };
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    Ok(Some(bytes))
}
