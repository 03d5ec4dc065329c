//! [`Part`]: the rows of a table without what stands outside the area that the user named.
//!
//! Guarantees that rows keep the numbers that the spreadsheet shows. Ends with the area: what stands below it is not
//! read.

use super::error::Fault;
use super::header::is_empty;
use super::relay::Source;
use crate::reading::Area;
use crate::row::Row;

/// Lends `user` the source, cut to the area where there is one.
pub(super) fn within(
    area: Option<&Area>,
    source: &mut dyn Source,
    user: &mut dyn FnMut(&mut dyn Source) -> Result<(), Fault>,
) -> Result<(), Fault> {
    match area {
        None => user(source),
        Some(area) => user(&mut Part {
            source,
            area,
            whole: Row::default(),
        }),
    }
}

struct Part<'a> {
    source: &'a mut dyn Source,
    area: &'a Area,
    whole: Row,
}

impl Source for Part<'_> {
    fn next(&mut self, row: &mut Row) -> Result<bool, Fault> {
        while self.source.next(&mut self.whole)? {
            let position = &self.whole.position;
            if position.row > *self.area.rows.end() {
                return Ok(false);
            }
            if position.row < *self.area.rows.start() {
                continue;
            }
            row.reset(position.row, position.line);
            let (first, last) = (*self.area.columns.start(), *self.area.columns.end());
            for at in first..self.whole.width().min(last.saturating_add(1)) {
                let cell = self.whole.cell(at);
                row.push_kind(cell.text, cell.kind);
            }
            if !is_empty(row) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
