//! The way through the rejects file: what it holds, and that mending and importing it doubles and loses nothing.

use crate::harness::{
    Action, Call, KEYED, Project, RawServer, Running, Server, Told, UNKEYED, amid_notes, as_ticket,
    calls, complaint, count, csv, csv_text, outcomes, table, typed_xlsx, without_key, xlsx,
    xlsx_with_name, xlsx_with_table,
};
use rust_xlsxwriter::{Format, Formula, Workbook};
use std::collections::HashSet;
use std::io::{Cursor, Read, Write};
use std::process::Stdio;

/// Eight calls: the second and sixth are rejected, the fourth is invalid, the eighth ends in doubt.
fn troubled() -> Vec<Call> {
    let mut calls = calls(8);
    calls[1] = Call::numbered(2).with_reason("[[reject:414]]");
    calls[3].dob = "unknown".to_owned();
    calls[5] = Call::numbered(6).with_reason("[[reject:406]]");
    calls[7] = Call::numbered(8).with_reason("[[fault:http502_after]]");
    calls
}

/// What `mend` does to the text of a rejects file of troubled calls.
fn mended(text: &str) -> String {
    text.replace(" [[reject:414]]", "")
        .replace(" [[reject:406]]", "")
        .replace("unknown", "02/03/1944")
}

/// Imports a troubled CSV file, mends its rejects in its own encoding and imports those, twice, then the file again.
fn round_trip(mapping: &str, content: &[u8], encoding: &'static encoding_rs::Encoding) {
    let (project, server) = (Project::with_mapping(mapping), Server::new());
    project.write("calls.csv", content);
    project
        .import(&server, &["calls.csv", "--rejects", "rejects.csv"])
        .exits(6);
    let told = project.results("calls.results.csv");
    let expected = [
        "created", "rejected", "created", "invalid", "created", "rejected", "created", "in_doubt",
    ];
    assert_eq!(outcomes(&told), expected);
    let rejects = std::fs::read(project.path("rejects.csv")).unwrap();
    let (text, _, lossy) = encoding.decode(&rejects);
    assert!(!lossy && text.contains("Müller-4") && text.contains("invalid.dob"));
    assert!(
        !text.contains("fault:"),
        "rows in doubt are never among the rejects"
    );
    let mended = mended(&text);
    project.write("rejects.csv", encoding.encode(&mended).0);
    for outcome in ["created", "already_created"] {
        project.import(&server, &["rejects.csv"]).exits(0);
        let told = project.results("rejects.results.csv");
        assert_eq!(outcomes(&told), [outcome; 3]);
    }
    assert_every_call_once(&server, 8);
}

fn assert_every_call_once(server: &Server, calls: usize) {
    let tickets = server.tickets();
    let complaints: HashSet<_> = tickets
        .iter()
        .map(|ticket| complaint(ticket).split(" [[").next().unwrap())
        .collect();
    assert_eq!((tickets.len(), complaints.len()), (calls, calls));
}

/// The first row ends in doubt, and no more may fail: the others are not sent.
const UNTIL_ONE_FAILS: [&str; 7] = [
    "calls.xlsx",
    "--rejects",
    "rejects.xlsx",
    "--max-failures",
    "0",
    "--workers",
    "1",
];

#[test]
fn a_csv_file_makes_the_round_trip() {
    for mapping in [KEYED, UNKEYED] {
        round_trip(mapping, csv(&troubled()).as_bytes(), encoding_rs::UTF_8);
    }
}

#[test]
fn semicolons_and_windows_line_ends_make_the_round_trip() {
    let text = csv_text(&table(&troubled()), b';', "\r\n");
    round_trip(UNKEYED, text.as_bytes(), encoding_rs::UTF_8);
}

/// A spreadsheet gives every row as many cells when it saves a file: what was too short looks mended then.
#[test]
fn a_row_that_was_too_short_does_not_pass_in_silence_once_a_spreadsheet_has_filled_it_up() {
    let (project, server) = (Project::new(), Server::new());
    let short = "C00009,Short,Ann,02/03/1944,cough,1234\n";
    let mut calls = troubled();
    calls[3].notes = String::new();
    project.write("calls.csv", csv(&calls) + short);
    project
        .import(&server, &["calls.csv", "--rejects", "rejects.csv"])
        .exits(6);
    let untouched = project.read("rejects.csv");
    assert!(untouched.contains(short), "as it was: {untouched}");
    let filled = untouched.replace("1234\n", "1234,,,,,\n");
    let warned = |rejects: &str| -> Vec<u64> {
        project.write("rejects.csv", rejects);
        let validate = ["validate", "rejects.csv", "--format", "json"];
        let report: serde_json::Value =
            serde_json::from_str(&project.run(&validate).stdout).unwrap();
        let problems = report["files"][0]["problems"].as_array().unwrap().iter();
        let warnings = problems.filter(|problem| problem["code"] == "unexplained");
        let warnings = warnings.inspect(|problem| assert_eq!(problem["severity"], "warning"));
        warnings
            .map(|problem| problem["row"].as_u64().unwrap())
            .collect()
    };
    // As it was written it is ragged, and the one with a blank end has its reason.
    assert_eq!(warned(&untouched), [0_u64; 0]);
    assert_eq!(warned(&filled), [5]);
    // With a value in its last column it had all its cells, and without the two columns the file is no rejects file.
    assert_eq!(
        warned(&filled.replace("1234,,,,,", "1234,,,called,,")),
        [0_u64; 0]
    );
    project.write("rejects.csv", &filled);
    project
        .import(&server, &["rejects.csv"])
        .exits(1)
        .says("unexplained (warning)");
}

/// Excel takes UTF-8 without a mark for Windows-1252, and whoever mends what it shows then mends damaged names.
#[test]
fn the_mark_and_the_line_ends_of_the_input_are_those_of_its_rejects() {
    let mut calls = troubled();
    calls[3].notes = "one, then~two~three".to_owned();
    for (mark, end) in [
        ("\u{feff}", "\r\n"),
        ("", "\r\n"),
        ("\u{feff}", "\n"),
        ("", "\r"),
    ] {
        let text = csv_text(&table(&calls), b',', end).replace('~', "\n");
        let text = format!("{mark}{text}");
        round_trip(UNKEYED, text.as_bytes(), encoding_rs::UTF_8);
        // One line that ends in another way changes nothing.
        for other in [end, "\n", "\r", "\r\n"] {
            let text = text.replacen(&format!("{end}C00003"), &format!("{other}C00003"), 1);
            let (project, server) = (Project::with_mapping(UNKEYED), Server::new());
            project.write("calls.csv", text);
            let import = ["calls.csv", "--rejects", "rejects.csv"];
            project.import(&server, &import).exits(6);
            let rejects = project.read("rejects.csv");
            assert_eq!(rejects.starts_with('\u{feff}'), !mark.is_empty());
            let cells = rejects.replace("one, then\ntwo\nthree", "");
            assert_ne!(cells, rejects);
            assert_eq!(cells.matches(end).count(), 4, "{cells:?}");
            let rest = cells.replace(end, "");
            assert!(!rest.contains(['\r', '\n']), "{cells:?}");
        }
    }
}

#[test]
fn an_old_windows_encoding_makes_the_round_trip() {
    let (bytes, encoding, _) = encoding_rs::WINDOWS_1252.encode("");
    assert!(bytes.is_empty());
    let text = csv_text(&table(&troubled()), b';', "\r\n");
    for mapping in [KEYED, UNKEYED] {
        round_trip(mapping, &encoding.encode(&text).0, encoding);
    }
}

#[test]
fn a_header_in_row_3_makes_the_round_trip() {
    let text = format!("Night log\n\n{}", csv(&troubled()));
    for mapping in [KEYED, UNKEYED] {
        let mapping = mapping.replace("[fields]", "[source]\nheader_row = 3\n[fields]");
        round_trip(&mapping, text.as_bytes(), encoding_rs::UTF_8);
    }
}

#[test]
fn a_header_found_below_a_title_makes_the_round_trip() {
    let text = format!("Night log\n\n{}", csv(&troubled()));
    round_trip(UNKEYED, text.as_bytes(), encoding_rs::UTF_8);
}

#[test]
fn rejects_that_nobody_mended_create_nothing_and_are_told_again() {
    for mapping in [KEYED, UNKEYED] {
        let (project, server) = (Project::with_mapping(mapping), Server::new());
        project.write("calls.csv", csv(&troubled()));
        project
            .import(&server, &["calls.csv", "--rejects", "rejects.csv"])
            .exits(6);
        let before = server.tickets().len();
        for _ in 0..2 {
            project.import(&server, &["rejects.csv"]).exits(1);
            let told = project.results("rejects.results.csv");
            assert_eq!(outcomes(&told), ["rejected", "invalid", "rejected"]);
        }
        assert_eq!(server.tickets().len(), before);
    }
}

#[test]
fn the_source_after_its_rejects_creates_nothing_with_a_key() {
    let (project, server) = (Project::new(), Server::new());
    let mut calls = troubled();
    project.write("calls.csv", csv(&calls));
    project
        .import(&server, &["calls.csv", "--rejects", "rejects.csv"])
        .exits(6);
    project.write("rejects.csv", mended(&project.read("rejects.csv")));
    project.import(&server, &["rejects.csv"]).exits(0);
    assert_every_call_once(&server, 8);
    calls[1] = Call::numbered(2);
    calls[5] = Call::numbered(6);
    calls[3].dob = "02/03/1944".to_owned();
    project.write("calls.csv", csv(&calls));
    project.import(&server, &["calls.csv"]).exits(6);
    let told = project.results("calls.results.csv");
    assert_eq!(
        (count(&told, "already_created"), count(&told, "in_doubt")),
        (7, 1)
    );
    assert_every_call_once(&server, 8);
}

#[test]
fn a_workbook_keeps_its_dates_and_numbers_on_the_round_trip() {
    for mapping in [KEYED, UNKEYED] {
        for header in [1, 3] {
            let (project, server) = (Project::with_mapping(mapping), Server::new());
            if header == 3 {
                let mapping = mapping.replace("[fields]", "[source]\nheader_row = 3\n[fields]");
                project.write("mapping.toml", mapping);
            }
            project.write("calls.xlsx", typed_xlsx(&not_sent_but_first(), header));
            project.import(&server, &UNTIL_ONE_FAILS).exits(5);
            let told = project.results("calls.results.csv");
            assert_eq!((count(&told, "in_doubt"), count(&told, "not_sent")), (1, 5));
            project.import(&server, &["rejects.xlsx"]).exits(0);
            assert_eq!(
                outcomes(&project.results("rejects.results.csv")),
                ["created"; 5]
            );
            // The rows of the source are known again, cell for cell: nothing but the doubt is left.
            project.import(&server, &["calls.xlsx"]).exits(6);
            let told = project.results("calls.results.csv");
            assert_eq!(
                (count(&told, "in_doubt"), count(&told, "already_created")),
                (1, 5)
            );
            assert_every_call_once(&server, 6);
            assert!(
                server
                    .tickets()
                    .iter()
                    .all(|ticket| ticket.payload["dob"].as_str().unwrap().starts_with("19"))
            );
        }
    }
}

fn not_sent_but_first() -> Vec<Call> {
    let mut calls = calls(6);
    calls[0] = Call::numbered(1).with_reason("[[fault:http502_after]]");
    calls
}

#[test]
fn rows_that_were_not_sent_are_rejects_and_are_sent_once_from_either_file() {
    for mapping in [KEYED, UNKEYED] {
        for order in [["rejects.csv", "calls.csv"], ["calls.csv", "rejects.csv"]] {
            let (project, server) = (Project::with_mapping(mapping), Server::new());
            project.write("calls.csv", csv(&not_sent_but_first()));
            let args = [
                "calls.csv",
                "--rejects",
                "rejects.csv",
                "--max-failures",
                "0",
                "--workers",
                "1",
            ];
            project.import(&server, &args).exits(5);
            for file in order {
                project.import(&server, &[file]);
            }
            assert_every_call_once(&server, 6);
        }
    }
}

#[test]
fn identical_rows_that_were_not_sent_are_each_sent_from_the_rejects() {
    let (project, server) = (
        Project::with_mapping(UNKEYED),
        Server::with_faults("http502_after@1"),
    );
    let same = Call::numbered(1);
    let rows = without_key(&[same.clone(), same.clone(), same]);
    project.write("calls.csv", csv_text(&rows, b',', "\n"));
    let args = [
        "calls.csv",
        "--rejects",
        "rejects.csv",
        "--max-failures",
        "0",
        "--workers",
        "1",
    ];
    project.import(&server, &args).exits(5);
    assert_eq!(
        outcomes(&project.results("calls.results.csv")),
        ["in_doubt", "not_sent", "not_sent"]
    );
    project.import(&server, &["rejects.csv"]).exits(0);
    assert_eq!(
        outcomes(&project.results("rejects.results.csv")),
        ["created", "created"]
    );
    assert_eq!(server.tickets().len(), 3);
    project.import(&server, &["calls.csv"]).exits(6);
    let told = project.results("calls.results.csv");
    assert_eq!(
        outcomes(&told),
        ["in_doubt", "already_created", "already_created"]
    );
    assert_ne!(told[1].ticket_id, told[2].ticket_id);
    project.import(&server, &["rejects.csv"]);
    assert_eq!(server.tickets().len(), 3);
}

/// Without a key nothing but their place tells identical rows apart.
#[test]
fn after_a_kill_identical_rows_of_the_rejects_are_told_each_as_what_became_of_it() {
    let (project, server) = (
        Project::with_mapping(UNKEYED),
        RawServer::new(|number, _| match number {
            0 => Action::Answer(as_ticket(number)),
            _ => Action::Hang,
        }),
    );
    let (same, mut wrong) = (Call::numbered(1), Call::numbered(2));
    wrong.dob = "unknown".to_owned();
    let rows = without_key(&[same.clone(), same, wrong]);
    project.write("calls.csv", csv_text(&rows, b',', "\n"));
    let say = |args: &[&str]| Running::start(project.command_for(&server.url(), args));
    say(&[
        "import",
        "calls.csv",
        "--strict",
        "--rejects",
        "rejects.csv",
    ])
    .end()
    .exits(5);
    let going = say(&["import", "rejects.csv", "--workers", "1"]);
    server.wait_for(2);
    going.signal("KILL");
    going.end();
    // The ledger is recovered by whoever comes first.
    say(&["ledger", "in-doubt"]).end().exits(0);
    let rehearsed = say(&["validate", "rejects.csv", "--format", "json"])
        .end()
        .exits(6);
    let rehearsed: serde_json::Value = serde_json::from_str(&rehearsed.stdout).unwrap();
    for _ in 0..2 {
        say(&["import", "rejects.csv"]).end().exits(6);
        let told = project.results("rejects.results.csv");
        assert_eq!(outcomes(&told), ["already_created", "in_doubt", "invalid"]);
        for outcome in ["ready", "already_created", "in_doubt", "invalid"] {
            assert_eq!(rehearsed["outcomes"][outcome], count(&told, outcome));
        }
    }
    assert_eq!(server.submissions().len(), 2);
}

/// A file with two identical rows says two calls, whichever of them was mended first.
#[test]
fn identical_rows_of_the_rejects_that_are_mended_one_after_the_other_are_each_sent() {
    let (project, server) = (Project::with_mapping(UNKEYED), Server::new());
    let (one, mut same) = (Call::numbered(1), Call::numbered(2));
    same.dob = "unknown".to_owned();
    let rows = without_key(&[one, same.clone(), same]);
    project.write("calls.csv", csv_text(&rows, b',', "\n"));
    let import = ["calls.csv", "--rejects", "rejects.csv"];
    project.import(&server, &import).exits(1);
    for (code, expected) in [
        (1, ["created", "invalid"]),
        (0, ["already_created", "created"]),
        (0, ["already_created", "already_created"]),
    ] {
        let rejects = project.read("rejects.csv");
        let more = rejects.replacen("unknown", "02/03/1944", 1);
        project.write("rejects.csv", more);
        let validate = ["validate", "rejects.csv", "--format", "json"];
        let rehearsed = project.run_for(&server, &validate).exits(code);
        let rehearsed: serde_json::Value = serde_json::from_str(&rehearsed.stdout).unwrap();
        project.import(&server, &["rejects.csv"]).exits(code);
        let told = project.results("rejects.results.csv");
        assert_eq!(outcomes(&told), expected);
        assert_eq!(rehearsed["outcomes"]["ready"], count(&told, "created"));
    }
    let told = project.results("rejects.results.csv");
    assert_ne!(told[0].ticket_id, told[1].ticket_id);
    assert_eq!(server.tickets().len(), 3);
}

/// There nothing tells it from a repetition of the first one: it is not sent, and not in silence.
#[test]
fn an_identical_row_that_is_mended_in_the_next_rejects_is_warned_of_and_sent_beside_the_first() {
    let (project, server) = (Project::with_mapping(UNKEYED), Server::new());
    let mut same = Call::numbered(2);
    same.dob = "unknown".to_owned();
    let rows = without_key(&[same.clone(), same]);
    project.write("calls.csv", csv_text(&rows, b',', "\n"));
    let import = ["calls.csv", "--rejects", "r1.csv"];
    project.import(&server, &import).exits(1);
    let mend = |name: &str| {
        let mended = project.read(name).replacen("unknown", "02/03/1944", 1);
        project.write(name, mended);
    };
    let warned = |name: &str| -> Vec<bool> {
        let told = project.results(name).into_iter();
        told.map(|row| row.message.contains("warning: known by its cells alone"))
            .collect()
    };
    mend("r1.csv");
    let import = ["r1.csv", "--rejects", "r2.csv"];
    project.import(&server, &import).exits(1);
    mend("r2.csv");
    project.import(&server, &["r2.csv"]).exits(0);
    let told = project.results("r2.results.csv");
    assert_eq!(outcomes(&told), ["already_created"]);
    assert_eq!(warned("r2.results.csv"), [true]);
    mend("r1.csv");
    project.import(&server, &["r1.csv"]).exits(0);
    let told = project.results("r1.results.csv");
    assert_eq!(outcomes(&told), ["already_created", "created"]);
    assert_eq!(
        warned("r1.results.csv"),
        [false; 2],
        "the row is where it was"
    );
    assert_eq!(server.tickets().len(), 2);
}

#[test]
fn rejects_of_rejects_go_on() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&troubled()));
    project
        .import(&server, &["calls.csv", "--rejects", "r1.csv"])
        .exits(6);
    let half = project.read("r1.csv").replace(" [[reject:414]]", "");
    project.write("r1.csv", half);
    project
        .import(&server, &["r1.csv", "--rejects", "r2.csv"])
        .exits(1);
    let second = project.read("r2.csv");
    assert_eq!(
        second.lines().next().unwrap().matches("error_code").count(),
        1
    );
    project.write("r2.csv", mended(&second));
    project.import(&server, &["r2.csv"]).exits(0);
    assert_every_call_once(&server, 8);
}

/// How the value of a formula is written that nobody has calculated yet.
const UNCOMPUTED: &str = "><f>1+1</f>";
/// A value that spreadsheets know and readers may not.
const SPILL: &str = " t=\"e\"><f>1+1</f><v>#SPILL!</v>";

/// A day before the first that spreadsheets know: they fill the cell with # signs.
const NO_DAY: &str = "><v>-1</v>";

/// A workbook in which these cells (row and column from 0), formatted as dates, are written in another way than as text.
fn xlsx_with(written: &str, rows: &[Vec<String>], places: &[(u32, u16)]) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("Calls").unwrap();
    let date = Format::new().set_num_format("yyyy-mm-dd");
    for (number, row) in (0_u32..).zip(rows) {
        for (column, cell) in (0_u16..).zip(row) {
            if places.contains(&(number, column)) {
                let formula = Formula::new("=1+1").set_result("7777");
                sheet.write_formula_with_format(number, column, formula, &date)
            } else {
                sheet.write_string(number, column, cell)
            }
            .unwrap();
        }
    }
    replaced(
        &book.save_to_buffer().unwrap(),
        "><f>1+1</f><v>7777</v>",
        written,
    )
}

/// A workbook with another text in the place of one of its own, as programs write it that are not ours.
fn replaced(book: &[u8], text: &str, by: &str) -> Vec<u8> {
    let mut source = zip::ZipArchive::new(Cursor::new(book)).unwrap();
    let mut target = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..source.len() {
        let mut part = source.by_index(at).unwrap();
        let mut xml = String::new();
        part.read_to_string(&mut xml).unwrap();
        let name = part.name().unwrap().into_owned();
        target
            .start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        target.write_all(xml.replace(text, by).as_bytes()).unwrap();
    }
    target.finish().unwrap().into_inner()
}

#[test]
fn a_formula_without_a_value_is_still_one_in_the_rejects() {
    a_cell_that_holds_no_value_is_still_one_in_the_rejects(
        UNCOMPUTED,
        "holds a formula without a value",
    );
}

#[test]
fn an_error_of_a_kind_that_nobody_knows_is_still_one_in_the_rejects() {
    a_cell_that_holds_no_value_is_still_one_in_the_rejects(SPILL, "holds an error of the");
}

#[test]
fn a_date_that_spreadsheets_cannot_show_is_still_an_error_in_the_rejects() {
    a_cell_that_holds_no_value_is_still_one_in_the_rejects(NO_DAY, "holds an error of the");
}

fn a_cell_that_holds_no_value_is_still_one_in_the_rejects(written: &str, message: &str) {
    let (project, server) = (Project::with_mapping(UNKEYED), Server::new());
    let mut calls = calls(4);
    calls[0] = Call::numbered(1).with_reason("[[fault:http502_after]]");
    // The last name of the second is used by the mapping, the ID of the third is not.
    let book = xlsx_with(written, &table(&calls), &[(2, 1), (3, 0)]);
    project.write("calls.xlsx", book);
    project.import(&server, &UNTIL_ONE_FAILS).exits(5);
    let told = project.results("calls.results.csv");
    assert_eq!(
        outcomes(&told),
        ["in_doubt", "invalid", "not_sent", "not_sent"]
    );
    let validated = project.run(&["validate", "rejects.xlsx"]).exits(1);
    validated.says(message);
    project.import(&server, &["rejects.xlsx"]).exits(1);
    let told = project.results("rejects.results.csv");
    assert_eq!(outcomes(&told), ["invalid", "created", "created"]);
    project.import(&server, &["calls.xlsx"]).exits(6);
    let told = project.results("calls.results.csv");
    assert_eq!(
        outcomes(&told),
        ["in_doubt", "invalid", "already_created", "already_created"]
    );
    assert_eq!(server.tickets().len(), 3);
}

/// LibreOffice and libraries write names that Excel does not take.
#[test]
fn a_sheet_with_a_name_that_excel_refuses_makes_the_round_trip() {
    let long = "Calls of the night shift, as they were taken down";
    for name in [long, "Night/Day: [1]", "'Night'", &"\u{1f319}".repeat(20)] {
        let in_mapping = KEYED.replace(
            "[fields]",
            &format!("[source]\nsheet = \"{name}\"\n[fields]"),
        );
        for mapping in [KEYED, &in_mapping] {
            let (project, server) = (Project::with_mapping(mapping), Server::new());
            let book = replaced(
                &xlsx(&table(&not_sent_but_first())),
                "sheet name=\"Calls\"",
                &format!("sheet name=\"{}\"", name.replace('\'', "&apos;")),
            );
            project.write("calls.xlsx", book);
            project.import(&server, &UNTIL_ONE_FAILS).exits(5);
            let told = project.results("calls.results.csv");
            assert_eq!((&*told[0].sheet, count(&told, "not_sent")), (name, 5));
            project.import(&server, &["rejects.xlsx"]).exits(0);
            assert_every_call_once(&server, 6);
        }
    }
}

#[test]
fn rejects_of_an_input_that_is_gone_are_not_put_in_the_place_of_earlier_ones() {
    let (project, server) = (Project::new(), Server::with_faults("hang@1"));
    let rejected = Call::numbered(2).with_reason("[[reject:406]]");
    project.write("calls.csv", csv(&[Call::numbered(1), rejected]));
    let args = [
        "calls.csv",
        "--rejects",
        "again.csv",
        "--timeout",
        "2",
        "--format",
        "json",
    ];
    let run = project.start_import(&server, &args);
    server.wait_for(1);
    std::fs::remove_file(project.path("calls.csv")).unwrap();
    let ran = run.end().exits(5);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let file = &report["files"][0];
    assert_eq!(file["outcomes"]["rejected"], 1);
    assert_eq!(file["rejects"], serde_json::Value::Null);
    let unwritten = file["unwritten"][0].as_str().unwrap();
    assert!(unwritten.starts_with("again.csv: "), "{unwritten}");
    assert!(!project.path("again.csv").exists());
    assert_eq!(
        outcomes(&project.results("calls.results.csv")),
        ["in_doubt", "rejected"]
    );
}

#[test]
fn rejects_that_are_written_again_of_an_input_that_goes_leave_the_earlier_ones_in_their_place() {
    let (project, server) = (Project::new(), Server::new());
    // Far more than is read ahead, while their results are more than a pipe takes.
    let mut calls = calls(2_400);
    for call in &mut calls {
        call.dob = String::new();
        call.notes = "on hold ".repeat(1024);
    }
    project.write("calls.csv", csv(&calls));
    let import = ["calls.csv", "--rejects", "again.csv"];
    project.import(&server, &import).exits(1);
    let whole = project.read("again.csv");
    let args = ["ledger", "results", "1", "--mapping", "mapping.toml"];
    let args = [&args[..], &["--results", "-", "--rejects", "again.csv"]].concat();
    let mut child = project
        .command(&args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut first)
        .unwrap();
    std::fs::remove_file(project.path("calls.csv")).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    for words in ["keys are missing", "again.csv: cannot be written"] {
        assert!(said.contains(words), "{said}");
    }
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert_eq!(project.read("again.csv"), whole);
}

/// A file of which a mapping reads a part.
struct InPart {
    source: &'static str,
    /// `csv` or `xlsx`.
    ending: &'static str,
    content: Vec<u8>,
}

impl InPart {
    fn project(&self, mapping: &str) -> Project {
        let lines = format!("[source]\n{}\n[fields]", self.source);
        let project = Project::with_mapping(&mapping.replace("[fields]", &lines));
        project.write(&self.file("calls"), &self.content);
        project
    }

    fn file(&self, stem: &str) -> String {
        format!("{stem}.{}", self.ending)
    }

    fn results(&self, project: &Project, stem: &str) -> Vec<Told> {
        project.results(&format!("{stem}.results.csv"))
    }

    /// Mends the rejects of troubled calls as a person does, in their own format.
    fn mend(&self, project: &Project) {
        let path = project.path(&self.file("rejects"));
        let rejects = std::fs::read(&path).unwrap();
        let mended = match self.ending {
            "csv" => mended(&String::from_utf8(rejects).unwrap()).into_bytes(),
            _ => {
                let first = replaced(&rejects, " [[reject:414]]", "");
                let second = replaced(&first, " [[reject:406]]", "");
                replaced(&second, "unknown", "02/03/1944")
            }
        };
        std::fs::write(path, mended).unwrap();
    }
}

/// Eight calls at most, in B3:J11 amid notes, in each way in which a mapping can name where they stand.
fn in_parts(calls: &[Call]) -> Vec<InPart> {
    let rows = amid_notes(&table(calls));
    let last = u32::try_from(rows.len()).unwrap();
    assert!(last <= 11);
    let text = || csv_text(&rows, b';', "\r\n").into_bytes();
    let name = |cells: &str| xlsx_with_name(&rows, "Kim's night", &format!("{cells}${last}"));
    let table = || xlsx_with_table(&rows, (2, 1), (last - 1, 9), false);
    let part = |ending, source, content| InPart {
        source,
        ending,
        content,
    };
    vec![
        part("csv", "range = \"B3:J11\"", text()),
        part("csv", "range = \"B:J\"\nheader_row = 3", text()),
        // Without the notes on the right; with columns that have no name.
        part("csv", "range = \"B1:K11\"\nheader_row = 3", text()),
        part("xlsx", "range = \"B3:J11\"", xlsx(&rows)),
        part("xlsx", "range = \"B2:J11\"\nheader_row = 3", xlsx(&rows)),
        part("xlsx", "range = \"B2:N11\"\nheader_row = 3", xlsx(&rows)),
        part("xlsx", "range = \"Calls\"", name("$B$3:$J")),
        part("xlsx", "range = \"calls\"", name("$B$1:$J")),
        part("xlsx", "range = \"Calls\"", table()),
        part("xlsx", "range = \"Calls\"\nheader_row = 3", table()),
    ]
}

#[test]
fn the_rejects_of_a_part_are_mended_and_imported_with_the_mapping_of_the_file() {
    for mapping in [KEYED, UNKEYED] {
        for part in in_parts(&troubled()) {
            let (project, server) = (part.project(mapping), Server::new());
            let (file, rejects) = (part.file("calls"), part.file("rejects"));
            let import = [file.as_str(), "--rejects", &rejects];
            project.import(&server, &import).exits(6);
            let told = part.results(&project, "calls");
            let expected = [
                "created", "rejected", "created", "invalid", "created", "rejected", "created",
                "in_doubt",
            ];
            assert_eq!(outcomes(&told), expected, "{}", part.source);
            let before = server.tickets().len();
            // As they were written they are what they were: known as rejects, and none of them is sent.
            let inspect = ["inspect", &rejects];
            project
                .run(&inspect)
                .exits(0)
                .says("a rejects file of ticketload");
            let validated = project.run(&["validate", &rejects]).exits(1);
            for warning in ["unexplained", "stand rows with values"] {
                assert!(!validated.all().contains(warning), "{}", validated.all());
            }
            let second = part.file("rejects-2");
            let import = [rejects.as_str(), "--rejects", &second];
            project.import(&server, &import).exits(1);
            let told = part.results(&project, "rejects");
            assert_eq!(outcomes(&told), ["rejected", "invalid", "rejected"]);
            assert_eq!(server.tickets().len(), before);
            // The rejects of rejects are the same once more.
            std::fs::rename(project.path(&second), project.path(&rejects)).unwrap();
            part.mend(&project);
            for outcome in ["created", "already_created"] {
                project.import(&server, &[&rejects]).exits(0);
                let told = part.results(&project, "rejects");
                assert_eq!(outcomes(&told), [outcome; 3], "{}", part.source);
            }
            assert_every_call_once(&server, 8);
            project.import(&server, &[&file]).exits(6);
            assert_every_call_once(&server, 8);
        }
    }
}

#[test]
fn a_row_of_a_part_is_the_same_row_in_its_rejects() {
    for mapping in [KEYED, UNKEYED] {
        for part in in_parts(&not_sent_but_first()) {
            for order in [["rejects", "calls"], ["calls", "rejects"]] {
                let (project, server) = (part.project(mapping), Server::new());
                let (file, rejects) = (part.file("calls"), part.file("rejects"));
                let until_one_fails = [&UNTIL_ONE_FAILS[3..], &[&file, "--rejects", &rejects]];
                project.import(&server, &until_one_fails.concat()).exits(5);
                let [first, second] = order.map(|stem| part.file(stem));
                project.import(&server, &[&first]);
                assert_every_call_once(&server, 6);
                project.import(&server, &[&second]);
                let told = part.results(&project, order[1]);
                assert_eq!(count(&told, "already_created"), 5, "{}", part.source);
                assert_every_call_once(&server, 6);
            }
        }
    }
}

/// Cells behind the last name are part of the row: without them it would look mended.
#[test]
fn a_value_in_the_last_column_of_a_part_is_still_there_in_its_rejects() {
    let mut rows = amid_notes(&table(&calls(4)));
    let mut longer = |row: usize, cells: [&str; 2]| rows[row].extend(cells.map(str::to_owned));
    longer(4, ["", "stray"]);
    longer(5, ["stray", ""]);
    for source in ["range = \"B3:M20\"", "range = \"Calls\""] {
        let part = InPart {
            source,
            ending: "xlsx",
            content: xlsx_with_name(&rows, "Calls", "$B$3:$M$20"),
        };
        let (project, server) = (part.project(UNKEYED), Server::new());
        let import = ["calls.xlsx", "--rejects", "rejects.xlsx"];
        project.import(&server, &import).exits(1);
        let expected = ["created", "invalid", "invalid", "created"];
        assert_eq!(outcomes(&part.results(&project, "calls")), expected);
        project.import(&server, &["rejects.xlsx"]).exits(1);
        let told = part.results(&project, "rejects");
        assert_eq!(outcomes(&told), ["invalid"; 2]);
        assert!(told.iter().all(|row| row.error_code == "ragged"));
        let rejects = std::fs::read(project.path("rejects.xlsx")).unwrap();
        project.write("rejects.xlsx", replaced(&rejects, "stray", ""));
        project.import(&server, &["rejects.xlsx"]).exits(0);
        assert_every_call_once(&server, 4);
    }
}

/// What is written later, and what becomes known again, go through the same file.
#[test]
fn the_rejects_of_a_part_are_written_again_kept_and_adopted_like_others() {
    for part in in_parts(&troubled()) {
        let (project, server) = (part.project(KEYED), Server::new());
        let (file, rejects) = (part.file("calls"), part.file("rejects"));
        let import = [&file, "--rejects", &rejects, "--format", "json"];
        let kept = part.file("rejects.1");
        for is_mended in [false, false, true] {
            if is_mended {
                part.mend(&project);
            }
            let ran = project.import(&server, &import).exits(6);
            assert_eq!(ran.stdout.contains("kept in"), is_mended, "{}", part.source);
            assert_eq!(project.path(&kept).exists(), is_mended);
        }
        let again = ["ledger", "results", "1", "--mapping", "mapping.toml"];
        let again = [&again[..], &["--rejects", &rejects]].concat();
        project.run(&again).exits(0);
        project.import(&server, &[&rejects]).exits(1);
        part.mend(&project);
        project.import(&server, &[&rejects]).exits(0);
        assert_every_call_once(&server, 8);
        std::fs::rename(project.home(), project.temporary().join("home")).unwrap();
        project.import(&server, &[&rejects]).exits(2).says("adopt");
        let adopt = ["ledger", "adopt", "rejects.results.csv", &rejects];
        project.run_for(&server, &adopt).exits(0);
        project.import(&server, &[&rejects]).exits(0);
        assert_every_call_once(&server, 8);
    }
}

/// A part has its own columns; what stands right of them is nobody's, unless it is the reason of a reject.
#[test]
fn what_stands_beside_a_part_makes_no_rejects_of_it() {
    let (project, server) = (Project::new(), Server::new());
    let mapping = KEYED.replace("[fields]", "[source]\nrange = \"A1:I9\"\n[fields]");
    project.write("mapping.toml", mapping);
    for beside in [
        ["error_code", ""],
        ["", "message"],
        ["message", "error_code"],
        ["error_code", "note"],
    ] {
        let mut rows = table(&calls(2));
        for row in &mut rows {
            row.extend(beside.map(str::to_owned));
        }
        project.write("calls.csv", csv_text(&rows, b',', "\n"));
        let ran = project.import(&server, &["calls.csv", "--format", "json"]);
        let report: serde_json::Value = serde_json::from_str(&ran.exits(0).stdout).unwrap();
        let columns = report["files"][0]["columns"].as_array().unwrap();
        assert_eq!((columns.len(), server.tickets().len()), (9, 2));
    }
}
