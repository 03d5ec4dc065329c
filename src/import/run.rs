//! One run: a feeder, N workers, a prober, and what ends them.
//!
//! Owns the wiring and the order of beginning and end: the run is in the ledger before the first row, and its end is
//! in the ledger before anything is told. Neither reads settings nor prints.

use super::crew::{Crew, close_at};
use super::end::End;
use super::feeder::Feeder;
use super::gate::Gate;
use super::limits::{Limits, MaxFailures};
use super::pace::{Pace, Rate, interval};
use super::rehearsal::Rehearsal;
use super::repeated::Repeated;
use super::stop::{ECHO, Stop};
use super::table::Table;
use super::{Observer, RunEvent};
use crate::api::{Tokens, Transport};
use crate::ledger::{Identities, Ledger, LedgerError, LedgerErrorKind, NewRun, RunEnd, RunId};
use crate::ticket::Outcome;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

/// How a run goes and when it stops.
#[derive(Debug, Clone)]
pub struct Conditions {
    /// How many rows are in flight at most.
    pub workers: usize,
    /// How fast rows leave, all workers together.
    pub rate: Rate,
    /// How long the server may be away.
    pub give_up_after: Duration,
    /// When the sending window ends.
    pub stop_at: Option<Instant>,
    /// How many rows may fail.
    pub max_failures: Option<MaxFailures>,
    /// How many first rows must not all be rejected with one code.
    pub canary: Option<u64>,
}

/// The account and everything that serves all runs of one command.
pub struct Office<T> {
    /// The API.
    pub transport: Arc<T>,
    /// Its token.
    pub tokens: Arc<Tokens<T>>,
    /// The ledger.
    pub ledger: Arc<Ledger>,
    /// The identities of this account's rows.
    pub identities: Identities,
    /// `USER at HOST`, for people.
    pub target: String,
    /// How the runs go.
    pub conditions: Conditions,
    /// Who is told.
    pub observer: Arc<dyn Observer>,
    /// Signals.
    pub stop: Stop,
}

impl<T> std::fmt::Debug for Office<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Office")
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

/// What came of a run; the outcomes of its rows are in the ledger.
#[derive(Debug, Clone)]
pub struct RunSummary {
    /// The run's number.
    pub run: RunId,
    /// Why it ended.
    pub end: End,
    /// How long it took.
    pub took: Duration,
    /// Whether the ledger took everything that it was given.
    pub all_stored: bool,
    /// Whether every row was looked up in the ledger and stands in the run.
    pub all_registered: bool,
}

/// Rows that wait between feeder and workers, per worker.
const QUEUE_PER_WORKER: usize = 4;

/// Sends one rehearsed file, or, where `ended` says that nothing is to be sent any more, registers its rows only.
///
/// # Errors
///
/// Where the ledger cannot take the beginning of the run; nothing has been sent then.
pub async fn run<T: Transport>(
    office: &Office<T>,
    table: Arc<Table>,
    rehearsal: &Rehearsal,
    fingerprint: [u8; 32],
    ended: Option<End>,
) -> Result<RunSummary, LedgerError> {
    let started = Instant::now();
    let run = begin(office, &table, fingerprint).await?;
    let gate = Arc::new(Gate::new());
    if let Some(end) = ended {
        gate.close(end);
    }
    let repeated = Arc::clone(&rehearsal.repeated);
    let to_send = rehearsal.outcomes.get(Outcome::Ready);
    let registered_all = drive(
        office,
        Course {
            run,
            table,
            repeated,
            gate: Arc::clone(&gate),
            to_send,
        },
    )
    .await;
    let end = match gate.end() {
        Some(End::Interrupted(signal)) if !registered_all => End::BrokenOff(signal),
        end => end.unwrap_or(End::Finished),
    };
    let remembered = match RunEnd::from(&end) {
        // Whoever reads the run's results later must know that its ledger lacks rows.
        end if !registered_all && end.knows_every_row() => RunEnd::BrokenOff,
        end => end,
    };
    let ledger = Arc::clone(&office.ledger);
    let ended = tokio::task::spawn_blocking(move || ledger.end_run(run, remembered)).await;
    let end = match (ended, end) {
        (Ok(Err(error)), End::Finished) => End::Ledger(error),
        (Err(panic), End::Finished) => defect(&panic),
        (_, end) => end,
    };
    Ok(RunSummary {
        run,
        end,
        took: started.elapsed(),
        all_stored: gate.has_stored_all(),
        all_registered: registered_all,
    })
}

/// What one run needs beside the office.
struct Course {
    run: RunId,
    table: Arc<Table>,
    repeated: Arc<Repeated>,
    gate: Arc<Gate>,
    to_send: u64,
}

async fn begin<T>(
    office: &Office<T>,
    table: &Table,
    fingerprint: [u8; 32],
) -> Result<RunId, LedgerError> {
    let new = NewRun {
        scope: office.identities.scope(),
        target: office.target.clone(),
        file: table.name().to_owned(),
        sheet: table.input().description().sheet().map(str::to_owned),
        selection: table.selection(),
        hidden: table.input().description().hidden,
        fingerprint,
        mapping: table.fingerprint(),
    };
    let ledger = Arc::clone(&office.ledger);
    match tokio::task::spawn_blocking(move || ledger.begin_run(new)).await {
        Ok(begun) => begun,
        // Beginning a run does not panic; if the runtime is going away there is no run.
        Err(_) => Err(LedgerError {
            path: office.ledger.path().to_owned(),
            kind: LedgerErrorKind::WriterGone,
        }),
    }
}

/// Sends the rows; says whether the ledger knows all of them now, sent or not.
async fn drive<T: Transport>(office: &Office<T>, course: Course) -> bool {
    let conditions = &office.conditions;
    let (jobs, queue) = mpsc::channel(conditions.workers * QUEUE_PER_WORKER);
    let allowed = conditions.max_failures.map(|max| max.of(course.to_send));
    let gate = course.gate;
    let crew = Arc::new(Crew {
        transport: Arc::clone(&office.transport),
        tokens: Arc::clone(&office.tokens),
        ledger: Arc::clone(&office.ledger),
        gate: Arc::clone(&gate),
        pace: Arc::new(Pace::new(conditions.rate, earliest(office))),
        limits: Limits::new(allowed, conditions.canary),
        give_up_after: conditions.give_up_after,
        jobs: Mutex::new(queue),
        observer: Arc::clone(&office.observer),
        settling: TaskTracker::new(),
        abort: office.stop.abort(),
    });
    let feeder = Feeder {
        table: course.table,
        repeated: course.repeated,
        identities: office.identities.clone(),
        ledger: Arc::clone(&office.ledger),
        run: course.run,
        gate: Arc::clone(&gate),
        jobs: Some(jobs),
        observer: Arc::clone(&office.observer),
        abort: office.stop.abort(),
    };
    let mut watchers = JoinSet::new();
    watchers.spawn({
        let crew = Arc::clone(&crew);
        async move { crew.probe().await }
    });
    watchers.spawn({
        let (gate, stop) = (Arc::clone(&gate), office.stop.clone());
        let observer = Arc::clone(&office.observer);
        async move {
            let signal = stop.first().await;
            gate.close(End::Interrupted(signal));
            // From here on a second signal is one.
            tokio::time::sleep(ECHO).await;
            observer.observe(&RunEvent::Stopping);
        }
    });
    if let Some(at) = conditions.stop_at {
        let gate = Arc::clone(&gate);
        watchers.spawn(async move { close_at(&gate, at).await });
    }
    let feeding = tokio::task::spawn_blocking(move || feeder.feed());
    let mut workers = JoinSet::new();
    for _ in 0..conditions.workers {
        let crew = Arc::clone(&crew);
        workers.spawn(async move { crew.work().await });
    }
    loop {
        let ended = tokio::select! {
            worker = workers.join_next() => match worker {
                Some(ended) => ended,
                None => break,
            },
            // Without its prober a gate that holds would hold for ever.
            Some(ended) = watchers.join_next() => ended,
        };
        if let Err(panic) = ended {
            // The panicking worker's row stays claimed, so it is in doubt with the next run; nothing more is sent.
            gate.close(defect(&panic));
        }
    }
    crew.settling.close();
    crew.settling.wait().await;
    // Frees a feeder that waits for a place in the queue.
    crew.jobs.lock().await.close();
    let registered_all = feeding.await.unwrap_or_else(|panic| {
        gate.close(defect(&panic));
        false
    });
    watchers.shutdown().await;
    registered_all
}

/// A task that panicked. Its message stays out: it may hold a cell's value.
fn defect(panic: &JoinError) -> End {
    let what = if panic.is_panic() {
        "a part of the run failed"
    } else {
        "a part of the run was broken off"
    };
    End::Defect(what.to_owned())
}

/// When the first row may leave: not sooner after the last one of an earlier run than the rate allows.
fn earliest<T>(office: &Office<T>) -> Option<Instant> {
    let pause = interval(office.conditions.rate.per_second()?);
    let last = office
        .ledger
        .reader()
        .and_then(|reader| reader.last_activity())
        .ok()??;
    let since = Duration::try_from(Timestamp::now().duration_since(last)).ok()?;
    pause.checked_sub(since).map(|wait| Instant::now() + wait)
}
