//! Turns a cell's value into the text that a person expects to see.
//!
//! Owns the rules: numbers in plain digits, dates in ISO order with the epoch of the workbook, times and durations
//! by the clock, booleans as words. Guarantees that an error cell, and a date that Excel itself cannot show, is
//! marked as [`CellKind::Error`] and never passes as text.

use crate::row::{CellKind, Row};
use calamine::{CellErrorType, DataRef, ExcelDateTime};
use std::fmt::Write;

/// 9999-12-31, the last day that Excel shows.
const LAST_DAY: i64 = 2_958_465;
/// Days between the epochs of 1900 and 1904.
const EPOCH_1904: i64 = 1462;
/// Excel's day 60 is 29 February 1900, which never was.
const FALSE_LEAP_DAY: i64 = 60;

/// Appends a value to a row; `scratch` is memory that is used again and again.
pub(super) fn push(row: &mut Row, value: &DataRef<'_>, is_1904: bool, scratch: &mut String) {
    scratch.clear();
    let kind = match value {
        DataRef::Empty => CellKind::Text,
        DataRef::String(text) => return row.push(text),
        DataRef::SharedString(text) => return row.push(text),
        DataRef::Bool(true) => return row.push_kind("true", CellKind::Boolean),
        DataRef::Bool(false) => return row.push_kind("false", CellKind::Boolean),
        DataRef::Int(number) => {
            write_to(scratch, format_args!("{number}"));
            CellKind::Number
        }
        DataRef::Float(number) => plain_number(*number, scratch),
        DataRef::DateTime(moment) => date_time(moment, is_1904, scratch),
        DataRef::DateTimeIso(text) => iso(text, scratch),
        DataRef::DurationIso(text) => {
            scratch.push_str(text);
            CellKind::Time
        }
        // Calamine's own word for it is none that a spreadsheet shows.
        DataRef::Error(CellErrorType::GettingData) => {
            return row.push_kind("#ERROR!", CellKind::Error);
        }
        DataRef::Error(error) => {
            write_to(scratch, format_args!("{error}"));
            CellKind::Error
        }
    };
    row.push_kind(scratch, kind);
}

fn write_to(scratch: &mut String, text: std::fmt::Arguments<'_>) {
    scratch
        .write_fmt(text)
        .expect("writing to a string cannot fail");
}

/// A number in the digits that Excel keeps: 15 of them, no trailing `.0`, no exponent where digits will do.
fn plain_number(number: f64, scratch: &mut String) -> CellKind {
    let size = number.abs();
    if !number.is_finite() {
        scratch.push_str("#NUM!");
        return CellKind::Error;
    }
    if number == 0.0 {
        scratch.push('0');
    } else if !(1e-15..1e21).contains(&size) {
        write_to(scratch, format_args!("{number:E}"));
    } else if number.fract() == 0.0 {
        write_to(scratch, format_args!("{number}"));
    } else {
        write_to(scratch, format_args!("{number:.14e}"));
        // What was written a line above is a number.
        let rounded: f64 = scratch.parse().unwrap_or(number);
        scratch.clear();
        write_to(scratch, format_args!("{rounded}"));
    }
    CellKind::Number
}

fn date_time(moment: &ExcelDateTime, is_1904: bool, scratch: &mut String) -> CellKind {
    let serial = moment.as_f64();
    // Excel fills such a cell with # signs, which are no error that could be written into another workbook.
    if !(0.0..2_958_466.0).contains(&serial) {
        scratch.push_str("#NUM!");
        return CellKind::Error;
    }
    let (day, second) = split(serial);
    if moment.is_duration() || (day == 0 && !is_1904) || serial < 1.0 {
        clock(day * 24, second, scratch);
        return CellKind::Time;
    }
    let day = if is_1904 { day + EPOCH_1904 } else { day };
    if day > LAST_DAY {
        scratch.push_str("#NUM!");
        return CellKind::Error;
    }
    let (year, month, date) = civil(day);
    write_to(scratch, format_args!("{year:04}-{month:02}-{date:02}"));
    if second > 0 {
        scratch.push(' ');
        clock(0, second, scratch);
    }
    CellKind::Date
}

/// Whole days and seconds, rounded to the second as Excel shows them.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the serial is at least 0 and below 2,958,466, checked by the caller"
)]
fn split(serial: f64) -> (i64, i64) {
    let seconds = (serial * 86_400.0).round() as i64;
    (seconds / 86_400, seconds % 86_400)
}

fn clock(hours: i64, seconds: i64, scratch: &mut String) {
    let (hour, minute, second) = (hours + seconds / 3600, seconds / 60 % 60, seconds % 60);
    write_to(scratch, format_args!("{hour:02}:{minute:02}:{second:02}"));
}

/// Year, month and day of an Excel day of the 1900 epoch.
fn civil(day: i64) -> (i64, i64, i64) {
    if day == FALSE_LEAP_DAY {
        return (1900, 2, 29);
    }
    // Days since 1 March of the year 0, so that leap days end years (H. Hinnant, chrono-compatible date algorithms).
    let before_leap = i64::from(day < FALSE_LEAP_DAY);
    let shifted = day + before_leap + 693_899;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let date = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, date)
}

/// ISO text as some programs write it: `2021-01-01T10:30:00.000Z`, `2021-01-01`, `10:30:00`.
fn iso(text: &str, scratch: &mut String) -> CellKind {
    let (date, time) = match text.split_once(['T', ' ']) {
        Some((date, time)) => (date, time),
        None if text.contains(':') => ("", text),
        None => (text, ""),
    };
    let time = time.split(['.', 'Z', '+']).next().unwrap_or_default();
    if !date.is_empty() && (time.is_empty() || time == "00:00:00") {
        scratch.push_str(date);
        return CellKind::Date;
    }
    if date.is_empty() {
        scratch.push_str(time);
        return CellKind::Time;
    }
    write_to(scratch, format_args!("{date} {time}"));
    CellKind::Date
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::ExcelDateTimeType;
    use jiff::ToSpan;
    use jiff::civil::date;

    fn shown(value: DataRef<'_>, is_1904: bool) -> (String, CellKind) {
        let mut row = Row::default();
        push(&mut row, &value, is_1904, &mut String::new());
        let cell = row.cell(0);
        (cell.text.to_owned(), cell.kind)
    }

    fn moment(serial: f64, is_1904: bool) -> (String, CellKind) {
        let moment = ExcelDateTime::new(serial, ExcelDateTimeType::DateTime, is_1904);
        shown(DataRef::DateTime(moment), is_1904)
    }

    #[test]
    fn numbers_are_plain_digits() {
        let cases = [
            (5_551_234_567.0, "5551234567"),
            (0.0, "0"),
            (-0.0, "0"),
            (-12.5, "-12.5"),
            (0.1 + 0.2, "0.3"),
            (123_456_789_012_345.0, "123456789012345"),
            (1e20, "100000000000000000000"),
            (1e300, "1E300"),
            (0.000_01, "0.00001"),
        ];
        for (number, text) in cases {
            assert_eq!(
                shown(DataRef::Float(number), false),
                (text.to_owned(), CellKind::Number)
            );
        }
    }

    #[test]
    fn every_day_of_both_epochs_is_its_date() {
        for day in 61..=LAST_DAY {
            let (year, month, date_) = civil(day);
            if day % 97 == 0 || !(100..LAST_DAY - 2).contains(&day) {
                let expected = date(1899, 12, 30).checked_add(day.days()).unwrap();
                let text = format!("{year:04}-{month:02}-{date_:02}");
                assert_eq!(text, expected.to_string());
            }
        }
        assert_eq!(
            (civil(1), civil(59), civil(60)),
            ((1900, 1, 1), (1900, 2, 28), (1900, 2, 29))
        );
    }

    #[test]
    fn dates_and_times_are_shown_as_the_workbook_means_them() {
        let cases = [
            (44_197.0, false, "2021-01-01", CellKind::Date),
            (42_735.0, true, "2021-01-01", CellKind::Date),
            (44_197.5, false, "2021-01-01 12:00:00", CellKind::Date),
            (44_197.999_999_9, false, "2021-01-02", CellKind::Date),
            (0.75, false, "18:00:00", CellKind::Time),
            (0.75, true, "18:00:00", CellKind::Time),
            (-1.0, false, "#NUM!", CellKind::Error),
            (3e6, false, "#NUM!", CellKind::Error),
            (2_957_100.0, true, "#NUM!", CellKind::Error),
        ];
        for (serial, is_1904, text, kind) in cases {
            assert_eq!(moment(serial, is_1904), (text.to_owned(), kind), "{serial}");
        }
        let long = ExcelDateTime::new(1.5, ExcelDateTimeType::TimeDelta, false);
        assert_eq!(shown(DataRef::DateTime(long), false).0, "36:00:00");
    }

    #[test]
    fn iso_texts_become_our_dates() {
        let cases = [
            ("2021-01-01", "2021-01-01", CellKind::Date),
            ("2021-01-01T00:00:00", "2021-01-01", CellKind::Date),
            (
                "2021-01-01T10:10:10.000Z",
                "2021-01-01 10:10:10",
                CellKind::Date,
            ),
            ("10:10:10", "10:10:10", CellKind::Time),
        ];
        for (iso, text, kind) in cases {
            let value = DataRef::DateTimeIso(iso.to_owned());
            assert_eq!(shown(value, false), (text.to_owned(), kind));
        }
    }
}
