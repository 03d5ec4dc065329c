//! Texts, comments and settings as TOML has them.
//!
//! Owns how a draft is written, not what is in it. Names of columns come from a file: in TOML they stand in quotes on one line,
//! in comments without anything that could end the line, so that no header can become a rule.

use crate::mapping::Source;
use crate::reading::{Merged, Quoting, ShortRows};
use crate::seen::is_unseen;
use std::fmt::Write as _;

/// Where a comment's line ends.
const WIDTH: usize = 118;

/// The lines of `[source]`: what was said of how the file is read, and nothing that is found anyway.
pub(super) fn settings(source: &Source) -> Vec<String> {
    let delimiter = source.delimiter.map(|sign| char::from(sign).to_string());
    let hidden = source.hidden.map(|hidden| hidden.word().to_owned());
    let quoting = (source.quoting == Quoting::Trust).then(|| "trust".to_owned());
    let short_rows = (source.short_rows == ShortRows::Fill).then(|| "fill".to_owned());
    let merged = (source.merged == Merged::Fill).then(|| "fill".to_owned());
    let range = source.range.as_ref().map(ToString::to_string);
    let texts = [
        ("sheet", source.sheet.clone()),
        ("encoding", source.encoding.clone()),
        ("delimiter", delimiter),
        ("quotes", quoting),
        ("short_rows", short_rows),
        ("hidden", hidden),
        ("merged", merged),
        ("range", range),
    ];
    let texts = texts
        .into_iter()
        .filter_map(|(key, text)| Some(format!("{key} = {}\n", quoted(&text?))));
    let row = source.header_row.map(|row| format!("header_row = {row}\n"));
    row.into_iter().chain(texts).collect()
}

/// A text as TOML has it, always on one line, so that it can be commented out: the `toml` crate would part one with line ends.
/// What nobody can see is written as its number.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() || is_unseen(c) || matches!(c, '\u{2028}' | '\u{2029}') => {
                let _infallible = write!(quoted, "\\U{:08X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A comment, in lines that a person can read. Its words are parted anew, so that nothing in it ends the line.
pub(super) fn comment(text: &mut String, words: &str) {
    let mut width = 0;
    for word in words.split_whitespace() {
        let length = word.chars().count();
        if width == 0 || width + 1 + length > WIDTH {
            let line_end = if width == 0 { "" } else { "\n" };
            let _infallible = write!(text, "{line_end}# {word}");
            width = 2 + length;
        } else {
            let _infallible = write!(text, " {word}");
            width += 1 + length;
        }
    }
    text.push('\n');
}

/// With a capital and a full stop.
pub(super) fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stands_on_one_line_and_is_the_same_when_it_is_read() {
        for (text, expected) in [
            ("a\tb", "\"a\\tb\""),
            ("\"\\", "\"\\\"\\\\\""),
            ("a\nb", "\"a\\U0000000Ab\""),
        ] {
            assert_eq!(quoted(text), expected);
            let table: ::toml::Table = format!("x = {}", quoted(text)).parse().unwrap();
            assert_eq!(table["x"].as_str(), Some(text));
        }
    }
}
