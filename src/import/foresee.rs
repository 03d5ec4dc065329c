//! The rehearsal of a file among others: each row after what the files before it would have put into the ledger.
//!
//! Owns the order in which the rows of one command are foreseen, which is the one in which they are sent, and what is told of
//! rows that an earlier file has. What becomes of a row is the ledger's to say: it is registered there in thought, as the feeder
//! registers it. Takes that every row that would be sent is taken; one that is then refused or in doubt makes a difference to
//! those that share its call. Holds some bytes for each row of a file that others follow, and nothing of the last one's but
//! what stands in it more than once.

use super::RehearsalError;
use super::identify::judge;
use super::patience::Patience;
use super::rehearsal::Rehearsal;
use super::repeated::Repeated;
use super::table::{Call, Table};
use crate::ledger::{Foreseen, Identities, Preview, Registration, RowBefore, Snapshot, Verdict};
use crate::problem::Problem;
use crate::ticket::Outcome;
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

/// The place of a file among those of its command.
#[derive(Debug)]
pub struct Among<'a> {
    /// What the files before it would leave in the ledger; for those behind it this file's rows are added.
    pub foreseen: &'a mut Foreseen,
    /// Whether any comes behind it.
    pub is_followed: bool,
}

/// Rows that would share the tickets of an earlier file's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowsBefore {
    /// How many they are.
    pub rows: u64,
    /// The first of them.
    pub first: u64,
    /// The earlier file, with the row that the first one would share the ticket of.
    pub of: RowBefore,
}

/// What the rows of a file among others are judged by.
pub(super) struct Foresight<'a> {
    pub table: &'a Table,
    pub identities: &'a Identities,
    pub repeated: &'a Repeated,
    pub known: Option<&'a Snapshot<'a>>,
}

/// A row as it is foreseen.
pub(super) struct Foretold<'a> {
    pub call: Call<'a>,
    pub row: Registration,
    /// What makes it invalid, where its key stands for another call elsewhere in its file.
    pub conflict: Option<Problem>,
    pub preview: Preview,
}

impl Foresight<'_> {
    /// Reads the file once more, and corrects what every row was taken for that had been looked at alone.
    pub(super) fn correct(
        &self,
        rehearsal: &mut Rehearsal,
        among: Among<'_>,
        patience: &mut Patience<'_>,
    ) -> Result<(), RehearsalError> {
        let has_key = self.table.mapping().has_key();
        let mut keys = HashSet::new();
        self.for_each(among, patience, |foretold| {
            let Foretold {
                call,
                row,
                conflict,
                preview,
            } = foretold;
            let alone = if call.mapped.is_valid() {
                Outcome::Ready
            } else {
                Outcome::Invalid
            };
            rehearsal.outcomes.shift(alone, preview.outcome);
            rehearsal.identical += u64::from(row.ordinal > 0 && !has_key);
            rehearsal.by_key_alone += u64::from(preview.by_key_alone);
            if let Some(before) = preview.before {
                count(&mut rehearsal.before, row.row, before);
            }
            if preview.outcome != Outcome::Invalid {
                let shares = row.shares_key && conflict.is_none();
                let key = row.key.filter(|_| shares);
                rehearsal.twins += u64::from(key.is_some_and(|key| !keys.insert(key)));
                return Ok(());
            }
            let problems = &mut rehearsal.problems;
            // What the mapping found is told already, and so is what the file says about itself.
            if let Some((code, message)) = preview.reason
                && call.mapped.is_valid()
                && !is_verdict(&row, &message)
            {
                problems.add_conflict_later(row.row, &code, &message)?;
            }
            if let Some(problem) = &conflict {
                problems.add_later(row.row, problem)?;
            }
            Ok(())
        })
    }

    /// Hands every row that is asked for to `each`, with what would become of it.
    pub(super) fn for_each(
        &self,
        among: Among<'_>,
        patience: &mut Patience<'_>,
        mut each: impl FnMut(Foretold<'_>) -> Result<(), RehearsalError>,
    ) -> Result<(), RehearsalError> {
        let Foresight {
            table,
            identities,
            repeated,
            known,
        } = self;
        let Among {
            foreseen,
            is_followed,
        } = among;
        foreseen.begin(table.name(), table.rejects_file());
        let mut foretell = |call: Call<'_>, row: Registration, conflict| {
            let is_repeated = row.shares_key || repeated.rows.contains(&row.source.short());
            let preview = if is_followed || is_repeated {
                foreseen.register(*known, &row)?
            } else {
                foreseen.preview(*known, &row)?
            };
            each(Foretold {
                call,
                row,
                conflict,
                preview,
            })
        };
        let goes_on = || patience.row();
        let stopped = judge(
            table,
            repeated,
            identities,
            goes_on,
            |call, row, conflict| match foretell(call, row, conflict) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => ControlFlow::Break(error),
            },
        )?;
        stopped.map_or(Ok(()), Err)?;
        foreseen.end();
        Ok(())
    }
}

/// Whether this is what was known of the row before it was looked up.
fn is_verdict(row: &Registration, told: &str) -> bool {
    matches!(&row.verdict, Verdict::Invalid { message, .. } if message == told)
}

fn count(counts: &mut Vec<RowsBefore>, row: u64, of: RowBefore) {
    let same = |count: &&mut RowsBefore| Arc::ptr_eq(&count.of.file, &of.file);
    match counts.iter_mut().find(same) {
        Some(count) => count.rows += 1,
        None => counts.push(RowsBefore {
            rows: 1,
            first: row,
            of,
        }),
    }
}

#[cfg(test)]
mod tests;
