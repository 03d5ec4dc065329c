//! `dob`: dates in the formats that the mapping names, written `YYYYMMDD`.
//!
//! Formats are written strptime style. The usual ones (digits and separators) are compiled to a reader of our own,
//! which is fast and strict: a year has four digits, a month or a day that touches another number has two. All others
//! go to jiff. A year of two digits is of the century that does not lie in the future. A date that spreadsheets know
//! as a date needs no format. A midnight behind the date says nothing and is passed over; any other time of day is
//! refused, since nobody knows by which clock that day began.

mod clock;
mod order;

use super::{Calendar, Value};
use crate::date_order::{Clue, Order};
use crate::row::CellKind;
use jiff::ToSpan;
use jiff::civil::{Date, DateTime, date};
use jiff::fmt::strtime::{self, BrokenDownTime};
use std::borrow::Cow;
use std::ops::RangeInclusive;

/// Years that are believed to be written in full: "26" is not the year 26.
const YEARS: RangeInclusive<i16> = 1800..=2100;

/// What spreadsheets make of the numbers 0 and 1 where a date should be; no living patient was born on them.
const DAYS_ZERO: [Date; 2] = [date(1899, 12, 30), date(1899, 12, 31)];

/// The oldest age that is believed.
const OLDEST_AGE: i32 = 130;

/// A day whose year, month and day cannot be taken for one another, for trying formats.
const SAMPLE: DateTime = date(2001, 2, 3).at(4, 5, 6, 0);

/// The days between which a date of birth lies.
#[derive(Debug, Clone)]
pub(in crate::mapping) struct Days {
    today: Date,
    oldest: Date,
}

impl Days {
    /// The days as seen from today.
    pub(in crate::mapping) fn up_to(today: Date) -> Days {
        Days {
            today,
            oldest: today.saturating_sub(OLDEST_AGE.years()),
        }
    }
}

/// One accepted way to write a date.
#[derive(Debug, Clone)]
pub(in crate::mapping) struct DateFormat {
    written: String,
    reader: Reader,
    /// What is to be known of a format with day and month in numbers and no year in front of them.
    numbers: Option<Numbers>,
}

/// How a format takes two numbers of which each may be the month.
#[derive(Debug, Clone)]
struct Numbers {
    order: Order,
    /// How the mapping takes them: the first of its formats that reads such texts decides.
    taken_as: Order,
    /// The format of the other order, which reads what this one cannot.
    exchanged: Box<DateFormat>,
}

#[derive(Debug, Clone)]
enum Reader {
    /// Digits and separators, read by hand.
    Pieces(Vec<Piece>),
    /// Anything else that jiff knows; whether its year has two digits.
    Strptime { short_year: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Year,
    ShortYear,
    /// A month; whether it must have two digits, because another number follows or goes before at once.
    Month(bool),
    /// A day, likewise.
    Day(bool),
    Separator(u8),
}

impl DateFormat {
    /// Takes a format if dates can be read with it: none where it lacks a part of the date or has an unknown letter.
    pub(in crate::mapping) fn new(written: &str) -> Option<DateFormat> {
        let mut format = DateFormat::alone(written)?;
        let exchanged = order::exchanged(written);
        format.numbers = exchanged.and_then(|(order, other)| {
            Some(Numbers {
                order,
                taken_as: order,
                exchanged: Box::new(DateFormat::alone(&other)?),
            })
        });
        Some(format)
    }

    /// The format as one of those that a mapping names, in its order: `earlier` are tried before it.
    pub(in crate::mapping) fn behind(mut self, earlier: &[DateFormat]) -> DateFormat {
        let rival = earlier.iter().filter(|other| other.numbers.is_some());
        let mut rival = rival.filter(|other| self.sample_read_by(other).is_some());
        let rival = rival.next().and_then(|other| other.numbers.as_ref());
        if let (Some(numbers), Some(rival)) = (&mut self.numbers, rival) {
            numbers.taken_as = rival.taken_as;
        }
        self
    }

    fn alone(written: &str) -> Option<DateFormat> {
        let reader = match pieces(written) {
            Some(pieces) => Reader::Pieces(pieces),
            None => Reader::Strptime {
                short_year: written.contains("%y") || written.contains("%D"),
            },
        };
        let format = DateFormat {
            written: written.to_owned(),
            reader,
            numbers: None,
        };
        let sample = strtime::format(written, SAMPLE).ok()?;
        (format.read(&sample, date(2100, 1, 1)) == Some(SAMPLE.date())).then_some(format)
    }

    /// The ISO forms, for a mapping that names none.
    pub(in crate::mapping) fn iso() -> Vec<DateFormat> {
        ["%Y-%m-%d", "%Y%m%d"]
            .into_iter()
            .filter_map(DateFormat::new)
            .collect()
    }

    /// The format as the mapping has it.
    pub(in crate::mapping) fn written(&self) -> &str {
        &self.written
    }

    /// Whether the year has two digits, so that its century is a guess.
    pub(in crate::mapping) fn has_short_year(&self) -> bool {
        match &self.reader {
            Reader::Pieces(pieces) => pieces.contains(&Piece::ShortYear),
            Reader::Strptime { short_year } => *short_year,
        }
    }

    /// Whether a date written in this format could be read by the other one as another day.
    pub(in crate::mapping) fn is_taken_for(&self, other: &DateFormat) -> bool {
        self.sample_read_by(other)
            .is_some_and(|day| day != SAMPLE.date())
    }

    /// What the other format makes of a date that is written in this one.
    fn sample_read_by(&self, other: &DateFormat) -> Option<Date> {
        let sample = strtime::format(&self.written, SAMPLE).ok()?;
        other.read(&sample, date(2100, 1, 1))
    }

    /// The format as a mapping should have it that takes day and month in the wrong order; this one where it does not.
    pub(in crate::mapping) fn without(&self, wrong: Order) -> &str {
        match &self.numbers {
            Some(numbers) if numbers.order == wrong => &numbers.exchanged.written,
            Some(_) | None => &self.written,
        }
    }

    /// What a date that was read in this format shows.
    #[inline]
    fn clue(&self, day: Date) -> Option<Clue> {
        let numbers = self.numbers.as_ref()?;
        Some(numbers.clue(numbers.order, day))
    }

    /// The format as people write it, `MM/DD/YYYY`.
    fn for_people(&self) -> String {
        const WORDS: [(&str, &str); 12] = [
            ("%F", "YYYY-MM-DD"),
            ("%D", "MM/DD/YY"),
            ("%Y", "YYYY"),
            ("%y", "YY"),
            ("%m", "MM"),
            ("%-m", "M"),
            ("%d", "DD"),
            ("%e", "DD"),
            ("%-d", "D"),
            ("%b", "Mon"),
            ("%h", "Mon"),
            ("%B", "Month"),
        ];
        let mut text = self.written.clone();
        for (letter, word) in WORDS {
            text = text.replace(letter, word);
        }
        if text.contains('%') {
            self.written.clone()
        } else {
            text
        }
    }

    /// The date in a text, if the whole text has this format.
    fn read(&self, text: &str, today: Date) -> Option<Date> {
        let day = match &self.reader {
            Reader::Pieces(pieces) => read_pieces(pieces, text.as_bytes(), today)?,
            Reader::Strptime { short_year } => {
                let day = BrokenDownTime::parse(&self.written, text)
                    .and_then(|parts| parts.to_date())
                    .ok()?;
                if *short_year && day > today {
                    day.checked_sub(100.years()).ok()?
                } else {
                    day
                }
            }
        };
        YEARS.contains(&day.year()).then_some(day)
    }
}

/// The format that people probably meant by `MM/DD/YYYY`, in the letters of the mapping.
pub(in crate::mapping) fn meant_by(written: &str) -> Option<String> {
    if written.contains('%') {
        return None;
    }
    let mut meant = written.to_ascii_uppercase();
    for (word, letter) in [("YYYY", "%Y"), ("YY", "%y"), ("MM", "%m"), ("DD", "%d")] {
        meant = meant.replace(word, letter);
    }
    for (word, letter) in [("M", "%m"), ("D", "%d")] {
        if !meant.contains(letter) {
            meant = meant.replace(word, letter);
        }
    }
    DateFormat::new(&meant).map(|_| meant)
}

/// The format as pieces, if it is made of digits and separators alone.
fn pieces(written: &str) -> Option<Vec<Piece>> {
    let written = written.replace("%F", "%Y-%m-%d").replace("%D", "%m/%d/%y");
    let mut pieces = Vec::new();
    let mut bytes = written.bytes();
    while let Some(byte) = bytes.next() {
        pieces.push(match byte {
            b'%' => match bytes.next()? {
                b'Y' => Piece::Year,
                b'y' => Piece::ShortYear,
                b'm' => Piece::Month(false),
                b'd' => Piece::Day(false),
                _ => return None,
            },
            b'/' | b'-' | b'.' | b',' | b'_' => Piece::Separator(byte),
            _ => return None,
        });
    }
    let numbers: Vec<bool> = pieces
        .iter()
        .map(|piece| !matches!(piece, Piece::Separator(_)))
        .collect();
    for (place, piece) in pieces.iter_mut().enumerate() {
        let before = place.checked_sub(1).and_then(|before| numbers.get(before));
        let touches = before == Some(&true) || numbers.get(place + 1) == Some(&true);
        match piece {
            Piece::Month(full) | Piece::Day(full) => *full = touches,
            Piece::Year | Piece::ShortYear | Piece::Separator(_) => {}
        }
    }
    Some(pieces)
}

fn read_pieces(pieces: &[Piece], mut text: &[u8], today: Date) -> Option<Date> {
    let (mut year, mut month, mut day, mut short) = (0_i16, 0_i16, 0_i16, false);
    for piece in pieces {
        match piece {
            Piece::Year => year = number(&mut text, 4, 4)?,
            Piece::ShortYear => (year, short) = (2000 + number(&mut text, 2, 2)?, true),
            Piece::Month(full) => month = number(&mut text, if *full { 2 } else { 1 }, 2)?,
            Piece::Day(full) => day = number(&mut text, if *full { 2 } else { 1 }, 2)?,
            Piece::Separator(byte) => text = text.strip_prefix(&[*byte])?,
        }
    }
    if !text.is_empty() {
        return None;
    }
    let date = |year| Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok();
    match date(year) {
        Some(read) if short && read > today => date(year - 100),
        None if short => date(year - 100),
        read => read,
    }
}

/// Takes a number of `least` to `most` digits off the front.
fn number(text: &mut &[u8], least: usize, most: usize) -> Option<i16> {
    let mut value = 0_i16;
    let mut count = 0;
    while count < most
        && let [digit @ b'0'..=b'9', rest @ ..] = *text
    {
        value = value * 10 + i16::from(digit - b'0');
        *text = rest;
        count += 1;
    }
    (count >= least).then_some(value)
}

/// Appends the date of birth as `YYYYMMDD`, or says why it is none.
pub(super) fn write(
    value: Value<'_>,
    calendar: Calendar<'_>,
    out: &mut String,
) -> Result<(), Cow<'static, str>> {
    let day = match read(value, calendar) {
        Some(day) => day,
        None => read_with_time(value, calendar)?,
    };
    believe(day, calendar.days)?;
    push_digits(out, day.year().into(), 1000);
    push_digits(out, day.month().into(), 10);
    push_digits(out, day.day().into(), 10);
    Ok(())
}

/// Whether [`write`] would take a value, without a word about why not: for trying formats.
pub(in crate::mapping) fn takes(value: Value<'_>, calendar: Calendar<'_>) -> bool {
    let at_midnight = || {
        split(value, calendar)
            .filter(|(_, _, time)| clock::is_midnight(time))
            .map(|(_, day, _)| day)
    };
    let day = read(value, calendar).or_else(at_midnight);
    day.is_some_and(|day| believe(day, calendar.days).is_ok())
}

/// Whether a patient may have been born on a day.
fn believe(day: Date, days: &Days) -> Result<(), Cow<'static, str>> {
    if day > days.today {
        return Err("is in the future; check the date".into());
    }
    if day < days.oldest {
        return Err(format!("is over {OLDEST_AGE} years ago; check the date").into());
    }
    if DAYS_ZERO.contains(&day) {
        return Err(
            "is the day zero of spreadsheets, as a cell with only a time has it; check the date"
                .into(),
        );
    }
    Ok(())
}

fn read(value: Value<'_>, calendar: Calendar<'_>) -> Option<Date> {
    if let Some(day) = in_cell(value, value.text) {
        calendar.clue.set(order::of_cell(day));
        return Some(day);
    }
    let today = calendar.days.today;
    let mut formats = calendar.formats.iter();
    let (format, day) =
        formats.find_map(|format| Some((format, format.read(value.text, today)?)))?;
    calendar.clue.set(match value.kind {
        CellKind::Date => order::of_cell(day),
        _ => format.clue(day),
    });
    Some(day)
}

/// The day as a date cell of a workbook writes it, whatever the formats are.
fn in_cell(value: Value<'_>, day: &str) -> Option<Date> {
    // jiff would pass over a time behind the date.
    let is_day = value.kind == CellKind::Date && !day.contains([' ', 'T']);
    let day = is_day.then(|| day.parse::<Date>().ok())??;
    YEARS.contains(&day.year()).then_some(day)
}

/// A date with a time of day behind it: the format that reads the date, unless the workbook knows it; the date; the time.
fn split<'a>(
    value: Value<'a>,
    calendar: Calendar<'a>,
) -> Option<(Option<&'a DateFormat>, Date, &'a str)> {
    let today = calendar.days.today;
    clock::splits(value.text).find_map(|(day, time)| {
        if let Some(day) = in_cell(value, day) {
            return Some((None, day, time));
        }
        let mut formats = calendar.formats.iter();
        formats.find_map(|format| Some((Some(format), format.read(day, today)?, time)))
    })
}

/// Reads what is no date as a date with a midnight behind it, or says what is wrong.
fn read_with_time(value: Value<'_>, calendar: Calendar<'_>) -> Result<Date, Cow<'static, str>> {
    let read = split(value, calendar);
    // Whatever is wrong with the time, the date in front of it is written as the others are.
    calendar.clue.set(match &read {
        Some((None, day, _)) => order::of_cell(*day),
        Some((Some(format), day, _)) => format.clue(*day),
        None => order::of_unread(value, calendar),
    });
    match read {
        Some((_, day, time)) if clock::is_midnight(time) => Ok(day),
        // Programs that count in UTC save a day of birth as the evening before, and the cell's format hides that.
        Some((None, ..)) => Err(
            "holds a time of day besides the date, though the workbook may not show it; make it a date alone there, \
             or add \"%Y-%m-%d %H:%M:%S\" to `dates` of the mapping"
                .into(),
        ),
        Some((Some(format), ..)) => Err(format!(
            "holds a time of day besides the date; write it as {} alone, or name the time in `dates` of the mapping",
            format.for_people()
        )
        .into()),
        None => Err(refusal(value, calendar)),
    }
}

fn refusal(value: Value<'_>, calendar: Calendar<'_>) -> Cow<'static, str> {
    if value.kind == CellKind::Number {
        return "is a plain number in the workbook; format the column as a date there".into();
    }
    match calendar.formats.first() {
        Some(format) => format!("is not a real date; write it as {}", format.for_people()).into(),
        None => "is not a real date".into(),
    }
}

/// Appends a number with leading zeros, from the digit of this size down.
fn push_digits(out: &mut String, value: i32, mut size: i32) {
    while size > 0 {
        let digit = u8::try_from(value / size % 10).unwrap_or_default();
        out.push(char::from(b'0' + digit));
        size /= 10;
    }
}
