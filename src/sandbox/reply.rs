//! A verdict and a fault become bytes: status, headers and a body in the shapes of the vendor's PHP.
//!
//! The JSON is written as PHP's `json_encode` does, with `\/` and `\uXXXX`, under PHP's content type, so that a client
//! that relies on either is seen. What the page leaves open, the shape of `errors`, is a setting.

use super::body::AnswerBody;
use super::call::UnknownWord;
use super::centre::{NewTicket, Verdict};
use super::fault::Fault;
use hyper::{Response, StatusCode, header};
use serde::{Serialize, Serializer};
use serde_json::ser::Formatter;
use serde_json::{Value, json};
use std::io;
use std::str::FromStr;
use std::time::Duration;

/// The shape of `errors` in an answer; the vendor's page does not say which it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ErrorStyle {
    /// `["407","Missing required information"]`.
    List,
    /// `[{"code":407,"message":"…"}]`.
    Objects,
    /// `{"code":407,"message":"…"}`.
    Object,
    /// `{"407":"…"}`.
    Map,
    /// `"407 = …"`.
    String,
    /// `407`.
    Number,
    /// Another of them each time, under status 200 or 400 (408 for that code).
    #[default]
    Mixed,
}

impl ErrorStyle {
    const PURE: [(&'static str, ErrorStyle); 6] = [
        ("list", ErrorStyle::List),
        ("objects", ErrorStyle::Objects),
        ("object", ErrorStyle::Object),
        ("map", ErrorStyle::Map),
        ("string", ErrorStyle::String),
        ("number", ErrorStyle::Number),
    ];
}

impl FromStr for ErrorStyle {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<ErrorStyle, UnknownWord> {
        if text == "mixed" {
            return Ok(ErrorStyle::Mixed);
        }
        let pure = ErrorStyle::PURE.iter().find(|(name, _)| *name == text);
        pure.map(|&(_, style)| style).ok_or(UnknownWord {
            known: "list, objects, object, map, string, number, mixed",
        })
    }
}

/// How a connection ends after, or instead of, an answer.
pub(crate) enum Reply {
    Answer(Box<Response<AnswerBody>>),
    /// As an answer, and then the connection is closed without having said so.
    AnswerAndClose(Box<Response<AnswerBody>>),
    Reset,
    Silence,
}

/// What an answer depends on besides verdict and fault.
pub(crate) struct Manner<'a> {
    pub(crate) style: ErrorStyle,
    /// Decides what [`ErrorStyle::Mixed`] leaves open.
    pub(crate) roll: u8,
    /// How long a slow answer takes.
    pub(crate) slow: Duration,
    /// The address that was called.
    pub(crate) target: &'a str,
}

const PHP_WARNING: &str = "<br />\n<b>Warning</b>:  Undefined array key \"sex\" in <b>/var/www/html/cc/modules/apiv2/as.php</b> on line <b>12</b><br />\n";

/// Makes the reply.
pub(crate) fn reply(verdict: &Verdict, fault: Option<Fault>, manner: &Manner<'_>) -> Reply {
    let answer = |response| Reply::Answer(Box::new(response));
    let Some(fault) = fault else {
        return answer(api(verdict, None, manner));
    };
    match fault {
        Fault::ResetBefore | Fault::ResetAfter => Reply::Reset,
        Fault::HangBefore | Fault::Hang => Reply::Silence,
        Fault::Http429 => answer(retry_soon(html(StatusCode::TOO_MANY_REQUESTS))),
        Fault::Http500Before | Fault::Http500After => {
            answer(html(StatusCode::INTERNAL_SERVER_ERROR))
        }
        Fault::Http502After => answer(html(StatusCode::BAD_GATEWAY)),
        Fault::Http503Before => answer(retry_soon(html(StatusCode::SERVICE_UNAVAILABLE))),
        Fault::Http503After => answer(html(StatusCode::SERVICE_UNAVAILABLE)),
        Fault::Http504After => answer(html(StatusCode::GATEWAY_TIMEOUT)),
        Fault::Redirect307 => {
            let mut response = html(StatusCode::TEMPORARY_REDIRECT);
            if let Ok(target) = manner.target.parse() {
                response.headers_mut().insert(header::LOCATION, target);
            }
            answer(response)
        }
        Fault::Garbage => answer(text(StatusCode::OK, AnswerBody::whole("OK, thanks"))),
        Fault::CloseIdle => Reply::AnswerAndClose(Box::new(api(verdict, None, manner))),
        fault => answer(api(verdict, Some(fault), manner)),
    }
}

/// The API's own answer, as a fault changes it.
fn api(verdict: &Verdict, fault: Option<Fault>, manner: &Manner<'_>) -> Response<AnswerBody> {
    let (result, codes) = content(verdict, fault);
    let (style, plain_status) = match manner.style {
        ErrorStyle::Mixed => {
            let styles = ErrorStyle::PURE;
            let (_, style) = styles[usize::from(manner.roll >> 1) % styles.len()];
            (style, manner.roll & 1 == 0)
        }
        style => (style, true),
    };
    let status = match codes.first() {
        _ if fault == Some(Fault::Json500) => StatusCode::INTERNAL_SERVER_ERROR,
        Some(408) if !plain_status => StatusCode::REQUEST_TIMEOUT,
        Some(_) if !plain_status => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    };
    let json = php_json(&Envelope {
        success: codes.is_empty(),
        result,
        errors: errors(style, &codes),
    });
    let body = match fault {
        Some(Fault::Warn) => AnswerBody::whole(PHP_WARNING.to_owned() + &json),
        Some(Fault::Bom) => AnswerBody::whole(format!("\u{feff}{json}")),
        Some(Fault::Slow) => AnswerBody::slow(json, manner.slow),
        Some(Fault::Truncate) => AnswerBody::cut(json),
        Some(Fault::Huge) => AnswerBody::huge(&json),
        _ => AnswerBody::whole(json),
    };
    text(status, body)
}

/// What stands in `result`, and the codes in `errors`.
fn content(verdict: &Verdict, fault: Option<Fault>) -> (Results, Vec<u16>) {
    let one = |name, value: &str| Results(vec![(name, Value::String(value.to_owned()))]);
    let none = || Results(Vec::new());
    match (verdict, fault) {
        (Verdict::Refused(code), _) => (none(), vec![*code]),
        (_, Some(Fault::Code409After)) => (none(), vec![409]),
        (_, Some(Fault::TwoCodes)) => (none(), vec![406, 414]),
        (_, Some(Fault::NoId)) | (Verdict::Nothing, _) => (none(), Vec::new()),
        (Verdict::Token(token), _) => (one("token", token), Vec::new()),
        (Verdict::Status(id), _) => {
            let mut result = one("ticket_id", id);
            let status = Value::String("IN PROGRESS".to_owned());
            result.0.push(("ticket_status", status));
            (result, Vec::new())
        }
        (Verdict::Created(ticket), Some(Fault::IdAndError)) => {
            (one("ticket_id", &ticket.id), vec![407])
        }
        (Verdict::Created(ticket), fault) => (ticket_result(ticket, fault), Vec::new()),
    }
}

fn ticket_result(ticket: &NewTicket, fault: Option<Fault>) -> Results {
    let id = match (fault, &ticket.earlier) {
        (Some(Fault::OtherId), Some(earlier)) => json!(earlier),
        (Some(Fault::NumericId), _) => match ticket.id.parse::<u64>() {
            Ok(number) => json!(number),
            Err(_) => json!(ticket.id),
        },
        _ => json!(ticket.id),
    };
    let mut result = ticket.echo.clone();
    result.push(("ticket_id", id));
    result.push(("notes", json!(ticket.notes)));
    Results(result)
}

fn errors(style: ErrorStyle, codes: &[u16]) -> Value {
    let Some(&first) = codes.first() else {
        return json!([]);
    };
    let object = |code| json!({"code": code, "message": meaning(code)});
    match style {
        ErrorStyle::Map => codes
            .iter()
            .map(|&code| (code.to_string(), json!(meaning(code))))
            .collect(),
        ErrorStyle::String => {
            let texts: Vec<_> = codes
                .iter()
                .map(|&code| format!("{code} = {}", meaning(code)))
                .collect();
            json!(texts.join("; "))
        }
        ErrorStyle::Number if codes.len() == 1 => json!(first),
        ErrorStyle::Number => json!(codes),
        ErrorStyle::Object if codes.len() == 1 => object(first),
        ErrorStyle::Object | ErrorStyle::Objects => {
            codes.iter().map(|&code| object(code)).collect()
        }
        ErrorStyle::List | ErrorStyle::Mixed => codes
            .iter()
            .flat_map(|&code| [json!(code.to_string()), json!(meaning(code))])
            .collect(),
    }
}

/// The text of a code in the page's tables.
fn meaning(code: u16) -> &'static str {
    match code {
        405 => "No Access to this practice.",
        406 => "Invalid doctor code.",
        407 => "Missing required information.",
        408 => "Not authenticated. Token has expired or user not found.",
        409 => "Database query failure.",
        410 => "Invalid DoB format.",
        411 => "This (dc=) doctor does not have Secure Messaging.",
        413 => "Missing required information on Ticket request or unable to create token.",
        414 => "Doctor submitted does not exist in submitted practice.",
        _ => "Error.",
    }
}

#[derive(Serialize)]
struct Envelope {
    success: bool,
    result: Results,
    errors: Value,
}

/// The pairs of `result` in their order; `[]` where there are none, as PHP writes an empty array.
struct Results(Vec<(&'static str, Value)>);

impl Serialize for Results {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_empty() {
            return serializer.collect_seq::<[(); 0]>([]);
        }
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// Writes text as `json_encode` does without flags.
struct PhpText;

impl Formatter for PhpText {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut units = [0; 2];
        let mut rest = fragment;
        while let Some(at) = rest.find(|c: char| c == '/' || !c.is_ascii()) {
            let (plain, special) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let mut characters = special.chars();
            match characters.next() {
                Some('/') => writer.write_all(b"\\/")?,
                Some(character) => {
                    for unit in character.encode_utf16(&mut units) {
                        write!(writer, "\\u{unit:04x}")?;
                    }
                }
                None => break,
            }
            rest = characters.as_str();
        }
        writer.write_all(rest.as_bytes())?;
        Ok(())
    }
}

fn php_json(value: &impl Serialize) -> String {
    let mut bytes = Vec::with_capacity(1024);
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, PhpText);
    value
        .serialize(&mut serializer)
        .expect("text, numbers and lists always serialize into memory");
    String::from_utf8(bytes).expect("PHP's JSON is ASCII")
}

/// An HTML page of a status, as Apache or a proxy makes it.
pub(crate) fn html(status: StatusCode) -> Response<AnswerBody> {
    let page = format!(
        "<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n<center><h1>{status}</h1></center>\r\n</body>\r\n</html>\r\n"
    );
    text(status, AnswerBody::whole(page))
}

fn text(status: StatusCode, body: AnswerBody) -> Response<AnswerBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let php_default = header::HeaderValue::from_static("text/html; charset=UTF-8");
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, php_default);
    response
}

fn retry_soon(mut response: Response<AnswerBody>) -> Response<AnswerBody> {
    let second = header::HeaderValue::from_static("1");
    response.headers_mut().insert(header::RETRY_AFTER, second);
    response
}
