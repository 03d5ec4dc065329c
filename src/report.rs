//! The report: what a run or a rehearsal came to, for people and for programs.
//!
//! Owns the wording of the summary and the shape of the JSON, which is versioned. Writes into whatever it is given;
//! prints nothing itself. Shows counts, codes, columns and messages, never a cell's value.

mod human;
mod inspection;
mod json;

pub use crate::counting::{counted, thousands};
pub use crate::seen::{plain, plain_path};
pub use human::write_human;
pub use json::{VERSION, write_json};

use crate::import::{Outcomes, ProblemLog, RunSummary};
use crate::input::{Description, SheetInfo};
use crate::inspect::Inspection;
use std::path::PathBuf;

/// What became of one input file.
#[derive(Debug)]
pub struct FileReport {
    /// The file as the user named it.
    pub file: String,
    /// What was decided about it; none where it could not be read.
    pub description: Option<Description>,
    /// Its columns.
    pub columns: Vec<String>,
    /// How many rows were asked for.
    pub rows: u64,
    /// Rows per outcome.
    pub outcomes: Outcomes,
    /// All that is wrong with rows.
    pub problems: Option<ProblemLog>,
    /// Sentences about the file as a whole.
    pub remarks: Vec<String>,
    /// When a file with this content was imported before, and what came of it.
    pub imported_before: Option<String>,
    /// Why the file could not be read.
    pub error: Option<String>,
    /// The worksheets to choose from, where it could not be read for want of a choice.
    pub sheets: Vec<SheetInfo>,
    /// What an inspection found, where one was asked for.
    pub inspection: Option<Inspection>,
    /// The run, where one began.
    pub run: Option<RunSummary>,
    /// The results file.
    pub results: Option<PathBuf>,
    /// The rejects file and how many rows it has.
    pub rejects: Option<(PathBuf, u64)>,
    /// Why results or rejects could not be written.
    pub unwritten: Vec<String>,
    /// Rows with a ticket that a person should look at.
    pub warnings: u64,
    /// How many of the rows in doubt are so only since the ledger could not take what came of them.
    pub not_stored: u64,
}

/// Commands that a report advises, as they are to be typed after the one that is reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advised {
    /// What lists the rows in doubt; none where their ledger is gone, as a sandbox's is.
    pub in_doubt: Option<String>,
    /// What tries server and account.
    pub check: String,
    /// What makes the tickets of results known to another ledger.
    pub adopt: String,
}

impl Default for Advised {
    fn default() -> Advised {
        Advised {
            in_doubt: Some("ticketload ledger in-doubt".to_owned()),
            check: "ticketload check".to_owned(),
            adopt: "ticketload ledger adopt RESULTS.csv INPUT".to_owned(),
        }
    }
}

/// The report of one command.
#[derive(Debug)]
pub struct Report {
    /// The command: `import`, `validate` or `inspect`.
    pub command: &'static str,
    /// `USER at HOST`, where the ledger was asked or rows were sent.
    pub target: Option<String>,
    /// The files in the order in which they were named.
    pub files: Vec<FileReport>,
    /// The exit code.
    pub exit_code: u8,
    /// Why the command failed as a whole, where it came to no report.
    pub error: Option<String>,
    /// What to type next.
    pub advised: Advised,
}

impl FileReport {
    /// A report about a file of which nothing is known yet.
    #[must_use]
    pub fn of(file: String) -> FileReport {
        FileReport {
            file,
            description: None,
            columns: Vec::new(),
            rows: 0,
            outcomes: Outcomes::default(),
            problems: None,
            remarks: Vec::new(),
            imported_before: None,
            error: None,
            sheets: Vec::new(),
            inspection: None,
            run: None,
            results: None,
            rejects: None,
            unwritten: Vec::new(),
            warnings: 0,
            not_stored: 0,
        }
    }
}

impl Report {
    /// The report of a command that failed before it had one.
    #[must_use]
    pub fn failed(command: &'static str, exit_code: u8, error: String) -> Report {
        Report {
            command,
            target: None,
            files: Vec::new(),
            exit_code,
            error: Some(error),
            advised: Advised::default(),
        }
    }

    /// All files' rows per outcome.
    #[must_use]
    pub fn outcomes(&self) -> Outcomes {
        let mut sum = Outcomes::default();
        for file in &self.files {
            sum.merge(&file.outcomes);
        }
        sum
    }
}
