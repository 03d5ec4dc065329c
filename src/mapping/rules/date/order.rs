//! What a date of birth shows of the order in which its column has day and month.
//!
//! Owns what follows from how a value was read, or could have been where it was not, and which formats leave room for a
//! mistake: those with day and month in numbers. A year in front means that the month follows, everywhere; a name says which
//! number is the day, and a day of the week which of two days it is. What all values prove together is judged elsewhere.

use super::super::{Calendar, Value};
use super::{DAYS_ZERO, DateFormat, Numbers, clock};
use crate::date_order::{Clue, DayMonth, Order, Source};
use crate::holds;
use crate::row::{Cell, CellKind};
use jiff::civil::Date;
use std::iter::once;

/// Which of day and month a format has first, and the same format with their places exchanged; none where they cannot be
/// mistaken for one another.
pub(super) fn exchanged(written: &str) -> Option<(Order, String)> {
    let written = written.replace("%D", "%m/%d/%y");
    let mut other = String::with_capacity(written.len());
    let mut met = Vec::new();
    let mut signs = written.chars();
    while let Some(sign) = signs.next() {
        other.push(sign);
        if sign != '%' {
            continue;
        }
        let is_flag = |sign: &char| "-_0^#".contains(*sign);
        let mut letter = signs.next()?;
        while is_flag(&letter) {
            other.push(letter);
            letter = signs.next()?;
        }
        match letter {
            'm' => {
                met.push(Order::MonthFirst);
                other.push('d');
            }
            'd' | 'e' => {
                met.push(Order::DayFirst);
                other.push('m');
            }
            'Y' | 'y' if met.is_empty() => return None,
            'Y' | 'y' | 'H' | 'k' | 'I' | 'l' | 'M' | 'S' | 'p' | 'P' | 'T' | 'R' | 'n' | 't'
            | '%' => other.push(letter),
            _ => return None,
        }
    }
    match met.as_slice() {
        [first, second] if first != second => Some((*first, other)),
        _ => None,
    }
}

impl Numbers {
    /// Of a date that was read in this order.
    #[inline]
    pub(super) fn clue(&self, written: Order, date: Date) -> Clue {
        let [month, day] = numbers(date);
        Clue {
            shows: match written {
                Order::MonthFirst => DayMonth::of(month, day),
                Order::DayFirst => DayMonth::of(day, month),
            },
            source: Source::Text(Some(self.taken_as)),
        }
    }
}

/// Of a cell that the workbook holds as a date; one with only a time never was a text with a day in it.
pub(super) fn of_cell(date: Date) -> Option<Clue> {
    let [month, day] = numbers(date);
    (!DAYS_ZERO.contains(&date)).then(|| Clue {
        shows: DayMonth::of(day, month),
        source: Source::Cell,
    })
}

/// Of a value that no format reads: one of the other order might, or at least it looks like a date.
pub(super) fn of_unread(value: Value<'_>, calendar: Calendar<'_>) -> Option<Clue> {
    let today = calendar.days.today;
    let read = |text: &str, format: &DateFormat| {
        let numbers = format.numbers.as_ref()?;
        let date = numbers.exchanged.read(text, today)?;
        Some(numbers.clue(numbers.order.other(), date))
    };
    let mut texts = once(value.text).chain(clock::splits(value.text).map(|(day, _)| day));
    let clue = texts.find_map(|text| {
        calendar
            .formats
            .iter()
            .find_map(|format| read(text, format))
    });
    clue.or_else(|| {
        let cell = Cell {
            text: value.text,
            kind: CellKind::Text,
        };
        let (_, shows) = holds::of(cell);
        let source = Source::Text(None);
        shows.map(|shows| Clue { shows, source })
    })
}

fn numbers(date: Date) -> [u32; 2] {
    [date.month(), date.day()].map(|number| u32::from(number.unsigned_abs()))
}
