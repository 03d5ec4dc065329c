//! Changes small files at random, from a seed, and reads them: each ends in rows or in a typed error, soon.
//!
//! A stand-in for a fuzzer that runs with the other tests. `MUTATION_SECONDS` makes it run longer, `MUTATION_SEED`
//! elsewhere; a failure names the seed of the file that it came of.

use super::*;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rust_xlsxwriter::{Format, Workbook as Writer};
use std::io::Write;
use std::time::{Duration, Instant};
use zip::write::SimpleFileOptions;

/// One file may not take longer than this in a test build.
const SOON: Duration = Duration::from_secs(20);

/// What breaks parsers of tables.
const PIECES: &[&[u8]] = &[
    b"\"",
    b"\"\"",
    b",",
    b";",
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xc3",
    b"sep=;\n",
    b"\x1f\x8b\x08",
    b"PK\x03\x04",
    b"A1048577",
    b"XFE1",
    b"<c r=\"A9999999999\"><v>1</v></c>",
    b"<c t=\"s\"><v>4294967295</v></c>",
    b"<c><v>1e999</v></c>",
    b"<row r=\"0\">",
    b"<mergeCell ref=\"A1:XFD1048576\"/>",
    b"<!DOCTYPE x>",
    b"hidden=\"1\"",
    b"&#x110000;",
    b"]]>",
    b"/>",
];

fn seed_of_the_run() -> u64 {
    let given = std::env::var("MUTATION_SEED").ok();
    given.and_then(|seed| seed.parse().ok()).unwrap_or(4)
}

fn time_of_the_run() -> Duration {
    let given = std::env::var("MUTATION_SECONDS").ok();
    Duration::from_secs(given.and_then(|seconds| seconds.parse().ok()).unwrap_or(3))
}

fn mutate(bytes: &mut Vec<u8>, random: &mut SmallRng) {
    for _ in 0..random.random_range(1..6) {
        let at = random.random_range(0..=bytes.len());
        match random.random_range(0..6) {
            0 => bytes.truncate(at),
            1 => {
                let end = (at + random.random_range(0..40)).min(bytes.len());
                drop(bytes.drain(at..end));
            }
            2 => {
                let end = (at + random.random_range(0..400)).min(bytes.len());
                let copy = bytes[at..end].repeat(random.random_range(1..20));
                drop(bytes.splice(at..at, copy));
            }
            3 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = random.random();
                }
            }
            _ => {
                let piece = PIECES[random.random_range(0..PIECES.len())];
                drop(bytes.splice(at..at, piece.iter().copied()));
            }
        }
    }
}

fn read(bytes: &[u8], options: &Options, seed: u64) -> bool {
    let began = Instant::now();
    let opened = Input::from_stream(&mut &*bytes, Path::new("mutation"), options);
    let is_read = opened.is_ok_and(|input| {
        let mut last = 0;
        let read = input.for_each_row(|row| {
            assert!(row.position.row > last, "rows out of order: seed {seed}");
            last = row.position.row;
            ControlFlow::<()>::Continue(())
        });
        read.is_ok()
    });
    assert!(began.elapsed() < SOON, "it took too long: seed {seed}");
    is_read
}

/// Reads mutations of `original` until the time is over; some must be read and some refused.
fn run(original: impl Fn(&mut SmallRng) -> Vec<u8>) {
    let (end, first) = (Instant::now() + time_of_the_run(), seed_of_the_run());
    let (mut read_well, mut refused) = (0, 0);
    let mut seed = first;
    // A slow machine does fewer, and never none.
    while seed < first + 20 || Instant::now() < end {
        let mut random = SmallRng::seed_from_u64(seed);
        let bytes = original(&mut random);
        let options = Options {
            hidden: [None, Some(Hidden::Import), Some(Hidden::Skip)][random.random_range(0..3)],
            merged: [Merged::TopLeft, Merged::Fill][random.random_range(0..2)],
            range: Range::from_words("A1:C20").filter(|_| random.random_bool(0.2)),
            delimiter: Some(b';').filter(|_| random.random_bool(0.1)),
            ..Options::default()
        };
        let outcome = std::panic::catch_unwind(|| read(&bytes, &options, seed));
        match outcome {
            Ok(true) => read_well += 1,
            Ok(false) => refused += 1,
            Err(_) => panic!("a panic left the reader: seed {seed}"),
        }
        seed += 1;
    }
    println!("{read_well} read, {refused} refused");
}

#[test]
fn mutated_text_ends_in_rows_or_in_an_error() {
    let text =
        "Name;Phone;Note\r\n\"Núñez, A\";555-0100;\"two\r\nlines\"\r\nLee;;\"a \"\"b\"\"\"\n";
    run(|random| {
        let mut bytes = match random.random_range(0..3) {
            0 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            1 => encoding_rs::WINDOWS_1252.encode(text).0.into_owned(),
            _ => text.repeat(random.random_range(1..50)).into_bytes(),
        };
        mutate(&mut bytes, random);
        bytes
    });
}

/// The parts of a small workbook, unpacked.
fn parts() -> Vec<(String, Vec<u8>)> {
    let mut writer = Writer::new();
    let sheet = writer.add_worksheet();
    for column in 0..4 {
        sheet.write(0, column, format!("h{column}")).unwrap();
        for row in 1..12 {
            let number = f64::from(row) * 1.5;
            match column {
                0 => sheet.write(row, column, format!("text {row}")).unwrap(),
                1 => sheet.write(row, column, number).unwrap(),
                2 => sheet.write(row, column, row % 2 == 0).unwrap(),
                _ => sheet.write_formula(row, column, "=1+1").unwrap(),
            };
        }
    }
    sheet.set_row_hidden(4).unwrap();
    sheet.merge_range(6, 0, 8, 1, "m", &Format::new()).unwrap();
    let bytes = writer.save_to_buffer().unwrap();
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    (0..archive.len())
        .map(|at| {
            let mut part = archive.by_index(at).unwrap();
            let mut bytes = Vec::new();
            part.read_to_end(&mut bytes).unwrap();
            (part.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

#[test]
fn mutated_workbooks_end_in_rows_or_in_an_error() {
    let parts = parts();
    run(|random| {
        let changed = random.random_range(0..parts.len() * 2);
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (at, (name, bytes)) in parts.iter().enumerate() {
            let mut bytes = bytes.clone();
            // Half of the time it is the sheet: most is read of it.
            let is_sheet = name.ends_with("sheet1.xml") && changed >= parts.len();
            if at == changed || is_sheet {
                mutate(&mut bytes, random);
            }
            zip.start_file(name.as_str(), SimpleFileOptions::default())
                .unwrap();
            zip.write_all(&bytes).unwrap();
        }
        let mut bytes = zip.finish().unwrap().into_inner();
        if random.random_bool(0.2) {
            mutate(&mut bytes, random);
        }
        bytes
    });
}
