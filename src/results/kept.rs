//! Earlier outputs that are not to be lost when new ones take their place.
//!
//! Owns the two halves of that: [`Strays`] tells whether rejects that are about to be replaced hold rows that the input
//! does not have, as after a person has mended them; [`keep`] gives a file a second name beside its own. Needs no memory of
//! what was written: rejects are rows of their input, so a row that is none of them was made by somebody.

use crate::input::{DelimiterReason, EncodingReason};
use crate::input::{Description, Input, InputErrorKind, Options};
use crate::reading::Hidden;
use crate::row::Row;
use std::collections::HashSet;
use std::ffi::OsString;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// The rows of earlier rejects that were not met in the input so far; eight bytes for each.
#[derive(Debug, Default)]
pub(super) struct Strays {
    hasher: RandomState,
    rows: HashSet<u64>,
    /// Whether the file cannot be read as rejects any more, so that nobody knows what is in it.
    is_unknown: bool,
}

impl Strays {
    /// Looks at what stands where rejects are to go; `of` is the input whose rejects they would be.
    pub(super) fn at(path: &Path, of: &Description) -> Strays {
        let mut strays = Strays::default();
        if path.is_file() {
            strays.read(path, of);
        }
        strays
    }

    fn read(&mut self, path: &Path, of: &Description) {
        let asked = of.delimiter_reason == Some(DelimiterReason::Asked);
        let delimiter = of.delimiter.filter(|_| asked);
        let is_named = of.encoding_reason == Some(EncodingReason::Asked);
        let options = Options {
            header_row: Some(of.header_row),
            delimiter: delimiter.and_then(|sign| u8::try_from(sign).ok()),
            encoding: of.encoding.filter(|_| is_named).map(str::to_owned),
            hidden: Some(Hidden::Import),
            ..Options::default()
        };
        let read = Input::open(path, &options).and_then(|earlier| {
            self.is_unknown = !earlier.description().is_rejects;
            earlier.for_each_row::<()>(|row| {
                self.rows.insert(self.hasher.hash_one(values(row)));
                ControlFlow::Continue(())
            })
        });
        self.is_unknown |= read.is_err_and(|error| {
            let is_nothing = matches!(error.kind, InputErrorKind::NoRows | InputErrorKind::Empty);
            !is_nothing
        });
    }

    /// Takes note of a row of the input.
    pub(super) fn meet(&mut self, row: &Row) {
        if !self.rows.is_empty() {
            self.rows.remove(&self.hasher.hash_one(values(row)));
        }
    }

    /// Whether something would be lost, once all rows of the input were met.
    pub(super) fn are_there(&self) -> bool {
        self.is_unknown || !self.rows.is_empty()
    }
}

/// A row as it is compared: spreadsheets add blank cells at its end when they save it.
fn values(row: &Row) -> Vec<&str> {
    let mut values: Vec<_> = (0..row.width()).map(|column| row.text(column)).collect();
    while values.last().is_some_and(|value| value.is_empty()) {
        values.pop();
    }
    values
}

/// `calls.rejects.csv`, 2 → `calls.rejects.2.csv`.
pub(super) fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!(".{number}"));
    if let Some(end) = path.extension() {
        name.push(".");
        name.push(end);
    }
    path.with_file_name::<OsString>(name)
}

/// Gives a file the first numbered name that is free, so that its own can be taken; of a link, the file that it leads to.
///
/// # Errors
///
/// Where it can get no other name; it stands where it stood then.
pub(super) fn keep(path: &Path) -> io::Result<PathBuf> {
    let real = match path.is_symlink() {
        true => path.canonicalize()?,
        false => path.to_owned(),
    };
    for number in 1..u32::MAX {
        let name = numbered(&real, number);
        // A second name for the same file: at no moment is there none.
        match std::fs::hard_link(&real, &name) {
            Ok(()) => return Ok(name),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            // Some file systems know no second names.
            Err(_) if name.symlink_metadata().is_err() => {
                std::fs::rename(&real, &name)?;
                return Ok(name);
            }
            Err(_) => {}
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_kept_under_the_first_number_that_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("r.csv"), "first").unwrap();
        assert_eq!(keep(&at("r.csv")).unwrap(), at("r.1.csv"));
        std::fs::remove_file(at("r.csv")).unwrap();
        std::fs::write(at("r.csv"), "second").unwrap();
        std::os::unix::fs::symlink(at("r.csv"), at("link")).unwrap();
        let kept = keep(&at("link")).unwrap();
        assert_eq!(kept.file_name(), at("r.2.csv").file_name());
        assert_eq!(std::fs::read_to_string(at("r.1.csv")).unwrap(), "first");
        assert_eq!(std::fs::read_to_string(kept).unwrap(), "second");
    }

    #[test]
    fn a_number_stands_before_the_ending() {
        for (path, expected) in [
            ("a/n.rejects.csv", "a/n.rejects.3.csv"),
            ("rejects", "rejects.3"),
        ] {
            assert_eq!(numbered(Path::new(path), 3), Path::new(expected));
        }
    }
}
