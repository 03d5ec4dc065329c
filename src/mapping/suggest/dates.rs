//! [`Dates`]: which formats read the dates of a column, told over all its cells.
//!
//! Owns the formats that are tried, and the rule that nobody guesses whether day or month comes first: where the values do not
//! say, or contradict each other, both ways are told and none is taken. Holds counts, never a value.

use crate::date_order::Order;
use crate::mapping::rules::date::{DateFormat, Days, takes};
use crate::mapping::rules::{Calendar, Value};
use crate::row::Cell;
use crate::seen;
use std::cell;
use std::collections::HashMap;

/// All formats that are tried, with what comes first where both are numbers and the year does not settle it; of those that
/// read the same values the first is taken.
const FORMATS: [(Option<Order>, &str); 26] = [
    (None, "%Y-%m-%d"),
    (None, "%Y%m%d"),
    (None, "%Y/%m/%d"),
    (None, "%Y.%m.%d"),
    (Some(Order::MonthFirst), "%m/%d/%Y"),
    (Some(Order::DayFirst), "%d/%m/%Y"),
    (Some(Order::MonthFirst), "%m-%d-%Y"),
    (Some(Order::DayFirst), "%d-%m-%Y"),
    (Some(Order::MonthFirst), "%m.%d.%Y"),
    (Some(Order::DayFirst), "%d.%m.%Y"),
    (Some(Order::MonthFirst), "%m%d%Y"),
    (Some(Order::DayFirst), "%d%m%Y"),
    (Some(Order::MonthFirst), "%m/%d/%y"),
    (Some(Order::DayFirst), "%d/%m/%y"),
    (Some(Order::MonthFirst), "%m-%d-%y"),
    (Some(Order::DayFirst), "%d-%m-%y"),
    (Some(Order::MonthFirst), "%m.%d.%y"),
    (Some(Order::DayFirst), "%d.%m.%y"),
    (None, "%d-%b-%Y"),
    (None, "%d %b %Y"),
    (None, "%d %B %Y"),
    (None, "%b %d, %Y"),
    (None, "%B %d, %Y"),
    (None, "%b %d %Y"),
    (None, "%d-%b-%y"),
    (None, "%d/%b/%Y"),
];

/// A set of formats, by their places.
type Mask = u32;

/// What can be said of a column's dates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There is no value.
    Blank,
    /// These formats read them, but for some; none is needed where the workbook knows all of them as dates.
    Read { formats: Vec<String>, unread: u64 },
    /// Day or month may come first: the formats for either, and how many values can only be read so.
    Open {
        month_first: (Vec<String>, u64),
        day_first: (Vec<String>, u64),
    },
}

/// The dates of a column, being looked at.
#[derive(Debug)]
pub(super) struct Dates {
    formats: Vec<(Mask, Option<Order>, DateFormat)>,
    days: Days,
    /// How many values are read by these formats and no other.
    read: HashMap<Mask, u64>,
    /// How many need none.
    known: u64,
}

impl Dates {
    pub(super) fn up_to(today: jiff::civil::Date) -> Dates {
        let formats = (0_u32..).zip(FORMATS);
        let formats = formats.filter_map(|(place, (order, written))| {
            Some((1 << place, order, DateFormat::new(written)?))
        });
        Dates {
            formats: formats.collect(),
            days: Days::up_to(today),
            read: HashMap::new(),
            known: 0,
        }
    }

    pub(super) fn look(&mut self, cell: Cell<'_>) {
        let text = seen::stripped(cell.text);
        if text.is_empty() {
            return;
        }
        let value = Value {
            kind: cell.kind,
            ..Value::of(&text)
        };
        let is_read = |formats: &[DateFormat]| {
            let calendar = Calendar {
                formats,
                days: &self.days,
                clue: &cell::Cell::new(None),
            };
            takes(value, calendar)
        };
        if is_read(&[]) {
            self.known += 1;
            return;
        }
        let fitting = self
            .formats
            .iter()
            .filter(|(_, _, format)| is_read(std::slice::from_ref(format)));
        let mask = fitting.fold(0, |mask, (place, ..)| mask | place);
        *self.read.entry(mask).or_default() += 1;
    }

    pub(super) fn finish(&self) -> Verdict {
        if self.read.is_empty() && self.known == 0 {
            return Verdict::Blank;
        }
        let of = |wanted: Option<Order>| {
            let formats = self.formats.iter().filter(|(_, order, _)| *order == wanted);
            formats.fold(0, |mask, (place, ..)| mask | place)
        };
        let (plain, month, day) = (
            of(None),
            of(Some(Order::MonthFirst)),
            of(Some(Order::DayFirst)),
        );
        let only = |these: Mask, those: Mask| -> u64 {
            let told = self
                .read
                .iter()
                .filter(|(mask, _)| *mask & plain == 0 && *mask & these != 0 && *mask & those == 0);
            told.map(|(_, count)| count).sum()
        };
        let (months, days) = (only(month, day), only(day, month));
        let is_open = self
            .read
            .keys()
            .any(|mask| mask & plain == 0 && mask & month != 0 && mask & day != 0);
        match (months > 0, days > 0) {
            (true, true) => {}
            (false, false) if is_open => {}
            (false, true) => return self.read_with(plain | day),
            (true | false, false) => return self.read_with(plain | month),
        }
        Verdict::Open {
            month_first: (self.cover(plain | month).0, months),
            day_first: (self.cover(plain | day).0, days),
        }
    }

    fn read_with(&self, allowed: Mask) -> Verdict {
        let (formats, unread) = self.cover(allowed);
        Verdict::Read { formats, unread }
    }

    /// The few formats that read most, those that read the most values first; and how many values none of them reads.
    fn cover(&self, allowed: Mask) -> (Vec<String>, u64) {
        let mut taken: Mask = 0;
        let mut formats = Vec::new();
        let left = |taken: Mask, by: Mask| -> u64 {
            let open = self.read.iter().filter(|(mask, _)| *mask & taken == 0);
            open.filter(|(mask, _)| by == 0 || *mask & by != 0)
                .map(|(_, count)| count)
                .sum()
        };
        loop {
            let candidates = self
                .formats
                .iter()
                .filter(|(place, ..)| place & allowed != 0);
            // Of equals the first: max_by_key would take the last.
            let best = candidates
                .rev()
                .max_by_key(|(place, ..)| left(taken, *place));
            match best {
                Some((place, _, format)) if left(taken, *place) > 0 => {
                    taken |= place;
                    formats.push(format.written().to_owned());
                }
                _ => return (formats, left(taken, 0)),
            }
        }
    }
}

/// Whether a format has a year of two digits.
pub(super) fn has_short_year(format: &str) -> bool {
    DateFormat::new(format).is_some_and(|format| format.has_short_year())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::CellKind;
    use jiff::civil::date;

    fn verdict(values: &[&str]) -> Verdict {
        of_kind(CellKind::Text, values)
    }

    fn of_kind(kind: CellKind, values: &[&str]) -> Verdict {
        let mut dates = Dates::up_to(date(2024, 6, 1));
        for text in values {
            dates.look(Cell { text, kind });
        }
        dates.finish()
    }

    fn read(formats: &[&str], unread: u64) -> Verdict {
        let formats = formats.iter().map(|&format| format.to_owned()).collect();
        Verdict::Read { formats, unread }
    }

    #[test]
    fn the_formats_that_read_all_values_are_found() {
        let cases: [(&[&str], Verdict); 12] = [
            (&["", " "], Verdict::Blank),
            (&["1989-12-30", "1989-01-02"], read(&["%Y-%m-%d"], 0)),
            (&["19891230"], read(&["%Y%m%d"], 0)),
            (&["1/2/1989", "12/30/1989"], read(&["%m/%d/%Y"], 0)),
            (&["01.02.1989", "30.12.1989"], read(&["%d.%m.%Y"], 0)),
            (&["12/30/1989 0:00", ""], read(&["%m/%d/%Y"], 0)),
            (&["=\"12/30/1989\""], read(&["%m/%d/%Y"], 0)),
            (
                &["12/30/89", "12/30/1989", "1/1/1950"],
                read(&["%m/%d/%Y", "%m/%d/%y"], 0),
            ),
            (&["30-Dec-1989", "5-May-1990"], read(&["%d-%b-%Y"], 0)),
            (&["December 30, 1989"], read(&["%B %d, %Y"], 0)),
            (
                &["12/30/1989", "unknown", "31/31/1989"],
                read(&["%m/%d/%Y"], 2),
            ),
            (&["unknown", "12/30/2050"], read(&[], 2)),
        ];
        for (values, expected) in cases {
            assert_eq!(verdict(values), expected, "{values:?}");
        }
        assert_eq!(
            of_kind(CellKind::Date, &["1989-12-30", "1990-01-02 00:00:00"]),
            read(&[], 0)
        );
        assert_eq!(of_kind(CellKind::Number, &["32872"]), read(&[], 1));
    }

    #[test]
    fn whether_day_or_month_comes_first_is_never_guessed() {
        let open = |separator: &str, months, days| {
            let formats = |order: [&str; 2]| vec![[order[0], order[1], "%Y"].join(separator)];
            Verdict::Open {
                month_first: (formats(["%m", "%d"]), months),
                day_first: (formats(["%d", "%m"]), days),
            }
        };
        assert_eq!(verdict(&["1/2/1989", "3/3/1990"]), open("/", 0, 0));
        assert_eq!(verdict(&["3/3/1990"]), open("/", 0, 0));
        assert_eq!(
            verdict(&["1-2-1989", "12-30-1990", "30-12-1990", "13-1-1990"]),
            open("-", 1, 2)
        );
    }

    #[test]
    fn all_formats_are_formats() {
        assert_eq!(Dates::up_to(date(2024, 6, 1)).formats.len(), FORMATS.len());
        assert!(has_short_year("%m/%d/%y") && !has_short_year("%m/%d/%Y"));
    }
}
