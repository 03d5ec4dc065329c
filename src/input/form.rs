//! [`Form`]: what a file is, told from its first bytes, or its last, and never from its name.
//!
//! Owns the signatures of the files that people upload by mistake, so that each gets a sentence of its own. Looks
//! into no archive: what a zip holds is told by the workbook reader.

use super::error::Foreign;
use memchr::memmem;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// What the first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A zip archive: a workbook, or something else in one.
    Zip,
    /// An OLE2 file: an old workbook, or an encrypted new one.
    Ole,
    /// Not for us.
    Foreign(Foreign),
    /// Text, as far as the first bytes tell.
    Text,
}

/// How many bytes [`recognise`] wants to see.
pub(super) const PREFIX: usize = 4096;

/// How many bytes [`ends_as_archive`] wants to see: a zip archive may end with a comment of 65,535 bytes.
const TAIL: u64 = 256 * 1024;

const SIGNATURES: &[(&[u8], Form)] = &[
    (b"PK\x03\x04", Form::Zip),
    (b"PK\x05\x06", Form::Zip),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Form::Ole),
    // BIFF streams of Excel 2 to 4 have no container around them.
    (b"\x09\x00\x04\x00", Form::Foreign(Foreign::Xls)),
    (b"\x09\x02\x06\x00", Form::Foreign(Foreign::Xls)),
    (b"\x09\x04\x06\x00", Form::Foreign(Foreign::Xls)),
    (b"\x09\x08\x08\x00", Form::Foreign(Foreign::Xls)),
    (b"\x09\x08\x10\x00", Form::Foreign(Foreign::Xls)),
    (b"%PDF-", Form::Foreign(Foreign::Pdf)),
    (b"{\\rtf", Form::Foreign(Foreign::Rtf)),
    (b"\x1f\x8b", Form::Foreign(Foreign::Gzip)),
    (b"BZh", Form::Foreign(Foreign::Archive)),
    (b"7z\xbc\xaf\x27\x1c", Form::Foreign(Foreign::Archive)),
    (b"\xfd7zXZ\x00", Form::Foreign(Foreign::Archive)),
    (b"\x28\xb5\x2f\xfd", Form::Foreign(Foreign::Archive)),
    (b"Rar!\x1a\x07", Form::Foreign(Foreign::Archive)),
    (b"\x89PNG\r\n\x1a\n", Form::Foreign(Foreign::Image)),
    (b"\xff\xd8\xff", Form::Foreign(Foreign::Image)),
    (b"GIF87a", Form::Foreign(Foreign::Image)),
    (b"GIF89a", Form::Foreign(Foreign::Image)),
    (b"II*\x00", Form::Foreign(Foreign::Image)),
    (b"MM\x00*", Form::Foreign(Foreign::Image)),
    (b"SQLite format 3\x00", Form::Foreign(Foreign::Database)),
    (
        b"\x00\x01\x00\x00Standard ",
        Form::Foreign(Foreign::Database),
    ),
    (b"PAR1", Form::Foreign(Foreign::Database)),
    (b"\x7fELF", Form::Foreign(Foreign::Binary)),
];

/// Tells what a file is from its first bytes.
pub(super) fn recognise(prefix: &[u8]) -> Form {
    let known = SIGNATURES
        .iter()
        .find(|(bytes, _)| prefix.starts_with(bytes));
    if let Some((bytes, form)) = known {
        // Short signatures of printable letters begin honest text too: `BZh` and `PAR1` could be column names.
        let printable = bytes.len() < 5 && bytes.iter().all(u8::is_ascii_alphanumeric);
        if !printable || prefix.contains(&0) {
            return *form;
        }
    }
    markup(prefix).map_or(Form::Text, Form::Foreign)
}

/// Whether a file that is no text ends as a zip archive does, so that something stands in front of that.
pub(super) fn is_prefixed(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    Ok(ends_as_archive(&tail))
}

/// Whether a file ends as a zip archive does: with a list of its parts, and a record that says how long that is.
fn ends_as_archive(tail: &[u8]) -> bool {
    let Some(end) = memmem::rfind(tail, b"PK\x05\x06") else {
        return false;
    };
    let (list, record) = tail.split_at(end);
    let size = record.get(12..16).and_then(|size| size.try_into().ok());
    let size = size.and_then(|size| usize::try_from(u32::from_le_bytes(size)).ok());
    let start = size.and_then(|size| list.len().checked_sub(size));
    start.is_some_and(|start| {
        list.get(start..)
            .is_some_and(|list| list.starts_with(b"PK\x01\x02"))
    })
}

/// Web pages, XML and JSON: text, and no table that we read.
fn markup(prefix: &[u8]) -> Option<Foreign> {
    let is_utf16 = prefix.starts_with(b"\xff\xfe") || prefix.starts_with(b"\xfe\xff");
    // In these words every second byte of UTF-16 is NUL.
    let narrow: Vec<u8> = match is_utf16 {
        true => prefix.iter().skip(2).copied().filter(|&b| b != 0).collect(),
        false => prefix.to_vec(),
    };
    let text = String::from_utf8_lossy(&narrow);
    let start = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let low: String = start
        .chars()
        .take(1024)
        .collect::<String>()
        .to_ascii_lowercase();
    if low.starts_with("<?xml") || low.starts_with("<workbook") {
        return Some(if low.contains("<html") {
            Foreign::Html
        } else {
            Foreign::XmlSpreadsheet
        });
    }
    // A page may begin with a comment, or with any other tag.
    let html = [
        "<!doctype html",
        "<html",
        "<head",
        "<body",
        "<meta",
        "<style",
        "<div",
        "<table",
    ];
    if low.starts_with('<') && html.iter().any(|tag| low.contains(tag)) {
        return Some(Foreign::Html);
    }
    if low.starts_with("mime-version:") && low.contains("multipart/related") {
        return Some(Foreign::Html);
    }
    let mut inner = low.chars().filter(|c| !c.is_whitespace());
    match (inner.next(), inner.next()) {
        (Some('{'), Some('"' | '}')) | (Some('['), Some('{')) => Some(Foreign::Json),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_is_told_by_its_last_bytes() {
        let list = b"PK\x01\x02 a part of it";
        let record = |size: u8| {
            [
                b"PK\x05\x06\0\0\0\0\x01\0\x01\0".as_slice(),
                &[size, 0, 0, 0],
                &[0; 6],
            ]
            .concat()
        };
        let file = |size: u8| [b"what stands there".as_slice(), list, &record(size)].concat();
        assert!(ends_as_archive(&file(17)));
        assert!(!ends_as_archive(&file(16)));
        assert!(!ends_as_archive(&file(255)));
        assert!(!ends_as_archive(b"PK\x05\x06"));
        assert!(!ends_as_archive(b"name,phone\n"));
    }

    #[test]
    fn files_are_told_by_their_first_bytes() {
        let cases: &[(&[u8], Form)] = &[
            (b"PK\x03\x04rest", Form::Zip),
            (b"%PDF-1.7\n", Form::Foreign(Foreign::Pdf)),
            (
                b"\xef\xbb\xbf\n <HTML><table>",
                Form::Foreign(Foreign::Html),
            ),
            (b"<!-- x --><html><body>", Form::Foreign(Foreign::Html)),
            (b"<font size=2><TABLE><tr>", Form::Foreign(Foreign::Html)),
            (b"\xff\xfe<\0h\0t\0m\0l\0>\0", Form::Foreign(Foreign::Html)),
            (b"<?xml?><html>", Form::Foreign(Foreign::Html)),
            (
                b"<?xml?><Workbook><Table>",
                Form::Foreign(Foreign::XmlSpreadsheet),
            ),
            (b"<name>,<phone>\n", Form::Text),
            (
                b"<?xml version=\"1.0\"?><Workbook>",
                Form::Foreign(Foreign::XmlSpreadsheet),
            ),
            (b"[ {\"a\": 1}]", Form::Foreign(Foreign::Json)),
            (b"{\"a\": 1}", Form::Foreign(Foreign::Json)),
            (b"\x1f\x8b\x08", Form::Foreign(Foreign::Gzip)),
            (b"name,phone\n", Form::Text),
            (b"BZh,phone\n", Form::Text),
            (b"[name],phone\n", Form::Text),
            (b"", Form::Text),
        ];
        for (bytes, form) in cases {
            assert_eq!(
                recognise(bytes),
                *form,
                "{}",
                String::from_utf8_lossy(bytes)
            );
        }
    }
}
