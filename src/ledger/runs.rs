//! Reading the runs: which there were, what came of their rows.
//!
//! Owns the queries behind `ledger runs` and `ledger show`, and which run had a file last. Counts are as the ledger knows the
//! rows now: a row that was rejected in one run and created in the next has its ticket in both.

use super::identity::Identity;
use super::{LedgerError, LedgerErrorKind, Reader, RunEnd, RunId};
use crate::reading::{Hidden, Selection};
use crate::ticket::Outcome;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};
use std::collections::BTreeMap;

/// The story of one run, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunStory {
    /// Its number.
    pub run: RunId,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; none while it goes or after a crash.
    pub finished_at: Option<Timestamp>,
    /// How it ended.
    pub ended: Option<RunEnd>,
    /// The account's scope.
    pub scope: Identity,
    /// The account, `USER at HOST`.
    pub target: String,
    /// The input file as it was named.
    pub file: String,
    /// The worksheet.
    pub sheet: Option<String>,
    /// The part of it that was asked for.
    pub selection: Selection,
    /// What became of hidden rows, where the user said so.
    pub hidden: Option<Hidden>,
    /// A hash of the file's content.
    pub fingerprint: [u8; 32],
    /// A hash of the mapping.
    pub mapping: [u8; 8],
    /// When its rows were purged.
    pub purged_at: Option<Timestamp>,
}

/// What came of the rows of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rows per outcome.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Rows that are claimed: being sent now, or in doubt as soon as the ledger is opened again.
    pub claimed: u64,
}

/// So many rows of a run with one outcome and code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeCount {
    /// The outcome.
    pub outcome: Outcome,
    /// The code, as it stands in results.
    pub code: String,
    /// How many rows.
    pub rows: u64,
}

/// The columns of [`run_story`].
const RUN_COLUMNS: &str =
    "id, started_at, finished_at, ended, scope, target, file, sheet, fingerprint, mapping, purged_at,
     first_row, last_row, row_limit, hidden";

/// A row's outcome in its run; `claimed` is none yet.
const OUTCOME: &str = "CASE WHEN s.id IS NULL THEN 'invalid'
         WHEN s.state = 'created' AND s.run = w.run AND s.row = w.row THEN 'created'
         WHEN s.state = 'created' THEN 'already_created'
         WHEN s.state = 'ready' THEN 'not_sent'
         ELSE s.state END";

/// What became of a row that was not created in its run; none while it is claimed.
const OTHERS: [(&str, Option<Outcome>); 6] = [
    ("s.state = 'created'", Some(Outcome::AlreadyCreated)),
    ("s.id IS NULL", Some(Outcome::Invalid)),
    ("s.state = 'rejected'", Some(Outcome::Rejected)),
    ("s.state = 'in_doubt'", Some(Outcome::InDoubt)),
    ("s.state = 'ready'", Some(Outcome::NotSent)),
    // Whatever else there may be: nothing is called created for want of a better word.
    (
        "s.state NOT IN ('created', 'rejected', 'in_doubt', 'ready')",
        None,
    ),
];

impl Tally {
    /// All rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.outcomes.values().sum::<u64>() + self.claimed
    }

    fn add(&mut self, outcome: Option<Outcome>, rows: u64) {
        match outcome {
            Some(outcome) if rows > 0 => *self.outcomes.entry(outcome).or_default() += rows,
            Some(_) => {}
            None => self.claimed += rows,
        }
    }
}

impl Reader {
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

    /// All runs, the oldest first.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be read.
    pub fn runs(&self) -> Result<Vec<RunStory>, LedgerError> {
        let read = || {
            let mut statement = self
                .connection
                .prepare(&format!("SELECT {RUN_COLUMNS} FROM run ORDER BY id"))?;
            let runs = statement.query_map([], run_story)?;
            Ok(runs.collect::<rusqlite::Result<_>>()?)
        };
        self.located(read())
    }

    /// One run, if there is such a one.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be read.
    pub fn run(&self, run: RunId) -> Result<Option<RunStory>, LedgerError> {
        self.located(story_of(&self.connection, run))
    }

    /// What came of the rows of each run, or of one.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be read.
    pub fn tallies(&self, only: Option<RunId>) -> Result<BTreeMap<RunId, Tally>, LedgerError> {
        self.located(self.count(only))
    }

    /// Most rows were created in their own run, and counting those one by one would take most of the time: they are what
    /// the others leave of all rows, which SQLite counts without looking at a submission.
    fn count(&self, only: Option<RunId>) -> Result<BTreeMap<RunId, Tally>, LedgerErrorKind> {
        let part = if only.is_some() {
            "w.run = ?1"
        } else {
            "?1 IS NULL"
        };
        let only = [only.map(|run| run.0)];
        // One transaction: a run that is going changes nothing between the two questions.
        let snapshot = self.connection.unchecked_transaction()?;
        let mut tallies = count_others(&snapshot, part, only)?;
        let mut all = snapshot.prepare(&format!(
            "SELECT w.run, count(*) FROM row w WHERE {part} GROUP BY 1"
        ))?;
        let mut runs = all.query(only)?;
        while let Some(run) = runs.next()? {
            let tally = tallies.entry(RunId(run.get(0)?)).or_default();
            let rows = run.get::<_, i64>(1)?.unsigned_abs();
            tally.add(Some(Outcome::Created), rows.saturating_sub(tally.rows()));
        }
        Ok(tallies)
    }

    /// The codes of a run's rows, the most frequent first.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be read.
    pub fn codes(&self, run: RunId) -> Result<Vec<CodeCount>, LedgerError> {
        let read = || -> Result<Vec<CodeCount>, LedgerErrorKind> {
            let mut statement = self.connection.prepare(&format!(
                "SELECT {OUTCOME}, coalesce(w.error_code, s.error_code) AS code, count(*)
                 FROM row w LEFT JOIN submission s ON s.id = w.submission
                 WHERE w.run = ?1 AND code IS NOT NULL GROUP BY 1, 2 ORDER BY 3 DESC, 2"
            ))?;
            let mut rows = statement.query([run.0])?;
            let mut codes = Vec::new();
            while let Some(row) = rows.next()? {
                codes.push(CodeCount {
                    outcome: outcome(&row.get::<_, String>(0)?).unwrap_or(Outcome::InDoubt),
                    code: row.get(1)?,
                    rows: row.get::<_, i64>(2)?.unsigned_abs(),
                });
            }
            Ok(codes)
        };
        self.located(read())
    }
}

/// The story of a run.
pub(super) fn story_of(
    connection: &Connection,
    run: RunId,
) -> Result<Option<RunStory>, LedgerErrorKind> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {RUN_COLUMNS} FROM run WHERE id = ?1"))?;
    Ok(statement.query_row([run.0], run_story).optional()?)
}

/// The rows of each run that have no ticket of their own. Grouped as the rows are stored, they want no sorting.
fn count_others(
    connection: &Connection,
    part: &str,
    only: [Option<i64>; 1],
) -> Result<BTreeMap<RunId, Tally>, LedgerErrorKind> {
    let counts = OTHERS.map(|(is_so, _)| format!("count(*) FILTER (WHERE {is_so})"));
    let mut statement = connection.prepare(&format!(
        "SELECT w.run, {} FROM row w LEFT JOIN submission s ON s.id = w.submission
         WHERE {part} AND NOT (s.state IS 'created' AND s.run = w.run AND s.row = w.row) GROUP BY 1",
        counts.join(", ")
    ))?;
    let mut runs = statement.query(only)?;
    let mut tallies: BTreeMap<RunId, Tally> = BTreeMap::new();
    while let Some(run) = runs.next()? {
        let tally = tallies.entry(RunId(run.get(0)?)).or_default();
        for (column, (_, outcome)) in (1..).zip(OTHERS) {
            tally.add(outcome, run.get::<_, i64>(column)?.unsigned_abs());
        }
    }
    Ok(tallies)
}

fn outcome(word: &str) -> Option<Outcome> {
    Outcome::ALL
        .into_iter()
        .find(|outcome| outcome.as_str() == word)
}

fn run_story(row: &Row<'_>) -> rusqlite::Result<RunStory> {
    let number = |column: usize| -> rusqlite::Result<Option<u64>> {
        Ok(row.get::<_, Option<i64>>(column)?.map(i64::unsigned_abs))
    };
    Ok(RunStory {
        run: RunId(row.get(0)?),
        started_at: timestamp(row.get(1)?).unwrap_or_default(),
        finished_at: row.get::<_, Option<i64>>(2)?.and_then(timestamp),
        ended: row.get(3)?,
        scope: Identity(row.get(4)?),
        target: row.get(5)?,
        file: row.get(6)?,
        sheet: row.get(7)?,
        fingerprint: row.get(8)?,
        mapping: row.get(9)?,
        purged_at: row.get::<_, Option<i64>>(10)?.and_then(timestamp),
        selection: Selection {
            rows: number(11)?.zip(number(12)?),
            limit: number(13)?,
        },
        hidden: row
            .get::<_, Option<String>>(14)?
            .as_deref()
            .and_then(Hidden::from_word),
    })
}

pub(super) fn timestamp(milliseconds: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(milliseconds).ok()
}
