//! The input files of a command: mapping, inputs, tables, rehearsals.
//!
//! Owns what `import` and `validate` have in common, so that the one is the other without the socket.

use super::args::FileArgs;
use super::failure::{Exit, Failure};
use super::progress::Progress;
use std::path::Path;
use std::sync::Arc;
use ticketload::import::{
    Among, Known, Purpose, Rehearsal, RehearsalError, Stop, Table, Watch, rehearse,
};
use ticketload::input::{Input, InputError, Options};
use ticketload::inspect::{end_findings, file_findings};
use ticketload::ledger::{Foreseen, Identities, Reader};
use ticketload::mapping::{Mapping, Source};
use ticketload::reading::Hidden;
use ticketload::report::{FileReport, counted, plain, plain_path, thousands};

/// A file that could be read to its end, with its rehearsal.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) table: Arc<Table>,
    pub(crate) rehearsal: Rehearsal,
}

/// One file of the command line: prepared, or why it cannot be.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) report: FileReport,
    pub(crate) prepared: Option<Prepared>,
}

/// How rows are rehearsed: with which identities, against which ledger, to what end, before whose eyes.
#[derive(Debug)]
pub(crate) struct Stage<'a> {
    pub(crate) identities: &'a Identities,
    /// The ledger, where there is one to ask.
    pub(crate) reader: Option<&'a Reader>,
    pub(crate) purpose: Purpose,
    pub(crate) progress: &'a Progress,
    /// Who may stop it.
    pub(crate) stop: &'a Stop,
}

/// Reads the mapping and its translation files.
pub(crate) fn read_mapping(path: &Path) -> Result<Mapping, Failure> {
    let text = std::fs::read(path)
        .and_then(|bytes| {
            String::from_utf8(bytes).map_err(|_| {
                std::io::Error::new(std::io::ErrorKind::InvalidData, "it is not UTF-8 text")
            })
        })
        .map_err(|error| Failure::MappingFile {
            path: path.to_owned(),
            error,
        })?;
    let mut mapping = Mapping::parse(&plain_path(path), &text)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let files: Vec<_> = mapping
        .translate_files()
        .map(|file| (file.field, folder.join(file.path)))
        .collect();
    for (field, path) in files {
        let pairs = Input::read_pairs(&path)
            .map_err(|error| mapping.translate_file_error(field, &error.kind.to_string()))?;
        mapping.set_translation(field, &pairs)?;
    }
    Ok(mapping)
}

/// Opens and rehearses every file. A file that cannot be read has its reason in its report; a mapping that does not fit
/// fails the whole command, since then nothing is sent.
pub(crate) fn prepare(
    args: &FileArgs,
    mapping: &Arc<Mapping>,
    stage: &Stage<'_>,
) -> Result<Vec<Slot>, Failure> {
    rehearse_all(args, open_all(args, mapping)?, stage)
}

/// Rehearses every file that could be opened, each after what those before it would have put into the ledger.
pub(crate) fn rehearse_all(
    args: &FileArgs,
    tables: Vec<Result<Table, InputError>>,
    stage: &Stage<'_>,
) -> Result<Vec<Slot>, Failure> {
    let mut slots = Vec::new();
    let mut foreseen = Foreseen::default();
    let mut left = tables.iter().filter(|table| table.is_ok()).count();
    let is_alone = left == 1;
    for (path, table) in args.files.iter().zip(tables) {
        let name = name_of(path);
        slots.push(match table {
            Ok(table) => {
                left -= 1;
                let among = Among {
                    foreseen: &mut foreseen,
                    is_followed: left > 0,
                };
                rehearsed(table, (!is_alone).then_some(among), stage)?
            }
            Err(error) => unread(name, error, stage.progress),
        });
    }
    Ok(slots)
}

/// How a file is read: as the mapping says, but for a worksheet that was named.
pub(crate) fn options(mapping: &Mapping, sheet: Option<&String>) -> Options {
    let mut options = options_of(mapping.source());
    options.sheet = sheet.cloned().or(options.sheet);
    options
}

/// How a file is read as a mapping's `[source]` says it.
pub(crate) fn options_of(source: &Source) -> Options {
    Options {
        sheet: source.sheet.clone(),
        header_row: source.header_row.map(u64::from),
        encoding: source.encoding.clone(),
        delimiter: source.delimiter,
        quoting: source.quoting,
        short_rows: source.short_rows,
        hidden: source.hidden,
        merged: source.merged,
        range: source.range.clone(),
        skip_rows_where: source.skip_rows_where.clone(),
    }
}

/// Opens a file; `-` is standard input.
pub(crate) fn open(path: &Path, options: &Options) -> Result<Input, InputError> {
    if is_stdin(path) {
        Input::from_stream(&mut std::io::stdin().lock(), Path::new(STDIN), options)
    } else {
        Input::open(path, options)
    }
}

/// The file as reports and results name it.
pub(crate) fn name_of(path: &Path) -> String {
    if is_stdin(path) {
        STDIN.to_owned()
    } else {
        path.display().to_string()
    }
}

/// Whether a path means standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The name of standard input.
pub(crate) const STDIN: &str = "stdin";

/// Opens every file before the first is rehearsed, so that a wrong mapping is told at once, for all files. Waits for
/// whoever writes to standard input or to a pipe.
pub(crate) fn open_all(
    args: &FileArgs,
    mapping: &Arc<Mapping>,
) -> Result<Vec<Result<Table, InputError>>, Failure> {
    let mut options = options(mapping, args.sheet.as_ref());
    options.hidden = args.hidden.map(Hidden::from).or(options.hidden);
    let today = jiff::Zoned::now().date();
    let mut tables = Vec::new();
    for path in &args.files {
        let name = name_of(path);
        tables.push(match open(path, &options) {
            Ok(input) => Ok(Table::new(
                name,
                input,
                Arc::clone(mapping),
                args.selection(),
                today,
            )?),
            // The file is well; what was asked of it is not. Nothing is sent then, as with a mapping that does not fit.
            Err(error) if error.is_usage() => return Err(Failure::Input(error)),
            Err(error) => Err(error),
        });
    }
    Ok(tables)
}

/// What is said before the first import, and before one that was led to another ledger than those before it.
pub(crate) fn nothing_known(ledger: &Path) -> String {
    format!(
        "no call is known yet in the ledger {}: every row is taken for a new one",
        plain_path(ledger)
    )
}

fn rehearsed(table: Table, among: Option<Among<'_>>, stage: &Stage<'_>) -> Result<Slot, Failure> {
    let ledger = match stage.reader {
        Some(reader) if !reader.is_empty()? => Some(reader),
        _ => None,
    };
    stage
        .progress
        .begin(format!("checking {}", plain(table.name())), 0);
    let rehearsal = rehearse(
        &table,
        stage.identities,
        Known { ledger, among },
        stage.purpose,
        Watch {
            observer: stage.progress,
            stop: stage.stop,
        },
    );
    stage.progress.end();
    let rehearsal = match rehearsal {
        Ok(rehearsal) => rehearsal,
        Err(RehearsalError::Input(error)) => {
            return Ok(unread(table.name().to_owned(), error, stage.progress));
        }
        // What holds for a mapping that does not fit: nothing is sent of any file.
        Err(RehearsalError::Mapping(errors)) => return Err(Failure::Mapping(errors)),
        Err(error) => return Err(Failure::Rehearsal(error)),
    };
    let mut report = FileReport::of(table.name().to_owned());
    report.description = Some(table.input().description().clone());
    report.columns = table.input().shown_header().into_owned();
    report.rows = rehearsal.rows;
    report.outcomes = rehearsal.outcomes;
    report.remarks = remarks(&table, &rehearsal);
    let prepared = Prepared {
        table: Arc::new(table),
        rehearsal,
    };
    Ok(Slot {
        report,
        prepared: Some(prepared),
    })
}

/// What a person should know about the file as a whole.
fn remarks(table: &Table, rehearsal: &Rehearsal) -> Vec<String> {
    let input = table.input();
    let mut findings = file_findings(input.description());
    findings.extend(end_findings(input));
    findings.extend(rehearsal.damage.findings(&input.shown_header()));
    let mut remarks: Vec<_> = findings.iter().map(ToString::to_string).collect();
    remarks.extend(rehearsal.date_remark.clone());
    remarks.extend(of_rows(
        rehearsal.left_out,
        &format!(
            "left out by {}; the file's last one is row {}",
            table.selection(),
            thousands(rehearsal.last_row)
        ),
    ));
    remarks.extend(of_rows(
        input.skipped_rows(),
        "passed over by skip_rows_where",
    ));
    remarks.extend(of_rows(
        rehearsal.twins,
        "with the key of an earlier row and the same content: each shares that row's ticket and is not sent",
    ));
    for before in &rehearsal.before {
        let (file, row) = (&before.of.file, thousands(before.of.row));
        remarks.extend(of_rows(
            before.rows,
            &format!(
                "with the call of a row of {file}, which is sent before (the first: row {}, there row {row}): \
                 each shares that row's ticket, and is sent only if that row is refused",
                thousands(before.first)
            ),
        ));
    }
    remarks.extend(of_rows(
        rehearsal.by_key_alone,
        "known by the key alone, since cells and mapping are others than then: make sure that no key is used for two calls",
    ));
    if !table.mapping().has_key() {
        let proposal = rehearsal
            .key_proposal
            .as_ref()
            .map_or_else(String::new, |column| {
                format!(
                    "; the column '{}' is different in every row and would do",
                    plain(column)
                )
            });
        remarks.push(format!(
            "no [key] in the mapping: a row that Excel rewrites when it saves counts as a new call{proposal}"
        ));
        remarks.extend(of_rows(
            rehearsal.identical,
            "identical to an earlier row: each counts as a call of its own",
        ));
    }
    remarks
}

/// A remark on so many rows, if there are any.
fn of_rows(rows: u64, what: &str) -> Option<String> {
    (rows > 0).then(|| format!("{} {what}", counted(rows, "row")))
}

/// A file that cannot be read: told at once as an error, and kept for the report.
pub(crate) fn unread(name: String, error: InputError, progress: &Progress) -> Slot {
    let mut report = FileReport::of(name);
    report.error = Some(error.to_string());
    report.sheets = error.sheets().to_vec();
    progress.say(Failure::Input(error).shown());
    Slot {
        report,
        prepared: None,
    }
}

/// The exit code that the files' readability alone asks for.
pub(crate) fn exit_of_reading(slots: &[Slot]) -> Exit {
    if slots.iter().any(|slot| slot.report.error.is_some()) {
        Exit::Input
    } else {
        Exit::Success
    }
}
