//! `ledger adopt RESULTS.csv INPUT`: after a ledger was lost, the rows that have tickets become known again.

use super::super::advice;
use super::super::args::FileArgs;
use super::super::args::ledger::AdoptArgs;
use super::super::failure::{Exit, Failure};
use super::super::files::{Prepared, STDIN, Stage, name_of, prepare, read_mapping};
use super::super::import::SANDBOX_PREFIX;
use super::super::output::print;
use super::super::progress::Screen;
use super::inputs::{PURPOSE, rehearsed};
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use ticketload::config::Settings;
use ticketload::import::{Stop, Table};
use ticketload::ledger::{Identities, Reader, Steward};
use ticketload::report::{counted, plain, plain_path};
use ticketload::results::{AdoptError, AdoptSummary, Adoptable, EarlierResults, EarlierRow, adopt};
use ticketload::ticket::Outcome;

pub(super) fn run(args: &AdoptArgs) -> Result<Exit, Failure> {
    let settings = settings(args)?;
    let Some((scope, target)) = settings.scope()? else {
        return Err(Failure::Usage {
            message: "it is not known which account has these tickets".to_owned(),
            hint: "give --server-url and --username, or a profile that has both".to_owned(),
        });
    };
    let Told { rows, all } = earlier(&args.results)?;
    let ledger = settings.ledger()?;
    let mut steward = Steward::open(&ledger)?;
    let identities = steward.identities(&scope)?;
    let prepared = input(args, &settings, &identities)?;
    refuse_those_of_another(args, &rows, &prepared.table)?;
    if rows.values().any(|row| is_untold(row, &prepared.table)) {
        refuse_changed(args, &all, &prepared.table)?;
    }
    let adoptable = Adoptable {
        table: &prepared.table,
        rehearsal: &prepared.rehearsal,
        rows: &rows,
    };
    match adopt(&mut steward, &adoptable, &identities, &target) {
        Ok(summary) => print(shown(&summary, args, &target, &prepared.table))?,
        Err(AdoptError::Input(error)) => return Err(Failure::Input(error)),
        Err(AdoptError::Ledger(error)) => return Err(Failure::Ledger(error)),
        Err(error @ (AdoptError::NoSuchRow(_) | AdoptError::OtherKey(_))) => {
            return Err(Failure::Usage {
                message: format!("{error}; nothing was adopted"),
                hint: fitting(args, &rows, &prepared.table),
            });
        }
    };
    drop(steward);
    match still_to_send(&prepared.table, &identities, &Reader::open(&ledger)?)? {
        0 => Ok(Exit::Success),
        rows => print(warned(rows, &args.input)),
    }
}

/// Refuses results of a file with another name where no key tells whether a row is the same: those of another day would lead
/// its calls to the tickets of other patients.
fn refuse_those_of_another(
    args: &AdoptArgs,
    rows: &HashMap<u64, EarlierRow>,
    table: &Table,
) -> Result<(), Failure> {
    let untold = |row: &&EarlierRow| is_untold(row, table);
    let Some(other) = of_another(rows, table, untold) else {
        return Ok(());
    };
    let why = why_untold(table);
    let (other, input) = (plain(other), plain(table.name()));
    let hint = if other == STDIN {
        "give what was read then on standard input, with - as the INPUT".to_owned()
    } else {
        format!(
            "give {other} as it was imported; if {input} is that file under another name, give it the name {other} again"
        )
    };
    Err(Failure::Usage {
        message: format!(
            "{} is of {other} and not of {input}, and nothing tells whether the rows are the same, since {why}; nothing was \
             adopted",
            plain_path(&args.results)
        ),
        hint,
    })
}

/// Whether nothing but its number tells which row of the input it is.
fn is_untold(row: &EarlierRow, table: &Table) -> bool {
    !table.mapping().has_key() || !row.has_key()
}

fn why_untold(table: &Table) -> &'static str {
    match table.mapping().has_key() {
        true => "they say no keys",
        false => "the mapping has no [key]",
    }
}

/// Refuses an input that may be another one than the results were written of, where rows are told by their numbers alone: with
/// one row more at its top each call would get its neighbour's ticket, and the new one would never be sent.
fn refuse_changed(args: &AdoptArgs, told: &HashSet<u64>, table: &Table) -> Result<(), Failure> {
    let (input, results) = (plain(table.name()), plain_path(&args.results));
    let (missing, surplus) = differing(told, table)?;
    let sign = if let Some(row) = missing {
        // That it was not sent does not make it a row of another file.
        format!("{input} has no row {row}, of which {results} tells")
    } else if args.unchanged {
        return Ok(());
    } else if is_newer(&args.input, &args.results) {
        format!("{input} was modified after {results} was written")
    } else if let Some(row) = surplus {
        format!("{input} has a row {row}, of which {results} does not tell")
    } else {
        return Ok(());
    };
    let unless = match missing {
        Some(_) => "",
        None => {
            ". Only if it is as it was (a copy, or a run with --rows or --limit) add --unchanged to the command"
        }
    };
    Err(Failure::Usage {
        message: format!(
            "{sign}, and nothing but their numbers tells which rows are the same, since {}: of another content calls would get \
             the tickets of others; nothing was adopted",
            why_untold(table)
        ),
        hint: format!(
            "give {input} as it was when {results} was written, row for row, and import the changed one afterwards{unless}"
        ),
    })
}

/// A row that results tell of and the input does not have, and one of the input that they do not tell of.
fn differing(told: &HashSet<u64>, table: &Table) -> Result<(Option<u64>, Option<u64>), Failure> {
    let mut missing = told.clone();
    let mut surplus = None;
    let read = table.for_each_call(|call| {
        let row = call.row.position.row;
        if !missing.remove(&row) {
            surplus = surplus.or(Some(row));
        }
        ControlFlow::<()>::Continue(())
    });
    read.map_err(Failure::Input)?;
    Ok((missing.into_iter().min(), surplus))
}

/// Whether a file was modified later than another one, as far as that can be told.
fn is_newer(path: &Path, than: &Path) -> bool {
    let modified = |path: &Path| path.metadata().and_then(|file| file.modified()).ok();
    match (modified(path), modified(than)) {
        (Some(one), Some(other)) => one > other,
        _ => false,
    }
}

/// The name of another file than this one that rows are of, of the first such row.
fn of_another<'r>(
    rows: &'r HashMap<u64, EarlierRow>,
    table: &Table,
    counts: impl Fn(&&EarlierRow) -> bool,
) -> Option<&'r str> {
    let others = rows.values().filter(|row| !row.is_of(table.name()));
    let first = others.filter(counts).min_by_key(|row| row.row)?;
    Some(first.file_name())
}

/// Which input fits results that do not fit the one at hand.
fn fitting(args: &AdoptArgs, rows: &HashMap<u64, EarlierRow>, table: &Table) -> String {
    let results = plain_path(&args.results);
    let as_then = "as it was imported, with its mapping, --sheet and --hidden";
    match of_another(rows, table, |_| true) {
        Some(other) => format!("give {}, which {results} is of, {as_then}", plain(other)),
        None => format!(
            "give the file that {results} was written of, {as_then}. Only where it is gone for good move {results} away: \
             should its calls come again they are sent again"
        ),
    }
}

/// How many rows the next import sends: those that are ready with the ledger as it is now.
fn still_to_send(table: &Table, identities: &Identities, reader: &Reader) -> Result<u64, Failure> {
    let ledger = (!reader.is_empty()?).then_some(reader);
    let rehearsal = rehearsed(table, identities, ledger)?;
    Ok(rehearsal.outcomes.get(Outcome::Ready))
}

fn settings(args: &AdoptArgs) -> Result<Settings, Failure> {
    let given = Settings {
        server_url: args.server_url.clone(),
        username: args.username.clone(),
        mapping: args.mapping.clone(),
        ..Settings::default()
    };
    Ok(given.or(args.place.settings()?))
}

/// What a results file tells.
struct Told {
    /// The rows whose fate matters, by their numbers.
    rows: HashMap<u64, EarlierRow>,
    /// The numbers of all rows.
    all: HashSet<u64>,
}

fn earlier(path: &Path) -> Result<Told, Failure> {
    let cannot = |error| Failure::EarlierResults {
        path: path.to_owned(),
        error,
    };
    let refused = |message: String, hint: &str| Failure::Usage {
        message: format!("{} {message}", plain_path(path)),
        hint: hint.to_owned(),
    };
    let Some(mut results) = EarlierResults::open(path).map_err(cannot)? else {
        return Err(refused(
            "is no results file of ticketload".to_owned(),
            "give the file that an import wrote, such as calls.results.csv, and then the input",
        ));
    };
    let (mut rows, mut all) = (HashMap::new(), HashSet::new());
    for row in results.rows() {
        let row = row.map_err(cannot)?;
        all.insert(row.row);
        let is_of_sandbox = row
            .ticket
            .as_ref()
            .is_some_and(|ticket| ticket.id.as_str().starts_with(SANDBOX_PREFIX));
        if is_of_sandbox {
            return Err(refused(
                "names tickets of the built-in sandbox".to_owned(),
                "no call centre has them; there is nothing to adopt",
            ));
        }
        if row.event().is_none() {
            continue;
        }
        let number = row.row;
        if row.ticket.as_ref().is_some_and(|ticket| !ticket.is_exact) {
            // The ledger would name it from then on wherever the row is told, and the call centre would not know it.
            return Err(refused(
                format!(
                    "does not show the ticket of row {number} as an import writes it: somebody has changed it; nothing was adopted"
                ),
                "give the results as they were written, or put the ticket's ID back there as they had it",
            ));
        }
        if rows.insert(number, row).is_some() {
            return Err(refused(
                format!("has two rows with the number {number}"),
                "it must hold the results of one input, as an import wrote it",
            ));
        }
    }
    if rows.is_empty() {
        return Err(refused(
            "names no ticket and no row in doubt".to_owned(),
            "there is nothing to adopt: import the file",
        ));
    }
    Ok(Told { rows, all })
}

/// The input, rehearsed as an import would, so that identical rows are counted the same way.
fn input(
    args: &AdoptArgs,
    settings: &Settings,
    identities: &Identities,
) -> Result<Prepared, Failure> {
    let mapping = Arc::new(read_mapping(&settings.mapping())?);
    let files = FileArgs {
        files: vec![args.input.clone()],
        mapping: None,
        sheet: args.sheet.clone(),
        rows: None,
        limit: None,
        hidden: args.hidden,
    };
    let screen = Screen::open();
    let stage = Stage {
        identities,
        reader: None,
        purpose: PURPOSE,
        progress: &screen.progress(),
        // A signal ends the process: there is nothing to bring to an end.
        stop: &Stop::new(),
    };
    let slot = prepare(&files, &mapping, &stage)?.pop();
    let unread = |message| Failure::Unread { message };
    match slot {
        Some(slot) => slot
            .prepared
            .ok_or_else(|| unread(slot.report.error.unwrap_or_default())),
        None => Err(unread(String::new())),
    }
}

/// Said of rows without a ticket: where the results of a part have replaced those of the whole, they have tickets.
fn warned(rows: u64, input: &Path) -> String {
    let input = plain(&name_of(input)).into_owned();
    let told = match rows {
        1 => format!(
            "1 row of {input} has no ticket in these results: the next import sends it. If it has one"
        ),
        _ => format!(
            "{} of {input} have no ticket in these results: the next import sends them. If they have tickets",
            counted(rows, "row")
        ),
    };
    format!("{told}, adopt the results that name them first\n")
}

fn shown(summary: &AdoptSummary, args: &AdoptArgs, target: &str, table: &Table) -> String {
    let mut text = format!(
        "adopted as run {} for {}: {} with {}, {} in doubt\n",
        summary.run,
        plain(target),
        counted(summary.created, "row"),
        if summary.created == 1 {
            "its ticket"
        } else {
            "their tickets"
        },
        summary.in_doubt
    );
    if summary.known > 0 {
        text.push_str(&format!("{} known before\n", counted(summary.known, "row")));
    }
    if summary.otherwise > 0 {
        text.push_str(&format!(
            "{} left as the ledger knows them, which is not as the results tell: see `{}`\n\
             none of them is sent again. One that is in doubt, though the results name its ticket, is led out of it by `{}`, once you \
             have looked it up; `{}` lists those. Where an import goes on stopping at {}, compare the tickets in the call \
             centre, since a call may have two, and move that file away\n",
            counted(summary.otherwise, "row"),
            advice::command(&format!("ledger show {}", summary.run)),
            advice::command("ledger resolve REFERENCE --created TICKET_ID"),
            advice::command("ledger in-doubt"),
            plain_path(&args.results)
        ));
    }
    if !table.mapping().has_key() {
        text.push_str(
            "the mapping has no [key]: rows are known by their cells, so a file that was changed since would be sent again\n",
        );
    }
    text
}
