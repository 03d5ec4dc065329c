//! What people find about rows in doubt, and the commands that look into the ledger: each answers or says why not.

use crate::harness::{
    Call, Project, Ran, Server, assert_told_truly, calls, complaint, count, csv, outcomes,
};
use rusqlite::Connection;
use serde_json::Value;

/// Row 2 is created, row 3 has its ticket and is in doubt, row 4 is in doubt without one, row 5 is rejected, row 6 is
/// invalid.
fn doubtful() -> (Project, Server, Vec<Call>) {
    let (project, server) = (Project::new(), Server::new());
    let mut calls = calls(5);
    calls[1] = Call::numbered(2).with_reason("[[fault:http502_after]]");
    calls[2] = Call::numbered(3).with_reason("[[fault:reset_before]]");
    calls[3] = Call::numbered(4).with_reason("[[reject:414]]");
    calls[4].dob = "never".to_owned();
    project.write("calls.csv", csv(&calls));
    project
        .import(&server, &["calls.csv", "--workers", "1"])
        .exits(6);
    let told = project.results("calls.results.csv");
    let expected = ["created", "in_doubt", "in_doubt", "rejected", "invalid"];
    assert_eq!(outcomes(&told), expected);
    (project, server, calls)
}

/// The ticket that was really created for a call.
fn ticket_for(server: &Server, call: &Call) -> String {
    let tickets = server.tickets();
    let found = tickets
        .iter()
        .find(|ticket| complaint(ticket) == call.reason);
    found.unwrap().ticket_id.clone()
}

fn resolve(project: &Project, server: &Server, words: &str) -> Ran {
    let args: Vec<&str> = ["ledger", "resolve", "--by", "Kim"]
        .into_iter()
        .chain(words.split(' '))
        .collect();
    project.run_for(server, &args)
}

fn in_doubt(project: &Project) -> Vec<String> {
    let list = project
        .run(&["ledger", "in-doubt", "--format", "json"])
        .exits(0);
    let list: Value = serde_json::from_str(&list.stdout).unwrap();
    let rows = list["rows"].as_array().unwrap();
    rows.iter()
        .map(|row| row["reference"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_finding_that_does_not_fit_is_refused_before_the_api_is_asked() {
    let (project, server, calls) = doubtful();
    let other = ticket_for(&server, &calls[0]);
    let asked = server.requests("status");
    let cases = [
        ("9:3 --not-created".to_owned(), "there is no row 9:3"),
        ("1:99 --not-created".to_owned(), "there is no row 1:99"),
        ("1:2 --not-created".to_owned(), "it has its ticket"),
        ("1:2 --created T9".to_owned(), "it has its ticket"),
        ("1:5 --created T9".to_owned(), "the API refused it"),
        ("1:6 --not-created".to_owned(), "it is invalid"),
        (format!("1:3 --created {other}"), "belongs to row 1:2"),
    ];
    for (words, why) in cases {
        let ran = resolve(&project, &server, &words).exits(2).says(why);
        assert!(ran.stderr.contains("hint: "), "{words}");
    }
    assert_eq!(server.requests("status"), asked);
    assert_eq!(in_doubt(&project), ["1:3", "1:4"]);
}

#[test]
fn the_first_finding_stands() {
    let (project, server, calls) = doubtful();
    let found = ticket_for(&server, &calls[1]);
    resolve(&project, &server, &format!("1:3 --created {found}")).exits(0);
    resolve(&project, &server, "1:4 --not-created").exits(0);
    resolve(&project, &server, &format!("1:3 --created {found}"))
        .exits(2)
        .says("resolved before, with the same finding, by Kim");
    for (words, first) in [
        (
            "1:3 --not-created".to_owned(),
            format!("Kim found ticket {found}"),
        ),
        (
            "1:3 --created T9".to_owned(),
            format!("Kim found ticket {found}"),
        ),
        (
            "1:4 --created T9".to_owned(),
            "Kim found no ticket".to_owned(),
        ),
    ] {
        resolve(&project, &server, &words)
            .exits(2)
            .says(&first)
            .says("the first finding stands");
    }
    assert_eq!(in_doubt(&project), Vec::<String>::new());
    project.run(&["ledger", "check"]).exits(0);
    let mut mended = calls.clone();
    mended[2] = Call::numbered(3);
    project.write("calls.csv", csv(&mended));
    project.import(&server, &["calls.csv"]).exits(1);
    let told = project.results("calls.results.csv");
    let expected = [
        "already_created",
        "already_created",
        "created",
        "rejected",
        "invalid",
    ];
    assert_eq!(outcomes(&told), expected);
    assert_told_truly(&told, &mended, &server.tickets());
}

#[test]
fn a_ticket_that_is_named_is_asked_for_before_anything_is_recorded() {
    let (project, mut server, calls) = doubtful();
    let found = ticket_for(&server, &calls[1]);
    let asked = server.requests("status");
    resolve(&project, &server, "1:3 --created NOPE")
        .exits(2)
        .says("no ticket NOPE");
    assert_eq!(server.requests("status"), asked + 1);
    let other_account = [
        "ledger",
        "resolve",
        "1:3",
        "--created",
        &found,
        "--username",
        "other",
    ];
    project
        .run_for(&server, &other_account)
        .exits(2)
        .says("another account");
    server.stop();
    resolve(&project, &server, &format!("1:3 --created {found}")).says("hint: ");
    assert_eq!(in_doubt(&project), ["1:3", "1:4"]);
    resolve(
        &project,
        &server,
        &format!("1:3 --created {found} --unchecked"),
    )
    .exits(0);
    assert_eq!(in_doubt(&project), ["1:4"]);
}

#[test]
fn a_file_of_findings_is_recorded_whole_or_not_at_all() {
    let (project, server, calls) = doubtful();
    let found = ticket_for(&server, &calls[1]);
    for (second, why) in [
        ("TL-1:4,created,NOPE", "no ticket NOPE"),
        ("TL-1:2,not_created,", "it has its ticket"),
        ("TL-7:4,not_created,", "there is no row 7:4"),
        (
            "0.0444,not_created,",
            "a spreadsheet may have made a time of it",
        ),
        ("TL-1:4,perhaps,", "must be created or not_created"),
        ("TL-1:4,created,", "names no ticket"),
    ] {
        let text = format!("reference,finding,ticket_id\nTL-1:3,created,{found}\n{second}\n");
        project.write("findings.csv", text);
        resolve(&project, &server, "--from findings.csv")
            .exits(2)
            .says("row 3 of findings.csv")
            .says(why)
            .says("nothing was recorded");
        assert_eq!(in_doubt(&project), ["1:3", "1:4"], "{second}");
    }
    let text = format!("reference,finding,ticket_id\nTL-1:3,created,{found}\nTL-1:4,,\n");
    project.write("findings.csv", text);
    resolve(&project, &server, "--from findings.csv").exits(0);
    assert_eq!(
        in_doubt(&project),
        ["1:4"],
        "who has not looked yet says nothing"
    );
}

#[test]
fn a_file_that_contradicts_itself_is_told_as_that() {
    let (project, server, calls) = doubtful();
    let found = ticket_for(&server, &calls[1]);
    let text = format!("reference,finding,ticket_id\n1:3,created,{found}\nTL-1:3,not_created,\n");
    project.write("findings.csv", text);
    let ran = resolve(&project, &server, "--from findings.csv")
        .exits(2)
        .says("row 3 of findings.csv: row 2 says something else about 1:3")
        .says("nothing was recorded")
        .says("correct the file");
    assert!(!ran.all().contains("resolved before"), "{}", ran.all());
    assert_eq!(in_doubt(&project), ["1:3", "1:4"]);

    let text = format!("reference,finding,ticket_id\n1:3,created,{found}\n1:3,created,{found}\n");
    project.write("findings.csv", text);
    let ran = resolve(&project, &server, "--from findings.csv")
        .exits(0)
        .says("1 finding recorded");
    assert!(!ran.all().contains("on record already"), "{}", ran.all());
    assert_eq!(in_doubt(&project), ["1:4"]);
    resolve(&project, &server, "--from findings.csv")
        .exits(0)
        .says("0 findings recorded")
        .says("; 2 findings on record already");
}

#[test]
fn keys_are_left_out_where_the_file_is_no_longer_what_it_was() {
    let (project, _server, _) = doubtful();
    let list = || {
        let args = ["ledger", "in-doubt", "--mapping", "mapping.toml"];
        project.run(&args).exits(0).says("row 3 of calls.csv")
    };
    assert!(list().stdout.contains("key: C00002"));
    project.write("calls.csv", csv(&calls(7)));
    let changed = list().says("no keys of run 1");
    assert!(changed.stderr.contains("it has changed since"));
    assert!(!changed.stdout.contains("key:"), "{}", changed.stdout);
    std::fs::remove_file(project.path("calls.csv")).unwrap();
    assert!(list().stderr.contains("it is no longer there"));
}

#[test]
fn a_run_that_is_going_is_listed_and_shown_and_its_results_are_not_written() {
    let (project, server) = (Project::new(), Server::with_faults("hang@2"));
    project.write("calls.csv", csv(&calls(4)));
    let going = project.start_import(&server, &["calls.csv", "--workers", "1"]);
    server.wait_for(2);
    project
        .run(&["ledger", "runs"])
        .exits(0)
        .says("going, or cut off")
        .says("1 created")
        .says("1 being sent");
    let shown = project
        .run(&["ledger", "show", "1", "--format", "json"])
        .exits(0);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(
        (&shown["claimed"], &shown["ended"]),
        (&1.into(), &Value::Null)
    );
    assert_eq!(shown["outcomes"]["created"], 1);
    project
        .run(&["ledger", "check"])
        .exits(0)
        .says("1 being sent");
    project.run(&["ledger", "results", "1"]).exits(7);
    project
        .run(&["ledger", "purge", "--older-than", "2999-01-01"])
        .exits(7);
    going.signal("KILL");
    going.end();
    project.run(&["ledger", "results", "1"]).exits(0);
    assert_eq!(in_doubt(&project), ["1:3"]);
}

#[test]
fn purged_calls_have_their_tickets_when_their_file_comes_again() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(3)));
    project.import(&server, &["calls.csv"]).exits(0);
    let tickets = |name: &str| -> Vec<String> {
        let told = project.results(name);
        told.into_iter().map(|row| row.ticket_id).collect()
    };
    let first = tickets("calls.results.csv");
    project
        .run(&["ledger", "purge", "--older-than", "2999-01-01"])
        .exits(0)
        .says("3 rows of 1 run");
    std::fs::remove_file(project.path("calls.results.csv")).unwrap();
    project.import(&server, &["calls.csv"]).exits(0);
    assert_eq!(
        outcomes(&project.results("calls.results.csv")),
        ["already_created"; 3]
    );
    assert_eq!(tickets("calls.results.csv"), first);
    assert_eq!(server.requests("ticket"), 3);
    project.run(&["ledger", "check"]).exits(0);
}

#[test]
fn a_ledger_that_is_not_sound_is_told_with_what_to_do() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(3)));
    project.import(&server, &["calls.csv"]).exits(0);
    let ledger = project.home().join("state/ticketload/ledger.db");
    let connection = Connection::open(ledger).unwrap();
    let gone = connection.execute("DELETE FROM identity WHERE submission = 1", []);
    assert!(gone.unwrap() > 0);
    drop(connection);
    project
        .run(&["ledger", "check"])
        .exits(2)
        .says("is not sound")
        .says("rows that were sent have no identity, so that they would be sent again: 1")
        .says("restore it from a backup");
}

#[test]
fn purging_says_beforehand_what_it_would_forget_and_keeps_what_is_in_doubt() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(3)));
    project.import(&server, &["calls.csv"]).exits(0);
    let doubt = Call::numbered(9).with_reason("[[fault:http502_after]]");
    project.write("doubt.csv", csv(&[doubt]));
    project.import(&server, &["doubt.csv"]).exits(6);
    let purge = |more: &[&str]| {
        let args = [&["ledger", "purge", "--older-than", "2999-01-01"], more].concat();
        project.run(&args).exits(0)
    };
    purge(&["--dry-run", "--forget-tickets"])
        .says("3 rows of 1 run")
        .says("would be forgotten")
        .says("3 tickets")
        .says("1 older run kept");
    let again = ["ledger", "results", "1", "--results", "again.csv"];
    project.run(&again).exits(0);
    assert_eq!(count(&project.results("again.csv"), "created"), 3);
    purge(&["--forget-tickets"]).says("they are sent again");
    assert_eq!(in_doubt(&project), ["2:2"]);
    project.run(&["ledger", "check"]).exits(0);
    // The results beside the file still name the tickets, so that nothing is sent unawares.
    project
        .import(&server, &["calls.csv"])
        .exits(2)
        .says("lost");
    assert_eq!(server.tickets().len(), 4);
    project
        .run(&["ledger", "purge", "--older-than", "soon"])
        .exits(2)
        .says("90d");
}

#[test]
fn a_ledger_in_a_folder_that_others_can_write_is_refused_with_what_to_do() {
    use std::os::unix::fs::PermissionsExt;
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(2)));
    let folder = project.path("shared");
    std::fs::create_dir(&folder).unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).unwrap();
    let args = ["calls.csv", "--ledger", "shared/ledger.db"];
    let ran = project
        .import(&server, &args)
        .exits(2)
        .says("others can write");
    assert!(ran.stderr.contains("chmod"), "{}", ran.stderr);
    assert!(server.tickets().is_empty());
}

#[test]
fn results_of_an_older_run_are_not_written_while_its_rows_are_being_sent() {
    let (project, server) = (Project::new(), Server::with_faults("hang@1"));
    let mut calls = calls(4);
    calls[3].dob = "never".to_owned();
    project.write("calls.csv", csv(&calls));
    project.import(&server, &["calls.csv", "--strict"]).exits(5);
    let again = project.start_import(&server, &["calls.csv"]);
    server.wait_for(1);
    let written = project.read("calls.results.csv");
    let args = ["ledger", "results", "1"];
    project.run(&args).exits(7);
    assert_eq!(project.read("calls.results.csv"), written);
    again.signal("KILL");
    again.end();
    // Nobody holds the ledger any more: what was being sent is in doubt, and told as that.
    project.run(&args).exits(0).says("in_doubt");
}

#[test]
fn rejects_are_written_again_with_the_mapping_that_an_import_would_take() {
    let (project, _server, _calls) = doubtful();
    let args = ["ledger", "results", "1", "--rejects", "rejects.csv"];
    project.run(&args).exits(0).says("rejects.csv: 2 rows");
    project.write("moved.csv", project.read("calls.csv"));
    let moved = ["--input", "moved.csv", "--results", "again.csv"];
    project.run(&[&args[..3], &moved[..]].concat()).exits(0);
    assert_eq!(project.read("again.csv"), project.read("calls.results.csv"));
    // Another mapping than the run's is not taken unless it is named.
    let mapping = project.read("mapping.toml");
    project.write("mapping.toml", mapping + "# changed\n");
    let ran = project.run(&args).exits(2);
    ran.says("is not the mapping of run 1")
        .says("--mapping FILE");
    let named = [&args[..], &["--mapping", "mapping.toml"]].concat();
    project.run(&named).exits(0);
}

#[test]
fn what_the_rows_of_a_run_have_come_to_since_is_told_as_of_now() {
    let (project, server) = (Project::new(), Server::new());
    let mut calls = calls(3);
    calls[2].dob = "never".to_owned();
    project.write("calls.csv", csv(&calls));
    project.import(&server, &["calls.csv", "--strict"]).exits(5);
    project.import(&server, &["calls.csv"]).exits(1);
    let runs = project.run(&["ledger", "runs"]).exits(0);
    let runs = runs.says("ended early (strict); now 3 rows: ");
    assert!(!runs.stdout.contains("not_sent"), "{}", runs.stdout);
    project
        .run(&["ledger", "show", "1"])
        .exits(0)
        .says("rows now     3 rows: ");
}

/// Thirty calls have tickets; a run over them and three thousand others before them was killed before it came to them.
fn cut_off_before_known_calls() -> (Project, Server, Vec<Call>) {
    let (project, server) = (Project::new(), Server::with_faults("hang@35-38"));
    let calls = calls(3_030);
    project.write("known.csv", csv(&calls[3_000..]));
    project.import(&server, &["known.csv"]).exits(0);
    project.write("calls.csv", csv(&calls));
    let running = project.start_import(&server, &["calls.csv"]);
    server.wait_for(38);
    running.signal("KILL");
    running.end();
    (project, server, calls)
}

#[test]
fn results_that_are_written_again_name_the_tickets_of_rows_that_the_run_did_not_come_to() {
    let (project, server, calls) = cut_off_before_known_calls();
    let args = ["ledger", "results", "2", "--rejects", "rejects.csv"];
    // Nobody says which account it was: the ledger knows.
    project.run(&args).exits(0).says("30 already_created");
    let told = project.results("calls.results.csv");
    assert_told_truly(&told, &calls, &server.tickets());
    assert_eq!(count(&told, "already_created"), 30);
    assert!(told[3_029].message.contains("row 31 of known.csv (run 1)"));
    let rejects = project.read("rejects.csv");
    assert!(
        calls[3_000..]
            .iter()
            .all(|call| !rejects.contains(&call.id))
    );
    // So those calls are known again where the ledger is lost.
    std::fs::remove_dir_all(project.home()).unwrap();
    std::fs::create_dir(project.home()).unwrap();
    let adopt = ["ledger", "adopt", "calls.results.csv", "calls.csv"];
    project.run_for(&server, &adopt).exits(0);
    let created = server.tickets().len();
    let known = ["calls.csv", "--rows", "3002-3031"];
    project.import(&server, &known).exits(0);
    assert_eq!(server.tickets().len(), created);
}

#[test]
fn rows_that_cannot_be_looked_up_are_not_told_as_those_that_have_no_ticket() {
    let (project, server, calls) = cut_off_before_known_calls();
    // As a ledger of an earlier version is.
    let ledger = project.home().join("state/ticketload/ledger.db");
    let connection = Connection::open(ledger).unwrap();
    let gone = connection.execute("DELETE FROM meta WHERE name GLOB 'within *'", []);
    assert_eq!(gone.unwrap(), 1);
    drop(connection);
    let args = ["ledger", "results", "2"];
    project
        .run(&args)
        .exits(2)
        .says("run 2 was cut off")
        .says("import the file again");
    assert!(!project.path("calls.results.csv").exists());
    let profile = format!(
        "[profile.default]\nserver_url = \"{}\"\nusername = \"sandbox\"\n",
        server.url()
    );
    project.write("ticketload.toml", profile);
    project.run(&args).exits(0);
    let told = project.results("calls.results.csv");
    assert_told_truly(&told, &calls, &server.tickets());
}
