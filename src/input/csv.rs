//! [`Records`]: the records of a CSV file as rows, with the row number that a spreadsheet shows.
//!
//! Owns the use of the `csv` crate for reading. Guarantees that no record is lost in silence: a sentinel record is
//! appended behind the file, and if it does not come back as a record of its own, a quote was open. Fields and
//! records are capped, so that a stray quote cannot fill the memory. Ragged rows come through as they are.

mod guard;

use super::encoding::Text;
use super::error::{Fault, InputErrorKind};
use super::relay::Source;
use crate::row::Row;
use csv::{ByteRecord, Reader, ReaderBuilder, Terminator};
use guard::{Guard, MAX_RECORD_TEXT};
use memchr::memchr_iter;
use std::io;
use std::path::Path;

/// The parser's own buffer: large reads, still within the cache.
const BUFFER: usize = 64 * 1024;
/// No cell of a call log is this long; Excel ends at 32,767 characters.
const MAX_FIELD: usize = 1024 * 1024;
/// Lines in one record: Excel's cells hold at most 253 line breaks that show.
const MAX_LINES: u64 = 1000;
/// As wide as a spreadsheet can be.
const MAX_FIELDS: usize = 16_384;

/// A CSV file being read.
pub(super) struct Records {
    reader: Reader<Guard>,
    record: ByteRecord,
    encoding: &'static str,
    /// The row number of the last record.
    row: u64,
    /// Lines in front of the text that the parser sees: a `sep=` line, which a spreadsheet does not show.
    lines_before: u64,
}

impl Records {
    /// Opens the file once more, as it was decided.
    pub(super) fn open(path: &Path, text: &Text) -> Result<Self, Fault> {
        let guard = Guard::new(text.read(path)?);
        let reader = ReaderBuilder::new()
            .delimiter(text.delimiter)
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(BUFFER)
            // By LF alone: the parser's line numbers then count exactly the records' ends and the breaks in fields.
            .terminator(Terminator::Any(b'\n'))
            .from_reader(guard);
        Ok(Records {
            reader,
            record: ByteRecord::new(),
            encoding: text.encoding.name(),
            row: 0,
            lines_before: u64::from(text.skip > 0),
        })
    }

    /// Reads one record and returns the line on which it begins; none at the end of the file.
    fn advance(&mut self) -> Result<Option<u64>, Fault> {
        let before = self.reader.position().line();
        let start = self.reader.position().byte();
        self.reader.get_mut().record_starts(start);
        match self.reader.read_byte_record(&mut self.record) {
            Ok(true) => {}
            // The record is not whole, so blank lines in front of it cannot be told from its own.
            Ok(false) => return Err(Self::unclosed(self.row + 1, before)),
            Err(error) => return Err(self.fault(error, self.row + 1, before)),
        }
        let passed = self.reader.position().line() - before;
        let breaks = match passed {
            1 => 0,
            _ => memchr_iter(b'\n', self.record.as_slice()).count() as u64,
        };
        let end = match self.reader.get_ref().is_past_file() {
            true => self.end(),
            false => End::NotYet,
        };
        // The parser skips blank lines in silence; a spreadsheet shows them as rows.
        let own = breaks + u64::from(end != End::Swallowed);
        let blank = passed.saturating_sub(own);
        let line = before + blank + self.lines_before;
        let row = self.row + blank + 1;
        match end {
            End::Reached => return Ok(None),
            End::Swallowed => return Err(Self::unclosed(row, line)),
            End::NotYet if breaks >= MAX_LINES => {
                let kind = InputErrorKind::TooManyLines { limit: MAX_LINES };
                return Err(Fault::at(row, line, kind));
            }
            End::NotYet => {}
        }
        self.row = row;
        Ok(Some(line))
    }

    /// Whether the record is the sentinel, or has swallowed it in a quoted field.
    fn end(&self) -> End {
        let sentinel = self.reader.get_ref().sentinel();
        if self.record.len() == 1 && self.record.get(0) == Some(sentinel) {
            End::Reached
        } else if self.record.as_slice().trim_ascii_end().ends_with(sentinel) {
            End::Swallowed
        } else {
            End::NotYet
        }
    }

    fn unclosed(row: u64, line: u64) -> Fault {
        Fault::at(row, line, InputErrorKind::UnclosedQuote)
    }

    fn fault(&self, error: csv::Error, row: u64, line: u64) -> Fault {
        let kind = match error.into_kind() {
            csv::ErrorKind::Io(_) if self.reader.get_ref().is_too_long() => too_long(),
            csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                InputErrorKind::Undecodable {
                    encoding: self.encoding,
                }
            }
            csv::ErrorKind::Io(error) => InputErrorKind::Io(error),
            // The other kinds belong to decoding into structs and to fixed widths, which are not asked for.
            _ => InputErrorKind::Io(io::Error::other("the CSV parser failed")),
        };
        Fault::at(row, line, kind)
    }

    /// Puts the record into a row.
    fn fill(&self, row: &mut Row, line: u64) -> Result<(), Fault> {
        let at = |kind| Fault::at(self.row, line, kind);
        let mut bytes = self.record.as_slice();
        // Lines may end in CRLF: its CR is the last byte of the last field.
        if bytes.last() == Some(&b'\r') {
            bytes = bytes.get(..bytes.len() - 1).unwrap_or_default();
        }
        if bytes.len() > MAX_FIELD && self.record.iter().any(|field| field.len() > MAX_FIELD) {
            return Err(at(InputErrorKind::TooLarge {
                part: String::new(),
                what: "a cell of this row",
                limit: "1 MiB",
            }));
        }
        if self.record.len() > MAX_FIELDS {
            return Err(at(too_wide()));
        }
        let undecodable = || {
            at(InputErrorKind::Undecodable {
                encoding: self.encoding,
            })
        };
        let text = std::str::from_utf8(bytes).map_err(|_| undecodable())?;
        row.reset(self.row, Some(line));
        let mut end = 0;
        let ends = self.record.iter().map(|field| {
            end += field.len();
            end.min(bytes.len())
        });
        if row.fill(text, ends) {
            Ok(())
        } else {
            Err(undecodable())
        }
    }
}

/// What a record says about the end of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    NotYet,
    Reached,
    Swallowed,
}

impl Source for Records {
    fn next(&mut self, row: &mut Row) -> Result<bool, Fault> {
        while let Some(line) = self.advance()? {
            self.fill(row, line)?;
            if !row.is_blank() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn too_long() -> InputErrorKind {
    InputErrorKind::TooLarge {
        part: String::new(),
        what: "this row",
        limit: MAX_RECORD_TEXT,
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
