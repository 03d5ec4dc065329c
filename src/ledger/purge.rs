//! Purging: what is old and no longer needed is forgotten, but never what keeps a call from being sent twice.
//!
//! Owns the rules of forgetting. Rows of old runs go; submissions and identities stay, unless a person asks for that by
//! name. A run with rows in doubt is kept whole. The newest run keeps its number, so that no reference ever means two
//! rows.

use super::steward::{Mode, Steward};
use super::{LedgerError, LedgerErrorKind};
use jiff::Timestamp;
use rusqlite::{Connection, params};

/// What is to be forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purge {
    /// Runs that ended before this are old.
    pub before: Timestamp,
    /// Whether the old runs' tickets are forgotten too, so that their calls would be sent again.
    pub forget_tickets: bool,
}

/// What was forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purged {
    /// Runs whose rows were forgotten.
    pub runs: u64,
    /// Rows of those runs.
    pub rows: u64,
    /// Calls that have a ticket and would be sent again.
    pub tickets: u64,
    /// Old runs that were kept since rows of theirs are in doubt.
    pub kept: u64,
}

impl Steward {
    /// Forgets what is old.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be written; nothing is forgotten then.
    pub fn purge(&mut self, purge: Purge, mode: Mode) -> Result<Purged, LedgerError> {
        if purge.forget_tickets && mode == Mode::Commit {
            self.forget_mark()?;
        }
        self.within(mode, |connection, at| forget(connection, purge, at))
    }
}

fn forget(connection: &Connection, purge: Purge, at: i64) -> Result<Purged, LedgerErrorKind> {
    connection.execute_batch("CREATE TEMP TABLE old(run INTEGER PRIMARY KEY)")?;
    let before = purge.before.as_millisecond();
    let is_old = "ended IS NOT NULL AND coalesce(finished_at, started_at) < ?1";
    connection.execute(
        &format!(
            "INSERT INTO old SELECT id FROM run WHERE {is_old} AND NOT EXISTS (
               SELECT 1 FROM row w JOIN submission s ON s.id = w.submission
               WHERE w.run = run.id AND s.state IN ('claimed', 'in_doubt'))"
        ),
        [before],
    )?;
    let kept = connection.query_row(
        &format!("SELECT count(*) FROM run WHERE {is_old} AND id NOT IN (SELECT run FROM old)"),
        [before],
        |row| row.get::<_, i64>(0),
    )?;
    let rows = connection.execute("DELETE FROM row WHERE run IN (SELECT run FROM old)", [])?;
    let runs = connection.execute(
        "UPDATE run SET purged_at = ?1 WHERE purged_at IS NULL AND id IN (SELECT run FROM old)",
        params![at],
    )?;
    let tickets = if purge.forget_tickets {
        forget_submissions(connection)?
    } else {
        0
    };
    forget_runs(connection)?;
    connection.execute_batch("DROP TABLE old")?;
    Ok(Purged {
        runs: runs as u64,
        rows: rows as u64,
        tickets,
        kept: kept.unsigned_abs(),
    })
}

/// Forgets the settled submissions of old runs that no younger run has met; gives how many have a ticket.
fn forget_submissions(connection: &Connection) -> Result<u64, LedgerErrorKind> {
    // The indexes are for SQLite's own look for references to each submission that goes.
    connection.execute_batch(
        "CREATE INDEX purge_identity ON identity(submission);
         CREATE INDEX purge_row ON row(submission);
         CREATE TEMP TABLE forgotten AS
           SELECT id, state FROM submission
           WHERE state IN ('created', 'rejected', 'ready') AND run IN (SELECT run FROM old)
             AND NOT EXISTS (SELECT 1 FROM row w WHERE w.submission = submission.id);
         DELETE FROM identity WHERE submission IN (SELECT id FROM forgotten);
         DELETE FROM finding WHERE submission IN (SELECT id FROM forgotten);
         DELETE FROM submission WHERE id IN (SELECT id FROM forgotten);",
    )?;
    let tickets = connection.query_row(
        "SELECT count(*) FROM forgotten WHERE state = 'created'",
        [],
        |row| row.get::<_, i64>(0),
    )?;
    connection
        .execute_batch("DROP TABLE forgotten; DROP INDEX purge_identity; DROP INDEX purge_row;")?;
    Ok(tickets.unsigned_abs())
}

/// Forgets old runs that no submission names. The newest run stays, since its number would be given again.
fn forget_runs(connection: &Connection) -> Result<(), LedgerErrorKind> {
    connection.execute_batch(
        "CREATE INDEX purge_run ON submission(run);
         DELETE FROM run WHERE id IN (SELECT run FROM old) AND id < (SELECT max(id) FROM run)
           AND NOT EXISTS (SELECT 1 FROM submission s WHERE s.run = run.id);
         DROP INDEX purge_run;",
    )?;
    Ok(())
}
