//! [`Finding`]: something about a file that a person should know before anything is sent.
//!
//! Owns the stable codes' form and what is said of a file as a whole. A finding names columns and rows, never a value.

use crate::counting::{Tally, counted};
use crate::input::{
    Description, EncodingReason, Further, Input, Kind, Layout, SheetLayout, TableInfo, TextLayout,
};
use crate::problem::Severity;
use crate::reading::{Hidden, Merged, Quoting};
use crate::seen::plain;

/// Something about a file that a person should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A stable word, such as `digits.lost`.
    pub code: &'static str,
    /// How much it weighs; nothing here keeps a row from being sent, so none is an error.
    pub severity: Severity,
    /// What it is and what to do, as a sentence.
    pub message: String,
    /// How many rows it concerns; 0 where it is no matter of rows.
    pub rows: u64,
    /// The first of them.
    pub first_row: Option<u64>,
    /// The column, where it is one.
    pub column: Option<String>,
}

impl Finding {
    pub(super) fn warning(code: &'static str, message: impl Into<String>) -> Finding {
        Finding {
            code,
            severity: Severity::Warning,
            message: message.into(),
            rows: 0,
            first_row: None,
            column: None,
        }
    }

    pub(super) fn note(code: &'static str, message: impl Into<String>) -> Finding {
        Finding {
            severity: Severity::Note,
            ..Finding::warning(code, message)
        }
    }

    pub(super) fn on(self, tally: Tally) -> Finding {
        Finding {
            rows: tally.rows,
            first_row: Some(tally.first),
            ..self
        }
    }

    pub(super) fn of_column(self, column: &str) -> Finding {
        Finding {
            column: Some(column.to_owned()),
            ..self
        }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(column) = &self.column {
            write!(f, "column '{}': ", plain(column))?;
        }
        f.write_str(&self.message)?;
        match self.first_row {
            Some(row) if self.rows == 1 => write!(f, " [row {row}]"),
            Some(row) => write!(f, " [{}, first: row {row}]", counted(self.rows, "row")),
            None => Ok(()),
        }
    }
}

fn unfit_encoding(encoding: &str) -> Finding {
    let message = format!(
        "read as {encoding}, but the file has bytes that stand for nothing there: it is probably in another encoding, and \
         names will be garbled; export it as UTF-8, or say with `encoding` in [source] what it is, such as `macintosh` or \
         `ibm866`"
    );
    Finding::warning("encoding.unfit", message)
}

fn run_together(further: Further) -> Finding {
    let follows = if further.header_again {
        "there the header comes again, which is no call: pass it over with skip_rows_where in [source], or import the files one by one"
    } else {
        "make sure that its columns stand in the same order there, or import the files one by one"
    };
    let message = format!(
        "several files were run together, {} behind the first: a byte order mark stands before this row; {follows}",
        further.files
    );
    Finding {
        rows: 1,
        first_row: Some(further.row),
        ..Finding::warning("file.run_together", message)
    }
}

/// What is to be said of the file as a whole, before a row is read.
#[must_use]
pub fn file_findings(file: &Description) -> Vec<Finding> {
    let titles = (file.title_rows > 0).then(|| {
        let rows = counted(file.title_rows, "row");
        Finding::note("rows.title", format!("{rows} above the header: not read"))
    });
    match &file.layout {
        Layout::Csv(text) => text_findings(text).into_iter().chain(titles).collect(),
        Layout::Xlsx(book) => titles
            .into_iter()
            .chain(workbook_findings(file, book))
            .collect(),
    }
}

fn text_findings(text: &TextLayout) -> Vec<Finding> {
    let encoding = text.encoding;
    let decoded = match text.encoding_reason {
        EncodingReason::Unfit => Some(unfit_encoding(encoding)),
        EncodingReason::Fallback => Some(Finding::note(
            "encoding.fallback",
            format!(
                "read as {encoding}: the file is not valid UTF-8; `encoding` in [source] says otherwise where that is wrong"
            ),
        )),
        EncodingReason::NulPattern => Some(Finding::note(
            "encoding.guessed",
            format!("read as {encoding}: the file has no mark and every second byte is NUL"),
        )),
        EncodingReason::MarkNot { asked } => Some(Finding::note(
            "encoding.marked",
            format!("read as {encoding}: its byte order mark says so, not {asked} as asked"),
        )),
        EncodingReason::Mark | EncodingReason::Asked | EncodingReason::Valid => None,
    };
    let further = text.further.map(run_together);
    let trusted = (text.quoting == Quoting::Trust).then(|| {
        let message = "its quotes are trusted, as asked: rows that a lone quote swallows would not be noticed";
        Finding::note("quotes.trusted", message)
    });
    decoded.into_iter().chain(trusted).chain(further).collect()
}

fn workbook_findings(file: &Description, book: &SheetLayout) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut note = |code, message: String| findings.push(Finding::note(code, message));
    let hidden: Vec<_> = book.sheets.iter().filter(|sheet| sheet.hidden).collect();
    if !hidden.is_empty() {
        let names: Vec<_> = hidden
            .iter()
            .map(|sheet| format!("'{}'", plain(&sheet.name)))
            .collect();
        note(
            "sheets.hidden",
            format!(
                "{}: {}",
                counted(hidden.len() as u64, "hidden sheet"),
                names.join(", ")
            ),
        );
    }
    let here = |table: &&TableInfo| table.is_table && table.sheet == book.sheet;
    let tables: Vec<_> = book.tables.iter().filter(here).collect();
    if let ([table], None) = (tables.as_slice(), &file.range) {
        let name = plain(&table.name);
        note(
            "table.named",
            format!(
                "the sheet holds the table '{name}' in {}: range = \"{name}\" in [source] reads it alone",
                table.area
            ),
        );
    }
    if book.hidden_columns > 0 {
        let columns = counted(book.hidden_columns, "hidden column");
        note(
            "columns.hidden",
            format!("{columns}: read where the mapping names them"),
        );
    }
    if book.merged > 0 {
        let areas = counted(book.merged, "merged area");
        let place = match book.merging {
            Merged::TopLeft => {
                "the value stands in the first cell, in all of them with merged = \"fill\" in [source]"
            }
            Merged::Fill => "the value stands in each cell, as asked",
        };
        note("cells.merged", format!("{areas}: {place}"));
    }
    findings.extend((book.hidden_rows > 0).then(|| hidden_rows(book, file.hidden)));
    if book.uncomputed > 0 {
        let cells = counted(book.uncomputed, "formula");
        findings.push(Finding::warning(
            "cells.uncomputed",
            // In rejects they are formulas of ours, which calculate nothing.
            match file.is_rejects {
                true => format!("{cells} without a value: put the values into the cells"),
                false => format!(
                    "{cells} without a value: open the file in Excel, let it calculate, and save it"
                ),
            },
        ));
    }
    findings
}

fn hidden_rows(book: &SheetLayout, choice: Option<Hidden>) -> Finding {
    let rows = counted(book.hidden_rows, "hidden row");
    let filter = if book.filtered {
        " (a filter is set)"
    } else {
        ""
    };
    let fate = match choice {
        Some(Hidden::Skip) => "passed over",
        Some(Hidden::Import) | None => "read like all others",
    };
    let message = format!("{rows}{filter}: {fate}; --hidden import or skip says which");
    Finding {
        rows: book.hidden_rows,
        ..Finding::warning("rows.hidden", message)
    }
}

/// What shows only when all rows have been read.
#[must_use]
pub fn end_findings(input: &Input) -> Vec<Finding> {
    let cut = input.cut_row().map(|row| Finding {
        rows: 1,
        first_row: Some(row),
        ..Finding::warning(
            "file.cut",
            "the file ends in the middle of this row: it may have been copied before it was whole, and rows behind may be missing; export it again",
        )
    });
    let filled = Some(input.filled_rows()).filter(|rows| *rows > 0);
    let filled = filled.map(|rows| {
        let message = format!(
            "{} with fewer cells than the header: those missing at the end are taken for blank, as asked",
            counted(rows, "row")
        );
        Finding::note("rows.filled", message)
    });
    let by_excel = input.rows_cut_by_excel().map(|(first, rows)| Finding {
        rows,
        first_row: Some(first),
        ..Finding::warning(
            "rows.short_blocks",
            "rows have fewer cells than the header in whole blocks of 16, as Excel saves CSV where the last columns are blank in all \
             rows of a block: short_rows = \"fill\" in [source] takes the missing cells for blank",
        )
    });
    cut.into_iter()
        .chain(filled)
        .chain(by_excel)
        .chain(outside_range(input))
        .collect()
}

/// A table or a log that has outgrown the cells which were named once.
fn outside_range(input: &Input) -> Option<Finding> {
    let (file, below) = (input.description(), input.rows_below()?);
    let part = file.range.as_ref()?;
    let name = file.workbook().and_then(|book| book.range_name.as_ref());
    let longer = match name {
        Some(name) => format!("make '{}' longer in the workbook", plain(name)),
        None => format!(
            "make the range longer (range = \"{}\" has no end)",
            part.without_end()
        ),
    };
    let message = format!(
        "below {part}, which is the part that is read, stand rows with values: they are not imported; {longer}, or, if they \
         are no calls, pass them over with skip_rows_where in [source]"
    );
    Some(Finding {
        rows: below.rows,
        first_row: Some(below.first_row),
        ..Finding::warning("rows.outside_range", message)
    })
}

/// What is to be said of the header.
pub(super) fn header_findings(input: &Input) -> Vec<Finding> {
    let (header, kind) = (input.header(), input.description().kind());
    // Letters stand for names that are values: nothing else is to be said of those.
    if *input.shown_header() != *header {
        let row = input.description().header_row;
        let message = format!(
            "the header (row {row}) looks like a row of values, so its columns are told by their letters; if the headers \
             stand in another row, say so with `header_row` in [source]; if the file has none, add a row with them, since \
             this row is not sent"
        );
        return vec![Finding::warning("header.looks_like_values", message)];
    }
    named_findings(header, kind)
}

pub(super) fn named_findings(header: &[String], kind: Kind) -> Vec<Finding> {
    let folded = |name: &str| name.trim().to_lowercase();
    let mut findings = Vec::new();
    let mut told = Vec::new();
    for (at, name) in header.iter().enumerate() {
        let low = folded(name);
        let again = header.iter().take(at).any(|earlier| folded(earlier) == low);
        if !low.is_empty() && again && !told.contains(&low) {
            let message = "the header has this name more than once; a mapping cannot use it";
            findings.push(Finding::warning("header.duplicate", message).of_column(name));
            told.push(low);
        }
    }
    if let [name] = header {
        let hint = match (kind, likely_delimiter(name)) {
            (Kind::Csv, Some(sign)) => format!(
                "the delimiter is another, probably {sign}: say --delimiter \"{sign}\", or write `delimiter` in [source]"
            ),
            (Kind::Csv, None) => {
                "the delimiter is another: say it with --delimiter or with `delimiter` in [source]"
                    .to_owned()
            }
            (Kind::Xlsx, _) => "see whether this is the right sheet and header row".to_owned(),
        };
        let message = format!("the table has a single column; where it should have more, {hint}");
        findings.push(Finding::warning("header.single", message));
    }
    let blank = header.iter().filter(|name| name.trim().is_empty()).count() as u64;
    if blank > 0 {
        let columns = counted(blank, "column");
        let message = format!("{columns} without a name; a mapping cannot use what has none");
        findings.push(Finding::note("header.blank", message));
    }
    findings
}

/// The sign that parts the words of a header which was not split, where there is just one that may.
fn likely_delimiter(header: &str) -> Option<char> {
    // Signs that stand in names, too, must do so more than once.
    let signs = "^~:!#*&%$@+=/\\<>`".chars();
    let counted = signs.map(|sign| (sign, header.matches(sign).count()));
    let least = |sign: char| if matches!(sign, '^' | '~') { 1 } else { 2 };
    let mut likely = counted.filter(|(sign, count)| *count >= least(*sign));
    let (sign, _) = likely.next()?;
    likely.next().is_none().then_some(sign)
}
