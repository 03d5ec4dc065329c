//! The bytes of a request: a ticket as JSON or as a form.
//!
//! The rehearsal and the run use this one serializer. Fields stand in the page's order, only those that the payload
//! has, and always `client_code`, which the API wants present though possibly empty.

use crate::ticket::{Payload, TicketField};
use memchr::{memchr3, memrchr3};
use serde::Serializer as _;
use std::ops::Range;
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
    let text = payload.joined();
    let places = TicketField::ALL.into_iter().filter_map(|field| {
        let place = payload.place(field);
        Some((field, place.or(always_there(field))?))
    });
    match format {
        BodyFormat::Json => match escapes(text) {
            Escapes::Common(within) => write_ticket(places, out, |place, out| {
                let is_touched = place.start < within.end && within.start < place.end;
                let value = text.as_bytes().get(place).unwrap_or_default();
                match is_touched {
                    true => push_common(value, out),
                    false => out.extend_from_slice(value),
                }
            }),
            Escapes::Controls => write_ticket(places, out, |place, out| {
                push_escaped(text.get(place).unwrap_or_default(), out);
            }),
        },
        BodyFormat::Form => {
            let value = |place| text.get(place).unwrap_or_default();
            let pairs = places.map(|(field, place)| (field.name(), value(place)));
            write_form(pairs, out);
        }
    }
}

/// Where the value stands of a field that has none and must be present.
fn always_there(field: TicketField) -> Option<Range<usize>> {
    (field == TicketField::ClientCode).then_some(0..0)
}

/// What stands before each field's value: the end of the value before it, and the field's name.
static OPENINGS: LazyLock<[String; TicketField::COUNT]> =
    LazyLock::new(|| TicketField::ALL.map(|field| format!("\",\"{}\":\"", field.name())));

/// Writes the ticket as JSON with as few pieces as there can be: this is done for each row.
fn write_ticket(
    places: impl Iterator<Item = (TicketField, Range<usize>)>,
    out: &mut Vec<u8>,
    push: impl Fn(Range<usize>, &mut Vec<u8>),
) {
    let openings = &*OPENINGS;
    out.push(b'{');
    for (field, place) in places {
        let opening = openings[field as usize].as_bytes();
        // The first field ends none before it.
        let cut = if out.len() == 1 { 2 } else { 0 };
        out.extend_from_slice(&opening[cut..]);
        push(place, out);
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

/// What JSON has to write otherwise than it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Escapes {
    /// `"`, `\` and line feeds, all within this part: in most tickets none, in nearly all others those of one long field.
    Common(Range<usize>),
    /// Other control characters, perhaps the common ones too.
    Controls,
}

fn escapes(text: &str) -> Escapes {
    if has_rare(text) {
        return Escapes::Controls;
    }
    let text = text.as_bytes();
    let first = memchr3(b'"', b'\\', b'\n', text);
    let last = memrchr3(b'"', b'\\', b'\n', text);
    Escapes::Common(
        first
            .zip(last)
            .map_or(0..0, |(first, last)| first..last + 1),
    )
}

/// Folded without a branch and on its own, so that the compiler looks at many bytes at once.
#[inline(never)]
fn has_rare(text: &str) -> bool {
    text.bytes()
        .fold(false, |found, byte| found | (byte < b' ') & (byte != b'\n'))
}

fn push_common(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = memchr3(b'"', b'\\', b'\n', rest) {
        let (before, after) = rest.split_at(at);
        out.extend_from_slice(before);
        match after.first() {
            Some(b'\n') => out.extend_from_slice(b"\\n"),
            other => out.extend(b"\\".iter().chain(other)),
        }
        rest = after.get(1..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

/// As JSON writes it, between the quotes that the openings bring.
fn push_escaped(text: &str, out: &mut Vec<u8>) {
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
        fn both_formats_read_back_as_what_was_set(
            values in prop::collection::vec(
                prop_oneof![Just(String::new()), "[ -~é\n]{0,20}", any::<String>()],
                TicketField::COUNT,
            ),
            without_controls in any::<bool>(),
        ) {
            let plain = |value: &String| value.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
            let values: Vec<String> = match without_controls {
                true => values.iter().map(plain).collect(),
                false => values,
            };
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
