//! Which row is which, without a run: every row of a file with the registration that a run would make of it.
//!
//! Owns nothing but the order of things: rows are mapped, counted among identical ones and given their identities exactly as
//! the feeder does it.

use super::rehearsal::{Ordinals, Rehearsal, registration};
use super::table::{Call, Table};
use crate::input::InputError;
use crate::ledger::{Identities, Registration};
use std::ops::ControlFlow;

/// Hands every row and its registration to `each`, which may stop early. The rehearsal must not have been used for a run.
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
    let mut ordinals = Ordinals::default();
    table.for_each_call(|call| {
        let source = identities.source(call.row);
        let ordinal = ordinals.next(&rehearsal.repeated, source);
        let row = registration(&call, identities, table, source, ordinal);
        each(&call, row)
    })
}
