//! [`Merges`]: carries the value of merged cells into each of them.
//!
//! A worksheet holds it in the first cell only. Guarantees that rows stay as they are otherwise: a row that has no value
//! of its own does not come to be through one that reaches into it.

use super::rows::{LAST_COLUMN, MAX_ROW_TEXT};
use crate::row::{CellKind, Row};

/// More merged areas beside each other than this come from no person.
const BESIDE: usize = 1024;

/// The merged areas of a sheet, met from top to bottom.
pub(super) struct Merges<'a> {
    areas: Vec<&'a [u32; 4]>,
    next: usize,
    open: Vec<Open>,
    whole: Row,
}

/// An area whose first row has been read.
struct Open {
    area: [u32; 4],
    text: String,
    kind: CellKind,
}

impl<'a> Merges<'a> {
    pub(super) fn new(areas: &'a [[u32; 4]]) -> Self {
        let mut areas: Vec<_> = areas.iter().collect();
        areas.sort_unstable();
        Merges {
            areas,
            next: 0,
            open: Vec::new(),
            whole: Row::default(),
        }
    }

    /// Fills the merged cells of the next row; false where it grows beyond all bounds.
    pub(super) fn fill(&mut self, row: &mut Row) -> bool {
        let number = u32::try_from(row.position.row.saturating_sub(1)).unwrap_or(u32::MAX);
        self.open.retain(|open| open.area[2] >= number);
        while let Some(&&area) = self.areas.get(self.next).filter(|area| area[0] <= number) {
            self.next += 1;
            // An area whose first row is not there has no value to carry.
            if area[0] == number {
                let cell = row.cell(column(area[1]));
                self.open.push(Open {
                    area,
                    text: cell.text.to_owned(),
                    kind: cell.kind,
                });
            }
        }
        if self.open.is_empty() || row.is_blank() {
            return true;
        }
        if self.open.len() > BESIDE {
            return false;
        }
        std::mem::swap(row, &mut self.whole);
        row.reset(self.whole.position.row, None);
        row.position.sheet.clone_from(&self.whole.position.sheet);
        let last = self.open.iter().map(|open| column(open.area[3]) + 1).max();
        for at in 0..self.whole.width().max(last.unwrap_or(0)) {
            let own = self.whole.cell(at);
            let carried = self
                .open
                .iter()
                .find(|open| (column(open.area[1])..=column(open.area[3])).contains(&at));
            match carried {
                Some(open) if own.text.is_empty() => row.push_kind(&open.text, open.kind),
                _ => row.push_kind(own.text, own.kind),
            }
            if row.joined().len() > MAX_ROW_TEXT {
                return false;
            }
        }
        true
    }
}

/// A column of a merged area; one that no sheet has is cut to the last that one can have.
fn column(number: u32) -> usize {
    usize::try_from(number.min(LAST_COLUMN)).unwrap_or(0)
}
