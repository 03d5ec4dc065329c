//! [`Readable`]: what a file was recognised as, ready to be read as often as wanted.
//!
//! Owns the choice between the two readers, by the file's content, and what they are asked for alike. Does not know which
//! of the rows are a table's.

use super::Options;
use super::csv::Records;
use super::encoding::{self, Text};
use super::error::{Fault, InputErrorKind};
use super::form::{self, Form};
use super::relay::Source;
use super::workbook::{self, Workbook};
use crate::reading::{Area, Range};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// A file whose kind is known.
#[derive(Debug)]
pub(super) enum Readable {
    Csv(Text),
    Xlsx(Box<Workbook>),
}

impl Readable {
    /// Opens the rows and lends them to `user`; `keep` says that they are soon read again.
    pub(super) fn read(
        &self,
        path: &Path,
        keep: bool,
        user: &mut dyn FnMut(&mut dyn Source) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        match self {
            Readable::Csv(text) => user(&mut Records::open(path, text)?),
            Readable::Xlsx(book) => book.read(path, keep, user),
        }
    }

    /// The part that was asked for, as cells.
    pub(super) fn area(&self, options: &Options) -> Option<Area> {
        match (self, &options.range) {
            (Readable::Xlsx(book), _) => book.area().cloned(),
            (Readable::Csv(_), Some(Range::Area(area))) => Some(area.clone()),
            (Readable::Csv(_), _) => None,
        }
    }

    /// The header's row, where the file says which it is.
    pub(super) fn header_row(&self) -> Option<u64> {
        match self {
            Readable::Xlsx(book) => book.header_row(),
            Readable::Csv(_) => None,
        }
    }

    /// How many rows of totals stand below that part and belong to it.
    pub(super) fn totals(&self) -> u64 {
        match self {
            Readable::Xlsx(book) => book.totals(),
            Readable::Csv(_) => 0,
        }
    }

    /// Gives a fault the sheet's name, which the rows of a preview do not carry.
    pub(super) fn placed(&self, mut fault: Fault) -> Fault {
        if let Readable::Xlsx(book) = self {
            fault.position.sheet = Some(Arc::from(book.sheet()));
        }
        fault
    }
}

/// Tells what the file is and looks through all of it.
pub(super) fn recognise(path: &Path, options: &Options) -> Result<Readable, Fault> {
    let mut prefix = vec![0; form::PREFIX];
    let length = encoding::fill(&mut File::open(path)?, &mut prefix)?;
    prefix.truncate(length);
    if length == 0 {
        return Err(InputErrorKind::Empty.into());
    }
    match form::recognise(&prefix) {
        Form::Zip => {
            let book = Workbook::open(path, options)?;
            Ok(Readable::Xlsx(Box::new(book)))
        }
        Form::Ole => Err(workbook::ole(path)?.into()),
        Form::Foreign(foreign) => Err(InputErrorKind::Foreign(foreign).into()),
        Form::Text if options.sheet.is_some() => Err(InputErrorKind::SheetOfCsv.into()),
        Form::Text if matches!(options.range, Some(Range::Named(_))) => {
            Err(InputErrorKind::RangeOfCsv.into())
        }
        Form::Text => text(path, options).map(Readable::Csv).or_else(|fault| {
            Err(if form::is_prefixed(path)? {
                InputErrorKind::Prefixed.into()
            } else {
                fault
            })
        }),
    }
}

fn text(path: &Path, options: &Options) -> Result<Text, Fault> {
    let (mut text, flaw) = Text::decide(path, options.encoding.as_deref(), options.delimiter)?;
    text.quoting = options.quoting;
    match flaw {
        Some(flaw) => Err(Fault::at(flaw.row, flaw.line, flaw.kind)),
        None => Ok(text),
    }
}
