//! `ledger results RUN`: the results file of a run, written again.
//!
//! Owns the choice between the ledger joined with the input and the ledger alone, and that results which nobody has named a
//! place for stand beside the input of their run and beside no other one, over none that tell of more. The outcomes are
//! those that the ledger has now: a row that was resolved or has got its ticket since says so.

use super::super::advice;
use super::super::args::ledger::ResultsArgs;
use super::super::destinations::{Destinations, Kind, usage};
use super::super::failure::{Exit, Failure};
use super::super::import::outputs::{beside, keep_those_of_another, kept_rejects, lost, to_stdout};
use super::super::import::tells_of_real_calls;
use super::super::output::say;
use super::inputs::{mapping, rehearsed, reopen};
use super::story;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use ticketload::config::Settings;
use ticketload::import::{Rehearsal, Table};
use ticketload::input::Input;
use ticketload::ledger::{Identities, Reader, RunStory, Snapshot, Steward};
use ticketload::mapping::Mapping;
use ticketload::report::{counted, plain, plain_path};
use ticketload::results::{
    Draft, EarlierResults, Ending, LookUp, Rejects, ResultsError, Story, Written, tells_of,
};
use ticketload::ticket::Outcome;

pub(super) fn run(args: &ResultsArgs) -> Result<Exit, Failure> {
    let settings = args.settings()?;
    let path = settings.ledger()?;
    let (reader, run) = ended_run(&path, args)?;
    let ending = Ending::remembered(run.ended);
    let _unchanged = without_claims(&reader, &path, &run, &ending)?;
    if let Some(at) = run.purged_at {
        return Err(usage(
            &format!(
                "the rows of run {} were purged on {}",
                run.run,
                super::when(at)
            ),
            "its tickets are still known: import the file again and every row says which ticket it has",
        ));
    }
    let place = place(args, &run);
    refuse_overwriting(args, &settings, &run, place.as_deref())?;
    if let Some(place) = place.as_deref()
        && args.results.is_none()
        && args.input.is_none()
    {
        refuse_elsewhere(place, &reader, &run)?;
    }
    let table = table(args, &settings, &run)?;
    if table.is_none() && !ending.knows_every_row() {
        say(format_args!(
            "run {} was cut off: rows that it had not come to are not in these results; --mapping reads them from the input",
            run.run
        ));
    }
    let asked = match &table {
        Some(table) if !ending.knows_every_row() => {
            Some(Asked::of(table, &run, &reader, &settings)?)
        }
        _ => None,
    };
    let story = Story {
        table: table.as_ref(),
        file: &run.file,
        sheet: run.sheet.as_deref(),
        reader: &reader,
        run: run.run,
        ending: &ending,
        look_up: asked.as_ref().map(Asked::look_up),
    };
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error| Failure::Results { path, error }
    };
    let mut rejects = match (&args.rejects, &table) {
        (Some(path), Some(table)) => Some(Rejects::create(path, table).map_err(failed(path))?),
        _ => None,
    };
    let shown = place.clone().unwrap_or_else(|| PathBuf::from("stdout"));
    let written = match place.as_deref() {
        Some(path) => put(&story, path, rejects.as_mut(), args)?,
        None => to_stdout(&story, rejects.as_mut()).map_err(failed(&shown))?,
    };
    say_what_was_written(&written, &shown);
    say_what_is_missing(&written, &run);
    if let (Some(rejects), Some(path)) = (rejects, &args.rejects) {
        // They are rows of the input, and would lack those that could not be read.
        if written.input_lost.is_some() {
            return Err(failed(path)(ResultsError::InputLost));
        }
        let rejects = rejects.finish().map_err(failed(path))?;
        let rows = counted(rejects.rows, "row");
        say(format_args!("{}: {rows}", plain_path(path)));
        if let Some(kept) = &rejects.kept {
            say(kept_rejects(path, kept));
        }
    }
    Ok(Exit::Success)
}

/// By what the ledger is asked for the rows that a run had not come to.
struct Asked {
    rehearsal: Rehearsal,
    identities: Identities,
}

impl Asked {
    /// Such a row may have a ticket of another run, or be in doubt: without asking it would be told as one that was not sent.
    fn of(
        table: &Table,
        run: &RunStory,
        reader: &Reader,
        settings: &Settings,
    ) -> Result<Asked, Failure> {
        let mut identities = reader.identities_of(run.scope)?;
        if identities.is_none()
            && let Some((scope, _)) = settings.scope()?
        {
            let of_profile = reader.identities(&scope)?;
            identities = (of_profile.scope() == run.scope).then_some(of_profile);
        }
        let Some(identities) = identities else {
            return Err(usage(
                &format!(
                    "run {} was cut off, and whether the rows that it had not come to have tickets cannot be looked up: an \
                     earlier version of the ledger does not say what account that was",
                    run.run
                ),
                "import the file again: its results tell of every row and send nothing twice; or name the profile of that account \
                 with --profile",
            ));
        };
        Ok(Asked {
            rehearsal: rehearsed(table, &identities, None)?,
            identities,
        })
    }

    fn look_up(&self) -> LookUp<'_> {
        LookUp {
            rehearsal: &self.rehearsal,
            identities: &self.identities,
        }
    }
}

/// Writes results to a file. Where nobody has named it, what stands there and tells of other calls is not lost.
fn put(
    story: &Story<'_>,
    path: &Path,
    rejects: Option<&mut Rejects>,
    args: &ResultsArgs,
) -> Result<Written, Failure> {
    let failed = |error| Failure::Results {
        path: path.to_owned(),
        error,
    };
    let unread = |error| Failure::EarlierResults {
        path: path.to_owned(),
        error,
    };
    let mut draft = Draft::write(story, path, rejects).map_err(failed)?;
    let shown = plain_path(path);
    if draft.is_blank_over_calls().map_err(unread)? {
        return Err(usage(
            &format!(
                "run {} has no row, and {shown} tells of calls that were sent",
                story.run
            ),
            &elsewhere(),
        ));
    }
    if args.results.is_none() {
        let kept = keep_those_of_another(path, story.file).map_err(|error| failed(error.into()))?;
        if kept.is_none() && draft.loses_calls().map_err(unread)? && tells_of_real_calls(path)? {
            return Err(usage(
                &format!(
                    "{shown} tells of calls of which the results of run {} do not, such as those of a later run; it was \
                     left as it was",
                    story.run
                ),
                &elsewhere(),
            ));
        }
        kept.iter().for_each(say);
    }
    draft.put().map_err(failed)
}

/// What to do where results would take the place of others.
fn elsewhere() -> String {
    format!(
        "say with --results where these results are to go; `{}` lists the runs",
        advice::command("ledger runs")
    )
}

/// Says how many rows ended how.
fn say_what_was_written(written: &Written, place: &Path) {
    let counts: Vec<String> = Outcome::ALL
        .into_iter()
        .filter(|outcome| written.outcomes.get(*outcome) > 0)
        .map(|outcome| format!("{} {}", written.outcomes.get(outcome), outcome.as_str()))
        .collect();
    let rows = counted(written.outcomes.total(), "row");
    say(format_args!(
        "{}: {rows}: {}",
        plain_path(place),
        counts.join(", ")
    ));
}

/// Says of which rows the results tell less than they might.
fn say_what_is_missing(written: &Written, run: &RunStory) {
    if written.not_read > 0 {
        say(format_args!(
            "{} of run {} cannot be found in the input as this mapping reads it: what the ledger knows of them is written without keys, and \
             they are in no rejects",
            counted(written.not_read, "row"),
            run.run
        ));
    }
    if let Some(error) = &written.input_lost {
        say(lost(error));
    }
}

/// The run, which must have ended. One that was cut off is ended here, unless another run is going.
fn ended_run(path: &Path, args: &ResultsArgs) -> Result<(Reader, RunStory), Failure> {
    let reader = Reader::open(path)?;
    let run = story(&reader, args.run)?;
    if run.ended.is_some() {
        return Ok((reader, run));
    }
    drop(Steward::open(path)?);
    let run = story(&reader, args.run)?;
    Ok((reader, run))
}

/// The ledger as it stays until the results are written, with no row of the run being sent. A later run may have claimed some
/// of them: what is on its way has no outcome yet, and what a dead run left claimed is in doubt first.
fn without_claims<'r>(
    reader: &'r Reader,
    path: &Path,
    run: &RunStory,
    ending: &Ending,
) -> Result<Snapshot<'r>, Failure> {
    loop {
        let snapshot = reader.snapshot()?;
        let claimed = match ending.knows_every_row() {
            true => snapshot.claimed_of(run.run)?,
            // Whatever is being sent may be a row that the run had not come to.
            false => reader.claimed()?,
        };
        if claimed == 0 {
            return Ok(snapshot);
        }
        drop(snapshot);
        drop(Steward::open(path)?);
    }
}

/// The input, where it can be had. Without it there are no keys and no rejects.
fn table(
    args: &ResultsArgs,
    settings: &Settings,
    run: &RunStory,
) -> Result<Option<Table>, Failure> {
    let mapping = match &args.mapping {
        Some(named) => mapping(named)?,
        None => match of_the_run(&settings.mapping(), run) {
            Some(mapping) => mapping,
            // They are made of the input's rows, which only a mapping reads.
            None if args.rejects.is_some() || args.input.is_some() => {
                return Err(usage(
                    &format!(
                        "{} is not the mapping of run {}, or cannot be read, and --rejects and --input want one",
                        plain(&settings.mapping().display().to_string()),
                        run.run
                    ),
                    "name the mapping to read the input with: --mapping FILE",
                ));
            }
            None => {
                say(format_args!(
                    "{} is not the mapping of run {}, or cannot be read: the results are written from the ledger alone, \
                     without keys; --mapping names the one to read them with",
                    plain_path(&settings.mapping()),
                    run.run
                ));
                return Ok(None);
            }
        },
    };
    let path = input(args, run);
    match reopen(run, &path, &mapping)? {
        Ok(table) => {
            if table.fingerprint() != run.mapping {
                say("the mapping is not the one of the run: keys may be others than they were");
            }
            Ok(Some(table))
        }
        Err(why) if args.rejects.is_some() || args.input.is_some() => Err(usage(
            &format!("{} cannot be read again: {why}", plain_path(&path)),
            "give the file as it was imported with --input, or leave --input and --rejects out",
        )),
        Err(why) => {
            let path = plain_path(&path);
            say(format_args!(
                "{path}: {why}; the results are written from the ledger alone, without keys"
            ));
            Ok(None)
        }
    }
}

/// The mapping that an import would take, if it is the one of the run: nobody has named it, and another one would write
/// other keys.
fn of_the_run(path: &Path, run: &RunStory) -> Option<Arc<Mapping>> {
    let mapping = mapping(path).ok()?;
    (mapping.fingerprint() == run.mapping).then_some(mapping)
}

/// Where the results go; none for stdout.
fn place(args: &ResultsArgs, run: &RunStory) -> Option<PathBuf> {
    match &args.results {
        Some(path) if path.as_os_str() == "-" => None,
        Some(path) => Some(path.clone()),
        None => Some(beside(&input(args, run))),
    }
}

/// Where the input of the run is now, or would be.
fn input(args: &ResultsArgs, run: &RunStory) -> PathBuf {
    let named = args.input.clone();
    named.unwrap_or_else(|| PathBuf::from(&run.file))
}

fn refuse_overwriting(
    args: &ResultsArgs,
    settings: &Settings,
    run: &RunStory,
    place: Option<&Path>,
) -> Result<(), Failure> {
    let mut destinations = Destinations::default();
    destinations.spare(&input(args, run), "the input of the run")?;
    destinations.spare(Path::new(&run.file), "the input of the run")?;
    if let Some(mapping) = &args.mapping {
        destinations.spare(mapping, "the mapping")?;
    }
    destinations.spare_settings(settings)?;
    if let Some(place) = place {
        destinations.plan_writable(place, Kind::Results)?;
    }
    if let Some(rejects) = &args.rejects {
        destinations.plan_writable(rejects, Kind::Rejects)?;
    }
    Ok(())
}

/// The run knows its input by the name that was typed then, which in another folder is that of another file. Its results
/// there would tell of calls that never got a ticket that they have one.
fn refuse_elsewhere(place: &Path, reader: &Reader, run: &RunStory) -> Result<(), Failure> {
    let hint = "go to the folder in which the run was started, or say with --results where they go";
    let file = Path::new(&run.file);
    let shown = plain(&run.file);
    if file.exists() {
        // A pipe would not come to an end.
        let found = file.is_file().then(|| Input::fingerprint_of(file).ok());
        return match found.flatten() {
            Some(found) if found == run.fingerprint => Ok(()),
            _ => Err(usage(
                &format!(
                    "the {shown} that is here is not the file of run {}, or has changed since: results beside it would \
                     be taken for its own",
                    run.run
                ),
                hint,
            )),
        };
    }
    let failed = |error| Failure::Results {
        path: place.to_owned(),
        error,
    };
    if !place.is_file() {
        return Ok(());
    }
    let earlier = EarlierResults::open(place).map_err(|error| failed(error.into()))?;
    // What is no results file at all was refused before, unless it is empty.
    let Some(mut earlier) = earlier else {
        return Ok(());
    };
    if tells_of(&mut earlier, reader, run.run).map_err(failed)? {
        return Ok(());
    }
    Err(usage(
        &format!(
            "{shown} is not here, and {} may be of another run: it names no ticket of run {}, or others too",
            plain_path(place),
            run.run
        ),
        hint,
    ))
}
