//! Compares the ticket that the reply echoes with the one that was sent.
//!
//! A difference is how text that the server damaged is found. Only which fields differ leaves here. A field that the
//! reply does not name is no difference, nor are line ends and outer white space, which PHP changes at will. An echo in
//! which nothing of the patient is as it was sent is another row's: damage leaves the digits of a date in place. So is
//! one with two names that no damage makes of ours, since many patients share a day of birth.

use super::EchoDifference;
use super::envelope::Json;
use crate::ticket::{Payload, TicketField};
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

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

/// Whether the record is about somebody else: both names are, and so is the date of birth, or neither name can have been
/// made of ours. A field that the record does not name, or names blank, says nothing.
pub(super) fn is_about_another(record: &[(Cow<'_, str>, Json<'_>)], sent: &Payload) -> bool {
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
    let ours: Vec<&str> = NAMES
        .into_iter()
        .filter_map(|name| sent.get(name))
        .collect();
    // A server may take the one name for the other.
    let is_strange = |name| {
        echoed(name).is_some_and(|echo| ours.iter().all(|sent| is_another_name(sent, &echo)))
    };
    let are_other = NAMES.into_iter().all(|name| is_other(name, letters_of));
    let are_strange = !ours.is_empty() && NAMES.into_iter().all(is_strange);
    are_strange || are_other && is_other(TicketField::Dob, digits_of)
}

const NAMES: [TicketField; 2] = [TicketField::PatientLname, TicketField::PatientFname];

/// Whether a name cannot be ours, whatever a server does to texts: case, blanks, cutting, a title before it or something behind
/// it, letters with accents that are garbled, lost, escaped or written plainly, and a slip. Only letters that everybody
/// keeps are compared, and a name with hardly any tells nothing.
fn is_another_name(sent: &str, echo: &str) -> bool {
    let foreign = sent.chars().filter(|c| !c.is_ascii()).count();
    // A letter that is no ASCII is lost, or loses its accent and may become two letters.
    let lost = plain_letters(sent);
    let plain = plain_letters(&sent.nfd().collect::<String>());
    let echo = plain_letters(&without_escapes(echo));
    if [&lost, &echo].into_iter().any(|name| is_too_little(name)) {
        return false;
    }
    !can_become(&lost, &echo, 0) && !can_become(&plain, &echo, foreign)
}

/// Letters of which nothing can be said: too few, or one again and again, as a server writes that hides names.
fn is_too_little(letters: &str) -> bool {
    let mut all = letters.chars();
    let first = all.next();
    all.all(|c| Some(c) == first)
}

fn can_become(sent: &str, echo: &str, slips: usize) -> bool {
    let holds = |whole: &str, part: &str| {
        whole.starts_with(part) || part.len() >= 3 && whole.contains(part)
    };
    let allowed = slips + (sent.len().max(echo.len()) / 4).max(1);
    holds(echo, sent) || holds(sent, echo) || strsim::osa_distance(sent, echo) <= allowed
}

/// No name is longer than this many letters.
const LONGEST: usize = 64;

fn plain_letters(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphabetic);
    letters
        .take(LONGEST)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// A text without what servers write for characters: `&uacute;`, `&#250;`, `\u00fa`, `%C3%BA`, `=C3=BA`.
fn without_escapes(text: &str) -> String {
    // Some are escaped twice.
    let text = text.replace("&amp;", "&");
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find(['&', '\\', '%', '=']) {
        let (before, escape) = rest.split_at(at);
        plain.push_str(before);
        let mut chars = escape.chars();
        let sign = chars.next();
        let tail = chars.as_str();
        let hex = |tail: &str, digits: usize| {
            let is_hex = tail.chars().take(digits).all(|c| c.is_ascii_hexdigit());
            if is_hex { digits } else { 0 }
        };
        let length = match sign {
            Some('&') => {
                let name = |c: char| c.is_ascii_alphanumeric() || c == '#';
                let end = tail.find(|c| !name(c)).unwrap_or(tail.len());
                let is_whole = tail.split_at(end).1.starts_with(';');
                // One that was cut off stands at the end.
                if is_whole || end == tail.len() {
                    end
                } else {
                    0
                }
            }
            Some('\\') => match tail.chars().next() {
                Some('u') => 1 + hex(tail.split_at(1).1, 4),
                Some('x') => 1 + hex(tail.split_at(1).1, 2),
                _ => 0,
            },
            _ => hex(tail, 2),
        };
        rest = tail.get(length.min(tail.len())..).unwrap_or_default();
    }
    plain.push_str(rest);
    plain
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_damage_makes_a_name_another_patients() {
        for (sent, echo) in [
            ("Abernathy", "ABERNATHY "),
            ("Abernathy", "Abern"),
            ("Abernathy", "A"),
            ("Abernathy", "Abernathy Jr."),
            ("Abernathy", "Mrs. Abernathy"),
            ("Abernathy", "Abernethy"),
            ("Abernathy", "Aberanthy"),
            ("Abernathy", "ABERNATHY, RUTH"),
            ("Abernathy", ""),
            ("Abernathy", "********"),
            ("Abernathy", "XXXXXXXXX"),
            ("O'Brien", "O&#39;Brien"),
            ("O'Brien", "O\\'Brien"),
            ("O'Brien", "OBRIEN"),
            ("Núñez", "NÃºÃ±ez"),
            ("Núñez", "N\u{fffd}\u{fffd}ez"),
            ("Núñez", "N??ez"),
            ("Núñez", "Nez"),
            ("Núñez", "NUNEZ"),
            ("Núñez", "NUN"),
            ("Núñez", "N&uacute;&ntilde;ez"),
            ("Núñez", "N&uacute;&nti"),
            ("Núñez", "N&amp;uacute;&amp;ntilde;ez"),
            ("Núñez", "N\\u00fa\\u00f1ez"),
            ("Núñez", "N%C3%BA%C3%B1ez"),
            ("Núñez", "N=C3=BA=C3=B1ez"),
            ("Müller-Lüdenscheidt", "Mueller-Luedenscheidt"),
            ("Müller-Lüdenscheidt", "MULLERLUDE"),
            ("Strauß", "Strauss"),
            ("Łukasz", "Lukasz"),
            ("Łukasz", "?ukasz"),
            ("Æsa", "Aesa"),
            ("Ольга", "Olga"),
            ("李", "Li"),
            ("Zoë", "Zo"),
            ("Ng", "NG"),
        ] {
            assert!(!is_another_name(sent, echo), "{sent} {echo}");
        }
    }

    #[test]
    fn another_patients_name_is_told_from_ours() {
        for (sent, echo) in [
            ("Abernathy", "Bell"),
            ("Bell", "Abernathy"),
            ("Núñez", "Bell"),
            ("Núñez", "Hern&aacute;ndez"),
            ("Müller", "Schneider"),
            ("Li", "Ng"),
            ("Ana", "Bob"),
            ("Ruth", "Irma"),
            ("O'Brien", "Castillo"),
            ("Smith", "Jones"),
            ("García", "LÃ³pez"),
        ] {
            assert!(is_another_name(sent, echo), "{sent} {echo}");
        }
    }

    #[test]
    fn escapes_are_taken_away_and_nothing_else() {
        for (text, plain) in [
            ("", ""),
            ("a&b", "a"),
            ("Smith & Sons", "Smith  Sons"),
            ("100%", "100"),
            ("\\", ""),
            ("\\u", ""),
            ("\\uz", "z"),
            ("%C", ""),
            ("=é%É&ö;", "éÉö;"),
            ("A&eacute;B", "A;B"),
        ] {
            assert_eq!(without_escapes(text), plain, "{text}");
        }
    }
}
