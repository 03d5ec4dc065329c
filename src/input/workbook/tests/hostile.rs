//! Workbooks that are meant to harm, or hold what calamine would read as something else: each is refused, in bounded memory.

use super::*;

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
fn rows_that_claim_cells_without_end_are_refused_and_a_range_helps() {
    let cell = |place: &str| format!("<c r=\"{place}\"><v>1</v></c>");
    let row = |row: u32| {
        let cells = [cell(&format!("A{row}")), cell(&format!("XFD{row}"))];
        format!("<row r=\"{row}\">{}</row>", cells.concat())
    };
    let short = |row: u32| format!("<row r=\"{row}\">{}</row>", cell(&format!("A{row}")));
    let far: String = (1..5000).map(row).collect();
    // Short rows are as wide as their header.
    let padded: String = [row(1)].into_iter().chain((2..5000).map(short)).collect();
    for sheet in [far, padded] {
        let file = raw(&sheet, NO_STRINGS);
        let count = |range: Option<&str>| {
            let options = Options {
                range: range.and_then(Range::from_words),
                header_row: Some(1),
                ..Options::default()
            };
            let (mut rows, mut text) = (0, 0);
            let input = Input::open(file.path(), &options)?;
            input.for_each_row(|row| {
                rows += 1;
                text += row.joined().len();
                ControlFlow::<()>::Continue(())
            })?;
            Ok::<_, InputError>((rows, text))
        };
        let error = count(None).unwrap_err();
        assert!(matches!(error.kind, InputErrorKind::Sprawling), "{error}");
        let told = error.to_string();
        assert!(
            told.contains("sheet \"Calls\", row 409") && error.hint().unwrap().contains("`range`"),
            "{told}"
        );
        assert_eq!(count(Some("A:C")).unwrap(), (4998, 4998));
    }
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
        // Calamine makes room by the first claim, and others are no excuse for it.
        (
            "<sst uniqueCount=\"4000000000\"><si><t>a</t></si></sst><sst uniqueCount=\"1\"/>"
                .to_owned(),
            "claims to hold more",
        ),
        (
            format!(
                "<!--{}--><sst uniqueCount=\"4000000000\"><si><t>a</t></si></sst>",
                "x".repeat(200_000)
            ),
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
            format!("<sst>{}</sst>", "<si/>".repeat(2_200_000)),
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

#[test]
fn a_cell_that_holds_more_than_its_value_is_told_as_that() {
    for (cell, row) in [
        ("<c r=\"A2\"><v>5</v><extLst/></c>", "row 2: "),
        (
            "<c r=\"A2\"><f>1</f><v>5</v><x:extLst><ext><v>6</v></ext></x:extLst></c>",
            "row 2: ",
        ),
        (
            "<c r=\"A2\"><v>5</v></c><c r=\"B2\"><other/><v>5</v></c>",
            "row 2: ",
        ),
    ] {
        let head = "<row r=\"1\"><c r=\"A1\"><v>1</v></c></row>";
        let file = raw(&format!("{head}<row r=\"2\">{cell}</row>"), NO_STRINGS);
        let error = open(&file).and_then(|input| rows(&input)).unwrap_err();
        let told = error.to_string();
        assert!(
            matches!(error.kind, InputErrorKind::Extended { .. }),
            "{told}"
        );
        assert!(
            told.contains(row) && error.hint().unwrap().contains("save it"),
            "{told}"
        );
    }
    let beside = "<row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"2\"><c r=\"A2\"><v>1</v></c><extLst><ext><v>2</v></ext></extLst></row>";
    assert_eq!(
        rows(&open(&raw(beside, NO_STRINGS)).unwrap())
            .unwrap()
            .len(),
        1
    );
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
fn workbooks_of_more_pieces_than_a_person_makes_are_refused() {
    let told = |part: &str, mark: &str, count: usize, piece: &str| {
        let file = repacked(&small(), |name, xml| {
            let more = format!("{}{mark}", piece.repeat(count));
            let xml = if name == part {
                xml.replace(mark, &more)
            } else {
                xml
            };
            (name.to_owned(), xml)
        });
        open(&file).err().map(|error| error.to_string())
    };
    let (workbook, rels) = ("xl/workbook.xml", "xl/_rels/workbook.xml.rels");
    let sheet = "<sheet name=\"x\" sheetId=\"9\" r:id=\"rId1\" state=\"hidden\"/>";
    let name = "<definedName name=\"x\">A</definedName>";
    let relationship = "<Relationship Id=\"x\" Type=\"y\" Target=\"z\"/>";
    let cases = [
        (
            workbook,
            "</sheets>",
            sheet,
            10_000,
            "the number of sheets is over the limit of 10,000",
        ),
        (
            workbook,
            "</workbook>",
            name,
            100_000,
            "the number of names is over the limit of 100,000",
        ),
        (
            rels,
            "</Relationships>",
            relationship,
            20_000,
            "the number of relationships is over the limit of 20,000",
        ),
    ];
    for (part, mark, piece, most, what) in cases {
        assert_eq!(told(part, mark, 100, piece), None, "{what}");
        let told = told(part, mark, most + 1, piece).unwrap();
        assert!(told.contains(what) && told.contains(part), "{told}");
    }
    let long = format!("<!--{}-->", "x".repeat(17 << 20));
    let told = told(workbook, "</workbook>", 1, &long).unwrap();
    assert!(told.contains("over the limit of 16 MiB"), "{told}");
    let file = small();
    let mut zip = zip::ZipWriter::new_append(file.reopen().unwrap()).unwrap();
    for number in 0..10_000 {
        zip.start_file(format!("{number}"), SimpleFileOptions::default())
            .unwrap();
    }
    zip.finish().unwrap();
    let told = open(&file).unwrap_err().to_string();
    assert!(
        told.contains("the number of parts is over the limit of 10,000"),
        "{told}"
    );
}

#[test]
fn a_part_in_another_encoding_is_named() {
    type Encode = fn(&str) -> Vec<u8>;
    let part = |name: &'static str, encode: Encode| {
        let new = repacked(&small(), |found, xml| {
            let xml = xml
                .replace("Ada", "Ren\u{e9}")
                .replace("00000", "00000\\\u{e9}");
            let content = match found == name {
                true => encode(&xml),
                false => xml.into_bytes(),
            };
            (found.to_owned(), content)
        });
        open(&new).and_then(|input| rows(&input).map(|_| ())).err()
    };
    let wide = |xml: &str| xml.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin = |xml: &str| {
        xml.chars()
            .map(|sign| u8::try_from(sign).unwrap_or(b'?'))
            .collect()
    };
    let strings = "xl/sharedStrings.xml";
    let cases: [(_, Encode); 8] = [
        ("_rels/.rels", wide),
        ("xl/workbook.xml", wide),
        ("xl/worksheets/sheet1.xml", wide),
        ("xl/worksheets/sheet1.xml", |xml| {
            [b"\xfe\xff".as_slice(), xml.as_bytes()].concat()
        }),
        (strings, wide),
        (strings, latin),
        ("xl/styles.xml", wide),
        ("xl/styles.xml", latin),
    ];
    for (name, encode) in cases {
        let error = part(name, encode).unwrap();
        let told = error.to_string();
        assert!(
            matches!(error.kind, InputErrorKind::NotUtf8 { .. }),
            "{told}"
        );
        assert!(
            told.contains(name) && error.hint().unwrap().contains("UTF-8"),
            "{told}"
        );
    }
    assert!(part(strings, |xml| xml.as_bytes().to_vec()).is_none());
}
