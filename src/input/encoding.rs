//! [`Text`]: what was decided about a text file over the whole of it, and the bytes that follow from it.
//!
//! Owns the decision: a byte order mark, else what the user said, else UTF-16 by its NULs, else UTF-8 if the whole
//! file is valid, else Windows-1252; with it the delimiter, the line ends and the quotes. Guarantees that
//! [`Text::read`] yields UTF-8 whose lines end in LF or CRLF. Reads in chunks: memory does not grow with the file.

mod adapters;

use super::delimiter;
use super::error::{Fault, Foreign, InputErrorKind};
use super::quotes::{Quotes, Trouble};
use adapters::{Decoding, LineEnds};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use memchr::{memchr, memchr_iter};
use std::fs::File;
use std::io::{self, Read};
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
    /// The user said so.
    Asked,
    /// Every second byte is NUL.
    NulPattern,
    /// The whole file is valid UTF-8.
    Valid,
    /// The file is not valid UTF-8, and this is what such files mostly are.
    Fallback,
}

/// All that was decided about a text file.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub(super) encoding: &'static Encoding,
    pub(super) reason: EncodingReason,
    pub(super) delimiter: u8,
    /// Bytes of the byte order mark.
    mark: usize,
    /// Bytes of the `sep=` line, in UTF-8.
    pub(super) skip: usize,
    /// Whether a CR stands alone somewhere.
    lone_cr: bool,
    /// How lines end, as far as the first of them and any CR that stands alone tell; none where there is one line.
    pub(super) line_end: Option<LineEnd>,
    /// Whether the last line has no end.
    pub(super) ends_open: bool,
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

/// What the scan found that keeps the file from being read; the line is counted from 1.
#[derive(Debug)]
pub(super) struct Flaw {
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
        let (encoding, reason, mark) = first_guess(&prefix, label)?;
        let body = prefix.get(mark..).unwrap_or_default();
        let sample = sample(body, encoding);
        let found = delimiter::find(&sample, whole);
        let mut text = Text {
            encoding,
            reason,
            delimiter: delimiter.unwrap_or(found.delimiter),
            mark,
            skip: found.skip,
            lone_cr: false,
            line_end: None,
            ends_open: false,
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

    /// Opens the file as UTF-8 without mark and `sep=` line, every line ending in LF or CRLF.
    pub(super) fn read(&self, path: &Path) -> io::Result<Box<dyn Read + Send>> {
        let mut text = self.decoded(path)?;
        if self.skip > 0 {
            io::copy(&mut text.by_ref().take(self.skip as u64), &mut io::sink())?;
        }
        Ok(if self.lone_cr {
            Box::new(LineEnds::new(text))
        } else {
            text
        })
    }

    fn raw(&self, path: &Path) -> io::Result<File> {
        let mut file = File::open(path)?;
        io::copy(&mut (&mut file).take(self.mark as u64), &mut io::sink())?;
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
        if self.scans_raw() {
            Ok(Box::new(self.raw(path)?))
        } else {
            self.decoded(path)
        }
    }

    fn scan(&mut self, path: &Path) -> Result<Option<Flaw>, Fault> {
        let mut bytes = self.scanned(path)?;
        let mut scan = Scan::new(self.delimiter, self.scans_raw() && self.encoding == UTF_8);
        let mut chunk = vec![0; CHUNK];
        loop {
            let length = match read_some(&mut bytes, &mut chunk) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    return self.flaw(path, scan.offset, self.undecodable()).map(Some);
                }
                Err(error) => return Err(error.into()),
            };
            scan.feed(chunk.get(..length).unwrap_or_default());
            if scan.nul.is_some() {
                break;
            }
        }
        scan.finish();
        self.lone_cr = scan.lone_cr;
        self.line_end = scan.line_end();
        self.ends_open = !matches!(scan.last, Some(b'\n' | b'\r'));
        if let Some(invalid) = scan.invalid {
            if self.reason != EncodingReason::Valid {
                return self.flaw(path, invalid, self.undecodable()).map(Some);
            }
            self.encoding = WINDOWS_1252;
            self.reason = EncodingReason::Fallback;
        }
        let found = match (scan.nul, scan.trouble) {
            (Some(nul), _) => Some((nul, InputErrorKind::Nul)),
            (None, Some(Trouble::Unclosed(opened))) => {
                Some((opened, InputErrorKind::UnclosedQuote))
            }
            (None, Some(Trouble::Stray(opened))) => Some((opened, InputErrorKind::StrayQuote)),
            (None, None) => None,
        };
        found
            .map(|(offset, kind)| self.flaw(path, offset, kind))
            .transpose()
    }

    fn undecodable(&self) -> InputErrorKind {
        InputErrorKind::Undecodable {
            encoding: self.encoding.name(),
        }
    }

    /// Counts the lines up to an offset of what the scan read; an error is rare, so a second look costs nothing.
    fn flaw(&self, path: &Path, offset: u64, kind: InputErrorKind) -> Result<Flaw, Fault> {
        let mut before = self.scanned(path)?.take(offset);
        let mut lines = LineEnds::new(&mut before);
        let mut chunk = vec![0; CHUNK];
        let mut line = 1;
        loop {
            let length = fill(&mut lines, &mut chunk)?;
            if length == 0 {
                return Ok(Flaw { line, kind });
            }
            line += memchr_iter(b'\n', chunk.get(..length).unwrap_or_default()).count() as u64;
        }
    }
}

/// The searches over one file, chunk by chunk.
#[derive(Debug)]
struct Scan {
    offset: u64,
    quotes: Quotes,
    trouble: Option<Trouble>,
    nul: Option<u64>,
    ends_in_cr: bool,
    lone_cr: bool,
    /// Whether the first chunk has lines that end in LF and in CRLF.
    first_ends: (bool, bool),
    last: Option<u8>,
    utf8: bool,
    /// The first bytes of a character that the last chunk cut.
    cut: Vec<u8>,
    invalid: Option<u64>,
}

impl Scan {
    fn new(delimiter: u8, utf8: bool) -> Self {
        Scan {
            offset: 0,
            quotes: Quotes::new(delimiter),
            trouble: None,
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

    fn feed(&mut self, chunk: &[u8]) {
        if self.utf8 && self.invalid.is_none() {
            self.check_utf8(chunk);
        }
        self.nul = memchr(0, chunk).map(|at| self.offset + at as u64);
        if self.trouble.is_none() {
            self.trouble = self.quotes.feed(chunk).err();
        }
        if !self.lone_cr {
            let starts_in_lf = chunk.first() == Some(&b'\n');
            self.lone_cr = (self.ends_in_cr && !starts_in_lf)
                || memchr_iter(b'\r', chunk)
                    .any(|at| chunk.get(at + 1).is_some_and(|&next| next != b'\n'));
            self.ends_in_cr = chunk.last() == Some(&b'\r');
        }
        if self.offset == 0 {
            let after_cr = |at: usize| at > 0 && chunk.get(at - 1) == Some(&b'\r');
            for at in memchr_iter(b'\n', chunk) {
                let crlf = after_cr(at);
                self.first_ends = (self.first_ends.0 | !crlf, self.first_ends.1 | crlf);
            }
        }
        self.last = chunk.last().copied().or(self.last);
        self.offset += chunk.len() as u64;
    }

    fn line_end(&self) -> Option<LineEnd> {
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
        self.trouble = self.trouble.or(self.quotes.finish().err());
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

/// What the first bytes and the user say; UTF-8 stays to be proven by the scan.
fn first_guess(
    prefix: &[u8],
    label: Option<&str>,
) -> Result<(&'static Encoding, EncodingReason, usize), Fault> {
    let mark = Encoding::for_bom(prefix);
    if let Some(label) = label {
        let unknown = || InputErrorKind::UnknownEncoding {
            label: label.to_owned(),
        };
        let asked = Encoding::for_label(label.as_bytes()).ok_or_else(unknown)?;
        // A mark of the asked family is no text; `utf-16` alone leaves the byte order to the mark.
        return Ok(match mark {
            Some((marked, length)) if marked == asked || is_utf16(asked) => {
                (marked, EncodingReason::Asked, length)
            }
            _ => (asked, EncodingReason::Asked, 0),
        });
    }
    if let Some((encoding, length)) = mark {
        return Ok((encoding, EncodingReason::Mark, length));
    }
    if let Some(encoding) = utf16_by_nuls(prefix) {
        return Ok((encoding, EncodingReason::NulPattern, 0));
    }
    Ok((UTF_8, EncodingReason::Valid, 0))
}

fn is_utf16(encoding: &'static Encoding) -> bool {
    encoding == UTF_16LE || encoding == UTF_16BE
}

/// Finds UTF-16 without a mark: NULs on one side of the byte pairs only, and a line end among them.
fn utf16_by_nuls(prefix: &[u8]) -> Option<&'static Encoding> {
    let pairs = || prefix.chunks_exact(2);
    let total = pairs().len();
    let high = |pair: &[u8]| pair.last() == Some(&0);
    let low = |pair: &[u8]| pair.first() == Some(&0);
    let (right, left) = (
        pairs().filter(|p| high(p)).count(),
        pairs().filter(|p| low(p)).count(),
    );
    let (encoding, nuls, lf, cr) = match (right, left) {
        (nuls, 0) => (UTF_16LE, nuls, [b'\n', 0], [b'\r', 0]),
        (0, nuls) => (UTF_16BE, nuls, [0, b'\n'], [0, b'\r']),
        _ => return None,
    };
    let ends = pairs().any(|pair| pair == lf || pair == cr);
    let found = (ends && nuls * 20 >= total && nuls > 1) || (nuls * 5 >= total * 2 && nuls > 3);
    found.then_some(encoding)
}

/// The prefix as far as delimiters, quotes and line ends are concerned.
fn sample<'a>(body: &'a [u8], encoding: &'static Encoding) -> std::borrow::Cow<'a, [u8]> {
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
