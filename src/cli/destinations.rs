//! Where a command writes, and what must never be replaced there.
//!
//! Owns the one rule for all commands: an output takes the place of nothing, of an empty file, or of an earlier output of
//! its own kind, which its beginning gives away. Never that of a file that the command reads or needs, whatever it holds,
//! nor that of another output. All of that is asked before any work is done.

use super::failure::Failure;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use ticketload::config::{Settings, profile_file};
use ticketload::folder::folder_of;
use ticketload::ledger;
use ticketload::mapping::Mapping;
use ticketload::report::plain_path;
use ticketload::results::{AtomicFile, EarlierResults, are_rejects};

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Results,
    Rejects,
    Statuses,
    /// Rows under the header of their file, so that a dump cannot be told from a patients' file of somebody.
    Dump,
}

/// The columns of statuses as CSV.
pub(crate) const STATUS_COLUMNS: [&str; 7] = [
    "file",
    "row",
    "key",
    "ticket_id",
    "status",
    "error_code",
    "message",
];
/// How statuses as JSON begin.
const STATUS_JSON: &str = "{\n  \"tickets\": [";

/// The places of one command.
#[derive(Debug, Default)]
pub(crate) struct Destinations {
    /// What may not be written over, and what it is.
    spared: Vec<(PathBuf, &'static str)>,
    planned: Vec<(PathBuf, Place)>,
}

/// A place as the user knows it.
#[derive(Debug, Clone)]
struct Place {
    path: PathBuf,
    kind: Kind,
}

impl Destinations {
    /// Keeps what is planned away from a file.
    pub(crate) fn spare(&mut self, path: &Path, what: &'static str) -> Result<(), Failure> {
        let spared = whole(path);
        if let Some((_, place)) = self.planned.iter().find(|(place, _)| *place == spared) {
            return Err(place.taken(what));
        }
        self.spared.push((spared, what));
        Ok(())
    }

    /// Keeps what is planned away from all that settings are read from and name: profiles, secrets, the mapping with its
    /// translations, and the ledger with all that stands beside it.
    pub(crate) fn spare_settings(&mut self, settings: &Settings) -> Result<(), Failure> {
        if let Some(file) = profile_file() {
            self.spare(&file, "the file with profiles")?;
        }
        let of = [
            (&settings.flagged.password, "the password file"),
            (&settings.password_file, "the password file"),
            (&settings.flagged.key, "the key file"),
            (&settings.key_file, "the key file"),
        ];
        for (path, what) in of {
            if let Some(path) = path {
                self.spare(path, what)?;
            }
        }
        let mapping = settings.mapping();
        self.spare(&mapping, "the mapping")?;
        for file in translations(&mapping) {
            self.spare(&file, "a translation file of the mapping")?;
        }
        match settings.ledger() {
            Ok(ledger) => self.spare_ledger(&ledger),
            // Without a place for it there is none.
            Err(_) => Ok(()),
        }
    }

    /// Keeps what is planned away from a ledger, also from one that is yet to be made.
    pub(crate) fn spare_ledger(&mut self, ledger: &Path) -> Result<(), Failure> {
        ledger::files_of(ledger)
            .iter()
            .try_for_each(|file| self.spare(file, "a file of the ledger"))
    }

    /// Plans an output where nothing stands or one that may be replaced.
    pub(crate) fn plan(&mut self, path: &Path, kind: Kind) -> Result<(), Failure> {
        if kind == Kind::Rejects && path.as_os_str() == "-" {
            // Results know `-` as stdout; a file of that name would hold patients' rows where nobody looks for them.
            return Err(usage(
                "rejects are not written to stdout",
                "rejects go to a file; give it a name, such as --rejects calls.rejects.csv",
            ));
        }
        let place = Place {
            path: path.to_owned(),
            kind,
        };
        let planned = whole(path);
        if let Some((_, what)) = self.spared.iter().find(|(spared, _)| *spared == planned) {
            return Err(place.taken(what));
        }
        if let Some((_, other)) = self.planned.iter().find(|(other, _)| *other == planned) {
            return Err(match (other.kind, kind) {
                (Kind::Results, Kind::Results) => self.of_two_inputs(&place),
                _ => place.taken("another output"),
            });
        }
        if holds_something(path) && !kind.is_begun_by(path)? {
            return Err(place.foreign());
        }
        self.planned.push((planned, place));
        Ok(())
    }

    /// Two inputs have their results in one place, which nobody has named: there is a name to give only for one input.
    fn of_two_inputs(&self, place: &Place) -> Failure {
        let path = plain_path(&place.path);
        let mut seen = HashSet::new();
        match self.spared.iter().all(|(path, _)| seen.insert(path)) {
            true => usage(
                &format!("{path} would hold the results of two inputs"),
                "give them to commands of their own, one after the other: the results of the first are kept under another name",
            ),
            false => usage(
                &format!("{path} would hold the results of one input twice"),
                "name each input once",
            ),
        }
    }

    /// As [`Destinations::plan`], where a file can be written there at all.
    pub(crate) fn plan_writable(&mut self, path: &Path, kind: Kind) -> Result<(), Failure> {
        self.plan(path, kind)?;
        can_stand_at(path)
    }
}

impl Place {
    fn taken(&self, what: &str) -> Failure {
        usage(
            &format!(
                "{} would be written over, and it is {what}",
                plain_path(&self.path)
            ),
            &format!("give --{} a name of its own", self.kind.flag()),
        )
    }

    fn foreign(&self) -> Failure {
        let path = plain_path(&self.path);
        let flag = self.kind.flag();
        let message = match self.kind {
            Kind::Results => format!("{path} exists and is no results file of ticketload"),
            Kind::Rejects => format!("{path} exists and is no rejects file of ticketload"),
            Kind::Statuses => {
                format!("{path} exists and does not hold statuses as CSV or JSON of ticketload")
            }
            Kind::Dump => format!("{path} exists, and a dump is written over no other file"),
        };
        usage(
            &message,
            &format!("move it away, or give another name with --{flag}"),
        )
    }
}

impl Kind {
    fn flag(self) -> &'static str {
        match self {
            Kind::Results => "results",
            Kind::Rejects => "rejects",
            Kind::Statuses => "output",
            Kind::Dump => "dump",
        }
    }

    /// Whether a file is an earlier one of this kind.
    fn is_begun_by(self, path: &Path) -> Result<bool, Failure> {
        let unreadable = |error| Failure::EarlierResults {
            path: path.to_owned(),
            error,
        };
        match self {
            Kind::Results => EarlierResults::open(path)
                .map(|earlier| earlier.is_some())
                .map_err(unreadable),
            Kind::Rejects => Ok(are_rejects(path)),
            Kind::Statuses => are_statuses(path).map_err(|error| {
                usage(
                    &format!("{} cannot be read: {error}", plain_path(path)),
                    "give another name with --output",
                )
            }),
            Kind::Dump => Ok(false),
        }
    }
}

/// A place where nothing can be written is told before anything is done, not after.
pub(crate) fn can_stand_at(path: &Path) -> Result<(), Failure> {
    // What was begun there goes away again with the value.
    AtomicFile::create(path).map(drop).map_err(|error| {
        usage(
            &format!("{} cannot be written: {error}", plain_path(path)),
            "name a file in a folder that exists and that you may write to",
        )
    })
}

fn holds_something(path: &Path) -> bool {
    path.is_file() && path.metadata().is_ok_and(|facts| facts.len() > 0)
}

/// The translation files that a mapping names. One that cannot be understood is told by whoever needs it, and a pipe gives
/// what it holds only once, which is theirs.
fn translations(mapping: &Path) -> Vec<PathBuf> {
    let text = match mapping.is_file() {
        true => std::fs::read_to_string(mapping).unwrap_or_default(),
        false => String::new(),
    };
    let folder = mapping.parent().unwrap_or(Path::new(""));
    let parsed = Mapping::parse(&plain_path(mapping), &text);
    parsed.map_or_else(
        |_| Vec::new(),
        |mapping| {
            let files = mapping.translate_files();
            files.map(|file| folder.join(file.path)).collect()
        },
    )
}

/// Whether a file is an earlier one of statuses. The table for people has no beginning of its own.
fn are_statuses(path: &Path) -> io::Result<bool> {
    let mut beginning = Vec::new();
    File::open(path)?.take(200).read_to_end(&mut beginning)?;
    // Excel puts a mark before the first column when it saves the file, and ends lines in its own way.
    let text = beginning
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(&beginning);
    let line = text.split(|byte| matches!(byte, b'\r' | b'\n')).next();
    let header = STATUS_COLUMNS.join(",");
    Ok(line == Some(header.as_bytes()) || text.starts_with(STATUS_JSON.as_bytes()))
}

/// The path as it really is, so that two names for one file are seen to be one.
fn whole(path: &Path) -> PathBuf {
    let folder = folder_of(path);
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    path.canonicalize()
        .unwrap_or_else(|_| folder.join(path.file_name().unwrap_or_default()))
}

pub(crate) fn usage(message: &str, hint: &str) -> Failure {
    Failure::Usage {
        message: message.to_owned(),
        hint: hint.to_owned(),
    }
}
