//! Where results and rejects go, and the checks before anything is written there.

use super::super::args::ImportArgs;
use super::super::destinations::{Destinations, Kind, can_stand_at, usage};
use super::super::failure::Failure;
use super::super::files::{STDIN, is_stdin};
use super::lost_ledger::tells_of_real_calls;
use super::office::Desk;
use std::io;
use std::path::{Path, PathBuf};
use ticketload::config::Settings;
use ticketload::import::{Outcomes, RunSummary, Table};
use ticketload::input::InputError;
use ticketload::ledger::Reader;
use ticketload::report::{plain, plain_path};
use ticketload::results::{
    Draft, Ending, LookUp, Rejects, ResultsError, Story, Written, keep_results_of_another, write,
};

/// Where one file's results go.
#[derive(Debug)]
pub(crate) struct Output {
    pub(super) input: PathBuf,
    /// None for stdout.
    pub(super) results: Option<PathBuf>,
    /// Whether nobody has named that place, so that it may be another input's as well.
    is_beside: bool,
    rejects: Option<PathBuf>,
}

/// Where all results go.
#[derive(Debug)]
pub(crate) struct Outputs {
    files: Vec<Output>,
    destinations: Destinations,
}

/// What was written for one file.
#[derive(Debug)]
pub(crate) struct WrittenFiles {
    pub(crate) outcomes: Outcomes,
    pub(crate) warnings: u64,
    pub(crate) results: Option<PathBuf>,
    pub(crate) rejects: Option<(PathBuf, u64)>,
    pub(crate) remarks: Vec<String>,
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
        let mut outputs = Outputs::beside(&args.files.files);
        for output in &mut outputs.files {
            output.is_beside = args.results.is_none();
            match &args.results {
                Some(path) if path.as_os_str() == "-" => output.results = None,
                Some(path) => output.results = Some(path.clone()),
                None => {}
            }
            output.rejects.clone_from(&args.rejects);
        }
        outputs.refuse_overwriting()?;
        for output in &outputs.files {
            output.try_places()?;
        }
        Ok(outputs)
    }

    /// The places of results that nobody names others for; nothing is looked at yet.
    pub(crate) fn beside(inputs: &[PathBuf]) -> Outputs {
        let outputs = inputs.iter().map(|input| Output {
            input: input.clone(),
            results: Some(beside(input)),
            is_beside: true,
            rejects: None,
        });
        Outputs {
            files: outputs.collect(),
            destinations: Destinations::default(),
        }
    }

    /// Refuses outputs that would overwrite something that is not ours.
    pub(crate) fn refuse_overwriting(&mut self) -> Result<(), Failure> {
        for output in &self.files {
            self.destinations.spare(&output.input, "an input")?;
        }
        for output in &self.files {
            for (path, kind) in output.places() {
                self.destinations.plan(path, kind)?;
            }
        }
        Ok(())
    }

    /// Whether anything stands where results go.
    pub(crate) fn replaces_some(&self) -> bool {
        let mut places = self.files.iter().filter_map(|file| file.results.as_deref());
        places.any(Path::is_file)
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = &Output> {
        self.files.iter()
    }

    pub(crate) fn to_stdout(&self) -> bool {
        self.files.iter().any(|output| output.results.is_none())
    }

    /// Keeps them away from the mapping and the ledger, whose places are known only now.
    pub(crate) fn keep_off(&mut self, desk: &Desk) -> Result<(), Failure> {
        self.keep_off_settings(&desk.settings)?;
        self.destinations.spare_ledger(desk.ledger_path())
    }

    /// Keeps them away from the mapping and the user's own ledger.
    pub(crate) fn keep_off_settings(&mut self, settings: &Settings) -> Result<(), Failure> {
        self.destinations.spare_settings(settings)
    }

    /// Refuses a run of the sandbox whose results would take the place of real ones: they tell that a ledger was lost, and
    /// may be all that still names the tickets.
    pub(crate) fn spare_real_results(&self) -> Result<(), Failure> {
        let places = self.files.iter().filter_map(|file| file.results.as_deref());
        for path in places.filter(|path| path.is_file()) {
            if tells_of_real_calls(path)? {
                return Err(usage(
                    &format!(
                        "{} names tickets or doubts of a run without --sandbox, and results of the sandbox would take its place",
                        plain_path(path)
                    ),
                    "give --results FILE, one input at a time, or try a copy of the input in another folder",
                ));
            }
        }
        Ok(())
    }
}

impl Output {
    fn places(&self) -> impl Iterator<Item = (&Path, Kind)> {
        let results = self
            .results
            .iter()
            .map(|path| (path.as_path(), Kind::Results));
        let rejects = self
            .rejects
            .iter()
            .map(|path| (path.as_path(), Kind::Rejects));
        results.chain(rejects)
    }

    /// Refuses places where nothing can be written. Where the input is missing as well, that is what is told.
    fn try_places(&self) -> Result<(), Failure> {
        if !is_stdin(&self.input) && !self.input.exists() {
            return Ok(());
        }
        self.places().try_for_each(|(path, _)| can_stand_at(path))
    }
}

/// Writes results and rejects of a run, each also where the other cannot be. What came of the rows is counted in any case.
pub(crate) fn write_results(
    reader: &Reader,
    table: &Table,
    summary: &RunSummary,
    look_up: Option<LookUp<'_>>,
    output: &Output,
) -> Result<WrittenFiles, Failure> {
    let story = Story {
        table: Some(table),
        file: table.name(),
        sheet: table.input().description().sheet(),
        reader,
        run: summary.run,
        ending: &Ending::of(summary),
        look_up,
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
    let (mut kept, mut is_left) = (None, false);
    let in_place = with_rejects(&mut |rejects| {
        let Some(place) = &output.results else {
            return to_stdout(&story, rejects);
        };
        let draft = Draft::write(&story, place, rejects)?;
        if draft.is_blank_over_calls()? {
            is_left = true;
            return Ok(draft.withdraw());
        }
        if output.is_beside {
            kept = keep_those_of_another(place, table.name())?;
        }
        draft.put()
    });
    let mut unwritten = Vec::new();
    let (written, rejects) = match in_place {
        Err(error @ (ResultsError::Io(_) | ResultsError::Workbook(_))) => {
            unwritten.push(failed(&output.results)(error));
            with_rejects(&mut |rejects| write(&story, &mut io::sink(), rejects))
        }
        written => written,
    }
    .map_err(failed(&output.results))?;
    let mut results = output.results.clone().filter(|_| unwritten.is_empty());
    let mut remarks: Vec<String> = written.input_lost.iter().map(lost).collect();
    remarks.extend(kept);
    remarks.extend(results.take_if(|_| is_left).map(|place| left(&place)));
    let rejects = match rejects.transpose().map_err(failed(&output.rejects)) {
        Ok(rejects) => output.rejects.clone().zip(rejects).map(|(path, rejects)| {
            remarks.extend(rejects.kept.map(|kept| kept_rejects(&path, &kept)));
            (path, rejects.rows)
        }),
        Err(failure) => {
            unwritten.push(failure);
            None
        }
    };
    Ok(WrittenFiles {
        outcomes: written.outcomes,
        warnings: written.warnings,
        results,
        rejects,
        remarks,
        unwritten,
    })
}

/// What is said of results whose input was gone before they were whole.
pub(crate) fn lost(error: &InputError) -> String {
    format!("the input could not be read again, so keys are missing: {error}")
}

/// What is said of earlier rejects that somebody has changed.
pub(crate) fn kept_rejects(path: &Path, kept: &Path) -> String {
    format!(
        "{} held rows that this input does not have, such as mended ones: they are kept in {}",
        plain_path(path),
        plain_path(kept)
    )
}

/// Writes results somewhere, with rejects where they could be begun.
type WriteResults<'a> = dyn FnMut(Option<&mut Rejects>) -> Result<Written, ResultsError> + 'a;

/// Writes results to stdout.
pub(crate) fn to_stdout(
    story: &Story<'_>,
    rejects: Option<&mut Rejects>,
) -> Result<Written, ResultsError> {
    write(story, &mut io::stdout().lock(), rejects)
}

/// Keeps what stands where results go and tells of another input; says so.
pub(crate) fn keep_those_of_another(place: &Path, input: &str) -> io::Result<Option<String>> {
    let kept = keep_results_of_another(place, input)?;
    Ok(kept.map(|(other, kept)| {
        format!(
            "{} held the results of {}: they are kept in {}",
            plain_path(place),
            plain(&other),
            plain_path(&kept)
        )
    }))
}

/// What is said of results without a row that do not take the place of others.
pub(crate) fn left(place: &Path) -> String {
    format!(
        "the results have no row: {} tells of calls that were sent, and is left as it was",
        plain_path(place)
    )
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
