//! [`Dates`]: which formats read the dates of a column, told over all its cells.
//!
//! Owns the formats that are tried, and the rule that nobody guesses whether day or month comes first: where the values do not
//! prove it, or contradict each other, both ways are told and none is taken. Dates that are written with another sign prove
//! nothing. Holds counts, never a value.

use crate::date_order::{Order, PROOF};
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

/// The signs between day, month and year; those of one have an order of their own.
const SIGNS: [&str; 4] = ["/", "-", ".", ""];

/// A set of formats, by their places.
type Mask = u32;

/// What can be said of a column's dates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There is no value.
    Blank,
    /// These formats read them, but for some; none is needed where the workbook knows all of them as dates.
    Read {
        formats: Vec<String>,
        unread: u64,
        /// Whether the workbook knows some as dates.
        has_known: bool,
    },
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
        // Those that are settled, and what those that are not can be; all formats are one of these, or cannot be taken.
        let mut settled = self.formats_of(None, None);
        let (mut month_first, mut day_first) = (0, 0);
        let (mut months, mut days) = (0, 0);
        let is_plain = settled;
        for sign in SIGNS {
            let month = self.formats_of(Some(Order::MonthFirst), Some(sign));
            let day = self.formats_of(Some(Order::DayFirst), Some(sign));
            let count = |is_it: fn(bool, bool) -> bool| -> u64 {
                let told = self.read.iter().filter(|(mask, _)| {
                    *mask & is_plain == 0 && is_it(*mask & month != 0, *mask & day != 0)
                });
                told.map(|(_, count)| count).sum()
            };
            let only_month = count(|month, day| month && !day);
            let only_day = count(|month, day| day && !month);
            let either = count(|month, day| month && day);
            match proven(only_month, only_day, either) {
                Some(Order::MonthFirst) => settled |= month,
                Some(Order::DayFirst) => settled |= day,
                None if only_month + only_day + either == 0 => {}
                None => {
                    month_first |= month;
                    day_first |= day;
                    months += only_month;
                    days += only_day;
                }
            }
        }
        if month_first == 0 {
            let (formats, unread) = self.cover(settled);
            return Verdict::Read {
                formats,
                unread,
                has_known: self.known > 0,
            };
        }
        Verdict::Open {
            month_first: (self.cover(settled | month_first).0, months),
            day_first: (self.cover(settled | day_first).0, days),
        }
    }

    /// The formats of an order, or those that need none; where a sign is given, those with it.
    fn formats_of(&self, order: Option<Order>, sign: Option<&str>) -> Mask {
        let formats = self.formats.iter().filter(|(_, own, format)| {
            *own == order && sign.is_none_or(|sign| sign == sign_in(format.written()))
        });
        formats.fold(0, |mask, (place, ..)| mask | place)
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

/// Which order the dates with one sign have, if it is proven: by so many that can only be of the one and by none of the other,
/// or by any where all of them can be of the one only.
fn proven(months: u64, days: u64, either: u64) -> Option<Order> {
    let least = if either == 0 { 1 } else { PROOF };
    match (months, days) {
        (1.., 0) if months >= least => Some(Order::MonthFirst),
        (0, 1..) if days >= least => Some(Order::DayFirst),
        _ => None,
    }
}

/// The sign between day, month and year in a format such as `%d.%m.%Y`.
fn sign_in(format: &str) -> &str {
    let sign = format.get(2..3).unwrap_or_default();
    if sign == "%" { "" } else { sign }
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
        of_cells(kind, values).finish()
    }

    fn of_cells(kind: CellKind, values: &[&str]) -> Dates {
        let mut dates = Dates::up_to(date(2024, 6, 1));
        for text in values {
            dates.look(Cell { text, kind });
        }
        dates
    }

    fn read(formats: &[&str], unread: u64) -> Verdict {
        Verdict::Read {
            formats: formats.iter().map(|&format| format.to_owned()).collect(),
            unread,
            has_known: false,
        }
    }

    #[test]
    fn the_formats_that_read_all_values_are_found() {
        let cases: [(&[&str], Verdict); 12] = [
            (&["", " "], Verdict::Blank),
            (&["1989-12-30", "1989-01-02"], read(&["%Y-%m-%d"], 0)),
            (&["19891230"], read(&["%Y%m%d"], 0)),
            (
                &["1/2/1989", "12/30/1989", "11/30/1989"],
                read(&["%m/%d/%Y"], 0),
            ),
            (
                &["01.02.1989", "30.12.1989", "13.1.1990"],
                read(&["%d.%m.%Y"], 0),
            ),
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
        let known = |unread| Verdict::Read {
            formats: Vec::new(),
            unread,
            has_known: true,
        };
        let mut dates = of_cells(CellKind::Date, &["1989-12-30", "1990-01-02 00:00:00"]);
        assert_eq!(dates.finish(), known(0));
        dates.look(Cell {
            text: "unknown",
            kind: CellKind::Text,
        });
        assert_eq!(dates.finish(), known(1));
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
    fn dates_with_another_sign_prove_nothing() {
        let dotted = ["25.02.1958", "30.12.1980"];
        let slashed = ["1/2/1980", "3/4/1980", "5/6/1990"];
        let found = verdict(&[dotted.as_slice(), &slashed].concat());
        let formats = |slashed: &str| vec![slashed.to_owned(), "%d.%m.%Y".to_owned()];
        let open = Verdict::Open {
            month_first: (formats("%m/%d/%Y"), 0),
            day_first: (formats("%d/%m/%Y"), 0),
        };
        assert_eq!(found, open);
        let found =
            verdict(&[dotted.as_slice(), &["12/30/1989", "1/2/1980", "1/13/1980"]].concat());
        assert_eq!(found, read(&["%m/%d/%Y", "%d.%m.%Y"], 0));
        // A year of two digits is no other sign.
        let found = verdict(&["13/1/1980", "14/1/1980", "1/2/80"]);
        assert_eq!(found, read(&["%d/%m/%Y", "%d/%m/%y"], 0));
    }

    #[test]
    fn a_single_date_proves_nothing_of_those_that_may_be_either() {
        for (values, months, days) in [
            (&["1/2/1980", "3/4/1981", "13/4/1981"][..], 0, 1),
            (&["1/2/1980", "4/13/1981"], 1, 0),
        ] {
            let found = verdict(values);
            let Verdict::Open {
                month_first: (_, month_first),
                day_first: (_, day_first),
            } = found
            else {
                panic!("{values:?}: {found:?}");
            };
            assert_eq!((month_first, day_first), (months, days), "{values:?}");
        }
    }

    #[test]
    fn all_formats_are_formats() {
        assert_eq!(Dates::up_to(date(2024, 6, 1)).formats.len(), FORMATS.len());
        assert!(has_short_year("%m/%d/%y") && !has_short_year("%m/%d/%Y"));
    }
}
