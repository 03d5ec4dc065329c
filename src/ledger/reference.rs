//! [`Reference`]: the name of a row on the command line, in lists of doubt and in the stamp on a ticket.
//!
//! Owns how a reference is written and read. It is a run's number and a row's number and so holds no patient data.

use super::RunId;
use std::fmt;
use std::str::FromStr;

/// What stands before a reference in a stamp and in lists for spreadsheets, which would take `12:45` for a time.
const TAG: &str = "TL-";

/// A row of a run: `12:845`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// The run.
    pub run: RunId,
    /// The row's number as the spreadsheet shows it.
    pub row: u64,
}

/// The text is no reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a reference is the number of a run and of a row, such as 12:845")]
pub struct ReferenceError;

impl Reference {
    /// The reference as it stands in lists for spreadsheets: `TL-12:845`.
    #[must_use]
    pub fn tagged(&self) -> String {
        format!("{TAG}{self}")
    }

    /// The reference as it is written into a ticket: `[TL-12:845]`.
    #[must_use]
    pub fn stamp(&self) -> String {
        format!("[{TAG}{self}]")
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.run, self.row)
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    /// Takes all three ways in which a reference is written.
    fn from_str(text: &str) -> Result<Reference, ReferenceError> {
        let text = text.trim();
        let text = text
            .strip_prefix('[')
            .and_then(|inner| inner.strip_suffix(']'))
            .unwrap_or(text);
        let text = text.strip_prefix(TAG).unwrap_or(text);
        let (run, row) = text.split_once(':').ok_or(ReferenceError)?;
        let run: u32 = run.trim().parse().map_err(|_| ReferenceError)?;
        let row: u32 = row.trim().parse().map_err(|_| ReferenceError)?;
        Ok(Reference {
            run: RunId(i64::from(run)),
            row: u64::from(row),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_read_in_every_way_in_which_it_is_written() {
        let reference = Reference {
            run: RunId(12),
            row: 845,
        };
        for text in [
            reference.to_string(),
            reference.tagged(),
            reference.stamp(),
            " 12:845 ".to_owned(),
        ] {
            assert_eq!(text.parse(), Ok(reference), "{text}");
        }
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for text in [
            "", "12", "12:", ":845", "a:b", "-1:2", "12:845:1", "[12:845",
        ] {
            assert_eq!(text.parse::<Reference>(), Err(ReferenceError), "{text}");
        }
    }
}
