//! Results and ledgers in places where they cannot or must not be: exit code 2.

use super::{refused, with_mapping};
use crate::harness::{Server, calls, csv};

#[test]
fn results_that_would_be_written_over_their_input_or_one_another() {
    let project = with_mapping(str::to_owned);
    let before = project.read("calls.csv");
    for args in [
        ["calls.csv", "--results", "calls.csv"],
        ["calls.csv", "--results", "./calls.csv"],
        ["calls.csv", "--rejects", "calls.csv"],
        ["calls.csv", "--rejects", "calls.results.csv"],
    ] {
        refused(&project, &args, 2, &["written over", "hint: "]);
    }
    assert_eq!(project.read("calls.csv"), before);
}

#[test]
fn a_link_to_the_input_is_the_input() {
    let project = with_mapping(str::to_owned);
    std::os::unix::fs::symlink("calls.csv", project.path("link.csv")).unwrap();
    refused(
        &project,
        &["calls.csv", "--results", "link.csv"],
        2,
        &["written over"],
    );
}

#[test]
fn a_foreign_file_where_the_results_go() {
    let project = with_mapping(str::to_owned);
    project.write("calls.results.csv", "my own notes\n");
    refused(
        &project,
        &["calls.csv"],
        2,
        &["no results file of ticketload", "move it away"],
    );
    assert_eq!(project.read("calls.results.csv"), "my own notes\n");
}

#[test]
fn results_that_cannot_be_written_are_told_and_written_by_the_same_command_later() {
    let (project, server) = (with_mapping(str::to_owned), Server::new());
    let args = ["calls.csv", "--results", "missing/calls.csv"];
    let ran = project.import(&server, &args);
    assert!(ran.code == Some(2) || ran.code == Some(5), "{}", ran.all());
    assert!(ran.stderr.contains("missing/calls.csv"), "{}", ran.stderr);
    let sent = server.tickets().len();
    std::fs::create_dir(project.path("missing")).unwrap();
    project.import(&server, &args).exits(0);
    assert_eq!(server.tickets().len(), 3);
    let told = project.results("missing/calls.csv");
    assert_eq!(
        told.iter()
            .filter(|row| row.outcome == "already_created")
            .count(),
        sent
    );
}

#[test]
fn one_name_for_the_outputs_of_several_files() {
    let project = with_mapping(str::to_owned);
    project.write("b.csv", csv(&calls(2)));
    refused(
        &project,
        &["calls.csv", "b.csv", "--results", "r.csv"],
        2,
        &["--results"],
    );
    refused(
        &project,
        &["calls.csv", "calls.csv"],
        2,
        &["calls.results.csv"],
    );
}

#[test]
fn a_ledger_that_is_none_or_of_a_newer_version_or_not_to_be_opened() {
    let project = with_mapping(str::to_owned);
    project.write(
        "notes.db",
        "this is no ledger, but a text that is long enough to be looked at by everybody",
    );
    refused(
        &project,
        &["calls.csv", "--ledger", "notes.db"],
        2,
        &["notes.db", "damaged", "nothing was sent"],
    );
    let newer = rusqlite::Connection::open(project.path("newer.db")).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    refused(
        &project,
        &["calls.csv", "--ledger", "newer.db"],
        2,
        &["newer version"],
    );
    refused(
        &project,
        &["calls.csv", "--ledger", "calls.csv/ledger.db"],
        2,
        &["--ledger"],
    );
}
