//! [`Guard`]: stands under the CSV parser, caps a record's bytes and appends the sentinel behind the file.
//!
//! Guarantees that a record that never ends is stopped after 16 MiB, since the parser would grow with it, and that
//! the sentinel cannot be part of any file: it is drawn anew for each read.

use super::super::encoding::read_some;
use std::io::{self, Read};

/// Far above any real row, far below what hurts.
const MAX_RECORD: u64 = 16 * 1024 * 1024;
pub(super) const MAX_RECORD_TEXT: &str = "16 MiB";

/// A reader with an end that can be told from its text.
pub(super) struct Guard {
    inner: Box<dyn Read + Send>,
    sentinel: Vec<u8>,
    /// What is handed out behind the file: a line end, the sentinel, a line end.
    tail: Vec<u8>,
    tail_at: usize,
    past_file: bool,
    handed_out: u64,
    record_start: u64,
    too_long: bool,
}

impl Guard {
    pub(super) fn new(inner: Box<dyn Read + Send>) -> Self {
        let sentinel = format!("end-{:032x}", rand::random::<u128>()).into_bytes();
        let tail = [b"\n", sentinel.as_slice(), b"\n"].concat();
        Guard {
            inner,
            sentinel,
            tail,
            tail_at: 0,
            past_file: false,
            handed_out: 0,
            record_start: 0,
            too_long: false,
        }
    }

    /// Says where the record begins that is read next.
    pub(super) fn record_starts(&mut self, offset: u64) {
        self.record_start = offset;
    }

    /// Whether the file's end was reached, so that the record at hand may be the sentinel.
    pub(super) fn is_past_file(&self) -> bool {
        self.past_file
    }

    pub(super) fn is_too_long(&self) -> bool {
        self.too_long
    }

    pub(super) fn sentinel(&self) -> &[u8] {
        &self.sentinel
    }
}

impl Read for Guard {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.handed_out.saturating_sub(self.record_start) > MAX_RECORD {
            self.too_long = true;
            return Err(io::Error::other("a record is too long"));
        }
        let mut length = if self.past_file {
            0
        } else {
            read_some(&mut self.inner, buffer)?
        };
        if length == 0 {
            self.past_file = true;
            let mut tail = self.tail.get(self.tail_at..).unwrap_or_default();
            length = tail.read(buffer)?;
            self.tail_at += length;
        }
        self.handed_out += length as u64;
        Ok(length)
    }
}
