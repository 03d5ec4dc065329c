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
use rusqlite::{Connection, OptionalExtension};

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
    /// The ledger knew it as it is told.
    Known,
    /// The ledger knew it as something else, such as in doubt or with another ticket.
    Otherwise,
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
        Disposition::Settled(Outcome::InDoubt) => match adoption.event {
            Event::Unproven(_) => Adopted::Known,
            _ => Adopted::Otherwise,
        },
        // A repetition's call was adopted before it.
        Disposition::Settled(Outcome::AlreadyCreated) | Disposition::Twin(_) => {
            match (&adoption.event, ticket_of(connection, run, &adoption.row)?) {
                (Event::Created { ticket_id, .. }, Some(known)) if known != ticket_id.as_str() => {
                    Adopted::Otherwise
                }
                // A doubt that has been led out of since is no other story.
                _ => Adopted::Known,
            }
        }
        Disposition::Settled(_) => Adopted::Otherwise,
    })
}

/// The ticket of the call that a row of a run is.
fn ticket_of(
    connection: &Connection,
    run: RunId,
    row: &Registration,
) -> Result<Option<String>, LedgerErrorKind> {
    let number = i64::try_from(row.row).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(
        "SELECT s.ticket_id FROM row w JOIN submission s ON s.id = w.submission WHERE w.run = ?1 AND w.row = ?2",
    )?;
    let ticket = statement.query_row((run.0, number), |row| row.get(0));
    Ok(ticket.optional()?.flatten())
}
