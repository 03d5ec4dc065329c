//! [`RunEnd`]: how a run ended, as its ledger remembers it.
//!
//! Owns the stable words, which stand in ledgers, in reports and as the `error_code` of rows that were not sent. Why a run
//! ends so is the affair of `import`.

use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunEnd {
    /// Every row had its turn.
    Finished,
    /// A person or the system asked for it.
    Interrupted,
    /// The same, and not every row had been looked up in the ledger by then.
    BrokenOff,
    /// The API does not accept the account.
    NotAuthenticated,
    /// What answers there is not this API.
    WrongServer,
    /// The server was away for too long.
    ServiceDown,
    /// Three rows one after the other ended in doubt.
    Doubts,
    /// The end of the sending window came.
    Window,
    /// More rows failed than the user allows.
    Budget,
    /// The first rows were all rejected with one code.
    Canary,
    /// Some row is invalid, and the user wants nothing sent then.
    Strict,
    /// The ledger could not be written.
    Ledger,
    /// The input changed or could not be read any more.
    Input,
    /// A defect of ours.
    Defect,
    /// It never came to an end of its own.
    Crashed,
    /// It is none: tickets of a results file were made known.
    Adopted,
    /// Another version of the program has a word for it.
    Unknown,
}

impl RunEnd {
    const KNOWN: [RunEnd; 16] = [
        RunEnd::Finished,
        RunEnd::Interrupted,
        RunEnd::BrokenOff,
        RunEnd::NotAuthenticated,
        RunEnd::WrongServer,
        RunEnd::ServiceDown,
        RunEnd::Doubts,
        RunEnd::Window,
        RunEnd::Budget,
        RunEnd::Canary,
        RunEnd::Strict,
        RunEnd::Ledger,
        RunEnd::Input,
        RunEnd::Defect,
        RunEnd::Crashed,
        RunEnd::Adopted,
    ];

    /// The stable word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            RunEnd::Finished => "finished",
            RunEnd::Interrupted => "interrupted",
            RunEnd::BrokenOff => "broken_off",
            RunEnd::NotAuthenticated => "not_authenticated",
            RunEnd::WrongServer => "wrong_server",
            RunEnd::ServiceDown => "service_down",
            RunEnd::Doubts => "doubts",
            RunEnd::Window => "window",
            RunEnd::Budget => "budget",
            RunEnd::Canary => "canary",
            RunEnd::Strict => "strict",
            RunEnd::Ledger => "ledger",
            RunEnd::Input => "input",
            RunEnd::Defect => "defect",
            RunEnd::Crashed => "crashed",
            RunEnd::Adopted => "adopted",
            RunEnd::Unknown => "unknown",
        }
    }

    /// Whether the run got as far as putting every row that was asked for into the ledger.
    #[must_use]
    pub fn knows_every_row(self) -> bool {
        !matches!(
            self,
            RunEnd::Crashed
                | RunEnd::BrokenOff
                | RunEnd::Ledger
                | RunEnd::Input
                | RunEnd::Defect
                | RunEnd::Unknown
        )
    }
}

impl ToSql for RunEnd {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.word().into())
    }
}

impl FromSql for RunEnd {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<RunEnd> {
        let word = value.as_str()?;
        let known = RunEnd::KNOWN.into_iter().find(|end| end.word() == word);
        Ok(known.unwrap_or(RunEnd::Unknown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back_and_those_of_other_versions_pass() {
        for end in RunEnd::KNOWN {
            let word = ValueRef::Text(end.word().as_bytes());
            assert_eq!(RunEnd::column_result(word), Ok(end));
        }
        let word = ValueRef::Text(b"of tomorrow");
        assert_eq!(RunEnd::column_result(word), Ok(RunEnd::Unknown));
        assert!(!RunEnd::Unknown.knows_every_row());
    }
}
