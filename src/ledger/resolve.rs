//! The way out of doubt: what a person found in the call centre, recorded with who and when.
//!
//! Owns the rules of a finding: only a row in doubt takes one, the first one stands, and a ticket belongs to one row.
//! Several findings are recorded together or not at all. Asks no API; whether a ticket exists is found out before.

use super::doubts::{Found, StoredFinding, last_finding};
use super::runs::{RunStory, story_of};
use super::steward::{Mode, Steward};
use super::submissions::{change, holder_of_ticket, state_of};
use super::{LedgerError, LedgerErrorKind, Reference, SubmissionId};
use crate::submission::{Event, State};
use crate::ticket::TicketId;
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::HashMap;

/// A finding that is to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFinding {
    /// The row.
    pub reference: Reference,
    /// What was found.
    pub found: Found,
    /// Whether the API confirmed the ticket.
    pub checked: bool,
}

/// What became of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// It is on record now.
    Now,
    /// The same was found before.
    Before(StoredFinding),
    /// The same stands among these findings further up.
    Again,
}

/// Why a finding cannot be recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such row.
    #[error("there is no row {0} in this ledger")]
    Unknown(Reference),
    /// The row is not in doubt and never was resolved.
    #[error("row {reference} is not in doubt: {}", spoken(.state))]
    NotInDoubt {
        /// The row.
        reference: Reference,
        /// The name of its state.
        state: &'static str,
    },
    /// Somebody found something else before.
    #[error(
        "row {reference} was resolved before: {}; the first finding stands",
        told(first)
    )]
    Otherwise {
        /// The row.
        reference: Reference,
        /// What stands.
        first: StoredFinding,
    },
    /// The findings contradict each other; the other one is no more on record than this one.
    #[error("row {reference} has another finding further up")]
    Contradicts {
        /// The row.
        reference: Reference,
        /// The place of the other finding among those that were given.
        other: usize,
    },
    /// The ticket belongs to another row.
    #[error(
        "ticket {ticket_id} belongs to row {holder} already, so it cannot be that of row {reference}"
    )]
    Taken {
        /// The row.
        reference: Reference,
        /// The ticket, escaped.
        ticket_id: String,
        /// The row that has it.
        holder: Reference,
    },
}

fn spoken(state: &str) -> &'static str {
    match state {
        "created" => "it has its ticket",
        "rejected" => "the API refused it and nothing was created",
        "claimed" => "it is being sent",
        "invalid" => "it is invalid and was not sent",
        _ => "it was not sent, or it is proven that nothing was created",
    }
}

/// A finding as a half sentence; the name and the ticket are foreign text.
fn told(finding: &StoredFinding) -> String {
    let (who, at) = (
        finding.who.escape_debug(),
        finding.at.strftime("%Y-%m-%d %H:%M UTC"),
    );
    match &finding.found {
        Found::Created(ticket_id) => {
            let ticket_id = ticket_id.as_str().escape_debug();
            format!("{who} found ticket {ticket_id} on {at}")
        }
        Found::NotCreated => format!("{who} found no ticket on {at}"),
    }
}

impl Steward {
    /// The run in which a row stands under its reference: over which file, and as whom it was sent.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be read.
    pub fn run_of(&self, reference: Reference) -> Result<Option<RunStory>, LedgerError> {
        self.located(story_of(self.connection(), reference.run))
    }

    /// Records findings, all of them or, where one is refused, none. Each has its answer at its place.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be read or written.
    pub fn resolve(
        &mut self,
        findings: &[NewFinding],
        who: &str,
        mode: Mode,
    ) -> Result<Vec<Result<Recorded, Refused>>, LedgerError> {
        let record_all = |connection: &Connection, at: i64| {
            let mut batch = Batch::default();
            let answers = findings.iter().enumerate().map(|(place, finding)| {
                record(connection, finding, who, at)
                    .map(|(submission, answer)| batch.judged(place, submission, answer))
            });
            answers.collect::<Result<Vec<_>, _>>()
        };
        let answers = self.within(Mode::Rehearse, record_all)?;
        if mode == Mode::Rehearse || answers.iter().any(Result::is_err) {
            return Ok(answers);
        }
        self.within(Mode::Commit, record_all)
    }
}

/// The findings that are recorded together.
///
/// What one of them recorded is no first finding for another: where they differ, none of them is on record.
#[derive(Default)]
struct Batch {
    /// The place of the finding that was recorded for a submission, which several references may name.
    recorded: HashMap<i64, usize>,
}

impl Batch {
    fn judged(
        &mut self,
        place: usize,
        submission: Option<SubmissionId>,
        answer: Result<Recorded, Refused>,
    ) -> Result<Recorded, Refused> {
        let Some(SubmissionId(submission)) = submission else {
            return answer;
        };
        match (answer, self.recorded.get(&submission)) {
            (Ok(Recorded::Before(_)), Some(_)) => Ok(Recorded::Again),
            (Err(Refused::Otherwise { reference, .. }), Some(&other)) => {
                Err(Refused::Contradicts { reference, other })
            }
            (Ok(Recorded::Now), None) => {
                self.recorded.insert(submission, place);
                Ok(Recorded::Now)
            }
            (answer, _) => answer,
        }
    }
}

/// Records a finding, and says of which submission it is.
fn record(
    connection: &Connection,
    new: &NewFinding,
    who: &str,
    at: i64,
) -> Result<(Option<SubmissionId>, Result<Recorded, Refused>), LedgerErrorKind> {
    let reference = new.reference;
    let refused = match find(connection, reference)? {
        Named::Submission(submission) => {
            let answer = record_of(connection, new, submission, who, at)?;
            return Ok((Some(submission), answer));
        }
        Named::Invalid => Refused::NotInDoubt {
            reference,
            state: "invalid",
        },
        Named::Unknown => Refused::Unknown(reference),
    };
    Ok((None, Err(refused)))
}

fn record_of(
    connection: &Connection,
    new: &NewFinding,
    submission: SubmissionId,
    who: &str,
    at: i64,
) -> Result<Result<Recorded, Refused>, LedgerErrorKind> {
    let reference = new.reference;
    let State::InDoubt(doubt) = state_of(connection, submission)? else {
        return not_in_doubt(connection, new, submission);
    };
    let (event, word, ticket_id) = match &new.found {
        Found::NotCreated => (Event::FoundNotCreated, "not_created", None),
        Found::Created(ticket_id) => {
            if let Some(holder) = holder_of_ticket(connection, submission, ticket_id)? {
                let ticket_id = ticket_id.as_str().escape_debug().to_string();
                return Ok(Err(Refused::Taken {
                    reference,
                    ticket_id,
                    holder,
                }));
            }
            let event = Event::FoundCreated {
                ticket_id: ticket_id.clone(),
                remark: None,
            };
            (event, "created", Some(ticket_id.as_str()))
        }
    };
    change(connection, submission, event, at)?;
    connection.prepare_cached(STORE)?.execute(params![
        submission.0,
        at,
        who,
        word,
        ticket_id,
        new.checked,
        doubt.code
    ])?;
    Ok(Ok(Recorded::Now))
}

/// Leads a row out of doubt to a ticket that adopted results name, which nobody has asked the API for; says of whom it is.
pub(super) fn found_in_results(
    connection: &Connection,
    submission: SubmissionId,
    ticket_id: &TicketId,
    at: i64,
) -> Result<(), LedgerErrorKind> {
    let State::InDoubt(doubt) = state_of(connection, submission)? else {
        return Ok(());
    };
    let event = Event::FoundCreated {
        ticket_id: ticket_id.clone(),
        remark: None,
    };
    change(connection, submission, event, at)?;
    connection.prepare_cached(STORE)?.execute(params![
        submission.0,
        at,
        ADOPTION,
        "created",
        ticket_id.as_str(),
        false,
        doubt.code
    ])?;
    Ok(())
}

/// Who found what adopted results name.
const ADOPTION: &str = "`ledger adopt`";

const STORE: &str = "INSERT INTO finding(submission, at, who, found, ticket_id, checked, doubt)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/// The row has left doubt, or was never in it: the same finding again is no harm, another one is.
fn not_in_doubt(
    connection: &Connection,
    new: &NewFinding,
    submission: SubmissionId,
) -> Result<Result<Recorded, Refused>, LedgerErrorKind> {
    let reference = new.reference;
    Ok(match last_finding(connection, submission.0)? {
        Some(first) if first.found == new.found => Ok(Recorded::Before(first)),
        Some(first) => Err(Refused::Otherwise { reference, first }),
        None => Err(Refused::NotInDoubt {
            reference,
            state: state_of(connection, submission)?.name(),
        }),
    })
}

/// What a reference names.
enum Named {
    Submission(SubmissionId),
    Invalid,
    Unknown,
}

/// The submission of a row; a row in doubt is known by its own run even after that run was purged.
fn find(connection: &Connection, reference: Reference) -> Result<Named, LedgerErrorKind> {
    let place = params![
        reference.run.0,
        i64::try_from(reference.row).unwrap_or(i64::MAX)
    ];
    let of_run: Option<Option<i64>> = connection
        .prepare_cached("SELECT submission FROM row WHERE run = ?1 AND row = ?2")?
        .query_row(place, |row| row.get(0))
        .optional()?;
    if let Some(submission) = of_run {
        return Ok(submission.map_or(Named::Invalid, |id| Named::Submission(SubmissionId(id))));
    }
    let by_itself: Option<i64> = connection
        .prepare_cached(
            // Two questions with an index each; one with both states would read every submission there is.
            "SELECT id FROM submission WHERE state = 'claimed' AND run = ?1 AND row = ?2
             UNION ALL
             SELECT id FROM submission WHERE state = 'in_doubt' AND run = ?1 AND row = ?2",
        )?
        .query_row(place, |row| row.get(0))
        .optional()?;
    Ok(by_itself.map_or(Named::Unknown, |id| Named::Submission(SubmissionId(id))))
}
