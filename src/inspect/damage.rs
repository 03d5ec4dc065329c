//! [`Damage`]: what a file has lost before it came here, as far as single cells show it.
//!
//! Owns the signs: digits that a spreadsheet has cut, and text that was decoded wrongly once. Guarantees to cost next
//! to nothing on a sound row, since it looks at every row of every rehearsal.

use super::finding::{Finding, Tally};
use crate::row::{CellKind, Row};
use memchr::{memchr2_iter, memmem};
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
            || (!text.is_ascii() && may_be_foreign(text.as_bytes()))
    }

    /// Looks at a row.
    pub fn look(&mut self, row: &Row) {
        if !Damage::is_suspected(row) {
            return;
        }
        for (at, cell) in row.cells().enumerate() {
            let sign = match cell.kind {
                CellKind::Number => is_cut(cell.text).then_some(Sign::Lost),
                CellKind::Text if is_scientific(cell.text) => Some(Sign::Scientific),
                _ => foreign(cell.text),
            };
            if let Some(sign) = sign {
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
            let finding = Finding::warning(code, message).on(tally);
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
        let told: Vec<_> = damage
            .findings(&header)
            .into_iter()
            .map(|f| (f.code, f.column.unwrap(), f.rows, f.first_row.unwrap()))
            .collect();
        let expected = [
            ("digits.lost", "mrn".to_owned(), 2, 3),
            ("digits.scientific", "name".to_owned(), 1, 5),
            ("text.garbled", "name".to_owned(), 2, 3),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn honest_letters_are_not_garbled() {
        let suspected = |text: &str| {
            let mut row = Row::default();
            row.push(text);
            Damage::is_suspected(&row)
        };
        assert!(!suspected("Núñez, fiebre desde anoche"));
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
