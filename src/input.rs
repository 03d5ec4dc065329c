//! [`Input`]: a file of calls as rows, whatever the file.
//!
//! Owns the way from bytes to rows: what the file is (told by its content, never by its name), how its text is
//! encoded, where its header stands, and each row with the position that a person sees in a spreadsheet.
//! Guarantees that [`Input::open`] has looked at the whole file for what would only show in the middle of it (bad
//! bytes, an open quote, a damaged archive), that memory does not grow with the file (a workbook's shared strings
//! aside), and that a file which changes between two reads is noticed. Knows no mapping and no ticket, and writes
//! nothing.

mod csv;
mod delimiter;
mod encoding;
mod error;
mod form;
mod header;
mod identity;
mod quotes;
mod relay;
mod workbook;

#[cfg(test)]
mod corpus;

pub use encoding::EncodingReason;
pub use error::{Foreign, InputError, InputErrorKind};

use self::csv::Records;
use crate::row::Row;
use encoding::Text;
use error::Fault;
use form::Form;
use header::Header;
use identity::Identity;
use relay::{Outlet, Source};
use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use workbook::Workbook;

/// What the user decides about reading; everything else is found in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// The worksheet; none for the only visible one with data.
    pub sheet: Option<String>,
    /// The row of the header as the spreadsheet shows it; none for the first that looks like one.
    pub header_row: Option<u64>,
    /// The encoding of a CSV file, by a name that web browsers know.
    pub encoding: Option<String>,
    /// The delimiter of a CSV file.
    pub delimiter: Option<u8>,
    /// What happens to the hidden rows of a worksheet.
    pub hidden: HiddenRows,
}

/// What happens to rows that a worksheet hides, a filtered sheet's among them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HiddenRows {
    /// They are rows like any other; [`Description::hidden_rows`] says how many there are.
    #[default]
    Import,
    /// They are passed over.
    Skip,
}

/// The two kinds of file that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text with delimiters.
    Csv,
    /// An Excel workbook (`.xlsx`, `.xlsm`).
    Xlsx,
}

impl Kind {
    /// The word for reports: `csv` or `xlsx`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Csv => "csv",
            Kind::Xlsx => "xlsx",
        }
    }
}

/// What was decided about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The path as it was given.
    pub file: PathBuf,
    /// What the file is.
    pub kind: Kind,
    /// The worksheet; none in a CSV file.
    pub sheet: Option<String>,
    /// The encoding's name, such as `UTF-8`; none in a workbook.
    pub encoding: Option<&'static str>,
    /// Why that encoding; none in a workbook.
    pub encoding_reason: Option<EncodingReason>,
    /// The delimiter; none in a workbook.
    pub delimiter: Option<char>,
    /// The row of the header as the spreadsheet shows it.
    pub header_row: u64,
    /// Rows with a value above the header, which are not imported.
    pub title_rows: u64,
    /// Whether the file is a rejects file of ours, whose last two columns are not part of its rows.
    pub is_rejects: bool,
    /// The file's size.
    pub bytes: u64,
    /// Rows that the worksheet hides, wherever they stand.
    pub hidden_rows: u64,
    /// Columns of the header that the worksheet hides.
    pub hidden_columns: u64,
    /// Whether a filter is set in the worksheet.
    pub filtered: bool,
    /// Merged areas: only their top left cell has a value.
    pub merged_areas: u64,
    /// Formulas whose values the file does not hold.
    pub uncomputed: u64,
    /// The worksheets that are hidden and not read.
    pub hidden_sheets: Vec<String>,
}

/// A file whose form has been decided; cheap to hold, and read as often as wanted.
#[derive(Debug)]
pub struct Input {
    description: Description,
    identity: Identity,
    header: Header,
    form: Readable,
}

#[derive(Debug)]
enum Readable {
    Csv(Text),
    Xlsx(Box<Workbook>),
}

impl Input {
    /// Decides what a file is, over the whole of it, and finds its header.
    ///
    /// # Errors
    ///
    /// [`InputError`] for everything that keeps the file from being read as a table with a header and rows.
    pub fn open(path: &Path, options: &Options) -> Result<Input, InputError> {
        Self::decide(path, options).map_err(|fault| fault.within(path))
    }

    /// What was decided.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The names of all columns as the file has them; blank where a column has none.
    ///
    /// The two columns that a rejects file of ours has behind them are not among them.
    #[must_use]
    pub fn header(&self) -> &[String] {
        self.header.names()
    }

    /// Calls `each` for every row after the header, in order, until it breaks.
    ///
    /// Reading runs ahead on a thread of its own; `each` runs on the caller's. Blank rows are passed over. A row
    /// has as many cells as the file gives it: fewer or more than the header, if it is ragged.
    ///
    /// # Errors
    ///
    /// [`InputError`] where the file cannot be read on or has changed since it was opened. Rows before that place
    /// have been handed out then.
    pub fn for_each_row<B>(
        &self,
        each: impl FnMut(&Row) -> ControlFlow<B>,
    ) -> Result<Option<B>, InputError> {
        let sheet = self.description.sheet.as_deref().map(Arc::from);
        relay::run(sheet, |outlet| self.produce(outlet), each)
            .map_err(|fault| fault.within(&self.description.file))
    }

    /// The SHA-256 of the file's bytes, computed anew at each call.
    ///
    /// # Errors
    ///
    /// [`InputError`] where the file cannot be read or has changed since it was opened.
    pub fn fingerprint(&self) -> Result<[u8; 32], InputError> {
        let path = &self.description.file;
        let digest = || -> Result<[u8; 32], Fault> {
            let digest = identity::digest(path)?;
            self.identity.check(path)?;
            Ok(digest)
        };
        digest().map_err(|fault| fault.within(path))
    }

    /// Reads a table of two columns without a header, for translations.
    ///
    /// # Errors
    ///
    /// [`InputError`] where the file cannot be read, or a row has not two cells.
    pub fn read_pairs(path: &Path) -> Result<Vec<(String, String)>, InputError> {
        let read = || -> Result<Vec<(String, String)>, Fault> {
            let form = recognise(path, &Options::default())?;
            let mut pairs = Vec::new();
            form.read(path, false, &mut |source| {
                let mut row = Row::default();
                while source.next(&mut row)? {
                    let surplus = row.cells().skip(2).any(|cell| !cell.text.trim().is_empty());
                    if row.width() < 2 || surplus {
                        let position = row.position.clone();
                        return Err(Fault {
                            position,
                            kind: InputErrorKind::NotAPair,
                        });
                    }
                    pairs.push((row.text(0).to_owned(), row.text(1).to_owned()));
                }
                Ok(())
            })?;
            Ok(pairs)
        };
        read().map_err(|fault| fault.within(path))
    }

    fn decide(path: &Path, options: &Options) -> Result<Input, Fault> {
        let identity = Identity::of(path)?;
        let form = recognise(path, options)?;
        let mut header = None;
        let found = form.read(path, true, &mut |source| {
            header = Some(Header::find(source, options.header_row)?);
            Ok(())
        });
        found.map_err(|fault| form.placed(fault))?;
        let header = header.ok_or(InputErrorKind::NoHeader)?;
        identity.check(path)?;
        let description = describe(path, &identity, &header, &form);
        Ok(Input {
            description,
            identity,
            header,
            form,
        })
    }

    /// Reads all rows into the relay; runs on the reader's thread.
    fn produce(&self, outlet: &mut Outlet) -> Result<(), Fault> {
        let path = &self.description.file;
        self.identity.check(path)?;
        self.form.read(path, false, &mut |source| {
            let pad = self.description.kind == Kind::Xlsx;
            let watch = || self.identity.check(path);
            let mut rows = header::Body::new(source, &self.header, pad, &watch);
            outlet.pump(&mut rows)
        })?;
        self.identity.check(path)
    }
}

impl Readable {
    /// Opens the rows and lends them to `user`; `keep` says that they are soon read again.
    fn read(
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
}

impl Readable {
    /// Gives a fault the sheet's name, which the rows of a preview do not carry.
    fn placed(&self, mut fault: Fault) -> Fault {
        if let Readable::Xlsx(book) = self {
            fault.position.sheet = Some(Arc::from(book.sheet()));
        }
        fault
    }
}

/// Tells what the file is and looks through all of it.
fn recognise(path: &Path, options: &Options) -> Result<Readable, Fault> {
    let mut prefix = vec![0; form::PREFIX];
    let length = encoding::fill(&mut File::open(path)?, &mut prefix)?;
    prefix.truncate(length);
    if length == 0 {
        return Err(InputErrorKind::Empty.into());
    }
    match form::recognise(&prefix) {
        Form::Zip => {
            let book = Workbook::open(path, options.sheet.as_deref(), options.hidden)?;
            Ok(Readable::Xlsx(Box::new(book)))
        }
        Form::Ole => Err(workbook::ole(path)?.into()),
        Form::Foreign(foreign) => Err(InputErrorKind::Foreign(foreign).into()),
        Form::Text if options.sheet.is_some() => Err(InputErrorKind::SheetOfCsv.into()),
        Form::Text => text(path, options).map(Readable::Csv),
    }
}

fn text(path: &Path, options: &Options) -> Result<Text, Fault> {
    let (text, flaw) = Text::decide(path, options.encoding.as_deref(), options.delimiter)?;
    let Some(flaw) = flaw else { return Ok(text) };
    // The scan knows the line; the row that a spreadsheet shows is found by reading up to it.
    let row = row_at_line(path, &text, flaw.line);
    Err(Fault::at(row, flaw.line, flaw.kind))
}

fn row_at_line(path: &Path, text: &Text, line: u64) -> u64 {
    let Ok(mut records) = Records::open(path, text) else {
        return 0;
    };
    let mut row = Row::default();
    let mut found = 0;
    loop {
        match records.next(&mut row) {
            Ok(true) if row.position.line.is_some_and(|begins| begins <= line) => {
                found = row.position.row;
            }
            Err(fault) if fault.position.line.is_some_and(|begins| begins <= line) => {
                return fault.position.row;
            }
            Ok(_) | Err(_) => return found,
        }
    }
}

fn describe(path: &Path, identity: &Identity, header: &Header, form: &Readable) -> Description {
    let text = match form {
        Readable::Csv(text) => Some(text),
        Readable::Xlsx(_) => None,
    };
    let description = Description {
        file: path.to_owned(),
        kind: Kind::Csv,
        sheet: None,
        encoding: text.map(|text| text.encoding.name()),
        encoding_reason: text.map(|text| text.reason),
        delimiter: text.map(|text| char::from(text.delimiter)),
        header_row: header.row(),
        title_rows: header.title_rows(),
        is_rejects: header.is_rejects(),
        bytes: identity.bytes(),
        hidden_rows: 0,
        hidden_columns: 0,
        filtered: false,
        merged_areas: 0,
        uncomputed: 0,
        hidden_sheets: Vec::new(),
    };
    match form {
        Readable::Csv(_) => description,
        Readable::Xlsx(book) => Description {
            kind: Kind::Xlsx,
            sheet: Some(book.sheet().to_owned()),
            hidden_rows: book.hidden_rows(),
            hidden_columns: book.hidden_columns(header.names().len()),
            filtered: book.is_filtered(),
            merged_areas: book.merged_areas(),
            uncomputed: book.uncomputed(),
            hidden_sheets: book.hidden_sheets().to_vec(),
            ..description
        },
    }
}

#[cfg(test)]
mod tests;
