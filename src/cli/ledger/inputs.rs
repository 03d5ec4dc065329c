//! Inputs of earlier runs, read again where they are still what they were.

use super::super::failure::Failure;
use super::super::files::{options, read_mapping};
use super::super::progress::Screen;
use std::path::Path;
use std::sync::Arc;
use ticketload::api::BodyFormat;
use ticketload::import::{Known, Purpose, Rehearsal, Stop, Table, Watch, rehearse};
use ticketload::input::Input;
use ticketload::ledger::{Identities, Reader, RunStory};
use ticketload::mapping::Mapping;
use ticketload::reading::Hidden;

/// Nothing is written for a server, and rows are the same rows in every form.
pub(super) const PURPOSE: Purpose = Purpose::Send(BodyFormat::Json);

/// A rehearsal as of an import, so that identical rows are counted the same way.
pub(super) fn rehearsed(
    table: &Table,
    identities: &Identities,
    ledger: Option<&Reader>,
) -> Result<Rehearsal, Failure> {
    let screen = Screen::open();
    let watch = Watch {
        observer: &*screen.progress(),
        // A signal ends the process: there is nothing to bring to an end.
        stop: &Stop::new(),
    };
    let known = Known {
        ledger,
        among: None,
    };
    rehearse(table, identities, known, PURPOSE, watch).map_err(Failure::Rehearsal)
}

/// Reads a mapping that was named for the sake of keys.
pub(super) fn mapping(path: &Path) -> Result<Arc<Mapping>, Failure> {
    read_mapping(path).map(Arc::new)
}

/// The input of a run, or, as a half sentence, why it cannot be had.
pub(super) fn reopen(
    run: &RunStory,
    path: &Path,
    mapping: &Arc<Mapping>,
) -> Result<Result<Table, String>, Failure> {
    if !path.exists() {
        return Ok(Err("it is no longer there".to_owned()));
    }
    let mut options = options(mapping, run.sheet.clone().as_ref());
    // What becomes of hidden rows was decided when they were imported. A run of an earlier format did not store it; the
    // ledger knows which rows that run had.
    options.hidden = run.hidden.or(options.hidden).or(Some(Hidden::Import));
    let input = match Input::open(path, &options) {
        Ok(input) => input,
        Err(error) => return Ok(Err(error.kind.to_string())),
    };
    match input.fingerprint() {
        Ok(found) if found == run.fingerprint => {}
        Ok(_) => return Ok(Err("it has changed since".to_owned())),
        Err(error) => return Ok(Err(error.kind.to_string())),
    }
    let today = jiff::Zoned::now().date();
    let mapping = Arc::clone(mapping);
    let table = Table::new(run.file.clone(), input, mapping, run.selection, today)?;
    Ok(Ok(table))
}
