//! Killed at any instant, the same command continues. A seed decides how far a run gets before it is killed.

use crate::harness::{
    Action, Project, RawServer, Running, Server, as_ticket, assert_agrees, assert_told_truly,
    calls, count, csv, outcomes, rehearsed, typed_xlsx, within,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::process::Command;
use std::time::Duration;

const ROWS: usize = 160;
const KILLS: usize = 3;

/// Kills an import again and again, lets the last one end, and looks at what came of it.
fn killed_and_resumed(seed: u64, workers: usize, workbook: bool) {
    println!("seed {seed}, {workers} workers");
    let mut dice = StdRng::seed_from_u64(seed);
    let server = Server::with(|settings| {
        settings.delay = Duration::from_millis(2);
        settings.faults = "warn=0.1,bom=0.1".parse().unwrap();
        // Tokens that expired by chance would, once in some hundred thousand rows, do so three times before a call: that
        // ends a run, and rightly.
        settings.token_uses = Some(19);
        settings.seed = seed;
    });
    let project = Project::new();
    let calls = calls(ROWS);
    let name = if workbook { "calls.xlsx" } else { "calls.csv" };
    let content = if workbook {
        typed_xlsx(&calls, 1)
    } else {
        csv(&calls).into_bytes()
    };
    project.write(name, content);
    let count_of_workers = workers.to_string();
    let args = [name, "--workers", &count_of_workers];
    for _ in 0..KILLS {
        let running = project.start_import(&server, &args);
        let created = server.tickets().len() as u64;
        server.wait_for(created + dice.random_range(0..ROWS as u64 / 5));
        for _ in 0..dice.random_range(0..200_000) {
            std::hint::spin_loop();
        }
        running.signal("KILL");
        assert_eq!(
            running.end().code,
            None,
            "seed {seed}: it was killed, not ended"
        );
    }
    let ran = project.import(&server, &args);
    let told = project.results("calls.results.csv");
    assert_told_truly(&told, &calls, &server.tickets());
    let doubts = count(&told, "in_doubt");
    println!("seed {seed}: {doubts} in doubt by {KILLS} kills");
    assert!(doubts <= workers * KILLS, "seed {seed}: {doubts} in doubt");
    let by_kills = told.iter().filter(|row| row.error_code == "crash");
    assert_eq!(
        by_kills.count(),
        doubts,
        "seed {seed}: nothing but a kill made doubt"
    );
    let with_ticket = count(&told, "created") + count(&told, "already_created");
    ran.exits(if doubts == 0 { 0 } else { 6 });
    assert_eq!(with_ticket + doubts, ROWS, "seed {seed}: none lost");
}

#[test]
fn one_worker_killed_at_random_doubles_and_loses_nothing() {
    for seed in 100..103 {
        killed_and_resumed(seed, 1, false);
    }
}

#[test]
fn four_workers_killed_at_random_double_and_lose_nothing() {
    for seed in 200..203 {
        killed_and_resumed(seed, 4, seed == 202);
    }
}

#[test]
fn sixteen_workers_killed_at_random_double_and_lose_nothing() {
    for seed in 300..303 {
        killed_and_resumed(seed, 16, seed == 302);
    }
}

/// The long run; `tests/README.md` says how. `KILL_SEEDS=17..18` repeats the one with seed 17.
#[test]
#[ignore = "takes hours"]
fn ten_thousand_kills_double_and_lose_nothing() {
    let seeds = std::env::var("KILL_SEEDS").unwrap_or_else(|_| "0..3334".to_owned());
    let (first, end) = seeds.split_once("..").expect("FIRST..END");
    let (first, end): (u64, u64) = (first.parse().unwrap(), end.parse().unwrap());
    assert!(first < end, "there is nothing in {seeds}");
    for seed in first..end {
        let workers = [1, 4, 16][usize::try_from(seed % 3).unwrap()];
        killed_and_resumed(seed, workers, seed % 2 == 0);
    }
}

#[test]
fn a_run_that_was_killed_before_it_sent_anything_leaves_no_doubt() {
    let (project, server) = (Project::new(), Server::with_faults("token:hang_before@1"));
    let calls = calls(5);
    project.write("calls.csv", csv(&calls));
    let mut running = project.start_import(&server, &["calls.csv"]);
    running.wait_for_line("sending 5 rows");
    running.signal("KILL");
    running.end();
    project
        .import(&server, &["calls.csv", "--timeout", "2"])
        .exits(0);
    assert_told_truly(
        &project.results("calls.results.csv"),
        &calls,
        &server.tickets(),
    );
}

#[test]
fn a_row_that_was_sent_when_the_run_was_killed_is_in_doubt_and_says_so() {
    let (project, server) = (Project::new(), Server::with_faults("hang@5"));
    let calls = calls(9);
    project.write("calls.csv", csv(&calls));
    let running = project.start_import(&server, &["calls.csv", "--workers", "1"]);
    server.wait_for(5);
    running.signal("KILL");
    running.end();
    // The rehearsal says so before the next run does.
    let rehearsed = rehearsed(&project, &server, 6);
    project
        .import(&server, &["calls.csv", "--workers", "1"])
        .exits(6);
    let told = project.results("calls.results.csv");
    assert_agrees(&rehearsed, &told);
    assert_told_truly(&told, &calls, &server.tickets());
    assert_eq!(
        (told[4].outcome.as_str(), told[4].error_code.as_str()),
        ("in_doubt", "crash")
    );
    assert_eq!(
        (count(&told, "already_created"), count(&told, "created")),
        (4, 4)
    );
}

/// Interrupts a run in its middle by one signal; then the same command again.
fn interrupted_once(signal: &str, code: i32) {
    let (project, server) = (
        Project::new(),
        Server::with(|settings| settings.delay = Duration::from_millis(5)),
    );
    let calls = calls(ROWS);
    project.write("calls.csv", csv(&calls));
    // Seconds are left for the signal to come, however busy the machine is.
    let running = project.start_import_on_a_terminal(&server, &["calls.csv", "--rate", "20/s"]);
    server.wait_for(20);
    running.signal(signal);
    running.end().exits(code).says("run the same command again");
    let told = project.results("calls.results.csv");
    assert_told_truly(&told, &calls, &server.tickets());
    assert_eq!(count(&told, "in_doubt"), 0, "what is in flight ends");
    let left = count(&told, "not_sent");
    assert!(left > 0);
    assert!(told.iter().any(|row| row.error_code == "interrupted"));
    project.import(&server, &["calls.csv"]).exits(0);
    let told = project.results("calls.results.csv");
    assert_told_truly(&told, &calls, &server.tickets());
    assert_eq!(count(&told, "created"), left);
}

#[test]
fn ctrl_c_lets_what_is_in_flight_end_and_the_same_command_continues() {
    interrupted_once("INT", 130);
}

#[test]
fn sigterm_lets_what_is_in_flight_end_and_the_same_command_continues() {
    interrupted_once("TERM", 143);
}

#[test]
fn a_signal_during_the_rehearsal_sends_nothing_and_replaces_no_results() {
    // They take far longer than a signal does.
    let many = csv(&calls(60_000));
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let (project, server) = (Project::new(), Server::new());
        project.write("calls.csv", csv(&calls(2)));
        project.import(&server, &["calls.csv"]).exits(0);
        let earlier = project.read("calls.results.csv");
        project.write("calls.csv", &many);
        let mut running = project.start_import(&server, &["nowhere.csv", "calls.csv"]);
        // A file that could not be opened is told when it would be rehearsed: the other one is next.
        running.wait_for_line("nowhere.csv");
        running.signal(signal);
        running.end().exits(code).says("before anything was sent");
        assert_eq!(server.tickets().len(), 2);
        assert_eq!(project.read("calls.results.csv"), earlier);
        let shown = project.run(&["ledger", "runs"]).exits(0);
        assert!(!shown.stdout.contains(",000"), "{}", shown.all());
        project.write("calls.csv", csv(&calls(3)));
        project.import(&server, &["calls.csv"]).exits(0);
        assert_eq!(server.tickets().len(), 3);
    }
}

#[test]
fn the_end_of_the_terminal_lets_what_is_in_flight_end_and_the_same_command_continues() {
    interrupted_once("HUP", 143);
}

#[test]
fn a_run_that_was_started_to_outlive_its_terminal_does_so() {
    let (project, server) = (
        Project::new(),
        Server::with(|settings| settings.delay = Duration::from_millis(5)),
    );
    project.write("calls.csv", csv(&calls(ROWS)));
    let mut outer = Command::new("nohup");
    within(
        &mut outer,
        &project.command_for(server.url(), &["import", "calls.csv"]),
    );
    let running = Running::start(outer);
    server.wait_for(20);
    running.signal("HUP");
    running.end().exits(0);
    assert_eq!(
        count(&project.results("calls.results.csv"), "created"),
        ROWS
    );
}

/// Stops a run whose requests hang by two signals: what is in flight is in doubt, the rest is not sent.
fn interrupted_twice(first: &str, second: &str, code: i32) {
    let (project, server) = (Project::new(), Server::with_faults("hang@5-8"));
    let calls = calls(30);
    project.write("calls.csv", csv(&calls));
    let mut running = project.start_import(&server, &["calls.csv"]);
    server.wait_for(8);
    running.signal(first);
    running.wait_for_line("stopping");
    running.signal(second);
    running.end().exits(code);
    let told = project.results("calls.results.csv");
    assert_told_truly(&told, &calls, &server.tickets());
    assert_eq!(
        (
            count(&told, "created"),
            count(&told, "in_doubt"),
            count(&told, "not_sent")
        ),
        (4, 4, 22)
    );
    let doubtful = told.iter().filter(|row| row.outcome == "in_doubt");
    assert!(
        doubtful
            .into_iter()
            .all(|row| row.error_code == "interrupted")
    );
    project.import(&server, &["calls.csv"]).exits(6);
    let told = project.results("calls.results.csv");
    assert_told_truly(&told, &calls, &server.tickets());
    assert_eq!(count(&told, "created"), 22);
}

#[test]
fn a_second_signal_stops_at_once() {
    interrupted_twice("INT", "INT", 130);
    interrupted_twice("TERM", "INT", 143);
}

#[test]
fn rows_that_a_run_did_not_come_to_have_the_tickets_of_earlier_runs() {
    let (project, server) = (Project::new(), Server::with_faults("hang@35-38"));
    let calls = calls(3_030);
    project.write("calls.csv", csv(&calls[3_000..]));
    project.import(&server, &["calls.csv"]).exits(0);
    project.write("more.csv", csv(&calls));
    let mut running = project.start_import(&server, &["more.csv", "--rejects", "rejects.csv"]);
    server.wait_for(38);
    running.signal("INT");
    running.wait_for_line("stopping");
    running.signal("INT");
    running.end().exits(130);
    let told = project.results("more.results.csv");
    assert_told_truly(&told, &calls, &server.tickets());
    assert_eq!(count(&told, "already_created"), 30);
    let rejects = project.read("rejects.csv");
    assert!(
        calls[3_000..]
            .iter()
            .all(|call| !rejects.contains(&call.id))
    );
    // Whoever writes them again is told the same.
    let again = ["ledger", "results", "2", "--results", "again.csv"];
    project.run(&again).exits(0);
    let again = project.results("again.csv");
    assert_eq!(outcomes(&again), outcomes(&told));
}

#[test]
fn rows_that_a_run_did_not_come_to_have_the_tickets_of_the_file_before_it() {
    let (project, server) = (Project::new(), Server::with_faults("hang@35-38"));
    let calls = calls(3_030);
    project.write("first.csv", csv(&calls[3_000..]));
    project.write("second.csv", csv(&calls));
    let mut running = project.start_import(&server, &["first.csv", "second.csv"]);
    server.wait_for(38);
    running.signal("INT");
    running.wait_for_line("stopping");
    running.signal("INT");
    running.end().exits(130);
    let told = project.results("second.results.csv");
    assert_told_truly(&told, &calls, &server.tickets());
    assert_eq!(count(&told, "already_created"), 30);
}

#[test]
fn a_second_signal_waits_for_no_row_that_is_still_to_be_looked_up() {
    let (project, server) = (Project::new(), Server::with_faults("hang@5-8"));
    // Far more than are looked up between the two signals.
    let calls = calls(10_000);
    project.write("calls.csv", csv(&calls));
    let mut running = project.start_import(&server, &["calls.csv", "--format", "json"]);
    server.wait_for(8);
    running.signal("INT");
    running.wait_for_line("stopping");
    running.signal("INT");
    let ran = running.end().exits(130).says("broken off by Ctrl-C");
    assert!(
        ran.stdout.contains("\"ended\":\"broken_off\""),
        "{}",
        ran.all()
    );
    let ran = project.run(&["ledger", "show", "1"]).exits(0);
    let shown = ran.stdout.split_once("rows now     ").unwrap().1;
    let registered: usize = shown.split(' ').next().unwrap().parse().unwrap();
    assert!(
        registered < calls.len() / 2,
        "{registered} rows were looked up"
    );
    ran.says("broken off before every row was looked up");
    let told = project.results("calls.results.csv");
    assert_told_truly(&told, &calls, &server.tickets());
    assert_eq!((count(&told, "created"), count(&told, "in_doubt")), (4, 4));
    assert_eq!(told[9_999].error_code, "broken_off");
    // Whoever writes the results again is told that the ledger alone does not know them all.
    let (mapping, moved) = (project.path("mapping.toml"), project.path("moved.toml"));
    std::fs::rename(&mapping, &moved).unwrap();
    project
        .run(&["ledger", "results", "1"])
        .exits(0)
        .says("run 1 was cut off");
    assert_eq!(project.results("calls.results.csv").len(), registered);
    std::fs::rename(&moved, &mapping).unwrap();
    project.run(&["ledger", "results", "1"]).exits(0);
    let again = project.results("calls.results.csv");
    assert_eq!(outcomes(&again), outcomes(&told));
    assert_eq!(again[2_999].error_code, "broken_off");
    project
        .import(&server, &["calls.csv", "--workers", "16"])
        .exits(6);
    let told = project.results("calls.results.csv");
    assert_told_truly(&told, &calls, &server.tickets());
    assert_eq!(count(&told, "created"), 9_992);
}

#[test]
fn a_signal_while_the_server_is_away_ends_the_run() {
    let (project, mut server) = (Project::new(), Server::new());
    let calls = calls(5);
    project.write("calls.csv", csv(&calls));
    server.stop();
    let mut running = project.start_import(&server, &["calls.csv"]);
    running.wait_for_line("holding");
    running.signal("TERM");
    running.end().exits(143);
    assert_eq!(count(&project.results("calls.results.csv"), "not_sent"), 5);
    server.start();
    project.import(&server, &["calls.csv"]).exits(0);
    assert_told_truly(
        &project.results("calls.results.csv"),
        &calls,
        &server.tickets(),
    );
}

#[test]
fn a_signal_while_the_pace_waits_ends_the_run() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(5)));
    let running = project.start_import(&server, &["calls.csv", "--rate", "1/m"]);
    server.wait_for(1);
    running.signal("INT");
    running.end().exits(130);
    assert_eq!(count(&project.results("calls.results.csv"), "created"), 1);
}

#[test]
fn a_killed_run_leaves_no_results_behind_that_are_cut() {
    let (project, server) = (Project::new(), Server::with_faults("hang@3"));
    project.write("calls.csv", csv(&calls(2)));
    project.import(&server, &["calls.csv"]).exits(0);
    project.write("calls.csv", csv(&calls(6)));
    let running = project.start_import(&server, &["calls.csv"]);
    server.wait_for(3);
    running.signal("KILL");
    running.end();
    assert_eq!(
        project.results("calls.results.csv").len(),
        2,
        "those of the run before stand"
    );
}

#[test]
fn a_client_that_dies_never_claims_more_rows_than_it_has_workers() {
    let server = RawServer::new(|number, _| match number {
        0 => Action::Answer(as_ticket(0)),
        _ => Action::Hang,
    });
    let project = Project::new();
    project.write("calls.csv", csv(&calls(40)));
    let args = ["import", "calls.csv", "--workers", "8"];
    let running = Running::start(project.command_for(&server.url(), &args));
    server.wait_for(9);
    running.signal("KILL");
    running.end();
    let ran = Running::start(project.command_for(
        &server.url(),
        &[&args[..], &["--give-up-after", "1s", "--timeout", "1"]].concat(),
    ));
    ran.end().says("8 rows were being sent");
}
