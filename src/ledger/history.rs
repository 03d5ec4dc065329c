//! Reading the ledger: the rows of a run, what a row would become, what is known already.
//!
//! Owns the queries that change nothing, on a connection of their own, so that they work while a run is going.

use super::decide::Registration;
use super::identity::Identity;
use super::runs::{RUN_COLUMNS, RunStory, run_story, timestamp};
use super::submissions::state_from;
use super::{
    LedgerError, LedgerErrorKind, Preview, RunId, SubmissionId, lock, place, register, schema,
};
use crate::submission::State;
use crate::ticket::TicketId;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction};
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

/// What the ledger knows of one row of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowStory {
    /// The row's number as the spreadsheet shows it.
    pub row: u64,
    /// What is known.
    pub fate: Fate,
}

/// A row's submission, or why it has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The row was not sent since it is invalid.
    Invalid {
        /// The first problem's code.
        code: String,
        /// All problems.
        message: String,
    },
    /// The row has a submission.
    Submission {
        /// Its number.
        submission: SubmissionId,
        /// Its state.
        state: State,
        /// How often it was sent.
        attempts: u64,
        /// When it ended.
        finished_at: Option<Timestamp>,
        /// The run and row that sent it, with the file's name: another one where the row was known before.
        origin: (RunId, u64, String),
        /// What a person should know of how the row was known before.
        remark: Option<String>,
    },
}

/// The rows of a run in order, a page at a time, so that memory does not grow with the run.
#[derive(Debug)]
pub struct RowsOfRun<'a> {
    reader: &'a Reader,
    run: RunId,
    page: std::vec::IntoIter<RowStory>,
    after: i64,
    done: bool,
}

/// Rows read at once; some hundred kilobytes.
const PAGE: i64 = 2_000;

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

    /// The latest earlier run over a file with this content for this account, not counting `except`.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be read.
    pub fn earlier_run(
        &self,
        scope: Identity,
        fingerprint: &[u8; 32],
        except: Option<RunId>,
    ) -> Result<Option<RunStory>, LedgerError> {
        self.latest_run("scope = ?2", scope, fingerprint, except)
    }

    /// The latest run over a file with this content for any other account.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be read.
    pub fn run_elsewhere(
        &self,
        scope: Identity,
        fingerprint: &[u8; 32],
    ) -> Result<Option<RunStory>, LedgerError> {
        self.latest_run("scope <> ?2", scope, fingerprint, None)
    }

    fn latest_run(
        &self,
        whose: &str,
        scope: Identity,
        fingerprint: &[u8; 32],
        except: Option<RunId>,
    ) -> Result<Option<RunStory>, LedgerError> {
        let found = self
            .connection
            .prepare_cached(&format!(
                "SELECT {RUN_COLUMNS} FROM run
                 WHERE fingerprint = ?1 AND {whose} AND id IS NOT ?3 ORDER BY id DESC LIMIT 1",
            ))
            .and_then(|mut statement| {
                statement
                    .query_row(
                        (fingerprint, scope.bytes(), except.map(|run| run.0)),
                        run_story,
                    )
                    .optional()
            })
            .map_err(LedgerErrorKind::from);
        self.located(found)
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

    /// The rows of a run, by row number.
    #[must_use]
    pub fn rows_of(&self, run: RunId) -> RowsOfRun<'_> {
        RowsOfRun {
            reader: self,
            run,
            page: Vec::new().into_iter(),
            after: -1,
            done: false,
        }
    }

    fn page(&self, run: RunId, after: i64) -> Result<Vec<RowStory>, LedgerErrorKind> {
        let mut statement = self.connection.prepare_cached(
            "SELECT w.row, w.error_code, w.message, s.id, s.state, s.ticket_id, s.error_code, s.message, s.attempts,
                    s.finished_at, s.run, s.row, r.file
             FROM row w LEFT JOIN submission s ON s.id = w.submission LEFT JOIN run r ON r.id = s.run
             WHERE w.run = ?1 AND w.row > ?2 ORDER BY w.row LIMIT ?3",
        )?;
        let rows = statement.query_map([run.0, after, PAGE], row_story)?;
        rows.map(|row| {
            row?.ok_or_else(|| LedgerErrorKind::Damaged("a submission has no such state".into()))
        })
        .collect()
    }

    pub(super) fn located<T>(&self, result: Result<T, LedgerErrorKind>) -> Result<T, LedgerError> {
        result.map_err(|kind| LedgerError {
            path: self.path.clone(),
            kind,
        })
    }
}

impl Iterator for RowsOfRun<'_> {
    type Item = Result<RowStory, LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(row) = self.page.next() {
            return Some(Ok(row));
        }
        if self.done {
            return None;
        }
        match self.reader.located(self.reader.page(self.run, self.after)) {
            Ok(rows) => {
                self.done = rows.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
                self.after = rows
                    .last()
                    .map_or(self.after, |row| i64::try_from(row.row).unwrap_or(i64::MAX));
                self.page = rows.into_iter();
                self.page.next().map(Ok)
            }
            Err(error) => {
                self.done = true;
                Some(Err(error))
            }
        }
    }
}

fn row_story(row: &Row<'_>) -> rusqlite::Result<Option<RowStory>> {
    let number = row.get::<_, i64>(0)?.unsigned_abs();
    let Some(submission) = row.get::<_, Option<i64>>(3)? else {
        let fate = Fate::Invalid {
            code: row.get::<_, Option<String>>(1)?.unwrap_or_default(),
            message: row.get::<_, Option<String>>(2)?.unwrap_or_default(),
        };
        return Ok(Some(RowStory { row: number, fate }));
    };
    let name: String = row.get(4)?;
    let Some(state) = state_from(&name, row.get(5)?, row.get(6)?, row.get(7)?) else {
        return Ok(None);
    };
    let fate = Fate::Submission {
        submission: SubmissionId(submission),
        state,
        attempts: row.get::<_, i64>(8)?.unsigned_abs(),
        finished_at: row.get::<_, Option<i64>>(9)?.and_then(timestamp),
        origin: (
            RunId(row.get(10)?),
            row.get::<_, i64>(11)?.unsigned_abs(),
            row.get(12)?,
        ),
        remark: row.get(2)?,
    };
    Ok(Some(RowStory { row: number, fate }))
}
