//! The run: from a file, a mapping and an account to outcomes in the ledger.
//!
//! ```text
//! reader ──rows──▶ mapper ──payloads──▶ [bounded] ──▶ N workers ──attempt──▶ API
//!   (feeder: one blocking thread)                      │    ▲ claim / settle, answered after COMMIT
//!                                                      ▼    │
//!                                             ledger writer (one connection, group commit)
//! ```
//!
//! Owns pace, retries, holding and probing, early stops and shutdown; the only place that knows both the API and the
//! ledger. First [`rehearse`], which changes nothing, then [`run`]. Who watches is told by [`RunEvent`]s, each after what it
//! tells is committed. Does not print, and decides nothing about a row that the mapping, the ledger or the reply decides.

mod attempt;
mod crew;
mod duplicates;
mod end;
mod feeder;
mod foresee;
mod gate;
mod identify;
mod limits;
mod pace;
mod patience;
mod prober;
mod problems;
mod rehearsal;
mod repeated;
mod run;
mod second_look;
#[cfg(test)]
mod simulation;
mod stop;
mod table;

pub use end::{End, Signal, spoken};
pub use foresee::{Among, RowsBefore};
pub use identify::for_each_registration;
pub use limits::{MaxFailures, MaxFailuresError};
pub use pace::{Pace, Period, Rate, RateError, SlowDown};
pub use problems::{ProblemCount, ProblemLog, RowProblem, summary};
pub use rehearsal::{Known, Outcomes, Purpose, Rehearsal, RehearsalError, rehearse};
pub use run::{Conditions, Office, RunSummary, run};
pub use stop::{Stop, Watch};
pub use table::{Call, Table};

use crate::ticket::Outcome;
use std::path::PathBuf;
use std::time::Duration;

/// What happens in a run, told after it is committed.
#[derive(Debug, Clone)]
pub enum RunEvent {
    /// So many rows of the file have been checked.
    Checked {
        /// Rows so far.
        rows: u64,
    },
    /// A row has its outcome.
    Settled {
        /// The row's number as the spreadsheet shows it.
        row: u64,
        /// Its outcome.
        outcome: Outcome,
    },
    /// Nothing is sent until the server answers.
    Holding {
        /// What was seen.
        why: String,
        /// When it is asked again.
        next_probe: Duration,
    },
    /// The server answers again.
    Resumed,
    /// The server is too busy and asks to wait.
    Busy {
        /// How long it asks to wait.
        asked: Duration,
        /// How long is waited.
        wait: Duration,
    },
    /// The pace has changed, in rows a second; none where there is no limit.
    Pace(Option<f64>),
    /// A signal has come; what is in flight ends.
    Stopping,
    /// The ledger did not take an outcome.
    NotStored {
        /// The row's number.
        row: u64,
        /// The outcome.
        outcome: Option<Outcome>,
        /// The ticket, escaped.
        ticket_id: Option<String>,
        /// The emergency file that holds it, if that could be written.
        kept_in: Option<PathBuf>,
    },
}

/// Who is told what happens in a run. Called from workers, between which no request is polled: must not block, and so not
/// write, since a terminal can stand still for as long as a person likes.
pub trait Observer: Send + Sync + 'static {
    /// Takes one event.
    fn observe(&self, event: &RunEvent);
}
