//! Which of many hashes occur more than once, in bounded memory.
//!
//! Owns the question "is there another row like this one in the file?", which decides the count of identical rows and
//! finds a key that stands twice. Hashes are sorted in pieces; pieces beyond the first go to a temporary file without
//! a name, and are merged at the end. Only 64-bit hashes with a key of this process are kept, never a value.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::collections::binary_heap::{BinaryHeap, PeekMut};
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};

/// So many hashes are held in memory: 2 MiB.
const PIECE: usize = 1 << 18;

/// Collects hashes.
#[derive(Debug)]
pub(super) struct Duplicates {
    hashes: Vec<u64>,
    piece: usize,
    spilled: Option<Spilled>,
}

#[derive(Debug)]
struct Spilled {
    file: File,
    /// How many hashes each sorted piece in the file has.
    pieces: Vec<usize>,
}

impl Duplicates {
    pub(super) fn new() -> Duplicates {
        Duplicates::with_piece(PIECE)
    }

    fn with_piece(piece: usize) -> Duplicates {
        Duplicates {
            hashes: Vec::new(),
            piece,
            spilled: None,
        }
    }

    pub(super) fn add(&mut self, hash: u64) -> io::Result<()> {
        if self.hashes.len() == self.piece {
            self.spill()?;
        }
        self.hashes.push(hash);
        Ok(())
    }

    /// The hashes that were added more than once.
    pub(super) fn finish(mut self) -> io::Result<HashSet<u64>> {
        let Some(mut spilled) = self.spilled.take() else {
            self.hashes.sort_unstable();
            return Ok(repeated(self.hashes.into_iter()));
        };
        if !self.hashes.is_empty() {
            self.hashes.sort_unstable();
            spilled.write(&self.hashes)?;
        }
        drop(std::mem::take(&mut self.hashes));
        spilled.merge()
    }

    fn spill(&mut self) -> io::Result<()> {
        self.hashes.sort_unstable();
        if self.spilled.is_none() {
            self.spilled = Some(Spilled {
                file: tempfile::tempfile()?,
                pieces: Vec::new(),
            });
        }
        if let Some(spilled) = &mut self.spilled {
            spilled.write(&self.hashes)?;
        }
        self.hashes.clear();
        Ok(())
    }
}

impl Spilled {
    fn write(&mut self, hashes: &[u64]) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 16, &mut self.file);
        for hash in hashes {
            out.write_all(&hash.to_le_bytes())?;
        }
        out.flush()?;
        self.pieces.push(hashes.len());
        Ok(())
    }

    fn merge(self) -> io::Result<HashSet<u64>> {
        let mut start = 0_u64;
        let mut pieces = Vec::with_capacity(self.pieces.len());
        for len in &self.pieces {
            pieces.push(Piece {
                at: start,
                left: *len,
                buffer: Vec::new().into_iter(),
            });
            start += (*len as u64) * 8;
        }
        let mut heap = BinaryHeap::new();
        for (number, piece) in pieces.iter_mut().enumerate() {
            if let Some(hash) = piece.next(&self.file)? {
                heap.push(Reverse((hash, number)));
            }
        }
        let mut found = HashSet::new();
        let mut last = None;
        while let Some(mut top) = heap.peek_mut() {
            let Reverse((hash, number)) = *top;
            if last == Some(hash) {
                found.insert(hash);
            }
            last = Some(hash);
            // To put the next in its place moves half as much as to take it out and the next in.
            match pieces[number].next(&self.file)? {
                Some(next) => *top = Reverse((next, number)),
                None => drop(PeekMut::pop(top)),
            }
        }
        Ok(found)
    }
}

/// A sorted piece of the file, read a block at a time.
#[derive(Debug)]
struct Piece {
    at: u64,
    left: usize,
    buffer: std::vec::IntoIter<u64>,
}

impl Piece {
    /// Hashes in one block: 32 KiB, so that a hundred pieces take little.
    const BLOCK: usize = 4096;

    fn next(&mut self, mut file: &File) -> io::Result<Option<u64>> {
        if let Some(hash) = self.buffer.next() {
            return Ok(Some(hash));
        }
        if self.left == 0 {
            return Ok(None);
        }
        let count = self.left.min(Piece::BLOCK);
        file.seek(SeekFrom::Start(self.at))?;
        let mut bytes = vec![0; count * 8];
        file.read_exact(&mut bytes)?;
        let (hashes, _) = bytes.as_chunks();
        let block: Vec<u64> = hashes.iter().copied().map(u64::from_le_bytes).collect();
        self.at += (count as u64) * 8;
        self.left -= count;
        self.buffer = block.into_iter();
        Ok(self.buffer.next())
    }
}

fn repeated(sorted: impl Iterator<Item = u64>) -> HashSet<u64> {
    let mut found = HashSet::new();
    let mut last = None;
    for hash in sorted {
        if last == Some(hash) {
            found.insert(hash);
        }
        last = Some(hash);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #[test]
        fn exactly_the_repeated_hashes_are_found_however_they_are_cut(
            hashes in prop::collection::vec(0..40_u64, 0..200), piece in 1..30_usize
        ) {
            let mut duplicates = Duplicates::with_piece(piece);
            let mut counts = HashMap::new();
            for hash in hashes {
                duplicates.add(hash).unwrap();
                *counts.entry(hash).or_insert(0) += 1;
            }
            let expected: HashSet<u64> =
                counts.into_iter().filter(|(_, count)| *count > 1).map(|(hash, _)| hash).collect();
            prop_assert_eq!(duplicates.finish().unwrap(), expected);
        }
    }
}
