//! Proposes a column for `[key]`, where a mapping has none or is yet to be written.
//!
//! Owns a guess that a person checks: a column whose header sounds like a number of the call, and that is filled and different
//! in every row that was looked at. One that counts the rows is none, since it counts those of the next file in the same way.

use crate::row::Row;
use crate::seen;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// So many rows are enough for a proposal that is only told: it must cost little.
pub(crate) const A_GLANCE: usize = 20_000;

/// Words in a header that sound like a key, the best first.
const WORDS: [&str; 8] = [
    "call id", "callid", "call_id", "id", "number", "no", "ref", "key",
];

/// Words that say whose number it is: a person's, a place's or a phone's is not the call's.
const OTHERS: [&str; 27] = [
    "account",
    "back",
    "birth",
    "callback",
    "caller",
    "cell",
    "chart",
    "client",
    "contact",
    "doctor",
    "fax",
    "insurance",
    "medical",
    "member",
    "mobile",
    "mr",
    "mrn",
    "npi",
    "patient",
    "phone",
    "policy",
    "prac",
    "practice",
    "provider",
    "pt",
    "ssn",
    "zip",
];

/// Looks for a column that would do as the key.
#[derive(Debug)]
pub(crate) struct KeyProposal {
    hasher: RandomState,
    columns: Vec<Candidate>,
    rows: usize,
    most: usize,
}

#[derive(Debug)]
struct Candidate {
    place: usize,
    name: String,
    rank: usize,
    seen: HashSet<u64>,
    /// Whether it has said no more so far than how many rows there were.
    counts: bool,
}

impl KeyProposal {
    /// Looks at so many rows at most.
    pub(crate) fn new(header: &[String], most: usize) -> KeyProposal {
        let columns = header.iter().enumerate().filter_map(|(place, name)| {
            Some(Candidate {
                place,
                name: name.clone(),
                rank: rank(name)?,
                seen: HashSet::new(),
                counts: true,
            })
        });
        KeyProposal {
            hasher: RandomState::new(),
            columns: columns.collect(),
            rows: 0,
            most,
        }
    }

    /// Looks at a row.
    pub(crate) fn look(&mut self, row: &Row) {
        if self.rows == self.most || self.columns.is_empty() {
            return;
        }
        self.rows += 1;
        let (hasher, rows) = (&self.hasher, self.rows);
        self.columns.retain_mut(|column| {
            // What looks the same is the same key.
            let text = seen::stripped(row.text(column.place));
            column.counts &= text.parse() == Ok(rows);
            !text.is_empty() && column.seen.insert(hasher.hash_one(&*seen::composed(&text)))
        });
    }

    /// The header of the column that would do.
    pub(crate) fn finish(self) -> Option<String> {
        let named = self.columns.into_iter().filter(|column| !column.counts);
        let best = named.min_by_key(|column| column.rank);
        // One row is different from all others by nature.
        best.filter(|_| self.rows > 1).map(|column| column.name)
    }
}

/// How much a header sounds like a key; the lower the better, none if not at all.
fn rank(header: &str) -> Option<usize> {
    let header = header.trim().to_lowercase();
    let words: Vec<&str> = header.split(|c: char| !c.is_alphanumeric()).collect();
    WORDS
        .iter()
        .position(|word| header == *word || words.contains(word))
        .filter(|_| !OTHERS.iter().any(|other| words.contains(other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn propose(header: &[&str], rows: &[&[&str]]) -> Option<String> {
        let header: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
        let mut proposal = KeyProposal::new(&header, A_GLANCE);
        for cells in rows {
            let mut row = Row::default();
            cells.iter().for_each(|cell| row.push(cell));
            proposal.look(&row);
        }
        proposal.finish()
    }

    #[test]
    fn a_filled_and_unique_column_that_sounds_like_a_key_is_proposed() {
        let header = ["Name", "Ref", "Call ID", "Phone Number"];
        let rows: [&[&str]; 2] = [&["a", "71", "7", "x"], &["b", "72", "8", "y"]];
        assert_eq!(propose(&header, &rows).as_deref(), Some("Call ID"));
        let rows: [&[&str]; 2] = [&["a", "71", "7", "x"], &["b", "72", "7", "y"]];
        assert_eq!(propose(&header, &rows).as_deref(), Some("Ref"));
        let rows: [&[&str]; 2] = [&["a", "", "7", "x"], &["b", "72", "7", "y"]];
        assert_eq!(propose(&header, &rows), None);
        let rows: [&[&str]; 2] = [&["a", "", "A1", "x"], &["b", "", "A\u{200b}1 ", "y"]];
        assert_eq!(propose(&header, &rows), None);
    }

    #[test]
    fn a_count_of_the_rows_and_the_number_of_something_else_are_no_key() {
        let rows: [&[&str]; 3] = [&["1", "x"], &["2", "y"], &["3", "z"]];
        assert_eq!(propose(&["No.", "Name"], &rows), None);
        for header in ["Caller ID", "Call back number", "Patient ID", "Provider ID"] {
            assert_eq!(propose(&["Name", header], &rows), None, "{header}");
        }
        assert!(propose(&["Name", "Ticket no"], &rows).is_some());
    }
}
