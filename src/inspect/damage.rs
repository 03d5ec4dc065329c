//! [`Damage`]: what a file has lost before it came here, as far as single cells show it.
//!
//! Owns the signs: digits that a spreadsheet has cut, text that was decoded wrongly once, and quotes of another dialect. Guarantees to cost next
//! to nothing on a sound row, since it looks at every row of every rehearsal.

use super::finding::Finding;
use crate::counting::Tally;
use crate::row::{CellKind, Row};
use crate::seen;
use memchr::{memchr, memchr2_iter, memmem};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Excel keeps so many digits of a number.
const KEPT_DIGITS: usize = 15;

/// The signs, in the order in which they are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    /// A number with more digits than a spreadsheet keeps.
    Lost,
    /// `1.23E+11` in a text file.
    Scientific,
    /// `Ã©` for `é`.
    Garbled,
    /// U+FFFD, which stands for what could not be decoded.
    Replaced,
    /// A space before a quote, so that it opens no quoted cell.
    Spaced,
    /// `\"` for a quote within quotes.
    Escaped,
    /// `"5" long"`, where the first quote within quotes ends them.
    Undoubled,
    /// `'Ng'`, in the dialects of databases.
    Single,
    /// `="00123"`.
    Formula,
}

/// Counts the signs of damage, by column.
#[derive(Debug, Default)]
pub struct Damage {
    found: BTreeMap<(Sign, usize), Tally>,
}

/// Made once: making it costs more than a search.
static EXPONENT: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(b"E+"));

impl Damage {
    /// Whether a row may be damaged, at a glance: on a row of which this says no, [`Damage::look`] would find nothing.
    ///
    /// All cells are looked at as one text: letters beyond ASCII are common, damaged ones are not.
    #[must_use]
    pub fn is_suspected(row: &Row) -> bool {
        let text = row.joined();
        row.has_kinds()
            || EXPONENT.find(text.as_bytes()).is_some()
            || row.undoubled().is_some()
            || has_dialect(row)
            || text.starts_with('\'')
            || text.ends_with('\'')
            || (!text.is_ascii() && may_be_foreign(text.as_bytes()))
    }

    /// Looks at a row.
    pub fn look(&mut self, row: &Row) {
        if !Damage::is_suspected(row) {
            return;
        }
        // One cell between single quotes may be meant so; several are a dialect.
        let is_single = row.cells().filter(|cell| is_single(cell.text)).count() > 1;
        for (at, cell) in row.cells().enumerate() {
            let sign = match cell.kind {
                CellKind::Number => is_cut(cell.text).then_some(Sign::Lost),
                CellKind::Text if is_scientific(cell.text) => Some(Sign::Scientific),
                _ => foreign(cell.text),
            };
            let single = (is_single && self::is_single(cell.text)).then_some(Sign::Single);
            let undoubled = (row.undoubled() == Some(at)).then_some(Sign::Undoubled);
            let dialect = dialect(cell.text).or(undoubled).or(single);
            for sign in [sign, dialect].into_iter().flatten() {
                self.found
                    .entry((sign, at))
                    .or_default()
                    .add(row.position.row);
            }
        }
    }

    /// What was found, with the columns' names.
    #[must_use]
    pub fn findings(&self, header: &[String]) -> Vec<Finding> {
        let finding = |(&(sign, at), &tally): (&(Sign, usize), &Tally)| {
            let (code, message) = told(sign);
            let finding = match sign {
                Sign::Formula => Finding::note(code, message),
                _ => Finding::warning(code, message),
            };
            let finding = finding.on(tally);
            match header.get(at) {
                Some(name) => finding.of_column(name),
                None => finding,
            }
        };
        self.found.iter().map(finding).collect()
    }
}

fn told(sign: Sign) -> (&'static str, &'static str) {
    match sign {
        Sign::Lost => (
            "digits.lost",
            "numbers of more than 15 digits: a spreadsheet keeps 15 and makes the rest zeros; export the column as text",
        ),
        Sign::Scientific => (
            "digits.scientific",
            "numbers in scientific notation, as Excel writes long ones: their last digits are lost; format the column as text and export again",
        ),
        Sign::Garbled => (
            "text.garbled",
            "letters look as if decoded wrongly once (such as é turned into two signs); export again as UTF-8",
        ),
        Sign::Replaced => (
            "text.replaced",
            "letters were lost when the file was made (a replacement sign stands for them); export again as UTF-8",
        ),
        Sign::Spaced => (
            "quotes.spaced",
            "cells begin with a space and a quote, which opens no quoted cell there: the quotes stand in the values, and a delimiter between them splits the cell; export again without spaces behind the delimiters",
        ),
        Sign::Escaped => (
            "quotes.escaped",
            "cells have quotes and backslashes, as where a quote is written \\\" instead of doubled: such a quote ends its cell, and backslash and quotes stand in the value; export again with doubled quotes",
        ),
        Sign::Undoubled => (
            "quotes.undoubled",
            "cells go on behind the quote that closes them, as where quotes within quotes are not doubled: such quotes are lost from the values or stand elsewhere in them; export again with doubled quotes",
        ),
        Sign::Single => (
            "quotes.single",
            "cells stand between single quotes, which are no quotes of CSV: they stand in the values; export again with double quotes or none",
        ),
        Sign::Formula => (
            "quotes.formula",
            "cells are written as formulas that hold a text (=\"…\"): the text is taken; without [key] a file with plain cells counts as new rows",
        ),
    }
}

/// More digits than are kept, or no digits but an exponent; behind a point they are no identifier's.
fn is_cut(text: &str) -> bool {
    if text.len() <= KEPT_DIGITS {
        return false;
    }
    let whole = text.split('.').next().unwrap_or(text);
    let digits = whole.trim_start_matches('-').trim_start_matches('0');
    let count = digits.bytes().filter(u8::is_ascii_digit).count();
    count > KEPT_DIGITS || text.contains('E')
}

/// `1.23457E+11`, `5E+09`.
fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.trim().split_once("E+") else {
        return false;
    };
    let mantissa = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (first, rest) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    first.len() == 1 && all_digits(first) && all_digits(rest) && all_digits(exponent)
}

/// Whether [`dialect`] finds something in a row. Quotes in sentences are common, so a quote alone is no suspicion: all that is
/// said of a row with one costs more than to read it.
fn has_dialect(row: &Row) -> bool {
    let text = row.joined().as_bytes();
    memchr(b'"', text).is_some()
        && (memchr(b'\\', text).is_some() || (begins_so(row) && has_begun_dialect(row)))
}

/// Whether a cell begins as [`dialect`] wants it: a look at one byte of each.
fn begins_so(row: &Row) -> bool {
    let text = row.joined().as_bytes();
    let mut start = 0;
    row.ends().iter().any(|&end| {
        let begun = std::mem::replace(&mut start, end as usize);
        begun < start && matches!(text.get(begun), Some(b' ' | b'='))
    })
}

#[cold]
fn has_begun_dialect(row: &Row) -> bool {
    row.cells().any(|cell| dialect(cell.text).is_some())
}

/// What another way of quoting has left in a cell.
fn dialect(text: &str) -> Option<Sign> {
    if !text.contains('"') {
        return None;
    }
    let is_spaced = text.starts_with(' ') && text.trim_start().starts_with('"');
    match seen::of_formula(text) {
        Some(_) => Some(Sign::Formula),
        None if is_spaced => Some(Sign::Spaced),
        None => text.contains('\\').then_some(Sign::Escaped),
    }
}

/// `'Ng'`.
fn is_single(text: &str) -> bool {
    text.len() > 2 && text.starts_with('\'') && text.ends_with('\'')
}

/// Whether [`foreign`] may find something: its signs begin with Â, Ã or â, or are U+FFFD, in the bytes of UTF-8.
fn may_be_foreign(text: &[u8]) -> bool {
    memchr2_iter(0xc3, 0xef, text).any(|at| {
        let next = text.get(at + 1).copied().unwrap_or_default();
        matches!(next, 0x82 | 0x83 | 0xa2 | 0xbf)
    })
}

/// Whether text holds a letter's UTF-8 bytes shown one by one in Windows-1252.
fn foreign(text: &str) -> Option<Sign> {
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        let next = signs.peek().copied();
        match sign {
            '\u{fffd}' => return Some(Sign::Replaced),
            'Ã' if next.is_some_and(continues) => return Some(Sign::Garbled),
            'Â' if next.is_some_and(|next| ('\u{a0}'..='\u{bf}').contains(&next)) => {
                return Some(Sign::Garbled);
            }
            'â' if matches!(next, Some('€' | '\u{80}')) => return Some(Sign::Garbled),
            _ => {}
        }
    }
    None
}

/// Whether a character is a byte from 80 to BF shown in Windows-1252 or Latin-1.
fn continues(sign: char) -> bool {
    const SPECIAL: &str = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ";
    ('\u{80}'..='\u{bf}').contains(&sign) || SPECIAL.contains(sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: u64, cells: &[(&str, CellKind)]) -> Row {
        let mut row = Row::default();
        row.reset(number, None);
        for (text, kind) in cells {
            row.push_kind(text, *kind);
        }
        row
    }

    /// Code, column, how many rows, and the first of them.
    fn found(damage: &Damage, header: &[String]) -> Vec<(&'static str, String, u64, u64)> {
        let findings = damage.findings(header).into_iter();
        findings
            .map(|f| (f.code, f.column.unwrap(), f.rows, f.first_row.unwrap()))
            .collect()
    }

    #[test]
    fn lost_digits_and_garbled_letters_are_found_in_their_columns() {
        let mut damage = Damage::default();
        let text = CellKind::Text;
        damage.look(&row(
            2,
            &[("Núñez", text), ("123456789012345", CellKind::Number)],
        ));
        damage.look(&row(
            3,
            &[("NÃºÃ±ez", text), ("1234567890123450", CellKind::Number)],
        ));
        damage.look(&row(
            4,
            &[("itâ€™s", text), ("1234567890123460", CellKind::Number)],
        ));
        damage.look(&row(
            5,
            &[
                ("5.55E+09", text),
                ("0.12345678901234567", CellKind::Number),
            ],
        ));
        damage.look(&row(6, &[("grade E", text), ("+1", text)]));
        let header = ["name".to_owned(), "mrn".to_owned()];
        let expected = [
            ("digits.lost", "mrn".to_owned(), 2, 3),
            ("digits.scientific", "name".to_owned(), 1, 5),
            ("text.garbled", "name".to_owned(), 2, 3),
        ];
        assert_eq!(found(&damage, &header), expected);
    }

    #[test]
    fn quotes_of_other_dialects_are_found_in_their_columns() {
        let mut damage = Damage::default();
        let text = CellKind::Text;
        let rows: [&[&str]; 8] = [
            &["1", " \"Smith\""],
            &["1", "said \\ow\\\" twice\""],
            &["'1'", "'Smith'"],
            &["=\"1\"", "Smith"],
            &["1", "5\" pipe"],
            &["1", "'Bob'"],
            &["O'", "'n"],
            &["C:\\x", " x"],
        ];
        for (number, cells) in (2..).zip(rows) {
            let cells: Vec<_> = cells.iter().map(|cell| (*cell, text)).collect();
            damage.look(&row(number, &cells));
        }
        let header = ["id".to_owned(), "name".to_owned()];
        let expected = [
            ("quotes.spaced", "name".to_owned(), 1, 2),
            ("quotes.escaped", "name".to_owned(), 1, 3),
            ("quotes.single", "id".to_owned(), 1, 4),
            ("quotes.single", "name".to_owned(), 1, 4),
            ("quotes.formula", "id".to_owned(), 1, 5),
        ];
        assert_eq!(found(&damage, &header), expected);
    }

    #[test]
    fn honest_letters_are_not_garbled() {
        let suspected = |text: &str| {
            let mut row = Row::default();
            row.push(text);
            Damage::is_suspected(&row)
        };
        assert!(!suspected("Núñez, fiebre desde anoche"));
        assert!(!suspected("says \"it hurts\" and \"5\" long\""));
        assert!(suspected("=\"1\"") && suspected(" \"Ng\"") && suspected("\\\"ow\\\""));
        for text in ["SÃO PAULO", "Âge", "âgé", "«À»", "20°C", "naïve – “so”"] {
            assert_eq!(foreign(text), None, "{text}");
        }
        for text in ["Ã©", "Ã\u{a0} la", "Â°", "â€“", "Ã‰"] {
            assert_eq!(foreign(text), Some(Sign::Garbled), "{text}");
            assert!(suspected(text), "{text}");
        }
        assert_eq!(foreign("N\u{fffd}ez"), Some(Sign::Replaced));
        assert!(suspected("N\u{fffd}ez"));
    }
}
