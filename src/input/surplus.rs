//! [`Surplus`]: which rows of a CSV file have cells too many, also where those are blank.
//!
//! Owns the difference between a delimiter too many and a habit of whoever wrote the file. A comma that no quotes hold cuts a
//! text and moves all cells behind it; where the table ends in blank columns, what is moved past its edge is blank, and the row
//! looks whole. But some programs end every row with a delimiter, and Excel writes as many as its sheet is wide: there most
//! rows have the same surplus, or those around do. The edge is that of the header in the file, also where only a part of its
//! columns is read. Decides nothing of a row but that.

use super::csv::{Records, split};
use super::encoding::Text;
use super::header::Header;
use super::relay::Source;
use crate::problem::ProblemCode;
use crate::reading::Area;
use crate::row::Row;
use std::path::Path;

/// Rows under the header that are looked at for a habit.
const SAMPLE: usize = 200;
/// So many rows one after the other that are equally wide have it as well.
const RUN: usize = 8;

/// What the rows of a file have behind the last name of its header.
#[derive(Debug)]
pub(super) struct Surplus {
    /// The columns up to that name.
    width: usize,
    /// How many blank cells most rows have behind them, or more.
    usual: usize,
    /// Whether only a part is read: what stands beside it is no matter where the rows around have cells there, too.
    is_part: bool,
    /// The column in which a rejects file says why a row is there.
    reason: Option<usize>,
    /// What it says there of a row with a wrong number of cells.
    ragged: String,
}

impl Surplus {
    /// Looks at the first rows under a header, which was found within `area` where that was named.
    pub(super) fn find(path: &Path, text: &Text, header: &Header, area: Option<&Area>) -> Surplus {
        let left = area.map_or(0, |area| *area.columns.start());
        let mut surplus = Surplus {
            width: usize::MAX,
            usual: 0,
            is_part: area.is_some(),
            reason: header.cut().map(|cut| left + cut),
            ragged: ProblemCode::Ragged.to_string(),
        };
        // What cannot be read is told by whoever reads the rows.
        if let Ok(mut records) = Records::open(path, text) {
            surplus.look(&mut records, header.row());
        }
        surplus
    }

    fn look(&mut self, records: &mut Records<'_>, header_row: u64) {
        let mut row = Row::default();
        let mut widths = Vec::new();
        let mut looked = 0;
        while looked <= SAMPLE && matches!(records.next(&mut row), Ok(true)) {
            if row.position.row < header_row {
                continue;
            }
            looked += 1;
            if looked == 1 {
                let is_named = |at: &usize| !row.text(*at).trim().is_empty();
                self.width = (0..row.width()).rev().find(is_named).map_or(0, |at| at + 1);
            }
            if !self.is_told_ragged(&row) {
                widths.push(row.width());
            }
        }
        widths.sort_unstable();
        // More than half are as wide as this one.
        let most = widths.get(widths.len().saturating_sub(1) / 2);
        self.usual = most.map_or(0, |width| width.saturating_sub(self.width));
    }

    /// Marks a row that has cells too many. `before` is how many rows before it in `text` are as wide, and `behind` is where
    /// the text goes on.
    #[inline]
    pub(super) fn mark(&self, row: &mut Row, before: usize, behind: &str, delimiter: u8) {
        if row.width() > self.width && self.is_too_wide(row, before, behind, delimiter) {
            row.mark_surplus(row.width() - self.width);
        }
    }

    fn is_too_wide(&self, row: &Row, before: usize, behind: &str, delimiter: u8) -> bool {
        let has_value = |at: usize| !row.text(at).trim().is_empty();
        let is_filled = || (self.width..row.width()).any(has_value);
        if (!self.is_part && is_filled()) || self.is_told_ragged(row) {
            return true;
        }
        let is_usual = row.width() <= self.width + self.usual;
        !is_usual && before + 1 < RUN && before + 1 + as_wide(row.width(), behind, delimiter) < RUN
    }

    /// Whether it is a row of a rejects file that is there for its number of cells. A few such rows are no habit.
    fn is_told_ragged(&self, row: &Row) -> bool {
        self.reason
            .is_some_and(|at| row.text(at).trim() == self.ragged)
    }
}

/// How many rows at the beginning of a text are so wide, as far as it matters.
#[cold]
fn as_wide(width: usize, text: &str, delimiter: u8) -> usize {
    let mut rest = text;
    let mut row = Row::default();
    let mut count = 0;
    while count + 1 < RUN {
        rest = rest.trim_start_matches('\n');
        row.reset(0, None);
        match split(rest, delimiter, &mut row) {
            Ok(record) if !rest.is_empty() => {
                rest = rest.get(record.length..).unwrap_or_default();
            }
            _ => break,
        }
        if row.width() != width {
            break;
        }
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests;
