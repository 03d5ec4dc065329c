//! Settings: where to send, as whom, how fast.
//!
//! Owns `ticketload.toml` with its profiles, the defaults, and the reading of secrets. Settings come from flags, then from the
//! environment, then from the profile, then from the defaults: the command line puts the first two together, [`Settings::or`]
//! the rest; a secret's places are looked at here, all of them. A secret comes from a file or from the environment, never from
//! an argument, and is shown by nothing. Does not connect and does not print.

mod account;
mod error;
mod profile;
mod secret;
mod written;

pub use account::Account;
pub use error::ConfigError;
pub use profile::{DEFAULT_PROFILE, FILE_NAME, profile_file};
pub use secret::SecretFiles;

use crate::api::BodyFormat;
use crate::import::Rate;
use etcetera::BaseStrategy;
use std::path::PathBuf;

/// Settings as they were given in one place; what is absent is taken from the next.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The page's `$server_url`.
    pub server_url: Option<String>,
    /// The API's user name.
    pub username: Option<String>,
    /// A file that holds the password; as a profile has it, behind the environment.
    pub password_file: Option<PathBuf>,
    /// A file that holds the encryption key; as a profile has it, behind the environment.
    pub key_file: Option<PathBuf>,
    /// The files that were named as flags. They stay apart from a profile's, since the environment stands between them.
    pub flagged: SecretFiles,
    /// The mapping.
    pub mapping: Option<PathBuf>,
    /// The ledger.
    pub ledger: Option<PathBuf>,
    /// The pace, such as `5/s`.
    pub rate: Option<String>,
    /// How many rows are in flight at most.
    pub workers: Option<usize>,
    /// `json` or `form`.
    pub body: Option<String>,
    /// The `resource` of a submission.
    pub resource: Option<String>,
    /// One attempt, whole, in seconds.
    pub timeout: Option<f64>,
    /// A proxy.
    pub proxy: Option<String>,
    /// What identities of rows are scoped to, for a server that changes its address.
    pub scope: Option<String>,
    /// Whether this vendor's 503 is known to be answered before anything is done.
    pub refused_503: Option<bool>,
}

impl Settings {
    /// These settings, and where they are silent, the others.
    #[must_use]
    pub fn or(self, other: Settings) -> Settings {
        Settings {
            server_url: self.server_url.or(other.server_url),
            username: self.username.or(other.username),
            password_file: self.password_file.or(other.password_file),
            key_file: self.key_file.or(other.key_file),
            flagged: SecretFiles {
                password: self.flagged.password.or(other.flagged.password),
                key: self.flagged.key.or(other.flagged.key),
            },
            mapping: self.mapping.or(other.mapping),
            ledger: self.ledger.or(other.ledger),
            rate: self.rate.or(other.rate),
            workers: self.workers.or(other.workers),
            body: self.body.or(other.body),
            resource: self.resource.or(other.resource),
            timeout: self.timeout.or(other.timeout),
            proxy: self.proxy.or(other.proxy),
            scope: self.scope.or(other.scope),
            refused_503: self.refused_503.or(other.refused_503),
        }
    }

    /// Where the mapping is.
    #[must_use]
    pub fn mapping(&self) -> PathBuf {
        self.mapping
            .clone()
            .unwrap_or_else(|| PathBuf::from("mapping.toml"))
    }

    /// Where the ledger is.
    ///
    /// # Errors
    ///
    /// Where no folder for it is known.
    pub fn ledger(&self) -> Result<PathBuf, ConfigError> {
        if let Some(path) = &self.ledger {
            return Ok(path.clone());
        }
        let strategy = etcetera::choose_base_strategy().map_err(|_| ConfigError::NoStateFolder)?;
        let folder = strategy.state_dir().unwrap_or_else(|| strategy.data_dir());
        Ok(folder.join("ticketload").join("ledger.db"))
    }

    /// The pace; 5 rows a second where none is set.
    ///
    /// # Errors
    ///
    /// Where it cannot be understood.
    pub fn rate(&self) -> Result<Rate, ConfigError> {
        Ok(self.rate.as_deref().unwrap_or("5/s").parse()?)
    }

    /// How many rows are in flight at most; 4 where nothing is set.
    ///
    /// # Errors
    ///
    /// Where it is out of bounds.
    pub fn workers(&self) -> Result<usize, ConfigError> {
        let workers = self.workers.unwrap_or(4);
        if (1..=256).contains(&workers) {
            Ok(workers)
        } else {
            Err(ConfigError::OutOfBounds {
                what: "the number of workers",
                bounds: "between 1 and 256",
            })
        }
    }

    /// How bodies are written; JSON where nothing is set.
    ///
    /// # Errors
    ///
    /// Where it is another word.
    pub fn body(&self) -> Result<BodyFormat, ConfigError> {
        match self.body.as_deref() {
            None | Some("json") => Ok(BodyFormat::Json),
            Some("form") => Ok(BodyFormat::Form),
            Some(_) => Err(ConfigError::OutOfBounds {
                what: "the body",
                bounds: "`json` or `form`",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_places_win() {
        let flags = Settings {
            workers: Some(8),
            ..Settings::default()
        };
        let profile = Settings {
            workers: Some(2),
            username: Some("bulk".into()),
            ..Settings::default()
        };
        let settings = flags.or(profile);
        assert_eq!(
            (settings.workers().unwrap(), settings.username.as_deref()),
            (8, Some("bulk"))
        );
    }

    #[test]
    fn values_out_of_bounds_are_refused() {
        let settings = |settings: Settings| settings;
        assert!(
            settings(Settings {
                workers: Some(0),
                ..Settings::default()
            })
            .workers()
            .is_err()
        );
        assert!(
            settings(Settings {
                timeout: Some(-1.0),
                ..Settings::default()
            })
            .timeout()
            .is_err()
        );
        assert!(
            settings(Settings {
                resource: Some("as&x".into()),
                ..Settings::default()
            })
            .resource()
            .is_err()
        );
        assert!(
            settings(Settings {
                body: Some("xml".into()),
                ..Settings::default()
            })
            .body()
            .is_err()
        );
    }
}
