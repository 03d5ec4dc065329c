//! Which row is which, without a run: every row of a file with the registration that a run would make of it.
//!
//! Owns the order of things for everyone who identifies rows: mapped, counted among the identical ones of the whole file, and
//! then given their identities.

use super::problems::summary;
use super::rehearsal::Rehearsal;
use super::repeated::{Ordinals, Repeated};
use super::table::{Call, Table};
use crate::input::InputError;
use crate::ledger::{Identities, Identity, Registration, Verdict};
use crate::problem::Problem;
use std::ops::ControlFlow;

/// Hands every row that is asked for and its registration to `each`, which may stop early.
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
    let goes_on = || ControlFlow::Continue(());
    let each = |call: Call<'_>, row| each(&call, row);
    identify(table, &rehearsal.repeated, identities, goes_on, each)
}

/// Hands every row that is asked for to `each`, with what a run registers of it and, where its key is in conflict with another
/// row's of the file, the problem that makes it invalid. `goes_on` is asked before every row; what it breaks off with is
/// given back.
pub(super) fn judge<B>(
    table: &Table,
    repeated: &Repeated,
    identities: &Identities,
    goes_on: impl FnMut() -> ControlFlow<B>,
    mut each: impl FnMut(Call<'_>, Registration, Option<Problem>) -> ControlFlow<B>,
) -> Result<Option<B>, InputError> {
    identify(table, repeated, identities, goes_on, |call, mut row| {
        let conflict = repeated.conflict(&call);
        if let Some(problem) = &conflict {
            row.verdict = conflicting(&row.verdict, problem);
        }
        each(call, row, conflict)
    })
}

/// Hands every row that is asked for and its registration to `each`; the other rows are counted only.
fn identify<B>(
    table: &Table,
    repeated: &Repeated,
    identities: &Identities,
    mut goes_on: impl FnMut() -> ControlFlow<B>,
    mut each: impl FnMut(Call<'_>, Registration) -> ControlFlow<B>,
) -> Result<Option<B>, InputError> {
    let mut ordinals = Ordinals::default();
    table.for_each_call(|call| {
        goes_on()?;
        let source = identities.source(call.row);
        let ordinal = ordinals.next(repeated, source);
        if !call.selected {
            return ControlFlow::Continue(());
        }
        let row = Registration {
            shares_key: repeated.shared_key(&call).is_some(),
            ..registration(&call, identities, table, source, ordinal)
        };
        each(call, row)
    })
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
    Registration {
        row: call.row.position.row,
        source,
        ordinal,
        rejects: table.rejects_file(),
        key: key_identity(call, identities),
        shares_key: false,
        verdict,
    }
}

/// The identity of a row by its key, where it has one.
pub(super) fn key_identity(call: &Call<'_>, identities: &Identities) -> Option<Identity> {
    let key = &call.mapped.key;
    (!key.is_empty()).then(|| identities.key(key.identity()))
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

/// What a row says: what would be sent, or its cells where it cannot be sent.
pub(super) fn content(call: &Call<'_>, identities: &Identities, table: &Table) -> Identity {
    if call.mapped.is_valid() {
        identities.payload(&call.mapped.payload, table.fingerprint())
    } else {
        identities.source(call.row)
    }
}
