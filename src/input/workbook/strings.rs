//! Looks through the shared strings, which calamine takes in whole.
//!
//! Owns the limits that keep them from filling the memory. Reads none of them: calamine does.

use super::super::error::InputErrorKind;
use super::beside::{Beside, held};
use super::package::{Package, Step};
use super::survey::{CELL, attribute, local_name, misfit, number};
use super::tags::{Tags, Visitor};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

/// Calamine holds all shared strings: a full sheet's worth of calls, and no more. Neither the part nor what is held of it
/// may be larger.
const STRINGS: u64 = 1024 * 1024 * 1024;
const STRINGS_TEXT: &str = "1 GiB";
/// Shared strings are distinct, so they pack 3 to 20 times; only blanks and repeats pack better.
const RATIO: u64 = 150;
const RATIO_FROM: u64 = 64 * 1024 * 1024;
/// What each string costs beside its text: where it is, how long, and what the allocator adds.
const STRING: u64 = 32;
/// So many strings may be claimed before they have been counted: room for them is 24 MiB.
const FEW: u64 = 1024 * 1024;
/// The allocator gives memory out in pieces of so many bytes.
const PIECE: u64 = 16;

/// Looks through the shared strings and refuses what would fill the memory. Gives the length of the part, unpacked.
pub(super) fn check(package: &mut Package, part: &str) -> Result<u64, InputErrorKind> {
    check_beside(package, part, &mut |_| Ok(ControlFlow::Break(())))
}

/// The same, where `each` is given what has been looked through, until it has enough.
fn check_beside(
    package: &mut Package,
    part: &str,
    each: &mut dyn FnMut(&[u8]) -> Step,
) -> Result<u64, InputErrorKind> {
    let packed = package.packed_size(part);
    let mut tags = Tags::default();
    let mut strings = Strings::default();
    let mut is_wanted = true;
    package.unpack(part, STRINGS, STRINGS_TEXT, &mut |chunk| {
        tags.feed(chunk, &mut strings)
            .map_err(|m| misfit(part, m))?;
        strings.bytes += chunk.len() as u64;
        strings.check(part, packed)?;
        is_wanted = is_wanted && each(chunk)?.is_continue();
        Ok(ControlFlow::Continue(()))
    })?;
    // Calamine makes room for as many strings as the part claims to have.
    let claimed = strings.claimed.unwrap_or(0);
    if claimed > strings.count.saturating_mul(2).saturating_add(65_536) {
        return Err(InputErrorKind::Damaged {
            part: part.to_owned(),
            what: "it claims to hold more strings than it does",
        });
    }
    Ok(strings.bytes)
}

/// The shared strings on their way to calamine, each looked through before it is taken in.
pub(super) struct Underway {
    /// For the reader; empty when it has read enough.
    pub(super) bytes: Arc<Mutex<Option<Beside>>>,
    verdict: Receiver<Result<u64, InputErrorKind>>,
    part: String,
}

/// Begins to look through the shared strings for a reader that follows. None where they claim to be so many that the claim
/// has to be looked at before anybody makes room for them.
pub(super) fn begin(
    path: &Path,
    package: &mut Package,
    part: &str,
) -> Result<Option<Underway>, InputErrorKind> {
    if claimed(package, part)?.is_none_or(|claimed| claimed > FEW) {
        return Ok(None);
    }
    let (path, name) = (path.to_owned(), part.to_owned());
    let (tell, verdict) = channel();
    let bytes = Beside::of(move |each| {
        let package = Package::open(&path);
        let checked = package.and_then(|mut package| check_beside(&mut package, &name, each));
        drop(tell.send(checked));
        Ok(())
    });
    Ok(Some(Underway {
        bytes: Arc::new(Mutex::new(Some(bytes.map_err(InputErrorKind::NoThread)?))),
        verdict,
        part: part.to_owned(),
    }))
}

impl Underway {
    /// Waits for the end of the look, when the reader has had enough: the length of the part, unless it is refused.
    pub(super) fn end(self) -> Result<u64, InputErrorKind> {
        drop(held(&self.bytes).take());
        self.verdict.recv().unwrap_or_else(|_| {
            let (part, what) = (self.part, super::PANICKED);
            Err(InputErrorKind::Damaged { part, what })
        })
    }
}

/// How many strings the part claims to hold, where that stands at its beginning.
fn claimed(package: &mut Package, part: &str) -> Result<Option<u64>, InputErrorKind> {
    let mut tags = Tags::default();
    let mut strings = Strings::default();
    package.unpack(part, STRINGS, STRINGS_TEXT, &mut |chunk| {
        tags.feed(chunk, &mut strings)
            .map_err(|m| misfit(part, m))?;
        Ok(ControlFlow::Break(()))
    })?;
    Ok(strings.claimed)
}

#[derive(Debug, Default)]
struct Strings {
    bytes: u64,
    /// What calamine needs to hold the strings so far.
    memory: u64,
    count: u64,
    /// How many there are by the part's own word.
    claimed: Option<u64>,
    /// Bytes of text in the string that is open.
    open: u64,
    longest: u64,
}

impl Strings {
    /// Refuses what would fill the memory, by what has come so far.
    fn check(&self, part: &str, packed: u64) -> Result<(), InputErrorKind> {
        let cost = self.bytes.max(self.memory);
        if cost > RATIO_FROM && cost / RATIO > packed {
            return Err(InputErrorKind::too_large(
                part,
                "how often the strings repeat",
                "150 times",
            ));
        }
        if self.memory > STRINGS {
            let what = "the memory that the strings take";
            return Err(InputErrorKind::too_large(part, what, STRINGS_TEXT));
        }
        if self.longest > CELL {
            return Err(InputErrorKind::too_large(part, "a string", "4 MiB"));
        }
        Ok(())
    }
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
            // Calamine goes by the first of them, whatever comes behind.
            b"sst" => {
                let claimed = number(attribute(tag, b"uniqueCount")).unwrap_or(0);
                self.claimed = self.claimed.max(Some(claimed));
            }
            _ => {}
        }
    }
}
