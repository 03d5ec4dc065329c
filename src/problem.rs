//! [`Problem`]: what is wrong with one row, as data.
//!
//! Owns the stable codes that results, reports and other programs read. A problem names the column and the ticket
//! field and says what to do; it never holds the cell's value. Does not decide what is a problem: the mapping does.

use crate::ticket::TicketField;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// How much a problem weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Told, and nothing changes.
    Note,
    /// The row is sent, but not quite as it stands in the file.
    Warning,
    /// The row is invalid and is not sent.
    Error,
}

impl Severity {
    /// The word for reports: `note`, `warning` or `error`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// The stable code of a problem, such as `missing.patient_lname`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemCode {
    /// A required field has no value.
    Missing(TicketField),
    /// A value does not fit its field's rules.
    Invalid(TicketField),
    /// The value was changed or moved on its way (a phone's extension, a lost leading zero).
    Changed(TicketField),
    /// A value is probably none, though it could be one.
    Doubtful(TicketField),
    /// A column of `[key]` is blank.
    MissingKey,
    /// The same key stands for two different contents.
    ConflictKey,
    /// The row has another number of cells than the header.
    Ragged,
    /// A row of a rejects file has no reason to be there, and may be a ragged one that a spreadsheet has filled up.
    Unexplained,
    /// A mapped cell holds an error such as `#N/A`, or a formula without a value.
    UnreadableCell,
}

impl fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProblemCode::Missing(field) => write!(f, "missing.{}", field.name()),
            ProblemCode::Invalid(field) => write!(f, "invalid.{}", field.name()),
            ProblemCode::Changed(field) => write!(f, "changed.{}", field.name()),
            ProblemCode::Doubtful(field) => write!(f, "doubtful.{}", field.name()),
            ProblemCode::MissingKey => f.write_str("missing.key"),
            ProblemCode::ConflictKey => f.write_str("conflict.key"),
            ProblemCode::Ragged => f.write_str("ragged"),
            ProblemCode::Unexplained => f.write_str("unexplained"),
            ProblemCode::UnreadableCell => f.write_str("unreadable.cell"),
        }
    }
}

/// One thing that is wrong with one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The column's header as the file has it; none where no single column is meant.
    pub column: Option<Arc<str>>,
    /// The ticket field that the column fills.
    pub field: Option<TicketField>,
    /// The stable code.
    pub code: ProblemCode,
    /// How much it weighs.
    pub severity: Severity,
    /// What is wrong and what to do, without the value: `is not a real date; write it as MM/DD/YYYY`.
    pub message: String,
}

impl fmt::Display for Problem {
    /// `DOB: is not a real date`, for results and reports.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.column, self.field) {
            (Some(column), _) => write!(f, "{column}: {}", self.message),
            (None, Some(field)) => write!(f, "{}: {}", field.name(), self.message),
            (None, None) => f.write_str(&self.message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_read_the_words_that_people_do() {
        for severity in [Severity::Note, Severity::Warning, Severity::Error] {
            let word = serde_json::to_value(severity).unwrap();
            assert_eq!(word, severity.as_str());
            assert_eq!(serde_json::from_value::<Severity>(word).unwrap(), severity);
        }
    }
}
