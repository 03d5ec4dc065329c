//! [`Part`]: the rows of a table without what stands outside the area that the user named.
//!
//! Guarantees that rows keep the numbers that the spreadsheet shows. Ends with the area: what stands below it is no row of
//! the table, and is handed out apart from it, to whoever counts it.

use super::error::Fault;
use super::header::is_empty;
use super::relay::Source;
use crate::reading::Area;
use crate::row::Row;
use std::ops::Range;

/// The rows of an area.
pub(super) struct Part<'a> {
    source: &'a mut dyn Source,
    area: &'a Area,
    /// So many columns right of the area are handed out with its own.
    beside: usize,
    whole: Row,
    /// Whether the area has ended with a row below it.
    is_below: bool,
    /// Whether that row is yet to be handed out.
    is_pending: bool,
    /// Why it cannot be read, where it cannot: nothing of it was asked for, so that the area has its end there all the same.
    fault: Option<Fault>,
}

impl<'a> Part<'a> {
    pub(super) fn new(source: &'a mut dyn Source, area: &'a Area) -> Self {
        Part::with_beside(source, area, 0)
    }

    /// The same with what stands in some columns right of the area. A row that has a value nowhere but there is none of it.
    pub(super) fn with_beside(source: &'a mut dyn Source, area: &'a Area, beside: usize) -> Self {
        Part {
            source,
            area,
            beside,
            whole: Row::default(),
            is_below: false,
            is_pending: false,
            fault: None,
        }
    }

    /// Puts the cells of the row that was met last into `row`, as far as they stand in the area's columns; false where
    /// they are empty.
    fn cut(&self, row: &mut Row) -> bool {
        row.reset(self.whole.position.row, self.whole.position.line);
        let (first, behind) = (*self.area.columns.start(), self.area.columns.end() + 1);
        let push = |row: &mut Row, columns: Range<usize>| {
            for at in columns.start..columns.end.min(self.whole.width()) {
                let cell = self.whole.cell(at);
                row.push_kind(cell.text, cell.kind);
            }
        };
        push(row, first..behind);
        if let Some(column) = self.whole.undoubled()
            && (first..behind).contains(&column)
        {
            row.mark_undoubled(column - first);
        }
        let is_filled = !is_empty(row);
        push(row, behind..behind + self.beside);
        // What such a row has moved out of the part stays with it, for whoever is to mend it.
        if self.whole.surplus() > 0 {
            push(row, behind + self.beside..self.whole.width());
            row.mark_surplus(self.whole.surplus());
        }
        is_filled
    }

    /// Puts the next row below the area that has a value in its columns into `row`; false at the end, and as long as the
    /// rows of the area have not been read to theirs.
    pub(super) fn next_below(&mut self, row: &mut Row) -> Result<bool, Fault> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        while self.is_below {
            let is_met = std::mem::take(&mut self.is_pending);
            self.is_below = is_met || self.source.next(&mut self.whole)?;
            if self.is_below && self.cut(row) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Source for Part<'_> {
    fn next(&mut self, row: &mut Row) -> Result<bool, Fault> {
        let last = *self.area.rows.end();
        while !self.is_below {
            match self.source.next(&mut self.whole) {
                Ok(false) => break,
                Ok(true) if self.whole.position.row > last => {
                    (self.is_below, self.is_pending) = (true, true);
                }
                Ok(true) => {
                    if self.whole.position.row >= *self.area.rows.start() && self.cut(row) {
                        return Ok(true);
                    }
                }
                Err(fault) if fault.position.row > last => {
                    (self.is_below, self.fault) = (true, Some(fault));
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(false)
    }
}
