//! The words of a header, as they are held against known ones.
//!
//! Owns what does not count in them: case, punctuation, that several are meant, and a hint at how the values are written.
//! Knows no known name, no file and no value.

use crate::seen::{composed, stripped};

/// What stands behind a name or in brackets to say how its values are written.
const HINTS: [&str; 20] = [
    "mm", "dd", "yy", "yyyy", "mmddyy", "mmddyyyy", "ddmmyyyy", "yyyymmdd", "m", "f", "u", "male",
    "female", "required", "optional", "xxx", "xxxx", "digits", "format", "us",
];
/// Hints at dates are ones without brackets, too.
const DATE_HINTS: usize = 8;
/// Words of fewer letters end in an s of their own.
const LETTERS_WITH_A_PLURAL: usize = 4;

/// The words of a header in small letters: `PatientLastName` and `patient's last-name` are three. A `#`, and what is short for
/// number, is the word `number`.
pub(super) fn words(header: &str) -> Vec<String> {
    let header = stripped(header);
    let header = composed(&header);
    let mut all = split(&without_hints(&header));
    if all.is_empty() {
        all = split(&header);
    }
    let is_date_hint = |word: &String| HINTS.iter().take(DATE_HINTS).any(|hint| hint == word);
    while all.len() > 1 && all.last().is_some_and(is_date_hint) {
        all.pop();
    }
    all
}

/// A word as one of many is meant by it: `notes` is `note`, and what is no plural loses its s on both sides.
pub(super) fn singular(word: &str) -> &str {
    let is_plural = word.chars().count() >= LETTERS_WITH_A_PLURAL && !word.ends_with("ss");
    word.strip_suffix('s').filter(|_| is_plural).unwrap_or(word)
}

fn split(header: &str) -> Vec<String> {
    let mut spaced = String::with_capacity(header.len());
    let mut before = ' ';
    for c in header.chars() {
        match c {
            '\'' | '\u{2019}' | '`' => continue,
            // In front of a name it begins a comment.
            '#' if spaced.contains(char::is_alphanumeric) => spaced.push_str(" number "),
            c if c.is_alphanumeric() => {
                if before.is_lowercase() && c.is_uppercase() {
                    spaced.push(' ');
                }
                spaced.extend(c.to_lowercase());
            }
            _ => spaced.push(' '),
        }
        before = c;
    }
    let words = spaced.split_whitespace().filter(|word| *word != "the");
    words
        .enumerate()
        .map(|(place, word)| match word {
            "no" | "num" | "nbr" | "nr" if place > 0 => "number".to_owned(),
            _ => word.to_owned(),
        })
        .collect()
}

/// Without the brackets in which nothing but hints stand.
fn without_hints(header: &str) -> String {
    let mut rest = header;
    let mut left = String::new();
    while let Some((before, behind)) = rest.split_once(['(', '[']) {
        left.push_str(before);
        left.push(' ');
        rest = behind;
        if let Some((within, after)) = behind.split_once([')', ']']) {
            let is_hint = split(within)
                .iter()
                .all(|word| HINTS.contains(&word.as_str()));
            if is_hint {
                rest = after;
            }
        }
    }
    left.push_str(rest);
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_parted_into_words() {
        for (header, expected) in [
            ("", ""),
            ("Last Name", "last name"),
            ("PatientLastName", "patient last name"),
            ("patient's_last-name*", "patients last name"),
            ("Call-back #", "call back number"),
            ("Phone#2", "phone number 2"),
            ("# MRN", "mrn"),
            ("Tel. No.", "tel number"),
            ("No.", "no"),
            ("Reason for the call", "reason for call"),
            ("DOB (MM/DD/YYYY)", "dob"),
            ("DOB mm/dd/yyyy", "dob"),
            ("Sex [M/F]", "sex"),
            ("(M/F)", "m f"),
            ("Name (Last)", "name last"),
            ("Pr\u{e9}nom", "pr\u{e9}nom"),
        ] {
            assert_eq!(words(header).join(" "), expected, "{header}");
        }
    }

    #[test]
    fn one_of_many_is_the_same_word() {
        for (word, one) in [
            ("notes", "note"),
            ("callers", "caller"),
            ("address", "address"),
            ("is", "is"),
        ] {
            assert_eq!(singular(word), one);
        }
    }
}
