//! [`mended`]: a copy of a workbook whose sheet tells its size in a way that calamine refuses.
//!
//! Owns what becomes of `<dimension>`: it may be left out, says nothing that the cells do not say, and is not read here.
//! Calamine reads it all the same, and refuses the sheet where programs write `A0:C9` or nothing in it. Guarantees that
//! the copy differs in that element alone, and that no workbook is copied whose size calamine can take.

use super::super::error::{Fault, InputErrorKind};
use super::super::quotes::MARK;
use super::super::spool::Place;
use super::faults::archive_error;
use super::package::Package;
use super::paths::normal;
use super::survey::{self, attribute, local_name, place};
use super::tags::{Tags, Visitor};
use quick_xml::events::Event;
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::Path;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// What stands in front of a sheet's rows: views, and up to 16,384 columns.
const HEAD: usize = 16 * 1024 * 1024;

/// Whether calamine takes a tag as the size of its sheet: a cell, or two of which the second is not before the first.
pub(super) fn is_taken(tag: &[u8]) -> bool {
    let mut ends = attribute(tag, b"ref")
        .unwrap_or_default()
        .split(|&byte| byte == b':')
        .map(cell);
    match (ends.next().flatten(), ends.next(), ends.next()) {
        (Some(_), None, _) => true,
        (Some(first), Some(Some(last)), None) => first.0 <= last.0 && first.1 <= last.1,
        _ => false,
    }
}

/// The place of a cell that is written in letters and digits alone, and few of them.
fn cell(reference: &[u8]) -> Option<(u32, u32)> {
    let letters = reference.iter().take_while(|b| b.is_ascii_alphabetic());
    let (column, row) = reference.split_at(letters.count());
    let is_plain = (1..=3).contains(&column.len())
        && (1..=7).contains(&row.len())
        && row.iter().all(u8::is_ascii_digit);
    place(reference).filter(|_| is_plain)
}

/// Copies the workbook, with a size that calamine takes; the copy is gone when its place is.
pub(super) fn mended(path: &Path, package: &mut Package, part: &str) -> Result<Place, Fault> {
    Place::written(|file| {
        let mut copy = ZipWriter::new(file);
        copy_others(path, part, &mut copy).map_err(unwritten)?;
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(1))
            .large_file(true);
        let begun = copy.start_file(package.name(part), options);
        begun.map_err(unwritten)?;
        let mut sheet = Mender {
            to: &mut copy,
            tags: Tags::default(),
            head: Some(Head::default()),
        };
        survey::each_chunk(package, part, &mut |chunk| sheet.take(chunk))?;
        sheet.end().map_err(InputErrorKind::Spool)?;
        copy.finish().map_err(unwritten)?;
        Ok(())
    })
}

/// Copies all parts but one, as they are packed.
fn copy_others(path: &Path, part: &str, copy: &mut ZipWriter<&mut File>) -> Result<(), ZipError> {
    let mut archive = ZipArchive::new(BufReader::new(File::open(path)?))?;
    for at in 0..archive.len() {
        let other = archive.by_index_raw(at)?;
        if normal(&other.name()?) != normal(part) {
            copy.raw_copy_file(other)?;
        }
    }
    Ok(())
}

/// The archive has been read before: what fails now is mostly the disk that the copy is written to.
fn unwritten(error: ZipError) -> InputErrorKind {
    match error {
        ZipError::Io(error) => InputErrorKind::Spool(error),
        error => archive_error("", error),
    }
}

/// Passes a sheet on, its head mended.
struct Mender<W> {
    to: W,
    tags: Tags,
    /// What has come so far, until the rows begin.
    head: Option<Head>,
}

#[derive(Default)]
struct Head {
    bytes: Vec<u8>,
    rows_begin: RowsBegin,
}

#[derive(Default)]
struct RowsBegin(bool);

impl Visitor for RowsBegin {
    fn tag(&mut self, tag: &[u8], _: usize) {
        self.0 |= local_name(tag) == b"sheetData";
    }
}

impl<W: Write> Mender<W> {
    fn take(&mut self, chunk: &[u8]) -> Result<(), InputErrorKind> {
        let Some(head) = &mut self.head else {
            return self.to.write_all(chunk).map_err(InputErrorKind::Spool);
        };
        head.bytes.extend_from_slice(chunk);
        // The survey has come to the end of this sheet, so nothing is too long here.
        let fits = self.tags.feed(chunk, &mut head.rows_begin).is_ok();
        if head.rows_begin.0 || !fits || head.bytes.len() > HEAD {
            return self.end().map_err(InputErrorKind::Spool);
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        match self.head.take() {
            Some(head) => self.to.write_all(&with_size(&head.bytes)),
            None => Ok(()),
        }
    }
}

/// The head of a sheet with a size that calamine takes in the place of every other.
fn with_size(head: &[u8]) -> Vec<u8> {
    // The reader passes a byte order mark over and does not count it.
    let (mark, head) = head.split_at(if head.starts_with(MARK) {
        MARK.len()
    } else {
        0
    });
    let mut reader = quick_xml::Reader::from_reader(head);
    reader.config_mut().check_end_names = false;
    let offset = |position: u64| usize::try_from(position).unwrap_or(usize::MAX);
    let mut mended = mark.to_vec();
    let mut kept = 0;
    loop {
        let begin = offset(reader.buffer_position());
        let (tag, close) = match reader.read_event() {
            Ok(Event::Start(tag)) => (tag, ">"),
            Ok(Event::Empty(tag)) => (tag, "/>"),
            // What is not well-formed is for calamine to judge.
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => continue,
        };
        match tag.local_name().as_ref() {
            "sheetData" => break,
            "dimension" => {
                mended.extend_from_slice(head.get(kept..begin).unwrap_or_default());
                let name = tag.name();
                mended
                    .extend_from_slice(format!("<{} ref=\"A1\"{close}", name.as_ref()).as_bytes());
                kept = offset(reader.buffer_position());
            }
            _ => {}
        }
    }
    mended.extend_from_slice(head.get(kept..).unwrap_or_default());
    mended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_calamine_takes_is_left_as_it_is() {
        for (claim, taken) in [
            ("A1", true),
            ("A1:XFD1048576", true),
            ("b2:c3", true),
            ("", false),
            ("A", false),
            ("12", false),
            ("A0", false),
            ("A0:AZ48943", false),
            ("1:10901", false),
            ("A:C", false),
            ("A1:C", false),
            ("C3:A1", false),
            ("A2:C1", false),
            ("$A$1:$C$2", false),
            ("A1:B2:C3", false),
            ("A1 B2", false),
            ("A1:", false),
            ("AAAAAAAAA1", false),
            ("A99999999999", false),
        ] {
            let tag = format!("x:dimension ref='{claim}'/");
            assert_eq!(is_taken(tag.as_bytes()), taken, "{claim}");
        }
        assert!(!is_taken(b"dimension") && !is_taken(b"dimension r:ref=\"A1\"/"));
    }

    #[test]
    fn nothing_but_the_size_is_another_in_the_copy() {
        let sheets = [
            (
                "<worksheet>",
                "<dimension ref=\"A0:C9\"/>",
                "<dimension ref=\"A1\"/>",
            ),
            (
                "\u{feff}<?xml version=\"1.0\"?>\r\n<!-- <dimension/> --><x:worksheet>\n <cols>é</cols>",
                "<x:dimension\nref='' >",
                "<x:dimension ref=\"A1\">",
            ),
        ];
        let rows = "<sheetData><row><c><v>1</v></c></row></sheetData><dimension ref=\"\"/>";
        for (before, bad, good) in sheets {
            let sheet =
                |size: &str| format!("{before}{size}{size}<!----> text {rows}").into_bytes();
            for length in 1..sheet(bad).len() {
                let mut mender = Mender {
                    to: Vec::new(),
                    tags: Tags::default(),
                    head: Some(Head::default()),
                };
                for chunk in sheet(bad).chunks(length) {
                    mender.take(chunk).unwrap();
                }
                mender.end().unwrap();
                let copied = String::from_utf8(mender.to).unwrap();
                assert_eq!(copied.into_bytes(), sheet(good), "in chunks of {length}");
            }
        }
    }
}
