//! [`Archive`]: a workbook's file as calamine reads it, with parts behind it that another thread unpacks.
//!
//! Owns that view: the file as it is, the parts unpacked, and a directory that names these in the place of the packed ones.
//! Unpacking takes a fifth of the time of reading and is done beside it this way; calamine has no other door for it.
//! Guarantees that all other bytes are the file's own, that the checksums are the file's, and that nothing is held of a part
//! but a few chunks. What is out of the ordinary, as an archive of 4 GiB, is read as it is.

use super::beside::{Beside, held};
use super::package::Package;
use super::paths::normal;
use super::strings::Underway;
use super::survey;
use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use zip::{CompressionMethod, ZipArchive};

const BUFFER: usize = 64 * 1024;
/// Whoever looks for the directory reads some kilobytes in front of it, for which nothing is to be unpacked.
const GAP: usize = 64 * 1024;
/// How long an entry of the directory is without its name and what is extra.
const CENTRAL: usize = 46;
/// The flag that says that a name is UTF-8.
const UTF8: u16 = 1 << 11;

/// A file that calamine opens as a workbook.
pub(super) struct Archive {
    file: BufReader<File>,
    /// How long the file is.
    length: u64,
    /// Where the next byte is read.
    at: u64,
    behind: Option<Behind>,
}

/// What stands behind the file.
struct Behind {
    parts: Vec<Stretch>,
    directory: Vec<u8>,
}

/// A part, and what stands in front of it.
struct Stretch {
    header: Vec<u8>,
    /// How long the part is.
    size: u64,
    part: Part,
    /// How much of what is being unpacked has been read.
    reached: u64,
}

/// A part that is to be read unpacked.
pub(super) struct Part {
    name: String,
    /// The file, where it can be unpacked anew.
    again: Option<PathBuf>,
    bytes: Arc<Mutex<Option<Beside>>>,
}

impl Part {
    /// A worksheet, which is unpacked whenever it is read.
    pub(super) fn of(path: &Path, name: &str) -> Part {
        Part {
            name: name.to_owned(),
            again: Some(path.to_owned()),
            bytes: Arc::default(),
        }
    }

    /// The shared strings, which are being unpacked and can be read once.
    pub(super) fn underway(name: &str, underway: &Underway) -> Part {
        Part {
            name: name.to_owned(),
            again: None,
            bytes: Arc::clone(&underway.bytes),
        }
    }
}

impl Archive {
    /// The file as it is.
    pub(super) fn plain(path: &Path) -> io::Result<Archive> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Archive {
            file: BufReader::with_capacity(BUFFER, file),
            length,
            at: 0,
            behind: None,
        })
    }

    /// The file with parts of it unpacked, which have to have the length that the archive claims.
    pub(super) fn with_unpacked(path: &Path, parts: Vec<Part>) -> io::Result<Archive> {
        let mut archive = Archive::plain(path)?;
        archive.behind = Behind::of(path, parts, archive.length);
        Ok(archive)
    }

    /// Whether a part is read unpacked.
    pub(super) fn unpacks(&self, part: &str) -> bool {
        let parts = self.behind.as_ref().map_or(&[][..], |behind| &behind.parts);
        parts.iter().any(|stretch| stretch.part.name == part)
    }
}

impl Read for Archive {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = match (self.at.checked_sub(self.length), &mut self.behind) {
            (Some(at), Some(behind)) => behind.read(at, into)?,
            (Some(_), None) => 0,
            (None, _) => {
                let left = self.length.saturating_sub(self.at);
                let into = first(into, left);
                self.file.read(into)?
            }
        };
        self.at = self.at.saturating_add(read as u64);
        Ok(read)
    }
}

impl Seek for Archive {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let behind = self.behind.as_ref().map_or(0, Behind::length);
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.length.saturating_add(behind).checked_add_signed(by),
        };
        self.at = at.ok_or(ErrorKind::InvalidInput)?;
        if self.at < self.length {
            self.file.seek(SeekFrom::Start(self.at))?;
        }
        Ok(self.at)
    }
}

impl Behind {
    /// None where no part is packed, or something is larger than an archive of the usual kind can say.
    fn of(path: &Path, mut parts: Vec<Part>, start: u64) -> Option<Behind> {
        let mut archive = ZipArchive::new(BufReader::new(File::open(path).ok()?)).ok()?;
        let mut file = File::open(path).ok()?;
        let mut stretches = Vec::new();
        let mut directory = vec![0; GAP];
        let mut begin = start;
        for at in 0..archive.len() {
            let entry = archive.by_index_raw(at).ok()?;
            let name = normal(&entry.name().ok()?);
            let is_packed = entry.compression() == CompressionMethod::Deflated;
            let (checksum, size, at) = (entry.crc32(), entry.size(), entry.central_header_start());
            drop(entry);
            let mut entry = central_header(&mut file, at).ok()?;
            let asked = parts.iter().position(|part| normal(&part.name) == name);
            if let Some(asked) = asked.filter(|_| is_packed) {
                let unpacked = Unpacked {
                    flags: number(&entry, 8)? & UTF8,
                    checksum,
                    size: u32::try_from(size).ok()?,
                    at: u32::try_from(begin).ok()?,
                    name: entry.get(CENTRAL..)?.get(..number(&entry, 28)?.into())?,
                };
                let header = unpacked.local()?;
                entry = unpacked.central()?;
                begin = begin.checked_add(header.len() as u64)?.checked_add(size)?;
                stretches.push(Stretch {
                    header,
                    size,
                    part: parts.swap_remove(asked),
                    reached: 0,
                });
            }
            directory.extend(entry);
        }
        if stretches.is_empty() || archive.offset() != 0 {
            return None;
        }
        let length = u32::try_from(directory.len().checked_sub(GAP)?).ok()?;
        let begin = u32::try_from(begin.checked_add(GAP as u64)?).ok()?;
        directory.extend(end(archive.len(), length, begin)?);
        Some(Behind {
            parts: stretches,
            directory,
        })
    }

    fn length(&self) -> u64 {
        let parts = self.parts.iter().map(Stretch::length);
        parts.fold(self.directory.len() as u64, u64::saturating_add)
    }

    fn read(&mut self, mut at: u64, into: &mut [u8]) -> io::Result<usize> {
        for part in &mut self.parts {
            match at.checked_sub(part.length()) {
                Some(further) => at = further,
                None => return part.read(at, into),
            }
        }
        rest(&self.directory, at).read(into)
    }
}

impl Stretch {
    fn length(&self) -> u64 {
        self.size.saturating_add(self.header.len() as u64)
    }

    fn read(&mut self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        let Some(at) = at.checked_sub(self.header.len() as u64) else {
            return rest(&self.header, at).read(into);
        };
        let into = first(into, self.size.saturating_sub(at));
        let mut bytes = held(&self.part.bytes);
        if bytes.is_none() || self.reached > at {
            *bytes = Some(self.part.unpack()?);
            self.reached = 0;
        }
        let Some(unpacked) = bytes.as_mut() else {
            return Ok(0);
        };
        let passed = at.saturating_sub(self.reached);
        io::copy(&mut unpacked.by_ref().take(passed), &mut io::sink())?;
        let read = unpacked.read(into)?;
        self.reached = at.saturating_add(read as u64);
        Ok(read)
    }
}

impl Part {
    fn unpack(&self) -> io::Result<Beside> {
        let Some(path) = self.again.clone() else {
            return Err(io::Error::other("the part has been read"));
        };
        let name = self.name.clone();
        Beside::of(move |each| {
            let mut package = Package::open(&path)?;
            survey::unpack(&mut package, &name, each)
        })
    }
}

/// A part that stands unpacked in an archive.
struct Unpacked<'a> {
    flags: u16,
    checksum: u32,
    size: u32,
    at: u32,
    name: &'a [u8],
}

impl Unpacked<'_> {
    /// What stands in front of the part.
    fn local(&self) -> Option<Vec<u8>> {
        let mut header = b"PK\x03\x04".to_vec();
        header.extend(self.common()?);
        header.extend(self.name);
        Some(header)
    }

    /// What names it in the directory.
    fn central(&self) -> Option<Vec<u8>> {
        let mut header = b"PK\x01\x02\x14\0".to_vec();
        header.extend(self.common()?);
        // Comment, disk, attributes.
        header.extend([0; 10]);
        header.extend(self.at.to_le_bytes());
        header.extend(self.name);
        Some(header)
    }

    /// What both say: version, flags, not packed, no time, checksum, both sizes, lengths of the name and of what is extra.
    fn common(&self) -> Option<Vec<u8>> {
        let mut fields = b"\x14\0".to_vec();
        fields.extend(self.flags.to_le_bytes());
        fields.extend([0, 0, 0, 0, 0x21, 0]);
        fields.extend(self.checksum.to_le_bytes());
        fields.extend(self.size.to_le_bytes());
        fields.extend(self.size.to_le_bytes());
        fields.extend(u16::try_from(self.name.len()).ok()?.to_le_bytes());
        fields.extend([0, 0]);
        Some(fields)
    }
}

/// The end of an archive.
fn end(entries: usize, length: u32, begin: u32) -> Option<Vec<u8>> {
    let entries = u16::try_from(entries).ok()?.to_le_bytes();
    let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
    end.extend(entries);
    end.extend(entries);
    end.extend(length.to_le_bytes());
    end.extend(begin.to_le_bytes());
    end.extend([0, 0]);
    Some(end)
}

/// An entry of the directory, as it stands there.
fn central_header(file: &mut File, at: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(at))?;
    let mut header = vec![0; CENTRAL];
    file.read_exact(&mut header)?;
    // Name, extra fields, comment.
    for length in [28, 30, 32] {
        let length = number(&header, length).unwrap_or_default();
        let read = file.take(length.into()).read_to_end(&mut header)?;
        if read < usize::from(length) {
            return Err(ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(header)
}

fn number(header: &[u8], at: usize) -> Option<u16> {
    header
        .get(at..)?
        .first_chunk()
        .copied()
        .map(u16::from_le_bytes)
}

/// So much of it at most.
fn first(into: &mut [u8], most: u64) -> &mut [u8] {
    let length = usize::try_from(most).unwrap_or(usize::MAX).min(into.len());
    into.get_mut(..length).unwrap_or_default()
}

/// What stands from there on.
fn rest(bytes: &[u8], at: u64) -> &[u8] {
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    bytes.get(at..).unwrap_or_default()
}
