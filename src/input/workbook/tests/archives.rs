//! The archive around a workbook: damaged, of another kind, or packed as nobody packs it.

use super::*;

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
