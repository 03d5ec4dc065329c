//! [`Below`]: how many rows stand below the part of a file that the user named.
//!
//! Owns their count, since a table or a log outgrows the cells that were named once, and a call that is not read must not be
//! passed over in silence. A table's own row of totals is none of them, nor is a row that the user passes over wherever it
//! stands. No cell of them goes any further. Costs nothing where no part was named.

use super::error::{Fault, InputErrorKind};
use super::part::Part;
use crate::reading::Area;
use crate::row::Row;
use std::sync::atomic::{AtomicU64, Ordering};

/// Rows that stand below the part that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowsBelow {
    /// How many.
    pub rows: u64,
    /// The first of them, as the spreadsheet shows it.
    pub first_row: u64,
}

/// Counts them, on as many threads as read the file.
#[derive(Debug)]
pub(super) struct Below {
    /// The row behind the area and its totals.
    from: u64,
    rows: AtomicU64,
    first: AtomicU64,
}

impl Below {
    /// Of an area that so many rows of totals follow.
    pub(super) fn new(area: Option<&Area>, totals: u64) -> Below {
        let last = area.map_or(u64::MAX, |area| *area.rows.end());
        Below {
            from: last.saturating_add(totals).saturating_add(1),
            rows: AtomicU64::new(0),
            first: AtomicU64::new(u64::MAX),
        }
    }

    /// Forgets what was counted, since the file is read once more.
    pub(super) fn begin(&self) {
        self.rows.store(0, Ordering::Relaxed);
        self.first.store(u64::MAX, Ordering::Relaxed);
    }

    /// Counts what stands below a part whose own rows have been read; `is_passed_over` tells the rows that nobody wants.
    ///
    /// What cannot be read there is one row more: nothing of it was to be sent, so that it does not keep the others from it.
    pub(super) fn count(
        &self,
        part: &mut Part<'_>,
        is_passed_over: impl Fn(&Row) -> bool,
    ) -> Result<(), Fault> {
        let mut row = Row::default();
        loop {
            match part.next_below(&mut row) {
                Ok(true) if is_passed_over(&row) => {}
                Ok(true) => self.add(row.position.row),
                Ok(false) => return Ok(()),
                Err(fault) if matches!(fault.kind, InputErrorKind::Io(_)) => return Err(fault),
                Err(fault) => {
                    self.add(fault.position.row.max(self.from));
                    return Ok(());
                }
            }
        }
    }

    fn add(&self, row: u64) {
        if row >= self.from {
            self.rows.fetch_add(1, Ordering::Relaxed);
            self.first.fetch_min(row, Ordering::Relaxed);
        }
    }

    /// What was counted, where it is anything.
    pub(super) fn told(&self) -> Option<RowsBelow> {
        let rows = self.rows.load(Ordering::Relaxed);
        let first_row = self.first.load(Ordering::Relaxed);
        (rows > 0).then_some(RowsBelow { rows, first_row })
    }
}
