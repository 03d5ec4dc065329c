//! Every fatal error: its message, its cause, its hint and its exit code.
//!
//! Owns the exit codes and their precedence, and the one way in which errors are printed:
//! `error: …`, `caused by: …`, a blank line, `hint: …`.

use super::advice::{self, ADOPT};
use super::import::{Unknown, Whose};
use std::io;
use std::path::{Path, PathBuf};
use ticketload::api::{ApiError, TokenError};
use ticketload::config::ConfigError;
use ticketload::import::{End, Outcomes, RehearsalError, Signal};
use ticketload::input::InputError;
use ticketload::ledger::{LedgerError, LedgerErrorKind};
use ticketload::mapping::MappingErrors;
use ticketload::report::{plain, plain_path};
use ticketload::results::ResultsError;
use ticketload::sandbox::SandboxError;
use ticketload::ticket::Outcome;

/// The exit codes that other programs rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Success = 0,
    /// Finished; some rows are invalid or rejected.
    Failures = 1,
    Usage = 2,
    Input = 3,
    NotAuthenticated = 4,
    /// Rows are not sent, or what there is to tell could not be written.
    StoppedEarly = 5,
    InDoubt = 6,
    Held = 7,
    Defect = 70,
    Interrupted = 130,
    Terminated = 143,
}

impl Exit {
    /// The first that fits of 70, 130/143, 7, 2, 3, 4, 5, 6, 1, 0.
    pub(crate) fn worse(self, other: Exit) -> Exit {
        let rank = |exit: Exit| match exit {
            Exit::Defect => 0,
            Exit::Interrupted | Exit::Terminated => 1,
            Exit::Held => 2,
            Exit::Usage => 3,
            Exit::Input => 4,
            Exit::NotAuthenticated => 5,
            Exit::StoppedEarly => 6,
            Exit::InDoubt => 7,
            Exit::Failures => 8,
            Exit::Success => 9,
        };
        if rank(other) < rank(self) {
            other
        } else {
            self
        }
    }

    pub(crate) fn of_signal(signal: Signal) -> Exit {
        match signal {
            Signal::Interrupt => Exit::Interrupted,
            Signal::Terminate | Signal::HangUp => Exit::Terminated,
        }
    }

    /// The code for outcomes as they stand.
    pub(crate) fn of_outcomes(outcomes: &Outcomes) -> Exit {
        if outcomes.get(Outcome::NotSent) > 0 {
            Exit::StoppedEarly
        } else if outcomes.get(Outcome::InDoubt) > 0 {
            Exit::InDoubt
        } else if outcomes.get(Outcome::Invalid) + outcomes.get(Outcome::Rejected) > 0 {
            Exit::Failures
        } else {
            Exit::Success
        }
    }

    /// The code for how a run ended. A reason that came when every row had had its turn changes nothing.
    pub(crate) fn of_run(end: &End, outcomes: &Outcomes) -> Exit {
        let by_outcomes = Exit::of_outcomes(outcomes);
        let by_end = match end {
            End::Defect(_) => return Exit::Defect,
            End::Ledger(error) if error.kind.is_defect() => return Exit::Defect,
            End::Input(_) => return Exit::Input,
            End::WrongServer(_) | End::Certificate(_) => return Exit::Usage,
            End::Finished => Exit::Success,
            End::Interrupted(signal) | End::BrokenOff(signal) => Exit::of_signal(*signal),
            End::NotAuthenticated(_) => Exit::NotAuthenticated,
            End::ServiceDown { .. }
            | End::Doubts
            | End::Window
            | End::Budget
            | End::Canary(_)
            | End::Strict
            | End::Ledger(_) => Exit::StoppedEarly,
        };
        if outcomes.get(Outcome::NotSent) > 0 {
            by_end.worse(by_outcomes)
        } else {
            by_outcomes
        }
    }
}

/// What ends a command.
#[derive(Debug)]
pub(crate) enum Failure {
    Config(ConfigError),
    Mapping(MappingErrors),
    /// The mapping file itself cannot be read.
    MappingFile {
        path: PathBuf,
        error: io::Error,
    },
    Input(InputError),
    Rehearsal(RehearsalError),
    Ledger(LedgerError),
    /// The ledger failed when rows had been sent by this command.
    LedgerLater(LedgerError),
    Api(ApiError),
    Token(TokenError),
    Sandbox(SandboxError),
    Results {
        path: PathBuf,
        error: ResultsError,
    },
    /// A results file of before cannot be read.
    EarlierResults {
        path: PathBuf,
        error: io::Error,
    },
    /// The command line asks for something that does not go together.
    Usage {
        message: String,
        hint: String,
    },
    /// An earlier results file tells of tickets or doubts that the ledger does not know.
    LostLedger {
        unknown: Vec<Unknown>,
        ledger: PathBuf,
    },
    /// An input that a command needs cannot be read; the message says what to do.
    Unread {
        message: String,
    },
    /// The report cannot be written, and may be half written.
    Report(io::Error),
    /// Reading or writing something of no other kind.
    Io {
        what: &'static str,
        error: io::Error,
    },
}

impl Failure {
    /// The same, once this command has sent rows: what it says and how it exits must not mean that nothing was sent.
    pub(crate) fn later(self) -> Failure {
        match self {
            Failure::Ledger(error)
            | Failure::Results {
                error: ResultsError::Ledger(error),
                ..
            } => Failure::LedgerLater(error),
            other => other,
        }
    }

    /// A run that ended before anything was sent, since it was led to a wrong server; none for any other end.
    pub(crate) fn of_wrong_server(end: &End) -> Option<Failure> {
        let hint = match end {
            End::WrongServer(_) => NOT_THIS_API,
            End::Certificate(_) => CERTIFICATE,
            _ => return None,
        };
        Some(Failure::Usage {
            message: end.to_string(),
            hint: hint.to_owned(),
        })
    }

    pub(crate) fn exit(&self) -> Exit {
        match self {
            Failure::Config(_)
            | Failure::Mapping(_)
            | Failure::MappingFile { .. }
            | Failure::Api(_)
            | Failure::Sandbox(_)
            | Failure::EarlierResults { .. }
            | Failure::Usage { .. }
            | Failure::Rehearsal(RehearsalError::Mapping(_))
            | Failure::LostLedger { .. } => Exit::Usage,
            Failure::Input(error) if error.is_usage() => Exit::Usage,
            Failure::Input(_)
            | Failure::Unread { .. }
            | Failure::Rehearsal(RehearsalError::Input(_)) => Exit::Input,
            Failure::Ledger(error)
            | Failure::Rehearsal(RehearsalError::Ledger(error))
            | Failure::Results {
                error: ResultsError::Ledger(error),
                ..
            } => ledger_exit(error),
            Failure::LedgerLater(error) => match ledger_exit(error) {
                Exit::Usage => Exit::StoppedEarly,
                exit => exit,
            },
            Failure::Rehearsal(RehearsalError::Stopped(signal)) => Exit::of_signal(*signal),
            Failure::Results { .. }
            | Failure::Rehearsal(RehearsalError::Temporary(_))
            | Failure::Report(_)
            | Failure::Io { .. } => Exit::StoppedEarly,
            Failure::Token(error) => match error {
                TokenError::Refused { .. } | TokenError::NeverAccepted => Exit::NotAuthenticated,
                TokenError::Certificate(_) | TokenError::NotThisApi { .. } => Exit::Usage,
                TokenError::NotReached { .. } => Exit::StoppedEarly,
            },
        }
    }

    /// The message, without its cause.
    pub(crate) fn message(&self) -> String {
        match self {
            Failure::Config(error) => error.to_string(),
            Failure::Mapping(errors) => errors.to_string(),
            Failure::MappingFile { path, error } => {
                format!("the mapping {} cannot be read: {error}", plain_path(path))
            }
            Failure::Input(error) => error.to_string(),
            Failure::Rehearsal(error) => error.to_string(),
            Failure::Ledger(error) | Failure::LedgerLater(error) => error.to_string(),
            Failure::Api(error) => error.to_string(),
            Failure::Token(error) => error.to_string(),
            Failure::Sandbox(error) => error.to_string(),
            // It is not the file of results that is in trouble.
            Failure::Results {
                error: ResultsError::Ledger(error),
                ..
            } => error.to_string(),
            Failure::Results { path, error } => format!("{}: {error}", plain_path(path)),
            Failure::EarlierResults { path, error } => {
                format!(
                    "the results file {} cannot be read: {error}",
                    plain_path(path)
                )
            }
            Failure::Usage { message, .. } | Failure::Unread { message } => message.clone(),
            Failure::LostLedger { unknown, ledger } => {
                let results: Vec<String> = unknown
                    .iter()
                    .map(|unknown| plain_path(&unknown.results))
                    .collect();
                format!(
                    "{} {} of calls that were sent and that the ledger {} does not know: it may have been lost, and importing again would create tickets twice",
                    results.join(" and "),
                    if results.len() == 1 { "tells" } else { "tell" },
                    plain_path(ledger)
                )
            }
            Failure::Report(error) => format!("the report cannot be written: {error}"),
            Failure::Io { what, error } => format!("{what}: {error}"),
        }
    }

    /// What to do next.
    fn hint(&self) -> Option<String> {
        match self {
            Failure::Config(error) => error.hint().map(str::to_owned),
            Failure::Mapping(_)
            | Failure::Rehearsal(RehearsalError::Mapping(_))
            | Failure::Unread { .. } => None,
            Failure::MappingFile { .. } => {
                Some("give --mapping FILE, or put a mapping.toml here; mapping.example.toml shows every key".to_owned())
            }
            Failure::Input(error) | Failure::Rehearsal(RehearsalError::Input(error)) => error.hint(),
            Failure::Ledger(error)
            | Failure::Rehearsal(RehearsalError::Ledger(error))
            | Failure::Results { error: ResultsError::Ledger(error), .. } => Some(ledger_hint(error)),
            Failure::LedgerLater(error) if matches!(error.kind, LedgerErrorKind::Damaged(_)) => Some(format!(
                "rows have been sent that no backup knows: restore the newest one and make the tickets of all results written \
                 since then known to it (`{}`) before you import: calls without that would be sent twice",
                advice::command(ADOPT)
            )),
            Failure::LedgerLater(error) => Some(ledger_hint(error)),
            Failure::Rehearsal(RehearsalError::Temporary(_)) => Some("make room in the temporary folder (TMPDIR)".to_owned()),
            Failure::Rehearsal(RehearsalError::Stopped(_)) => Some("run the same command again".to_owned()),
            Failure::Api(_) => Some("check the password, the key and the proxy".to_owned()),
            Failure::Token(error) => Some(token_hint(error)),
            Failure::Sandbox(_) => None,
            Failure::Results { .. } => Some(
                "the ledger has everything: run the same command again once the file can be written, nothing is sent twice"
                    .to_owned(),
            ),
            Failure::EarlierResults { .. } => Some(
                "check the path and the right to read it; a file that is not needed any more can be moved away".to_owned(),
            ),
            Failure::Usage { hint, .. } => Some(hint.clone()),
            Failure::LostLedger { unknown, .. } => Some(adopt_hint(unknown)),
            Failure::Report(_) | Failure::Io { .. } => None,
        }
    }

    /// The causes behind the message, outermost first.
    fn causes(&self) -> Vec<String> {
        let mut source: Option<&dyn std::error::Error> = match self {
            Failure::Api(error) => std::error::Error::source(error),
            Failure::Sandbox(error) => std::error::Error::source(error),
            _ => None,
        };
        let mut causes = Vec::new();
        while let Some(error) = source {
            causes.push(error.to_string());
            source = error.source();
        }
        causes
    }

    /// The whole, as it is printed.
    pub(crate) fn shown(&self) -> String {
        let message = self.message();
        // Mapping errors come with their own headings, one for each.
        let mut text = if matches!(self, Failure::Mapping(_)) {
            message
        } else {
            format!("error: {message}")
        };
        for cause in self.causes() {
            text.push_str("\ncaused by: ");
            text.push_str(&cause);
        }
        if let Some(hint) = self.hint() {
            text.push_str("\n\nhint: ");
            text.push_str(&hint);
        }
        text
    }
}

fn ledger_exit(error: &LedgerError) -> Exit {
    match error.kind {
        LedgerErrorKind::Held(_) => Exit::Held,
        LedgerErrorKind::Newer { .. }
        | LedgerErrorKind::Damaged(_)
        | LedgerErrorKind::Behind
        | LedgerErrorKind::ForeignNotes { .. }
        | LedgerErrorKind::Absent
        | LedgerErrorKind::Empty
        | LedgerErrorKind::Linked(_)
        | LedgerErrorKind::Mounted(_)
        | LedgerErrorKind::Network(_)
        | LedgerErrorKind::Shared(_)
        | LedgerErrorKind::NotDurable(_)
        | LedgerErrorKind::Open(_) => Exit::Usage,
        LedgerErrorKind::Gone | LedgerErrorKind::Sql(_) | LedgerErrorKind::WriterGone => {
            Exit::StoppedEarly
        }
        LedgerErrorKind::Illegal(_) | LedgerErrorKind::NotOne(_) => Exit::Defect,
    }
}

/// What makes the tickets known again that results name: with the input that each of them is of, and no other.
fn adopt_hint(unknown: &[Unknown]) -> String {
    let mut hint = "give the ledger that was used before with --ledger. If it is lost, make its tickets known again, with \
                    --mapping, --sheet and --hidden as in the import, and each input row for row as it was then:\n"
        .to_owned();
    for Unknown { results, input } in unknown {
        hint.push_str("\n  ");
        hint.push_str(&match input {
            Whose::Own(input) => advice::adopt(results, input),
            Whose::Other { path, sheet } => advice::adopt_other(results, path, sheet.as_deref()),
            Whose::Gone(_) => advice::adopt_other(results, Path::new("INPUT"), None),
        });
    }
    for Unknown { results, input } in unknown {
        if let Whose::Gone(name) = input {
            let (results, name) = (plain_path(results), plain(name));
            hint.push_str(&format!(
                "\n\n{results} is of {name}, which is not here: INPUT is where that file is now. Only where it is gone for good \
                 move {results} away: should its calls come again they are sent again"
            ));
        }
    }
    hint
}

fn ledger_hint(error: &LedgerError) -> String {
    match &error.kind {
        LedgerErrorKind::Shared(folder) => {
            return format!(
                "take the others' right away (chmod go-w {}), or give a folder of your own with --ledger",
                plain_path(folder)
            );
        }
        LedgerErrorKind::Behind => {
            return format!(
                "nothing was sent; put the newest copy of the ledger back, with the files beside it. If there is none, \
                 delete {} and make the tickets of the results files since then known again \
                  (`{}`) before you import: calls without that would be sent twice",
                plain_path(&error.lock_file()),
                advice::command(ADOPT)
            );
        }
        LedgerErrorKind::ForeignNotes { file, .. } => {
            return format!(
                "nothing was sent; give the ledger that was here before with --ledger, or put it back: it takes them in. If it \
                 is lost, look the tickets in {} up in the call centre, since nothing else may name them, and move that file away",
                plain_path(file)
            );
        }
        LedgerErrorKind::Gone => {
            return format!(
                "put it back if you can; if not, make the tickets of this run's results known to a new one (`{}`) before you \
                 import: calls without that would be sent twice",
                advice::command(ADOPT)
            );
        }
        LedgerErrorKind::Linked(_) => {
            "nothing was sent; keep the name that runs have used, and the files beside it, and delete the others; a backup \
             wants to be a copy of its own"
        }
        LedgerErrorKind::Mounted(_) => {
            "nothing was sent; mount the whole folder that the ledger lies in, such as with docker -v FOLDER:FOLDER, and name the \
             ledger within it"
        }
        LedgerErrorKind::Absent | LedgerErrorKind::Empty => "give the ledger that was used for the import with --ledger or --profile",
        LedgerErrorKind::Network(_) => "put the ledger on a local disk with --ledger",
        LedgerErrorKind::Held(_) => "wait for that run to end, or stop it; then run the same command again",
        LedgerErrorKind::Newer { .. } => "use the newer ticketload, or another ledger with --ledger",
        LedgerErrorKind::Damaged(_) => {
            "nothing was sent; restore the ledger from a backup. Starting with a new one would send calls twice"
        }
        LedgerErrorKind::NotDurable(_) => "put the ledger on a local disk with --ledger",
        LedgerErrorKind::Open(_) => "give a place that you may write to with --ledger",
        LedgerErrorKind::Sql(_) | LedgerErrorKind::WriterGone => {
            "make room on the disk, give back the right to write, or close what else has it open; then run the same command again"
        }
        LedgerErrorKind::Illegal(_) | LedgerErrorKind::NotOne(_) => "this is a defect of ticketload; please report it",
    }
    .to_owned()
}

/// What to do where the certificate fails.
const CERTIFICATE: &str = "check the server URL; a company proxy may stand between";
/// What to do where something else answers.
const NOT_THIS_API: &str =
    "check the server URL: it ends before index.php, as the vendor's page shows it";

fn token_hint(error: &TokenError) -> String {
    match error {
        TokenError::Refused { .. } => {
            "check the user name, the password and the encryption key with the vendor"
        }
        TokenError::NeverAccepted => "ask the vendor whether the account may use the API",
        TokenError::Certificate(_) => CERTIFICATE,
        TokenError::NotThisApi { .. } => NOT_THIS_API,
        TokenError::NotReached { .. } => "check the server URL and the network, then try again",
    }
    .to_owned()
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Failure {
        Failure::Config(error)
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Failure {
        Failure::Ledger(error)
    }
}

impl From<MappingErrors> for Failure {
    fn from(errors: MappingErrors) -> Failure {
        Failure::Mapping(errors)
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Failure {
        Failure::Api(error)
    }
}

impl From<SandboxError> for Failure {
    fn from(error: SandboxError) -> Failure {
        Failure::Sandbox(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_fits_wins() {
        let order = [
            Exit::Defect,
            Exit::Terminated,
            Exit::Held,
            Exit::Usage,
            Exit::Input,
            Exit::NotAuthenticated,
            Exit::StoppedEarly,
            Exit::InDoubt,
            Exit::Failures,
            Exit::Success,
        ];
        for (place, worse) in order.iter().enumerate() {
            for better in &order[place..] {
                assert_eq!(worse.worse(*better), *worse);
                assert_eq!(better.worse(*worse), *worse);
            }
        }
    }

    #[test]
    fn a_ledger_that_cannot_be_read_is_not_said_to_have_everything() {
        let damaged = || LedgerError {
            path: PathBuf::from("ledger.db"),
            kind: LedgerErrorKind::Damaged("page 7".to_owned()),
        };
        let results = || Failure::Results {
            path: PathBuf::from("calls.results.csv"),
            error: ResultsError::Ledger(damaged()),
        };
        assert_eq!(results().exit(), Exit::Usage);
        assert_eq!(results().shown(), Failure::Ledger(damaged()).shown());
        assert!(results().shown().contains("nothing was sent; restore"));
        for failure in [results(), Failure::Ledger(damaged())].map(Failure::later) {
            assert_eq!(failure.exit(), Exit::StoppedEarly);
            let shown = failure.shown();
            assert!(!shown.contains("nothing was sent"), "{shown}");
            assert!(!shown.contains("has everything"), "{shown}");
        }
        let unwritable = Failure::Results {
            path: PathBuf::from("calls.results.csv"),
            error: ResultsError::InputLost,
        };
        assert!(unwritable.later().shown().contains("has everything"));
    }

    #[test]
    fn a_certificate_that_fails_is_no_address_that_is_wrong() {
        let certificate =
            || End::Certificate("the server's certificate is not to be trusted".into());
        let failure = Failure::of_wrong_server(&certificate()).unwrap();
        let shown = failure.shown();
        assert!(
            shown.starts_with("error: the server's certificate"),
            "{shown}"
        );
        assert!(shown.contains("a company proxy"), "{shown}");
        assert!(!shown.contains("index.php"), "{shown}");
        let other = End::WrongServer("an HTML page".to_owned());
        let shown = Failure::of_wrong_server(&other).unwrap().shown();
        assert!(shown.contains("index.php"), "{shown}");
        for end in [certificate(), other] {
            let mut outcomes = Outcomes::default();
            outcomes.add(Outcome::NotSent);
            assert_eq!(Exit::of_run(&end, &outcomes), Exit::Usage);
        }
        assert!(Failure::of_wrong_server(&End::Doubts).is_none());
    }

    #[test]
    fn a_run_with_rows_that_were_not_sent_never_looks_finished() {
        let mut outcomes = Outcomes::default();
        outcomes.add(Outcome::NotSent);
        outcomes.add(Outcome::InDoubt);
        assert_eq!(Exit::of_run(&End::Finished, &outcomes), Exit::StoppedEarly);
        assert_eq!(
            Exit::of_run(&End::Interrupted(Signal::Interrupt), &outcomes),
            Exit::Interrupted
        );
        let mut all_had_their_turn = Outcomes::default();
        all_had_their_turn.add(Outcome::InDoubt);
        assert_eq!(
            Exit::of_run(&End::Doubts, &all_had_their_turn),
            Exit::InDoubt
        );
    }
}
