//! Proposes a column for `[key]` where the mapping has none.
//!
//! Owns a guess, told to people only: a column whose header sounds like a number of the call, and that is filled and different
//! in every row that was looked at. Looks at the first rows only, so that it costs little.

use crate::row::Row;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// So many rows are looked at; a column that is different in all of them is worth a proposal.
const ROWS: usize = 20_000;

/// Words in a header that sound like a key, the best first.
const WORDS: [&str; 8] = [
    "call id", "callid", "call_id", "id", "number", "no", "ref", "key",
];

#[derive(Debug)]
pub(super) struct KeyProposal {
    hasher: RandomState,
    columns: Vec<Candidate>,
    rows: usize,
}

#[derive(Debug)]
struct Candidate {
    place: usize,
    name: String,
    rank: usize,
    seen: HashSet<u64>,
}

impl KeyProposal {
    pub(super) fn new(header: &[String]) -> KeyProposal {
        let columns = header.iter().enumerate().filter_map(|(place, name)| {
            Some(Candidate {
                place,
                name: name.clone(),
                rank: rank(name)?,
                seen: HashSet::new(),
            })
        });
        KeyProposal {
            hasher: RandomState::new(),
            columns: columns.collect(),
            rows: 0,
        }
    }

    pub(super) fn look(&mut self, row: &Row) {
        if self.rows == ROWS || self.columns.is_empty() {
            return;
        }
        self.rows += 1;
        let hasher = &self.hasher;
        self.columns.retain_mut(|column| {
            let text = row.text(column.place).trim();
            !text.is_empty() && column.seen.insert(hasher.hash_one(text))
        });
    }

    pub(super) fn finish(self) -> Option<String> {
        // One row is different from all others by nature.
        let best = self.columns.into_iter().min_by_key(|column| column.rank);
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
        .filter(|_| {
            // A phone's or a record's number is a person's, not the call's.
            !["phone", "zip", "fax", "mr", "mrn", "prac", "practice"]
                .iter()
                .any(|not| words.contains(not))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn propose(header: &[&str], rows: &[&[&str]]) -> Option<String> {
        let header: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
        let mut proposal = KeyProposal::new(&header);
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
        let rows: [&[&str]; 2] = [&["a", "1", "7", "x"], &["b", "2", "8", "y"]];
        assert_eq!(propose(&header, &rows).as_deref(), Some("Call ID"));
        let rows: [&[&str]; 2] = [&["a", "1", "7", "x"], &["b", "2", "7", "y"]];
        assert_eq!(propose(&header, &rows).as_deref(), Some("Ref"));
        let rows: [&[&str]; 2] = [&["a", "", "7", "x"], &["b", "2", "7", "y"]];
        assert_eq!(propose(&header, &rows), None);
    }
}
