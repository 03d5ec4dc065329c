//! Which of many hashes occur more than once, in bounded memory.
//!
//! Owns the question "is there another row like this one in the file?", which decides the count of identical rows and
//! finds a key that stands twice. Hashes are parted by their first bits, and what does not fit goes, part by part, to a
//! temporary file without a name; at the end each part is looked at alone. Only 64-bit hashes with a key of this process
//! are kept, never a value.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};

/// So many hashes are held in memory before they go to the file: 2 MiB.
const HELD: usize = 1 << 18;
/// Hashes are parted by so many bits: of a hundred million rows, a part takes 3 MiB.
const BITS: u32 = 8;

/// Collects hashes.
#[derive(Debug)]
pub(super) struct Duplicates {
    parts: Vec<Vec<u64>>,
    held: usize,
    limit: usize,
    spilled: Option<Spilled>,
}

/// What went to the file: all parts in their order, as often as there was no room.
#[derive(Debug)]
struct Spilled {
    file: File,
    /// How many hashes of each part went there, each time.
    times: Vec<Vec<usize>>,
}

impl Duplicates {
    pub(super) fn new() -> Duplicates {
        Duplicates::with_limit(HELD)
    }

    fn with_limit(limit: usize) -> Duplicates {
        Duplicates {
            parts: vec![Vec::new(); 1 << BITS],
            held: 0,
            limit,
            spilled: None,
        }
    }

    pub(super) fn add(&mut self, hash: u64) -> io::Result<()> {
        if self.held == self.limit {
            self.spill()?;
        }
        self.parts[(hash >> (u64::BITS - BITS)) as usize].push(hash);
        self.held += 1;
        Ok(())
    }

    /// The hashes that were added more than once.
    pub(super) fn finish(mut self) -> io::Result<HashSet<u64>> {
        let mut found = HashSet::new();
        let mut starts = self.spilled.as_ref().map_or_else(Vec::new, Spilled::starts);
        for (number, part) in self.parts.iter_mut().enumerate() {
            if let Some(spilled) = &mut self.spilled {
                spilled.read(number, &mut starts, part)?;
            }
            part.sort_unstable();
            let neighbours = part.windows(2).filter(|pair| pair[0] == pair[1]);
            found.extend(neighbours.map(|pair| pair[0]));
            // One part at a time is in memory.
            *part = Vec::new();
        }
        Ok(found)
    }

    fn spill(&mut self) -> io::Result<()> {
        if self.spilled.is_none() {
            self.spilled = Some(Spilled {
                file: tempfile::tempfile()?,
                times: Vec::new(),
            });
        }
        if let Some(spilled) = &mut self.spilled {
            spilled.write(&self.parts)?;
        }
        self.parts.iter_mut().for_each(Vec::clear);
        self.held = 0;
        Ok(())
    }
}

impl Spilled {
    fn write(&mut self, parts: &[Vec<u64>]) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 16, &mut self.file);
        for hash in parts.iter().flatten() {
            out.write_all(&hash.to_le_bytes())?;
        }
        out.flush()?;
        self.times.push(parts.iter().map(Vec::len).collect());
        Ok(())
    }

    /// Where the first part begins in the file, each time.
    fn starts(&self) -> Vec<u64> {
        let counts = self.times.iter().map(|parts| parts.iter().sum::<usize>());
        let starts = counts.scan(0, |next, count| {
            let start = *next;
            *next += (count * size_of::<u64>()) as u64;
            Some(start)
        });
        starts.collect()
    }

    /// Adds what the file has of a part, and puts the starts behind it.
    fn read(&mut self, part: usize, starts: &mut [u64], hashes: &mut Vec<u64>) -> io::Result<()> {
        let mut block = Vec::new();
        for (parts, start) in self.times.iter().zip(starts) {
            block.resize(parts[part] * size_of::<u64>(), 0);
            self.file.seek(SeekFrom::Start(*start))?;
            self.file.read_exact(&mut block)?;
            let (found, _) = block.as_chunks();
            hashes.extend(found.iter().copied().map(u64::from_le_bytes));
            *start += block.len() as u64;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #[test]
        fn exactly_the_repeated_hashes_are_found_however_they_are_cut(
            hashes in prop::collection::vec((0..8_u64, 0..5_u64), 0..200), limit in 1..30_usize
        ) {
            let mut duplicates = Duplicates::with_limit(limit);
            let mut counts = HashMap::new();
            for (high, low) in hashes {
                let hash = high.rotate_right(5) | low;
                duplicates.add(hash).unwrap();
                *counts.entry(hash).or_insert(0) += 1;
            }
            let expected: HashSet<u64> =
                counts.into_iter().filter(|(_, count)| *count > 1).map(|(hash, _)| hash).collect();
            prop_assert_eq!(duplicates.finish().unwrap(), expected);
        }
    }
}
