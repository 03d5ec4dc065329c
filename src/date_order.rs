//! Which of day and month comes first in dates that are written in numbers: what a single date shows of it, and what all
//! dates of a column prove.
//!
//! Owns that knowledge for `inspect`, which tells it without a mapping, and for the rehearsal, which holds a mapping against
//! it, so that the one never sends what the other would warn of. Guarantees that a single value is no proof: it may be a
//! slip of the pen. Holds counts and row numbers, never a value. Reads no dates.

use crate::counting::{Tally, counted, thousands};

/// So many values are a proof.
pub(crate) const PROOF: u64 = 2;
/// And so many times as many as contradict them, which are slips of the pen then.
const TIMES: u64 = 10;

/// No month has a greater number.
const MONTHS: u32 = 12;

/// Which of the two comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    MonthFirst,
    DayFirst,
}

impl Order {
    pub(crate) fn other(self) -> Order {
        match self {
            Order::MonthFirst => Order::DayFirst,
            Order::DayFirst => Order::MonthFirst,
        }
    }

    /// The words for messages, such as `month first`.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Order::MonthFirst => "month first",
            Order::DayFirst => "day first",
        }
    }
}

/// What the day and the month of one date show, by their numbers as they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DayMonth {
    /// One number is no month.
    Only(Order),
    /// Each of them may be the month.
    Either,
    /// The third of March is the same day either way.
    Same,
}

impl DayMonth {
    /// Of the first and the second number of a date.
    pub(crate) fn of(first: u32, second: u32) -> DayMonth {
        match (first > MONTHS, second > MONTHS) {
            (true, false) => DayMonth::Only(Order::DayFirst),
            (false, true) => DayMonth::Only(Order::MonthFirst),
            _ if first == second => DayMonth::Same,
            _ => DayMonth::Either,
        }
    }
}

/// Whether day or month comes first in a column's dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    /// Month first: some second number is above 12, no first one.
    MonthFirst,
    /// Day first: some first number is above 12, no second one.
    DayFirst,
    /// Both occur.
    Mixed,
    /// No number is above 12, so either may be.
    Ambiguous,
}

impl DateOrder {
    /// The words for reports, such as `month first`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            DateOrder::MonthFirst => Order::MonthFirst.as_str(),
            DateOrder::DayFirst => Order::DayFirst.as_str(),
            DateOrder::Mixed => "month first and day first",
            DateOrder::Ambiguous => "month or day first",
        }
    }
}

/// What the dates of a column show together.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Orders {
    month_first: Tally,
    day_first: Tally,
    either: Tally,
    same: Tally,
    /// Cells that a workbook holds as dates and whose day is none above 12; of the others only whether there are any.
    cells: Tally,
    has_late_cells: bool,
}

impl Orders {
    /// Takes a date that is written as text.
    pub(crate) fn add(&mut self, shows: DayMonth, row: u64) {
        let tally = match shows {
            DayMonth::Only(Order::MonthFirst) => &mut self.month_first,
            DayMonth::Only(Order::DayFirst) => &mut self.day_first,
            DayMonth::Either => &mut self.either,
            DayMonth::Same => &mut self.same,
        };
        tally.add(row);
    }

    /// Takes a cell that is a date. It proves nothing of how the texts are written, but see [`Orders::exchanged`].
    pub(crate) fn add_cell(&mut self, shows: DayMonth, row: u64) {
        match shows {
            DayMonth::Only(_) => self.has_late_cells = true,
            DayMonth::Either | DayMonth::Same => self.cells.add(row),
        }
    }

    /// The dates that can only be read in this order.
    pub(crate) fn only(&self, order: Order) -> Tally {
        match order {
            Order::MonthFirst => self.month_first,
            Order::DayFirst => self.day_first,
        }
    }

    /// The dates that may be read in either order, as different days.
    pub(crate) fn either(&self) -> Tally {
        self.either
    }

    /// What the column comes to; none where no date in it shows anything.
    pub(crate) fn decided(&self) -> Option<DateOrder> {
        match (self.month_first.rows > 0, self.day_first.rows > 0) {
            (true, true) => Some(DateOrder::Mixed),
            (true, false) => Some(DateOrder::MonthFirst),
            (false, true) => Some(DateOrder::DayFirst),
            (false, false) => self.either.some().map(|_| DateOrder::Ambiguous),
        }
    }

    /// Whether a spreadsheet of another country has opened the file: it makes dates of all texts that it can read its own way
    /// round, with day and month exchanged, and leaves as text those that it cannot. So no such cell has a day above 12,
    /// and no text could be read in both ways.
    pub(crate) fn exchanged(&self) -> Option<Exchanged> {
        let is_sound = self.has_late_cells || self.either.rows + self.same.rows > 0;
        let stayed = match self.decided()? {
            DateOrder::MonthFirst => Order::MonthFirst,
            DateOrder::DayFirst => Order::DayFirst,
            DateOrder::Mixed | DateOrder::Ambiguous => return None,
        };
        let (cells, texts) = (self.cells, self.only(stayed));
        let is_proven = cells.rows >= PROOF && texts.rows >= PROOF && !is_sound;
        is_proven.then_some(Exchanged {
            cells,
            texts,
            stayed,
        })
    }
}

/// Cells whose day and month a spreadsheet has exchanged, and the texts that show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exchanged {
    pub(crate) cells: Tally,
    texts: Tally,
    stayed: Order,
}

impl Exchanged {
    /// The texts: `16 values that stayed text can only be day first (first: row 14)`.
    pub(crate) fn told(&self) -> String {
        let texts = counted(self.texts.rows, "value");
        let (order, first) = (self.stayed.as_str(), self.texts.first);
        format!("{texts} that stayed text can only be {order} (first: row {first})")
    }
}

/// What one value of a mapped column shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clue {
    pub(crate) shows: DayMonth,
    pub(crate) source: Source,
}

/// What a value was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A cell that the workbook holds as a date.
    Cell,
    /// A text, and in which order the mapping reads those that are written like it and may be either; none where it reads no
    /// such texts.
    Text(Option<Order>),
}

/// What the dates of a file show, held against the order in which the mapping reads them.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    /// The column as a whole.
    column: Orders,
    /// What the mapping reads month first, or would, and what it reads day first: a mapping may have `12/30/1989` beside
    /// `30.12.1989`, and none of them says anything of the other.
    read: [Orders; 2],
    /// How many of those that may be either would be sent.
    at_stake: [u64; 2],
    cells_at_stake: u64,
}

impl Evidence {
    /// Takes what a row shows, whatever becomes of the row: also one that is not asked for is written as the column is, and so
    /// is one that breaks another rule.
    pub(crate) fn look(&mut self, clue: Clue, row: u64) {
        match clue.source {
            Source::Cell => self.column.add_cell(clue.shows, row),
            Source::Text(read) => {
                self.column.add(clue.shows, row);
                if let Some(read) = read {
                    self.read[read as usize].add(clue.shows, row);
                }
            }
        }
    }

    /// Notes that the row which shows this would be sent.
    pub(crate) fn stake(&mut self, clue: Clue) {
        if clue.shows == DayMonth::Either {
            match clue.source {
                Source::Cell => self.cells_at_stake += 1,
                Source::Text(Some(read)) => self.at_stake[read as usize] += 1,
                Source::Text(None) => {}
            }
        }
    }

    /// What follows from all of it.
    pub(crate) fn verdict(&self) -> Verdict {
        if let Some(exchanged) = self.column.exchanged().filter(|_| self.cells_at_stake > 0) {
            return Verdict::Exchanged(exchanged);
        }
        let held = [Order::MonthFirst, Order::DayFirst].map(|read| self.held_against(read));
        match held.iter().find(|contradiction| contradiction.is_proven()) {
            Some(proven) => Verdict::Wrong(*proven),
            None => held
                .into_iter()
                .find(|contradiction| contradiction.against.rows > 0)
                .map_or(Verdict::Sound, Verdict::Doubtful),
        }
    }

    fn held_against(&self, read: Order) -> Contradiction {
        let orders = &self.read[read as usize];
        Contradiction {
            read,
            against: orders.only(read.other()),
            agreeing: orders.only(read),
            at_stake: self.at_stake[read as usize],
        }
    }
}

/// What the dates of a file say about a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing against it.
    Sound,
    /// Some values stand against it, and prove nothing or endanger nothing.
    Doubtful(Contradiction),
    /// It reads the column the wrong way round.
    Wrong(Contradiction),
    /// No mapping reads what the file has become.
    Exchanged(Exchanged),
}

/// Values that can only be read in the other order than the mapping's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Contradiction {
    /// How the mapping reads values that may be either.
    pub(crate) read: Order,
    /// Those that can only be of the other order.
    against: Tally,
    /// Those that can only be of the mapping's.
    agreeing: Tally,
    /// How many that may be either would be sent.
    pub(crate) at_stake: u64,
}

impl Contradiction {
    fn is_proven(&self) -> bool {
        let is_outweighed = self.against.rows >= self.agreeing.rows.saturating_mul(TIMES);
        self.against.rows >= PROOF && is_outweighed && self.at_stake > 0
    }

    /// `16 values can only be day first (first: row 14), none only month first`.
    pub(crate) fn told(&self) -> String {
        let against = counted(self.against.rows, "value");
        let agreeing = match self.agreeing.some() {
            Some(agreeing) => format!(
                "{} only {}{}",
                thousands(agreeing.rows),
                self.read.as_str(),
                where_first(agreeing)
            ),
            None => format!("none only {}", self.read.as_str()),
        };
        format!(
            "{against} can only be {}{}, {agreeing}",
            self.read.other().as_str(),
            where_first(self.against)
        )
    }
}

/// ` (row 14)` for a single row, ` (first: row 14)` for several.
fn where_first(tally: Tally) -> String {
    let first = if tally.rows == 1 { "" } else { "first: " };
    format!(" ({first}row {})", tally.first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Order::{DayFirst, MonthFirst};

    const DAY: DayMonth = DayMonth::Only(DayFirst);
    const MONTH: DayMonth = DayMonth::Only(MonthFirst);
    const EITHER: DayMonth = DayMonth::Either;

    fn text(shows: DayMonth, read: Order) -> Clue {
        let source = Source::Text(Some(read));
        Clue { shows, source }
    }

    /// What follows of these, all of which would be sent, in rows 2, 3 and so on.
    fn verdict(clues: &[Clue]) -> Verdict {
        let mut evidence = Evidence::default();
        for (row, clue) in (2..).zip(clues) {
            evidence.look(*clue, row);
            evidence.stake(*clue);
        }
        evidence.verdict()
    }

    #[test]
    fn two_numbers_show_which_may_be_the_month() {
        for (first, second, shows) in [
            (13, 12, DAY),
            (12, 13, MONTH),
            (12, 11, EITHER),
            (1, 12, EITHER),
            (3, 3, DayMonth::Same),
            (12, 12, DayMonth::Same),
        ] {
            assert_eq!(DayMonth::of(first, second), shows, "{first} {second}");
        }
    }

    #[test]
    fn two_values_prove_an_order_where_hardly_any_contradicts_and_some_are_in_danger() {
        for (shown, is_wrong) in [
            (&[DAY, DAY, EITHER][..], true),
            (&[EITHER, DAY, DAY], true),
            (&[DAY, EITHER], false),
            (&[DAY, DAY, MONTH, EITHER], false),
            (&[&[DAY; 19][..], &[MONTH, MONTH, EITHER]].concat(), false),
            (&[&[DAY; 20][..], &[MONTH, MONTH, EITHER]].concat(), true),
            (&[&[DAY; 9][..], &[MONTH, EITHER]].concat(), false),
            (&[&[DAY; 10][..], &[MONTH, EITHER]].concat(), true),
            (&[DAY, DAY], false),
            (&[DAY, DAY, DayMonth::Same], false),
        ] {
            let clues: Vec<_> = shown.iter().map(|shows| text(*shows, MonthFirst)).collect();
            let found = verdict(&clues);
            let (Verdict::Wrong(told) | Verdict::Doubtful(told)) = found else {
                panic!("{found:?}");
            };
            assert_eq!(matches!(found, Verdict::Wrong(_)), is_wrong, "{shown:?}");
            assert_eq!(told.read, MonthFirst);
            let clues: Vec<_> = shown.iter().map(|shows| text(*shows, DayFirst)).collect();
            let is_remarked = shown.contains(&MONTH);
            assert_eq!(verdict(&clues) != Verdict::Sound, is_remarked, "{shown:?}");
        }
        assert_eq!(verdict(&[text(EITHER, MonthFirst); 3]), Verdict::Sound);
    }

    #[test]
    fn what_is_written_otherwise_says_nothing_of_the_others() {
        let sound = [
            text(DAY, DayFirst),
            text(DAY, DayFirst),
            text(EITHER, MonthFirst),
        ];
        assert_eq!(verdict(&sound), Verdict::Sound);
        let unread = Clue {
            shows: DAY,
            source: Source::Text(None),
        };
        assert_eq!(
            verdict(&[unread, unread, text(EITHER, MonthFirst)]),
            Verdict::Sound
        );
    }

    #[test]
    fn only_what_would_be_sent_is_in_danger() {
        let mut evidence = Evidence::default();
        for (row, shows) in [(2, DAY), (3, DAY), (4, EITHER)] {
            evidence.look(text(shows, MonthFirst), row);
        }
        assert!(matches!(evidence.verdict(), Verdict::Doubtful(_)));
        evidence.stake(text(EITHER, MonthFirst));
        let Verdict::Wrong(told) = evidence.verdict() else {
            panic!();
        };
        assert_eq!(
            told.told(),
            "2 values can only be day first (first: row 2), none only month first"
        );
        assert_eq!(told.at_stake, 1);
    }

    #[test]
    fn a_spreadsheet_leaves_what_it_cannot_exchange() {
        let cell = |shows| Clue {
            shows,
            source: Source::Cell,
        };
        let (early, late, same) = (cell(EITHER), cell(DAY), cell(DayMonth::Same));
        let stayed = text(DAY, DayFirst);
        let open = text(EITHER, DayFirst);
        for (clues, is_exchanged) in [
            (&[early, early, stayed, stayed][..], true),
            (&[early, same, stayed, stayed], true),
            (
                &[early, early, text(MONTH, DayFirst), text(MONTH, DayFirst)],
                true,
            ),
            (&[early, stayed, stayed], false),
            (&[early, early, stayed], false),
            (&[same, same, stayed, stayed], false),
            (&[early, early, late, stayed, stayed], false),
            (&[early, early, stayed, stayed, open], false),
            (
                &[early, early, stayed, stayed, text(DayMonth::Same, DayFirst)],
                false,
            ),
            (
                &[early, early, stayed, stayed, text(MONTH, DayFirst)],
                false,
            ),
        ] {
            let found = verdict(clues);
            assert_eq!(
                matches!(found, Verdict::Exchanged(_)),
                is_exchanged,
                "{clues:?}"
            );
        }
    }
}
