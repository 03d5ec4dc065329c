//! The file with profiles: where it is, which profile is taken, and from where its paths are meant.

use super::written::profiles;
use super::{ConfigError, Settings};
use etcetera::BaseStrategy;
use std::path::{Path, PathBuf};

/// The name of the file with profiles.
pub const FILE_NAME: &str = "ticketload.toml";
/// The profile that is used where none is named.
pub const DEFAULT_PROFILE: &str = "default";

impl Settings {
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
        let mut profiles = profiles(&path, &text)?;
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
}

/// The file with profiles: in the working folder, else in the user's configuration folder.
#[must_use]
pub fn profile_file() -> Option<PathBuf> {
    let here = PathBuf::from(FILE_NAME);
    if here.is_file() {
        return Some(here);
    }
    let strategy = etcetera::choose_base_strategy().ok()?;
    Some(strategy.config_dir().join("ticketload").join(FILE_NAME)).filter(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_profile_is_read_with_paths_from_its_own_folder() {
        let text =
            "[profile.qa]\nserver_url = \"https://host/x\"\npassword_file = \"pw\"\ntimeout = 5\n";
        let mut profiles = profiles(Path::new("/etc/t.toml"), text).unwrap();
        let settings = profiles
            .remove("qa")
            .unwrap()
            .relative_to(Path::new("/etc/t.toml"));
        assert_eq!(settings.password_file, Some(PathBuf::from("/etc/pw")));
        assert_eq!(settings.timeout().unwrap(), Duration::from_secs(5));
    }

    #[test]
    fn an_unknown_key_is_told_with_its_line() {
        let error = profiles(Path::new("t.toml"), "[profile.qa]\nuser = \"x\"\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "t.toml, line 2: there is no setting `user`"
        );
        assert!(error.hint().unwrap().contains("username"));
    }
}
