//! `inspect`: what a file is and holds, without a mapping; `--dump` writes its rows as a mapping would see them.

use super::advice;
use super::args::{Format, InspectArgs};
use super::destinations::{Destinations, Kind, usage};
use super::failure::{Exit, Failure};
use super::files::{exit_of_reading, name_of, open, options_of, unread};
use super::output::conclude;
use super::progress::{Progress, Screen};
use std::io::{self, Write};
use std::path::Path;
use ticketload::input::Input;
use ticketload::inspect::{InspectError, Inspection, inspect};
use ticketload::report::{FileReport, Report};
use ticketload::results::AtomicFile;
use ticketload::row::Row;

pub(crate) fn run(args: &InspectArgs) -> Result<Exit, Failure> {
    check_dump(args)?;
    let screen = Screen::open();
    let progress = screen.progress();
    let options = options_of(&args.reading.source(Some(args.hidden)));
    let mut slots = Vec::new();
    for path in &args.files {
        slots.push(match open(path, &options) {
            Ok(input) => match look(path, &input, args, &progress)? {
                Some(slot) => slot,
                None => return Ok(Exit::Success),
            },
            Err(error) if error.is_usage() => return Err(Failure::Input(error)),
            Err(error) => unread(name_of(path), error, &progress),
        });
    }
    drop(screen);
    let exit = exit_of_reading(&slots);
    let mut report = Report {
        command: "inspect",
        target: None,
        files: slots.into_iter().map(|slot| slot.report).collect(),
        exit_code: exit as u8,
        error: None,
        advised: advice::for_report(),
    };
    let json = args.format == Format::Json;
    Ok(if args.dump.as_deref() == Some(Path::new("-")) {
        conclude(&mut report, json, &mut io::stderr().lock(), exit)
    } else {
        conclude(&mut report, json, &mut io::stdout().lock(), exit)
    })
}

/// Values go to one place where they can be written, and never over what is there.
fn check_dump(args: &InspectArgs) -> Result<(), Failure> {
    let Some(dump) = &args.dump else {
        return Ok(());
    };
    if args.files.len() > 1 {
        return Err(usage(
            "--dump names one file, and there are several inputs",
            "inspect one file at a time to dump it",
        ));
    }
    if dump.as_os_str() == "-" {
        return Ok(());
    }
    let mut destinations = Destinations::default();
    for file in &args.files {
        destinations.spare(file, "the input")?;
    }
    destinations.plan_writable(dump, Kind::Dump)?;
    Ok(())
}

/// Tells what a file holds; none where whoever reads the dump has enough, and the rest of it was not looked at.
fn look(
    path: &Path,
    input: &Input,
    args: &InspectArgs,
    progress: &Progress,
) -> Result<Option<super::files::Slot>, Failure> {
    let inspection = match &args.dump {
        None => inspect(input, |_| Ok(())),
        Some(dump) if dump.as_os_str() == "-" => dumped(input, &mut io::stdout().lock()),
        Some(dump) => to_file(input, dump),
    };
    let inspection = match inspection {
        Ok(inspection) => inspection,
        Err(InspectError::Input(error)) => {
            return Ok(Some(unread(name_of(path), error, progress)));
        }
        Err(InspectError::Rows(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            return Ok(None);
        }
        Err(InspectError::Rows(error)) => {
            return Err(Failure::Io {
                what: "the dump cannot be written",
                error,
            });
        }
    };
    let mut report = FileReport::of(name_of(path));
    report.description = Some(input.description().clone());
    report.columns = input.shown_header().into_owned();
    report.rows = inspection.rows;
    report.inspection = Some(inspection);
    Ok(Some(super::files::Slot {
        report,
        prepared: None,
    }))
}

/// The dump holds patients' data: it is readable by its owner only, and appears whole or not at all.
fn to_file(input: &Input, dump: &Path) -> Result<Inspection, InspectError> {
    let mut file = AtomicFile::create(dump).map_err(InspectError::Rows)?;
    let inspection = dumped(input, &mut file)?;
    file.persist().map_err(InspectError::Rows)?;
    Ok(inspection)
}

fn dumped(input: &Input, out: &mut dyn Write) -> Result<Inspection, InspectError> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(out);
    let header = writer.write_record(input.header());
    header.map_err(|error| InspectError::Rows(writing_error(error)))?;
    let inspection = inspect(input, |row: &Row| {
        let written = writer.write_record(row.cells().map(|cell| cell.text));
        written.map_err(writing_error)
    })?;
    writer.flush().map_err(InspectError::Rows)?;
    Ok(inspection)
}

/// What kept a record from being written, with its kind: a reader that has enough is no failure.
fn writing_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        // The others are for records of uneven length, and could tell of values.
        _ => io::ErrorKind::InvalidData.into(),
    }
}
