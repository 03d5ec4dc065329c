//! Text that other fields could not take, kept in the comments.
//!
//! Owns the lines below the comments, one for each such text with its field's name before it. Guarantees that no line is
//! cut: half a phone number is another one.

use super::mapped::Mapped;
use super::rule::{Filler, OnInvalid, Scratch};
use crate::problem::{ProblemCode, Severity};
use crate::ticket::TicketField;

const FIELD: TicketField = TicketField::Comments;
const CODE: ProblemCode = ProblemCode::Invalid(FIELD);

/// Puts what was moved out of other fields below the comments; `filler` is theirs.
pub(super) fn append_to_comments(
    filler: Option<&Filler>,
    scratch: &mut Scratch,
    call: &mut Mapped,
) {
    let Scratch { joined, moved, .. } = scratch;
    if moved.is_empty() {
        return;
    }
    let own = call.payload.get(FIELD).unwrap_or_default().to_owned();
    joined.clear();
    joined.push_str(&own);
    add_line(joined, moved);
    call.payload.set(FIELD, joined);
    let Some(filler) = filler else { return };
    let Some(most) = filler.rule.longest() else {
        return;
    };
    if joined.chars().count() <= most {
        return;
    }
    if filler.rule.on_invalid != OnInvalid::Drop {
        let why = "is too long once other columns' text is kept in it; mend those columns";
        let problem = filler.problem(CODE, Severity::Error, why);
        return call.problems.push(problem);
    }
    let mut kept = own;
    for line in moved.split('\n') {
        let gap = usize::from(!kept.is_empty());
        if kept.chars().count() + gap + line.chars().count() <= most {
            add_line(&mut kept, line);
        }
    }
    if kept.is_empty() {
        call.payload.remove(FIELD);
    } else {
        call.payload.set(FIELD, &kept);
    }
    let why = "has no room for all text of other columns that is kept in it (the rest left out)";
    call.problems
        .push(filler.problem(CODE, Severity::Warning, why));
}

/// Adds `Label: text` as a line of its own; control characters become spaces.
pub(super) fn note(moved: &mut String, label: &str, text: &str) {
    if !moved.is_empty() {
        moved.push('\n');
    }
    moved.push_str(label);
    moved.push_str(": ");
    moved.extend(text.chars().map(|c| if c.is_control() { ' ' } else { c }));
}

fn add_line(text: &mut String, line: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(line);
}
