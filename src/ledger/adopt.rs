//! Adoption: rows that have tickets become known to a ledger that never saw them.
//!
//! Owns the storing of what an earlier results file says, through the state machine: registered, claimed, settled, in one
//! transaction. Does not read results or inputs.

use super::decide::{Disposition, Registration};
use super::register::register;
use super::steward::{Mode, Steward};
use super::submissions::change;
use super::{LedgerError, LedgerErrorKind, RunId};
use crate::submission::{Event, State};
use crate::ticket::Outcome;
use jiff::Timestamp;
use rusqlite::Connection;

/// A row whose fate is known from elsewhere.
#[derive(Debug, Clone)]
pub struct Adoption {
    /// The row.
    pub row: Registration,
    /// How it ended: created or unproven.
    pub event: Event,
    /// When it ended, if that is known.
    pub at: Option<Timestamp>,
}

/// What became of an adopted row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adopted {
    /// It has its ticket now.
    Created,
    /// It is in doubt now: it was before, or its ticket belongs to another row.
    InDoubt,
    /// The ledger knew it, with this outcome.
    Known(Outcome),
}

impl Steward {
    /// Adopts rows for a run, all of them or none.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be written.
    pub fn adopt(&mut self, run: RunId, rows: &[Adoption]) -> Result<Vec<Adopted>, LedgerError> {
        self.within(Mode::Commit, |connection, now| {
            rows.iter()
                .map(|row| adopt_one(connection, run, row, now))
                .collect()
        })
    }
}

fn adopt_one(
    connection: &Connection,
    run: RunId,
    adoption: &Adoption,
    now: i64,
) -> Result<Adopted, LedgerErrorKind> {
    let at = adoption.at.map_or(now, |at| at.as_millisecond()).min(now);
    Ok(match register(connection, run, &adoption.row, at)? {
        Disposition::Send(submission) => {
            change(connection, submission, Event::Claimed, at)?;
            match change(connection, submission, adoption.event.clone(), at)? {
                State::Created { .. } => Adopted::Created,
                _ => Adopted::InDoubt,
            }
        }
        Disposition::Settled(outcome) => Adopted::Known(outcome),
        // The row of whose call it is a repetition was adopted before it.
        Disposition::Twin(_) => Adopted::Known(Outcome::AlreadyCreated),
    })
}
