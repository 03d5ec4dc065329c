//! The JSON report: its keys, its sums, its problems.

use crate::harness::{Call, Project, Server, calls, count, csv, typed_xlsx};
use serde_json::Value;

const KEYS: &[&str] = &[
    "file",
    "kind",
    "sheet",
    "sheets",
    "encoding",
    "delimiter",
    "header_row",
    "columns",
    "rows",
    "outcomes",
    "problems",
];

fn report(text: &str) -> Value {
    let report: Value = serde_json::from_str(text).unwrap();
    assert_eq!(report["version"], 1);
    for file in report["files"].as_array().unwrap() {
        for key in KEYS {
            assert!(file.get(key).is_some(), "no {key}");
        }
        if file["error"].is_null() {
            assert_eq!(
                sum(&file["outcomes"]),
                file["rows"].as_u64().unwrap(),
                "outcomes add up"
            );
        }
    }
    report
}

fn sum(outcomes: &Value) -> u64 {
    let outcomes = outcomes.as_object().unwrap();
    outcomes.values().map(|count| count.as_u64().unwrap()).sum()
}

/// Seven calls of which two are invalid; the values that are wrong are words of their own.
fn some_wrong() -> Vec<Call> {
    let mut calls = calls(7);
    calls[1].dob = "Quexdob".to_owned();
    calls[4].phone = "Quexphone".to_owned();
    calls[5].practice = " ".to_owned();
    calls
}

#[test]
fn a_workbook_with_several_sheets_is_told_with_the_list_to_choose_from() {
    let project = Project::new();
    let mut book = rust_xlsxwriter::Workbook::new();
    for name in ["Day", "Night"] {
        let sheet = book.add_worksheet().set_name(name).unwrap();
        sheet.write(0, 0, "Call ID").unwrap();
        sheet.write(1, 0, "C1").unwrap();
    }
    project.write("calls.xlsx", book.save_to_buffer().unwrap());
    for command in ["validate", "inspect"] {
        for (more, names) in [
            (&[][..], &["Day", "Night"]),
            (&["--sheet", "Evening"][..], &["Day", "Night"]),
        ] {
            let args: Vec<&str> = [command, "calls.xlsx", "--format", "json"]
                .iter()
                .chain(more)
                .copied()
                .collect();
            let report = report(&project.run(&args).exits(3).stdout);
            let file = &report["files"][0];
            assert!(!file["error"].is_null());
            let sheets = file["sheets"].as_array().unwrap();
            let told: Vec<_> = sheets
                .iter()
                .map(|sheet| sheet["name"].as_str().unwrap())
                .collect();
            assert_eq!(told, names);
            assert!(sheets.iter().all(|sheet| sheet["read"] == false));
        }
    }
}

#[test]
fn validate_reports_what_would_be_sent_and_all_problems_without_values() {
    let project = Project::new();
    project.write("calls.csv", csv(&some_wrong()));
    let ran = project
        .run(&["validate", "calls.csv", "--format", "json"])
        .exits(1);
    assert!(!ran.stdout.contains("Quex"));
    let report = report(&ran.stdout);
    let file = &report["files"][0];
    assert_eq!(
        (&file["kind"], &file["encoding"], &file["delimiter"]),
        (&"csv".into(), &"UTF-8".into(), &",".into())
    );
    assert_eq!((&file["header_row"], &file["rows"]), (&1.into(), &7.into()));
    assert_eq!(file["columns"][0], "Call ID");
    assert_eq!(
        (&file["outcomes"]["ready"], &file["outcomes"]["invalid"]),
        (&5.into(), &2.into())
    );
    let problems: Vec<(u64, &str, &str, &str)> = file["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| {
            let text = |key: &str| problem[key].as_str().unwrap();
            (
                problem["row"].as_u64().unwrap(),
                text("column"),
                text("code"),
                text("severity"),
            )
        })
        .collect();
    assert_eq!(problems[0], (3, "DOB", "invalid.dob", "error"));
    assert_eq!(problems[1].0, 6);
    assert_eq!((problems[1].1, problems[1].3), ("Phone", "warning"));
    assert_eq!(problems[2], (7, "Practice", "missing.prac", "error"));
    assert_eq!(problems.len(), 3);
}

#[test]
fn import_reports_what_the_results_say() {
    let (project, server) = (Project::new(), Server::new());
    let mut calls = some_wrong();
    calls[0] = Call::numbered(1).with_reason("[[reject:406]]");
    calls[2] = Call::numbered(3).with_reason("[[fault:http502_after]]");
    project.write("calls.csv", csv(&calls));
    let args = ["calls.csv", "--format", "json", "--rejects", "rejects.csv"];
    let ran = project.import(&server, &args).exits(6);
    let report = report(&ran.stdout);
    assert_eq!(
        (&report["command"], &report["exit_code"]),
        (&"import".into(), &6.into())
    );
    let told = project.results("calls.results.csv");
    let file = &report["files"][0];
    for outcome in [
        "created",
        "already_created",
        "invalid",
        "rejected",
        "in_doubt",
        "not_sent",
    ] {
        assert_eq!(
            file["outcomes"][outcome],
            count(&told, outcome),
            "{outcome}"
        );
        assert_eq!(
            report["outcomes"][outcome],
            count(&told, outcome),
            "{outcome}"
        );
    }
    assert_eq!(file["results"], "calls.results.csv");
    assert_eq!(
        (&file["rejects"], &file["rejects_rows"]),
        (&"rejects.csv".into(), &3.into())
    );
    assert_eq!(file["run"]["ended"], "finished");
    assert!(
        report["target"]
            .as_str()
            .unwrap()
            .starts_with("sandbox at ")
    );
}

#[test]
fn the_columns_of_a_file_without_a_header_are_letters() {
    let project = Project::new();
    let text = "Quillfeather,12/30/1989,(212) 555-0100\nDoe,1/2/1990,(212) 555-0101\n";
    project.write("calls.csv", text);
    let ran = project.run(&["inspect", "calls.csv", "--format", "json"]);
    let told: Value = serde_json::from_str(&ran.exits(0).stdout).unwrap();
    let file = &told["files"][0];
    assert_eq!(file["columns"], serde_json::json!(["A", "B", "C"]));
    let codes = file["findings"].as_array().unwrap();
    assert_eq!(codes[0]["code"], "header.looks_like_values");

    let more = |(at, line): (usize, &str)| match at {
        0 => format!("{line},quex@example.org\n"),
        _ => format!("{line},{at}@example.org\n"),
    };
    let text = csv(&calls(2));
    project.write(
        "calls.csv",
        text.lines().enumerate().map(more).collect::<String>(),
    );
    let ran = project.run(&["validate", "calls.csv", "--format", "json"]);
    assert!(!ran.exits(0).stdout.contains("quex"));
}

#[test]
fn several_files_are_reported_each_also_those_that_cannot_be_read() {
    let (project, server) = (Project::new(), Server::new());
    project.write("a.csv", csv(&calls(3)));
    project.write("b.xlsx", typed_xlsx(&calls(5), 1));
    let ran = project
        .import(
            &server,
            &["a.csv", "missing.csv", "b.xlsx", "--format", "json"],
        )
        .exits(3);
    let report = report(&ran.stdout);
    let files = report["files"].as_array().unwrap();
    assert_eq!(files.len(), 3);
    assert!(files[0]["error"].is_null() && files[1]["error"].is_string());
    assert_eq!(
        (&files[2]["kind"], &files[2]["sheet"]),
        (&"xlsx".into(), &"Calls".into())
    );
    assert_eq!(report["outcomes"]["created"], 5);
    assert_eq!(report["outcomes"]["already_created"], 3);
}

#[test]
fn a_run_that_stopped_says_why() {
    let (project, server) = (Project::new(), Server::with_faults("garbage"));
    project.write("calls.csv", csv(&calls(9)));
    let ran = project
        .import(&server, &["calls.csv", "--format", "json"])
        .exits(5);
    let report = report(&ran.stdout);
    assert_eq!(report["files"][0]["run"]["ended"], "doubts");
    assert_eq!(report["files"][0]["outcomes"]["not_sent"], 6);
}

#[test]
fn a_command_that_fails_as_a_whole_says_so_in_one_object() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(2)));
    project.write("broken.toml", "version = 1\n[fields]\nnothing = 1\n");
    for (command, more, words) in [
        ("import", ["--mapping", "broken.toml"], "nothing"),
        ("import", ["--mapping", "missing.toml"], "missing.toml"),
        ("import", ["--profile", "nobody"], "nobody"),
        ("validate", ["--mapping", "broken.toml"], "nothing"),
        ("validate", ["--profile", "nobody"], "nobody"),
        ("inspect", ["--encoding", "no-such"], "encoding"),
        ("inspect", ["--dump", "calls.csv"], "calls.csv"),
    ] {
        let args = [command, "calls.csv", "--format", "json", more[0], more[1]];
        let ran = project.run_for(&server, &args).exits(2);
        assert!(ran.stderr.contains("error"), "{}", ran.stderr);
        let told = report(&ran.stdout);
        assert_eq!(told["command"], command);
        assert_eq!(
            (&told["version"], &told["exit_code"]),
            (&1.into(), &2.into())
        );
        assert_eq!(told["files"], serde_json::json!([]));
        let error = told["error"].as_str().unwrap();
        assert!(error.contains(words), "{error}");
        assert!(
            !error.contains('\u{1b}') && !error.contains("hint:"),
            "{error}"
        );
    }
    let args = ["import", "calls.csv", "--format", "json", "--results", "-"];
    let args = [&args[..], &["--profile", "nobody"]].concat();
    let ran = project.run_for(&server, &args).exits(2);
    assert_eq!(ran.stdout, "", "stdout is for the results");
    assert!(ran.stderr.contains("\"exit_code\":2"), "{}", ran.stderr);
    let ran = project
        .import(&server, &["calls.csv", "--format", "json"])
        .exits(0);
    assert!(report(&ran.stdout)["error"].is_null());
}

#[test]
fn with_results_on_stdout_the_report_goes_to_stderr() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(2)));
    let args = ["calls.csv", "--format", "json", "--results", "-"];
    let ran = project.import(&server, &args).exits(0);
    let line = ran
        .stderr
        .lines()
        .find(|line| line.starts_with('{'))
        .unwrap();
    assert_eq!(report(line)["outcomes"]["created"], 2);
    assert_eq!(crate::harness::told(&ran.stdout).len(), 2);
}

/// People read the first line of a kind as what all its rows have.
#[test]
fn rows_are_counted_by_what_is_wrong_with_them_and_listed_in_their_order() {
    let project = Project::new();
    let mut calls = calls(12);
    calls[1].dob = "01/02/2099".to_owned();
    for call in &mut calls[2..7] {
        call.dob = "soon".to_owned();
    }
    // The keys of the first and the ninth are those of other calls.
    for (at, twin) in [(0, 10), (8, 11)] {
        calls[twin].id = calls[at].id.clone();
    }
    project.write("calls.csv", csv(&calls));
    let ran = project.run(&["validate", "calls.csv"]).exits(1);
    let shown: Vec<_> = ran.stdout.lines().map(str::trim).collect();
    for (line, words) in [
        ("5 rows  invalid.dob", "is not a real date"),
        ("1 row  invalid.dob", "is in the future"),
        ("row 2 ", "the same key"),
        ("row 3 ", "is in the future"),
        ("row 13 ", "the same key"),
    ] {
        let found = shown
            .iter()
            .any(|told| told.starts_with(line) && told.contains(words));
        assert!(found, "{line}: {}", ran.stdout);
    }
    let rows = |text: &str| -> Vec<u64> {
        let rows = text
            .lines()
            .map(str::trim)
            .filter_map(|line| line.strip_prefix("row "));
        rows.map(|rest| rest.split(' ').next().unwrap().parse().unwrap())
            .collect()
    };
    assert_eq!(rows(&ran.stdout), [2, 3, 4, 5, 6, 7, 8, 10, 12, 13]);
    let ran = project
        .run(&["validate", "calls.csv", "--format", "json"])
        .exits(1);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let problems = report["files"][0]["problems"].as_array().unwrap();
    let told: Vec<_> = problems
        .iter()
        .map(|problem| problem["row"].as_u64().unwrap())
        .collect();
    assert_eq!(told, [2, 3, 4, 5, 6, 7, 8, 10, 12, 13]);
    // One more than ten is shown, since to leave it out takes a line as well.
    for (wrong, expected) in [(10, 10), (11, 11), (12, 10)] {
        let mut calls = calls_of_one_kind(wrong);
        calls.push(Call::numbered(40));
        project.write("calls.csv", csv(&calls));
        let ran = project.run(&["validate", "calls.csv"]).exits(1);
        assert_eq!(rows(&ran.stdout).len(), expected, "{}", ran.stdout);
        assert_eq!(ran.stdout.contains("all of them stand"), wrong == 12);
    }
}

fn calls_of_one_kind(wrong: usize) -> Vec<Call> {
    let mut calls = calls(wrong);
    for call in &mut calls {
        call.dob = "soon".to_owned();
    }
    calls
}
