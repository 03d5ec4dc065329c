//! Checking the ledger: SQLite's own integrity, and the promises that no table can hold by itself.
//!
//! Owns the list of invariants. Reads only, so that it can be asked while a run is going.

use super::{LedgerError, LedgerErrorKind, Reader};
use crate::counting::thousands;
use rusqlite::{Connection, OptionalExtension};

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Soundness {
    /// What is wrong; empty where all is well.
    pub faults: Vec<String>,
    /// Runs.
    pub runs: u64,
    /// Submissions.
    pub submissions: u64,
    /// Submissions with a ticket.
    pub tickets: u64,
    /// Submissions in doubt.
    pub in_doubt: u64,
    /// Submissions that are being sent now, or were left by a run that died.
    pub claimed: u64,
}

/// A count that must be nought, and what it means if it is not.
const INVARIANTS: [(&str, &str); 9] = [
    (
        "SELECT count(*) FROM submission WHERE (state = 'created') <> (ticket_id IS NOT NULL)",
        "rows are created without a ticket, or have a ticket and are not created",
    ),
    (
        "SELECT count(*) FROM submission WHERE state IN ('rejected', 'in_doubt') AND error_code IS NULL",
        "rows are rejected or in doubt and nothing says why",
    ),
    (
        "SELECT count(*) FROM row w LEFT JOIN submission s ON s.id = w.submission
         WHERE s.id IS NULL AND (w.submission IS NOT NULL OR w.error_code IS NULL)",
        "rows of runs have neither a submission nor a reason",
    ),
    (
        "SELECT count(*) FROM (SELECT 1 FROM submission s JOIN run r ON r.id = s.run
         WHERE s.ticket_id IS NOT NULL GROUP BY r.scope, s.ticket_id HAVING count(*) > 1)",
        "tickets belong to more than one row of one account",
    ),
    (
        "SELECT count(*) FROM submission WHERE state IN ('created', 'claimed', 'in_doubt')
         AND id NOT IN (SELECT submission FROM identity)",
        "rows that were sent have no identity, so that they would be sent again",
    ),
    (
        "SELECT count(*) FROM identity WHERE submission NOT IN (SELECT id FROM submission)",
        "identities lead nowhere",
    ),
    (
        "SELECT count(*) FROM submission WHERE run NOT IN (SELECT id FROM run)",
        "rows belong to no run",
    ),
    (
        "SELECT count(*) FROM submission WHERE state <> 'ready' AND attempts = 0",
        "rows have an outcome and were never sent",
    ),
    (
        "SELECT count(*) FROM finding f JOIN submission s ON s.id = f.submission
         WHERE f.found = 'created' AND s.ticket_id IS NOT f.ticket_id",
        "rows have another ticket than a person found",
    ),
];

impl Reader {
    /// Checks the whole ledger; some twenty seconds for each million rows.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be read to its end.
    pub fn check(&self) -> Result<Soundness, LedgerError> {
        self.located(check(&self.connection))
    }
}

fn check(connection: &Connection) -> Result<Soundness, LedgerErrorKind> {
    // One transaction: a run that is going changes nothing between two of the questions.
    let transaction = connection.unchecked_transaction()?;
    let connection: &Connection = &transaction;
    let mut faults = integrity(connection)?;
    let count = |sql: &str| -> Result<u64, LedgerErrorKind> {
        Ok(connection
            .query_row(sql, [], |row| row.get::<_, i64>(0))?
            .unsigned_abs())
    };
    for (sql, meaning) in INVARIANTS {
        let found = count(sql)?;
        if found > 0 {
            faults.push(format!("{meaning}: {}", thousands(found)));
        }
    }
    let of_state = |state: &str| {
        count(&format!(
            "SELECT count(*) FROM submission WHERE state = '{state}'"
        ))
    };
    Ok(Soundness {
        runs: count("SELECT count(*) FROM run")?,
        submissions: count("SELECT count(*) FROM submission")?,
        tickets: of_state("created")?,
        in_doubt: of_state("in_doubt")?,
        claimed: of_state("claimed")?,
        faults,
    })
}

/// What SQLite itself finds in its file.
fn integrity(connection: &Connection) -> Result<Vec<String>, LedgerErrorKind> {
    let mut statement = connection.prepare("PRAGMA integrity_check(20)")?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut faults = Vec::new();
    for line in lines {
        let line = line?;
        if line != "ok" {
            faults.push(format!("SQLite: {}", line.escape_debug()));
        }
    }
    let stray: Option<String> = connection
        .query_row("PRAGMA foreign_key_check", [], |row| row.get(0))
        .optional()?;
    faults.extend(
        stray.map(|table| format!("SQLite: {} names what is not there", table.escape_debug())),
    );
    Ok(faults)
}
