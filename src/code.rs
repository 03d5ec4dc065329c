//! What each code means: the API's numbers and our own words.
//!
//! Owns the sentences behind `error_code`, for results, reports and `explain`. No I/O. The API uses one number for
//! two things, so each has a meaning on submission and one on status. Words that are no codes of rows have a table of their own.

mod words;

pub use words::{Meaning, WORDS, meaning};

/// What a code means and what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// The code as it stands in results; one that ends in `.` stands for a family, such as `missing.patient_lname`.
    pub code: &'static str,
    /// What it means for a row that is submitted.
    pub on_submission: &'static str,
    /// What it means when a ticket's status is asked for, if it can come up there.
    pub on_status: Option<&'static str>,
    /// Whose fault it usually is.
    pub whose: &'static str,
    /// What to do.
    pub what_to_do: &'static str,
}

/// Finds the explanation of a code.
#[must_use]
pub fn explain(code: &str) -> Option<&'static Explanation> {
    let exact = CODES.iter().find(|known| known.code == code);
    exact.or_else(|| {
        CODES
            .iter()
            .find(|known| known.code.ends_with('.') && code.starts_with(known.code))
    })
}

/// Every code that results can hold, in the order in which `explain` lists them.
pub const CODES: &[Explanation] = &[
    Explanation {
        code: "405",
        on_submission: "the account has no access to this practice",
        on_status: Some("the account has no access to the ticket's practice"),
        whose: "the account's settings, or the practice number in the row",
        what_to_do: "check the column behind `prac`; ask the vendor to add the practice to the account",
    },
    Explanation {
        code: "406",
        on_submission: "the doctor code is not valid",
        on_status: Some("there is no such ticket"),
        whose: "the row: the column behind `client_code`",
        what_to_do: "correct the doctor code, or leave it empty if the call is for the whole practice",
    },
    Explanation {
        code: "407",
        on_submission: "required information is missing",
        on_status: None,
        whose: "the row, or a mapping that leaves a required field empty",
        what_to_do: "look at the row's name, birth date, complaint and practice; run `validate` first",
    },
    Explanation {
        code: "408",
        on_submission: "the token has expired or the user is not known; nothing was processed and the row was sent again",
        on_status: Some("the token has expired or the user is not known"),
        whose: "nobody; if it goes on, the account",
        what_to_do: "nothing; if the run ends with it, run `ticketload check`",
    },
    Explanation {
        code: "409",
        on_submission: "the server's database failed, which proves nothing: the row is in doubt",
        on_status: Some("the server's database failed"),
        whose: "the vendor",
        what_to_do: "look in the call centre whether the ticket exists",
    },
    Explanation {
        code: "410",
        on_submission: "the API does not like the birth date's format",
        on_status: None,
        whose: "the mapping: `dob` must reach the API as YYYYMMDD",
        what_to_do: "give `dob` its `dates` formats in the mapping and run `validate`",
    },
    Explanation {
        code: "411",
        on_submission: "the doctor has no secure messaging",
        on_status: None,
        whose: "the doctor's settings in the call centre",
        what_to_do: "ask the vendor to set the doctor up, or send the call to the practice",
    },
    Explanation {
        code: "413",
        on_submission: "required information is missing, or no token could be made",
        on_status: None,
        whose: "the row; at login the user name, the password or the encryption key",
        what_to_do: "run `ticketload check`; if that is well, look at the row's required fields",
    },
    Explanation {
        code: "414",
        on_submission: "the doctor does not exist in this practice",
        on_status: None,
        whose: "the row: `client_code` and `prac` do not belong together",
        what_to_do: "correct one of the two columns",
    },
    Explanation {
        code: "missing.key",
        on_submission: "a column of the mapping's [key] is blank, so nothing says which call the row is",
        on_status: None,
        whose: "the row, or a [key] that not every call has",
        what_to_do: "fill the cell and import the rejects file; if many rows have it, make another column the [key]",
    },
    Explanation {
        code: "missing.",
        on_submission: "a required field has no value",
        on_status: None,
        whose: "the row",
        what_to_do: "fill the cell and import the rejects file, or give the field a `default` in the mapping",
    },
    Explanation {
        code: "invalid.",
        on_submission: "a value does not fit its field",
        on_status: None,
        whose: "the row, or the mapping's `dates`, `translate` or `pattern` of that field",
        what_to_do: "correct the cell; if many rows have it, correct the mapping",
    },
    Explanation {
        code: "changed.",
        on_submission: "a value was changed on its way, such as a ZIP code whose leading zero was restored",
        on_status: None,
        whose: "the file",
        what_to_do: "nothing, if the change is right",
    },
    Explanation {
        code: "doubtful.",
        on_submission: "a field that a ticket needs holds what databases write where there is no value, such as NULL, or a phone is one digit ten times; it is sent all the same",
        on_status: None,
        whose: "whoever exported the file",
        what_to_do: "make sure that it is the value, or export the file again with blank cells",
    },
    Explanation {
        code: "conflict.key",
        on_submission: "the key stands for another call already, in this file or in an earlier one",
        on_status: None,
        whose: "the file: its keys are not unique, or a row was changed after its ticket was made",
        what_to_do: "give a new call its own key; change a call that has a ticket in the call centre",
    },
    Explanation {
        code: "ragged",
        on_submission: "the row has another number of cells than the header",
        on_status: None,
        whose: "the file: a delimiter or a quote too many or too few, or blank cells that Excel has left out at the end",
        what_to_do: "mend the row, or export the file again; where only blank cells are missing, say short_rows = \"fill\" in [source]",
    },
    Explanation {
        code: "unexplained",
        on_submission: "a row of a rejects file has no error_code and blank cells at its end; it is sent all the same",
        on_status: None,
        whose: "a spreadsheet, which fills a row with too few cells up when it saves the file; or whoever cleared the error_code",
        what_to_do: "make sure that the row's cells stand under their own headers before you import it",
    },
    Explanation {
        code: "unreadable.cell",
        on_submission: "a mapped cell holds an error such as #N/A, or a formula without a value",
        on_status: None,
        whose: "the file",
        what_to_do: "put the value into the cell, or open the file with the formula in Excel, mend it there and save it",
    },
    Explanation {
        code: "timeout",
        on_submission: "the server did not answer in time: the row is in doubt",
        on_status: Some("the server did not answer in time"),
        whose: "the network or the server",
        what_to_do: "look in the call centre whether the ticket exists",
    },
    Explanation {
        code: "reset",
        on_submission: "the connection broke before an answer came: the row is in doubt",
        on_status: Some("the connection broke"),
        whose: "the network or the server",
        what_to_do: "look in the call centre whether the ticket exists",
    },
    Explanation {
        code: "cut",
        on_submission: "the answer was cut short: the row is in doubt",
        on_status: Some("the answer was cut short"),
        whose: "the network or the server",
        what_to_do: "look in the call centre whether the ticket exists",
    },
    Explanation {
        code: "unreadable",
        on_submission: "the answer was not the API's JSON: the row is in doubt",
        on_status: Some("the answer was not the API's JSON"),
        whose: "the server, or something between",
        what_to_do: "look in the call centre whether the ticket exists; check --server-url and --resource",
    },
    Explanation {
        code: "http.",
        on_submission: "a proxy or web server answered instead of the API: the row is in doubt",
        on_status: Some("a proxy or web server answered instead of the API"),
        whose: "the server, or something between",
        what_to_do: "look in the call centre whether the ticket exists; check --server-url and --resource",
    },
    Explanation {
        code: "code.",
        on_submission: "the API answered with a code that proves nothing: the row is in doubt",
        on_status: Some("the API answered with a code that proves nothing"),
        whose: "the vendor",
        what_to_do: "look in the call centre whether the ticket exists",
    },
    Explanation {
        code: "no_ticket_id",
        on_submission: "the API said success and named no ticket: the row is in doubt",
        on_status: None,
        whose: "the vendor",
        what_to_do: "look in the call centre whether the ticket exists",
    },
    Explanation {
        code: "known_ticket_id",
        on_submission: "the API answered with the ticket of another row: the row is in doubt",
        on_status: None,
        whose: "the vendor",
        what_to_do: "look in the call centre whether this call has a ticket of its own; tell the vendor",
    },
    Explanation {
        code: "other_echo",
        on_submission: "the API answered with the ticket of another patient: the row is in doubt",
        on_status: None,
        whose: "the vendor, or a proxy between",
        what_to_do: "look in the call centre whether this call has a ticket of its own; tell the vendor",
    },
    Explanation {
        code: "two_codes",
        on_submission: "the API gave two codes at once: the row is in doubt",
        on_status: None,
        whose: "the vendor",
        what_to_do: "look in the call centre whether the ticket exists",
    },
    Explanation {
        code: "no_code",
        on_submission: "the API said no success and gave no code: the row is in doubt",
        on_status: Some("the API said no success and gave no code"),
        whose: "the vendor",
        what_to_do: "look in the call centre whether the ticket exists",
    },
    Explanation {
        code: "unknown_error",
        on_submission: "the API gave an error in a form that is not known: the row is in doubt",
        on_status: Some("the API gave an error in a form that is not known"),
        whose: "the vendor",
        what_to_do: "look in the call centre whether the ticket exists; tell the vendor",
    },
    Explanation {
        code: "two_ids",
        on_submission: "the API named more than one ticket for one row: the row is in doubt",
        on_status: None,
        whose: "the vendor",
        what_to_do: "look in the call centre which tickets exist; tell the vendor",
    },
    Explanation {
        code: "id_and_error",
        on_submission: "the API named a ticket and an error at once: the row is in doubt",
        on_status: None,
        whose: "the vendor",
        what_to_do: "look in the call centre whether the ticket exists",
    },
    Explanation {
        code: "id_without_success",
        on_submission: "the API named a ticket without saying success: the row is in doubt",
        on_status: None,
        whose: "the vendor",
        what_to_do: "look in the call centre whether the ticket exists",
    },
    Explanation {
        code: "ambiguous",
        on_submission: "the API's answer contradicts itself: the row is in doubt",
        on_status: Some("the API's answer contradicts itself"),
        whose: "the vendor",
        what_to_do: "look in the call centre whether the ticket exists; tell the vendor",
    },
    Explanation {
        code: "no_status",
        on_submission: "comes only where a ticket's status is asked for",
        on_status: Some("the API said success and gave no status"),
        whose: "the vendor",
        what_to_do: "look the ticket up in the call centre",
    },
    Explanation {
        code: "changed_id",
        on_submission: "comes only where a ticket's status is asked for",
        on_status: Some(
            "the ticket's ID was changed in the results file, and no ticket has the one that stands there",
        ),
        whose: "whoever edited the results file, or the spreadsheet that saved it",
        what_to_do: "write the results again with `ticketload ledger results RUN`",
    },
    Explanation {
        code: "password",
        on_submission: "the password could not be encrypted; the row was not sent",
        on_status: Some("the password could not be encrypted"),
        whose: "the password or the encryption key",
        what_to_do: "run `ticketload check`",
    },
    Explanation {
        code: "no_token",
        on_submission: "the API said success at login and gave no token; the row was not sent",
        on_status: Some("the API said success at login and gave no token"),
        whose: "the vendor, or --server-url",
        what_to_do: "run `ticketload check`",
    },
    Explanation {
        code: "crash",
        on_submission: "the program ended while the row was being sent: the row is in doubt",
        on_status: None,
        whose: "whatever ended the program",
        what_to_do: "look in the call centre whether the ticket exists",
    },
    Explanation {
        code: "not_stored",
        on_submission: "the ledger could not take what came of the row; the next run knows it where it could be kept elsewhere",
        on_status: None,
        whose: "the disk",
        what_to_do: "make room or give back the right to write, then run the same command again: it says what came of the row",
    },
    Explanation {
        code: "crashed",
        on_submission: "the run was cut off before the row's turn, and did not send the row",
        on_status: None,
        whose: "whatever ended the program",
        what_to_do: "run the same command again",
    },
    Explanation {
        code: "waiting",
        on_submission: "the row waits to be sent: its run is going, a later run has taken it up, or a person found that it has no ticket",
        on_status: None,
        whose: "nobody",
        what_to_do: "import the file again, unless a run is going",
    },
    Explanation {
        code: "interrupted",
        on_submission: "the run was stopped; a row that was being sent then is in doubt, the others were not sent",
        on_status: None,
        whose: "nobody",
        what_to_do: "run the same command again; look up rows in doubt in the call centre",
    },
    Explanation {
        code: "broken_off",
        on_submission: "the run was stopped at once, before it had looked every row up; it did not send the row, which may have a ticket from an earlier run",
        on_status: None,
        whose: "nobody",
        what_to_do: "run the same command again: it says which rows have a ticket, and sends the others",
    },
    Explanation {
        code: "connect",
        on_submission: "no connection could be made; the row was not sent",
        on_status: Some("no connection could be made"),
        whose: "the network or the server",
        what_to_do: "run the same command again when the server is back",
    },
    Explanation {
        code: "token_expired",
        on_submission: "the token expired and the run ended before the row was sent again",
        on_status: None,
        whose: "nobody",
        what_to_do: "run the same command again",
    },
    Explanation {
        code: "refused",
        on_submission: "the server was too busy (429) until the run ended; the row was not taken",
        on_status: Some("the server is too busy (429)"),
        whose: "the pace",
        what_to_do: "run the same command again, with a lower --rate",
    },
    Explanation {
        code: "not_authenticated",
        on_submission: "the API does not accept the account; the row was not sent",
        on_status: Some("the API does not accept the account"),
        whose: "the user name, the password or the encryption key",
        what_to_do: "run `ticketload check`",
    },
    Explanation {
        code: "service_down",
        on_submission: "the server was away, or too busy for every row, for longer than --give-up-after; the row was not sent",
        on_status: None,
        whose: "the network or the server",
        what_to_do: "run the same command again when the server is back",
    },
    Explanation {
        code: "doubts",
        on_submission: "three rows one after the other ended in doubt, so the run stopped; this row was not sent",
        on_status: None,
        whose: "the server, or --resource",
        what_to_do: "look up the rows in doubt; check --resource; then run the same command again",
    },
    Explanation {
        code: "window",
        on_submission: "the sending window (--stop-at) ended; the row was not sent",
        on_status: None,
        whose: "nobody",
        what_to_do: "run the same command again in the next window",
    },
    Explanation {
        code: "budget",
        on_submission: "more rows failed than --max-failures allows; the row was not sent",
        on_status: None,
        whose: "the rows that failed",
        what_to_do: "look at the rows that failed, those in doubt among them, then run the same command again",
    },
    Explanation {
        code: "canary",
        on_submission: "the first rows were all rejected with one code, so the run stopped; the row was not sent",
        on_status: None,
        whose: "the mapping or the account",
        what_to_do: "look up that code; correct the mapping or the account; or go on with --no-canary",
    },
    Explanation {
        code: "strict",
        on_submission: "some row is invalid and --strict sends nothing then",
        on_status: None,
        whose: "the invalid rows",
        what_to_do: "mend the invalid rows, or leave --strict out",
    },
    Explanation {
        code: "ledger",
        on_submission: "the ledger could not be written; the row was not sent",
        on_status: None,
        whose: "the disk",
        what_to_do: "make room or give back the right to write, then run the same command again",
    },
    Explanation {
        code: "input",
        on_submission: "the input file changed or could not be read any more; the row was not sent",
        on_status: None,
        whose: "whatever writes the file",
        what_to_do: "run the same command again when the file is complete",
    },
    Explanation {
        code: "wrong_server",
        on_submission: "what answers there is not this API; the row was not sent",
        on_status: None,
        whose: "--server-url",
        what_to_do: "correct the server URL and run `ticketload check`",
    },
    Explanation {
        code: "defect",
        on_submission: "ticketload failed; the row was not sent",
        on_status: None,
        whose: "ticketload",
        what_to_do: "report it with what was printed; run the same command again",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_families_are_found() {
        assert_eq!(
            explain("406").unwrap().on_status,
            Some("there is no such ticket")
        );
        assert_eq!(explain("missing.patient_lname").unwrap().code, "missing.");
        assert_eq!(explain("http.502").unwrap().code, "http.");
        // A key is no field that could have a default.
        let key = explain("missing.key").unwrap();
        assert!(!key.what_to_do.contains("default"));
        assert_eq!(explain("nonsense"), None);
        assert_eq!(explain("4060"), None);
    }
}
