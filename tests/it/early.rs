//! Stopping early: what was not sent is told as such, and the same command continues.

use crate::harness::{
    Action, Call, Project, RawServer, Running, Server, Told, as_ticket, assert_told_truly, calls,
    count, csv, outcomes,
};
use std::time::{Duration, SystemTime};

/// So many calls, each with something in its complaint that the sandbox obeys.
fn marked(count: usize, marker: &str) -> Vec<Call> {
    calls(count)
        .into_iter()
        .map(|call| call.with_reason(marker))
        .collect()
}

fn codes_of_unsent(told: &[Told]) -> Vec<&str> {
    let mut codes: Vec<&str> = told
        .iter()
        .filter(|row| row.outcome == "not_sent")
        .map(|row| row.error_code.as_str())
        .collect();
    codes.dedup();
    codes
}

/// The same command, once what stopped it is over: every row has its turn.
fn continues(project: &Project, server: &Server, calls: &[Call], args: &[&str], code: i32) {
    project.import(server, args).exits(code);
    let told = project.results("calls.results.csv");
    assert_told_truly(&told, calls, &server.tickets());
    assert_eq!(count(&told, "not_sent"), 0);
}

#[test]
fn strict_sends_nothing_if_any_row_is_invalid() {
    let (project, server) = (Project::new(), Server::new());
    let mut calls = calls(5);
    calls[2].dob = "soon".to_owned();
    project.write("calls.csv", csv(&calls));
    project
        .import(&server, &["calls.csv", "--strict"])
        .exits(5)
        .says("run the same command again to continue")
        .says("--strict");
    let told = project.results("calls.results.csv");
    assert_eq!(
        outcomes(&told),
        ["not_sent", "not_sent", "invalid", "not_sent", "not_sent"]
    );
    assert_eq!(codes_of_unsent(&told), ["strict"]);
    assert!(server.tickets().is_empty());
    calls[2] = Call::numbered(3);
    project.write("calls.csv", csv(&calls));
    continues(&project, &server, &calls, &["calls.csv", "--strict"], 0);
}

#[test]
fn strict_holds_for_all_files_of_a_command() {
    let (project, server) = (Project::new(), Server::new());
    let mut calls = calls(4);
    calls[3].last = String::new();
    project.write("a.csv", csv(&calls[..2]));
    project.write("b.csv", csv(&calls[2..]));
    project
        .import(&server, &["a.csv", "b.csv", "--strict"])
        .exits(5)
        .says("run the same command again to continue");
    assert!(server.tickets().is_empty());
    assert_eq!(outcomes(&project.results("a.results.csv")), ["not_sent"; 2]);
}

/// A time zone in which it is now so many seconds before noon.
fn before_noon(seconds: i64) -> String {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let of_day = i64::try_from(now % 86_400).unwrap();
    // POSIX counts the offset to the west.
    let west = of_day - (43_200 - seconds);
    let sign = if west < 0 { "-" } else { "" };
    let west = west.abs();
    format!(
        "XXX{sign}{:02}:{:02}:{:02}",
        west / 3600,
        west / 60 % 60,
        west % 60
    )
}

#[test]
fn the_end_of_the_window_stops_the_run() {
    let (project, server) = (Project::new(), Server::new());
    let calls = calls(60);
    project.write("calls.csv", csv(&calls));
    let args = ["import", "calls.csv", "--stop-at", "12:00", "--rate", "2/s"];
    let mut command = project.command_for(server.url(), &args);
    command.env("TZ", before_noon(6));
    Running::start(command)
        .end()
        .exits(5)
        .says("run the same command again to continue")
        .says(", not after 12:00\n")
        .says("--stop-at");
    let told = project.results("calls.results.csv");
    assert_told_truly(&told, &calls, &server.tickets());
    assert_eq!(count(&told, "in_doubt"), 0);
    assert_eq!(codes_of_unsent(&told), ["window"]);
    continues(&project, &server, &calls, &["calls.csv"], 0);
}

#[test]
fn a_server_that_refuses_is_waited_for_and_then_given_up() {
    let (project, mut server) = (Project::new(), Server::new());
    let calls = calls(30);
    project.write("calls.csv", csv(&calls));
    server.stop();
    let args = ["calls.csv", "--give-up-after", "1s"];
    project
        .import(&server, &args)
        .exits(5)
        .says("run the same command again to continue")
        .says("holding");
    let told = project.results("calls.results.csv");
    assert_eq!(count(&told, "not_sent"), 30);
    assert!(server.tickets().is_empty());
    server.start();
    continues(&project, &server, &calls, &args, 0);
}

#[test]
fn a_server_that_is_busy_for_ever_is_given_up_and_its_wait_is_told() {
    let project = Project::new();
    project.write("calls.csv", csv(&calls(5)));
    let busy = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 86400\r\nContent-Length: 0\r\n\r\n";
    let server = RawServer::new(move |number, _| {
        Action::Answer(match number {
            0 => as_ticket(0),
            _ => busy.as_bytes().to_vec(),
        })
    });
    let args = ["import", "calls.csv", "--give-up-after", "1s"];
    Running::start(project.command_for(&server.url(), &args))
        .end()
        .exits(5)
        .says("the server asks to wait 24 h; the next row goes in 5 min")
        .says("the server is too busy")
        .says("run the same command again to continue");
    let told = project.results("calls.results.csv");
    assert_eq!((count(&told, "created"), count(&told, "not_sent")), (1, 4));
    let codes = codes_of_unsent(&told);
    assert!(codes.contains(&"refused"), "{codes:?}");
}

#[test]
fn a_server_that_goes_away_leaves_few_rows_in_doubt() {
    let (project, mut server) = (
        Project::new(),
        Server::with(|settings| settings.delay = Duration::from_millis(25)),
    );
    let calls = calls(200);
    project.write("calls.csv", csv(&calls));
    let args = ["calls.csv", "--workers", "8", "--give-up-after", "1s"];
    let running = project.start_import(&server, &args);
    server.wait_for(40);
    server.stop();
    running
        .end()
        .exits(5)
        .says("run the same command again to continue");
    let told = project.results("calls.results.csv");
    assert_told_truly(&told, &calls, &server.tickets());
    let doubts = count(&told, "in_doubt");
    assert!(doubts <= 8 + 3, "{doubts}");
    server.start();
    continues(
        &project,
        &server,
        &calls,
        &args,
        if doubts == 0 { 0 } else { 6 },
    );
}

#[test]
fn a_server_that_comes_back_is_gone_on_with() {
    let (project, mut server) = (Project::new(), Server::new());
    let calls = calls(20);
    project.write("calls.csv", csv(&calls));
    server.stop();
    let mut running = project.start_import(&server, &["calls.csv"]);
    running.wait_for_line("next probe in");
    server.start();
    running.end().exits(0).says("answers again");
    assert_told_truly(
        &project.results("calls.results.csv"),
        &calls,
        &server.tickets(),
    );
}

#[test]
fn more_failures_than_allowed_stop_the_run() {
    for (allowed, least) in [("2", 3), ("10%", 5)] {
        let (project, server) = (Project::new(), Server::new());
        let mut calls = calls(40);
        for number in (1..40).step_by(3) {
            calls[number] = Call::numbered(number + 1).with_reason("[[reject:406]]");
        }
        project.write("calls.csv", csv(&calls));
        let args = ["calls.csv", "--workers", "1", "--max-failures", allowed];
        project
            .import(&server, &args)
            .exits(5)
            .says("run the same command again to continue")
            .says("--max-failures");
        let told = project.results("calls.results.csv");
        assert_told_truly(&told, &calls, &server.tickets());
        assert_eq!(count(&told, "rejected"), least);
        assert_eq!(codes_of_unsent(&told), ["budget"]);
        continues(&project, &server, &calls, &["calls.csv"], 1);
    }
}

#[test]
fn the_canary_stops_a_run_whose_first_rows_are_all_rejected_alike() {
    let (project, server) = (Project::new(), Server::new());
    let calls = marked(30, "[[reject:414]]");
    project.write("calls.csv", csv(&calls));
    let args = ["calls.csv", "--workers", "1"];
    project
        .import(&server, &args)
        .exits(5)
        .says("run the same command again to continue")
        .says("414");
    let told = project.results("calls.results.csv");
    assert_eq!(
        (count(&told, "rejected"), count(&told, "not_sent")),
        (20, 10)
    );
    assert_eq!(codes_of_unsent(&told), ["canary"]);
    project
        .import(&server, &["calls.csv", "--no-canary"])
        .exits(1);
    assert_eq!(count(&project.results("calls.results.csv"), "rejected"), 30);
}

#[test]
fn a_row_that_had_to_be_sent_again_does_not_save_the_canary() {
    for fault in ["expire@1", "http429@1"] {
        let (project, server) = (Project::new(), Server::with_faults(fault));
        project.write("calls.csv", csv(&marked(30, "[[reject:414]]")));
        project
            .import(&server, &["calls.csv", "--workers", "1"])
            .exits(5);
        let told = project.results("calls.results.csv");
        assert_eq!(count(&told, "rejected"), 20, "{fault}");
    }
}

#[test]
fn a_submission_that_always_fails_does_not_put_the_file_in_doubt_row_by_row() {
    for (fault, workers) in [
        ("http502_after", "1"),
        ("http500_before", "8"),
        ("garbage", "16"),
    ] {
        let (project, mut server) = (Project::new(), Server::with_faults(fault));
        let calls = calls(50);
        project.write("calls.csv", csv(&calls));
        let args = ["calls.csv", "--workers", workers];
        project
            .import(&server, &args)
            .exits(5)
            .says("look up the rows in doubt; check --resource; then run the same command again to continue")
            .says("3 rows in doubt: look each of them up");
        let told = project.results("calls.results.csv");
        assert_told_truly(&told, &calls, &server.tickets());
        assert_eq!(
            (count(&told, "in_doubt"), count(&told, "not_sent")),
            (3, 47),
            "{fault}"
        );
        assert_eq!(codes_of_unsent(&told), ["doubts"]);
        server.behave("");
        continues(&project, &server, &calls, &args, 6);
        assert_eq!(count(&project.results("calls.results.csv"), "in_doubt"), 3);
    }
}

#[test]
fn a_service_that_falls_ill_in_the_middle_costs_workers_and_three_rows() {
    let (project, mut server) = (Project::new(), Server::with_faults("http502_after@40-"));
    let calls = calls(120);
    project.write("calls.csv", csv(&calls));
    let args = ["calls.csv", "--workers", "8"];
    project
        .import(&server, &args)
        .exits(5)
        .says("run the same command again to continue");
    let told = project.results("calls.results.csv");
    assert_told_truly(&told, &calls, &server.tickets());
    let doubts = count(&told, "in_doubt");
    assert!((3..=8 + 3).contains(&doubts), "{doubts}");
    server.behave("");
    continues(&project, &server, &calls, &args, 6);
    assert_eq!(
        count(&project.results("calls.results.csv"), "in_doubt"),
        doubts
    );
}

#[test]
fn a_wrong_resource_does_not_put_the_file_in_doubt_row_by_row() {
    let (project, server) = (Project::new(), Server::new());
    let calls = calls(50);
    project.write("calls.csv", csv(&calls));
    project
        .import(&server, &["calls.csv", "--resource", "adi"])
        .exits(5)
        .says("run the same command again to continue")
        .says("--resource");
    let told = project.results("calls.results.csv");
    assert_eq!(
        (count(&told, "in_doubt"), count(&told, "not_sent")),
        (3, 47)
    );
    assert!(server.tickets().is_empty());
    continues(&project, &server, &calls, &["calls.csv"], 6);
}

#[test]
fn what_ends_one_file_ends_the_others_of_the_command() {
    let (project, server) = (Project::new(), Server::with_faults("http502_after"));
    let calls = calls(12);
    project.write("a.csv", csv(&calls[..6]));
    project.write("b.csv", csv(&calls[6..]));
    project
        .import(&server, &["a.csv", "b.csv"])
        .exits(5)
        .says("run the same command again to continue");
    assert_eq!(count(&project.results("a.results.csv"), "in_doubt"), 3);
    assert_eq!(count(&project.results("b.results.csv"), "not_sent"), 6);
    assert_eq!(server.tickets().len(), 3);
}

#[test]
fn a_restart_keeps_to_the_pace() {
    let (project, server) = (Project::new(), Server::new());
    let calls = calls(3);
    project.write("calls.csv", csv(&calls));
    project
        .import(&server, &["calls.csv", "--rows", "2-2", "--rate", "30/m"])
        .exits(0);
    project
        .import(&server, &["calls.csv", "--rate", "30/m"])
        .exits(0);
    let moments: Vec<jiff::Timestamp> = server
        .tickets()
        .iter()
        .map(|ticket| ticket.at.parse().unwrap())
        .collect();
    for pair in moments.windows(2) {
        let pause = pair[1].duration_since(pair[0]).as_millis();
        assert!(
            pause >= 1_500,
            "30/m is one row every two seconds, not {pause} ms after the last"
        );
    }
}
