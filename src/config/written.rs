//! What is written in `ticketload.toml`: the settings that there are, and what each of them wants.
//!
//! Guarantees that an error about the file tells the line, the key and what is expected, never a value: a password may stand
//! there that belongs elsewhere, and errors end up in the log of a nightly job.

use super::{ConfigError, Settings};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// A setting as the file has it.
struct Setting {
    name: &'static str,
    wants: &'static str,
    example: &'static str,
    /// Takes the value; false where it is of another kind.
    take: fn(&mut Settings, &DeValue<'_>) -> bool,
}

const SETTINGS: [Setting; 14] = [
    Setting {
        name: "server_url",
        wants: "an address in quotes",
        example: "\"https://HOST/PATH\"",
        take: |settings, value| put(&mut settings.server_url, text(value)),
    },
    Setting {
        name: "username",
        wants: "a name in quotes",
        example: "\"NAME\"",
        take: |settings, value| put(&mut settings.username, text(value)),
    },
    Setting {
        name: "password_file",
        wants: "the path of a file in quotes",
        example: "\"FILE\"",
        take: |settings, value| put(&mut settings.password_file, path(value)),
    },
    Setting {
        name: "key_file",
        wants: "the path of a file in quotes",
        example: "\"FILE\"",
        take: |settings, value| put(&mut settings.key_file, path(value)),
    },
    Setting {
        name: "mapping",
        wants: "the path of a file in quotes",
        example: "\"mapping.toml\"",
        take: |settings, value| put(&mut settings.mapping, path(value)),
    },
    Setting {
        name: "ledger",
        wants: "the path of a file in quotes",
        example: "\"FILE\"",
        take: |settings, value| put(&mut settings.ledger, path(value)),
    },
    Setting {
        name: "rate",
        wants: "a pace in quotes",
        example: "\"5/s\"",
        take: |settings, value| put(&mut settings.rate, text(value)),
    },
    Setting {
        name: "workers",
        wants: "a whole number without quotes",
        example: "4",
        take: |settings, value| put(&mut settings.workers, whole_number(value)),
    },
    Setting {
        name: "body",
        wants: "\"json\" or \"form\", in quotes",
        example: "\"json\"",
        take: |settings, value| put(&mut settings.body, text(value)),
    },
    Setting {
        name: "resource",
        wants: "a word in quotes",
        example: "\"as\"",
        take: |settings, value| put(&mut settings.resource, text(value)),
    },
    Setting {
        name: "timeout",
        wants: "a number of seconds, without quotes",
        example: "60",
        take: |settings, value| put(&mut settings.timeout, number(value)),
    },
    Setting {
        name: "proxy",
        wants: "an address in quotes",
        example: "\"http://HOST:3128\"",
        take: |settings, value| put(&mut settings.proxy, text(value)),
    },
    Setting {
        name: "scope",
        wants: "a name in quotes",
        example: "\"NAME\"",
        take: |settings, value| put(&mut settings.scope, text(value)),
    },
    Setting {
        name: "refused_503",
        wants: "true or false, without quotes",
        example: "false",
        take: |settings, value| put(&mut settings.refused_503, value.as_bool()),
    },
];

fn put<T>(place: &mut Option<T>, value: Option<T>) -> bool {
    *place = value;
    place.is_some()
}

fn text(value: &DeValue<'_>) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn path(value: &DeValue<'_>) -> Option<PathBuf> {
    value.as_str().map(PathBuf::from)
}

fn whole_number(value: &DeValue<'_>) -> Option<usize> {
    let number = value.as_integer()?;
    usize::from_str_radix(number.as_str(), number.radix()).ok()
}

fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(number) => number.as_str().parse().ok(),
        DeValue::Integer(number) if number.radix() == 10 => number.as_str().parse().ok(),
        _ => None,
    }
}

/// What is wrong with the file, and at which byte.
struct Fault {
    at: usize,
    message: String,
    hint: String,
}

/// Reads the profiles of a file; of all that is wrong, the first by line is told.
pub(super) fn profiles(path: &Path, text: &str) -> Result<BTreeMap<String, Settings>, ConfigError> {
    let mut faults = Vec::new();
    let mut profiles = BTreeMap::new();
    match DeTable::parse(text) {
        Ok(file) => {
            for (key, value) in file.get_ref() {
                let at = key.span().start;
                match (key.get_ref().as_ref(), value.get_ref().as_table()) {
                    ("profile", Some(table)) => profiles = all(table, &mut faults),
                    (name, _) => faults.push(astray(at, name)),
                }
            }
        }
        // The parser's own words tell of signs and kinds, and quote nothing.
        Err(error) => faults.push(Fault {
            at: error.span().map_or(0, |span| span.start),
            message: error.message().to_owned(),
            hint: "each line is `key = value` or [profile.NAME]; texts stand in quotes".to_owned(),
        }),
    }
    match faults.into_iter().min_by_key(|fault| fault.at) {
        None => Ok(profiles),
        Some(fault) => Err(ConfigError::Malformed {
            path: path.to_owned(),
            line: text
                .bytes()
                .take(fault.at)
                .filter(|byte| *byte == b'\n')
                .count()
                + 1,
            message: fault.message,
            hint: fault.hint,
        }),
    }
}

fn all(table: &DeTable<'_>, faults: &mut Vec<Fault>) -> BTreeMap<String, Settings> {
    let mut profiles = BTreeMap::new();
    for (name, value) in table {
        match value.get_ref().as_table() {
            Some(settings) => {
                profiles.insert(name.get_ref().to_string(), one(settings, faults));
            }
            None => faults.push(astray(name.span().start, name.get_ref())),
        }
    }
    profiles
}

fn one(table: &DeTable<'_>, faults: &mut Vec<Fault>) -> Settings {
    let mut settings = Settings::default();
    for (key, value) in table {
        let (at, name) = (key.span().start, key.get_ref().as_ref());
        match SETTINGS.iter().find(|setting| setting.name == name) {
            None => faults.push(unknown(at, name)),
            Some(setting) => {
                let message = if (setting.take)(&mut settings, value.get_ref()) {
                    unfit(name, &settings)
                } else {
                    Some(format!("`{name}` wants {}", setting.wants))
                };
                faults.extend(message.map(|message| Fault {
                    at,
                    message,
                    hint: format!("write {name} = {}", setting.example),
                }));
            }
        }
    }
    settings
}

/// What is wrong with a value of the right kind, for the settings whose values have bounds.
fn unfit(name: &str, settings: &Settings) -> Option<String> {
    let error = match name {
        "rate" => settings.rate().err(),
        "workers" => settings.workers().err(),
        "body" => settings.body().err(),
        "resource" => settings.resource().err(),
        "timeout" => settings.timeout().err(),
        "proxy" => settings.proxy().err(),
        _ => None,
    };
    error.map(|error| match error {
        ConfigError::OutOfBounds { bounds, .. } => format!("`{name}` must be {bounds}"),
        error => format!("`{name}`: {error}"),
    })
}

/// A key that stands outside of every profile.
fn astray(at: usize, name: &str) -> Fault {
    Fault {
        at,
        message: format!("`{}` stands in no profile", name.escape_debug()),
        hint: about_secrets(name).unwrap_or_else(|| {
            "settings stand below the name of their profile: [profile.default], or [profile.NAME] for --profile NAME"
                .to_owned()
        }),
    }
}

/// A key that no profile has.
fn unknown(at: usize, name: &str) -> Fault {
    Fault {
        at,
        message: format!("there is no setting `{}`", name.escape_debug()),
        hint: about_secrets(name).unwrap_or_else(|| {
            let names = SETTINGS.map(|setting| setting.name);
            format!("a profile may have {}", names.join(", "))
        }),
    }
}

/// What to do with a secret that stands in the file itself.
fn about_secrets(name: &str) -> Option<String> {
    let place = match name.to_ascii_lowercase().as_str() {
        "password" => "a file and name it with `password_file`, or set TICKETLOAD_PASSWORD",
        "key" => "a file and name it with `key_file`, or set TICKETLOAD_KEY",
        _ => return None,
    };
    Some(format!(
        "a secret does not belong in this file: put it into {place}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (String, String) {
        let error = profiles(Path::new("t.toml"), text).unwrap_err();
        let hint = error.hint().unwrap().to_owned();
        let all = format!("{error} {hint} {error:?}");
        for word in ["SECRET", "4711", "struct", "usize", "f64", "invalid type"] {
            assert!(!all.contains(word), "{word} in: {all}");
        }
        (error.to_string(), hint)
    }

    #[test]
    fn a_value_of_another_kind_is_told_by_what_is_wanted_and_never_shown() {
        for setting in &SETTINGS {
            let name = setting.name;
            for value in ["[\"SECRET\"]", "{ SECRET = 4711 }", "4711-01-01"] {
                let (error, hint) = refused(&format!("[profile.qa]\n\n{name} = {value}\n"));
                assert_eq!(
                    error,
                    format!("t.toml, line 3: `{name}` wants {}", setting.wants)
                );
                assert_eq!(hint, format!("write {name} = {}", setting.example));
            }
        }
        for line in [
            "timeout = \"SECRET\"",
            "workers = \"SECRET\"",
            "workers = -4711",
            "workers = 4711.5",
            "refused_503 = \"SECRET\"",
            "username = 4711",
            "password_file = 4711",
        ] {
            refused(&format!("[profile.qa]\n{line}\n"));
        }
    }

    #[test]
    fn what_is_no_setting_or_no_line_is_told_and_its_value_never_shown() {
        for text in [
            "[profile]\npassword = \"SECRET\"\n",
            "[profile.qa]\npassword = \"SECRET\"\n",
            "# secrets\npassword = \"SECRET\"\n",
        ] {
            let (error, hint) = refused(text);
            assert!(error.starts_with("t.toml, line 2: "), "{error}");
            assert!(hint.contains("`password_file`"), "{hint}");
        }
        for text in [
            "profile = \"SECRET\"\n",
            "[[profile.qa]]\nusername = \"SECRET\"\n",
            "[profiles.qa]\nusername = \"SECRET\"\n",
            "[profile.qa]\nusername = SECRET\n",
            "[profile.qa]\nusername = \"SECRET\n",
            "[profile.qa]\nusername = 'SECRET\" # \n",
            "[profile.qa]\nusername = \"\\SECRET\"\n",
            "[profile.qa]\nSECRET\n",
            "[profile.qa]\nusername = \"SECRET\"\nusername = \"SECRET\"\n",
            "[profile.qa]\nusername = \"SECRET\" SECRET\n",
            "[profile.qa]\nusername = \"SECRET\"\nusername.x = \"SECRET\"\n",
        ] {
            refused(text);
        }
    }

    #[test]
    fn a_value_out_of_bounds_is_told_with_its_line_and_never_shown() {
        for (line, wanted) in [
            ("rate = \"SECRET\"", "`rate`: a rate is written like 5/s"),
            ("workers = 0", "`workers` must be between 1 and 256"),
            ("body = \"SECRET\"", "`body` must be `json` or `form`"),
            ("resource = \"SECRET/4711\"", "`resource` must be a word"),
            ("timeout = 47110", "`timeout` must be between 0.1"),
            ("timeout = nan", "`timeout` must be between 0.1"),
            ("proxy = \"SECRET\"", "`proxy` must be a URL"),
        ] {
            let (error, hint) = refused(&format!("[profile.qa]\nscope = \"x\"\n{line}\n"));
            assert!(
                error.starts_with(&format!("t.toml, line 3: {wanted}")),
                "{error}"
            );
            assert!(hint.starts_with("write "), "{hint}");
        }
    }

    #[test]
    fn the_example_of_each_setting_is_one_that_it_takes() {
        for setting in &SETTINGS {
            let text = format!("[profile.qa]\n{} = {}\n", setting.name, setting.example);
            assert!(profiles(Path::new("t.toml"), &text).is_ok(), "{text}");
        }
    }
}
