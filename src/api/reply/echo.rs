//! Compares the ticket that the reply echoes with the one that was sent.
//!
//! A difference is how text that the server damaged is found. Only which fields differ leaves here. A field that the
//! reply does not name is no difference, nor are line ends and outer white space, which PHP changes at will. An echo in
//! which nothing of the patient is as it was sent is another row's: damage leaves the digits of a date in place.

use super::EchoDifference;
use super::envelope::Json;
use crate::ticket::{Payload, TicketField};
use std::borrow::Cow;

/// The fields that the record names and holds otherwise than they were sent.
pub(super) fn differences(
    record: &[(Cow<'_, str>, Json<'_>)],
    sent: &Payload,
) -> Vec<EchoDifference> {
    let mut found = Vec::new();
    for (field, value) in sent.fields() {
        // The page's reply names neither; a server that does gives numbers of its own.
        if matches!(field, TicketField::Prac | TicketField::ClientCode) {
            continue;
        }
        let mut echoed = record
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(field.name()))
            .peekable();
        if echoed.peek().is_some() && !echoed.any(|(_, echo)| is_same(value, echo)) {
            found.push(EchoDifference { field });
        }
    }
    found
}

/// Whether the record is about somebody else: both names and the date of birth are, however a server may write them.
pub(super) fn is_about_another(record: &[(Cow<'_, str>, Json<'_>)], sent: &Payload) -> bool {
    let names = [TicketField::PatientLname, TicketField::PatientFname];
    let echoed = |field: TicketField| {
        let echo = record
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(field.name()));
        match echo {
            Some((_, Json::Text(text))) => Some(text.to_string()),
            Some((_, Json::Integer(number))) => Some(number.to_string()),
            _ => None,
        }
    };
    let is_other = |field, same: fn(&str) -> String| match (sent.get(field), echoed(field)) {
        (Some(sent), Some(echo)) => !same(&echo).is_empty() && same(sent) != same(&echo),
        _ => false,
    };
    names.into_iter().all(|name| is_other(name, letters_of))
        && is_other(TicketField::Dob, digits_of)
}

fn letters_of(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// The digits, in no order: a date keeps them in whatever order it is written.
fn digits_of(date: &str) -> String {
    let mut digits: Vec<char> = date.chars().filter(char::is_ascii_digit).collect();
    digits.sort_unstable();
    digits.into_iter().collect()
}

fn is_same(sent: &str, echo: &Json<'_>) -> bool {
    match echo {
        Json::Text(text) => text == sent || is_same_text(sent, text),
        Json::Integer(number) => sent.trim() == number.to_string(),
        Json::Float(number) => sent.trim() == number.to_string(),
        Json::Null => sent.trim().is_empty(),
        Json::List(values) => values.is_empty() && sent.trim().is_empty(),
        Json::Bool(_) | Json::Map(_) => false,
    }
}

fn is_same_text(sent: &str, echo: &str) -> bool {
    unified(sent).eq(unified(echo))
}

/// The characters without outer white space, with `\n` for each line end.
fn unified(text: &str) -> impl Iterator<Item = char> {
    let mut after_return = false;
    text.trim().chars().filter_map(move |c| {
        let second_half = c == '\n' && after_return;
        after_return = c == '\r';
        match c {
            _ if second_half => None,
            '\r' => Some('\n'),
            _ => Some(c),
        }
    })
}
