//! What a failed exchange proves: the one place where an error of the HTTP library is looked at.
//!
//! Every error loses its URL here, since the token stands in it, and leaves as a word and a sentence. Only a body that
//! no connection ever asked for proves that nothing was sent; the error's own kind merely says why.

use super::once::SentFlag;
use crate::api::reply::{NotSent, NotSentKind, Unproven};
use std::error::Error;
use std::io;

/// The word for a connection that broke before an answer began.
const BROKE: &str = "reset";

/// An exchange without an answer.
#[derive(Debug)]
pub(super) enum Failure {
    NotSent(NotSent),
    Unproven(Unproven),
}

impl Failure {
    /// Whether the connection broke before an answer began.
    pub(super) fn is_break(&self) -> bool {
        matches!(self, Failure::Unproven(seen) if seen.code == BROKE)
    }
}

/// Judges an exchange that failed before the answer's head had arrived; `flag` is its body's, if it has one.
pub(super) fn before_answer(error: reqwest::Error, flag: Option<&SentFlag>) -> Failure {
    let not_sent = match flag {
        Some(flag) => flag.withdraw(),
        None => error.is_connect(),
    };
    if not_sent {
        return before_anything(error);
    }
    let error = error.without_url();
    let (code, message) = if error.is_timeout() {
        ("timeout", "the server did not answer in time")
    } else if find::<hyper::Error>(&error).is_some_and(hyper::Error::is_parse) {
        (
            "unreadable",
            "the server answered with something that is not HTTP",
        )
    } else {
        (BROKE, "the connection broke before the server answered")
    };
    Failure::Unproven(Unproven::foreign(code, message))
}

/// Nothing that could be written to was there yet.
pub(super) fn before_anything(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    Failure::NotSent(NotSent {
        kind: kind(&error),
        detail: innermost(&error),
    })
}

/// Judges an answer that began and did not end.
pub(super) fn within_answer(error: reqwest::Error) -> Unproven {
    let error = error.without_url();
    if error.is_timeout() {
        Unproven::foreign("timeout", "the server did not finish its answer in time")
    } else {
        Unproven::foreign("cut", "the server's answer was cut short")
    }
}

fn kind(error: &reqwest::Error) -> NotSentKind {
    if error.is_dns() {
        return NotSentKind::Dns;
    }
    match find::<rustls::Error>(error) {
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => {
            return NotSentKind::Certificate;
        }
        Some(_) => return NotSentKind::Tls,
        None => {}
    }
    if error.is_connect() && error.is_timeout() {
        return NotSentKind::ConnectTimeout;
    }
    match find::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => NotSentKind::Refused,
        _ => NotSentKind::Other,
    }
}

/// The first error of a type in the chain, also where an I/O error hides it: its `source` steps over what it wraps.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        if let Some(inner) = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            && let Some(found) = find::<E>(inner)
        {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// The text of the cause at the end of the chain: what the operating system or TLS said.
fn innermost(error: &reqwest::Error) -> String {
    let mut last: &dyn Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}
