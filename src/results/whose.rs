//! Whose results an earlier results file holds.
//!
//! Owns the question whether a file that stands where the results of a run are to go is an earlier one of that run. The
//! file has no run's number in it, and inputs of the same name are many; tickets are what tells runs apart.

use super::{EarlierResults, ResultsError};
use crate::ledger::{Fate, Reader, RowStory, RunId};
use crate::submission::State;
use std::io;

/// Whether a results file tells of the rows of a run: every ticket in it is one that the run has for that row, and there
/// is one. Without any row it tells of nothing, and is as good as none.
///
/// # Errors
///
/// Where the ledger or the file cannot be read.
pub fn tells_of(
    earlier: &mut EarlierResults,
    reader: &Reader,
    run: RunId,
) -> Result<bool, ResultsError> {
    let mut records = reader.rows_of(run).peekable();
    let (mut has_rows, mut has_tickets) = (false, false);
    for row in earlier.rows() {
        let row = match row {
            Ok(row) => row,
            // Somebody has changed it.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        has_rows = true;
        // What became of a row without one may have changed since.
        let Some(told) = row.ticket else { continue };
        let record = loop {
            match records.next_if(|record| is_up_to(record, row.row)) {
                Some(record) => match record? {
                    record if record.row == row.row => break Some(record),
                    _ => {}
                },
                None => break None,
            }
        };
        let known = record.as_ref().and_then(ticket_of);
        if known.is_none_or(|known| known != told.id.as_str()) {
            return Ok(false);
        }
        has_tickets = true;
    }
    Ok(has_tickets || !has_rows)
}

fn is_up_to<E>(record: &Result<RowStory, E>, row: u64) -> bool {
    record.as_ref().map_or(true, |record| record.row <= row)
}

fn ticket_of(record: &RowStory) -> Option<&str> {
    match &record.fate {
        Fate::Submission {
            state: State::Created { ticket_id, .. },
            ..
        } => Some(ticket_id.as_str()),
        _ => None,
    }
}
