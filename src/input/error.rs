//! [`InputError`]: why a file cannot be read as a table.
//!
//! Owns every sentence that a person reads about a file, with the place in it and what to do next. Guarantees that
//! no cell's value is in a message, a hint or `Debug`. Does not decide what is an error: the readers do.

mod hint;
mod words;

use super::description::SheetInfo;
use crate::row::Position;
use crate::seen::plain_path;
use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use words::{Areas, Hidden, In, Names, Quoted};

/// Why a file cannot be read as a table, with the place as far as it is known.
///
/// Its cause, where it has one, is the cause of `kind`, whose own sentence is part of the text.
#[derive(Debug)]
pub struct InputError {
    /// The file.
    pub path: PathBuf,
    /// Where in the file; row 0 where no row is meant.
    pub position: Position,
    /// What is wrong.
    pub kind: InputErrorKind,
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = Place(&self.position);
        write!(f, "{}{place}: {}", plain_path(&self.path), self.kind)
    }
}

impl Error for InputError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.kind.source()
    }
}

impl InputError {
    /// Whether the file can be read and what is wrong is what was asked of it.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(
            self.kind,
            InputErrorKind::HiddenRows { .. }
                | InputErrorKind::NoSuchColumn { .. }
                | InputErrorKind::SheetOfCsv
                | InputErrorKind::RangeOfCsv
                | InputErrorKind::UnknownEncoding { .. }
                | InputErrorKind::BadDelimiter
                | InputErrorKind::ColumnTwice { .. }
        )
    }

    /// The worksheets to choose from, where the choice is what is missing.
    #[must_use]
    pub fn sheets(&self) -> &[SheetInfo] {
        match &self.kind {
            InputErrorKind::NoSuchSheet { sheets, .. }
            | InputErrorKind::SeveralSheets { sheets }
            | InputErrorKind::NoSheetWithData { hidden: sheets } => sheets,
            _ => &[],
        }
    }

    /// Says what to do next, where there is something to do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        self.kind.hint()
    }
}

struct Place<'a>(&'a Position);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(sheet) = &self.0.sheet {
            write!(f, ", sheet {}", Quoted(sheet))?;
        }
        if self.0.row > 0 {
            write!(f, ", row {}", self.0.row)?;
        }
        if let Some(line) = self.0.line {
            write!(f, ", line {line}")?;
        }
        Ok(())
    }
}

/// A kind of file that is recognised and not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Foreign {
    /// Excel 97-2003, or older.
    Xls,
    /// Excel's binary workbook.
    Xlsb,
    /// An OpenDocument spreadsheet.
    Ods,
    /// Apple Numbers.
    Numbers,
    /// Excel 2003's XML.
    XmlSpreadsheet,
    /// A web page, often exported under the name `.xls`.
    Html,
    /// A PDF.
    Pdf,
    /// Rich text.
    Rtf,
    /// A picture.
    Image,
    /// JSON.
    Json,
    /// A Word or PowerPoint document.
    OfficeDocument,
    /// A zip archive that is no workbook.
    Zip,
    /// Another archive: 7z, RAR, bzip2, xz, zstd.
    Archive,
    /// A compressed file.
    Gzip,
    /// A database file.
    Database,
    /// Anything else that is not text.
    Binary,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Foreign::Xls => "an old Excel workbook (.xls)",
            Foreign::Xlsb => "a binary Excel workbook (.xlsb)",
            Foreign::Ods => "an OpenDocument spreadsheet (.ods)",
            Foreign::Numbers => "an Apple Numbers document",
            Foreign::XmlSpreadsheet => "an XML document (Excel 2003's XML, or another)",
            Foreign::Html => "a web page (HTML), whatever its name says",
            Foreign::Pdf => "a PDF document",
            Foreign::Rtf => "a rich text document",
            Foreign::Image => "a picture",
            Foreign::Json => "JSON",
            Foreign::OfficeDocument => "a Word or PowerPoint document",
            Foreign::Zip => "a zip archive without a workbook",
            Foreign::Archive => "a compressed archive",
            Foreign::Gzip => "a gzip archive",
            Foreign::Database => "a database file",
            Foreign::Binary => "a binary file",
        })
    }
}

/// What keeps a file from being read.
#[derive(Debug, thiserror::Error)]
pub enum InputErrorKind {
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// The file may not be read by this user.
    #[error("this user may not read it")]
    NoPermission,
    /// The path is a folder.
    #[error("this is a folder")]
    Folder,
    /// The path is a pipe, a socket or a device.
    #[error("this is not a regular file")]
    NotAFile,
    /// The file has no bytes.
    #[error("the file is empty")]
    Empty,
    /// Reading failed.
    #[error("reading failed")]
    Io(#[source] io::Error),
    /// The file is of a kind that is not read.
    #[error("this is {0}, not a CSV or XLSX file")]
    Foreign(Foreign),
    /// The workbook wants a password.
    #[error("the workbook is protected by a password")]
    Encrypted,
    /// The file was cut short, altered or badly written.
    #[error("the file is damaged: {what}{}", In(.part))]
    Damaged {
        /// The part of the workbook.
        part: String,
        /// What was found.
        what: &'static str,
    },
    /// A part of the workbook is named in a way, or stands under a name, that is not read.
    #[error("the workbook is packed like no spreadsheet program does it: a part is not at its usual place{}", In(.part))]
    Displaced {
        /// The part of the workbook.
        part: String,
    },
    /// The file asks for more than a table of calls can need.
    #[error("{what} is over the limit of {limit}{}", In(.part))]
    TooLarge {
        /// The part of the workbook; empty in a CSV file.
        part: String,
        /// What is too large.
        what: &'static str,
        /// The limit with its unit.
        limit: &'static str,
    },
    /// A cell holds something beside its value.
    #[error("a cell holds something beside its value, such as an extension (extLst), which is not read{}", In(.part))]
    Extended {
        /// The part of the workbook.
        part: String,
    },
    /// A part of the workbook is written in another encoding than the usual one.
    #[error("its text is not UTF-8{}", In(.part))]
    NotUtf8 {
        /// The part of the workbook.
        part: String,
    },
    /// A zip archive stands behind other bytes.
    #[error(
        "a zip archive, such as a workbook, begins in the middle of the file, behind something else"
    )]
    Prefixed,
    /// The rows of a worksheet claim cells without end.
    #[error("the rows reach over thousands of columns and hold next to nothing")]
    Sprawling,
    /// `encoding` is not a known name.
    #[error("the encoding {} is not known", Quoted(.label))]
    UnknownEncoding {
        /// The name as given.
        label: String,
    },
    /// Bytes that the encoding does not have.
    #[error("there are bytes that are not {encoding}")]
    Undecodable {
        /// The encoding that was decided.
        encoding: &'static str,
    },
    /// Bytes that are not UTF-8 in a file that else is.
    #[error("there are bytes that are not UTF-8, and the letters of the file mostly are")]
    PartlyUtf8,
    /// The last character is not whole.
    #[error(
        "the file ends in the middle of a character: it was cut short, and rows may be missing"
    )]
    CutCharacter,
    /// The file holds NUL bytes.
    #[error("there are NUL bytes, which no text has; the file is damaged or no text")]
    Nul,
    /// A delimiter was asked for that cannot be one.
    #[error(
        "this delimiter cannot be used: it must be one ASCII character other than a quote or a line end"
    )]
    BadDelimiter,
    /// A quote is still open where the file ends.
    #[error("a quoted field begins in this row and never ends")]
    UnclosedQuote,
    /// A quoted field runs over lines and ends in the middle of text.
    #[error(
        "a quoted field begins in this row and runs over following lines into other text: a quote is stray"
    )]
    StrayQuote,
    /// A cell of several lines looks like rows of the table.
    #[error(
        "a cell in this row has several lines that look like rows of the table, as where a lone quote swallows rows"
    )]
    LikeRows,
    /// A record has more lines than any real one.
    #[error("this row goes on over more than {limit} lines: a quote is stray")]
    TooManyLines {
        /// The limit.
        limit: u64,
    },
    /// No row holds a header.
    #[error("no row has a value, so there is no header")]
    NoHeader,
    /// `header_row` is past the end or blank.
    #[error("the header row is blank or past the end")]
    HeaderRowBlank,
    /// There are no rows under the header.
    #[error("there is a header and no row under it")]
    NoRows,
    /// The file is a results file of this program.
    #[error("this is a results file of ticketload, not a table of calls")]
    OwnResults,
    /// The workbook has no sheet of this name.
    #[error("there is no sheet {}; the sheets are {}", Quoted(.name), Names(.sheets))]
    NoSuchSheet {
        /// The name asked for.
        name: String,
        /// The worksheets there are.
        sheets: Vec<SheetInfo>,
    },
    /// More than one visible sheet has data.
    #[error("more than one sheet has data: {}", Names(.sheets))]
    SeveralSheets {
        /// The visible sheets with data.
        sheets: Vec<SheetInfo>,
    },
    /// No visible sheet has data.
    #[error("no visible sheet has data{}", Hidden(.hidden))]
    NoSheetWithData {
        /// Hidden worksheets, which are not looked into.
        hidden: Vec<SheetInfo>,
    },
    /// The workbook has no table and no named cells of this name.
    #[error("there is no table and no area named {}{}", Quoted(.name), Areas(.names))]
    NoSuchRange {
        /// The name asked for.
        name: String,
        /// The names there are.
        names: Vec<String>,
    },
    /// What was named stands on another sheet than the one that was asked for.
    #[error("{} stands on the sheet {}, and another is asked for", Quoted(.name), Quoted(.sheet))]
    RangeElsewhere {
        /// The name asked for.
        name: String,
        /// Its sheet.
        sheet: String,
    },
    /// The table's header row is switched off.
    #[error("the table {} has no header row", Quoted(.name))]
    TableWithoutHeader {
        /// The table.
        name: String,
    },
    /// A table was named for a file that has none.
    #[error("a table is asked for by its name, and a CSV file has none")]
    RangeOfCsv,
    /// Rows with a value are hidden, and nobody has said what becomes of them.
    #[error("{rows} row{} hidden{}, and nothing says what becomes of {}", if *.rows == 1 { " is" } else { "s are" }, if *.filtered { " (a filter is set)" } else { "" }, if *.rows == 1 { "it" } else { "them" })]
    HiddenRows {
        /// How many.
        rows: u64,
        /// Whether a filter is set, which hides rows.
        filtered: bool,
    },
    /// A condition of `skip_rows_where` names a column that the header does not have.
    #[error("`skip_rows_where` names the column {}, which the header does not have", Quoted(.name))]
    NoSuchColumn {
        /// The name.
        name: String,
    },
    /// A condition names a column that the header has more than once.
    #[error("the column {} of skip_rows_where stands more than once: columns {}", Quoted(.name), .columns.join(", "))]
    ColumnTwice {
        /// The name in the condition.
        name: String,
        /// The letters of the columns.
        columns: Vec<String>,
    },
    /// A compressed file that cannot be unpacked.
    #[error("this gzip file is cut short or damaged")]
    Gzip,
    /// A stream or a compressed file that is too large for a table of calls.
    #[error("it is larger than {limit} {how}", how = if *.unpacked { "when it is unpacked" } else { "" })]
    Endless {
        /// The limit.
        limit: &'static str,
        /// Whether it came compressed.
        unpacked: bool,
    },
    /// A temporary file could not be written.
    #[error("it must be copied to a temporary file first, and that could not be written")]
    Spool(#[source] io::Error),
    /// A sheet was named for a file that has none.
    #[error("a sheet is asked for, and a CSV file has none")]
    SheetOfCsv,
    /// Most cells are formulas whose values the file does not hold.
    #[error("more than a million formulas have no value: the file was never calculated")]
    Uncomputed,
    /// A row of a translation table does not have two columns.
    #[error("this row does not have two columns")]
    NotAPair,
    /// The file is not the one that was opened.
    #[error("the file was changed while it was read")]
    Changed,
    /// A reader's thread could not be started.
    #[error("a thread for reading could not be started")]
    NoThread(#[source] io::Error),
}

impl InputErrorKind {
    /// Something is over its limit; `part` is the part of the workbook, empty in a CSV file.
    pub(super) fn too_large(part: &str, what: &'static str, limit: &'static str) -> Self {
        InputErrorKind::TooLarge {
            part: part.to_owned(),
            what,
            limit,
        }
    }

    /// Tells an I/O error's kind apart where a person can do something about it.
    pub(crate) fn io(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => InputErrorKind::Missing,
            io::ErrorKind::PermissionDenied => InputErrorKind::NoPermission,
            io::ErrorKind::IsADirectory => InputErrorKind::Folder,
            _ => InputErrorKind::Io(error),
        }
    }
}

/// What a reader reports; it gains its path on the way out.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) position: Position,
    pub(crate) kind: InputErrorKind,
}

impl Fault {
    pub(crate) fn at(row: u64, line: u64, kind: InputErrorKind) -> Self {
        let position = Position {
            row,
            sheet: None,
            line: Some(line),
        };
        Fault { position, kind }
    }

    pub(crate) fn within(self, path: &std::path::Path) -> InputError {
        InputError {
            path: path.to_owned(),
            position: self.position,
            kind: self.kind,
        }
    }
}

impl From<InputErrorKind> for Fault {
    fn from(kind: InputErrorKind) -> Self {
        Fault {
            position: Position::default(),
            kind,
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        InputErrorKind::io(error).into()
    }
}
