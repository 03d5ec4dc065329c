//! Bytes of an archive as rows.
//!
//! The mutator changes the parts inside more often than the archive around them: a wrong checksum ends at the door.

#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use std::io::{Cursor, Read, Write};
use ticketload_fuzz::{options, read, watch_panics};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Parts larger than this are left as they are.
const PART: u64 = 256 * 1024;

fuzz_target!(init: watch_panics(), |data: &[u8]| {
    drop(read(data, &options(data)));
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if !seed.is_multiple_of(4)
        && let Some(bytes) = data
            .get(..size)
            .and_then(|archive| with_another_part(archive, seed))
        && bytes.len() <= max_size
    {
        data[..bytes.len()].copy_from_slice(&bytes);
        return bytes.len();
    }
    fuzzer_mutate(data, size, max_size)
});

/// The archive with one of its parts changed, packed anew.
fn with_another_part(archive: &[u8], seed: u32) -> Option<Vec<u8>> {
    let mut source = ZipArchive::new(Cursor::new(archive)).ok()?;
    let changed = usize::try_from(seed / 4).ok()?.checked_rem(source.len())?;
    let mut target = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for at in 0..source.len() {
        let mut bytes = Vec::new();
        let mut part = source.by_index(at).ok()?;
        let name = part.name().ok()?.into_owned();
        part.by_ref().take(PART).read_to_end(&mut bytes).ok()?;
        // Half of the time it is a worksheet, where most is to be read.
        let is_sheet = !seed.is_multiple_of(2) && name.contains("worksheets/sheet");
        if at == changed || is_sheet {
            let length = bytes.len();
            bytes.resize(length + 1024, 0);
            let most = bytes.len();
            let length = fuzzer_mutate(&mut bytes, length, most);
            bytes.truncate(length);
        }
        target.start_file(name, stored).ok()?;
        target.write_all(&bytes).ok()?;
    }
    Some(target.finish().ok()?.into_inner())
}
