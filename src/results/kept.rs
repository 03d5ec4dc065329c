//! Earlier outputs that are not to be lost when new ones take their place.
//!
//! Owns what is seen of that in the files alone: [`Strays`] tells whether rejects that are about to be replaced hold rows that
//! the input does not have, as after a person has mended them, and results say themselves of which input they are. Needs no
//! memory of what was written. What is kept gets a second name beside its own; it is never moved while it is needed there.

use super::rejects::has_their_header;
use super::{EarlierResults, file};
use crate::input::{
    DelimiterReason, Description, EncodingReason, Input, InputErrorKind, Options, TextLayout,
};
use crate::reading::{Area, Hidden, Range};
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
        let is_parted = |text: &&TextLayout| text.delimiter_reason == DelimiterReason::Asked;
        let delimiter = of.text().filter(is_parted).map(|text| text.delimiter);
        let is_named = |text: &&TextLayout| text.encoding_reason == EncodingReason::Asked;
        let encoding = of.text().filter(is_named).map(|text| text.encoding);
        // What a person has added below is a row of theirs as well.
        let range = of.range.as_ref().map(Area::without_end);
        let options = Options {
            header_row: Some(of.header_row),
            range: range.map(Range::Area),
            delimiter: delimiter.and_then(|sign| u8::try_from(sign).ok()),
            encoding: encoding.map(str::to_owned),
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
        self.is_unknown |= read.is_err_and(|error| match error.kind {
            InputErrorKind::Empty => false,
            InputErrorKind::NoRows => !has_their_header(path),
            _ => true,
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

/// Where the results of an input are kept that another one has taken the place from: `calls.csv` → `calls.csv.results.csv`.
/// That of an input without an ending, whose results stand in a place of that form themselves, is `calls..results.csv`.
#[must_use]
pub fn place_under_own_name(place: &Path, input: &str) -> PathBuf {
    let name = Path::new(input).file_name().unwrap_or_default();
    let mut kept = name.to_owned();
    if Path::new(name).extension().is_none() {
        kept.push(".");
    }
    kept.push(".results.csv");
    place.with_file_name(kept)
}

/// Keeps earlier results that are about to be replaced by those of `input` and tell of calls of another one: gives that
/// one's name and where they are now.
///
/// # Errors
///
/// Where they cannot be read or can get no other name.
pub fn keep_results_of_another(place: &Path, input: &str) -> io::Result<Option<(String, PathBuf)>> {
    let earlier = |path: &Path| match path.is_file() {
        true => EarlierResults::open(path),
        false => Ok(None),
    };
    let Some(mut results) = earlier(place)? else {
        return Ok(None);
    };
    let Some(other) = results.other_input(input)? else {
        return Ok(None);
    };
    let real = file::place(place)?;
    let name = place_under_own_name(&real, &other);
    // What stands there already may be an earlier one of the same input; all else is left alone.
    if name != real
        && let Some(mut kept) = earlier(&name)?
        && kept.other_input(&other)?.is_none()
    {
        std::fs::remove_file(&name)?;
    }
    let kept = match second_name(&real, &name)? {
        true => name,
        false => keep(&real)?,
    };
    Ok(Some((other, kept)))
}

/// Gives a file the first numbered name that is free, so that its own can be taken; of a link, the file that it leads to.
///
/// # Errors
///
/// Where it can get no other name; it stands where it stood then.
pub(super) fn keep(path: &Path) -> io::Result<PathBuf> {
    let real = file::place(path)?;
    for number in 1..u32::MAX {
        let name = numbered(&real, number);
        if second_name(&real, &name)? {
            return Ok(name);
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Gives a file another name; false where something has it. The file has its own as well where the file system can do
/// that, so that at no moment it has none.
fn second_name(real: &Path, name: &Path) -> io::Result<bool> {
    match std::fs::hard_link(real, name) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(_) if name.symlink_metadata().is_err() => std::fs::rename(real, name).map(|()| true),
        Err(_) => Ok(false),
    }
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
    fn no_input_keeps_its_results_where_they_stand() {
        for (input, place, kept) in [
            ("a/c.csv", "a/c.results.csv", "a/c.csv.results.csv"),
            ("c.csv.gz", "c.results.csv", "c.csv.gz.results.csv"),
            ("a/c", "a/c.results.csv", "a/c..results.csv"),
            ("stdin", "stdin.results.csv", "stdin..results.csv"),
            (".csv", ".csv.results.csv", ".csv..results.csv"),
        ] {
            assert_eq!(
                place_under_own_name(Path::new(place), input),
                Path::new(kept)
            );
        }
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
