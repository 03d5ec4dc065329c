//! The second look of a rehearsal at one file: at the rows that stand in it more than once.
//!
//! Owns what becomes of a row by the rows before it: its place among identical ones, a fate that is shared with the first row
//! of its key, a key that stands for two calls. Holds a few bytes for what is repeated, and nothing of the other rows. A file
//! among others is foreseen instead, row by row, by [`foresee`](super::foresee).

use super::RehearsalError;
use super::identify::{conflicting, registration};
use super::patience::Patience;
use super::rehearsal::Rehearsal;
use super::repeated::{Ordinals, Repeated};
use super::table::{Call, Table};
use crate::ledger::{Identities, Registration, Snapshot};
use crate::ticket::Outcome;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::ControlFlow;

/// What the rows that stand in the file more than once are judged by.
pub(super) struct SecondLook<'a> {
    pub table: &'a Table,
    pub identities: &'a Identities,
    pub known: Option<&'a Snapshot<'a>>,
}

impl SecondLook<'_> {
    /// Reads the file once more for the rows that stand in it more than once, and corrects what the first pass took each of
    /// them for.
    pub(super) fn correct(
        &self,
        rehearsal: &mut Rehearsal,
        repeated: &mut Repeated,
        patience: &mut Patience<'_>,
    ) -> Result<(), RehearsalError> {
        let SecondLook {
            table,
            identities,
            known,
        } = self;
        let stopped = repeated.find_conflicts(table, identities, || patience.row())?;
        stopped.map_or(Ok(()), Err)?;
        let mut ordinals = Ordinals::default();
        let mut fates = HashMap::new();
        let mut look = |call: &Call<'_>| -> Result<(), RehearsalError> {
            let source = identities.source(call.row);
            let ordinal = ordinals.next(repeated, source);
            if !call.selected {
                return Ok(());
            }
            rehearsal.identical += u64::from(ordinal > 0);
            let conflict = repeated.conflict(call);
            let key = repeated.shared_key(call);
            if key.is_none() && (ordinal == 0 || known.is_none()) {
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
                Some(known) => known.preview(row).map(|preview| preview.outcome),
                None if valid => Ok(Outcome::Ready),
                None => Ok(Outcome::Invalid),
            };
            let before = outcome_of(&first, call.mapped.is_valid())?;
            let mut now = outcome_of(&row, call.mapped.is_valid() && conflict.is_none())?;
            if let Some(key) = key
                && conflict.is_none()
                && now != Outcome::Invalid
            {
                let first = fates.entry(key);
                rehearsal.twins += u64::from(matches!(first, Entry::Occupied(_)));
                now = share(first, now);
            }
            if let Some(problem) = conflict.filter(|_| now == Outcome::Invalid) {
                rehearsal.problems.add_later(row.row, &problem)?;
            }
            rehearsal.outcomes.shift(before, now);
            Ok(())
        };
        let stopped = table.for_each_call(|call| {
            patience.row()?;
            match look(&call) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => ControlFlow::Break(error),
            }
        })?;
        stopped.map_or(Ok(()), Err)
    }
}

/// The outcome of a row that has its key with others and would end like this by itself: the first one is sent, the others
/// share what becomes of it.
fn share(first: Entry<'_, u64, Outcome>, alone: Outcome) -> Outcome {
    match (first, alone) {
        (Entry::Vacant(first), _) => *first.insert(alone),
        (Entry::Occupied(first), Outcome::Ready) => match first.get() {
            Outcome::InDoubt => Outcome::InDoubt,
            // By the time of its turn the first one has its ticket.
            _ => Outcome::AlreadyCreated,
        },
        (Entry::Occupied(_), _) => alone,
    }
}
