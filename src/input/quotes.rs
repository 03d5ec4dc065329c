//! Follows the quotes through a whole CSV file, before any of its rows is used.
//!
//! Owns the question whether a stray quote swallows rows. The `csv` crate cannot be asked: it reads on without an
//! error, and rows vanish into one field. Guarantees to look only at quotes, so that text without them costs one
//! search. Sees a quote as opening exactly where the `csv` crate does: at the start of a field.

use memchr::{memchr_iter, memchr2};

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
    /// Where its text begins in this chunk.
    from: usize,
    /// Whether it had a line end in an earlier chunk.
    lines: bool,
}

impl Field {
    /// Whether it has a line end up to a place in this chunk; looked for only where the answer is needed.
    fn has_lines(&self, chunk: &[u8], to: usize) -> bool {
        let text = chunk.get(self.from..to).unwrap_or_default();
        self.lines || memchr2(b'\n', b'\r', text).is_some()
    }
}

/// The state between two chunks.
#[derive(Debug)]
pub(super) struct Quotes {
    delimiter: u8,
    state: State,
    last: u8,
    offset: u64,
}

impl Quotes {
    pub(super) fn new(delimiter: u8) -> Self {
        Quotes {
            delimiter,
            state: State::Outside,
            last: b'\n',
            offset: 0,
        }
    }

    /// Reads on; stops at the first trouble.
    pub(super) fn feed(&mut self, chunk: &[u8]) -> Result<(), Trouble> {
        let Some(&last) = chunk.last() else {
            return Ok(());
        };
        // The second quote of a pair says nothing by itself.
        let mut passed = None;
        if let State::Closing(field) = self.state {
            passed = self.close(field, chunk, 0)?.then_some(0);
        }
        for at in memchr_iter(b'"', chunk) {
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
        if let State::Inside(field) | State::Closing(field) = &mut self.state {
            field.lines = field.has_lines(chunk, chunk.len());
            field.from = 0;
        }
        self.last = last;
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

    /// A quote outside of quoted fields opens one where a field begins, and is text elsewhere.
    fn open(&mut self, chunk: &[u8], at: usize) {
        let before = at
            .checked_sub(1)
            .and_then(|i| chunk.get(i))
            .copied()
            .unwrap_or(self.last);
        if before == self.delimiter || before == b'\n' || before == b'\r' {
            let opened = self.offset + at as u64;
            self.state = State::Inside(Field {
                opened,
                from: at,
                lines: false,
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
        if !ends && field.has_lines(chunk, behind) {
            return Err(Trouble::Stray(field.opened));
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(text: &str, size: usize) -> Result<(), Trouble> {
        let mut quotes = Quotes::new(b',');
        for chunk in text.as_bytes().chunks(size) {
            quotes.feed(chunk)?;
        }
        quotes.finish()
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
