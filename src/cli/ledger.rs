//! `ledger`: looking into the ledger, the way out of doubt, and keeping the ledger in order.
//!
//! Owns the commands behind `ticketload ledger`. What they only read works while a run is going; what they change takes
//! the lock as a run does. Shows file names, numbers, codes and tickets, never a cell's value but the key, and that
//! only where the mapping is named.

mod adopt;
mod doubts;
mod inputs;
mod resolve;
mod results;
mod runs;
mod upkeep;

use super::advice;
use super::args::ledger::LedgerCommand;
use super::failure::{Exit, Failure};
use jiff::Timestamp;
use std::path::Path;
use ticketload::ledger::{LedgerError, LedgerErrorKind, Reader, RunId, RunStory};

pub(crate) fn run(command: &LedgerCommand) -> Result<Exit, Failure> {
    match command {
        LedgerCommand::Runs(args) => runs::list(args),
        LedgerCommand::Show(args) => runs::show(args),
        LedgerCommand::InDoubt(args) => doubts::run(args),
        LedgerCommand::Resolve(args) => resolve::run(args),
        LedgerCommand::Results(args) => results::run(args),
        LedgerCommand::Check(args) => upkeep::check(args),
        LedgerCommand::Adopt(args) => adopt::run(args),
        LedgerCommand::Purge(args) => upkeep::purge(args),
    }
}

/// The story of a run that must be there.
fn story(reader: &Reader, run: RunId) -> Result<RunStory, Failure> {
    reader.run(run)?.ok_or_else(|| Failure::Usage {
        message: format!("there is no run {run} in this ledger"),
        hint: format!("`{}` lists all of them", advice::command("ledger runs")),
    })
}

/// There is no ledger where one must be.
fn absent(path: &Path) -> Failure {
    Failure::Ledger(LedgerError {
        path: path.to_owned(),
        kind: LedgerErrorKind::Absent,
    })
}

/// A moment for people.
fn when(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// A moment for programs.
fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
