//! `encrypt-password`: the password as the API wants it, for those who must paste it somewhere.
//!
//! Reads the password from a prompt that shows nothing, or from stdin where that is no terminal; never from an
//! argument, which the process list would show.

use super::args::EncryptPasswordArgs;
use super::failure::{Exit, Failure};
use super::output::print;
use std::io::{self, BufRead, IsTerminal};
use ticketload::api::password::{self, PasswordError};
use ticketload::config::{SecretFiles, Settings};
use zeroize::Zeroizing;

pub(crate) fn run(args: &EncryptPasswordArgs) -> Result<Exit, Failure> {
    let given = Settings {
        flagged: SecretFiles {
            key: args.key_file.clone(),
            ..SecretFiles::default()
        },
        ..Settings::default()
    };
    let settings = given.or(Settings::of_profile(args.profile.as_deref())?);
    let key = settings.key()?;
    let plain = read_password().map_err(|error| Failure::Io {
        what: "the password cannot be read",
        error,
    })?;
    let encrypted = password::encrypt(plain.as_bytes(), &key).map_err(|error| Failure::Usage {
        message: format!("the password cannot be encrypted: {error}"),
        hint: hint(&error).to_owned(),
    })?;
    print(format!("{encrypted}\n"))
}

fn hint(error: &PasswordError) -> &'static str {
    match error {
        PasswordError::NoKey => {
            "the key file has nothing in it: put the key that the vendor gave you into it, or name another file"
        }
        PasswordError::Blank | PasswordError::NoRandomness | PasswordError::Undecipherable => {
            "type the password, or pipe it in: printf %s \"$PASSWORD\" | ticketload encrypt-password"
        }
    }
}

fn read_password() -> io::Result<Zeroizing<String>> {
    if io::stdin().is_terminal() {
        let prompt = dialoguer::Password::new().with_prompt("Password");
        return prompt
            .interact()
            .map(Zeroizing::new)
            .map_err(io::Error::other);
    }
    let mut line = Zeroizing::new(String::new());
    io::stdin().lock().read_line(&mut line)?;
    let length = line.trim_end_matches(['\n', '\r']).len();
    line.truncate(length);
    Ok(line)
}
