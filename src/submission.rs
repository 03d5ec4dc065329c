//! The state machine of one row's submission: pure, exhaustive, the heart of the program.
//!
//! ```text
//!                 ┌────────── Released ──────────┐
//!                 ▼                              │
//!   (new) ──▶  Ready ───── Claimed ────────▶  Claimed ── Created ───▶ Created
//!                 ▲                           │     │
//!                 ├──── Requeued ── Rejected ◀┘     └── Unproven, Crashed ──▶ InDoubt
//!                 └──────────────── FoundNotCreated ──────────────────────────┤
//!                                                    Created ◀── FoundCreated ┘
//! ```
//!
//! `docs/submission.md` has the same as a table; a test keeps the two together.
//!
//! Owns which event may follow which state, and nothing else: the ledger stores what [`next`] decides, the run reports
//! what happened. Recovery after a crash is the same function over what is stored ([`Event::Crashed`]). Two states
//! are for ever unless a person speaks: `Created` always, `InDoubt` until somebody has looked it up.

use crate::ticket::{ErrorCode, TicketId};
use std::fmt;

/// What is known of one row's submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Not sent, or proven not to have been taken: may be claimed.
    Ready {
        /// Why the last attempt did not leave, as a stable word such as `connect`.
        seen: Option<String>,
    },
    /// Committed as "about to send"; if the program dies now, nobody knows.
    Claimed,
    /// A ticket exists. Final.
    Created {
        /// The ticket.
        ticket_id: TicketId,
        /// What a person should know of it, such as a value that the server stored differently.
        remark: Option<String>,
    },
    /// The API refused the row with a code; nothing was created.
    Rejected {
        /// The API's number.
        code: ErrorCode,
    },
    /// Sent, with no proof either way.
    InDoubt(Doubt),
}

/// Why a submission is in doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// A stable word: `timeout`, `reset`, `http.502`, `crash` …
    pub code: String,
    /// What was seen, for people; never a value.
    pub message: String,
}

/// What can happen to a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The row is about to be sent.
    Claimed,
    /// The attempt provably did not reach the API's work: no connection, refused at the door, or an expired token.
    Released {
        /// Why, as a stable word such as `connect`.
        seen: String,
    },
    /// The API answered with a ticket.
    Created {
        /// The ticket.
        ticket_id: TicketId,
        /// What a person should know of it.
        remark: Option<String>,
    },
    /// The API answered with a code that says that nothing was created.
    Rejected {
        /// The API's number.
        code: ErrorCode,
    },
    /// The request may have left and nothing proves what came of it.
    Unproven(Doubt),
    /// The program that had claimed the row died.
    Crashed,
    /// A rejected row is taken up again by a later run.
    Requeued,
    /// A person found the ticket, or results that are adopted name it where others of them tell of a doubt.
    FoundCreated {
        /// The ticket that the person found.
        ticket_id: TicketId,
        /// What is known of it already, where the finding is the API's own answer that came late.
        remark: Option<String>,
    },
    /// A person found that there is no ticket.
    FoundNotCreated,
}

/// An event that may not happen in this state: a defect, or two programs on one ledger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a submission that is {state} cannot become {event}")]
pub struct IllegalTransition {
    /// The state's name.
    pub state: &'static str,
    /// The event's name.
    pub event: &'static str,
}

impl State {
    /// The state in which every submission begins.
    pub const NEW: State = State::Ready { seen: None };

    /// The state's name in the ledger and in messages.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            State::Ready { .. } => "ready",
            State::Claimed => "claimed",
            State::Created { .. } => "created",
            State::Rejected { .. } => "rejected",
            State::InDoubt(_) => "in_doubt",
        }
    }
}

impl Event {
    /// The event's name in messages.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Event::Claimed => "claimed",
            Event::Released { .. } => "released",
            Event::Created { .. } => "created",
            Event::Rejected { .. } => "rejected",
            Event::Unproven(_) => "unproven",
            Event::Crashed => "crashed",
            Event::Requeued => "requeued",
            Event::FoundCreated { .. } => "found created",
            Event::FoundNotCreated => "found not created",
        }
    }
}

impl Doubt {
    /// The doubt about a row that was claimed when its program died.
    #[must_use]
    pub fn crash() -> Doubt {
        Doubt {
            code: "crash".to_owned(),
            message: "the program ended while the row was being sent".to_owned(),
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Decides what a submission becomes when `event` happens in `state`.
///
/// # Errors
///
/// [`IllegalTransition`] for every pair that the diagram above does not show; nothing may be stored then.
pub fn next(state: &State, event: Event) -> Result<State, IllegalTransition> {
    let illegal = IllegalTransition {
        state: state.name(),
        event: event.name(),
    };
    match (state, event) {
        (State::Ready { .. }, Event::Claimed) => Ok(State::Claimed),
        (State::Ready { .. }, Event::Requeued) => Ok(State::NEW),
        (State::Rejected { .. }, Event::Requeued) => Ok(State::NEW),
        (State::Claimed, Event::Released { seen }) => Ok(State::Ready { seen: Some(seen) }),
        (State::Claimed, Event::Created { ticket_id, remark }) => {
            Ok(State::Created { ticket_id, remark })
        }
        (State::Claimed, Event::Rejected { code }) => Ok(State::Rejected { code }),
        (State::Claimed, Event::Unproven(doubt)) => Ok(State::InDoubt(doubt)),
        (State::Claimed, Event::Crashed) => Ok(State::InDoubt(Doubt::crash())),
        (State::InDoubt(_), Event::FoundCreated { ticket_id, remark }) => {
            Ok(State::Created { ticket_id, remark })
        }
        (State::InDoubt(_), Event::FoundNotCreated) => Ok(State::NEW),
        _ => Err(illegal),
    }
}

#[cfg(test)]
mod table;
#[cfg(test)]
pub(crate) use table::{every_event, every_state};

#[cfg(test)]
mod tests {
    use super::*;
    use table::ticket;

    #[test]
    fn the_whole_table_of_transitions() {
        let legal: Vec<(&str, &str, &str)> = every_state()
            .iter()
            .flat_map(|state| {
                every_event().into_iter().filter_map(|event| {
                    let name = event.name();
                    next(state, event)
                        .ok()
                        .map(|to| (state.name(), name, to.name()))
                })
            })
            .collect();
        assert_eq!(
            legal,
            [
                ("ready", "claimed", "claimed"),
                ("ready", "requeued", "ready"),
                ("claimed", "released", "ready"),
                ("claimed", "created", "created"),
                ("claimed", "rejected", "rejected"),
                ("claimed", "unproven", "in_doubt"),
                ("claimed", "crashed", "in_doubt"),
                ("rejected", "requeued", "ready"),
                ("in_doubt", "found created", "created"),
                ("in_doubt", "found not created", "ready"),
            ]
        );
    }

    #[test]
    fn a_created_submission_never_changes() {
        for event in every_event() {
            assert!(
                next(
                    &State::Created {
                        ticket_id: ticket(),
                        remark: None
                    },
                    event
                )
                .is_err()
            );
        }
    }

    #[test]
    fn only_a_person_leads_out_of_doubt() {
        for event in every_event() {
            let by_person = matches!(event, Event::FoundCreated { .. } | Event::FoundNotCreated);
            assert_eq!(
                next(&State::InDoubt(Doubt::crash()), event).is_ok(),
                by_person
            );
        }
    }
}
