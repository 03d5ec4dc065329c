//! What both fuzz targets hold against the reader: whatever the bytes, a file ends in rows or in a typed error.
//!
//! Owns the invariants that need no second opinion: no panic gets out, positions grow and stay within a spreadsheet, the
//! second reading gives what the first gave, and an error has words and a hint. Knows no format.

use std::ops::ControlFlow;
use std::panic;
use std::path::Path;
use ticketload::input::{Input, InputError, Kind, Options, panics_are_caught};
use ticketload::reading::{Hidden, Merged, Range};

/// A row as a target sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its number.
    pub number: u64,
    /// Its cells.
    pub cells: Vec<String>,
}

/// Ends the process at each panic but those of the foreign parser, which the reader turns into errors.
pub fn watch_panics() {
    let told = panic::take_hook();
    // What the fuzzer sets up ends the process at every panic.
    panic::set_hook(Box::new(move |panic| {
        if !panics_are_caught() {
            told(panic);
        }
    }));
}

/// Options that the bytes themselves choose, so that a file that was found is read again in the same way.
pub fn options(data: &[u8]) -> Options {
    let choice = data.len() % 8;
    Options {
        hidden: match choice {
            0..4 => Some(Hidden::Import),
            4 | 5 => Some(Hidden::Skip),
            _ => None,
        },
        merged: if choice == 3 {
            Merged::Fill
        } else {
            Merged::TopLeft
        },
        range: match choice {
            1 => Range::from_words("A1:C20"),
            5 => Range::from_words("Calls"),
            _ => None,
        },
        header_row: (choice == 2).then_some(1),
        ..Options::default()
    }
}

/// Reads the bytes as a file, twice.
pub fn read(data: &[u8], options: &Options) -> Result<(Input, Vec<Seen>), InputError> {
    let result = Input::from_stream(&mut &*data, Path::new("fuzz"), options).and_then(|input| {
        let rows = rows(&input)?;
        assert!(rows == self::rows(&input)?, "the second reading differs");
        Ok((input, rows))
    });
    if let Err(error) = &result {
        assert!(!error.to_string().is_empty() && error.hint().is_some());
    }
    result
}

fn rows(input: &Input) -> Result<Vec<Seen>, InputError> {
    let mut rows = Vec::new();
    let mut last = input.description().header_row;
    let ended = input.for_each_row(|row| {
        let number = row.position.row;
        assert!(number > last, "row {number} after row {last}");
        last = number;
        if input.description().kind() == Kind::Xlsx {
            assert!(number <= 1_048_576, "row {number} of a worksheet");
        }
        assert!(row.width() <= 16_384, "a row of {} cells", row.width());
        let cells = row.cells().map(|cell| cell.text.to_owned()).collect();
        rows.push(Seen { number, cells });
        ControlFlow::<()>::Continue(())
    })?;
    assert!(ended.is_none());
    Ok(rows)
}
