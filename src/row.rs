//! [`Row`] and [`Position`]: what every reader yields, whatever the file.
//!
//! Owns the one shape in which cells travel from a reader to the mapper. A row keeps all its cells in one buffer, so
//! that a recycled row takes no allocation. Does not know files, mappings or tickets; it never prints a value:
//! its `Debug` shows sizes only.

use crate::seen;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// Where a row stands in its file, in the numbers that a person sees there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Position {
    /// The row number as the spreadsheet shows it; the first row of the file is 1.
    pub row: u64,
    /// The worksheet; none in a CSV file.
    pub sheet: Option<Arc<str>>,
    /// The line of a CSV file on which the row begins, counted from 1; none in a workbook.
    pub line: Option<u64>,
}

/// What a cell held before it became text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CellKind {
    /// Text, or anything in a CSV file.
    #[default]
    Text,
    /// A number; its text has no trailing `.0` and no exponent.
    Number,
    /// A date or date with time, as `YYYY-MM-DD` or `YYYY-MM-DD HH:MM:SS`.
    Date,
    /// A time of day or a duration, as `HH:MM:SS`.
    Time,
    /// A boolean, as `true` or `false`.
    Boolean,
    /// An error such as `#N/A`: the row cannot be used.
    Error,
    /// A formula whose value the file does not hold: the row cannot be used where the cell is mapped.
    Uncomputed,
}

/// One cell of a row, borrowed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Cell<'a> {
    /// The cell as the person sees it.
    pub text: &'a str,
    /// What it held in the file.
    pub kind: CellKind,
}

/// What a cell takes beside its text.
const CELL: usize = size_of::<u32>() + size_of::<CellKind>();

/// The unit of work: one row of a table with its position.
///
/// Cells are counted from 0, as columns of the header are. Asking for a cell past the end gives an empty one.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Row {
    /// Where the row stands.
    pub position: Position,
    text: String,
    ends: Vec<u32>,
    kinds: Vec<CellKind>,
    lost_reason: bool,
    surplus: usize,
    undoubled: Option<usize>,
}

impl Row {
    /// Empties the row, keeping its memory and its sheet, and gives it a new place.
    pub fn reset(&mut self, row: u64, line: Option<u64>) {
        self.position.row = row;
        self.position.line = line;
        self.text.clear();
        self.ends.clear();
        self.kinds.clear();
        self.lost_reason = false;
        self.surplus = 0;
        self.undoubled = None;
    }

    /// Says that so many of its last cells are too many, whether they are blank or not.
    pub(crate) fn mark_surplus(&mut self, cells: usize) {
        self.surplus = cells;
    }

    /// How many of its last cells are known to be too many: the header ends before them, and the rows around do so, too.
    pub(crate) fn surplus(&self) -> usize {
        self.surplus
    }

    /// Says that the row is one of a rejects file whose cells for the reason are there and blank.
    pub(crate) fn lose_reason(&mut self) {
        self.lost_reason = true;
    }

    /// Whether it is a row of a rejects file without the reason why it is there, though there are cells for it. Rejects are
    /// written so that either both or none are there: somebody has added the cells, or cleared them.
    #[must_use]
    pub fn has_lost_reason(&self) -> bool {
        self.lost_reason
    }

    /// Says in which column the first cell stands that has quotes which are not doubled.
    pub(crate) fn mark_undoubled(&mut self, column: usize) {
        self.undoubled = self.undoubled.or(Some(column));
    }

    /// The column of the first cell of a CSV file that goes on behind the quote which closes it: another quote was meant to be
    /// text there, and is lost.
    pub(crate) fn undoubled(&self) -> Option<usize> {
        self.undoubled
    }

    /// Appends a text cell.
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.end_cell();
    }

    /// Appends a cell of another kind than text.
    pub fn push_kind(&mut self, text: &str, kind: CellKind) {
        self.kinds.resize(self.ends.len(), CellKind::Text);
        self.kinds.push(kind);
        self.push(text);
    }

    /// Appends blank cells until there are so many cells.
    pub(crate) fn pad(&mut self, width: usize) {
        let end = self.ends.last().copied().unwrap_or(0);
        self.ends.resize(self.ends.len().max(width), end);
    }

    /// Appends text to the cell that [`Row::end_cell`] will end.
    pub(crate) fn append(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Ends the cell that was appended to: it has what came since the last one ended.
    pub(crate) fn end_cell(&mut self) {
        // Readers cap a row far below this; a longer one would be cut here, so it must not pass in silence.
        let end = u32::try_from(self.text.len()).expect("readers cap a row's text below 4 GiB");
        self.ends.push(end);
    }

    /// The number of cells.
    #[must_use]
    pub fn width(&self) -> usize {
        self.ends.len()
    }

    /// The cell in a column; an empty one past the end.
    #[must_use]
    pub fn cell(&self, column: usize) -> Cell<'_> {
        Cell {
            text: self.text(column),
            kind: self.kinds.get(column).copied().unwrap_or_default(),
        }
    }

    /// The text in a column; empty past the end.
    #[must_use]
    pub fn text(&self, column: usize) -> &str {
        self.text.get(self.place(column)).unwrap_or_default()
    }

    /// Where a column's text stands in [`Row::joined`]; an empty place past the end.
    pub(crate) fn place(&self, column: usize) -> Range<usize> {
        let Some(&end) = self.ends.get(column) else {
            return 0..0;
        };
        let start = if column == 0 {
            0
        } else {
            self.ends[column - 1]
        };
        start as usize..end as usize
    }

    /// All cells in order.
    pub fn cells(&self) -> impl Iterator<Item = Cell<'_>> {
        (0..self.width()).map(|column| self.cell(column))
    }

    /// All cells' text, run together; with [`Row::ends`] it is the whole content.
    #[must_use]
    pub fn joined(&self) -> &str {
        &self.text
    }

    /// Where each cell ends in [`Row::joined`].
    #[must_use]
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// How many bytes its cells take.
    pub(crate) fn size(&self) -> usize {
        self.text.len() + self.ends.len() * CELL
    }

    /// How many bytes it keeps for the cells to come.
    pub(crate) fn memory(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * CELL
    }

    /// Whether a cell may have held something else than text.
    #[must_use]
    pub fn has_kinds(&self) -> bool {
        !self.kinds.is_empty()
    }

    /// Whether all cells are plain text at a glance: no control character but line feeds, nor one whose UTF-8 begins as
    /// that of the control characters beyond ASCII does (`\u{80}` to `\u{bf}`), and no mark that nobody can see.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        // Folded without a branch and to one bool each, so that the compiler looks at many bytes at once.
        let (doubtful, may_have_marks) =
            self.text
                .bytes()
                .fold((false, false), |(doubtful, may), byte| {
                    let control = (byte < b' ') & (byte != b'\n');
                    let doubtful = doubtful | control | (byte == 0x7f) | (byte == 0xc2);
                    (doubtful, may | (byte >= 0xcd))
                });
        !(doubtful || (may_have_marks && seen::has_idle(&self.text)))
    }

    /// Whether the row fits no table that is so many cells wide: it has a value behind them, or blank cells that the rows
    /// around do not have, or, where `strict`, fewer cells. A workbook leaves blank cells at the end of a row out, so only a
    /// CSV file is strict.
    #[must_use]
    pub fn is_ragged(&self, width: usize, strict: bool) -> bool {
        let has = self.width();
        (strict && has < width)
            || self.surplus > 0
            || (width..has).any(|place| !self.text(place).trim().is_empty())
    }

    /// Whether a cell is of this kind, which is not that of text.
    #[must_use]
    pub fn has_kind(&self, kind: CellKind) -> bool {
        self.kinds.contains(&kind)
    }

    /// Whether no cell holds anything but white space.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.text.chars().all(char::is_whitespace)
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row")
            .field("position", &self.position)
            .field("width", &self.width())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cell")
            .field("kind", &self.kind)
            .field("bytes", &self.text.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_come_back_as_they_were_pushed() {
        let mut row = Row::default();
        row.reset(2, Some(3));
        row.push("Núñez");
        row.push_kind("1989-12-30", CellKind::Date);
        row.push("");
        assert_eq!(row.width(), 3);
        assert_eq!(row.text(0), "Núñez");
        assert_eq!(
            row.cell(1),
            Cell {
                text: "1989-12-30",
                kind: CellKind::Date
            }
        );
        assert_eq!(
            row.cell(2),
            Cell {
                text: "",
                kind: CellKind::Text
            }
        );
        assert_eq!(row.cell(9).text, "");
        row.pad(2);
        assert_eq!(row.width(), 3);
        row.pad(5);
        row.push("x");
        assert_eq!((row.width(), row.text(4), row.text(5)), (6, "", "x"));
        assert_eq!(row.cell(5).kind, CellKind::Text);
        assert!(row.has_kind(CellKind::Date) && !row.has_kind(CellKind::Error));
        row.reset(3, Some(4));
        row.pad(1);
        assert_eq!((row.width(), row.text(0)), (1, ""));
    }

    #[test]
    fn a_control_character_in_any_cell_is_seen_at_a_glance() {
        for (text, plain) in [
            ("", true),
            ("Núñez “x” ~", true),
            ("a\nb", true),
            ("a\r\nb", false),
            ("a\tb", false),
            ("a\u{7f}", false),
            ("a\u{85}", false),
            ("a\u{200b}b", false),
            ("\u{202a}a\u{202c}", false),
            ("a\u{ad}b", false),
            ("Ζωή Ђ 漢 👩\u{200d}👧", true),
            ("\0", false),
        ] {
            let mut row = Row::default();
            for cell in ["x".repeat(40).as_str(), text, ""] {
                row.push(cell);
            }
            assert_eq!(row.is_plain(), plain, "{text:?}");
        }
    }

    #[test]
    fn debug_shows_no_value() {
        let mut row = Row::default();
        row.push("Abernathy");
        assert!(!format!("{row:?} {:?}", row.cell(0)).contains("Abernathy"));
    }
}
