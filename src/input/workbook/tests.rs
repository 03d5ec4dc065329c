//! Worksheets as rows: what each kind of cell reads as, and which workbooks are refused.

use super::super::{Input, InputError, Kind, Options};
use super::*;
use crate::reading::{Hidden, Range};
use crate::row::{CellKind, Row};
use rust_xlsxwriter::{
    ExcelDateTime, Format, Formula, Table, TableColumn, Workbook as Writer, XlsxError as WriteError,
};
use std::io::Write;
use std::ops::ControlFlow;
use tempfile::NamedTempFile;
use zip::write::SimpleFileOptions;

type Shown = (String, CellKind);

fn written(fill: impl FnOnce(&mut Writer) -> Result<(), WriteError>) -> NamedTempFile {
    let mut writer = Writer::new();
    fill(&mut writer).unwrap();
    let file = NamedTempFile::new().unwrap();
    writer.save(file.path()).unwrap();
    file
}

fn open(file: &NamedTempFile) -> Result<Input, InputError> {
    Input::open(file.path(), &Options::default())
}

fn rows(input: &Input) -> Result<Vec<(u64, Vec<Shown>)>, InputError> {
    let mut rows = Vec::new();
    input.for_each_row(|row| {
        let cells = row
            .cells()
            .map(|cell| (cell.text.to_owned(), cell.kind))
            .collect();
        rows.push((row.position.row, cells));
        ControlFlow::<()>::Continue(())
    })?;
    Ok(rows)
}

/// A workbook with one sheet, given as the XML of its `sheetData` and of its shared strings.
fn raw(sheet: &str, strings: &str) -> NamedTempFile {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const REL: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    let parts = [
        (
            "_rels/.rels",
            format!(
                "{head}<Relationships xmlns=\"{package}\"><Relationship Id=\"r1\" \
            Type=\"{REL}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "{head}<workbook xmlns=\"{MAIN}\" xmlns:r=\"{REL}\"><sheets>\
            <sheet name=\"Calls\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "{head}<Relationships xmlns=\"{package}\">\
            <Relationship Id=\"r1\" Type=\"{REL}/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
            </Relationships>"
            ),
        ),
        ("xl/sharedStrings.xml", format!("{head}{strings}")),
        (
            "xl/worksheets/sheet1.xml",
            format!(
                "{head}<worksheet xmlns=\"{MAIN}\"><sheetData>{sheet}\
            </sheetData></worksheet>"
            ),
        ),
    ];
    let file = NamedTempFile::new().unwrap();
    let mut zip = zip::ZipWriter::new(file.reopen().unwrap());
    for (name, xml) in parts {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(xml.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    file
}

const NO_STRINGS: &str = "<sst></sst>";

#[test]
fn cells_become_the_text_a_person_expects() {
    let file = written(|writer| {
        let sheet = writer.add_worksheet();
        let date = Format::new().set_num_format("mm/dd/yyyy");
        let time = Format::new().set_num_format("hh:mm");
        for (column, name) in ["name", "phone", "dob", "seen", "at", "ok", "n"]
            .into_iter()
            .enumerate()
        {
            sheet.write(0, u16::try_from(column).unwrap(), name)?;
        }
        sheet.write(1, 0, "Núñez")?.write(1, 1, 5_551_234_567.0)?;
        sheet.write_with_format(1, 2, ExcelDateTime::from_ymd(1989, 12, 30)?, &date)?;
        let seen = ExcelDateTime::from_ymd(2024, 2, 29)?.and_hms(13, 5, 9)?;
        sheet.write_with_format(1, 3, seen, &date)?;
        sheet.write_with_format(1, 4, ExcelDateTime::from_hms(7, 30, 0)?, &time)?;
        sheet.write(1, 5, true)?.write(1, 6, 0.1 + 0.2)?;
        Ok(())
    });
    let input = open(&file).unwrap();
    let description = input.description();
    assert_eq!(
        (description.kind, description.sheet.as_deref()),
        (Kind::Xlsx, Some("Sheet1"))
    );
    let expected = [
        ("Núñez", CellKind::Text),
        ("5551234567", CellKind::Number),
        ("1989-12-30", CellKind::Date),
        ("2024-02-29 13:05:09", CellKind::Date),
        ("07:30:00", CellKind::Time),
        ("true", CellKind::Boolean),
        ("0.3", CellKind::Number),
    ]
    .map(|(text, kind)| (text.to_owned(), kind));
    for _ in 0..3 {
        assert_eq!(rows(&input).unwrap(), [(2, expected.to_vec())]);
    }
}

#[test]
fn numbers_are_shown_by_formats_that_carry_digits() {
    let file = written(|writer| {
        let sheet = writer.add_worksheet();
        let formats = [
            "00000",
            "[<=9999999]###\\-####;\\(###\\)\\ ###\\-####",
            "0%",
            "#,##0.00",
            "General",
        ];
        let numbers = [501.0, 5_551_234_567.0, 0.5, 1234.5, 501.0];
        for (column, (format, number)) in formats.into_iter().zip(numbers).enumerate() {
            let column = u16::try_from(column).unwrap();
            sheet.write(0, column, format!("column {column}"))?;
            let format = Format::new().set_num_format(format);
            sheet.write_with_format(1, column, number, &format)?;
        }
        Ok(())
    });
    let rows = rows(&open(&file).unwrap()).unwrap();
    let texts: Vec<_> = rows[0].1.iter().map(|cell| cell.0.as_str()).collect();
    assert_eq!(texts, ["00501", "(555) 123-4567", "50%", "1234.5", "501"]);
    assert!(rows[0].1.iter().all(|cell| cell.1 == CellKind::Number));
}

#[test]
fn hidden_rows_and_columns_are_told_and_passed_over_when_asked() {
    let file = written(|writer| {
        let sheet = writer.add_worksheet();
        for row in 0..6 {
            sheet.write(row, 0, format!("a{row}"))?.write(row, 1, row)?;
        }
        sheet
            .set_row_hidden(2)?
            .set_row_hidden(3)?
            .set_column_hidden(1)?;
        sheet
            .set_column_hidden(9)?
            .merge_range(4, 0, 5, 0, "m", &Format::new())?;
        writer.add_worksheet().set_name("Old")?.set_hidden(true);
        Ok(())
    });
    let undecided = open(&file).unwrap_err();
    assert!(undecided.is_usage() && undecided.hint().unwrap().contains("--hidden"));
    assert!(
        undecided.to_string().contains("2 rows are hidden"),
        "{undecided}"
    );
    let with = |hidden| {
        let options = Options {
            hidden: Some(hidden),
            ..Options::default()
        };
        Input::open(file.path(), &options).unwrap()
    };
    let input = with(Hidden::Import);
    let seen = input.description();
    assert_eq!(
        (seen.hidden_rows, seen.hidden_columns, seen.merged),
        (2, 1, 1)
    );
    let sheets: Vec<_> = seen
        .sheets
        .iter()
        .map(|s| (s.name.as_str(), s.hidden))
        .collect();
    assert_eq!(sheets, [("Sheet1", false), ("Old", true)]);
    assert!(!seen.filtered);
    assert_eq!(rows(&input).unwrap().len(), 5);
    let input = with(Hidden::Skip);
    let numbers: Vec<_> = rows(&input).unwrap().iter().map(|row| row.0).collect();
    assert_eq!(numbers, [2, 5, 6]);
}

#[test]
fn columns_and_rows_are_absolute_and_short_rows_are_padded() {
    let file = written(|writer| {
        let sheet = writer.add_worksheet();
        sheet.write(3, 1, "a")?.write(3, 2, "b")?.write(3, 4, "c")?;
        sheet.write(6, 2, "x")?.write(8, 7, "far")?;
        Ok(())
    });
    let input = open(&file).unwrap();
    assert_eq!(input.header(), ["", "a", "b", "", "c"]);
    assert_eq!(input.description().header_row, 4);
    let rows = rows(&input).unwrap();
    let texts = |at: usize| {
        rows[at]
            .1
            .iter()
            .map(|cell| cell.0.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!((rows[0].0, texts(0)), (7, vec!["", "", "x", "", ""]));
    assert_eq!((rows[1].0, rows[1].1.len()), (9, 8));
}

#[test]
fn errors_and_formulas_without_a_value_are_marked() {
    let sheet = "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>a</t></is></c><c r=\"B1\" t=\"inlineStr\"><is><t>b</t></is></c></row>\
        <row r=\"2\"><c r=\"A2\" t=\"e\"><v>#N/A</v></c><c r=\"B2\"><f>NOW()</f></c></row>\
        <row r=\"3\"><c r=\"B3\"><f>1</f></c></row>\
        <row r=\"4\"><c r=\"A4\" t=\"str\"><f>\"\"</f><v></v></c></row>\
        <row r=\"5\"><c r=\"A5\"><f>1+1</f><v>2</v></c></row>";
    let rows = rows(&open(&raw(sheet, NO_STRINGS)).unwrap()).unwrap();
    let cell = |text: &str, kind| (text.to_owned(), kind);
    assert_eq!(
        rows[0].1,
        [
            cell("#N/A", CellKind::Error),
            cell("", CellKind::Uncomputed)
        ]
    );
    assert_eq!(
        rows[1].1,
        [cell("", CellKind::Text), cell("", CellKind::Uncomputed)]
    );
    assert_eq!(
        rows[2],
        (
            5,
            vec![cell("2", CellKind::Number), cell("", CellKind::Text)]
        )
    );
}

/// Two columns of text as the header, and a cell for each of the words.
fn with_errors(rows: &str) -> NamedTempFile {
    let name =
        |place: &str| format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{place}</t></is></c>");
    let header = ["A1", "B1", "C1", "D1"].map(name).concat();
    raw(&format!("<row r=\"1\">{header}</row>{rows}"), NO_STRINGS)
}

#[test]
fn an_error_of_a_kind_that_nobody_knows_is_an_error_cell_of_its_row() {
    let words = [
        "#GETTING_DATA",
        "#SPILL!",
        "#CALC!",
        "#FIELD!",
        "#BLOCKED!",
        "#CONNECT!",
        "#BUSY!",
        "#UNKNOWN!",
        "#EXTERNAL!",
        "#PYTHON!",
        "#ERROR!",
        " #N/A",
        "&#35;N/A",
        "1",
    ];
    for word in words {
        let rows = rows(&open(&with_errors(&format!(
            "<row r=\"2\"><c r=\"A2\" t=\"e\"><v>#N/A</v></c><c r=\"C2\" t=\"e\" s=\"0\"><f>A1#</f><v>{word}</v></c>\
            <c r=\"D2\"><v>4</v></c></row>\
            <row r=\"3\"><c r=\"A3\" t=\"e\"/><c r=\"B3\" t=\"e\"></c><c r=\"C3\" t='e'><v>{word}</v></c></row>\
            <row r=\"5\"><c t = \"e\" r=\"B5\"><v>{word}</v></c></row><row r=\"6\"><c r=\"A6\"><v>6</v></c></row>"
        ))).unwrap())
        .unwrap();
        let cell = |text: &str, kind| (text.to_owned(), kind);
        let (blank, unknown) = (cell("", CellKind::Text), cell("#ERROR!", CellKind::Error));
        let known = cell("#N/A", CellKind::Error);
        let number = |text| cell(text, CellKind::Number);
        let expected = [
            (2, vec![known, blank.clone(), unknown.clone(), number("4")]),
            (
                3,
                vec![blank.clone(), blank.clone(), unknown.clone(), blank.clone()],
            ),
            (
                5,
                vec![blank.clone(), unknown, blank.clone(), blank.clone()],
            ),
            (6, vec![number("6"), blank.clone(), blank.clone(), blank]),
        ];
        assert_eq!(rows, expected, "{word}");
    }
}

#[test]
fn an_unknown_error_among_cells_without_a_place_is_refused() {
    let cells = [
        "<c t=\"e\"><v>#SPILL!</v></c><c><v>2</v></c>",
        "<c r=\"A2\" t=\"e\"><v>#SPILL!</v></c><c><v>2</v></c>",
    ];
    for cells in cells {
        let file = with_errors(&format!("<row r=\"2\">{cells}</row>"));
        let error = open(&file).and_then(|input| rows(&input)).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("sheet \"Calls\", row 2: "), "{message}");
        assert!(message.contains("do not say their columns"), "{message}");
        assert!(!message.contains("SPILL") && error.hint().is_some());
    }
    let known = "<row r=\"2\"><c t=\"e\"><v>#N/A</v></c><c><v>2</v></c></row>";
    assert_eq!(
        rows(&open(&with_errors(known)).unwrap()).unwrap()[0].1[1].0,
        "2"
    );
}

#[test]
fn the_sheet_is_the_only_visible_one_with_data() {
    let two = |hide: bool| {
        written(move |writer| {
            writer.add_worksheet().set_name("Empty")?;
            let calls = writer.add_worksheet().set_name("Calls")?;
            calls.set_active(true).write(0, 0, "a")?.write(1, 0, "1")?;
            let other = writer.add_worksheet().set_name("Old")?;
            other.set_hidden(hide).write(0, 0, "b")?.write(1, 0, "2")?;
            Ok(())
        })
    };
    assert_eq!(
        open(&two(true)).unwrap().description().sheet.as_deref(),
        Some("Calls")
    );
    let several = two(false);
    let error = open(&several).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("more than one sheet has data: \"Calls\", \"Old\"")
    );
    let named = |name: &str| {
        let options = Options {
            sheet: Some(name.to_owned()),
            ..Options::default()
        };
        Input::open(several.path(), &options)
    };
    assert_eq!(named(" old ").unwrap().header(), ["b"]);
    let error = named("Nope").unwrap_err();
    assert!(
        error.to_string().contains("\"Empty\", \"Calls\", \"Old\""),
        "{error}"
    );
    let error = named("Empty").unwrap_err();
    assert!(matches!(error.kind, InputErrorKind::NoHeader), "{error}");
}

#[test]
fn the_1904_epoch_is_respected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/calamine");
    if !folder.is_dir() {
        println!("skipped: there is no {}", folder.display());
        return;
    }
    for name in ["date.xlsx", "date_1904.xlsx"] {
        let input = Input::open(&folder.join(name), &Options::default()).unwrap();
        assert_eq!(input.header()[0], "2021-01-01", "{name}");
    }
}

#[test]
fn cells_at_the_corners_cost_no_memory() {
    let sheet = "<row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"1048576\"><c r=\"XFD1048576\"><v>2</v></c></row>";
    let rows = rows(&open(&raw(sheet, NO_STRINGS)).unwrap()).unwrap();
    assert_eq!(
        (rows[0].0, rows[0].1.len(), rows.len()),
        (1_048_576, 16_384, 1)
    );
}

#[test]
fn hostile_sheets_end_in_a_typed_error() {
    let long = "x".repeat(2 << 20);
    let cases = [
        ("<row r=\"1\"><c r=\"A1048577\"><v>1</v></c></row>".to_owned(), "outside the sheet"),
        ("<row r=\"1\"><c r=\"XFE1\"><v>1</v></c></row>".to_owned(), "outside the sheet"),
        ("<row r=\"2\"><c r=\"A2\"><v>1</v></c></row><row r=\"1\"><c r=\"A1\"><v>1</v></c></row>".to_owned(), "rows are not in order"),
        ("<row r=\"1\"><c r=\"B1\"><v>1</v></c><c r=\"A1\"><v>1</v></c></row>".to_owned(), "cells of a row"),
        ("<row r=\"1\"><c r=\"A1\" t=\"s\"><v>99</v></c></row>".to_owned(), "not written as"),
        ("<row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row".to_owned(), "well-formed"),
        (format!("<row r=\"1\"><c r=\"A1\" t=\"str\"><v>{long}</v></c></row>"), "over the limit"),
        (format!("<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is>{}</is></c></row>", format!("<t>{}</t>", "y".repeat(1 << 19)).repeat(10)), "over the limit"),
        ("<row r=\"99999999999\"><c r=\"A99999999999\"><v>1</v></c></row>".to_owned(), "damaged"),
        ("<row r=\"1\"><c r=\"AAAAAAAAAAAA1\"><v>1</v></c></row>".to_owned(), "damaged"),
    ];
    for (sheet, message) in cases {
        let error = open(&raw(&sheet, NO_STRINGS))
            .and_then(|input| rows(&input))
            .unwrap_err();
        assert!(error.to_string().contains(message), "{message}: {error}");
    }
}

#[test]
fn shared_strings_that_would_fill_the_memory_are_refused() {
    let sheet = "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c></row><row r=\"2\"><c r=\"A2\"><v>1</v></c></row>";
    let cases = [
        (
            format!("<sst><si><t>{}</t></si></sst>", "x".repeat(2 << 20)),
            "over the limit of 1 MiB",
        ),
        (
            format!(
                "<sst><si>{}</si></sst>",
                "<r><t>12345678</t></r>".repeat(300_000)
            ),
            "a string is over",
        ),
        (
            "<sst uniqueCount=\"4000000000\"><si><t>a</t></si></sst>".to_owned(),
            "claims to hold more",
        ),
        (
            format!(
                "<sst>{}</sst>",
                format!("<si><t>{}</t></si>", " ".repeat(60_000)).repeat(1_200)
            ),
            "how often the strings repeat",
        ),
        (
            "<!DOCTYPE sst [<!ENTITY a \"b\">]><sst><si><t>&a;</t></si></sst>".to_owned(),
            "document type",
        ),
    ];
    for (strings, message) in cases {
        let error = open(&raw(sheet, &strings)).unwrap_err();
        assert!(error.to_string().contains(message), "{message}: {error}");
    }
    let fine = "<sst uniqueCount=\"2\"><si><t>a &amp; b</t></si></sst>";
    assert_eq!(open(&raw(sheet, fine)).unwrap().header(), ["a & b"]);
}

#[test]
fn damaged_archives_are_refused_before_a_row_is_used() {
    let file = written(|writer| {
        let sheet = writer.add_worksheet();
        for row in 0..200 {
            sheet
                .write(row, 0, format!("value {row}"))?
                .write(row, 1, row)?;
        }
        Ok(())
    });
    let whole = std::fs::read(file.path()).unwrap();
    let check = |bytes: &[u8]| {
        let mut damaged = NamedTempFile::new().unwrap();
        damaged.write_all(bytes).unwrap();
        open(&damaged).and_then(|input| rows(&input))
    };
    assert!(check(&whole).is_ok());
    for part in 1..20 {
        let cut = whole.get(..whole.len() * part / 20).unwrap();
        assert!(matches!(
            check(cut).unwrap_err().kind,
            InputErrorKind::Damaged { .. }
        ));
    }
    // A checksum in the central directory stands 16 bytes behind its signature.
    let directory = memmem::rfind_iter(&whole, b"PK\x01\x02");
    let sheet = directory.into_iter().find(|&at| {
        whole
            .get(at + 46..)
            .unwrap()
            .starts_with(b"xl/worksheets/sheet1.xml")
    });
    let mut flipped = whole.clone();
    flipped[sheet.unwrap() + 16] ^= 1;
    let error = check(&flipped).unwrap_err();
    assert!(error.to_string().contains("checksum"), "{error}");
}

#[test]
fn other_archives_are_told_apart() {
    let cases = [
        ("xl/workbook.bin", Foreign::Xlsb),
        ("word/document.xml", Foreign::OfficeDocument),
        ("Index/Document.iwa", Foreign::Numbers),
        ("calls.csv", Foreign::Zip),
    ];
    for (part, foreign) in cases {
        let file = NamedTempFile::new().unwrap();
        let mut zip = zip::ZipWriter::new(file.reopen().unwrap());
        zip.start_file(part, SimpleFileOptions::default()).unwrap();
        zip.finish().unwrap();
        let error = open(&file).unwrap_err();
        assert!(
            matches!(error.kind, InputErrorKind::Foreign(kind) if kind == foreign),
            "{error}"
        );
    }
    let mut ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    ole.resize(300 * 1024 - 7, 0);
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(&ole).unwrap();
    assert!(matches!(
        open(&file).unwrap_err().kind,
        InputErrorKind::Foreign(Foreign::Xls)
    ));
    let name: Vec<u8> = "EncryptedPackage"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    file.write_all(&name).unwrap();
    assert!(matches!(
        open(&file).unwrap_err().kind,
        InputErrorKind::Encrypted
    ));
}

#[test]
fn formulas_written_by_a_library_keep_their_stored_result() {
    let file = written(|writer| {
        let sheet = writer.add_worksheet();
        sheet.write(0, 0, "a")?;
        sheet.write_formula(1, 0, Formula::new("=1+1").set_result("2"))?;
        Ok(())
    });
    assert_eq!(rows(&open(&file).unwrap()).unwrap()[0].1[0].0, "2");
}

#[test]
fn merged_cells_are_filled_when_asked() {
    let file = written(|writer| {
        let sheet = writer.add_worksheet();
        let plain = Format::new();
        for (column, name) in ["clinic", "name", "note"].into_iter().enumerate() {
            sheet.write(0, u16::try_from(column).unwrap(), name)?;
        }
        sheet.merge_range(1, 0, 3, 0, "North", &plain)?;
        sheet.merge_range(2, 1, 2, 2, "Bo", &plain)?;
        sheet.write(1, 1, "Ada")?.write(4, 1, "Cy")?;
        Ok(())
    });
    let with = |merged| {
        let options = Options {
            merged,
            ..Options::default()
        };
        let rows = rows(&Input::open(file.path(), &options).unwrap()).unwrap();
        let text = |row: &(u64, Vec<Shown>)| {
            let cells: Vec<_> = row.1.iter().map(|cell| cell.0.as_str()).collect();
            format!("{}:{}", row.0, cells.join(","))
        };
        rows.iter().map(text).collect::<Vec<_>>()
    };
    assert_eq!(with(Merged::TopLeft), ["2:North,Ada,", "3:,Bo,", "5:,Cy,"]);
    assert_eq!(
        with(Merged::Fill),
        ["2:North,Ada,", "3:North,Bo,Bo", "5:,Cy,"]
    );
}

#[test]
fn a_merged_area_as_large_as_a_sheet_fills_no_more_than_a_table() {
    let text = "x".repeat(30_000);
    let sheet = |rows: u32| {
        let head = "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>name</t></is></c></row>";
        let value = format!("<c r=\"A2\" t=\"inlineStr\"><is><t>{text}</t></is></c>");
        let more = |row| format!("<row r=\"{row}\"><c r=\"XFD{row}\"><v>1</v></c></row>");
        let more: String = (3..rows).map(more).collect();
        let merge = "<mergeCell ref=\"A2:XFD1048576\"/>".repeat(1000);
        let end = format!("</sheetData><mergeCells>{merge}</mergeCells><sheetData>");
        raw(
            &format!("{head}<row r=\"2\">{value}</row>{more}{end}"),
            "<sst/>",
        )
    };
    let fill = Options {
        merged: Merged::Fill,
        header_row: Some(1),
        ..Options::default()
    };
    let file = sheet(5);
    let filled = rows(&Input::open(file.path(), &fill).unwrap()).unwrap();
    let widths: Vec<_> = filled.iter().map(|row| row.1.len()).collect();
    assert_eq!(widths, [256, 16_384, 16_384]);
    assert_eq!(filled[1].1[255].0, text);
    assert_eq!(filled[1].1[256].0, "");
    let areas = [[1, 0, 1_000_000, 16_383]];
    let (mut merges, mut row) = (merges::Merges::new(&areas), Row::default());
    let filled = (2..50).try_for_each(|number| {
        row.reset(number, None);
        row.push(if number == 2 { &text } else { "" });
        row.push("1");
        merges.fill(&mut row)
    });
    let told = filled.unwrap_err().to_string();
    assert!(told.contains("merged cells are filled with"));
}

#[test]
fn cells_that_would_be_read_as_others_are_refused_at_their_row() {
    let strings = "<sst uniqueCount=\"1\"><si><t>Quillfeather</t></si></sst>";
    let told = |cell: &str, end: &str| {
        let head = "<row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"2\"><c r=\"A2\"><v>1</v></c></row>";
        let file = raw(&format!("{head}{end}<row r=\"3\">{cell}</row>"), strings);
        open(&file).err().map(|error| error.to_string())
    };
    let good = "<c r=\"A3\" t=\"s\"><v>0</v></c>";
    assert_eq!(told(good, ""), None);
    for (cell, end, what) in [
        (
            "<c r=\"A3\" t=\"s\"><v>1x</v></c>",
            "",
            "names no shared string",
        ),
        (
            "<c r=\"A3\" s=\"1\"><v>\n44197</v></c>",
            "",
            "is not written as",
        ),
        (good, "</sheetData>", "behind the end of the table"),
    ] {
        let told = told(cell, end).unwrap();
        assert!(
            told.contains("sheet \"Calls\", row 3: ") && told.contains(what),
            "{told}"
        );
    }
}

/// The workbook with each part's name and XML as `change` makes them.
fn repacked(
    file: &NamedTempFile,
    change: impl Fn(&str, String) -> (String, String),
) -> NamedTempFile {
    let mut from = zip::ZipArchive::new(file.reopen().unwrap()).unwrap();
    let new = NamedTempFile::new().unwrap();
    let mut to = zip::ZipWriter::new(new.reopen().unwrap());
    for at in 0..from.len() {
        let mut part = from.by_index(at).unwrap();
        let name = part.name().unwrap().into_owned();
        let xml = std::io::read_to_string(&mut part).unwrap();
        let (name, xml) = change(&name, xml);
        to.start_file(name, SimpleFileOptions::default()).unwrap();
        to.write_all(xml.as_bytes()).unwrap();
    }
    to.finish().unwrap();
    new
}

fn small() -> NamedTempFile {
    written(|writer| {
        let sheet = writer.add_worksheet();
        let zip = Format::new().set_num_format("00000");
        sheet.write(0, 0, "name")?.write(0, 1, "zip")?;
        sheet
            .write(1, 0, "Ada")?
            .write_with_format(1, 1, 2139, &zip)?;
        Ok(())
    })
}

#[test]
fn styles_that_would_fill_the_memory_are_refused() {
    let with = |formats: usize, length: usize| {
        let file = repacked(&small(), |name, xml| {
            let more = "<xf numFmtId=\"164\"/>".repeat(formats);
            let format = format!("formatCode=\"{}", "0".repeat(length));
            let xml = xml.replace("</cellXfs>", &format!("{more}</cellXfs>"));
            (name.to_owned(), xml.replace("formatCode=\"", &format))
        });
        open(&file).err().map(|error| error.to_string())
    };
    assert_eq!(with(1000, 250), None);
    let many = with(65_490, 1).unwrap();
    assert!(many.contains("the number of cell formats is over the limit of 65,490"));
    let long = with(10_000, 10_000).unwrap();
    assert!(long.contains("the size of the cell formats is over"));
}

#[test]
fn a_way_of_packing_that_nobody_uses_is_told() {
    let mut bytes = std::fs::read(small().path()).unwrap();
    // Where the headers of a part say how it is packed, bzip2 is 12.
    for (mark, at) in [(b"PK\x03\x04", 8), (b"PK\x01\x02", 10)] {
        let found: Vec<usize> = memmem::find_iter(&bytes, mark).collect();
        for place in found {
            bytes[place + at] = 12;
        }
    }
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let told = open(&file).unwrap_err().to_string();
    assert!(
        told.contains("packed in a way that no spreadsheet program uses"),
        "{told}"
    );
}

#[test]
fn parts_that_are_not_where_they_are_looked_for_are_refused() {
    let file = small();
    let renamed = |from: &str, to: &str, (target, written): (&str, &str)| {
        let file = repacked(&file, |name, xml| {
            let target = format!("Target=\"{target}\"");
            let xml = xml.replace(&target, &format!("Target=\"{written}\""));
            (name.replace(from, to), xml)
        });
        let error = open(&file).unwrap_err();
        let is_displaced = matches!(error.kind, InputErrorKind::Displaced { .. });
        (is_displaced, error.to_string())
    };
    for (name, other) in [
        ("styles.xml", "st.xml"),
        ("sharedStrings.xml", "strings.xml"),
    ] {
        let (is_displaced, told) = renamed(name, other, (name, other));
        assert!(is_displaced && told.contains(other), "{told}");
    }
    let sheet = "worksheets/sheet1.xml";
    for target in [
        "../xl/worksheets/sheet1.xml",
        "./worksheets/sheet1.xml",
        "worksheets//sheet1.xml",
        "worksheets\\sheet1.xml",
        "worksheets/sheet%31.xml",
        "/xl/../xl/worksheets/sheet1.xml",
    ] {
        let (is_displaced, told) = renamed("?", "?", (sheet, target));
        assert!(is_displaced, "{target}: {told}");
    }
    let workbook = "xl/workbook.xml";
    let (is_displaced, told) = renamed("?", "?", (workbook, "./xl/workbook.xml"));
    assert!(is_displaced, "{told}");
    let (is_displaced, told) = renamed("?", "?", (sheet, "worksheets/sheet7.xml"));
    assert!(
        !is_displaced && told.contains("the part is missing"),
        "{told}"
    );
}

fn ranged(file: &NamedTempFile, range: &str, sheet: Option<&str>) -> Result<Input, InputError> {
    let options = Options {
        range: Range::from_words(range),
        sheet: sheet.map(str::to_owned),
        ..Options::default()
    };
    Input::open(file.path(), &options)
}

/// Two sheets with data; the second has a title, a table in B3:C6 with a row of totals, and a note below it.
fn with_tables() -> NamedTempFile {
    written(|writer| {
        let notes = writer.add_worksheet().set_name("Notes")?;
        notes.write(0, 0, "a")?.write(1, 0, "b")?;
        let log = writer.add_worksheet().set_name("Night's log")?;
        log.write(0, 0, "Calls of the night")?;
        for (row, (name, phone)) in [("Ada", "1"), ("Bo", "2")].into_iter().enumerate() {
            let row = u32::try_from(row).unwrap() + 3;
            log.write(row, 1, name)?.write(row, 2, phone)?;
        }
        let columns = ["Name", "Phone"].map(|name| TableColumn::new().set_header(name));
        let table = Table::new()
            .set_name("Calls")
            .set_columns(&columns)
            .set_total_row(true);
        log.add_table(2, 1, 5, 2, &table)?;
        log.write(5, 1, "Total")?.write(8, 1, "printed at night")?;
        let bare = Table::new().set_name("Bare").set_header_row(false);
        log.write(20, 5, "x")?.write(21, 5, "y")?;
        log.add_table(20, 5, 21, 5, &bare)?;
        writer.define_name("Named_cells", "='Night''s log'!$B$3:$C$4")?;
        writer.define_name("Worked_out", "=SUM(Notes!$A$1:$A$2)")?;
        Ok(())
    })
}

#[test]
fn a_table_is_read_by_its_name_wherever_it_stands() {
    let file = with_tables();
    let input = ranged(&file, "calls", None).unwrap();
    let seen = input.description();
    assert_eq!(
        (input.header(), seen.sheet.as_deref(), seen.header_row),
        (
            ["Name", "Phone"].map(str::to_owned).as_slice(),
            Some("Night's log"),
            3
        )
    );
    let numbers = |input: &Input| -> Vec<u64> {
        let rows = rows(input).unwrap();
        assert!(rows.iter().all(|(_, cells)| cells.len() == 2));
        rows.iter().map(|(number, _)| *number).collect()
    };
    assert_eq!(numbers(&input), [4, 5], "no title, no totals, no note");
    let tables: Vec<_> = seen
        .tables
        .iter()
        .map(|t| (t.name.as_str(), t.area.to_string(), t.is_table))
        .collect();
    let expected = [
        ("Calls", "B3:C5".to_owned(), true),
        ("Bare", "F21:F22".to_owned(), true),
        ("Named_cells", "B3:C4".to_owned(), false),
    ];
    assert_eq!(tables, expected);
    assert_eq!(
        numbers(&ranged(&file, "Named_cells", Some("Night's log")).unwrap()),
        [4]
    );
}

#[test]
fn a_table_that_is_not_there_or_cannot_be_used_is_told() {
    let file = with_tables();
    let told = |range, sheet| {
        let error = ranged(&file, range, sheet).unwrap_err();
        assert!(error.hint().is_some());
        error.to_string()
    };
    let missing = told("Cals", None);
    assert!(
        missing.contains("\"Cals\"; there are \"Calls\", \"Bare\", \"Named_cells\""),
        "{missing}"
    );
    assert!(told("Calls", Some("Notes")).contains("on the sheet \"Night's log\""));
    assert!(told("Bare", None).contains("has no header row"));
    let plain = written(|writer| {
        writer.add_worksheet().write(0, 0, "a")?.write(1, 0, "b")?;
        Ok(())
    });
    let error = ranged(&plain, "Calls", None).unwrap_err().to_string();
    assert!(error.contains("names none"), "{error}");
}

#[test]
fn what_is_hidden_outside_the_range_is_no_question() {
    let file = written(|writer| {
        let sheet = writer.add_worksheet();
        for row in 0..8 {
            sheet.write(row, 0, "x")?.write(row, 2, "y")?;
        }
        sheet.set_row_hidden(6)?.set_column_hidden(0)?;
        sheet.merge_range(1, 0, 2, 0, "m", &Format::new())?;
        Ok(())
    });
    assert!(matches!(
        open(&file).unwrap_err().kind,
        InputErrorKind::HiddenRows { rows: 1, .. }
    ));
    let input = ranged(&file, "B2:C6", None).unwrap();
    let seen = input.description();
    assert_eq!(
        (seen.hidden_rows, seen.hidden_columns, seen.merged),
        (0, 0, 0)
    );
    assert!(ranged(&file, "B2:C7", None).unwrap_err().is_usage());
}
