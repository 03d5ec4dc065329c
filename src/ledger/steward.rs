//! [`Steward`]: the ledger in the hands of a person between runs.
//!
//! Owns what no run does: recording findings, adopting tickets after a ledger was lost, purging. Holds the lock as a run
//! does, recovers what a dead run left, and works on one connection in whole transactions: each of its works is
//! stored as a whole or not at all. Every change of a state still goes through [`crate::submission::next`].

use super::RunEnd;
use super::lock::Lock;
use super::writer::NewRun;
use super::{LedgerError, LedgerErrorKind, Opened, RunId, Synchronous, writer};
use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};
use std::path::{Path, PathBuf};

/// The open ledger of a command that keeps it in order.
#[derive(Debug)]
pub struct Steward {
    path: PathBuf,
    connection: Connection,
    identity_key: Vec<u8>,
    recovered: u64,
    lock: Lock,
}

/// Whether a work is to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Do it.
    Commit,
    /// Say what it would come to, and change nothing.
    Rehearse,
}

impl Steward {
    /// Opens the ledger, creating it where there is none, and takes its lock.
    ///
    /// # Errors
    ///
    /// As [`super::Ledger::open`].
    pub fn open(path: &Path) -> Result<Steward, LedgerError> {
        let Opened {
            path,
            lock,
            connection,
            identity_key,
            recovered,
        } = Opened::open(path, Synchronous::Full)?;
        Ok(Steward {
            path,
            connection,
            identity_key,
            recovered,
            lock,
        })
    }

    /// How many rows an earlier, interrupted run had left claimed; they are in doubt now.
    #[must_use]
    pub fn recovered(&self) -> u64 {
        self.recovered
    }

    /// Begins a run that sends nothing and gives its number.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be written.
    pub fn begin_run(&mut self, run: &NewRun) -> Result<RunId, LedgerError> {
        self.within(Mode::Commit, |transaction, at| {
            writer::begin(transaction, run, at)
        })
    }

    /// Ends a run.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be written.
    pub fn end_run(&mut self, run: RunId, end: RunEnd) -> Result<(), LedgerError> {
        self.within(Mode::Commit, |transaction, at| {
            writer::finish(transaction, run, end, at)
        })
    }

    /// Does one work in one transaction; an error rolls it back.
    pub(super) fn within<T>(
        &mut self,
        mode: Mode,
        work: impl FnOnce(&Connection, i64) -> Result<T, LedgerErrorKind>,
    ) -> Result<T, LedgerError> {
        let result = Self::transact(&mut self.connection, mode, work);
        self.located(result)
    }

    fn transact<T>(
        connection: &mut Connection,
        mode: Mode,
        work: impl FnOnce(&Connection, i64) -> Result<T, LedgerErrorKind>,
    ) -> Result<T, LedgerErrorKind> {
        let at = Timestamp::now().as_millisecond();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&transaction, at)?;
        match mode {
            Mode::Commit => transaction.commit()?,
            Mode::Rehearse => transaction.rollback()?,
        }
        Ok(done)
    }

    /// Forgets how far the ledger had come, before something of it is removed on purpose.
    pub(super) fn forget_mark(&self) -> Result<(), LedgerError> {
        self.located(self.lock.forget_mark())
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(super) fn identity_key(&self) -> &[u8] {
        &self.identity_key
    }

    pub(super) fn located<T>(&self, result: Result<T, LedgerErrorKind>) -> Result<T, LedgerError> {
        result.map_err(|kind| LedgerError {
            path: self.path.clone(),
            kind,
        })
    }
}
