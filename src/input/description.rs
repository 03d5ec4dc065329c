//! [`Description`]: what was decided about a file, and what else a person should know of it.
//!
//! Owns the facts for reports: counts and names, never a cell's value. Decides nothing: the readers did.

use super::Options;
use super::encoding::{EncodingReason, LineEnd, Text};
use super::file_state::FileState;
use super::header::Header;
use super::workbook::{Nature, Workbook};
use crate::reading::{Area, Hidden, Merged, Quoting, Range};
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
    /// What only files of its kind have.
    pub layout: Layout,
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
    /// The part of the table's sheet that the user named; none where all of it is read.
    pub range: Option<Area>,
    /// What becomes of hidden rows, where the user said so.
    pub hidden: Option<Hidden>,
}

/// What was decided about a file that only one of its kind has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// How a text parts into rows and cells.
    Csv(TextLayout),
    /// Which cells of a workbook the table is.
    Xlsx(SheetLayout),
}

/// How a text parts into rows and cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextLayout {
    /// The encoding's name, such as `UTF-8`.
    pub encoding: &'static str,
    /// Why that encoding.
    pub encoding_reason: EncodingReason,
    /// What parts the cells.
    pub delimiter: char,
    /// Why that delimiter.
    pub delimiter_reason: DelimiterReason,
    /// What is thought of its quotes.
    pub quoting: Quoting,
    /// How its lines end; none where there is one line.
    pub line_end: Option<LineEnd>,
    /// How most of its rows end: never mixed.
    pub record_end: LineEnd,
    /// Whether it begins with a byte order mark.
    pub is_marked: bool,
    /// Whether its last line has no end, as in a file that is cut short.
    pub ends_open: bool,
    /// What follows the first file, where several were run together.
    pub further: Option<Further>,
}

/// Which cells of a workbook the table is, and what is hidden or merged among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetLayout {
    /// The worksheet that is read.
    pub sheet: String,
    /// All worksheets in their order.
    pub sheets: Vec<SheetInfo>,
    /// All tables of the workbook, in the order of their sheets.
    pub tables: Vec<TableInfo>,
    /// The name by which the user named the part that is read, where it was one.
    pub range_name: Option<String>,
    /// Hidden rows under the header that have a value.
    pub hidden_rows: u64,
    /// Whether a filter is set that hides rows.
    pub filtered: bool,
    /// Hidden columns among those of the table.
    pub hidden_columns: u64,
    /// Merged areas under the header.
    pub merged: u64,
    /// What becomes of them.
    pub merging: Merged,
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
    /// The part of it that is read.
    pub(super) area: Option<&'a Area>,
}

impl Description {
    pub(super) fn new(
        origin: &Origin<'_>,
        layout: Layout,
        header: &Header,
        options: &Options,
    ) -> Description {
        Description {
            file: origin.name.to_owned(),
            layout,
            header_row: header.row(),
            header_asked: options.header_row.is_some(),
            title_rows: header.title_rows(),
            is_rejects: header.is_rejects(),
            compressed: origin.compressed,
            bytes: origin.state.bytes(),
            range: origin.area.cloned(),
            hidden: options.hidden,
        }
    }

    /// What the file is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.layout {
            Layout::Csv(_) => Kind::Csv,
            Layout::Xlsx(_) => Kind::Xlsx,
        }
    }

    /// How the text parts; none in a workbook.
    #[must_use]
    pub fn text(&self) -> Option<&TextLayout> {
        match &self.layout {
            Layout::Csv(text) => Some(text),
            Layout::Xlsx(_) => None,
        }
    }

    /// Which cells are read; none in a CSV file.
    #[must_use]
    pub fn workbook(&self) -> Option<&SheetLayout> {
        match &self.layout {
            Layout::Csv(_) => None,
            Layout::Xlsx(sheet) => Some(sheet),
        }
    }

    /// The worksheet that is read; none in a CSV file.
    #[must_use]
    pub fn sheet(&self) -> Option<&str> {
        self.workbook().map(|layout| layout.sheet.as_str())
    }
}

impl TextLayout {
    pub(super) fn of(text: &Text, further: Option<Further>, options: &Options) -> TextLayout {
        TextLayout {
            encoding: text.encoding.name(),
            encoding_reason: text.reason,
            delimiter: char::from(text.delimiter),
            delimiter_reason: if options.delimiter.is_some() {
                DelimiterReason::Asked
            } else if text.skip > 0 {
                DelimiterReason::SepLine
            } else {
                DelimiterReason::Found
            },
            quoting: text.quoting,
            line_end: text.line_end,
            record_end: text.record_end,
            is_marked: text.is_marked(),
            ends_open: text.ends_open,
            further,
        }
    }
}

impl SheetLayout {
    pub(super) fn of(book: &Workbook, header: &Header, options: &Options) -> SheetLayout {
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
        SheetLayout {
            sheet: book.sheet().to_owned(),
            sheets: book.sheets().to_vec(),
            tables: tables.collect(),
            range_name: match &options.range {
                Some(Range::Named(name)) => Some(name.clone()),
                _ => None,
            },
            hidden_rows: facts.hidden_rows_in(&body),
            filtered: facts.filtered,
            hidden_columns: facts.hidden_columns_in(&body),
            merged: facts.merged_in(&body),
            merging: options.merged,
            uncomputed: facts.uncomputed_in(&body),
        }
    }
}
