//! Reading the rows of a run, in order.
//!
//! Owns what became of each row as results tell it: its submission, whoever sent that, or why it has none. Reads a page at
//! a time, so that a run of any length takes the same memory.

use super::runs::timestamp;
use super::submissions::state_from;
use super::{LedgerError, LedgerErrorKind, Reader, Registration, RunId, SubmissionId, register};
use crate::submission::State;
use jiff::Timestamp;
use rusqlite::{Row, params};

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

    /// What the ledger knows of a row that is registered for no run in question: none where it has no ticket and is not in
    /// doubt.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be read.
    pub fn fate(&self, row: &Registration) -> Result<Option<RowStory>, LedgerError> {
        let found = register::known_as(&self.connection, row).and_then(|known| {
            let Some((submission, remark)) = known else {
                return Ok(None);
            };
            let mut statement = self.connection.prepare_cached(&format!(
                "SELECT ?2, NULL, ?3, {SUBMISSION} FROM submission s JOIN run r ON r.id = s.run WHERE s.id = ?1"
            ))?;
            let values = params![submission.0, register::number(row.row), remark];
            statement.query_row(values, row_story)?.ok_or_else(no_such_state).map(Some)
        });
        self.located(found)
    }

    fn page(&self, run: RunId, after: i64) -> Result<Vec<RowStory>, LedgerErrorKind> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT w.row, w.error_code, w.message, {SUBMISSION}
             FROM row w LEFT JOIN submission s ON s.id = w.submission LEFT JOIN run r ON r.id = s.run
             WHERE w.run = ?1 AND w.row > ?2 ORDER BY w.row LIMIT ?3",
        ))?;
        let rows = statement.query_map([run.0, after, PAGE], row_story)?;
        rows.map(|row| row?.ok_or_else(no_such_state)).collect()
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

/// The columns of a submission in [`row_story`], behind the row's number, code and message.
const SUBMISSION: &str = "s.id, s.state, s.ticket_id, s.error_code, s.message, s.attempts, s.finished_at, s.run, s.row, r.file";

fn no_such_state() -> LedgerErrorKind {
    LedgerErrorKind::Damaged("a submission has no such state".into())
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
