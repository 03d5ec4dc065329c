//! A key names a call: whoever has it is that call, in one file and in the next, and what cannot be is said.

use crate::harness::{
    Call, KEYED, Project, Server, UNKEYED, assert_agrees, assert_told_truly, calls, count, csv,
    outcomes, rehearsed, rehearsed_together, typed_xlsx,
};
use std::collections::HashSet;

#[test]
fn a_key_that_is_added_later_knows_the_rows_of_before() {
    let (project, server) = (Project::with_mapping(UNKEYED), Server::new());
    let mut calls = calls(6);
    project.write("calls.csv", csv(&calls));
    project.import(&server, &["calls.csv"]).exits(0);
    project.write("mapping.toml", KEYED);
    project.import(&server, &["calls.csv"]).exits(0);
    assert_eq!(
        count(&project.results("calls.results.csv"), "already_created"),
        6
    );
    // From now on the key leads to the ticket, though the cells change.
    calls[2].practice = " 1234".to_owned();
    project.write("calls.csv", csv(&calls));
    project.import(&server, &["calls.csv"]).exits(0);
    assert_eq!(server.tickets().len(), 6);
    assert_eq!(
        count(&project.results("calls.results.csv"), "already_created"),
        6
    );
}

/// The values of the one column stand in the other one too, at other rows.
#[test]
fn another_key_column_leads_no_row_to_another_rows_ticket() {
    for swaps_headers in [false, true] {
        let (project, server) = (Project::new(), Server::new());
        let mut calls = calls(5);
        for (call, (id, doctor)) in calls
            .iter_mut()
            .zip([(1, 2), (2, 3), (3, 1), (4, 4), (5, 9)])
        {
            (call.id, call.doctor) = (id.to_string(), doctor.to_string());
        }
        calls[3].dob = String::new();
        let text = csv(&calls);
        project.write("calls.csv", &text);
        // Nothing is sent, and every row is known.
        project.import(&server, &["calls.csv", "--strict"]).exits(5);
        assert_eq!(server.tickets().len(), 0);
        if swaps_headers {
            let (header, rows) = text.split_once('\n').unwrap();
            let header = header
                .replace("Call ID", "X")
                .replace("Doctor", "Call ID")
                .replace('X', "Doctor");
            project.write("calls.csv", format!("{header}\n{rows}"));
        } else {
            project.write("mapping.toml", KEYED.replacen("Call ID", "Doctor", 1));
        }
        for expected in ["created", "already_created"] {
            project.import(&server, &["calls.csv"]).exits(1);
            let told = project.results("calls.results.csv");
            assert_eq!(count(&told, expected), 4, "{:?}", outcomes(&told));
            assert_told_truly(&told, &calls, &server.tickets());
        }
    }
}

#[test]
fn the_same_key_and_content_twice_is_one_call() {
    let (project, server) = (Project::new(), Server::new());
    let calls = calls(3);
    let rows = [
        calls[0].clone(),
        calls[1].clone(),
        calls[0].clone(),
        calls[2].clone(),
    ];
    project.write("calls.csv", csv(&rows));
    for expected in ["created", "already_created"] {
        let rehearsed = rehearsed(&project, &server, 0);
        project
            .import(&server, &["calls.csv", "--workers", "1"])
            .exits(0)
            .says("1 row with the key of an earlier row");
        let told = project.results("calls.results.csv");
        assert_eq!(told[0].outcome, expected);
        assert_eq!(told[2].outcome, "already_created");
        assert_eq!(told[0].ticket_id, told[2].ticket_id);
        assert_eq!(server.tickets().len(), 3);
        assert_agrees(&rehearsed, &told);
    }
}

#[test]
fn a_row_that_is_known_by_its_key_alone_wants_a_look() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(3)));
    project.import(&server, &["calls.csv"]).exits(0);
    // Another clinic that counts its calls in the same way.
    let others: Vec<Call> = calls(3)
        .into_iter()
        .map(|call| call.with_reason("since yesterday"))
        .collect();
    project.write("other.csv", csv(&others));
    project.write("other.toml", format!("{KEYED}\naddress = \"Notes\"\n"));
    let args = ["validate", "other.csv", "--mapping", "other.toml"];
    let ran = project.run_for(&server, &args).exits(0);
    assert!(
        ran.stdout.contains("3 rows known by the key alone"),
        "{}",
        ran.all()
    );
    let args = ["other.csv", "--mapping", "other.toml"];
    let ran = project.import(&server, &args).exits(0);
    assert!(
        ran.stdout.contains("3 rows with a ticket want a look"),
        "{}",
        ran.all()
    );
    for row in project.results("other.results.csv") {
        assert_eq!(row.outcome, "already_created");
        assert!(
            row.message.starts_with("warning: known by its key alone"),
            "{row:?}"
        );
        assert!(row.message.contains("of calls.csv (run 1)"), "{row:?}");
    }
    assert_eq!(server.tickets().len(), 3);
    // The same file again: its cells were not taken for those of the other clinic's calls.
    let ran = project.import(&server, &args).exits(0);
    assert!(
        ran.stdout.contains("3 rows with a ticket want a look"),
        "{}",
        ran.all()
    );
}

#[test]
fn a_repeated_key_shares_in_the_rehearsal_what_the_ledger_knows_of_the_first_row() {
    let (project, server) = (Project::new(), Server::new());
    let doubtful = Call::numbered(1).with_reason("[[fault:http502_after]]");
    let rows = [Call::numbered(2), doubtful];
    // Sent without a key: only the cells of the first of each pair are known.
    project.write("keyless.toml", UNKEYED);
    project.write("calls.csv", csv(&rows));
    project
        .import(&server, &["calls.csv", "--mapping", "keyless.toml"])
        .exits(6);
    project.write("calls.csv", csv(&[rows.clone(), rows].concat()));
    let rehearsed = rehearsed(&project, &server, 6);
    project.import(&server, &["calls.csv"]).exits(6);
    let told = project.results("calls.results.csv");
    assert_eq!(
        outcomes(&told),
        ["already_created", "in_doubt", "already_created", "in_doubt"]
    );
    assert_agrees(&rehearsed, &told);
}

#[test]
fn the_same_key_and_content_twice_shares_a_rejection_and_a_doubt() {
    for (marker, outcome, exit) in [
        ("[[reject:406]]", "rejected", 1),
        ("[[fault:http502_after]]", "in_doubt", 6),
    ] {
        let (project, server) = (Project::new(), Server::new());
        let twin = Call::numbered(1).with_reason(marker);
        project.write("calls.csv", csv(&[twin.clone(), Call::numbered(2), twin]));
        project
            .import(&server, &["calls.csv", "--workers", "4"])
            .exits(exit);
        let told = project.results("calls.results.csv");
        assert_eq!(outcomes(&told), [outcome, "created", outcome]);
        assert_eq!(server.requests("ticket"), 2);
    }
}

/// Cells and key of the second row lead to what was not sent before, and the first row takes that over.
#[test]
fn the_same_key_and_content_twice_is_one_call_also_where_one_of_them_is_open_from_before() {
    let (project, server) = (Project::new(), Server::new());
    let before = Call::numbered(1);
    let mut wrong = Call::numbered(2);
    wrong.dob = "never".to_owned();
    project.write("before.csv", csv(&[before.clone(), wrong]));
    project
        .import(&server, &["before.csv", "--strict"])
        .exits(5);
    let mut again = before.clone();
    again.practice = " 1234".to_owned();
    project.write("calls.csv", csv(&[again, before]));
    let rehearsed = rehearsed(&project, &server, 0);
    project.import(&server, &["calls.csv"]).exits(0);
    let told = project.results("calls.results.csv");
    assert_eq!(outcomes(&told), ["created", "already_created"]);
    assert_eq!(told[0].ticket_id, told[1].ticket_id);
    assert_eq!(server.tickets().len(), 1);
    assert_agrees(&rehearsed, &told);
}

#[test]
fn the_same_key_with_two_contents_is_a_conflict_for_both_rows() {
    let (project, server) = (Project::new(), Server::new());
    let mut calls = calls(4);
    calls[3].id = calls[1].id.clone();
    project.write("calls.csv", csv(&calls));
    for _ in 0..2 {
        project.import(&server, &["calls.csv"]).exits(1);
        let told = project.results("calls.results.csv");
        for row in [1, 3] {
            let found = (told[row].outcome.as_str(), told[row].error_code.as_str());
            assert_eq!(found, ("invalid", "conflict.key"));
            assert!(
                told[row].message.contains("rows 3 and 5"),
                "{}",
                told[row].message
            );
        }
        assert_eq!(server.tickets().len(), 2);
    }
}

#[test]
fn a_second_content_under_a_key_that_came_later_is_not_told_to_have_the_ticket_of_the_first() {
    for first_in_file in [0, 1] {
        let (project, server) = (Project::new(), Server::new());
        project.write("keyless.toml", UNKEYED);
        let sent = Call::numbered(1);
        project.write("calls.csv", csv(std::slice::from_ref(&sent)));
        project
            .import(&server, &["calls.csv", "--mapping", "keyless.toml"])
            .exits(0);
        let mut rows = [sent.clone(), sent.with_reason("another patient's")];
        rows.rotate_left(first_in_file);
        project.write("calls.csv", csv(&rows));
        let rehearsed = rehearsed(&project, &server, 1);
        for _ in 0..2 {
            project.import(&server, &["calls.csv"]).exits(1);
            let told = project.results("calls.results.csv");
            let mut expected = ["already_created", "invalid"];
            expected.rotate_left(first_in_file);
            assert_eq!(outcomes(&told), expected);
            assert_agrees(&rehearsed, &told);
        }
        assert_eq!(server.tickets().len(), 1);
    }
}

#[test]
fn a_blank_key_makes_its_row_invalid() {
    let (project, server) = (Project::new(), Server::new());
    let mut calls = calls(4);
    calls[0].id = String::new();
    calls[2].id = "   ".to_owned();
    project.write("calls.csv", csv(&calls));
    project.import(&server, &["calls.csv"]).exits(1);
    let told = project.results("calls.results.csv");
    assert_eq!(
        outcomes(&told),
        ["invalid", "created", "invalid", "created"]
    );
    assert_eq!(
        (told[0].error_code.as_str(), told[2].error_code.as_str()),
        ("missing.key", "missing.key")
    );
}

#[test]
fn a_key_is_the_same_trimmed_and_in_either_normal_form() {
    let (project, server) = (Project::new(), Server::new());
    let mut call = Call::numbered(1);
    call.id = "Zo\u{e9}-1".to_owned();
    project.write("a.csv", csv(std::slice::from_ref(&call)));
    project.import(&server, &["a.csv"]).exits(0);
    call.id = "  Zoe\u{301}-1 ".to_owned();
    project.write("b.csv", csv(std::slice::from_ref(&call)));
    project.import(&server, &["b.csv"]).exits(0);
    assert_eq!(server.tickets().len(), 1);
}

#[test]
fn the_same_key_with_other_content_later_is_a_conflict_that_names_the_ticket() {
    let (project, server) = (Project::new(), Server::new());
    let mut calls = calls(3);
    project.write("calls.csv", csv(&calls));
    project.import(&server, &["calls.csv"]).exits(0);
    let ticket = project.results("calls.results.csv")[1].ticket_id.clone();
    calls[1].reason = "something else".to_owned();
    project.write("calls.csv", csv(&calls));
    project.import(&server, &["calls.csv"]).exits(1);
    let told = project.results("calls.results.csv");
    assert_eq!(
        outcomes(&told),
        ["already_created", "invalid", "already_created"]
    );
    assert_eq!(told[1].error_code, "conflict.key");
    assert!(told[1].message.contains(&ticket), "{}", told[1].message);
    assert_eq!(server.tickets().len(), 3);
}

/// A file that is rehearsed and registered, and of which nothing is sent: its last row is invalid.
fn register_only(project: &Project, server: &Server, calls: &[Call]) {
    let mut calls = calls.to_vec();
    calls.push(Call {
        dob: String::new(),
        ..Call::numbered(9)
    });
    project.write("open.csv", csv(&calls));
    project.import(server, &["open.csv", "--strict"]).exits(5);
    assert!(server.tickets().is_empty());
}

/// One call under one key, in two rows whose cells differ in what makes no other payload.
fn written_twice() -> [Call; 2] {
    let call = Call::numbered(1);
    let other = Call {
        practice: format!(" {}", call.practice),
        ..call.clone()
    };
    [call, other]
}

#[test]
fn rows_of_one_key_are_one_call_in_whatever_order_and_files_they_were_met_before() {
    let [one, other] = written_twice();
    let both = [one.clone(), other.clone()];
    let [first, second] = [&both[..1], &both[1..]];
    let identical = [one.clone(), one.clone()];
    let before: [&[&[Call]]; 4] = [&[&both], &[first, second], &[first], &[&identical]];
    for files in before {
        for turned in [false, true] {
            let (project, server) = (Project::new(), Server::new());
            for calls in files {
                register_only(&project, &server, calls);
            }
            let mut all = vec![one.clone(), Call::numbered(2), other.clone(), one.clone()];
            if turned {
                all.reverse();
            }
            project.write("all.csv", csv(&all));
            for outcome in ["created", "already_created"] {
                project.import(&server, &["all.csv"]).exits(0);
                let told = project.results("all.results.csv");
                assert_eq!(server.tickets().len(), 2, "{:?}", outcomes(&told));
                assert!(count(&told, outcome) >= 2, "{:?}", outcomes(&told));
                let of = |key: &str| -> HashSet<&str> {
                    let rows = told.iter().filter(|row| row.key == key);
                    rows.map(|row| row.ticket_id.as_str()).collect()
                };
                assert_eq!((of(&one.id).len(), of(&Call::numbered(2).id).len()), (1, 1));
            }
            project.run(&["ledger", "check"]).exits(0);
        }
    }
}

#[test]
fn identical_rows_of_one_key_that_were_registered_apart_are_one_call() {
    let (project, server) = (Project::new(), Server::new());
    let bad = Call {
        dob: String::new(),
        ..Call::numbered(9)
    };
    let one = Call::numbered(1);
    project.write("calls.csv", csv(&[one.clone(), bad, one]));
    for rows in ["2-3", "3-4"] {
        let part = ["calls.csv", "--strict", "--rows", rows];
        project.import(&server, &part).exits(5);
    }
    project.import(&server, &["calls.csv"]).exits(1);
    assert_eq!(server.tickets().len(), 1);
}

#[test]
fn rows_that_were_one_call_under_a_key_create_nothing_when_it_is_taken_away() {
    let (project, server) = (Project::new(), Server::new());
    let both = written_twice();
    project.write("calls.csv", csv(&both));
    project.import(&server, &["calls.csv"]).exits(0);
    project.write("mapping.toml", UNKEYED);
    project.import(&server, &["calls.csv"]).exits(0);
    let told = project.results("calls.results.csv");
    assert_eq!(outcomes(&told), ["already_created"; 2]);
    assert_eq!(server.tickets().len(), 1);
}

#[test]
fn rows_that_were_to_be_one_call_under_a_key_are_two_without_it() {
    let (project, server) = (Project::new(), Server::new());
    let both = written_twice();
    register_only(&project, &server, &both);
    project.write("mapping.toml", UNKEYED);
    project.write("calls.csv", csv(&both));
    for outcome in ["created", "already_created"] {
        let workers = ["calls.csv", "--workers", "1"];
        project.import(&server, &workers).exits(0);
        let told = project.results("calls.results.csv");
        assert_eq!(outcomes(&told), [outcome; 2]);
        assert_ne!(told[0].ticket_id, told[1].ticket_id);
        assert_eq!(server.tickets().len(), 2);
    }
    project.run(&["ledger", "check"]).exits(0);
}

/// Whoever was not sent is not told to have the ticket of the other one who has the key.
#[test]
fn the_same_key_for_two_patients_in_two_files_is_a_conflict_for_whoever_comes_second() {
    let (project, server) = (Project::new(), Server::new());
    let jane = Call::numbered(1);
    let ann = Call {
        id: jane.id.clone(),
        ..Call::numbered(2)
    };
    register_only(&project, &server, std::slice::from_ref(&jane));
    project.write("ann.csv", csv(&[ann]));
    project.import(&server, &["ann.csv"]).exits(0);
    project.write("jane.csv", csv(&[jane]));
    project.run_for(&server, &["validate", "jane.csv"]).exits(1);
    project.import(&server, &["jane.csv"]).exits(1);
    let told = project.results("jane.results.csv");
    assert_eq!(
        (told[0].outcome.as_str(), told[0].error_code.as_str()),
        ("invalid", "conflict.key")
    );
    assert_eq!(server.tickets().len(), 1);
}

/// Three files with the same two keys: the third says of the first call something else.
fn three_files(project: &Project) -> [&'static str; 3] {
    let mut calls = calls(2);
    project.write("first.csv", csv(&calls));
    project.write("second.xlsx", typed_xlsx(&calls, 1));
    calls[0].reason = "something else".to_owned();
    calls.push(Call::numbered(3));
    project.write("third.csv", csv(&calls));
    ["first.csv", "second.xlsx", "third.csv"]
}

#[test]
fn files_of_one_command_are_rehearsed_in_their_order() {
    let (project, server) = (Project::new(), Server::new());
    let files = three_files(&project);
    let ran = project
        .run_for(&server, &[&["validate"], &files[..]].concat())
        .exits(1);
    for told in [
        "2 rows with the call of a row of first.csv, which is sent before (the first: row 2, there row 2)",
        "its key is that of row 2 of first.csv",
    ] {
        assert!(ran.stdout.contains(told), "{}", ran.all());
    }
    let report = rehearsed_together(&project, &server, &files, 1);
    assert_eq!(report["outcomes"]["ready"], 3);
    let problems = report["files"][2]["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0]["code"], "conflict.key");

    let ran = project.import(&server, &files).exits(1);
    for announced in ["sending 2 rows", "sending 1 row to"] {
        assert_eq!(ran.stderr.matches(announced).count(), 1, "{}", ran.all());
    }
    let results = ["first", "second", "third"].map(|file| format!("{file}.results.csv"));
    let told = results.map(|results| project.results(&results));
    assert_eq!(outcomes(&told[0]), ["created", "created"]);
    assert_eq!(outcomes(&told[1]), ["already_created", "already_created"]);
    assert_eq!(
        outcomes(&told[2]),
        ["invalid", "already_created", "created"]
    );
    for (file, told) in told.iter().enumerate() {
        assert_agrees(&report["files"][file]["outcomes"], told);
    }
    assert_eq!(server.tickets().len(), 3);
}

#[test]
fn strict_sends_nothing_where_files_of_one_command_contradict_each_other() {
    let (project, server) = (Project::new(), Server::new());
    let files = three_files(&project);
    let ran = project
        .import(&server, &[&files[..], &["--strict"]].concat())
        .exits(5);
    assert!(!ran.all().contains("sending 2 rows"), "{}", ran.all());
    assert!(
        ran.stdout.contains("its key is that of row 2 of first.csv"),
        "{}",
        ran.all()
    );
    assert_eq!(server.tickets().len(), 0);
    assert_eq!(server.requests("ticket"), 0);
    // Without the file that contradicts nothing stands against it.
    project
        .import(&server, &[&files[..2], &["--strict"]].concat())
        .exits(0);
    assert_eq!(server.tickets().len(), 2);
}

/// A row that is not sent from its own file leaves the key to whoever has it next.
#[test]
fn what_an_earlier_file_does_not_send_stands_in_nobodys_way() {
    let (project, server) = (Project::new(), Server::new());
    let mut wrong = calls(3);
    wrong[0].dob = "never".to_owned();
    wrong[2].id = wrong[1].id.clone();
    project.write("wrong.csv", csv(&wrong));
    project.write("broken.csv", "Call ID,Last Name\n\"C00001,");
    project.write("right.csv", csv(&calls(3)));
    let files = ["wrong.csv", "broken.csv", "right.csv"];
    let report = rehearsed_together(&project, &server, &files, 3);
    project.import(&server, &files).exits(3);
    for (file, results) in [(0, "wrong.results.csv"), (2, "right.results.csv")] {
        assert_agrees(
            &report["files"][file]["outcomes"],
            &project.results(results),
        );
    }
    let told = project.results("right.results.csv");
    assert_eq!(outcomes(&told), ["created", "created", "created"]);
}
