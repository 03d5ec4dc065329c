//! The fields of a submission: which the API wants, refuses and echoes.
//!
//! The list is the sandbox's own, taken from the vendor's page and not from the client, so that a mistake in one is seen
//! by the other.

use super::call::Fields;
use jiff::civil::Date;
use serde_json::Value;
use std::ops::Range;

/// Required and not blank.
const FILLED: [&str; 5] = ["patient_lname", "patient_fname", "dob", "complaint", "prac"];

/// Required, though possibly empty.
const PRESENT: &str = "client_code";

/// The fields that the reply echoes: its name for them, and the request's, in the page's order.
const ECHOED: [(&str, &str); 17] = [
    ("field_mr", "field_mr"),
    ("call_type", "Call_type"),
    ("patient_lname", "patient_lname"),
    ("patient_fname", "patient_fname"),
    ("dob", "dob"),
    ("sex", "sex"),
    ("complaint", "complaint"),
    ("caller_lname", "caller_lname"),
    ("caller_fname", "caller_fname"),
    ("relationship", "relationship"),
    ("contact_phone", "contact_phone"),
    ("contact_phone_2", "contact_phone_2"),
    ("email", "email"),
    ("address", "address"),
    ("city", "city"),
    ("state", "state"),
    ("zip", "zip"),
];

/// The code with which a submission is refused, if it is.
pub(crate) fn rejection(fields: &Fields) -> Option<u16> {
    let blank = |name| fields.text(name).is_none_or(|text| text.trim().is_empty());
    if FILLED.into_iter().any(blank) || fields.text(PRESENT).is_none() {
        return Some(407);
    }
    if !fields.text("dob").is_some_and(|dob| is_date(&dob)) {
        return Some(410);
    }
    let complaint = fields.text("complaint")?;
    let code = marker(&complaint, "[[reject:")?.parse().ok()?;
    (100..1000).contains(&code).then_some(code)
}

/// What stands between an opening marker and the next `]]`.
pub(crate) fn marker<'a>(text: &'a str, opening: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(opening)?;
    let (inside, _) = rest.split_once("]]")?;
    Some(inside)
}

/// Whether a text is a real date, written `YYYYMMDD`.
fn is_date(text: &str) -> bool {
    if text.len() != 8 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let part = |range: Range<usize>| text.get(range)?.parse::<i16>().ok();
    let small = |range| i8::try_from(part(range)?).ok();
    match (part(0..4), small(4..6), small(6..8)) {
        (Some(year), Some(month), Some(day)) => Date::new(year, month, day).is_ok(),
        _ => false,
    }
}

/// The echoed fields, empty where they were not sent.
pub(crate) fn echo(fields: &Fields) -> Vec<(&'static str, Value)> {
    ECHOED
        .into_iter()
        .map(|(reply, request)| {
            let text = fields.text(request).unwrap_or_default();
            (reply, Value::String(text.into_owned()))
        })
        .collect()
}
