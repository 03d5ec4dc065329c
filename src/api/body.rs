//! The bytes of a request: a ticket as JSON or as a form.
//!
//! The rehearsal and the run use this one serializer. Fields stand in the page's order, only those that the payload
//! has, and always `client_code`, which the API wants present though possibly empty.

use crate::ticket::{Payload, TicketField};
use serde::Serializer as _;
use std::sync::LazyLock;
use url::form_urlencoded::byte_serialize;

/// How a body is written; the vendor's page is silent on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum BodyFormat {
    /// One JSON object.
    #[default]
    Json,
    /// `name=value&…`, percent-encoded.
    Form,
}

impl BodyFormat {
    /// The `Content-Type` of such a body.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            BodyFormat::Json => "application/json",
            BodyFormat::Form => "application/x-www-form-urlencoded",
        }
    }
}

/// Writes the body of a ticket over what `out` held; takes no memory where `out` has enough.
pub fn encode(payload: &Payload, format: BodyFormat, out: &mut Vec<u8>) {
    out.clear();
    let fields = TicketField::ALL.into_iter().filter_map(|field| {
        let value = payload.get(field);
        Some((field, value.or(always_there(field))?))
    });
    match format {
        // Most tickets have nothing to escape.
        BodyFormat::Json if !has_escapes(payload.joined()) => write_ticket(fields, out, push),
        BodyFormat::Json => write_ticket(fields, out, push_escaped),
        BodyFormat::Form => write_form(fields.map(|(field, value)| (field.name(), value)), out),
    }
}

/// What a field holds that has no value and must be present.
fn always_there(field: TicketField) -> Option<&'static str> {
    (field == TicketField::ClientCode).then_some("")
}

/// What stands before each field's value: the end of the value before it, and the field's name.
static OPENINGS: LazyLock<[String; TicketField::COUNT]> =
    LazyLock::new(|| TicketField::ALL.map(|field| format!("\",\"{}\":\"", field.name())));

/// Writes the ticket as JSON with as few pieces as there can be: this is done for each row.
fn write_ticket<'a>(
    fields: impl Iterator<Item = (TicketField, &'a str)>,
    out: &mut Vec<u8>,
    push: impl Fn(&str, &mut Vec<u8>),
) {
    let openings = &*OPENINGS;
    out.push(b'{');
    for (field, value) in fields {
        let opening = openings[field as usize].as_bytes();
        // The first field ends none before it.
        let cut = if out.len() == 1 { 2 } else { 0 };
        out.extend_from_slice(&opening[cut..]);
        push(value, out);
    }
    // `client_code` at least is there.
    out.extend_from_slice(b"\"}");
}

/// Writes names and values in the order given.
pub(super) fn encode_pairs<'a>(
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
    format: BodyFormat,
    out: &mut Vec<u8>,
) {
    out.clear();
    match format {
        BodyFormat::Json => {
            serde_json::Serializer::new(out)
                .collect_map(pairs)
                .expect("a Vec takes every byte and a str is always JSON");
        }
        BodyFormat::Form => write_form(pairs, out),
    }
}

fn write_form<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>, out: &mut Vec<u8>) {
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push(b'&');
        }
        push_form(name, out);
        out.push(b'=');
        push_form(value, out);
    }
}

/// Whether JSON writes any of these characters otherwise; folded without a branch, so that the compiler looks at many
/// bytes at once.
fn has_escapes(text: &str) -> bool {
    text.bytes().fold(false, |escapes, byte| {
        escapes | (byte < b' ') | (byte == b'"') | (byte == b'\\')
    })
}

fn push(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(text.as_bytes());
}

/// As JSON writes it, between the quotes that the openings bring.
fn push_escaped(text: &str, out: &mut Vec<u8>) {
    if !has_escapes(text) {
        return push(text, out);
    }
    out.pop();
    serde_json::to_writer(&mut *out, text)
        .expect("a Vec takes every byte and a str is always JSON");
    out.pop();
}

fn push_form(text: &str, out: &mut Vec<u8>) {
    for piece in byte_serialize(text.as_bytes()) {
        out.extend_from_slice(piece.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(payload: &Payload, format: BodyFormat) -> String {
        let mut out = b"from an earlier row".to_vec();
        encode(payload, format, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn fields_stand_in_the_page_s_order_whatever_order_they_were_set_in() {
        let mut payload = Payload::default();
        payload.set(TicketField::CallType, "1");
        payload.set(TicketField::Complaint, "says \"ow\"\r\nand\u{1}");
        payload.set(TicketField::PatientLname, "Núñez & Co=");
        assert_eq!(
            encoded(&payload, BodyFormat::Json),
            "{\"patient_lname\":\"Núñez & Co=\",\"complaint\":\"says \\\"ow\\\"\\r\\nand\\u0001\",\
             \"client_code\":\"\",\"Call_type\":\"1\"}"
        );
        assert_eq!(
            encoded(&payload, BodyFormat::Form),
            "patient_lname=N%C3%BA%C3%B1ez+%26+Co%3D&complaint=says+%22ow%22%0D%0Aand%01&client_code=&Call_type=1"
        );
    }

    #[test]
    fn a_recycled_buffer_is_not_replaced() {
        let mut payload = Payload::default();
        payload.set(TicketField::City, "Arden");
        let mut out = Vec::with_capacity(4096);
        let before = out.as_ptr();
        for format in [BodyFormat::Json, BodyFormat::Form] {
            encode(&payload, format, &mut out);
            assert_eq!(out.as_ptr(), before);
        }
    }

    proptest! {
        #[test]
        fn both_formats_read_back_as_what_was_set(values in prop::collection::vec(any::<String>(), TicketField::COUNT)) {
            let mut payload = Payload::default();
            for (field, value) in TicketField::ALL.into_iter().zip(&values) {
                payload.set(field, value);
            }
            let json: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(&encoded(&payload, BodyFormat::Json)).unwrap();
            let form = encoded(&payload, BodyFormat::Form);
            let form: Vec<_> = url::form_urlencoded::parse(form.as_bytes()).collect();
            prop_assert_eq!(form.len(), TicketField::COUNT);
            for ((field, value), (name, form_value)) in payload.fields().zip(&form) {
                prop_assert_eq!(json[field.name()].as_str(), Some(value));
                prop_assert_eq!((name.as_ref(), form_value.as_ref()), (field.name(), value));
            }
        }
    }
}
