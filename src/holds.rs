//! What a single cell seems to hold, told from its look, and whether a header holds a row's values instead of names.
//!
//! Owns the looks of dates, phones, ZIP codes, e-mail addresses and numbers. A guess for people: the mapping's own
//! rules decide what a ticket takes. Where the guess keeps a header from being shown it errs towards keeping it.

use crate::date_order::DayMonth;
use crate::row::{Cell, CellKind, Row};
use crate::seen;

/// What a cell or a column seems to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holds {
    /// Nothing at all.
    Blank,
    /// Anything.
    Text,
    /// A number.
    Number,
    /// A date, with or without a time.
    Date,
    /// A time of day or a duration.
    Time,
    /// True or false.
    Boolean,
    /// A phone number of North America.
    Phone,
    /// A ZIP code.
    Zip,
    /// An e-mail address.
    Email,
}

impl Holds {
    /// All of them, in the order in which they are told.
    pub const ALL: [Holds; 9] = [
        Holds::Blank,
        Holds::Text,
        Holds::Number,
        Holds::Date,
        Holds::Time,
        Holds::Boolean,
        Holds::Phone,
        Holds::Zip,
        Holds::Email,
    ];

    /// The word for reports, such as `phone`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Holds::Blank => "blank",
            Holds::Text => "text",
            Holds::Number => "number",
            Holds::Date => "date",
            Holds::Time => "time",
            Holds::Boolean => "boolean",
            Holds::Phone => "phone",
            Holds::Zip => "ZIP",
            Holds::Email => "e-mail",
        }
    }
}

/// What a cell seems to hold; and of a date what its numbers show: those in front of the year, or, in a cell that the workbook
/// holds as a date, its day and its month.
pub(crate) fn of(cell: Cell<'_>) -> (Holds, Option<DayMonth>) {
    let formula = seen::of_formula(cell.text);
    let text = formula.as_deref().unwrap_or(cell.text.trim());
    let holds = match cell.kind {
        _ if text.is_empty() => Holds::Blank,
        CellKind::Date => return (Holds::Date, of_date(text)),
        CellKind::Time => Holds::Time,
        CellKind::Boolean => Holds::Boolean,
        CellKind::Error | CellKind::Uncomputed => Holds::Text,
        CellKind::Text | CellKind::Number => return of_text(text),
    };
    (holds, None)
}

/// Of a cell's day and month, as a workbook's date is shown: `YYYY-MM-DD`, perhaps with a time. The days zero of spreadsheets,
/// which a cell with only a time has, are none.
fn of_date(text: &str) -> Option<DayMonth> {
    if text.starts_with("1899-12-3") {
        return None;
    }
    let (month, day) = (text.get(5..7)?, text.get(8..10)?);
    Some(DayMonth::of(day.parse().ok()?, month.parse().ok()?))
}

/// What a cell says in place of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lack {
    /// An error of the spreadsheet, such as `#N/A`.
    Error,
    /// `#####`, as a value is shown in a column that is too narrow for it, and saved so in a CSV file.
    TooNarrow,
    /// A formula whose value the file does not hold.
    Uncomputed,
}

/// Whether a cell holds an error instead of a value. A worksheet marks such cells; in text they are what it shows.
#[inline]
pub(crate) fn lack(cell: Cell<'_>) -> Option<Lack> {
    match cell.kind {
        CellKind::Error => Some(Lack::Error),
        CellKind::Uncomputed => Some(Lack::Uncomputed),
        CellKind::Text => {
            let text = seen::trim(cell.text);
            text.starts_with('#').then(|| lack_in(text)).flatten()
        }
        CellKind::Number | CellKind::Date | CellKind::Time | CellKind::Boolean => None,
    }
}

#[cold]
fn lack_in(text: &str) -> Option<Lack> {
    // Those of Excel and of Google Sheets.
    const ERRORS: [&str; 17] = [
        "#N/A",
        "#NAME?",
        "#REF!",
        "#VALUE!",
        "#DIV/0!",
        "#NUM!",
        "#NULL!",
        "#SPILL!",
        "#CALC!",
        "#GETTING_DATA",
        "#FIELD!",
        "#BLOCKED!",
        "#UNKNOWN!",
        "#CONNECT!",
        "#BUSY!",
        "#EXTERNAL!",
        "#ERROR!",
    ];
    if ERRORS.iter().any(|error| text.eq_ignore_ascii_case(error)) {
        Some(Lack::Error)
    } else {
        // One or two may be meant.
        let is_narrow = text.len() > 2 && text.bytes().all(|byte| byte == b'#');
        is_narrow.then_some(Lack::TooNarrow)
    }
}

/// Whether a text is what databases write where there is no value. There are people called Null, who are written so.
pub(crate) fn is_null(text: &str) -> bool {
    matches!(
        text,
        "\\N" | "NULL" | "null" | "(null)" | "(NULL)" | "<null>" | "<NULL>"
    )
}

/// Whether a header may be a row of values rather than of names: a single date, time, phone, e-mail address, number or
/// identifier that no column is called by is enough, since a file without a header would show a patient.
pub(crate) fn is_of_values(header: &[String]) -> bool {
    header.iter().any(|name| value(named(name)).is_some())
}

/// Whether a header is a row like those below it: it has a value in a column that holds such values. A date over a column of
/// counts is a name.
pub(crate) fn is_a_row(header: &[String], below: &[Row]) -> bool {
    header.iter().enumerate().any(|(column, name)| {
        let stands_over_its_like = |holds| {
            let mut cells = below.iter().map(|row| row.cell(column));
            cells.any(|cell| value(cell) == Some(holds))
        };
        value(named(name)).is_some_and(stands_over_its_like)
    })
}

/// What a cell holds, if no column is called like that.
fn value(cell: Cell<'_>) -> Option<Holds> {
    let (holds, _) = of(cell);
    match holds {
        Holds::Date | Holds::Time | Holds::Email => Some(holds),
        // Which digits are a phone is a matter of the country.
        Holds::Phone | Holds::Zip => Some(Holds::Number),
        Holds::Number => is_long(cell.text.trim()).then_some(holds),
        Holds::Text => numbered(cell.text.trim()),
        Holds::Blank | Holds::Boolean => None,
    }
}

/// What text with digits in it stands for, by its shape alone: a date or a phone that cannot be, as test data and slips of the
/// pen have them, is a patient's all the same.
fn numbered(text: &str) -> Option<Holds> {
    let low = text.to_ascii_lowercase();
    let number = low.split(['x', 'e']).next().unwrap_or_default().trim();
    let is_punctuated = |signs: &[u8]| {
        let known = |byte: u8| byte.is_ascii_digit() || signs.contains(&byte);
        number.bytes().all(known)
    };
    let groups = number.split(|c: char| !c.is_ascii_digit());
    let groups: Vec<&str> = groups.filter(|group| !group.is_empty()).collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let digits: usize = lengths.iter().sum();
    match lengths.as_slice() {
        [1..=2, 1..=2, 2 | 4] | [4, 1..=2, 1..=2] if is_punctuated(b"/-.") => Some(Holds::Date),
        // A span of years is a name.
        [4, 4] if groups.iter().all(|group| is_year(group)) => None,
        _ if digits >= 7 && is_punctuated(b" ()-.+/") => Some(Holds::Number),
        _ => is_id(text).then_some(Holds::Text),
    }
}

/// `MRN100234`, `C-2024-00017`: one word of letters and digits, with a longer number in it than names of columns have.
fn is_id(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_/.#".contains(&byte);
    let mut groups = text.split(|c: char| !c.is_ascii_digit());
    text.bytes().all(known)
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && groups.any(|group| group.len() > 3 && !is_year(group))
}

/// A column's name as the cell that it stands in.
fn named(text: &str) -> Cell<'_> {
    let kind = CellKind::Text;
    Cell { text, kind }
}

/// Columns may be called 1 to 999, or by a year; what has more digits counts or names something.
fn is_long(number: &str) -> bool {
    number.bytes().filter(u8::is_ascii_digit).count() > 3 && !is_year(number)
}

fn is_year(number: &str) -> bool {
    number.len() == 4 && (number.starts_with("19") || number.starts_with("20"))
}

fn of_text(text: &str) -> (Holds, Option<DayMonth>) {
    if is_email(text) {
        return (Holds::Email, None);
    }
    if !text.bytes().any(|byte| byte.is_ascii_digit()) || text.len() > 64 {
        return (Holds::Text, None);
    }
    if is_phone(text) {
        return (Holds::Phone, None);
    }
    if let Some(order) = date(text) {
        return (Holds::Date, order);
    }
    let holds = if is_zip(text) {
        Holds::Zip
    } else if is_time(text) {
        Holds::Time
    } else if is_number(text) {
        Holds::Number
    } else {
        Holds::Text
    };
    (holds, None)
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let dotted = domain.split('.').count() > 1 && domain.split('.').all(|part| !part.is_empty());
    !local.is_empty() && dotted && !text.contains([' ', ',']) && !domain.contains('@')
}

/// Ten digits, or eleven that begin with 1, in the usual punctuation; an extension may follow.
fn is_phone(text: &str) -> bool {
    let low = text.to_ascii_lowercase();
    let number = low.split(['x', 'e']).next().unwrap_or(&low);
    if !number
        .bytes()
        .all(|b| b.is_ascii_digit() || b" ()-.+/".contains(&b))
    {
        return false;
    }
    let digits: Vec<u8> = number.bytes().filter(u8::is_ascii_digit).collect();
    // Behind a plus stands a country code.
    if number.contains('+') && digits.first() != Some(&b'1') {
        return false;
    }
    let ten = match digits.as_slice() {
        [b'1', rest @ ..] if rest.len() == 10 => rest,
        rest => rest,
    };
    // Neither an area code nor an exchange begins with 0 or 1.
    ten.len() == 10 && ten.first() > Some(&b'1') && ten.get(3) > Some(&b'1')
}

fn is_zip(text: &str) -> bool {
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    match text.split_once('-') {
        Some((five, four)) => {
            five.len() == 5 && four.len() == 4 && all_digits(five) && all_digits(four)
        }
        None => text.len() == 5 && all_digits(text),
    }
}

fn is_number(text: &str) -> bool {
    let bare = text.trim_start_matches(['-', '+', '$', '€', '£', ' ']);
    let bare = bare.trim_end_matches(['%', ' ', '€']);
    let (mantissa, exponent) = bare.split_once(['E', 'e']).unwrap_or((bare, "0"));
    let exponent = exponent.trim_start_matches(['+', '-']);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    mantissa.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && mantissa
            .bytes()
            .all(|b| b.is_ascii_digit() || b".,".contains(&b))
        && digits(exponent)
}

/// `7:30`, `07:30:00`, `7:30 PM`.
fn is_time(text: &str) -> bool {
    let low = text.to_ascii_lowercase();
    let clock = low.trim_end_matches("am").trim_end_matches("pm").trim();
    let parts: Vec<_> = clock.split(':').collect();
    let short =
        |part: &&str| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    (2..=3).contains(&parts.len()) && parts.iter().all(short)
}

/// Whether text is a date; the inner value holds what its first two numbers show where the year stands last.
fn date(text: &str) -> Option<Option<DayMonth>> {
    let day = text.split([' ', 'T']).next().unwrap_or(text);
    let parts: Vec<&str> = day.split(['/', '-', '.']).collect();
    if let [first, second, third] = parts.as_slice() {
        let number = |part: &str| {
            let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            part.parse::<u32>().ok().filter(|_| digits)
        };
        let (short, year) = (1..=2, [2, 4]);
        if let (Some(a), Some(b), Some(c)) = (number(first), number(second), number(third)) {
            if first.len() == 4 {
                return ((1..=12).contains(&b) && (1..=31).contains(&c)).then_some(None);
            }
            let fits = short.contains(&first.len()) && short.contains(&second.len());
            let one_is_a_month = (1..=12).contains(&a.min(b)) && a.max(b) <= 31;
            let is_date = fits && year.contains(&third.len()) && one_is_a_month;
            return is_date.then(|| Some(DayMonth::of(a, b)));
        }
    }
    has_month_name(text).then_some(None)
}

/// `12-Jan-1989`, `Jan 12, 1989`, `12 January 1989`.
fn has_month_name(text: &str) -> bool {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let low = text.to_ascii_lowercase();
    let words: Vec<_> = low
        .split([' ', '-', '/', ',', '.'])
        .filter(|w| !w.is_empty())
        .collect();
    let is_month = |word: &&&str| {
        word.get(..3).is_some_and(|start| MONTHS.contains(&start))
            && word.bytes().all(|b| b.is_ascii_lowercase())
    };
    let is_number = |word: &&&str| word.bytes().all(|b| b.is_ascii_digit());
    let letters = words
        .iter()
        .filter(|word| word.bytes().any(|b| b.is_ascii_lowercase()));
    words.iter().filter(is_month).count() == 1
        && letters.count() == 1
        && (1..=3).contains(&words.iter().filter(is_number).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_told_by_their_look() {
        let cases = [
            ("", Holds::Blank),
            ("  ", Holds::Blank),
            ("Ada", Holds::Text),
            ("Ada 2", Holds::Text),
            ("12", Holds::Number),
            ("-1,234.50", Holds::Number),
            ("$12.00", Holds::Number),
            ("5%", Holds::Number),
            ("1.2E+11", Holds::Number),
            ("02139", Holds::Zip),
            ("02139-4307", Holds::Zip),
            ("(212) 555-0100", Holds::Phone),
            ("+1 212.555.0100 x12", Holds::Phone),
            ("2125550100", Holds::Phone),
            ("1125550100", Holds::Number),
            ("+47 22 34 56 78", Holds::Text),
            ("12/30/1989", Holds::Date),
            ("30.12.89", Holds::Date),
            ("1989-12-30 10:00", Holds::Date),
            ("1989-12-30T10:00:00Z", Holds::Date),
            ("30-Dec-1989", Holds::Date),
            ("Dec 30, 1989", Holds::Date),
            ("31/31/1989", Holds::Text),
            ("7:30 PM", Holds::Time),
            ("07:30:00", Holds::Time),
            ("ada@example.com", Holds::Email),
            ("ada@home", Holds::Text),
            ("@example.com", Holds::Text),
            ("5 Oak Ln", Holds::Text),
            ("123|ABC", Holds::Text),
            ("=\"2125550100\"", Holds::Phone),
            ("=\"\"", Holds::Blank),
        ];
        for (text, holds) in cases {
            let kind = CellKind::Text;
            assert_eq!(of(Cell { text, kind }).0, holds, "{text:?}");
        }
    }

    #[test]
    fn errors_of_a_spreadsheet_are_told_in_text_too() {
        let lack = |text| {
            let kind = CellKind::Text;
            super::lack(Cell { text, kind })
        };
        for error in [
            "#N/A",
            "#NAME?",
            " #REF! ",
            "#DIV/0!\u{a0}",
            "#n/a",
            "#GETTING_DATA",
        ] {
            assert_eq!(lack(error), Some(Lack::Error), "{error:?}");
        }
        for narrow in ["###", "#####", " ######## "] {
            assert_eq!(lack(narrow), Some(Lack::TooNarrow), "{narrow:?}");
        }
        for value in [
            "",
            "#",
            "##",
            "#12",
            "# 4 Oak St",
            "#N/A today",
            "see #REF!",
            "N/A",
            "####1",
            "=#N/A",
        ] {
            assert_eq!(lack(value), None, "{value:?}");
        }
        let number = Cell {
            text: "#N/A",
            kind: CellKind::Number,
        };
        assert_eq!(super::lack(number), None);
    }

    #[test]
    fn what_databases_write_for_no_value_is_nobodys_name() {
        for null in ["\\N", "NULL", "null", "(null)", "<NULL>"] {
            assert!(is_null(null), "{null}");
        }
        for value in ["Null", "N", "\\n", "NULLA", "None", "", "(nil)"] {
            assert!(!is_null(value), "{value}");
        }
    }

    #[test]
    fn a_header_with_one_value_is_no_header() {
        let header = |name: &str| ["Last Name".to_owned(), name.to_owned()];
        let values = [
            "12/30/1989",
            "Dec 30, 1989",
            "7:30 PM",
            " 212-555-0100 ",
            "5551234567",
            "02139",
            "1234",
            "ada@example.org",
            "555-123-4567",
            "(155) 123-4567 x12",
            "+44 20 7946 0018",
            "123-45-6789",
            "31/31/1989",
            "13-13-80",
            "MRN100234",
            "C-2024-00017",
        ];
        for value in values {
            assert!(is_of_values(&header(value)), "{value:?}");
        }
        let names = [
            "",
            "DOB",
            "Phone 2",
            "E-mail @ home",
            "1",
            "112",
            "2024",
            "24/7",
            "9-1-1",
            "Q1/2024",
            "24/7/365",
            "2023-2024",
            "FY2024",
            "ICD10",
            "Patient's phone 555",
        ];
        for name in names {
            assert!(!is_of_values(&header(name)), "{name:?}");
        }
    }

    #[test]
    fn a_header_is_a_row_where_its_values_stand_over_their_like() {
        let header = |name: &str| ["Last Name".to_owned(), name.to_owned()];
        let below = |text: &str, kind| {
            let mut row = Row::default();
            row.push("Ada");
            row.push_kind(text, kind);
            [Row::default(), row]
        };
        let cases = [
            ("12/30/1989", "1990-01-31", CellKind::Date, true),
            ("5551234567", "2125550100", CellKind::Number, true),
            ("555-123-4567", "(212) 555-0100", CellKind::Text, true),
            ("13/13/1980", "12/30/1989", CellKind::Text, true),
            ("MRN100234", "MRN100235", CellKind::Text, true),
            ("MRN100234", "Ng", CellKind::Text, false),
            ("12/30/1989", "17", CellKind::Number, false),
            ("100022", "true", CellKind::Boolean, false),
            ("100022", "7", CellKind::Number, false),
            ("DOB", "1990-01-31", CellKind::Date, false),
            ("ada@example.org", "", CellKind::Text, false),
        ];
        for (name, text, kind, expected) in cases {
            let rows = below(text, kind);
            assert_eq!(
                is_a_row(&header(name), &rows),
                expected,
                "{name} over {text}"
            );
        }
    }

    #[test]
    fn the_order_of_day_and_month_is_open_where_the_year_stands_last() {
        assert_eq!(date("03/04/1989"), Some(Some(DayMonth::Either)));
        assert_eq!(date("1989/03/04"), Some(None));
        assert_eq!(date("03/Apr/1989"), Some(None));
        assert_eq!(date("212-55-0100"), None);
    }
}
