//! `ledger check` and `ledger purge`: keeping the ledger in order.

use super::super::advice;
use super::super::args::ledger::{CheckLedgerArgs, PurgeArgs};
use super::super::failure::{Exit, Failure};
use super::super::output::print;
use super::{absent, when};
use ticketload::ledger::{Mode, Purge, Reader, Steward};
use ticketload::report::{counted, plain_path, thousands};

pub(super) fn check(args: &CheckLedgerArgs) -> Result<Exit, Failure> {
    let path = args.place.settings()?.ledger()?;
    let found = Reader::open(&path)?.check()?;
    if !found.faults.is_empty() {
        return Err(Failure::Usage {
            message: format!(
                "the ledger {} is not sound:\n  {}",
                plain_path(&path),
                found.faults.join("\n  ")
            ),
            hint: format!(
                "import nothing with it; restore it from a backup, or move it away and adopt the tickets of the results \
                 files into a new one with `{}`",
                advice::command("ledger adopt RESULTS.csv INPUT")
            ),
        });
    }
    let claimed = if found.claimed > 0 {
        format!(", {} being sent", thousands(found.claimed))
    } else {
        String::new()
    };
    print(format!(
        "ok: {}\n  {}, {}: {} with a ticket, {} in doubt{claimed}\n",
        plain_path(&path),
        counted(found.runs, "run"),
        counted(found.submissions, "call"),
        thousands(found.tickets),
        thousands(found.in_doubt),
    ))
}

pub(super) fn purge(args: &PurgeArgs) -> Result<Exit, Failure> {
    let path = args.place.settings()?.ledger()?;
    if !path.exists() {
        return Err(absent(&path));
    }
    let purge = Purge {
        before: args.older_than,
        forget_tickets: args.forget_tickets,
    };
    let mode = if args.dry_run {
        Mode::Rehearse
    } else {
        Mode::Commit
    };
    let purged = Steward::open(&path)?.purge(purge, mode)?;
    let did = |number: u64| match (args.dry_run, number) {
        (true, _) => "would be",
        (false, 1) => "was",
        (false, _) => "were",
    };
    let mut text = format!(
        "{} of {} that ended before {} {} forgotten\n",
        counted(purged.rows, "row"),
        counted(purged.runs, "run"),
        when(args.older_than),
        did(purged.rows),
    );
    if args.forget_tickets {
        text.push_str(&format!(
            "{} {} forgotten: if these calls come again in a file, they are sent again\n",
            counted(purged.tickets, "ticket"),
            did(purged.tickets),
        ));
    } else {
        text.push_str("every ticket is still known, so none of these calls is sent again\n");
    }
    if purged.kept > 0 {
        text.push_str(&format!(
            "{} kept, since rows of theirs are in doubt\n",
            counted(purged.kept, "older run")
        ));
    }
    print(text)
}
