//! Which sheet and which part of it is read, and what is hidden or merged there.

use super::*;

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
    let seen = input.description().workbook().unwrap();
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
        open(&two(true)).unwrap().description().sheet(),
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
        (input.header(), seen.sheet(), seen.header_row),
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
        .workbook()
        .unwrap()
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
    let seen = input.description().workbook().unwrap();
    assert_eq!(
        (seen.hidden_rows, seen.hidden_columns, seen.merged),
        (0, 0, 0)
    );
    assert!(ranged(&file, "B2:C7", None).unwrap_err().is_usage());
}

#[test]
fn a_sheet_is_read_whatever_size_it_claims() {
    let sheet = "<row r=\"2\"><c r=\"B2\" t=\"s\"><v>0</v></c><c r=\"C2\" t=\"s\"><v>1</v></c></row>\
        <row r=\"3\"><c r=\"B3\"><v>7</v></c><c r=\"C3\"><f>1+1</f></c></row>";
    let strings = "<sst><si><t>name</t></si><si><t>n</t></si></sst>";
    let sound = raw(sheet, strings);
    let expected = rows(&open(&sound).unwrap()).unwrap();
    assert_eq!(expected.len(), 1);
    for dimension in [
        "<dimension ref=\"B2:C3\"/>",
        "<dimension ref=\"A0:AZ48943\"/>",
        "<dimension ref=\"1:10901\"/>",
        "<dimension ref=\"C3:A1\"/>",
        "<dimension ref=\"$A$1:$C$2\"/>",
        "<dimension ref=\"A:C\"></dimension>",
        "<dimension ref=''/>",
        "<dimension/>",
        "<sheetViews/><dimension ref=\"A1\"/><dimension/>",
    ] {
        let file = raw_behind(dimension, sheet, strings);
        let input = open(&file).unwrap_or_else(|error| panic!("{dimension}: {error}"));
        assert_eq!(input.header(), ["", "name", "n"], "{dimension}");
        assert_eq!(input.description().workbook().unwrap().uncomputed, 1);
        for _ in 0..2 {
            assert_eq!(rows(&input).unwrap(), expected, "{dimension}");
        }
    }
}
