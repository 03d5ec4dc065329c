//! [`Reader`]: the ledger of whoever looks on.
//!
//! Owns a connection that changes nothing, so that it works while a run is going, and refuses to open what is not all that
//! was committed. What is asked of it stands with what it is about: runs, rows, doubts, soundness.

use super::decide::Registration;
use super::identity::Identity;
use super::runs::timestamp;
use super::{LedgerError, LedgerErrorKind, Preview, RunId, lock, place, register, schema};
use crate::ticket::TicketId;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction};
use std::path::{Path, PathBuf};

/// A reading connection.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    pub(super) connection: Connection,
}

/// A ledger that does not change while it is looked at; a run may go on beside it.
#[derive(Debug)]
pub struct Snapshot<'a> {
    reader: &'a Reader,
    transaction: Transaction<'a>,
}

impl Snapshot<'_> {
    pub(super) fn connection(&self) -> &Connection {
        &self.transaction
    }

    pub(super) fn located<T>(&self, result: Result<T, LedgerErrorKind>) -> Result<T, LedgerError> {
        self.reader.located(result)
    }

    /// Whether anything is known of a row, which is not one of a rejects file, by its cells or by its key. Where nothing
    /// is, it would become `ready` or `invalid`, as it is by itself.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be read.
    pub fn knows(&self, source: &Identity, key: Option<&Identity>) -> Result<bool, LedgerError> {
        self.reader
            .located(register::knows(&self.transaction, source, key))
    }

    /// How many rows of a run are claimed: being sent by a run that goes, or left so by one that was cut off.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be read.
    pub fn claimed_of(&self, run: RunId) -> Result<u64, LedgerError> {
        let count = self.transaction.query_row(
            "SELECT count(*) FROM submission s JOIN row w ON w.submission = s.id
             WHERE s.state = 'claimed' AND w.run = ?1",
            [run.0],
            |row| row.get::<_, i64>(0),
        );
        let count = count.map_err(LedgerErrorKind::from);
        Ok(self.reader.located(count)?.unsigned_abs())
    }

    /// What would become of a row.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be read.
    pub fn preview(&self, row: &Registration) -> Result<Preview, LedgerError> {
        self.reader
            .located(register::preview(&self.transaction, row))
    }
}

impl Reader {
    /// Opens a ledger for reading only.
    ///
    /// # Errors
    ///
    /// Where there is none, or it is damaged or of a newer version.
    pub fn open(path: &Path) -> Result<Reader, LedgerError> {
        let located = |kind| LedgerError {
            path: path.to_owned(),
            kind,
        };
        // Read before the ledger is: a run that goes on makes the ledger newer than the mark, never older.
        let mark = lock::mark_beside(&place::real(path));
        let connection = schema::open_reader(path).map_err(located)?;
        if let Some(mark) = mark {
            let key = schema::identity_key(&connection).map_err(located)?;
            mark.check(&connection, &key).map_err(located)?;
            mark.check_place(&connection, &key).map_err(located)?;
        }
        Ok(Reader {
            path: path.to_owned(),
            connection,
        })
    }

    /// Opens a ledger that an import may have yet to make; none where it has to.
    ///
    /// # Errors
    ///
    /// As [`Reader::open`], and where a ledger that knew calls is gone from its place.
    pub fn open_if_made(path: &Path) -> Result<Option<Reader>, LedgerError> {
        match Reader::open(path) {
            Err(LedgerError {
                kind: LedgerErrorKind::Absent | LedgerErrorKind::Empty,
                path,
            }) => match lock::mark_beside(&place::real(&path)) {
                Some(_) => Err(LedgerError {
                    path,
                    kind: LedgerErrorKind::Behind,
                }),
                None => Ok(None),
            },
            opened => opened.map(Some),
        }
    }

    /// Whether the ledger knows no submission at all, so that looking up rows is of no use.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be read.
    pub fn is_empty(&self) -> Result<bool, LedgerError> {
        let any = self
            .connection
            .query_row("SELECT 1 FROM submission LIMIT 1", [], |_| Ok(()))
            .optional()
            .map_err(LedgerErrorKind::from);
        Ok(self.located(any)?.is_none())
    }

    /// The ledger as it is at the first look-up: many of them then agree with each other, and the file is locked once.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be read.
    pub fn snapshot(&self) -> Result<Snapshot<'_>, LedgerError> {
        let transaction = self.connection.unchecked_transaction();
        let transaction = self.located(transaction.map_err(LedgerErrorKind::from))?;
        Ok(Snapshot {
            reader: self,
            transaction,
        })
    }

    /// When an attempt was last settled, of the thousand submissions that came last, whatever their run.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be read.
    pub fn last_activity(&self) -> Result<Option<Timestamp>, LedgerError> {
        let last = self
            .connection
            .query_row("SELECT max(finished_at) FROM (SELECT finished_at FROM submission ORDER BY id DESC LIMIT 1000)", [], |row| {
                row.get::<_, Option<i64>>(0)
            })
            .map_err(LedgerErrorKind::from);
        Ok(self.located(last)?.and_then(timestamp))
    }

    /// Whether this ledger knows a ticket.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be read.
    pub fn knows_ticket(&self, ticket_id: &TicketId) -> Result<bool, LedgerError> {
        let found = self
            .connection
            .prepare_cached("SELECT 1 FROM submission WHERE ticket_id = ?1 LIMIT 1")
            .and_then(|mut statement| {
                statement
                    .query_row([ticket_id.as_str()], |_| Ok(()))
                    .optional()
            })
            .map_err(LedgerErrorKind::from);
        Ok(self.located(found)?.is_some())
    }

    pub(super) fn located<T>(&self, result: Result<T, LedgerErrorKind>) -> Result<T, LedgerError> {
        result.map_err(|kind| LedgerError {
            path: self.path.clone(),
            kind,
        })
    }
}
