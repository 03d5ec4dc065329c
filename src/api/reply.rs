//! What one attempt proves: an answer's bytes and status in, [`Reply`] or [`StatusReply`] out.
//!
//! Owns the rule that only the API's own JSON proves anything, 429 aside: a code counts inside its `errors`, never as
//! an HTTP status, and whatever does not fit exactly is [`Unproven`]. Guarantees not to panic on any bytes, and that
//! nothing of an answer but codes, the ticket ID and the ticket's status leaves it. Does no I/O.

mod codes;
mod echo;
mod envelope;

#[cfg(test)]
mod tests;

use super::token::Token;
use crate::ticket::{ErrorCode, Payload, TicketField, TicketId};
use codes::Errors;
use envelope::{Envelope, Foreign, Success};
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// What one attempt at a submission proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Nothing of the ticket left this machine.
    NotSent(NotSent),
    /// Refused at the door, unread: 429, or a 503 that the profile calls safe.
    Refused {
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
    },
    /// The ticket exists.
    Created {
        /// Its ID, which may have odd characters.
        ticket_id: TicketId,
        /// The fields that the server stored otherwise than they were sent.
        echo: Vec<EchoDifference>,
    },
    /// Not processed, since the token has expired.
    TokenExpired,
    /// No ticket was made of this row, and none would be.
    Rejected(ErrorCode),
    /// Whether a ticket was made is not known.
    Unproven(Unproven),
}

/// What one question for a ticket's status brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatusReply {
    /// The status, as the API words it: foreign text.
    Status(String),
    /// The API knows no such ticket (406).
    UnknownTicket,
    /// The token has expired.
    TokenExpired,
    /// The API answered with another code of its tables.
    Rejected(ErrorCode),
    /// Refused at the door: 429, or a 503 that the profile calls safe.
    Refused {
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
    },
    /// The question did not leave this machine.
    NotSent(NotSent),
    /// No usable answer.
    Unproven(Unproven),
}

impl StatusReply {
    /// Whether the server answered as itself, in the API's own JSON.
    #[must_use]
    pub fn is_own_answer(&self) -> bool {
        match self {
            StatusReply::Status(_)
            | StatusReply::UnknownTicket
            | StatusReply::TokenExpired
            | StatusReply::Rejected(_) => true,
            StatusReply::Refused { .. } | StatusReply::NotSent(_) => false,
            StatusReply::Unproven(seen) => seen.is_api,
        }
    }
}

/// Why nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotSent {
    /// The kind of failure.
    pub kind: NotSentKind,
    /// What the operating system or TLS said; no address with a token, no value.
    pub detail: String,
}

/// The kinds of failure before anything was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotSentKind {
    /// The host's name has no address.
    Dns,
    /// Nothing listens there.
    Refused,
    /// TLS failed, other than by the certificate.
    Tls,
    /// The server's certificate is not to be trusted.
    Certificate,
    /// Connecting took too long.
    ConnectTimeout,
    /// Anything else, with the same proof.
    Other,
}

impl NotSentKind {
    /// The stable word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            NotSentKind::Dns => "dns",
            NotSentKind::Refused => "refused",
            NotSentKind::Tls => "tls",
            NotSentKind::Certificate => "certificate",
            NotSentKind::ConnectTimeout => "connect_timeout",
            NotSentKind::Other => "connect",
        }
    }
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            NotSentKind::Dns => "the server's name was not found",
            NotSentKind::Refused => "the server refused the connection",
            NotSentKind::Tls => "no secure connection could be made",
            NotSentKind::Certificate => "the server's certificate is not to be trusted",
            NotSentKind::ConnectTimeout => "connecting took too long",
            NotSentKind::Other => "no connection could be made",
        };
        if self.detail.is_empty() {
            f.write_str(what)
        } else {
            write!(f, "{what} ({})", self.detail)
        }
    }
}

/// What was seen instead of a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unproven {
    /// A stable word: `timeout`, `reset`, `cut`, `unreadable`, `http.502`, `code.409`, `no_ticket_id`, `two_codes`, …
    pub code: Cow<'static, str>,
    /// The same for people, without a value from the answer.
    pub message: String,
    /// Whether it was the API's own JSON.
    pub is_api: bool,
}

impl Unproven {
    /// Something that was not the API's own JSON.
    pub(super) fn foreign(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Unproven {
            code: code.into(),
            message: message.into(),
            is_api: false,
        }
    }

    fn own(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Unproven {
            code: code.into(),
            message: message.into(),
            is_api: true,
        }
    }
}

impl fmt::Display for Unproven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// A field that the server stored otherwise than it was sent; which, never how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EchoDifference {
    /// The field.
    pub field: TicketField,
}

/// What the API says when asked for a token.
#[derive(Debug)]
pub(super) enum TokenReply {
    /// The token.
    Token(Token),
    /// The API said no, with these codes of its tables.
    Refused(Vec<ErrorCode>),
    /// No usable answer.
    Unproven(Unproven),
}

/// Decodes the answer to a submission.
pub(super) fn submission(status: u16, body: &[u8], sent: &Payload) -> Reply {
    let text = String::from_utf8_lossy(body);
    match envelope::find(&text) {
        Ok(envelope) => verdict(&envelope, sent),
        Err(foreign) => Reply::Unproven(not_ours(status, foreign, body)),
    }
}

fn verdict(envelope: &Envelope<'_>, sent: &Payload) -> Reply {
    if let Some(unclear) = unclear(envelope) {
        return Reply::Unproven(unclear);
    }
    let errors = Errors::read(envelope.errors());
    let ids = envelope.ticket_ids();
    if ids.is_some() {
        return match created(envelope, &errors, &ids) {
            Ok(_) if echo::is_about_another(envelope.record(), sent) => {
                Reply::Unproven(Unproven::own(
                    "other_echo",
                    "the API answered with the ticket of another patient",
                ))
            }
            Ok(ticket_id) => Reply::Created {
                ticket_id,
                echo: echo::differences(envelope.record(), sent),
            },
            Err(unproven) => Reply::Unproven(unproven),
        };
    }
    if envelope.success() == Success::Yes {
        return Reply::Unproven(Unproven::own(
            "no_ticket_id",
            "the API answered with success but without a ticket ID",
        ));
    }
    match only_code(&errors) {
        Ok(ErrorCode::TOKEN_EXPIRED) => Reply::TokenExpired,
        Ok(code) => Reply::Rejected(code),
        Err(unproven) => Reply::Unproven(unproven),
    }
}

fn created(
    envelope: &Envelope<'_>,
    errors: &Errors,
    ids: &envelope::TicketIds<'_>,
) -> Result<TicketId, Unproven> {
    if errors.any() {
        return Err(Unproven::own(
            "id_and_error",
            "the API answered with both a ticket ID and an error",
        ));
    }
    if envelope.success() != Success::Yes {
        return Err(Unproven::own(
            "id_without_success",
            "the API answered with a ticket ID but without success",
        ));
    }
    match ids {
        envelope::TicketIds::One(text) => TicketId::new(text).ok_or_else(|| {
            Unproven::own(
                "no_ticket_id",
                "the API answered with success but a blank ticket ID",
            )
        }),
        envelope::TicketIds::Several => Err(Unproven::own(
            "two_ids",
            "the API answered with more than one ticket ID",
        )),
        envelope::TicketIds::None | envelope::TicketIds::Unreadable => Err(Unproven::own(
            "no_ticket_id",
            "the API answered with success but its ticket ID cannot be read",
        )),
    }
}

/// Decodes the answer to a question for a ticket's status.
pub(super) fn ticket_status(status: u16, body: &[u8]) -> StatusReply {
    let text = String::from_utf8_lossy(body);
    let envelope = match envelope::find(&text) {
        Ok(envelope) => envelope,
        Err(foreign) => return StatusReply::Unproven(not_ours(status, foreign, body)),
    };
    if let Some(unclear) = unclear(&envelope) {
        return StatusReply::Unproven(unclear);
    }
    let errors = Errors::read(envelope.errors());
    if envelope.success() == Success::Yes && !errors.any() {
        return match envelope.result_text("ticket_status") {
            Some(status) => StatusReply::Status(status.into_owned()),
            None => StatusReply::Unproven(Unproven::own(
                "no_status",
                "the API answered with success but without the ticket's status",
            )),
        };
    }
    match only_code(&errors) {
        Ok(ErrorCode::TOKEN_EXPIRED) => StatusReply::TokenExpired,
        Ok(ErrorCode(406)) => StatusReply::UnknownTicket,
        Ok(code) => StatusReply::Rejected(code),
        Err(unproven) => StatusReply::Unproven(unproven),
    }
}

/// Decodes the answer to a login.
pub(super) fn token(status: u16, body: &[u8]) -> TokenReply {
    let text = String::from_utf8_lossy(body);
    let envelope = match envelope::find(&text) {
        Ok(envelope) => envelope,
        Err(foreign) => return TokenReply::Unproven(not_ours(status, foreign, body)),
    };
    if let Some(unclear) = unclear(&envelope) {
        return TokenReply::Unproven(unclear);
    }
    let errors = Errors::read(envelope.errors());
    if envelope.success() == Success::Yes && !errors.any() {
        return match envelope.result_text("token") {
            Some(token) => TokenReply::Token(Token::new(token.into_owned())),
            None => TokenReply::Unproven(Unproven::own(
                "no_token",
                "the API answered with success but without a token",
            )),
        };
    }
    if errors.codes().contains(&ErrorCode::DATABASE_FAILED.0) {
        return TokenReply::Unproven(unknown_code(ErrorCode::DATABASE_FAILED));
    }
    TokenReply::Refused(errors.codes().iter().copied().map(ErrorCode).collect())
}

/// The one code that proves something: 408 or a rejection.
fn only_code(errors: &Errors) -> Result<ErrorCode, Unproven> {
    match errors.codes() {
        _ if errors.has_unknown() => Err(Unproven::own(
            "unknown_error",
            "the API answered with an error in a form that this program does not know",
        )),
        [] => Err(Unproven::own(
            "no_code",
            "the API answered without success and without an error code",
        )),
        [code] => {
            let code = ErrorCode(*code);
            if code == ErrorCode::TOKEN_EXPIRED || code.is_rejection() {
                Ok(code)
            } else {
                Err(unknown_code(code))
            }
        }
        _ => Err(Unproven::own(
            "two_codes",
            "the API answered with more than one error code",
        )),
    }
}

fn unknown_code(code: ErrorCode) -> Unproven {
    let message = if code == ErrorCode::DATABASE_FAILED {
        format!("the API answered {code}: its database failed")
    } else {
        format!("the API answered with error code {code}, which proves nothing")
    };
    Unproven::own(format!("code.{code}"), message)
}

fn unclear(envelope: &Envelope<'_>) -> Option<Unproven> {
    let message = if envelope.has_twins() {
        "the API's answer says the same thing twice, differently"
    } else if envelope.success() == Success::Odd {
        "the API's answer says neither success nor failure"
    } else {
        return None;
    };
    Some(Unproven::own("ambiguous", message))
}

fn not_ours(status: u16, foreign: Foreign, body: &[u8]) -> Unproven {
    let what = match foreign {
        Foreign::Several => "with several JSON answers in one",
        Foreign::NotOurs if body.trim_ascii().is_empty() => "with nothing",
        Foreign::NotOurs if looks_like_html(body) => "with an HTML page instead of the API's JSON",
        Foreign::NotOurs => "with something else than the API's JSON",
    };
    let code: Cow<'static, str> = match status {
        200..=299 => "unreadable".into(),
        _ => format!("http.{status}").into(),
    };
    Unproven::foreign(code, format!("the server answered HTTP {status} {what}"))
}

fn looks_like_html(body: &[u8]) -> bool {
    let start = body.trim_ascii_start();
    start.first() == Some(&b'<')
}
