//! [`Proof`]: whether the row that was taken for the header is one, so that its texts may be told.
//!
//! Owns the doubt. A form has labels beside values, a file may have no header at all, and some words that columns are called by
//! are values of others: `Clinic`, `Cell`. So a few known names are no proof; what is next to them and below them counts, too.
//! Holds counts, never a value.

use super::names::Name;
use crate::row::Row;

/// So many known names make a row a header, if they are most of it; one alone may be a patient's.
const SOME: usize = 2;
/// So many do in any case.
const MANY: usize = 4;
/// Labels and values by turns need so many cells to be seen.
const CELLS_BY_TURNS: usize = 3;
/// Of so many neighbours one pair may be out of turn.
const CELLS_A_SLIP: usize = 8;
/// So many rows are held against the header.
const LOOK_AHEAD: u64 = 50;

/// What speaks for and against a header.
#[derive(Debug)]
pub(super) struct Proof {
    known: usize,
    is_mostly_names: bool,
    by_turns: bool,
    rows: u64,
    /// Rows that have as good a share in the known names as the header.
    alike: u64,
}

impl Proof {
    pub(super) fn of(names: &[Name]) -> Proof {
        let named: Vec<&Name> = names.iter().filter(|name| !name.is_blank()).collect();
        let of_words: Vec<bool> = named.iter().map(|name| name.has_known_words()).collect();
        let alike = of_words
            .windows(2)
            .filter(|pair| pair.first() == pair.last());
        let by_turns =
            of_words.len() >= CELLS_BY_TURNS && alike.count() <= of_words.len() / CELLS_A_SLIP;
        let count = of_words.iter().filter(|is_known| **is_known).count();
        Proof {
            known: named.iter().filter(|name| name.is_known()).count(),
            is_mostly_names: count * 2 > of_words.len(),
            by_turns,
            rows: 0,
            alike: 0,
        }
    }

    /// Looks at a row below the header.
    pub(super) fn look(&mut self, row: &Row) {
        if self.rows == LOOK_AHEAD || self.known == 0 {
            return;
        }
        self.rows += 1;
        let is_known = |text: &str| Name::new(text).is_known();
        let known = row.cells().filter(|cell| is_known(cell.text)).count();
        self.alike += u64::from(known >= SOME && known * 2 >= self.known);
    }

    /// Whether it is a header, as far as it tells by itself.
    pub(super) fn holds(&self) -> bool {
        let is_enough = self.known >= MANY || self.known >= SOME && self.is_mostly_names;
        is_enough && !self.by_turns
    }

    /// Whether it is rather a row of values, or of labels beside them.
    pub(super) fn is_against(&self) -> bool {
        let is_like_those_below = self.alike > 0 && self.alike * 2 >= self.rows;
        self.known >= SOME && (self.by_turns || is_like_those_below)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether it holds as a header, and whether it is rather none.
    fn proof(rows: &[&str]) -> (bool, bool) {
        let names: Vec<Name> = rows[0].split(',').map(Name::new).collect();
        let mut proof = Proof::of(&names);
        for cells in &rows[1..] {
            let mut row = Row::default();
            cells.split(',').for_each(|cell| row.push(cell));
            proof.look(&row);
        }
        (proof.holds(), proof.is_against())
    }

    #[test]
    fn a_header_is_mostly_names_of_columns() {
        for (rows, expected) in [
            (
                &["Last Name,First Name,DOB,Reason", "Smith,Ann,1,Fever"][..],
                (true, false),
            ),
            (
                &[
                    "Last Name,DOB,Dr Name",
                    "Smith,Cell,Clinic",
                    "Jones,x,y",
                    "z,x,y",
                ],
                (true, false),
            ),
            (
                &[
                    "callid,plast,pfirst,pdob,phone,clinicid,complaint",
                    "1,Smith,Ann,2,3,4,Fever",
                ],
                (true, false),
            ),
            // Some columns of its own, and values that are names of columns elsewhere.
            (
                &[
                    "Last Name,First Name,DOB,Reason,Phone,Tango,Foxtrot,Golf,Hotel",
                    "Smith,Ann,1,Fever,2,Cell,Clinic,a,b",
                ],
                (true, false),
            ),
            (
                &["Last Name,Smith,First Name,Ann", "DOB,1,Sex,F"],
                (false, true),
            ),
            (
                &[
                    "Last Name,Smith,First Name,Ann,Sex,F,Practice,Clinic",
                    "a,b,c,d,e,f,g,h",
                ],
                (false, true),
            ),
            (
                &[
                    "Smith,Last Name,Ann,First Name,Fever,Reason,F,Sex",
                    "a,b,c,d,e,f,g,h",
                ],
                (false, true),
            ),
            (
                &[
                    "Smith,Ann,Fever,Clinic,Cell",
                    "Jones,Bob,Cough,Clinic,Mobile",
                ],
                (false, true),
            ),
            (
                &["Smith,Ann,Fever,Clinic,Cell", "Jones,Bob,Cough,North,7"],
                (false, false),
            ),
            (&["Smith,Ann", "Jones,Bob"], (false, false)),
            (&["Smith,Ann,Cell", "Jones,Bob,Cell"], (false, false)),
        ] {
            assert_eq!(proof(rows), expected, "{rows:?}");
        }
    }
}
