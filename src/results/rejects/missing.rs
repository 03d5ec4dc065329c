//! Cells whose formula has no value, as a rejects workbook has them.
//!
//! Guarantees that such a cell reads back as what it was and never as a blank: a formula without a value. It is not the
//! source's own formula, whose references would lead to other rows here, but `NA()`: a spreadsheet shows #N/A in the cell
//! until a person fills it in. The writer of workbooks gives every formula a value, so a pass of ours takes it away.

use memchr::memmem;
use rust_xlsxwriter::Formula;
use std::io::{self, Read, Seek, Write};
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

/// Copies a workbook, its missing values taken away.
///
/// Of the sheet, which holds all rows, only a piece is in memory at a time.
pub(super) fn without_values(book: impl Read + Seek, out: impl Write) -> io::Result<()> {
    let mut source = ZipArchive::new(book)?;
    let mut target = ZipWriter::new_stream(out);
    for at in 0..source.len() {
        let mut part = source.by_index(at)?;
        if part.name()? != SHEET {
            target.raw_copy_file(part)?;
            continue;
        }
        target.start_file(SHEET, SimpleFileOptions::default())?;
        replace(&mut part, &mut target)?;
    }
    target.finish()?;
    Ok(())
}

/// So much is read at once.
const PIECE: u64 = 64 * 1024;

fn replace(xml: &mut impl Read, out: &mut impl Write) -> io::Result<()> {
    let mut piece = Vec::new();
    loop {
        let read = xml.take(PIECE).read_to_end(&mut piece)?;
        let mut at = 0;
        for found in memmem::find_iter(&piece, WRITTEN) {
            out.write_all(piece.get(at..found).unwrap_or_default())?;
            out.write_all(WANTED)?;
            at = found + WRITTEN.len();
        }
        // What is looked for may have begun here and go on in the next piece.
        let open = if read == 0 { 0 } else { WRITTEN.len() - 1 };
        let done = piece.len().saturating_sub(open).max(at);
        out.write_all(piece.get(at..done).unwrap_or_default())?;
        piece.drain(..done);
        if read == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_value_is_found_wherever_the_pieces_of_a_sheet_end() {
        let piece = usize::try_from(PIECE).unwrap();
        for before in 0..=WRITTEN.len() {
            // Twice in a row, and at the very end of what is read at once.
            let gaps = [piece - before, 0, piece - before, 3 * piece];
            let sheet = |cell: &[u8]| {
                let gap = |length: &usize| [vec![b'"'; *length], cell.to_vec()].concat();
                [gaps.iter().flat_map(gap).collect(), b" t=\"e\">".to_vec()].concat()
            };
            let mut out = Vec::new();
            replace(&mut sheet(WRITTEN).as_slice(), &mut out).unwrap();
            assert!(out == sheet(WANTED), "{before}");
        }
    }

    #[test]
    fn a_sheet_without_missing_values_stays_as_it_is() {
        for sheet in [&b""[..], b"<c/>", &[b'<'; 200_000]] {
            let mut out = Vec::new();
            replace(&mut &*sheet, &mut out).unwrap();
            assert!(out == sheet, "{}", sheet.len());
        }
    }
}
