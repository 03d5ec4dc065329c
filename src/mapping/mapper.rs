//! [`Mapper`]: rows in, payloads or problems out.
//!
//! Owns the way of one row through all rules of a mapping that is bound to one file's header: the key first, then
//! the row's width, then each field, the comments last, since they take in what other fields could not. Guarantees
//! that a row without an error has all that a ticket needs, and that all problems of a row are found at once.

use super::lack::unreadable;
use super::mapped::Mapped;
use super::moved::append_to_comments;
use super::rule::{Column, Filler, Scratch};
use super::rules::date::Days;
use crate::problem::{Problem, ProblemCode, Severity};
use crate::row::Row;
use crate::ticket::TicketField;
use memchr::{memchr, memrchr};
use std::fmt;
use std::sync::Arc;

/// A mapping bound to one file's header; turns rows into payloads.
#[derive(Clone)]
pub struct Mapper {
    pub(super) key: Vec<Column>,
    /// In the page's order, the comments last.
    pub(super) fillers: Vec<Filler>,
    pub(super) days: Days,
    pub(super) width: usize,
    pub(super) strict_width: bool,
    pub(super) scratch: Scratch,
}

impl Mapper {
    /// Says whether a row with fewer cells than the header is wrong, as it is in a CSV file; a workbook leaves blank
    /// cells at the end out. Off at first.
    pub fn set_strict_width(&mut self, strict: bool) {
        self.strict_width = strict;
    }

    /// Maps one row; whatever `call` held before is gone.
    ///
    /// A ragged row has that one problem and no payload: its cells stand under wrong headers.
    pub fn map(&mut self, row: &Row, call: &mut Mapped) {
        call.clear();
        if let Some(message) = self.raggedness(row) {
            for column in &self.key {
                call.key.push(row.text(column.place));
            }
            call.key.break_off();
            call.problems.push(Problem {
                column: None,
                field: None,
                code: ProblemCode::Ragged,
                severity: Severity::Error,
                message,
            });
            return;
        }
        // What was too short is as wide as the others once a spreadsheet has saved it.
        if row.has_lost_reason() && self.ends_blank(row) {
            call.problems.push(Problem {
                column: None,
                field: None,
                code: ProblemCode::Unexplained,
                severity: Severity::Warning,
                message: "stands in a rejects file without an error_code and with a blank end, as a row with too few cells does once \
                          a spreadsheet has saved it; make sure that its cells stand under their own headers"
                    .to_owned(),
            });
        }
        self.read_key(row, call);
        self.scratch.moved.clear();
        self.scratch.is_plain = row.is_plain();
        let text = row.joined().as_bytes();
        let line_ends = memchr(b'\n', text).zip(memrchr(b'\n', text));
        self.scratch.line_ends = line_ends.map_or(0..0, |(first, last)| first..last + 1);
        for filler in &self.fillers {
            filler.fill(row, &self.days, &mut self.scratch, call);
        }
        let comments = self
            .fillers
            .last()
            .filter(|filler| filler.rule.field == TicketField::Comments);
        append_to_comments(comments, &mut self.scratch, call);
        if call.payload.get(TicketField::ClientCode).is_none() {
            call.payload.set(TicketField::ClientCode, "");
        }
    }

    /// What is wrong with the number of cells, if anything is.
    fn raggedness(&self, row: &Row) -> Option<String> {
        let has = row.width();
        let wants = match row.surplus() {
            0 => self.width,
            more => has - more,
        };
        let advice = if self.strict_width && has < wants {
            "look for a delimiter or a quote too many or too few; where only blank cells at its end are left out, as Excel does \
             in a CSV file, write short_rows = \"fill\" in [source]"
        } else if self.strict_width {
            "look for a delimiter or a quote too many or too few"
        } else {
            "name the columns behind it in the header, or clear them"
        };
        row.is_ragged(wants, self.strict_width)
            .then(|| format!("the row has {has} cells and the header {wants}; {advice}"))
    }

    /// Whether nothing stands in the last column, as in a row that had too few cells.
    fn ends_blank(&self, row: &Row) -> bool {
        let last = self.width.checked_sub(1);
        last.is_some_and(|last| row.text(last).trim().is_empty())
    }

    fn read_key(&self, row: &Row, call: &mut Mapped) {
        for column in &self.key {
            let cell = row.cell(column.place);
            let has_value = call.key.push(cell.text);
            let problem = unreadable(cell, &column.header).or_else(|| {
                (!has_value).then(|| Problem {
                    column: Some(Arc::clone(&column.header)),
                    field: None,
                    code: ProblemCode::MissingKey,
                    severity: Severity::Error,
                    message: "is blank; the mapping makes it the row's key".to_owned(),
                })
            });
            if let Some(problem) = problem {
                call.key.break_off();
                call.problems.push(problem);
            }
        }
    }
}

impl fmt::Debug for Mapper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapper")
            .field("key", &self.key)
            .field("width", &self.width)
            .finish_non_exhaustive()
    }
}
