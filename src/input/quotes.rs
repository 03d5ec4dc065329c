//! Follows the quotes through a whole CSV file, before any of its rows is used.
//!
//! Owns the question whether a stray quote swallows rows. The `csv` crate cannot be asked: it reads on without an
//! error, and rows vanish into one field. Guarantees to look only at quotes, so that text without them costs one
//! search. Sees a quote as opening exactly where the `csv` crate does: at the start of a field.

use memchr::{memchr, memchr2};

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
    Inside {
        opened: u64,
        lines: bool,
    },
    /// After a quote inside a quoted field: the next byte tells what it was.
    Closing {
        opened: u64,
        lines: bool,
    },
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
    /// `offset` is where the first chunk begins in the text.
    pub(super) fn new(delimiter: u8, offset: u64) -> Self {
        Quotes {
            delimiter,
            state: State::Outside,
            last: b'\n',
            offset,
        }
    }

    /// Reads on; stops at the first trouble.
    pub(super) fn feed(&mut self, chunk: &[u8]) -> Result<(), Trouble> {
        let mut at = 0;
        while let Some(rest) = chunk.get(at..).filter(|rest| !rest.is_empty()) {
            at += match self.state {
                State::Outside => self.outside(chunk, at, rest),
                State::Inside { opened, lines } => self.inside(rest, opened, lines),
                State::Closing { opened, lines } => self.closing(rest, opened, lines)?,
            };
        }
        if let Some(&last) = chunk.last() {
            self.last = last;
        }
        self.offset += chunk.len() as u64;
        Ok(())
    }

    /// Says whether a quote is open at the end of the text.
    pub(super) fn finish(&self) -> Result<(), Trouble> {
        match self.state {
            State::Inside { opened, .. } => Err(Trouble::Unclosed(opened)),
            State::Outside | State::Closing { .. } => Ok(()),
        }
    }

    fn outside(&mut self, chunk: &[u8], at: usize, rest: &[u8]) -> usize {
        let Some(quote) = memchr(b'"', rest) else {
            return rest.len();
        };
        let place = at + quote;
        let before = place
            .checked_sub(1)
            .and_then(|i| chunk.get(i))
            .copied()
            .unwrap_or(self.last);
        if before == self.delimiter || before == b'\n' || before == b'\r' {
            self.state = State::Inside {
                opened: self.offset + place as u64,
                lines: false,
            };
        }
        quote + 1
    }

    fn inside(&mut self, rest: &[u8], opened: u64, lines: bool) -> usize {
        let quote = memchr(b'"', rest);
        let text = quote.and_then(|quote| rest.get(..quote)).unwrap_or(rest);
        let lines = lines || memchr2(b'\n', b'\r', text).is_some();
        match quote {
            None => {
                self.state = State::Inside { opened, lines };
                rest.len()
            }
            Some(quote) => {
                self.state = State::Closing { opened, lines };
                quote + 1
            }
        }
    }

    fn closing(&mut self, rest: &[u8], opened: u64, lines: bool) -> Result<usize, Trouble> {
        match rest.first() {
            Some(b'"') => self.state = State::Inside { opened, lines },
            Some(&next) if next == self.delimiter || next == b'\n' || next == b'\r' => {
                self.state = State::Outside;
            }
            // Text after the closing quote of a field on one line is harmless: `"x" y` is read as `x y`.
            Some(_) if lines => return Err(Trouble::Stray(opened)),
            Some(_) | None => self.state = State::Outside,
        }
        Ok(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(text: &str, size: usize) -> Result<(), Trouble> {
        let mut quotes = Quotes::new(b',', 0);
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
