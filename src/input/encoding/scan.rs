//! [`Characters`] and [`Records`]: the searches over a whole text before any of its rows is used.
//!
//! The one finds NULs, bytes that are no UTF-8, and how lines end; the other quotes that swallow rows, rows without end, and
//! where blocks of whole records can be cut. They need nothing of each other, so that each may read the text by itself, on
//! a thread of its own. Both take the bytes in chunks of any size; the second holds some bytes for each block.

use super::super::quotes::{Cut, Quotes, Trouble};
use super::{CHUNK, LineEnd, read_some};
use memchr::{memchr, memchr_iter};
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};

/// A block is cut at the first record that ends behind so many rows or bytes: the price of handing it over is shared.
const BLOCK_ROWS: u64 = 512;
const BLOCK: u64 = 256 * 1024;
/// How far apart one looks for such a place: a block of the shortest rows has not many more than it should.
const PART: usize = 4096;
/// Far above any real row, far below what hurts.
const MAX_RECORD: u64 = 16 * 1024 * 1024;
pub(super) const MAX_RECORD_TEXT: &str = "16 MiB";

/// Reads a text to its end, chunk by chunk, until `each` or somebody else has had enough.
fn read(
    text: &mut impl Read,
    enough: &AtomicBool,
    mut each: impl FnMut(&[u8]) -> bool,
) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    while !enough.load(Ordering::Relaxed) {
        let length = read_some(text, &mut chunk)?;
        if length == 0 {
            break;
        }
        if each(chunk.get(..length).unwrap_or_default()) {
            enough.store(true, Ordering::Relaxed);
        }
    }
    Ok(())
}

/// Where records end, and what is wrong with them.
#[derive(Debug)]
pub(super) struct Records {
    quotes: Quotes,
    pub(super) trouble: Option<Trouble>,
    /// Where the first record begins that is longer than any may be.
    pub(super) too_long: Option<u64>,
    pub(super) cuts: Vec<Cut>,
}

impl Records {
    /// Begins behind a `sep=` line, where there is one.
    pub(super) fn behind(start: Cut, delimiter: u8) -> Self {
        Records {
            quotes: Quotes::behind(start, delimiter),
            trouble: None,
            too_long: None,
            cuts: vec![start],
        }
    }

    /// Reads to the end; what is found of a text that somebody has had enough of is not to be used.
    pub(super) fn read(&mut self, text: &mut impl Read, enough: &AtomicBool) -> io::Result<()> {
        read(text, enough, |chunk| {
            for part in chunk.chunks(PART) {
                if self.trouble.is_some() {
                    break;
                }
                match self.quotes.feed(part) {
                    Ok(()) => self.cut(),
                    Err(trouble) => self.trouble = Some(trouble),
                }
            }
            false
        })?;
        self.trouble = self.trouble.or(self.quotes.finish().err());
        self.cuts.push(self.quotes.here());
        Ok(())
    }

    /// Ends a block where there is enough for one.
    fn cut(&mut self) {
        let met = self.quotes.met();
        let last = self.cuts.last().copied().unwrap_or_default();
        if met.rows - last.rows >= BLOCK_ROWS || met.end - last.end >= BLOCK {
            self.cuts.push(met);
        }
        let open = self.quotes.here().end - met.end;
        if open > MAX_RECORD && self.too_long.is_none() {
            self.too_long = Some(met.end);
        }
    }
}

/// What the characters of a text are.
#[derive(Debug)]
pub(super) struct Characters {
    pub(super) offset: u64,
    pub(super) nul: Option<u64>,
    ends_in_cr: bool,
    pub(super) lone_cr: bool,
    /// Whether the first chunk has lines that end in LF and in CRLF.
    first_ends: (bool, bool),
    last: Option<u8>,
    utf8: bool,
    /// The first bytes of a character that the last chunk cut.
    cut: Vec<u8>,
    pub(super) invalid: Option<u64>,
}

impl Characters {
    /// Begins at an offset; `utf8` asks whether the text is UTF-8.
    pub(super) fn behind(start: u64, utf8: bool) -> Self {
        Characters {
            offset: start,
            nul: None,
            ends_in_cr: false,
            lone_cr: false,
            first_ends: (false, false),
            last: None,
            utf8,
            cut: Vec::new(),
            invalid: None,
        }
    }

    /// Reads to the end, or as far as it is of use; true where bytes were met that the text's decoder does not know.
    pub(super) fn read(&mut self, text: &mut impl Read, enough: &AtomicBool) -> io::Result<bool> {
        let end = read(text, enough, |chunk| {
            self.feed(chunk);
            self.nul.is_some() || self.lone_cr
        });
        match end {
            Ok(()) => self.finish(),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                enough.store(true, Ordering::Relaxed);
                return Ok(true);
            }
            Err(error) => return Err(error),
        }
        Ok(false)
    }

    fn feed(&mut self, chunk: &[u8]) {
        let is_first = self.last.is_none();
        if self.utf8 && self.invalid.is_none() {
            self.check_utf8(chunk);
        }
        self.nul = memchr(0, chunk).map(|at| self.offset + at as u64);
        if !self.lone_cr {
            let starts_in_lf = chunk.first() == Some(&b'\n');
            self.lone_cr = (self.ends_in_cr && !starts_in_lf)
                || memchr_iter(b'\r', chunk)
                    .any(|at| chunk.get(at + 1).is_some_and(|&next| next != b'\n'));
            self.ends_in_cr = chunk.last() == Some(&b'\r');
        }
        if is_first {
            let after_cr = |at: usize| at > 0 && chunk.get(at - 1) == Some(&b'\r');
            for at in memchr_iter(b'\n', chunk) {
                let crlf = after_cr(at);
                self.first_ends = (self.first_ends.0 | !crlf, self.first_ends.1 | crlf);
            }
        }
        self.last = chunk.last().copied().or(self.last);
        self.offset += chunk.len() as u64;
    }

    pub(super) fn ends_open(&self) -> bool {
        !matches!(self.last, Some(b'\n' | b'\r'))
    }

    /// How lines end; none where there is one line.
    pub(super) fn line_end(&self) -> Option<LineEnd> {
        match (self.first_ends, self.lone_cr) {
            ((true, false), false) => Some(LineEnd::Lf),
            ((false, true), false) => Some(LineEnd::CrLf),
            ((false, false), true) => Some(LineEnd::Cr),
            ((false, false), false) => None,
            _ => Some(LineEnd::Mixed),
        }
    }

    fn finish(&mut self) {
        if !self.cut.is_empty() {
            self.invalid = self.invalid.or(Some(self.offset - self.cut.len() as u64));
        }
        self.lone_cr |= self.ends_in_cr;
    }

    fn check_utf8(&mut self, chunk: &[u8]) {
        let mut chunk = chunk;
        let mut start = self.offset;
        while !self.cut.is_empty() {
            let Some((&next, rest)) = chunk.split_first() else {
                return;
            };
            self.cut.push(next);
            chunk = rest;
            start += 1;
            match std::str::from_utf8(&self.cut) {
                Ok(_) => self.cut.clear(),
                Err(error) if error.error_len().is_none() => {}
                Err(_) => {
                    self.invalid = Some(start - self.cut.len() as u64);
                    return self.cut.clear();
                }
            }
        }
        if let Err(error) = std::str::from_utf8(chunk) {
            if error.error_len().is_some() {
                self.invalid = Some(start + error.valid_up_to() as u64);
            } else {
                self.cut
                    .extend_from_slice(chunk.get(error.valid_up_to()..).unwrap_or_default());
            }
        }
    }
}
