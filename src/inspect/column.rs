//! [`Column`]: what one column seems to hold, told over all its cells.
//!
//! Owns the verdicts that only a whole column allows: what most of it holds, and how many values are different. What its
//! dates prove is the same for everybody. Holds hashes of values up to a cap, never a value.

use super::finding::Finding;
use crate::counting::Tally;
use crate::date_order::{DateOrder, Order, Orders};
use crate::holds::{self, Holds, Lack};
use crate::row::{Cell, CellKind};
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// So many different values are told apart; beyond, there are "more than".
const DISTINCT: usize = 10_000;

/// What a column seems to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name in the header.
    pub name: String,
    /// What nine in ten of its filled cells hold; text where they are of many kinds.
    pub holds: Holds,
    /// Cells by what they seem to hold, in the order of [`Holds::ALL`].
    pub counts: [u64; Holds::ALL.len()],
    /// How many different values there are, up to a cap.
    pub distinct: u64,
    /// Whether there are more than `distinct` says.
    pub distinct_is_capped: bool,
    /// Whether day or month comes first, where it has dates with the year last.
    pub date_order: Option<DateOrder>,
}

impl Column {
    /// Cells with a value.
    #[must_use]
    pub fn filled(&self) -> u64 {
        self.counts.iter().sum::<u64>() - self.blank()
    }

    /// Cells without one.
    #[must_use]
    pub fn blank(&self) -> u64 {
        self.counts[Holds::Blank as usize]
    }
}

/// A column being looked at.
#[derive(Debug)]
pub(super) struct Profile {
    name: String,
    counts: [u64; Holds::ALL.len()],
    distinct: HashSet<u64>,
    is_capped: bool,
    hasher: RandomState,
    orders: Orders,
    errors: Tally,
    nulls: Tally,
    short_zips: Tally,
    is_zip: bool,
}

impl Profile {
    pub(super) fn new(name: &str) -> Profile {
        let low = name.to_lowercase();
        Profile {
            name: name.to_owned(),
            counts: Default::default(),
            distinct: HashSet::new(),
            is_capped: false,
            hasher: RandomState::new(),
            orders: Orders::default(),
            errors: Tally::default(),
            nulls: Tally::default(),
            short_zips: Tally::default(),
            is_zip: low.contains("zip") || low.contains("postal"),
        }
    }

    pub(super) fn look(&mut self, cell: Cell<'_>, row: u64) {
        let (mut holds, shows) = holds::of(cell);
        if holds == Holds::Zip && !self.is_zip && !cell.text.contains('-') {
            // Five digits are a ZIP code only where the header says so.
            holds = Holds::Number;
        }
        self.counts[holds as usize] += 1;
        if holds == Holds::Blank {
            return;
        }
        match shows {
            Some(shows) if cell.kind == CellKind::Date => self.orders.add_cell(shows, row),
            Some(shows) => self.orders.add(shows, row),
            None => {}
        }
        if matches!(holds::lack(cell), Some(Lack::Error | Lack::TooNarrow)) {
            self.errors.add(row);
        }
        let text = cell.text.trim();
        if cell.kind == CellKind::Text && holds::is_null(text) {
            self.nulls.add(row);
        }
        if self.is_zip && matches!(text.len(), 3 | 4) && holds == Holds::Number {
            self.short_zips.add(row);
        }
        if !self.is_capped {
            let hash = self.hasher.hash_one(text);
            self.is_capped = self.distinct.len() >= DISTINCT && !self.distinct.contains(&hash);
            if !self.is_capped {
                self.distinct.insert(hash);
            }
        }
    }

    fn holds(&self) -> Holds {
        let filled: u64 = self.counts.iter().sum::<u64>() - self.counts[Holds::Blank as usize];
        let most = Holds::ALL
            .into_iter()
            .filter(|holds| *holds != Holds::Blank)
            .max_by_key(|holds| self.counts[*holds as usize]);
        match most {
            _ if filled == 0 => Holds::Blank,
            Some(holds) if self.counts[holds as usize] * 10 >= filled * 9 => holds,
            _ => Holds::Text,
        }
    }

    pub(super) fn findings(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.holds() == Holds::Date {
            findings.extend(self.order_finding());
        }
        if let Some(exchanged) = self.orders.exchanged() {
            let message = format!(
                "a spreadsheet has exchanged day and month: no such date has a day above 12, and {}; export the column \
                 again as text, or with dates as YYYY-MM-DD",
                exchanged.told()
            );
            findings.push(Finding::warning("dates.exchanged", message).on(exchanged.cells));
        }
        if let Some(tally) = self.errors.some() {
            let message = "errors such as #N/A instead of values: a row whose field comes from here is invalid";
            findings.push(Finding::warning("cells.error", message).on(tally));
        }
        if let Some(tally) = self.nulls.some() {
            let message = "cells hold what databases write where there is no value, such as NULL: each is taken for a text; export it again with blank cells";
            findings.push(Finding::warning("cells.null", message).on(tally));
        }
        if let Some(tally) = self.short_zips.some() {
            let message = "ZIP codes have lost their leading zero; it is put back";
            findings.push(Finding::note("zip.lost_zero", message).on(tally));
        }
        let named = |finding: Finding| finding.of_column(&self.name);
        findings.into_iter().map(named).collect()
    }

    fn order_finding(&self) -> Option<Finding> {
        match self.orders.decided()? {
            DateOrder::Mixed => {
                let (day, month) = (Order::DayFirst, Order::MonthFirst);
                let (day, month) = (self.orders.only(day), self.orders.only(month));
                let rarer = if day.rows < month.rows { day } else { month };
                let message = "dates stand in both orders, month first and day first: some will be read wrongly; mend the file";
                Some(Finding::warning("dates.mixed", message).on(rarer))
            }
            DateOrder::Ambiguous => {
                let message = "nothing tells whether month or day comes first: no number is above 12; ask whoever made the file, and say it with `dates` in the mapping";
                Some(Finding::warning("dates.ambiguous", message).on(self.orders.either()))
            }
            DateOrder::MonthFirst | DateOrder::DayFirst => None,
        }
    }

    pub(super) fn finish(self) -> Column {
        Column {
            holds: self.holds(),
            date_order: self.orders.decided(),
            distinct: self.distinct.len() as u64,
            distinct_is_capped: self.is_capped,
            counts: self.counts,
            name: self.name,
        }
    }
}
