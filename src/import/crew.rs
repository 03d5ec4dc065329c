//! The crew: workers that send rows.
//!
//! Owns the one worker loop. The order in it is the promise: permit, pace, token, claim, send, settle, tell. A row is
//! claimed only when its request is about to leave, and nothing is told before it is committed. An attempt that has
//! begun always ends in a settled row: it is broken off only by a second signal, and is in doubt then.

use super::attempt::{INTERRUPTED, Then, broken_off, conclude, released};
use super::end::End;
use super::gate::{Era, Finding, Gate, Permit};
use super::limits::Limits;
use super::pace::{Pace, SlowDown};
use super::{Observer, RunEvent};
use crate::abort::{self, Step};
use crate::api::{TokenError, Tokens, Transport};
use crate::ledger::{EmergencyNote, Ledger, LedgerError, SubmissionId};
use crate::submission::{Event, State};
use crate::ticket::{Outcome, Payload};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// One row that is to be sent.
#[derive(Debug)]
pub(super) struct Job {
    /// Its submission in the ledger.
    pub submission: SubmissionId,
    /// Its number as the spreadsheet shows it.
    pub row: u64,
    /// What is sent.
    pub payload: Payload,
}

/// Where claims and outcomes are kept: the ledger, or a model of it that can be made to fail.
pub(super) trait Store: Send + Sync + 'static {
    /// Moves a submission on; when the future is done, the state that it gives is durable. Changes happen in the order
    /// in which they were asked for.
    fn apply(
        &self,
        submission: SubmissionId,
        event: Event,
    ) -> impl Future<Output = Result<State, LedgerError>> + Send + use<Self>;

    /// Keeps an outcome that could not be stored in an emergency file, and gives its path.
    fn keep(&self, note: &EmergencyNote) -> io::Result<PathBuf>;
}

impl Store for Ledger {
    fn apply(
        &self,
        submission: SubmissionId,
        event: Event,
    ) -> impl Future<Output = Result<State, LedgerError>> + Send + use<> {
        Ledger::apply(self, submission, event)
    }

    fn keep(&self, note: &EmergencyNote) -> io::Result<PathBuf> {
        Ledger::keep(self, note)
    }
}

/// What is seen of a server that answers 429.
pub(super) const TOO_BUSY: &str = "the server is too busy";

/// Everything that the workers of one run share.
pub(super) struct Crew<T, S = Ledger> {
    pub transport: Arc<T>,
    pub tokens: Arc<Tokens<T>>,
    pub ledger: Arc<S>,
    pub gate: Arc<Gate>,
    pub pace: Arc<Pace>,
    pub limits: Limits,
    /// How long the server may give no sign of working.
    pub give_up_after: Duration,
    pub jobs: Mutex<mpsc::Receiver<Job>>,
    pub observer: Arc<dyn Observer>,
    /// Outcomes on their way to the disk.
    pub settling: TaskTracker,
    /// The second signal: attempts in flight are broken off.
    pub abort: CancellationToken,
}

impl<T: Transport, S: Store> Crew<T, S> {
    /// One worker: sends rows until there are no more or the run ends.
    pub(super) async fn work(self: &Arc<Self>) {
        while let Some(permit) = self.gate.enter().await {
            let job = tokio::select! {
                biased;
                () = permit.revoked() => continue,
                job = async { self.jobs.lock().await.recv().await } => job,
            };
            let Some(job) = job else { break };
            self.see_through(&job, permit).await;
        }
    }

    /// Sends one row until it has its outcome or the run ends.
    async fn see_through<'a>(self: &'a Arc<Self>, job: &Job, mut permit: Permit<'a>) {
        let mut busy = 0;
        loop {
            let then = tokio::select! {
                biased;
                () = permit.revoked() => Then::Again,
                () = self.pace.ready() => match self.attempt(job, &permit).await {
                    Some(then) => then,
                    None => return,
                },
            };
            match then {
                Then::Done => return,
                Then::Again | Then::Renew => {}
                Then::SlowDown(asked) => {
                    busy += 1;
                    self.slow_down(asked, busy).await;
                }
                Then::Distrust(why) => {
                    if !self.gate.has_sent() {
                        self.gate.close(End::Certificate(why));
                    }
                }
            }
            // The permit goes back first: the gate may have become careful.
            drop(permit);
            match self.gate.enter().await {
                Some(next) => permit = next,
                None => return,
            }
        }
    }

    /// The server is too busy: everybody waits, unless the wait is longer than the run's patience.
    async fn slow_down(&self, asked: Option<Duration>, times: u32) {
        let wait = SlowDown::of(asked, times).wait();
        if self.pace.pushed_back(wait) {
            if let Some(asked) = asked {
                self.observer.observe(&RunEvent::Busy { asked, wait });
            }
            self.observer
                .observe(&RunEvent::Pace(*self.pace.watch().borrow()));
        }
        self.be_patient(wait).await;
    }

    /// Nobody leaves for so long: where that is longer than the run's patience, the run ends with its patience and not with
    /// the wait. A row that was on its way may be taken meanwhile; patience begins anew with it, and nothing else does.
    async fn be_patient(&self, wait: Duration) {
        let now = Instant::now();
        let (until, refused) = (now + wait, self.gate.refused_since().unwrap_or(now));
        loop {
            let proved = self.gate.proved_at();
            let since = proved.map_or(refused, |proved| proved.max(refused));
            let left = self.give_up_after.saturating_sub(since.elapsed());
            if until.saturating_duration_since(Instant::now()) < left {
                return;
            }
            tokio::select! {
                biased;
                () = self.gate.proved_after(proved) => {}
                () = self.pause(left) => {
                    self.gate.close(End::ServiceDown {
                        away: since.elapsed(),
                        why: TOO_BUSY.to_owned(),
                    });
                    return;
                }
            }
        }
    }

    /// One attempt: token, claim, send, settle, tell; says what the worker does then. None where the run has ended.
    async fn attempt(self: &Arc<Self>, job: &Job, permit: &Permit<'_>) -> Option<Then> {
        let token = tokio::select! {
            biased;
            () = permit.revoked() => return Some(Then::Again),
            token = self.tokens.get() => token,
        };
        let token = match token {
            Ok(token) => token,
            Err(error) => {
                self.without_token(error);
                return Some(Then::Again);
            }
        };
        if permit.is_revoked() {
            return Some(Then::Again);
        }
        abort::at(Step::Claiming);
        if let Err(error) = self.ledger.apply(job.submission, Event::Claimed).await {
            self.gate.close(End::Ledger(error));
            return None;
        }
        abort::at(Step::Claimed);
        if self.abort.is_cancelled() {
            // The second signal came before the request left.
            let back = released(INTERRUPTED);
            self.settle(job, back, permit.era()).await;
            return None;
        }
        let reply = self
            .abort
            .run_until_cancelled(self.transport.submit(&token, &job.payload))
            .await;
        abort::at(Step::Answered);
        let conclusion = reply.map_or_else(broken_off, conclude);
        if conclusion.finding == Finding::Proof {
            self.tokens.accepted(&token);
            self.pace.went_well();
        }
        // The gate is told first: while this row is being settled, no other goes into the same hole; and proof that came
        // late would open it again behind a doubt.
        self.gate.report(conclusion.finding, permit.era());
        if let Some(end) = self.limits.count(&conclusion.event) {
            self.gate.close(end);
        }
        let settled = self.settle(job, conclusion.event, permit.era());
        if conclusion.then == Then::Done {
            // The worker goes on: its next claim is asked for behind this outcome, so that one commit can hold both.
            self.settling.spawn(settled);
            return Some(Then::Done);
        }
        settled.await;
        if conclusion.then == Then::Renew {
            // The row is released: a login that hangs keeps nobody who wants to stop.
            let renewed = tokio::select! {
                biased;
                () = self.gate.closed() => return None,
                renewed = self.tokens.expired(&token) => renewed,
            };
            if let Err(error) = renewed {
                self.without_token(error);
            }
        }
        Some(conclusion.then)
    }

    /// Settles a row and then tells of it. The outcome is on its way to the disk when this returns.
    fn settle(
        self: &Arc<Self>,
        job: &Job,
        event: Event,
        era: Era,
    ) -> impl Future<Output = ()> + Send + use<T, S> {
        let crew = Arc::clone(self);
        let (submission, row) = (job.submission, job.row);
        let storing = self.ledger.apply(submission, event.clone());
        async move {
            match storing.await {
                Ok(state) => {
                    abort::at(Step::Settled);
                    crew.tell(row, &event, &state, era);
                }
                Err(error) => {
                    crew.keep_elsewhere(submission, row, &event);
                    crew.gate.close(End::Ledger(error));
                }
            }
        }
    }

    fn tell(&self, row: u64, event: &Event, state: &State, era: Era) {
        let outcome = match state {
            State::Created { .. } => {
                self.gate.confirmed();
                Outcome::Created
            }
            State::Rejected { .. } => Outcome::Rejected,
            State::InDoubt(doubt) => {
                if matches!(event, Event::Created { .. }) {
                    // The ledger knows better than the reply: the ticket is another row's.
                    self.gate
                        .report(Finding::Disproof(doubt.message.clone()), era);
                    if let Some(end) = self.limits.count_disproof() {
                        self.gate.close(end);
                    }
                }
                Outcome::InDoubt
            }
            State::Ready { .. } | State::Claimed => return,
        };
        self.observer.observe(&RunEvent::Settled { row, outcome });
    }

    /// There is no token: wait for the server, or end the run.
    pub(super) fn without_token(&self, error: TokenError) {
        match error {
            TokenError::NotReached {
                message,
                retry_after,
                ..
            } => self.not_reached(message, retry_after),
            TokenError::Certificate(_) | TokenError::NotThisApi { .. } if self.gate.has_sent() => {
                self.not_reached(error.to_string(), None);
            }
            TokenError::Certificate(_) => self.gate.close(End::Certificate(error.to_string())),
            TokenError::NotThisApi { .. } => self.gate.close(End::WrongServer(error.to_string())),
            TokenError::Refused { .. } | TokenError::NeverAccepted => {
                self.gate.close(End::NotAuthenticated(error.to_string()));
            }
        }
    }

    /// No login was to be had: nobody can be sent now, whoever asked.
    fn not_reached(&self, why: String, asked: Option<Duration>) {
        let finding = Finding::NotReached { why, asked };
        self.gate.report(finding, self.gate.era());
    }

    /// The ledger did not take an outcome: it goes to the emergency file, and to people.
    fn keep_elsewhere(&self, submission: SubmissionId, row: u64, event: &Event) {
        let Some(note) = EmergencyNote::of(submission, event) else {
            return;
        };
        let written = self.ledger.keep(&note);
        let ticket_id = match event {
            Event::Created { ticket_id, .. } => Some(ticket_id.as_str().escape_debug().to_string()),
            _ => None,
        };
        self.observer.observe(&RunEvent::NotStored {
            row,
            outcome: outcome(event),
            ticket_id,
            kept_in: written.ok(),
        });
    }

    /// Waits, but not longer than the run lasts.
    pub(super) async fn pause(&self, wait: Duration) {
        tokio::select! {
            () = self.gate.closed() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// The outcome that an event settles; none where the row goes again.
fn outcome(event: &Event) -> Option<Outcome> {
    match event {
        Event::Created { .. } => Some(Outcome::Created),
        Event::Rejected { .. } => Some(Outcome::Rejected),
        Event::Unproven(_) => Some(Outcome::InDoubt),
        Event::Claimed
        | Event::Released { .. }
        | Event::Crashed
        | Event::Requeued
        | Event::FoundCreated { .. }
        | Event::FoundNotCreated => None,
    }
}

/// When `--stop-at` comes, the run ends.
pub(super) async fn close_at(gate: &Gate, at: Instant) {
    tokio::select! {
        () = gate.closed() => {}
        () = tokio::time::sleep_until(at) => gate.close(End::Window),
    }
}
