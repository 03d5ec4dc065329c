//! [`Blocks`] and [`Parser`]: a CSV file in blocks of whole records, and a block as rows, with the row numbers that a
//! spreadsheet shows.
//!
//! Owns the use of the `csv` crate's parser for reading. Blocks are cut where the look through the whole text found the ends
//! of records, so that each can be parsed by itself, on any thread. Guarantees that no record is lost in silence: where the
//! parser sees another number of rows in a block than that look, a quote was read in two ways and the file is refused.
//! Fields are capped. Ragged rows come through as they are.

use super::encoding::{Text, fill};
use super::error::{Fault, InputErrorKind};
use super::quotes::Cut;
use super::relay::Source;
use crate::row::Row;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};
use memchr::memchr_iter;
use std::borrow::Cow;
use std::io::{self, Read};
use std::path::Path;

/// No cell of a call log is this long; Excel ends at 32,767 characters.
const MAX_FIELD: usize = 1024 * 1024;
/// Lines in one record: Excel's cells hold at most 253 line breaks that show.
const MAX_LINES: u64 = 1000;
/// As wide as a spreadsheet can be.
const MAX_FIELDS: usize = 16_384;

/// Blocks and their fields mostly take a fourth of this.
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
    pub(super) fn first_row(&self) -> u64 {
        self.start.rows + 1
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

/// What turns blocks into rows; one for each thread that does so.
pub(super) struct Parser<'t> {
    text: &'t Text,
    core: Reader,
    /// The fields of the record at hand, run together, and where each of them ends.
    fields: Vec<u8>,
    ends: Vec<usize>,
}

/// How far a block has been parsed.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    at: usize,
    rows: u64,
    lines: u64,
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t Text) -> Self {
        let mut core = ReaderBuilder::new()
            .delimiter(text.delimiter)
            // By LF alone: lines are then what the look through the text counted.
            .terminator(Terminator::Any(b'\n'))
            .build();
        // What comes first loses a byte order mark, and must not: the file's own is gone, and a block is no file.
        let _ = core.read_record(b"\n", &mut [], &mut []);
        Parser {
            text,
            core,
            fields: Vec::new(),
            ends: vec![0; MAX_FIELDS + 1],
        }
    }

    /// The rows of a block.
    pub(super) fn rows<'a>(&'a mut self, block: &'a Block) -> Rows<'a, 't> {
        let place = Place {
            at: 0,
            rows: block.start.rows,
            lines: block.start.lines,
        };
        slim(&mut self.fields, block.bytes.len());
        let text = self.text.decode(&block.bytes);
        Rows {
            parser: self,
            text,
            place,
            end: block.end,
        }
    }

    /// Parses the next record that is not blank; false at the end of the block.
    fn next(
        &mut self,
        text: &[u8],
        place: &mut Place,
        end: Cut,
        row: &mut Row,
    ) -> Result<bool, Fault> {
        loop {
            let rest = text.get(place.at..).unwrap_or_default();
            // The parser skips blank lines in silence; a spreadsheet shows them as rows.
            let blank = rest.iter().take_while(|&&byte| byte == b'\n').count();
            place.at += blank;
            place.rows += blank as u64;
            place.lines += blank as u64;
            let rest = rest.get(blank..).unwrap_or_default();
            let (number, line) = (place.rows + 1, place.lines + 1);
            let fault = |kind| Fault::at(number, line, kind);
            if rest.is_empty() {
                return match place.rows == end.rows {
                    true => Ok(false),
                    false => Err(fault(InputErrorKind::StrayQuote)),
                };
            }
            if self.fields.len() < rest.len() {
                self.fields.resize(rest.len(), 0);
            }
            let (result, taken, length, width) =
                self.core
                    .read_record(rest, &mut self.fields, &mut self.ends);
            match result {
                ReadRecordResult::Record if width <= MAX_FIELDS => {}
                ReadRecordResult::Record | ReadRecordResult::OutputEndsFull => {
                    return Err(fault(too_wide()));
                }
                // The block ends within a field in quotes: the look through the text saw them otherwise.
                ReadRecordResult::InputEmpty
                | ReadRecordResult::OutputFull
                | ReadRecordResult::End => return Err(fault(InputErrorKind::UnclosedQuote)),
            }
            let record = rest.get(..taken).unwrap_or_default();
            let lines = match self.has_quotes(length, width, taken) {
                true => memchr_iter(b'\n', record).count() as u64,
                false => 1,
            };
            place.at += taken;
            place.rows += 1;
            place.lines += lines;
            if lines > MAX_LINES {
                return Err(fault(InputErrorKind::TooManyLines { limit: MAX_LINES }));
            }
            row.reset(number, Some(line));
            self.fill(row, length, width).map_err(fault)?;
            if !row.is_blank() {
                return Ok(true);
            }
        }
    }

    /// Whether a record has quotes that are no text, and so perhaps more than one line: its fields are shorter than it is
    /// by more than the delimiters and the line end.
    fn has_quotes(&self, length: usize, width: usize, taken: usize) -> bool {
        length + width != taken
    }

    /// Puts the record at hand into a row.
    fn fill(&self, row: &mut Row, length: usize, width: usize) -> Result<(), InputErrorKind> {
        let mut bytes = self.fields.get(..length).unwrap_or_default();
        // Lines may end in CRLF: its CR is the last byte of the last field.
        if bytes.last() == Some(&b'\r') {
            bytes = bytes.get(..length - 1).unwrap_or_default();
        }
        let undecodable = || InputErrorKind::Undecodable {
            encoding: self.text.encoding.name(),
        };
        let text = std::str::from_utf8(bytes).map_err(|_| undecodable())?;
        let ends = self.ends.get(..width).unwrap_or_default();
        let (mut start, mut longest) = (0, 0);
        let ends = ends.iter().map(|&end| {
            longest = longest.max(end - start);
            start = end;
            end.min(bytes.len())
        });
        if !row.fill(text, ends) {
            return Err(undecodable());
        }
        if longest > MAX_FIELD {
            return Err(InputErrorKind::TooLarge {
                part: String::new(),
                what: "a cell of this row",
                limit: "1 MiB",
            });
        }
        Ok(())
    }
}

/// The rows of one block.
pub(super) struct Rows<'a, 't> {
    parser: &'a mut Parser<'t>,
    text: Cow<'a, [u8]>,
    place: Place,
    end: Cut,
}

impl Source for Rows<'_, '_> {
    fn next(&mut self, row: &mut Row) -> Result<bool, Fault> {
        self.parser.next(&self.text, &mut self.place, self.end, row)
    }
}

/// All rows of a file, one after the other.
pub(super) struct Records<'t> {
    blocks: Blocks<'t>,
    parser: Parser<'t>,
    block: Block,
    text: Vec<u8>,
    place: Place,
}

impl<'t> Records<'t> {
    /// Opens the file once more, as it was decided.
    pub(super) fn open(path: &Path, text: &'t Text) -> Result<Self, Fault> {
        Ok(Records {
            blocks: Blocks::open(path, text)?,
            parser: Parser::new(text),
            block: Block::default(),
            text: Vec::new(),
            place: Place::default(),
        })
    }
}

impl Source for Records<'_> {
    fn next(&mut self, row: &mut Row) -> Result<bool, Fault> {
        loop {
            let (place, end) = (&mut self.place, self.block.end);
            if self.parser.next(&self.text, place, end, row)? {
                return Ok(true);
            }
            if !self.blocks.next(&mut self.block)? {
                return Ok(false);
            }
            let rows = self.parser.rows(&self.block);
            (self.text, self.place) = (rows.text.into_owned(), rows.place);
        }
    }
}

fn too_wide() -> InputErrorKind {
    InputErrorKind::TooLarge {
        part: String::new(),
        what: "the number of cells in this row",
        limit: "16,384",
    }
}

#[cfg(test)]
mod tests;
