//! Files as rows, whatever the file: what is found from it, what is refused, and what a rejects file comes back as.

use super::encoding::Text;
use super::*;
use crate::reading::{Quoting, ShortRows, Test};
use flate2::write::GzEncoder;
use std::io::Write;
use tempfile::NamedTempFile;

fn file(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn open(bytes: &[u8]) -> Result<(Input, NamedTempFile), InputError> {
    let file = file(bytes);
    Ok((Input::open(file.path(), &Options::default())?, file))
}

fn rows(input: &Input) -> Vec<(u64, Vec<String>)> {
    let mut rows = Vec::new();
    let end = input.for_each_row(|row| {
        rows.push((
            row.position.row,
            row.cells().map(|cell| cell.text.to_owned()).collect(),
        ));
        ControlFlow::<()>::Continue(())
    });
    assert!(end.unwrap().is_none());
    rows
}

#[test]
fn a_file_is_read_as_often_as_wanted() {
    let (input, _file) = open("name;dob\r\nNúñez;1989\r\n\r\nLee;1990\r\n".as_bytes()).unwrap();
    assert_eq!(input.header(), ["name", "dob"]);
    let text = input.description().text().unwrap();
    assert_eq!((text.delimiter, text.encoding), (';', "UTF-8"));
    for _ in 0..2 {
        let rows = rows(&input);
        assert_eq!(rows[0], (2, vec!["Núñez".to_owned(), "1989".to_owned()]));
        assert_eq!(rows[1], (4, vec!["Lee".to_owned(), "1990".to_owned()]));
    }
    assert_eq!(input.fingerprint().unwrap(), input.fingerprint().unwrap());
}

#[test]
fn many_rows_arrive_in_order_and_breaking_stops_the_reader() {
    let mut text = "a,b\n".to_owned();
    for at in 2..20_000 {
        text.push_str(&format!("{at},\"{}\"\n", "x".repeat(at % 300)));
    }
    let (input, _file) = open(text.as_bytes()).unwrap();
    let mut next = 2;
    let end = input.for_each_row(|row| {
        assert_eq!(
            (row.position.row, row.text(0)),
            (next, next.to_string().as_str())
        );
        next += 1;
        ControlFlow::<()>::Continue(())
    });
    assert_eq!((end.unwrap(), next), (None, 20_000));
    let end = input.for_each_row(|row| {
        if row.position.row == 300 {
            ControlFlow::Break("enough")
        } else {
            ControlFlow::Continue(())
        }
    });
    assert_eq!(end.unwrap(), Some("enough"));
}

/// Rows of one cell each, and how many of them were read.
struct Wide(u64, usize);

impl Source for Wide {
    fn next(&mut self, row: &mut Row) -> Result<bool, Fault> {
        self.0 += 1;
        row.reset(self.0, None);
        row.push(&"x".repeat(self.1));
        Ok(self.0 <= 60)
    }
}

#[test]
fn rows_as_long_as_a_book_are_not_held_beside_each_other_to_find_a_header() {
    for (length, read) in [(10, 50), (400_000, 4), (5_000_000, 2)] {
        let mut rows = Wide(0, length);
        let header = Header::find(&mut rows, None, usize::MAX).unwrap();
        assert_eq!((header.row(), rows.0), (1, read));
    }
}

#[test]
fn each_bad_file_gets_a_sentence_of_its_own() {
    let cases: &[(&[u8], &str)] = &[
        (b"", "empty"),
        (b"\n\n ,\n", "no header"),
        (b"name,dob\n", "no row under it"),
        (b"name,dob\n,\n\n", "no row under it"),
        (b"%PDF-1.4\n", "PDF"),
        (b"<html><table>", "web page"),
        (b"\x1f\x8b\x08\x00", "gzip file is cut short"),
        (b"a,b\n1,\0\n", "NUL"),
        (b"\x01\x02\x03\x04\x00\x05\x06", "binary"),
        (b"a,b\n1,\"2\n", "never ends"),
        (
            b"file,sheet,row,key,outcome,ticket_id,error_code,message,attempts,finished_at\n1,2,3\n",
            "results file",
        ),
    ];
    for (bytes, message) in cases {
        let error = open(bytes).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.hint().is_some());
    }
}

#[test]
fn missing_files_and_folders_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Input::open(&folder.path().join("no.csv"), &Options::default()).unwrap_err();
    assert!(matches!(missing.kind, InputErrorKind::Missing));
    let folder = Input::open(folder.path(), &Options::default()).unwrap_err();
    assert!(matches!(folder.kind, InputErrorKind::Folder));
}

#[test]
fn errors_name_file_row_and_line_and_no_value() {
    let text = b"name,dob\n\nAbernathy,\"19\nSecret,1\n";
    let error = open(text).unwrap_err();
    let shown = format!("{error} {error:?} {:?}", error.hint());
    assert!(
        error
            .to_string()
            .contains(", row 3, line 3: a quoted field"),
        "{error}"
    );
    assert!(!shown.contains("Abernathy") && !shown.contains("Secret"));
}

#[test]
fn a_stray_quote_is_placed_at_its_row() {
    let text = b"name,dob\n\n\"Two\nlines\",1\nA,\"2\nB,3\nC,\"x, y\"\nD,4\n";
    let error = open(text).unwrap_err();
    assert!(matches!(error.kind, InputErrorKind::StrayQuote), "{error}");
    assert_eq!((error.position.row, error.position.line), (4, Some(5)));
}

#[test]
fn two_lone_quotes_that_swallow_rows_are_placed_at_their_row() {
    for (header, tail) in [("", ""), (",error_code,message", ",missing.dob,none")] {
        let row = |text: &str| format!("{text}{tail}\n");
        let text = [
            format!("id,name,reason,phone{header}\n"),
            row("1,Lee,\"two\nlines\",5"),
            row("2,Ng,\"bad,6"),
            row("3,Ray,has fever\",7"),
        ];
        let (input, _file) = open(text.concat().as_bytes()).unwrap();
        let end = input.for_each_row(|_| ControlFlow::<()>::Continue(()));
        let error = end.unwrap_err();
        assert!(matches!(error.kind, InputErrorKind::LikeRows), "{error}");
        assert_eq!((error.position.row, error.position.line), (3, Some(4)));
        // Whoever trusts the quotes gets what they say.
        let file = file(text.concat().as_bytes());
        let options = Options {
            quoting: Quoting::Trust,
            ..Options::default()
        };
        let input = Input::open(file.path(), &options).unwrap();
        let mut rows = Vec::new();
        let end = input.for_each_row(|row| {
            rows.push(row.text(2).to_owned());
            ControlFlow::<()>::Continue(())
        });
        assert!(end.is_ok() && rows.len() == 2, "{end:?}");
        assert!(rows[1].starts_with("bad,6") && rows[1].ends_with("has fever"));
    }
}

/// The rows' numbers and widths, with the input that was read to its end.
fn widths(text: &str, short_rows: ShortRows) -> (Input, Vec<(u64, usize)>) {
    let file = file(text.as_bytes());
    let options = Options {
        short_rows,
        ..Options::default()
    };
    let input = Input::open(file.path(), &options).unwrap();
    let mut widths = Vec::new();
    let end = input.for_each_row(|row| {
        widths.push((row.position.row, row.width()));
        ControlFlow::<()>::Continue(())
    });
    end.unwrap();
    (input, widths)
}

#[test]
fn short_rows_are_filled_where_that_is_asked_for() {
    let text = "a,b,c\n1,2,3\n1\n1,2,3,4\n,2\n1,2";
    let (input, found) = widths(&format!("{text}\n"), ShortRows::Fill);
    assert_eq!(found, [(2, 3), (3, 3), (4, 4), (5, 3), (6, 3)]);
    assert_eq!((input.filled_rows(), input.cut_row()), (3, None));
    // A row in whose middle the file ends may have lost anything.
    let (input, found) = widths(text, ShortRows::Fill);
    assert_eq!(found.last(), Some(&(6, 2)));
    assert_eq!((input.filled_rows(), input.cut_row()), (2, Some(6)));
    let (input, found) = widths(text, ShortRows::Refuse);
    assert_eq!(found, [(2, 3), (3, 1), (4, 4), (5, 2), (6, 2)]);
    assert_eq!((input.filled_rows(), input.cut_row()), (0, Some(6)));
}

#[test]
fn rows_that_excel_has_cut_short_are_told() {
    let text = |blank: std::ops::RangeInclusive<u64>| {
        let row = |at| {
            if blank.contains(&at) {
                format!("{at},x\n")
            } else {
                format!("{at},x,\n")
            }
        };
        (2..=48)
            .map(row)
            .fold("id,name,note\n".to_owned(), |all, row| all + &row)
    };
    let (input, _) = widths(&text(17..=32), ShortRows::Refuse);
    assert_eq!(input.rows_cut_by_excel(), Some((17, 16)));
    let (input, _) = widths(&text(17..=31), ShortRows::Refuse);
    assert_eq!(input.rows_cut_by_excel(), None);
    let (input, _) = widths(&text(17..=32), ShortRows::Fill);
    assert_eq!((input.rows_cut_by_excel(), input.filled_rows()), (None, 16));
}

#[test]
fn two_lone_quotes_are_found_in_tables_of_any_form() {
    let rows = |note: &dyn Fn(u32) -> String| (2..40).map(note).collect::<String>();
    let word = |at| match at {
        10 => "\"slipped",
        30 => "knee\"",
        _ => "cough",
    };
    let behind = rows(&|at| format!("{at},Ng,Ann,1980-01-02,,{},\n", word(at)));
    let padded = rows(&|at| format!("{at},Ng,Ann,1980-01-02, ,{}\n", word(at)));
    let narrow = rows(&|at| format!("Ng{at},1980-01-02,{}\n", word(at)));
    for (header, rows) in [
        ("ID,Last,First,DOB,Phone,Note\n", behind),
        ("ID,Last,First,DOB,Phone,Note\n", padded),
        ("Name,DOB,Note\n", narrow),
    ] {
        let (input, _file) = open(format!("{header}{rows}").as_bytes()).unwrap();
        let end = input.for_each_row(|_| ControlFlow::<()>::Continue(()));
        let error = end.unwrap_err();
        assert!(matches!(error.kind, InputErrorKind::LikeRows), "{error}");
        assert_eq!(error.position.row, 10);
    }
}

#[test]
fn files_that_were_run_together_are_read_as_one_and_told() {
    let (header, row) = ("\"id\",\"name\"\n", "\"1\",\"Smith, Jr\"\n");
    let mark = "\u{feff}";
    let again = |row, header_again| Further {
        files: 1,
        row,
        header_again,
    };
    let cases = [
        (
            format!("{mark}{header}{row}{mark}{row}"),
            2,
            Some(again(3, false)),
        ),
        (
            format!("{header}{row}{mark}{header}{row}"),
            3,
            Some(again(3, true)),
        ),
        (format!("{mark}{mark}{header}{row}"), 1, None),
        (
            format!("{mark}{mark}{header}{row}{mark}{mark}{row}"),
            2,
            Some(again(3, false)),
        ),
    ];
    for (text, rows, further) in cases {
        let utf16 = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [text.into_bytes(), utf16] {
            let (input, _file) = open(&bytes).unwrap();
            assert_eq!(input.header(), ["id", "name"]);
            assert_eq!(input.description().text().unwrap().further, further);
            let mut cells = Vec::new();
            let end = input.for_each_row(|row| {
                cells.push((row.text(0).to_owned(), row.text(1).to_owned()));
                ControlFlow::<()>::Continue(())
            });
            end.unwrap();
            assert_eq!(cells.len(), rows);
            assert_eq!(
                cells.last().unwrap(),
                &("1".to_owned(), "Smith, Jr".to_owned())
            );
        }
    }
}

#[test]
fn a_header_in_excels_formulas_is_its_text_and_cells_stay_as_they_are() {
    let (input, _file) = open(b"=\"id\",=\"name\"\n=\"1\",Ng\n").unwrap();
    assert_eq!(input.header(), ["id", "name"]);
    let mut first = None;
    let each = |row: &Row| {
        first = Some(row.text(0).to_owned());
        ControlFlow::<()>::Continue(())
    };
    input.for_each_row(each).unwrap();
    assert_eq!(
        first.as_deref(),
        Some("=\"1\""),
        "by this the ledger knows the row"
    );
}

#[test]
fn title_lines_stand_above_the_header() {
    let text = b"Call report\n\nMay 2024,\nname,dob,phone,prac\nA,1,2,3\nB,1,2,3\n";
    let (input, _file) = open(text).unwrap();
    assert_eq!(input.header(), ["name", "dob", "phone", "prac"]);
    assert_eq!(
        (
            input.description().header_row,
            input.description().title_rows
        ),
        (4, 2)
    );
    assert_eq!(
        rows(&input).iter().map(|row| row.0).collect::<Vec<_>>(),
        [5, 6]
    );
}

#[test]
fn the_header_row_can_be_named() {
    let file = file(b"a,b\n1,2\n\nc,d\n3,4\n");
    let named = |row| {
        let options = Options {
            header_row: Some(row),
            ..Options::default()
        };
        Input::open(file.path(), &options)
    };
    assert_eq!(named(4).unwrap().header(), ["c", "d"]);
    assert_eq!(rows(&named(2).unwrap()).len(), 2);
    assert!(matches!(
        named(3).unwrap_err().kind,
        InputErrorKind::HeaderRowBlank
    ));
    assert!(matches!(
        named(9).unwrap_err().kind,
        InputErrorKind::HeaderRowBlank
    ));
    assert!(matches!(named(5).unwrap_err().kind, InputErrorKind::NoRows));
}

#[test]
fn a_rejects_file_loses_its_two_last_columns() {
    let text = b"name,dob,error_code,message\nA,1,invalid.dob,bad\nB\nC,2,406,no,surplus\n,,x,y\n";
    let (input, _file) = open(text).unwrap();
    assert!(input.description().is_rejects);
    assert_eq!(input.header(), ["name", "dob"]);
    let cells: Vec<_> = rows(&input).into_iter().map(|row| row.1).collect();
    assert_eq!(
        cells,
        [vec!["A", "1"], vec!["B"], vec!["C", "2", "surplus"]]
    );
}

#[test]
fn a_file_that_changes_is_noticed() {
    let (input, mut file) = open(b"a,b\n1,2\n").unwrap();
    file.write_all(b"3,4\n").unwrap();
    let error = input
        .for_each_row(|_| ControlFlow::<()>::Continue(()))
        .unwrap_err();
    assert!(matches!(error.kind, InputErrorKind::Changed));
    assert!(input.fingerprint().is_err());
}

#[test]
fn a_file_that_grows_while_it_is_read_is_noticed_on_the_way() {
    let (input, mut file) = open("a,b\n1,2\n".repeat(50_000).as_bytes()).unwrap();
    let mut rows = 0;
    let error = input.for_each_row(|_| {
        rows += 1;
        if rows == 1 {
            file.write_all(b"3,4\n").unwrap();
        }
        ControlFlow::<()>::Continue(())
    });
    assert!(matches!(error.unwrap_err().kind, InputErrorKind::Changed));
    assert!(rows < 99_000, "noticed after {rows} rows only");
}

#[test]
fn pairs_are_read_with_any_encoding() {
    let pairs = file(b"from;to\r\nN\xfa\xf1ez;1\r\n\r\nX;;\r\n");
    let read = Input::read_pairs(pairs.path()).unwrap();
    assert_eq!(read[1], ("Núñez".to_owned(), "1".to_owned()));
    assert_eq!((read.len(), read[2].1.as_str()), (3, ""));
    let error = Input::read_pairs(file(b"a,b\n1,2,3\n").path()).unwrap_err();
    assert!(matches!(error.kind, InputErrorKind::NotAPair));
    assert_eq!(error.position.row, 2);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

#[test]
fn a_compressed_file_is_read_as_what_it_holds() {
    let text = b"a,b\n1,2\n3,4\n";
    let packed = gzip(text);
    let (input, _file) = open(&packed).unwrap();
    let seen = input.description();
    assert!(seen.compressed && seen.kind() == Kind::Csv);
    assert_eq!(seen.bytes, text.len() as u64);
    for _ in 0..2 {
        assert_eq!(rows(&input).len(), 2);
    }
    let plain = file(text);
    let plain = Input::open(plain.path(), &Options::default()).unwrap();
    assert_eq!(plain.fingerprint().unwrap(), input.fingerprint().unwrap());
    let cut = open(&packed[..packed.len() - 9]).unwrap_err();
    assert!(matches!(cut.kind, InputErrorKind::Gzip), "{cut}");
    for zeros in [1, 512, 200_000] {
        let padded = [packed.as_slice(), &vec![0; zeros]].concat();
        assert_eq!(rows(&open(&padded).unwrap().0).len(), 2);
        for behind in [&b"x"[..], &packed] {
            let other = open(&[padded.as_slice(), behind].concat()).unwrap_err();
            assert!(matches!(other.kind, InputErrorKind::Gzip), "{other}");
        }
    }
    // Two members one behind the other are one text.
    let both = [packed, gzip(b"5,6\n")].concat();
    assert_eq!(rows(&open(&both).unwrap().0).len(), 3);
}

#[test]
fn a_gzip_bomb_is_refused() {
    let mut packer = GzEncoder::new(Vec::new(), flate2::Compression::default());
    let line = [b'a'; 1 << 20];
    for _ in 0..24 {
        packer.write_all(&line).unwrap();
    }
    let error = open(&packer.finish().unwrap()).unwrap_err();
    assert!(
        matches!(error.kind, InputErrorKind::Endless { .. }),
        "{error}"
    );
}

#[test]
fn a_stream_is_read_as_often_as_wanted() {
    for bytes in [b"a;b\n1;2\n".to_vec(), gzip(b"a;b\n1;2\n")] {
        let input = Input::from_stream(
            &mut bytes.as_slice(),
            Path::new("stdin"),
            &Options::default(),
        );
        let input = input.unwrap();
        assert_eq!(input.description().file, Path::new("stdin"));
        assert_eq!((rows(&input), rows(&input).len()), (rows(&input), 1));
    }
    let empty = Input::from_stream(&mut &b""[..], Path::new("stdin"), &Options::default());
    assert_eq!(empty.unwrap_err().to_string(), "stdin: the file is empty");
}

#[test]
fn a_range_cuts_rows_and_columns_and_keeps_the_numbers() {
    let text = b"Report,,\n,,\nx,name,dob,\n1,Ada,1989,left\n2,Bo,1990,\n,,,\nTotal,2,,\n";
    let file = file(text);
    let with = |range: &str| {
        let options = Options {
            range: Range::from_words(range),
            ..Options::default()
        };
        Input::open(file.path(), &options)
    };
    let input = with("B3:C5").unwrap();
    assert_eq!(
        (input.header(), input.description().header_row),
        (["name".to_owned(), "dob".to_owned()].as_slice(), 3)
    );
    let expected = [
        (4, vec!["Ada".to_owned(), "1989".to_owned()]),
        (5, vec!["Bo".to_owned(), "1990".to_owned()]),
    ];
    assert_eq!(rows(&input), expected);
    assert!(matches!(
        with("B9:C10").unwrap_err().kind,
        InputErrorKind::NoHeader
    ));
    let named = with("Calls").unwrap_err();
    assert!(matches!(named.kind, InputErrorKind::RangeOfCsv), "{named}");
}

#[test]
fn an_area_keeps_its_last_row_wherever_blocks_begin() {
    let text: String = (1..5000).map(|row| format!("{row},x\n")).collect();
    let file = file(text.as_bytes());
    let (cuts, _) = Text::decide(file.path(), None, None).unwrap();
    let begins = cuts.cuts[1].rows + 1;
    for last in begins - 1..=begins + 1 {
        let area = Area::from_words(&format!("A1:B{last}")).unwrap();
        let options = Options {
            range: Some(Range::Area(area)),
            header_row: Some(1),
            ..Options::default()
        };
        let input = Input::open(file.path(), &options).unwrap();
        let numbers: Vec<u64> = rows(&input).into_iter().map(|row| row.0).collect();
        assert_eq!(numbers, Vec::from_iter(2..=last));
    }
}

#[test]
fn rows_are_passed_over_under_the_conditions_that_the_user_names() {
    let file = file(b"Status, Last  Name \nopen,Abel\nVOID,Bo\nopen,\nopen,Cy\n");
    let with = |column: &str| {
        let condition = |column: &str, test| Condition {
            column: column.to_owned(),
            test,
        };
        let options = Options {
            skip_rows_where: vec![
                condition("status", Test::Equals(vec!["void".to_owned()])),
                condition(column, Test::Blank(true)),
            ],
            ..Options::default()
        };
        Input::open(file.path(), &options)
    };
    let input = with("last name").unwrap();
    let numbers: Vec<_> = rows(&input).into_iter().map(|row| row.0).collect();
    assert_eq!((numbers, input.skipped_rows()), (vec![2, 5], 2));
    let error = with("name").unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("\"name\""));
}

#[test]
fn a_pipe_is_read_like_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    if !made.is_ok_and(|status| status.success()) {
        println!("skipped: there is no mkfifo");
        return;
    }
    let input = std::thread::scope(|scope| {
        scope.spawn(|| std::fs::write(&path, "a,b\n1,2\n").unwrap());
        Input::open(&path, &Options::default()).unwrap()
    });
    assert_eq!((rows(&input).len(), rows(&input).len()), (1, 1));
}

#[test]
fn line_ends_are_found() {
    let cases = [
        ("a,b\n1,2\n", Some(LineEnd::Lf)),
        ("a,b\r\n1,2\r\n", Some(LineEnd::CrLf)),
        ("a,b\r1,2\r", Some(LineEnd::Cr)),
        ("a,b\r\n1,2\n", Some(LineEnd::Mixed)),
        ("a,b\n1,2\r3,4\n", Some(LineEnd::Mixed)),
    ];
    for (text, expected) in cases {
        let (input, _file) = open(text.as_bytes()).unwrap();
        assert_eq!(
            input.description().text().unwrap().line_end,
            expected,
            "{text:?}"
        );
    }
    let utf16: Vec<u8> = "a,b\r\n1,2\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let (input, _file) = open(&utf16).unwrap();
    assert_eq!(
        input.description().text().unwrap().line_end,
        Some(LineEnd::CrLf)
    );
}

#[test]
fn the_end_of_file_mark_of_dos_is_no_text() {
    let told = |bytes: &[u8]| -> Vec<String> {
        let rows = rows(&open(bytes).unwrap().0);
        rows.into_iter().map(|(_, cells)| cells.join("|")).collect()
    };
    assert_eq!(told(b"a,b\n1,2\n\x1a"), ["1|2"]);
    assert_eq!(told(b"a,b\r\n1,2\x1a"), ["1|2"]);
    assert_eq!(told(b"a,b\r1,2\r\x1a"), ["1|2"]);
    assert_eq!(told(b"\xef\xbb\xbfa,b\n1,\xc3\xa9\n\x1a"), ["1|\u{e9}"]);
    let utf16: Vec<u8> = "\u{feff}a,b\n1,2\n\u{1a}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(told(&utf16), ["1|2"]);
    // One is the mark; anything else is what the file holds.
    assert_eq!(told(b"a,b\n1,\x1a2\n"), ["1|\u{1a}2"]);
    assert_eq!(told(b"a,b\n1,2\n\x1a\x1a"), ["1|2", "\u{1a}"]);
    let empty = open(b"\x1a").unwrap_err();
    assert!(matches!(empty.kind, InputErrorKind::NoHeader), "{empty}");
}

#[test]
fn a_condition_on_a_column_that_stands_twice_is_refused() {
    let opened = |header: &str, column: &str| {
        let file = file(format!("Call,{header}\n1,void,ok\n2,ok,void\n").as_bytes());
        let options = Options {
            skip_rows_where: vec![Condition {
                column: column.to_owned(),
                test: Test::Equals(vec!["void".to_owned()]),
            }],
            ..Options::default()
        };
        let input = Input::open(file.path(), &options)?;
        Ok::<_, InputError>(rows(&input).iter().map(|row| row.0).collect::<Vec<_>>())
    };
    for (header, column) in [("Status,Status", "Status"), ("STATUS,status ", "Status")] {
        let error = opened(header, column).unwrap_err();
        assert!(error.is_usage() && error.to_string().contains("more than once: columns B, C"));
    }
    assert_eq!(opened("Status,status", "status").unwrap(), [2]);
    assert_eq!(opened("Status,Other", "STATUS").unwrap(), [3]);
}

#[test]
fn a_file_of_ten_gigabytes_that_is_no_text_is_refused_at_once() {
    for start in [&b"a,b\n1,\""[..], b"\x1f\x8b\x08", b"PK\x03\x04"] {
        let file = file(start);
        // Sparse: it takes no room.
        if file.as_file().set_len(10 << 30).is_err() {
            println!("skipped: this file system takes no such file");
            return;
        }
        let error = Input::open(file.path(), &Options::default()).unwrap_err();
        assert!(error.hint().is_some(), "{error}");
    }
}
