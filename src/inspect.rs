//! The inspection: what a file holds, told without a mapping and without a value.
//!
//! Owns the one pass over all rows behind `inspect`: what each column seems to hold, and what a person should look at
//! before anything is sent. The cheap part of it, [`Damage`], looks over every rehearsal's shoulder as well. Changes
//! nothing; holds a bounded number of hashes in memory. Knows no mapping: what a finding means for a ticket is the
//! reader's to judge.

mod column;
mod damage;
mod finding;
mod shape;

pub use crate::date_order::DateOrder;
pub use crate::holds::Holds;
pub use column::Column;
pub use damage::Damage;
pub use finding::{Finding, end_findings, file_findings};

use crate::input::{Input, InputError};
use crate::row::Row;
use column::Profile;
use shape::Shape;
use std::io;
use std::ops::ControlFlow;

/// What an inspection found.
#[derive(Debug)]
pub struct Inspection {
    /// Rows under the header.
    pub rows: u64,
    /// The columns in their order.
    pub columns: Vec<Column>,
    /// What a person should know, the gravest first.
    pub findings: Vec<Finding>,
}

/// Why an inspection came to no end.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The file cannot be read on.
    #[error(transparent)]
    Input(#[from] InputError),
    /// What the rows were handed to cannot take them.
    #[error("the rows cannot be written: {0}")]
    Rows(io::Error),
}

/// Reads all rows and tells what they hold; each row is handed to `each` as a mapping would see it.
///
/// # Errors
///
/// Where the file cannot be read to its end, and the first error of `each`.
pub fn inspect(
    input: &Input,
    mut each: impl FnMut(&Row) -> io::Result<()>,
) -> Result<Inspection, InspectError> {
    let header = input.header();
    let shown = input.shown_header();
    let mut profiles: Vec<Profile> = shown.iter().map(|name| Profile::new(name)).collect();
    let mut damage = Damage::default();
    let mut shape = Shape::new(header, input.description().kind());
    let mut rows = 0;
    let stopped = input.for_each_row(|row| {
        rows += 1;
        damage.look(row);
        shape.look(row);
        for (at, profile) in profiles.iter_mut().enumerate() {
            profile.look(row.cell(at), row.position.row);
        }
        match each(row) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    })?;
    if let Some(error) = stopped {
        return Err(InspectError::Rows(error));
    }
    let mut findings = file_findings(input.description());
    findings.extend(finding::header_findings(input));
    findings.extend(end_findings(input));
    findings.extend(shape.findings());
    findings.extend(damage.findings(&shown));
    findings.extend(profiles.iter().flat_map(Profile::findings));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    Ok(Inspection {
        rows,
        columns: profiles.into_iter().map(Profile::finish).collect(),
        findings,
    })
}

#[cfg(test)]
mod tests;
