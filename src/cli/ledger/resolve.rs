//! `ledger resolve`: what a person found about rows in doubt, checked and recorded.
//!
//! Owns the order of things: what the ledger would refuse is told before the API is asked, and nothing is recorded unless
//! every ticket that was named exists.

use super::super::advice;
use super::super::args::ledger::ResolveArgs;
use super::super::failure::{Exit, Failure};
use super::super::output::print;
use super::super::runtime;
use super::super::status::Enquiry;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use ticketload::config::Settings;
use ticketload::input::{Input, Options};
use ticketload::ledger::{
    Found, Mode, NewFinding, Recorded, Reference, Refused, RunId, RunStory, Steward,
};
use ticketload::report::{counted, plain, plain_path};
use ticketload::row::Row;
use ticketload::ticket::TicketId;
use tokio::runtime::Builder;

/// A finding and where it stands, for messages.
struct Entry {
    /// Empty on the command line, else `row 7 of doubts.csv: `.
    place: String,
    /// The row of the file of findings; 0 on the command line.
    row: u64,
    finding: NewFinding,
}

pub(super) fn run(args: &ResolveArgs) -> Result<Exit, Failure> {
    let given = Settings {
        ledger: args.ledger.clone(),
        ..args.account.settings()
    };
    let settings = given.or(Settings::of_profile(args.account.profile().as_deref())?);
    let path = settings.ledger()?;
    let who = who(args)?;
    let entries = entries(args)?;
    if !path.exists() {
        return Err(super::absent(&path));
    }
    let mut steward = Steward::open(&path)?;
    let findings: Vec<NewFinding> = entries.iter().map(|entry| entry.finding.clone()).collect();
    accepted(&entries, steward.resolve(&findings, &who, Mode::Rehearse)?)?;
    if !args.unchecked {
        check_tickets(&settings, &steward, &entries)?;
    }
    let recorded = accepted(&entries, steward.resolve(&findings, &who, Mode::Commit)?)?;
    let told = Told {
        recorded: &recorded,
        who: plain(&who).into_owned(),
        rows: whose(&steward, &entries)?,
    };
    report(args, &entries, &told)
}

/// How many of the rows stand in which run, and over what it was.
fn whose(steward: &Steward, entries: &[Entry]) -> Result<Vec<(u64, RunStory)>, Failure> {
    let mut rows: BTreeMap<RunId, (u64, RunStory)> = BTreeMap::new();
    for entry in entries {
        let reference = entry.finding.reference;
        if let Some((rows, _)) = rows.get_mut(&reference.run) {
            *rows += 1;
        } else if let Some(run) = steward.run_of(reference)? {
            rows.insert(reference.run, (1, run));
        }
    }
    Ok(rows.into_values().collect())
}

/// Who found it.
fn who(args: &ResolveArgs) -> Result<String, Failure> {
    args.by
        .clone()
        .or_else(user)
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .ok_or_else(|| Failure::Usage {
            message: "nobody knows who found this".to_owned(),
            hint: "give your name with --by".to_owned(),
        })
}

/// The user of this machine: by the environment, which a nightly job may lack, else by number.
fn user() -> Option<String> {
    let named = ["LOGNAME", "USER"]
        .iter()
        .find_map(|name| std::env::var(name).ok());
    named.filter(|name| !name.trim().is_empty()).or_else(|| {
        let owner = std::fs::metadata("/proc/self").ok()?.uid();
        Some(name_of(owner).unwrap_or_else(|| format!("user {owner}")))
    })
}

fn name_of(user: u32) -> Option<String> {
    let accounts = std::fs::read_to_string("/etc/passwd").ok()?;
    accounts.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        (parts.nth(1)?.parse() == Ok(user)).then(|| name.to_owned())
    })
}

fn entries(args: &ResolveArgs) -> Result<Vec<Entry>, Failure> {
    if let Some(path) = &args.from {
        return in_file(path, !args.unchecked);
    }
    let found = match (&args.created, args.not_created) {
        (Some(ticket_id), _) => Found::Created(ticket_id.clone()),
        (None, _) => Found::NotCreated,
    };
    let finding = args.reference.map(|reference| NewFinding {
        reference,
        checked: !args.unchecked && matches!(found, Found::Created(_)),
        found,
    });
    Ok(finding
        .map(|finding| Entry {
            place: String::new(),
            row: 0,
            finding,
        })
        .into_iter()
        .collect())
}

/// The findings of a file, which may be a workbook too. Rows without a finding are not looked up yet.
fn in_file(path: &Path, check: bool) -> Result<Vec<Entry>, Failure> {
    let input = Input::open(path, &Options::default()).map_err(Failure::Input)?;
    let column = |name: &str| {
        let found = input
            .header()
            .iter()
            .position(|header| header.trim().eq_ignore_ascii_case(name));
        found.ok_or_else(|| Failure::Usage {
            message: format!("{} has no column '{name}'", plain_path(path)),
            hint: format!(
                "a file of findings has the columns reference, finding and ticket_id; `{}` writes one to fill in",
                advice::command("ledger in-doubt --format csv")
            ),
        })
    };
    let columns = (
        column("reference")?,
        column("finding")?,
        column("ticket_id")?,
    );
    let mut entries = Vec::new();
    let wrong = input
        .for_each_row(|row| match entry(row, columns, path, check) {
            Ok(entry) => {
                entries.extend(entry);
                ControlFlow::Continue(())
            }
            Err(failure) => ControlFlow::Break(failure),
        })
        .map_err(Failure::Input)?;
    wrong.map_or(Ok(entries), Err)
}

fn entry(
    row: &Row,
    (reference, finding, ticket_id): (usize, usize, usize),
    path: &Path,
    check: bool,
) -> Result<Option<Entry>, Failure> {
    let place = format!("row {} of {}: ", row.position.row, plain_path(path));
    let wrong = |what: String, hint: &str| Failure::Usage {
        message: format!("{place}{what}; nothing was recorded"),
        hint: hint.to_owned(),
    };
    let word = row
        .text(finding)
        .trim()
        .to_lowercase()
        .replace([' ', '-'], "_");
    let ticket_id = TicketId::new(row.text(ticket_id));
    let found = match (word.as_str(), ticket_id) {
        ("", None) => return Ok(None),
        ("created", Some(ticket_id)) => Found::Created(ticket_id),
        ("not_created", None) => Found::NotCreated,
        ("created", None) => {
            return Err(wrong(
                "it says created and names no ticket".to_owned(),
                "fill in ticket_id",
            ));
        }
        ("not_created", Some(_)) => {
            return Err(wrong(
                "it says not_created and names a ticket".to_owned(),
                "leave ticket_id empty, or write created",
            ));
        }
        _ => {
            return Err(wrong(
                "the finding must be created or not_created".to_owned(),
                "correct the column finding; leave it empty where nobody has looked yet",
            ));
        }
    };
    let reference: Reference = row.text(reference).parse().map_err(|error| {
        wrong(
            format!("{error}"),
            &format!(
                "copy the reference from `{}`; a spreadsheet may have made a time of it",
                advice::command("ledger in-doubt")
            ),
        )
    })?;
    let checked = check && matches!(found, Found::Created(_));
    Ok(Some(Entry {
        place,
        row: row.position.row,
        finding: NewFinding {
            reference,
            found,
            checked,
        },
    }))
}

/// What was recorded, or all that the ledger refuses.
fn accepted(
    entries: &[Entry],
    answers: Vec<Result<Recorded, Refused>>,
) -> Result<Vec<Recorded>, Failure> {
    let mut recorded = Vec::new();
    let mut refused = Vec::new();
    let mut hint = String::new();
    for (entry, answer) in entries.iter().zip(answers) {
        match answer {
            Ok(one) => recorded.push(one),
            Err(why) => {
                hint = hint_of(&why);
                refused.push(match &why {
                    Refused::Contradicts { reference, other } => {
                        let other = entries.get(*other).map_or(0, |entry| entry.row);
                        format!(
                            "{}row {other} says something else about {reference}",
                            entry.place
                        )
                    }
                    _ => format!("{}{why}", entry.place),
                });
            }
        }
    }
    if refused.is_empty() {
        return Ok(recorded);
    }
    if entries.len() > 1 {
        refused.push("nothing was recorded".to_owned());
    }
    Err(Failure::Usage {
        message: refused.join("\n       "),
        hint,
    })
}

fn hint_of(refused: &Refused) -> String {
    match refused {
        Refused::Unknown(_) | Refused::NotInDoubt { .. } => {
            return format!(
                "`{}` lists the rows in doubt with their references",
                advice::command("ledger in-doubt")
            );
        }
        Refused::Otherwise { .. } => {
            "if the first finding was wrong, put it right in the call centre: close a second ticket there, or enter a missing one"
        }
        Refused::Contradicts { .. } => {
            "correct the file, so that it says one thing about each row, and give it again"
        }
        Refused::Taken { .. } => "look the ticket up in the call centre: it is the other row's",
    }
    .to_owned()
}

/// Asks the API for every ticket that was named.
fn check_tickets(settings: &Settings, steward: &Steward, entries: &[Entry]) -> Result<(), Failure> {
    let named: Vec<(&Entry, &TicketId)> = entries
        .iter()
        .filter_map(|entry| match &entry.finding.found {
            Found::Created(ticket_id) => Some((entry, ticket_id)),
            Found::NotCreated => None,
        })
        .collect();
    if named.is_empty() {
        return Ok(());
    }
    let account = settings.account()?;
    let scope = steward.identities(&account.scope)?.scope();
    for (entry, _) in &named {
        let reference = entry.finding.reference;
        if let Some(run) = steward.run_of(reference)?
            && run.scope != scope
        {
            return Err(Failure::Usage {
                message: format!(
                    "{}row {reference} was sent as {}, and the settings name another account ({})",
                    entry.place,
                    plain(&run.target),
                    account.target
                ),
                hint: "give that account's server and user, or --unchecked to record the finding as it is"
                    .to_owned(),
            });
        }
    }
    let enquiry = Enquiry::open(settings, account)?;
    let runtime = runtime(Builder::new_current_thread())?;
    runtime.block_on(async {
        for (entry, ticket_id) in named {
            confirm(&enquiry, entry, ticket_id).await?;
        }
        Ok(())
    })
}

async fn confirm(enquiry: &Enquiry, entry: &Entry, ticket_id: &TicketId) -> Result<(), Failure> {
    let answer = enquiry.ask(ticket_id).await.map_err(Failure::Token)?;
    if answer.is_known() {
        return Ok(());
    }
    let shown = plain(ticket_id.as_str());
    let (message, hint) = if answer.error_code == "406" {
        (
            format!("the call centre has no ticket {shown}"),
            "look at the ID again: small and capital letters differ",
        )
    } else {
        (
            format!(
                "the API did not say whether there is a ticket {shown}: {}",
                answer.message
            ),
            "try again later, or give --unchecked to record the finding as it is",
        )
    };
    Err(Failure::Usage {
        message: format!("{}{message}; nothing was recorded", entry.place),
        hint: hint.to_owned(),
    })
}

/// What was recorded, by whom, and of which files. The same reference in another ledger is another patient's row; the file
/// shows it.
struct Told<'a> {
    recorded: &'a [Recorded],
    who: String,
    rows: Vec<(u64, RunStory)>,
}

fn report(args: &ResolveArgs, entries: &[Entry], told: &Told<'_>) -> Result<Exit, Failure> {
    let Told {
        recorded,
        who,
        rows,
    } = told;
    if args.from.is_none()
        && let [entry] = entries
    {
        let reference = entry.finding.reference;
        let row = match rows.as_slice() {
            [(_, run)] => format!("row {reference} (row {} of {})", reference.row, origin(run)),
            _ => format!("row {reference}"),
        };
        if let [Recorded::Before(first)] = recorded {
            return Err(Failure::Usage {
                message: format!(
                    "{row} was resolved before, with the same finding, by {} on {}",
                    plain(&first.who),
                    super::when(first.at)
                ),
                hint: "there is nothing left to do".to_owned(),
            });
        }
        return print(match &entry.finding.found {
            Found::Created(ticket_id) => {
                let ticket_id = plain(ticket_id.as_str());
                format!("{row} has ticket {ticket_id}, found by {who}; it is never sent again\n")
            }
            Found::NotCreated => format!(
                "{row} has no ticket, found by {who}; import its file again and it is sent\n"
            ),
        });
    }
    let count =
        |kind: fn(&Recorded) -> bool| recorded.iter().filter(|one| kind(one)).count() as u64;
    let before = count(|one| matches!(one, Recorded::Before(_)));
    let now = counted(count(|one| matches!(one, Recorded::Now)), "finding");
    let before = if before > 0 {
        format!("; {} on record already", counted(before, "finding"))
    } else {
        String::new()
    };
    let mut text = format!("{now} recorded, found by {who}{before}\n");
    for (rows, run) in rows {
        let rows = counted(*rows, "finding");
        text.push_str(&format!("  run {}: {rows} on {}\n", run.run, origin(run)));
    }
    print(text)
}

/// `calls.xlsx, sheet Night, sent as USER at HOST`.
fn origin(run: &RunStory) -> String {
    let sheet = run.sheet.as_deref();
    let sheet = sheet.map_or_else(String::new, |sheet| format!(", sheet {}", plain(sheet)));
    format!(
        "{}{sheet}, sent as {}",
        plain(&run.file),
        plain(&run.target)
    )
}
