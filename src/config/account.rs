//! An account: where to send and as whom, put together from the settings and the secrets.

use super::error::missing;
use super::secret::secret;
use super::{ConfigError, Settings};
use crate::api::{Credentials, Endpoint, ServerUrl};
use crate::ledger::Scope;
use secrecy::{SecretSlice, SecretString};
use std::time::Duration;
use url::Url;

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
    /// What the rows' identities are scoped to, and `USER at HOST`; none where server or user are not set.
    ///
    /// # Errors
    ///
    /// Where the server address is wrong.
    pub fn scope(&self) -> Result<Option<(Scope, String)>, ConfigError> {
        let (Some(url), Some(username)) = (&self.server_url, self.username()) else {
            return Ok(None);
        };
        let url: ServerUrl = url.parse()?;
        Ok(Some(self.scope_at(&url, username)))
    }

    /// The user name. The line end of the file that it was copied from would make it another account, whose calls are all
    /// new.
    fn username(&self) -> Option<&str> {
        let username = self.username.as_deref().map(str::trim);
        username.filter(|username| !username.is_empty())
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
        let username = self.username().ok_or(missing(
            "user name",
            "--username",
            "TICKETLOAD_USERNAME",
            "username",
        ))?;
        let password = secret(
            "password",
            self.flagged.password.as_deref(),
            "TICKETLOAD_PASSWORD",
            self.password_file.as_deref(),
        )?
        .ok_or(missing(
            "password",
            "--password-file",
            "TICKETLOAD_PASSWORD",
            "password_file",
        ))?;
        let key = self.key()?;
        let password = std::str::from_utf8(&password).map_err(|_| ConfigError::SecretText)?;
        let (scope, target) = self.scope_at(&server_url, username);
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
            username: username.to_owned(),
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

    pub(super) fn resource(&self) -> Result<String, ConfigError> {
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

    pub(super) fn timeout(&self) -> Result<Duration, ConfigError> {
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

    pub(super) fn proxy(&self) -> Result<Option<Url>, ConfigError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_all_the_ways_to_give_it() {
        let error = Settings::default().account().unwrap_err().to_string();
        for way in ["--server-url", "TICKETLOAD_SERVER_URL", "`server_url`"] {
            assert!(error.contains(way), "{error}");
        }
    }
}
