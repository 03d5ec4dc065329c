//! `ledger runs` and `ledger show RUN`: what there was, and what came of it.

use super::super::advice;
use super::super::args::Format;
use super::super::args::ledger::{RunsArgs, ShowArgs};
use super::super::failure::{Exit, Failure};
use super::super::output::{json, print};
use super::{stamp, story, when};
use serde_json::{Value, json};
use std::fmt::Write as _;
use ticketload::code::explain;
use ticketload::ledger::{CodeCount, Reader, RowInDoubt, RunEnd, RunStory, Tally};
use ticketload::reading::Hidden;
use ticketload::report::{counted, plain, thousands};
use ticketload::ticket::Outcome;

pub(super) fn list(args: &RunsArgs) -> Result<Exit, Failure> {
    let reader = Reader::open(&args.place.settings()?.ledger()?)?;
    let runs = reader.runs()?;
    let mut tallies = reader.tallies(None)?;
    let runs: Vec<(RunStory, Tally)> = runs
        .into_iter()
        .map(|run| {
            let tally = tallies.remove(&run.run).unwrap_or_default();
            (run, tally)
        })
        .collect();
    if args.format == Format::Json {
        let runs: Vec<Value> = runs
            .iter()
            .map(|(run, tally)| as_json(run, tally))
            .collect();
        return json(&json!({ "version": 1, "runs": runs }));
    }
    if runs.is_empty() {
        return print("there was no run yet\n");
    }
    let mut text = String::new();
    for (run, tally) in &runs {
        let _infallible = writeln!(
            text,
            "{:>5}  {}  {}{}, {}\n       {}; now {}",
            run.run.0,
            when(run.started_at),
            plain(&run.file),
            part(run).map_or_else(String::new, |part| format!(" {part}")),
            plain(&run.target),
            ended(run),
            came_to(run, tally)
        );
    }
    print(text)
}

pub(super) fn show(args: &ShowArgs) -> Result<Exit, Failure> {
    let reader = Reader::open(&args.place.settings()?.ledger()?)?;
    let run = story(&reader, args.run)?;
    let tally = reader
        .tallies(Some(args.run))?
        .remove(&args.run)
        .unwrap_or_default();
    let codes = reader.codes(args.run)?;
    let mut doubts = reader.in_doubt()?;
    doubts.retain(|doubt| doubt.reference.run == args.run);
    if args.format == Format::Json {
        let mut value = as_json(&run, &tally);
        value["version"] = json!(1);
        value["codes"] = codes.iter().map(code_json).collect();
        value["in_doubt"] = doubts
            .iter()
            .map(|doubt| json!(doubt.reference.to_string()))
            .collect();
        return json(&value);
    }
    print(shown(&run, &tally, &codes, &doubts))
}

fn shown(run: &RunStory, tally: &Tally, codes: &[CodeCount], doubts: &[RowInDoubt]) -> String {
    let sheet = run
        .sheet
        .as_deref()
        .map(|sheet| format!(", sheet {}", plain(sheet)))
        .unwrap_or_default();
    let part = part(run).map_or_else(String::new, |part| format!("  asked for    {part}\n"));
    let mut text = format!(
        "run {} over {}{sheet}\n{part}  sent as      {}\n  began        {}\n  {:<11}  {}\n  rows now     {}\n",
        run.run,
        plain(&run.file),
        plain(&run.target),
        when(run.started_at),
        "ended",
        match run.finished_at {
            Some(at) => format!("{} ({})", when(at), ended(run)),
            None => ended(run),
        },
        came_to(run, tally),
    );
    if !codes.is_empty() {
        text.push('\n');
    }
    for code in codes {
        let meaning = explain(&code.code).map_or("", |known| known.on_submission);
        let _infallible = writeln!(
            text,
            "  {:>7}  {:<9} {:<22} {meaning}",
            thousands(code.rows),
            code.outcome.as_str(),
            plain(&code.code)
        );
    }
    if !doubts.is_empty() {
        let names: Vec<String> = doubts.iter().map(|row| row.reference.to_string()).collect();
        let _infallible = writeln!(
            text,
            "\n  in doubt: {}\n  `{}` says what was seen",
            names.join(" "),
            advice::command("ledger in-doubt")
        );
    }
    text
}

/// The part of the file that was asked for, as it was typed; none for the whole.
fn part(run: &RunStory) -> Option<String> {
    let hidden = run.hidden.filter(|choice| *choice == Hidden::Skip);
    let words: Vec<String> = [
        Some(run.selection.to_string()),
        hidden.map(|choice| format!("--hidden {}", choice.word())),
    ]
    .into_iter()
    .flatten()
    .filter(|words| !words.is_empty())
    .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// How a run ended, as a half sentence.
fn ended(run: &RunStory) -> String {
    match run.ended {
        None => "going, or cut off".to_owned(),
        Some(RunEnd::Finished) => "finished".to_owned(),
        Some(RunEnd::Adopted) => "adopted from a results file".to_owned(),
        Some(RunEnd::BrokenOff) => "broken off before every row was looked up".to_owned(),
        Some(end) => format!("ended early ({})", end.word()),
    }
}

/// What the rows have come to by now, maybe in later runs: `1,181 rows: 1,170 created, 8 invalid, 3 in_doubt`, with the outcomes as results name them.
fn came_to(run: &RunStory, tally: &Tally) -> String {
    if let Some(at) = run.purged_at {
        return format!("none: its rows were purged on {}", when(at));
    }
    let mut parts: Vec<String> = Outcome::ALL
        .iter()
        .filter_map(|outcome| Some((outcome, tally.outcomes.get(outcome)?)))
        .map(|(outcome, rows)| format!("{} {}", thousands(*rows), outcome.as_str()))
        .collect();
    if tally.claimed > 0 {
        parts.push(format!("{} being sent", thousands(tally.claimed)));
    }
    let rows = counted(tally.rows(), "row");
    if parts.is_empty() {
        rows
    } else {
        format!("{rows}: {}", parts.join(", "))
    }
}

fn as_json(run: &RunStory, tally: &Tally) -> Value {
    let outcomes: serde_json::Map<String, Value> = Outcome::ALL
        .iter()
        .filter(|outcome| **outcome != Outcome::Ready)
        .map(|outcome| {
            let rows = tally.outcomes.get(outcome).copied().unwrap_or_default();
            (outcome.as_str().to_owned(), json!(rows))
        })
        .collect();
    json!({
        "run": run.run.0,
        "started_at": stamp(run.started_at),
        "finished_at": run.finished_at.map(stamp),
        "ended": run.ended.map(RunEnd::word),
        "target": run.target,
        "file": run.file,
        "sheet": run.sheet,
        "selection": {
            "rows": run.selection.rows.map(|(first, last)| [first, last]),
            "limit": run.selection.limit,
            "hidden": run.hidden.map(Hidden::word),
        },
        "purged_at": run.purged_at.map(stamp),
        "rows": tally.rows(),
        "claimed": tally.claimed,
        "outcomes": outcomes,
    })
}

fn code_json(code: &CodeCount) -> Value {
    json!({ "outcome": code.outcome.as_str(), "code": code.code, "rows": code.rows })
}
