//! The archive around a workbook: damaged, of another kind, or packed as nobody packs it.

use super::archive::{Archive, Part};
use super::*;
use std::io::{Read, Seek, SeekFrom};

const SHEET: &str = "xl/worksheets/sheet1.xml";
const STRINGS: &str = "xl/sharedStrings.xml";

/// A workbook with a sheet and shared strings of several chunks each, and its number of rows.
fn large() -> (NamedTempFile, u32) {
    let rows = 20_000;
    let row = |row: u32| {
        let at = row + 1;
        format!(
            "<row r=\"{at}\"><c r=\"A{at}\" t=\"s\"><v>{row}</v></c><c r=\"B{at}\"><v>{row}</v></c></row>"
        )
    };
    let string = |row: u32| format!("<si><t>caller {} {row}</t></si>", "x".repeat(20));
    let sheet: String = (0..rows).map(row).collect();
    let strings: String = (0..rows).map(string).collect();
    (raw(&sheet, &format!("<sst>{strings}</sst>")), rows)
}

/// Where a part's entry stands in the directory of an archive.
fn entry_of(archive: &[u8], part: &str) -> usize {
    let mut entries = memmem::find_iter(archive, b"PK\x01\x02");
    let named = |at: &usize| archive[at + 46..].starts_with(part.as_bytes());
    entries.find(named).unwrap()
}

#[test]
fn parts_that_are_unpacked_beside_are_those_of_the_archive() {
    let (file, _) = large();
    let parts = vec![Part::of(file.path(), SHEET), Part::of(file.path(), STRINGS)];
    let mut archive = Archive::with_unpacked(file.path(), parts).unwrap();
    assert!(
        archive.unpacks(SHEET) && archive.unpacks(STRINGS) && !archive.unpacks("xl/workbook.xml")
    );

    let whole = std::fs::read(file.path()).unwrap();
    let mut begin = vec![0; whole.len()];
    archive.read_exact(&mut begin).unwrap();
    assert!(begin == whole, "the file itself is not changed");
    let end = archive.seek(SeekFrom::End(0)).unwrap();
    assert_eq!(archive.read(&mut [0]).unwrap(), 0);
    assert!(
        archive.seek(SeekFrom::Current(-1)).unwrap() == end - 1
            && archive.read(&mut [0]).unwrap() == 1
    );

    let mut seen = zip::ZipArchive::new(archive).unwrap();
    let mut honest = zip::ZipArchive::new(file.reopen().unwrap()).unwrap();
    assert_eq!(seen.len(), honest.len());
    for times in 1..=2 {
        for at in 0..honest.len() {
            let mut expected = Vec::new();
            honest
                .by_index(at)
                .unwrap()
                .read_to_end(&mut expected)
                .unwrap();
            let mut part = seen.by_index(at).unwrap();
            let is_unpacked = [SHEET, STRINGS].contains(&part.name().unwrap().as_ref());
            let stored = part.compression() == zip::CompressionMethod::Stored;
            assert!(stored || !is_unpacked);
            // One that was left half-way is read from its beginning the next time.
            let wanted = expected.len() / (3 - times);
            let mut read = vec![0; wanted];
            part.read_exact(&mut read).unwrap();
            assert!(read == expected[..wanted]);
        }
    }
}

#[test]
fn a_part_that_is_unpacked_beside_can_be_read_from_any_place() {
    let (file, _) = large();
    let read = |parts| {
        let mut archive = Archive::with_unpacked(file.path(), parts).unwrap();
        let length = archive.seek(SeekFrom::End(0)).unwrap();
        let mut read = Vec::new();
        for at in [1_000_000, 200_000, 999_999, 200_000, 0, 3_000_000] {
            let mut piece = [0; 3000];
            archive.seek(SeekFrom::Start(at)).unwrap();
            if at < length {
                archive.read_exact(&mut piece).unwrap();
            }
            read.push((at, piece));
        }
        read
    };
    let pieces = read(vec![Part::of(file.path(), SHEET)]);
    let mut archive =
        Archive::with_unpacked(file.path(), vec![Part::of(file.path(), SHEET)]).unwrap();
    let mut whole = Vec::new();
    archive.read_to_end(&mut whole).unwrap();
    for (at, piece) in pieces {
        let at = usize::try_from(at).unwrap();
        let expected = whole.get(at..).map(|rest| &rest[..3000]);
        assert!(expected.is_none_or(|expected| expected == piece), "{at}");
    }
}

#[test]
fn what_is_not_packed_or_not_there_is_read_as_it_is() {
    let (file, _) = large();
    let stored = NamedTempFile::new().unwrap();
    let mut to = zip::ZipWriter::new(stored.reopen().unwrap());
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    to.start_file(SHEET, options).unwrap();
    to.write_all(b"<worksheet/>").unwrap();
    to.finish().unwrap();
    for (file, part) in [(&stored, SHEET), (&file, "xl/other.xml")] {
        let parts = vec![Part::of(file.path(), part)];
        let mut archive = Archive::with_unpacked(file.path(), parts).unwrap();
        let mut read = Vec::new();
        archive.read_to_end(&mut read).unwrap();
        assert!(!archive.unpacks(part) && read == std::fs::read(file.path()).unwrap());
    }
}

#[test]
fn parts_that_are_shorter_than_the_archive_claims_are_read_all_the_same() {
    let (file, expected) = large();
    let whole = std::fs::read(file.path()).unwrap();
    for part in [SHEET, STRINGS] {
        let claim = entry_of(&whole, part) + 24;
        let length = u32::from_le_bytes(whole[claim..claim + 4].try_into().unwrap());
        for claimed in [length + 1, length + 1_000_000, u32::MAX - 1] {
            let mut lying = whole.clone();
            lying[claim..claim + 4].copy_from_slice(&claimed.to_le_bytes());
            let mut file = NamedTempFile::new().unwrap();
            file.write_all(&lying).unwrap();
            let read = open(&file).and_then(|input| rows(&input)).unwrap();
            assert_eq!(read.len(), expected as usize - 1, "{part}, {claimed}");
        }
    }
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
    // A checksum stands 16 bytes behind the entry's signature.
    let mut flipped = whole.clone();
    flipped[entry_of(&whole, SHEET) + 16] ^= 1;
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
