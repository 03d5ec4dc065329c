//! The way out of doubt, and of a ledger that was lost, as a person at a terminal walks it.
//!
//! Runs the program itself against its own sandbox in another process, whose log of what it really created is the
//! witness.

use crate::harness::{Action, Project, RawServer, Running, as_ticket, calls, count, csv};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

const MAPPING: &str = r#"
version = 1
stamp = "comments"
[key]
columns = ["Call ID"]
[fields]
patient_lname = "Last Name"
patient_fname = "First Name"
dob = "DOB"
complaint = "Reason"
prac = { value = "1234" }
"#;

/// A folder with a mapping, a file of calls and a sandbox.
struct Stage {
    folder: TempDir,
    sandbox: Child,
    settings: Vec<(String, String)>,
}

/// What a command said.
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Stage {
    fn new(reasons: &[&str]) -> Stage {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("mapping.toml"), MAPPING).unwrap();
        let mut text = "Call ID,Last Name,First Name,DOB,Reason\n".to_owned();
        for (number, reason) in reasons.iter().enumerate() {
            text.push_str(&format!("C{number},Doe{number},Jo,19800101,{reason}\n"));
        }
        std::fs::write(folder.path().join("calls.csv"), text).unwrap();
        let mut sandbox = program(folder.path())
            .args(["sandbox", "--folder", "sandbox"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(sandbox.stdout.take().unwrap()).lines();
        let settings = lines
            .take(4)
            .map(|line| {
                let line = line.unwrap();
                let (name, value) = line
                    .strip_prefix("export ")
                    .and_then(|line| line.split_once('='))
                    .unwrap();
                (name.to_owned(), value.trim_matches('\'').to_owned())
            })
            .collect();
        Stage {
            folder,
            sandbox,
            settings,
        }
    }

    fn command(&self, line: &str) -> Command {
        let mut command = program(self.folder.path());
        command.args(line.split_whitespace());
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    fn say(&self, line: &str) -> Said {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command(line).output().unwrap();
        Said {
            code: status.code().unwrap(),
            out: String::from_utf8(stdout).unwrap(),
            err: String::from_utf8(stderr).unwrap(),
        }
    }

    fn import(&self) -> Said {
        self.say("import calls.csv --rate unlimited --workers 2")
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// The tickets that were really created, by the row that is stamped into them.
    fn witness(&self) -> Vec<(String, String)> {
        ticketload::sandbox::created_tickets(&self.folder.path().join("sandbox"))
            .unwrap()
            .into_iter()
            .map(|ticket| {
                let stamp = ticket.payload["comments"].as_str().unwrap().to_owned();
                (stamp, ticket.ticket_id)
            })
            .collect()
    }

    fn ticket_of(&self, stamp: &str) -> String {
        let found = self.witness().into_iter().find(|(known, _)| known == stamp);
        found.unwrap().1
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.sandbox.kill().unwrap();
        self.sandbox.wait().unwrap();
    }
}

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ticketload"));
    command
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("TICKETLOAD_LEDGER", folder.join("state/ledger.db"));
    command
}

fn json(said: &Said) -> Value {
    assert_eq!(said.code, 0, "{}", said.err);
    serde_json::from_str(&said.out).unwrap()
}

#[test]
fn what_a_person_found_decides_what_the_next_run_sends() {
    let stage = Stage::new(&[
        "cough",
        "cough [[fault:truncate]]",
        "cough [[fault:reset_before]]",
        "cough",
    ]);
    assert_eq!(stage.import().code, 6);
    let doubts = json(&stage.say("ledger in-doubt --format json --mapping mapping.toml"));
    let of = |place: usize, name: &str| doubts["rows"][place][name].as_str().unwrap().to_owned();
    assert_eq!(
        (of(0, "reference"), of(0, "error_code"), of(0, "key")),
        ("1:3".to_owned(), "cut".to_owned(), "C1".to_owned())
    );
    assert_eq!(
        (of(1, "reference"), of(1, "key")),
        ("1:4".to_owned(), "C2".to_owned())
    );

    let wrong = stage.say("ledger resolve 1:3 --created NOPE --by Kim");
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("no ticket NOPE"), "{}", wrong.err);
    let found = stage.ticket_of("[TL-1:3]");
    let right = stage.say(&format!("ledger resolve 1:3 --created {found} --by Kim"));
    assert_eq!(right.code, 0, "{}", right.err);
    let late = stage.say("ledger resolve 1:3 --not-created --by Ali");
    assert_eq!(late.code, 2);
    assert!(late.err.contains("first finding stands"), "{}", late.err);
    assert_eq!(
        stage.say("ledger resolve 1:4 --not-created --by Kim").code,
        0
    );

    let again = stage.import();
    assert_eq!(again.code, 0, "{}", again.err);
    assert_eq!(stage.witness().len(), 4, "each call has one ticket");
    assert!(stage.read("calls.results.csv").contains(&found));
    assert_eq!(stage.say("ledger check").code, 0);
}

#[test]
fn findings_can_be_filled_into_the_list_itself() {
    let stage = Stage::new(&["[[fault:truncate]]", "cough", "[[fault:reset_before]]"]);
    assert_eq!(stage.import().code, 6);
    let list = stage.say("ledger in-doubt --format csv").out;
    let found = stage.ticket_of("[TL-1:2]");
    let filled: Vec<String> = list
        .lines()
        .map(|line| match line.strip_suffix(",,") {
            Some(start) if line.starts_with("TL-1:2,") => format!("{start},Created,{found}"),
            Some(start) => format!("{start},not created,"),
            None => line.to_owned(),
        })
        .collect();
    let place = stage.folder.path().join("findings.csv");
    std::fs::write(
        &place,
        filled.join("\r\n").replace("not created", "nothing"),
    )
    .unwrap();
    let refused = stage.say("ledger resolve --from findings.csv --by Kim");
    assert_eq!(refused.code, 2);
    assert!(
        refused.err.contains("row 3 of findings.csv"),
        "{}",
        refused.err
    );
    std::fs::write(&place, filled.join("\r\n")).unwrap();
    let recorded = stage.say("ledger resolve --from findings.csv --by Kim");
    assert_eq!(recorded.code, 0, "{}", recorded.err);
    assert!(recorded.out.contains("2 findings"), "{}", recorded.out);
    let again = stage.say("ledger resolve --from findings.csv --by Kim");
    assert_eq!(again.code, 0, "{}", again.err);
    let none = stage.say("ledger in-doubt").out;
    assert!(none.starts_with("no row is in doubt in "), "{none}");
    assert_eq!(stage.import().code, 0);
    assert_eq!(stage.witness().len(), 3);
}

#[test]
fn an_answer_with_another_rows_ticket_is_not_believed() {
    let stage = Stage::new(&["cough", "[[fault:other_id]]", "cough"]);
    // One after the other: the ticket that row 3 is told is then that of row 2, which is settled.
    let ran = stage.say("import calls.csv --rate unlimited --workers 1");
    assert_eq!(ran.code, 6);
    let results = stage.read("calls.results.csv");
    let row = results.lines().nth(2).unwrap();
    assert!(row.contains(",in_doubt,,known_ticket_id,"), "{row}");
}

#[test]
fn a_ticket_that_is_another_rows_counts_as_a_failure() {
    let stage = Stage::new(&["cough", "[[fault:other_id]]", "cough", "cough"]);
    let ran = stage.say("import calls.csv --workers 1 --rate unlimited --max-failures 0");
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert!(ran.out.contains("--max-failures"), "{}", ran.out);
}

#[test]
fn a_server_that_names_one_ticket_again_and_again_stops_the_run() {
    for workers in [1, 8] {
        let server = RawServer::new(|_, _| Action::Answer(as_ticket(7)));
        let project = Project::new();
        project.write("calls.csv", csv(&calls(200)));
        let number = workers.to_string();
        let args = ["import", "calls.csv", "--workers", &number];
        let ran = Running::start(project.command_for(&server.url(), &args)).end();
        let told = project.results("calls.results.csv");
        assert_eq!(ran.code, Some(5), "{}", ran.stderr);
        assert_eq!(count(&told, "created"), 1);
        let in_doubt = count(&told, "in_doubt");
        // Three times as many as are in flight, and as many again while the ledger finds out.
        let most = 6 * workers;
        assert!((3..=most).contains(&in_doubt), "{in_doubt} rows in doubt");
        assert!(told.iter().any(|row| row.error_code == "doubts"));
    }
}

#[test]
fn results_are_written_again_from_the_ledger() {
    let stage = Stage::new(&["cough", "[[fault:reset_after]]", "[[reject:407]]"]);
    stage.import();
    let first = stage.read("calls.results.csv");
    for named in ["", " --mapping mapping.toml"] {
        let again = stage.say(&format!("ledger results 1 --results again.csv{named}"));
        assert_eq!(again.code, 0, "{}", again.err);
        assert_eq!(stage.read("again.csv"), first);
    }
    // A mapping that nobody names and that is another one now would write other keys.
    let path = stage.folder.path().join("mapping.toml");
    let mapping = stage.read("mapping.toml");
    std::fs::write(path, mapping + "# changed\n").unwrap();
    let without = stage.say("ledger results 1 --results -");
    assert_eq!(
        without.out,
        first
            .replace(",C0,", ",,")
            .replace(",C1,", ",,")
            .replace(",C2,", ",,")
    );
    let missing = stage.say("ledger results 7 --results -");
    assert_eq!(missing.code, 2);
}

#[test]
fn a_lost_ledger_is_noticed_and_its_tickets_are_adopted() {
    let stage = Stage::new(&["cough", "[[fault:truncate]]", "cough"]);
    stage.import();
    std::fs::remove_dir_all(stage.folder.path().join("state")).unwrap();
    let lost = stage.import();
    assert_eq!(lost.code, 2);
    assert!(lost.err.contains("ticketload ledger adopt"), "{}", lost.err);

    std::fs::write(
        stage.folder.path().join("other.csv"),
        stage.read("calls.csv").replace("C0", "C9"),
    )
    .unwrap();
    let wrong = stage.say("ledger adopt calls.results.csv other.csv");
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("another key"), "{}", wrong.err);

    let adopted = stage.say("ledger adopt calls.results.csv calls.csv");
    assert_eq!(adopted.code, 0, "{}", adopted.err);
    assert!(
        adopted
            .out
            .contains("2 rows with their tickets, 1 in doubt"),
        "{}",
        adopted.out
    );
    assert_eq!(stage.import().code, 6);
    assert_eq!(stage.witness().len(), 3, "nothing was sent twice");
}

#[test]
fn a_run_can_be_watched_while_it_is_going_and_a_killed_one_leaves_its_row_in_doubt() {
    let stage = Stage::new(&["[[fault:hang]]", "cough"]);
    let mut import = stage
        .command("import calls.csv")
        .stderr(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // Each question is a process of its own, so this waits without sleeping; the run is soon there.
    let being_sent = (0..2_000).any(|_| stage.say("ledger show 1").out.contains("1 being sent"));
    let resolve = stage.say("ledger resolve 1:2 --not-created --by Kim").code;
    let doubts = stage.say("ledger in-doubt");
    import.kill().unwrap();
    import.wait().unwrap();
    assert!(being_sent);
    assert_eq!(resolve, 7, "a run holds the ledger");
    assert!(
        doubts.out.starts_with("no row is in doubt in "),
        "{}",
        doubts.out
    );
    assert!(doubts.err.contains("a run is going"), "{}", doubts.err);

    let doubts = json(&stage.say("ledger in-doubt --format json"));
    assert_eq!(doubts["rows"][0]["error_code"], "crash");
    let results = stage
        .say("ledger results 1 --results - --mapping mapping.toml")
        .out;
    let rows: Vec<&str> = results.lines().collect();
    assert!(rows[1].contains(",in_doubt,,crash,"), "{results}");
    assert!(rows[2].contains(",not_sent,,crashed,"), "{results}");
}

#[test]
fn purging_keeps_tickets_known_and_tells_what_it_forgets() {
    let stage = Stage::new(&["cough", "cough"]);
    assert_eq!(stage.import().code, 0);
    let purged = stage.say("ledger purge --older-than 2999-01-01");
    assert!(purged.out.contains("2 rows of 1 run"), "{}", purged.out);
    let gone = stage.say("ledger results 1 --results -");
    assert_eq!(gone.code, 2);
    assert!(gone.err.contains("purged"), "{}", gone.err);
    assert_eq!(stage.import().code, 0);
    assert_eq!(stage.witness().len(), 2, "nothing was sent twice");
}

#[test]
fn a_ledger_that_is_not_there_is_an_error_and_is_not_made() {
    let stage = Stage::new(&["cough"]);
    for line in [
        "ledger runs",
        "ledger show 1",
        "ledger in-doubt",
        "ledger check",
        "ledger resolve 1:2 --not-created --by Kim",
        "ledger purge --older-than 90d",
        "ledger results 1",
    ] {
        let said = stage.say(line);
        assert_eq!(said.code, 2, "{line}");
        assert!(said.err.contains("does not exist"), "{line}: {}", said.err);
    }
    assert!(!stage.folder.path().join("state").exists());
}
