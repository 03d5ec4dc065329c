//! [`Merges`]: carries the value of merged cells into each of them.
//!
//! A worksheet holds it in the first cell only. Guarantees that rows stay as they are otherwise: a row that has no value
//! of its own does not come to be through one that reaches into it. A short tag can claim a whole sheet, so what is carried
//! is bounded: in width, since no table is that wide, and over all rows.

use super::rows::{LAST_COLUMN, MAX_ROW_TEXT};
use crate::input::error::InputErrorKind;
use crate::row::{CellKind, Row};

/// More merged areas beside each other than this come from no person.
const BESIDE: usize = 1024;
/// A value is carried into no more columns than this: a title is often merged over the whole width of the sheet.
const WIDTH: u32 = 256;
/// What is carried over all rows: a full sheet with a dozen short values in each row, and some seconds of work.
const CARRIED: usize = 256 * 1024 * 1024;
const CARRIED_TEXT: &str = "256 MiB";
/// What a cell costs beside its text.
const CELL: usize = 16;

/// The merged areas of a sheet, met from top to bottom.
pub(super) struct Merges<'a> {
    areas: Vec<&'a [u32; 4]>,
    next: usize,
    /// From left to right.
    open: Vec<Open>,
    carried: usize,
    whole: Row,
}

/// An area whose first row has been read.
struct Open {
    last_row: u32,
    first: usize,
    last: usize,
    text: String,
    kind: CellKind,
}

impl<'a> Merges<'a> {
    pub(super) fn new(areas: &'a [[u32; 4]]) -> Self {
        let mut areas: Vec<_> = areas.iter().collect();
        areas.sort_unstable();
        areas.dedup();
        Merges {
            areas,
            next: 0,
            open: Vec::new(),
            carried: 0,
            whole: Row::default(),
        }
    }

    /// Fills the merged cells of the next row.
    ///
    /// # Errors
    ///
    /// Where the row, or what is carried over all rows, grows beyond all bounds.
    pub(super) fn fill(&mut self, row: &mut Row) -> Result<(), InputErrorKind> {
        let number = u32::try_from(row.position.row.saturating_sub(1)).unwrap_or(u32::MAX);
        self.open.retain(|open| open.last_row >= number);
        self.open_areas(number, row);
        if self.open.is_empty() || row.is_blank() {
            return Ok(());
        }
        let too_long = || InputErrorKind::too_large("", "this row", "16 MiB");
        if self.open.len() > BESIDE {
            return Err(too_long());
        }
        std::mem::swap(row, &mut self.whole);
        row.reset(self.whole.position.row, None);
        row.position.sheet.clone_from(&self.whole.position.sheet);
        let last = self.open.iter().map(|open| open.last + 1).max();
        let mut next = self.open.iter().peekable();
        for at in 0..self.whole.width().max(last.unwrap_or(0)) {
            while next.next_if(|open| open.last < at).is_some() {}
            let own = self.whole.cell(at);
            match next.peek().filter(|open| open.first <= at) {
                Some(open) if own.text.is_empty() => {
                    row.push_kind(&open.text, open.kind);
                    self.carried += open.text.len() + CELL;
                }
                _ => row.push_kind(own.text, own.kind),
            }
            if row.joined().len() > MAX_ROW_TEXT {
                return Err(too_long());
            }
        }
        if self.carried > CARRIED {
            let what = "what merged cells are filled with";
            return Err(InputErrorKind::too_large("", what, CARRIED_TEXT));
        }
        Ok(())
    }

    /// Opens the areas that begin in a row.
    fn open_areas(&mut self, number: u32, row: &Row) {
        while let Some(&&area) = self.areas.get(self.next).filter(|area| area[0] <= number) {
            self.next += 1;
            // An area whose first row is not there has no value to carry.
            if area[0] == number && self.open.len() <= BESIDE {
                let [_, left, last_row, right] = area;
                let cell = row.cell(column(left));
                let first = column(left);
                let place = self.open.partition_point(|open| open.first <= first);
                let open = Open {
                    last_row,
                    first,
                    last: column(right.min(left.saturating_add(WIDTH - 1))),
                    text: cell.text.to_owned(),
                    kind: cell.kind,
                };
                self.open.insert(place, open);
            }
        }
    }
}

/// A column of a merged area; one that no sheet has is cut to the last that one can have.
fn column(number: u32) -> usize {
    usize::try_from(number.min(LAST_COLUMN)).unwrap_or(0)
}
