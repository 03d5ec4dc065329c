//! [`Repeated`]: what a file says about itself more than once, and what follows from it.
//!
//! Owns which rows are identical to earlier ones, how many stand before each, and which keys stand for two different
//! calls. Holds short hashes only, and only of what is repeated; what they hash is compared within one file and one process.

use super::identify::content;
use super::table::{Call, Table};
use crate::input::InputError;
use crate::ledger::{Identities, Identity};
use crate::mapping::Key;
use crate::problem::{Problem, ProblemCode, Severity};
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::ops::ControlFlow;

/// What a file says about itself more than once.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    /// Short hashes of rows that occur more than once.
    pub(super) rows: HashSet<u64>,
    /// Short hashes of keys that occur more than once.
    pub(super) shared: HashSet<u64>,
    /// Short hashes of keys that stand for two different contents, with the first two rows.
    conflicts: HashMap<u64, (u64, u64)>,
    keys: KeyHasher,
}

/// Hashes keys: they are compared within one file only, so that no identity is needed.
#[derive(Debug, Clone, Default)]
pub(super) struct KeyHasher(RandomState);

impl KeyHasher {
    /// The short hash of a key, if the row has one.
    pub(super) fn short(&self, key: &Key) -> Option<u64> {
        (!key.is_empty()).then(|| self.0.hash_one(key.identity()))
    }
}

impl Repeated {
    /// What hashes the keys of this file.
    pub(super) fn key_hasher(&self) -> KeyHasher {
        self.keys.clone()
    }

    /// The short hash of a row's key, if other rows of this file have it too.
    pub(super) fn shared_key(&self, call: &Call<'_>) -> Option<u64> {
        if self.shared.is_empty() {
            return None;
        }
        let key = self.keys.short(&call.mapped.key);
        key.filter(|key| self.shared.contains(key))
    }

    /// Reads the file for those among the shared keys that stand for more than one content in it. `goes_on` is asked before
    /// every row; what it breaks off with is given back.
    pub(super) fn find_conflicts<B>(
        &mut self,
        table: &Table,
        identities: &Identities,
        mut goes_on: impl FnMut() -> ControlFlow<B>,
    ) -> Result<Option<B>, InputError> {
        if self.shared.is_empty() {
            return Ok(None);
        }
        let mut first: HashMap<u64, (u64, Identity)> = HashMap::new();
        table.for_each_call(|call| {
            goes_on()?;
            if let Some(key) = self.shared_key(&call) {
                let row = call.row.position.row;
                let content = content(&call, identities, table);
                match first.get(&key) {
                    Some((earlier, other)) if *other != content => {
                        self.conflicts.entry(key).or_insert((*earlier, row));
                    }
                    Some(_) => {}
                    None => drop(first.insert(key, (row, content))),
                }
            }
            ControlFlow::Continue(())
        })
    }

    /// The problem of a row whose key stands for another content elsewhere in the file.
    pub(super) fn conflict(&self, call: &Call<'_>) -> Option<Problem> {
        if self.conflicts.is_empty() {
            return None;
        }
        let key = self.shared_key(call)?;
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
