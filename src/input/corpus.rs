//! Walks a folder of real files beside the project, where there is one: each ends in the rows that independent
//! readers found, or in a typed error that is expected.

use super::*;
use std::collections::HashMap;

/// Where we differ from the independent readers on purpose.
const DIFFERENT: &[(&str, &str)] = &[
    (
        "calamine/encoded_entities.xlsx",
        "its second row is a line break: blank",
    ),
    ("csvkit/null_byte.csv", "NUL bytes are damage"),
    (
        "csvkit/sheets.xlsx",
        "the sheet with data is taken, not the first",
    ),
    ("derived/bitflip.xlsx", "damage in any sheet is refused"),
    ("derived/bomb_200MB_sheet.xlsx", "hostile: 200 MB of blanks"),
    (
        "derived/bomb_sst_ratio.xlsx",
        "hostile: one string of 200 MB",
    ),
    ("derived/crc_value_changed.xlsx", "a value was altered"),
    (
        "derived/junk_prefix.xlsx",
        "bytes before the archive: Excel refuses it too",
    ),
    ("derived/nul_padded.csv", "NUL bytes are damage"),
    (
        "derived/open_quote_last_field.csv",
        "a stray quote swallows rows",
    ),
    (
        "derived/open_quote_second_field.csv",
        "a stray quote swallows rows",
    ),
    (
        "derived/really_xlsx.csv",
        "a workbook is read as a workbook, whatever its name",
    ),
    ("derived/trailing_blank.csv", "a row of blanks is blank"),
    (
        "messytables/weird_head_padding.csv",
        "semicolons, and rows of quotes alone",
    ),
    (
        "rust-csv/smallpop-colon.csv",
        "a colon is no delimiter unless it is asked for",
    ),
];

#[derive(Default)]
struct Tally {
    files: usize,
    rows: u64,
    refused: usize,
    failures: Vec<String>,
}

#[test]
fn the_corpus_is_read_as_independent_readers_read_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let Ok(index) = std::fs::read_to_string(root.join("INDEX.tsv")) else {
        println!("skipped: there is no {}", root.display());
        return;
    };
    let mut lines = index
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>());
    let names = lines.next().unwrap();
    let mut tally = Tally::default();
    for line in lines {
        let entry: HashMap<_, _> = names.iter().copied().zip(line).collect();
        check(&root, &entry, &mut tally);
    }
    println!(
        "{} files: {} rows, {} refused",
        tally.files, tally.rows, tally.refused
    );
    assert!(tally.failures.is_empty(), "{:#?}", tally.failures);
}

fn check(root: &Path, entry: &HashMap<&str, &str>, tally: &mut Tally) {
    let name = entry["path"];
    let expected = entry["expected_data_rows"].parse::<u64>().ok();
    let different = DIFFERENT.iter().any(|(path, _)| *path == name);
    tally.files += 1;
    match read(&root.join(name)) {
        Ok((input, rows)) => {
            tally.rows += rows;
            let titles = input.description().title_rows;
            // Title lines count as data there: the first row with a value is taken for the header.
            if !different && expected.is_some_and(|expected| expected != rows + titles) {
                tally
                    .failures
                    .push(format!("{name}: {rows} rows + {titles}, not {expected:?}"));
            }
            if !different && titles == 0 && input.description().kind() == Kind::Csv {
                check_header(name, entry["expected_header"], input.header(), tally);
            }
        }
        Err(error) => {
            tally.refused += 1;
            let foreign = matches!(
                error.kind,
                InputErrorKind::Foreign(_) | InputErrorKind::Encrypted
            );
            let nothing = expected.is_none_or(|rows| rows == 0);
            if error.hint().is_none() || !(different || foreign || nothing) {
                tally.failures.push(format!("{name}: {error}"));
            }
        }
    }
}

/// The index holds the first columns, each cut to 24 characters.
fn check_header(name: &str, expected: &str, header: &[String], tally: &mut Tally) {
    let expected: Vec<String> = serde_json::from_str(expected).unwrap_or_default();
    for (wanted, found) in expected.iter().zip(header) {
        // One break for another: a CR that stands alone is a line end like any.
        let found: String = found.replace("\r\n", "\n").chars().take(24).collect();
        let wanted: String = wanted
            .replace("\r\n", "\n")
            .replace('\r', "\n")
            .chars()
            .take(24)
            .collect();
        if found.trim() != wanted.trim() && !wanted.starts_with(found.trim_end()) {
            tally
                .failures
                .push(format!("{name}: header {found:?}, not {wanted:?}"));
        }
    }
}

/// Reads a file, and where it has several sheets, the first of them.
fn read(path: &Path) -> Result<(Input, u64), InputError> {
    let options = Options {
        hidden: Some(Hidden::Import),
        ..Options::default()
    };
    let input = match Input::open(path, &options) {
        Err(InputError {
            kind: InputErrorKind::SeveralSheets { sheets },
            ..
        }) => Input::open(
            path,
            &Options {
                sheet: sheets.first().map(|sheet| sheet.name.clone()),
                ..options
            },
        )?,
        other => other?,
    };
    let mut rows = 0;
    let end = input.for_each_row(|_| {
        rows += 1;
        ControlFlow::<()>::Continue(())
    })?;
    assert!(end.is_none());
    Ok((input, rows))
}
