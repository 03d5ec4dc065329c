//! The writer: one thread, one connection, group commit.
//!
//! Owns the transaction around every change that a run makes; what a change is stands in `register` and `submissions`. Takes
//! what has queued up while the last commit was on its way to the disk into one transaction, and answers the callers only
//! after `COMMIT`. A change that the state machine refuses fails alone; a failing commit fails all that were in it, and
//! nothing of it is stored.

use super::decide::{Disposition, Registration};
use super::identity::Identity;
use super::journal;
use super::mark::Marker;
use super::place::Standing;
use super::register::{number, register};
use super::submissions::{change, one};
use super::{LedgerErrorKind, RunEnd, RunId, SubmissionId};
use crate::abort::{self, Step};
use crate::reading::{Hidden, Selection};
use crate::submission::{Event, State};
use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};
use tokio::sync::{mpsc, oneshot};

/// So many operations at most share a commit; a group never grows beyond what waits, so this only bounds memory.
const GROUP: usize = 512;

pub(super) type Answer<T> = oneshot::Sender<Result<T, LedgerErrorKind>>;

/// What a run is, when it begins.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// The account's scope, of [`super::Identities::scope`].
    pub scope: Identity,
    /// The account for people: `USER at HOST`.
    pub target: String,
    /// The input file as the user named it.
    pub file: String,
    /// The worksheet.
    pub sheet: Option<String>,
    /// The part of it that was asked for.
    pub selection: Selection,
    /// What becomes of hidden rows, where the user said so.
    pub hidden: Option<Hidden>,
    /// A hash of the file's content.
    pub fingerprint: [u8; 32],
    /// A hash of the mapping.
    pub mapping: [u8; 8],
}

pub(super) enum Op {
    Begin {
        run: Box<NewRun>,
        answer: Answer<RunId>,
    },
    End {
        run: RunId,
        end: RunEnd,
        answer: Answer<()>,
    },
    Register {
        run: RunId,
        rows: Vec<Registration>,
        answer: Answer<Vec<Disposition>>,
    },
    Apply {
        submission: SubmissionId,
        event: Event,
        answer: Answer<State>,
    },
}

/// The answers that wait for the commit.
enum Pending {
    Begin(Answer<RunId>, Result<RunId, LedgerErrorKind>),
    Unit(Answer<()>, Result<(), LedgerErrorKind>),
    Apply(Answer<State>, Result<State, LedgerErrorKind>),
    Register(
        Answer<Vec<Disposition>>,
        Result<Vec<Disposition>, LedgerErrorKind>,
    ),
}

pub(super) struct Writer {
    connection: Connection,
    marker: Marker,
    standing: Standing,
    queue: mpsc::UnboundedReceiver<Op>,
    /// How many groups were committed.
    commits: u32,
}

impl Writer {
    pub(super) fn start(
        connection: Connection,
        marker: Marker,
        standing: Standing,
        queue: mpsc::UnboundedReceiver<Op>,
    ) -> std::io::Result<std::thread::JoinHandle<()>> {
        let writer = Writer {
            connection,
            marker,
            standing,
            queue,
            commits: 0,
        };
        std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || writer.run())
    }

    fn run(mut self) {
        let mut group = Vec::new();
        while let Some(first) = self.queue.blocking_recv() {
            group.push(first);
            while group.len() < GROUP
                && let Ok(op) = self.queue.try_recv()
            {
                group.push(op);
            }
            self.commit(group.drain(..));
            self.commits = self.commits.saturating_add(1);
            if self.commits == journal::WORTH_IT {
                journal::make_room(&self.connection);
            }
        }
        // Best effort: a checkpoint that fails leaves the log for the next open, which is as durable.
        drop(
            self.connection
                .execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)"),
        );
    }

    fn commit(&mut self, group: impl Iterator<Item = Op>) {
        let mut pending = Vec::new();
        let committed = self.write(group, &mut pending);
        for answer in pending {
            answer.give(committed.as_ref().err());
        }
    }

    fn write(
        &mut self,
        mut group: impl Iterator<Item = Op>,
        pending: &mut Vec<Pending>,
    ) -> Result<(), LedgerErrorKind> {
        let at = Timestamp::now().as_millisecond();
        let begun = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate);
        let transaction = match begun {
            Ok(transaction) => transaction,
            Err(error) => {
                let kind = LedgerErrorKind::from(error);
                pending.extend(group.map(|op| op.refuse(&kind)));
                return Err(kind);
            }
        };
        let mut moved = None;
        while let Some(op) = group.next() {
            moved = op.moves().or(moved);
            let answer = op.apply(&transaction, at);
            let failed = answer.sql_failure();
            pending.push(answer);
            if let Some(kind) = failed {
                // SQLite may have rolled back by itself: what came behind would be stored at once, each by itself.
                pending.extend(group.map(|op| op.refuse(&kind)));
                return Err(kind);
            }
        }
        let mark = match moved {
            Some(submission) => self.marker.see(&transaction, submission)?,
            None => None,
        };
        // A claim that only a file without a name holds would be no claim for the next run.
        if !self.standing.holds() {
            return Err(LedgerErrorKind::Gone);
        }
        abort::at(Step::Committing);
        transaction.commit()?;
        abort::at(Step::Committed);
        if let Some(mark) = mark {
            self.marker.note(&mark);
        }
        Ok(())
    }
}

impl Op {
    /// The submission that this moves on.
    fn moves(&self) -> Option<SubmissionId> {
        match self {
            Op::Apply { submission, .. } => Some(*submission),
            Op::Begin { .. } | Op::End { .. } | Op::Register { .. } => None,
        }
    }

    fn apply(self, connection: &Connection, at: i64) -> Pending {
        match self {
            Op::Begin { run, answer } => Pending::Begin(answer, begin(connection, &run, at)),
            Op::End { run, end, answer } => Pending::Unit(answer, finish(connection, run, end, at)),
            Op::Register { run, rows, answer } => {
                let all = rows
                    .iter()
                    .map(|row| register(connection, run, row, at))
                    .collect();
                Pending::Register(answer, all)
            }
            Op::Apply {
                submission,
                event,
                answer,
            } => Pending::Apply(answer, change(connection, submission, event, at)),
        }
    }

    fn refuse(self, kind: &LedgerErrorKind) -> Pending {
        match self {
            Op::Begin { answer, .. } => Pending::Begin(answer, Err(kind.clone())),
            Op::End { answer, .. } => Pending::Unit(answer, Err(kind.clone())),
            Op::Apply { answer, .. } => Pending::Apply(answer, Err(kind.clone())),
            Op::Register { answer, .. } => Pending::Register(answer, Err(kind.clone())),
        }
    }
}

impl Pending {
    /// An error that leaves the transaction unusable; one of the state machine does not.
    fn sql_failure(&self) -> Option<LedgerErrorKind> {
        let error = match self {
            Pending::Begin(_, result) => result.as_ref().err(),
            Pending::Unit(_, result) => result.as_ref().err(),
            Pending::Apply(_, result) => result.as_ref().err(),
            // A registration is several changes: one that failed half way takes the group with it.
            Pending::Register(_, result) => return result.as_ref().err().cloned(),
        };
        error.filter(|kind| !kind.is_defect()).cloned()
    }

    fn give(self, failure: Option<&LedgerErrorKind>) {
        fn send<T>(
            answer: Answer<T>,
            result: Result<T, LedgerErrorKind>,
            failure: Option<&LedgerErrorKind>,
        ) {
            let result = match failure {
                Some(kind) => result.and(Err(kind.clone())),
                None => result,
            };
            // A caller that is gone was interrupted; what it asked for is stored all the same.
            drop(answer.send(result));
        }
        match self {
            Pending::Begin(answer, result) => send(answer, result, failure),
            Pending::Unit(answer, result) => send(answer, result, failure),
            Pending::Apply(answer, result) => send(answer, result, failure),
            Pending::Register(answer, result) => send(answer, result, failure),
        }
    }
}

pub(super) fn begin(
    connection: &Connection,
    run: &NewRun,
    at: i64,
) -> Result<RunId, LedgerErrorKind> {
    connection
        .prepare_cached(
            "INSERT INTO run(started_at, scope, target, file, sheet, fingerprint, mapping,
                             first_row, last_row, row_limit, hidden)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            at,
            run.scope.bytes(),
            run.target,
            run.file,
            run.sheet,
            run.fingerprint,
            run.mapping,
            run.selection.rows.map(|(first, _)| number(first)),
            run.selection.rows.map(|(_, last)| number(last)),
            run.selection.limit.map(number),
            run.hidden.map(Hidden::word),
        ])?;
    Ok(RunId(connection.last_insert_rowid()))
}

pub(super) fn finish(
    connection: &Connection,
    run: RunId,
    end: RunEnd,
    at: i64,
) -> Result<(), LedgerErrorKind> {
    one(connection
        .prepare_cached("UPDATE run SET finished_at = ?2, ended = ?3 WHERE id = ?1")?
        .execute(params![run.0, at, end])?)
}

#[cfg(test)]
mod tests;
