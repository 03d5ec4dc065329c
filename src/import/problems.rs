//! [`ProblemLog`]: all problems of a file, in bounded memory.
//!
//! Owns the list that reports show: the first thousands in memory, the rest in a temporary file without a name, and
//! counts over all of them. Hands them out in the order of the rows, though some are found only when the file is read
//! once more. Holds no values, since problems hold none.

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

/// So many messages of one kind are told apart. Most kinds have a few; some name rows, and have as many as there are rows.
const MESSAGES: usize = 32;
/// So many of them are told, the most frequent ones; the others are counted together.
const MESSAGES_TOLD: usize = 3;
/// What is told of the others.
const OTHER_MESSAGES: &str = "for other reasons, which stand with the rows";

/// How often one kind of problem occurs with one message.
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
    /// The message that all of them have.
    pub message: String,
}

/// Problems of one severity, code and column.
#[derive(Debug, Default)]
struct Kind {
    rows: u64,
    messages: Vec<ProblemCount>,
    /// Those whose messages are told apart no more.
    others: Option<ProblemCount>,
}

impl Kind {
    fn add(&mut self, entry: &RowProblem) {
        self.rows += 1;
        let same = |count: &&mut ProblemCount| count.message == entry.message;
        if let Some(count) = self.messages.iter_mut().find(same) {
            count.rows += 1;
            return;
        }
        let mut count = ProblemCount {
            code: entry.code.clone(),
            column: entry.column.clone(),
            severity: entry.severity,
            rows: 1,
            first_row: entry.row,
            message: entry.message.clone(),
        };
        if self.messages.len() < MESSAGES {
            self.messages.push(count);
        } else if let Some(others) = &mut self.others {
            others.rows += 1;
        } else {
            OTHER_MESSAGES.clone_into(&mut count.message);
            self.others = Some(count);
        }
    }

    /// The most frequent messages with their counts, and all others as one.
    fn told(&self) -> Vec<ProblemCount> {
        let mut told = self.messages.clone();
        told.sort_by_key(|count| std::cmp::Reverse(count.rows));
        let is_one_more = told.len() == MESSAGES_TOLD + 1 && self.others.is_none();
        let rest = if is_one_more {
            Vec::new()
        } else {
            told.split_off(told.len().min(MESSAGES_TOLD))
        };
        let rest = rest.into_iter().chain(self.others.clone());
        let rest = rest.reduce(|one, other| ProblemCount {
            rows: one.rows + other.rows,
            first_row: one.first_row.min(other.first_row),
            message: OTHER_MESSAGES.to_owned(),
            ..one
        });
        told.extend(rest);
        told
    }
}

/// All problems of a file.
#[derive(Debug, Default)]
pub struct ProblemLog {
    found: List,
    /// What was found when the file was read once more.
    later: List,
    total: u64,
    counts: BTreeMap<(Severity, String, Option<String>), Kind>,
}

/// Problems in the order of their rows.
#[derive(Debug, Default)]
struct List {
    head: Vec<RowProblem>,
    spilled: Option<BufWriter<File>>,
}

impl List {
    fn push(&mut self, entry: RowProblem) -> io::Result<()> {
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

    /// Every problem, those in the temporary file too.
    fn read(&mut self) -> io::Result<impl Iterator<Item = io::Result<Cow<'_, RowProblem>>>> {
        if let Some(spilled) = &mut self.spilled {
            spilled.flush()?;
            spilled.get_mut().rewind()?;
        }
        let spilled = self.spilled.as_ref().map(BufWriter::get_ref);
        let lines = spilled.map(|file| BufReader::new(file).lines());
        let spilled = lines.into_iter().flatten();
        let spilled = spilled.map(|line| Ok(Cow::Owned(serde_json::from_str(&line?)?)));
        Ok(self
            .head
            .iter()
            .map(|problem| Ok(Cow::Borrowed(problem)))
            .chain(spilled))
    }

    /// Goes to the end again, where the next problem is written.
    fn end(&mut self) -> io::Result<()> {
        match &mut self.spilled {
            Some(spilled) => spilled.get_mut().seek(io::SeekFrom::End(0)).map(drop),
            None => Ok(()),
        }
    }
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
        ProblemLog::default()
    }

    pub(super) fn add(&mut self, row: u64, problem: &Problem) -> io::Result<()> {
        let entry = entry(row, problem);
        self.count(&entry);
        self.found.push(entry)
    }

    /// Adds a problem that was found when the file was read once more.
    pub(super) fn add_later(&mut self, row: u64, problem: &Problem) -> io::Result<()> {
        let entry = entry(row, problem);
        self.count(&entry);
        self.later.push(entry)
    }

    /// Adds a conflict that only the ledger shows.
    pub(super) fn add_conflict(&mut self, row: u64, code: &str, message: &str) -> io::Result<()> {
        let entry = conflict(row, code, message);
        self.count(&entry);
        self.found.push(entry)
    }

    /// Adds such a conflict that was found when the file was read once more.
    pub(super) fn add_conflict_later(
        &mut self,
        row: u64,
        code: &str,
        message: &str,
    ) -> io::Result<()> {
        let entry = conflict(row, code, message);
        self.count(&entry);
        self.later.push(entry)
    }

    fn count(&mut self, entry: &RowProblem) {
        self.total += 1;
        let kind = (entry.severity, entry.code.clone(), entry.column.clone());
        self.counts.entry(kind).or_default().add(entry);
    }

    /// How many problems there are, notes and warnings too.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The first problems, as many as are in memory.
    #[must_use]
    pub fn first(&self) -> Vec<&RowProblem> {
        let mut first: Vec<_> = self.found.head.iter().chain(&self.later.head).collect();
        first.sort_by_key(|problem| problem.row);
        first
    }

    /// Each kind of problem with its counts; errors first, the most frequent first.
    #[must_use]
    pub fn counts(&self) -> Vec<ProblemCount> {
        let mut kinds: Vec<_> = self.counts.iter().collect();
        kinds.sort_by_key(|((severity, ..), kind)| {
            (std::cmp::Reverse(*severity), std::cmp::Reverse(kind.rows))
        });
        kinds
            .into_iter()
            .flat_map(|(_, kind)| kind.told())
            .collect()
    }

    /// Hands out every problem in the order of the rows, those in the temporary files too.
    ///
    /// # Errors
    ///
    /// What `each` fails with, or where a temporary file cannot be read.
    pub fn for_each(
        &mut self,
        mut each: impl FnMut(&RowProblem) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut later = self.later.read()?.peekable();
        for problem in self.found.read()? {
            let problem = problem?;
            let is_before = |other: &io::Result<Cow<'_, RowProblem>>| {
                other.as_ref().map_or(true, |other| other.row < problem.row)
            };
            while let Some(other) = later.next_if(is_before) {
                each(&*other?)?;
            }
            each(&problem)?;
        }
        for other in later {
            each(&*other?)?;
        }
        self.found.end()?;
        self.later.end()
    }
}

fn conflict(row: u64, code: &str, message: &str) -> RowProblem {
    RowProblem {
        row,
        column: None,
        field: None,
        code: code.to_owned(),
        severity: Severity::Error,
        message: message.to_owned(),
    }
}

fn entry(row: u64, problem: &Problem) -> RowProblem {
    RowProblem {
        row,
        column: problem.column.as_deref().map(str::to_owned),
        field: problem.field.map(|field| Cow::Borrowed(field.name())),
        code: problem.code.to_string(),
        severity: problem.severity,
        message: problem.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::ProblemCode;
    use crate::ticket::TicketField;

    fn problem(code: ProblemCode, message: &str) -> Problem {
        Problem {
            column: Some("DOB".into()),
            field: Some(TicketField::Dob),
            code,
            severity: Severity::Error,
            message: message.to_owned(),
        }
    }

    #[test]
    fn every_problem_is_listed_in_the_order_of_the_rows_however_many_there_are() {
        let mut log = ProblemLog::new();
        let invalid = problem(ProblemCode::Invalid(TicketField::Dob), "is not a real date");
        let many = IN_MEMORY as u64 + 10;
        for row in 0..many {
            log.add(2 * row, &invalid).unwrap();
        }
        let conflict = problem(ProblemCode::ConflictKey, "the same key");
        for row in 0..many {
            log.add_later(2 * row + 1, &conflict).unwrap();
        }
        for _ in 0..2 {
            let mut rows = Vec::new();
            log.for_each(|problem| {
                rows.push(problem.row);
                Ok(())
            })
            .unwrap();
            assert_eq!(rows, (0..2 * many).collect::<Vec<_>>());
        }
        assert_eq!(
            (log.total(), log.counts().len(), log.counts()[0].rows),
            (2 * many, 2, many)
        );
        let first: Vec<_> = log.first().iter().map(|problem| problem.row).collect();
        assert_eq!(first[..4], [0, 1, 2, 3]);
    }

    #[test]
    fn each_message_is_counted_by_itself_and_the_rarest_together() {
        let invalid = |message: &str| problem(ProblemCode::Invalid(TicketField::Dob), message);
        let told = |log: &ProblemLog| -> Vec<_> {
            let counts = log.counts().into_iter();
            counts
                .map(|count| (count.rows, count.first_row, count.message))
                .collect()
        };
        let mut log = ProblemLog::new();
        log.add(2, &invalid("is in the future")).unwrap();
        for row in 3..8 {
            log.add(row, &invalid("is not a real date")).unwrap();
        }
        let expected = [
            (5, 3, "is not a real date".to_owned()),
            (1, 2, "is in the future".to_owned()),
        ];
        assert_eq!(told(&log), expected);
        // Messages that name rows are as many as these.
        for row in 8..8 + 2 * MESSAGES as u64 {
            log.add(row, &invalid(&format!("is that of row {row}")))
                .unwrap();
        }
        let told = told(&log);
        assert_eq!(told.len(), MESSAGES_TOLD + 1);
        assert_eq!(told[..2], expected);
        let rest = 2 * MESSAGES as u64 - 1;
        assert_eq!(told[MESSAGES_TOLD], (rest, 9, OTHER_MESSAGES.to_owned()));
    }
}
