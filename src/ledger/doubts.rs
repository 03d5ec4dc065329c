//! Reading the rows in doubt, and what people found out about them.
//!
//! Owns the queries behind `ledger in-doubt`. A row is named by the run and row that sent it last, which is also what a
//! stamp on its ticket says.

use super::runs::timestamp;
use super::{LedgerError, LedgerErrorKind, Reader, Reference, RunId};
use crate::submission::Doubt;
use crate::ticket::TicketId;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};

/// A row in doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowInDoubt {
    /// Its name.
    pub reference: Reference,
    /// The input file as it was named.
    pub file: String,
    /// The worksheet.
    pub sheet: Option<String>,
    /// The account, `USER at HOST`.
    pub target: String,
    /// What was seen.
    pub doubt: Doubt,
    /// Since when it is in doubt.
    pub since: Option<Timestamp>,
}

/// What a person found in the call centre.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The ticket is there.
    Created(TicketId),
    /// There is no ticket.
    NotCreated,
}

/// A finding that is on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFinding {
    /// Who said so.
    pub who: String,
    /// When it was recorded.
    pub at: Timestamp,
    /// What was found.
    pub found: Found,
}

impl Reader {
    /// All rows in doubt, in the order of their references.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be read.
    pub fn in_doubt(&self) -> Result<Vec<RowInDoubt>, LedgerError> {
        let read = || {
            let mut statement = self.connection.prepare(
                "SELECT s.run, s.row, r.file, r.sheet, r.target, s.error_code, s.message, s.finished_at
                 FROM submission s JOIN run r ON r.id = s.run
                 WHERE s.state = 'in_doubt' ORDER BY s.run, s.row",
            )?;
            let rows = statement.query_map([], row_in_doubt)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        };
        self.located(read())
    }

    /// How many rows are claimed: being sent now, or left by a run that died.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be read.
    pub fn claimed(&self) -> Result<u64, LedgerError> {
        let count = self
            .connection
            .query_row(
                "SELECT count(*) FROM submission WHERE state = 'claimed'",
                [],
                |row| row.get::<_, i64>(0),
            )
            .map_err(LedgerErrorKind::from);
        Ok(self.located(count)?.unsigned_abs())
    }
}

fn row_in_doubt(row: &Row<'_>) -> rusqlite::Result<RowInDoubt> {
    Ok(RowInDoubt {
        reference: Reference {
            run: RunId(row.get(0)?),
            row: row.get::<_, i64>(1)?.unsigned_abs(),
        },
        file: row.get(2)?,
        sheet: row.get(3)?,
        target: row.get(4)?,
        doubt: Doubt {
            code: row.get(5)?,
            message: row.get::<_, Option<String>>(6)?.unwrap_or_default(),
        },
        since: row.get::<_, Option<i64>>(7)?.and_then(timestamp),
    })
}

/// The last finding about a submission.
pub(super) fn last_finding(
    connection: &Connection,
    submission: i64,
) -> Result<Option<StoredFinding>, LedgerErrorKind> {
    let found = connection
        .prepare_cached(
            "SELECT who, at, ticket_id FROM finding WHERE submission = ?1 ORDER BY rowid DESC LIMIT 1",
        )?
        .query_row([submission], |row| {
            let ticket_id: Option<String> = row.get(2)?;
            Ok(StoredFinding {
                who: row.get(0)?,
                at: timestamp(row.get(1)?).unwrap_or_default(),
                found: ticket_id
                    .as_deref()
                    .and_then(TicketId::new)
                    .map_or(Found::NotCreated, Found::Created),
            })
        })
        .optional()?;
    Ok(found)
}
