//! Submissions as they are stored: the one way in which a state changes.
//!
//! Owns the columns of a state, and every change of one: read, decided by [`crate::submission::next`], written as
//! compare-and-swap, one row or an error. An answer that names another row's ticket is no proof here. Runs inside the
//! transaction of whoever calls, but for [`recover`], which is one by itself.

use super::{LedgerErrorKind, Reference, RunEnd, RunId, SubmissionId};
use crate::submission::{Doubt, Event, State, next};
use crate::ticket::{ErrorCode, TicketId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

/// Applies an event to a submission as compare-and-swap: reads the state, asks the state machine, writes the new one
/// where the old one still stands, and insists on exactly one changed row. Gives the new state.
pub(super) fn change(
    connection: &Connection,
    submission: SubmissionId,
    event: Event,
    at: i64,
) -> Result<State, LedgerErrorKind> {
    let before = state_of(connection, submission)?;
    let attempts = i64::from(event == Event::Claimed);
    let after = next(&before, credible(connection, submission, event)?)?;
    let stored = Stored::of(&after);
    let finished_at = stored.is_end.then_some(at);
    one(connection
        .prepare_cached(
            "UPDATE submission SET state = ?3, ticket_id = ?4, error_code = ?5, message = ?6,
                    attempts = attempts + ?7, finished_at = ?8
             WHERE id = ?1 AND state = ?2",
        )?
        .execute(params![
            submission.0,
            before.name(),
            after.name(),
            stored.ticket_id,
            stored.error_code,
            stored.message,
            attempts,
            finished_at
        ])?)?;
    Ok(after)
}

/// An answer that names the ticket of another row proves nothing about this one.
fn credible(
    connection: &Connection,
    submission: SubmissionId,
    event: Event,
) -> Result<Event, LedgerErrorKind> {
    if let Event::Created { ticket_id, .. } = &event
        && let Some(holder) = holder_of_ticket(connection, submission, ticket_id)?
    {
        return Ok(Event::Unproven(Doubt {
            code: "known_ticket_id".to_owned(),
            message: format!("the server answered with the ticket of row {holder}"),
        }));
    }
    Ok(event)
}

/// The other row of the same account that has a ticket, if one has.
pub(super) fn holder_of_ticket(
    connection: &Connection,
    submission: SubmissionId,
    ticket_id: &TicketId,
) -> Result<Option<Reference>, LedgerErrorKind> {
    let mut statement = connection.prepare_cached(
        "SELECT s.run, s.row FROM submission s JOIN run r ON r.id = s.run
         WHERE s.ticket_id = ?1 AND s.id <> ?2 AND r.scope =
           (SELECT r.scope FROM submission s JOIN run r ON r.id = s.run WHERE s.id = ?2)
         LIMIT 1",
    )?;
    let holder = statement
        .query_row(params![ticket_id.as_str(), submission.0], |row| {
            Ok(Reference {
                run: RunId(row.get(0)?),
                row: row.get::<_, i64>(1)?.unsigned_abs(),
            })
        })
        .optional()?;
    Ok(holder)
}

/// A state, taken apart into columns.
struct Stored<'a> {
    ticket_id: Option<&'a str>,
    error_code: Option<String>,
    message: Option<&'a str>,
    is_end: bool,
}

impl Stored<'_> {
    fn of(state: &State) -> Stored<'_> {
        let blank = Stored {
            ticket_id: None,
            error_code: None,
            message: None,
            is_end: false,
        };
        match state {
            State::Ready { seen } => Stored {
                error_code: seen.clone(),
                ..blank
            },
            State::Claimed => blank,
            State::Created { ticket_id, remark } => Stored {
                ticket_id: Some(ticket_id.as_str()),
                message: remark.as_deref(),
                is_end: true,
                ..blank
            },
            State::Rejected { code } => Stored {
                error_code: Some(code.to_string()),
                is_end: true,
                ..blank
            },
            State::InDoubt(doubt) => Stored {
                error_code: Some(doubt.code.clone()),
                message: Some(&doubt.message),
                is_end: true,
                ..blank
            },
        }
    }
}

pub(super) fn state_of(
    connection: &Connection,
    submission: SubmissionId,
) -> Result<State, LedgerErrorKind> {
    let mut statement = connection.prepare_cached(
        "SELECT state, ticket_id, error_code, message FROM submission WHERE id = ?1",
    )?;
    let state = statement.query_row([submission.0], |row| {
        let name: String = row.get(0)?;
        Ok(state_from(&name, row.get(1)?, row.get(2)?, row.get(3)?))
    })?;
    state.ok_or_else(|| {
        LedgerErrorKind::Damaged(format!("submission {} has no such state", submission.0))
    })
}

/// Puts a state together from its columns.
pub(super) fn state_from(
    name: &str,
    ticket_id: Option<String>,
    error_code: Option<String>,
    message: Option<String>,
) -> Option<State> {
    Some(match name {
        "ready" => State::Ready { seen: error_code },
        "claimed" => State::Claimed,
        "created" => State::Created {
            ticket_id: TicketId::new(&ticket_id?)?,
            remark: message,
        },
        "rejected" => State::Rejected {
            code: ErrorCode(error_code?.parse().ok()?),
        },
        "in_doubt" => State::InDoubt(Doubt {
            code: error_code?,
            message: message.unwrap_or_default(),
        }),
        _ => return None,
    })
}

/// Puts every row that a dead run left claimed into doubt; gives their number.
pub(super) fn recover(connection: &mut Connection) -> Result<u64, LedgerErrorKind> {
    let at = Timestamp::now().as_millisecond();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let claimed: Vec<i64> = {
        let mut statement =
            transaction.prepare("SELECT id FROM submission WHERE state = 'claimed'")?;
        statement
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?
    };
    for id in &claimed {
        change(&transaction, SubmissionId(*id), Event::Crashed, at)?;
    }
    transaction.execute(
        "UPDATE run SET ended = ?1 WHERE ended IS NULL",
        [RunEnd::Crashed],
    )?;
    transaction.commit()?;
    Ok(claimed.len() as u64)
}

/// Every change meets exactly one row, or something is wrong.
pub(super) fn one(changed: usize) -> Result<(), LedgerErrorKind> {
    if changed == 1 {
        Ok(())
    } else {
        Err(LedgerErrorKind::NotOne(changed))
    }
}
