//! The main job: CSV and XLSX, JSON and form, the first time and again.

use crate::harness::{
    Call, KEYED, Project, Running, Server, assert_agrees, assert_told_truly, calls, count, csv,
    outcomes, rehearsed, table, told, typed_xlsx, xlsx,
};

/// Imports a file twice: every row gets its ticket, then every row has it already.
fn twice(name: &str, content: &[u8], calls: &[Call], args: &[&str]) {
    let (project, server) = (Project::new(), Server::new());
    project.write(name, content);
    let args = [&[name], args].concat();
    project.import(&server, &args).exits(0);
    let first = project.results("calls.results.csv");
    assert_eq!(count(&first, "created"), calls.len());
    assert_told_truly(&first, calls, &server.tickets());
    project
        .import(&server, &args)
        .exits(0)
        .says("imported before");
    let second = project.results("calls.results.csv");
    assert_eq!(count(&second, "already_created"), calls.len());
    assert_told_truly(&second, calls, &server.tickets());
    assert!(second[0].message.contains(&format!("row 2 of {name}")));
}

#[test]
fn a_csv_file_becomes_tickets_once_as_json() {
    let calls = calls(40);
    twice("calls.csv", csv(&calls).as_bytes(), &calls, &[]);
}

#[test]
fn a_csv_file_becomes_tickets_once_as_a_form() {
    let calls = calls(40);
    twice(
        "calls.csv",
        csv(&calls).as_bytes(),
        &calls,
        &["--body", "form"],
    );
}

#[test]
fn a_workbook_becomes_tickets_once_as_json() {
    let calls = calls(40);
    twice(
        "calls.xlsx",
        &typed_xlsx(&calls, 1),
        &calls,
        &["--workers", "16"],
    );
}

#[test]
fn a_workbook_becomes_tickets_once_as_a_form() {
    let calls = calls(40);
    let args = ["--body", "form", "--workers", "1"];
    twice("calls.xlsx", &xlsx(&table(&calls)), &calls, &args);
}

#[test]
fn the_server_gets_what_the_mapping_says() {
    for (name, body) in [("calls.csv", "json"), ("calls.xlsx", "form")] {
        let (project, server) = (Project::new(), Server::new());
        let call = Call {
            dob: "02/29/1988".to_owned(),
            phone: "2125550147".to_owned(),
            ..Call::numbered(1)
        };
        project.write("calls.csv", csv(std::slice::from_ref(&call)));
        project.write("calls.xlsx", typed_xlsx(std::slice::from_ref(&call), 1));
        project.import(&server, &[name, "--body", body]).exits(0);
        let payload = &server.tickets()[0].payload;
        let expected = [
            ("patient_lname", call.last.as_str()),
            ("patient_fname", "Renée"),
            ("dob", "19880229"),
            ("complaint", call.reason.as_str()),
            ("prac", "1234"),
            ("client_code", "17"),
            ("contact_phone", "2125550147"),
            ("comments", call.notes.as_str()),
        ];
        assert_eq!(payload.len(), expected.len());
        for (field, value) in expected {
            assert_eq!(payload[field], value, "{name} {field}");
        }
    }
}

#[test]
fn every_row_gets_its_answer_in_the_order_of_the_file() {
    let (project, server) = (Project::new(), Server::new());
    let mut calls = calls(8);
    calls[1].dob = "31/31/1980".to_owned();
    calls[2].last = " ".to_owned();
    calls[4] = Call::numbered(5).with_reason("[[reject:406]]");
    calls[6] = Call::numbered(7).with_reason("[[reject:414]]");
    project.write("calls.csv", csv(&calls));
    project.import(&server, &["calls.csv"]).exits(1);
    let told = project.results("calls.results.csv");
    let codes: Vec<_> = told.iter().map(|row| row.error_code.as_str()).collect();
    assert_eq!(
        codes,
        [
            "",
            "invalid.dob",
            "missing.patient_lname",
            "",
            "406",
            "",
            "414",
            ""
        ]
    );
    let expected = [
        "created", "invalid", "invalid", "created", "rejected", "created", "rejected", "created",
    ];
    assert_eq!(outcomes(&told), expected);
    assert_told_truly(&told, &calls, &server.tickets());
    assert_eq!(told[0].file, "calls.csv");
    assert_eq!(told[4].key, "C00005");
    assert_eq!((told[0].attempts, told[1].attempts), (1, 0));
    assert!(told[0].finished_at.ends_with('Z') && told[1].finished_at.is_empty());
    assert!(told[2].message.contains("Last Name"), "{}", told[2].message);
}

#[test]
fn a_workbooks_results_name_the_sheet() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.xlsx", typed_xlsx(&calls(2), 1));
    project
        .import(&server, &["calls.xlsx", "--sheet", "Calls"])
        .exits(0);
    assert_eq!(project.results("calls.results.csv")[0].sheet, "Calls");
}

#[test]
fn results_go_to_stdout_and_the_report_to_stderr_when_asked() {
    let (project, server) = (Project::new(), Server::new());
    let calls = calls(3);
    project.write("calls.csv", csv(&calls));
    let ran = project
        .import(&server, &["calls.csv", "--results", "-"])
        .exits(0);
    assert_told_truly(&told(&ran.stdout), &calls, &server.tickets());
    assert!(ran.stderr.contains("created"));
    assert!(!project.path("calls.results.csv").exists());
}

#[test]
fn several_files_get_their_results_each() {
    let (project, server) = (Project::new(), Server::new());
    let calls = calls(10);
    project.write("a.csv", csv(&calls[..4]));
    project.write("b.xlsx", typed_xlsx(&calls[4..], 1));
    project.import(&server, &["a.csv", "b.xlsx"]).exits(0);
    assert_eq!(count(&project.results("a.results.csv"), "created"), 4);
    assert_eq!(count(&project.results("b.results.csv"), "created"), 6);
    assert_eq!(server.tickets().len(), 10);
}

#[test]
fn a_file_that_cannot_be_read_does_not_keep_the_others_from_being_sent() {
    let (project, server) = (Project::new(), Server::new());
    project.write("a.csv", csv(&calls(4)));
    let ran = project.import(&server, &["missing.csv", "a.csv"]).exits(3);
    assert!(
        ran.stdout.contains("1 file could not be read"),
        "{}",
        ran.all()
    );
    assert!(!ran.stdout.contains("Every row"), "{}", ran.all());
    assert_eq!(server.tickets().len(), 4);
    assert_eq!(count(&project.results("a.results.csv"), "created"), 4);
}

#[test]
fn the_built_in_sandbox_takes_an_import_and_remembers_it_in_its_folder() {
    let project = Project::new();
    project.write("calls.csv", csv(&calls(5)));
    let args = ["import", "calls.csv", "--sandbox=kept"];
    project.run(&args).exits(0);
    assert_eq!(count(&project.results("calls.results.csv"), "created"), 5);
    project.run(&args).exits(0);
    assert_eq!(
        count(&project.results("calls.results.csv"), "already_created"),
        5
    );
    project.run(&["import", "calls.csv", "--sandbox"]).exits(0);
    assert_eq!(count(&project.results("calls.results.csv"), "created"), 5);
}

#[test]
fn the_standalone_sandbox_prints_the_settings_that_a_client_needs() {
    let project = Project::new();
    project.write("calls.csv", csv(&calls(5)));
    let mut sandbox = Running::start(project.command(&["sandbox", "--folder", "kept"]));
    let mut import = project.command(&["import", "calls.csv", "--rate", "unlimited"]);
    for line in sandbox.stdout_lines(4) {
        let (name, value) = line
            .strip_prefix("export ")
            .unwrap()
            .split_once('=')
            .unwrap();
        import.env(name, value.trim_matches('\''));
    }
    Running::start(import).end().exits(0);
    sandbox.signal("TERM");
    sandbox.end().exits(0).says("created 5 tickets");
}

#[test]
fn an_expired_token_is_renewed_and_costs_nothing() {
    let (project, server) = (
        Project::new(),
        Server::with(|settings| settings.token_uses = Some(7)),
    );
    let calls = calls(60);
    project.write("calls.csv", csv(&calls));
    project.import(&server, &["calls.csv"]).exits(0);
    assert_told_truly(
        &project.results("calls.results.csv"),
        &calls,
        &server.tickets(),
    );
    assert!(server.requests("token") >= 9);
}

#[test]
fn a_stamp_stands_within_the_length_that_the_mapping_allows() {
    let short = "comments = { column = \"Notes\", max_length = 40 }";
    let mapping = KEYED
        .replace("version = 1", "version = 1\nstamp = \"comments\"")
        .replace("comments = \"Notes\"", short);
    let (project, server) = (Project::with_mapping(&mapping), Server::new());
    let mut calls = calls(3);
    for (call, length) in calls.iter_mut().zip([13, 14, 40]) {
        call.notes = "n".repeat(length);
    }
    project.write("calls.csv", csv(&calls));
    let expected = rehearsed(&project, &server, 1);
    project.import(&server, &["calls.csv"]).exits(1);
    let told = project.results("calls.results.csv");
    assert_eq!(outcomes(&told), ["created", "invalid", "invalid"]);
    assert_agrees(&expected, &told);
    assert!(
        told[1].message.contains("13 characters"),
        "{}",
        told[1].message
    );
    let comments = server.tickets()[0].payload["comments"].clone();
    assert_eq!(comments, "nnnnnnnnnnnnn [TL-1:2]");
}
