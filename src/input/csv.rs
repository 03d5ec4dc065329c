//! [`Blocks`] and [`Rows`]: a CSV file in blocks of whole records, and a block as rows, with the row numbers that a
//! spreadsheet shows.
//!
//! Owns the splitting of records into cells. It is done by searches for the few bytes that mean something, where the parser
//! of the `csv` crate takes a step for each byte; properties hold it against that parser. Blocks are cut where the look
//! through the whole text found the ends of records, so that each can be split by itself, on any thread. Guarantees that no
//! record is lost in silence: where a block has another number of rows than that look counted, a quote was read in two ways
//! and the file is refused. Cells are capped. Ragged rows come through as they are.

use super::description::Further;
use super::encoding::{Text, fill};
use super::error::{Fault, InputErrorKind};
use super::header::Header;
use super::places::{Places, first};
use super::quotes::{Cut, MARK, MARKS, Marks};
use super::relay::Source;
use super::surplus::Surplus;
use super::swallowed::Suspect;
use crate::reading::Quoting;
use crate::row::Row;
use std::borrow::Cow;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

/// No cell of a call log is this long; Excel ends at 32,767 characters.
const MAX_FIELD: usize = 1024 * 1024;
/// Lines in one record: Excel's cells hold at most 253 line breaks that show.
const MAX_LINES: u64 = 1000;
/// As wide as a spreadsheet can be.
const MAX_FIELDS: usize = 16_384;

/// Blocks mostly take a fourth of this.
const KEPT: usize = 1024 * 1024;

/// Whole records of a CSV file, as the file has them.
#[derive(Debug, Default)]
pub(super) struct Block {
    bytes: Vec<u8>,
    start: Cut,
    end: Cut,
}

/// A CSV file being read, block by block.
pub(super) struct Blocks<'t> {
    stream: Box<dyn Read + Send>,
    cuts: std::slice::Windows<'t, Cut>,
}

impl<'t> Blocks<'t> {
    /// Opens the file once more, as it was decided.
    pub(super) fn open(path: &Path, text: &'t Text) -> Result<Self, Fault> {
        Ok(Blocks {
            stream: text.stream(path)?,
            cuts: text.cuts.windows(2),
        })
    }

    /// Reads the next block; false at the end.
    pub(super) fn next(&mut self, block: &mut Block) -> Result<bool, Fault> {
        let Some(&[start, end]) = self.cuts.next() else {
            return Ok(false);
        };
        let length = usize::try_from(end.end - start.end).map_err(|_| cut_short())?;
        (block.start, block.end) = (start, end);
        slim(&mut block.bytes, length);
        block.bytes.resize(length, 0);
        if fill(&mut self.stream, &mut block.bytes)? < length {
            return Err(cut_short());
        }
        // The last line may have no end.
        if block.bytes.last().is_some_and(|&last| last != b'\n') {
            block.bytes.push(b'\n');
        }
        Ok(true)
    }
}

impl Block {
    /// The number of its first row.
    fn first_row(&self) -> u64 {
        self.start.rows + 1
    }

    /// How many bytes it takes.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Its rows; where the header is known, so is what is behind it.
    pub(super) fn rows<'a>(
        &'a self,
        text: &Text,
        surplus: Option<&'a Surplus>,
    ) -> Result<Rows<'a>, Fault> {
        let undecodable = || {
            let encoding = text.encoding.name();
            let kind = InputErrorKind::Undecodable { encoding };
            Fault::at(self.first_row(), self.start.lines + 1, kind)
        };
        Ok(Rows {
            text: text.decode(&self.bytes).ok_or_else(undecodable)?,
            delimiter: text.delimiter,
            quoting: text.quoting,
            surplus,
            alike: (0, 0),
            at: 0,
            single: 0..0,
            met: self.start,
            end: self.end,
        })
    }
}

/// A row as long as a book must not keep its memory for the rest of the file.
fn slim(buffer: &mut Vec<u8>, length: usize) {
    if buffer.capacity() > KEPT && length <= KEPT {
        *buffer = Vec::new();
    }
}

/// A file that has lost its end since it was looked through.
fn cut_short() -> Fault {
    InputErrorKind::Io(io::ErrorKind::UnexpectedEof.into()).into()
}

/// The rows of one block.
#[derive(Default)]
pub(super) struct Rows<'a> {
    text: Cow<'a, str>,
    delimiter: u8,
    quoting: Quoting,
    /// None where the header is not known yet.
    surplus: Option<&'a Surplus>,
    /// How many cells the last row had, and how many rows before it had as many.
    alike: (usize, usize),
    /// How far the text has been split.
    at: usize,
    /// Where the last record stands that has one line.
    single: Range<usize>,
    /// The rows and lines up to there.
    met: Cut,
    end: Cut,
}

impl Source for Rows<'_> {
    fn next(&mut self, row: &mut Row) -> Result<bool, Fault> {
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            // A spreadsheet shows blank lines as rows.
            let blank = rest.bytes().take_while(|&byte| byte == b'\n').count();
            let rest = rest.get(blank..).unwrap_or_default();
            self.at += blank;
            self.met.rows += blank as u64;
            self.met.lines += blank as u64;
            let (number, line) = (self.met.rows + 1, self.met.lines + 1);
            let fault = |kind| Fault::at(number, line, kind);
            if rest.is_empty() {
                return match self.met.rows == self.end.rows {
                    true => Ok(false),
                    false => Err(fault(InputErrorKind::StrayQuote)),
                };
            }
            row.reset(number, Some(line));
            let record = split(rest, self.delimiter, row).map_err(fault)?;
            self.at += record.length;
            self.met.rows += 1;
            self.met.lines += record.lines;
            let checks = self.quoting == Quoting::Check;
            if checks && record.lines > MAX_LINES {
                return Err(fault(InputErrorKind::TooManyLines { limit: MAX_LINES }));
            }
            if record.lines == 1 {
                self.single = self.at - record.length..self.at;
            } else if checks && self.surplus.is_some() {
                let suspect = Suspect {
                    row,
                    record: rest.get(..record.length).unwrap_or(rest),
                    before: self.text.get(self.single.clone()).unwrap_or_default(),
                    behind: rest.get(record.length..).unwrap_or_default(),
                    delimiter: self.delimiter,
                };
                if suspect.is_of_rows() {
                    return Err(fault(InputErrorKind::LikeRows));
                }
            }
            if !row.is_blank() {
                self.measure(row);
                return Ok(true);
            }
        }
    }
}

impl Rows<'_> {
    /// Holds the row that was split last against the header and the rows around.
    fn measure(&mut self, row: &mut Row) {
        let (width, before) = self.alike;
        let before = if width == row.width() { before + 1 } else { 0 };
        self.alike = (row.width(), before);
        if let Some(surplus) = self.surplus {
            let behind = self.text.get(self.at..).unwrap_or_default();
            surplus.mark(row, before, behind, self.delimiter);
        }
    }
}

/// What was taken from the beginning of a text: its bytes, with what ends it, and its lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken {
    pub(super) length: usize,
    pub(super) lines: u64,
}

/// How many bytes the marks before a record take: where files were run together, each may begin with one.
#[cold]
fn marks(record: &[u8]) -> usize {
    let marks = record.chunks(MARK.len()).take(MARKS);
    marks.take_while(|mark| *mark == MARK).count() * MARK.len()
}

/// Splits the record that a text begins with into the cells of a row.
#[inline]
pub(super) fn split(text: &str, delimiter: u8, row: &mut Row) -> Result<Taken, InputErrorKind> {
    let bytes = text.as_bytes();
    let (mut at, mut lines) = (0, 1);
    if bytes.first() == MARK.first() {
        at = marks(bytes);
    }
    loop {
        let start = row.joined().len();
        let is_quoted = bytes.get(at) == Some(&b'"');
        if is_quoted {
            let inner = text.get(at + 1..).unwrap_or_default();
            // No quote closes it within the block: the look through the text saw it otherwise.
            let quoted = unquote(inner, row).ok_or(InputErrorKind::UnclosedQuote)?;
            at += 1 + quoted.length;
            lines += quoted.lines;
        }
        let tail = text.get(at..).unwrap_or_default();
        let length = first(delimiter, b'\n', tail.as_bytes()).unwrap_or(tail.len());
        let ends = tail.as_bytes().get(length) != Some(&delimiter);
        let cell = tail.get(..length).unwrap_or_default();
        // Lines may end in CRLF.
        row.append(match ends {
            true => cell.strip_suffix('\r').unwrap_or(cell),
            false => cell,
        });
        if is_quoted && !cell.trim_end().is_empty() {
            row.mark_undoubled(row.width());
        }
        row.end_cell();
        if row.joined().len() - start > MAX_FIELD {
            return Err(InputErrorKind::too_large("", "a cell of this row", "1 MiB"));
        }
        at += length + 1;
        if ends {
            return Ok(Taken { length: at, lines });
        }
        if row.width() == MAX_FIELDS {
            return Err(InputErrorKind::too_large(
                "",
                "the number of cells in this row",
                "16,384",
            ));
        }
    }
}

/// Appends what a text has up to the quote that closes it; returns its length with that quote, and its line ends. None
/// where no quote closes it.
fn unquote(text: &str, row: &mut Row) -> Option<Taken> {
    let bytes = text.as_bytes();
    let (mut start, mut lines) = (0, 0);
    let mut marks = Places::of(b'"', b'\n', bytes);
    while let Some(at) = marks.next() {
        if bytes.get(at) == Some(&b'\n') {
            lines += 1;
        } else if bytes.get(at + 1) == Some(&b'"') {
            // Two quotes are one that is text.
            row.append(text.get(start..=at).unwrap_or_default());
            start = at + 2;
            marks.next();
        } else {
            row.append(text.get(start..at).unwrap_or_default());
            let length = at + 1;
            return Some(Taken { length, lines });
        }
    }
    None
}

/// All rows of a file, one after the other.
pub(super) struct Records<'t> {
    text: &'t Text,
    blocks: Blocks<'t>,
    block: Block,
    rows: Rows<'static>,
}

impl<'t> Records<'t> {
    /// Opens the file once more, as it was decided.
    pub(super) fn open(path: &Path, text: &'t Text) -> Result<Self, Fault> {
        Ok(Records {
            text,
            blocks: Blocks::open(path, text)?,
            block: Block::default(),
            rows: Rows::default(),
        })
    }
}

impl Source for Records<'_> {
    fn next(&mut self, row: &mut Row) -> Result<bool, Fault> {
        loop {
            if self.rows.next(row)? {
                return Ok(true);
            }
            if !self.blocks.next(&mut self.block)? {
                return Ok(false);
            }
            let rows = self.block.rows(self.text, None)?;
            self.rows = Rows {
                text: Cow::Owned(rows.text.into_owned()),
                surplus: None,
                ..rows
            };
        }
    }
}

/// The files behind the first, where several were run together; so rare that it may read up to the second.
pub(super) fn further(path: &Path, text: &Text, header: &Header) -> Result<Option<Further>, Fault> {
    let Marks { count, first_row } = text.marks;
    if count == 0 {
        return Ok(None);
    }
    let mut records = Records::open(path, text)?;
    let mut row = Row::default();
    while records.next(&mut row)? && row.position.row < first_row {}
    Ok(Some(Further {
        files: count,
        row: first_row,
        header_again: header.is_again(&row),
    }))
}

#[cfg(test)]
mod tests;
