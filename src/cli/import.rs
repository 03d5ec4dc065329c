//! `import`: rehearse all files, then send them one after the other.
//!
//! Owns the order of things that a user sees: what is wrong is told before anything is sent, what is about to happen is
//! told before the first row leaves, and results are written whatever happened.

mod lost_ledger;
mod office;
pub(super) mod outputs;
mod signals;

use super::advice;
use super::args::{Format, ImportArgs};
use super::failure::{Exit, Failure};
use super::files::{
    Prepared, Slot, Stage, exit_of_reading, nothing_known, open_all, read_mapping, rehearse_all,
    unread,
};
use super::output::{conclude, emit};
use super::progress::Progress;
use super::runtime;
use jiff::{Unit, Zoned};
pub(super) use lost_ledger::{Unknown, Whose, tells_of_real_calls};
pub(super) use office::SANDBOX_PREFIX;
use office::{Desk, LedgerPlace};
use outputs::{Outputs, write_results};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use ticketload::api::Client;
use ticketload::import::{End, Office, Purpose, Rehearsal, RunSummary, Table, spoken};
use ticketload::input::Kind;
use ticketload::ledger::{Identity, LedgerError, Reader, RunEnd, RunStory};
use ticketload::report::{Advised, FileReport, Report, counted, plain, plain_path};
use ticketload::results::LookUp;
use ticketload::ticket::Outcome;
use tokio::runtime::Builder;
use tokio::time::Instant;

pub(crate) fn run(args: &ImportArgs) -> Result<Exit, Failure> {
    let mut kind = Builder::new_multi_thread();
    kind.worker_threads(2);
    let runtime = runtime(kind)?;
    let exit = runtime.block_on(import(args));
    // Nothing is left to wait for but, after a second signal, requests that were broken off.
    runtime.shutdown_timeout(Duration::from_secs(1));
    exit
}

async fn import(args: &ImportArgs) -> Result<Exit, Failure> {
    let mut outputs = Outputs::plan(args)?;
    if args.sandbox.is_some() {
        outputs.spare_real_results()?;
    }
    let mut desk = Desk::set_up(args).await?;
    outputs.keep_off(&desk)?;
    let path = desk.settings.mapping();
    let mapping = Arc::new(desk.unless_stopped(move || read_mapping(&path)).await??);
    let progress = Arc::clone(&desk.progress);
    for warning in mapping.warnings(false) {
        progress.say(warning);
    }
    let ledger = desk.open_ledger()?;
    if ledger.recovered() > 0 {
        let (rows, are) = match ledger.recovered() {
            1 => ("1 row was".to_owned(), "it is"),
            rows => (format!("{} were", counted(rows, "row")), "they are"),
        };
        progress.say(format!(
            "the last run ended while {rows} being sent: {are} in doubt now"
        ));
    }
    let reader = ledger.reader()?;
    if desk.place == LedgerPlace::Kept {
        outputs.refuse_if_ledger_was_lost(Some(&reader), ledger.path())?;
        if reader.is_empty()? {
            progress.say(nothing_known(ledger.path()));
        }
    }
    let office = desk.office(args, ledger)?;
    let stage = Stage {
        identities: &office.identities,
        reader: Some(&reader),
        purpose: Purpose::Send(desk.settings.body()?),
        progress: &progress,
        stop: &office.stop,
    };
    let (files, its_mapping) = (args.files.clone(), Arc::clone(&mapping));
    let tables = desk
        .unless_stopped(move || open_all(&files, &its_mapping))
        .await??;
    let mut slots = tokio::task::block_in_place(|| rehearse_all(&args.files, tables, &stage))?;
    let end = strict(args, &slots);
    let dispatch = Dispatch {
        office: &office,
        reader: &reader,
        progress: &progress,
    };
    let exit = dispatch.send_all(&mut slots, &outputs, end).await;
    // The results are written and the ledger is free for others before anything waits for the terminal.
    drop(office);
    desk.close().await;
    let exit = exit?.worse(exit_of_reading(&slots));
    let files = slots.into_iter().map(|slot| slot.report).collect();
    let mut report = Report {
        command: "import",
        target: Some(desk.target.clone()),
        files,
        exit_code: exit as u8,
        error: None,
        advised: advised(args),
    };
    let json = args.format == Format::Json;
    Ok(if outputs.to_stdout() {
        // As with all that is said there: the exit code tells what came of the rows, not whether somebody listened.
        drop(emit(&mut report, json, &mut io::stderr().lock()));
        exit
    } else {
        conclude(&mut report, json, &mut io::stdout().lock(), exit)
    })
}

/// The commands to be typed next. A sandbox that is not kept takes its ledger along.
fn advised(args: &ImportArgs) -> Advised {
    let mut advised = advice::for_report();
    if matches!(args.sandbox, Some(None)) {
        advised.in_doubt = None;
    }
    advised
}

/// With `--strict` one invalid row in any file keeps all of them from being sent.
fn strict(args: &ImportArgs, slots: &[Slot]) -> Option<End> {
    let any_invalid = slots
        .iter()
        .any(|slot| slot.prepared.is_none() || slot.report.outcomes.get(Outcome::Invalid) > 0);
    (args.strict && any_invalid).then_some(End::Strict)
}

type Sent = (RunSummary, Arc<Table>, Rehearsal);

/// All that it takes to send files.
struct Dispatch<'a> {
    office: &'a Office<Client>,
    /// Opened when the command began: what the ledger knows is told also where its file is gone by the end.
    reader: &'a Reader,
    progress: &'a Progress,
}

impl Dispatch<'_> {
    /// Sends all files, one after the other, and writes the results of each.
    async fn send_all(
        &self,
        slots: &mut [Slot],
        outputs: &Outputs,
        mut ended: Option<End>,
    ) -> Result<Exit, Failure> {
        let mut exit = Exit::Success;
        let (mut has_begun, mut sent_any) = (false, false);
        for (slot, output) in slots.iter_mut().zip(outputs.files()) {
            let Some(prepared) = slot.prepared.take() else {
                continue;
            };
            if let Some(signal) = self.office.stop.signalled() {
                ended = Some(End::Interrupted(signal));
            }
            let sent = self.send(&mut slot.report, prepared, ended.clone()).await;
            let (summary, table, rehearsal) = match sent {
                Ok(sent) => sent,
                // It has changed since it was checked; the other files have not.
                Err(Failure::Input(error)) => {
                    let name = std::mem::take(&mut slot.report.file);
                    *slot = unread(name, error, self.progress);
                    continue;
                }
                // What keeps this one from being begun takes nothing from what is to be told of the others.
                Err(failure) if has_begun => {
                    let failure = failure.later();
                    self.progress.say(failure.shown());
                    exit = exit.worse(failure.exit());
                    slot.report.outcomes.keep_back();
                    slot.report.unwritten.push(failure.message());
                    continue;
                }
                Err(failure) => return Err(failure),
            };
            has_begun = true;
            // Exit 2 says that nothing was sent; once an earlier file was, what answers now is a server in trouble.
            let wrong = Failure::of_wrong_server(&summary.end);
            let is_wrong = wrong.is_some();
            if let Some(failure) = wrong.filter(|_| !sent_any) {
                return Err(failure);
            }
            let written = tokio::task::block_in_place(|| {
                write_results(
                    self.reader,
                    &table,
                    &summary,
                    self.look_up(&summary, &rehearsal),
                    output,
                )
            });
            let written = written.map_err(Failure::later)?;
            slot.report.outcomes = written.outcomes;
            slot.report.warnings = written.warnings;
            slot.report.not_stored = self.not_stored(&summary);
            slot.report.results = written.results;
            slot.report.rejects = written.rejects;
            slot.report.remarks.extend(written.remarks);
            let rejects = slot.report.rejects.as_ref().map(|(path, _)| path.as_path());
            let kind = table.input().description().kind();
            slot.report
                .remarks
                .extend(rejects.and_then(|path| misnamed(path, kind)));
            for failure in written.unwritten {
                self.progress.say(failure.shown());
                exit = exit.worse(failure.exit());
                slot.report.unwritten.push(failure.message());
            }
            slot.report.problems = Some(rehearsal.problems);
            let sent = [Outcome::Created, Outcome::Rejected, Outcome::InDoubt];
            sent_any |= sent
                .iter()
                .any(|outcome| slot.report.outcomes.get(*outcome) > 0);
            exit = exit.worse(if is_wrong {
                Exit::StoppedEarly
            } else {
                Exit::of_run(&summary.end, &slot.report.outcomes)
            });
            // What ended this file's run ends the others' too, unless it was the file's own affair.
            if !matches!(summary.end, End::Finished | End::Input(_)) {
                ended = Some(summary.end.clone());
            }
            slot.report.run = Some(summary);
        }
        Ok(exit)
    }

    /// What the rows are looked up by that a run did not come to, where the ledger knows any calls by now: one of an earlier
    /// run, of a file before this one, or of a row of the run with the same key.
    fn look_up<'a>(&'a self, summary: &RunSummary, rehearsal: &'a Rehearsal) -> Option<LookUp<'a>> {
        // What cannot be asked is told by whoever asks for the rows next.
        let knows_none = || self.reader.is_empty().unwrap_or(false);
        (!summary.all_registered && !knows_none()).then_some(LookUp {
            rehearsal,
            identities: &self.office.identities,
        })
    }

    /// How many rows are told as in doubt only since the ledger did not take what came of them. Nothing but words hangs on
    /// it, so nothing fails for it.
    fn not_stored(&self, summary: &RunSummary) -> u64 {
        if summary.all_stored {
            return 0;
        }
        let snapshot = self.reader.snapshot();
        let claimed = snapshot.and_then(|snapshot| snapshot.claimed_of(summary.run));
        claimed.unwrap_or_default()
    }

    async fn send(
        &self,
        report: &mut FileReport,
        prepared: Prepared,
        ended: Option<End>,
    ) -> Result<Sent, Failure> {
        let Prepared { table, rehearsal } = prepared;
        let fingerprint =
            tokio::task::block_in_place(|| table.input().fingerprint()).map_err(Failure::Input)?;
        if let Some(before) =
            imported_before(self.reader, self.office.identities.scope(), &fingerprint)?
        {
            self.progress.say(before.as_str());
            report.imported_before = Some(before);
        }
        let ready = rehearsal.outcomes.get(Outcome::Ready);
        if ended.is_none() && ready > 0 {
            self.progress.say(announcement(ready, self.office));
        }
        self.progress
            .begin(format!("sending {}", plain(&report.file)), rehearsal.rows);
        let summary = ticketload::import::run(
            self.office,
            Arc::clone(&table),
            &rehearsal,
            fingerprint,
            ended,
        )
        .await;
        self.progress.end();
        Ok((summary?, table, rehearsal))
    }
}

/// Rejects are what their input is, whatever their name says; a spreadsheet goes by the name.
fn misnamed(path: &Path, kind: Kind) -> Option<String> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    let is_misnamed = match kind {
        Kind::Csv => ["xlsx", "xlsm", "xlsb", "xls", "ods"].contains(&ending.as_str()),
        Kind::Xlsx => ending != "xlsx",
    };
    let fitting = kind.as_str();
    is_misnamed.then(|| {
        format!(
            "{} is {}, as its input is: give it a name that ends in .{fitting} before a spreadsheet opens it",
            plain_path(path),
            match kind {
                Kind::Csv => "a text (CSV)",
                Kind::Xlsx => "a workbook (XLSX)",
            }
        )
    })
}

/// `sending 1,181 rows to HOST as USER at 5/s, about 4 min, not after 06:00 tomorrow`.
fn announcement(rows: u64, office: &Office<Client>) -> String {
    let (user, host) = office
        .target
        .split_once(" at ")
        .unwrap_or((&office.target, ""));
    let rate = office.conditions.rate;
    let pace = match rate.per_second() {
        None => ", as fast as they go".to_owned(),
        Some(per_second) => {
            #[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
            let seconds = rows as f64 / per_second;
            let about = spoken(Duration::from_secs_f64(seconds.max(1.0)));
            format!(" at {rate}, about {about}")
        }
    };
    let window = office.conditions.stop_at.map(|at| {
        let left = at.saturating_duration_since(Instant::now());
        window(left, &Zoned::now())
    });
    let rows = counted(rows, "row");
    format!(
        "sending {rows} to {host} as {user}{pace}{}",
        window.unwrap_or_default()
    )
}

/// The end of the sending window: a time that is past for today is tomorrow's, which nobody may have meant.
fn window(left: Duration, now: &Zoned) -> String {
    let Ok(end) = now
        .checked_add(left)
        .and_then(|end| end.round(Unit::Minute))
    else {
        return String::new();
    };
    let day = if end.date() == now.date() {
        ""
    } else {
        " tomorrow"
    };
    format!(", not after {}{day}", end.strftime("%H:%M"))
}

/// A file with the same content was imported before: told before anything is sent.
fn imported_before(
    reader: &Reader,
    scope: Identity,
    fingerprint: &[u8; 32],
) -> Result<Option<String>, LedgerError> {
    if let Some(run) = reader.earlier_run(scope, fingerprint, None)? {
        return Ok(Some(format!(
            "this file was imported before, {}; what has a ticket is not sent again",
            story(&run)
        )));
    }
    let elsewhere = reader.run_elsewhere(scope, fingerprint)?;
    Ok(elsewhere.map(|run| {
        format!(
            "this file was imported before for another account, {}, {}; to this one all of it is new",
            plain(&run.target),
            story(&run)
        )
    }))
}

/// `as calls.csv with --limit 5 on 2026-11-22 22:30 UTC: it finished`.
fn story(run: &RunStory) -> String {
    let when = run.started_at.strftime("%Y-%m-%d %H:%M UTC");
    let how = match run.ended {
        Some(RunEnd::Finished) => "it finished".to_owned(),
        Some(RunEnd::Adopted) => "its tickets were adopted from its results".to_owned(),
        Some(end) => format!("it ended early ({})", end.word()),
        None => "it did not end".to_owned(),
    };
    let part = match run.selection.to_string() {
        part if part.is_empty() => part,
        part => format!(" with {part}"),
    };
    format!("as {}{part} on {when}: {how}", plain(&run.file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_whose_name_says_what_they_are_not_are_told() {
        let told = |name: &str, kind| misnamed(Path::new(name), kind);
        for (name, kind) in [
            ("r.csv", Kind::Csv),
            ("r.txt", Kind::Csv),
            ("r.rejects", Kind::Csv),
            ("r", Kind::Csv),
            ("r.XLSX", Kind::Xlsx),
            ("r", Kind::Xlsx),
        ] {
            assert_eq!(told(name, kind), None);
        }
        let text = told("r.xlsx", Kind::Csv).unwrap();
        assert!(text.starts_with("r.xlsx is a text (CSV)"), "{text}");
        assert!(text.contains("ends in .csv"), "{text}");
        let book = told("a/r.CSV", Kind::Xlsx).unwrap();
        assert!(book.starts_with("a/r.CSV is a workbook (XLSX)"), "{book}");
    }

    #[test]
    fn a_window_that_ends_on_another_day_says_so() {
        let now: Zoned = "2026-11-22T22:30:20[UTC]".parse().unwrap();
        let after = |minutes: u64| window(Duration::from_secs(minutes * 60 - 21), &now);
        assert_eq!(after(30), ", not after 23:00");
        assert_eq!(after(450), ", not after 06:00 tomorrow");
        assert_eq!(after(24 * 60), ", not after 22:30 tomorrow");
        assert_eq!(window(Duration::MAX, &now), "");
    }
}
