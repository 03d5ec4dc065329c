//! The table of states, events and legal transitions, as `docs/submission.md` shows it.
//!
//! Owns one example of every state and every event, and the test that writes the page or finds it out of date. With
//! `UPDATE_DOCS=1` in the environment the page is written.

use super::{Doubt, Event, State, next};
use crate::ticket::{ErrorCode, TicketId};
use std::fmt::Write as _;
use std::path::Path;

pub(crate) fn ticket() -> TicketId {
    TicketId::new("RQxQ5s84H").unwrap()
}

/// One of every state.
pub(crate) fn every_state() -> Vec<State> {
    vec![
        State::NEW,
        State::Claimed,
        State::Created {
            ticket_id: ticket(),
            remark: None,
        },
        State::Rejected {
            code: ErrorCode(407),
        },
        State::InDoubt(Doubt::crash()),
    ]
}

/// One of every event.
pub(crate) fn every_event() -> Vec<Event> {
    vec![
        Event::Claimed,
        Event::Released {
            seen: "connect".to_owned(),
        },
        Event::Created {
            ticket_id: ticket(),
            remark: None,
        },
        Event::Rejected {
            code: ErrorCode(407),
        },
        Event::Unproven(Doubt::crash()),
        Event::Crashed,
        Event::Requeued,
        Event::FoundCreated {
            ticket_id: ticket(),
            remark: None,
        },
        Event::FoundNotCreated,
    ]
}

fn meaning_of_state(state: &State) -> &'static str {
    match state {
        State::Ready { .. } => "not sent, or proven not to have been taken; may be claimed",
        State::Claimed => "committed as \"about to send\"; if the program dies now, nobody knows",
        State::Created { .. } => "a ticket exists; final",
        State::Rejected { .. } => "the API refused the row with a code; nothing was created",
        State::InDoubt(_) => "sent, with no proof either way; only a person leads out of it",
    }
}

fn meaning_of_event(event: &Event) -> &'static str {
    match event {
        Event::Claimed => "the row is about to be sent",
        Event::Released { .. } => {
            "the attempt provably did not reach the API's work: no connection, 429, an expired token"
        }
        Event::Created { .. } => {
            "the API answered with a ticket (one that another row has is taken for `unproven`)"
        }
        Event::Rejected { .. } => "the API answered with a code that says that nothing was created",
        Event::Unproven(_) => "the request may have left, and nothing proves what came of it",
        Event::Crashed => "the program that had claimed the row died",
        Event::Requeued => "a later run takes the row up again",
        Event::FoundCreated { .. } => {
            "a person found the ticket (`ledger resolve --created`), or of two results that are adopted one names it"
        }
        Event::FoundNotCreated => {
            "a person found that there is no ticket (`ledger resolve --not-created`)"
        }
    }
}

/// The page, from the state machine itself.
fn page() -> String {
    let states = every_state();
    let mut text = "# The story of one row\n\n\
        What `src/submission.rs` decides; the ledger stores nothing else, and its schema holds the same table once more.\n\
        This page is written by a test: `UPDATE_DOCS=1 cargo test submission`.\n\n\
        ## States\n\n| state | means |\n|---|---|\n"
        .to_owned();
    let line = |text: &mut String, line: String| {
        let _infallible = writeln!(text, "{line}");
    };
    for state in &states {
        line(
            &mut text,
            format!("| `{}` | {} |", state.name(), meaning_of_state(state)),
        );
    }
    text.push_str("\n## Events, and what each makes of a state\n\nAn empty field is an illegal transition: nothing is stored, and the run stops as defective.\n\n");
    let names: Vec<String> = states
        .iter()
        .map(|state| format!("`{}`", state.name()))
        .collect();
    line(&mut text, format!("| event | {} |", names.join(" | ")));
    line(&mut text, format!("|---|{}", "---|".repeat(names.len())));
    for event in every_event() {
        let after: Vec<String> = states
            .iter()
            .map(|state| {
                next(state, event.clone()).map_or_else(|_| String::new(), |to| to.name().to_owned())
            })
            .collect();
        line(
            &mut text,
            format!("| {} | {} |", event.name(), after.join(" | ")),
        );
    }
    text.push_str("\n| event | happens when |\n|---|---|\n");
    for event in every_event() {
        line(
            &mut text,
            format!("| {} | {} |", event.name(), meaning_of_event(&event)),
        );
    }
    text
}

#[test]
fn the_page_about_the_state_machine_agrees_with_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/submission.md");
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/submission.md is not what the state machine does; write it with UPDATE_DOCS=1"
    );
}
