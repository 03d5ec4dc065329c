//! What follows from one attempt: pure.
//!
//! Owns the translation of what a reply proves into an event for the ledger, a finding for the gate, and whether the
//! same row is sent again. The table of design is `api::Reply` on one side and [`Event`] on the other; nothing else
//! decides what becomes of a row that was sent.

use super::gate::Finding;
use crate::api::{EchoDifference, NotSentKind, Reply};
use crate::submission::{Doubt, Event};
use crate::ticket::TicketId;
use std::time::Duration;

/// What follows from one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Conclusion {
    /// What the ledger is told.
    pub event: Event,
    /// What the gate is told.
    pub finding: Finding,
    /// What the worker does.
    pub then: Then,
}

/// What a worker does after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Then {
    /// The row has its outcome.
    Done,
    /// The row goes again, when the gate lets it.
    Again,
    /// The row goes again with a new token.
    Renew,
    /// The server is too busy: the pace is slowed, after this wait if it named one, and the row goes again.
    SlowDown(Option<Duration>),
    /// The server is not to be trusted: the run ends, unless it has worked before.
    Distrust(String),
}

pub(super) fn conclude(reply: Reply) -> Conclusion {
    match reply {
        Reply::Created { ticket_id, echo } => {
            let remark = remark(&ticket_id, &echo);
            conclusion(
                Event::Created { ticket_id, remark },
                Finding::Proof,
                Then::Done,
            )
        }
        Reply::Rejected(code) => conclusion(Event::Rejected { code }, Finding::Proof, Then::Done),
        Reply::Unproven(seen) => {
            let doubt = Doubt {
                code: seen.code.into_owned(),
                message: seen.message,
            };
            let why = doubt.message.clone();
            conclusion(Event::Unproven(doubt), Finding::Doubt(why), Then::Done)
        }
        Reply::TokenExpired => conclusion(released("token_expired"), Finding::Nothing, Then::Renew),
        Reply::Refused { retry_after } => conclusion(
            released("refused"),
            Finding::Busy,
            Then::SlowDown(retry_after),
        ),
        Reply::NotSent(failure) => {
            let why = failure.to_string();
            let then = if failure.kind == NotSentKind::Certificate {
                Then::Distrust(why.clone())
            } else {
                Then::Again
            };
            conclusion(
                released("connect"),
                Finding::NotReached { why, asked: None },
                then,
            )
        }
    }
}

/// What is seen of a row that a second signal met.
pub(super) const INTERRUPTED: &str = "interrupted";

/// What is concluded for a row whose attempt a second signal broke off.
pub(super) fn broken_off() -> Conclusion {
    let doubt = Doubt {
        code: INTERRUPTED.to_owned(),
        message: "the run was stopped while the row was being sent".to_owned(),
    };
    conclusion(Event::Unproven(doubt), Finding::Nothing, Then::Done)
}

fn conclusion(event: Event, finding: Finding, then: Then) -> Conclusion {
    Conclusion {
        event,
        finding,
        then,
    }
}

pub(super) fn released(seen: &str) -> Event {
    Event::Released {
        seen: seen.to_owned(),
    }
}

/// What a person should know of a ticket; names fields, never values.
fn remark(ticket_id: &TicketId, echo: &[EchoDifference]) -> Option<String> {
    let mut parts = Vec::new();
    if !ticket_id.is_plain() {
        parts.push("warning: the ticket ID has unusual characters".to_owned());
    }
    if !echo.is_empty() {
        let fields: Vec<&str> = echo
            .iter()
            .map(|difference| difference.field.name())
            .collect();
        parts.push(format!(
            "warning: the server stored another value than was sent in {}",
            fields.join(", ")
        ));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{NotSent, Unproven};
    use crate::submission::{State, next};
    use crate::ticket::{ErrorCode, TicketField};

    fn replies() -> Vec<Reply> {
        let not_sent = |kind| {
            Reply::NotSent(NotSent {
                kind,
                detail: String::new(),
            })
        };
        vec![
            Reply::Created {
                ticket_id: TicketId::new("T1").unwrap(),
                echo: Vec::new(),
            },
            Reply::Rejected(ErrorCode(407)),
            Reply::Unproven(Unproven {
                code: "timeout".into(),
                message: "no answer".into(),
                is_api: false,
            }),
            Reply::TokenExpired,
            Reply::Refused { retry_after: None },
            not_sent(NotSentKind::Refused),
            not_sent(NotSentKind::Certificate),
        ]
    }

    #[test]
    fn only_what_proves_that_nothing_was_created_sends_a_row_again() {
        for reply in replies() {
            let proves_nothing_created = matches!(
                reply,
                Reply::TokenExpired | Reply::Refused { .. } | Reply::NotSent(_)
            );
            let conclusion = conclude(reply);
            assert_eq!(conclusion.then != Then::Done, proves_nothing_created);
            let state = next(&State::Claimed, conclusion.event).unwrap();
            assert_eq!(matches!(state, State::Ready { .. }), proves_nothing_created);
        }
    }

    #[test]
    fn a_difference_in_the_echo_is_a_remark_that_names_the_field() {
        let echo = vec![EchoDifference {
            field: TicketField::City,
        }];
        let conclusion = conclude(Reply::Created {
            ticket_id: TicketId::new("T1").unwrap(),
            echo,
        });
        let Event::Created {
            remark: Some(remark),
            ..
        } = conclusion.event
        else {
            panic!()
        };
        assert!(remark.contains("city"), "{remark}");
    }
}
