//! What is said of tables, each as the text of a small file.

use super::*;
use crate::input::{Kind, Options};
use crate::reading::{Merged, Range};
use crate::row::{Cell, CellKind};
use rust_xlsxwriter::{Format, Workbook};
use std::io::Write;

fn inspected(text: impl AsRef<[u8]>) -> Inspection {
    inspected_as(text, &Options::default())
}

fn inspected_as(text: impl AsRef<[u8]>, options: &Options) -> Inspection {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_ref()).unwrap();
    let input = Input::open(file.path(), options).unwrap();
    inspect(&input, |_| Ok(())).unwrap()
}

#[test]
fn columns_are_told_by_what_they_hold() {
    let mut text = "Name,DOB,Phone,ZIP,E-mail,Seen,Empty\n".to_owned();
    for at in 1..=20 {
        text.push_str(&format!(
            "N{at},{}/{at}/1980,212-555-01{at:02},0213{},a{at}@example.com,{month}/{month}/2020,\n",
            at % 12 + 1,
            at % 4,
            month = at % 12 + 1,
        ));
    }
    text.push_str("N21,1/2/1980,,2139,none,1/1/2020,\n");
    let found = inspected(&text);
    let holds: Vec<_> = found
        .columns
        .iter()
        .map(|column| column.holds.as_str())
        .collect();
    assert_eq!(
        holds,
        ["text", "date", "phone", "ZIP", "e-mail", "date", "blank"]
    );
    let phone = &found.columns[2];
    assert_eq!((phone.filled(), phone.blank(), phone.distinct), (20, 1, 20));
    assert_eq!(found.columns[1].date_order, Some(DateOrder::MonthFirst));
    assert_eq!(found.rows, 21);
    let codes: Vec<_> = found.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["zip.lost_zero"]);
}

#[test]
fn the_order_of_dates_is_decided_over_the_whole_column() {
    let text = "a,b,c,d\n3/4/1980,13/4/1980,3/14/1980,1980-04-03\n1/2/1980,3/14/1980,1/2/1980,1980-04-03\n";
    let found = inspected(text);
    let orders: Vec<_> = found
        .columns
        .iter()
        .map(|column| column.date_order)
        .collect();
    let expected = [
        Some(DateOrder::Ambiguous),
        Some(DateOrder::Mixed),
        Some(DateOrder::MonthFirst),
        None,
    ];
    assert_eq!(orders, expected);
    let told: Vec<_> = found
        .findings
        .iter()
        .map(|finding| (finding.code, finding.column.as_deref(), finding.rows))
        .collect();
    assert_eq!(
        told,
        [
            ("dates.ambiguous", Some("a"), 2),
            ("dates.mixed", Some("b"), 1)
        ]
    );
}

#[test]
fn rows_that_are_too_long_are_not_to_be_filled_up() {
    for (text, advises) in [
        ("Name,DOB\nAda,1\nBo,2,3\nCy,4\n", false),
        ("Name,DOB\nAda,1\nBo\nCy,4\n", true),
        ("Name,DOB\nAda,1\nBo\nCy,4,5\n", true),
    ] {
        let found = inspected(text).findings;
        let ragged = found.iter().find(|f| f.code == "rows.ragged").unwrap();
        assert_eq!(ragged.message.contains("short_rows"), advises, "{text}");
    }
}

#[test]
fn what_becomes_of_merged_cells_is_told_as_it_is() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, name) in [(0, "Clinic"), (1, "Name")] {
        sheet.write(0, column, name).unwrap();
    }
    let plain = Format::new();
    sheet.merge_range(1, 0, 2, 0, "North", &plain).unwrap();
    sheet.write(1, 1, "Ada").unwrap();
    sheet.write(2, 1, "Bo").unwrap();
    let bytes = book.save_to_buffer().unwrap();
    for (merged, told) in [
        (
            Merged::TopLeft,
            "1 merged area: the value stands in the first cell, in all of them with merged = \"fill\" in [source]",
        ),
        (
            Merged::Fill,
            "1 merged area: the value stands in each cell, as asked",
        ),
    ] {
        let options = Options {
            merged,
            ..Options::default()
        };
        let found = inspected_as(&bytes, &options).findings;
        let messages: Vec<_> = found.iter().map(|f| f.message.as_str()).collect();
        assert!(messages.contains(&told), "{messages:?}");
    }
}

#[test]
fn rows_that_are_no_calls_are_found() {
    let text = "Name,DOB,Phone,Note\nAda,1,2,3\nName,DOB,Phone,Note\nAda,1,2,3\nBo,1\nTotal,2,,\n,,,end\nCy,1,2,3,4\n";
    let found = inspected(text);
    let told: Vec<_> = found
        .findings
        .iter()
        .map(|finding| (finding.code, finding.rows, finding.first_row))
        .collect();
    let expected = [
        ("rows.ragged", 2, Some(5)),
        ("rows.header_again", 1, Some(3)),
        ("rows.note", 2, Some(6)),
        ("rows.identical", 1, Some(4)),
    ];
    assert_eq!(told, expected);
}

#[test]
fn quotes_that_are_not_doubled_are_told() {
    let text = r#""Call","Reason","Note"
"1","5" x 3" cut","said "ow" again"
"2","said ""ow"", ""ouch""","x" 
"3","baby is 5'10" tall",""
"4",""no" he said",""
5," x",6" long
6,"said \"ow\"",
"7","x","y"
"#;
    let told = |text: &str, range: Option<&str>| -> Vec<_> {
        let options = Options {
            range: range.and_then(Range::from_words),
            ..Options::default()
        };
        let found = inspected_as(text, &options).findings.into_iter();
        let found = found.filter(|finding| finding.code.starts_with("quotes."));
        let told = found.map(|f| (f.code, f.column.unwrap(), f.rows, f.first_row));
        told.collect()
    };
    let undoubled = |rows, first| ("quotes.undoubled", "Reason".to_owned(), rows, Some(first));
    let escaped = ("quotes.escaped", "Reason".to_owned(), 1, Some(7));
    assert_eq!(told(text, None), [escaped.clone(), undoubled(3, 2)]);
    assert_eq!(told(text, Some("B:C")), [escaped, undoubled(3, 2)]);
    assert_eq!(told(text, Some("A1:A9")), []);
    assert_eq!(told(&text.replace('\n', "\r\n"), None).len(), 2);
    // In rejects the columns are counted without the two behind them.
    let rejects = "Call,Reason,error_code,message\n1,\"5\" cut\",x,\"a\" b\"\n2,x,x,\"a\" b\"\n";
    assert_eq!(told(rejects, None), [undoubled(1, 2)]);
}

#[test]
fn errors_and_nulls_in_text_are_told() {
    let text = "Name,DOB,Phone\n#N/A,1/2/1980,#####\nAda,NULL,2\nBo,\\N,3\n#1,x,4\n";
    let found = inspected(text);
    let told: Vec<_> = found
        .findings
        .iter()
        .map(|f| {
            (
                f.code,
                f.column.as_deref().unwrap_or_default(),
                f.rows,
                f.first_row,
            )
        })
        .collect();
    let expected = [
        ("cells.error", "Name", 1, Some(2)),
        ("cells.null", "DOB", 2, Some(3)),
        ("cells.error", "Phone", 1, Some(2)),
    ];
    assert_eq!(told, expected);
}

#[test]
fn doubled_and_blank_headers_are_told() {
    let found = inspected("Name,,name,NAME,x\n1,2,3,4,5\n");
    let told: Vec<_> = found.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(told, ["header.duplicate", "header.blank"]);
    assert_eq!(
        inspected("Name:DOB\nAda:1989\n").findings[0].code,
        "header.single"
    );
}

#[test]
fn a_first_row_of_values_is_told_by_letters() {
    let found = inspected(
        "Quillfeather,Ada,3/4/1989,5551234567\nDoe,Jane,1/2/1990,5551234568\nRoe,Rick,1/2/1991,5551234569\n",
    );
    let told: Vec<_> = found
        .findings
        .iter()
        .map(|finding| (finding.code, finding.column.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            ("header.looks_like_values", None),
            ("dates.ambiguous", Some("C"))
        ]
    );
    let names: Vec<_> = found.columns.iter().map(|column| &column.name).collect();
    assert_eq!(names, ["A", "B", "C", "D"]);
    let shown = format!("{found:?}");
    assert!(!shown.contains("Quillfeather") && !shown.contains("1989") && !shown.contains("555"));
}

#[test]
fn no_finding_holds_a_value() {
    let found = inspected("Name,DOB\nAbernathy,Secret\nAbernathy,Secret\nNÃºÃ±ez,1.2E+11\n");
    let shown = format!("{found:?}");
    assert!(found.findings.len() >= 3);
    assert!(!shown.contains("Abernathy") && !shown.contains("Secret") && !shown.contains("1.2E"));
}

#[test]
fn a_file_that_ends_in_the_middle_of_a_row_is_told() {
    let cut = |text: &str| -> Vec<Option<u64>> {
        let found = inspected(text).findings;
        let found = found.iter().filter(|finding| finding.code == "file.cut");
        found.map(|finding| finding.first_row).collect()
    };
    assert_eq!(cut("a,b,c\n1,2,3\n4,5"), [Some(3)]);
    assert_eq!(cut("a,b,c\r\n1,2,3\r\n4"), [Some(3)]);
    for whole in [
        "a,b,c\n1,2,3\n4,5,6",
        "a,b,c\n1,2,3\n4,5\n",
        "a,b,c\n4,5\n1,2,3",
        "a,b,c\n1,2,3\n4,5\n   ",
        "a,b,c\n1,2,3\n4,5\n,,",
    ] {
        assert_eq!(cut(whole), [], "{whole}");
    }
}

#[test]
fn an_encoding_that_has_not_all_bytes_of_the_file_is_doubted() {
    let told = |bytes: &[u8]| -> Vec<&'static str> {
        let findings = inspected(bytes).findings.into_iter();
        let told = findings.filter(|finding| finding.code.starts_with("encoding"));
        told.map(|finding| finding.code).collect()
    };
    let before = "a,b\n".repeat(50_000);
    for before in ["a,b\n", "\u{c1},b\n", before.as_str()] {
        let with = |end: &[u8]| [before.as_bytes(), end].concat();
        // `ü` and `é` as DOS writes them, and as Windows does.
        assert_eq!(told(&with(b"M\x81ller,Jos\x82\n")), ["encoding.unfit"]);
        assert_eq!(told(&with(b"M\xfcller,Jos\xe9\n")), ["encoding.fallback"]);
        assert_eq!(told(&with("Müller,José\n".as_bytes())), [""; 0]);
    }
}

#[test]
fn a_single_column_is_no_matter_of_delimiters_in_a_workbook() {
    let told = |kind| finding::named_findings(&["a".to_owned()], kind)[0].to_string();
    assert!(told(Kind::Csv).contains("delimiter"));
    let hint = |name: &str| finding::named_findings(&[name.to_owned()], Kind::Csv)[0].to_string();
    for (name, sign) in [
        ("ID^Last^First", "^"),
        ("ID~Last", "~"),
        ("ID:Last:First", ":"),
    ] {
        let expected = format!("probably {sign}: say --delimiter \"{sign}\"");
        assert!(hint(name).contains(&expected), "{}", hint(name));
    }
    for name in ["Time: begin", "A^B~C", "Last Name"] {
        assert!(!hint(name).contains("probably"), "{name}");
    }
    assert!(told(Kind::Xlsx).contains("sheet") && !told(Kind::Xlsx).contains("delimiter"));
}

#[test]
fn cells_that_a_spreadsheet_has_exchanged_are_told() {
    let told = |cells: &[&str], texts: &[&str]| -> Vec<(&'static str, u64, Option<u64>)> {
        let mut profile = Profile::new("DOB");
        let cells = cells.iter().map(|text| (*text, CellKind::Date));
        let texts = texts.iter().map(|text| (*text, CellKind::Text));
        for (row, (text, kind)) in (2..).zip(cells.chain(texts)) {
            profile.look(Cell { text, kind }, row);
        }
        let findings = profile.findings().into_iter();
        let told = findings.inspect(|found| assert!(!found.to_string().contains("1980")));
        told.map(|found| (found.code, found.rows, found.first_row))
            .collect()
    };
    let (cells, texts) = (["1980-01-03", "1980-03-03"], ["13/03/1980", "14/03/1980"]);
    let exchanged = [("dates.exchanged", 2, Some(2))];
    assert_eq!(told(&cells, &texts), exchanged);
    assert_eq!(told(&["1980-01-03", "1980-01-13"], &texts), []);
    assert_eq!(told(&cells, &texts[1..]), []);
    assert_eq!(told(&cells, &["13/03/1980", "14/03/1980", "1/3/1980"]), []);
}
