//! Finds the API's own JSON in an answer and reads its parts.
//!
//! The envelope is an object with `success`, `errors` or `result`. PHP may print warnings or a byte order mark before
//! it and warnings after it; a second envelope makes the answer unclear. Borrows from the answer's text and keeps
//! keys that occur twice, so that they can be seen. Does not decide what the parts prove.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Places where an envelope could begin that are tried; a page of scripts has many, an answer of this API one.
const MAX_STARTS: usize = 64;

/// A JSON value, borrowed where the text has no escapes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    Integer(i128),
    /// Its digits are already lost, so it is never read as an ID or a code.
    Float(f64),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Map(Fields<'a>),
}

pub(super) type Fields<'a> = Vec<(Cow<'a, str>, Json<'a>)>;

impl Json<'_> {
    /// Whether the value says nothing, as PHP's empty values do.
    pub(super) fn is_blank(&self) -> bool {
        match self {
            Json::Null | Json::Bool(false) | Json::Integer(0) => true,
            Json::Bool(true) | Json::Integer(_) | Json::Float(_) => false,
            Json::Text(text) => matches!(text.trim(), "" | "0"),
            Json::List(values) => values.iter().all(Json::is_blank),
            Json::Map(fields) => fields.is_empty(),
        }
    }
}

/// What the envelope's `success` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Success {
    Yes,
    No,
    /// Neither: a text such as `maybe`, a list.
    Odd,
}

/// The ticket IDs anywhere in an envelope.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TicketIds<'a> {
    None,
    One(Cow<'a, str>),
    /// Different ones.
    Several,
    /// One that is neither text nor a whole number.
    Unreadable,
}

impl TicketIds<'_> {
    pub(super) fn is_some(&self) -> bool {
        *self != TicketIds::None
    }
}

/// Why an answer holds no envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Foreign {
    /// It is something else.
    NotOurs,
    /// It holds more than one.
    Several,
}

/// The API's own JSON object.
#[derive(Debug)]
pub(super) struct Envelope<'a> {
    fields: Fields<'a>,
}

/// Finds the one envelope in an answer.
pub(super) fn find(text: &str) -> Result<Envelope<'_>, Foreign> {
    let text = text.trim_matches(is_padding);
    if is_json_list(text) {
        return Err(Foreign::NotOurs);
    }
    let mut found = None;
    let mut from = 0;
    for _ in 0..MAX_STARTS {
        let Some(start) = next_start(text, from) else {
            return found.ok_or(Foreign::NotOurs);
        };
        let rest = text.get(start..).unwrap_or_default();
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Json<'_>>();
        match values.next() {
            Some(Ok(Json::Map(fields))) => {
                from = start + values.byte_offset();
                if !is_envelope(&fields) {
                    continue;
                }
                if found.replace(Envelope { fields }).is_some() {
                    return Err(Foreign::Several);
                }
            }
            // An answer that is JSON from its first byte and breaks off is cut: what stands inside it is no envelope.
            _ if start == 0 => return Err(Foreign::NotOurs),
            // A second answer that cannot be read may say the contrary of the first.
            _ if found.is_some() => return Err(Foreign::Several),
            _ => from = start + 1,
        }
    }
    Err(Foreign::NotOurs)
}

/// The next brace that begins the text or a line, or follows a tag: a brace within a line is part of a message.
fn next_start(text: &str, mut from: usize) -> Option<usize> {
    loop {
        let at = from + text.get(from..)?.find('{')?;
        let before = text.get(..at)?;
        let line = before.trim_end_matches(|c| is_padding(c) && c != '\n' && c != '\r');
        if line.is_empty() || line.ends_with(['\n', '\r', '>', '}']) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// Whether the text begins as a list does; `[warning] …`, which a log line may begin with, is none.
fn is_json_list(text: &str) -> bool {
    let inner = text
        .strip_prefix('[')
        .map(|inner| inner.trim_start_matches(is_padding));
    inner.is_some_and(|inner| inner.starts_with(['{', '[', ']', '"']))
}

fn is_padding(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}' || c == '\0'
}

fn is_envelope(fields: &Fields<'_>) -> bool {
    fields
        .iter()
        .any(|(name, _)| matches!(name.as_ref(), "success" | "errors" | "result"))
}

impl<'a> Envelope<'a> {
    /// Whether a key that decides is there twice.
    pub(super) fn has_twins(&self) -> bool {
        let twins = |name| self.fields.iter().filter(|(key, _)| key == name).count() > 1;
        twins("success") || twins("errors") || twins("result")
    }

    /// Whether the API says that it succeeded; without the key it does not.
    pub(super) fn success(&self) -> Success {
        match self.get("success") {
            Some(Json::Bool(true) | Json::Integer(1)) => Success::Yes,
            None | Some(Json::Null | Json::Bool(false) | Json::Integer(0)) => Success::No,
            Some(Json::Text(text)) => match text.trim() {
                "1" => Success::Yes,
                "" | "0" => Success::No,
                word if word.eq_ignore_ascii_case("true") => Success::Yes,
                word if word.eq_ignore_ascii_case("false") => Success::No,
                _ => Success::Odd,
            },
            Some(Json::Integer(_) | Json::Float(_) | Json::List(_) | Json::Map(_)) => Success::Odd,
        }
    }

    /// The `errors`, whatever their shape.
    pub(super) fn errors(&self) -> Option<&Json<'a>> {
        self.get("errors")
    }

    /// The fields of `result`, also where PHP wrapped the one record in a list.
    pub(super) fn record(&self) -> &[(Cow<'a, str>, Json<'a>)] {
        match self.get("result") {
            Some(Json::Map(fields)) => fields,
            Some(Json::List(records)) => match records.as_slice() {
                [Json::Map(fields)] => fields,
                _ => &[],
            },
            _ => &[],
        }
    }

    /// A text or whole number of `result`; none where it is blank or there twice, differently.
    pub(super) fn result_text(&self, name: &str) -> Option<Cow<'a, str>> {
        let mut values = self.record().iter().filter(|(key, _)| key == name);
        let (_, value) = values.next()?;
        if values.any(|(_, other)| other != value) {
            return None;
        }
        readable(value).filter(|text| !text.trim().is_empty())
    }

    /// All ticket IDs, wherever they stand: an ID in an odd place still says that there may be a ticket.
    pub(super) fn ticket_ids(&self) -> TicketIds<'a> {
        let mut ids = TicketIds::None;
        collect_ids(&self.fields, &mut ids);
        ids
    }

    fn get(&self, name: &str) -> Option<&Json<'a>> {
        self.fields
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }
}

fn readable<'a>(value: &Json<'a>) -> Option<Cow<'a, str>> {
    match value {
        Json::Text(text) => Some(text.clone()),
        Json::Integer(number) => Some(Cow::Owned(number.to_string())),
        Json::Null | Json::Bool(_) | Json::Float(_) | Json::List(_) | Json::Map(_) => None,
    }
}

fn collect_ids<'a>(fields: &[(Cow<'a, str>, Json<'a>)], ids: &mut TicketIds<'a>) {
    for (key, value) in fields {
        if is_id_key(key) && !value.is_blank() {
            let id = readable(value).map_or(TicketIds::Unreadable, TicketIds::One);
            if *ids == TicketIds::None {
                *ids = id;
            } else if *ids != id {
                *ids = TicketIds::Several;
            }
        }
        collect_inner_ids(value, ids);
    }
}

fn collect_inner_ids<'a>(value: &Json<'a>, ids: &mut TicketIds<'a>) {
    match value {
        Json::Map(fields) => collect_ids(fields, ids),
        Json::List(values) => values
            .iter()
            .for_each(|value| collect_inner_ids(value, ids)),
        Json::Null | Json::Bool(_) | Json::Integer(_) | Json::Float(_) | Json::Text(_) => {}
    }
}

fn is_id_key(key: &str) -> bool {
    key.eq_ignore_ascii_case("ticket_id") || key.eq_ignore_ascii_case("ticketid")
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Integer(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Integer(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Json::Float(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Json<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = values.next_element()? {
            list.push(value);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json<'de>, A::Error> {
        let mut fields = Vec::new();
        while let Some(Key(key)) = entries.next_key()? {
            fields.push((key, entries.next_value()?));
        }
        Ok(Json::Map(fields))
    }
}

/// A key, borrowed where it has no escapes; serde's own `Cow` always copies.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Key<'de>, D::Error> {
        deserializer.deserialize_str(KeyVisitor).map(Key)
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(value.to_owned()))
    }
}
