//! [`ProblemLog`]: all problems of a file, in bounded memory.
//!
//! Owns the list that reports show: the first thousands in memory, the rest in a temporary file without a name, and
//! counts over all of them. Holds no values, since problems hold none.

use crate::problem::{Problem, Severity};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Seek, Write};

/// So many problems are held in memory: about a megabyte.
const IN_MEMORY: usize = 5_000;

/// One problem of one row, as reports show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowProblem {
    /// The row's number as the spreadsheet shows it.
    pub row: u64,
    /// The column's header.
    pub column: Option<String>,
    /// The ticket field.
    pub field: Option<Cow<'static, str>>,
    /// The stable code.
    pub code: String,
    /// How much it weighs.
    pub severity: Severity,
    /// What is wrong and what to do.
    pub message: String,
}

/// How often one kind of problem occurs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemCount {
    /// The stable code.
    pub code: String,
    /// The column's header.
    pub column: Option<String>,
    /// How much it weighs.
    pub severity: Severity,
    /// How many rows have it.
    pub rows: u64,
    /// The first such row.
    pub first_row: u64,
    /// The first such message.
    pub message: String,
}

/// All problems of a file, in the order in which they were found.
#[derive(Debug)]
pub struct ProblemLog {
    head: Vec<RowProblem>,
    spilled: Option<BufWriter<File>>,
    total: u64,
    counts: BTreeMap<(Severity, String, Option<String>), ProblemCount>,
}

/// The first error's code and all errors as one message, for results.
#[must_use]
pub fn summary(problems: &[Problem]) -> (String, String) {
    let errors = || {
        problems
            .iter()
            .filter(|problem| problem.severity == Severity::Error)
    };
    let code = errors()
        .next()
        .map(|problem| problem.code.to_string())
        .unwrap_or_default();
    let all: Vec<String> = errors().map(Problem::to_string).collect();
    (code, all.join("; "))
}

impl ProblemLog {
    pub(super) fn new() -> ProblemLog {
        ProblemLog {
            head: Vec::new(),
            spilled: None,
            total: 0,
            counts: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, row: u64, problem: &Problem) -> io::Result<()> {
        let entry = RowProblem {
            row,
            column: problem.column.as_deref().map(str::to_owned),
            field: problem.field.map(|field| Cow::Borrowed(field.name())),
            code: problem.code.to_string(),
            severity: problem.severity,
            message: problem.message.clone(),
        };
        self.push(entry)
    }

    /// Adds a conflict that only the ledger shows.
    pub(super) fn add_conflict(&mut self, row: u64, code: &str, message: &str) -> io::Result<()> {
        let entry = RowProblem {
            row,
            column: None,
            field: None,
            code: code.to_owned(),
            severity: Severity::Error,
            message: message.to_owned(),
        };
        self.push(entry)
    }

    fn push(&mut self, entry: RowProblem) -> io::Result<()> {
        self.total += 1;
        let kind = (entry.severity, entry.code.clone(), entry.column.clone());
        let count = self.counts.entry(kind).or_insert_with(|| ProblemCount {
            code: entry.code.clone(),
            column: entry.column.clone(),
            severity: entry.severity,
            rows: 0,
            first_row: entry.row,
            message: entry.message.clone(),
        });
        count.rows += 1;
        if self.head.len() < IN_MEMORY {
            self.head.push(entry);
            return Ok(());
        }
        if self.spilled.is_none() {
            self.spilled = Some(BufWriter::new(tempfile::tempfile()?));
        }
        if let Some(file) = &mut self.spilled {
            serde_json::to_writer(&mut *file, &entry)?;
            file.write_all(b"\n")?;
        }
        Ok(())
    }

    /// How many problems there are, notes and warnings too.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The first problems, as many as are in memory.
    #[must_use]
    pub fn first(&self) -> &[RowProblem] {
        &self.head
    }

    /// Each kind of problem with its count; errors first, the most frequent first.
    #[must_use]
    pub fn counts(&self) -> Vec<&ProblemCount> {
        let mut counts: Vec<_> = self.counts.values().collect();
        counts.sort_by_key(|count| {
            (
                std::cmp::Reverse(count.severity),
                std::cmp::Reverse(count.rows),
            )
        });
        counts
    }

    /// Hands out every problem in order, those in the temporary file too.
    ///
    /// # Errors
    ///
    /// What `each` fails with, or where the temporary file cannot be read.
    pub fn for_each(
        &mut self,
        mut each: impl FnMut(&RowProblem) -> io::Result<()>,
    ) -> io::Result<()> {
        for problem in &self.head {
            each(problem)?;
        }
        let Some(spilled) = &mut self.spilled else {
            return Ok(());
        };
        spilled.flush()?;
        let file = spilled.get_mut();
        file.rewind()?;
        for line in BufReader::new(&*file).lines() {
            each(&serde_json::from_str(&line?)?)?;
        }
        file.seek(io::SeekFrom::End(0))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::ProblemCode;
    use crate::ticket::TicketField;

    #[test]
    fn every_problem_is_listed_however_many_there_are() {
        let mut log = ProblemLog::new();
        let problem = Problem {
            column: Some("DOB".into()),
            field: Some(TicketField::Dob),
            code: ProblemCode::Invalid(TicketField::Dob),
            severity: Severity::Error,
            message: "is not a real date".to_owned(),
        };
        let many = IN_MEMORY as u64 + 10;
        for row in 0..many {
            log.add(row, &problem).unwrap();
        }
        for _ in 0..2 {
            let mut rows = Vec::new();
            log.for_each(|problem| {
                rows.push(problem.row);
                Ok(())
            })
            .unwrap();
            assert_eq!(rows, (0..many).collect::<Vec<_>>());
        }
        assert_eq!(
            (log.total(), log.counts().len(), log.counts()[0].rows),
            (many, 1, many)
        );
    }
}
