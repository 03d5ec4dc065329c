//! How names and texts are compared: folding of headers and values, trimming, and the likeliest name that was meant.
//!
//! Owns the one notion of "the same but for case and space" that headers, translations and suggestions share.
//! Knows no file and no rule.

use std::borrow::Cow;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// How alike two names must be before one is suggested for the other: swapped or missing letters pass, other words do not.
const ALIKE: f64 = 0.8;

/// Whether a character at the end of a text is nothing that a person sees: space, or a mark without width.
fn is_unseen(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

/// The text without what is unseen at its ends. Called for every field of every row.
#[inline]
pub(super) fn trim(text: &str) -> &str {
    if let (Some(first), Some(last)) = (text.as_bytes().first(), text.as_bytes().last())
        && first.is_ascii_graphic()
        && last.is_ascii_graphic()
    {
        return text;
    }
    text.trim_matches(is_unseen)
}

/// The text in Unicode's composed form, so that one name written in two ways stays one name.
pub(super) fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc(text) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// A header as it is compared: composed, small letters, single spaces, none at the ends.
pub(super) fn fold_header(header: &str) -> String {
    let mut folded = String::with_capacity(header.len());
    for word in trim(header).split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(composed(word).chars().flat_map(char::to_lowercase));
    }
    folded
}

/// A value as it is looked up, into a buffer that is used again: composed, small letters, nothing unseen at the ends.
pub(super) fn fold_value(value: &str, folded: &mut String) {
    folded.clear();
    let value = trim(value);
    if value.is_ascii() {
        folded.push_str(value);
        folded.make_ascii_lowercase();
    } else {
        folded.extend(composed(value).chars().flat_map(char::to_lowercase));
    }
}

/// The letters and digits of a name, small, for comparing what is alike.
fn letters(name: &str) -> String {
    let mut folded = fold_header(name);
    folded.retain(char::is_alphanumeric);
    folded
}

/// The candidate that was probably meant, if one is alike enough.
pub(super) fn likeliest<'a>(
    written: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let written = letters(written);
    candidates
        .map(|candidate| {
            let folded = letters(candidate);
            let score = strsim::jaro_winkler(&written, &folded)
                .max(strsim::sorensen_dice(&written, &folded));
            (score, candidate)
        })
        .filter(|(score, _)| *score >= ALIKE)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, candidate)| candidate)
}

/// Names as a sentence lists them with its last word: `a`, `a and b`, `a, b or c`.
pub(super) fn listed(names: &[String], word: &str) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [before @ .., last] => format!("{} {word} {last}", before.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_the_same_but_for_case_and_space() {
        for header in [
            "First Name",
            " first  NAME ",
            "\u{feff}First\u{a0}Name",
            "FIRST\nNAME",
        ] {
            assert_eq!(fold_header(header), "first name", "{header:?}");
        }
        assert_eq!(fold_header("Pre\u{301}nom"), fold_header("PRÉNOM"));
    }

    #[test]
    fn marks_without_width_count_as_space_at_the_ends_only() {
        assert_eq!(trim("\u{200b} Ada\u{feff}\n"), "Ada");
        assert_eq!(trim("A\u{200d}B"), "A\u{200d}B");
        assert_eq!(trim("\u{200b}\u{200b}"), "");
    }

    #[test]
    fn a_slip_of_the_pen_is_recognised_and_another_word_is_not() {
        let headers = ["Last Name", "First Name", "DOB"];
        let meant = |written| likeliest(written, headers.into_iter());
        assert_eq!(meant("Frist Name"), Some("First Name"));
        assert_eq!(meant("d.o.b"), Some("DOB"));
        assert_eq!(meant("Reason"), None);
    }

    #[test]
    fn names_are_listed_as_a_sentence_would() {
        let names = |n: usize| ["a", "b", "c"].map(str::to_owned)[..n].to_vec();
        assert_eq!(listed(&names(1), "and"), "a");
        assert_eq!(listed(&names(2), "and"), "a and b");
        assert_eq!(listed(&names(3), "or"), "a, b or c");
    }
}
