//! A run over a part of a file stays one: its results tell of no row that was never asked for, whenever they are written.

use crate::harness::{
    Action, Call, KEYED, Project, Ran, RawServer, Running, Server, Told, amid_notes, as_ticket,
    calls, count, csv, csv_text, outcomes, table, told, xlsx, xlsx_with_name, xlsx_with_table,
};
use rust_xlsxwriter::Workbook;
use serde_json::Value;

/// A server that creates the first ticket and then answers nothing any more.
fn silent_after_one() -> RawServer {
    RawServer::new(|number, _| match number {
        0 => Action::Answer(as_ticket(number)),
        _ => Action::Hang,
    })
}

/// Imports with these arguments and kills the run while its second row is being sent.
fn cut_off(project: &Project, args: &[&str]) {
    let server = silent_after_one();
    let args = [&["import", "--workers", "1"], args].concat();
    let running = Running::start(project.command_for(&server.url(), &args));
    server.wait_for(2);
    running.signal("KILL");
    assert_eq!(running.end().code, None);
}

fn results_again(project: &Project) -> Vec<Told> {
    project
        .run(&["ledger", "results", "1", "--mapping", "mapping.toml"])
        .exits(0);
    project.results("calls.results.csv")
}

fn shown(project: &Project) -> serde_json::Value {
    let ran: Ran = project
        .run(&["ledger", "show", "1", "--format", "json"])
        .exits(0);
    serde_json::from_str(&ran.stdout).unwrap()
}

fn rows(told: &[Told]) -> Vec<u64> {
    told.iter().map(|row| row.row).collect()
}

#[test]
fn the_results_of_a_part_that_was_cut_off_hold_that_part_only() {
    let cases: [(&[&str], Vec<u64>); 3] = [
        (&["--rows", "5-30"], (5..=30).collect()),
        (&["--limit", "20"], (2..=21).collect()),
        (&["--rows", "5-30", "--limit", "12"], (5..=16).collect()),
    ];
    for (part, expected) in cases {
        let project = Project::new();
        project.write("calls.csv", csv(&calls(40)));
        cut_off(&project, &[&["calls.csv"], part].concat());
        let told = results_again(&project);
        assert_eq!(rows(&told), expected, "{part:?}");
        assert_eq!(outcomes(&told)[..2], ["created", "in_doubt"]);
        assert_eq!(count(&told, "not_sent"), expected.len() - 2);
        let rejects = [
            "ledger",
            "results",
            "1",
            "--mapping",
            "mapping.toml",
            "--rejects",
            "rejects.csv",
        ];
        project.run(&rejects).exits(0);
        let rejects = project.read("rejects.csv").lines().count();
        assert_eq!(rejects, 1 + expected.len() - 2, "{part:?}");
        project
            .run(&["ledger", "show", "1"])
            .exits(0)
            .says(&part.join(" "));
        project.run(&["ledger", "runs"]).says(&part.join(" "));
    }
}

#[test]
fn results_that_are_read_with_another_mapping_lose_no_row() {
    let (project, server) = (Project::new(), Server::with_faults("hang@5"));
    project.write("calls.csv", csv(&calls(9)));
    let running = project.start_import(&server, &["calls.csv", "--workers", "1"]);
    server.wait_for(5);
    running.signal("KILL");
    running.end();
    // It passes over a row in the middle and over the last one.
    let skips = "[source]\nskip_rows_where = [{ column = \"Call ID\", equals = [\"C00001\", \"C00008\"] }]\n[fields]";
    let other = project.read("mapping.toml").replacen("[fields]", skips, 1);
    project.write("other.toml", &other);
    let ran = project
        .run(&["ledger", "results", "1", "--mapping", "other.toml"])
        .exits(0);
    let told = project.results("calls.results.csv");
    assert_eq!(rows(&told), (2..=10).collect::<Vec<_>>());
    assert_eq!(
        outcomes(&told)[..5],
        ["created", "created", "created", "created", "in_doubt"]
    );
    assert!(
        ran.all().contains("2 rows of run 1 cannot be found"),
        "{}",
        ran.all()
    );
}

#[test]
fn a_run_that_ended_early_and_could_not_read_its_file_on_is_known_to_lack_rows() {
    let project = Project::new();
    let content = csv(&calls(6_000));
    project.write("calls.csv", &content);
    let place = project.path("calls.csv");
    let server = RawServer::new(move |_, _| {
        std::fs::write(&place, "nothing of it is left\n").unwrap();
        Action::Answer(as_ticket(0))
    });
    let args = [
        "import",
        "calls.csv",
        "--workers",
        "1",
        "--max-failures",
        "0",
    ];
    Running::start(project.command_for(&server.url(), &args))
        .end()
        .says("--max-failures");
    assert_eq!(shown(&project)["ended"], "broken_off");
    project.write("calls.csv", &content);
    let told = results_again(&project);
    assert_eq!(
        told.len(),
        6_000,
        "rows that it had not come to are told from the input"
    );
}

#[test]
fn what_a_part_leaves_out_is_told() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(9)));
    let parts: [(&[&str], &str); 3] = [
        (&["--rows", "3-8"], "3 rows left out by --rows 3-8"),
        (&["--limit", "2"], "7 rows left out by --limit 2"),
        // A typing mistake: nothing is sent, and the report must not look like that of an empty file.
        (&["--rows", "500-600"], "9 rows left out by --rows 500-600"),
    ];
    for (part, left_out) in parts {
        let whole = format!("{left_out}; the file's last one is row 10");
        project
            .run(&[&["validate", "calls.csv"], part].concat())
            .exits(0)
            .says(&whole);
        project
            .import(&server, &[&["calls.csv"], part].concat())
            .exits(0)
            .says(&whole);
    }
    let all = project.run(&["validate", "calls.csv"]).exits(0);
    assert!(!all.stdout.contains("left out"), "{}", all.stdout);
}

#[test]
fn the_part_is_told_to_programs_and_to_who_imports_the_file_again() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(9)));
    let args = ["calls.csv", "--rows", "3-8", "--limit", "2"];
    project.import(&server, &args).exits(0);
    let part = &shown(&project)["selection"];
    assert_eq!(part["rows"], serde_json::json!([3, 8]));
    assert_eq!(part["limit"], 2);
    project
        .import(&server, &["calls.csv"])
        .exits(0)
        .says("imported before, as calls.csv with --rows 3-8 --limit 2");
    let whole = project.run(&["ledger", "show", "2"]).exits(0);
    assert!(!whole.stdout.contains("asked for"), "{}", whole.stdout);
}

/// A workbook in which every third row of the table is hidden, as a filter leaves it.
fn with_hidden_rows(calls: &[Call]) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (number, row) in (0_u32..).zip(table(calls)) {
        for (column, cell) in (0_u16..).zip(row) {
            sheet.write_string(number, column, cell).unwrap();
        }
        if number > 0 && number % 3 == 0 {
            sheet.set_row_hidden(number).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

#[test]
fn hidden_rows_that_were_passed_over_stay_out_of_results_that_are_written_again() {
    let project = Project::new();
    project.write("calls.xlsx", with_hidden_rows(&calls(30)));
    cut_off(&project, &["calls.xlsx", "--hidden", "skip"]);
    let told = results_again(&project);
    assert_eq!(told.len(), 20);
    assert!(told.iter().all(|row| row.row % 3 != 1), "{:?}", rows(&told));
    assert_eq!(shown(&project)["selection"]["hidden"], "skip");
}

#[test]
fn a_sheet_with_hidden_rows_is_adopted_as_it_was_imported() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.xlsx", with_hidden_rows(&calls(9)));
    let import = ["calls.xlsx", "--hidden", "skip"];
    project.import(&server, &import).exits(0);
    std::fs::rename(project.home(), project.temporary().join("home")).unwrap();
    project.import(&server, &import).exits(2).says("--hidden");
    let args = ["ledger", "adopt", "calls.results.csv", "calls.xlsx"];
    project.run_for(&server, &args).exits(2);
    let args = [&args[..], &["--hidden", "skip"]].concat();
    project.run_for(&server, &args).exits(0);
    project.import(&server, &import).exits(0);
    assert_eq!(server.tickets().len(), 6);
}

#[test]
fn the_sheet_of_a_run_that_was_cut_off_is_read_again() {
    let project = Project::new();
    let mut book = Workbook::new();
    for (name, from) in [("Day", 1), ("Night", 101)] {
        let sheet = book.add_worksheet().set_name(name).unwrap();
        let calls: Vec<Call> = (from..from + 20).map(Call::numbered).collect();
        for (number, row) in (0_u32..).zip(table(&calls)) {
            for (column, cell) in (0_u16..).zip(row) {
                sheet.write_string(number, column, cell).unwrap();
            }
        }
    }
    project.write("calls.xlsx", book.save_to_buffer().unwrap());
    cut_off(
        &project,
        &["calls.xlsx", "--sheet", "Night", "--rows", "2-12"],
    );
    let told = results_again(&project);
    assert_eq!(rows(&told), (2..=12).collect::<Vec<_>>());
    assert!(told.iter().all(|row| row.sheet == "Night"));
    assert_eq!(told[0].key, "C00101");
}

#[test]
fn results_without_the_input_say_that_rows_may_be_missing() {
    let project = Project::new();
    project.write("calls.csv", csv(&calls(40)));
    cut_off(&project, &["calls.csv"]);
    std::fs::rename(project.path("mapping.toml"), project.path("moved.toml")).unwrap();
    let ran = project
        .run(&["ledger", "results", "1", "--results", "-"])
        .exits(0)
        .says("--mapping");
    assert!(ran.stderr.contains("cut off"), "{}", ran.stderr);
    assert!(told(&ran.stdout).len() < 40);
    let whole = project
        .run(&[
            "ledger",
            "results",
            "1",
            "--results",
            "-",
            "--mapping",
            "moved.toml",
        ])
        .exits(0);
    assert!(!whole.stderr.contains("cut off"), "{}", whole.stderr);
    assert_eq!(told(&whole.stdout).len(), 40);
}

/// A project with a file of calls and a mapping that reads a part of it.
fn with_source(file: &str, content: impl AsRef<[u8]>, source: &str) -> Project {
    let lines = format!("[source]\n{source}\n[fields]");
    let project = Project::with_mapping(&KEYED.replace("[fields]", &lines));
    project.write(file, content);
    project
}

fn report(ran: &Ran) -> Value {
    let mut report: Value = serde_json::from_str(&ran.stdout).unwrap();
    report["files"][0].take()
}

/// What is said of rows that stand below the part that is read; nothing where nobody is told.
fn told_of_below(ran: &Ran) -> Option<String> {
    let report = report(ran);
    let remarks = report["remarks"].as_array().unwrap().iter();
    let mut below = remarks.filter_map(|remark| remark.as_str()?.strip_prefix("below "));
    let first = below.next().map(str::to_owned);
    assert_eq!(below.next(), None, "said once");
    first
}

/// Validates and imports a file of which so many calls are read, and gives what is said of rows below.
fn read_but_for_what_is_below(project: &Project, file: &str, calls: usize) -> Option<String> {
    let server = Server::new();
    let json = [file, "--format", "json"];
    let validated = [&["validate"], &json[..]].concat();
    let validated = told_of_below(&project.run(&validated).exits(0));
    let imported = told_of_below(&project.import(&server, &json).exits(0));
    assert_eq!(validated, imported);
    assert_eq!(server.tickets().len(), calls);
    validated
}

/// Five calls in the rows 4 to 8, amid notes; the last two stand below what the mapping reads.
#[test]
fn rows_below_the_range_are_told() {
    let rows = amid_notes(&table(&calls(5)));
    let text = csv_text(&rows, b';', "\r\n").into_bytes();
    let (named, area) = ("range = \"Calls\"", "range = \"B3:J6\"");
    let cases = [
        ("calls.csv", text, area),
        ("calls.xlsx", xlsx(&rows), area),
        (
            "calls.xlsx",
            xlsx_with_name(&rows, "Night", "$B$3:$J$6"),
            named,
        ),
        (
            "calls.xlsx",
            xlsx_with_table(&rows, (2, 1), (5, 9), false),
            named,
        ),
    ];
    for (file, content, source) in cases {
        let project = with_source(file, content, source);
        let told = read_but_for_what_is_below(&project, file, 3).expect(source);
        let (part, first) = ("B3:J6, which is the part that is read", "row 7");
        assert!(
            told.starts_with(part) && told.contains("not imported"),
            "{told}"
        );
        assert!(
            told.ends_with(&format!("[2 rows, first: {first}]")),
            "{told}"
        );
        let longer = if source == area { "B3:J\"" } else { "'Calls'" };
        assert!(told.contains(longer), "{told}");
        project
            .run(&["validate", file])
            .exits(0)
            .says("[2 rows, first: row 7]");
        let range = source
            .trim_start_matches("range = ")
            .trim_matches('"')
            .to_owned();
        let inspect = ["inspect", file, "--range", &range];
        project
            .run(&inspect)
            .exits(0)
            .says("stand rows with values");
        let inspected = project.run(&[&inspect[..], &["--format", "json"]].concat());
        let findings = report(&inspected)["findings"].take();
        let findings = findings.as_array().unwrap().iter();
        let found: Vec<_> = findings
            .filter(|finding| finding["code"] == "rows.outside_range")
            .collect();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (
                &found[0]["severity"],
                &found[0]["rows"],
                &found[0]["first_row"]
            ),
            (&Value::from("warning"), &Value::from(2), &Value::from(7))
        );
    }
}

#[test]
fn what_is_no_call_below_the_range_is_not_told() {
    let mut rows = amid_notes(&table(&calls(3)));
    let has_totals = |rows: &[Vec<String>]| {
        let mut rows = rows.to_vec();
        rows.insert(6, Vec::new());
        xlsx_with_table(&rows, (2, 1), (6, 9), true)
    };
    let named = "range = \"Calls\"";
    // Nothing, and a row of totals alone, whether the table is named or its cells are.
    for (content, source) in [
        (xlsx_with_table(&rows, (2, 1), (5, 9), false), named),
        (has_totals(&rows), named),
        (has_totals(&rows), "range = \"B3:J6\""),
        (xlsx(&rows), "range = \"B3:J\""),
    ] {
        let project = with_source("calls.xlsx", content, source);
        let told = read_but_for_what_is_below(&project, "calls.xlsx", 3);
        assert_eq!(told, None, "{source}");
    }
    // Notes below that stand beside the table's columns, and a sum that is passed over wherever it stands.
    let sum = ["", "Sum", "3"].map(str::to_owned).to_vec();
    rows.extend([vec!["a remark".to_owned()], sum]);
    let skips =
        "range = \"B3:J6\"\nskip_rows_where = [{ column = \"Call ID\", equals = [\"sum\"] }]";
    for (file, content) in [
        ("calls.xlsx", xlsx(&rows)),
        ("calls.csv", csv_text(&rows, b',', "\n").into_bytes()),
    ] {
        let project = with_source(file, &content, skips);
        assert_eq!(read_but_for_what_is_below(&project, file, 3), None);
        let project = with_source(file, &content, "range = \"B3:J6\"");
        let told = read_but_for_what_is_below(&project, file, 3).unwrap();
        assert!(told.ends_with("[row 8]"), "{told}");
    }
    // Behind the totals a call is a call.
    let content = has_totals(&amid_notes(&table(&calls(4))));
    let project = with_source("calls.xlsx", content, named);
    let told = read_but_for_what_is_below(&project, "calls.xlsx", 3).unwrap();
    assert!(told.ends_with("[row 8]"), "{told}");
}

/// A fixed range that a long log has outgrown: the rows below it are in blocks of their own.
#[test]
fn however_many_rows_stand_below_the_range_each_is_counted() {
    let project = with_source("calls.csv", csv(&calls(20_000)), "range = \"A1:I4\"");
    let told = read_but_for_what_is_below(&project, "calls.csv", 3).unwrap();
    assert!(told.ends_with("[19,997 rows, first: row 5]"), "{told}");
}

/// What stands below is not read as calls, so it does not keep those above it from being sent.
#[test]
fn what_cannot_be_read_below_the_range_is_told_as_rows_below_it() {
    let long = format!("{}\n", "x".repeat(2 << 20));
    for (below, told_as) in [
        (long.clone(), "[row 5]"),
        (format!("\na call\n{long}"), "[2 rows, first: row 6]"),
    ] {
        let content = csv(&calls(3)) + &below;
        let project = with_source("calls.csv", content, "range = \"A1:I4\"");
        let told = read_but_for_what_is_below(&project, "calls.csv", 3).unwrap();
        assert!(told.ends_with(told_as), "{told}");
    }
}
