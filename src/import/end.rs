//! Why a run ended.
//!
//! Owns the reasons, and what is said of each. The word that is remembered of it is the ledger's, its exit code the command
//! line's affair.

use crate::ledger::{LedgerError, RunEnd};
use crate::ticket::ErrorCode;
use std::fmt;
use std::time::Duration;

/// The signal that interrupted a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// SIGTERM.
    Terminate,
    /// The terminal was closed.
    HangUp,
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Signal::Interrupt => "Ctrl-C",
            Signal::Terminate => "SIGTERM",
            Signal::HangUp => "the end of its terminal (SIGHUP)",
        })
    }
}

/// Why a run ended.
#[derive(Debug, Clone)]
pub enum End {
    /// Every row had its turn.
    Finished,
    /// A person or the system asked for it.
    Interrupted(Signal),
    /// The same, and not every row had been looked up in the ledger by then.
    BrokenOff(Signal),
    /// The API does not accept the account.
    NotAuthenticated(String),
    /// What answers there is not this API.
    WrongServer(String),
    /// Nobody knows who answers there: the certificate fails.
    Certificate(String),
    /// The server was away for longer than `--give-up-after`.
    ServiceDown {
        /// For how long nothing proved that it works.
        away: Duration,
        /// What was seen last.
        why: String,
    },
    /// Three rows one after the other ended in doubt.
    Doubts,
    /// The end of `--stop-at` came.
    Window,
    /// More rows failed than `--max-failures` allows.
    Budget,
    /// The first rows were all rejected with one code.
    Canary(ErrorCode),
    /// `--strict`, and some row is invalid.
    Strict,
    /// The ledger could not be written.
    Ledger(LedgerError),
    /// The input changed or could not be read any more.
    Input(String),
    /// A defect of ours.
    Defect(String),
}

impl From<&End> for RunEnd {
    fn from(end: &End) -> RunEnd {
        match end {
            End::Finished => RunEnd::Finished,
            End::Interrupted(_) => RunEnd::Interrupted,
            End::BrokenOff(_) => RunEnd::BrokenOff,
            End::NotAuthenticated(_) => RunEnd::NotAuthenticated,
            End::WrongServer(_) | End::Certificate(_) => RunEnd::WrongServer,
            End::ServiceDown { .. } => RunEnd::ServiceDown,
            End::Doubts => RunEnd::Doubts,
            End::Window => RunEnd::Window,
            End::Budget => RunEnd::Budget,
            End::Canary(_) => RunEnd::Canary,
            End::Strict => RunEnd::Strict,
            End::Ledger(_) => RunEnd::Ledger,
            End::Input(_) => RunEnd::Input,
            End::Defect(_) => RunEnd::Defect,
        }
    }
}

impl End {
    /// The stable word in the ledger and in results.
    #[must_use]
    pub fn word(&self) -> &'static str {
        RunEnd::from(self).word()
    }

    /// Which of two ends is told: what a person has to know comes before what a person has done.
    pub(super) fn weight(&self) -> u8 {
        match self {
            End::Defect(_) => 2,
            End::Ledger(error) if error.kind.is_defect() => 2,
            End::Interrupted(_) | End::BrokenOff(_) => 1,
            _ => 0,
        }
    }
}

impl PartialEq for End {
    /// The same reason, whatever its details.
    fn eq(&self, other: &End) -> bool {
        RunEnd::from(self) == RunEnd::from(other)
    }
}

impl fmt::Display for End {
    /// What happened, as a sentence without its full stop.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Finished => f.write_str("every row had its turn"),
            End::Interrupted(signal) => write!(f, "interrupted by {signal}"),
            End::BrokenOff(signal) => {
                write!(f, "broken off by {signal} before every row was looked up; a row may have a ticket from an earlier run")
            }
            End::NotAuthenticated(why) => write!(f, "the API does not accept this account: {why}"),
            End::WrongServer(why) => write!(f, "this is not the Answering Service API: {why}"),
            End::Certificate(why) => f.write_str(why),
            End::ServiceDown { away, why } => {
                write!(f, "the server gave no sign of working for {}: {why}", spoken(*away))
            }
            End::Doubts => f.write_str(
                "three rows one after the other ended in doubt: the service is not well, or --resource is wrong",
            ),
            End::Window => f.write_str("the end of the sending window (--stop-at) has come"),
            End::Budget => f.write_str("more rows failed than --max-failures allows"),
            End::Canary(code) => write!(
                f,
                "the first rows were all rejected with code {code}: the mapping or the account is wrong, not the rows"
            ),
            End::Strict => f.write_str("some rows are invalid, and --strict sends nothing then"),
            End::Ledger(error) => write!(f, "{error}"),
            End::Input(error) => f.write_str(error),
            End::Defect(what) => write!(f, "a defect of ticketload: {what}"),
        }
    }
}

/// A duration as people say it: `0.8 s`, `45 s`, `4 min`, `2 h 5 min`.
#[must_use]
pub fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 10 && duration.subsec_millis() > 0 {
        return format!("{:.1} s", duration.as_secs_f64());
    }
    match (seconds / 3600, seconds / 60 % 60, seconds) {
        (0, 0, s) => format!("{s} s"),
        (0, minutes, s) if s < 120 => format!("{minutes} min {} s", s % 60),
        (0, minutes, _) => format!("{minutes} min"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_spoken() {
        let texts: Vec<_> = [3, 65, 240, 3600, 7500]
            .into_iter()
            .map(|s| spoken(Duration::from_secs(s)))
            .collect();
        assert_eq!(spoken(Duration::from_millis(812)), "0.8 s");
        assert_eq!(texts, ["3 s", "1 min 5 s", "4 min", "1 h", "2 h 5 min"]);
    }
}
