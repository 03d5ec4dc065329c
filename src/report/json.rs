//! The report as JSON: one object, versioned; problems are streamed, however many there are.

use super::inspection;
use super::{FileReport, Report};
use crate::import::Outcomes;
use crate::input::Description;
use crate::ticket::Outcome;
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// The version of the object. New keys may come without a new version; a key that changes its meaning brings one.
pub const VERSION: u32 = 1;

/// Writes the report as one JSON object and a newline.
///
/// # Errors
///
/// Where `out` cannot be written or a problem not be read back.
pub fn write_json(report: &mut Report, out: &mut dyn Write) -> io::Result<()> {
    let command = Value::from(report.command);
    let target = Value::from(report.target.clone());
    let outcomes = outcomes(&report.outcomes());
    let exit_code = report.exit_code;
    let error = Value::from(report.error.clone());
    write!(
        out,
        "{{\"version\":{VERSION},\"command\":{command},\"exit_code\":{exit_code},\"error\":{error},\"target\":{target},\
         \"outcomes\":{outcomes},\"files\":["
    )?;
    for (place, file) in report.files.iter_mut().enumerate() {
        if place > 0 {
            out.write_all(b",")?;
        }
        write_file(file, out)?;
    }
    out.write_all(b"]}\n")
}

fn write_file(file: &mut FileReport, out: &mut dyn Write) -> io::Result<()> {
    let mut head = facts(file).to_string();
    // The object is left open for the problems, which may be more than fit into memory.
    head.pop();
    out.write_all(head.as_bytes())?;
    out.write_all(b",\"problems\":[")?;
    let mut is_first = true;
    if let Some(problems) = &mut file.problems {
        problems.for_each(|problem| {
            if !std::mem::take(&mut is_first) {
                out.write_all(b",")?;
            }
            serde_json::to_writer(&mut *out, problem)?;
            Ok(())
        })?;
    }
    out.write_all(b"]}")
}

fn facts(file: &FileReport) -> Value {
    let description = file.description.as_ref();
    let text = description.and_then(Description::text);
    let mut facts = json!({
        "file": file.file,
        "kind": description.map(|description| description.kind().as_str()),
        "sheet": description.and_then(Description::sheet),
        "sheets": inspection::sheets(file),
        "encoding": text.map(|text| text.encoding),
        "delimiter": text.map(|text| text.delimiter),
        "header_row": description.map(|description| description.header_row),
        "columns": file.columns,
        "rows": file.rows,
        "outcomes": outcomes(&file.outcomes),
        "remarks": file.remarks,
        "imported_before": file.imported_before,
        "error": file.error,
        "warnings": file.warnings,
        "results": file.results.as_ref().map(|path| path.display().to_string()),
        "rejects": file.rejects.as_ref().map(|(path, _)| path.display().to_string()),
        "rejects_rows": file.rejects.as_ref().map(|(_, rows)| rows),
        "unwritten": file.unwritten,
        "run": null,
    });
    if let (Some(inspection), Some(description)) = (&file.inspection, description) {
        inspection::add(&mut facts, inspection, description);
    }
    if let Some(run) = &file.run {
        facts["run"] = json!({
            "number": run.run.0,
            "ended": run.end.word(),
            "reason": run.end.to_string(),
            "seconds": (run.took.as_secs_f64() * 1000.0).round() / 1000.0,
        });
    }
    facts
}

fn outcomes(outcomes: &Outcomes) -> Value {
    let entries = Outcome::ALL.map(|outcome| {
        (
            outcome.as_str().to_owned(),
            Value::from(outcomes.get(outcome)),
        )
    });
    Value::Object(Map::from_iter(entries))
}
