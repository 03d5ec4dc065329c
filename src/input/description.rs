//! [`Description`]: what was decided about a file, and what else a person should know of it.
//!
//! Owns the facts for reports: counts and names, never a cell's value. Decides nothing: the readers did.

use super::Options;
use super::encoding::{EncodingReason, LineEnd, Text};
use super::file_state::FileState;
use super::header::Header;
use super::workbook::{Nature, Workbook};
use crate::reading::{Area, Hidden, Range};
use std::path::{Path, PathBuf};

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

/// Why a delimiter was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DelimiterReason {
    /// The user said so.
    Asked,
    /// The file's first line says so (`sep=;`).
    SepLine,
    /// It parts the first rows most evenly.
    Found,
}

/// What was decided about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The file as it was named; `stdin` for standard input.
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
    /// Why that delimiter; none in a workbook.
    pub delimiter_reason: Option<DelimiterReason>,
    /// How its lines end; none in a workbook.
    pub line_end: Option<LineEnd>,
    /// How most rows of a CSV file end: never mixed.
    pub record_end: LineEnd,
    /// Whether a CSV file begins with a byte order mark.
    pub is_marked: bool,
    /// Whether the last line of a CSV file has no end, as in a file that is cut short.
    pub ends_open: bool,
    /// What follows the first file, where several were run together.
    pub further: Option<Further>,
    /// The row of the header as the spreadsheet shows it.
    pub header_row: u64,
    /// Whether the user named the header row.
    pub header_asked: bool,
    /// Rows with a value above the header, which are not imported.
    pub title_rows: u64,
    /// Whether the file is a rejects file of ours, whose last two columns are not part of its rows.
    pub is_rejects: bool,
    /// Whether the file came compressed (gzip).
    pub compressed: bool,
    /// The file's size, unpacked.
    pub bytes: u64,
    /// All worksheets in their order; none in a CSV file.
    pub sheets: Vec<SheetInfo>,
    /// All tables of the workbook, in the order of their sheets; none in a CSV file.
    pub tables: Vec<TableInfo>,
    /// The part of the sheet that the user named; none where all of it is read.
    pub range: Option<Area>,
    /// The name by which the user named it, where it was one.
    pub range_name: Option<String>,
    /// Hidden rows under the header that have a value.
    pub hidden_rows: u64,
    /// Whether a filter is set that hides rows.
    pub filtered: bool,
    /// What becomes of hidden rows, where the user said so.
    pub hidden: Option<Hidden>,
    /// Hidden columns among those of the table.
    pub hidden_columns: u64,
    /// Merged areas under the header.
    pub merged: u64,
    /// Formulas whose values the file does not hold.
    pub uncomputed: u64,
}

/// The files that follow the first in one that was run together of several: each begins with a byte order mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Further {
    /// How many.
    pub files: u64,
    /// The first row of the first of them.
    pub row: u64,
    /// Whether that row is the header once more.
    pub header_again: bool,
}

/// A worksheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetInfo {
    /// Its name.
    pub name: String,
    /// Whether it is hidden.
    pub hidden: bool,
}

/// A table of a workbook, or cells that a person named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableInfo {
    /// Its name.
    pub name: String,
    /// The worksheet that holds it.
    pub sheet: String,
    /// Its cells: header and rows, without a row of totals.
    pub area: Area,
    /// Whether it is a table; cells with a name are none.
    pub is_table: bool,
}

/// Where a file lies, as far as a description is concerned.
pub(super) struct Origin<'a> {
    pub(super) name: &'a Path,
    pub(super) state: &'a FileState,
    pub(super) compressed: bool,
}

impl Description {
    fn new(origin: &Origin<'_>, kind: Kind, header: &Header, options: &Options) -> Description {
        Description {
            file: origin.name.to_owned(),
            kind,
            sheet: None,
            encoding: None,
            encoding_reason: None,
            delimiter: None,
            delimiter_reason: None,
            line_end: None,
            record_end: LineEnd::Lf,
            is_marked: false,
            ends_open: false,
            further: None,
            header_row: header.row(),
            header_asked: options.header_row.is_some(),
            title_rows: header.title_rows(),
            is_rejects: header.is_rejects(),
            compressed: origin.compressed,
            bytes: origin.state.bytes(),
            sheets: Vec::new(),
            tables: Vec::new(),
            range: match &options.range {
                Some(Range::Area(area)) => Some(area.clone()),
                _ => None,
            },
            range_name: match &options.range {
                Some(Range::Named(name)) => Some(name.clone()),
                _ => None,
            },
            hidden_rows: 0,
            filtered: false,
            hidden: options.hidden,
            hidden_columns: 0,
            merged: 0,
            uncomputed: 0,
        }
    }

    pub(super) fn of_text(
        origin: &Origin<'_>,
        text: &Text,
        header: &Header,
        options: &Options,
    ) -> Description {
        Description {
            encoding: Some(text.encoding.name()),
            encoding_reason: Some(text.reason),
            line_end: text.line_end,
            record_end: text.record_end,
            is_marked: text.is_marked(),
            ends_open: text.ends_open,
            delimiter: Some(char::from(text.delimiter)),
            delimiter_reason: Some(if options.delimiter.is_some() {
                DelimiterReason::Asked
            } else if text.skip > 0 {
                DelimiterReason::SepLine
            } else {
                DelimiterReason::Found
            }),
            ..Description::new(origin, Kind::Csv, header, options)
        }
    }

    pub(super) fn of_workbook(
        origin: &Origin<'_>,
        book: &Workbook,
        header: &Header,
        options: &Options,
    ) -> Description {
        let facts = book.facts();
        let asked = book.area();
        let first = asked.map_or(0, |area| *area.columns.start());
        // What is told of is what is read: the rows under the header, as wide as it is.
        let body = Area {
            rows: header.row().saturating_add(1)..=asked.map_or(u64::MAX, |area| *area.rows.end()),
            columns: first..=first + header.names().len().saturating_sub(1),
        };
        let tables = book.named().iter().map(|named| TableInfo {
            name: named.name.clone(),
            sheet: named.sheet.clone(),
            area: named.area.clone(),
            is_table: named.nature != Nature::Cells,
        });
        Description {
            sheet: Some(book.sheet().to_owned()),
            sheets: book.sheets().to_vec(),
            tables: tables.collect(),
            range: asked.cloned(),
            hidden_rows: facts.hidden_rows_in(&body),
            filtered: facts.filtered,
            hidden_columns: facts.hidden_columns_in(&body),
            merged: facts.merged_in(&body),
            uncomputed: facts.uncomputed_in(&body),
            ..Description::new(origin, Kind::Xlsx, header, options)
        }
    }
}
