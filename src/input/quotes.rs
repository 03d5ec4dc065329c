//! Follows the quotes through a whole CSV file, before any of its rows is used.
//!
//! Owns the question whether a stray quote swallows rows, and with it where records end. The `csv` crate cannot be asked:
//! it reads on without an error, and rows vanish into one field. Guarantees to look only at quotes and line ends, which one
//! search finds. Sees a quote as opening exactly where the `csv` crate does: at the start of a field. Takes lines to end in
//! LF: text in which a CR stands alone has to be turned before.

use super::places::Places;

/// The byte order mark, in UTF-8. Where files were run together it stands before a record, and is no part of it.
pub(super) const MARK: &[u8] = "\u{feff}".as_bytes();
/// So many of them before one record are passed over: programs that write two exist.
pub(super) const MARKS: usize = 2;
/// How far back one looks from a quote: over the marks, and the line end before them.
const TAIL: usize = MARK.len() * MARKS + 1;

/// A record's end, and what stands in front of it: rows as a spreadsheet shows them, and lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cut {
    pub(super) end: u64,
    pub(super) rows: u64,
    pub(super) lines: u64,
}

/// What is wrong with a quote; the offset is where its field opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Open at the end.
    Unclosed(u64),
    /// It runs over lines and closes in the middle of text.
    Stray(u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Outside,
    Inside(Field),
    /// After a quote in a quoted field that was the last byte of its chunk: the next one tells what it was.
    Closing(Field),
}

/// A quoted field that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Field {
    /// Where it opens in the text.
    opened: u64,
    /// Whether it has a line end.
    has_lines: bool,
}

/// Records before which a byte order mark stands: there a further file begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) count: u64,
    /// The row of the first.
    pub(super) first_row: u64,
}

/// The state between two chunks.
#[derive(Debug)]
pub(super) struct Quotes {
    delimiter: u8,
    state: State,
    /// The last bytes of the chunks before.
    tail: [u8; TAIL],
    /// How many bytes of a mark were seen at the beginning of a record, where a chunk ended there.
    begun: Option<usize>,
    marks: Marks,
    offset: u64,
    /// The last end of a record that was met.
    met: Cut,
    /// Line ends within the record behind it.
    inner_lines: u64,
    /// How many records ended in CRLF.
    crlf: u64,
}

impl Quotes {
    /// Begins at the end of something that is no record, or at the text's own beginning.
    pub(super) fn behind(start: Cut, delimiter: u8) -> Self {
        Quotes {
            delimiter,
            state: State::Outside,
            tail: [b'\n'; TAIL],
            begun: None,
            marks: Marks::default(),
            offset: start.end,
            met: start,
            inner_lines: 0,
            crlf: 0,
        }
    }

    /// The last end of a record that was met.
    pub(super) fn met(&self) -> Cut {
        self.met
    }

    /// Whether more records ended in CRLF than in LF. What ends a line within quotes is text.
    pub(super) fn ends_in_crlf(&self) -> bool {
        self.crlf > self.met.rows / 2
    }

    /// The marks that were met behind the beginning.
    pub(super) fn marks(&self) -> Marks {
        self.marks
    }

    /// The place up to which the text was read, as if a record ended there.
    pub(super) fn here(&self) -> Cut {
        let open = u64::from(self.offset > self.met.end);
        Cut {
            end: self.offset,
            rows: self.met.rows + open,
            lines: self.met.lines + self.inner_lines + open,
        }
    }

    /// Reads on; stops at the first trouble.
    pub(super) fn feed(&mut self, chunk: &[u8]) -> Result<(), Trouble> {
        if chunk.is_empty() {
            return Ok(());
        }
        if let Some(seen) = self.begun.take() {
            self.look_for_mark(chunk, seen);
        }
        // The second quote of a pair says nothing by itself.
        let mut passed = None;
        if let State::Closing(field) = self.state {
            passed = self.close(field, chunk, 0)?.then_some(0);
        }
        for at in Places::of(b'"', b'\n', chunk) {
            if chunk.get(at) == Some(&b'\n') {
                self.line_ends(chunk, at);
                continue;
            }
            if passed == Some(at) {
                continue;
            }
            match self.state {
                State::Inside(field) if at + 1 == chunk.len() => self.state = State::Closing(field),
                State::Inside(field) => {
                    passed = self.close(field, chunk, at + 1)?.then_some(at + 1);
                }
                State::Outside | State::Closing(_) => self.open(chunk, at),
            }
        }
        self.tail = std::array::from_fn(|back| self.before(chunk, chunk.len(), TAIL - back));
        self.offset += chunk.len() as u64;
        Ok(())
    }

    /// Says whether a quote is open at the end of the text.
    pub(super) fn finish(&self) -> Result<(), Trouble> {
        match self.state {
            State::Inside(field) => Err(Trouble::Unclosed(field.opened)),
            State::Outside | State::Closing(_) => Ok(()),
        }
    }

    /// A line ends here, and with it a record, but within quotes.
    fn line_ends(&mut self, chunk: &[u8], at: usize) {
        if let State::Inside(field) = &mut self.state {
            field.has_lines = true;
            self.inner_lines += 1;
            return;
        }
        self.met = Cut {
            end: self.offset + at as u64 + 1,
            rows: self.met.rows + 1,
            lines: self.met.lines + self.inner_lines + 1,
        };
        self.inner_lines = 0;
        self.crlf += u64::from(self.before(chunk, at, 1) == b'\r');
        self.look_for_mark(chunk.get(at + 1..).unwrap_or_default(), 0);
    }

    /// Counts the record that begins here if a mark stands before it; some bytes of that may have been seen.
    fn look_for_mark(&mut self, chunk: &[u8], seen: usize) {
        let missing = MARK.get(seen..).unwrap_or_default();
        let found = missing.iter().zip(chunk).take_while(|(a, b)| a == b);
        let found = found.count();
        if found == missing.len() {
            if self.marks.count == 0 {
                self.marks.first_row = self.met.rows + 1;
            }
            self.marks.count += 1;
        } else if found == chunk.len() {
            self.begun = Some(seen + found);
        }
    }

    /// The byte so many places before another.
    fn before(&self, chunk: &[u8], at: usize, back: usize) -> u8 {
        let here = at.checked_sub(back).and_then(|at| chunk.get(at));
        let earlier = (TAIL + at).checked_sub(back);
        let earlier = || earlier.and_then(|at| self.tail.get(at));
        here.or_else(earlier).copied().unwrap_or_default()
    }

    /// Whether only byte order marks stand between a byte and the line end before it.
    fn is_behind_marks(&self, chunk: &[u8], at: usize) -> bool {
        let is_mark = |back: usize| {
            let mut bytes = MARK.iter().rev().zip(back..);
            bytes.all(|(&byte, back)| self.before(chunk, at, back) == byte)
        };
        let marks = (0..MARKS).take_while(|mark| is_mark(mark * MARK.len() + 1));
        let before = self.before(chunk, at, marks.count() * MARK.len() + 1);
        before == b'\n' || before == b'\r'
    }

    /// A quote outside of quoted fields opens one where a field begins, and is text elsewhere.
    fn open(&mut self, chunk: &[u8], at: usize) {
        let before = self.before(chunk, at, 1);
        let is_marked = || Some(&before) == MARK.last() && self.is_behind_marks(chunk, at);
        if before == self.delimiter || before == b'\n' || before == b'\r' || is_marked() {
            let opened = self.offset + at as u64;
            self.state = State::Inside(Field {
                opened,
                has_lines: false,
            });
        }
    }

    /// Judges a quote in a quoted field by the byte behind it; true where that is the second quote of a pair.
    fn close(&mut self, field: Field, chunk: &[u8], behind: usize) -> Result<bool, Trouble> {
        let next = chunk.get(behind).copied().unwrap_or(b'\n');
        if next == b'"' {
            self.state = State::Inside(field);
            return Ok(true);
        }
        self.state = State::Outside;
        let ends = next == self.delimiter || next == b'\n' || next == b'\r';
        // Text behind the closing quote of a field on one line is harmless: `"x" y` is read as `x y`.
        if !ends && field.has_lines {
            return Err(Trouble::Stray(field.opened));
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(text: &str, size: usize) -> Result<(), Trouble> {
        let mut quotes = Quotes::behind(Cut::default(), b',');
        for chunk in text.as_bytes().chunks(size) {
            quotes.feed(chunk)?;
        }
        quotes.finish()
    }

    #[test]
    fn records_are_counted_at_any_chunk_border() {
        let cases = [
            ("", (0, 0, 0), (0, 0, 0)),
            ("a,b", (0, 0, 0), (3, 1, 1)),
            ("a\n\nb\n", (5, 3, 3), (5, 3, 3)),
            ("a,\"b\nc\",d\ne\n\"f\n\"", (12, 2, 3), (16, 3, 5)),
            ("a,\"b \"\"c\"\"\n\nd\"\n5\" x\n", (20, 2, 4), (20, 2, 4)),
            ("\"a\" \n,\"\n\"", (5, 1, 1), (9, 2, 3)),
        ];
        let cut = |(end, rows, lines)| Cut { end, rows, lines };
        for (text, met, here) in cases {
            for size in 1..=text.len().max(1) {
                let mut quotes = Quotes::behind(Cut::default(), b',');
                for chunk in text.as_bytes().chunks(size) {
                    quotes.feed(chunk).unwrap();
                }
                let found = (quotes.met(), quotes.here());
                assert_eq!(found, (cut(met), cut(here)), "{text:?} in chunks of {size}");
            }
        }
    }

    #[test]
    fn a_byte_order_mark_before_a_record_is_no_part_of_it() {
        let (one, many) = (
            "a,b\n1,2\n\u{feff}\"3\n4\",5\n\u{feff}6,7",
            "a\n\n\u{feff}\u{feff}\"3\n4\"",
        );
        let marks = |count, first_row| Marks { count, first_row };
        let cases = [
            (one, marks(2, 3), Ok(())),
            (many, marks(1, 3), Ok(())),
            ("\u{feff}\"1\n2\"", marks(0, 0), Ok(())),
            ("a,\u{feff}\"1\nx\u{feff}\"2\n", marks(0, 0), Ok(())),
            ("a\n\u{feff}\"b\nc", marks(1, 2), Err(Trouble::Unclosed(5))),
        ];
        for (text, marks, expected) in cases {
            for size in 1..=text.len() {
                let mut quotes = Quotes::behind(Cut::default(), b',');
                for chunk in text.as_bytes().chunks(size) {
                    quotes.feed(chunk).unwrap();
                }
                let found = (quotes.marks(), quotes.finish());
                assert_eq!(found, (marks, expected), "{text:?} in chunks of {size}");
            }
        }
    }

    #[test]
    fn stray_quotes_are_found_at_any_chunk_border() {
        let cases = [
            ("a,b\n1,2\n", Ok(())),
            ("a,\"b\nc\",d\n", Ok(())),
            ("a,\"b \"\"c\"\" \nd\"\n", Ok(())),
            ("a,\"\",\"\"\n", Ok(())),
            ("5\" pipe,b\n6\" pipe,c\n", Ok(())),
            ("a,\"x\" y,z\n", Ok(())),
            ("a,\"x\"", Ok(())),
            ("a,b\n1,\"2\n3,4\n", Err(Trouble::Unclosed(6))),
            ("a,b\n1,\"2\n3,\"four\"\n5,6\n", Err(Trouble::Stray(6))),
            ("\"", Err(Trouble::Unclosed(0))),
        ];
        for (text, expected) in cases {
            for size in 1..=text.len() {
                assert_eq!(follow(text, size), expected, "{text:?} in chunks of {size}");
            }
        }
    }
}
