//! What is wrong with the settings, in words for the person who set them.

use super::FILE_NAME;
use crate::api::ServerUrlError;
use crate::import::RateError;
use crate::seen::plain_path;
use std::path::PathBuf;

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file with profiles cannot be read.
    #[error("{} cannot be read: {error}", plain_path(path))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file with profiles cannot be understood.
    #[error("{}, line {line}: {message}", plain_path(path))]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// What is wrong with it, without a value.
        message: String,
        /// What to write instead.
        hint: String,
    },
    /// There is no such profile.
    #[error("there is no profile '{name}' {}", where_profiles_are(path, known))]
    NoProfile {
        /// The name that was asked for.
        name: String,
        /// The file, if there is one.
        path: Option<PathBuf>,
        /// The profiles that there are.
        known: Vec<String>,
    },
    /// A setting is missing.
    #[error("no {what} is set; give {flag}, {environment}, or `{key}` in {FILE_NAME}")]
    Missing {
        /// What is missing.
        what: &'static str,
        /// Its flag.
        flag: &'static str,
        /// Its variable.
        environment: &'static str,
        /// Its key in a profile.
        key: &'static str,
    },
    /// The server address is wrong.
    #[error("{0}")]
    ServerUrl(#[from] ServerUrlError),
    /// The pace is wrong.
    #[error("{0}")]
    Rate(#[from] RateError),
    /// A value is out of its bounds.
    #[error("{what} must be {bounds}")]
    OutOfBounds {
        /// The setting.
        what: &'static str,
        /// What it may be.
        bounds: &'static str,
    },
    /// A secret's file cannot be read.
    #[error("the {what} file {} cannot be read: {error}", plain_path(path))]
    Secret {
        /// Which secret.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A secret is no text.
    #[error("the password is not valid UTF-8")]
    SecretText,
    /// No place for the ledger is known.
    #[error("the user's state folder is not known (no HOME); give --ledger or TICKETLOAD_LEDGER")]
    NoStateFolder,
}

impl ConfigError {
    /// What to do, where the message does not say it.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            ConfigError::Malformed { hint, .. } => Some(hint),
            _ => None,
        }
    }
}

fn where_profiles_are(path: &Option<PathBuf>, known: &[String]) -> String {
    match path {
        None => format!(
            "(there is no {FILE_NAME} in the working folder or the user's configuration folder)"
        ),
        Some(path) => format!("in {} (it has: {})", plain_path(path), known.join(", ")),
    }
}

/// A setting that no place gives.
pub(super) fn missing(
    what: &'static str,
    flag: &'static str,
    environment: &'static str,
    key: &'static str,
) -> ConfigError {
    ConfigError::Missing {
        what,
        flag,
        environment,
        key,
    }
}
