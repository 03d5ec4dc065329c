//! Worksheets as rows: what each kind of cell reads as, and which workbooks are refused.

mod archives;
mod hostile;
mod sheets;

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
    raw_behind("", sheet, strings)
}

/// The same with something in front of its `sheetData`.
fn raw_behind(before: &str, sheet: &str, strings: &str) -> NamedTempFile {
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
                "{head}<worksheet xmlns=\"{MAIN}\">{before}<sheetData>{sheet}\
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
        (description.kind(), description.sheet()),
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
fn formulas_written_by_a_library_keep_their_stored_result() {
    let file = written(|writer| {
        let sheet = writer.add_worksheet();
        sheet.write(0, 0, "a")?;
        sheet.write_formula(1, 0, Formula::new("=1+1").set_result("2"))?;
        Ok(())
    });
    assert_eq!(rows(&open(&file).unwrap()).unwrap()[0].1[0].0, "2");
}

/// The workbook with each part's name and content as `change` makes them.
fn repacked<C: AsRef<[u8]>>(
    file: &NamedTempFile,
    change: impl Fn(&str, String) -> (String, C),
) -> NamedTempFile {
    let mut from = zip::ZipArchive::new(file.reopen().unwrap()).unwrap();
    let new = NamedTempFile::new().unwrap();
    let mut to = zip::ZipWriter::new(new.reopen().unwrap());
    for at in 0..from.len() {
        let mut part = from.by_index(at).unwrap();
        let name = part.name().unwrap().into_owned();
        let xml = std::io::read_to_string(&mut part).unwrap();
        let (name, content) = change(&name, xml);
        to.start_file(name, SimpleFileOptions::default()).unwrap();
        to.write_all(content.as_ref()).unwrap();
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
