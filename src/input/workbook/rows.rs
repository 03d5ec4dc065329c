//! [`Rows`]: the stream of a sheet's cells, gathered into rows.
//!
//! Owns the order: rows and cells that go backwards are refused, since numbers told to a person must be those of the
//! sheet. Guarantees that a row is held once and no cell longer than it takes to write it down. Knows a number's
//! format only where it carries digits.

use super::super::error::{Fault, InputErrorKind};
use super::super::header::is_empty;
use super::super::relay::Source;
use super::merges::Merges;
use super::pattern::Pattern;
use super::{Workbook, damaged, fault_at, parser_fault, show};
use crate::columns::REJECTS;
use crate::row::{CellKind, Row};
use calamine::{Cell, CellErrorType, DataRef, XlsxCellReader, XlsxError};
use std::collections::HashMap;
use std::io::{Read, Seek};

/// A spreadsheet's last row and column, counted from 0.
const LAST_ROW: u32 = 1_048_575;
pub(super) const LAST_COLUMN: u32 = 16_383;
/// A row of text is far shorter; a row of giant cells is no call.
pub(super) const MAX_ROW_TEXT: usize = 16 * 1024 * 1024;

/// Stands for every error that calamine does not know; it reads none as this one.
const UNKNOWN_ERROR: DataRef<'static> = DataRef::Error(CellErrorType::GettingData);

/// The cells of a sheet, gathered into rows.
pub(super) struct Rows<'a, R: Read + Seek> {
    book: &'a Workbook,
    cells: XlsxCellReader<'a, R>,
    is_1904: bool,
    /// The first cell of the next row.
    pending: Option<(Cell<DataRef<'a>>, usize)>,
    /// Rows below this one have been handed out.
    next_row: u32,
    /// Cells of the row before this one have been met.
    next_column: u32,
    /// How many of the formulas without a value have been met.
    uncomputed: usize,
    /// How many of the cells with an error have been met.
    errors: usize,
    ended: bool,
    /// Number formats by style, as far as they were met; none where the plain number says as much.
    patterns: HashMap<usize, Option<Pattern>>,
    /// Carries merged values on, where that is wanted.
    merges: Option<Merges<'a>>,
    scratch: String,
}

impl<'a, R: Read + Seek> Rows<'a, R> {
    pub(super) fn new(book: &'a Workbook, cells: XlsxCellReader<'a, R>, is_1904: bool) -> Self {
        Rows {
            book,
            cells,
            is_1904,
            pending: None,
            next_row: 0,
            next_column: 0,
            uncomputed: 0,
            errors: 0,
            ended: false,
            patterns: HashMap::new(),
            merges: (book.fills_merged).then(|| Merges::new(&book.facts.merged)),
            scratch: String::new(),
        }
    }

    /// The next cell with a value, or with a formula that has none.
    fn next_cell(&mut self) -> Result<Option<(Cell<DataRef<'a>>, usize)>, Fault> {
        if let Some(cell) = self.pending.take() {
            return Ok(Some(cell));
        }
        // Asked once more behind its end, the cell stream would run on into the rest of the part.
        while !self.ended {
            let next = match self.cells.next_cell_with_style_id() {
                // Calamine knows seven kinds of errors. Behind another its stream goes on, without this cell.
                Err(XlsxError::CellError(_)) => Some((self.unknown_error()?, 0)),
                next => {
                    next.map_err(|e| parser_fault(&e, &self.book.sheet, u64::from(self.next_row)))?
                }
            };
            let Some((mut cell, style)) = next else {
                self.ended = true;
                return Ok(None);
            };
            let (row, column) = cell.get_position();
            if row > LAST_ROW || column > LAST_COLUMN {
                let what = "a cell is outside the sheet";
                return Err(damaged(&self.book.sheet, u64::from(row) + 1, what));
            }
            let mut is_empty = matches!(cell.get_value(), DataRef::Empty);
            if self.is_error(row, column) && is_empty {
                (cell, is_empty) = (Cell::new((row, column), UNKNOWN_ERROR), false);
            }
            if !is_empty || self.is_uncomputed(row, column) {
                return Ok(Some((cell, style)));
            }
        }
        Ok(None)
    }

    /// The cell that calamine has just refused for its kind of error: the next one with an error that was not met.
    fn unknown_error(&self) -> Result<Cell<DataRef<'a>>, Fault> {
        let facts = &self.book.facts;
        match facts.errors.get(self.errors) {
            Some(&place) if !facts.unplaced => Ok(Cell::new(place, UNKNOWN_ERROR)),
            place => {
                // Calamine counts the cells that do not say where they stand, and has not counted this one.
                let what = "an error of a kind that is not known stands among cells that do not say their columns";
                let row = place.map_or(self.next_row, |(row, _)| row.saturating_add(1));
                Err(damaged(&self.book.sheet, u64::from(row), what))
            }
        }
    }

    /// Whether the cell is the next one with an error; the list is in the order of the cells.
    fn is_error(&mut self, row: u32, column: u32) -> bool {
        let found = self.book.facts.errors.get(self.errors) == Some(&(row, column));
        self.errors += usize::from(found);
        found
    }

    /// Whether the cell is the next formula without a value; the list is in the order of the cells.
    fn is_uncomputed(&mut self, row: u32, column: u32) -> bool {
        let found = self.book.facts.uncomputed.get(self.uncomputed) == Some(&(row, column));
        self.uncomputed += usize::from(found);
        found
    }

    /// Gathers one row; false at the end of the sheet.
    fn gather(&mut self, row: &mut Row) -> Result<bool, Fault> {
        let Some((mut cell, mut style)) = self.next_cell()? else {
            return Ok(false);
        };
        let (number, _) = cell.get_position();
        if number < self.next_row {
            let what = "its rows are not in order";
            return Err(damaged(&self.book.sheet, u64::from(number) + 1, what));
        }
        self.next_row = number.saturating_add(1);
        self.next_column = 0;
        row.reset(u64::from(self.next_row), None);
        loop {
            self.put(row, &cell, style)?;
            match self.next_cell()? {
                Some(next) if next.0.get_position().0 == number => (cell, style) = next,
                other => {
                    self.pending = other;
                    return Ok(true);
                }
            }
        }
    }

    fn put(&mut self, row: &mut Row, cell: &Cell<DataRef<'a>>, style: usize) -> Result<(), Fault> {
        let column = cell.get_position().1;
        if column < self.next_column {
            let what = "the cells of a row are not in order";
            return Err(damaged(&self.book.sheet, u64::from(self.next_row), what));
        }
        self.next_column = column.saturating_add(1);
        let at = usize::try_from(column).unwrap_or(usize::MAX);
        // What stands behind the part that is read, and the two columns that rejects have there, need not be reached over blank
        // cells; merged cells may want it.
        let area = self.book.area.as_ref().filter(|_| self.merges.is_none());
        if area.is_some_and(|area| at > area.columns.end() + REJECTS.len()) {
            return Ok(());
        }
        row.pad(at);
        match cell.get_value() {
            DataRef::Empty => row.push_kind("", CellKind::Uncomputed),
            // The style 0 is plain.
            DataRef::Float(number) if style > 0 && self.patterned(*number, style) => {
                row.push_kind(&self.scratch, CellKind::Number);
            }
            value => show::push(row, value, self.is_1904, &mut self.scratch),
        }
        if row.joined().len() > MAX_ROW_TEXT {
            let kind = InputErrorKind::too_large("", "this row", "16 MiB");
            return Err(self.fault(kind));
        }
        Ok(())
    }

    /// What is wrong with the row that was met last.
    fn fault(&self, kind: InputErrorKind) -> Fault {
        fault_at(&self.book.sheet, u64::from(self.next_row), kind)
    }
}

impl<R: Read + Seek> Rows<'_, R> {
    /// Writes a number into the scratch as its format shows it; false where the format says nothing of digits.
    fn patterned(&mut self, number: f64, style: usize) -> bool {
        self.scratch.clear();
        let styles = self.cells.styles();
        let pattern = self.patterns.entry(style).or_insert_with(|| {
            let format = styles
                .get(style)
                .and_then(|style| style.number_format.as_ref());
            format.and_then(|format| Pattern::parse(&format.format_code))
        });
        pattern
            .as_ref()
            .is_some_and(|pattern| pattern.write(number, &mut self.scratch))
    }
}

impl<R: Read + Seek> Source for Rows<'_, R> {
    fn next(&mut self, row: &mut Row) -> Result<bool, Fault> {
        while self.gather(row)? {
            let is_meant = !is_empty(row) && !self.book.skips(self.next_row.saturating_sub(1));
            // A row that is passed over may be the one that holds a merged value.
            if let Some(merges) = &mut self.merges {
                let filled = merges.fill(row);
                filled.map_err(|kind| self.fault(kind))?;
            }
            if is_meant {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
