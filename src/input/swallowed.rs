//! Whether a record of several lines is rather several rows between two lone quotes.
//!
//! Owns the looks of rows that were taken for the text of one cell. Such a text begins with the rest of the row in which the
//! first quote stands and ends with the beginning of the row in which the second one does, each with as many cells as that
//! takes; what lies between are rows. And their cells are written like those in the same columns around: as dates, numbers,
//! phones. Text of several lines, pasted tables too, does not come out like that. Looks only at cells that have several lines,
//! and nearly always at no more than how many delimiters their first and last line have.

use super::csv::split;
use crate::row::Row;
use memchr::{memchr, memchr_iter, memrchr};

/// A row that was swallowed may have a delimiter too many, or lack one.
const SLIP: usize = 1;

/// So much has to be alike before text is taken for rows, and so many times as much as is not.
const ENOUGH: u32 = 2;
const TIMES: u32 = 2;

/// In a table of so many columns it says something by itself that every line has the right number of cells.
const WIDE: usize = 4;

/// A record of several lines, and where it stands.
pub(super) struct Suspect<'a> {
    /// Its cells.
    pub(super) row: &'a Row,
    /// The record of one line before it, empty where there is none.
    pub(super) before: &'a str,
    /// The text behind it.
    pub(super) behind: &'a str,
    pub(super) delimiter: u8,
}

impl Suspect<'_> {
    /// Whether the text of one of its cells is of rows. Only quoted cells have several lines.
    pub(super) fn is_of_rows(&self) -> bool {
        let mut cells = self.row.cells().enumerate();
        cells.any(|(column, cell)| self.holds_rows(column, cell.text))
    }

    /// Whether the text of a column's cell may be the end of a row, rows, and the beginning of one.
    fn holds_rows(&self, column: usize, text: &str) -> bool {
        let bytes = text.as_bytes();
        let (Some(first), Some(last)) = (memchr(b'\n', bytes), memrchr(b'\n', bytes)) else {
            return false;
        };
        let tail = text.get(..first).unwrap_or_default();
        let head = text.get(last + 1..).unwrap_or_default();
        let (missing, had) = (self.row.width() - column, column + 1);
        let (in_tail, in_head) = (self.count(tail), self.count(head));
        // Nearly all text of several lines ends the search here.
        if in_tail.abs_diff(missing) > SLIP || in_head.abs_diff(had) > SLIP {
            return false;
        }
        let width = self.row.width();
        let mut is_exact = in_tail == missing && in_head == had;
        let around = [self.before, self.behind].map(|text| self.neighbour(text));
        let mut likeness = Likeness::default();
        let mut see = |place, cell| likeness.see(cell, &self.elsewhere(place, column, &around));
        // The rest of the first row stands at the right; the cell itself is no part of it.
        for (place, cell) in (column + 1..width)
            .rev()
            .zip(self.cells(tail).rev().take(in_tail - 1))
        {
            see(place, cell);
        }
        let head = self.cells(head).take(in_head - 1);
        for (place, cell) in (0..column).zip(head) {
            see(place, cell);
        }
        let between = text.get(first + 1..last).unwrap_or_default();
        for line in between.lines().filter(|line| !line.trim().is_empty()) {
            if self.count(line) == width {
                self.cells(line)
                    .enumerate()
                    .for_each(|(place, cell)| see(place, cell));
            } else {
                is_exact = false;
            }
        }
        let enough = if is_exact && width >= WIDE { 1 } else { ENOUGH };
        likeness.alike >= enough && likeness.alike >= likeness.other * TIMES
    }

    fn count(&self, line: &str) -> usize {
        memchr_iter(self.delimiter, line.as_bytes()).count() + 1
    }

    fn cells<'l>(&self, line: &'l str) -> impl DoubleEndedIterator<Item = &'l str> + use<'l> {
        line.split(char::from(self.delimiter))
    }

    /// What stands in a column of the rows around and of the record itself, but for the text in question.
    fn elsewhere<'r>(&'r self, place: usize, text: usize, around: &'r [Row; 2]) -> Vec<&'r str> {
        let rows = [self.row, &around[0], &around[1]].into_iter().enumerate();
        let others = rows.filter(|(at, row)| row.width() > 0 && !(*at == 0 && place == text));
        others.map(|(_, row)| plain(row.text(place))).collect()
    }

    /// A row of one line beside the record; empty where there is none.
    fn neighbour(&self, text: &str) -> Row {
        let mut row = Row::default();
        let text = text.trim_start_matches('\n');
        let has_one = !text.is_empty() && split(text, self.delimiter, &mut row).is_ok();
        let is_one_line = row.cells().all(|cell| !cell.text.contains('\n'));
        if !(has_one && is_one_line) {
            row.reset(0, None);
        }
        row
    }
}

/// How much of what was compared is alike.
#[derive(Default)]
struct Likeness {
    alike: u32,
    other: u32,
}

impl Likeness {
    /// Compares a cell with those that stand in its column elsewhere.
    fn see(&mut self, cell: &str, elsewhere: &[&str]) {
        let cell = plain(cell);
        let Some(form) = Form::of(cell) else {
            return;
        };
        let there: Vec<Form> = elsewhere.iter().filter_map(|text| Form::of(text)).collect();
        let Some(first) = there.first() else {
            // Where nobody else has a value, this one is out of place.
            self.other += u32::from(elsewhere.len() > 1);
            return;
        };
        let agree = there.iter().all(|other| other.is_like(first));
        if !form.is_words() && there.iter().any(|other| form.is_like(other)) {
            // A list that somebody numbered has the numbers of other rows, and no row has those of others.
            let is_taken = elsewhere.contains(&cell) && !elsewhere.iter().all(|text| *text == cell);
            self.alike += if is_taken { 0 } else { form.weight() };
        } else if agree && !first.is_words() {
            self.other += first.weight();
        } else if agree && form.weight() == STRONG {
            self.other += 1;
        }
    }
}

/// What says much: a date, a phone, a long number.
const STRONG: u32 = 2;

/// How a value is written: its letters and digits run together, everything else as it stands.
#[derive(Debug, PartialEq, Eq)]
struct Form {
    runs: String,
    digits: usize,
}

impl Form {
    /// None for a blank cell.
    fn of(text: &str) -> Option<Form> {
        let mut runs = String::new();
        for c in text.chars() {
            let run = match c {
                '0'..='9' => '9',
                c if c.is_alphabetic() => 'a',
                c => c,
            };
            if !runs.ends_with(run) {
                runs.push(run);
            }
        }
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        (!text.is_empty()).then_some(Form { runs, digits })
    }

    fn is_words(&self) -> bool {
        self.digits == 0 && !self.runs.contains('@')
    }

    fn weight(&self) -> u32 {
        let parts = self.runs.matches('9').count();
        match self.is_words() {
            true => 0,
            false if parts > 1 || self.digits >= LONG || self.runs.contains('@') => STRONG,
            false => 1,
        }
    }

    /// Numbers of a column may grow by a digit, and the parts of a date by one each.
    fn is_like(&self, other: &Form) -> bool {
        (self.is_words() && other.is_words())
            || (self.runs == other.runs
                && self.digits.abs_diff(other.digits) <= 1 + self.runs.len() / 3)
    }
}

/// A number of so many digits is a phone's or a call's.
const LONG: usize = 7;

/// A cell of a line that nobody has taken apart.
fn plain(cell: &str) -> &str {
    cell.trim().trim_matches('"').trim()
}

#[cfg(test)]
mod tests;
