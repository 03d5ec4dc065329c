//! The built-in rules of a ticket's fields: what each accepts, and how it is written for the API.
//!
//! Owns one judgement for each of the 21 fields: the value is written into the ticket as the vendor's page wants it,
//! or refused with a sentence that says what to do. No sentence ever holds the value. Does not know columns,
//! required fields or what becomes of a refused value: `rule` decides that.

pub(super) mod date;
mod email;
pub(super) mod list;
mod phone;
mod sex;
mod state;
mod text;
mod zip;

pub(super) use text::Case;

use crate::date_order::Clue;
use crate::problem::Severity;
use crate::row::CellKind;
use crate::ticket::TicketField;
use date::{DateFormat, Days};
use std::borrow::Cow;
use std::cell::Cell;

/// What is worth telling about a value that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Remark<'a> {
    pub(super) severity: Severity,
    pub(super) message: &'static str,
    /// A phone's extension, which the ticket has no field for.
    pub(super) extension: Option<&'a str>,
    /// Whether the value is as it was, and probably none.
    pub(super) is_doubt: bool,
}

impl Remark<'_> {
    /// The value was changed on its way.
    fn changed(message: &'static str) -> Remark<'static> {
        Remark {
            severity: Severity::Warning,
            message,
            extension: None,
            is_doubt: false,
        }
    }
}

/// Accepted, perhaps with a remark; or refused, with the sentence that goes after the column's name.
pub(super) type Judgement<'a> = Result<Option<Remark<'a>>, Cow<'static, str>>;

/// A value before its rule: trimmed, not blank.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    pub(super) text: &'a str,
    pub(super) kind: CellKind,
    /// Known to hold no control character but line feeds, because the whole row was looked at.
    pub(super) is_plain: bool,
}

impl<'a> Value<'a> {
    /// A text of which nothing is known.
    pub(super) fn of(text: &'a str) -> Value<'a> {
        Value {
            text,
            kind: CellKind::Text,
            is_plain: false,
        }
    }
}

/// What the rule for `dob` needs besides the value.
#[derive(Clone, Copy)]
pub(super) struct Calendar<'a> {
    pub(super) formats: &'a [DateFormat],
    pub(super) days: &'a Days,
    /// Takes what the value shows of the order of day and month, also where it is refused.
    pub(super) clue: &'a Cell<Option<Clue>>,
}

/// Judges a value and appends it to `out` as the ticket has it; what was appended counts only if it is accepted.
pub(super) fn write<'a>(
    field: TicketField,
    value: Value<'a>,
    calendar: Calendar<'_>,
    out: &mut String,
) -> Judgement<'a> {
    match field {
        TicketField::Dob => date::write(value, calendar, out).map(|()| None),
        TicketField::ContactPhone | TicketField::ContactPhone2 => phone::write(value.text, out),
        TicketField::Sex => Ok(sex::write(value.text, out)),
        TicketField::Email => email::write(value.text, out),
        TicketField::State => state::write(value.text, out),
        TicketField::Zip => zip::write(value.text, out),
        TicketField::Txt | TicketField::FieldMr => list::write(value.text, out),
        TicketField::CallType => digits(value.text, out),
        TicketField::Complaint | TicketField::Address | TicketField::Comments => {
            text::write_lines(value, out)
        }
        TicketField::PatientLname
        | TicketField::PatientFname
        | TicketField::Prac
        | TicketField::ClientCode
        | TicketField::City
        | TicketField::CallerLname
        | TicketField::CallerFname
        | TicketField::Relationship => text::write_line(value, out),
    }
}

/// Whether a field's rule only cleans text, so that plain text is taken as it stands; and then, whether it may have lines.
pub(super) fn is_text(field: TicketField) -> Option<bool> {
    match field {
        TicketField::Complaint | TicketField::Address | TicketField::Comments => Some(true),
        TicketField::PatientLname
        | TicketField::PatientFname
        | TicketField::Prac
        | TicketField::ClientCode
        | TicketField::City
        | TicketField::CallerLname
        | TicketField::CallerFname
        | TicketField::Relationship => Some(false),
        _ => None,
    }
}

/// Whether a field is a `|`-joined list.
pub(super) fn is_list(field: TicketField) -> bool {
    matches!(field, TicketField::Txt | TicketField::FieldMr)
}

/// The words for a field where a nurse reads them.
pub(super) fn label(field: TicketField) -> &'static str {
    match field {
        TicketField::PatientLname => "Patient's last name",
        TicketField::PatientFname => "Patient's first name",
        TicketField::Dob => "Date of birth",
        TicketField::Complaint => "Complaint",
        TicketField::Prac => "Practice",
        TicketField::ClientCode => "Doctor's code",
        TicketField::ContactPhone => "Contact phone",
        TicketField::ContactPhone2 => "Contact phone 2",
        TicketField::Sex => "Sex",
        TicketField::Email => "E-mail",
        TicketField::Address => "Address",
        TicketField::City => "City",
        TicketField::State => "State",
        TicketField::Zip => "ZIP",
        TicketField::CallerLname => "Caller's last name",
        TicketField::CallerFname => "Caller's first name",
        TicketField::Relationship => "Relationship",
        TicketField::Comments => "Comments",
        TicketField::Txt => "Txt",
        TicketField::CallType => "Call type",
        TicketField::FieldMr => "MR",
    }
}

fn digits(text: &str, out: &mut String) -> Judgement<'static> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        out.push_str(text);
        Ok(None)
    } else {
        Err("is not a plain number; write it in digits only".into())
    }
}

#[cfg(test)]
mod tests;
