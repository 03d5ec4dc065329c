//! What every promise is tested with: a folder of one's own, calls, a server that keeps a log, the binary as a process.
//!
//! [`Project`] is the folder of a user who has nothing but a mapping; [`Server`] is the sandbox, whose log of tickets
//! is the witness; [`assert_told_truly`] holds the one against the other. Nothing here waits for time to pass: a test
//! waits for tickets, for a line of output, or for the process to end.

mod calls;
mod failing;
mod raw;
mod running;
mod server;
mod trial;

pub(crate) use calls::{
    Call, KEYED, UNKEYED, amid_notes, calls, csv, csv_text, table, typed_xlsx, without_key, xlsx,
    xlsx_with_name, xlsx_with_table,
};
pub(crate) use failing::{Failing, can_inject, failing, injected, within};
pub(crate) use raw::{Action, RawServer, Request, TOKEN, as_ticket};
pub(crate) use running::{Ran, Running};
pub(crate) use server::Server;
pub(crate) use trial::Trial;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use ticketload::code::{explain, meaning};
use ticketload::sandbox::LoggedTicket;

/// The folder of one user: a home, a working folder with a mapping, nothing else.
pub(crate) struct Project {
    folder: TempDir,
}

/// One row of a results file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) file: String,
    pub(crate) sheet: String,
    pub(crate) row: u64,
    pub(crate) key: String,
    pub(crate) outcome: String,
    pub(crate) ticket_id: String,
    pub(crate) error_code: String,
    pub(crate) message: String,
    pub(crate) attempts: u64,
    pub(crate) finished_at: String,
}

impl Project {
    /// A project whose mapping names `Call ID` as the key.
    pub(crate) fn new() -> Project {
        Project::with_mapping(KEYED)
    }

    pub(crate) fn with_mapping(mapping: &str) -> Project {
        let project = Project {
            folder: tempfile::tempdir().unwrap(),
        };
        for name in ["home", "work", "tmp"] {
            std::fs::create_dir(project.folder.path().join(name)).unwrap();
        }
        project.write("mapping.toml", mapping);
        project
    }

    /// A file in the working folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("work").join(name)
    }

    /// What the program keeps for its user.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Where the program puts what it needs for a moment.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.folder.path().join("tmp")
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The binary with nothing of the tester's own surroundings.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ticketload"));
        let home = self.home();
        command
            .args(args)
            .current_dir(self.folder.path().join("work"))
            .env_clear()
            .env("HOME", &home)
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_STATE_HOME", home.join("state"))
            .env("XDG_DATA_HOME", home.join("data"))
            .env("TMPDIR", self.temporary())
            .env("TZ", "UTC");
        command
    }

    /// The binary with the account of a server, as fast as it goes.
    pub(crate) fn command_for(&self, url: &str, args: &[&str]) -> Command {
        let mut command = self.command(args);
        command
            .env("TICKETLOAD_SERVER_URL", url)
            .env("TICKETLOAD_USERNAME", "sandbox")
            .env("TICKETLOAD_PASSWORD", "sandbox password")
            .env("TICKETLOAD_KEY", "sandbox key")
            .env("TICKETLOAD_RATE", "unlimited");
        command
    }

    /// Runs a command without an account to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Running::start(self.command(args)).end()
    }

    /// Runs a command with the account of a server to its end.
    pub(crate) fn run_for(&self, server: &Server, args: &[&str]) -> Ran {
        Running::start(self.command_for(server.url(), args)).end()
    }

    pub(crate) fn import(&self, server: &Server, args: &[&str]) -> Ran {
        self.start_import(server, args).end()
    }

    pub(crate) fn start_import(&self, server: &Server, args: &[&str]) -> Running {
        let args: Vec<&str> = ["import"].iter().chain(args).copied().collect();
        Running::start(self.command_for(server.url(), &args))
    }

    /// The same for one that hears of the end of its terminal, also where the tests are to outlive theirs (`nohup`).
    pub(crate) fn start_import_on_a_terminal(&self, server: &Server, args: &[&str]) -> Running {
        let args: Vec<&str> = ["import"].iter().chain(args).copied().collect();
        let mut outer = Command::new("env");
        outer.arg("--default-signal=HUP");
        within(&mut outer, &self.command_for(server.url(), &args));
        Running::start(outer)
    }

    /// The rows of a results file in the working folder; its header is checked.
    pub(crate) fn results(&self, name: &str) -> Vec<Told> {
        told(&self.read(name))
    }
}

/// Reads the text of a results file.
pub(crate) fn told(text: &str) -> Vec<Told> {
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let header: Vec<_> = reader.headers().unwrap().iter().collect();
    assert_eq!(
        header.join(","),
        "file,sheet,row,key,outcome,ticket_id,error_code,message,attempts,finished_at"
    );
    let rows = reader.records().map(|record| {
        let record = record.unwrap();
        let text = |column: usize| record[column].to_owned();
        Told {
            file: text(0),
            sheet: text(1),
            row: text(2).parse().unwrap(),
            key: text(3),
            outcome: text(4),
            ticket_id: text(5),
            error_code: text(6),
            message: text(7),
            attempts: text(8).parse().unwrap(),
            finished_at: text(9),
        }
    });
    rows.inspect(assert_explained).collect()
}

/// Whatever a test has results of: `explain` knows every word in them.
fn assert_explained(row: &Told) {
    let code = row.error_code.as_str();
    assert!(code.is_empty() || explain(code).is_some(), "{code}");
    assert!(meaning(&row.outcome).is_some(), "{}", row.outcome);
}

/// The outcomes in the order of the rows, for a comparison at one look.
pub(crate) fn outcomes(told: &[Told]) -> Vec<&str> {
    told.iter().map(|row| row.outcome.as_str()).collect()
}

pub(crate) fn count(told: &[Told], outcome: &str) -> usize {
    told.iter().filter(|row| row.outcome == outcome).count()
}

/// Holds results against what the server really created. The calls stand from row 2 on and have a complaint each.
///
/// Every call has one row, in order. No call has two tickets. A row that is said to have a ticket has that very one; a
/// ticket that exists is told, or its row is in doubt.
pub(crate) fn assert_told_truly(told: &[Told], calls: &[Call], tickets: &[LoggedTicket]) {
    let rows: Vec<u64> = told.iter().map(|row| row.row).collect();
    let expected: Vec<u64> = (2..).take(calls.len()).collect();
    assert_eq!(rows, expected, "every row once, in order");
    let mut created: HashMap<&str, &str> = HashMap::new();
    for ticket in tickets {
        let earlier = created.insert(complaint(ticket), &ticket.ticket_id);
        assert_eq!(earlier, None, "doubled: {}", complaint(ticket));
    }
    for (row, call) in told.iter().zip(calls) {
        let really = created.remove(call.reason.as_str());
        match row.outcome.as_str() {
            "created" | "already_created" => {
                assert_eq!(really, Some(row.ticket_id.as_str()), "{row:?}");
            }
            "in_doubt" => assert_eq!(row.ticket_id, ""),
            "invalid" | "rejected" | "not_sent" => assert_eq!(really, None, "{row:?}"),
            other => panic!("no such outcome: {other}"),
        }
    }
    assert!(created.is_empty(), "tickets of no row: {created:?}");
}

/// The outcomes that `validate` expects of `calls.csv`.
pub(crate) fn rehearsed(project: &Project, server: &Server, exit: i32) -> serde_json::Value {
    let mut report = rehearsed_together(project, server, &["calls.csv"], exit);
    report["outcomes"].take()
}

/// What `validate` reports of several files of one command.
pub(crate) fn rehearsed_together(
    project: &Project,
    server: &Server,
    files: &[&str],
    exit: i32,
) -> serde_json::Value {
    let args = [&["validate", "--format", "json"], files].concat();
    let ran = project.run_for(server, &args).exits(exit);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// What was rehearsed is what was told; `ready` was to be sent.
pub(crate) fn assert_agrees(rehearsed: &serde_json::Value, told: &[Told]) {
    for (before, after) in [
        ("ready", "created"),
        ("already_created", "already_created"),
        ("invalid", "invalid"),
        ("in_doubt", "in_doubt"),
    ] {
        assert_eq!(rehearsed[before], count(told, after), "{after}");
    }
}

/// What a ticket was made for.
pub(crate) fn complaint(ticket: &LoggedTicket) -> &str {
    ticket.payload["complaint"].as_str().unwrap()
}

/// All files below a folder.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files
}
