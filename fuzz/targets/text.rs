//! Text as rows, held against a reader of CSV so simple that it can hardly be wrong.

#![no_main]

use libfuzzer_sys::fuzz_target;
use ticketload::input::{DelimiterReason, Input, Layout, Options};
use ticketload_fuzz::{Seen, options, read, watch_panics};

fuzz_target!(init: watch_panics(), |data: &[u8]| {
    let options = options(data);
    let Ok((input, mut rows)) = read(data, &options) else {
        return;
    };
    if let Some(expected) = simple(data, &input, &options) {
        // Breaks within a cell stay as the file has them.
        for cell in rows.iter_mut().flat_map(|row| &mut row.cells) {
            *cell = cell.replace("\r\n", "\n");
        }
        assert!(rows == expected, "{rows:?} and not {expected:?}");
    }
});

/// The rows under the header as the simple reader has them; none where it does not know how to read the file.
fn simple(data: &[u8], input: &Input, options: &Options) -> Option<Vec<Seen>> {
    let file = input.description();
    let Layout::Csv(layout) = &file.layout else {
        return None;
    };
    let is_plain = layout.encoding == "UTF-8"
        && layout.delimiter_reason != DelimiterReason::SepLine
        && !file.compressed
        && !file.is_rejects
        && options.range.is_none();
    let text = std::str::from_utf8(data).ok().filter(|_| is_plain)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let rows = records(&text, layout.delimiter).into_iter().zip(1..);
    let rows = rows.map(|(cells, number)| Seen { number, cells });
    let rows = rows.filter(|row| row.number > file.header_row);
    Some(
        rows.filter(|row| row.cells.iter().any(|cell| !cell.trim().is_empty()))
            .collect(),
    )
}

/// All records of a text whose lines end in LF, a blank line as one with a blank field. Files that were run together may each
/// begin with byte order marks, of which two are no part of a record.
fn records(text: &str, delimiter: char) -> Vec<Vec<String>> {
    let mut records = Vec::new();
    let mut record = vec![String::new()];
    let mut signs = text.chars().peekable();
    let (mut at_start, mut is_quoted, mut marks) = (true, false, 0);
    while let Some(sign) = signs.next() {
        let is_first = record.len() == 1;
        let field = record.last_mut().expect("a record has a field");
        let was_at_start = std::mem::replace(&mut at_start, false);
        match sign {
            '\u{feff}' if was_at_start && is_first && marks < 2 => {
                marks += 1;
                at_start = true;
            }
            '"' if is_quoted && signs.peek() == Some(&'"') => {
                signs.next();
                field.push('"');
            }
            '"' if is_quoted => is_quoted = false,
            '"' if was_at_start => is_quoted = true,
            '\n' if !is_quoted => {
                records.push(std::mem::replace(&mut record, vec![String::new()]));
                (at_start, marks) = (true, 0);
            }
            sign if sign == delimiter && !is_quoted => {
                record.push(String::new());
                at_start = true;
            }
            sign => field.push(sign),
        }
    }
    records.push(record);
    records
}
