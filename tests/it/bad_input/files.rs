//! Files that are no table, or a damaged one: exit code 3; and what no file can give: exit code 2.

use super::{refused, with_file, with_mapping};
use crate::harness::{
    Action, KEYED, Project, RawServer, Running, Server, as_ticket, calls, complaint, csv, csv_text,
    outcomes, table, xlsx,
};
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_file_that_is_missing() {
    refused(
        &Project::new(),
        &["calls.csv"],
        3,
        &["calls.csv", "no such file", "check the path"],
    );
    let nowhere = ["nowhere/calls.csv"];
    refused(&Project::new(), &nowhere, 3, &["no such file"]);
}

#[test]
fn a_file_that_may_not_be_read() {
    let project = with_file(csv(&calls(3)).as_bytes());
    let path = project.path("calls.csv");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read(&path).is_ok() {
        println!("skipped: this user may read everything");
        return;
    }
    refused(&project, &["calls.csv"], 3, &["may not read"]);
}

#[test]
fn an_empty_file() {
    refused(
        &with_file(b""),
        &["calls.csv"],
        3,
        &["empty", "export it again"],
    );
    refused(
        &with_file(b"\n\n  \n"),
        &["calls.csv"],
        3,
        &["no row has a value"],
    );
}

#[test]
fn a_folder() {
    let project = Project::new();
    std::fs::create_dir(project.path("calls.csv")).unwrap();
    refused(&project, &["calls.csv"], 3, &["folder"]);
}

#[test]
fn a_renamed_pdf_and_other_files_that_are_no_table() {
    refused(
        &with_file(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"),
        &["calls.csv"],
        3,
        &["PDF"],
    );
    refused(&with_file(b"{\"calls\": []}"), &["calls.csv"], 3, &["JSON"]);
    refused(
        &with_file(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        &["calls.csv"],
        3,
        &["not a CSV"],
    );
    refused(
        &with_file(b"PK\x03\x04 and nothing else"),
        &["calls.csv"],
        3,
        &["calls.csv"],
    );
    refused(
        &with_file(b"name\0\0other\0"),
        &["calls.csv"],
        3,
        &["calls.csv"],
    );
}

#[test]
fn a_header_without_rows() {
    refused(
        &with_file(csv(&[]).as_bytes()),
        &["calls.csv"],
        3,
        &["header", "no row under it"],
    );
    let project = Project::new();
    project.write(
        "calls.xlsx",
        xlsx(&[vec!["Call ID".to_owned(), "DOB".to_owned()]]),
    );
    refused(&project, &["calls.xlsx"], 3, &["calls.xlsx"]);
}

#[test]
fn a_sheet_that_does_not_exist() {
    let project = Project::new();
    project.write("calls.xlsx", xlsx(&table(&calls(2))));
    refused(
        &project,
        &["calls.xlsx", "--sheet", "Cals"],
        3,
        &["Cals", "Calls"],
    );
}

#[test]
fn what_is_asked_of_a_file_that_cannot_have_it() {
    let project = with_mapping(str::to_owned);
    refused(
        &project,
        &["calls.csv", "--sheet", "Night"],
        2,
        &["calls.csv", "--sheet", "hint: "],
    );
    let project = with_mapping(|mapping| format!("{mapping}\n[source]\nrange = \"Calls\"\n"));
    refused(&project, &["calls.csv"], 2, &["calls.csv", "hint: "]);
    let inspect = ["inspect", "calls.csv", "--encoding", "utf-9"];
    let ran = project.run(&inspect).exits(2);
    assert!(ran.stderr.contains("\nhint: "), "{}", ran.all());
}

#[test]
fn a_quote_that_never_ends() {
    let mut text = csv(&calls(50)).replace('"', "");
    let at = text.find("C00010").unwrap();
    text.insert(at + "C00010,".len(), '"');
    refused(
        &with_file(text.as_bytes()),
        &["calls.csv"],
        3,
        &["quote", "row"],
    );
    let text = csv(&calls(3)) + "C9,\"open";
    refused(
        &with_file(text.as_bytes()),
        &["calls.csv"],
        3,
        &["row 5", "never ends"],
    );
}

#[test]
fn a_list_in_a_cell_that_looks_like_rows() {
    let row = |id: u32, text: &str| format!("{id},Ng,Li,1980-01-0{id},212555{id}100,\"{text}\"\n");
    let list =
        "contacts\n7,Wu,Ann,1980-01-05,2125550199,mother\n8,Wu,Bo,1980-01-06,2125550198,father";
    let rows = [row(1, "a, b"), row(2, list), row(3, "c, d")].concat();
    let text = format!("Call ID,Last,First,DOB,Phone,Reason\n{rows}");
    let mapping = |source: &str| {
        format!(
            "version = 1\n{source}\n[key]\ncolumns = [\"Call ID\"]\n[fields]\npatient_lname = \"Last\"\n\
             patient_fname = \"First\"\ndob = \"DOB\"\ncomplaint = \"Reason\"\nprac = {{ value = \"1\" }}\n"
        )
    };
    let project = Project::with_mapping(&mapping(""));
    project.write("calls.csv", &text);
    for command in ["validate", "inspect"] {
        let refused = project.run(&[command, "calls.csv"]).exits(3);
        let refused = refused.says("row 3, line 3: a cell in this row has several lines");
        let refused = refused.says("quotes = \"trust\" in [source]");
        assert!(!refused.all().contains("mother") && !refused.all().contains("Wu"));
    }
    let inspected = project.run(&["inspect", "calls.csv", "--quotes", "trust"]);
    let inspected = inspected.exits(0).says("3 rows");
    inspected.says("its quotes are trusted, as asked");
    let project = Project::with_mapping(&mapping("[source]\nquotes = \"trust\""));
    project.write("calls.csv", &text);
    let server = Server::new();
    project.import(&server, &["calls.csv"]).exits(0);
    let complaints: Vec<String> = server
        .tickets()
        .iter()
        .map(|ticket| complaint(ticket).to_owned())
        .collect();
    assert!(complaints.len() == 3 && complaints.contains(&list.to_owned()));
    // Where the others quote what needs no quotes, the list is known for text.
    let quoted = text.lines().map(|line| match line.strip_suffix('"') {
        Some(line) if line.starts_with(['1', '3']) => {
            let (cells, text) = line.split_once(",\"").unwrap();
            format!("\"{}\",\"{text}\"\n", cells.replace(',', "\",\""))
        }
        _ => format!(
            "{}\n",
            line.replace(
                "2,Ng,Li,1980-01-02,2125552100,",
                "\"2\",\"Ng\",\"Li\",\"1980-01-02\",\"2125552100\","
            )
        ),
    });
    let project = Project::with_mapping(&mapping(""));
    project.write("calls.csv", quoted.collect::<String>());
    project
        .run(&["validate", "calls.csv"])
        .exits(0)
        .says("3 ready");
}

#[test]
fn rows_that_excel_has_cut_short_are_sent_where_the_mapping_says_so() {
    let mut rows = table(&calls(40));
    rows[0].push("Spare".to_owned());
    rows.iter_mut()
        .skip(1)
        .for_each(|row| row.push(String::new()));
    // Excel looks at 16 rows together, the header in the first of them.
    for row in &mut rows[16..32] {
        row.pop();
    }
    let text = csv_text(&rows, b',', "\n");
    let project = Project::new();
    project.write("calls.csv", &text);
    let server = Server::new();
    let told = project.import(&server, &["calls.csv"]).exits(1);
    let told = told.says("where only blank cells at its end are left out, as Excel does");
    told.says("in whole blocks of 16, as Excel saves CSV");
    assert_eq!(server.tickets().len(), 24);
    let inspected = project.run(&["inspect", "calls.csv", "--short-rows", "fill"]);
    inspected
        .exits(0)
        .says("16 rows with fewer cells than the header");
    project.write(
        "mapping.toml",
        format!("{KEYED}\n[source]\nshort_rows = \"fill\"\n"),
    );
    let told = project.import(&server, &["calls.csv"]).exits(0);
    told.says("16 rows with fewer cells than the header");
    assert_eq!(server.tickets().len(), 40);
}

#[test]
fn our_own_results_as_input() {
    let (project, server) = (with_mapping(str::to_owned), Server::new());
    project.import(&server, &["calls.csv"]).exits(0);
    refused(
        &project,
        &["calls.results.csv"],
        3,
        &["results file of ticketload"],
    );
}

#[test]
fn rows_that_are_all_invalid_are_told_as_a_matter_of_the_mapping() {
    let mut calls = calls(3);
    for call in &mut calls {
        call.dob = "1950-01-31 10:00".to_owned();
    }
    let project = with_file(csv(&calls).as_bytes());
    let ran = project.run(&["validate", "calls.csv"]).exits(1);
    ran.says("the mapping is wrong and not the rows");
    calls[0].dob = "01/31/1950".to_owned();
    project.write("calls.csv", csv(&calls));
    let ran = project.run(&["validate", "calls.csv"]).exits(1);
    ran.says("import the others now");
}

#[test]
fn rows_that_are_wider_or_narrower_than_the_header_are_told_and_the_others_sent() {
    let (project, server) = (Project::new(), Server::new());
    let text = csv(&calls(4)).replace("C00002,", "C00002,,,");
    project.write("calls.csv", text);
    project.import(&server, &["calls.csv"]).exits(1);
    let told = project.results("calls.results.csv");
    assert_eq!(
        outcomes(&told),
        ["created", "invalid", "created", "created"]
    );
}

#[test]
fn a_comma_without_quotes_is_told_where_it_moves_blank_cells_or_those_beside_the_range() {
    let line = |call: usize, reason: &str, end: &str| {
        format!("C-{call},Ng,Ann,12/30/1980,1234,,2125550101,{reason},{end}\n")
    };
    let header = "Call ID,Last Name,First Name,DOB,Practice,Doctor,Phone,Reason,Notes,Taken by\n";
    let cut = "Chest pain, left arm numb";
    let text = |end: &str| {
        let rows = [
            line(1, "Fever", end),
            line(2, cut, end),
            line(3, "Cough", end),
        ];
        format!("{header}{}", rows.concat())
    };
    for (source, text) in [
        ("", text(",")),
        ("", text(",,,")),
        ("range = \"A1:H\"", text(",")),
        ("range = \"A1:J\"", text(",")),
        (
            "range = \"A1:H\"",
            text("").replace(",Notes,Taken by", "").replace(",\n", "\n"),
        ),
    ] {
        let mapping = KEYED.replace("[fields]", &format!("[source]\n{source}\n[fields]"));
        let project = Project::with_mapping(&mapping.replace("comments = \"Notes\"\n", ""));
        let server = Server::new();
        project.write("calls.csv", text);
        let args = ["calls.csv", "--rejects", "r.csv"];
        project.import(&server, &args).exits(1).says("ragged");
        let told = project.results("calls.results.csv");
        assert_eq!(outcomes(&told), ["created", "invalid", "created"]);
        // Nothing of it is lost, and it is no better for being alone.
        let rejects = std::fs::read_to_string(project.path("r.csv")).unwrap();
        assert!(rejects.contains("Chest pain") && rejects.contains("left arm numb"));
        project.run(&["validate", "r.csv"]).exits(1).says("ragged");
    }
}

#[test]
fn a_file_that_changes_while_another_is_sent_keeps_no_other_from_being_sent() {
    let project = Project::new();
    for (number, name) in ["a.csv", "b.csv", "c.csv"].into_iter().enumerate() {
        project.write(name, csv(&calls(9)[number * 3..][..3]));
    }
    let changing = project.path("b.csv");
    let server = RawServer::new(move |number, _| {
        if number == 0 {
            std::fs::write(&changing, csv(&calls(30))).unwrap();
        }
        Action::Answer(as_ticket(number))
    });
    let args = ["import", "a.csv", "b.csv", "c.csv"];
    Running::start(project.command_for(&server.url(), &args))
        .end()
        .exits(3)
        .says("b.csv: not read")
        .says("changed");
    for name in ["a.results.csv", "c.results.csv"] {
        assert_eq!(outcomes(&project.results(name)), ["created"; 3], "{name}");
    }
    assert_eq!(server.submissions().len(), 6);
    assert!(!project.path("b.results.csv").exists());
}

#[test]
fn where_all_problems_stand_is_told_as_it_is() {
    let project = Project::new();
    let mut calls = calls(12);
    for call in &mut calls {
        call.dob = "never".to_owned();
    }
    project.write("calls.csv", csv(&calls));
    let ran = project
        .run(&["validate", "calls.csv"])
        .exits(1)
        .says("… all of them stand in the report with --format json\n");
    assert!(!ran.all().contains("stand in the results"), "{}", ran.all());
    project
        .import(&Server::new(), &["calls.csv"])
        .exits(1)
        .says("… all of them stand in the results");
}
