//! Where results and rejects go, and the checks before anything is written there.

use super::super::args::ImportArgs;
use super::super::failure::Failure;
use super::super::files::{STDIN, is_stdin};
use super::super::output::can_stand_at;
use super::office::SANDBOX_PREFIX;
use std::io;
use std::path::{Path, PathBuf};
use ticketload::api::Client;
use ticketload::import::{Office, Outcomes, RunSummary, Table};
use ticketload::input::{Input, InputErrorKind, Options};
use ticketload::ledger::Reader;
use ticketload::results::{
    AtomicFile, EarlierResults, Ending, Rejects, ResultsError, Story, Trace, Written, write,
};

/// Where one file's results go.
#[derive(Debug)]
pub(crate) struct Output {
    input: PathBuf,
    /// None for stdout.
    results: Option<PathBuf>,
    rejects: Option<PathBuf>,
}

/// Where all results go.
#[derive(Debug)]
pub(crate) struct Outputs(Vec<Output>);

/// What was written for one file.
#[derive(Debug)]
pub(crate) struct WrittenFiles {
    pub(crate) outcomes: Outcomes,
    pub(crate) warnings: u64,
    pub(crate) results: Option<PathBuf>,
    pub(crate) rejects: Option<(PathBuf, u64)>,
    pub(crate) remark: Option<String>,
    /// Why results or rejects could not be written, though the ledger has it all.
    pub(crate) unwritten: Vec<Failure>,
}

impl Outputs {
    /// Plans the outputs and refuses those that would overwrite something that is not ours.
    pub(crate) fn plan(args: &ImportArgs) -> Result<Outputs, Failure> {
        let several = args.files.files.len() > 1;
        if several && (args.results.is_some() || args.rejects.is_some()) {
            return Err(usage(
                "--results and --rejects name one file, and there are several inputs",
                "leave --results out: each input gets its own results beside it; import one file at a time for --rejects",
            ));
        }
        let outputs = args.files.files.iter().map(|input| {
            let results = match &args.results {
                Some(path) if path.as_os_str() == "-" => None,
                Some(path) => Some(path.clone()),
                None => Some(beside(input)),
            };
            Output {
                input: input.clone(),
                results,
                rejects: args.rejects.clone(),
            }
        });
        let outputs = Outputs(outputs.collect());
        outputs.refuse_overwriting(args)?;
        Ok(outputs)
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = &Output> {
        self.0.iter()
    }

    pub(crate) fn to_stdout(&self) -> bool {
        self.0.iter().any(|output| output.results.is_none())
    }

    fn refuse_overwriting(&self, args: &ImportArgs) -> Result<(), Failure> {
        let mut taken: Vec<PathBuf> = args.files.files.iter().map(|path| whole(path)).collect();
        for output in &self.0 {
            for path in [&output.results, &output.rejects].into_iter().flatten() {
                let place = whole(path);
                if taken.contains(&place) {
                    return Err(usage(
                        &format!(
                            "{} would be written over, and it is an input or another output",
                            path.display()
                        ),
                        "give --results and --rejects names of their own",
                    ));
                }
                taken.push(place);
                // Where the input is missing as well, that is what is told.
                if is_stdin(&output.input) || output.input.exists() {
                    can_stand_at(path)?;
                }
            }
            if let Some(path) = &output.results {
                refuse_foreign(path)?;
            }
            if let Some(path) = &output.rejects
                && holds_something(path)
                && !are_rejects(path)
            {
                return Err(foreign(path, "rejects"));
            }
        }
        Ok(())
    }

    /// Refuses to go on where an earlier results file tells of calls that the ledger does not know.
    pub(crate) fn refuse_if_ledger_was_lost(
        &self,
        reader: &Reader,
        ledger: &Path,
    ) -> Result<(), Failure> {
        for output in &self.0 {
            let beside = beside(&output.input);
            let mut places: Vec<&Path> = output.results.iter().map(PathBuf::as_path).collect();
            if !places.contains(&beside.as_path()) {
                places.push(&beside);
            }
            for path in places {
                if path.is_file() && tells_of_unknown_calls(path, reader)? {
                    return Err(Failure::LostLedger {
                        results: path.to_owned(),
                        input: output.input.clone(),
                        ledger: ledger.to_owned(),
                    });
                }
            }
        }
        Ok(())
    }
}

/// Refuses to write over a file that is no results file of ours.
pub(crate) fn refuse_foreign(path: &Path) -> Result<(), Failure> {
    if holds_something(path)
        && EarlierResults::open(path)
            .map_err(|error| unreadable(path, error))?
            .is_none()
    {
        return Err(foreign(path, "results"));
    }
    Ok(())
}

fn holds_something(path: &Path) -> bool {
    path.is_file() && path.metadata().is_ok_and(|facts| facts.len() > 0)
}

/// Whether a file is an earlier rejects file; one without rows, as a good run leaves it, cannot be told from any other
/// file without rows, and is as little worth.
fn are_rejects(path: &Path) -> bool {
    match Input::open(path, &Options::default()) {
        Ok(input) => input.description().is_rejects,
        Err(error) => matches!(error.kind, InputErrorKind::NoRows),
    }
}

fn foreign(path: &Path, what: &str) -> Failure {
    usage(
        &format!(
            "{} exists and is no {what} file of ticketload",
            path.display()
        ),
        &format!("move it away, or give another name with --{what}"),
    )
}

fn tells_of_unknown_calls(path: &Path, reader: &Reader) -> Result<bool, Failure> {
    let Some(mut earlier) = EarlierResults::open(path).map_err(|error| unreadable(path, error))?
    else {
        return Ok(false);
    };
    let (mut has_doubts, mut is_of_sandbox) = (false, false);
    for trace in earlier.traces() {
        match trace.map_err(|error| unreadable(path, error))? {
            Trace::Ticket(id) if id.as_str().starts_with(SANDBOX_PREFIX) => is_of_sandbox = true,
            // An ID with odd characters stands escaped in results and cannot be looked up.
            Trace::Ticket(id) if id.is_plain() && !reader.knows_ticket(&id)? => return Ok(true),
            Trace::Ticket(_) => {}
            Trace::Doubt => has_doubts = true,
        }
    }
    // A doubt has no name of its own by which to look for it.
    Ok(has_doubts && !is_of_sandbox && reader.is_empty()?)
}

/// Writes results and rejects of a run, each also where the other cannot be. What came of the rows is counted in any case.
pub(crate) fn write_results(
    office: &Office<Client>,
    table: &Table,
    summary: &RunSummary,
    output: &Output,
) -> Result<WrittenFiles, Failure> {
    let reader = office.ledger.reader()?;
    let story = Story {
        table: Some(table),
        file: table.name(),
        sheet: table.input().description().sheet.as_deref(),
        reader: &reader,
        run: summary.run,
        ending: &Ending::of(&summary.end),
    };
    let failed = |path: &Option<PathBuf>| {
        let path = path.clone().unwrap_or_else(|| PathBuf::from("stdout"));
        move |error| Failure::Results { path, error }
    };
    let with_rejects = |results: &mut WriteResults<'_>| -> Result<_, ResultsError> {
        let mut rejects = output
            .rejects
            .as_ref()
            .map(|path| Rejects::create(path, table));
        let open_rejects = rejects.as_mut().and_then(|begun| begun.as_mut().ok());
        let written: Written = results(open_rejects)?;
        let rows = rejects.map(|rejects| match &written.input_lost {
            // They are rows of the input, and would lack those that could not be read.
            Some(_) => Err(ResultsError::InputLost),
            None => rejects.and_then(Rejects::finish),
        });
        Ok((written, rows))
    };
    let place = output.results.as_deref();
    let in_place = with_rejects(&mut |rejects| to_place(&story, place, rejects));
    let mut unwritten = Vec::new();
    let (written, rejects) = match in_place {
        Err(error @ (ResultsError::Io(_) | ResultsError::Workbook(_))) => {
            unwritten.push(failed(&output.results)(error));
            with_rejects(&mut |rejects| write(&story, &mut io::sink(), rejects))
        }
        written => written,
    }
    .map_err(failed(&output.results))?;
    let results = output.results.clone().filter(|_| unwritten.is_empty());
    let rejects = match rejects.transpose().map_err(failed(&output.rejects)) {
        Ok(rows) => output.rejects.clone().zip(rows),
        Err(failure) => {
            unwritten.push(failure);
            None
        }
    };
    let remark = written
        .input_lost
        .map(|error| format!("the input could not be read again, so keys are missing: {error}"));
    Ok(WrittenFiles {
        outcomes: written.outcomes,
        warnings: written.warnings,
        results,
        rejects,
        remark,
        unwritten,
    })
}

/// Writes results somewhere, with rejects where they could be begun.
type WriteResults<'a> = dyn FnMut(Option<&mut Rejects>) -> Result<Written, ResultsError> + 'a;

/// Writes results to a file, or to stdout where there is none.
pub(crate) fn to_place(
    story: &Story<'_>,
    path: Option<&Path>,
    rejects: Option<&mut Rejects>,
) -> Result<Written, ResultsError> {
    match path {
        Some(path) => {
            let mut file = AtomicFile::create(path)?;
            let written = write(story, &mut file, rejects)?;
            file.persist()?;
            Ok(written)
        }
        None => write(story, &mut io::stdout().lock(), rejects),
    }
}

/// `calls.csv` → `calls.results.csv`.
///
/// `calls.csv.gz` is `calls.csv` for this, and standard input a file `stdin` of the working folder.
pub(crate) fn beside(input: &Path) -> PathBuf {
    if is_stdin(input) {
        return PathBuf::from(format!("{STDIN}.results.csv"));
    }
    let is_packed = input
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("gz"));
    let plain = input.with_extension("");
    let input = if is_packed { plain.as_path() } else { input };
    let mut name = input.file_stem().unwrap_or(input.as_os_str()).to_owned();
    name.push(".results.csv");
    input.with_file_name(name)
}

/// The path as it really is, so that two names for one file are seen to be one.
fn whole(path: &Path) -> PathBuf {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    path.canonicalize()
        .unwrap_or_else(|_| folder.join(path.file_name().unwrap_or_default()))
}

pub(crate) fn usage(message: &str, hint: &str) -> Failure {
    Failure::Usage {
        message: message.to_owned(),
        hint: hint.to_owned(),
    }
}

fn unreadable(path: &Path, error: io::Error) -> Failure {
    Failure::EarlierResults {
        path: path.to_owned(),
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_stand_beside_their_input() {
        assert_eq!(
            beside(Path::new("a/calls.csv")),
            Path::new("a/calls.results.csv")
        );
        assert_eq!(
            beside(Path::new("calls.2026.xlsx")),
            Path::new("calls.2026.results.csv")
        );
        assert_eq!(
            beside(Path::new("a/calls.csv.gz")),
            Path::new("a/calls.results.csv")
        );
        assert_eq!(beside(Path::new("-")), Path::new("stdin.results.csv"));
    }
}
