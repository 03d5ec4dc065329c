//! The flags of `inspect` and `init`, which read a file without a mapping: what its `[source]` says elsewhere is said by flags
//! here.
//!
//! Owns no reading: what the words mean is told in the library.

use super::Format;
use super::values::{delimiter, merged, not_blank, quoting, range, short_rows};
use clap::{Args, ValueEnum, ValueHint};
use std::path::PathBuf;
use ticketload::mapping::Source;
use ticketload::reading::{Hidden, Merged, Quoting, Range, ShortRows};

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The files: CSV or XLSX, also compressed (gzip); `-` is standard input
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// Report for people or as JSON for programs
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: Format,
    /// Write header and rows, values included, as a mapping would see them (CSV, UTF-8, commas); `-` is stdout
    #[arg(long, value_name = "FILE.csv", value_hint = ValueHint::FilePath)]
    pub(crate) dump: Option<PathBuf>,
    #[command(flatten, next_help_heading = "Reading")]
    pub(crate) reading: ReadingArgs,
    /// What becomes of rows that the worksheet hides
    #[arg(
        long,
        value_name = "CHOICE",
        default_value = "import",
        help_heading = "Reading"
    )]
    pub(crate) hidden: HiddenChoice,
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The file: CSV or XLSX, also compressed (gzip); `-` is standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,
    /// Where the draft goes, and over no other file; `-` is stdout [default: mapping.toml]
    #[arg(long, value_name = "FILE", env = "TICKETLOAD_MAPPING", value_hint = ValueHint::FilePath)]
    pub(crate) mapping: Option<PathBuf>,
    /// A named profile of ticketload.toml, which may name the mapping
    #[arg(long, value_name = "NAME", env = "TICKETLOAD_PROFILE", value_parser = not_blank)]
    pub(crate) profile: Option<String>,
    #[command(
        flatten,
        next_help_heading = "Reading, as the draft's [source] will say"
    )]
    pub(crate) reading: ReadingArgs,
    /// What becomes of rows that the worksheet hides; a sheet that has some wants the choice
    #[arg(
        long,
        value_name = "CHOICE",
        help_heading = "Reading, as the draft's [source] will say"
    )]
    pub(crate) hidden: Option<HiddenChoice>,
}

/// What both are told of a file. What becomes of hidden rows is asked by each in its own way.
#[derive(Debug, Args)]
pub(crate) struct ReadingArgs {
    /// The worksheet to read
    #[arg(long, value_name = "NAME", value_parser = not_blank)]
    pub(crate) sheet: Option<String>,
    /// The row that holds the headers, as the spreadsheet numbers it
    #[arg(long, value_name = "ROW", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) header_row: Option<u32>,
    /// The encoding of a CSV file, such as windows-1252
    #[arg(long, value_name = "NAME")]
    pub(crate) encoding: Option<String>,
    /// The delimiter of a CSV file: `,` `;` `|` `tab`, or another sign such as `^`
    #[arg(long, value_name = "SIGN", value_parser = delimiter)]
    pub(crate) delimiter: Option<u8>,
    /// The quotes of a CSV file: `check` refuses a cell that looks like rows of the table, `trust` takes it as it is
    #[arg(long, value_name = "CHOICE", default_value = "check", value_parser = quoting)]
    pub(crate) quotes: Quoting,
    /// Rows of a CSV file with fewer cells than the header: `refuse`, or `fill` for blank cells at their end
    #[arg(long, value_name = "CHOICE", default_value = "refuse", value_parser = short_rows)]
    pub(crate) short_rows: ShortRows,
    /// What becomes of merged cells: `top-left` or `fill`
    #[arg(long, value_name = "CHOICE", default_value = "top-left", value_parser = merged)]
    pub(crate) merged: Merged,
    /// Where the table stands, header included: A3:F200, A3:F, or the name of a table in the workbook
    #[arg(long, value_name = "AREA", value_parser = range)]
    pub(crate) range: Option<Range>,
}

impl ReadingArgs {
    /// The same as a mapping's `[source]` says it, so that a draft can ask for the file to be read in this way again.
    pub(crate) fn source(&self, hidden: Option<HiddenChoice>) -> Source {
        Source {
            sheet: self.sheet.clone(),
            header_row: self.header_row,
            encoding: self.encoding.clone(),
            delimiter: self.delimiter,
            quoting: self.quotes,
            short_rows: self.short_rows,
            hidden: hidden.map(Hidden::from),
            merged: self.merged,
            range: self.range.clone(),
            skip_rows_where: Vec::new(),
        }
    }
}

/// What becomes of hidden rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HiddenChoice {
    /// Read them like all others
    Import,
    /// Pass them over
    Skip,
}

impl From<HiddenChoice> for Hidden {
    fn from(choice: HiddenChoice) -> Hidden {
        match choice {
            HiddenChoice::Import => Hidden::Import,
            HiddenChoice::Skip => Hidden::Skip,
        }
    }
}
