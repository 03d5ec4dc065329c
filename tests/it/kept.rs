//! What an output would take the place of is kept where nothing else has it.

use crate::harness::{Call, KEYED, Project, Ran, Server, UNKEYED, calls, csv, table, xlsx};
use std::path::Path;

/// Four calls; the second and the fourth have no date of birth that could be read.
fn troubled() -> Vec<Call> {
    let mut calls = calls(4);
    calls[1].dob = "soon".to_owned();
    calls[3].dob = "later".to_owned();
    calls
}

fn remarks(ran: &Ran) -> String {
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    report["files"][0]["remarks"].to_string()
}

fn names(project: &Project) -> Vec<String> {
    let entries = std::fs::read_dir(project.path("")).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

const NIGHTLY: [&str; 5] = [
    "calls.csv",
    "--rejects",
    "n.rejects.csv",
    "--format",
    "json",
];

#[test]
fn rejects_that_somebody_mended_are_kept_when_the_next_ones_take_their_place() {
    for mapping in [KEYED, UNKEYED] {
        let (project, server) = (Project::with_mapping(mapping), Server::new());
        project.write("calls.csv", csv(&troubled()));
        project.import(&server, &NIGHTLY).exits(1);
        let ours = project.read("n.rejects.csv");
        let mended = ours.replace("soon", "02/03/1944");
        project.write("n.rejects.csv", &mended);
        let ran = project.import(&server, &NIGHTLY).exits(1);
        assert!(remarks(&ran).contains("kept in n.rejects.1.csv"), "{ran:?}");
        assert_eq!(project.read("n.rejects.1.csv"), mended);
        assert_eq!(project.read("n.rejects.csv"), ours);
        // What is kept is rejects like any other.
        project.import(&server, &["n.rejects.1.csv"]).exits(1);
        assert_eq!(server.tickets().len(), 3);
        // Another one does not take the place of the first.
        let again = ours.replace("later", "02/04/1944");
        project.write("n.rejects.csv", &again);
        project.import(&server, &NIGHTLY).exits(1);
        assert_eq!(project.read("n.rejects.1.csv"), mended);
        assert_eq!(project.read("n.rejects.2.csv"), again);
    }
}

#[test]
fn rejects_that_nobody_changed_are_replaced_without_a_word() {
    let (project, server) = (Project::new(), Server::new());
    let mut calls = troubled();
    // Too few cells, so that it stands in the rejects without the two columns.
    let source = csv(&calls) + "C000009,Cut\n";
    project.write("calls.csv", &source);
    project.import(&server, &NIGHTLY).exits(1);
    let ours = project.read("n.rejects.csv");
    let before = names(&project);
    for rejects in [
        // As it was; without a row of it, or all of them; with notes; padded and marked by a spreadsheet.
        ours.clone(),
        ours.lines().take(2).collect::<Vec<_>>().join("\n"),
        ours.lines().next().unwrap().to_owned() + "\n",
        String::new(),
        ours.replace("invalid.dob", "asked the clinic"),
        format!("\u{feff}{}", ours.replace("Cut\n", "Cut,,,,,,,,,,,\r\n")),
    ] {
        project.write("n.rejects.csv", rejects);
        let ran = project.import(&server, &NIGHTLY).exits(1);
        assert!(!remarks(&ran).contains("kept in"), "{ran:?}");
        assert_eq!(project.read("n.rejects.csv"), ours);
    }
    assert_eq!(names(&project), before);
    // Of a part of the file they are rows of the file all the same.
    let ran = project.import(&server, &[&NIGHTLY[..], &["--limit", "1"]].concat());
    assert!(!remarks(&ran.exits(0)).contains("kept in"));
    // A call that was added leaves the rows that stand there in the input.
    project.write("n.rejects.csv", &ours);
    calls.push(Call::numbered(5));
    project.write("calls.csv", csv(&calls) + "C000009,Cut\n");
    let ran = project.import(&server, &NIGHTLY).exits(1);
    assert!(!remarks(&ran).contains("kept in"));
}

#[test]
fn rejects_of_a_workbook_are_kept_and_replaced_likewise() {
    let (project, server) = (Project::with_mapping(UNKEYED), Server::new());
    project.write("calls.xlsx", xlsx(&table(&troubled())));
    let args = ["calls.xlsx", "--rejects", "r.xlsx", "--format", "json"];
    for _ in 0..2 {
        let ran = project.import(&server, &args).exits(1);
        assert!(!remarks(&ran).contains("kept in"), "{ran:?}");
    }
    let mut rows = table(&troubled()[..2]);
    rows[2][3] = "02/03/1944".to_owned();
    for (row, more) in rows
        .iter_mut()
        .zip([["error_code", "message"], ["", ""], ["", ""]])
    {
        row.extend(more.map(str::to_owned));
    }
    let mended = xlsx(&rows);
    project.write("r.xlsx", &mended);
    let ran = project.import(&server, &args).exits(1);
    assert!(remarks(&ran).contains("kept in r.1.xlsx"), "{ran:?}");
    assert_eq!(std::fs::read(project.path("r.1.xlsx")).unwrap(), mended);
}

#[test]
fn results_that_are_written_again_keep_mended_rejects_too() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&troubled()));
    project.import(&server, &NIGHTLY).exits(1);
    let mended = project.read("n.rejects.csv").replace("soon", "02/03/1944");
    project.write("n.rejects.csv", &mended);
    let args = ["ledger", "results", "1", "--mapping", "mapping.toml"];
    let args = [&args[..], &["--rejects", "n.rejects.csv"]].concat();
    let ran = project.run(&args).exits(0);
    ran.says("kept in n.rejects.1.csv");
    assert_eq!(project.read("n.rejects.1.csv"), mended);
    assert!(Path::new(&project.path("n.rejects.csv")).is_file());
}

/// Imports `calls.csv`, then four other calls as `calls.xlsx`.
fn two_of_one_name(project: &Project, server: &Server) -> (String, Ran) {
    project.write("calls.csv", csv(&calls(8)[..4]));
    project.write("calls.xlsx", xlsx(&table(&calls(8)[4..])));
    project.import(server, &["calls.csv"]).exits(0);
    let first = project.read("calls.results.csv");
    let ran = project.import(server, &["./calls.xlsx", "--format", "json"]);
    (first, ran.exits(0))
}

#[test]
fn results_of_another_input_of_that_name_are_kept_under_its_own() {
    let (project, server) = (Project::new(), Server::new());
    let (first, ran) = two_of_one_name(&project, &server);
    let remarks_of_second = remarks(&ran);
    assert!(
        remarks_of_second.contains("held the results of calls.csv: they are kept in"),
        "{remarks_of_second}"
    );
    assert_eq!(project.read("calls.csv.results.csv"), first);
    let second = project.results("calls.results.csv");
    assert!(second.iter().all(|row| row.file == "./calls.xlsx"));
    // The same input again takes its own place without a word, wherever it was named from.
    let again = ["calls.xlsx", "--format", "json"];
    let ran = project.import(&server, &again).exits(0);
    assert!(!remarks(&ran).contains("kept in"));
    // Back and forth there is one of each.
    project.import(&server, &["calls.csv"]).exits(0);
    project.import(&server, &["calls.xlsx"]).exits(0);
    let kept = project.results("calls.csv.results.csv");
    assert!(kept.iter().all(|row| row.outcome == "already_created"));
    let results: Vec<_> = names(&project)
        .into_iter()
        .filter(|name| name.contains("results"))
        .collect();
    let expected = [
        "calls.csv.results.csv",
        "calls.results.csv",
        "calls.xlsx.results.csv",
    ];
    assert_eq!(results, expected);
    assert_eq!(server.tickets().len(), 8);
}

#[test]
fn a_lost_ledger_is_noticed_by_the_results_that_were_kept() {
    let (project, server) = (Project::new(), Server::new());
    two_of_one_name(&project, &server);
    std::fs::remove_dir_all(project.home()).unwrap();
    std::fs::create_dir(project.home()).unwrap();
    std::fs::remove_file(project.path("calls.results.csv")).unwrap();
    for command in ["import", "validate"] {
        let ran = project.run_for(&server, &[command, "calls.csv"]).exits(2);
        ran.says("calls.csv.results.csv");
    }
    let adopt = ["ledger", "adopt", "calls.csv.results.csv", "calls.csv"];
    project.run_for(&server, &adopt).exits(0);
    project.import(&server, &["calls.csv"]).exits(0);
    assert_eq!(server.tickets().len(), 8);
}

/// The commands that a hint shows, each on a line of its own.
fn advised(ran: &Ran) -> Vec<Vec<String>> {
    let lines = ran
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("  ticketload "));
    lines
        .map(|line| line.split(' ').map(str::to_owned).collect())
        .collect()
}

#[test]
fn a_lost_ledger_is_made_whole_by_the_very_commands_that_are_advised() {
    for input in ["calls.csv", "calls.xlsx"] {
        let (project, server) = (Project::new(), Server::new());
        two_of_one_name(&project, &server);
        std::fs::remove_dir_all(project.home()).unwrap();
        std::fs::create_dir(project.home()).unwrap();
        let mut commands = 0;
        loop {
            let ran = project.import(&server, &[input]);
            if ran.code == Some(0) {
                break;
            }
            let ran = ran.exits(2);
            // The only file that names these tickets, and its input is here.
            assert!(!ran.stderr.contains("away"), "{}", ran.stderr);
            for command in advised(&ran) {
                let command: Vec<&str> = command.iter().map(String::as_str).collect();
                project.run_for(&server, &command).exits(0);
                commands += 1;
            }
        }
        assert_eq!(commands, if input == "calls.csv" { 2 } else { 1 });
        if input == "calls.csv" {
            project.import(&server, &["calls.xlsx"]).exits(0);
        }
        assert_eq!(server.tickets().len(), 8);
    }
}

#[test]
fn results_of_an_input_that_is_gone_are_named_as_that() {
    let (project, server) = (Project::new(), Server::new());
    two_of_one_name(&project, &server);
    std::fs::remove_dir_all(project.home()).unwrap();
    std::fs::create_dir(project.home()).unwrap();
    std::fs::rename(project.path("calls.xlsx"), project.path("moved.xlsx")).unwrap();
    project
        .import(&server, &["calls.csv"])
        .exits(2)
        .says("ledger adopt calls.results.csv INPUT")
        .says("calls.results.csv is of calls.xlsx, which is not here")
        .says("ledger adopt calls.csv.results.csv calls.csv");
    // With a key the rows say themselves that they are the same.
    for pair in [
        ["calls.results.csv", "moved.xlsx"],
        ["calls.csv.results.csv", "calls.csv"],
    ] {
        let adopt = [&["ledger", "adopt"][..], &pair].concat();
        project.run_for(&server, &adopt).exits(0);
    }
    project.import(&server, &["calls.csv"]).exits(0);
    project.import(&server, &["moved.xlsx"]).exits(0);
    assert_eq!(server.tickets().len(), 8);
}

#[test]
fn results_that_are_written_again_keep_those_of_another_input() {
    let (project, server) = (Project::new(), Server::new());
    let (first, _) = two_of_one_name(&project, &server);
    let second = project.read("calls.results.csv");
    project
        .run(&["ledger", "results", "1"])
        .exits(0)
        .says("held the results of calls.xlsx: they are kept in calls.xlsx.results.csv");
    assert_eq!(project.read("calls.xlsx.results.csv"), second);
    assert_eq!(project.read("calls.results.csv"), first);
    // So a lost ledger is noticed by either of them.
    std::fs::remove_dir_all(project.home()).unwrap();
    std::fs::create_dir(project.home()).unwrap();
    let adopt = ["ledger", "adopt", "calls.results.csv", "calls.csv"];
    project.run_for(&server, &adopt).exits(0);
    let ran = project.import(&server, &["calls.xlsx"]).exits(2);
    ran.says("ledger adopt calls.xlsx.results.csv calls.xlsx");
}

#[test]
fn results_of_an_earlier_part_do_not_take_the_place_of_those_of_the_whole() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(8)));
    project
        .import(&server, &["calls.csv", "--limit", "3"])
        .exits(0);
    project.import(&server, &["calls.csv"]).exits(0);
    let whole = project.read("calls.results.csv");
    project
        .run(&["ledger", "results", "1"])
        .exits(2)
        .says("calls.results.csv tells of calls of which the results of run 1 do not")
        .says("--results");
    assert_eq!(project.read("calls.results.csv"), whole);
    let elsewhere = ["ledger", "results", "1", "--results", "part.csv"];
    project.run(&elsewhere).exits(0);
    assert_eq!(project.results("part.csv").len(), 3);
    // Those of the whole go before those of a part, and before their own.
    std::fs::copy(project.path("part.csv"), project.path("calls.results.csv")).unwrap();
    for _ in 0..2 {
        project.run(&["ledger", "results", "2"]).exits(0);
        assert_eq!(project.read("calls.results.csv"), whole);
    }
}

#[test]
fn doubts_are_not_lost_to_results_of_an_earlier_part_either() {
    let (project, server) = (Project::new(), Server::with_faults("reset_after@2"));
    project.write("calls.csv", csv(&calls(2)));
    project
        .import(&server, &["calls.csv", "--limit", "1"])
        .exits(0);
    project
        .import(&server, &["calls.csv", "--rows", "3-3"])
        .exits(6);
    let doubt = project.read("calls.results.csv");
    project.run(&["ledger", "results", "1"]).exits(2);
    assert_eq!(project.read("calls.results.csv"), doubt);
}

#[test]
fn results_without_a_row_leave_those_that_name_tickets() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(4)));
    project.import(&server, &["calls.csv"]).exits(0);
    let named = project.read("calls.results.csv");
    let none = ["calls.csv", "--rows", "100-200", "--format", "json"];
    let ran = project.import(&server, &none).exits(0);
    let left = "calls.results.csv tells of calls that were sent, and is left as it was";
    assert!(remarks(&ran).contains(left), "{}", ran.stdout);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(report["files"][0]["results"].is_null());
    let again = ["ledger", "results", "2"];
    project.run(&again).exits(2).says("run 2 has no row");
    assert_eq!(project.read("calls.results.csv"), named);
    // Where no ticket is named nothing is lost.
    std::fs::remove_file(project.path("calls.results.csv")).unwrap();
    project.import(&server, &none).exits(0);
    project.import(&server, &none).exits(0);
    assert!(project.results("calls.results.csv").is_empty());
}

#[test]
fn only_calls_of_another_input_are_worth_keeping_and_only_where_nobody_named_the_place() {
    let (project, server) = (Project::new(), Server::new());
    let mut invalid = calls(2);
    for call in &mut invalid {
        call.dob = "soon".to_owned();
    }
    project.write("calls.csv", csv(&invalid));
    project.write("calls.xlsx", xlsx(&table(&calls(8)[4..])));
    project.import(&server, &["calls.csv"]).exits(1);
    project.import(&server, &["calls.xlsx"]).exits(0);
    let named = ["calls.csv", "--results", "calls.results.csv"];
    project.import(&server, &named).exits(1);
    assert!(
        !names(&project)
            .iter()
            .any(|name| name.contains("csv.res") || name.contains("xlsx.res"))
    );
    // What somebody else has put under that name is left alone.
    project.write("calls.xlsx.results.csv", "notes\n");
    project.import(&server, &["calls.xlsx"]).exits(0);
    let ran = project.import(&server, &["calls.csv", "--format", "json"]);
    assert!(remarks(&ran.exits(1)).contains("kept in calls.results.1.csv"));
    assert_eq!(project.read("calls.xlsx.results.csv"), "notes\n");
    assert_eq!(project.results("calls.results.1.csv").len(), 4);
}
