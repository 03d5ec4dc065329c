//! Whether a record of several lines is rather several rows between two lone quotes.
//!
//! Owns the looks of rows that were taken for the text of one cell. Such a text begins with the rest of the row in which the
//! first quote stands and ends with the beginning of the row in which the second one does, each with as many cells as that
//! takes; what lies between are rows. And their cells are written like those in the same columns around: as dates, numbers,
//! phones. In a wide table whose lines all have the right number of cells, one such cell is enough. Text of several lines, pasted
//! tables too, does not come out like that. Where the records around quote cells that need no quotes, a row does so too, and
//! lines without them are none: a swallowed row could not even be one, since its first quote would have ended the cell. Looks
//! only at cells that have several lines, and nearly always at no more than how many delimiters their first and last line have.

use super::csv::split;
use crate::row::Row;
use memchr::{memchr, memchr_iter, memchr2, memrchr};

/// A row that was swallowed may have a delimiter too many, or lack one.
const SLIP: usize = 1;

/// So much has to be alike before text is taken for rows, and so many times as much as is not.
const ENOUGH: u32 = 2;
const TIMES: u32 = 2;

/// In a table of so many columns it says something by itself that every line has the right number of cells.
const WIDE: usize = 4;
/// And in one of so many it says so much that one date, phone or number of a call in its column is enough, whatever stands in
/// columns that the rows around leave blank or fill now so, now so.
const VERY_WIDE: usize = 6;

/// A record of several lines, and where it stands.
pub(super) struct Suspect<'a> {
    /// Its cells.
    pub(super) row: &'a Row,
    /// The record as the file has it.
    pub(super) record: &'a str,
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
        let wide = if is_exact { width } else { 0 };
        likeness.is_of_rows(wide) && !self.lacks_quotes(column, text)
    }

    /// Whether the lines of a column's text lack the quotes that the records around have where none are needed.
    fn lacks_quotes(&self, column: usize, text: &str) -> bool {
        let lines: Vec<&str> = text.lines().collect();
        let [tail, between @ .., head] = lines.as_slice() else {
            return false;
        };
        let habit = self.habit(column);
        let is_usual = |place: usize| habit.get(place).copied().unwrap_or(false);
        let at_the_end = (column + 1..self.row.width()).rev();
        let tail = at_the_end.zip(self.cells(tail).rev().take(self.count(tail) - 1));
        let between = between.iter().flat_map(|line| self.cells(line).enumerate());
        // What stands before the quote that closes the text is of its own column.
        let begun = self.count(head) - 1;
        let head = self.cells(head).enumerate();
        let head = head.map(|(at, cell)| (if at == begun { column } else { at }, cell));
        let would_be = tail.chain(between).chain(head);
        let mut usual = would_be.filter(|(place, _)| is_usual(*place)).peekable();
        usual.peek().is_some() && usual.all(|(_, cell)| !cell.trim_start().starts_with('"'))
    }

    /// The columns that all records around quote where they need not, if the record itself does not do otherwise. It speaks
    /// alone only where it quotes all other cells.
    fn habit(&self, column: usize) -> Vec<bool> {
        let own = Quoted::of(self.record, self.delimiter);
        let around = [self.before, self.behind].map(|text| {
            let text = text.trim_start_matches('\n');
            let is_single = self.neighbour(text).width() > 0;
            Quoted::of(if is_single { text } else { "" }, self.delimiter)
        });
        let is_alone = around.iter().all(Vec::is_empty);
        let others = || own.iter().enumerate().filter(|(at, _)| *at != column);
        if is_alone && others().count() > 1 && others().all(|(_, quoted)| *quoted == Quoted::Idly) {
            return vec![true; own.len()];
        }
        let is_idle = |place: usize| {
            let mut there = around.iter().filter(|record| !record.is_empty());
            !is_alone && there.all(|record| record.get(place) == Some(&Quoted::Idly))
        };
        let habit: Vec<bool> = (0..own.len()).map(is_idle).collect();
        // Somebody may have put bare rows between quoted ones.
        let is_kept = others().all(|(at, quoted)| !is_idle(at) || *quoted != Quoted::Not);
        if is_kept { habit } else { Vec::new() }
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

/// Whether a cell stands in quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quoted {
    Not,
    /// Without them it would be read otherwise.
    Needfully,
    /// It would be the same without.
    Idly,
}

impl Quoted {
    /// For each cell of the record that a text begins with; none where there is none.
    fn of(text: &str, delimiter: u8) -> Vec<Quoted> {
        let mut cells = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let quoted = rest.strip_prefix('"').map(inner);
            let behind = match quoted {
                Some(inner) => rest.get(inner.len() + 2..).unwrap_or_default(),
                None => rest,
            };
            cells.push(match quoted {
                None => Quoted::Not,
                Some(inner) if is_plain(inner, delimiter) => Quoted::Idly,
                Some(_) => Quoted::Needfully,
            });
            let end = memchr2(delimiter, b'\n', behind.as_bytes());
            let Some(end) = end.filter(|&end| behind.as_bytes().get(end) == Some(&delimiter))
            else {
                break;
            };
            rest = behind.get(end + 1..).unwrap_or_default();
            if rest.is_empty() {
                cells.push(Quoted::Not);
            }
        }
        cells
    }
}

/// What stands before the quote that closes a cell; all where there is none.
fn inner(text: &str) -> &str {
    let bytes = text.as_bytes();
    let mut quotes = memchr_iter(b'"', bytes);
    while let Some(at) = quotes.next() {
        if bytes.get(at + 1) != Some(&b'"') {
            return text.get(..at).unwrap_or_default();
        }
        quotes.next();
    }
    text
}

fn is_plain(text: &str, delimiter: u8) -> bool {
    let has_mark = text
        .bytes()
        .any(|byte| byte == delimiter || matches!(byte, b'"' | b'\n' | b'\r'));
    !has_mark && text.trim().len() == text.len()
}

/// How much of what was compared is alike.
#[derive(Default)]
struct Likeness {
    alike: u32,
    other: u32,
    /// The dates, phones and numbers of calls among what is alike.
    strong: u32,
    /// What stands where only such ones stand elsewhere, and is none.
    against: u32,
}

impl Likeness {
    /// Whether it is enough, in a table that is so wide and all of whose lines are; 0 where they are not.
    fn is_of_rows(&self, wide: usize) -> bool {
        let enough = if wide >= WIDE { 1 } else { ENOUGH };
        let is_strong = self.strong > 0 && self.strong >= self.against;
        (wide >= VERY_WIDE && is_strong)
            || (self.alike >= enough && self.alike >= self.other * TIMES)
    }

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
            if !is_taken {
                self.alike += form.weight();
                self.strong += u32::from(form.is_strong());
            }
        } else if agree && !first.is_words() {
            self.other += first.weight();
            self.against += u32::from(first.is_strong());
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

    /// A date, a phone, or a number of a call or patient, such as `C-40232`.
    fn is_strong(&self) -> bool {
        self.weight() == STRONG || (self.digits >= SERIAL && self.runs.contains('a'))
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

/// One of so many is a call's where letters stand with it.
const SERIAL: usize = 4;

/// A cell of a line that nobody has taken apart.
fn plain(cell: &str) -> &str {
    cell.trim().trim_matches('"').trim()
}

#[cfg(test)]
mod tests;
