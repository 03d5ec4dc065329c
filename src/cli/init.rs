//! `init`: a mapping is drafted from a file's header and written where an import will look for it.
//!
//! Owns where the draft goes, that it takes the place of nothing, and what is said about it. What is in the draft is decided
//! in the library. No value of the file is written or told.

use super::advice;
use super::args::InitArgs;
use super::destinations::{can_stand_at, usage};
use super::failure::{Exit, Failure};
use super::files::{name_of, open, options_of};
use super::output::{print, say};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use ticketload::config::Settings;
use ticketload::input::Input;
use ticketload::mapping::{Draft, Fate, Line, Origin, Suggestion};
use ticketload::report::{counted, plain, plain_path};
use ticketload::results::AtomicFile;

pub(crate) fn run(args: &InitArgs) -> Result<Exit, Failure> {
    let place = Place::of(args)?;
    let source = args.reading.source(args.hidden);
    let input = open(&args.file, &options_of(&source)).map_err(Failure::Input)?;
    refuse_values(&input, &name_of(&args.file))?;
    let (draft, rows) = draft(&input, args)?;
    let next = place.next(&args.file);
    let name = name_of(&args.file);
    let origin = Origin {
        file: &name,
        header_row: input.description().header_row,
        next: &next,
    };
    let text = draft.text(&origin, &source);
    let report = format!(
        "{}: {}, header in row {}\n\n{}\n{}",
        plain(&name),
        counted(rows, "row"),
        origin.header_row,
        told(&draft),
        place.told(&draft, &next)
    );
    match &place {
        Place::Stdout(_) => {
            print(text)?;
            say(report.trim_end());
            Ok(Exit::Success)
        }
        Place::File(path) => {
            write_new(path, &text)?;
            print(report)
        }
    }
}

/// Where the draft goes.
enum Place {
    File(PathBuf),
    /// To stdout; and where an import would look for it.
    Stdout(PathBuf),
}

impl Place {
    /// Where an import would look for the mapping, if nothing stands there and something can.
    fn of(args: &InitArgs) -> Result<Place, Failure> {
        let given_here = Settings {
            mapping: args.mapping.clone().filter(|path| path.as_os_str() != "-"),
            ..Settings::default()
        };
        let settings = given_here.or(Settings::of_profile(args.profile.as_deref())?);
        let path = settings.mapping();
        if args.mapping.as_deref() == Some(Path::new("-")) {
            return Ok(Place::Stdout(path));
        }
        // A link that leads nowhere is somebody's, too.
        if path.symlink_metadata().is_ok() {
            return Err(exists(&path));
        }
        can_stand_at(&path)?;
        Ok(Place::File(path))
    }

    /// The command that tries the mapping.
    fn next(&self, file: &Path) -> String {
        match self {
            Place::File(_) => advice::validate(file, None),
            Place::Stdout(path) => advice::validate(file, Some(path)),
        }
    }

    /// What there is to do now.
    fn told(&self, draft: &Draft, next: &str) -> String {
        let (written, it) = match self {
            Place::File(path) => (
                format!("The draft is {}; nothing was sent.", plain_path(path)),
                "Open it",
            ),
            Place::Stdout(path) => (
                format!(
                    "The draft is on stdout; nothing was sent. Save it as {}.",
                    plain_path(path)
                ),
                "Open that file",
            ),
        };
        let what = if draft.is_complete() {
            "check each line"
        } else {
            "settle what is open, check each line"
        };
        format!("{written}\n{it}, {what}, and see what it makes of the rows:\n\n  {next}\n")
    }
}

fn exists(path: &Path) -> Failure {
    usage(
        &format!(
            "{} exists, and a draft is written over no other file",
            plain_path(path)
        ),
        "name another file, such as --mapping draft.toml; --mapping - prints the draft instead",
    )
}

/// A header that looks like the rows below it is a patient's row: none of it is written.
fn refuse_values(input: &Input, name: &str) -> Result<(), Failure> {
    if *input.shown_header() == *input.header() {
        return Ok(());
    }
    Err(of_values(
        input,
        name,
        "looks like a row of values",
        "if the headers stand in another row, say so with --header-row; if the file has none, add a row with them",
    ))
}

fn of_values(input: &Input, name: &str, what: &str, hint: &str) -> Failure {
    Failure::Unread {
        message: format!(
            "{}: the header (row {}) {what}, so no mapping is drafted from it\n\nhint: {hint}",
            plain(name),
            input.description().header_row
        ),
    }
}

/// The draft, and how many rows were looked at. A header that the user has named is taken for one, though what may be a
/// patient's is not told either.
fn draft(input: &Input, args: &InitArgs) -> Result<(Draft, u64), Failure> {
    let mut suggestion = Suggestion::new(input.header(), jiff::Zoned::now().date());
    let mut rows = 0;
    let read = input.for_each_row(|row| -> ControlFlow<()> {
        rows += 1;
        suggestion.look(row);
        ControlFlow::Continue(())
    });
    read.map_err(Failure::Input)?;
    if args.reading.header_row.is_none() && suggestion.is_of_values() {
        return Err(of_values(
            input,
            &name_of(&args.file),
            "has few names of columns, and is like the rows below it or has values beside its names",
            "if the headers stand in another row, or in this one after all, say so with --header-row; if the file has none, add a \
             row with them",
        ));
    }
    Ok((suggestion.finish(), rows))
}

fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let write = || -> io::Result<()> {
        let mut file = AtomicFile::create_shared(path)?;
        file.write_all(text.as_bytes())?;
        file.persist_new()
    };
    write().map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => exists(path),
        _ => usage(
            &format!("{} cannot be written: {error}", plain_path(path)),
            "name another place with --mapping; nothing was left behind",
        ),
    })
}

/// Which field gets which column, what may be meant, what is open.
fn told(draft: &Draft) -> String {
    let mut text = String::new();
    for line in draft.lines() {
        if let Fate::Filled(column) = &line.fate {
            let _infallible = writeln!(text, "  {:<16} {column}", line.field.name());
            for remark in &line.remarks {
                let _infallible = writeln!(text, "  {:<16}   {remark}", "");
            }
        }
    }
    let _infallible = writeln!(text, "  {:<16} {}", "[key]", draft.key());
    let open: Vec<&Line> = draft
        .lines()
        .iter()
        .filter(|line| line.is_missing())
        .collect();
    if !open.is_empty() {
        text.push_str("\nOpen, and required:\n");
    }
    for line in open {
        let _infallible = writeln!(text, "  {:<16} {}", line.field.name(), why_open(line));
    }
    let asked = draft
        .lines()
        .iter()
        .filter(|line| !line.field.is_required());
    let asked: Vec<String> = asked
        .filter_map(|line| match &line.fate {
            Fate::Perhaps(column) => Some(format!(
                "  {:<16} {}\n",
                line.field.name(),
                with_remarks(column, line)
            )),
            Fate::Filled(_) | Fate::Open(_) | Fate::Lacking => None,
        })
        .collect();
    if !asked.is_empty() {
        text.push_str("\nPerhaps, and commented out:\n");
        text.extend(asked);
    }
    if !draft.asides().is_empty() {
        text.push_str("\nColumns that fill no field:\n");
    }
    for aside in draft.asides() {
        let _infallible = writeln!(text, "  {aside}");
    }
    text
}

fn why_open(line: &Line) -> String {
    match &line.fate {
        Fate::Filled(column) | Fate::Open(column) => with_remarks(column, line),
        Fate::Perhaps(column) => with_remarks(&format!("perhaps {column}"), line),
        Fate::Lacking => line.remarks.join("; "),
    }
}

fn with_remarks(column: &str, line: &Line) -> String {
    if line.remarks.is_empty() {
        column.to_owned()
    } else {
        format!("{column}: {}", line.remarks.join("; "))
    }
}
