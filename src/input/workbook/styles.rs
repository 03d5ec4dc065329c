//! Looks through the styles, which calamine takes in whole.
//!
//! Owns the limits that keep them small: for each format of a cell calamine holds a copy of its font and of its number
//! format, so that a packed megabyte of them would fill the memory.

use super::super::error::InputErrorKind;
use super::package::Package;
use super::survey::{local_name, misfit};
use super::tags::{Tags, Visitor};
use std::ops::ControlFlow;

/// Excel's own limit for the formats of a workbook's cells.
const FORMATS: usize = 65_490;
const FORMATS_TEXT: &str = "65,490";
/// What copies of the longest font or number format may take; Excel ends both at 255 characters.
const COPIES: usize = 64 * 1024 * 1024;
const COPIES_TEXT: &str = "64 MiB";

/// Refuses styles that no workbook of a person has.
pub(super) fn check(package: &mut Package) -> Result<(), InputErrorKind> {
    let Some(part) = package.styles() else {
        return Ok(());
    };
    let mut tags = Tags::default();
    let mut styles = Styles::default();
    package.check_small(Some(part.clone()), &mut |chunk| {
        tags.feed(chunk, &mut styles)
            .map_err(|m| misfit(&part, m))?;
        if styles.counts.iter().any(|&count| count > FORMATS) {
            let what = "the number of cell formats";
            return Err(InputErrorKind::too_large(&part, what, FORMATS_TEXT));
        }
        if styles.longest.saturating_mul(styles.counts[0]) > COPIES {
            let what = "the size of the cell formats";
            return Err(InputErrorKind::too_large(&part, what, COPIES_TEXT));
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// A list, and what it is a list of.
const LISTS: [(&[u8], &[u8]); 5] = [
    (b"cellXfs", b"xf"),
    (b"fonts", b"font"),
    (b"fills", b"fill"),
    (b"borders", b"border"),
    (b"numFmts", b"numFmt"),
];

#[derive(Default)]
struct Styles {
    /// The list that one is in; fonts stand in other lists too, which calamine passes over.
    list: Option<usize>,
    counts: [usize; LISTS.len()],
    /// The longest tag within a font or a number format.
    longest: usize,
}

impl Visitor for Styles {
    fn tag(&mut self, tag: &[u8], _text: usize) {
        let name = local_name(tag);
        if let Some(list) = LISTS.iter().position(|(list, _)| *list == name) {
            self.list = Some(list);
        } else if matches!(name, b"cellStyleXfs" | b"cellStyles" | b"dxfs") {
            self.list = None;
        }
        let Some(list) = self.list else { return };
        let (_, one) = LISTS[list];
        self.counts[list] += usize::from(name == one);
        if list > 0 {
            self.longest = self.longest.max(tag.len());
        }
    }
}
