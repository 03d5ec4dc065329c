//! Workbooks that are damaged or meant to harm: each is refused, in bounded memory.

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
fn archives_that_hold_a_part_twice_are_refused() {
    let row = |text: &str| {
        format!("<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>{text}</t></is></c></row>")
    };
    let sheet = "xl/worksheets/sheet1.xml";
    for second in [
        sheet,
        "xl/worksheets/Sheet1.xml",
        "XL\\worksheets\\sheet1.xml",
    ] {
        let file = raw(&(row("name") + &row("other")), NO_STRINGS);
        // The writer refuses a name that is there, so it is put in place afterwards.
        let other = second.replace("1.xml", "2.xml");
        let end = file.reopen().unwrap();
        let mut zip = zip::ZipWriter::new_append(end).unwrap();
        zip.start_file(&other, SimpleFileOptions::default())
            .unwrap();
        zip.write_all(b"<worksheet/>").unwrap();
        zip.finish().unwrap();
        let mut bytes = std::fs::read(file.path()).unwrap();
        let places: Vec<usize> = memmem::find_iter(&bytes, other.as_bytes()).collect();
        for at in places {
            bytes[at..at + second.len()].copy_from_slice(second.as_bytes());
        }
        std::fs::write(file.path(), bytes).unwrap();
        let told = open(&file).unwrap_err().to_string();
        assert!(
            told.contains("the archive holds a part twice"),
            "{second}: {told}"
        );
    }
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
        let file = small();
        let mut from = zip::ZipArchive::new(file.reopen().unwrap()).unwrap();
        let new = NamedTempFile::new().unwrap();
        let mut to = zip::ZipWriter::new(new.reopen().unwrap());
        for at in 0..from.len() {
            let mut part = from.by_index(at).unwrap();
            let found = part.name().unwrap().into_owned();
            let xml = std::io::read_to_string(&mut part).unwrap();
            let xml = xml
                .replace("Ada", "Ren\u{e9}")
                .replace("00000", "00000\\\u{e9}");
            let bytes = if found == name {
                encode(&xml)
            } else {
                xml.into_bytes()
            };
            to.start_file(found, SimpleFileOptions::default()).unwrap();
            to.write_all(&bytes).unwrap();
        }
        to.finish().unwrap();
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

#[test]
fn an_archive_behind_other_bytes_is_told_as_that() {
    let whole = std::fs::read(small().path()).unwrap();
    for prefix in [b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), b"MZ\0\0", b"\n"] {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(prefix).unwrap();
        file.write_all(&whole).unwrap();
        let error = open(&file).unwrap_err();
        assert!(matches!(error.kind, InputErrorKind::Prefixed), "{error}");
        assert!(error.hint().unwrap().contains("again"));
    }
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
