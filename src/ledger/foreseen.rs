//! [`Foreseen`]: what the files of one command would leave in the ledger, one after the other.
//!
//! Owns the answer to "what would become of this row if the files before it were sent, and all of it were taken?". Rows are
//! looked up and decided about by the very code that registers them; what a registration would write is kept in memory, some
//! bytes for each row, and is looked at before the ledger is. Changes nothing, and knows no ticket: there is none yet.

use super::decide::{Decision, Hit, HitState, Registration, RejectsFile, decide};
use super::identical::{Candidate, MOST, candidate};
use super::identity::Identity;
use super::reader::Snapshot;
use super::register::{Leads, Preview, look_up, numbered};
use super::{LedgerError, LedgerErrorKind, RunId, SubmissionId};
use crate::seen::plain;
use rusqlite::Connection;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

/// What the files of one command would leave in the ledger.
#[derive(Debug, Default)]
pub struct Foreseen {
    files: Vec<File>,
    /// The new submissions; the ledger's own have numbers above 0, these have -1, -2, ….
    submissions: Vec<Submission>,
    /// The ledger's own that are taken up again.
    taken_up: HashMap<SubmissionId, Submission>,
    /// Where identities would lead that lead elsewhere now, or nowhere.
    identities: BTreeMap<Identity, SubmissionId>,
}

#[derive(Debug)]
struct File {
    name: Arc<str>,
    rejects: Option<RejectsFile>,
    /// Whether all of it was read, so that its rows have their tickets by the time of the next file. What a file has
    /// registered that could not be read to its end is open work, as it is in the ledger.
    is_over: bool,
}

/// What would be sent of a row; the file is told by its place among the files.
#[derive(Debug)]
struct Submission {
    file: u32,
    row: u64,
    payload: Identity,
}

/// A row of an earlier file of the same command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowBefore {
    /// The file, as people see it.
    pub file: Arc<str>,
    /// The row's number as the spreadsheet shows it.
    pub row: u64,
}

impl Foreseen {
    /// Begins with the next file of the command.
    pub fn begin(&mut self, name: &str, rejects: Option<RejectsFile>) {
        self.files.push(File {
            name: plain(name).into(),
            rejects,
            is_over: false,
        });
    }

    /// Says that all of the file was read, and so would be sent and taken before the next one.
    pub fn end(&mut self) {
        if let Some(file) = self.files.last_mut() {
            file.is_over = true;
        }
    }

    /// What would become of a row of the file that was begun last, with what the ledger knows, if there is one.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be read.
    pub fn preview(
        &self,
        ledger: Option<&Snapshot<'_>>,
        row: &Registration,
    ) -> Result<Preview, LedgerError> {
        let decided = self.decide(ledger, row);
        located(ledger, decided.map(|decided| decided.preview))
    }

    /// What would become of a row, as [`Foreseen::preview`] tells it, for the rows that come after it to be told too.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be read.
    pub fn register(
        &mut self,
        ledger: Option<&Snapshot<'_>>,
        row: &Registration,
    ) -> Result<Preview, LedgerError> {
        let Decided {
            decision,
            attached,
            preview,
        } = located(ledger, self.decide(ledger, row))?;
        let submission_of = |payload| Submission {
            file: self.current(),
            row: row.row,
            payload,
        };
        let leads_to = match decision {
            Decision::New { payload } => {
                let new = submission_of(payload);
                self.submissions.push(new);
                number_of(self.submissions.len())
            }
            Decision::Requeue {
                submission,
                payload,
            } => {
                let again = submission_of(payload);
                match self.own_mut(submission) {
                    Some(own) => *own = again,
                    None => drop(self.taken_up.insert(submission, again)),
                }
                submission
            }
            Decision::Known { submission, .. } | Decision::Twin(submission) => submission,
            Decision::Invalid { .. } => return Ok(preview),
        };
        for identity in attached.into_iter().flatten() {
            self.identities.insert(identity, leads_to);
        }
        Ok(preview)
    }

    fn decide(
        &self,
        ledger: Option<&Snapshot<'_>>,
        row: &Registration,
    ) -> Result<Decided, LedgerErrorKind> {
        let known = Outlook {
            foreseen: self,
            ledger: ledger.map(Snapshot::connection),
        };
        let run = run_of(self.current());
        let (source, hits) = look_up(&known, row, Some(run))?;
        let decision = decide(&hits, row, run);
        let mut preview = Preview::of(&decision);
        if let Decision::Known { submission, .. } = &decision {
            let before = self.submission(*submission);
            preview.before = before.and_then(|before| self.row_before(before));
        }
        let (leads_to, mut attached) = match &decision {
            Decision::New { .. } => (None, [Some(source), row.key]),
            Decision::Requeue { submission, .. }
            | Decision::Known {
                submission,
                attach: true,
                ..
            }
            | Decision::Twin(submission) => (Some(*submission), [Some(source), row.key]),
            Decision::Known { .. } | Decision::Invalid { .. } => (None, [None, None]),
        };
        // Of most rows nothing is known by either.
        if !hits.is_empty() {
            for attached in &mut attached {
                if let Some(identity) = attached
                    && let Some(hit) = known.find(identity, true)?
                    && (hit.state_in(Some(run)) != HitState::Open
                        || leads_to == Some(hit.submission))
                {
                    *attached = None;
                }
            }
        }
        Ok(Decided {
            decision,
            attached,
            preview,
        })
    }

    fn current(&self) -> u32 {
        let before = self.files.len().saturating_sub(1);
        u32::try_from(before).unwrap_or(u32::MAX)
    }

    fn submission(&self, submission: SubmissionId) -> Option<&Submission> {
        match place_of(submission) {
            Some(place) => self.submissions.get(place),
            None => self.taken_up.get(&submission),
        }
    }

    fn own_mut(&mut self, submission: SubmissionId) -> Option<&mut Submission> {
        self.submissions.get_mut(place_of(submission)?)
    }

    fn file_of(&self, submission: &Submission) -> Option<&File> {
        self.files.get(usize::try_from(submission.file).ok()?)
    }

    fn row_before(&self, submission: &Submission) -> Option<RowBefore> {
        let file = self.file_of(submission)?;
        (submission.file != self.current()).then(|| RowBefore {
            file: Arc::clone(&file.name),
            row: submission.row,
        })
    }

    /// A submission as it would be by now; none where it would be what it is in the ledger.
    fn hit(&self, submission: SubmissionId, by_source: bool) -> Option<Hit> {
        let known = self.submission(submission)?;
        let file = self.file_of(known)?;
        Some(Hit {
            submission,
            state: if file.is_over {
                HitState::Created
            } else {
                HitState::Open
            },
            run: run_of(known.file),
            row: known.row,
            payload: known.payload,
            by_source,
            by_key: !by_source,
            ticket_id: None,
            foreseen_in: Some(Arc::clone(&file.name)),
        })
    }
}

/// What a registration would do.
struct Decided {
    decision: Decision,
    /// The identities that lead to the decision's submission from then on.
    attached: [Option<Identity>; 2],
    preview: Preview,
}

/// The ledger as it would be by now.
struct Outlook<'a> {
    foreseen: &'a Foreseen,
    ledger: Option<&'a Connection>,
}

impl Leads for Outlook<'_> {
    fn find(&self, identity: &Identity, by_source: bool) -> Result<Option<Hit>, LedgerErrorKind> {
        let leads_to = self.foreseen.identities.get(identity);
        if let Some(hit) = leads_to.and_then(|found| self.foreseen.hit(*found, by_source)) {
            return Ok(Some(hit));
        }
        let Some(ledger) = self.ledger else {
            return Ok(None);
        };
        let found = match leads_to {
            Some(submission) => Some(numbered(ledger, *submission, by_source)?),
            None => ledger.find(identity, by_source)?,
        };
        Ok(found.map(|hit| self.foreseen.hit(hit.submission, by_source).unwrap_or(hit)))
    }

    fn identical(
        &self,
        row: &Registration,
        file: &RejectsFile,
    ) -> Result<Vec<Candidate>, LedgerErrorKind> {
        let mut all = BTreeMap::new();
        if let Some(ledger) = self.ledger {
            for known in ledger.identical(row, file)? {
                let known = self
                    .by_now(known.hit.submission, known.identity, file)
                    .unwrap_or(known);
                all.insert(known.identity, known);
            }
        }
        let end = row.source.nth(MOST);
        // The last identities of all have none behind them, here as in the ledger.
        if row.source < end {
            for (identity, submission) in self.foreseen.identities.range(row.source..end) {
                let known = match (self.by_now(*submission, *identity, file), self.ledger) {
                    (Some(known), _) => known,
                    (None, Some(ledger)) => candidate(ledger, *submission, *identity, file)?,
                    (None, None) => continue,
                };
                all.insert(*identity, known);
            }
        }
        Ok(all.into_values().collect())
    }
}

impl Outlook<'_> {
    fn by_now(
        &self,
        submission: SubmissionId,
        identity: Identity,
        file: &RejectsFile,
    ) -> Option<Candidate> {
        let foreseen = self.foreseen;
        let sent_from = foreseen.file_of(foreseen.submission(submission)?)?;
        Some(Candidate {
            identity,
            hit: foreseen.hit(submission, true)?,
            is_ours: sent_from.rejects.as_ref() == Some(file),
        })
    }
}

/// The number of the n-th new submission, counted from 1.
fn number_of(nth: usize) -> SubmissionId {
    SubmissionId(i64::try_from(nth).map_or(i64::MIN, |nth| -nth))
}

/// The place of a new submission; none for one of the ledger.
fn place_of(submission: SubmissionId) -> Option<usize> {
    let nth = usize::try_from(submission.0.checked_neg()?).ok()?;
    nth.checked_sub(1)
}

/// The run of a file: no run of the ledger, which counts from 1.
fn run_of(file: u32) -> RunId {
    RunId(-1 - i64::from(file))
}

/// Only a ledger that is there can fail.
fn located<T>(
    ledger: Option<&Snapshot<'_>>,
    result: Result<T, LedgerErrorKind>,
) -> Result<T, LedgerError> {
    match ledger {
        Some(ledger) => ledger.located(result),
        None => result.map_err(|kind| LedgerError {
            path: PathBuf::new(),
            kind,
        }),
    }
}
