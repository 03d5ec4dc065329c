//! A disk that fails harms no row: what could not be stored is kept elsewhere and told, and the same command continues.
//!
//! Each test lets the disk fail a little later than before, until it fails no more, and after each failure runs the same
//! command again on a sound disk.

use crate::harness::{
    Call, Failing, Ran, Running, Server, Told, Trial, assert_told_truly, calls, can_inject, count,
    csv, failing, injected, told, within,
};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

const ROWS: usize = 6;

impl Trial {
    fn of_disk(workers: usize) -> Trial {
        Trial::over(Server::new(), calls(ROWS), workers)
    }

    /// A trial whose ledger is there already, as every night but the first finds it.
    fn with_ledger(workers: usize) -> Trial {
        let trial = Trial::of_disk(workers);
        let mut invalid = Call::numbered(ROWS + 1);
        invalid.dob = String::new();
        trial.project.write("other.csv", csv(&[invalid]));
        trial.project.import(&trial.server, &["other.csv"]).exits(1);
        trial
    }

    fn ledger(&self, ending: &str) -> PathBuf {
        let folder = self.project.home().join("state/ticketload");
        folder.join(format!("ledger.db{ending}"))
    }

    /// Runs the import while calls on these files fail; none where nothing failed any more.
    fn on_bad_disk(&self, failures: &[Failing<'_>], paths: &[PathBuf]) -> Option<Ran> {
        self.with_bad_disk(&self.command(), failures, paths)
    }

    /// The same with another command.
    fn with_bad_disk(
        &self,
        command: &Command,
        failures: &[Failing<'_>],
        paths: &[PathBuf],
    ) -> Option<Ran> {
        let trace = self.project.temporary().join("trace");
        let ran = Running::start(failing(command, failures, paths, &trace)).end();
        (injected(&trace) > 0).then_some(ran)
    }

    /// Runs a command that can make no file larger than this.
    fn with_room_for(&self, kib: u32, command: Command) -> Ran {
        let script = format!("ulimit -f {kib}; exec \"$@\"");
        let mut limited = Command::new("bash");
        limited.args(["-c", &script, "bash"]);
        within(&mut limited, &command);
        Running::start(limited).end()
    }

    /// What the results say, if there are any.
    fn told(&self) -> Option<Vec<Told>> {
        let path = self.project.path("calls.results.csv");
        path.exists()
            .then(|| told(&self.project.read("calls.results.csv")))
    }

    /// Holds what the run on the bad disk said against what the server has.
    fn assert_said_truly(&self, ran: &Ran) {
        let tickets = self.server.tickets();
        let Some(told) = self.told() else {
            assert_eq!(ran.code, Some(5), "{}", ran.all());
            assert!(ran.stderr.contains("\nhint: "), "{}", ran.all());
            return;
        };
        assert_told_truly(&told, &self.calls, &tickets);
        let expected = if count(&told, "not_sent") > 0 {
            5
        } else if count(&told, "in_doubt") > 0 {
            6
        } else {
            0
        };
        assert_eq!(ran.code, Some(expected), "{}", ran.all());
        let doubtful = told.iter().filter(|row| row.outcome == "in_doubt");
        for row in doubtful {
            assert_eq!(row.error_code, "not_stored", "{row:?}");
        }
        for ticket in tickets {
            let id = &ticket.ticket_id;
            let is_in_results = told.iter().any(|row| row.ticket_id == *id);
            let is_on_stderr = ran.stderr.contains(&format!("created, ticket {id}"));
            assert!(
                is_in_results || is_on_stderr,
                "{id} is told nowhere: {}",
                ran.all()
            );
        }
    }

    /// Runs the same command again, where nothing fails; gives the number of rows in doubt.
    fn assert_continues(&self) -> usize {
        let ran = Running::start(self.command()).end();
        let told = self.told().unwrap_or_else(|| panic!("{}", ran.all()));
        assert_told_truly(&told, &self.calls, &self.server.tickets());
        let doubts = count(&told, "in_doubt");
        let has_ticket = count(&told, "created") + count(&told, "already_created");
        assert_eq!(has_ticket + doubts, ROWS, "{}", ran.all());
        assert!(doubts <= self.workers, "{doubts} in doubt: {}", ran.all());
        ran.exits(if doubts == 0 { 0 } else { 6 });
        self.project.run(&["ledger", "check"]).exits(0);
        doubts
    }
}

/// Lets calls fail at one moment after the other, until nothing fails any more; gives how often something did, and how
/// many rows came to be in doubt.
fn series(
    start: impl Fn() -> Trial,
    moments: impl Iterator<Item = String>,
    failures: impl Fn(&str) -> Vec<Failing<'_>>,
    paths: impl Fn(&Trial) -> Vec<PathBuf>,
) -> (usize, usize) {
    let mut doubts = 0;
    for (times, when) in moments.enumerate() {
        assert!(times < 100, "it never ends");
        let trial = start();
        let Some(ran) = trial.on_bad_disk(&failures(&when), &paths(&trial)) else {
            println!(
                "{} workers: {times} failures, {doubts} in doubt",
                trial.workers
            );
            return (times, doubts);
        };
        println!("at {when}: exit {:?}", ran.code);
        trial.assert_said_truly(&ran);
        doubts += trial.assert_continues();
    }
    unreachable!("there is always a later moment")
}

/// The first call alone, the second alone, and so on.
fn once() -> impl Iterator<Item = String> {
    (1..).map(|n: u32| n.to_string())
}

/// Every call from the first on, from a later one on, and so on.
fn for_good(step: usize) -> impl Iterator<Item = String> {
    (1..).step_by(step).map(|n: u32| format!("{n}+"))
}

/// No sync comes to an end.
fn unsynced(when: &str) -> Vec<Failing<'_>> {
    let (calls, error) = ("fsync,fdatasync", "EIO");
    vec![Failing { calls, error, when }]
}

/// The ledger gets no more room; what SQLite does not write, such as a note in the emergency file, gets none from the
/// beginning, not even the room that was made for it.
fn full(when: &str) -> Vec<Failing<'_>> {
    let error = "ENOSPC";
    let room = |calls, when| Failing { calls, error, when };
    vec![
        room("pwrite64,ftruncate,fallocate", when),
        room("write", "1+"),
    ]
}

fn all_files(_: &Trial) -> Vec<PathBuf> {
    Vec::new()
}

fn ledger_files(trial: &Trial) -> Vec<PathBuf> {
    let endings = ["", "-wal", "-shm", "-journal", ".emergency.jsonl"];
    endings.map(|ending| trial.ledger(ending)).to_vec()
}

#[test]
fn a_sync_that_fails_once_at_the_nth_call_loses_no_outcome() {
    if !can_inject() {
        return;
    }
    for workers in [1, 4] {
        let start = || Trial::with_ledger(workers);
        let (times, doubts) = series(start, once(), unsynced, all_files);
        assert!(times > ROWS, "{times} failures");
        assert_eq!(doubts, 0, "every outcome was kept elsewhere");
    }
}

#[test]
fn a_new_ledger_that_cannot_be_synced_sends_nothing_that_is_forgotten() {
    if !can_inject() {
        return;
    }
    let (times, doubts) = series(|| Trial::of_disk(4), once(), unsynced, all_files);
    assert!(times > ROWS, "{times} failures");
    assert_eq!(doubts, 0);
}

#[test]
fn a_disk_that_syncs_nothing_from_the_nth_call_on_doubles_and_loses_nothing() {
    if !can_inject() {
        return;
    }
    let start = || Trial::with_ledger(4);
    let (times, _) = series(start, for_good(1), unsynced, all_files);
    assert!(times > ROWS, "{times} failures");
}

#[test]
fn what_can_be_kept_nowhere_on_a_full_disk_is_said_and_its_rows_are_in_doubt() {
    if !can_inject() {
        return;
    }
    let start = || Trial::with_ledger(4);
    let (times, doubts) = series(start, for_good(3), full, ledger_files);
    assert!(times > ROWS, "{times} failures");
    assert!(
        doubts > 0,
        "nothing was left in doubt, so nothing was tried"
    );
}

#[test]
fn a_disk_with_room_for_files_of_some_size_only_doubles_and_loses_nothing() {
    for kib in (0..).step_by(12) {
        let trial = Trial::of_disk(4);
        let ran = trial.with_room_for(kib, trial.command());
        println!("{kib} KiB: exit {:?}", ran.code);
        trial.assert_said_truly(&ran);
        trial.assert_continues();
        if ran.code == Some(0) {
            assert!(kib > 0, "the limit does not work");
            return;
        }
    }
}

#[test]
fn results_that_cannot_be_put_in_their_place_leave_the_earlier_ones_and_are_written_by_the_next_run()
 {
    if !can_inject() {
        return;
    }
    let trial = Trial::of_disk(4);
    trial.project.write("calls.csv", csv(&trial.calls[..2]));
    Running::start(trial.command()).end().exits(0);
    trial.project.write("calls.csv", csv(&trial.calls));
    let failure = Failing {
        calls: "rename,renameat,renameat2",
        error: "EIO",
        when: "1+",
    };
    let ran = trial.on_bad_disk(&[failure], &[]).unwrap().exits(5);
    assert!(
        ran.stderr.contains("the ledger has everything"),
        "{}",
        ran.all()
    );
    for part in [" 2 already_created ", " 4 created ", "not written: calls."] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.all());
    }
    assert!(!ran.stdout.contains("results: "), "{}", ran.all());
    assert_eq!(
        trial.told().unwrap().len(),
        2,
        "those of the run before stand"
    );
    let folder = trial.project.path(".");
    let left = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let left = left.filter(|name| name.to_string_lossy().starts_with(".ticketload-"));
    assert_eq!(left.count(), 0, "no half file is left");
    assert_eq!(trial.assert_continues(), 0);
}

#[test]
fn results_that_cannot_be_written_keep_neither_the_rejects_nor_the_next_file_from_it() {
    if !can_inject() {
        return;
    }
    let trial = Trial::of_disk(4);
    let mut invalid = Call::numbered(ROWS + 1);
    invalid.dob = String::new();
    let calls: Vec<Call> = trial.calls.iter().cloned().chain([invalid]).collect();
    trial.project.write("calls.csv", csv(&calls));
    trial
        .project
        .write("more.csv", csv(&[Call::numbered(ROWS + 2)]));
    let whole = |name: &str| trial.project.path(name).display().to_string();
    let (input, more, rejects) = (whole("calls.csv"), whole("more.csv"), whole("again.csv"));
    let unplaced = Failing {
        calls: "rename,renameat,renameat2",
        error: "EIO",
        when: "1+",
    };
    let run = |args: &[&str]| {
        let args = [&["import", "--format", "json"], args].concat();
        let command = trial.project.command_for(trial.server.url(), &args);
        let results = trial.project.path("calls.results.csv");
        let ran = trial.with_bad_disk(&command, &[unplaced], &[results]);
        let report: Value = serde_json::from_str(&ran.unwrap().exits(5).stdout).unwrap();
        report["files"].clone()
    };
    let files = run(&[&input, "--rejects", &rejects]);
    assert_eq!(files[0]["outcomes"]["created"], ROWS);
    assert_eq!(files[0]["results"], Value::Null);
    assert_eq!(files[0]["unwritten"].as_array().unwrap().len(), 1);
    assert_eq!(files[0]["rejects_rows"], 1);
    let rejects = trial.project.read("again.csv");
    assert_eq!(rejects.matches("missing.dob").count(), 1, "{rejects}");
    let files = run(&[&input, &more]);
    assert_eq!(files[0]["outcomes"]["already_created"], ROWS);
    assert_eq!(files[1]["outcomes"]["created"], 1);
    assert_eq!(trial.project.results("more.results.csv").len(), 1);
    assert_eq!(trial.server.tickets().len(), ROWS + 1);
}

/// With its content alone synced a file can be gone after a power cut, and an earlier one be there again.
#[test]
fn results_whose_place_the_disk_does_not_keep_are_told() {
    if !can_inject() {
        return;
    }
    let trial = Trial::of_disk(4);
    let folder = [trial.project.path("")];
    let unsynced = |error| Failing {
        calls: "fsync,fdatasync",
        error,
        when: "1+",
    };
    let ran = trial.on_bad_disk(&[unsynced("EIO")], &folder);
    let ran = ran.expect("the folder is synced").exits(5);
    assert!(ran.stderr.contains("cannot be written"), "{}", ran.all());
    assert_eq!(trial.server.tickets().len(), ROWS);
    // Such as a file system has that cannot sync a folder.
    trial
        .on_bad_disk(&[unsynced("EINVAL")], &folder)
        .unwrap()
        .exits(0);
    assert_eq!(count(&trial.told().unwrap(), "already_created"), ROWS);
}

#[test]
fn rejects_that_find_no_room_are_told_and_written_by_the_next_run() {
    let trial = Trial::of_disk(4);
    let mut invalid = Call::numbered(ROWS + 1);
    invalid.dob = String::new();
    invalid.notes = "on hold ".repeat(128 * 1024);
    let calls: Vec<Call> = trial.calls.iter().cloned().chain([invalid]).collect();
    trial.project.write("calls.csv", csv(&calls));
    let mut command = trial.command();
    command.args(["--rejects", "again.csv"]);
    let ran = trial.with_room_for(512, command).exits(5);
    assert!(
        ran.stderr.contains("again.csv: cannot be written"),
        "{}",
        ran.all()
    );
    assert!(ran.stderr.contains("\nhint: "), "{}", ran.all());
    assert!(ran.stdout.contains(" 1 invalid "), "{}", ran.all());
    assert!(ran.stdout.contains("results: calls."), "{}", ran.all());
    assert!(!trial.project.path("again.csv").exists());
    assert_told_truly(&trial.told().unwrap(), &calls, &trial.server.tickets());
    assert_eq!(trial.server.tickets().len(), ROWS);
    let mut command = trial.command();
    command.args(["--rejects", "again.csv"]);
    Running::start(command).end().exits(1);
    assert_told_truly(&trial.told().unwrap(), &calls, &trial.server.tickets());
    assert!(trial.project.read("again.csv").contains("on hold on hold"));
}

#[test]
fn an_input_that_must_be_kept_for_a_moment_and_finds_no_room_sends_nothing() {
    let trial = Trial::of_disk(1);
    let mut call = Call::numbered(1);
    call.notes = "on hold ".repeat(256 * 1024);
    trial.project.write("packed.csv", csv(&[call]));
    let packed = Command::new("gzip")
        .arg(trial.project.path("packed.csv"))
        .status()
        .unwrap();
    assert!(packed.success());
    let args = ["import", "packed.csv.gz"];
    let command = trial.project.command_for(trial.server.url(), &args);
    let ran = trial.with_room_for(256, command).exits(3);
    let ran = ran.says("error: packed.csv.gz: ");
    assert!(ran.stderr.contains("\nhint: "), "{}", ran.all());
    assert_eq!(trial.server.requests("ticket"), 0);
}

#[test]
fn a_ledger_that_may_not_be_written_sends_nothing_and_says_what_to_do() {
    if !can_inject() {
        return;
    }
    let cases = [
        ("", "EROFS", 2),
        ("", "EACCES", 2),
        (".lock", "EACCES", 2),
        ("-wal", "EROFS", 5),
        ("-wal", "EACCES", 5),
    ];
    for (ending, error, code) in cases {
        let trial = Trial::with_ledger(4);
        let failure = Failing {
            calls: "openat",
            error,
            when: "1+",
        };
        let ran = trial
            .on_bad_disk(&[failure], &[trial.ledger(ending)])
            .unwrap()
            .exits(code);
        assert!(ran.stderr.contains("ledger.db"), "{}", ran.all());
        assert!(ran.stderr.contains("\nhint: "), "{}", ran.all());
        assert_eq!(trial.server.requests("ticket"), 0);
        assert_eq!(trial.assert_continues(), 0);
    }
}
