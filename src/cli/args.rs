//! What the user typed.
//!
//! Owns the flags, their help and their environment variables; nothing is looked up or checked here beyond what a flag
//! by itself can be. What a command needs is put together in its own module.

pub(crate) mod ledger;
mod reading;
mod values;

pub(crate) use reading::{HiddenChoice, InitArgs, InspectArgs};

use super::advice;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;
use ticketload::config::{SecretFiles, Settings};
use ticketload::import::{MaxFailures, Rate};
use ticketload::reading::Selection;
use values::{duration, not_blank, row_range, time_of_day};

/// Turns spreadsheets of patient calls into tickets, each row exactly once.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, disable_help_subcommand = true, arg_required_else_help = true, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

pub(super) const AFTER_HELP: &str = "\
Exit codes:
  0 every row has a ticket (validate: would be sent)   6 finished; some rows are in doubt
  1 finished; some rows are invalid or rejected        7 another run holds this ledger
  2 command line, configuration, mapping or address    70 a defect of ticketload
  3 an input file cannot be read as a table            130, 143 interrupted; run again to continue
  4 not authenticated
  5 stopped early, or results, rejects or the report could not be written; run again to continue

Try it without an account:
  ticketload import --sandbox samples/calls.csv --mapping mapping.example.toml";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Send the rows of files as tickets
    Import(Box<ImportArgs>),
    /// Check files as `import` would, and send nothing
    Validate(Box<ValidateArgs>),
    /// Say what files hold, without a mapping and without a value
    Inspect(Box<InspectArgs>),
    /// Draft a mapping from a file's header, for you to check
    Init(Box<InitArgs>),
    /// Ask the API for the status of tickets
    Status(Box<StatusArgs>),
    /// Check configuration, server and credentials; creates nothing but a token
    Check(CheckArgs),
    /// Encrypt a password as the API wants it
    EncryptPassword(EncryptPasswordArgs),
    /// Say what a code in the results means and what to do
    Explain(ExplainArgs),
    /// Look into the ledger, resolve rows in doubt, keep the ledger in order
    #[command(arg_required_else_help = true)]
    Ledger {
        /// What to do
        #[command(subcommand)]
        command: ledger::LedgerCommand,
    },
    /// Run a stand-in for the API on this machine
    Sandbox(SandboxArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    #[command(flatten)]
    pub(crate) files: FileArgs,
    /// Where the results go; `-` is stdout [default: calls.csv -> calls.results.csv]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Results")]
    pub(crate) results: Option<PathBuf>,
    /// Where the rows go that want mending: mend them and import the file again
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Results")]
    pub(crate) rejects: Option<PathBuf>,
    /// Report as a sentence for people or as JSON for programs
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "human",
        help_heading = "Results"
    )]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) account: AccountArgs,
    #[command(flatten)]
    pub(crate) pace: PaceArgs,
    /// Send nothing if any row is invalid
    #[arg(long, help_heading = "Pace and limits")]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    /// What is remembered of every row, so that nothing is sent twice
    #[arg(long, value_name = "PATH", env = "TICKETLOAD_LEDGER", value_hint = ValueHint::FilePath, help_heading = "Ledger and sandbox")]
    pub(crate) ledger: Option<PathBuf>,
    /// Send to the built-in sandbox instead of a server, whose account and ledger are left alone; FOLDER keeps its tickets and ledger
    #[arg(long, value_name = "FOLDER", num_args = 0..=1, require_equals = true, value_hint = ValueHint::DirPath, help_heading = "Ledger and sandbox")]
    pub(crate) sandbox: Option<Option<PathBuf>>,
}

#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    #[command(flatten)]
    pub(crate) files: FileArgs,
    /// Report as a sentence for people or as JSON for programs
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: Format,
    /// A named profile of ticketload.toml
    #[arg(long, value_name = "NAME", env = "TICKETLOAD_PROFILE", value_parser = not_blank)]
    pub(crate) profile: Option<String>,
    /// The server, to look up in the ledger what has a ticket already; nothing is sent
    #[arg(long, value_name = "URL", env = "TICKETLOAD_SERVER_URL", value_parser = not_blank)]
    pub(crate) server_url: Option<String>,
    /// The user name, for the same look-up
    #[arg(long, value_name = "NAME", env = "TICKETLOAD_USERNAME", value_parser = not_blank)]
    pub(crate) username: Option<String>,
    /// The ledger to look in
    #[arg(long, value_name = "PATH", env = "TICKETLOAD_LEDGER", value_hint = ValueHint::FilePath)]
    pub(crate) ledger: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct FileArgs {
    /// The files: CSV or XLSX, also compressed (gzip); `-` is standard input, whose results go to stdin.results.csv here
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// Which column fills which field [default: mapping.toml]
    #[arg(long, value_name = "FILE", env = "TICKETLOAD_MAPPING", value_hint = ValueHint::FilePath, help_heading = "Input")]
    pub(crate) mapping: Option<PathBuf>,
    /// The worksheet to read
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    pub(crate) sheet: Option<String>,
    /// What becomes of rows that the worksheet hides, filtered ones among them; a sheet that has some wants the choice
    #[arg(long, value_name = "CHOICE", help_heading = "Input")]
    pub(crate) hidden: Option<HiddenChoice>,
    /// Only these rows, as the spreadsheet numbers them
    #[arg(long, value_name = "A-B", value_parser = row_range, help_heading = "Input")]
    pub(crate) rows: Option<(u64, u64)>,
    /// At most so many rows
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Input")]
    pub(crate) limit: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct AccountArgs {
    /// A named profile of ticketload.toml
    #[arg(
        long,
        value_name = "NAME",
        env = "TICKETLOAD_PROFILE",
        value_parser = not_blank,
        help_heading = "Server and account"
    )]
    pub(crate) profile: Option<String>,
    /// The API's address, without index.php
    #[arg(
        long,
        value_name = "URL",
        env = "TICKETLOAD_SERVER_URL",
        value_parser = not_blank,
        help_heading = "Server and account"
    )]
    pub(crate) server_url: Option<String>,
    /// The API's user name
    #[arg(
        long,
        value_name = "NAME",
        env = "TICKETLOAD_USERNAME",
        value_parser = not_blank,
        help_heading = "Server and account"
    )]
    pub(crate) username: Option<String>,
    /// A file that holds the password; else TICKETLOAD_PASSWORD
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Server and account")]
    pub(crate) password_file: Option<PathBuf>,
    /// A file that holds the encryption key; else TICKETLOAD_KEY
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Server and account")]
    pub(crate) key_file: Option<PathBuf>,
    /// How a ticket is written [default: json]
    #[arg(long, value_name = "json|form", value_parser = ["json", "form"], hide_possible_values = true, help_heading = "Server and account")]
    pub(crate) body: Option<String>,
    /// The API's name for a submission; the vendor's page says `as` and `adi` [default: as]
    #[arg(long, value_name = "WORD", help_heading = "Server and account")]
    pub(crate) resource: Option<String>,
    /// How long one attempt may take, in seconds [default: 60]
    #[arg(long, value_name = "SECS", help_heading = "Server and account")]
    pub(crate) timeout: Option<f64>,
}

#[derive(Debug, Args)]
pub(crate) struct PaceArgs {
    /// How fast rows leave, all workers together: N/s, N/m or unlimited [default: 5/s]
    #[arg(
        long,
        value_name = "RATE",
        env = "TICKETLOAD_RATE",
        help_heading = "Pace and limits"
    )]
    pub(crate) rate: Option<Rate>,
    /// How many rows are in flight at most [default: 4]
    #[arg(
        long,
        value_name = "N",
        env = "TICKETLOAD_WORKERS",
        help_heading = "Pace and limits"
    )]
    pub(crate) workers: Option<usize>,
}

#[derive(Debug, Args)]
pub(crate) struct LimitArgs {
    /// Stop when the server has been away for so long: 30s, 10m, 2h; a plain number is seconds
    #[arg(long, value_name = "DUR", default_value = "10m", value_parser = duration, help_heading = "Pace and limits")]
    pub(crate) give_up_after: Duration,
    /// Stop sending at this time of day
    #[arg(long, value_name = "HH:MM", value_parser = time_of_day, help_heading = "Pace and limits")]
    pub(crate) stop_at: Option<jiff::civil::Time>,
    /// Stop when more rows than this are rejected or end in doubt: a number or a part, such as 5%
    #[arg(long, value_name = "N|N%", help_heading = "Pace and limits")]
    pub(crate) max_failures: Option<MaxFailures>,
    /// Go on even if the first 20 rows are all rejected with the same code
    #[arg(long, help_heading = "Pace and limits")]
    pub(crate) no_canary: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// A results file; every ticket in it is asked for
    #[arg(value_name = "RESULTS.csv", required_unless_present = "ticket", conflicts_with = "ticket", value_hint = ValueHint::FilePath)]
    pub(crate) results: Option<PathBuf>,
    /// Tickets to ask for
    #[arg(long, value_name = "ID", num_args = 1.., value_parser = not_blank)]
    pub(crate) ticket: Vec<String>,
    /// A table for people, CSV or JSON
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: StatusFormat,
    /// Write to a file instead of stdout, which `-` is as well
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) account: AccountArgs,
    #[command(flatten)]
    pub(crate) pace: PaceArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) account: AccountArgs,
}

#[derive(Debug, Args)]
pub(crate) struct EncryptPasswordArgs {
    /// A named profile of ticketload.toml, for its `key_file`
    #[arg(long, value_name = "NAME", env = "TICKETLOAD_PROFILE", value_parser = not_blank)]
    pub(crate) profile: Option<String>,
    /// A file that holds the encryption key; else TICKETLOAD_KEY
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) key_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// A code as it stands in results, such as 406 or missing.dob; without one, all are listed
    #[arg(value_name = "CODE")]
    pub(crate) code: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    /// The port; 0 takes any that is free
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// Where tickets are kept [default: a temporary folder]
    #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub(crate) folder: Option<PathBuf>,
    /// The user name that it knows
    #[arg(long, value_name = "NAME", default_value = "sandbox")]
    pub(crate) username: String,
    /// Faults, such as `reset_after=0.01,expire@5,http503_before@1-20`; `help` lists them
    #[arg(long, value_name = "FAULTS")]
    pub(crate) faults: Option<String>,
    /// How long it takes for each ticket, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub(crate) delay_ms: u64,
    /// Makes its faults and ticket IDs repeatable
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// How long a token lives without being used, in seconds
    #[arg(long, value_name = "SECS", default_value_t = 7200)]
    pub(crate) idle: u64,
    /// The name of a submission that it answers to
    #[arg(long, value_name = "WORD", default_value = "as")]
    pub(crate) resource: String,
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Human,
    /// For programs.
    Json,
}

/// The form of statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatusFormat {
    /// For people.
    Human,
    /// For spreadsheets.
    Csv,
    /// For programs.
    Json,
}

impl FileArgs {
    pub(crate) fn selection(&self) -> Selection {
        Selection {
            rows: self.rows,
            limit: self.limit,
        }
    }
}

impl AccountArgs {
    /// The settings that were given as flags or in the environment.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            server_url: self.server_url.clone(),
            username: self.username.clone(),
            flagged: SecretFiles {
                password: self.password_file.clone(),
                key: self.key_file.clone(),
            },
            body: self.body.clone(),
            resource: self.resource.clone(),
            timeout: self.timeout,
            ..Settings::default()
        }
    }

    /// The profile's name, if one was named.
    pub(crate) fn profile(&self) -> Option<String> {
        self.profile.clone()
    }
}

impl PaceArgs {
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            rate: self.rate.map(|rate| rate.to_string()),
            workers: self.workers,
            ..Settings::default()
        }
    }
}

/// Reads the command line; clap's own answers (help, version, errors) come back as an error to print.
pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let arguments: Vec<OsString> = arguments.collect();
    let mut matches = match without_blank_variables(Cli::command()).try_get_matches_from(&arguments)
    {
        // Help names every variable, also one that is set to nothing.
        Err(error) if error.kind() == ErrorKind::DisplayHelp => {
            Cli::command().try_get_matches_from(&arguments)
        }
        parsed => parsed.map_err(|error| told_by_variable(error, &arguments)),
    }?;
    advice::remember(&matches);
    Cli::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut Cli::command()))
}

/// A value that nobody has typed is told with the variable that holds it, and not with the flag.
fn told_by_variable(mut error: clap::Error, arguments: &[OsString]) -> clap::Error {
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else {
        return error;
    };
    let name = flag.split(' ').next().unwrap_or_default();
    let is_it = |typed: &OsString| {
        let rest = typed.to_str().and_then(|typed| typed.strip_prefix(name));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
    };
    if !arguments.iter().any(is_it) {
        let mut definition = Cli::command();
        // Only then do flags know how they are shown.
        definition.build();
        if let Some(variable) = variable_of(&definition, flag) {
            error.insert(ContextKind::InvalidArg, ContextValue::String(variable));
        }
    }
    error
}

/// The variable of a flag that is shown like this.
fn variable_of(command: &clap::Command, flag: &str) -> Option<String> {
    let mut own = command.get_arguments();
    let known = own.find(|known| known.get_env().is_some() && known.to_string() == flag);
    let name = known.and_then(|known| known.get_env()?.to_str().map(str::to_owned));
    name.or_else(|| {
        let mut deeper = command.get_subcommands();
        deeper.find_map(|command| variable_of(command, flag))
    })
}

/// The definition without the variables that are set to nothing: such a one is as good as not set, whatever it is for.
fn without_blank_variables(command: clap::Command) -> clap::Command {
    command
        .mut_args(|flag| match flag.get_env() {
            Some(name) if variable(name).is_none() => flag.env(None::<&'static str>),
            Some(_) | None => flag,
        })
        .mut_subcommands(without_blank_variables)
}

/// What a variable is set to, if that is more than nothing.
fn variable(name: &OsStr) -> Option<OsString> {
    let value = std::env::var_os(name)?;
    let is_blank = value.to_str().is_some_and(|text| text.trim().is_empty());
    (!is_blank).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_in_the_help_is_never_cut_into_a_real_import() {
        let example = AFTER_HELP
            .lines()
            .find(|line| line.contains("ticketload import"));
        let example = example.unwrap();
        assert!(example.starts_with("  ticketload import --sandbox "));
        assert!(example.len() < 80, "{} characters", example.len());
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }
}
