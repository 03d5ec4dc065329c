//! Adoption: rows that have tickets become known to a ledger that never saw them.
//!
//! Owns the storing of what an earlier results file says, through the state machine: registered, claimed, settled, in one
//! transaction. Does not read results or inputs.
//!
//! Several results may tell of the same calls, and come in any order: a rejects file's, which does not say which of several
//! identical calls its rows are, before those of its source. So a ticket that a call with these very cells has is known,
//! whichever of them was given it; and one that nobody has finds a place among them while the file has one to spare. So does a
//! doubt whose place a ticket of another file has taken, and a ticket of the rejects whose place a doubt has, since rows in doubt
//! are never among the rejects.

use super::decide::{Disposition, Registration};
use super::identical::MOST;
use super::register::{known_as, number, preview, register};
use super::resolve::found_in_results;
use super::steward::{Mode, Steward};
use super::submissions::{change, holder_of_ticket};
use super::{LedgerError, LedgerErrorKind, RunEnd, RunId, SubmissionId};
use crate::submission::{Doubt, Event, State};
use crate::ticket::{Outcome, TicketId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use std::iter;

/// The code of a row whose ticket is another row's.
const KNOWN_TICKET: &str = "known_ticket_id";

/// A row whose fate is known from elsewhere.
#[derive(Debug, Clone)]
pub struct Adoption {
    /// The row.
    pub row: Registration,
    /// How it ended: created or unproven.
    pub event: Event,
    /// When it ended, if that is known.
    pub at: Option<Timestamp>,
    /// How many rows of its file have these very cells.
    pub identical: u64,
}

/// What became of an adopted row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adopted {
    /// It has its ticket now, also where it was in doubt as other results tell.
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
    let mut spare = None;
    match &adoption.event {
        Event::Created { ticket_id, .. } => match holder_in(connection, run, ticket_id)? {
            Some(holder) if is_other_identical(connection, holder, &adoption.row)? => {
                know(connection, run, &adoption.row, holder)?;
                return Ok(Adopted::Known);
            }
            Some(_) => {}
            None if is_of_another_call(connection, &adoption.row)? => {
                spare = spare_place(connection, adoption)?;
            }
            None => {}
        },
        _ if has_ticket_of_another_file(connection, run, adoption)? => {
            spare = spare_place(connection, adoption)?;
        }
        _ => {}
    }
    let row = spare.as_ref().unwrap_or(&adoption.row);
    Ok(match register(connection, run, row, at)? {
        Disposition::Send(submission) => {
            change(connection, submission, Event::Claimed, at)?;
            let event = credible(connection, submission, &adoption.event)?;
            match change(connection, submission, event, at)? {
                State::Created { .. } => Adopted::Created,
                _ => Adopted::InDoubt,
            }
        }
        Disposition::Settled(Outcome::InDoubt) => match &adoption.event {
            Event::Unproven(_) => Adopted::Known,
            Event::Created { ticket_id, .. }
                if leads_out(connection, run, adoption, ticket_id, at)? =>
            {
                Adopted::Created
            }
            _ => Adopted::Otherwise,
        },
        // A repetition's call was adopted before it.
        Disposition::Settled(Outcome::AlreadyCreated) | Disposition::Twin(_) => {
            match (&adoption.event, ticket_of(connection, run, row)?) {
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

/// Leads a row out of a doubt that is itself no more than adopted: of two results that of the ticket was written later, since
/// what has a ticket never comes into doubt. Says whether it did. A doubt about an adopted ticket is none of those, and of
/// identical rows without a key the results may mean another one.
fn leads_out(
    connection: &Connection,
    run: RunId,
    adoption: &Adoption,
    ticket_id: &TicketId,
    at: i64,
) -> Result<bool, LedgerErrorKind> {
    let row = &adoption.row;
    let mut statement = connection.prepare_cached(
        "SELECT s.id FROM row w JOIN submission s ON s.id = w.submission JOIN run r ON r.id = s.run
         WHERE w.run = ?1 AND w.row = ?2 AND s.state = 'in_doubt' AND s.error_code <> ?3 AND r.ended = ?4",
    )?;
    let asked = params![run.0, number(row.row), KNOWN_TICKET, RunEnd::Adopted];
    let doubtful: Option<i64> = statement.query_row(asked, |row| row.get(0)).optional()?;
    let Some(submission) = doubtful.map(SubmissionId) else {
        return Ok(false);
    };
    let is_certain = match (&row.key, &row.rejects) {
        (Some(_), _) => true,
        (None, Some(_)) => is_of_this_file(connection, submission, row)?,
        (None, None) => adoption.identical < 2,
    };
    if !is_certain || holder_of_ticket(connection, submission, ticket_id)?.is_some() {
        return Ok(false);
    }
    found_in_results(connection, submission, ticket_id, at)?;
    Ok(true)
}

/// Whether a submission is that of a call with these very cells, and the row by itself would lead to none or to another.
fn is_other_identical(
    connection: &Connection,
    holder: SubmissionId,
    row: &Registration,
) -> Result<bool, LedgerErrorKind> {
    let by_itself = known_as(connection, row)?;
    if by_itself.is_some_and(|(submission, _)| submission == holder) {
        return Ok(false);
    }
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM identity WHERE hash >= ?1 AND hash < ?2 AND submission = ?3)",
    )?;
    let (first, end) = (row.source.nth(0), row.source.nth(MOST));
    let range = params![first.bytes(), end.bytes(), holder.0];
    Ok(statement.query_row(range, |row| row.get(0))?)
}

/// Remembers a row of a run as one of a submission; its key leads there where it leads nowhere yet.
fn know(
    connection: &Connection,
    run: RunId,
    row: &Registration,
    submission: SubmissionId,
) -> Result<(), LedgerErrorKind> {
    if let Some(key) = &row.key {
        connection
            .prepare_cached(
                "INSERT INTO identity(hash, submission) VALUES (?1, ?2) ON CONFLICT (hash) DO NOTHING",
            )?
            .execute(params![key.bytes(), submission.0])?;
    }
    connection
        .prepare_cached("INSERT INTO row(run, row, submission) VALUES (?1, ?2, ?3)")?
        .execute(params![run.0, number(row.row), submission.0])?;
    Ok(())
}

/// Whether a row that has a ticket which no row has leads by itself to another call: one with another ticket, or, of a rejects
/// file without a key, one that is in doubt elsewhere. Rows in doubt are never among the rejects.
fn is_of_another_call(
    connection: &Connection,
    row: &Registration,
) -> Result<bool, LedgerErrorKind> {
    Ok(match preview(connection, row)?.outcome {
        Outcome::AlreadyCreated | Outcome::Invalid => true,
        Outcome::InDoubt if row.rejects.is_some() && row.key.is_none() => {
            let known = known_as(connection, row)?;
            !matches!(known, Some((doubtful, _)) if is_of_this_file(connection, doubtful, row)?)
        }
        _ => false,
    })
}

/// Whether a row in doubt, of several that are identical without a key, leads by itself to a ticket that was given to a row of
/// another file, such as the rejects, which may be any of them.
fn has_ticket_of_another_file(
    connection: &Connection,
    run: RunId,
    adoption: &Adoption,
) -> Result<bool, LedgerErrorKind> {
    let row = &adoption.row;
    if row.key.is_some() || row.rejects.is_some() || adoption.identical < 2 {
        return Ok(false);
    }
    let Some((known, _)) = known_as(connection, row)? else {
        return Ok(false);
    };
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM submission s JOIN run sent ON sent.id = s.run JOIN run here ON here.id = ?2
                        WHERE s.id = ?1 AND s.state = 'created' AND sent.fingerprint <> here.fingerprint
                          AND sent.file <> here.file)",
    )?;
    Ok(statement.query_row([known.0, run.0], |row| row.get(0))?)
}

/// Whether a submission was sent from the rejects file that a row stands in, with this very content, as this row.
fn is_of_this_file(
    connection: &Connection,
    submission: SubmissionId,
    row: &Registration,
) -> Result<bool, LedgerErrorKind> {
    let Some(file) = &row.rejects else {
        return Ok(false);
    };
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM submission s JOIN run r ON r.id = s.run
                        WHERE s.id = ?1 AND s.row = ?2 AND r.fingerprint = ?3 AND r.sheet IS ?4)",
    )?;
    let asked = params![submission.0, number(row.row), file.fingerprint, file.sheet];
    Ok(statement.query_row(asked, |row| row.get(0))?)
}

/// The row as that one of the calls with its cells which has no submission, where the row by itself leads to another call.
/// A rejects file has only some of them, so that their number there says nothing.
fn spare_place(
    connection: &Connection,
    adoption: &Adoption,
) -> Result<Option<Registration>, LedgerErrorKind> {
    let row = &adoption.row;
    let places = match row.rejects {
        Some(_) => MOST,
        None => adoption.identical,
    };
    let mut statement = connection.prepare_cached("SELECT 1 FROM identity WHERE hash = ?1")?;
    for ordinal in iter::once(row.ordinal).chain(0..places) {
        if !statement.exists([row.source.nth(ordinal).bytes()])? {
            return Ok(Some(Registration {
                ordinal,
                rejects: None,
                // It is what led to the other ticket.
                key: None,
                ..row.clone()
            }));
        }
    }
    Ok(None)
}

/// A ticket that another call has proves nothing about this one.
fn credible(
    connection: &Connection,
    submission: SubmissionId,
    event: &Event,
) -> Result<Event, LedgerErrorKind> {
    if let Event::Created { ticket_id, .. } = event
        && let Some(holder) = holder_of_ticket(connection, submission, ticket_id)?
    {
        return Ok(Event::Unproven(Doubt {
            code: KNOWN_TICKET.to_owned(),
            message: format!("the results that were adopted name the ticket of row {holder}"),
        }));
    }
    Ok(event.clone())
}

/// The submission that has a ticket, of the account of a run.
fn holder_in(
    connection: &Connection,
    run: RunId,
    ticket_id: &TicketId,
) -> Result<Option<SubmissionId>, LedgerErrorKind> {
    let mut statement = connection.prepare_cached(
        "SELECT s.id FROM submission s JOIN run r ON r.id = s.run
         WHERE s.ticket_id = ?1 AND r.scope = (SELECT scope FROM run WHERE id = ?2) LIMIT 1",
    )?;
    let holder = statement.query_row((ticket_id.as_str(), run.0), |row| row.get(0));
    Ok(holder.optional()?.map(SubmissionId))
}

/// The ticket of the call that a row of a run is.
fn ticket_of(
    connection: &Connection,
    run: RunId,
    row: &Registration,
) -> Result<Option<String>, LedgerErrorKind> {
    let mut statement = connection.prepare_cached(
        "SELECT s.ticket_id FROM row w JOIN submission s ON s.id = w.submission WHERE w.run = ?1 AND w.row = ?2",
    )?;
    let ticket = statement.query_row((run.0, number(row.row)), |row| row.get(0));
    Ok(ticket.optional()?.flatten())
}
