//! Which of several identical calls a row of a rejects file stands for.
//!
//! Owns the choice where the cells alone do not tell. A rejects file has only some of the identical rows of its source and
//! does not say which. So its rows are given submissions of their own, one each: a row that was sent from this very file
//! before keeps what it was sent as; the others share out what is left, open work first, then doubt, then tickets.
//! Guarantees that nothing is sent as a new call while a submission is left that may be the row's, and that no two rows of
//! a file are told as one call unless they share a key: a row for which none is left is a call of its own.
//!
//! Where all that is left is settled and came from another file, nobody can say which of them the row is: one whose own
//! call ended in doubt elsewhere, or the neighbour of one. It is told as in doubt then, and not sent.

use super::decide::{Hit, HitState, Registration, RejectsFile};
use super::identity::Identity;
use super::register::{HIT_COLUMNS, Leads, hit, number};
use super::{LedgerErrorKind, RunId, SubmissionId};
use rusqlite::{Connection, params};

/// No file has so many identical rows; identities of other cells do not come so near.
pub(super) const MOST: u64 = 1 << 32;

/// What is said of a row that may be another call than the one whose ticket it is told to have.
const BY_CELLS_ALONE: &str = "known by its cells alone, which another row had; if it is another call, import a file in which both rows stand";

/// A submission of a row with these cells.
pub(super) struct Candidate {
    pub identity: Identity,
    pub hit: Hit,
    /// Whether it was sent last from this very file.
    pub is_ours: bool,
}

/// The submission that a row of a rejects file stands for, with its source identity; a new identity where none is left.
pub(super) fn among_identical(
    known: &impl Leads,
    row: &Registration,
    file: &RejectsFile,
    run: Option<RunId>,
) -> Result<(Identity, Option<Hit>), LedgerErrorKind> {
    let all = known.identical(row, file)?;
    let unused = (0..)
        .map(|ordinal| row.source.nth(ordinal))
        .zip(
            all.iter()
                .map(|known| Some(known.identity))
                .chain(std::iter::repeat(None)),
        )
        .find_map(|(place, known)| (known != Some(place)).then_some(place))
        .unwrap_or(row.source);
    Ok(match choose(all, row, run) {
        Some(known) => (known.identity, Some(known.hit)),
        None => (unused, None),
    })
}

fn choose(all: Vec<Candidate>, row: &Registration, run: Option<RunId>) -> Option<Candidate> {
    // With a key identical rows are one call, and the key says what became of it.
    let shares = row.key.is_some();
    let is_of_another_row = |known: &Candidate| {
        let sent_here = if shares {
            run == Some(known.hit.run)
        } else {
            known.is_ours
        };
        sent_here && known.hit.row != row.row
    };
    let has_its_own = all
        .iter()
        .filter(|known| is_of_another_row(known) && known.hit.row < row.row)
        .count();
    let before = usize::try_from(row.ordinal).unwrap_or(usize::MAX);
    let mut left: Vec<Candidate> = all
        .into_iter()
        .filter(|known| !is_of_another_row(known))
        .collect();
    // Those of one rank stay in the order of their identities.
    left.sort_by_key(|known| rank(known, run));
    let is_own = left.first().is_some_and(|known| known.is_ours);
    let place = if shares || is_own {
        0
    } else {
        before.saturating_sub(has_its_own)
    };
    (place < left.len()).then(|| left.swap_remove(place))
}

/// What this row was sent as before, then open work, then doubt, then tickets.
fn rank(known: &Candidate, run: Option<RunId>) -> u8 {
    match known.hit.state_in(run) {
        _ if known.is_ours => 0,
        HitState::Open => 1,
        HitState::InDoubt | HitState::Claimed => 2,
        HitState::Created => 3,
    }
}

/// What is to be said of a row that has a ticket: a row of a rejects file, mended to be what a row of another file or in
/// another place is, may be that one's repetition or a call of its own, and without a key nothing tells.
pub(super) fn by_cells_alone(
    connection: &Connection,
    run: RunId,
    row: &Registration,
    submission: SubmissionId,
) -> Result<Option<&'static str>, LedgerErrorKind> {
    if row.rejects.is_none() || row.key.is_some() {
        return Ok(None);
    }
    let mut statement = connection.prepare_cached(
        "SELECT EXISTS (
           SELECT 1 FROM submission s JOIN run sent ON sent.id = s.run JOIN run here ON here.id = ?2
           WHERE s.id = ?1 AND s.state = 'created'
             AND (sent.fingerprint <> here.fingerprint OR sent.sheet IS NOT here.sheet)
             AND (s.row <> ?3 OR sent.file <> here.file OR sent.sheet IS NOT here.sheet))",
    )?;
    let asked = params![submission.0, run.0, number(row.row)];
    let is_of_another_row: bool = statement.query_row(asked, |row| row.get(0))?;
    Ok(is_of_another_row.then_some(BY_CELLS_ALONE))
}

/// All submissions of rows with these cells, in the order of their identities, which stand beside each other.
pub(super) fn candidates(
    connection: &Connection,
    row: &Registration,
    file: &RejectsFile,
) -> Result<Vec<Candidate>, LedgerErrorKind> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {HIT_COLUMNS}, i.hash, r.fingerprint = ?3 AND r.sheet IS ?4
         FROM identity i JOIN submission s ON s.id = i.submission JOIN run r ON r.id = s.run
         WHERE i.hash >= ?1 AND i.hash < ?2 ORDER BY i.hash"
    ))?;
    let end = row.source.nth(MOST);
    let range = params![
        row.source.bytes(),
        end.bytes(),
        file.fingerprint,
        file.sheet
    ];
    let found = statement.query_map(range, |row| {
        Ok(Candidate {
            identity: Identity(row.get(6)?),
            hit: hit(row, true)?,
            is_ours: row.get(7)?,
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

/// A submission as that of a row with these cells, though no identity in the ledger says so.
pub(super) fn candidate(
    connection: &Connection,
    submission: SubmissionId,
    identity: Identity,
    file: &RejectsFile,
) -> Result<Candidate, LedgerErrorKind> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {HIT_COLUMNS}, r.fingerprint = ?2 AND r.sheet IS ?3
         FROM submission s JOIN run r ON r.id = s.run WHERE s.id = ?1"
    ))?;
    let asked = params![submission.0, file.fingerprint, file.sheet];
    Ok(statement.query_row(asked, |row| {
        Ok(Candidate {
            identity,
            hit: hit(row, true)?,
            is_ours: row.get(6)?,
        })
    })?)
}
