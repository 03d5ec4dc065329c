//! An outcome that the ledger cannot take is told at once, kept beside it, and read back by the next run.
//!
//! The ledger is made to refuse while the answer is on its way, by a trigger that another connection puts in.

use crate::harness::{
    Action, Project, Ran, RawServer, Running, as_ticket, calls, count, csv, outcomes,
};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::mpsc::{self, Sender};

/// A server that keeps its first answer until it is told to give it.
fn waiting(answer: Vec<u8>) -> (RawServer, Sender<()>) {
    let (release, held) = mpsc::channel();
    let held = Mutex::new(held);
    let server = RawServer::new(move |number, _| {
        if number > 0 {
            return Action::Answer(as_ticket(number));
        }
        held.lock().unwrap().recv().ok();
        Action::Answer(answer.clone())
    });
    (server, release)
}

fn ledger(project: &Project) -> PathBuf {
    project.home().join("state/ticketload/ledger.db")
}

fn emergency_file(project: &Project) -> PathBuf {
    project
        .home()
        .join("state/ticketload/ledger.db.emergency.jsonl")
}

fn alter(project: &Project, sql: &str) {
    let connection = rusqlite::Connection::open(ledger(project)).unwrap();
    connection
        .busy_timeout(std::time::Duration::from_secs(60))
        .unwrap();
    connection.execute_batch(sql).unwrap();
}

/// Imports while the ledger takes no outcome and no further claim, as on a full disk.
fn import_into_a_full_ledger(project: &Project, server: &RawServer, release: &Sender<()>) -> Ran {
    let args = ["import", "calls.csv", "--workers", "1"];
    let running = Running::start(project.command_for(&server.url(), &args));
    server.wait_for(1);
    alter(
        project,
        "CREATE TRIGGER full BEFORE UPDATE ON submission WHEN NEW.state <> 'ready'
         BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
    );
    release.send(()).unwrap();
    let ran = running.end();
    alter(project, "DROP TRIGGER full");
    ran
}

#[test]
fn a_ticket_that_could_not_be_stored_is_told_and_known_to_the_next_run() {
    let project = Project::new();
    let calls = calls(4);
    project.write("calls.csv", csv(&calls));
    let (server, release) = waiting(as_ticket(0));
    import_into_a_full_ledger(&project, &server, &release)
        .exits(5)
        .says("could not take an outcome: row 2 created, ticket RAW000000")
        .says("read back by the next run")
        .says("1 row is in doubt only since the ledger could not take what came of it: make room");
    let told = project.results("calls.results.csv");
    assert_eq!((count(&told, "in_doubt"), count(&told, "not_sent")), (1, 3));
    let note = std::fs::read_to_string(emergency_file(&project)).unwrap();
    assert!(note.contains("RAW000000"), "{note}");
    assert!(!note.contains("fever") && !note.contains("C0000"), "{note}");

    let again = project.command_for(&server.url(), &["import", "calls.csv"]);
    Running::start(again).end().exits(0);
    let told = project.results("calls.results.csv");
    assert_eq!(told[0].ticket_id, "RAW000000");
    assert_eq!(
        (count(&told, "already_created"), count(&told, "created")),
        (1, 3)
    );
    assert!(!emergency_file(&project).exists());
    assert_eq!(server.deliveries(&format!("\"{}\"", calls[0].reason)), 1);
}

#[test]
fn a_rejection_that_could_not_be_stored_is_no_doubt_in_the_next_run() {
    let project = Project::new();
    project.write("calls.csv", csv(&calls(2)));
    let body = "{\"success\":false,\"result\":[],\"errors\":[414]}";
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let (server, release) = waiting(answer.into_bytes());
    import_into_a_full_ledger(&project, &server, &release)
        .exits(5)
        .says("row 2 rejected");
    // Rejected rows are tried again; one in doubt would not be.
    let again = project.command_for(&server.url(), &["import", "calls.csv"]);
    Running::start(again).end().exits(0);
    assert_eq!(
        outcomes(&project.results("calls.results.csv")),
        ["created"; 2]
    );
}

#[test]
fn what_was_kept_beside_a_ledger_is_refused_by_a_new_one_in_its_place() {
    let project = Project::new();
    project.write("calls.csv", csv(&calls(2)));
    let (server, release) = waiting(as_ticket(0));
    import_into_a_full_ledger(&project, &server, &release).exits(5);
    for ending in ["db", "db-wal", "db-shm", "db.lock"] {
        std::fs::remove_file(ledger(&project).with_extension(ending)).ok();
    }
    let again =
        || Running::start(project.command_for(&server.url(), &["import", "calls.csv"])).end();
    for _ in 0..2 {
        again()
            .exits(2)
            .says("ledger.db.emergency.jsonl")
            .says("1 outcome of another ledger")
            .says("hint: nothing was sent");
    }
    assert_eq!(server.submissions().len(), 1);
    std::fs::remove_file(emergency_file(&project)).unwrap();
    // The results tell of a row in doubt, which a new ledger knows nothing of.
    again().exits(2).says("may have been lost");
    std::fs::remove_file(project.path("calls.results.csv")).unwrap();
    again().exits(0);
}

#[test]
fn only_the_owner_can_read_what_was_kept() {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::new();
    project.write("calls.csv", csv(&calls(2)));
    let (server, release) = waiting(as_ticket(0));
    import_into_a_full_ledger(&project, &server, &release).exits(5);
    let mode = emergency_file(&project)
        .metadata()
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o077, 0);
}
