//! What the user typed after `ledger`.

use super::values::not_blank;
use super::{AccountArgs, Format, HiddenChoice, StatusFormat, variable};
use clap::{ArgGroup, Args, Subcommand, ValueHint};
use jiff::{Span, Timestamp, Zoned, civil};
use std::ffi::OsStr;
use std::path::PathBuf;
use ticketload::config::{ConfigError, Settings};
use ticketload::ledger::{Reference, RunId};
use ticketload::ticket::TicketId;

/// The commands that look into the ledger and keep it in order.
#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// List all runs and what came of their rows
    Runs(RunsArgs),
    /// Show one run; also while it is going
    Show(ShowArgs),
    /// List the rows in doubt, which a person has to look up in the call centre
    InDoubt(InDoubtArgs),
    /// Record what a person found about rows in doubt
    Resolve(Box<ResolveArgs>),
    /// Write the results file of a run again
    Results(ResultsArgs),
    /// Check that the ledger is whole and keeps its promises
    Check(CheckLedgerArgs),
    /// Make the tickets of a results file known again, after a ledger was lost
    Adopt(Box<AdoptArgs>),
    /// Forget the rows of old runs; tickets stay known
    Purge(PurgeArgs),
}

/// Where the ledger is.
#[derive(Debug, Args)]
pub(crate) struct PlaceArgs {
    /// The ledger [default: the user's own]
    #[arg(long, value_name = "PATH", env = "TICKETLOAD_LEDGER", value_hint = ValueHint::FilePath)]
    pub(crate) ledger: Option<PathBuf>,
    /// A named profile of ticketload.toml
    #[arg(long, value_name = "NAME", env = "TICKETLOAD_PROFILE", value_parser = not_blank)]
    pub(crate) profile: Option<String>,
}

impl PlaceArgs {
    /// The ledger and what else the profile says.
    pub(crate) fn settings(&self) -> Result<Settings, ConfigError> {
        let given_here = Settings {
            ledger: self.ledger.clone(),
            ..Settings::default()
        };
        Ok(given_here.or(Settings::of_profile(self.profile.as_deref())?))
    }
}

#[derive(Debug, Args)]
pub(crate) struct RunsArgs {
    /// For people or for programs
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The run's number
    #[arg(value_name = "RUN", value_parser = run)]
    pub(crate) run: RunId,
    /// For people or for programs
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

#[derive(Debug, Args)]
pub(crate) struct InDoubtArgs {
    /// For people, for spreadsheets or for programs
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: StatusFormat,
    /// Shows the rows' keys as well, where their files are still there
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) mapping: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("finding").args(["created", "not_created", "from"]).required(true), after_help = RESOLVE_HELP)]
pub(crate) struct ResolveArgs {
    /// The row, as `ledger in-doubt` names it, such as 12:845
    #[arg(
        value_name = "REFERENCE",
        required_unless_present = "from",
        conflicts_with = "from"
    )]
    pub(crate) reference: Option<Reference>,
    /// The ticket is there, and this is its ID
    #[arg(long, value_name = "TICKET_ID", value_parser = ticket_id, help_heading = "Finding")]
    pub(crate) created: Option<TicketId>,
    /// There is no ticket: the next run sends the row again
    #[arg(long, help_heading = "Finding")]
    pub(crate) not_created: bool,
    /// A file with a finding per row: columns reference, finding, ticket_id
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Finding")]
    pub(crate) from: Option<PathBuf>,
    /// Who found it [default: the user of this machine]
    #[arg(long, value_name = "NAME", help_heading = "Finding")]
    pub(crate) by: Option<String>,
    /// Do not ask the API whether the ticket exists
    #[arg(long, help_heading = "Finding")]
    pub(crate) unchecked: bool,
    /// The ledger [default: the user's own]
    #[arg(long, value_name = "PATH", env = "TICKETLOAD_LEDGER", value_hint = ValueHint::FilePath, help_heading = "Ledger")]
    pub(crate) ledger: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) account: AccountArgs,
}

const RESOLVE_HELP: &str = "\
Many at once:  ticketload ledger in-doubt --format csv > doubts.csv
Fill in the columns `finding` (created or not_created) and `ticket_id`, leave blank what is not looked up yet, and give
the file back with --from. All of its findings are recorded, or none.";

#[derive(Debug, Args)]
pub(crate) struct ResultsArgs {
    /// The run's number
    #[arg(value_name = "RUN", value_parser = run)]
    pub(crate) run: RunId,
    /// Where the results go; `-` is stdout [default: beside the input, if it is as it was then or gone]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) results: Option<PathBuf>,
    /// Where the rows go that want mending
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) rejects: Option<PathBuf>,
    /// The mapping, to read the rows' keys from the input [default: as for an import, if it is as it was then]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) mapping: Option<PathBuf>,
    /// Where the input is now, if it was moved
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) input: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

impl ResultsArgs {
    /// Settings of which the mapping is the one that an import would take. The one that is named here stays apart, since it
    /// is taken also where it is not the one of the run.
    pub(crate) fn settings(&self) -> Result<Settings, ConfigError> {
        let set_for_all = Settings {
            mapping: variable(OsStr::new("TICKETLOAD_MAPPING")).map(PathBuf::from),
            ..Settings::default()
        };
        Ok(set_for_all.or(self.place.settings()?))
    }
}

#[derive(Debug, Args)]
pub(crate) struct CheckLedgerArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

#[derive(Debug, Args)]
pub(crate) struct AdoptArgs {
    /// The results file that names the tickets
    #[arg(value_name = "RESULTS.csv", value_hint = ValueHint::FilePath)]
    pub(crate) results: PathBuf,
    /// The file that was imported, as it was then
    #[arg(value_name = "INPUT", value_hint = ValueHint::FilePath)]
    pub(crate) input: PathBuf,
    /// The mapping of the import [default: mapping.toml]
    #[arg(long, value_name = "FILE", env = "TICKETLOAD_MAPPING", value_hint = ValueHint::FilePath)]
    pub(crate) mapping: Option<PathBuf>,
    /// The worksheet
    #[arg(long, value_name = "NAME")]
    pub(crate) sheet: Option<String>,
    /// What became of rows that the worksheet hides
    #[arg(long, value_name = "CHOICE")]
    pub(crate) hidden: Option<HiddenChoice>,
    /// The input is, row for row, as it was when the results were written, though it looks changed and no key tells
    #[arg(long)]
    pub(crate) unchanged: bool,
    /// The server that has the tickets; nothing is sent
    #[arg(long, value_name = "URL", env = "TICKETLOAD_SERVER_URL", value_parser = not_blank)]
    pub(crate) server_url: Option<String>,
    /// The user name under which they were sent
    #[arg(long, value_name = "NAME", env = "TICKETLOAD_USERNAME", value_parser = not_blank)]
    pub(crate) username: Option<String>,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

#[derive(Debug, Args)]
pub(crate) struct PurgeArgs {
    /// What ended before this is old: a time such as 90d or 12w, or a date such as 2026-01-31
    #[arg(long, value_name = "DUR|DATE", value_parser = moment)]
    pub(crate) older_than: Timestamp,
    /// Forget the tickets of old runs as well: their calls would be sent again if they came again
    #[arg(long)]
    pub(crate) forget_tickets: bool,
    /// Say what would be forgotten, and forget nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
}

fn run(text: &str) -> Result<RunId, String> {
    match text.trim().parse::<u32>() {
        Ok(number) if number > 0 => Ok(RunId(i64::from(number))),
        _ => Err("a run is a number that `ticketload ledger runs` lists".to_owned()),
    }
}

fn ticket_id(text: &str) -> Result<TicketId, String> {
    TicketId::new(text).ok_or_else(|| "the ticket's ID is blank".to_owned())
}

/// A date begins at midnight here; a time counts back from now.
fn moment(text: &str) -> Result<Timestamp, String> {
    let hint = || "write a time such as 90d or 12w, or a date such as 2026-01-31".to_owned();
    let text = text.trim();
    let now = Zoned::now();
    if let Ok(date) = text.parse::<civil::Date>() {
        let midnight = date.to_zoned(now.time_zone().clone());
        return midnight.map(|zoned| zoned.timestamp()).map_err(|_| hint());
    }
    let span: Span = text.parse().map_err(|_| hint())?;
    if span.is_negative() || span.is_zero() {
        return Err(hint());
    }
    now.checked_sub(span)
        .map(|zoned| zoned.timestamp())
        .map_err(|_| hint())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_old_is_said_as_a_time_or_as_a_date() {
        let day = jiff::SignedDuration::from_hours(24);
        let ago = Timestamp::now().duration_since(moment("90d").unwrap());
        assert!((ago - day * 90).abs() < day, "{ago:?}");
        assert!(moment("12w").unwrap() < Timestamp::now());
        let date = moment("2026-01-31").unwrap();
        assert!(date.to_string().starts_with("2026-01-3"), "{date}");
        for text in ["", "soon", "-3d", "0d", "2026-02-31"] {
            assert!(moment(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_run_is_a_number() {
        assert_eq!(run("12"), Ok(RunId(12)));
        assert!(run("0").is_err() && run("-1").is_err() && run("last").is_err());
    }
}
