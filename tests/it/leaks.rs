//! Values stay home: no cell, password, key or token in what is printed or kept, and files for their owner's eyes alone.

use crate::harness::{
    Action, Call, Project, Ran, RawServer, Running, Server, TOKEN, as_ticket, calls, csv,
    files_below,
};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Calls whose every cell but the key holds the word, or a number of its own.
fn telling(faults: &[&str]) -> Vec<Call> {
    let telling = |number: usize| Call {
        last: format!("Quexlast{number}"),
        first: format!("Quexfirst{number}"),
        reason: format!("Quexreason{number}"),
        phone: format!("646555{number:04}"),
        notes: format!("Quexnotes{number}"),
        ..Call::numbered(number)
    };
    let mut calls: Vec<Call> = (1..=faults.len() * 3).map(telling).collect();
    for (place, fault) in faults.iter().enumerate() {
        calls[place * 3].reason += &format!(" {fault}");
    }
    let count = calls.len();
    let wrong = (1..8).map(|number| telling(count + number));
    calls.extend(wrong);
    calls[count].dob = "Quexdob".to_owned();
    calls[count + 1].phone = "Quexphone".to_owned();
    calls[count + 2].practice = String::new();
    calls[count + 3].id = calls[count + 4].id.clone();
    calls[count + 5].first = "Quex\u{1b}[31mred".to_owned();
    calls
}

const FAULTS: &[&str] = &[
    "[[reject:406]]",
    "[[fault:http502_after]]",
    "[[fault:reset_after]]",
    "[[fault:garbage]]",
    "[[fault:truncate]]",
    "[[fault:two_codes]]",
    "[[fault:odd_id]]",
    "[[fault:warn]]",
    "[[fault:redirect307]]",
    "[[fault:hang]]",
    "[[fault:expire]]",
    "[[fault:no_id]]",
];

const SECRETS: &[&str] = &[
    "Quex",
    "646555",
    "sandbox password",
    "sandbox key",
    "\u{1b}[31m",
    TOKEN,
];

fn assert_silent(name: &str, content: &[u8]) {
    for secret in SECRETS {
        let found = content
            .windows(secret.len())
            .any(|part| part == secret.as_bytes());
        assert!(!found, "{name} holds {secret:?}");
    }
}

fn assert_all_silent(project: &Project, ran: &Ran) {
    assert_silent("stdout", ran.stdout.as_bytes());
    assert_silent("stderr", ran.stderr.as_bytes());
    for folder in [project.home(), project.temporary()] {
        for file in files_below(&folder) {
            assert_silent(&file.display().to_string(), &std::fs::read(&file).unwrap());
        }
    }
}

#[test]
fn no_value_is_printed_or_kept_whatever_goes_wrong() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&telling(FAULTS)));
    let args = [
        "calls.csv",
        "--workers",
        "1",
        "--timeout",
        "2",
        "--rejects",
        "rejects.csv",
    ];
    let first = project.import(&server, &args).exits(6);
    assert_all_silent(&project, &first);
    let again = project
        .import(&server, &[&args[..], &["--format", "json"]].concat())
        .exits(6);
    assert_all_silent(&project, &again);
    let validated = project
        .run_for(&server, &["validate", "calls.csv", "--format", "json"])
        .exits(6);
    assert_all_silent(&project, &validated);
    let results = project.read("calls.results.csv");
    assert_silent("results", results.as_bytes());
    assert!(
        project.read("rejects.csv").contains("Quexlast"),
        "rejects are the rows themselves"
    );
}

#[test]
fn a_killed_run_leaves_no_value_behind() {
    let (project, server) = (Project::new(), Server::with_faults("hang@10"));
    project.write("calls.csv", csv(&telling(FAULTS)));
    let running = project.start_import(&server, &["calls.csv", "--rejects", "rejects.csv"]);
    server.wait_for(4);
    running.signal("KILL");
    let ran = running.end();
    assert_all_silent(&project, &ran);
}

#[test]
fn no_token_is_printed_when_connections_break() {
    let page = format!("<html>the token {TOKEN} is wrong</html>");
    let answer = format!(
        "HTTP/1.1 403 No\r\nContent-Length: {}\r\n\r\n{page}",
        page.len()
    );
    let server = RawServer::new(move |number, request| match number % 3 {
        0 => Action::Answer(as_ticket(number)),
        1 => Action::AnswerAndClose(answer.clone().into_bytes()),
        _ => Action::AnswerAndClose(
            format!(
                "HTTP/1.1 307 No\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n",
                request.target
            )
            .into_bytes(),
        ),
    });
    let project = Project::new();
    project.write("calls.csv", csv(&telling(FAULTS)));
    let args = ["import", "calls.csv", "--workers", "1"];
    let ran = Running::start(project.command_for(&server.url(), &args)).end();
    assert!(server.submissions()[0].target.contains(TOKEN));
    assert_all_silent(&project, &ran);
    assert_silent("results", project.read("calls.results.csv").as_bytes());
}

#[test]
fn no_secret_is_printed_when_the_login_fails() {
    let (project, server) = (Project::new(), Server::with_faults("token:refuse"));
    project.write("calls.csv", csv(&calls(2)));
    for args in [
        &["import", "calls.csv"][..],
        &["check"],
        &["status", "--ticket", "T1"],
    ] {
        let ran = project.run_for(&server, args).exits(4);
        assert_all_silent(&project, &ran);
    }
}

#[test]
fn files_with_patient_data_are_their_owners_alone() {
    let (project, server) = (Project::new(), Server::with_faults("hang@20"));
    project.write("calls.csv", csv(&telling(FAULTS)));
    let args = [
        "calls.csv",
        "--rejects",
        "rejects.csv",
        "--workers",
        "1",
        "--timeout",
        "2",
    ];
    project.import(&server, &args).exits(6);
    let mut files = files_below(&project.home());
    assert!(!files.is_empty());
    files.push(project.path("calls.results.csv"));
    files.push(project.path("rejects.csv"));
    for file in files {
        assert_eq!(mode(&file) & 0o077, 0, "{}", file.display());
    }
    assert_eq!(mode(&project.home().join("state/ticketload")) & 0o077, 0);
    assert!(
        files_below(&project.temporary()).is_empty(),
        "temporary files are taken away"
    );
}

#[test]
fn the_kept_sandbox_is_its_owners_alone() {
    let project = Project::new();
    project.write("calls.csv", csv(&calls(2)));
    project
        .run(&["import", "calls.csv", "--sandbox=kept"])
        .exits(0);
    for file in files_below(&project.path("kept")) {
        assert_eq!(mode(&file) & 0o077, 0, "{}", file.display());
    }
    project.run(&["import", "calls.csv", "--sandbox"]).exits(0);
    assert!(
        files_below(&project.temporary()).is_empty(),
        "a sandbox without a folder leaves nothing"
    );
}

#[test]
fn what_a_killed_sandbox_leaves_is_taken_away_by_the_next_one() {
    let project = Project::new();
    project.write("calls.csv", csv(&calls(2)));
    let mut killed = Running::start(project.command(&["sandbox"]));
    killed.stdout_lines(4);
    killed.signal("KILL");
    killed.end();
    let left = files_below(&project.temporary());
    assert!(!left.is_empty());
    let folder = left[0].parent().unwrap();
    assert_eq!(mode(folder) & 0o777, 0o700);
    // One that lives is left alone.
    let mut lives = Running::start(project.command(&["sandbox"]));
    lives.stdout_lines(4);
    assert!(!folder.exists());
    let used = files_below(&project.temporary());
    project.run(&["import", "calls.csv", "--sandbox"]).exits(0);
    assert_eq!(files_below(&project.temporary()), used);
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode()
}
