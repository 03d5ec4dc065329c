//! `ledger in-doubt`: the rows that a person has to look up, and what is known of them.

use super::super::advice;
use super::super::args::StatusFormat;
use super::super::args::ledger::InDoubtArgs;
use super::super::failure::{Exit, Failure};
use super::super::output::{json, print, say};
use super::inputs::{mapping, reopen};
use super::{stamp, story, when};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use ticketload::ledger::{LedgerErrorKind, Reader, Reference, RowInDoubt, RunId, Steward};
use ticketload::report::{counted, plain, plain_path};
use ticketload::results::inert;

/// The keys of rows, as far as their files are still there.
type Keys = HashMap<Reference, String>;

pub(super) fn run(args: &InDoubtArgs) -> Result<Exit, Failure> {
    let path = args.place.settings()?.ledger()?;
    let reader = Reader::open(&path)?;
    if reader.claimed()? > 0 {
        recover(&path)?;
    }
    let doubts = reader.in_doubt()?;
    let keys = match &args.mapping {
        Some(mapping) => keys(&reader, &doubts, mapping)?,
        None => Keys::new(),
    };
    match args.format {
        StatusFormat::Human => print(human(&doubts, &keys, &path)),
        StatusFormat::Csv => print(csv(&doubts, &keys).map_err(|error| Failure::Io {
            what: "the list cannot be written",
            error,
        })?),
        StatusFormat::Json => json(&json!({
            "version": 1,
            "rows": doubts.iter().map(|row| as_json(row, &keys)).collect::<Vec<_>>(),
        })),
    }
}

/// What a dead run left claimed is in doubt; what a living one has claimed is not.
fn recover(path: &Path) -> Result<(), Failure> {
    match Steward::open(path) {
        Ok(_) => Ok(()),
        Err(error) if matches!(error.kind, LedgerErrorKind::Held(_)) => {
            say("a run is going: the rows that it is sending now are not in this list");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Reads the inputs of the runs again for their rows' keys; a file that is gone is told and leaves them out.
fn keys(reader: &Reader, doubts: &[RowInDoubt], path: &Path) -> Result<Keys, Failure> {
    let mapping = mapping(path)?;
    let mut wanted: BTreeMap<RunId, HashSet<u64>> = BTreeMap::new();
    for doubt in doubts {
        let rows = wanted.entry(doubt.reference.run).or_default();
        rows.insert(doubt.reference.row);
    }
    let mut keys = Keys::new();
    for (run, mut rows) in wanted {
        let story = story(reader, run)?;
        let table = match reopen(&story, Path::new(&story.file), &mapping)? {
            Ok(table) => table,
            Err(why) => {
                say(format_args!(
                    "no keys of run {run}: {}: {why}",
                    plain(&story.file)
                ));
                continue;
            }
        };
        let _last = table
            .for_each_call(|call| {
                let row = call.row.position.row;
                if rows.remove(&row) {
                    keys.insert(Reference { run, row }, call.mapped.key.shown().to_owned());
                }
                if rows.is_empty() {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })
            .map_err(Failure::Input)?;
    }
    Ok(keys)
}

fn human(doubts: &[RowInDoubt], keys: &Keys, ledger: &Path) -> String {
    if doubts.is_empty() {
        let ledger = plain_path(ledger);
        return format!("no row is in doubt in {ledger}\n");
    }
    let mut text = format!("{} in doubt\n\n", counted(doubts.len() as u64, "row"));
    for doubt in doubts {
        let sheet = doubt
            .sheet
            .as_deref()
            .map(|sheet| format!(", sheet {}", plain(sheet)))
            .unwrap_or_default();
        let since = doubt.since.map(when).unwrap_or_default();
        let _infallible = writeln!(
            text,
            "{:<10}  row {} of {}{sheet}, sent as {}, {since}\n            {}: {}",
            doubt.reference.to_string(),
            doubt.reference.row,
            plain(&doubt.file),
            plain(&doubt.target),
            plain(&doubt.doubt.code),
            plain(&doubt.doubt.message),
        );
        if let Some(key) = keys.get(&doubt.reference) {
            let _infallible = writeln!(text, "            key: {}", plain(key));
        }
    }
    let _infallible = writeln!(
        text,
        "\nLook each of them up in the call centre, then record what you found:\n  {}\n  {}",
        advice::command("ledger resolve REFERENCE --created TICKET_ID"),
        advice::command("ledger resolve REFERENCE --not-created"),
    );
    text
}

fn csv(doubts: &[RowInDoubt], keys: &Keys) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "reference",
        "file",
        "sheet",
        "row",
        "key",
        "since",
        "error_code",
        "message",
        "finding",
        "ticket_id",
    ])?;
    for doubt in doubts {
        let key = keys.get(&doubt.reference).map_or("", String::as_str);
        writer.write_record([
            // A spreadsheet would take 12:45 for a time of day.
            doubt.reference.tagged().as_str(),
            inert(&plain(&doubt.file)).as_ref(),
            inert(&plain(doubt.sheet.as_deref().unwrap_or_default())).as_ref(),
            &doubt.reference.row.to_string(),
            inert(&plain(key)).as_ref(),
            &doubt.since.map(stamp).unwrap_or_default(),
            &doubt.doubt.code,
            inert(&plain(&doubt.doubt.message)).as_ref(),
            "",
            "",
        ])?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

fn as_json(doubt: &RowInDoubt, keys: &Keys) -> Value {
    json!({
        "reference": doubt.reference.to_string(),
        "run": doubt.reference.run.0,
        "row": doubt.reference.row,
        "file": doubt.file,
        "sheet": doubt.sheet,
        "target": doubt.target,
        "key": keys.get(&doubt.reference),
        "since": doubt.since.map(stamp),
        "error_code": doubt.doubt.code,
        "message": doubt.doubt.message,
    })
}
