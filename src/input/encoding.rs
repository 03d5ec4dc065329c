//! [`Text`]: what was decided about a text file over the whole of it, and the bytes that follow from it.
//!
//! Owns the decision: a byte order mark (but that of UTF-8 before what is none), else what the user said, else UTF-16 by its NULs, else UTF-8 if the whole
//! file is valid, else Windows-1252; with it the delimiter, the line ends, the quotes, and where the text can be cut into
//! blocks of whole records. Guarantees that lines of such a block, once [`Text::decode`] has been asked, end in LF or CRLF. Reads in chunks: memory does not grow with the file, some bytes for each block aside.

mod adapters;
mod guess;
mod scan;

use super::delimiter;
use super::error::{Fault, Foreign, InputErrorKind};
use super::quotes::{Cut, Marks, Quotes, Trouble};
use crate::reading::Quoting;
use adapters::{Decoding, LineEnds};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use guess::Guess;
use memchr::memchr_iter;
use scan::{Characters, End, Records};
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// One read of the scan: it stays in the fastest caches for its searches (four times as much took twice as long).
const CHUNK: usize = 64 * 1024;
/// The beginning of the file, by which encoding and delimiter are guessed.
const SAMPLE: usize = 256 * 1024;

/// Why an encoding was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncodingReason {
    /// A byte order mark says so.
    Mark,
    /// A byte order mark says so, and the user said otherwise.
    MarkNot {
        /// The encoding that was asked for.
        asked: &'static str,
    },
    /// The user said so.
    Asked,
    /// Every second byte is NUL.
    NulPattern,
    /// The whole file is valid UTF-8.
    Valid,
    /// The file is not valid UTF-8, and this is what such files mostly are.
    Fallback,
    /// The file is not valid UTF-8, and has bytes that stand for nothing in what such files mostly are.
    Unfit,
}

/// All that was decided about a text file.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub(super) encoding: &'static Encoding,
    pub(super) reason: EncodingReason,
    pub(super) delimiter: u8,
    /// Whether its quotes are looked at with suspicion.
    pub(super) quoting: Quoting,
    /// Bytes of the byte order mark.
    mark: usize,
    /// The encoding that the user said, where a mark says otherwise.
    asked: Option<&'static Encoding>,
    /// How many bytes of the file are text, with that mark.
    length: u64,
    /// Bytes of the `sep=` line, in UTF-8.
    pub(super) skip: usize,
    /// Whether a CR stands alone somewhere.
    lone_cr: bool,
    /// How lines end, as far as the first of them and any CR that stands alone tell; none where there is one line.
    pub(super) line_end: Option<LineEnd>,
    /// How most of its records end: never mixed.
    pub(super) record_end: LineEnd,
    /// Whether the last line has no end.
    pub(super) ends_open: bool,
    /// The byte order marks behind the first.
    pub(super) marks: Marks,
    /// Where the blocks begin and end: the first is the beginning of the text, the last its end.
    pub(super) cuts: Vec<Cut>,
}

/// How the lines of a text end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnd {
    /// LF, as Unix writes them.
    Lf,
    /// CR and LF, as Windows does.
    CrLf,
    /// CR, as old Macs did.
    Cr,
    /// Now so, now so.
    Mixed,
}

impl LineEnd {
    /// The word for reports, such as `CRLF`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            LineEnd::Lf => "LF",
            LineEnd::CrLf => "CRLF",
            LineEnd::Cr => "CR",
            LineEnd::Mixed => "mixed",
        }
    }
}

/// What the scan found that keeps the file from being read; row and line are counted from 1.
#[derive(Debug)]
pub(super) struct Flaw {
    pub(super) row: u64,
    pub(super) line: u64,
    pub(super) kind: InputErrorKind,
}

impl Text {
    /// Decides over the whole file.
    pub(super) fn decide(
        path: &Path,
        label: Option<&str>,
        delimiter: Option<u8>,
    ) -> Result<(Text, Option<Flaw>), Fault> {
        let mut file = File::open(path)?;
        let mut prefix = vec![0; SAMPLE];
        let length = fill(&mut file, &mut prefix)?;
        let whole = length < SAMPLE;
        prefix.truncate(length);
        let Guess {
            encoding,
            reason,
            mark,
            asked,
        } = Guess::of(&prefix, label)?;
        let body = prefix.get(mark..).unwrap_or_default();
        let sample = sample(body, encoding);
        let found = delimiter::find(&sample, whole);
        let mut text = Text {
            encoding,
            reason,
            delimiter: delimiter.unwrap_or(found.delimiter),
            quoting: Quoting::Check,
            mark,
            asked,
            length: length_of_text(&mut file, encoding)?,
            skip: found.skip,
            lone_cr: false,
            line_end: None,
            record_end: LineEnd::Lf,
            ends_open: false,
            marks: Marks::default(),
            cuts: Vec::new(),
        };
        if !delimiter::usable(text.delimiter) {
            return Err(InputErrorKind::BadDelimiter.into());
        }
        let flaw = text.scan(path)?;
        if matches!(
            &flaw,
            Some(Flaw {
                kind: InputErrorKind::Nul,
                ..
            })
        ) && is_binary(body)
        {
            return Err(InputErrorKind::Foreign(Foreign::Binary).into());
        }
        Ok((text, flaw))
    }

    /// Whether a byte order mark stands before it, and means something.
    pub(super) fn is_marked(&self) -> bool {
        self.mark > 0 && (self.encoding == UTF_8 || !self.encoding.is_ascii_compatible())
    }

    /// Opens the text whose blocks [`Text::cuts`] knows: without mark, and without a CR that stands alone.
    pub(super) fn stream(&self, path: &Path) -> io::Result<Box<dyn Read + Send>> {
        let mut text = self.scanned(path)?;
        io::copy(&mut text.by_ref().take(self.start().end), &mut io::sink())?;
        Ok(text)
    }

    /// A block of that text; none where its bytes are no UTF-8 and should be.
    pub(super) fn decode<'b>(&self, block: &'b [u8]) -> Option<Cow<'b, str>> {
        if self.encoding == WINDOWS_1252 {
            // Every byte is a character there.
            return Some(WINDOWS_1252.decode_without_bom_handling(block).0);
        }
        simdutf8::basic::from_utf8(block).ok().map(Cow::Borrowed)
    }

    /// The place behind a `sep=` line, which a spreadsheet does not show.
    fn start(&self) -> Cut {
        Cut {
            end: self.skip as u64,
            rows: 0,
            lines: u64::from(self.skip > 0),
        }
    }

    fn raw(&self, path: &Path) -> io::Result<impl Read + Send + use<>> {
        let mut file = File::open(path)?.take(self.length);
        io::copy(&mut file.by_ref().take(self.mark as u64), &mut io::sink())?;
        Ok(file)
    }

    fn decoded(&self, path: &Path) -> io::Result<Box<dyn Read + Send>> {
        let file = self.raw(path)?;
        if self.encoding == UTF_8 {
            return Ok(Box::new(file));
        }
        Ok(Box::new(Decoding::new(file, self.encoding)))
    }

    /// Whether the scan can look at the file's own bytes: delimiters, quotes and line ends are ASCII there, and
    /// every byte is a character or UTF-8 is checked.
    fn scans_raw(&self) -> bool {
        self.encoding == UTF_8 || self.encoding == WINDOWS_1252
    }

    fn scanned(&self, path: &Path) -> io::Result<Box<dyn Read + Send>> {
        let text: Box<dyn Read + Send> = if self.scans_raw() {
            Box::new(self.raw(path)?)
        } else {
            self.decoded(path)?
        };
        Ok(if self.lone_cr {
            Box::new(LineEnds::new(text))
        } else {
            text
        })
    }

    fn scan(&mut self, path: &Path) -> Result<Option<Flaw>, Fault> {
        let start = self.start();
        let mut characters = Characters::behind(start.end, self.encoding == UTF_8);
        let mut records = Records::behind(start, self.delimiter);
        let end = scan::read(&mut self.stream(path)?, &mut characters, &mut records)?;
        self.line_end = self.line_end.or(characters.line_end());
        if characters.lone_cr && !self.lone_cr {
            // Once more, with the lines that it ends.
            self.lone_cr = true;
            self.record_end = characters.mostly_with_lone_cr();
            return self.scan(path);
        }
        if !self.lone_cr && records.end_in_crlf() {
            self.record_end = LineEnd::CrLf;
        }
        self.ends_open = characters.ends_open();
        if end == End::Undecodable {
            return self
                .flaw(path, characters.offset, self.undecodable())
                .map(Some);
        }
        if let Some(invalid) = characters.invalid {
            if let Some(kind) = self.broken(path, &characters, &records)? {
                return self.flaw(path, invalid, kind).map(Some);
            }
            let asked = self.asked.take();
            self.encoding = asked.unwrap_or(WINDOWS_1252);
            self.reason = match asked {
                Some(_) => EncodingReason::Asked,
                None if characters.unfit => EncodingReason::Unfit,
                None => EncodingReason::Fallback,
            };
            if !self.scans_raw() {
                return self.scan(path);
            }
        }
        let found = match (characters.nul, records.trouble) {
            (Some(nul), _) => Some((nul, InputErrorKind::Nul)),
            (None, Some(Trouble::Unclosed(opened))) => {
                Some((opened, InputErrorKind::UnclosedQuote))
            }
            (None, Some(Trouble::Stray(opened))) => Some((opened, InputErrorKind::StrayQuote)),
            (None, None) => records.too_long.map(|begins| (begins, record_too_long())),
        };
        self.marks = records.marks();
        self.cuts = records.cuts;
        found
            .map(|(offset, kind)| self.flaw(path, offset, kind))
            .transpose()
    }

    /// What is wrong with a text that has pieces that are no UTF-8, where it is UTF-8 all the same; none where it is in
    /// another encoding. What is written in another one has next to no characters of UTF-8 by chance: where they are the
    /// rule, a few bytes are damaged, and to read all of it as Windows-1252 would garble every letter. A mark that the
    /// user's word is against has to be proven like that, too.
    fn broken(
        &self,
        path: &Path,
        characters: &Characters,
        records: &Records,
    ) -> Result<Option<InputErrorKind>, Fault> {
        let good = characters.good + self.beyond_ascii_before(path, characters.invalid)?;
        let is_meant = self.reason != EncodingReason::Valid && self.asked.is_none();
        Ok(match (is_meant || good > 0, is_meant) {
            (true, _) if characters.is_cut => Some(InputErrorKind::CutCharacter),
            (_, true) => Some(self.undecodable()),
            _ if good > characters.bad || records.marks().count > 0 => {
                Some(InputErrorKind::PartlyUtf8)
            }
            _ => None,
        })
    }

    /// How many characters beyond ASCII stand before an offset, in UTF-8.
    fn beyond_ascii_before(&self, path: &Path, offset: Option<u64>) -> io::Result<u64> {
        let mut before = self.scanned(path)?.take(offset.unwrap_or(0));
        let mut chunk = vec![0; CHUNK];
        let mut count = 0;
        loop {
            let length = fill(&mut before, &mut chunk)?;
            if length == 0 {
                return Ok(count);
            }
            count += scan::beyond_ascii(chunk.get(..length).unwrap_or_default());
        }
    }

    fn undecodable(&self) -> InputErrorKind {
        InputErrorKind::Undecodable {
            encoding: self.encoding.name(),
        }
    }

    /// Counts rows and lines up to an offset of what the scan read; an error is rare, so a second look costs nothing.
    fn flaw(&self, path: &Path, offset: u64, kind: InputErrorKind) -> Result<Flaw, Fault> {
        let start = self.start();
        let mut before = self.stream(path)?.take(offset.saturating_sub(start.end));
        let mut quotes = Quotes::behind(start, self.delimiter);
        let mut chunk = vec![0; CHUNK];
        let mut line = start.lines + 1;
        let mut follows = true;
        loop {
            let length = fill(&mut before, &mut chunk)?;
            if length == 0 {
                let row = quotes.met().rows + 1;
                return Ok(Flaw { row, line, kind });
            }
            let part = chunk.get(..length).unwrap_or_default();
            line += memchr_iter(b'\n', part).count() as u64;
            // Behind a stray quote, nobody knows which rows the lines make.
            follows = follows && quotes.feed(part).is_ok();
        }
    }
}

fn record_too_long() -> InputErrorKind {
    InputErrorKind::too_large("", "this row", scan::MAX_RECORD_TEXT)
}

/// Reads once; what was read before an error is not lost to it.
pub(super) fn read_some(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Reads until the buffer is full or the end is reached.
pub(super) fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match read_some(reader, rest)? {
            0 => break,
            length => filled += length,
        }
    }
    Ok(filled)
}

/// How long the text is: a DOS program may have put its mark for the end of a file (Ctrl-Z) behind it.
fn length_of_text(file: &mut File, encoding: &'static Encoding) -> io::Result<u64> {
    let mark: &[u8] = match encoding {
        encoding if encoding == UTF_16LE => b"\x1a\0",
        encoding if encoding == UTF_16BE => b"\0\x1a",
        _ => b"\x1a",
    };
    let length = file.seek(SeekFrom::End(0))?;
    let text = length.saturating_sub(mark.len() as u64);
    let mut end = Vec::new();
    file.seek(SeekFrom::Start(text))?;
    file.read_to_end(&mut end)?;
    Ok(if end == mark { text } else { length })
}

/// The prefix as far as delimiters, quotes and line ends are concerned.
fn sample<'a>(body: &'a [u8], encoding: &'static Encoding) -> Cow<'a, [u8]> {
    if encoding.is_ascii_compatible() {
        return body.into();
    }
    let (text, _) = encoding.decode_without_bom_handling(body);
    text.into_owned().into_bytes().into()
}

/// Text with a NUL in it is damaged text; with other control characters as well it never was text.
fn is_binary(body: &[u8]) -> bool {
    let control = |b: &&u8| **b < 0x20 && !matches!(**b, 0 | b'\t' | b'\r' | b'\n' | 0x0c);
    body.iter().filter(control).count() > 3
}

#[cfg(test)]
mod tests;
