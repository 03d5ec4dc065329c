//! Proposes a column for `[key]`, where a mapping has none or is yet to be written.
//!
//! Owns a guess that a person checks: a column whose header sounds like a number of the call, and that is filled and different
//! in every row that was looked at. One that counts the rows is none, since it counts those of the next file in the same way.
//! What may be a phone's or a person's number is never proposed: in a short file no two are alike, and the next night the same
//! phone calls again.

use super::words::{singular, words};
use crate::holds::{self, Holds};
use crate::row::{Cell, CellKind, Row};
use crate::seen;
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// So many rows are enough for a proposal that is only told: it must cost little.
pub(crate) const A_GLANCE: usize = 20_000;
/// In fewer rows what is different in all of them may be so by chance.
const PROOF: usize = 20;

/// What a call is called; what names one of these names the call.
const CALLS: &str =
    "call msg message ticket record case incident encounter interaction conversation";
/// Words that say that a column names something.
const NAMING: &str = "id identifier uid uuid guid number no ref reference key serial seq sequence";
/// What may stand beside them and says nothing else.
const BESIDE: &str =
    "our unique tracking log sheet entry row request confirmation source external original";
/// The same in one word, as programs write it.
const TOGETHER: &str = "callid callno callnumber callref msgid messageid ticketid ticketno ticketnumber recordid caseid caseno \
                        casenumber incidentid uuid guid";

/// A column that would do as the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProposedKey {
    pub(crate) column: String,
    /// Whether it says that it names the call, and enough rows bear it out.
    pub(crate) is_proven: bool,
}

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
    rank: Rank,
    seen: HashSet<u64>,
    /// Whether it has said no more so far than how many rows there were.
    counts: bool,
    phones: usize,
}

impl KeyProposal {
    /// Looks at so many rows at most.
    pub(crate) fn new(header: &[String], most: usize) -> KeyProposal {
        let columns = header.iter().enumerate().filter_map(|(place, name)| {
            Some(Candidate {
                place,
                name: name.clone(),
                rank: rank(&words(name))?,
                seen: HashSet::new(),
                counts: true,
                phones: 0,
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
            column.phones += usize::from(is_phone(&text));
            !text.is_empty() && column.seen.insert(hasher.hash_one(&*seen::composed(&text)))
        });
    }

    /// The column that would do.
    pub(crate) fn finish(self) -> Option<ProposedKey> {
        // One row is different from all others by nature.
        let rows = Some(self.rows).filter(|rows| *rows > 1)?;
        let named = self
            .columns
            .into_iter()
            .filter(|column| !column.counts && column.phones * 2 <= rows);
        let best = named.min_by_key(|column| column.rank)?;
        Some(ProposedKey {
            is_proven: best.rank == Rank::Call && rows >= PROOF,
            column: best.name,
        })
    }
}

/// How much a header sounds like a key; the better first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// It says that it names the call.
    Call,
    /// It names something, and says of nothing else.
    Something,
}

/// Whether the words of a header say that it names a call.
pub(super) fn names_a_call(words: &[String]) -> bool {
    rank(words) == Some(Rank::Call)
}

/// How much a header sounds like a key, if at all: each of its words is known, so that none says that it is a person's, a
/// place's or a phone's.
fn rank(words: &[String]) -> Option<Rank> {
    let is_one_of = |list: &str, word: &str| list.split(' ').any(|one| one == singular(word));
    if matches!(words, [word] if is_one_of(TOGETHER, word)) {
        return Some(Rank::Call);
    }
    let names = words.iter().any(|word| is_one_of(NAMING, word));
    let is_calls = words.iter().any(|word| is_one_of(CALLS, word));
    let is_known = |word: &String| {
        [CALLS, NAMING, BESIDE]
            .iter()
            .any(|list| is_one_of(list, word))
    };
    if !names || !words.iter().all(is_known) {
        return None;
    }
    Some(if is_calls {
        Rank::Call
    } else {
        Rank::Something
    })
}

/// Whether a value may be a phone, also one of another country.
fn is_phone(text: &str) -> bool {
    let cell = Cell {
        text,
        kind: CellKind::Text,
    };
    let is_punctuated = text.starts_with(['+', '('])
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b" ()-.+/".contains(&byte));
    is_punctuated || holds::of(cell).0 == Holds::Phone
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
        proposal.finish().map(|key| key.column)
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
        let others = "Caller ID, Call back number, Patient ID, Provider ID, From Number, Calling Number, Agent ID, \
                      Pharmacy Number, PCP ID, Operator No, MRN, Practice #, User ID, Called Number, NumberDialed, Call number \
                      from, Insurance ref, Job code, Call type";
        for header in others.split(", ") {
            assert_eq!(propose(&["Name", header], &rows), None, "{header}");
        }
        for header in [
            "Ticket no",
            "CallID",
            "call_id",
            "Message #",
            "Msg ID",
            "ID",
            "Case Ref",
        ] {
            assert!(propose(&["Name", header], &rows).is_some(), "{header}");
        }
    }

    #[test]
    fn what_looks_like_phones_is_no_key() {
        for phones in [
            ["2395550101", "2395550102"],
            ["(239) 555-0101", "+1 239 555 0102"],
            ["+47 22 34 56 78", "+47 22 34 56 79"],
        ] {
            let rows = phones.map(|phone| [phone]);
            let rows: Vec<&[&str]> = rows.iter().map(<[&str; 1]>::as_slice).collect();
            assert_eq!(propose(&["Call number"], &rows), None, "{phones:?}");
        }
    }

    #[test]
    fn only_a_call_s_number_in_many_rows_is_proven() {
        for (header, rows, expected) in [
            ("Call ID", PROOF, Some(true)),
            ("Call ID", PROOF - 1, Some(false)),
            ("Ref", PROOF, Some(false)),
            ("Call ID", 1, None),
        ] {
            let mut proposal = KeyProposal::new(&[header.to_owned()], A_GLANCE);
            for row in 0..rows {
                let mut cells = Row::default();
                cells.push(&format!("C-{row}"));
                proposal.look(&cells);
            }
            let found = proposal.finish().map(|key| key.is_proven);
            assert_eq!(found, expected, "{header} {rows}");
        }
    }
}
