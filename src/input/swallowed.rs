//! Whether a record of several lines is rather several rows between two lone quotes.
//!
//! Owns the looks of a row that was taken for text: each line of the record, taken by itself, has as many cells as the rows
//! around it. Text of several lines does not come out like that. Looks only at records that have several lines, and takes no
//! memory for those whose lines are plain prose.

use super::csv::split;
use crate::holds::{self, Holds};
use crate::row::{Cell, CellKind, Row};
use memchr::{memchr, memchr_iter, memrchr};

/// In a table of fewer columns, the number of cells alone says little: text of several lines may have as many.
const NARROW: usize = 4;

/// A row that was swallowed may be ragged, or have a delimiter in a cell: of so many lines, one may be unlike the others.
const ODD_ONE: usize = 8;

/// A record of several lines, and where it stands.
pub(super) struct Suspect<'a> {
    /// The record as the file has it, with its last line end.
    pub(super) record: &'a str,
    /// The record of one line before it, empty where there is none.
    pub(super) before: &'a str,
    /// The text behind it.
    pub(super) behind: &'a str,
    pub(super) delimiter: u8,
    /// The columns of the header.
    pub(super) width: usize,
}

impl Suspect<'_> {
    /// Whether its lines are rows. Where the rows around it have another number of cells than the header, as in a file
    /// whose rows all end in a delimiter, it is theirs that counts.
    pub(super) fn is_of_rows(&self) -> bool {
        if !self.is_even() {
            return false;
        }
        let around = [self.before, self.behind].map(|text| self.neighbour(text));
        let padded = |row: &Row| row.cells().filter(|cell| is_padded(cell.text)).count();
        let pads = around.iter().map(padded).max().unwrap_or(0);
        let widths = [self.width, around[0].width(), around[1].width()];
        widths.iter().any(|&width| {
            let is_wide = width >= NARROW;
            let fits = |line: &str| self.has_cells(line, width, pads);
            width > 1
                && self.each_line(fits)
                && (is_wide || self.each_line(|line| self.is_like(line, &around)))
        })
    }

    /// Whether its lines may all have as many cells as the first or the last of them.
    fn is_even(&self) -> bool {
        let text = self.record.trim_end_matches(['\n', '\r']);
        let first = text.get(..memchr(b'\n', text.as_bytes()).unwrap_or(text.len()));
        let last = text.get(memrchr(b'\n', text.as_bytes()).map_or(0, |at| at + 1)..);
        // The quote that opens the text stands in the first line, the one that closes it in the last: neither is blank.
        let widths = [first, last].map(|line| {
            let (cells, sentence) = self.cells(line.unwrap_or_default());
            [cells, cells - sentence]
        });
        let is_shared = |width: &usize| widths.iter().all(|widths| widths.contains(width));
        // Nearly all text of several lines ends the search here: where no line may be odd, both of these must agree.
        let may_be_odd = self.line_ends() >= ODD_ONE;
        let is_possible = |width: &usize| *width > 1 && (is_shared(width) || may_be_odd);
        let mut possible = widths.into_iter().flatten().filter(is_possible);
        possible.any(|width| self.each_line(|line| self.has_cells(line, width, usize::MAX)))
    }

    fn line_ends(&self) -> usize {
        memchr_iter(b'\n', self.record.as_bytes()).count()
    }

    /// The lines that are not blank.
    fn lines(&self) -> impl Iterator<Item = &str> {
        self.record.lines().filter(|line| !line.trim().is_empty())
    }

    /// Whether all lines, or of many nearly all, are so.
    fn each_line(&self, is_so: impl Fn(&str) -> bool) -> bool {
        let count = self.line_ends();
        let mut odd = 0;
        self.lines().all(|line| {
            odd += usize::from(!is_so(line));
            odd * ODD_ONE <= count
        })
    }

    /// A row of one line beside the record; empty where there is none.
    fn neighbour(&self, text: &str) -> Row {
        let mut row = Row::default();
        let text = text.trim_start_matches('\n');
        let has_one = !text.is_empty() && split(text, self.delimiter, &mut row).is_ok();
        let is_one_line = row.cells().all(|cell| !cell.text.contains('\n'));
        if !(has_one && is_one_line) {
            row.reset(0, None);
        }
        row
    }

    /// Whether a line has so many cells. A delimiter with a space and a word behind it is taken for a part of a sentence,
    /// unless so many cells of the rows around begin with a space.
    fn has_cells(&self, line: &str, width: usize, pads: usize) -> bool {
        let (cells, sentence) = self.cells(line);
        cells - sentence == width || (cells == width && sentence <= pads)
    }

    /// How many cells a line has, and how many of them may be the rest of a sentence.
    fn cells(&self, line: &str) -> (usize, usize) {
        let bytes = line.as_bytes();
        let (mut cells, mut sentence) = (1, 0);
        for at in memchr_iter(self.delimiter, bytes) {
            cells += 1;
            let next = bytes.get(at + 1..).unwrap_or_default();
            let word = next.iter().find(|&&byte| byte != b' ');
            let begins_word = word.is_some_and(|&byte| byte != self.delimiter);
            sentence += usize::from(next.first() == Some(&b' ') && begins_word);
        }
        (cells, sentence)
    }

    /// Whether the cells of a line hold what those above or below them do, in the columns where that says something.
    fn is_like(&self, line: &str, around: &[Row; 2]) -> bool {
        let (mut alike, mut other) = (0, 0);
        for (at, text) in line.split(char::from(self.delimiter)).enumerate() {
            let here = telling(text.trim().trim_matches('"'));
            let there = around.each_ref().map(|row| telling(row.text(at)));
            if there.iter().all(Option::is_none) {
                continue;
            }
            match here {
                Some(_) if there.contains(&here) => alike += 1,
                _ => other += 1,
            }
        }
        alike > 0 && other == 0
    }
}

/// Whether a cell begins with a space and goes on with a word.
fn is_padded(text: &str) -> bool {
    text.starts_with(' ') && !text.trim().is_empty()
}

/// What a cell holds, if that is more than words.
fn telling(text: &str) -> Option<Holds> {
    let kind = CellKind::Text;
    match holds::of(Cell { text, kind }).0 {
        Holds::Blank | Holds::Text | Holds::Boolean => None,
        Holds::Phone | Holds::Zip => Some(Holds::Number),
        holds @ (Holds::Number | Holds::Date | Holds::Time | Holds::Email) => Some(holds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_of_rows(before: &str, record: &str, behind: &str, width: usize) -> bool {
        let suspect = Suspect {
            record,
            before,
            behind,
            delimiter: b',',
            width,
        };
        suspect.is_of_rows()
    }

    #[test]
    fn rows_are_told_from_text_by_the_rows_around() {
        let around = ("0,Li,cough,x,\n", "9,Wu,fever,y,\n");
        let padded = ("0,Li, cough, x\n", "9,Wu, fever, y\n");
        let plain = ("0,Li,cough,x\n", "9,Wu,fever,y\n");
        let cases = [
            // Each row ends in a delimiter that the header lacks.
            (
                around,
                "1,Ng,\"slipped,x,\n2,Al,fine,y,\n3,Bo,knee\",z,\n",
                true,
            ),
            (
                ("", "9,Wu,fever,y,\n"),
                "1,Ng,\"slipped,x,\n3,Bo,knee\",z,\n",
                true,
            ),
            (
                ("0,Li,cough,x,\n", ""),
                "1,Ng,\"slipped,x,\n3,Bo,knee\",z,\n",
                true,
            ),
            (around, "1,Ng,\"slipped\non ice\",x,\n", false),
            // Cells begin with a space, or hold nothing else.
            (padded, "1,Ng,\"slipped, x\n3,Bo, knee\", z\n", true),
            (plain, "1,Ng, ,\"slipped\n3,Bo, ,knee\"\n", true),
            (
                plain,
                "1,Ng,\"bad, very\nnow worse, since, noon\",5\n",
                false,
            ),
            (plain, "1,Ng,\"a,b\nc,d\n\ne\",5\n", false),
        ];
        for ((before, behind), record, expected) in cases {
            assert_eq!(
                is_of_rows(before, record, behind, 4),
                expected,
                "{record:?}"
            );
        }
    }

    #[test]
    fn one_ragged_row_among_many_does_not_hide_the_others() {
        let rows = |count: usize| "2,Al,fine,y\n".repeat(count);
        let record = |count| {
            format!(
                "1,Ng,\"slipped,x\n{}3,Bo,a,b,c\n3,Bo,knee\",z\n",
                rows(count)
            )
        };
        assert!(is_of_rows("", &record(6), "", 4));
        assert!(!is_of_rows("", &record(2), "", 4));
    }

    #[test]
    fn in_a_narrow_table_the_columns_must_hold_what_they_hold_elsewhere() {
        let (before, behind) = ("Li,1980-01-02,cough\n", "Wu,1980-01-03,fever\n");
        let swallowed = "Ng,1980-01-02,\"slipped\nAl,1980-01-02,fine\nBo,1980-01-02,knee\"\n";
        assert!(is_of_rows(before, swallowed, behind, 3));
        assert!(is_of_rows(before, swallowed, "", 3));
        assert!(is_of_rows("", swallowed, behind, 3));
        assert!(!is_of_rows("", swallowed, "", 3), "nothing to compare with");
        let address = "Ng,1980-01-02,\"12 Oak St\nSpringfield,IL,62704\"\n";
        assert!(!is_of_rows(before, address, behind, 3));
        let words = "Ng,IL,\"12 Oak St\nSpringfield,IL,62704\"\n";
        assert!(!is_of_rows("Li,IL,none\n", words, "Wu,IL,none\n", 3));
    }
}
