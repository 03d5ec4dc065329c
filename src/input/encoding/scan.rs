//! [`Characters`] and [`Records`]: the searches over a whole text before any of its rows is used.
//!
//! The one finds NULs, bytes that are no UTF-8, and how lines end; the other quotes that swallow rows, rows without end, and
//! where blocks of whole records can be cut. They need nothing of each other: [`read`] reads the text once and has each look
//! at it on a thread of its own. Both take the bytes in chunks of any size; the second holds some bytes for each block.

use super::super::error::{Fault, InputErrorKind};
use super::super::quotes::{Cut, Marks, Quotes, Trouble};
use super::{CHUNK, LineEnd, read_some};
use memchr::{memchr, memchr_iter};
use std::io::{self, Read};
use std::panic::resume_unwind;
use std::sync::mpsc::sync_channel;
use std::thread;

/// Chunks under way between the two.
const CHUNKS: usize = 8;

/// A block is cut at the first record that ends behind so many rows or bytes: the price of handing it over is shared.
const BLOCK_ROWS: u64 = 512;
const BLOCK: u64 = 256 * 1024;
/// How far apart one looks for such a place: a block of the shortest rows has not many more than it should.
const PART: usize = 4096;
/// Far above any real row, far below what hurts.
const MAX_RECORD: u64 = 16 * 1024 * 1024;
pub(super) const MAX_RECORD_TEXT: &str = "16 MiB";

/// Reads a text to its end, or as far as it is of use, and has two threads look at each chunk: this one at its characters,
/// another at its records.
pub(super) fn read(
    text: &mut impl Read,
    characters: &mut Characters,
    records: &mut Records,
) -> Result<End, Fault> {
    let (filled, chunks) = sync_channel::<(Vec<u8>, usize)>(CHUNKS);
    let (emptied, empty) = sync_channel(CHUNKS);
    for _ in 0..CHUNKS {
        // There is room: the channel was made for so many.
        drop(emptied.send(vec![0; CHUNK]));
    }
    let follow = move || {
        for (chunk, length) in chunks {
            records.feed(chunk.get(..length).unwrap_or_default());
            // The text may have ended: then nobody wants the chunk back.
            drop(emptied.send(chunk));
        }
        records.finish();
    };
    thread::scope(|scope| {
        let follow = thread::Builder::new().spawn_scoped(scope, follow);
        let follow = follow.map_err(InputErrorKind::NoThread)?;
        let mut look = || -> io::Result<()> {
            // No chunk comes back from a thread that has panicked.
            while let Ok(mut chunk) = empty.recv() {
                let length = read_some(text, &mut chunk)?;
                if length == 0 {
                    break;
                }
                characters.feed(chunk.get(..length).unwrap_or_default());
                if characters.are_damaged() {
                    break;
                }
                drop(filled.send((chunk, length)));
            }
            Ok(())
        };
        let end = look();
        drop(filled);
        follow.join().unwrap_or_else(|panic| resume_unwind(panic));
        match end {
            Ok(()) => {
                characters.finish();
                Ok(End::Reached)
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(End::Undecodable),
            Err(error) => Err(error.into()),
        }
    })
}

/// How far a text could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// As far as it is of use.
    Reached,
    /// Up to bytes that its decoder does not know.
    Undecodable,
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

    fn feed(&mut self, chunk: &[u8]) {
        for part in chunk.chunks(PART) {
            if self.trouble.is_some() {
                break;
            }
            match self.quotes.feed(part) {
                Ok(()) => self.cut(),
                Err(trouble) => self.trouble = Some(trouble),
            }
        }
    }

    /// Whether most of them end in CRLF.
    pub(super) fn end_in_crlf(&self) -> bool {
        self.quotes.ends_in_crlf()
    }

    /// The byte order marks that stand before records.
    pub(super) fn marks(&self) -> Marks {
        self.quotes.marks()
    }

    fn finish(&mut self) {
        self.trouble = self.trouble.or(self.quotes.finish().err());
        self.cuts.push(self.quotes.here());
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
    /// How most lines end in the chunk that has a CR that stands alone.
    mostly: Option<LineEnd>,
    last: Option<u8>,
    utf8: bool,
    /// The first bytes of a character that the last chunk cut.
    cut: Vec<u8>,
    pub(super) invalid: Option<u64>,
    /// How many pieces are no UTF-8, and how many characters beyond ASCII are, from the first such piece on.
    pub(super) bad: u64,
    pub(super) good: u64,
    /// Whether the only such piece is the beginning of a character, at the very end.
    pub(super) is_cut: bool,
    /// Whether there are bytes, in a text that is no UTF-8, that Windows-1252 does not have either.
    pub(super) unfit: bool,
}

/// The bytes that stand for nothing in Windows-1252. What is written in a DOS or a Macintosh encoding has some.
const NO_WINDOWS_1252: [u8; 5] = [0x81, 0x8d, 0x8f, 0x90, 0x9d];

impl Characters {
    /// Begins at an offset; `utf8` asks whether the text is UTF-8.
    pub(super) fn behind(start: u64, utf8: bool) -> Self {
        Characters {
            offset: start,
            nul: None,
            ends_in_cr: false,
            lone_cr: false,
            first_ends: (false, false),
            mostly: None,
            last: None,
            utf8,
            cut: Vec::new(),
            invalid: None,
            bad: 0,
            good: 0,
            is_cut: false,
            unfit: false,
        }
    }

    /// Whether the text is of no use as it is: not at all, or not before its lines are turned.
    fn are_damaged(&self) -> bool {
        self.nul.is_some() || self.lone_cr
    }

    fn feed(&mut self, chunk: &[u8]) {
        let is_first = self.last.is_none();
        if self.utf8 {
            self.check_utf8(chunk);
        }
        if self.invalid.is_some() && !self.unfit {
            // What stands before the first bad byte is UTF-8, which uses these bytes too.
            let before = self.invalid.and_then(|at| at.checked_sub(self.offset));
            let behind = chunk.get(usize::try_from(before.unwrap_or(0)).unwrap_or(0)..);
            let mut bytes = behind.unwrap_or_default().iter();
            self.unfit = bytes.any(|byte| NO_WINDOWS_1252.contains(byte));
        }
        self.nul = memchr(0, chunk).map(|at| self.offset + at as u64);
        if !self.lone_cr {
            let starts_in_lf = chunk.first() == Some(&b'\n');
            self.lone_cr = (self.ends_in_cr && !starts_in_lf)
                || memchr_iter(b'\r', chunk)
                    .any(|at| chunk.get(at + 1).is_some_and(|&next| next != b'\n'));
            self.ends_in_cr = chunk.last() == Some(&b'\r');
            self.mostly = self.lone_cr.then(|| most(chunk));
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

    /// How most lines end in a text in which a CR stands alone somewhere.
    pub(super) fn mostly_with_lone_cr(&self) -> LineEnd {
        self.mostly.unwrap_or(match self.first_ends {
            (false, false) => LineEnd::Cr,
            (_, true) => LineEnd::CrLf,
            (true, false) => LineEnd::Lf,
        })
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
        // A text that is of no use was not read to its end, and a border of chunks is no end.
        if !self.cut.is_empty() && !self.are_damaged() {
            self.is_cut = self.invalid.is_none();
            self.note_bad(self.offset - self.cut.len() as u64);
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
            match std::str::from_utf8(&self.cut) {
                Ok(_) => {
                    self.good += u64::from(self.invalid.is_some());
                    self.cut.clear();
                }
                Err(error) if error.error_len().is_none() => {}
                Err(_) => {
                    // What was not expected may begin something of its own.
                    self.note_bad(start + 1 - self.cut.len() as u64);
                    self.cut.clear();
                    break;
                }
            }
            chunk = rest;
            start += 1;
        }
        while let Err(error) = simdutf8::compat::from_utf8(chunk) {
            let (valid, rest) = chunk.split_at(error.valid_up_to());
            self.note_good(valid);
            start += valid.len() as u64;
            let Some(length) = error.error_len() else {
                return self.cut.extend_from_slice(rest);
            };
            self.note_bad(start);
            start += length as u64;
            chunk = rest.get(length..).unwrap_or_default();
        }
        self.note_good(chunk);
    }

    fn note_bad(&mut self, at: u64) {
        self.invalid = self.invalid.or(Some(at));
        self.bad += 1;
    }

    /// Counts characters only where they are of use: in a text that is not all UTF-8.
    fn note_good(&mut self, valid: &[u8]) {
        if self.invalid.is_some() {
            self.good += beyond_ascii(valid);
        }
    }
}

/// How most lines of a chunk end.
fn most(chunk: &[u8]) -> LineEnd {
    let (cr, lf) = (memchr_iter(b'\r', chunk), memchr_iter(b'\n', chunk).count());
    let (crlf, cr): (Vec<usize>, Vec<usize>) = cr.partition(|at| chunk.get(at + 1) == Some(&b'\n'));
    let lf = lf - crlf.len();
    if cr.len() > lf.max(crlf.len()) {
        LineEnd::Cr
    } else if crlf.len() >= lf {
        LineEnd::CrLf
    } else {
        LineEnd::Lf
    }
}

/// How many characters beyond ASCII there are in UTF-8: each begins with such a byte.
pub(super) fn beyond_ascii(valid: &[u8]) -> u64 {
    valid.iter().map(|&byte| u64::from(byte >= 0xc0)).sum()
}
