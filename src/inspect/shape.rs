//! [`Shape`]: rows that stand in the table and are none of its calls.
//!
//! Owns the looks of a header that is repeated in the middle, of totals and notes, of ragged rows and of rows that are
//! there twice. A guess for people; nothing is left out because of it.

use super::finding::Finding;
use crate::counting::Tally;
use crate::input::Kind;
use crate::row::Row;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// Rows told apart for identical ones: 16 MiB of hashes.
const ROWS: usize = 1 << 20;
/// A table narrower than this has no sparse rows.
const NARROW: usize = 4;

/// Looks at each row as a whole.
pub(super) struct Shape {
    header: Vec<String>,
    is_csv: bool,
    hasher: RandomState,
    seen: HashSet<u64>,
    header_again: Tally,
    notes: Tally,
    ragged: Tally,
    /// Whether one of them has too few cells.
    has_short: bool,
    identical: Tally,
}

impl Shape {
    pub(super) fn new(header: &[String], kind: Kind) -> Shape {
        Shape {
            header: header
                .iter()
                .map(|name| name.trim().to_lowercase())
                .collect(),
            is_csv: kind == Kind::Csv,
            hasher: RandomState::new(),
            seen: HashSet::new(),
            header_again: Tally::default(),
            notes: Tally::default(),
            ragged: Tally::default(),
            has_short: false,
            identical: Tally::default(),
        }
    }

    pub(super) fn look(&mut self, row: &Row) {
        let number = row.position.row;
        if row.is_ragged(self.header.len(), self.is_csv) {
            self.ragged.add(number);
            self.has_short |= row.width() < self.header.len();
        }
        if self.is_header(row) {
            return self.header_again.add(number);
        }
        if self.is_note(row) {
            return self.notes.add(number);
        }
        let hash = self.hasher.hash_one((row.joined(), row.ends()));
        if self.seen.contains(&hash) {
            self.identical.add(number);
        } else if self.seen.len() < ROWS {
            self.seen.insert(hash);
        }
    }

    fn is_header(&self, row: &Row) -> bool {
        // The first cell tells nearly all rows apart.
        let same = |at: usize, name: &String| row.text(at).trim().to_lowercase() == *name;
        self.header
            .iter()
            .enumerate()
            .all(|(at, name)| same(at, name))
    }

    fn is_note(&self, row: &Row) -> bool {
        let width = self.header.len();
        if width < NARROW {
            return false;
        }
        let mut filled = row
            .cells()
            .map(|cell| cell.text.trim())
            .filter(|text| !text.is_empty());
        let first = filled.next().unwrap_or_default();
        let count = filled.count() + usize::from(!first.is_empty());
        count * 4 <= width || (count * 2 <= width && is_total(first))
    }

    pub(super) fn findings(&self) -> Vec<Finding> {
        let told = [
            (
                self.ragged,
                "rows.ragged",
                match (self.has_short, self.is_csv) {
                    (true, _) => {
                        "rows have another number of cells than the header: each is reported and not sent; short_rows = \"fill\" in [source] takes cells that are missing at the end for blank"
                    }
                    (false, true) => {
                        "rows have more cells than the header: each is reported and not sent; look for a delimiter or a quote too many"
                    }
                    (false, false) => {
                        "rows have values behind the header: each is reported and not sent; name the columns in the header, or clear them"
                    }
                },
            ),
            (
                self.header_again,
                "rows.header_again",
                "the header stands again among the rows; pass it over with skip_rows_where in [source]",
            ),
            (
                self.notes,
                "rows.note",
                "rows hold few values: totals, notes or sub-headings; pass them over with range or skip_rows_where in [source]",
            ),
            (
                self.identical,
                "rows.identical",
                "rows are identical to an earlier one: without [key] in the mapping each counts as a call of its own",
            ),
        ];
        told.into_iter()
            .filter_map(|(tally, code, message)| {
                Some(Finding::warning(code, message).on(tally.some()?))
            })
            .collect()
    }
}

fn is_total(text: &str) -> bool {
    let low = text.to_lowercase();
    let words = [
        "total",
        "grand total",
        "subtotal",
        "sub-total",
        "sum",
        "count",
        "end of",
    ];
    words.iter().any(|word| low.starts_with(word))
}
