//! [`Ending`]: what shows of a file only when its rows have been read to their end; and [`Shorts`], which follows those that
//! have too few cells.
//!
//! Owns the counts of rows that were passed over and filled up, the row in whose middle the file ends, and the proof that it was
//! Excel that left cells out: where the last columns are blank in sixteen rows together, counted from the first row of the
//! file, it writes those rows without their last delimiters (KB 77295).

use std::sync::atomic::{AtomicU64, Ordering};

/// So many rows Excel looks at together.
const BLOCK: u64 = 16;

/// What a reading came to; the next one begins anew.
#[derive(Debug, Default)]
pub(super) struct Ending {
    skipped: AtomicU64,
    filled: AtomicU64,
    cut_row: AtomicU64,
    in_blocks: AtomicU64,
    first_in_blocks: AtomicU64,
}

impl Ending {
    /// Counts from zero.
    pub(super) fn begin(&self) {
        for count in [&self.skipped, &self.filled] {
            count.store(0, Ordering::Relaxed);
        }
    }

    /// Adds rows that were passed over, and that were filled up.
    pub(super) fn count(&self, skipped: u64, filled: u64) {
        self.skipped.fetch_add(skipped, Ordering::Relaxed);
        self.filled.fetch_add(filled, Ordering::Relaxed);
    }

    /// Keeps what was found at the end.
    pub(super) fn keep(&self, cut_row: Option<u64>, shorts: &Shorts) {
        let (first, rows) = shorts.in_blocks().unwrap_or((0, 0));
        self.cut_row.store(cut_row.unwrap_or(0), Ordering::Relaxed);
        self.first_in_blocks.store(first, Ordering::Relaxed);
        self.in_blocks.store(rows, Ordering::Relaxed);
    }

    pub(super) fn skipped(&self) -> u64 {
        self.skipped.load(Ordering::Relaxed)
    }

    pub(super) fn filled(&self) -> u64 {
        self.filled.load(Ordering::Relaxed)
    }

    pub(super) fn cut_row(&self) -> Option<u64> {
        Some(self.cut_row.load(Ordering::Relaxed)).filter(|row| *row > 0)
    }

    /// The first of the rows that Excel has cut short, and how many there are.
    pub(super) fn in_blocks(&self) -> Option<(u64, u64)> {
        let rows = self.in_blocks.load(Ordering::Relaxed);
        let first = self.first_in_blocks.load(Ordering::Relaxed);
        (rows > 0).then_some((first, rows))
    }
}

/// Follows the rows of a file in their order: how many cells those have that have too few.
#[derive(Debug)]
pub(super) struct Shorts {
    block: u64,
    /// The cells of each row in this block; none where they are whole.
    width: Option<u32>,
    /// Whether all rows of each block so far were alike.
    is_even: bool,
    first: Option<u64>,
    last: Option<u64>,
    rows: u64,
}

impl Shorts {
    /// Begins behind the header, which is whole.
    pub(super) fn behind(header: u64) -> Shorts {
        Shorts {
            block: block(header),
            width: None,
            is_even: true,
            first: None,
            last: None,
            rows: 0,
        }
    }

    /// The next row, and its cells where it has too few.
    pub(super) fn see(&mut self, row: u64, width: Option<u32>) {
        let block = block(row);
        if block != self.block {
            (self.block, self.width) = (block, width);
        }
        self.is_even &= self.width == width;
        self.last = width.map(|_| row);
        if width.is_some() {
            self.first = self.first.or(Some(row));
            self.rows += 1;
        }
    }

    /// The last row, where it has too few cells.
    pub(super) fn last(&self) -> Option<u64> {
        self.last
    }

    /// The first of these rows and how many there are, where they fill whole blocks and nothing else; of less than a block it
    /// may be chance.
    fn in_blocks(&self) -> Option<(u64, u64)> {
        let first = self.first.filter(|_| self.is_even && self.rows >= BLOCK)?;
        Some((first, self.rows))
    }
}

fn block(row: u64) -> u64 {
    row.saturating_sub(1) / BLOCK
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rows: impl IntoIterator<Item = (u64, Option<u32>)>) -> Option<(u64, u64)> {
        let mut shorts = Shorts::behind(1);
        rows.into_iter()
            .for_each(|(row, width)| shorts.see(row, width));
        shorts.in_blocks()
    }

    #[test]
    fn whole_blocks_of_sixteen_rows_are_the_work_of_excel() {
        let short = |row: u64, from: u64, to: u64| (row, (from..=to).contains(&row).then_some(5));
        assert_eq!(
            found((2..=48).map(|row| short(row, 17, 32))),
            Some((17, 16))
        );
        // To the end of the file, and with rows that are blank or passed over.
        assert_eq!(
            found((2..=40).map(|row| short(row, 17, 40))),
            Some((17, 24))
        );
        assert_eq!(
            found(
                (2..=48)
                    .filter(|row| row % 7 > 0)
                    .map(|row| short(row, 17, 48))
            ),
            Some((17, 28))
        );
        // Each block has a width of its own.
        assert_eq!(
            found((2..=48).map(|row| (row, (row > 16).then_some(if row > 32 { 4 } else { 5 })))),
            Some((17, 32))
        );
        for (from, to) in [(17, 31), (18, 33), (2, 16), (16, 32), (17, 33), (49, 60)] {
            assert_eq!(
                found((2..=48).map(|row| short(row, from, to))),
                None,
                "{from}-{to}"
            );
        }
        // Another width among them, and too few to tell.
        assert_eq!(
            found((2..=48).map(|row| (row, (row > 16).then_some(if row == 20 { 4 } else { 5 })))),
            None
        );
        assert_eq!(found((2..=20).map(|row| short(row, 17, 20))), None);
    }
}
