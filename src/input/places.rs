//! Where one of two bytes stands in a text in which they are common.
//!
//! Owns the two searches over CSV text: for the first place, and for all of them. `memchr` is made for what is rare, and begins
//! anew behind each place; here a block of bytes is compared once, and all its places are taken from that. Finds exactly what
//! `memchr` does. Knows no quotes and no rows.

use memchr::memchr2;
use wide::{u8x16, u8x32};

/// Blocks in which [`first`] looks for itself: most cells are shorter, and in what is longer `memchr` is faster.
const NEAR: usize = 4;

/// The first place of either byte.
#[inline]
pub(super) fn first(a: u8, b: u8, text: &[u8]) -> Option<usize> {
    let (blocks, _) = text.as_chunks();
    for (number, block) in blocks.iter().take(NEAR).enumerate() {
        let block = u8x16::new(*block);
        let found = block.simd_eq(u8x16::splat(a)) | block.simd_eq(u8x16::splat(b));
        let found = found.to_bitmask();
        if found != 0 {
            return Some(number * size_of::<u8x16>() + found.trailing_zeros() as usize);
        }
    }
    let behind = blocks.len().min(NEAR) * size_of::<u8x16>();
    let rest = text.get(behind..).unwrap_or_default();
    memchr2(a, b, rest).map(|at| behind + at)
}

/// All places of either byte, in order.
#[derive(Debug)]
pub(super) struct Places<'t> {
    bytes: [u8x32; 2],
    /// What has not been looked at.
    rest: &'t [u8],
    /// Where the block begins that was looked at last.
    start: usize,
    /// Where the next one begins.
    next: usize,
    /// The places in that block that were not told yet: a bit each.
    left: u32,
}

impl<'t> Places<'t> {
    #[inline]
    pub(super) fn of(a: u8, b: u8, text: &'t [u8]) -> Self {
        Places {
            bytes: [u8x32::splat(a), u8x32::splat(b)],
            rest: text,
            start: 0,
            next: 0,
            left: 0,
        }
    }

    #[inline]
    fn look(&self, block: [u8; size_of::<u8x32>()]) -> u32 {
        let block = u8x32::new(block);
        let [a, b] = self.bytes;
        (block.simd_eq(a) | block.simd_eq(b)).to_bitmask()
    }
}

impl Iterator for Places<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.left == 0 {
            self.start = self.next;
            if let Some((block, rest)) = self.rest.split_first_chunk() {
                self.left = self.look(*block);
                self.rest = rest;
                self.next += block.len();
            } else if self.rest.is_empty() {
                return None;
            } else {
                let mut block = [0; size_of::<u8x32>()];
                let filled = self.rest.len();
                block[..filled].copy_from_slice(self.rest);
                // The bytes behind the text may be what is looked for.
                self.left = self.look(block) & !(u32::MAX << filled);
                self.rest = &[];
                self.next += filled;
            }
        }
        let at = self.start + self.left.trailing_zeros() as usize;
        self.left &= self.left - 1;
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use memchr::memchr2_iter;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_memchr_finds_is_found(text in prop::collection::vec(0..4_u8, 0..300), a in 0..40_u8, b in 0..4_u8) {
            let expected: Vec<usize> = memchr2_iter(a, b, &text).collect();
            prop_assert_eq!(first(a, b, &text), expected.first().copied());
            prop_assert_eq!(Places::of(a, b, &text).collect::<Vec<_>>(), expected);
        }

        #[test]
        fn so_it_is_where_it_is_rare(
            length in 0..300_usize, places in prop::collection::btree_set(0..300_usize, 0..4), a in any::<u8>()
        ) {
            let mut text = vec![a.wrapping_add(2); length];
            for &place in &places {
                if let Some(byte) = text.get_mut(place) {
                    *byte = a.wrapping_add(u8::from(place % 2 == 1));
                }
            }
            let expected: Vec<usize> = places.into_iter().filter(|&place| place < length).collect();
            let b = a.wrapping_add(1);
            prop_assert_eq!(first(a, b, &text), expected.first().copied());
            prop_assert_eq!(Places::of(a, b, &text).collect::<Vec<_>>(), expected);
        }
    }
}
