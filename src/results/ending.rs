//! [`Ending`]: how a run ended, as its results tell it.
//!
//! Owns what is said of rows that were not sent, be it of a run that has just ended or of one that the ledger remembers.

use crate::code::explain;
use crate::import::RunSummary;
use crate::ledger::RunEnd;

/// How a run ended, as results tell it of the rows that were not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    pub(super) word: &'static str,
    pub(super) sentence: String,
    /// Whether a row that the ledger does not know of this run was not asked for; else its turn had not come.
    pub(super) knows_every_row: bool,
    /// Whether the ledger took everything that it was given.
    pub(super) all_stored: bool,
}

impl Ending {
    /// The ending of a run that has just ended.
    #[must_use]
    pub fn of(summary: &RunSummary) -> Ending {
        Ending {
            word: summary.end.word(),
            sentence: summary.end.to_string(),
            knows_every_row: false,
            all_stored: summary.all_stored,
        }
    }

    /// The ending of an earlier run; none for one that has not ended.
    #[must_use]
    pub fn remembered(end: Option<RunEnd>) -> Ending {
        let told = end
            .filter(|end| *end != RunEnd::Finished)
            .and_then(|end| Some((end.word(), explain(end.word())?)));
        let (word, sentence) = match told {
            Some((word, explanation)) => (word, explanation.on_submission),
            None => (WAITING, explain(WAITING).map_or("", |it| it.on_submission)),
        };
        Ending {
            word,
            sentence: sentence.to_owned(),
            knows_every_row: end.is_some_and(RunEnd::knows_every_row),
            all_stored: end != Some(RunEnd::Ledger),
        }
    }

    /// Whether the ledger alone knows every row that was asked for; else only the input can tell of the others.
    #[must_use]
    pub fn knows_every_row(&self) -> bool {
        self.knows_every_row
    }
}

/// The code of a row whose turn is still to come.
pub(super) const WAITING: &str = "waiting";
