//! A ledger that was lost: results beside an input tell of calls that it does not know.
//!
//! Owns the question whether that is so, and what is to be adopted then. Inputs of one name take each other's place, and
//! results say themselves whose they are: what is advised is the pair that fits, since any other is refused, and results
//! that are moved away name their tickets nowhere.

use super::super::failure::Failure;
use super::super::files::name_of;
use super::office::SANDBOX_PREFIX;
use super::outputs::{Outputs, beside};
use std::io;
use std::path::{Path, PathBuf};
use ticketload::ledger::Reader;
use ticketload::results::{EarlierResults, ToldInput, ToldTicket, Trace, place_under_own_name};
use ticketload::ticket::TicketId;

/// Results that tell of calls that a ledger does not know.
#[derive(Debug)]
pub(crate) struct Unknown {
    pub(crate) results: PathBuf,
    pub(crate) input: Whose,
}

/// The input that results are of.
#[derive(Debug)]
pub(crate) enum Whose {
    /// The one at hand.
    Own(PathBuf),
    /// Another one that is there.
    Other {
        path: PathBuf,
        sheet: Option<String>,
    },
    /// One that is not where it was, by its name.
    Gone(String),
}

impl Outputs {
    /// Refuses to go on where an earlier results file tells of calls that the ledger does not know. One that is yet to be
    /// made knows none.
    pub(crate) fn refuse_if_ledger_was_lost(
        &self,
        reader: Option<&Reader>,
        ledger: &Path,
    ) -> Result<(), Failure> {
        let mut unknown: Vec<Unknown> = Vec::new();
        for output in self.files() {
            let beside = beside(&output.input);
            // Another input of that name may have taken the place since.
            let kept = place_under_own_name(&beside, &name_of(&output.input));
            let named = output.results.iter().map(PathBuf::as_path);
            for path in named.chain([&*beside, &*kept]) {
                let is_new = unknown.iter().all(|before| before.results != path);
                if is_new && path.is_file() && tells_of_unknown_calls(path, reader)? {
                    unknown.push(Unknown {
                        results: path.to_owned(),
                        input: whose(path, &output.input)?,
                    });
                }
            }
        }
        if unknown.is_empty() {
            return Ok(());
        }
        Err(Failure::LostLedger {
            unknown,
            ledger: ledger.to_owned(),
        })
    }
}

/// Whose results these are, as they say themselves.
fn whose(results: &Path, input: &Path) -> Result<Whose, Failure> {
    let unread = |error| unreadable(results, error);
    let told = match EarlierResults::open(results).map_err(unread)? {
        Some(mut earlier) => earlier.inputs().map_err(unread)?,
        None => Vec::new(),
    };
    let own = || Whose::Own(input.to_owned());
    let is_own = |told: &ToldInput| {
        told.has_name_of(&name_of(input)) && !is_elsewhere(Path::new(&told.file), results, input)
    };
    if told.iter().any(is_own) {
        return Ok(own());
    }
    let Some(other) = told.into_iter().next() else {
        return Ok(own());
    };
    // They stand beside their input, wherever that was named from.
    let as_named = Path::new(&other.file);
    let name = as_named.file_name().unwrap_or_default();
    let places = [results.with_file_name(name), as_named.to_owned()];
    Ok(match places.into_iter().find(|place| place.is_file()) {
        Some(path) => Whose::Other {
            path,
            sheet: other.sheet,
        },
        None => Whose::Gone(name.display().to_string()),
    })
}

/// Whether results that do not stand beside the input at hand are of a file of its name in another folder.
fn is_elsewhere(told: &Path, results: &Path, input: &Path) -> bool {
    let whole = |path: &Path| path.canonicalize().ok();
    results.parent() != input.parent() && told.is_file() && whole(told) != whole(input)
}

/// What an earlier results file tells of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// Nothing that matters.
    Nothing,
    /// Calls that were sent, and none by a name that could be looked for.
    Nameless,
    /// A ticket that matters.
    Ticket,
}

/// What an earlier results file tells, with each ticket judged. Doubts among the sandbox's tickets are its own.
fn told(
    path: &Path,
    judge: impl Fn(&ToldTicket) -> Result<Sign, Failure>,
) -> Result<Sign, Failure> {
    let Some(mut earlier) = EarlierResults::open(path).map_err(|error| unreadable(path, error))?
    else {
        return Ok(Sign::Nothing);
    };
    let (mut has_nameless, mut is_of_sandbox) = (false, false);
    for trace in earlier.traces() {
        let sign = match trace.map_err(|error| unreadable(path, error))? {
            Trace::Ticket(ticket) if ticket.id.as_str().starts_with(SANDBOX_PREFIX) => {
                is_of_sandbox = true;
                Sign::Nothing
            }
            Trace::Ticket(ticket) => judge(&ticket)?,
            Trace::Doubt => Sign::Nameless,
        };
        match sign {
            Sign::Ticket => return Ok(Sign::Ticket),
            Sign::Nameless => has_nameless = true,
            Sign::Nothing => {}
        }
    }
    Ok(if has_nameless && !is_of_sandbox {
        Sign::Nameless
    } else {
        Sign::Nothing
    })
}

/// Whether an earlier results file tells of calls that were sent to a server.
pub(crate) fn tells_of_real_calls(path: &Path) -> Result<bool, Failure> {
    Ok(told(path, |_| Ok(Sign::Ticket))? != Sign::Nothing)
}

/// Whether an earlier results file tells of calls that the ledger does not know.
fn tells_of_unknown_calls(path: &Path, reader: Option<&Reader>) -> Result<bool, Failure> {
    let knows = |id: &TicketId| reader.map_or(Ok(false), |reader| reader.knows_ticket(id));
    let sign = told(path, |ticket| {
        Ok(match ticket {
            // One that somebody has changed is no sign of another ledger, and as little to look for as a doubt.
            ticket if !ticket.is_exact => Sign::Nameless,
            ticket if !knows(&ticket.id)? => Sign::Ticket,
            _ => Sign::Nothing,
        })
    })?;
    Ok(match sign {
        Sign::Nothing => false,
        // What has no name by which to look for it can only be told from a ledger that knows nothing.
        Sign::Nameless => reader.map_or(Ok(true), Reader::is_empty)?,
        Sign::Ticket => true,
    })
}

fn unreadable(path: &Path, error: io::Error) -> Failure {
    Failure::EarlierResults {
        path: path.to_owned(),
        error,
    }
}
