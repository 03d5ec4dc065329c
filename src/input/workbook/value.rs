//! How the cells of a sheet say their values, as bytes.
//!
//! Owns what calamine would read as something else than it says: it takes the first piece of a number, the first shared
//! string for any number that is none, and of all that a cell holds the last, though that be a formula. Reads no value: it
//! only judges how one is written.

use super::survey::attribute;
use memchr::{memchr, memmem, memrchr};

pub(super) const NO_STRING: &str = "a cell names no shared string";
pub(super) const NO_VALUE: &str = "a cell's value is not written as spreadsheet programs write it";

/// The number of a shared string has fewer digits; with more it would be none, and stand for the first string.
const DIGITS: usize = 15;

/// The cell whose end has not been met yet.
#[derive(Debug)]
pub(super) struct OpenCell {
    pub(super) place: (u32, u32),
    pub(super) writing: Writing,
    pub(super) formula: bool,
    pub(super) value: bool,
    /// How much of the value has been met, while one is open.
    open_value: Option<usize>,
    ends_in_space: bool,
    /// Whether a value that counts was opened, blank or not: nothing may follow it.
    complete: bool,
    /// Whether there is a value that is passed over; one that counts must follow it.
    unread: bool,
    odd: bool,
    pub(super) size: u64,
}

/// How a cell says its value, which calamine reads in three ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    /// A number or a boolean: the first piece of text is taken, and what is no number becomes text.
    Number,
    /// The number of a shared string: likewise, and what is no number becomes the first string.
    Index,
    /// An error, which the reader of the rows knows by its place, however it is written.
    Error,
    /// The text of a formula: all pieces are taken, but for CDATA.
    Text,
    /// A date, likewise.
    Date,
    /// A text of its own; a value beside it is passed over.
    Inline,
}

impl Writing {
    pub(super) fn of(cell: &[u8]) -> Writing {
        match attribute(cell, b"t") {
            Some(b"s") => Writing::Index,
            Some(b"e") => Writing::Error,
            Some(b"str") => Writing::Text,
            Some(b"d") => Writing::Date,
            Some(b"inlineStr" | b"is") => Writing::Inline,
            _ => Writing::Number,
        }
    }
}

impl OpenCell {
    pub(super) fn new(place: (u32, u32), tag: &[u8]) -> OpenCell {
        OpenCell {
            place,
            writing: Writing::of(tag),
            formula: false,
            value: false,
            open_value: None,
            ends_in_space: false,
            complete: false,
            unread: false,
            odd: false,
            size: 0,
        }
    }

    /// What is wrong with its value.
    pub(super) fn oddity(&self) -> Option<&'static str> {
        let what = match self.writing {
            Writing::Index => NO_STRING,
            _ => NO_VALUE,
        };
        let is_lost = self.unread && !self.complete;
        (self.odd || is_lost).then_some(what)
    }

    pub(super) fn formula_opens(&mut self) {
        // The value in front of it would be taken for blank.
        self.odd |= self.complete;
        self.formula = true;
    }

    /// Takes note of an inline string.
    pub(super) fn text_opens(&mut self) {
        // Programs differ in whether they show one that stands in a cell of another kind.
        self.odd |= self.complete || self.writing != Writing::Inline;
        self.complete = true;
    }

    pub(super) fn value_opens(&mut self, tag: &[u8]) {
        // Of two values the last would be taken, and behind an inline string any value is blank.
        self.odd |= match self.writing {
            Writing::Inline => self.complete,
            _ => self.value,
        };
        self.complete |= self.writing != Writing::Inline;
        // `<v></v>` and `<v/>` are an empty text where the cell is text, and no value otherwise.
        self.value = self.writing == Writing::Text;
        self.open_value = (!tag.ends_with(b"/")).then_some(0);
    }

    pub(super) fn value_goes_on(&mut self, bytes: &[u8]) {
        let (Some(met), Some(first), Some(last)) =
            (&mut self.open_value, bytes.first(), bytes.last())
        else {
            return;
        };
        self.odd |= match self.writing {
            Writing::Index => !bytes.iter().all(u8::is_ascii_digit) || *met + bytes.len() > DIGITS,
            Writing::Number => {
                memchr(b'&', bytes).is_some() || (*met == 0 && first.is_ascii_whitespace())
            }
            _ => false,
        };
        self.unread |= self.writing == Writing::Inline;
        *met += bytes.len();
        self.ends_in_space = last.is_ascii_whitespace();
    }

    /// Takes note of a comment, or of CDATA.
    pub(super) fn special_met(&mut self, is_cdata: bool) {
        if self.open_value.is_some() {
            self.odd |= match self.writing {
                Writing::Number | Writing::Index => true,
                Writing::Text | Writing::Date => is_cdata,
                Writing::Error | Writing::Inline => false,
            };
        }
    }

    /// Any tag ends the text of a value, and only its own ends it well.
    pub(super) fn value_ends(&mut self, name: &[u8]) {
        if let Some(met) = self.open_value.take() {
            let is_cut = name != b"/v" || (met > 0 && self.ends_in_space);
            self.odd |= is_cut && matches!(self.writing, Writing::Number | Writing::Index);
        }
    }
}

/// Whether all values of some rows are written as spreadsheet programs write them; others want a closer look.
pub(super) fn are_plain(rows: &[u8]) -> bool {
    // Where no cell has a text of its own, the digits of a value say enough, and its cell is not looked for.
    let inline: [&[u8]; 3] = [b"inlineStr", b"\"is\"", b"'is'"];
    let has_inline = inline.iter().any(|kind| memmem::find(rows, kind).is_some());
    let is_plain = |at: usize| {
        let (before, value) = rows.split_at(at);
        is_plain_value(before, value.get(2..).unwrap_or_default(), has_inline)
    };
    memmem::find_iter(rows, b"<v").all(is_plain)
        && memmem::find_iter(rows, b"<is").all(|at| is_plain_text(rows.split_at(at).0))
}

/// Whether an inline string is the first thing that its cell holds, and of its kind, judged from what stands before it.
fn is_plain_text(before: &[u8]) -> bool {
    // So most programs end the tag of such a cell; each look further back takes as long as all else together.
    before.ends_with(b" t=\"inlineStr\">")
        || cell_before(before).is_some_and(|cell| Writing::of(cell) == Writing::Inline)
}

/// The tag of a cell, where nothing stands between it and this place.
fn cell_before(before: &[u8]) -> Option<&[u8]> {
    let tag = before.get(memrchr(b'<', before)? + 1..)?;
    let (tag, text) = tag.split_at_checked(memchr(b'>', tag)?)?;
    let is_alone = text.get(1..)?.iter().all(u8::is_ascii_whitespace);
    (is_alone && tag.starts_with(b"c")).then_some(tag)
}

/// Judges a value from what stands before its tag, and from what follows the tag's name.
fn is_plain_value(before: &[u8], value: &[u8], has_inline: bool) -> bool {
    let Some(text) = value.strip_prefix(b">") else {
        return false;
    };
    let ends = |length: usize| {
        let end = text.get(length..);
        end.is_some_and(|end| end.starts_with(b"</v></c>"))
    };
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if (1..=DIGITS).contains(&digits) && ends(digits) {
        return !has_inline
            || cell_before(before).is_some_and(|cell| Writing::of(cell) != Writing::Inline);
    }
    let length = memchr(b'<', text).filter(|&length| ends(length));
    let text = length.and_then(|length| text.get(..length));
    let (Some(text), Some(cell)) = (text, cell_before(before)) else {
        return false;
    };
    // Places are written in capitals, so most cells of numbers have no such letter.
    let writing = match cell.contains(&b't') {
        true => Writing::of(cell),
        false => Writing::Number,
    };
    let is_number = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    match writing {
        Writing::Number => !text.is_empty() && text.iter().all(is_number),
        Writing::Text | Writing::Date => true,
        Writing::Index | Writing::Error | Writing::Inline => false,
    }
}
