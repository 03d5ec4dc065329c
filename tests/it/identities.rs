//! Which row is this? Whatever happens to a file, a call that has a ticket is known again.

use crate::harness::{
    Call, KEYED, Project, Server, Told, UNKEYED, assert_agrees, assert_told_truly, calls, count,
    csv, csv_text, outcomes, rehearsed, rehearsed_together, table, typed_xlsx, without_key, xlsx,
};

/// Imports `first`, and then `second`, which says the same in another way: nothing is created by it.
fn same_calls(mapping: &str, first: (&str, Vec<u8>), second: (&str, Vec<u8>)) {
    let (project, server) = (Project::with_mapping(mapping), Server::new());
    project.write(first.0, &first.1);
    project
        .import(&server, &[first.0, "--results", "1.csv"])
        .exits(0);
    let created = server.tickets().len();
    assert!(created > 0);
    project.write(second.0, &second.1);
    project
        .import(&server, &[second.0, "--results", "2.csv"])
        .exits(0);
    assert_eq!(server.tickets().len(), created, "{}", second.0);
    let (first, second) = (project.results("1.csv"), project.results("2.csv"));
    assert_eq!(count(&second, "already_created"), created);
    for (one, other) in first.iter().zip(&second) {
        assert_eq!(one.ticket_id, other.ticket_id);
    }
}

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

/// As an older Windows saves it.
fn windows_1252(text: &str) -> Vec<u8> {
    let (encoded, _, lossy) = encoding_rs::WINDOWS_1252.encode(text);
    assert!(!lossy);
    encoded.into_owned()
}

fn utf_16(text: &str) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_renamed_file_creates_nothing() {
    let text = bytes(&csv(&calls(12)));
    for mapping in [KEYED, UNKEYED] {
        same_calls(mapping, ("a.csv", text.clone()), ("b.txt", text.clone()));
    }
}

#[test]
fn another_encoding_creates_nothing() {
    let text = csv(&calls(12));
    let marked = format!("\u{feff}{text}");
    for other in [windows_1252(&text), utf_16(&text), bytes(&marked)] {
        same_calls(UNKEYED, ("a.csv", bytes(&text)), ("b.csv", other));
    }
}

#[test]
fn another_delimiter_or_line_end_creates_nothing() {
    let rows = table(&calls(12));
    let first = csv_text(&rows, b',', "\n");
    for (delimiter, end) in [(b';', "\r\n"), (b'\t', "\n"), (b'|', "\r\n"), (b',', "\r")] {
        let other = csv_text(&rows, delimiter, end);
        same_calls(UNKEYED, ("a.csv", bytes(&first)), ("b.csv", bytes(&other)));
    }
}

#[test]
fn everything_quoted_creates_nothing() {
    let rows = table(&calls(12));
    let quoted: String = rows
        .iter()
        .map(|row| {
            let cells: Vec<_> = row
                .iter()
                .map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")))
                .collect();
            cells.join(",") + "\n"
        })
        .collect();
    same_calls(
        UNKEYED,
        ("a.csv", bytes(&csv_text(&rows, b',', "\n"))),
        ("b.csv", bytes(&quoted)),
    );
}

#[test]
fn a_csv_file_saved_as_a_workbook_creates_nothing_with_a_key() {
    let calls = calls(12);
    same_calls(
        KEYED,
        ("a.csv", bytes(&csv(&calls))),
        ("a.xlsx", typed_xlsx(&calls, 1)),
    );
    same_calls(
        KEYED,
        ("a.xlsx", typed_xlsx(&calls, 1)),
        ("b.csv", bytes(&csv(&calls))),
    );
}

#[test]
fn a_csv_file_saved_as_text_cells_creates_nothing_even_without_a_key() {
    let rows = table(&calls(12));
    same_calls(
        UNKEYED,
        ("a.csv", bytes(&csv_text(&rows, b',', "\n"))),
        ("a.xlsx", xlsx(&rows)),
    );
}

#[test]
fn columns_in_another_order_create_nothing_with_a_key() {
    let rows = table(&calls(12));
    let turned: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().rev().cloned().collect())
        .collect();
    let text = |rows| bytes(&csv_text(rows, b',', "\n"));
    same_calls(KEYED, ("a.csv", text(&rows)), ("b.csv", text(&turned)));
}

#[test]
fn an_unmapped_column_that_was_added_creates_nothing_with_a_key() {
    let rows = table(&calls(12));
    let wider: Vec<Vec<String>> = rows
        .iter()
        .enumerate()
        .map(|(number, row)| [vec![format!("checked {number}")], row.clone()].concat())
        .collect();
    let text = |rows| bytes(&csv_text(rows, b',', "\n"));
    same_calls(KEYED, ("a.csv", text(&rows)), ("b.csv", text(&wider)));
}

#[test]
fn a_mapping_that_changed_after_a_partial_run_creates_nothing_twice() {
    for mapping in [KEYED, UNKEYED] {
        let (project, server) = (Project::with_mapping(mapping), Server::new());
        let calls = calls(12);
        project.write("calls.csv", csv(&calls));
        project
            .import(&server, &["calls.csv", "--rows", "2-6"])
            .exits(0);
        project.write(
            "mapping.toml",
            mapping.replace("comments = \"Notes\"\n", "relationship = \"Notes\"\n"),
        );
        project.import(&server, &["calls.csv"]).exits(0);
        let told = project.results("calls.results.csv");
        assert_eq!(
            (count(&told, "already_created"), count(&told, "created")),
            (5, 7)
        );
        assert_told_truly(&told, &calls, &server.tickets());
    }
}

#[test]
fn rejected_rows_that_are_mended_are_sent_and_the_others_are_not() {
    for mapping in [KEYED, UNKEYED] {
        let (project, server) = (Project::with_mapping(mapping), Server::new());
        let mut calls = calls(8);
        calls[1] = Call::numbered(2).with_reason("[[reject:414]]");
        calls[4].dob = "never".to_owned();
        project.write("calls.csv", csv(&calls));
        project.import(&server, &["calls.csv"]).exits(1);
        assert_eq!(server.tickets().len(), 6);
        calls[1] = Call::numbered(2);
        calls[4] = Call::numbered(5);
        project.write("calls.csv", csv(&calls));
        project.import(&server, &["calls.csv"]).exits(0);
        let told = project.results("calls.results.csv");
        assert_eq!(
            (count(&told, "already_created"), count(&told, "created")),
            (6, 2)
        );
        assert_told_truly(&told, &calls, &server.tickets());
    }
}

#[test]
fn rejected_rows_are_tried_again_unchanged() {
    let (project, server) = (Project::new(), Server::new());
    let calls = vec![
        Call::numbered(1),
        Call::numbered(2).with_reason("[[reject:406]]"),
    ];
    project.write("calls.csv", csv(&calls));
    for attempts in 1..=3 {
        project.import(&server, &["calls.csv"]).exits(1);
        let told = project.results("calls.results.csv");
        assert_eq!(
            (told[1].error_code.as_str(), told[1].attempts),
            ("406", attempts)
        );
    }
    assert_eq!(server.tickets().len(), 1);
}

#[test]
fn two_identical_calls_are_two_tickets_once() {
    let (project, server) = (Project::with_mapping(UNKEYED), Server::new());
    let (one, other) = (Call::numbered(1), Call::numbered(2));
    let rows = without_key(&[one.clone(), other, one.clone(), one]);
    project.write("calls.csv", csv_text(&rows, b',', "\n"));
    project
        .import(&server, &["calls.csv", "--rows", "4-4"])
        .exits(0);
    assert_eq!(server.tickets().len(), 1);
    project.import(&server, &["calls.csv"]).exits(0);
    let told = project.results("calls.results.csv");
    assert_eq!(
        outcomes(&told),
        ["created", "created", "already_created", "created"]
    );
    project
        .import(&server, &["calls.csv"])
        .exits(0)
        .says("identical");
    let again = project.results("calls.results.csv");
    assert_eq!(count(&again, "already_created"), 4);
    let ids = |told: &[Told]| {
        told.iter()
            .map(|row| row.ticket_id.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&told), ids(&again));
    assert_eq!(server.tickets().len(), 4);
}

#[test]
fn the_file_of_the_next_night_overlaps_and_only_the_new_rows_are_sent() {
    for mapping in [KEYED, UNKEYED] {
        let (project, server) = (Project::with_mapping(mapping), Server::new());
        let calls = calls(20);
        project.write("monday.csv", csv(&calls[..12]));
        project.write("tuesday.csv", csv(&calls[6..]));
        project.import(&server, &["monday.csv"]).exits(0);
        project.import(&server, &["tuesday.csv"]).exits(0);
        let told = project.results("tuesday.results.csv");
        assert_eq!(
            (count(&told, "already_created"), count(&told, "created")),
            (6, 8)
        );
        assert!(
            told[0].message.contains("row 8 of monday.csv"),
            "{}",
            told[0].message
        );
        assert_eq!(server.tickets().len(), 20);
    }
}

#[test]
fn a_row_in_doubt_stays_so_even_if_its_content_changed() {
    let (project, server) = (Project::new(), Server::with_faults("hang_before@2"));
    let mut calls = calls(3);
    project.write("calls.csv", csv(&calls));
    project
        .import(&server, &["calls.csv", "--workers", "1", "--timeout", "2"])
        .exits(6);
    calls[1].reason = "mended".to_owned();
    project.write("calls.csv", csv(&calls));
    project.import(&server, &["calls.csv"]).exits(6);
    let told = project.results("calls.results.csv");
    assert_eq!(
        outcomes(&told),
        ["already_created", "in_doubt", "already_created"]
    );
    assert_eq!(server.tickets().len(), 2);
}

#[test]
fn a_part_of_a_file_and_then_the_whole_creates_each_call_once() {
    for mapping in [KEYED, UNKEYED] {
        let (project, server) = (Project::with_mapping(mapping), Server::new());
        let calls = calls(15);
        project.write("calls.csv", csv(&calls));
        project
            .import(&server, &["calls.csv", "--rows", "5-9"])
            .exits(0);
        let part = project.results("calls.results.csv");
        assert_eq!(
            part.iter().map(|row| row.row).collect::<Vec<_>>(),
            [5, 6, 7, 8, 9]
        );
        project
            .import(&server, &["calls.csv", "--limit", "6"])
            .exits(0);
        project.import(&server, &["calls.csv"]).exits(0);
        let told = project.results("calls.results.csv");
        assert_eq!(
            (count(&told, "already_created"), count(&told, "created")),
            (8, 7)
        );
        assert_told_truly(&told, &calls, &server.tickets());
    }
}

#[test]
fn validate_warns_where_there_is_no_key_and_proposes_a_column() {
    let project = Project::with_mapping(UNKEYED);
    project.write("calls.csv", csv(&calls(5)));
    project
        .run(&["validate", "calls.csv"])
        .exits(0)
        .says("no [key]")
        .says("Call ID");
    project.write("mapping.toml", KEYED);
    let ran = project.run(&["validate", "calls.csv"]).exits(0);
    assert!(!ran.all().contains("no [key]"));
}

#[test]
fn validate_tells_before_what_the_import_tells_after() {
    let (project, server) = (Project::new(), Server::new());
    let mut calls = calls(10);
    project.write("calls.csv", csv(&calls[..6]));
    project.import(&server, &["calls.csv"]).exits(0);
    calls[1].reason = "something else".to_owned();
    calls[8].dob = "soon".to_owned();
    project.write("calls.csv", csv(&calls));
    let rehearsed = rehearsed(&project, &server, 1);
    project.import(&server, &["calls.csv"]).exits(1);
    assert_agrees(&rehearsed, &project.results("calls.results.csv"));
}

/// What the README says of mappings without a key: what such a file costs is a second ticket, so it is told.
#[test]
fn without_a_key_changed_cells_are_new_calls_as_the_readme_says() {
    let calls = calls(4);
    let rows = table(&calls);
    let wider: Vec<Vec<String>> = rows
        .iter()
        .map(|row| [vec!["seen".to_owned()], row.clone()].concat())
        .collect();
    let turned: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().rev().cloned().collect())
        .collect();
    let mut mended = calls.clone();
    for call in &mut mended {
        call.notes.push_str(", mended");
    }
    let text = |rows: &[Vec<String>]| bytes(&csv_text(rows, b',', "\n"));
    let short_dates = csv(&calls).replace(",0", ",");
    for (name, other) in [
        ("dates.csv", bytes(&short_dates)),
        ("wider.csv", text(&wider)),
        ("turned.csv", text(&turned)),
        ("mended.csv", bytes(&csv(&mended))),
    ] {
        let (project, server) = (Project::with_mapping(UNKEYED), Server::new());
        project.write("calls.csv", csv(&calls));
        project.import(&server, &["calls.csv"]).exits(0);
        project.write(name, other);
        project
            .run_for(&server, &["validate", name])
            .exits(0)
            .says("no [key]");
        project.import(&server, &[name]).exits(0);
        let told = project.results(&name.replace(".csv", ".results.csv"));
        assert!(count(&told, "created") > 0, "{name}");
        assert_eq!(
            server.tickets().len(),
            4 + count(&told, "created"),
            "{name}"
        );
    }
}

#[test]
fn that_a_file_was_imported_before_is_told_before_its_first_row_leaves() {
    for name in ["calls.csv", "renamed.csv"] {
        let (project, mut server) = (Project::new(), Server::new());
        project.write("calls.csv", csv(&calls(4)));
        project
            .import(&server, &["calls.csv", "--rows", "2-3"])
            .exits(0);
        server.stop();
        project.write(name, csv(&calls(4)));
        let mut running = project.start_import(&server, &[name]);
        running.wait_for_line("this file was imported before, as calls.csv with --rows 2-3 on 20");
        // Nothing can have left: there is no server yet.
        server.start();
        running.end().exits(0).says("it finished");
        assert_eq!(server.tickets().len(), 4);
    }
}

/// Without a key: what an earlier file has twice and a later one three times is sent three times.
#[test]
fn identical_rows_are_counted_over_the_files_of_one_command_as_over_commands() {
    for part in [&[][..], &["--rows", "3-5"], &["--limit", "2"]] {
        let (project, server) = (Project::with_mapping(UNKEYED), Server::new());
        let (one, other) = (Call::numbered(1), Call::numbered(2));
        let two = without_key(&[one.clone(), other.clone(), one.clone()]);
        let three = without_key(&[one.clone(), one.clone(), other, one]);
        project.write("two.csv", csv_text(&two, b',', "\n"));
        project.write("three.csv", csv_text(&three, b';', "\r\n"));
        project.write("text.xlsx", xlsx(&three));
        let files = ["two.csv", "three.csv", "text.xlsx"];
        let report = rehearsed_together(&project, &server, &[&files, part].concat(), 0);
        project.import(&server, &[&files, part].concat()).exits(0);
        let results = ["two", "three", "text"].map(|file| format!("{file}.results.csv"));
        let told = results.map(|results| project.results(&results));
        for (file, told) in told.iter().enumerate() {
            assert_agrees(&report["files"][file]["outcomes"], told);
        }
        if part.is_empty() {
            let expected = [
                "already_created",
                "already_created",
                "already_created",
                "created",
            ];
            assert_eq!(outcomes(&told[1]), expected);
            assert_eq!(server.tickets().len(), 4);
        }
    }
}
