//! A ledger that was lost: the results beside an input name its tickets, and nothing is sent a second time.

use crate::harness::{
    Action, KEYED, Project, Ran, RawServer, Running, Server, UNKEYED, as_ticket, calls, complaint,
    count, csv, outcomes,
};
use serde_json::Value;

/// A project whose calls have tickets, and whose ledger is gone.
fn lost() -> (Project, Server) {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(4)));
    project.import(&server, &["calls.csv"]).exits(0);
    std::fs::rename(project.home(), project.temporary().join("home")).unwrap();
    (project, server)
}

#[test]
fn results_that_name_unknown_tickets_stop_the_run_before_anything_is_sent() {
    let (project, server) = lost();
    let ran = project
        .import(&server, &["calls.csv"])
        .exits(2)
        .says("lost")
        .says("calls.results.csv");
    assert!(ran.stderr.contains("hint: "));
    assert_eq!((server.tickets().len(), server.requests("ticket")), (4, 4));
    project
        .import(&server, &["calls.csv", "--results", "other.csv"])
        .exits(2);
    assert_eq!(server.tickets().len(), 4);
    assert_eq!(count(&project.results("calls.results.csv"), "created"), 4);
}

#[test]
fn the_ledger_of_before_helps() {
    let (project, server) = lost();
    let ledgers = project.temporary().join("home/state/ticketload/ledger.db");
    project
        .import(
            &server,
            &["calls.csv", "--ledger", ledgers.to_str().unwrap()],
        )
        .exits(0);
    assert_eq!(server.tickets().len(), 4);
    assert_eq!(
        count(&project.results("calls.results.csv"), "already_created"),
        4
    );
}

/// A job that is led to another ledger, by its home or by a slip in `--ledger`, sends all there is: somebody may read why.
#[test]
fn a_ledger_that_knows_no_call_is_named_before_anything_is_sent() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(2)));
    let named = |ran: &str| ran.contains("no call is known yet in the ledger");
    for before in 0..2 {
        let checked = project
            .run_for(&server, &["validate", "calls.csv"])
            .exits(0);
        assert_eq!(named(&checked.stderr), before == 0, "{}", checked.all());
        let ran = project.import(&server, &["calls.csv"]).exits(0);
        assert_eq!(named(&ran.stderr), before == 0, "{}", ran.all());
    }
    let ran = project.run(&["import", "calls.csv", "--sandbox", "--results", "tried.csv"]);
    assert!(
        !named(&ran.exits(0).stderr),
        "a sandbox begins anew each time"
    );
    let slip = ["calls.csv", "--ledger", "slip.db", "--results", "again.csv"];
    std::fs::remove_file(project.path("calls.results.csv")).unwrap();
    project
        .import(&server, &slip)
        .exits(0)
        .says("slip.db: every row");
}

#[test]
fn results_of_the_built_in_sandbox_say_nothing_about_the_ledger() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(4)));
    project.run(&["import", "calls.csv", "--sandbox"]).exits(0);
    project.import(&server, &["calls.csv"]).exits(0);
    assert_eq!(server.tickets().len(), 4);
}

#[test]
fn a_sandbox_run_does_not_take_the_place_of_real_results() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(4)));
    project.import(&server, &["calls.csv"]).exits(0);
    let real = project.read("calls.results.csv");
    for sandbox in ["--sandbox", "--sandbox=kept"] {
        let ran = project.run(&["import", "calls.csv", sandbox]).exits(2);
        for part in ["calls.results.csv names tickets", "give --results FILE"] {
            assert!(ran.stderr.contains(part), "{sandbox}: {}", ran.all());
        }
    }
    assert_eq!(project.read("calls.results.csv"), real);
    assert!(!project.path("kept").exists(), "no sandbox was started");
    // Those of an earlier sandbox run are replaced as ever.
    for _ in 0..2 {
        let elsewhere = ["--sandbox", "--results", "tried.csv"];
        project
            .run(&[&["import", "calls.csv"], &elsewhere[..]].concat())
            .exits(0);
    }
    assert_eq!(count(&project.results("tried.csv"), "created"), 4);
}

#[test]
fn a_sandbox_run_does_not_take_the_place_of_results_that_have_only_doubts() {
    let (project, server) = (Project::new(), Server::with_faults("reset_after@1-2"));
    project.write("calls.csv", csv(&calls(2)));
    project.import(&server, &["calls.csv"]).exits(6);
    project
        .run(&["import", "calls.csv", "--sandbox"])
        .exits(2)
        .says("give --results FILE");
    assert_eq!(count(&project.results("calls.results.csv"), "in_doubt"), 2);
}

#[test]
fn odd_tickets_that_the_ledger_does_not_know_stop_the_run_too() {
    let (project, server) = (Project::new(), Server::with_faults("odd_id@1-4"));
    project.write("calls.csv", csv(&calls(2)));
    project.import(&server, &["calls.csv"]).exits(0);
    project.import(&server, &["calls.csv"]).exits(0);
    // An ID that somebody has changed is no sign of another ledger.
    let told = project.read("calls.results.csv");
    project.write("calls.results.csv", told.replace("'=1", "=1"));
    project.import(&server, &["calls.csv"]).exits(0);
    std::fs::rename(project.home(), project.temporary().join("home")).unwrap();
    for changed in [false, true] {
        let told = project.read("calls.results.csv");
        if changed {
            project.write("calls.results.csv", told.replace("'=1", "=1"));
        }
        project
            .import(&server, &["calls.csv"])
            .exits(2)
            .says("lost");
    }
    assert_eq!(server.requests("ticket"), 2);
}

#[test]
fn rows_that_were_in_doubt_are_not_sent_again_by_a_new_ledger() {
    let (project, server) = (Project::new(), Server::with_faults("reset_after@1-2"));
    let calls = calls(2);
    project.write("calls.csv", csv(&calls));
    project.import(&server, &["calls.csv"]).exits(6);
    std::fs::rename(project.home(), project.temporary().join("home")).unwrap();
    project
        .import(&server, &["calls.csv"])
        .exits(2)
        .says("lost");
    assert_eq!(server.requests("ticket"), 2);
}

#[test]
fn results_that_a_spreadsheet_saved_in_its_own_encoding_still_tell_of_their_tickets() {
    let (project, server) = lost();
    let text = project
        .read("calls.results.csv")
        .replace("C00001", "M\u{fc}ller");
    let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
    project.write("calls.results.csv", bytes);
    project
        .import(&server, &["calls.csv"])
        .exits(2)
        .says("lost");
    assert_eq!(server.tickets().len(), 4);
}

#[test]
fn results_that_cannot_be_read_are_told_as_that() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(2)));
    for args in [
        &["status", "missing.csv"][..],
        &["ledger", "adopt", "missing.csv", "calls.csv"],
    ] {
        let ran = project.run_for(&server, args).exits(2);
        for part in ["missing.csv cannot be read", "\nhint: "] {
            assert!(ran.stderr.contains(part), "{args:?}: {}", ran.all());
        }
    }
}

#[test]
fn a_ledger_that_was_removed_is_noticed_without_any_results() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(4)));
    project.import(&server, &["calls.csv"]).exits(0);
    let folder = project.home().join("state/ticketload");
    std::fs::remove_file(folder.join("ledger.db")).unwrap();
    std::fs::rename(project.path("calls.results.csv"), project.path("kept.csv")).unwrap();
    for command in ["validate", "import", "import", "validate"] {
        let ran = project.run_for(&server, &[command, "calls.csv"]).exits(2);
        for part in ["ledger.db.lock", "ledger adopt"] {
            assert!(ran.stderr.contains(part), "{command}: {}", ran.all());
        }
    }
    let adopt = ["ledger", "adopt", "kept.csv", "calls.csv"];
    project.run_for(&server, &adopt).exits(0);
    project.import(&server, &["calls.csv"]).exits(0);
    assert_eq!(server.tickets().len(), 4);
    // Somebody who says that it is meant begins anew.
    for name in ["ledger.db", "ledger.db.lock"] {
        std::fs::remove_file(folder.join(name)).unwrap();
    }
    std::fs::remove_file(project.path("calls.results.csv")).unwrap();
    project.import(&server, &["calls.csv"]).exits(0);
    assert_eq!(server.tickets().len(), 8);
}

#[test]
fn a_ledger_that_is_removed_while_rows_are_sent_stops_the_run_and_its_results_are_told() {
    let project = Project::new();
    project.write("calls.csv", csv(&calls(40)));
    project.write("more.csv", csv(&calls(50)[40..]));
    let folder = project.path("ledger.db").parent().unwrap().to_owned();
    let server = RawServer::new(move |number, _| {
        if number == 2 {
            for name in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
                std::fs::remove_file(folder.join(name)).unwrap();
            }
        }
        Action::Answer(as_ticket(number))
    });
    let args = [
        "import",
        "calls.csv",
        "more.csv",
        "--ledger",
        "ledger.db",
        "--workers",
        "1",
        "--format",
        "json",
    ];
    let command = || project.command_for(&server.url(), &args);
    let ran = Running::start(command()).end().exits(5);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let later = &report["files"][1];
    assert_eq!(later["unwritten"].as_array().unwrap().len(), 1);
    assert_eq!(later["outcomes"]["not_sent"], 10);
    assert!(
        ran.stderr.contains("was removed or replaced"),
        "{}",
        ran.stderr
    );
    assert_eq!(server.submissions().len(), 3);
    let told = project.results("calls.results.csv");
    assert_eq!(outcomes(&told[..2]), ["created"; 2]);
    assert_eq!(
        (told[2].outcome.as_str(), count(&told, "not_sent")),
        ("in_doubt", 37)
    );
    // The ticket of the row that was on its way is kept beside the ledger; then those of the results are to be known.
    let again = Running::start(command()).end().exits(2);
    assert!(again.stderr.contains("1 outcome"), "{}", again.stderr);
    std::fs::remove_file(project.path("ledger.db.emergency.jsonl")).unwrap();
    std::fs::remove_file(project.path("ledger.db.lock")).unwrap();
    let again = Running::start(command()).end().exits(2);
    assert!(again.stderr.contains("ledger adopt"), "{}", again.stderr);
    assert_eq!(server.submissions().len(), 3);
}

#[test]
fn an_outcome_is_kept_also_where_all_files_of_the_ledger_were_removed() {
    let project = Project::new();
    project.write("calls.csv", csv(&calls(8)));
    let folder = project.path("ledger.db").parent().unwrap().to_owned();
    let server = RawServer::new(move |number, _| {
        if number == 2 {
            let endings = ["", "-wal", "-shm", ".lock", ".emergency.jsonl"];
            for file in endings.map(|ending| folder.join(format!("ledger.db{ending}"))) {
                std::fs::remove_file(file).unwrap();
            }
        }
        Action::Answer(as_ticket(number))
    });
    let args = [
        "import",
        "calls.csv",
        "--ledger",
        "ledger.db",
        "--workers",
        "1",
    ];
    let ran = Running::start(project.command_for(&server.url(), &args)).end();
    let kept = "ledger.db.emergency.jsonl";
    let ran = ran.exits(5).says(kept);
    let notes = project.read(kept);
    assert_eq!(
        notes.matches("ticket_id").count(),
        1,
        "{notes}: {}",
        ran.all()
    );
}

/// The results of the whole file have been replaced by those of a part, and the ledger is gone.
fn lost_after_a_part() -> (Project, Server) {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(40)));
    project.import(&server, &["calls.csv"]).exits(0);
    std::fs::copy(project.path("calls.results.csv"), project.path("whole.csv")).unwrap();
    project
        .import(&server, &["calls.csv", "--rows", "3-4"])
        .exits(0);
    std::fs::rename(project.home(), project.temporary().join("home")).unwrap();
    (project, server)
}

#[test]
fn adopting_says_which_rows_have_no_ticket_in_the_results() {
    let (project, server) = lost_after_a_part();
    let adopt = |results| project.run_for(&server, &["ledger", "adopt", results, "calls.csv"]);
    adopt("calls.results.csv")
        .exits(0)
        .says("adopted as run 1 for sandbox at 127.0.0.1")
        .says(": 2 rows with their tickets")
        .says("38 rows of calls.csv have no ticket in these results: the next import sends them")
        .says("adopt the results that name them first");
    let ran = adopt("whole.csv").exits(0).says("2 rows known before");
    assert!(!ran.stdout.contains("the next import"), "{}", ran.stdout);
    // Nor does it warn where the results of a part come second.
    let ran = adopt("calls.results.csv").exits(0);
    assert!(!ran.stdout.contains("the next import"), "{}", ran.stdout);
    project.import(&server, &["calls.csv"]).exits(0);
    assert_eq!(server.tickets().len(), 40);
}

#[test]
fn adopting_says_where_the_ledger_knows_other_tickets_than_the_results() {
    let (project, server) = lost();
    std::fs::rename(project.path("calls.results.csv"), project.path("first.csv")).unwrap();
    project.import(&server, &["calls.csv"]).exits(0);
    let adopt = |results| project.run_for(&server, &["ledger", "adopt", results, "calls.csv"]);
    adopt("calls.results.csv")
        .exits(0)
        .says("4 rows known before");
    let ran = adopt("first.csv")
        .exits(0)
        .says("4 rows left as the ledger knows them, which is not as the results tell");
    assert!(!ran.stdout.contains("known before"), "{}", ran.stdout);
    // An import stops at such results for good; what the adoption says then helps.
    std::fs::copy(project.path("first.csv"), project.path("calls.results.csv")).unwrap();
    project.import(&server, &["calls.csv"]).exits(2);
    adopt("calls.results.csv")
        .exits(0)
        .says("none of them is sent again")
        .says("an import goes on stopping at calls.results.csv")
        .says("move that file away");
    std::fs::remove_file(project.path("calls.results.csv")).unwrap();
    project.import(&server, &["calls.csv"]).exits(0);
    assert_eq!(server.tickets().len(), 8);
}

#[test]
fn adopting_does_not_count_rows_that_no_import_would_send() {
    let (project, server) = (Project::new(), Server::with_faults("reset_after@2"));
    let mut calls = calls(4);
    calls[2].dob = String::new();
    project.write("calls.csv", csv(&calls));
    project
        .import(&server, &["calls.csv", "--workers", "1"])
        .exits(6);
    std::fs::rename(project.home(), project.temporary().join("home")).unwrap();
    let ran = project
        .run_for(
            &server,
            &["ledger", "adopt", "calls.results.csv", "calls.csv"],
        )
        .exits(0)
        .says("2 rows with their tickets, 1 in doubt");
    assert!(!ran.stdout.contains("the next import"), "{}", ran.stdout);
}

#[test]
fn a_ticket_that_somebody_has_changed_is_not_adopted() {
    let (project, server) = (Project::new(), Server::with_faults("odd_id@2"));
    project.write("calls.csv", csv(&calls(3)));
    project
        .import(&server, &["calls.csv", "--workers", "1"])
        .exits(0);
    let told = project.read("calls.results.csv");
    let changed = told.replace("'=1", "=1");
    assert_ne!(changed, told);
    project.write("changed.csv", changed);
    std::fs::rename(project.home(), project.temporary().join("home")).unwrap();
    let adopt = |results| project.run_for(&server, &["ledger", "adopt", results, "calls.csv"]);
    let ran = adopt("changed.csv")
        .exits(2)
        .says("ticket of row 3")
        .says("nothing was adopted");
    assert!(!ran.stderr.contains("=1+"), "{}", ran.stderr);
    assert!(!project.home().exists(), "no ledger was made");
    adopt("calls.results.csv").exits(0);
    project.import(&server, &["calls.csv"]).exits(0);
    assert_eq!(server.tickets().len(), 3);
}

#[test]
fn validate_refuses_what_import_refuses_of_earlier_results() {
    let lost_with_tickets = lost();
    let lost_with_doubts = (Project::new(), Server::with_faults("reset_after@1-2"));
    let (project, server) = &lost_with_doubts;
    project.write("calls.csv", csv(&calls(2)));
    project.import(server, &["calls.csv"]).exits(6);
    project.run(&["validate", "calls.csv"]).exits(0);
    std::fs::remove_dir_all(project.home()).unwrap();
    for (project, server) in [lost_with_tickets, lost_with_doubts] {
        let results = project.read("calls.results.csv");
        // Without a ledger, and with the empty one that the import has made.
        for _ in 0..2 {
            let alone = project.run(&["validate", "calls.csv"]).exits(2);
            let rehearsed = project
                .run_for(&server, &["validate", "calls.csv"])
                .exits(2);
            let run = project.import(&server, &["calls.csv"]).exits(2);
            assert_eq!(alone.stderr, run.stderr);
            assert_eq!(rehearsed.stderr, run.stderr);
            assert!(run.stderr.contains("may have been lost"), "{}", run.stderr);
        }
        assert_eq!(project.read("calls.results.csv"), results);
        std::fs::remove_file(project.path("calls.results.csv")).unwrap();
        project
            .run_for(&server, &["validate", "calls.csv"])
            .exits(0);
    }
}

#[test]
fn validate_refuses_a_place_of_results_that_import_would_not_write_to() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(2)));
    project.write("calls.results.csv", "Patient,Phone\nMeyer,1\n");
    let rehearsed = project
        .run_for(&server, &["validate", "calls.csv"])
        .exits(2);
    let run = project.import(&server, &["calls.csv"]).exits(2);
    assert_eq!(rehearsed.stderr, run.stderr);
    assert!(run.stderr.contains("is no results file"), "{}", run.stderr);
    // Without an account it is the file alone that is looked at.
    project.run(&["validate", "calls.csv"]).exits(0);
    std::fs::remove_file(project.path("calls.results.csv")).unwrap();
    project.run(&["import", "calls.csv", "--sandbox"]).exits(0);
    for ran in [
        project.run_for(&server, &["validate", "calls.csv"]),
        project.run(&["validate", "calls.csv"]),
    ] {
        ran.exits(0).says("Every row would be sent.");
    }
}

fn adopt(project: &Project, server: &Server, results: &str, input: &str) -> Ran {
    project.run_for(server, &["ledger", "adopt", results, input])
}

#[test]
fn results_of_another_file_are_not_adopted_where_no_key_tells_the_rows_apart() {
    for mapping in [UNKEYED, KEYED] {
        let (project, server) = (Project::with_mapping(mapping), Server::new());
        let calls = calls(4);
        std::fs::create_dir(project.path("old")).unwrap();
        project.write("old/monday.csv", csv(&calls[..2]));
        project.write("tuesday.csv", csv(&calls[2..]));
        project.import(&server, &["old/monday.csv"]).exits(0);
        // A results file that was written from the ledger alone has no keys.
        let results = project.read("old/monday.results.csv");
        let keyless = results.replace("C00001", "").replace("C00002", "");
        project.write("keyless.csv", keyless);
        std::fs::rename(project.home(), project.temporary().join("home")).unwrap();
        let why = match mapping {
            UNKEYED => "the mapping has no [key]",
            _ => "they say no keys",
        };
        adopt(&project, &server, "keyless.csv", "tuesday.csv")
            .exits(2)
            .says("keyless.csv is of monday.csv and not of tuesday.csv")
            .says(why)
            .says("nothing was adopted")
            .says("give monday.csv as it was imported");
        project.import(&server, &["tuesday.csv"]).exits(0);
        // Another folder is no other file; under another name it has to have its own again, or a key.
        std::fs::copy(project.path("old/monday.csv"), project.path("renamed.csv")).unwrap();
        std::fs::copy(project.path("old/monday.csv"), project.path("monday.csv")).unwrap();
        let renamed = adopt(&project, &server, "old/monday.results.csv", "renamed.csv");
        if mapping == UNKEYED {
            renamed.exits(2).says("give it the name monday.csv again");
            let moved = ["old/monday.results.csv", "monday.csv", "--unchanged"];
            let moved = [&["ledger", "adopt"], &moved[..]].concat();
            project.run_for(&server, &moved).exits(0);
        } else {
            renamed.exits(0);
        }
        project.import(&server, &["old/monday.csv"]).exits(0);
        assert_eq!(server.tickets().len(), 4);
    }
}

#[test]
fn results_that_do_not_fit_say_of_which_file_they_are() {
    let (project, server) = lost();
    project.write("other.csv", csv(&calls(8)[4..]));
    adopt(&project, &server, "calls.results.csv", "other.csv")
        .exits(2)
        .says("row 2 has another key")
        .says("give calls.csv, which calls.results.csv is of");
    // Another file has the name now.
    project.write("calls.csv", csv(&calls(8)[4..]));
    adopt(&project, &server, "calls.results.csv", "calls.csv")
        .exits(2)
        .says("give the file that calls.results.csv was written of")
        .says("Only where it is gone for good");
}

/// Two identical calls and one that is invalid: the first was sent from the source, the second from the rejects.
fn sent_from_source_and_rejects() -> (Project, Server) {
    let (project, server) = (Project::with_mapping(UNKEYED), Server::new());
    let mut calls = calls(2);
    calls[1].dob = "soon".to_owned();
    let text = csv(&calls);
    let lines: Vec<&str> = text.lines().collect();
    project.write(
        "calls.csv",
        [lines[0], lines[1], lines[1], lines[2], ""].join("\n"),
    );
    let first = ["calls.csv", "--rows", "2-2"];
    project.import(&server, &first).exits(0);
    let rest = ["calls.csv", "--strict", "--rejects", "rejects.csv"];
    project.import(&server, &rest).exits(5);
    std::fs::copy(project.path("calls.results.csv"), project.path("early.csv")).unwrap();
    let rejects = project.read("rejects.csv");
    let of_one: Vec<&str> = rejects.lines().take(2).collect();
    project.write("rejects.csv", of_one.join("\n") + "\n");
    project.import(&server, &["rejects.csv"]).exits(0);
    project.import(&server, &["calls.csv"]).exits(1);
    let told = project.results("calls.results.csv");
    let expected = ["already_created", "already_created", "invalid"];
    assert_eq!(outcomes(&told), expected);
    assert_eq!(server.tickets().len(), 2);
    std::fs::rename(project.home(), project.temporary().join("home")).unwrap();
    (project, server)
}

#[test]
fn results_of_rejects_and_of_their_source_are_adopted_in_any_order() {
    let source = ["calls.results.csv", "calls.csv"];
    let early = ["early.csv", "calls.csv"];
    let rejects = ["rejects.results.csv", "rejects.csv"];
    for order in [
        &[rejects, source][..],
        &[source, rejects],
        &[early, rejects],
        &[rejects, early],
        &[rejects, source, early, rejects, source],
    ] {
        let (project, server) = sent_from_source_and_rejects();
        for [results, input] in order {
            let ran = adopt(&project, &server, results, input).exits(0);
            assert!(!ran.stdout.contains("left as"), "{order:?}: {}", ran.stdout);
            assert!(ran.stdout.contains("0 in doubt"), "{}", ran.stdout);
        }
        project.run(&["ledger", "check"]).exits(0);
        project.import(&server, &["calls.csv"]).exits(1);
        project.import(&server, &["rejects.csv"]).exits(0);
        let told = project.results("calls.results.csv");
        let expected = ["already_created", "already_created", "invalid"];
        assert_eq!(outcomes(&told), expected, "{order:?}");
        assert_ne!(told[0].ticket_id, told[1].ticket_id);
        assert_eq!(server.tickets().len(), 2, "{order:?}");
    }
}

#[test]
fn two_tickets_of_a_key_that_came_later_are_both_known_again() {
    let (project, server) = (Project::with_mapping(UNKEYED), Server::new());
    let text = csv(&calls(1));
    let row = text.lines().nth(1).unwrap();
    project.write("calls.csv", format!("{text}{row}\n"));
    project.import(&server, &["calls.csv"]).exits(0);
    project.write("mapping.toml", KEYED);
    project.import(&server, &["calls.csv"]).exits(0);
    let before = project.results("calls.results.csv");
    assert_ne!(before[0].ticket_id, before[1].ticket_id);
    std::fs::rename(project.home(), project.temporary().join("home")).unwrap();
    let ran = adopt(&project, &server, "calls.results.csv", "calls.csv").exits(0);
    assert!(!ran.stdout.contains("left as"), "{}", ran.stdout);
    project.import(&server, &["calls.csv"]).exits(0);
    let tickets = |name: &str| -> Vec<String> {
        let told = project.results(name).into_iter();
        told.map(|row| row.ticket_id).collect()
    };
    let known: Vec<String> = before.into_iter().map(|row| row.ticket_id).collect();
    assert_eq!(tickets("calls.results.csv"), known);
    assert_eq!(server.tickets().len(), 2);
}

/// A row at the top would give every call its neighbour's ticket, and the new call would never be sent.
#[test]
fn an_input_that_was_changed_since_its_results_is_not_adopted_without_a_key() {
    let (project, server) = (Project::with_mapping(UNKEYED), Server::new());
    let calls = calls(4);
    project.write("calls.csv", csv(&calls[1..]));
    project.import(&server, &["calls.csv"]).exits(0);
    std::fs::rename(project.home(), project.temporary().join("home")).unwrap();
    let date = |name: &str, path: &str, back: u64| {
        let file = std::fs::File::options()
            .write(true)
            .open(project.path(name));
        let of = std::fs::metadata(project.path(path)).unwrap();
        let at = of.modified().unwrap() - std::time::Duration::from_secs(back);
        file.unwrap().set_modified(at).unwrap();
    };
    let refused = |sign: &str| {
        let ran = adopt(&project, &server, "calls.results.csv", "calls.csv").exits(2);
        ran.says(sign)
            .says("nothing was adopted")
            .says("give calls.csv as it was when calls.results.csv was written")
    };
    // One row more; its time tells, and so does its number.
    project.write("calls.csv", csv(&calls));
    project
        .import(&server, &["calls.csv"])
        .exits(2)
        .says("row for row as it was then");
    refused("calls.csv was modified after calls.results.csv was written").says("--unchanged");
    date("calls.csv", "calls.results.csv", 5);
    refused("calls.csv has a row 5, of which calls.results.csv does not tell").says("--unchanged");
    // One row less is never what it was.
    project.write("calls.csv", csv(&calls[2..]));
    date("calls.csv", "calls.results.csv", 5);
    let ran = refused("calls.csv has no row 4, of which calls.results.csv tells");
    assert!(!ran.stderr.contains("--unchanged"), "{}", ran.stderr);
    // As it was, under a later time.
    project.write("calls.csv", csv(&calls[1..]));
    refused("calls.csv was modified after");
    let unchanged = ["calls.results.csv", "calls.csv", "--unchanged"];
    let unchanged = [&["ledger", "adopt"], &unchanged[..]].concat();
    project.run_for(&server, &unchanged).exits(0);
    project.write("calls.csv", csv(&calls));
    project.import(&server, &["calls.csv"]).exits(0);
    let told = project.results("calls.results.csv");
    let known = ["already_created"; 3];
    assert_eq!(outcomes(&told), [&["created"], &known[..]].concat());
    assert_every_call_has_its_ticket(&server, 4);
}

fn assert_every_call_has_its_ticket(server: &Server, calls: usize) {
    let tickets = server.tickets();
    let complaints: std::collections::HashSet<_> = tickets.iter().map(complaint).collect();
    assert_eq!((tickets.len(), complaints.len()), (calls, calls));
}

/// A run over a part leaves rows out: that they are no rows of another file a person has to say.
#[test]
fn results_of_a_part_are_adopted_without_a_key_once_a_person_says_that_nothing_has_changed() {
    let (project, server) = (Project::with_mapping(UNKEYED), Server::new());
    project.write("calls.csv", csv(&calls(6)));
    let part = ["calls.csv", "--rows", "3-5", "--limit", "2"];
    project.import(&server, &part).exits(0);
    std::fs::rename(project.home(), project.temporary().join("home")).unwrap();
    adopt(&project, &server, "calls.results.csv", "calls.csv")
        .exits(2)
        .says("calls.csv has a row 2, of which");
    let unchanged = ["calls.results.csv", "calls.csv", "--unchanged"];
    let unchanged = [&["ledger", "adopt"], &unchanged[..]].concat();
    project.run_for(&server, &unchanged).exits(0);
    project.import(&server, &["calls.csv"]).exits(0);
    assert_every_call_has_its_ticket(&server, 6);
}

/// A project of two nights that share a call: the first night's results say that it is in doubt, the second's, written after a
/// person had found its ticket, name that. The ledger is gone.
fn doubt_of_the_first_night(mapping: &str) -> (Project, Server) {
    let (project, server) = (
        Project::with_mapping(mapping),
        Server::with_faults("reset_after@2"),
    );
    let calls = calls(3);
    project.write("a.csv", csv(&calls[..2]));
    project.write("b.csv", csv(&calls[1..]));
    project
        .import(&server, &["a.csv", "--workers", "1"])
        .exits(6);
    let ticket = server.tickets()[1].ticket_id.clone();
    let resolve = ["ledger", "resolve", "1:3", "--created", &ticket];
    project.run_for(&server, &resolve).exits(0);
    project.import(&server, &["b.csv"]).exits(0);
    let outcomes_of = |name: &str| count(&project.results(name), "in_doubt");
    assert_eq!(outcomes_of("a.results.csv"), 1);
    assert_eq!(outcomes_of("b.results.csv"), 0);
    std::fs::rename(project.home(), project.temporary().join("home")).unwrap();
    (project, server)
}

#[test]
fn results_that_name_the_ticket_lead_out_of_a_doubt_that_was_adopted_in_either_order() {
    for mapping in [KEYED, UNKEYED] {
        for order in [["a", "b"], ["b", "a"]] {
            let (project, server) = doubt_of_the_first_night(mapping);
            let named = project.results("b.results.csv")[0].ticket_id.clone();
            for night in order {
                let (results, input) = (format!("{night}.results.csv"), format!("{night}.csv"));
                let ran = adopt(&project, &server, &results, &input).exits(0);
                assert!(!ran.stdout.contains("left as"), "{}", ran.stdout);
            }
            project.run(&["ledger", "check"]).exits(0);
            project.import(&server, &["a.csv", "b.csv"]).exits(0);
            assert_eq!(project.results("a.results.csv")[1].ticket_id, named);
            assert_eq!(server.tickets().len(), 3);
            if order[0] == "a" {
                // Whoever looks it up later is told who found it.
                let resolve = ["ledger", "resolve", "1:3", "--not-created"];
                let ran = project.run_for(&server, &resolve).exits(2);
                ran.says("`ledger adopt` found ticket");
            }
        }
    }
}

/// A doubt of a run of this very ledger is a person's to lead out of; the adoption says how.
#[test]
fn a_doubt_that_was_not_adopted_stays_and_its_way_out_is_named() {
    let (project, mut server) = doubt_of_the_first_night(KEYED);
    std::fs::rename(project.path("b.results.csv"), project.path("named.csv")).unwrap();
    server.behave("reset_after@1");
    project
        .import(&server, &["b.csv", "--workers", "1"])
        .exits(6);
    let sent = server.requests("ticket");
    let ran = adopt(&project, &server, "named.csv", "b.csv").exits(0);
    for words in [
        "2 rows left as the ledger knows them",
        "ledger resolve REFERENCE --created TICKET_ID",
        "ledger in-doubt",
    ] {
        assert!(ran.stdout.contains(words), "{}", ran.stdout);
    }
    project.import(&server, &["b.csv"]).exits(6);
    assert_eq!(server.requests("ticket"), sent);
}

/// Two identical calls without a key: the first ended in doubt, and the second was sent from the rejects.
#[test]
fn a_doubt_and_the_ticket_of_its_identical_neighbour_are_adopted_in_either_order() {
    let (source, rejects) = (["a.results.csv", "a.csv"], ["r.results.csv", "r.csv"]);
    for order in [[source, rejects], [rejects, source]] {
        let (project, server) = (
            Project::with_mapping(UNKEYED),
            Server::with_faults("reset_after@1"),
        );
        let text = csv(&calls(1));
        let row = text.lines().nth(1).unwrap();
        project.write("a.csv", format!("{text}{row}\n"));
        let import = ["a.csv", "--rejects", "r.csv", "--max-failures", "0"];
        let import = [&import[..], &["--workers", "1"]].concat();
        project.import(&server, &import).exits(5);
        let told = project.results("a.results.csv");
        assert_eq!(outcomes(&told), ["in_doubt", "not_sent"]);
        project.import(&server, &["r.csv"]).exits(0);
        let sent = server.requests("ticket");
        std::fs::rename(project.home(), project.temporary().join("home")).unwrap();
        for _ in 0..2 {
            for [results, input] in order {
                let ran = adopt(&project, &server, results, input).exits(0);
                assert!(!ran.stdout.contains("left as"), "{}", ran.stdout);
            }
        }
        project.run(&["ledger", "check"]).exits(0);
        for _ in 0..2 {
            project.import(&server, &["a.csv"]).exits(6);
            let told = project.results("a.results.csv");
            assert_eq!(count(&told, "in_doubt"), 1, "{order:?}");
            assert_eq!(count(&told, "already_created"), 1, "{order:?}");
            project.import(&server, &["r.csv"]);
        }
        assert_eq!(server.requests("ticket"), sent, "{order:?}");
    }
}
