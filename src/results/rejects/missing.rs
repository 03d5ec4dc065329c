//! Cells whose formula has no value, as a rejects workbook has them.
//!
//! Guarantees that such a cell reads back as what it was and never as a blank: a formula without a value. It is not the
//! source's own formula, whose references would lead to other rows here, but `NA()`: a spreadsheet shows #N/A in the cell
//! until a person fills it in. The writer of workbooks gives every formula a value, so a pass of ours takes it away.

use memchr::memmem;
use rust_xlsxwriter::Formula;
use std::io::{self, Cursor, Read, Write};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

const SHEET: &str = "xl/worksheets/sheet1.xml";
/// How the writer writes such a cell; no text can hold this, since its brackets would be escaped.
const WRITTEN: &[u8] = b" t=\"e\"><f>NA()</f><v>#GETTING_DATA</v></c>";
const WANTED: &[u8] = b"><f>NA()</f></c>";

/// What is written for a value that is missing.
pub(super) fn formula() -> Formula {
    Formula::new("=NA()").set_result("#GETTING_DATA")
}

/// The workbook, its missing values taken away.
pub(super) fn without_values(book: &[u8]) -> io::Result<Vec<u8>> {
    let mut source = ZipArchive::new(Cursor::new(book))?;
    let mut target = ZipWriter::new(Cursor::new(Vec::with_capacity(book.len())));
    for at in 0..source.len() {
        let mut part = source.by_index(at)?;
        if part.name()? != SHEET {
            target.raw_copy_file(part)?;
            continue;
        }
        let mut xml = Vec::new();
        part.read_to_end(&mut xml)?;
        target.start_file(SHEET, SimpleFileOptions::default())?;
        replace(&xml, &mut target)?;
    }
    let target = target.finish()?;
    Ok(target.into_inner())
}

fn replace(xml: &[u8], out: &mut impl Write) -> io::Result<()> {
    let mut at = 0;
    for found in memmem::find_iter(xml, WRITTEN) {
        out.write_all(xml.get(at..found).unwrap_or_default())?;
        out.write_all(WANTED)?;
        at = found + WRITTEN.len();
    }
    out.write_all(xml.get(at..).unwrap_or_default())
}
