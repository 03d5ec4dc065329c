//! Settings: where to send, as whom, how fast.
//!
//! Owns `ticketload.toml` with its profiles, the order of precedence (flags, then environment, then profile, then
//! defaults), and the reading of secrets. A secret comes from a file or from the environment, never from an argument, and is shown
//! by nothing. Does not connect and does not print.

use crate::api::{BodyFormat, Credentials, Endpoint, ServerUrl, ServerUrlError};
use crate::import::{Rate, RateError};
use crate::ledger::Scope;
use etcetera::BaseStrategy;
use secrecy::{SecretSlice, SecretString};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use url::Url;
use zeroize::Zeroizing;

/// The name of the file with profiles.
pub const FILE_NAME: &str = "ticketload.toml";
/// The profile that is used where none is named.
pub const DEFAULT_PROFILE: &str = "default";

/// Settings as they were given in one place; what is absent is taken from the next.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The page's `$server_url`.
    pub server_url: Option<String>,
    /// The API's user name.
    pub username: Option<String>,
    /// A file that holds the password.
    pub password_file: Option<PathBuf>,
    /// A file that holds the encryption key.
    pub key_file: Option<PathBuf>,
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

/// The file with profiles.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Profiles {
    #[serde(default)]
    profile: BTreeMap<String, Settings>,
}

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file with profiles cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file with profiles cannot be understood.
    #[error("{}, line {line}: {message}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// What is wrong with it.
        message: String,
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
    #[error("the {what} file {} cannot be read: {error}", path.display())]
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

fn where_profiles_are(path: &Option<PathBuf>, known: &[String]) -> String {
    match path {
        None => format!(
            "(there is no {FILE_NAME} in the working folder or the user's configuration folder)"
        ),
        Some(path) => format!("in {} (it has: {})", path.display(), known.join(", ")),
    }
}

/// An account: where to send and as whom.
#[derive(Debug)]
pub struct Account {
    /// Where and how.
    pub endpoint: Endpoint,
    /// As whom.
    pub credentials: Credentials,
    /// What identities of rows are scoped to.
    pub scope: Scope,
    /// `USER at HOST`, for people.
    pub target: String,
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

    /// The settings of a profile; without a name the default one, if there is one.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read or understood, or has no such profile.
    pub fn of_profile(name: Option<&str>) -> Result<Settings, ConfigError> {
        let Some(path) = profile_file() else {
            return match name {
                None => Ok(Settings::default()),
                Some(name) => Err(ConfigError::NoProfile {
                    name: name.to_owned(),
                    path: None,
                    known: Vec::new(),
                }),
            };
        };
        let text = std::fs::read_to_string(&path).map_err(|error| ConfigError::Unreadable {
            path: path.clone(),
            error,
        })?;
        let mut profiles = parse(&path, &text)?;
        match (profiles.remove(name.unwrap_or(DEFAULT_PROFILE)), name) {
            (Some(settings), _) => Ok(settings.relative_to(&path)),
            (None, None) => Ok(Settings::default()),
            (None, Some(name)) => Err(ConfigError::NoProfile {
                name: name.to_owned(),
                path: Some(path),
                known: profiles.into_keys().collect(),
            }),
        }
    }

    /// Paths in a profile are meant from the profile's own folder.
    fn relative_to(mut self, file: &Path) -> Settings {
        let folder = file.parent().unwrap_or(Path::new(""));
        let paths = [
            &mut self.password_file,
            &mut self.key_file,
            &mut self.mapping,
            &mut self.ledger,
        ];
        for path in paths.into_iter().flatten() {
            *path = folder.join(&*path);
        }
        self
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

    /// What the rows' identities are scoped to, and `USER at HOST`; none where server or user are not set.
    ///
    /// # Errors
    ///
    /// Where the server address is wrong.
    pub fn scope(&self) -> Result<Option<(Scope, String)>, ConfigError> {
        let (Some(url), Some(username)) = (&self.server_url, &self.username) else {
            return Ok(None);
        };
        let url: ServerUrl = url.parse()?;
        Ok(Some(self.scope_at(&url, username)))
    }

    fn scope_at(&self, url: &ServerUrl, username: &str) -> (Scope, String) {
        let scope = Scope::new(format!("{url} {username}"), self.scope.clone());
        (scope, format!("{username} at {}", url.host()))
    }

    /// The account.
    ///
    /// # Errors
    ///
    /// Where anything about it is missing or wrong.
    pub fn account(&self) -> Result<Account, ConfigError> {
        let server_url: ServerUrl = self
            .server_url
            .as_deref()
            .ok_or(missing(
                "server URL",
                "--server-url",
                "TICKETLOAD_SERVER_URL",
                "server_url",
            ))?
            .parse()?;
        let username = self.username.clone().ok_or(missing(
            "user name",
            "--username",
            "TICKETLOAD_USERNAME",
            "username",
        ))?;
        let password = secret(
            "password",
            self.password_file.as_deref(),
            "TICKETLOAD_PASSWORD",
        )?
        .ok_or(missing(
            "password",
            "--password-file",
            "TICKETLOAD_PASSWORD",
            "password_file",
        ))?;
        let key = secret("key", self.key_file.as_deref(), "TICKETLOAD_KEY")?.ok_or(missing(
            "encryption key",
            "--key-file",
            "TICKETLOAD_KEY",
            "key_file",
        ))?;
        let password = std::str::from_utf8(&password).map_err(|_| ConfigError::SecretText)?;
        let (scope, target) = self.scope_at(&server_url, &username);
        let endpoint = Endpoint {
            server_url,
            resource: self.resource()?,
            body: self.body()?,
            timeout: self.timeout()?,
            proxy: self.proxy()?,
            safe_503: self.refused_503.unwrap_or(false),
            workers: self.workers()?,
        };
        let credentials = Credentials {
            username,
            password: SecretString::from(password),
            key: SecretSlice::from(key.to_vec()),
        };
        Ok(Account {
            endpoint,
            credentials,
            scope,
            target,
        })
    }

    fn resource(&self) -> Result<String, ConfigError> {
        let resource = self.resource.clone().unwrap_or_else(|| "as".to_owned());
        let is_word = !resource.is_empty()
            && resource
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        if is_word {
            Ok(resource)
        } else {
            Err(ConfigError::OutOfBounds {
                what: "the resource",
                bounds: "a word such as `as` or `adi`",
            })
        }
    }

    fn timeout(&self) -> Result<Duration, ConfigError> {
        let seconds = self.timeout.unwrap_or(60.0);
        if (0.1..=3600.0).contains(&seconds) {
            Ok(Duration::from_secs_f64(seconds))
        } else {
            Err(ConfigError::OutOfBounds {
                what: "the time-out",
                bounds: "between 0.1 and 3600 seconds",
            })
        }
    }

    fn proxy(&self) -> Result<Option<Url>, ConfigError> {
        let wrong = ConfigError::OutOfBounds {
            what: "the proxy",
            bounds: "a URL such as http://proxy:3128",
        };
        self.proxy
            .as_deref()
            .map(|text| Url::parse(text).map_err(|_| wrong))
            .transpose()
    }
}

fn missing(
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
fn secret(
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

/// The file with profiles: in the working folder, else in the user's configuration folder.
fn profile_file() -> Option<PathBuf> {
    let here = PathBuf::from(FILE_NAME);
    if here.is_file() {
        return Some(here);
    }
    let strategy = etcetera::choose_base_strategy().ok()?;
    Some(strategy.config_dir().join("ticketload").join(FILE_NAME)).filter(|path| path.is_file())
}

fn parse(path: &Path, text: &str) -> Result<BTreeMap<String, Settings>, ConfigError> {
    let profiles: Profiles = toml::from_str(text).map_err(|error| ConfigError::Malformed {
        path: path.to_owned(),
        line: error.span().map_or(1, |span| {
            text.bytes()
                .take(span.start)
                .filter(|byte| *byte == b'\n')
                .count()
                + 1
        }),
        message: error.message().to_owned(),
    })?;
    Ok(profiles.profile)
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
    fn a_profile_is_read_with_paths_from_its_own_folder() {
        let text =
            "[profile.qa]\nserver_url = \"https://host/x\"\npassword_file = \"pw\"\ntimeout = 5\n";
        let mut profiles = parse(Path::new("/etc/t.toml"), text).unwrap();
        let settings = profiles
            .remove("qa")
            .unwrap()
            .relative_to(Path::new("/etc/t.toml"));
        assert_eq!(settings.password_file, Some(PathBuf::from("/etc/pw")));
        assert_eq!(settings.timeout().unwrap(), Duration::from_secs(5));
    }

    #[test]
    fn an_unknown_key_is_told_with_its_line() {
        let error = parse(Path::new("t.toml"), "[profile.qa]\nuser = \"x\"\n")
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("t.toml, line 2: unknown field `user`"),
            "{error}"
        );
        let error = parse(Path::new("t.toml"), "[profile.qa]\npassword = \"x\"\n").unwrap_err();
        assert!(
            error.to_string().contains("unknown field"),
            "a secret does not belong in the file"
        );
    }

    #[test]
    fn what_is_missing_is_named_with_all_the_ways_to_give_it() {
        let error = Settings::default().account().unwrap_err().to_string();
        for way in ["--server-url", "TICKETLOAD_SERVER_URL", "`server_url`"] {
            assert!(error.contains(way), "{error}");
        }
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
