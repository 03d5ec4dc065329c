//! The rehearsal: the whole file through reader, mapper, rules and serializer, with no socket.
//!
//! Owns what can be known before anything is sent: how many rows, what each would become, all problems, which rows stand
//! more than once and which keys mean two things. `validate` is this and nothing else; `import` does it first. Changes
//! nothing; holds a few bytes per row in memory, and problems beyond a limit in a temporary file.

use super::duplicates::Duplicates;
use super::key_proposal::KeyProposal;
use super::problems::{ProblemLog, summary};
use super::table::{Call, Table};
use super::{Observer, RunEvent};
use crate::api::{BodyFormat, body};
use crate::input::InputError;
use crate::inspect::Damage;
use crate::ledger::{Identities, Identity, LedgerError, Reader, Registration, Verdict};
use crate::problem::{Problem, ProblemCode, Severity};
use crate::ticket::Outcome;
use std::collections::{HashMap, HashSet};
use std::io;
use std::ops::ControlFlow;

/// What is known of a file before it is sent.
#[derive(Debug)]
pub struct Rehearsal {
    /// How many rows are asked for.
    pub rows: u64,
    /// What they would become.
    pub outcomes: Outcomes,
    /// All that is wrong with them.
    pub problems: ProblemLog,
    /// How many rows are identical to an earlier one; counted only where no key tells them apart.
    pub identical: u64,
    /// A column that would do as `[key]`, where the mapping has none.
    pub key_proposal: Option<String>,
    /// What the file has lost before it came here.
    pub damage: Damage,
    pub(super) repeated: Repeated,
}

/// Rows per outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcomes([u64; Outcome::ALL.len()]);

/// What a file says about itself more than once.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    /// Short hashes of rows that occur more than once.
    rows: HashSet<u64>,
    /// Short hashes of keys that stand for two different contents, with the first two rows.
    conflicts: HashMap<u64, (u64, u64)>,
}

/// What the ledger knows, where there is one to ask.
#[derive(Debug)]
pub struct Known<'a> {
    /// A reading connection.
    pub reader: &'a Reader,
    /// Whether it knows any row at all.
    pub is_empty: bool,
}

/// What a rehearsal is for, with the form in which tickets would be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To tell what is wrong.
    Check(BodyFormat),
    /// To send the rows afterwards.
    Send(BodyFormat),
}

/// Why a rehearsal came to no end.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// The file cannot be read as a table.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The temporary files cannot be written.
    #[error("no temporary file could be written: {0}")]
    Temporary(#[from] io::Error),
}

impl Outcomes {
    /// Counts one row.
    pub fn add(&mut self, outcome: Outcome) {
        self.0[outcome as usize] += 1;
    }

    /// Moves one row to another outcome.
    fn shift(&mut self, from: Outcome, to: Outcome) {
        self.0[from as usize] = self.0[from as usize].saturating_sub(1);
        self.add(to);
    }

    /// The rows with an outcome.
    #[must_use]
    pub fn get(&self, outcome: Outcome) -> u64 {
        self.0[outcome as usize]
    }

    /// All rows.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Adds another file's rows.
    pub fn merge(&mut self, other: &Outcomes) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }
}

/// Progress is told every so many rows: some ten times a second at full speed.
const TOLD_EVERY: u64 = 1 << 16;

/// Reads and maps the whole file and tells what would become of every row.
///
/// # Errors
///
/// [`RehearsalError`]; nothing has been changed.
pub fn rehearse(
    table: &Table,
    identities: &Identities,
    known: Option<Known<'_>>,
    purpose: Purpose,
    observer: &dyn Observer,
) -> Result<Rehearsal, RehearsalError> {
    let known = known.filter(|known| !known.is_empty);
    let mut pass = FirstPass::new(table, identities, known.as_ref(), purpose);
    let mut checked = 0_u64;
    let stopped = table.for_each_call(|call| {
        checked += 1;
        if checked.is_multiple_of(TOLD_EVERY) {
            observer.observe(&RunEvent::Checked { rows: checked });
        }
        match pass.take(&call) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    })?;
    if let Some(error) = stopped {
        return Err(error);
    }
    let FirstPass {
        mut rehearsal,
        sources,
        keys,
        proposal,
        ..
    } = pass;
    rehearsal.key_proposal = proposal.and_then(KeyProposal::finish);
    let keys = keys.finish()?;
    rehearsal.repeated.rows = sources.finish()?;
    let rows_matter = known.is_some() || !table.mapping().has_key();
    if !keys.is_empty() || (rows_matter && !rehearsal.repeated.rows.is_empty()) {
        second_look(table, identities, known.as_ref(), keys, &mut rehearsal)?;
    }
    Ok(rehearsal)
}

struct FirstPass<'a> {
    table: &'a Table,
    identities: &'a Identities,
    known: Option<&'a Known<'a>>,
    format: BodyFormat,
    /// Whether identical rows matter: not where keys tell all rows apart and nothing else asks for their identities.
    counts_rows: bool,
    rehearsal: Rehearsal,
    sources: Duplicates,
    keys: Duplicates,
    proposal: Option<KeyProposal>,
    body: Vec<u8>,
}

impl<'a> FirstPass<'a> {
    fn new(
        table: &'a Table,
        identities: &'a Identities,
        known: Option<&'a Known<'a>>,
        purpose: Purpose,
    ) -> FirstPass<'a> {
        let (format, sends) = match purpose {
            Purpose::Check(format) => (format, false),
            Purpose::Send(format) => (format, true),
        };
        let rehearsal = Rehearsal {
            rows: 0,
            outcomes: Outcomes::default(),
            problems: ProblemLog::new(),
            identical: 0,
            key_proposal: None,
            damage: Damage::default(),
            repeated: Repeated::default(),
        };
        FirstPass {
            table,
            identities,
            known,
            format,
            counts_rows: sends || known.is_some() || !table.mapping().has_key(),
            rehearsal,
            sources: Duplicates::new(),
            keys: Duplicates::new(),
            proposal: (!table.mapping().has_key())
                .then(|| KeyProposal::new(table.input().header())),
            body: Vec::new(),
        }
    }

    fn take(&mut self, call: &Call<'_>) -> Result<(), RehearsalError> {
        let source = if self.counts_rows {
            let source = self.identities.source(call.row);
            self.sources.add(source.short())?;
            Some(source)
        } else {
            None
        };
        if !call.mapped.key.is_empty() {
            let key = self.identities.key(call.mapped.key.identity());
            self.keys.add(key.short())?;
        }
        if let Some(proposal) = &mut self.proposal {
            proposal.look(call.row);
        }
        if !call.selected {
            return Ok(());
        }
        self.rehearsal.rows += 1;
        self.rehearsal.damage.look(call.row);
        let row = call.row.position.row;
        for problem in &call.mapped.problems {
            self.rehearsal.problems.add(row, problem)?;
        }
        let outcome = if let (Some(known), Some(source)) = (self.known, source) {
            let row = registration(call, self.identities, self.table, source, 0);
            let (outcome, reason) = known.reader.preview(&row)?;
            if call.mapped.is_valid()
                && let Some((code, message)) = reason
            {
                self.rehearsal
                    .problems
                    .add_conflict(row.row, &code, &message)?;
            }
            outcome
        } else if call.mapped.is_valid() {
            Outcome::Ready
        } else {
            Outcome::Invalid
        };
        if call.mapped.is_valid() {
            self.body.clear();
            body::encode(&call.mapped.payload, self.format, &mut self.body);
        }
        self.rehearsal.outcomes.add(outcome);
        Ok(())
    }
}

/// Reads the file once more for the rows that stand in it more than once, and corrects what the first pass took each of
/// them for.
fn second_look(
    table: &Table,
    identities: &Identities,
    known: Option<&Known<'_>>,
    keys: HashSet<u64>,
    rehearsal: &mut Rehearsal,
) -> Result<(), RehearsalError> {
    rehearsal.repeated.conflicts = conflicts(table, identities, &keys)?;
    let repeated = std::mem::take(&mut rehearsal.repeated);
    let mut ordinals = Ordinals::default();
    let mut look = |call: &Call<'_>| -> Result<(), RehearsalError> {
        let source = identities.source(call.row);
        let ordinal = ordinals.next(&repeated, source);
        if !call.selected {
            return Ok(());
        }
        rehearsal.identical += u64::from(ordinal > 0);
        let conflict = repeated.conflict(call, identities);
        if conflict.is_none() && (ordinal == 0 || known.is_none()) {
            return Ok(());
        }
        let first = registration(call, identities, table, source, 0);
        let mut row = Registration {
            ordinal,
            ..first.clone()
        };
        if let Some(problem) = &conflict {
            row.verdict = conflicting(&row.verdict, problem);
        }
        let outcome_of = |row: &Registration, valid: bool| match known {
            Some(known) => known.reader.preview(row).map(|(outcome, _)| outcome),
            None if valid => Ok(Outcome::Ready),
            None => Ok(Outcome::Invalid),
        };
        let before = outcome_of(&first, call.mapped.is_valid())?;
        let now = outcome_of(&row, call.mapped.is_valid() && conflict.is_none())?;
        if let Some(problem) = conflict.filter(|_| now == Outcome::Invalid) {
            rehearsal.problems.add(row.row, &problem)?;
        }
        rehearsal.outcomes.shift(before, now);
        Ok(())
    };
    let stopped = table.for_each_call(|call| match look(&call) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => ControlFlow::Break(error),
    })?;
    rehearsal.repeated = repeated;
    stopped.map_or(Ok(()), Err)
}

/// The keys among `candidates` that stand for more than one content in this file.
fn conflicts(
    table: &Table,
    identities: &Identities,
    candidates: &HashSet<u64>,
) -> Result<HashMap<u64, (u64, u64)>, RehearsalError> {
    let mut found = HashMap::new();
    if candidates.is_empty() {
        return Ok(found);
    }
    let mut first: HashMap<u64, (u64, Identity)> = HashMap::new();
    let stopped: Option<()> = table.for_each_call(|call| {
        if call.mapped.key.is_empty() {
            return ControlFlow::Continue(());
        }
        let key = identities.key(call.mapped.key.identity()).short();
        if candidates.contains(&key) {
            let row = call.row.position.row;
            let content = content(&call, identities, table);
            match first.get(&key) {
                Some((earlier, other)) if *other != content => {
                    found.entry(key).or_insert((*earlier, row));
                }
                Some(_) => {}
                None => drop(first.insert(key, (row, content))),
            }
        }
        ControlFlow::Continue(())
    })?;
    debug_assert!(stopped.is_none(), "nothing breaks off");
    Ok(found)
}

/// What a row says: what would be sent, or its cells where it cannot be sent.
fn content(call: &Call<'_>, identities: &Identities, table: &Table) -> Identity {
    if call.mapped.is_valid() {
        identities.payload(&call.mapped.payload, table.fingerprint())
    } else {
        identities.source(call.row)
    }
}

impl Repeated {
    /// The problem of a row whose key stands for another content elsewhere in the file.
    pub(super) fn conflict(&self, call: &Call<'_>, identities: &Identities) -> Option<Problem> {
        if self.conflicts.is_empty() || call.mapped.key.is_empty() {
            return None;
        }
        let key = identities.key(call.mapped.key.identity()).short();
        let (one, other) = self.conflicts.get(&key)?;
        Some(Problem {
            column: None,
            field: None,
            code: ProblemCode::ConflictKey,
            severity: Severity::Error,
            message: format!(
                "the same key stands for different calls in this file (rows {one} and {other}); give each call its own key"
            ),
        })
    }
}

/// Counts identical rows, for those that occur more than once.
#[derive(Debug, Default)]
pub(super) struct Ordinals(HashMap<Identity, u64>);

impl Ordinals {
    /// How many rows with this content stand before the one that is asked for.
    pub(super) fn next(&mut self, repeated: &Repeated, source: Identity) -> u64 {
        if !repeated.rows.contains(&source.short()) {
            return 0;
        }
        let count = self.0.entry(source).or_default();
        let ordinal = *count;
        *count += 1;
        ordinal
    }
}

/// The row as the ledger takes it.
pub(super) fn registration(
    call: &Call<'_>,
    identities: &Identities,
    table: &Table,
    source: Identity,
    ordinal: u64,
) -> Registration {
    let verdict = if call.mapped.is_valid() {
        let payload = identities.payload(&call.mapped.payload, table.fingerprint());
        Verdict::Valid { payload }
    } else {
        let (code, message) = summary(&call.mapped.problems);
        Verdict::Invalid {
            code,
            message,
            payload: None,
        }
    };
    let key = &call.mapped.key;
    Registration {
        row: call.row.position.row,
        source,
        ordinal,
        partial: table.input().description().is_rejects,
        key: (!key.is_empty()).then(|| identities.key(key.identity())),
        verdict,
    }
}

/// The verdict on a row whose key is in conflict: invalid, whatever it was.
pub(super) fn conflicting(verdict: &Verdict, problem: &Problem) -> Verdict {
    let code = problem.code.to_string();
    match verdict {
        Verdict::Valid { payload } => Verdict::Invalid {
            code,
            message: problem.to_string(),
            payload: Some(*payload),
        },
        Verdict::Invalid {
            code,
            message,
            payload,
        } => Verdict::Invalid {
            code: code.clone(),
            message: format!("{message}; {problem}"),
            payload: *payload,
        },
    }
}
