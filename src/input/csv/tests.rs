//! Records as rows: positions, line ends, quotes, and the caps on what a stray quote may swallow.

use super::*;
use std::io::Write;
use tempfile::NamedTempFile;

/// Row number, line and cells.
type Shown = (u64, u64, Vec<String>);

/// Every row, and the fault that ended the reading or kept it from beginning.
fn read(bytes: &[u8]) -> (Vec<Shown>, Option<Fault>) {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let (text, flaw) = Text::decide(file.path(), None, None).unwrap();
    if let Some(flaw) = flaw {
        return (Vec::new(), Some(Fault::at(flaw.row, flaw.line, flaw.kind)));
    }
    let mut records = Records::open(file.path(), &text).unwrap();
    let mut row = Row::default();
    let mut rows = Vec::new();
    loop {
        match records.next(&mut row) {
            Ok(true) => {}
            Ok(false) => return (rows, None),
            Err(fault) => return (rows, Some(fault)),
        }
        let cells = row.cells().map(|cell| cell.text.to_owned()).collect();
        rows.push((row.position.row, row.position.line.unwrap(), cells));
    }
}

fn places(text: &str) -> Vec<(u64, u64)> {
    let (rows, fault) = read(text.as_bytes());
    assert!(fault.is_none(), "{fault:?}");
    rows.iter().map(|(row, line, _)| (*row, *line)).collect()
}

#[test]
fn rows_are_numbered_as_a_spreadsheet_numbers_them() {
    let cases: &[(&str, &[(u64, u64)])] = &[
        ("a,b\n1,2\n3,4\n", &[(1, 1), (2, 2), (3, 3)]),
        ("a,b\n1,2\n3,4", &[(1, 1), (2, 2), (3, 3)]),
        ("\n\na,b\n\n1,2\n\n\n3,4\n\n\n", &[(3, 3), (5, 5), (8, 8)]),
        ("a,b\n\"x\ny\nz\",2\n3,4\n", &[(1, 1), (2, 2), (3, 5)]),
        (
            "a,b\n\n\"x\n\ny\",\"u\nv\"\n\n3,4\n",
            &[(1, 1), (3, 3), (5, 8)],
        ),
        ("a,b\n,,\n \t,\n3,4\n", &[(1, 1), (4, 4)]),
        ("sep=;\na;b\n1;2\n", &[(1, 2), (2, 3)]),
        ("a,b\n\"x\ny\"\n\n\n", &[(1, 1), (2, 2)]),
    ];
    for (text, expected) in cases {
        assert_eq!(places(text), *expected, "{text:?}");
        let crlf = text.replace('\n', "\r\n");
        assert_eq!(places(&crlf), *expected, "{crlf:?}");
        let cr = text.replace('\n', "\r");
        assert_eq!(places(&cr), *expected, "{cr:?}");
    }
}

#[test]
fn the_end_stays_the_end() {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(b"a,b\n1,2\n\n\n").unwrap();
    let (text, _) = Text::decide(file.path(), None, None).unwrap();
    let mut records = Records::open(file.path(), &text).unwrap();
    let mut row = Row::default();
    let found: Vec<_> = (0..4).map(|_| records.next(&mut row).unwrap()).collect();
    assert_eq!(found, [true, true, false, false]);
}

#[test]
fn positions_hold_for_any_mix_of_line_ends() {
    let (rows, fault) = read(b"a,b\r\n1,2\r3,4\n\r\n\"x\r\ny\",6\r\r7,8\r\n");
    assert!(fault.is_none());
    let places: Vec<_> = rows.iter().map(|(row, line, _)| (*row, *line)).collect();
    assert_eq!(places, [(1, 1), (2, 2), (3, 3), (5, 5), (7, 8)]);
}

#[test]
fn cells_are_what_the_file_says() {
    let cases: &[(&str, &[&str])] = &[
        ("a,b,c\r\n", &["a", "b", "c"]),
        ("a,\"b \"\"x\"\"\",c\r\n", &["a", "b \"x\"", "c"]),
        ("a,b,\r\n", &["a", "b", ""]),
        ("a,\"b\"\r\n", &["a", "b"]),
        ("\"a\r\nb\",c", &["a\r\nb", "c"]),
        (" a , b\n", &[" a ", " b"]),
        ("5\" pipe,b\n", &["5\" pipe", "b"]),
    ];
    for (text, expected) in cases {
        let (rows, fault) = read(text.as_bytes());
        assert!(fault.is_none());
        assert_eq!(rows[0].2, *expected, "{text:?}");
    }
}

#[test]
fn ragged_rows_keep_their_own_width() {
    let (rows, _) = read(b"a,b,c\n1,2\n1,2,3,4\n1,2,3\n");
    let widths: Vec<_> = rows.iter().map(|row| row.2.len()).collect();
    assert_eq!(widths, [3, 2, 4, 3]);
}

#[test]
fn a_quote_left_open_is_refused() {
    for text in ["a,b\n1,\"2\n3,4\n", "a,b\n1,\"2", "a,b\n\n1,2\n3,\"", "\""] {
        let (_, fault) = read(text.as_bytes());
        assert!(
            matches!(fault.unwrap().kind, InputErrorKind::UnclosedQuote),
            "{text:?}"
        );
    }
    let fault = read(b"a,b\n\n1,\"2\n3,4\n").1.unwrap();
    assert_eq!((fault.position.row, fault.position.line), (3, Some(3)));
}

#[test]
fn a_block_that_parses_otherwise_than_it_was_cut_is_refused() {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(b"a,b\n1,2\n3,4\n").unwrap();
    let (text, _) = Text::decide(file.path(), None, None).unwrap();
    let mut row = Row::default();
    for (bytes, rows) in [("1,2\n", 2), ("1,2\n3,4\n", 1), ("1,\"2\n3,4\n", 2)] {
        let block = Block {
            bytes: bytes.into(),
            start: Cut::default(),
            end: Cut {
                rows,
                ..Cut::default()
            },
        };
        let mut source = block.rows(&text, None).unwrap();
        let end = loop {
            match source.next(&mut row) {
                Ok(true) => {}
                end => break end,
            }
        };
        assert!(end.is_err(), "{bytes:?}");
    }
}

#[test]
fn a_record_over_too_many_lines_is_refused() {
    let text = format!("a,b\n1,\"{}\",c\n", "x\n".repeat(1001));
    let fault = read(text.as_bytes()).1.unwrap();
    assert!(matches!(fault.kind, InputErrorKind::TooManyLines { .. }));
    assert_eq!((fault.position.row, fault.position.line), (2, Some(2)));
}

#[test]
fn giant_fields_rows_and_widths_are_refused() {
    let field = format!("a,b\n1,{}\n", "x".repeat(MAX_FIELD + 1));
    let wide = format!("a,b\n{}\n", ",x".repeat(MAX_FIELDS + 1));
    let endless = format!("a,b\n1,{}", "x".repeat(20 * 1024 * 1024));
    for text in [field, wide, endless] {
        let fault = read(text.as_bytes()).1.unwrap();
        assert!(
            matches!(fault.kind, InputErrorKind::TooLarge { .. }),
            "{:?}",
            fault.kind
        );
        assert_eq!(fault.position.row, 2);
    }
}

/// The rows as the `csv` crate reads the text in one go.
fn oracle(text: &Text, path: &Path) -> Vec<Vec<String>> {
    let mut reader = ::csv::ReaderBuilder::new()
        .delimiter(text.delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.stream(path).unwrap());
    let mut rows = Vec::new();
    for record in reader.records() {
        let cells: Vec<_> = record.unwrap().iter().map(str::to_owned).collect();
        if cells.iter().any(|cell| !cell.trim().is_empty()) {
            rows.push(cells);
        }
    }
    rows
}

proptest::proptest! {
    #[test]
    fn blocks_hold_what_the_whole_file_holds(
        piece in "[ab\",\n\r é]{1,40}",
        filler in "[a,\n]{0,30}",
        times in 1_usize..300,
    ) {
        let mut file = NamedTempFile::new().unwrap();
        let text = format!("a,b\n{filler}{piece}\n").repeat(times);
        file.write_all(text.as_bytes()).unwrap();
        let (text, flaw) = Text::decide(file.path(), None, Some(b',')).unwrap();
        if flaw.is_some() {
            return Ok(());
        }
        let mut records = Records::open(file.path(), &text).unwrap();
        let mut row = Row::default();
        let mut read = Vec::new();
        while records.next(&mut row).unwrap() {
            read.push(row.cells().map(|cell| cell.text.to_owned()).collect::<Vec<_>>());
        }
        proptest::prop_assert_eq!(read, oracle(&text, file.path()));
    }

    #[test]
    fn what_a_writer_wrote_comes_back(
        table in proptest::collection::vec(
            proptest::collection::vec("[a-c\"\n,; é]{0,6}", 2..4), 1..12),
        crlf: bool,
    ) {
        let mut writer = ::csv::WriterBuilder::new()
            .flexible(true)
            .terminator(if crlf { ::csv::Terminator::CRLF } else { ::csv::Terminator::Any(b'\n') })
            .from_writer(Vec::new());
        let mut filled = Vec::new();
        writer.write_record(["first", "second"]).unwrap();
        for (at, record) in table.iter().enumerate() {
            writer.write_record(record).unwrap();
            if record.iter().any(|cell| !cell.trim().is_empty()) {
                filled.push((at as u64 + 2, record.clone()));
            }
        }
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(&writer.into_inner().unwrap()).unwrap();
        let (text, flaw) = Text::decide(file.path(), None, Some(b',')).unwrap();
        assert!(flaw.is_none());
        let mut records = Records::open(file.path(), &text).unwrap();
        let mut row = Row::default();
        let mut read = Vec::new();
        assert!(records.next(&mut row).unwrap());
        while records.next(&mut row).unwrap() {
            let cells = row.cells().map(|cell| cell.text.to_owned()).collect::<Vec<_>>();
            read.push((row.position.row, cells));
        }
        assert_eq!(read, filled);
    }
}
