//! Registration: looks up what the ledger knows of a row, decides, and remembers the row for its run.
//!
//! Owns the SQL behind [`decide`](super::decide). Runs inside the writer's transaction, or, as [`preview`], on a reading
//! connection that changes nothing.

use super::decide::{
    BY_KEY_ALONE, Decision, Disposition, Hit, HitState, Registration, RejectsFile, decide,
};
use super::foreseen::RowBefore;
use super::identical::{Candidate, among_identical, by_cells_alone, candidates};
use super::identity::Identity;
use super::submissions::{change, one};
use super::{LedgerErrorKind, RunId, SubmissionId};
use crate::submission::Event;
use crate::ticket::Outcome;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Registers one row for a run.
pub(super) fn register(
    connection: &Connection,
    run: RunId,
    row: &Registration,
    at: i64,
) -> Result<Disposition, LedgerErrorKind> {
    let (source, hits) = look_up(connection, row, Some(run))?;
    let own = Own { source, run, row };
    match decide(&hits, row, run) {
        Decision::New { payload } => {
            connection
                .prepare_cached(
                    "INSERT INTO submission(state, run, row, payload) VALUES ('ready', ?1, ?2, ?3)",
                )?
                .execute(params![run.0, number(row.row), payload.bytes()])?;
            let submission = SubmissionId(connection.last_insert_rowid());
            own.attach(connection, submission)?;
            remember(connection, run, row, submission, None)?;
            Ok(Disposition::Send(submission))
        }
        Decision::Requeue {
            submission,
            payload,
        } => {
            change(connection, submission, Event::Requeued, at)?;
            one(connection
                .prepare_cached(
                    "UPDATE submission SET run = ?2, row = ?3, payload = ?4 WHERE id = ?1",
                )?
                .execute(params![
                    submission.0,
                    run.0,
                    number(row.row),
                    payload.bytes()
                ])?)?;
            own.attach(connection, submission)?;
            remember(connection, run, row, submission, None)?;
            Ok(Disposition::Send(submission))
        }
        Decision::Twin(submission) => {
            // Under a mapping without a key nothing else would say that this row was sent.
            own.attach(connection, submission)?;
            remember(connection, run, row, submission, None)?;
            Ok(Disposition::Twin(submission))
        }
        Decision::Known {
            submission,
            outcome,
            attach: lead_there,
            by_key_alone,
        } => {
            if lead_there {
                own.attach(connection, submission)?;
            }
            let remark = if by_key_alone {
                Some(BY_KEY_ALONE)
            } else {
                by_cells_alone(connection, run, row, submission)?
            };
            remember(connection, run, row, submission, remark)?;
            Ok(Disposition::Settled(outcome))
        }
        Decision::Invalid { code, message } => {
            connection
                .prepare_cached(
                    "INSERT INTO row(run, row, error_code, message) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![run.0, number(row.row), code, message])?;
            Ok(Disposition::Settled(Outcome::Invalid))
        }
    }
}

/// Whether anything is known of a row by the first of its source identities, or by its key. Of most rows nothing is, and
/// this is the quickest way to learn it.
pub(super) fn knows(
    connection: &Connection,
    source: &Identity,
    key: Option<&Identity>,
) -> Result<bool, LedgerErrorKind> {
    let source = source.nth(0);
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM identity WHERE hash = ?1)
             OR EXISTS (SELECT 1 FROM identity WHERE hash = ?2)",
    )?;
    let hashes = [source.bytes(), key.unwrap_or(&source).bytes()];
    Ok(statement.query_row(hashes, |row| row.get(0))?)
}

/// What would become of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Its outcome, as far as it can be known before it is sent.
    pub outcome: Outcome,
    /// Code and message, where the row would not be sent for a reason of the ledger or its own.
    pub reason: Option<(String, String)>,
    /// Whether nothing but its key says that it has a ticket.
    pub by_key_alone: bool,
    /// The row of an earlier file of the same command whose ticket it would share.
    pub before: Option<RowBefore>,
}

impl Preview {
    /// What a decision would come to, if all that is sent is taken.
    pub(super) fn of(decision: &Decision) -> Preview {
        let (outcome, reason) = match decision {
            Decision::New { .. } | Decision::Requeue { .. } => (Outcome::Ready, None),
            // By the time of its turn the first one has its ticket.
            Decision::Twin(_) => (Outcome::AlreadyCreated, None),
            Decision::Known { outcome, .. } => (*outcome, None),
            Decision::Invalid { code, message } => {
                (Outcome::Invalid, Some((code.clone(), message.clone())))
            }
        };
        Preview {
            outcome,
            reason,
            by_key_alone: matches!(
                decision,
                Decision::Known {
                    by_key_alone: true,
                    ..
                }
            ),
            before: None,
        }
    }
}

/// What would become of a row, without changing anything.
pub(super) fn preview(
    connection: &Connection,
    row: &Registration,
) -> Result<Preview, LedgerErrorKind> {
    let (_, hits) = look_up(connection, row, None)?;
    Ok(Preview::of(&decide(&hits, row, RunId(0))))
}

/// The submission by which the ledger knows a row, if it has a ticket or is in doubt, with what is to be said of that.
pub(super) fn known_as(
    connection: &Connection,
    row: &Registration,
) -> Result<Option<(SubmissionId, Option<&'static str>)>, LedgerErrorKind> {
    let (_, hits) = look_up(connection, row, None)?;
    Ok(match decide(&hits, row, RunId(0)) {
        Decision::Known {
            submission,
            by_key_alone,
            ..
        } => Some((submission, by_key_alone.then_some(BY_KEY_ALONE))),
        Decision::New { .. }
        | Decision::Requeue { .. }
        | Decision::Twin(_)
        | Decision::Invalid { .. } => None,
    })
}

/// What is asked where the identities of a row lead.
pub(super) trait Leads {
    /// The submission that an identity leads to.
    fn find(&self, identity: &Identity, by_source: bool) -> Result<Option<Hit>, LedgerErrorKind>;

    /// All submissions of rows with the cells of a row of a rejects file, in the order of their identities.
    fn identical(
        &self,
        row: &Registration,
        file: &RejectsFile,
    ) -> Result<Vec<Candidate>, LedgerErrorKind>;
}

impl Leads for Connection {
    fn find(&self, identity: &Identity, by_source: bool) -> Result<Option<Hit>, LedgerErrorKind> {
        let mut statement = self.prepare_cached(&format!(
            "SELECT {HIT_COLUMNS} FROM identity i JOIN submission s ON s.id = i.submission WHERE i.hash = ?1"
        ))?;
        let found = statement
            .query_row([identity.bytes()], |row| hit(row, by_source))
            .optional()?;
        Ok(found)
    }

    fn identical(
        &self,
        row: &Registration,
        file: &RejectsFile,
    ) -> Result<Vec<Candidate>, LedgerErrorKind> {
        candidates(self, row, file)
    }
}

/// The row's own source identity and everything that its identities lead to.
pub(super) fn look_up(
    known: &impl Leads,
    row: &Registration,
    run: Option<RunId>,
) -> Result<(Identity, Vec<Hit>), LedgerErrorKind> {
    let (source, by_source) = match &row.rejects {
        Some(file) => among_identical(known, row, file, run)?,
        None => {
            let source = row.source.nth(row.ordinal);
            (source, known.find(&source, true)?)
        }
    };
    let mut hits: Vec<Hit> = by_source.into_iter().collect();
    if let Some(key) = &row.key
        && let Some(hit) = known.find(key, false)?
    {
        match hits
            .iter_mut()
            .find(|known| known.submission == hit.submission)
        {
            Some(known) => known.by_key = true,
            None => hits.push(hit),
        }
    }
    Ok((source, hits))
}

/// The columns of [`hit`].
pub(super) const HIT_COLUMNS: &str = "s.id, s.state, s.run, s.row, s.payload, s.ticket_id";

/// A submission that an identity led to, from its columns.
pub(super) fn hit(row: &Row<'_>, by_source: bool) -> rusqlite::Result<Hit> {
    let state: String = row.get(1)?;
    Ok(Hit {
        submission: SubmissionId(row.get(0)?),
        state: match state.as_str() {
            "created" => HitState::Created,
            "in_doubt" => HitState::InDoubt,
            "claimed" => HitState::Claimed,
            _ => HitState::Open,
        },
        run: RunId(row.get(2)?),
        row: row.get::<_, i64>(3)?.unsigned_abs(),
        payload: Identity(row.get(4)?),
        by_source,
        by_key: !by_source,
        ticket_id: row.get(5)?,
        foreseen_in: None,
    })
}

/// A submission by its number.
pub(super) fn numbered(
    connection: &Connection,
    submission: SubmissionId,
    by_source: bool,
) -> Result<Hit, LedgerErrorKind> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {HIT_COLUMNS} FROM submission s WHERE s.id = ?1"
    ))?;
    Ok(statement.query_row([submission.0], |row| hit(row, by_source))?)
}

/// What a row is known by from now on.
struct Own<'a> {
    /// The identity of its cells, with its place among identical rows.
    source: Identity,
    run: RunId,
    row: &'a Registration,
}

impl Own<'_> {
    /// Leads the row's identities to a submission: also those that led to open work, since nothing was created there, and
    /// those that led to what another row of this run has taken over, since that was sent for the other one.
    fn attach(
        &self,
        connection: &Connection,
        submission: SubmissionId,
    ) -> Result<(), LedgerErrorKind> {
        // A key that rows share leads to what any of them was sent as.
        let identities = [
            Some((self.source, true)),
            self.row.key.map(|key| (key, !self.row.shares_key)),
        ];
        for (identity, is_own_alone) in identities.into_iter().flatten() {
            connection
                .prepare_cached(
                    "INSERT INTO identity(hash, submission) VALUES (?1, ?2) ON CONFLICT (hash) DO UPDATE
                     SET submission = excluded.submission
                     WHERE EXISTS (SELECT 1 FROM submission s WHERE s.id = identity.submission
                                   AND (s.state IN ('ready', 'rejected') OR (?5 AND s.run = ?3 AND s.row <> ?4)))",
                )?
                .execute(params![
                    identity.bytes(),
                    submission.0,
                    self.run.0,
                    number(self.row.row),
                    is_own_alone
                ])?;
        }
        Ok(())
    }
}

fn remember(
    connection: &Connection,
    run: RunId,
    row: &Registration,
    submission: SubmissionId,
    remark: Option<&str>,
) -> Result<(), LedgerErrorKind> {
    connection
        .prepare_cached("INSERT INTO row(run, row, submission, message) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![run.0, number(row.row), submission.0, remark])?;
    Ok(())
}

/// A number as SQLite takes it.
pub(super) fn number(row: u64) -> i64 {
    i64::try_from(row).unwrap_or(i64::MAX)
}
