//! Looks through the shared strings, which calamine takes in whole.
//!
//! Owns the limits that keep them from filling the memory. Reads none of them: calamine does.

use super::super::error::InputErrorKind;
use super::package::Package;
use super::survey::{CELL, attribute, local_name, misfit, number};
use super::tags::{Tags, Visitor};
use std::ops::ControlFlow;

/// Calamine holds all shared strings: a full sheet's worth of calls, and no more. Neither the part nor what is held of it
/// may be larger.
const STRINGS: u64 = 1024 * 1024 * 1024;
const STRINGS_TEXT: &str = "1 GiB";
/// Shared strings are distinct, so they pack 3 to 20 times; only blanks and repeats pack better.
const RATIO: u64 = 150;
const RATIO_FROM: u64 = 64 * 1024 * 1024;
/// What each string costs beside its text: where it is, how long, and what the allocator adds.
const STRING: u64 = 32;
/// The allocator gives memory out in pieces of so many bytes.
const PIECE: u64 = 16;

/// Looks through the shared strings and refuses what would fill the memory.
pub(super) fn check(package: &mut Package, part: &str) -> Result<(), InputErrorKind> {
    let packed = package.packed_size(part);
    let mut tags = Tags::default();
    let mut strings = Strings::default();
    package.unpack(part, STRINGS, STRINGS_TEXT, &mut |chunk| {
        tags.feed(chunk, &mut strings)
            .map_err(|m| misfit(part, m))?;
        strings.bytes += chunk.len() as u64;
        let cost = strings.bytes.max(strings.memory);
        if cost > RATIO_FROM && cost / RATIO > packed {
            return Err(InputErrorKind::too_large(
                part,
                "how often the strings repeat",
                "150 times",
            ));
        }
        if strings.memory > STRINGS {
            let what = "the memory that the strings take";
            return Err(InputErrorKind::too_large(part, what, STRINGS_TEXT));
        }
        if strings.longest > CELL {
            return Err(InputErrorKind::too_large(part, "a string", "4 MiB"));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    // Calamine makes room for as many strings as the part claims to have.
    if strings.claimed > strings.count.saturating_mul(2).saturating_add(65_536) {
        return Err(InputErrorKind::Damaged {
            part: part.to_owned(),
            what: "it claims to hold more strings than it does",
        });
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Strings {
    bytes: u64,
    /// What calamine needs to hold the strings so far.
    memory: u64,
    count: u64,
    claimed: u64,
    /// Bytes of text in the string that is open.
    open: u64,
    longest: u64,
}

impl Visitor for Strings {
    fn tag(&mut self, tag: &[u8], text: usize) {
        self.open += (text + tag.len()) as u64;
        self.longest = self.longest.max(self.open);
        match local_name(tag) {
            b"si" => {
                self.count += 1;
                self.memory += STRING;
                self.open = 0;
            }
            b"/t" => self.memory += (text as u64).next_multiple_of(PIECE),
            b"/si" => self.open = 0,
            b"sst" => self.claimed = number(attribute(tag, b"uniqueCount")).unwrap_or(0),
            _ => {}
        }
    }
}
