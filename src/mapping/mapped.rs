//! [`Mapped`] and [`Key`]: what a row becomes.
//!
//! Owns the answer of the mapper for one row: a payload, all problems, the key. Both types are recycled from row to
//! row and show no value in `Debug`.

use super::wording::{composed, of_formula, stripped};
use crate::date_order::Clue;
use crate::problem::{Problem, Severity};
use crate::ticket::Payload;
use std::fmt;

/// What one row became: the ticket's payload, all its problems and its key.
#[derive(Debug, Clone, Default)]
pub struct Mapped {
    /// The ticket; complete only where [`Mapped::is_valid`].
    pub payload: Payload,
    /// All that is wrong with the row, notes and warnings too.
    pub problems: Vec<Problem>,
    /// The row's key.
    pub key: Key,
    /// What its date of birth shows of the order of day and month in its column.
    pub(crate) clue: Option<Clue>,
}

impl Mapped {
    /// Whether the row can be sent: it has no problem that is an error.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.problems
            .iter()
            .all(|problem| problem.severity < Severity::Error)
    }

    /// Empties it, keeping its memory.
    pub(super) fn clear(&mut self) {
        self.payload.clear();
        self.problems.clear();
        self.key.clear();
        self.clue = None;
    }
}

/// The values of the mapping's `[key]` columns in one row; empty without `[key]`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Key {
    shown: String,
    identity: Vec<u8>,
    is_broken: bool,
}

impl Key {
    /// The values as the file has them, joined by ` | `.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The bytes by which keys are the same: each value as a person sees it, NFC-normalised, with its length before it.
    ///
    /// Empty without `[key]`, and where a key's column is blank or cannot be read: such a row has no key.
    #[must_use]
    pub fn identity(&self) -> &[u8] {
        if self.is_broken { &[] } else { &self.identity }
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.identity().is_empty()
    }

    fn clear(&mut self) {
        self.shown.clear();
        self.identity.clear();
        self.is_broken = false;
    }

    /// Adds the value of one column; false where it is blank.
    pub(super) fn push(&mut self, text: &str) -> bool {
        if !self.identity.is_empty() {
            self.shown.push_str(" | ");
        }
        let formula = of_formula(text);
        self.shown.push_str(formula.as_deref().unwrap_or(text));
        // What looks the same is the same call, whatever a program has put around it.
        let seen = stripped(text);
        let value = composed(&seen);
        let length = u64::try_from(value.len()).unwrap_or(u64::MAX);
        self.identity.extend_from_slice(&length.to_le_bytes());
        self.identity.extend_from_slice(value.as_bytes());
        self.is_broken |= value.is_empty();
        !value.is_empty()
    }

    /// Says that the row has no key.
    pub(super) fn break_off(&mut self) {
        self.is_broken = true;
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("bytes", &self.identity().len())
            .finish()
    }
}
