//! The mark: the last change that was committed, noted beside the ledger.
//!
//! Owns the answer to "is this all that was committed?". SQLite opens a ledger whose write-ahead log was removed or
//! garbled after a kill, or an older copy of it, as if nothing was missing, and what was sent since would be sent again.
//! So the lock file names the submission that moved last, how often it had been claimed by then and whether it was
//! settled; a ledger that knows less of it is refused. Written after each commit and never pressed to the disk: after a
//! power cut it says less than the ledger, never more. A mark that is missing refuses nothing, nor does one of another
//! ledger, unless an empty one stands in that one's place.

use super::identity::Identities;
use super::{LedgerErrorKind, SubmissionId, lock};
use rusqlite::{Connection, OptionalExtension};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// How far one submission had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// Which ledger is meant: another one in its place has its own story.
    ledger: u64,
    submission: SubmissionId,
    attempts: i64,
    is_settled: bool,
}

/// Where the mark is written while a ledger is held.
#[derive(Debug)]
pub(super) struct Marker {
    file: File,
    at: u64,
    ledger: u64,
}

/// A number by which a ledger is known, made of its key and telling nothing of it.
pub(super) fn number_of(identity_key: &[u8]) -> u64 {
    Identities::new(identity_key, "the ledger itself")
        .scope()
        .short()
}

impl Mark {
    /// Where a submission stands; none where there is no such submission.
    fn of(
        connection: &Connection,
        ledger: u64,
        submission: SubmissionId,
    ) -> Result<Option<Mark>, LedgerErrorKind> {
        let mut statement = connection
            .prepare_cached("SELECT attempts, state <> 'claimed' FROM submission WHERE id = ?1")?;
        let mark = statement.query_row([submission.0], |row| {
            Ok(Mark {
                ledger,
                submission,
                attempts: row.get(0)?,
                is_settled: row.get(1)?,
            })
        });
        Ok(mark.optional()?)
    }

    /// The mark as a line; always of one length, so that one takes the place of another.
    pub(super) fn line(&self) -> String {
        let Mark {
            ledger,
            submission,
            attempts,
            is_settled,
        } = self;
        let state = if *is_settled { "settled" } else { "claimed" };
        format!(
            "last submission {:020}, attempt {attempts:020}, {state}, ledger {ledger:016x}\n",
            submission.0
        )
    }

    /// Reads a line back; none where it is no mark.
    pub(super) fn parse(line: &str) -> Option<Mark> {
        let line = line.trim_end().strip_prefix("last submission ")?;
        let (submission, line) = line.split_once(", attempt ")?;
        let (attempts, line) = line.split_once(", ")?;
        let (state, ledger) = line.split_once(", ledger ")?;
        Some(Mark {
            ledger: u64::from_str_radix(ledger, 16).ok()?,
            submission: SubmissionId(submission.parse().ok()?),
            attempts: attempts.parse().ok()?,
            is_settled: match state {
                "settled" => true,
                "claimed" => false,
                _ => return None,
            },
        })
    }

    /// Refuses a ledger that knows less of the submission than the mark. Attempts are only ever counted up, and a claim
    /// is left for good until the next attempt, so that both together only grow.
    pub(super) fn check(
        &self,
        connection: &Connection,
        identity_key: &[u8],
    ) -> Result<(), LedgerErrorKind> {
        let ledger = number_of(identity_key);
        if ledger != self.ledger {
            return Ok(());
        }
        let known = Mark::of(connection, ledger, self.submission)?;
        let progress = |mark: &Mark| (mark.attempts, mark.is_settled);
        match known {
            Some(known) if progress(&known) >= progress(self) => Ok(()),
            _ => Err(LedgerErrorKind::Behind),
        }
    }

    /// Refuses a ledger that knows no call where there was another one: that one was removed or put aside.
    pub(super) fn check_place(
        &self,
        connection: &Connection,
        identity_key: &[u8],
    ) -> Result<(), LedgerErrorKind> {
        let mut statement = connection.prepare("SELECT EXISTS (SELECT 1 FROM submission)")?;
        let knows_calls: bool = statement.query_row([], |row| row.get(0))?;
        if knows_calls || number_of(identity_key) == self.ledger {
            Ok(())
        } else {
            Err(LedgerErrorKind::Behind)
        }
    }
}

impl Marker {
    /// A marker that writes at a place of the lock file.
    ///
    /// # Errors
    ///
    /// Where the file cannot be opened once more.
    pub(super) fn new(path: &Path, at: u64, identity_key: &[u8]) -> std::io::Result<Marker> {
        Ok(Marker {
            file: lock::owner_only().open(path)?,
            at,
            ledger: number_of(identity_key),
        })
    }

    /// Where a submission stands within a transaction, to be noted once that is committed.
    pub(super) fn see(
        &self,
        connection: &Connection,
        submission: SubmissionId,
    ) -> Result<Option<Mark>, LedgerErrorKind> {
        Mark::of(connection, self.ledger, submission)
    }

    /// Notes what is committed now. Where that fails, the mark says less than the ledger, which harms nothing.
    pub(super) fn note(&self, mark: &Mark) {
        drop(self.file.write_all_at(mark.line().as_bytes(), self.at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_mark_is_read_back_and_its_line_has_one_length(
            ledger: u64, submission in 0..i64::MAX, attempts in 0..i64::MAX, is_settled: bool,
        ) {
            let mark = Mark { ledger, submission: SubmissionId(submission), attempts, is_settled };
            let line = mark.line();
            prop_assert_eq!(Mark::parse(&line), Some(mark));
            prop_assert_eq!(line.len(), 101);
        }
    }

    #[test]
    fn what_is_no_mark_is_none() {
        for line in [
            "",
            "process 7, since today",
            "last submission 7",
            "last submission 7, attempt 1, lost, ledger 0",
        ] {
            assert_eq!(Mark::parse(line), None, "{line:?}");
        }
    }
}
