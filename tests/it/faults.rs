//! Every fault that the sandbox knows, alone and mixed.

use crate::harness::{Call, Project, Server, Told, assert_told_truly, calls, count, csv, outcomes};
use std::collections::HashSet;
use ticketload::sandbox::{Fault, Scope};

/// What becomes of the third of six rows when its request meets a fault: outcome, code, exit code, tickets.
const EXPECTED: &[(&str, &str, &str, i32, usize)] = &[
    ("reset_before", "in_doubt", "reset", 6, 5),
    ("hang_before", "in_doubt", "timeout", 6, 5),
    ("http429", "created", "", 0, 6),
    ("http500_before", "in_doubt", "http.500", 6, 5),
    ("http503_before", "in_doubt", "http.503", 6, 5),
    ("expire", "created", "", 0, 6),
    ("reset_after", "in_doubt", "reset", 6, 6),
    ("truncate", "in_doubt", "cut", 6, 6),
    ("hang", "in_doubt", "timeout", 6, 6),
    ("http500_after", "in_doubt", "http.500", 6, 6),
    ("http502_after", "in_doubt", "http.502", 6, 6),
    ("http503_after", "in_doubt", "http.503", 6, 6),
    ("http504_after", "in_doubt", "http.504", 6, 6),
    ("code409_after", "in_doubt", "code.409", 6, 6),
    ("two_codes", "in_doubt", "two_codes", 6, 6),
    ("id_and_error", "in_doubt", "id_and_error", 6, 6),
    ("no_id", "in_doubt", "no_ticket_id", 6, 6),
    ("other_id", "in_doubt", "known_ticket_id", 6, 6),
    ("redirect307", "in_doubt", "http.307", 6, 6),
    ("garbage", "in_doubt", "unreadable", 6, 6),
    ("huge", "in_doubt", "unreadable", 6, 6),
    ("warn", "created", "", 0, 6),
    ("bom", "created", "", 0, 6),
    ("json500", "created", "", 0, 6),
    ("numeric_id", "created", "", 0, 6),
    ("slow", "created", "", 0, 6),
    ("close_idle", "created", "", 0, 6),
];

/// Those that have a test of their own below.
const APART: [&str; 1] = ["odd_id"];

/// Six rows, one after the other, of which the third meets the fault; then once more against a server that is well. Only where
/// no answer is to come is it waited for briefly: a busy machine may be slow to give one.
fn meet(fault: &str, timeout: &str) -> (Vec<Told>, Option<i32>, usize) {
    let (project, mut server) = (Project::new(), Server::with_faults(&format!("{fault}@3")));
    let calls = calls(6);
    project.write("calls.csv", csv(&calls));
    let args = ["calls.csv", "--workers", "1", "--timeout", timeout];
    let ran = project.import(&server, &args);
    let told = project.results("calls.results.csv");
    let tickets = server.tickets();
    assert_told_truly(&told, &calls, &tickets);
    server.behave("");
    project.import(&server, &args).exits(ran.code.unwrap());
    assert_eq!(
        server.tickets().len(),
        tickets.len(),
        "{fault}: nothing is sent again"
    );
    let again = project.results("calls.results.csv");
    assert_eq!(again[2].error_code, told[2].error_code, "{fault}");
    (told, ran.code, tickets.len())
}

fn check(names: &[&str]) {
    for (fault, outcome, code, exit, tickets) in EXPECTED {
        if !names.contains(fault) {
            continue;
        }
        let (told, exited, created) = meet(fault, if *code == "timeout" { "2" } else { "60" });
        let row = &told[2];
        let found = (
            row.outcome.as_str(),
            row.error_code.as_str(),
            exited,
            created,
        );
        assert_eq!(
            found,
            (*outcome, *code, Some(*exit), *tickets),
            "{fault}: {row:?}"
        );
        let others = told.iter().filter(|row| row.row != 4);
        assert!(
            others.into_iter().all(|row| row.outcome == "created"),
            "{fault}"
        );
    }
}

#[test]
fn the_table_names_every_fault_that_a_submission_can_meet() {
    let fits = Fault::ALL.iter().filter(|fault| fault.fits(Scope::Ticket));
    let all: HashSet<&str> = fits.map(|fault| fault.name()).collect();
    let named: HashSet<&str> = EXPECTED.iter().map(|entry| entry.0).chain(APART).collect();
    assert_eq!(all, named);
}

#[test]
fn a_connection_that_breaks_leaves_its_row_in_doubt() {
    check(&["reset_before", "reset_after", "truncate"]);
}

#[test]
fn a_server_that_does_not_answer_leaves_its_row_in_doubt() {
    check(&["hang_before", "hang"]);
}

#[test]
fn what_proves_that_nothing_was_done_is_sent_again() {
    check(&["http429", "expire"]);
}

#[test]
fn a_page_of_a_server_or_proxy_proves_nothing() {
    check(&[
        "http500_before",
        "http503_before",
        "http500_after",
        "http502_after",
        "http503_after",
        "http504_after",
        "redirect307",
    ]);
}

#[test]
fn an_answer_of_the_api_that_can_be_read_two_ways_proves_nothing() {
    check(&[
        "code409_after",
        "two_codes",
        "id_and_error",
        "no_id",
        "other_id",
    ]);
}

#[test]
fn an_answer_that_is_not_the_apis_proves_nothing() {
    check(&["garbage", "huge"]);
}

#[test]
fn an_answer_in_an_odd_dress_is_understood() {
    check(&["warn", "bom", "json500", "numeric_id", "slow", "close_idle"]);
}

#[test]
fn an_odd_ticket_id_is_kept_escaped_and_warned_about() {
    let (project, server) = (Project::new(), Server::with_faults("odd_id@2"));
    project.write("calls.csv", csv(&calls(3)));
    project
        .import(&server, &["calls.csv", "--workers", "1"])
        .exits(0);
    let told = project.results("calls.results.csv");
    assert_eq!(outcomes(&told), ["created"; 3]);
    assert!(told[1].message.starts_with("warning"), "{:?}", told[1]);
    let really = &server.tickets()[1].ticket_id;
    assert!(really.contains('\n') && !told[1].ticket_id.contains('\n'));
    assert!(told[1].ticket_id.starts_with("'="), "{}", told[1].ticket_id);
    project.import(&server, &["calls.csv"]).exits(0);
    assert_eq!(server.tickets().len(), 3);
    // The results of before are gone by then, and a run that was killed wrote none.
    let again = &project.results("calls.results.csv")[1];
    assert!(
        again.message.starts_with("warning: the ticket ID"),
        "{again:?}"
    );
    assert!(again.message.contains("has its ticket from"), "{again:?}");
}

#[test]
fn every_fault_in_one_file_leaves_every_row_told() {
    let (project, server) = (Project::new(), Server::new());
    let marked: Vec<&str> = EXPECTED.iter().map(|entry| entry.0).collect();
    let calls: Vec<Call> = (0..marked.len() * 3)
        .map(|number| match number % 3 {
            0 => Call::numbered(number).with_reason(&format!("[[fault:{}]]", marked[number / 3])),
            _ => Call::numbered(number),
        })
        .collect();
    project.write("calls.csv", csv(&calls));
    project
        .import(&server, &["calls.csv", "--workers", "1", "--timeout", "2"])
        .exits(6);
    let told = project.results("calls.results.csv");
    assert_told_truly(&told, &calls, &server.tickets());
    let doubts = EXPECTED
        .iter()
        .filter(|entry| entry.1 == "in_doubt")
        .count();
    assert_eq!(count(&told, "in_doubt"), doubts);
    assert_eq!(count(&told, "created"), calls.len() - doubts);
}

#[test]
fn faults_mixed_by_chance_double_and_lose_nothing() {
    for (seed, workers) in [(11, "1"), (12, "4"), (13, "16")] {
        let mixed = "reset_before=0.03,reset_after=0.03,truncate=0.03,http502_after=0.02,expire=0.05,warn=0.1,bom=0.05,\
                     close_idle=0.2,json500=0.1,garbage=0.02,http429=0.01,token:http500=0.2,status:reset_after=0.2";
        let server = Server::with(|settings| {
            settings.faults = mixed.parse().unwrap();
            settings.seed = seed;
        });
        let project = Project::new();
        let calls = calls(150);
        project.write("calls.csv", csv(&calls));
        let mut left = calls.len();
        for _ in 0..20 {
            project.import(&server, &["calls.csv", "--workers", workers]);
            let told = project.results("calls.results.csv");
            assert_told_truly(&told, &calls, &server.tickets());
            left = count(&told, "not_sent");
            if left == 0 {
                break;
            }
        }
        assert_eq!(left, 0, "seed {seed}: every row has had its turn");
    }
}

#[test]
fn a_login_that_fails_for_a_while_is_repeated() {
    for fault in ["http500", "http503", "reset", "truncate", "reset_before"] {
        let (project, server) = (
            Project::new(),
            Server::with_faults(&format!("token:{fault}@1")),
        );
        project.write("calls.csv", csv(&calls(3)));
        project.import(&server, &["calls.csv"]).exits(0);
        assert_eq!(server.tickets().len(), 3, "{fault}");
    }
}

#[test]
fn nobody_is_sent_into_a_hole_while_the_server_does_not_answer_as_itself() {
    let (project, server) = (
        Project::new(),
        Server::with_faults("http502_after@5,status:http503_before@1-2"),
    );
    let calls = calls(30);
    project.write("calls.csv", csv(&calls));
    project
        .import(&server, &["calls.csv", "--workers", "1"])
        .exits(6)
        .says("holding")
        .says("answers again");
    let told = project.results("calls.results.csv");
    assert_told_truly(&told, &calls, &server.tickets());
    assert_eq!(count(&told, "in_doubt"), 1);
    assert_eq!(server.requests("status"), 3);
}

#[test]
fn workers_that_wait_for_their_turn_stay_out_of_the_hole_that_another_row_fell_into() {
    // All go well until the sixth; while the server is asked whether it is back, eight turns come and pass.
    let faults = "http500_before@6-99,status:http503_before@1";
    let (project, server) = (Project::new(), Server::with_faults(faults));
    let calls = calls(40);
    project.write("calls.csv", csv(&calls));
    project
        .import(&server, &["calls.csv", "--workers", "8", "--rate", "10/s"])
        .exits(5)
        .says("holding");
    let told = project.results("calls.results.csv");
    assert_told_truly(&told, &calls, &server.tickets());
    // One that fell, and two that went alone; on a slow machine one may have left beside the first.
    let doubts = count(&told, "in_doubt");
    assert!((3..=4).contains(&doubts), "{doubts} rows in doubt");
}

#[test]
fn rows_that_hang_together_are_one_sign_and_the_run_goes_on() {
    let (project, server) = (Project::new(), Server::with_faults("hang_before@21-24"));
    let calls = calls(60);
    project.write("calls.csv", csv(&calls));
    let args = ["--workers", "4", "--rate", "20/s", "--timeout", "1"];
    project
        .import(&server, &[&["calls.csv"], args.as_slice()].concat())
        .exits(6);
    let told = project.results("calls.results.csv");
    assert_told_truly(&told, &calls, &server.tickets());
    assert_eq!((count(&told, "in_doubt"), count(&told, "created")), (4, 56));
}

#[test]
fn a_foreign_answer_at_the_login_is_waited_for_once_a_row_may_have_left() {
    // The first row is in doubt; then the token has ended, and what answers the login is another page.
    let faults = "http500_before@1,status:expire@1,token:garbage@2";
    let (project, server) = (Project::new(), Server::with_faults(faults));
    let calls = calls(9);
    project.write("calls.csv", csv(&calls));
    project
        .import(&server, &["calls.csv", "--workers", "1"])
        .exits(6);
    let told = project.results("calls.results.csv");
    assert_told_truly(&told, &calls, &server.tickets());
    assert_eq!((count(&told, "in_doubt"), count(&told, "created")), (1, 8));
}
