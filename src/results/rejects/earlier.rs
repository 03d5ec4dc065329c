//! [`are_rejects`]: whether a file is an earlier rejects file.
//!
//! Owns what is known of one without rows, as a good run leaves it: its header is all it has. A password, or any other
//! file of one line, is read as a header without rows as well, and must not be taken for one.

use crate::columns::REJECTS;
use crate::input::{Input, InputErrorKind, Options};
use encoding_rs::UTF_8;
use memchr::memmem;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use zip::ZipArchive;

/// No header is longer than this.
const LONGEST: u64 = 1024 * 1024;
/// How a workbook begins.
const ZIP: &[u8] = b"PK";

/// Whether a file is an earlier rejects file, with rows or without.
#[must_use]
pub fn are_rejects(path: &Path) -> bool {
    match Input::open(path, &Options::default()) {
        Ok(input) => input.description().is_rejects,
        Err(error) => matches!(error.kind, InputErrorKind::NoRows) && has_their_header(path),
    }
}

/// Whether the one row of a file ends with the two columns that rejects have behind those of their source.
pub(in super::super) fn has_their_header(path: &Path) -> bool {
    let read = || {
        let mut beginning = Vec::new();
        File::open(path)?
            .take(LONGEST)
            .read_to_end(&mut beginning)?;
        if beginning.starts_with(ZIP) {
            of_workbook(path)
        } else {
            Ok(of_text(&UTF_8.decode(&beginning).0))
        }
    };
    // What cannot be read is not known to be ours.
    read().unwrap_or(false)
}

/// The sign between the columns is not looked for: it may be one that only the mapping knows.
fn of_text(text: &str) -> bool {
    let [code, message] = REJECTS;
    // Spreadsheets quote what they like, and may add blank lines.
    let text = text.replace('"', "");
    let ends = || {
        let before = text.trim_end().strip_suffix(message)?;
        let sign = before.chars().next_back()?;
        let first = before.strip_suffix(sign)?.strip_suffix(code)?;
        let columns = first.strip_suffix(sign)?;
        Some(!sign.is_alphanumeric() && !columns.trim().is_empty())
    };
    ends() == Some(true)
}

/// A workbook in which one row stands: it holds the two names among its texts, wherever its writer keeps them.
fn of_workbook(path: &Path) -> io::Result<bool> {
    let mut book = ZipArchive::new(BufReader::new(File::open(path)?))?;
    let mut is_found = [false; REJECTS.len()];
    for at in 0..book.len() {
        let mut xml = Vec::new();
        book.by_index(at)?.take(LONGEST).read_to_end(&mut xml)?;
        for (found, name) in is_found.iter_mut().zip(REJECTS) {
            *found |= memmem::find(&xml, format!(">{name}<").as_bytes()).is_some();
        }
    }
    Ok(is_found.into_iter().all(|found| found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_xlsxwriter::Workbook;

    fn are(name: &str, content: &[u8]) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        are_rejects(&path)
    }

    #[test]
    fn a_text_of_one_line_is_rejects_only_with_their_columns_at_its_end() {
        let utf_16: Vec<u8> = "\u{feff}Name;error_code;message\r\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        for theirs in [
            &b"Call ID,Name,error_code,message\n"[..],
            b"\xef\xbb\xbfName;error_code;message\r\n",
            b"Name\terror_code\tmessage\r",
            b"Name^error_code^message\n",
            b"\n\nN\xe4me,error_code,message\n\n",
            b"\"Name\",\"error_code\",\"message\"\n",
            &utf_16,
        ] {
            assert!(are("r", theirs), "{theirs:?}");
        }
        for foreign in [
            &b"secret\n"[..],
            b"hello\n",
            b"",
            b"Call ID,Last Name\n",
            b"[profile.default]\n",
            b"error_code,message\n",
            b",error_code,message\n",
            b"Name,my_error_code,message\n",
            b"Name,error_code,messages\n",
            b"Name;error_code,message\n",
            b"Name error_codemessage\n",
        ] {
            assert!(!are("r", foreign), "{foreign:?}");
        }
    }

    #[test]
    fn a_workbook_of_one_row_is_rejects_only_with_their_columns() {
        let book = |names: &[&str]| {
            let mut book = Workbook::new();
            let sheet = book.add_worksheet();
            for (column, name) in (0..).zip(names) {
                sheet.write_string(0, column, *name).unwrap();
            }
            book.save_to_buffer().unwrap()
        };
        assert!(are("r.xlsx", &book(&["Name", "error_code", "message"])));
        assert!(!are("r.xlsx", &book(&["Name", "error_code"])));
        assert!(!are("r.xlsx", &book(&["Name", "DOB"])));
    }
}
