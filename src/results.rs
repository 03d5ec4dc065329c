//! Results and rejects: the ledger joined with the input, in source order.
//!
//! Owns the two files that people get back, and the way back from them into a ledger that was lost. Both are written from what is committed and can be written again at any
//! time; they appear whole or not at all, and only their owner may read them. Where the input cannot be read any more the
//! ledger alone still gives every row, without its key. Decides nothing: an outcome is what the ledger says.

mod adopt;
mod draft;
mod earlier;
mod ending;
mod file;
mod kept;
mod rejects;
mod shown;
mod whose;

pub use adopt::{AdoptError, AdoptSummary, Adoptable, adopt};
pub use draft::Draft;
pub use earlier::{EarlierResults, EarlierRow, EarlierTicket, ToldInput, Trace};
pub use ending::Ending;
pub use file::AtomicFile;
pub use kept::{keep_results_of_another, place_under_own_name};
pub use rejects::{Rejects, RejectsWritten, are_rejects};
pub use shown::{ToldTicket, inert, shown_ticket};
pub use whose::tells_of;

use crate::code::explain;
use crate::columns::RESULTS;
use crate::import::{Call, Outcomes, Rehearsal, Table, for_each_registration, summary};
use crate::input::InputError;
use crate::ledger::{
    Fate, Identities, LedgerError, Reader, Registration, RowStory, RowsOfRun, RunId,
};
use crate::submission::{Doubt, State};
use crate::ticket::Outcome;
use ending::WAITING;
use jiff::Timestamp;
use rust_xlsxwriter::XlsxError;
use std::io;
use std::iter::Peekable;
use std::ops::ControlFlow;
use zip::result::ZipError;

/// Why results could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ResultsError {
    /// The ledger cannot be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The file cannot be written.
    #[error("cannot be written: {0}")]
    Io(#[from] io::Error),
    /// The input, whose rows are to be written, cannot be read any more.
    #[error("cannot be written: the input could not be read again")]
    InputLost,
    /// The workbook cannot be written.
    #[error("cannot be written: {0}")]
    Workbook(XlsxError),
}

/// A disk that is full is told as that, whoever wrote to it.
impl From<XlsxError> for ResultsError {
    fn from(error: XlsxError) -> ResultsError {
        match error {
            XlsxError::IoError(error) | XlsxError::ZipError(ZipError::Io(error)) => {
                ResultsError::Io(error)
            }
            error => ResultsError::Workbook(error),
        }
    }
}

impl From<csv::Error> for ResultsError {
    fn from(error: csv::Error) -> ResultsError {
        ResultsError::Io(error.into())
    }
}

/// What results are written of.
#[derive(Debug)]
pub struct Story<'a> {
    /// The input with its mapping; none where it is gone, so that keys are missing.
    pub table: Option<&'a Table>,
    /// The file as the user named it.
    pub file: &'a str,
    /// The worksheet.
    pub sheet: Option<&'a str>,
    /// The ledger.
    pub reader: &'a Reader,
    /// The run.
    pub run: RunId,
    /// How it ended.
    pub ending: &'a Ending,
    /// What the rows are looked up by that the run did not come to; none where nothing is known of them.
    pub look_up: Option<LookUp<'a>>,
}

/// By what the ledger knows rows that are not registered for a run.
#[derive(Debug, Clone, Copy)]
pub struct LookUp<'a> {
    /// What the file says about itself.
    pub rehearsal: &'a Rehearsal,
    /// The identities of the account's rows.
    pub identities: &'a Identities,
}

/// The code of a row whose outcome the ledger did not take.
const NOT_STORED: &str = "not_stored";

/// What was written.
#[derive(Debug, Default)]
pub struct Written {
    /// Rows per outcome.
    pub outcomes: Outcomes,
    /// Rows with a warning, such as a value that the server stored differently.
    pub warnings: u64,
    /// Rows of the run that the input, as it is read now, has not: they stand in the results without keys.
    pub not_read: u64,
    /// Why the input could not be read again, so that keys are missing.
    pub input_lost: Option<InputError>,
}

/// One row of the results.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ResultRow<'a> {
    row: u64,
    key: &'a str,
    outcome: Outcome,
    ticket_id: String,
    error_code: String,
    message: String,
    attempts: u64,
    finished_at: Option<Timestamp>,
}

impl<'a> ResultRow<'a> {
    /// A row that was not sent, with nothing said about it yet.
    fn blank(row: u64, key: &'a str) -> ResultRow<'a> {
        ResultRow {
            row,
            key,
            outcome: Outcome::NotSent,
            ticket_id: String::new(),
            error_code: String::new(),
            message: String::new(),
            attempts: 0,
            finished_at: None,
        }
    }
}

/// Writes the results of a run to `out`, and its rejects where they are asked for.
///
/// # Errors
///
/// Where the ledger cannot be read or `out` not be written. What happens to the rejects is told by [`Rejects::finish`].
pub fn write(
    story: &Story<'_>,
    out: &mut dyn io::Write,
    mut rejects: Option<&mut Rejects>,
) -> Result<Written, ResultsError> {
    let mut writer = Writer::begin(story, out)?;
    let mut rows = story.reader.rows_of(story.run).peekable();
    let Some(table) = story.table else {
        rest_from_ledger(story, rows, &mut writer)?;
        writer.csv.flush()?;
        return Ok(writer.written);
    };
    let mut each =
        |call: &Call<'_>, row: Option<&Registration>, rejects: Option<&mut Rejects>| match one(
            story,
            (call, row),
            &mut rows,
            &mut writer,
            rejects,
        ) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        };
    let read = match story.look_up {
        None => table.for_each_call(|call| {
            if let Some(rejects) = rejects.as_deref_mut() {
                rejects.meet(call.row);
            }
            match call.selected {
                true => each(&call, None, rejects.as_deref_mut()),
                false => ControlFlow::Continue(()),
            }
        }),
        Some(LookUp {
            rehearsal,
            identities,
        }) => meet_all(table, rejects.as_deref_mut()).and_then(|()| {
            for_each_registration(table, rehearsal, identities, |call, row| {
                each(call, Some(&row), rejects.as_deref_mut())
            })
        }),
    };
    match read {
        Ok(None) => writer.written.not_read += rest_from_ledger(story, rows, &mut writer)?,
        Ok(Some(error)) => return Err(error),
        Err(error) => {
            rest_from_ledger(story, rows, &mut writer)?;
            writer.written.input_lost = Some(error);
        }
    }
    writer.csv.flush()?;
    Ok(writer.written)
}

/// Shows all rows of the input to the rejects, those too that were not asked for.
fn meet_all(table: &Table, rejects: Option<&mut Rejects>) -> Result<(), InputError> {
    let Some(rejects) = rejects else {
        return Ok(());
    };
    let met = table.for_each_call(|call| {
        rejects.meet(call.row);
        ControlFlow::<()>::Continue(())
    });
    met.map(drop)
}

/// The rest of the run's rows from the ledger alone; says how many they are.
fn rest_from_ledger(
    story: &Story<'_>,
    rows: Peekable<RowsOfRun<'_>>,
    writer: &mut Writer<'_>,
) -> Result<u64, ResultsError> {
    let mut count = 0;
    for record in rows {
        writer.row(&from_ledger(story, &record?, ""))?;
        count += 1;
    }
    Ok(count)
}

/// Joins one row of the input, as the ledger would know it, with its record.
fn one(
    story: &Story<'_>,
    (call, row): (&Call<'_>, Option<&Registration>),
    rows: &mut Peekable<RowsOfRun<'_>>,
    writer: &mut Writer<'_>,
    rejects: Option<&mut Rejects>,
) -> Result<(), ResultsError> {
    let number = call.row.position.row;
    let key = call.mapped.key.shown();
    let is_before = |record: &Result<RowStory, LedgerError>| {
        record.as_ref().map_or(true, |record| record.row < number)
    };
    // Another mapping than the run's may pass over rows that were sent; nobody must lose their tickets by it.
    while let Some(record) = rows.next_if(is_before).transpose()? {
        writer.row(&from_ledger(story, &record, ""))?;
        writer.written.not_read += 1;
    }
    let is_here = |record: &Result<RowStory, LedgerError>| {
        record.as_ref().map_or(true, |record| record.row == number)
    };
    let result = match rows.next_if(is_here).transpose()? {
        Some(record) => from_ledger(story, &record, key),
        // The run was asked for a part of the file, and this row is not in it.
        _ if story.ending.knows_every_row => return Ok(()),
        // It may have a ticket of an earlier run, or be in doubt since.
        _ => match row.map(|row| story.reader.fate(row)).transpose()?.flatten() {
            Some(record) => from_ledger(story, &record, key),
            None => from_mapping(story, call),
        },
    };
    if let Some(rejects) = rejects
        && matches!(
            result.outcome,
            Outcome::Invalid | Outcome::Rejected | Outcome::NotSent
        )
    {
        rejects.add(call.row, &result.error_code, &result.message);
    }
    writer.row(&result)
}

/// A row that the ledger does not know: the run ended before it could be registered.
fn from_mapping<'a>(story: &Story<'_>, call: &'a Call<'_>) -> ResultRow<'a> {
    let blank = ResultRow::blank(call.row.position.row, call.mapped.key.shown());
    if call.mapped.is_valid() {
        let (error_code, message) = (story.ending.word.to_owned(), story.ending.sentence.clone());
        return ResultRow {
            error_code,
            message,
            ..blank
        };
    }
    let (error_code, message) = summary(&call.mapped.problems);
    ResultRow {
        outcome: Outcome::Invalid,
        error_code,
        message,
        ..blank
    }
}

fn from_ledger<'a>(story: &Story<'_>, record: &RowStory, key: &'a str) -> ResultRow<'a> {
    let blank = ResultRow::blank(record.row, key);
    match &record.fate {
        Fate::Invalid { code, message } => {
            let (error_code, message) = (code.clone(), message.clone());
            ResultRow {
                outcome: Outcome::Invalid,
                error_code,
                message,
                ..blank
            }
        }
        Fate::Submission {
            state,
            attempts,
            finished_at,
            origin,
            remark,
            ..
        } => {
            let is_own = origin.0 == story.run && origin.1 == record.row;
            let elsewhere = (!is_own).then(|| Elsewhere {
                place: place(story, origin),
                remark: remark.as_deref(),
            });
            let base = ResultRow {
                attempts: *attempts,
                finished_at: *finished_at,
                ..blank
            };
            match state {
                // A later run has taken it up, and it is that run's ending that would tell more.
                State::Ready { .. } if origin.0 != story.run => ResultRow {
                    error_code: WAITING.to_owned(),
                    message: format!("was taken up again as {}", place(story, origin)),
                    finished_at: None,
                    ..base
                },
                _ => of_state(story, state, elsewhere, base),
            }
        }
    }
}

/// The row that was sent, where it was another one than the row in hand.
struct Elsewhere<'r> {
    place: String,
    remark: Option<&'r str>,
}

/// The row of a submission in this state.
fn of_state<'a>(
    story: &Story<'_>,
    state: &State,
    elsewhere: Option<Elsewhere<'_>>,
    base: ResultRow<'a>,
) -> ResultRow<'a> {
    let told = |text: &str| match &elsewhere {
        None => text.to_owned(),
        Some(Elsewhere { place, .. }) => format!("{text}; this is {place}"),
    };
    match state {
        State::Created { ticket_id, remark } => {
            let (outcome, message) = match &elsewhere {
                None => (Outcome::Created, remark.clone().unwrap_or_default()),
                Some(Elsewhere {
                    place,
                    remark: of_row,
                }) => {
                    // What was to be looked at then may not have been told: the run that would have was killed.
                    let of_row = of_row.map(|remark| format!("warning: {remark}"));
                    let from = format!("has its ticket from {place}");
                    let parts = [of_row, remark.clone(), Some(from)];
                    let message = parts.into_iter().flatten().collect::<Vec<_>>().join("; ");
                    (Outcome::AlreadyCreated, message)
                }
            };
            ResultRow {
                outcome,
                ticket_id: ticket_id.as_str().to_owned(),
                message,
                ..base
            }
        }
        State::Rejected { code } => {
            let error_code = code.to_string();
            let message = told(refusal(&error_code));
            ResultRow {
                outcome: Outcome::Rejected,
                error_code,
                message,
                ..base
            }
        }
        State::InDoubt(doubt) => {
            let (error_code, message) = (doubt.code.clone(), told(&doubt.message));
            ResultRow {
                outcome: Outcome::InDoubt,
                error_code,
                message,
                ..base
            }
        }
        State::Claimed => {
            let doubt = still_claimed(story.ending);
            ResultRow {
                outcome: Outcome::InDoubt,
                error_code: doubt.code,
                message: doubt.message,
                ..base
            }
        }
        State::Ready { seen } => ResultRow {
            error_code: seen.clone().unwrap_or_else(|| story.ending.word.to_owned()),
            message: story.ending.sentence.clone(),
            finished_at: None,
            ..base
        },
    }
}

/// Why a row is still claimed at the end of its run: the ledger did not take what came of it, and the next run may know
/// from the emergency file; or its worker died, and the next run will say the same.
fn still_claimed(ending: &Ending) -> Doubt {
    if ending.all_stored {
        return Doubt::crash();
    }
    Doubt {
        code: NOT_STORED.to_owned(),
        message: explain(NOT_STORED).map_or_else(String::new, |explanation| {
            explanation.on_submission.to_owned()
        }),
    }
}

fn refusal(code: &str) -> &'static str {
    explain(code).map_or("the API refused the row", |explanation| {
        explanation.on_submission
    })
}

/// Where a row was met before: `row 12 of calls.csv (run 3)`.
fn place(story: &Story<'_>, (run, row, file): &(RunId, u64, String)) -> String {
    if *run == story.run {
        format!("row {row}, the same call in this file")
    } else {
        format!("row {row} of {file} (run {run})")
    }
}

struct Writer<'a> {
    csv: csv::Writer<&'a mut dyn io::Write>,
    file: &'a str,
    sheet: &'a str,
    written: Written,
}

impl<'a> Writer<'a> {
    fn begin(story: &Story<'a>, out: &'a mut dyn io::Write) -> Result<Writer<'a>, ResultsError> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(RESULTS)?;
        Ok(Writer {
            csv,
            file: story.file,
            sheet: story.sheet.unwrap_or_default(),
            written: Written::default(),
        })
    }

    fn row(&mut self, result: &ResultRow<'_>) -> Result<(), ResultsError> {
        self.written.outcomes.add(result.outcome);
        self.written.warnings += u64::from(result.message.starts_with("warning"));
        let finished_at = result
            .finished_at
            .map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        self.csv.write_record([
            inert(self.file).as_ref(),
            inert(self.sheet).as_ref(),
            &result.row.to_string(),
            inert(result.key).as_ref(),
            result.outcome.as_str(),
            shown_ticket(&result.ticket_id).as_ref(),
            &result.error_code,
            inert(&result.message).as_ref(),
            &result.attempts.to_string(),
            finished_at.as_deref().unwrap_or_default(),
        ])?;
        Ok(())
    }
}
