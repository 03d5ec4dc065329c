//! Names of sheets, tables and parts within an error's sentence.
//!
//! Owns how a list of them reads. Guarantees that what would not show, or would end the sentence, is escaped.

use crate::input::description::SheetInfo;
use crate::seen::plain;
use std::fmt;

pub(super) struct In<'a>(pub(super) &'a str);

impl fmt::Display for In<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        write!(f, " (in {})", plain(self.0))
    }
}

/// A name in quotes, with what would not show escaped; an apostrophe is part of many a sheet's name.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for sign in self.0.chars() {
            match sign {
                '\'' => f.write_str("'")?,
                sign => write!(f, "{}", sign.escape_debug())?,
            }
        }
        f.write_str("\"")
    }
}

fn write_names<'a>(
    f: &mut fmt::Formatter<'_>,
    names: impl Iterator<Item = &'a String>,
) -> fmt::Result {
    for (at, name) in names.enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        write!(f, "{comma}{}", Quoted(name))?;
    }
    Ok(())
}

pub(super) struct Names<'a>(pub(super) &'a [SheetInfo]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_names(f, self.0.iter().map(|sheet| &sheet.name))
    }
}

pub(super) struct Areas<'a>(pub(super) &'a [String]);

impl fmt::Display for Areas<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("; the workbook names none");
        }
        f.write_str("; there are ")?;
        write_names(f, self.0.iter())
    }
}

pub(super) struct Hidden<'a>(pub(super) &'a [SheetInfo]);

impl fmt::Display for Hidden<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        write!(f, "; hidden: {}", Names(self.0))
    }
}
