//! Which encoding a file is taken for, and that its text is the same in all of them.

use super::*;
use std::io::Write;
use tempfile::NamedTempFile;

const MARK_BYTES: &[u8] = "\u{feff}".as_bytes();

fn file(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    file
}

fn utf16(text: &str, big: bool) -> Vec<u8> {
    let unit = |u: u16| {
        if big {
            u.to_be_bytes()
        } else {
            u.to_le_bytes()
        }
    };
    text.encode_utf16().flat_map(unit).collect()
}

fn text_of(bytes: &[u8], label: Option<&str>) -> (Text, Option<Flaw>, String) {
    let file = file(bytes);
    let (text, flaw) = Text::decide(file.path(), label, None).unwrap();
    let mut read = Vec::new();
    let mut stream = text.stream(file.path()).unwrap();
    stream.read_to_end(&mut read).unwrap();
    let read = text.decode(&read).unwrap().into_owned();
    (text, flaw, read)
}

#[test]
fn the_encoding_is_decided_over_the_whole_file() {
    use EncodingReason as R;
    let late = [vec![b'a'; CHUNK * 2 + 17], b"\nN\xfa\xf1ez\n".to_vec()].concat();
    let late_utf8 = [vec![b'a'; CHUNK - 1], "ñez\n".as_bytes().to_vec()].concat();
    let cases: Vec<(Vec<u8>, &str, R)> = vec![
        (b"a,b\n1,2\n".to_vec(), "UTF-8", R::Valid),
        ("\u{feff}a,b\n".as_bytes().to_vec(), "UTF-8", R::Mark),
        (late_utf8, "UTF-8", R::Valid),
        (late, "windows-1252", R::Fallback),
        (
            b"N\xfa\xf1ez,\x93x\x94\n".to_vec(),
            "windows-1252",
            R::Fallback,
        ),
        (b"cut at the end \xc3".to_vec(), "windows-1252", R::Fallback),
        (utf16("\u{feff}a,b\nñ,2\n", false), "UTF-16LE", R::Mark),
        (utf16("\u{feff}a,b\nñ,2\n", true), "UTF-16BE", R::Mark),
        (utf16("a,b\nñ,2\n", false), "UTF-16LE", R::NulPattern),
        (utf16("a,b\nñ,2\n", true), "UTF-16BE", R::NulPattern),
    ];
    for (bytes, name, reason) in cases {
        let (text, flaw, _) = text_of(&bytes, None);
        assert_eq!((text.encoding.name(), text.reason), (name, reason));
        assert!(flaw.is_none(), "{flaw:?}");
    }
}

#[test]
fn a_mark_goes_before_what_was_asked_for() {
    use EncodingReason as R;
    let not = |asked| R::MarkNot { asked };
    let marked = "\u{feff}ID,Name\n1,Muñoz\n";
    let plain = "ID,Name\n1,Muñoz\n";
    let in_1252 = |text: &str| WINDOWS_1252.encode(text).0.into_owned();
    let cases = [
        (
            marked.as_bytes().to_vec(),
            "windows-1252",
            "UTF-8",
            not("windows-1252"),
        ),
        (
            marked.as_bytes().to_vec(),
            "macintosh",
            "UTF-8",
            not("macintosh"),
        ),
        (
            marked.as_bytes().to_vec(),
            "utf-16le",
            "UTF-8",
            not("UTF-16LE"),
        ),
        (marked.as_bytes().to_vec(), "utf-8", "UTF-8", R::Asked),
        (
            utf16(marked, false),
            "windows-1252",
            "UTF-16LE",
            not("windows-1252"),
        ),
        (utf16(marked, true), "utf-8", "UTF-16BE", not("UTF-8")),
        (utf16(marked, true), "utf-16", "UTF-16BE", R::Asked),
        (in_1252(plain), "windows-1252", "windows-1252", R::Asked),
        // A mark in front of what is no UTF-8 says nothing, and is no part of the header.
        (
            [MARK_BYTES.to_vec(), in_1252(plain)].concat(),
            "windows-1252",
            "windows-1252",
            R::Asked,
        ),
        (
            [MARK_BYTES.to_vec(), b"ID,Name\n1,Mu\x96oz\n".to_vec()].concat(),
            "macintosh",
            "macintosh",
            R::Asked,
        ),
    ];
    for (bytes, label, name, reason) in cases {
        let (text, flaw, read) = text_of(&bytes, Some(label));
        assert!(flaw.is_none(), "{label}: {flaw:?}");
        assert_eq!(
            (text.encoding.name(), text.reason),
            (name, reason),
            "{label}"
        );
        assert_eq!(read, plain, "{label}");
        let is_unicode = name.starts_with("UTF");
        assert_eq!(text.is_marked(), is_unicode, "{label}");
    }
    // Where next to all of it is UTF-8, a damaged byte makes no other encoding of it.
    let damaged = [marked.as_bytes(), "2,Núñez\n3,\u{e9}".as_bytes(), b"\xff\n"].concat();
    let damaged = file(&damaged);
    let (_, flaw) = Text::decide(damaged.path(), Some("windows-1252"), None).unwrap();
    assert!(matches!(flaw.unwrap().kind, InputErrorKind::PartlyUtf8));
}

#[test]
fn utf16_without_a_mark_may_hold_any_character() {
    // U+4E00, U+3000 and the halves of U+1F600 have a NUL where the others have none.
    let notes = "患者自昨晚起反复发热并伴有咳嗽".repeat(3);
    for text in [
        "Name,Note\n王一,x\n李,y\n".to_owned(),
        "Name,Note\r\nLi,x 😀\r\nNg,y\r\n".to_owned(),
        "ID,氏名\n1,山田\u{3000}太郎\n2,田中\u{3000}一郎\n".to_owned(),
        format!("ID,Note\n1,{notes}\u{3000}\n2,{notes}\n"),
    ] {
        for (big, encoding) in [(false, UTF_16LE), (true, UTF_16BE)] {
            let bytes = utf16(&text, big);
            let (found, flaw, read) = text_of(&bytes, None);
            assert_eq!(
                (found.encoding, found.reason),
                (encoding, EncodingReason::NulPattern),
                "{text}"
            );
            assert!(flaw.is_none() && read == text, "{flaw:?}");
            // Half a character shows at whatever place it stands.
            let half = if big { b"\xd8\x3d\0x" } else { b"\x3d\xd8x\0" };
            let long = utf16(&text.repeat(2 * SAMPLE / text.len()), big);
            let file = file(&[long, half.to_vec(), bytes].concat());
            let (_, flaw) = Text::decide(file.path(), None, None).unwrap();
            let kind = flaw.unwrap().kind;
            assert!(
                matches!(kind, InputErrorKind::Undecodable { .. }),
                "{kind:?}"
            );
        }
    }
}

#[test]
fn nuls_behind_the_lines_of_ascii_make_no_utf16_of_it() {
    // Each line is a whole number of pairs: the NULs stand on one side but for the first.
    let bytes = [b"\0a,Ng,xx\n\0".to_vec(), b"1,Ng,xxx\n\0".repeat(20)].concat();
    let (text, flaw, _) = text_of(&bytes, None);
    assert_eq!(text.encoding, UTF_8);
    assert!(matches!(flaw.unwrap().kind, InputErrorKind::Nul));
}

#[test]
fn text_comes_out_as_it_was_written() {
    let cases: Vec<(Vec<u8>, Option<&str>, &str)> = vec![
        (
            utf16("\u{feff}a;\"ñ€\n😀\"\r\n", false),
            None,
            "a;\"ñ€\n😀\"\r\n",
        ),
        (b"N\xfa\xf1ez \x80\n".to_vec(), None, "Núñez €\n"),
        (b"\x8e\xf6\n".to_vec(), Some("macintosh"), "éˆ\n"),
        (utf16("\u{feff}a\n", true), Some("utf-16"), "a\n"),
        (b"\xef\xbb\xbfa\n".to_vec(), Some("utf8"), "a\n"),
        (
            b"a,b\rc,d\r\ne,f\r\rg\r".to_vec(),
            None,
            "a,b\nc,d\r\ne,f\n\ng\n",
        ),
        (b"sep=;\r\na;b\r\n".to_vec(), None, "a;b\r\n"),
        (utf16("\u{feff}sep=;\ra;b\r", false), None, "a;b\n"),
    ];
    for (bytes, label, expected) in cases {
        assert_eq!(text_of(&bytes, label).2, expected);
    }
}

#[test]
fn a_cr_at_the_border_of_two_pieces_is_no_line_end_of_its_own() {
    for length in (64 * 1024 - 3)..(64 * 1024 + 3) {
        let text = format!("{}\r\nb\rc\r\n", "a".repeat(length));
        let mut read = String::new();
        LineEnds::new(text.as_bytes())
            .read_to_string(&mut read)
            .unwrap();
        assert_eq!(read.get(length..), Some("\r\nb\nc\r\n"));
    }
}

#[test]
fn flaws_name_their_line() {
    let long = format!("{}\nx\0y\n", "a,b\n".repeat(CHUNK));
    let cases: Vec<(Vec<u8>, Option<&str>, u64, &str)> = vec![
        (b"a,b\n1,\x002\n".to_vec(), None, 2, "NUL"),
        (long.into_bytes(), None, CHUNK as u64 + 2, "NUL"),
        (b"a,b\n1,\"2\n3\"4\n5,\x006\n".to_vec(), None, 4, "NUL"),
        (b"a,b\n1,\"2\n3,4\n".to_vec(), None, 2, "never ends"),
        (b"a,b\r1,\"2\r3,4\r".to_vec(), None, 2, "never ends"),
        (b"a,b\n\n1,\"2\n3,\"4\"\n".to_vec(), None, 3, "stray"),
        (b"a,b\n\xff,2\n".to_vec(), Some("utf-8"), 2, "not UTF-8"),
        (
            b"\xef\xbb\xbfa,b\n\n\xff,2\n".to_vec(),
            None,
            3,
            "not UTF-8",
        ),
        (
            utf16("\u{feff}a,b\n1,\"2\n3,4\n", true),
            None,
            2,
            "never ends",
        ),
    ];
    for (bytes, label, line, message) in cases {
        let file = file(&bytes);
        let (_, flaw) = Text::decide(file.path(), label, None).unwrap();
        let flaw = flaw.unwrap();
        assert_eq!(flaw.line, line, "{flaw:?}");
        assert!(flaw.kind.to_string().contains(message), "{flaw:?}");
    }
}

#[test]
fn a_damaged_utf8_text_is_not_taken_for_another_encoding() {
    let long = format!("a,b\n1,né\n{}", "2,x\n".repeat(CHUNK)).into_bytes();
    let late = [long.as_slice(), b"3,N\xc3\n4,\xc3\xb3\n"].concat();
    let refused: Vec<(Vec<u8>, Option<&str>, u64, &str)> = vec![
        (
            "a,b\n1,né\n2,ñ\n3,\u{feff}".as_bytes()[..19].to_vec(),
            None,
            4,
            "cut short",
        ),
        (b"\xef\xbb\xbfa,b\n1,\xc3".to_vec(), None, 2, "cut short"),
        (late, None, CHUNK as u64 + 3, "mostly are"),
        (
            b"a,b\n1,N\xf1\n\xef\xbb\xbfa,b\n".to_vec(),
            None,
            2,
            "mostly are",
        ),
    ];
    for (bytes, label, row, message) in refused {
        let file = file(&bytes);
        let (_, flaw) = Text::decide(file.path(), label, None).unwrap();
        let flaw = flaw.unwrap();
        assert_eq!(flaw.row, row, "{flaw:?}");
        assert!(flaw.kind.to_string().contains(message), "{flaw:?}");
    }
    let read: [(&[u8], Option<&str>); 3] = [
        (b"a,b\n1,N\xf1\n", None),
        (b"a,b\n1,N\xf1 M\xfc \xc3\xa9\n", None),
        (
            b"a,b\n1,\xc3\xa9\n2,\xc3\xa9\n3,\xff\n",
            Some("windows-1252"),
        ),
    ];
    for (bytes, label) in read {
        let (text, flaw, _) = text_of(bytes, label);
        assert!(flaw.is_none(), "{flaw:?}");
        assert_eq!(text.encoding, WINDOWS_1252);
    }
}

#[test]
fn half_a_surrogate_pair_is_refused() {
    let mut bytes = utf16("\u{feff}a,b\n", false);
    bytes.extend([0x00, 0xd8, b'x', 0, b'\n', 0]);
    let file = file(&bytes);
    let (_, flaw) = Text::decide(file.path(), None, None).unwrap();
    assert!(matches!(
        flaw.unwrap().kind,
        InputErrorKind::Undecodable { .. }
    ));
}

#[test]
fn names_and_delimiters_that_cannot_be_are_refused() {
    let file = file(b"a,b\n");
    let label = Text::decide(file.path(), Some("utf-9"), None).unwrap_err();
    assert!(matches!(label.kind, InputErrorKind::UnknownEncoding { .. }));
    let quote = Text::decide(file.path(), None, Some(b'"')).unwrap_err();
    assert!(matches!(quote.kind, InputErrorKind::BadDelimiter));
}

/// Gives so many bytes at a time.
struct Trickle<'t>(&'t [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.1.min(buffer.len()).min(self.0.len());
        let (now, later) = self.0.split_at(length);
        buffer[..length].copy_from_slice(now);
        self.0 = later;
        Ok(length)
    }
}

#[test]
fn the_scan_finds_the_same_at_any_chunk_border() {
    let texts: [&[u8]; 10] = [
        b"a,b\r\n1,2\r\n",
        b"a,b\r1,2\r\n",
        b"a,b\r\n1,2\r",
        "a,ñ\n1,漢😀\n".as_bytes(),
        b"a,\xc3\n1,2\n",
        b"a,\xe6\xbcx\n\xe6\xbc",
        b"\xc3\xa9\xe6\xc3\xa9\xf0\x9f\xc3\xa9\xff\xe6\xbc\xa2,\xc3\xa9",
        b"a,\xc3\xa9\n1,\xe6\xbc",
        b"a,\"b\r\n\"\"\"\n1,\"2\nx\"y\n",
        "a,b\n\x001,漢\n".as_bytes(),
    ];
    for bytes in texts {
        let look = |size| {
            let mut characters = Characters::behind(0, true);
            let mut records = Records::behind(Cut::default(), b',');
            scan::read(&mut Trickle(bytes, size), &mut characters, &mut records).unwrap();
            // Text whose lines must be turned first was not read on.
            let seen = (characters.invalid, characters.bad, characters.good);
            let rest = (!characters.lone_cr).then_some((seen, characters.is_cut, records.trouble));
            (characters.lone_cr, characters.nul, rest)
        };
        for size in 1..bytes.len() {
            assert_eq!(
                look(size),
                look(bytes.len()),
                "{bytes:?} in chunks of {size}"
            );
        }
    }
}
