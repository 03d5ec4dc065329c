//! Which row is which, without a run: every row of a file with the registration that a run would make of it.
//!
//! Owns the order of things for everyone who identifies rows: mapped, counted among the identical ones of the whole file, and
//! then given their identities.

use super::rehearsal::{Ordinals, Rehearsal, Repeated, registration};
use super::table::{Call, Table};
use crate::input::InputError;
use crate::ledger::{Identities, Registration};
use std::ops::ControlFlow;

/// Hands every row that is asked for and its registration to `each`, which may stop early. The rehearsal must not have been used for a run.
///
/// # Errors
///
/// Where the file cannot be read to its end.
pub fn for_each_registration<B>(
    table: &Table,
    rehearsal: &Rehearsal,
    identities: &Identities,
    mut each: impl FnMut(&Call<'_>, Registration) -> ControlFlow<B>,
) -> Result<Option<B>, InputError> {
    let each = |call: Call<'_>, row| each(&call, row);
    identify(table, &rehearsal.repeated, identities, each)
}

/// Hands every row that is asked for and its registration to `each`; the other rows are counted only.
pub(super) fn identify<B>(
    table: &Table,
    repeated: &Repeated,
    identities: &Identities,
    mut each: impl FnMut(Call<'_>, Registration) -> ControlFlow<B>,
) -> Result<Option<B>, InputError> {
    let mut ordinals = Ordinals::default();
    table.for_each_call(|call| {
        let source = identities.source(call.row);
        let ordinal = ordinals.next(repeated, source);
        if !call.selected {
            return ControlFlow::Continue(());
        }
        let row = registration(&call, identities, table, source, ordinal);
        each(call, row)
    })
}
