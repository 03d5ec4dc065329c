//! Adoption: what a results file says of an input becomes known to a ledger that never saw it.
//!
//! Owns the way back from results into a ledger, for the day on which a ledger was lost. The rows of the input get
//! their identities exactly as in a run, so that the next run knows them. Nothing is stored unless every row of the
//! results fits the input. Sends nothing.

use super::EarlierRow;
use crate::import::{Rehearsal, Table, for_each_registration};
use crate::input::InputError;
use crate::ledger::{
    Adopted, Adoption, Identities, Identity, LedgerError, NewRun, RunEnd, RunId, Steward, Verdict,
};
use crate::submission::{Doubt, Event};
use crate::ticket::Outcome;
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

/// The rows of a results file whose fate matters, by row number, and the input that they were written of.
#[derive(Debug)]
pub struct Adoptable<'a> {
    /// The input with its mapping.
    pub table: &'a Table,
    /// Its rehearsal, not yet used for a run.
    pub rehearsal: &'a Rehearsal,
    /// The rows that have a ticket or are in doubt.
    pub rows: &'a HashMap<u64, EarlierRow>,
}

/// What came of an adoption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AdoptSummary {
    /// The run under whose number the rows stand.
    pub run: RunId,
    /// Rows that have their ticket now.
    pub created: u64,
    /// Rows that are in doubt now.
    pub in_doubt: u64,
    /// Rows that the ledger knew already as the results tell them.
    pub known: u64,
    /// Rows that the ledger knows as something else, such as in doubt or with another ticket.
    pub otherwise: u64,
}

/// Why an adoption failed.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// The input cannot be read.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The ledger cannot be written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A row of the results is not in the input.
    #[error("row {0} of the results is not in the input")]
    NoSuchRow(u64),
    /// A row has another key.
    #[error("row {0} has another key in the results than in the input")]
    OtherKey(u64),
}

/// Rows that are stored together.
const GROUP: usize = 256;

impl EarlierRow {
    /// What happened to a row that has a ticket or is in doubt; nothing for all others.
    #[must_use]
    pub fn event(&self) -> Option<Event> {
        if let Some(ticket) = &self.ticket {
            return Some(Event::Created {
                ticket_id: ticket.id.clone(),
                remark: None,
            });
        }
        (self.outcome == Outcome::InDoubt.as_str()).then(|| {
            Event::Unproven(Doubt {
                code: self.error_code.clone(),
                message: self.message.clone(),
            })
        })
    }
}

/// Makes the rows of a results file known to a ledger.
///
/// # Errors
///
/// [`AdoptError`]; where a row does not fit the input nothing was stored.
pub fn adopt(
    steward: &mut Steward,
    adoptable: &Adoptable<'_>,
    identities: &Identities,
    target: &str,
) -> Result<AdoptSummary, AdoptError> {
    let table = adoptable.table;
    compare(table, adoptable.rows)?;
    let run = steward.begin_run(&NewRun {
        scope: identities.scope(),
        target: target.to_owned(),
        file: table.name().to_owned(),
        sheet: table.input().description().sheet().map(str::to_owned),
        selection: table.selection(),
        hidden: table.input().description().hidden,
        fingerprint: table.input().fingerprint()?,
        mapping: table.fingerprint(),
    })?;
    let identical = identical(adoptable, identities)?;
    let mut adopter = Adopter::new(steward, run);
    let stopped =
        for_each_registration(table, adoptable.rehearsal, identities, |call, mut row| {
            let Some(earlier) = adoptable.rows.get(&row.row) else {
                return ControlFlow::Continue(());
            };
            let Some(event) = earlier.event() else {
                return ControlFlow::Continue(());
            };
            if matches!(row.verdict, Verdict::Invalid { .. }) {
                // It was sent once, whatever the mapping says of it today.
                let payload = identities.payload(&call.mapped.payload, table.fingerprint());
                row.verdict = Verdict::Valid { payload };
            }
            let at = earlier.finished_at;
            let identical = identical.get(&row.source).copied().unwrap_or(1);
            adopter.add(Adoption {
                row,
                event,
                at,
                identical,
            })
        })?;
    if let Some(error) = stopped {
        return Err(error.into());
    }
    Ok(adopter.finish()?)
}

/// How many rows have the same cells, of cells that more than one row has.
fn identical(
    adoptable: &Adoptable<'_>,
    identities: &Identities,
) -> Result<HashMap<Identity, u64>, InputError> {
    let mut rows = HashMap::new();
    let (table, rehearsal) = (adoptable.table, adoptable.rehearsal);
    let read = for_each_registration(table, rehearsal, identities, |_, row| {
        if row.ordinal > 0 {
            rows.insert(row.source, row.ordinal + 1);
        }
        ControlFlow::<()>::Continue(())
    });
    read.map(|_| rows)
}

/// Whether every row of the results is a row of the input and, as far as keys tell, the same one.
fn compare(table: &Table, rows: &HashMap<u64, EarlierRow>) -> Result<(), AdoptError> {
    let mut missing: HashSet<u64> = rows.keys().copied().collect();
    let other = table.for_each_call(|call| {
        let number = call.row.position.row;
        missing.remove(&number);
        let is_other = table.mapping().has_key()
            && rows
                .get(&number)
                .is_some_and(|row| !row.may_have_key(call.mapped.key.shown()));
        if is_other {
            ControlFlow::Break(AdoptError::OtherKey(number))
        } else {
            ControlFlow::Continue(())
        }
    })?;
    match (other, missing.into_iter().min()) {
        (Some(error), _) => Err(error),
        (None, Some(row)) => Err(AdoptError::NoSuchRow(row)),
        (None, None) => Ok(()),
    }
}

/// Stores rows in groups and counts what became of them.
struct Adopter<'a> {
    steward: &'a mut Steward,
    group: Vec<Adoption>,
    summary: AdoptSummary,
}

impl<'a> Adopter<'a> {
    fn new(steward: &'a mut Steward, run: RunId) -> Adopter<'a> {
        let summary = AdoptSummary {
            run,
            created: 0,
            in_doubt: 0,
            known: 0,
            otherwise: 0,
        };
        Adopter {
            steward,
            group: Vec::new(),
            summary,
        }
    }

    fn add(&mut self, adoption: Adoption) -> ControlFlow<LedgerError> {
        self.group.push(adoption);
        if self.group.len() < GROUP {
            return ControlFlow::Continue(());
        }
        match self.store() {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }

    fn store(&mut self) -> Result<(), LedgerError> {
        let group = std::mem::take(&mut self.group);
        let adopted = self.steward.adopt(self.summary.run, &group)?;
        for adopted in adopted {
            let count = match adopted {
                Adopted::Created => &mut self.summary.created,
                Adopted::InDoubt => &mut self.summary.in_doubt,
                Adopted::Known => &mut self.summary.known,
                Adopted::Otherwise => &mut self.summary.otherwise,
            };
            *count += 1;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<AdoptSummary, LedgerError> {
        self.store()?;
        self.steward.end_run(self.summary.run, RunEnd::Adopted)?;
        Ok(self.summary)
    }
}
