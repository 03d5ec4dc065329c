//! The bytes of a request: a ticket as JSON or as a form.
//!
//! The rehearsal and the run use this one serializer. Fields stand in the page's order, only those that the payload
//! has, and always `client_code`, which the API wants present though possibly empty.

use crate::ticket::{Payload, TicketField};
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
    let client_code = payload.get(TicketField::ClientCode).unwrap_or_default();
    let fields = TicketField::ALL
        .into_iter()
        .filter_map(|field| match field {
            TicketField::ClientCode => Some((field.name(), client_code)),
            _ => Some((field.name(), payload.get(field)?)),
        });
    encode_pairs(fields, format, out);
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
            let mut separator = b'{';
            for (name, value) in pairs {
                out.push(separator);
                push_json(name, out);
                out.push(b':');
                push_json(value, out);
                separator = b',';
            }
            if separator == b'{' {
                out.push(b'{');
            }
            out.push(b'}');
        }
        BodyFormat::Form => {
            for (name, value) in pairs {
                if !out.is_empty() {
                    out.push(b'&');
                }
                push_form(name, out);
                out.push(b'=');
                push_form(value, out);
            }
        }
    }
}

fn push_json(text: &str, out: &mut Vec<u8>) {
    // Most values have nothing to escape. Folded without a branch, so that the compiler looks at many bytes at once.
    let escapes = text.bytes().fold(false, |escapes, byte| {
        escapes | (byte < b' ') | (byte == b'"') | (byte == b'\\')
    });
    if !escapes {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return;
    }
    serde_json::to_writer(out, text).expect("a Vec takes every byte and a str is always JSON");
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
