//! The rehearsal: the whole file through reader, mapper, rules and serializer, with no socket.
//!
//! Owns what can be known before anything is sent: how many rows, what each would become, all problems, which rows stand
//! more than once and which keys mean two things. `validate` is this and nothing else; `import` does it first. Changes
//! nothing; holds a few bytes per row in memory, and problems beyond a limit in a temporary file.

use super::duplicates::Duplicates;
use super::foresee::{Among, Foresight, RowsBefore};
use super::identify::{key_identity, registration};
use super::patience::Patience;
use super::problems::ProblemLog;
use super::repeated::{KeyHasher, Repeated};
use super::second_look::SecondLook;
use super::table::{Call, NotedCall, Table};
use super::{RunEvent, Signal, Watch};
use crate::api::{BodyFormat, body};
use crate::date_order::{Clue, Evidence};
use crate::input::{InputError, Noted};
use crate::inspect::Damage;
use crate::ledger::{Identities, Identity, LedgerError, Preview, Reader, Snapshot};
use crate::mapping::{A_GLANCE, KeyProposal, Mapped, MappingErrors};
use crate::row::Row;
use crate::ticket::Outcome;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

/// What is known of a file before it is sent.
#[derive(Debug)]
pub struct Rehearsal {
    /// How many rows are asked for.
    pub rows: u64,
    /// How many rows of the file are not.
    pub left_out: u64,
    /// The file's last row, whether asked for or not; 0 where there is none.
    pub last_row: u64,
    /// What they would become.
    pub outcomes: Outcomes,
    /// All that is wrong with them.
    pub problems: ProblemLog,
    /// How many rows are identical to an earlier one; counted only where no key tells them apart.
    pub identical: u64,
    /// How many rows have the key of an earlier row and say the same, and so share what becomes of it.
    pub twins: u64,
    /// How many rows have a ticket by their key alone: their cells and the mapping are others than then.
    pub by_key_alone: u64,
    /// How many rows would share the tickets of earlier files of the same command, file by file.
    pub before: Vec<RowsBefore>,
    /// A column that would do as `[key]`, where the mapping has none.
    pub key_proposal: Option<String>,
    /// What the file has lost before it came here.
    pub damage: Damage,
    /// What its dates show against the mapping, where that is no proof or endangers no row.
    pub date_remark: Option<String>,
    pub(super) repeated: Arc<Repeated>,
}

/// Rows per outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcomes([u64; Outcome::ALL.len()]);

/// What is known of a file's rows before it is looked at.
#[derive(Debug, Default)]
pub struct Known<'a> {
    /// The ledger; none where there is none to ask, or where it knows no row.
    pub ledger: Option<&'a Reader>,
    /// The other files of its command; none where there is no other.
    pub among: Option<Among<'a>>,
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
    /// The file proves that the mapping is wrong for it.
    #[error(transparent)]
    Mapping(#[from] MappingErrors),
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The temporary files cannot be written.
    #[error("no temporary file could be written: {0}")]
    Temporary(#[from] io::Error),
    /// A person or the system stopped it.
    #[error("interrupted by {0} before anything was sent")]
    Stopped(Signal),
}

impl Outcomes {
    /// Counts one row.
    pub fn add(&mut self, outcome: Outcome) {
        self.0[outcome as usize] += 1;
    }

    /// Moves one row to another outcome.
    pub(super) fn shift(&mut self, from: Outcome, to: Outcome) {
        self.0[from as usize] = self.0[from as usize].saturating_sub(1);
        self.add(to);
    }

    /// Says of the rows that were to be sent that they were not.
    pub fn keep_back(&mut self) {
        let ready = std::mem::take(&mut self.0[Outcome::Ready as usize]);
        self.0[Outcome::NotSent as usize] += ready;
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

/// Reads and maps the whole file and tells what would become of every row, after the earlier files of its command where there
/// are any.
///
/// # Errors
///
/// [`RehearsalError`]; nothing has been changed.
pub fn rehearse(
    table: &Table,
    identities: &Identities,
    known: Known<'_>,
    purpose: Purpose,
    watch: Watch<'_>,
) -> Result<Rehearsal, RehearsalError> {
    let Known { ledger, among } = known;
    let known = ledger.map(Reader::snapshot).transpose()?;
    // What is known of the rows of a file among others is asked once all is known of the file.
    let known_at_once = known.as_ref().filter(|_| among.is_none());
    let mut pass = FirstPass::new(table, identities, known_at_once, purpose);
    pass.counts_rows |= among.is_some();
    let mut repeated = Repeated::default();
    let preparing = Preparing {
        identities,
        keys: repeated.key_hasher(),
        format: purpose.format(),
        counts_rows: pass.counts_rows,
        shows_all: known_at_once.is_some() || pass.proposal.is_some(),
    };
    let mut patience = Patience {
        stop: watch.stop,
        rows: 0,
    };
    let hand = || preparing.clone().hand();
    let stopped = table.for_each_noted_call(hand, |noted| {
        patience.row()?;
        if patience.rows.is_multiple_of(TOLD_EVERY) {
            let rows = patience.rows;
            watch.observer.observe(&RunEvent::Checked { rows });
        }
        match pass.take(&noted) {
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
        evidence,
        ..
    } = pass;
    rehearsal.date_remark = table.mapping().hold_against(table.name(), &evidence)?;
    rehearsal.key_proposal = proposal.and_then(KeyProposal::finish).map(|key| key.column);
    repeated.shared = keys.finish()?;
    repeated.rows = sources.finish()?;
    let rows_matter = known.is_some() || !table.mapping().has_key();
    if let Some(among) = among {
        let stopped = repeated.find_conflicts(table, identities, || patience.row())?;
        stopped.map_or(Ok(()), Err)?;
        let foresight = Foresight {
            table,
            identities,
            repeated: &repeated,
            known: known.as_ref(),
        };
        foresight.correct(&mut rehearsal, among, &mut patience)?;
    } else if !repeated.shared.is_empty() || (rows_matter && !repeated.rows.is_empty()) {
        let look = SecondLook {
            table,
            identities,
            known: known.as_ref(),
        };
        look.correct(&mut rehearsal, &mut repeated, &mut patience)?;
    }
    rehearsal.repeated = Arc::new(repeated);
    // A signal at its very end is the run's to notice, which tells every row that it was not sent.
    Ok(rehearsal)
}

impl Purpose {
    fn format(self) -> BodyFormat {
        match self {
            Purpose::Check(format) | Purpose::Send(format) => format,
        }
    }
}

/// All that can be done to a row alone, where it is mapped.
#[derive(Clone)]
struct Preparing<'a> {
    identities: &'a Identities,
    keys: KeyHasher,
    format: BodyFormat,
    counts_rows: bool,
    /// Whether more is asked of a row than whether it can be sent.
    shows_all: bool,
}

/// What is noted of each row; that is all there is to say of most of them.
struct Prepared {
    source: Option<Identity>,
    /// The short hash of the key.
    key: Option<u64>,
    is_suspected: bool,
    clue: Option<Clue>,
}

impl<'a> Preparing<'a> {
    fn hand(self) -> impl FnMut(&Row, &Mapped) -> Noted<Prepared> + 'a {
        let mut body = Vec::new();
        move |row, mapped| {
            let note = Prepared {
                source: self.counts_rows.then(|| self.identities.source(row)),
                key: self.keys.short(&mapped.key),
                is_suspected: Damage::is_suspected(row),
                clue: mapped.clue,
            };
            if mapped.is_valid() {
                body::encode(&mapped.payload, self.format, &mut body);
            }
            Noted {
                keep: self.shows_all || note.is_suspected || !mapped.problems.is_empty(),
                note,
            }
        }
    }
}

struct FirstPass<'a> {
    table: &'a Table,
    identities: &'a Identities,
    known: Option<&'a Snapshot<'a>>,
    /// Whether identical rows matter: not where keys tell all rows apart and nothing else asks for their identities.
    counts_rows: bool,
    rehearsal: Rehearsal,
    sources: Duplicates,
    keys: Duplicates,
    proposal: Option<KeyProposal>,
    evidence: Evidence,
}

impl<'a> FirstPass<'a> {
    fn new(
        table: &'a Table,
        identities: &'a Identities,
        known: Option<&'a Snapshot<'a>>,
        purpose: Purpose,
    ) -> FirstPass<'a> {
        let sends = matches!(purpose, Purpose::Send(_));
        let rehearsal = Rehearsal {
            rows: 0,
            left_out: 0,
            last_row: 0,
            outcomes: Outcomes::default(),
            problems: ProblemLog::new(),
            identical: 0,
            twins: 0,
            by_key_alone: 0,
            before: Vec::new(),
            key_proposal: None,
            damage: Damage::default(),
            date_remark: None,
            repeated: Arc::default(),
        };
        FirstPass {
            table,
            identities,
            known,
            counts_rows: sends || known.is_some() || !table.mapping().has_key(),
            rehearsal,
            sources: Duplicates::new(),
            keys: Duplicates::new(),
            proposal: (!table.mapping().has_key())
                .then(|| KeyProposal::new(&table.input().shown_header(), A_GLANCE)),
            evidence: Evidence::default(),
        }
    }

    fn take(&mut self, noted: &NotedCall<'_, Prepared>) -> Result<(), RehearsalError> {
        let prepared = &noted.note;
        if let Some(source) = prepared.source {
            self.sources.add(source.short())?;
        }
        if let Some(key) = prepared.key {
            self.keys.add(key)?;
        }
        if let (Some(proposal), Some(call)) = (&mut self.proposal, &noted.call) {
            proposal.look(call.row);
        }
        // The column is judged as a whole, whatever part of it is asked for: the first five rows may all be ambiguous.
        if let Some(clue) = prepared.clue {
            self.evidence.look(clue, noted.row);
        }
        self.rehearsal.last_row = noted.row;
        if !noted.selected {
            self.rehearsal.left_out += 1;
            return Ok(());
        }
        self.rehearsal.rows += 1;
        let outcome = match &noted.call {
            Some(call) => self.judge(call, prepared)?,
            // Nothing was found in it, and nobody asks what the ledger knows.
            None => Outcome::Ready,
        };
        self.rehearsal.outcomes.add(outcome);
        if outcome == Outcome::Ready
            && let Some(clue) = prepared.clue
        {
            self.evidence.stake(clue);
        }
        Ok(())
    }

    /// What would become of a row of which there is more to say.
    fn judge(&mut self, call: &Call<'_>, prepared: &Prepared) -> Result<Outcome, RehearsalError> {
        if prepared.is_suspected {
            self.rehearsal.damage.look(call.row);
        }
        let row = call.row.position.row;
        for problem in &call.mapped.problems {
            self.rehearsal.problems.add(row, problem)?;
        }
        if let (Some(known), Some(source)) = (self.known, prepared.source)
            && self.may_be_known(known, call, &source)?
        {
            let row = registration(call, self.identities, self.table, source, 0);
            let Preview {
                outcome,
                reason,
                by_key_alone,
                before: _,
            } = known.preview(&row)?;
            self.rehearsal.by_key_alone += u64::from(by_key_alone);
            if call.mapped.is_valid()
                && let Some((code, message)) = reason
            {
                self.rehearsal
                    .problems
                    .add_conflict(row.row, &code, &message)?;
            }
            Ok(outcome)
        } else if call.mapped.is_valid() {
            Ok(Outcome::Ready)
        } else {
            Ok(Outcome::Invalid)
        }
    }

    /// Whether the ledger has to be asked what would become of a row. The row of a rejects file is known as the row of
    /// another file that it was.
    fn may_be_known(
        &self,
        known: &Snapshot<'_>,
        call: &Call<'_>,
        source: &Identity,
    ) -> Result<bool, LedgerError> {
        let key = key_identity(call, self.identities);
        Ok(self.table.rejects_file().is_some() || known.knows(source, key.as_ref())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::patience::STOPPED_AFTER;
    use crate::import::{Observer, Stop};
    use crate::input::{Input, Options};
    use crate::mapping::Mapping;
    use crate::reading::Selection;
    use std::sync::Arc;

    const MAPPING: &str = r#"
version = 1
[key]
columns = ["id"]
[fields]
patient_lname = "id"
patient_fname = "id"
dob = { value = "19440203" }
complaint = "id"
prac = { value = "1" }
"#;

    struct Nobody;

    impl Observer for Nobody {
        fn observe(&self, _: &RunEvent) {}
    }

    /// Rehearses calls with these numbers, after a signal.
    fn after_a_signal(calls: impl Iterator<Item = u64>) -> Result<Rehearsal, RehearsalError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calls.csv");
        let rows: String = calls.map(|call| format!("call {call},\n")).collect();
        std::fs::write(&path, format!("id,note\n{rows}")).unwrap();
        let table = Table::new(
            "calls.csv".to_owned(),
            Input::open(&path, &Options::default()).unwrap(),
            Arc::new(Mapping::parse("mapping.toml", MAPPING).unwrap()),
            Selection::default(),
            jiff::civil::date(2026, 11, 22),
        )
        .unwrap();
        let stop = Stop::new();
        stop.signal(Signal::Terminate);
        let watch = Watch {
            observer: &Nobody,
            stop: &stop,
        };
        let purpose = Purpose::Send(BodyFormat::Json);
        let known = Known::default();
        rehearse(&table, &Identities::passing(), known, purpose, watch)
    }

    #[test]
    fn a_signal_ends_each_look_at_a_long_file() {
        let is_stopped =
            |rehearsed| matches!(rehearsed, Err(RehearsalError::Stopped(Signal::Terminate)));
        assert!(is_stopped(after_a_signal(0..2 * STOPPED_AFTER)));
        // So few rows that the first look is over before it is asked whether to stop: only the second one asks.
        let few = STOPPED_AFTER / 3;
        assert!(is_stopped(after_a_signal((0..few).chain(0..few))));
        let rehearsal = after_a_signal(0..2 * few).unwrap();
        assert_eq!(rehearsal.outcomes.get(Outcome::Ready), 2 * few);
    }
}
