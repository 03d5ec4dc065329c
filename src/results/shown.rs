//! Foreign text as results show it, and ticket IDs read back from there.
//!
//! Owns what keeps a spreadsheet from running a cell and a terminal from obeying it. IDs like those of the API stay as
//! they are; an odd one is changed, and may then look like another odd one.

use crate::seen::is_odd;
use crate::ticket::TicketId;
use std::borrow::Cow;

/// Text that a spreadsheet will not run as a formula.
///
/// What starts with `=`, `+`, `-`, `@`, tab or carriage return gets an apostrophe before it, except plain numbers and
/// phones, which programs want as they are. White space before it counts as little as some spreadsheets take it for when
/// they read CSV.
#[must_use]
pub fn inert(text: &str) -> Cow<'_, str> {
    let seen = text.trim_start();
    let is_risky = seen.starts_with(['=', '+', '-', '@']) || text.starts_with(['\t', '\r']);
    let is_number = seen.starts_with(['+', '-'])
        && seen
            .chars()
            .skip(1)
            .all(|c| c.is_ascii_digit() || matches!(c, ' ' | '.' | '(' | ')' | '-'));
    if is_risky && !is_number {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text that [`inert`] made this of.
#[must_use]
pub(super) fn meant(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(bare) if inert(bare) == text => bare,
        _ => text,
    }
}

/// A ticket ID as results have it. One like those of the API stays as it is, whatever it begins with: programs ask for it.
/// No two IDs are shown alike.
#[must_use]
pub fn shown_ticket(ticket_id: &str) -> Cow<'_, str> {
    match TicketId::new(ticket_id) {
        Some(id) if !id.is_plain() => {
            let escaped = escaped(ticket_id);
            // One that has an apostrophe of its own gets another, since the first one is taken away again.
            if escaped.starts_with('\'') {
                Cow::Owned(format!("'{escaped}"))
            } else {
                Cow::Owned(inert(&escaped).into_owned())
            }
        }
        _ => Cow::Borrowed(ticket_id),
    }
}

/// A ticket ID with what is odd in it escaped, since it is foreign text. What has a backslash is escaped too, so that it does
/// not look like one that was: unlike what people are shown, this is read back.
fn escaped(ticket_id: &str) -> Cow<'_, str> {
    if !ticket_id.chars().any(|c| is_odd(c) || c == '\\') {
        return Cow::Borrowed(ticket_id);
    }
    let mut escaped = String::with_capacity(ticket_id.len());
    for c in ticket_id.chars() {
        if is_odd(c) || matches!(c, '\\' | '\'' | '"') {
            escaped.extend(c.escape_debug());
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// A ticket ID that was read back from results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldTicket {
    /// The ID.
    pub id: TicketId,
    /// Whether results show this ID as it was read; else somebody has changed it there, and it is taken as it stands.
    pub is_exact: bool,
}

impl ToldTicket {
    /// The ID that results show like this; none where the text is blank.
    #[must_use]
    pub fn read(text: &str) -> Option<ToldTicket> {
        let as_it_stands = TicketId::new(text)?;
        let text = as_it_stands.as_str();
        let bare = text.strip_prefix('\'').unwrap_or(text);
        let meant = if bare.contains('\\') {
            unescaped(bare)
        } else {
            Some(bare.to_owned())
        };
        let meant = meant.and_then(|meant| TicketId::new(&meant));
        Some(match meant {
            Some(id) if shown_ticket(id.as_str()) == text => ToldTicket { id, is_exact: true },
            _ => ToldTicket {
                id: as_it_stands,
                is_exact: false,
            },
        })
    }
}

/// What was escaped; none where something stands behind a backslash that is never escaped so.
fn unescaped(text: &str) -> Option<String> {
    let mut plain = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        plain.push(match rest.next()? {
            't' => '\t',
            'r' => '\r',
            'n' => '\n',
            '0' => '\0',
            'u' => {
                let digits = rest.as_str().strip_prefix('{')?.split_once('}')?.0;
                let code = u32::from_str_radix(digits, 16).ok()?;
                rest = rest.as_str().get(digits.len() + 2..)?.chars();
                char::from_u32(code)?
            }
            c @ ('\\' | '\'' | '"') => c,
            _ => return None,
        });
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_would_run_as_a_formula_is_made_inert_and_numbers_are_left_alone() {
        let cases = [
            ("=1+2", "'=1+2"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2+3*cmd", "'-2+3*cmd"),
            ("\t=1", "'\t=1"),
            (" =2", "' =2"),
            ("\n=1", "'\n=1"),
            ("\u{a0} @SUM(A1)", "'\u{a0} @SUM(A1)"),
            (" a=1", " a=1"),
            (" -17.5", " -17.5"),
            ("+1 (555) 010-4477", "+1 (555) 010-4477"),
            ("-17.5", "-17.5"),
            ("C000001", "C000001"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(inert(text), expected);
        }
    }

    #[test]
    fn control_characters_of_a_ticket_id_are_escaped() {
        assert_eq!(escaped("a\nb\u{1b}[31m"), "a\\nb\\u{1b}[31m");
        assert_eq!(
            escaped("T\u{202e}1\u{200b}\u{2028}é"),
            "T\\u{202e}1\\u{200b}\\u{2028}é"
        );
        assert_eq!(escaped("RQxQ5s84H"), "RQxQ5s84H");
    }

    #[test]
    fn a_ticket_id_of_the_api_is_never_changed() {
        for (id, shown) in [
            ("-xQ3", "-xQ3"),
            ("_a", "_a"),
            ("", ""),
            ("=1+2", "'=1+2"),
            ("-a b", "'-a b"),
            ("'a", "''a"),
            ("a\\n", "a\\\\n"),
        ] {
            assert_eq!(shown_ticket(id), shown);
        }
    }

    #[test]
    fn a_ticket_id_is_read_back_as_it_was_whatever_it_is() {
        for id in [
            "RQxQ5s84H",
            "-xQ3",
            "=1+2",
            "'=1+2",
            "'",
            "a b",
            "a\\nb",
            "a\nb",
            "=1+\"a\"\n,<b>a",
            "x\0\u{7f}\u{e9}\t'\\",
            "'\u{301}\r.",
            "T\u{202e}1\u{200b}2",
            "\u{feff}T\u{ad}",
            "\\u{202e}\u{202e}",
            "+1 2",
        ] {
            let told = ToldTicket::read(&shown_ticket(id)).unwrap();
            assert_eq!((told.id.as_str(), told.is_exact), (id, true));
        }
    }

    #[test]
    fn a_ticket_id_that_somebody_changed_is_taken_as_it_stands() {
        for text in ["=1+2", "a\\b", "'a", "\\u{110000}"] {
            let told = ToldTicket::read(text).unwrap();
            assert_eq!((told.id.as_str(), told.is_exact), (text, false));
        }
        assert_eq!(ToldTicket::read(" "), None);
    }
}
