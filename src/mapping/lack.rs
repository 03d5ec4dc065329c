//! Cells that hold no value to use, and what is said of them.
//!
//! Owns the sentences about errors of the spreadsheet, formulas without a value, and what databases write where there is
//! none. What such a cell looks like is told by [`crate::holds`].

use crate::holds::{self, Lack, is_null};
use crate::problem::{Problem, ProblemCode, Severity};
use crate::row::Cell;
use std::sync::Arc;

/// What is said of a value that is none to a database. The row is sent all the same: nobody else may say who is called so.
pub(super) const NULL: &str =
    "holds what databases write where there is no value, such as NULL; make sure that it is one";

/// Whether a text that is not blank may be something else than what it says: called for most cells of every row.
#[inline]
pub(super) fn is_odd(text: &str) -> bool {
    match text.as_bytes().first() {
        Some(b'#') => true,
        Some(b'=') => text.starts_with("=\""),
        Some(b'\\' | b'(' | b'<' | b'N' | b'n') => is_null(text),
        _ => false,
    }
}

/// What is wrong with a cell that holds no value to use, if that is so.
pub(super) fn unreadable(cell: Cell<'_>, header: &Arc<str>) -> Option<Problem> {
    let message = match holds::lack(cell)? {
        Lack::Error => "holds an error of the spreadsheet, such as #N/A; mend the cell",
        Lack::TooNarrow => {
            "holds #####, as a spreadsheet shows a value in a column that is too narrow; widen the column and save the file again"
        }
        Lack::Uncomputed => {
            "holds a formula without a value; fill the cell, or open the original file in a spreadsheet and save it"
        }
    };
    Some(Problem {
        column: Some(Arc::clone(header)),
        field: None,
        code: ProblemCode::UnreadableCell,
        severity: Severity::Error,
        message: message.to_owned(),
    })
}
