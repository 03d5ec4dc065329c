//! What people decide about how a file is read, and the words in which they say it: vocabulary, no I/O.
//!
//! Owns `import` and `skip`, `top-left` and `fill`, `check`, `trust` and `refuse`, areas such as `A3:F200` and the names they
//! may have, the conditions under which a row is passed over, and the part of a file that is asked for. The mapping and the
//! command line write them, the readers follow them. Checks nothing against a file.

use crate::seen;
use std::fmt;
use std::ops::RangeInclusive;

/// What becomes of rows that a worksheet hides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hidden {
    /// They are read like all others.
    Import,
    /// They are passed over.
    Skip,
}

impl Hidden {
    /// The words that a user writes.
    pub(crate) const WORDS: [(&str, Hidden); 2] =
        [("import", Hidden::Import), ("skip", Hidden::Skip)];

    /// Reads the word that a user writes: `import` or `skip`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Hidden> {
        meaning(word, &Hidden::WORDS)
    }

    /// The word that [`Hidden::from_word`] reads.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Hidden::Import => "import",
            Hidden::Skip => "skip",
        }
    }
}

fn meaning<T: Copy>(word: &str, words: &[(&str, T)]) -> Option<T> {
    let found = words.iter().find(|(known, _)| *known == word);
    found.map(|(_, meaning)| *meaning)
}

/// The delimiter of a CSV file that a user means: itself, or `tab`. Any sign will do that is no letter, digit or quote.
#[must_use]
pub fn delimiter_from_word(word: &str) -> Option<u8> {
    match word.as_bytes() {
        b"tab" | b"\t" => Some(b'\t'),
        &[sign] if sign.is_ascii_punctuation() && sign != b'"' => Some(sign),
        _ => None,
    }
}

/// Which rows of a file are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Selection {
    /// First and last row as the spreadsheet shows them.
    pub rows: Option<(u64, u64)>,
    /// At most so many rows.
    pub limit: Option<u64>,
}

impl Selection {
    /// Whether a row is asked for, where so many rows before it were.
    pub(crate) fn contains(&self, row: u64, taken: u64) -> bool {
        self.rows
            .is_none_or(|(first, last)| (first..=last).contains(&row))
            && self.limit.is_none_or(|limit| taken < limit)
    }
}

/// As it was typed: `--rows 5-9 --limit 3`; nothing for a whole file.
impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((first, last)) = self.rows {
            write!(f, "--rows {first}-{last}")?;
        }
        if let Some(limit) = self.limit {
            let gap = if self.rows.is_some() { " " } else { "" };
            write!(f, "{gap}--limit {limit}")?;
        }
        Ok(())
    }
}

/// What becomes of merged cells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Merged {
    /// Their value stands in the first of them, as in the file.
    #[default]
    TopLeft,
    /// Their value stands in each of them, in rows that have a value of their own.
    Fill,
}

impl Merged {
    /// The words that a user writes.
    pub(crate) const WORDS: [(&str, Merged); 2] =
        [("top-left", Merged::TopLeft), ("fill", Merged::Fill)];

    /// Reads the word that a user writes: `top-left` or `fill`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Merged> {
        meaning(word, &Merged::WORDS)
    }
}

/// What is thought of the quotes of a CSV file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Quoting {
    /// A cell whose text looks like rows is taken for rows that a lone quote has swallowed.
    #[default]
    Check,
    /// They are sound, whatever stands in a cell.
    Trust,
}

impl Quoting {
    /// The words that a user writes.
    pub(crate) const WORDS: [(&str, Quoting); 2] =
        [("check", Quoting::Check), ("trust", Quoting::Trust)];

    /// Reads the word that a user writes: `check` or `trust`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Quoting> {
        meaning(word, &Quoting::WORDS)
    }
}

/// What becomes of rows of a CSV file that have fewer cells than the header.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ShortRows {
    /// They are invalid: a delimiter or a quote may be missing anywhere in them.
    #[default]
    Refuse,
    /// The cells at their end are missing and blank, as Excel leaves them out.
    Fill,
}

impl ShortRows {
    /// The words that a user writes.
    pub(crate) const WORDS: [(&str, ShortRows); 2] =
        [("refuse", ShortRows::Refuse), ("fill", ShortRows::Fill)];

    /// Reads the word that a user writes: `refuse` or `fill`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<ShortRows> {
        meaning(word, &ShortRows::WORDS)
    }
}

/// A rectangle of cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Area {
    /// Its rows as the spreadsheet shows them.
    pub rows: RangeInclusive<u64>,
    /// Its columns, counted from 0.
    pub columns: RangeInclusive<usize>,
}

impl Area {
    /// Reads `A3:F200`; `A3:F` and `A:F` leave the end or both ends of the rows open.
    #[must_use]
    pub fn from_words(words: &str) -> Option<Area> {
        let (first, last) = words.trim().split_once(':')?;
        let (first_column, first_row) = corner(first)?;
        let (last_column, last_row) = corner(last)?;
        let rows = first_row.unwrap_or(1)..=last_row.unwrap_or(u64::MAX);
        let columns = first_column..=last_column;
        (!rows.is_empty() && !columns.is_empty()).then_some(Area { rows, columns })
    }

    /// The same cells, and those below them down to the last row of the sheet.
    pub(crate) fn without_end(&self) -> Area {
        Area {
            rows: *self.rows.start()..=u64::MAX,
            columns: self.columns.clone(),
        }
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |row: u64, open: u64| match row {
            row if row == open => String::new(),
            row => row.to_string(),
        };
        let open_above = if *self.rows.end() == u64::MAX { 1 } else { 0 };
        let first = letters(*self.columns.start()) + &row(*self.rows.start(), open_above);
        let last = letters(*self.columns.end()) + &row(*self.rows.end(), u64::MAX);
        write!(f, "{first}:{last}")
    }
}

/// The letters of a column that is counted from 0.
pub(crate) fn letters(column: usize) -> String {
    let mut letters = Vec::new();
    let mut left = column + 1;
    while left > 0 {
        letters.push(char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(left - 1) % 26]));
        left = (left - 1) / 26;
    }
    letters.iter().rev().collect()
}

/// Where a table stands, in the words of whoever names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Range {
    /// These cells.
    Area(Area),
    /// What bears this name in the workbook: a table, or cells that a person named.
    Named(String),
}

impl Range {
    /// Reads an area, or a name as spreadsheets allow it: `Calls`, `night_calls`, `Log.2024`.
    #[must_use]
    pub fn from_words(words: &str) -> Option<Range> {
        if let Some(area) = Area::from_words(words) {
            return Some(Range::Area(area));
        }
        let name = words.trim();
        let is_name = name.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '\\'))
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '\\'));
        // `A3` and `F` are half an area, and no spreadsheet takes them for a name.
        let is_name =
            is_name && corner(name).is_none_or(|(_, row)| row.is_none() && name.len() > 1);
        is_name.then(|| Range::Named(name.to_owned()))
    }
}

/// In the words that [`Range::from_words`] reads.
impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Range::Area(area) => area.fmt(f),
            Range::Named(name) => f.write_str(name),
        }
    }
}

/// `F200` or `F`: the column from 0 and the row from 1.
fn corner(words: &str) -> Option<(usize, Option<u64>)> {
    let plain = words.replace('$', "");
    let split = plain.find(|c: char| !c.is_ascii_alphabetic());
    let (letters, digits) = plain.split_at_checked(split.unwrap_or(plain.len()))?;
    if letters.is_empty() || letters.len() > 3 {
        return None;
    }
    let column = letters.bytes().fold(0, |column, letter| {
        column * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1
    });
    let row = match digits {
        "" => None,
        digits => Some(digits.parse().ok().filter(|&row| row > 0)?),
    };
    Some((column - 1, row))
}

/// When a row is passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The column, by its header.
    pub column: String,
    /// What its cell must say.
    pub test: Test,
}

/// What a cell is compared with, whatever the space around it and between its words, and the characters in it that nobody can
/// see.
#[derive(Clone, PartialEq, Eq)]
pub enum Test {
    /// It is blank, or it is not.
    Blank(bool),
    /// It is one of these, whatever the case.
    Equals(Vec<String>),
}

impl Test {
    /// Whether it applies to a cell.
    pub(crate) fn applies(&self, text: &str) -> bool {
        match self {
            Test::Blank(blank) => seen::stripped(text).is_empty() == *blank,
            Test::Equals(words) => words.iter().any(|word| seen::is_same(word, text)),
        }
    }
}

impl fmt::Debug for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Test::Blank(blank) => f.debug_tuple("Blank").field(blank).finish(),
            Test::Equals(words) => f.debug_tuple("Equals").field(&words.len()).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_read_as_spreadsheets_write_them() {
        let area = |rows, columns| Some(Area { rows, columns });
        assert_eq!(Area::from_words("A3:F200"), area(3..=200, 0..=5));
        assert_eq!(Area::from_words(" $b$2:AA "), area(2..=u64::MAX, 1..=26));
        assert_eq!(Area::from_words("A:C"), area(1..=u64::MAX, 0..=2));
        for wrong in [
            "", "A3", "3:4", "F1:A2", "A9:B3", "A0:B3", "A1B:C3", "AAAA1:B2",
        ] {
            assert_eq!(Area::from_words(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_delimiter_is_any_one_sign() {
        for (word, sign) in [
            (",", b','),
            ("^", b'^'),
            ("~", b'~'),
            (":", b':'),
            ("tab", b'\t'),
            ("\t", b'\t'),
        ] {
            assert_eq!(delimiter_from_word(word), Some(sign), "{word:?}");
        }
        for wrong in ["", "a", "5", "\"", " ", "\n", "^^", "é", "\u{1}"] {
            assert_eq!(delimiter_from_word(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_selection_counts_rows_as_the_spreadsheet_does() {
        let part = Selection {
            rows: Some((10, 20)),
            limit: Some(3),
        };
        assert!(!part.contains(9, 0));
        assert!(part.contains(10, 0));
        assert!(part.contains(20, 2));
        assert!(
            !part.contains(12, 3),
            "the limit counts rows that were taken"
        );
        assert!(Selection::default().contains(1_000_000, 999_999));
        assert_eq!(part.to_string(), "--rows 10-20 --limit 3");
        assert_eq!(Selection::default().to_string(), "");
    }

    #[test]
    fn columns_are_named_as_spreadsheets_name_them() {
        let named = [0, 25, 26, 51, 52, 701, 702].map(letters);
        assert_eq!(named, ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
    }

    #[test]
    fn areas_are_written_as_they_are_read() {
        for words in ["A3:F200", "B2:AA", "A:C", "A1:C20", "ZZ9:AAA10", "XFD1:XFD"] {
            let shown = Area::from_words(words).unwrap().to_string();
            assert_eq!(
                Area::from_words(&shown),
                Area::from_words(words),
                "{words}: {shown}"
            );
        }
        assert_eq!(Area::from_words("$b$2:AA").unwrap().to_string(), "B2:AA");
    }

    #[test]
    fn a_range_is_an_area_or_a_name() {
        assert_eq!(
            Range::from_words("A3:F"),
            Area::from_words("A3:F").map(Range::Area)
        );
        for name in ["Calls", "_log", "Tabelle1", "Log.2024", "Anrufe_süd"] {
            assert_eq!(Range::from_words(name), Some(Range::Named(name.to_owned())));
        }
        for wrong in [
            "",
            "A3",
            "F",
            "3",
            "A3-F200",
            "A3:F:9",
            "two words",
            "Sheet1!A1:B2",
        ] {
            assert_eq!(Range::from_words(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn tests_look_past_case_and_space() {
        let void = Test::Equals(vec!["Void".to_owned(), "Test".to_owned()]);
        assert!(void.applies(" VOID ") && void.applies("test") && !void.applies("voided"));
        assert!(Test::Blank(true).applies(" \t") && !Test::Blank(false).applies(""));
        assert!(!format!("{void:?}").contains("Void"));
        for unseen in [
            "void\u{200b}",
            "\u{202a}Void\u{202c}",
            "vo\u{ad}id",
            "\u{feff}void\u{1}",
            "Te\u{200b}st",
        ] {
            assert!(void.applies(unseen), "{unseen:?}");
        }
        let two = Test::Equals(vec!["No  answer".to_owned()]);
        assert!(
            two.applies("no answer") && two.applies("NO\u{a0}ANSWER") && two.applies("no\nanswer")
        );
        assert!(Test::Blank(true).applies("\u{200b} \u{202c}"));
        assert!(Test::Equals(vec!["Annulé".to_owned()]).applies("ANNULE\u{301}"));
    }
}
