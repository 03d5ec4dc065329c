//! The gate: how many rows may be in flight now, and whether any.
//!
//! Owns "carefully into an unknown server, and out of doubt" as a small state machine. Until the first proof one row is
//! in flight; after a row ends in doubt, or the server is not reached, nobody enters until a call that creates nothing
//! has been answered, then one row goes alone; three such rows in doubt with no proof between end the run. Leave that was
//! given before the gate held is taken back, and what a row says that left before is part of the same sign. Owns also
//! since when a busy server has refused everything, which must not go on for ever. Knows no HTTP and no ledger: workers
//! report a [`Finding`], the prober reports that the server answers.

use super::end::End;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// So many rows in doubt one after the other, with no proof between, end the run.
const DOUBTS: u32 = 3;

/// What an attempt says about the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Finding {
    /// It created or rejected a row: it works.
    Proof,
    /// It left a row in doubt.
    Doubt(String),
    /// What was taken for proof is none: the ticket that it answered with is another row's.
    Disproof(String),
    /// It was not reached.
    NotReached {
        /// What was seen, for people.
        why: String,
        /// How long it asks to be left alone.
        asked: Option<Duration>,
    },
    /// It refused the row at the door, being too busy.
    Busy,
    /// Nothing: the row is sent again with another token.
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// One row in flight.
    Careful,
    /// As many as there are workers.
    Open,
    /// None, until the prober has an answer.
    Holding,
}

/// Why the gate holds, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hold {
    /// What was seen, for people.
    pub why: String,
    /// Since when there is no proof that the server works.
    pub since: Instant,
    /// How long the server asks to be left alone.
    pub asked: Option<Duration>,
}

/// A stretch of the run between two holds: what a row says that left in an earlier one tells nothing of the server since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Era(u64);

#[derive(Debug)]
struct State {
    mode: Mode,
    era: Era,
    in_flight: usize,
    /// Doubts one after the other with no proof between; those of one era count once.
    doubts: u32,
    /// Proofs one after the other that were none, with no ticket of its own between; those of one era count once.
    disproofs: u32,
    /// Whether a row may have left.
    has_sent: bool,
    hold: Option<Hold>,
    /// Since when a busy server has refused rows and taken none.
    refused_since: Option<Instant>,
    /// When it last proved that it works.
    proved_at: Option<Instant>,
    end: Option<End>,
    /// Whether the ledger has refused something, whatever ended the run.
    has_failed_ledger: bool,
}

/// The gate of one run.
#[derive(Debug)]
pub(super) struct Gate {
    state: Mutex<State>,
    changed: Notify,
}

/// Leave to have one row in flight; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Permit<'a> {
    gate: &'a Gate,
    era: Era,
}

impl Gate {
    pub(super) fn new() -> Gate {
        let state = State {
            mode: Mode::Careful,
            era: Era(0),
            in_flight: 0,
            doubts: 0,
            disproofs: 0,
            has_sent: false,
            hold: None,
            refused_since: None,
            proved_at: None,
            end: None,
            has_failed_ledger: false,
        };
        Gate {
            state: Mutex::new(state),
            changed: Notify::new(),
        }
    }

    /// Waits for leave; none once the run has ended.
    pub(super) async fn enter(&self) -> Option<Permit<'_>> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let mut state = self.lock();
                if state.end.is_some() {
                    return None;
                }
                let may = match state.mode {
                    Mode::Open => true,
                    Mode::Careful => state.in_flight == 0,
                    Mode::Holding => false,
                };
                if may {
                    state.in_flight += 1;
                    let era = state.era;
                    return Some(Permit { gate: self, era });
                }
            }
            changed.await;
        }
    }

    /// Waits until the run ends.
    pub(super) async fn closed(&self) {
        self.wait_for(|state| state.end.is_some().then_some(()))
            .await;
    }

    /// Waits until the gate holds, and says why; none once the run has ended.
    pub(super) async fn held(&self) -> Option<Hold> {
        self.wait_for(|state| match (&state.end, &state.hold) {
            (Some(_), _) => Some(None),
            (None, Some(hold)) if state.mode == Mode::Holding => Some(Some(hold.clone())),
            _ => None,
        })
        .await
    }

    /// Takes in what an attempt says about the server that was allowed in this era.
    pub(super) fn report(&self, finding: Finding, era: Era) {
        let mut state = self.lock();
        // Rows that were in flight together when the gate held are one sign, not many, however late they end.
        let is_news = state.mode != Mode::Holding && state.era == era;
        match finding {
            Finding::Nothing => return,
            Finding::Proof => {
                state.has_sent = true;
                state.doubts = 0;
                state.refused_since = None;
                state.proved_at = Some(Instant::now());
                // What left before the gate held, and ends well now, is not the row that is to go alone.
                if state.mode == Mode::Careful && state.era == era {
                    state.mode = Mode::Open;
                    state.hold = None;
                }
            }
            Finding::Doubt(why) => {
                state.has_sent = true;
                if is_news {
                    state.doubts += 1;
                    hold(&mut state, why, None);
                }
                if state.doubts >= DOUBTS && state.end.is_none() {
                    state.end = Some(End::Doubts);
                }
            }
            Finding::Disproof(why) => {
                if is_news {
                    state.disproofs += 1;
                    hold(&mut state, why, None);
                }
                if state.disproofs >= DOUBTS && state.end.is_none() {
                    state.end = Some(End::Doubts);
                }
            }
            Finding::NotReached { why, asked } => {
                if is_news {
                    hold(&mut state, why, asked);
                }
            }
            Finding::Busy => {
                state.refused_since.get_or_insert_with(Instant::now);
                return;
            }
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// A row's ticket is stored and is its own.
    pub(super) fn confirmed(&self) {
        self.lock().disproofs = 0;
    }

    /// The server has answered as itself: one row may try.
    pub(super) fn answered(&self) {
        let mut state = self.lock();
        if state.mode == Mode::Holding {
            state.mode = Mode::Careful;
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Ends the run; the first reason stands, except that an interruption goes before others, and a defect before all.
    pub(super) fn close(&self, end: End) {
        let mut state = self.lock();
        state.has_failed_ledger |= matches!(end, End::Ledger(_));
        if state
            .end
            .as_ref()
            .is_none_or(|stands| end.weight() > stands.weight())
        {
            state.end = Some(end);
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Since when the server has been too busy for every row; none where it took one since, or never refused any.
    pub(super) fn refused_since(&self) -> Option<Instant> {
        self.lock().refused_since
    }

    /// When the server last proved that it works; none where it never did.
    pub(super) fn proved_at(&self) -> Option<Instant> {
        self.lock().proved_at
    }

    /// Waits until it has proved it once more.
    pub(super) async fn proved_after(&self, earlier: Option<Instant>) {
        self.wait_for(|state| (state.proved_at > earlier).then_some(()))
            .await;
    }

    /// The era that it is.
    pub(super) fn era(&self) -> Era {
        self.lock().era
    }

    /// Why the run ended, if it has.
    pub(super) fn end(&self) -> Option<End> {
        self.lock().end.clone()
    }

    /// Whether the ledger took everything.
    pub(super) fn has_stored_all(&self) -> bool {
        !self.lock().has_failed_ledger
    }

    /// Whether a row may have left in this run: it was created or rejected, or is in doubt.
    pub(super) fn has_sent(&self) -> bool {
        self.lock().has_sent
    }

    async fn wait_for<T>(&self, mut ask: impl FnMut(&State) -> Option<T>) -> T {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(answer) = ask(&self.lock()) {
                return answer;
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hold(state: &mut State, why: String, asked: Option<Duration>) {
    // A hold that follows another one with no proof between is the same outage.
    let since = state
        .hold
        .as_ref()
        .map_or_else(Instant::now, |hold| hold.since);
    state.hold = Some(Hold { why, since, asked });
    state.mode = Mode::Holding;
    state.era = Era(state.era.0 + 1);
}

impl Permit<'_> {
    /// The era in which it was given.
    pub(super) fn era(&self) -> Era {
        self.era
    }

    /// Whether no row may leave by it any more: the gate has held since, or the run has ended.
    pub(super) fn is_revoked(&self) -> bool {
        self.is_revoked_by(&self.gate.lock())
    }

    /// Waits until no row may leave by it any more.
    pub(super) async fn revoked(&self) {
        self.gate
            .wait_for(|state| self.is_revoked_by(state).then_some(()))
            .await;
    }

    fn is_revoked_by(&self, state: &State) -> bool {
        state.end.is_some() || state.era != self.era
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.gate.lock();
        state.in_flight -= 1;
        let wakes = state.mode != Mode::Open;
        drop(state);
        if wakes {
            self.gate.changed.notify_waiters();
        }
    }
}

/// The waits between probes: at once, then 1, 2, 4 … 30 s.
pub(super) fn probe_waits() -> impl Iterator<Item = Duration> {
    let doubling = std::iter::successors(Some(1_u64), |seconds| Some((seconds * 2).min(30)));
    std::iter::once(0).chain(doubling).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::super::end::Signal;
    use super::*;
    use crate::ledger::{LedgerError, LedgerErrorKind};
    use std::path::PathBuf;

    #[test]
    fn a_defect_is_told_whatever_a_person_did_and_what_a_person_did_before_the_rest() {
        let stop = || End::Interrupted(Signal::Interrupt);
        let defect = || End::Defect("a part of the run failed".to_owned());
        let cases = [
            (vec![End::Window, End::Doubts], End::Window),
            (vec![End::Window, stop(), End::Doubts], stop()),
            (vec![defect(), stop()], defect()),
            (vec![stop(), defect(), End::Window], defect()),
        ];
        for (ends, told) in cases {
            let gate = Gate::new();
            for end in ends {
                gate.close(end);
            }
            assert_eq!(gate.end(), Some(told));
        }
    }

    #[test]
    fn a_ledger_that_failed_is_remembered_behind_an_interruption() {
        let gate = Gate::new();
        gate.close(End::Interrupted(Signal::Terminate));
        assert!(gate.has_stored_all());
        gate.close(End::Ledger(LedgerError {
            path: PathBuf::from("ledger.db"),
            kind: LedgerErrorKind::WriterGone,
        }));
        assert_eq!(gate.end(), Some(End::Interrupted(Signal::Terminate)));
        assert!(!gate.has_stored_all());
    }

    fn doubt() -> Finding {
        Finding::Doubt("502".to_owned())
    }

    fn away() -> Finding {
        Finding::NotReached {
            why: "refused".to_owned(),
            asked: None,
        }
    }

    impl Gate {
        /// Reports what a row says that left in this era.
        fn report_now(&self, finding: Finding) {
            self.report(finding, self.era());
        }
    }

    /// Enters if that is possible now.
    async fn try_enter(gate: &Gate) -> Option<Permit<'_>> {
        tokio::select! {
            biased;
            permit = gate.enter() => permit,
            () = std::future::ready(()) => None,
        }
    }

    #[tokio::test]
    async fn one_row_is_in_flight_until_the_first_proof() {
        let gate = Gate::new();
        let first = try_enter(&gate).await;
        assert!(first.is_some());
        assert!(try_enter(&gate).await.is_none());
        gate.report_now(Finding::Proof);
        assert!(try_enter(&gate).await.is_some());
    }

    #[tokio::test]
    async fn a_doubt_holds_everybody_until_the_server_answers_then_one_row_goes_alone() {
        let gate = Gate::new();
        gate.report_now(Finding::Proof);
        gate.report_now(doubt());
        assert!(try_enter(&gate).await.is_none());
        assert_eq!(gate.held().await.unwrap().why, "502");
        gate.answered();
        let alone = try_enter(&gate).await;
        assert!(alone.is_some());
        assert!(try_enter(&gate).await.is_none());
        gate.report_now(Finding::Proof);
        drop(alone);
        assert!(try_enter(&gate).await.is_some());
        assert!(try_enter(&gate).await.is_some());
    }

    #[tokio::test]
    async fn three_doubts_one_after_the_other_end_the_run_and_rows_in_flight_together_count_once() {
        let gate = Gate::new();
        gate.report_now(Finding::Proof);
        for _ in 0..8 {
            gate.report_now(doubt());
        }
        assert_eq!(gate.end(), None);
        gate.answered();
        gate.report_now(doubt());
        assert_eq!(gate.end(), None);
        gate.answered();
        gate.report_now(doubt());
        assert_eq!(gate.end(), Some(End::Doubts));
        assert!(gate.enter().await.is_none());
    }

    #[tokio::test]
    async fn what_left_before_the_gate_held_is_one_sign_however_late_it_ends() {
        for sign in [doubt, || Finding::Disproof("another row's".to_owned())] {
            let gate = Gate::new();
            gate.report_now(Finding::Proof);
            let rows = [gate.enter().await, gate.enter().await, gate.enter().await];
            for row in rows.into_iter().flatten() {
                gate.report(sign(), row.era());
                gate.answered();
            }
            gate.report(Finding::Proof, Era(0));
            assert_eq!(gate.end(), None);
            let alone = try_enter(&gate).await;
            assert!(alone.is_some() && try_enter(&gate).await.is_none());
        }
    }

    #[tokio::test]
    async fn leave_that_was_given_before_the_gate_held_is_taken_back() {
        let gate = Gate::new();
        gate.report_now(Finding::Proof);
        let (waiting, sent) = (gate.enter().await.unwrap(), gate.enter().await.unwrap());
        assert!(!waiting.is_revoked());
        gate.report(doubt(), sent.era());
        drop(sent);
        assert!(waiting.is_revoked());
        waiting.revoked().await;
        gate.answered();
        assert!(waiting.is_revoked());
        // One row goes alone, and not beside one that waits with leave from before.
        assert!(try_enter(&gate).await.is_none());
        drop(waiting);
        assert!(
            try_enter(&gate)
                .await
                .is_some_and(|permit| !permit.is_revoked())
        );
    }

    #[tokio::test]
    async fn a_row_may_have_left_where_it_was_taken_or_is_in_doubt() {
        for (finding, expected) in [
            (Finding::Nothing, false),
            (Finding::Busy, false),
            (away(), false),
            (doubt(), true),
            (Finding::Proof, true),
        ] {
            let gate = Gate::new();
            gate.report_now(finding);
            assert_eq!(gate.has_sent(), expected);
        }
    }

    #[tokio::test]
    async fn a_proof_between_starts_the_count_again() {
        let gate = Gate::new();
        for _ in 0..6 {
            gate.report_now(doubt());
            gate.answered();
            gate.report_now(Finding::Proof);
        }
        assert_eq!(gate.end(), None);
    }

    #[tokio::test]
    async fn proofs_that_are_none_end_the_run_although_each_was_taken_for_one() {
        let gate = Gate::new();
        let disproof = || Finding::Disproof("another row's".to_owned());
        for _ in 0..2 {
            gate.report_now(Finding::Proof);
            gate.report_now(disproof());
            assert!(try_enter(&gate).await.is_none());
            gate.answered();
        }
        assert_eq!(gate.end(), None);
        gate.confirmed();
        for _ in 0..3 {
            assert_eq!(gate.end(), None);
            gate.report_now(Finding::Proof);
            gate.report_now(disproof());
            gate.answered();
        }
        assert_eq!(gate.end(), Some(End::Doubts));
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_measured_from_its_beginning() {
        let gate = Gate::new();
        gate.report_now(away());
        let since = gate.held().await.unwrap().since;
        tokio::time::advance(Duration::from_secs(9)).await;
        gate.answered();
        gate.report_now(away());
        assert_eq!(gate.held().await.unwrap().since, since);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_counts_from_the_first_one_until_a_row_is_taken() {
        let gate = Gate::new();
        assert_eq!(gate.refused_since(), None);
        let first = Instant::now();
        for finding in [
            Finding::Busy,
            away(),
            doubt(),
            Finding::Nothing,
            Finding::Busy,
        ] {
            gate.report_now(finding);
            tokio::time::advance(Duration::from_secs(9)).await;
        }
        assert_eq!(gate.refused_since(), Some(first));
        gate.report_now(Finding::Proof);
        assert_eq!(gate.refused_since(), None);
    }

    #[test]
    fn probes_go_at_once_and_then_ever_more_slowly() {
        let seconds: Vec<_> = probe_waits().take(8).map(|wait| wait.as_secs()).collect();
        assert_eq!(seconds, [0, 1, 2, 4, 8, 16, 30, 30]);
    }
}
