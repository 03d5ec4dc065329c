//! What `inspect` tells of a file: for people and as part of its JSON.
//!
//! Owns the words for what was decided and why. Shows names of columns and sheets, counts and rows, never a value.

use super::FileReport;
use crate::counting::{counted, thousands};
use crate::input::{
    DelimiterReason, Description, EncodingReason, LineEnd, SheetLayout, TableInfo, TextLayout,
};
use crate::inspect::{Column, Holds, Inspection};
use crate::seen::plain;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// Writes what was found below the line that says what the file is.
pub(super) fn write(text: &mut String, file: &FileReport, inspection: &Inspection) {
    if let Some(description) = &file.description {
        for line in decisions(description) {
            let _infallible = writeln!(text, "  {line}");
        }
    }
    let columns = counted(inspection.columns.len() as u64, "column");
    let _infallible = writeln!(text, "  {columns}:");
    let names = inspection
        .columns
        .iter()
        .map(|column| shown(&column.name).chars().count());
    let width = names.max().unwrap_or(0).min(32);
    for (at, column) in inspection.columns.iter().enumerate() {
        let name = shown(&column.name);
        let _infallible = writeln!(
            text,
            "    {:>3}  {name:width$}  {}",
            at + 1,
            content(column)
        );
    }
    if inspection.findings.is_empty() {
        text.push_str("  nothing found that a person should look at\n");
        return;
    }
    text.push_str("  findings:\n");
    for finding in &inspection.findings {
        let severity = finding.severity.as_str();
        let _infallible = writeln!(text, "    {severity:<7}  {}  {finding}", finding.code);
    }
}

fn shown(name: &str) -> String {
    if name.trim().is_empty() {
        return "(no name)".to_owned();
    }
    plain(name.trim()).into_owned()
}

/// `phone; 1,180 filled (1,175 phone, 5 text), 24 blank; 1,002 different`.
fn content(column: &Column) -> String {
    if column.holds == Holds::Blank {
        return "blank".to_owned();
    }
    let mut text = column.holds.as_str().to_owned();
    if let Some(order) = column.date_order.filter(|_| column.holds == Holds::Date) {
        let _infallible = write!(text, ", {}", order.as_str());
    }
    let _infallible = write!(text, "; {} filled", thousands(column.filled()));
    let kinds = Holds::ALL
        .into_iter()
        .filter(|holds| *holds != Holds::Blank);
    let kinds: Vec<String> = kinds
        .map(|holds| (holds, column.counts[holds as usize]))
        .filter(|(_, count)| *count > 0)
        .map(|(holds, count)| format!("{} {}", thousands(count), holds.as_str()))
        .collect();
    if kinds.len() > 1 {
        let _infallible = write!(text, " ({})", kinds.join(", "));
    }
    if column.blank() > 0 {
        let _infallible = write!(text, ", {} blank", thousands(column.blank()));
    }
    let more = if column.distinct_is_capped {
        "more than "
    } else {
        ""
    };
    let _infallible = write!(text, "; {more}{} different", thousands(column.distinct));
    text
}

/// What was decided and why.
fn decisions(file: &Description) -> Vec<String> {
    let mut lines = Vec::new();
    let packed = if file.compressed {
        ", unpacked from gzip"
    } else {
        ""
    };
    lines.push(format!("{}{packed}", counted(file.bytes, "byte")));
    if let Some(text) = file.text() {
        lines.extend(how_it_parts(text));
    }
    let why = if file.header_asked {
        "as asked"
    } else {
        "the first row that is as full as those below it"
    };
    let titles = match file.title_rows {
        0 => String::new(),
        rows => format!("; {} above it", counted(rows, "row")),
    };
    lines.push(format!(
        "header in row {}: {why}{titles}",
        thousands(file.header_row)
    ));
    let book = file.workbook();
    lines.extend(book.and_then(which_sheet));
    if let Some(range) = &file.range {
        let name = book.and_then(|book| book.range_name.as_ref());
        let name = name.map(|name| format!(" ('{}')", plain(name)));
        lines.push(format!(
            "range {range}{}: as asked",
            name.unwrap_or_default()
        ));
    }
    let tables = book.map_or(&[][..], |book| &book.tables);
    if !tables.is_empty() {
        let tables = tables.iter().map(table).collect::<Vec<_>>();
        lines.push(format!("tables and named cells: {}", tables.join(", ")));
    }
    if file.is_rejects {
        lines.push("a rejects file of ticketload: its last two columns are left out".to_owned());
    }
    lines
}

fn how_it_parts(text: &TextLayout) -> Vec<String> {
    let (encoding, delimiter) = (text.encoding, super::human::delimiter(text.delimiter));
    let mut lines = vec![
        format!(
            "encoding {encoding}: {}",
            why_encoding(text.encoding_reason)
        ),
        format!(
            "delimiter {delimiter}: {}",
            why_delimiter(text.delimiter_reason)
        ),
    ];
    lines.extend(
        text.line_end
            .map(|end| format!("lines end in {}", line_end(end))),
    );
    lines
}

/// The worksheet that is read among the others; nothing where there is no other.
fn which_sheet(book: &SheetLayout) -> Option<String> {
    let sheets = book.sheets.iter().map(|sheet| {
        let hidden = if sheet.hidden { " (hidden)" } else { "" };
        let is_read = sheet.name == book.sheet;
        let read = if is_read { " (this one)" } else { "" };
        format!("'{}'{hidden}{read}", plain(&sheet.name))
    });
    (book.sheets.len() > 1).then(|| format!("sheets: {}", sheets.collect::<Vec<_>>().join(", ")))
}

/// `'Calls' (sheet 'Night', A3:V41)`.
fn table(table: &TableInfo) -> String {
    format!(
        "'{}' (sheet '{}', {})",
        plain(&table.name),
        plain(&table.sheet),
        table.area
    )
}

fn why_encoding(reason: EncodingReason) -> &'static str {
    match reason {
        EncodingReason::Mark => "its byte order mark says so",
        EncodingReason::MarkNot { .. } => "its byte order mark says so, whatever was asked",
        EncodingReason::Asked => "as asked",
        EncodingReason::NulPattern => "every second byte is NUL",
        EncodingReason::Valid => "the whole file is valid",
        EncodingReason::Unfit => "the file is not valid UTF-8, and fits this no better",
        EncodingReason::Fallback => {
            "the file is not valid UTF-8, and this is what such files mostly are"
        }
    }
}

fn line_end(end: LineEnd) -> &'static str {
    match end {
        LineEnd::Mixed => "LF, CRLF or CR, now so, now so: each is taken for an end",
        end => end.as_str(),
    }
}

fn why_delimiter(reason: DelimiterReason) -> &'static str {
    match reason {
        DelimiterReason::Asked => "as asked",
        DelimiterReason::SepLine => "the file's first line says so",
        DelimiterReason::Found => "it parts the first rows most evenly",
    }
}

/// The worksheets of a file: all of them, or those to choose from where it could not be read for want of a choice.
pub(super) fn sheets(file: &FileReport) -> Value {
    let read = file.description.as_ref();
    let book = read.and_then(Description::workbook);
    let sheets = match read {
        None => file.sheets.as_slice(),
        Some(_) => book.map_or(&[][..], |book| &book.sheets),
    };
    let sheets = sheets.iter().map(|sheet| {
        let is_read = book.is_some_and(|book| book.sheet == sheet.name);
        json!({ "name": sheet.name, "hidden": sheet.hidden, "read": is_read })
    });
    sheets.collect()
}

/// Adds what was found to a file's facts.
pub(super) fn add(facts: &mut Value, inspection: &Inspection, file: &Description) {
    facts["bytes"] = file.bytes.into();
    facts["compressed"] = file.compressed.into();
    let (text, book) = (file.text(), file.workbook());
    let reason = text.map(|text| why_encoding(text.encoding_reason));
    facts["encoding_reason"] = reason.into();
    let reason = text.map(|text| why_delimiter(text.delimiter_reason));
    facts["delimiter_reason"] = reason.into();
    let end = text.and_then(|text| text.line_end);
    facts["line_end"] = end.map(LineEnd::as_str).into();
    facts["title_rows"] = file.title_rows.into();
    // Text has none of these, and scripts are told so.
    facts["hidden_rows"] = book.map_or(0, |book| book.hidden_rows).into();
    facts["hidden_columns"] = book.map_or(0, |book| book.hidden_columns).into();
    facts["merged"] = book.map_or(0, |book| book.merged).into();
    facts["filtered"] = book.is_some_and(|book| book.filtered).into();
    facts["range"] = file.range.as_ref().map(ToString::to_string).into();
    let tables = book.map_or(&[][..], |book| &book.tables);
    let tables = tables.iter().map(|table| {
        json!({
            "name": table.name,
            "sheet": table.sheet,
            "range": table.area.to_string(),
            "is_table": table.is_table,
        })
    });
    facts["tables"] = tables.collect();
    facts["profiles"] = inspection.columns.iter().map(profile).collect();
    let findings = inspection.findings.iter().map(|finding| {
        json!({
            "code": finding.code,
            "severity": finding.severity.as_str(),
            "message": finding.message,
            "rows": finding.rows,
            "first_row": finding.first_row,
            "column": finding.column,
        })
    });
    facts["findings"] = findings.collect();
}

fn profile(column: &Column) -> Value {
    let counts = Holds::ALL.map(|holds| {
        let count = column.counts[holds as usize];
        (holds.as_str().to_owned(), Value::from(count))
    });
    json!({
        "column": column.name,
        "holds": column.holds.as_str(),
        "filled": column.filled(),
        "blank": column.blank(),
        "distinct": column.distinct,
        "distinct_is_capped": column.distinct_is_capped,
        "counts": Map::from_iter(counts),
        "date_order": column.date_order.map(crate::inspect::DateOrder::as_str),
    })
}
