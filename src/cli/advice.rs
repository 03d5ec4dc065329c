//! Advised commands: what a person is told to type next, with the flags that this command was typed with.
//!
//! Owns which flags are repeated and how they are written for a shell. A command that is advised without its `--ledger`
//! looks into another ledger, where the same reference is another patient's row. Only what was typed is repeated: the
//! environment and the profiles hold for the next command as well.

use super::args::Cli;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory};
use std::ffi::OsStr;
use std::path::Path;
use std::sync::OnceLock;
use ticketload::report::Advised;

/// The flags that say which ledger, which account and which rows are meant, and how the server is talked to. The files of
/// secrets are named as they were, and nothing of what they hold.
const REPEATED: [Flag; 12] = [
    Flag::path("mapping"),
    SHEET,
    Flag::word("hidden"),
    Flag::word("profile"),
    Flag::path("ledger"),
    Flag::word("server_url"),
    Flag::word("username"),
    Flag::path("password_file"),
    Flag::path("key_file"),
    Flag::word("body"),
    Flag::word("resource"),
    Flag::word("timeout"),
];

/// The flag of the worksheet, which results know of their input.
const SHEET: Flag = Flag::word("sheet");

/// The flag of the ledger, which a sandbox that is kept has in its own folder.
const LEDGER: Flag = Flag::path("ledger");

/// How the command at hand was typed. Set once, before it begins.
static TYPED: OnceLock<Typed> = OnceLock::new();

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Flag {
    /// What `clap` knows it by.
    id: &'static str,
    is_path: bool,
}

impl Flag {
    const fn path(id: &'static str) -> Flag {
        Flag { id, is_path: true }
    }

    const fn word(id: &'static str) -> Flag {
        Flag { id, is_path: false }
    }

    /// The flag with its value, for a shell.
    fn with(self, value: &OsStr) -> String {
        let name = self.id.replace('_', "-");
        if self.is_path {
            return format!("--{name} {}", path(Path::new(value)));
        }
        let value = value.to_string_lossy();
        // Behind a space it would be taken for a flag.
        let between = if value.starts_with('-') { "=" } else { " " };
        format!("--{name}{between}{}", quoted(&value))
    }
}

/// Flags as they were typed, ready for a shell.
#[derive(Debug, Default, Clone)]
struct Typed(Vec<(Flag, String)>);

impl Typed {
    /// Those among the matches that did not come from the environment or from a default.
    fn of(matches: &ArgMatches) -> Typed {
        let mut last = matches;
        while let Some((_, deeper)) = last.subcommand() {
            last = deeper;
        }
        let mut typed: Vec<(Flag, String)> = REPEATED
            .into_iter()
            .filter_map(|flag| Some((flag, value(last, flag.id)?)))
            // No later command finds a mapping that went to stdout.
            .filter(|(flag, value)| flag.id != "mapping" || *value != "-")
            .map(|(flag, value)| (flag, flag.with(value)))
            .collect();
        if let Some(folder) = value(last, "sandbox") {
            let ledger = Path::new(folder).join(SANDBOX_LEDGER);
            typed.retain(|(flag, _)| *flag != LEDGER);
            typed.push((LEDGER, LEDGER.with(ledger.as_os_str())));
        }
        Typed(typed)
    }

    /// `ticketload WORDS` with those of the flags that this command knows.
    fn command(&self, words: &str) -> String {
        let mut definition = &Cli::command();
        for word in words.split_whitespace() {
            match definition.find_subcommand(word) {
                Some(deeper) => definition = deeper,
                None => break,
            }
        }
        let takes = |flag: &Flag| {
            definition
                .get_arguments()
                .any(|known| known.get_id() == flag.id)
        };
        // With a mapping it shows the rows' keys, and only who asks for them is to see them.
        let shows = |flag: &Flag| flag.id == "mapping" && definition.get_name() == "in-doubt";
        let mut line = format!("ticketload {words}");
        for (flag, text) in &self.0 {
            if takes(flag) && !shows(flag) {
                line.push(' ');
                line.push_str(text);
            }
        }
        line
    }
}

/// The name of the ledger of a sandbox within an import, in the sandbox's folder.
pub(super) const SANDBOX_LEDGER: &str = "ledger.db";

/// What was typed for a flag, if it was.
fn value<'m>(matches: &'m ArgMatches, id: &str) -> Option<&'m OsStr> {
    // Not every command knows every flag.
    let mut values = matches.try_get_raw(id).ok().flatten()?;
    let is_typed = matches.value_source(id) == Some(ValueSource::CommandLine);
    values.next().filter(|_| is_typed)
}

/// Remembers how the command at hand was typed.
pub(super) fn remember(matches: &ArgMatches) {
    // A second time would be a second command of the same process, which there is none of.
    drop(TYPED.set(Typed::of(matches)));
}

/// A command line to be typed next: `ticketload WORDS`, which are ready for a shell, and the flags that hold for it.
pub(super) fn command(words: &str) -> String {
    TYPED.get_or_init(Typed::default).command(words)
}

/// The command that makes the tickets of results known, for the account at hand.
pub(super) fn adopt(results: &Path, input: &Path) -> String {
    let (results, input) = (path(results), path(input));
    command(&format!("ledger adopt {results} {input}"))
}

/// The command that tries a mapping on a file; the mapping is named where that was not typed.
pub(super) fn validate(file: &Path, mapping: Option<&Path>) -> String {
    let mapping = mapping.map_or_else(String::new, |mapping| {
        format!(" --mapping {}", path(mapping))
    });
    command(&format!("validate {}{mapping}", path(file)))
}

/// What makes the tickets of any results known again.
pub(super) const ADOPT: &str = "ledger adopt RESULTS.csv INPUT";

/// The same for an input that was not typed: what was typed of worksheets is not about it.
pub(super) fn adopt_other(results: &Path, input: &Path, sheet: Option<&str>) -> String {
    let mut typed = TYPED.get_or_init(Typed::default).clone();
    typed
        .0
        .retain(|(flag, _)| !matches!(flag.id, "sheet" | "hidden"));
    if let Some(sheet) = sheet {
        typed.0.push((SHEET, SHEET.with(OsStr::new(sheet))));
    }
    let (results, input) = (path(results), path(input));
    typed.command(&format!("ledger adopt {results} {input}"))
}

/// The commands that reports advise.
pub(super) fn for_report() -> Advised {
    Advised {
        in_doubt: Some(command("ledger in-doubt")),
        check: command("check"),
        adopt: command(ADOPT),
    }
}

/// A path as it is typed into a shell. One that begins with a dash would be taken for a flag; `-` alone is standard input.
fn path(path: &Path) -> String {
    let shown = path.display().to_string();
    if shown.starts_with('-') && shown != "-" {
        quoted(&format!("./{shown}"))
    } else {
        quoted(&shown)
    }
}

/// A word for a POSIX shell; in quotes only where it must be.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    // A name with control characters in it is not worth a terminal that obeys them.
    let shown: String = word
        .chars()
        .map(|c| match c {
            '\'' => "'\\''".to_owned(),
            c if c.is_control() => c.escape_default().to_string(),
            c => c.to_string(),
        })
        .collect();
    format!("'{shown}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &[&str]) -> Typed {
        let words = ["ticketload"].iter().chain(line);
        Typed::of(&Cli::command().try_get_matches_from(words).unwrap())
    }

    #[test]
    fn a_command_is_advised_with_the_flags_that_it_knows_of_those_that_were_typed() {
        let import = typed(&[
            "import",
            "calls.csv",
            "--ledger",
            "two words.db",
            "--profile",
            "nacht-büro",
            "--username=-x",
            "--mapping=-m.toml",
            "--rate",
            "5/s",
        ]);
        let cases = [
            (
                "ledger in-doubt",
                "ticketload ledger in-doubt --profile nacht-büro --ledger 'two words.db'",
            ),
            (
                "ledger adopt a.results.csv a.csv",
                "ticketload ledger adopt a.results.csv a.csv --mapping ./-m.toml --profile nacht-büro \
                 --ledger 'two words.db' --username=-x",
            ),
            (
                "check",
                "ticketload check --profile nacht-büro --username=-x",
            ),
            ("explain 406", "ticketload explain 406"),
        ];
        for (words, line) in cases {
            assert_eq!(import.command(words), line);
        }
    }

    /// All that is advised anywhere, with something in place of what a person has to fill in.
    const ADVISED: [&str; 10] = [
        "check",
        "ledger in-doubt",
        "ledger in-doubt --format csv",
        "ledger runs",
        "ledger show 3",
        "ledger results 3",
        ADOPT,
        "ledger adopt ./-r.csv '-'",
        "ledger resolve 1:2 --created T1",
        "ledger resolve 1:2 --not-created",
    ];

    /// What `clap` knows of a command.
    fn takes(words: &str, flag: Flag) -> bool {
        Typed(vec![(flag, "TAKEN".to_owned())])
            .command(words)
            .contains("TAKEN")
    }

    #[test]
    fn every_advised_command_takes_the_flags_that_it_is_advised_with() {
        let definition = Cli::command();
        for words in ADVISED {
            let flags = REPEATED.into_iter().filter(|flag| takes(words, *flag));
            let flags: Vec<Flag> = flags.collect();
            for combination in 0..1_u32 << flags.len() {
                let chosen = (0..)
                    .zip(&flags)
                    .filter(|(at, _)| combination >> at & 1 == 1);
                let typed = chosen.map(|(_, flag)| {
                    let value = match flag.id {
                        "hidden" => "skip",
                        "body" => "form",
                        "timeout" => "7.5",
                        _ => "-x",
                    };
                    (*flag, flag.with(OsStr::new(value)))
                });
                let line = Typed(typed.collect()).command(words).replace('\'', "");
                let parsed = definition.clone().try_get_matches_from(line.split(' '));
                assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
            }
        }
    }

    #[test]
    fn the_server_is_tried_as_it_was_talked_to() {
        let import = typed(&[
            "import",
            "calls.csv",
            "--server-url=https://host/x",
            "--username=bulk",
            "--password-file=pass word",
            "--key-file=ky",
            "--body=form",
            "--resource=adi",
            "--timeout=5",
            "--give-up-after=5s",
            "--workers=2",
        ]);
        assert_eq!(
            import.command("check"),
            "ticketload check --server-url https://host/x --username bulk --password-file 'pass word' --key-file ky \
             --body form --resource adi --timeout 5"
        );
    }

    #[test]
    fn the_ledger_of_a_sandbox_that_is_kept_is_named() {
        let import = typed(&["import", "a.csv", "--sandbox=kept", "--ledger", "other.db"]);
        assert_eq!(
            import.command("ledger runs"),
            "ticketload ledger runs --ledger kept/ledger.db"
        );
        let import = typed(&["import", "a.csv", "--sandbox"]);
        assert_eq!(import.command("ledger runs"), "ticketload ledger runs");
    }

    #[test]
    fn words_are_written_so_that_a_shell_reads_them_back() {
        let cases = [
            ("calls.csv", "calls.csv"),
            ("Anrufe für März.csv", "'Anrufe für März.csv'"),
            ("Bürö.csv", "Bürö.csv"),
            ("it's.csv", "'it'\\''s.csv'"),
            ("$HOME;x", "'$HOME;x'"),
            ("~/x", "'~/x'"),
            ("-x.csv", "./-x.csv"),
            ("-x y.csv", "'./-x y.csv'"),
            ("-", "-"),
            ("", "''"),
            ("a\u{1b}[2J", "'a\\u{1b}[2J'"),
        ];
        for (word, written) in cases {
            assert_eq!(path(Path::new(word)), written);
        }
    }
}
