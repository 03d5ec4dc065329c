//! [`Input`]: a file of calls as rows, whatever the file.
//!
//! Owns the way from bytes to rows: what the file is (told by its content, never by its name), how its text is
//! encoded, where its header stands, and each row with the position that a person sees in a spreadsheet.
//! Guarantees that [`Input::open`] has looked at the whole file for what would only show in the middle of it (bad
//! bytes, an open quote, a damaged archive), that memory does not grow with the file (a workbook's shared strings
//! aside), and that a file which changes between two reads is noticed. Knows no mapping and no ticket, and writes
//! nothing.

mod below;
mod border;
mod csv;
mod delimiter;
mod description;
mod encoding;
mod ending;
mod error;
mod file_state;
mod form;
mod header;
mod pairs;
mod part;
mod places;
mod quotes;
mod readable;
mod relay;
mod spool;
mod surplus;
mod swallowed;
mod workbook;

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod mutation;

pub use below::RowsBelow;
pub use border::panics_are_caught;
pub use description::{
    DelimiterReason, Description, Further, Kind, Layout, SheetInfo, SheetLayout, TableInfo,
    TextLayout,
};
pub use encoding::{EncodingReason, LineEnd};
pub use error::{Foreign, InputError, InputErrorKind};
pub use relay::{Noted, Seen};
pub use workbook::sheet_name_for_excel;

use self::csv::{Block, Blocks, further};
use crate::columns::REJECTS;
use crate::reading::{Area, Condition, Hidden, Merged, Quoting, Range, ShortRows, letters};
use crate::row::Row;
use below::Below;
use description::Origin;
use ending::{Ending, Shorts};
use error::Fault;
use file_state::FileState;
use header::{Body, Header, Padding, Skips};
use part::Part;
use readable::{Readable, recognise};
use relay::{Hand, Outlet, Pump, Source};
use spool::Place;
use std::borrow::Cow;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use surplus::Surplus;

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
    /// Whether a cell of a CSV file that looks like rows keeps it from being read.
    pub quoting: Quoting,
    /// What becomes of rows of a CSV file that have too few cells.
    pub short_rows: ShortRows,
    /// What becomes of hidden rows; none refuses a sheet that has some.
    pub hidden: Option<Hidden>,
    /// What becomes of merged cells.
    pub merged: Merged,
    /// The part of the sheet that holds the table, as cells or by its name; none for all of it.
    pub range: Option<Range>,
    /// Rows to which one of these applies are passed over.
    pub skip_rows_where: Vec<Condition>,
}

/// A file whose form has been decided; cheap to hold, and read as often as wanted.
#[derive(Debug)]
pub struct Input {
    description: Description,
    place: Place,
    state: FileState,
    header: Header,
    /// None in a workbook.
    surplus: Option<Surplus>,
    /// Where the rows are read; none where all of them are.
    area: Option<Area>,
    skips: Skips,
    below: Below,
    ending: Ending,
    short_rows: ShortRows,
    form: Readable,
}

impl Input {
    /// Decides what a file is, over the whole of it, and finds its header.
    ///
    /// A compressed file (gzip) and a named pipe are first copied to a temporary file that only its owner may read
    /// and that goes with the input.
    ///
    /// # Errors
    ///
    /// [`InputError`] for everything that keeps the file from being read as a table with a header and rows.
    pub fn open(path: &Path, options: &Options) -> Result<Input, InputError> {
        Place::of(path)
            .and_then(|place| Self::decide(path, place, options))
            .map_err(|fault| fault.within(path))
    }

    /// Reads a stream to its end, into such a temporary file, and goes on as [`Input::open`] does.
    ///
    /// # Errors
    ///
    /// As [`Input::open`], and where the stream cannot be read or stored.
    pub fn from_stream(
        stream: &mut dyn Read,
        name: &Path,
        options: &Options,
    ) -> Result<Input, InputError> {
        Place::of_stream(stream)
            .and_then(|place| Self::decide(name, place, options))
            .map_err(|fault| fault.within(name))
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

    /// The header as it may be shown: the columns' letters where it looks like the rows below it, which would
    /// show a patient.
    #[must_use]
    pub fn shown_header(&self) -> Cow<'_, [String]> {
        let names = self.header();
        if self.header.is_a_row() {
            Cow::Owned((0..names.len()).map(letters).collect())
        } else {
            Cow::Borrowed(names)
        }
    }

    /// How many rows `skip_rows_where` passed over when the rows were last read to their end.
    #[must_use]
    pub fn skipped_rows(&self) -> u64 {
        self.ending.skipped()
    }

    /// How many rows with too few cells were filled up with blank ones, because the user wants it so, then.
    #[must_use]
    pub fn filled_rows(&self) -> u64 {
        self.ending.filled()
    }

    /// The first of the rows with too few cells and how many there are, then, where they lie as Excel leaves cells out.
    #[must_use]
    pub fn rows_cut_by_excel(&self) -> Option<(u64, u64)> {
        self.ending.in_blocks()
    }

    /// The rows below the part that is read which have a value in its columns, when the rows were last read to their end;
    /// none where all of the file is read. A table's own row of totals and rows that `skip_rows_where` means are none of them.
    #[must_use]
    pub fn rows_below(&self) -> Option<RowsBelow> {
        self.below.told()
    }

    /// The last row of a CSV file, where it has too few cells and no line end, when the rows were last read to their end.
    ///
    /// So a file ends that was still being written when it was copied: rows behind that one may be missing.
    #[must_use]
    pub fn cut_row(&self) -> Option<u64> {
        self.ending.cut_row()
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
        mut each: impl FnMut(&Row) -> ControlFlow<B>,
    ) -> Result<Option<B>, InputError> {
        let hand = |_: &Row, (): &mut ()| Noted::KEPT;
        self.for_each_worked_row(vec![hand], |seen| match seen.kept {
            Some((row, ())) => each(row),
            None => ControlFlow::Continue(()),
        })
    }

    /// As [`Input::for_each_row`], but each row first goes through one of `hands`, which put what they make of it
    /// beside it and say something of it; each of them runs on a thread of its own. What they made of an earlier row is
    /// handed to them again, so that its memory can be used again. A row that they do not keep is not seen here: of most
    /// rows a word is enough, and to carry them from core to core takes as long as to read them.
    ///
    /// # Errors
    ///
    /// As [`Input::for_each_row`].
    pub fn for_each_worked_row<W, N, H, B>(
        &self,
        hands: Vec<H>,
        mut each: impl FnMut(Seen<'_, W, N>) -> ControlFlow<B>,
    ) -> Result<Option<B>, InputError>
    where
        W: Default + Send,
        N: Send,
        H: FnMut(&Row, &mut W) -> Noted<N> + Send,
    {
        let sheet = self.description.sheet().map(Arc::from);
        let width = self.header.names().len();
        let hands = hands.into_iter().map(|mut work| Hand {
            unpack: self.unpacker(),
            work: move |row: &Row, made: &mut W| {
                let Noted { note, keep } = work(row, made);
                let short = (row.width() < width).then(|| u32::try_from(row.width()));
                let note = (short.and_then(Result::ok), note);
                Noted { note, keep }
            },
        });
        self.below.begin();
        let mut shorts = Shorts::behind(self.header.row());
        self.ending.begin();
        let end = relay::run(
            sheet,
            |outlet| self.produce(outlet),
            hands.collect(),
            |seen| {
                let (short, note) = seen.note;
                shorts.see(seen.row, short);
                each(Seen {
                    row: seen.row,
                    note,
                    kept: seen.kept,
                })
            },
        );
        if matches!(end, Ok(None)) {
            let area = self.area.as_ref();
            let to_end = area.is_none_or(|area| *area.rows.end() == u64::MAX);
            let text = self.description.text();
            let ends_open = text.is_some_and(|text| text.ends_open);
            let is_cut = |row: &u64| to_end && ends_open && self.ends_with(*row);
            self.ending.keep(shorts.last().filter(is_cut), &shorts);
        }
        let path = self.place.path();
        // In a file that has changed, anything may look wrong.
        end.map_err(|fault| self.state.check(path).err().unwrap_or(fault))
            .map_err(|fault| fault.within(&self.description.file))
    }

    /// Whether no other row stands behind this one in a CSV file, not even one that is blank or passed over.
    fn ends_with(&self, row: u64) -> bool {
        match &self.form {
            Readable::Csv(text) => text.cuts.last().is_some_and(|end| end.rows == row),
            Readable::Xlsx(_) => false,
        }
    }

    /// The SHA-256 of the file's bytes, computed anew at each call.
    ///
    /// # Errors
    ///
    /// [`InputError`] where the file cannot be read or has changed since it was opened.
    pub fn fingerprint(&self) -> Result<[u8; 32], InputError> {
        let path = self.place.path();
        let digest = || -> Result<[u8; 32], Fault> {
            let digest = file_state::digest(path)?;
            self.state.check(path)?;
            Ok(digest)
        };
        digest().map_err(|fault| fault.within(&self.description.file))
    }

    /// The same of a file that is not to be read as a table; one that is compressed or a pipe is read as [`Input::open`] does.
    ///
    /// # Errors
    ///
    /// [`InputError`] where the file cannot be read.
    pub fn fingerprint_of(path: &Path) -> Result<[u8; 32], InputError> {
        Place::of(path)
            .and_then(|place| Ok(file_state::digest(place.path())?))
            .map_err(|fault| fault.within(path))
    }

    fn decide(name: &Path, place: Place, options: &Options) -> Result<Input, Fault> {
        let path = place.path();
        let state = FileState::of(path)?;
        let form = recognise(path, options)?;
        let area = form.area(options);
        let header_row = options.header_row.or(form.header_row());
        let mut header = None;
        let found = form.read(path, true, &mut |source| {
            header = Some(match &area {
                None => Header::find(source, header_row, usize::MAX)?,
                Some(area) => {
                    let mut part = Part::with_beside(source, area, REJECTS.len());
                    Header::find(&mut part, header_row, area.columns.clone().count())?
                }
            });
            Ok(())
        });
        found.map_err(|fault| form.placed(fault))?;
        let header = header.ok_or(InputErrorKind::NoHeader)?;
        state.check(path)?;
        let skips = Skips::new(&options.skip_rows_where, &header)?;
        let origin = Origin {
            name,
            state: &state,
            compressed: place.was_compressed(),
            area: area.as_ref(),
        };
        let surplus = match &form {
            Readable::Csv(text) => Some(Surplus::find(path, text, &header, area.as_ref())),
            Readable::Xlsx(_) => None,
        };
        let layout = match &form {
            Readable::Csv(text) => {
                let further = further(path, text, &header)?;
                Layout::Csv(TextLayout::of(text, further, options))
            }
            Readable::Xlsx(book) => Layout::Xlsx(SheetLayout::of(book, &header, options)),
        };
        if let (Layout::Xlsx(sheet), None) = (&layout, options.hidden)
            && sheet.hidden_rows > 0
        {
            let (rows, filtered) = (sheet.hidden_rows, sheet.filtered);
            return Err(form.placed(InputErrorKind::HiddenRows { rows, filtered }.into()));
        }
        let description = Description::new(&origin, layout, &header, options);
        Ok(Input {
            description,
            place,
            state,
            below: Below::new(area.as_ref(), form.totals()),
            area: area.map(|named| header.area(&named)),
            header,
            surplus,
            skips,
            ending: Ending::default(),
            short_rows: options.short_rows,
            form,
        })
    }

    /// Reads all rows, or all blocks of them, into the relay; runs on the reader's thread.
    fn produce<W: Default, N>(&self, outlet: &mut Outlet<Block, W, N>) -> Result<(), Fault> {
        let path = self.place.path();
        let watch = || self.state.check(path);
        watch()?;
        match &self.form {
            Readable::Csv(text) => {
                let mut blocks = Blocks::open(path, text)?;
                outlet.pass(|block| {
                    watch()?;
                    Ok(blocks.next(block)?.then(|| block.size()))
                })?;
            }
            Readable::Xlsx(book) => {
                book.read(path, false, &mut |source| self.body(source, &watch, outlet))?;
            }
        }
        watch()
    }

    /// What makes rows of a block; one for each thread that does so.
    fn unpacker(&self) -> impl FnMut(&Block, &mut dyn Pump) -> Result<(), Fault> + Send {
        move |block, pump| match &self.form {
            // The reader watches the file.
            Readable::Csv(text) => {
                let mut rows = block.rows(text, self.surplus.as_ref())?;
                self.body(&mut rows, &|| Ok(()), pump)
            }
            Readable::Xlsx(_) => Ok(()),
        }
    }

    /// Which rows get the cells that they lack. The last line of a text that has no end may have been cut short: nobody knows
    /// what stood there.
    fn padding(&self) -> Padding {
        match (&self.form, self.short_rows) {
            (Readable::Xlsx(_), _) => Padding::All,
            (Readable::Csv(_), ShortRows::Refuse) => Padding::None,
            (Readable::Csv(text), ShortRows::Fill) => {
                let last = text.cuts.last().filter(|_| text.ends_open);
                Padding::But(last.map_or(0, |end| end.rows))
            }
        }
    }

    /// Puts those rows of a source that stand under the header, and are asked for, where they are wanted.
    fn body(
        &self,
        source: &mut dyn Source,
        watch: &dyn Fn() -> Result<(), Fault>,
        pump: &mut dyn Pump,
    ) -> Result<(), Fault> {
        let mut take = |source: &mut dyn Source| {
            let padding = self.padding();
            let mut rows = Body::new(source, &self.header, &self.skips, padding, watch);
            pump.pump(&mut rows)?;
            self.ending.count(rows.skipped(), rows.filled());
            Ok(())
        };
        let Some(area) = &self.area else {
            return take(source);
        };
        let mut part = Part::new(source, area);
        take(&mut part)?;
        self.below.count(&mut part, |row| self.skips.apply(row))
    }
}

#[cfg(test)]
mod tests;
