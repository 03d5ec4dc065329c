//! Dates in another order than the mapping says: nothing of the file is sent where the column proves it, and what is only
//! doubtful is remarked; never with a value.

use super::refused;
use crate::harness::{Call, KEYED, Project, Ran, Server, calls, count, csv, table};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use serde_json::Value;

/// A year that no count, row or message has in it.
const YEAR: &str = "1957";

/// Calls whose dates of birth have these first two numbers.
fn born(days: &[(u32, u32)]) -> Vec<Call> {
    let mut calls = calls(days.len());
    for (call, (first, second)) in calls.iter_mut().zip(days) {
        call.dob = format!("{first:02}/{second:02}/{YEAR}");
    }
    calls
}

/// The third month from its first day to its 28th, the day in front: 12 rows that may be either, but for 03/03, then 16
/// that may not.
fn march() -> Vec<(u32, u32)> {
    (1..=28).map(|day| (day, 3)).collect()
}

/// A project whose mapping has these formats, with the calls as `calls.csv`.
fn project(dates: &str, calls: &[Call]) -> Project {
    let project = Project::with_mapping(&KEYED.replace("[\"%m/%d/%Y\"]", dates));
    project.write("calls.csv", csv(calls));
    project
}

/// Imports what is to be taken; the report as JSON says so many rows were created.
fn taken(project: &Project, exit: i32, created: usize) -> Ran {
    let server = Server::new();
    let ran = project.import(&server, &["calls.csv"]).exits(exit);
    assert_eq!(server.tickets().len(), created);
    assert_eq!(
        count(&project.results("calls.results.csv"), "created"),
        created
    );
    assert!(!ran.all().contains(YEAR), "{}", ran.all());
    ran
}

/// A workbook whose dates of birth are texts or cells that hold a date.
fn workbook(calls: &[Call], is_cell: impl Fn(usize) -> bool) -> Vec<u8> {
    let mut book = Workbook::new();
    let format = Format::new().set_num_format("mm/dd/yyyy");
    let sheet = book.add_worksheet();
    for (at, row) in table(calls).iter().enumerate() {
        let number = u32::try_from(at).unwrap();
        for (column, cell) in (0_u16..).zip(row) {
            if column == 3 && at > 0 && is_cell(at - 1) {
                // As a spreadsheet reads it that takes the first number for the month.
                let [month, day, year] = cell.split('/').collect::<Vec<_>>()[..] else {
                    panic!("{cell}");
                };
                let date = ExcelDateTime::parse_from_str(&format!("{year}-{month}-{day}")).unwrap();
                sheet.write_datetime_with_format(number, column, &date, &format)
            } else {
                sheet.write_string(number, column, cell)
            }
            .unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

#[test]
fn a_column_that_proves_the_other_order_keeps_the_whole_file_from_being_sent() {
    let told = [
        "calls.csv: `dob` is read month first, but stands day first in the column 'DOB'",
        "16 values can only be day first (first: row 14)",
        "none only month first",
        "11 that may be either",
        "mapping.toml:8",
    ];
    for (dates, advice) in [
        (r#"["%m/%d/%Y"]"#, r#"dates = ["%d/%m/%Y"]"#),
        (r#"["%m/%d/%Y", "%d/%m/%Y"]"#, r#"dates = ["%d/%m/%Y"]"#),
        (
            r#"["%Y-%m-%d", "%m/%d/%Y", "%m-%d-%y"]"#,
            r#"dates = ["%Y-%m-%d", "%d/%m/%Y", "%d-%m-%y"]"#,
        ),
    ] {
        let project = project(dates, &born(&march()));
        let words = [&told[..], &[advice]].concat();
        refused(&project, &["calls.csv"], 2, &words);
        let before = project.run(&["validate", "calls.csv"]).exits(2);
        for word in words {
            assert!(before.stderr.contains(word), "{word}: {}", before.stderr);
        }
        assert!(!before.all().contains(YEAR), "{}", before.all());
        assert!(!project.path("calls.results.csv").exists());
    }
}

#[test]
fn a_month_first_column_is_refused_where_the_mapping_says_day_first() {
    let days: Vec<_> = march().iter().map(|(day, month)| (*month, *day)).collect();
    refused(
        &project(r#"["%d/%m/%Y"]"#, &born(&days)),
        &["calls.csv"],
        2,
        &["read day first", "16 values can only be month first"],
    );
}

#[test]
fn a_date_that_is_joined_is_told_with_its_columns() {
    let mapping = KEYED.replace(
        "column = \"DOB\"",
        "columns = [\"First Name\", \"DOB\"], join = \"/\"",
    );
    let mapping = mapping.replace(
        "patient_fname = \"First Name\"",
        "patient_fname = \"Notes\"",
    );
    let project = Project::with_mapping(&mapping);
    let mut calls = born(&march());
    for call in &mut calls {
        let (first, rest) = call.dob.split_once('/').unwrap();
        (call.first, call.dob) = (first.to_owned(), rest.to_owned());
    }
    project.write("calls.csv", csv(&calls));
    refused(
        &project,
        &["calls.csv"],
        2,
        &["day first in the columns 'First Name' and 'DOB'"],
    );
}

#[test]
fn nothing_is_sent_of_any_file_then() {
    let project = project(r#"["%m/%d/%Y"]"#, &born(&march()));
    project.write("good.csv", csv(&calls(3)));
    refused(
        &project,
        &["good.csv", "calls.csv"],
        2,
        &["calls.csv: `dob`"],
    );
    assert!(!project.path("good.results.csv").exists());
}

#[test]
fn a_part_of_the_file_is_judged_by_the_whole_column() {
    let project = project(r#"["%m/%d/%Y"]"#, &born(&march()));
    for part in [["--limit", "5"], ["--rows", "2-6"]] {
        let server = Server::new();
        let args = [&["calls.csv"][..], &part].concat();
        let ran = project.import(&server, &args).exits(2);
        ran.says("4 that may be either");
        assert_eq!(server.tickets().len(), 0);
    }
    // Of these none is in danger: they are refused one by one, or read the same way round.
    let ran = project.run(&["validate", "calls.csv", "--rows", "14-29"]);
    ran.exits(1).says("16 values can only be day first");
    project
        .run(&["validate", "calls.csv", "--rows", "4-4"])
        .exits(0);
}

#[test]
fn the_json_report_says_why() {
    let project = project(r#"["%m/%d/%Y"]"#, &born(&march()));
    let ran = project
        .run(&["validate", "calls.csv", "--format", "json"])
        .exits(2);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["exit_code"], 2);
    let error = report["error"].as_str().unwrap();
    assert!(error.contains("16 values can only be day first (first: row 14)"));
    assert!(!ran.all().contains(YEAR));
}

#[test]
fn one_slip_of_the_pen_is_remarked_and_the_others_are_sent() {
    let good: Vec<_> = (1..=20).map(|day| (3, day)).collect();
    let project = project(r#"["%m/%d/%Y"]"#, &born(&[&good[..], &[(25, 3)]].concat()));
    taken(&project, 1, 20).says(
        "column 'DOB': 1 value can only be day first (row 22), 8 only month first (first: row 14); \
         11 that may be either are read month first",
    );
}

#[test]
fn one_value_against_none_is_remarked() {
    let project = project(r#"["%m/%d/%Y"]"#, &born(&[(1, 3), (25, 3)]));
    taken(&project, 1, 1).says("1 value can only be day first (row 3), none only month first");
}

#[test]
fn one_slip_of_the_pen_does_not_make_a_wrong_mapping_right() {
    let days = [&march()[..], &[(3, 25)]].concat();
    refused(
        &project(r#"["%m/%d/%Y"]"#, &born(&days)),
        &["calls.csv"],
        2,
        &[
            "16 values can only be day first (first: row 14), 1 only month first (row 30), and 11 that may be either",
            r#"dates = ["%d/%m/%Y"]"#,
        ],
    );
}

#[test]
fn a_column_with_both_orders_is_remarked() {
    let days = [(3, 25), (25, 3), (26, 3), (27, 3), (1, 3)];
    let project = project(r#"["%m/%d/%Y"]"#, &born(&days));
    let ran = taken(&project, 1, 2);
    ran.says("3 values can only be day first (first: row 3), 1 only month first (row 2)");
    let ran = project.run(&["validate", "calls.csv", "--format", "json"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let remarks = report["files"][0]["remarks"].as_array().unwrap();
    let told = remarks.iter().filter_map(Value::as_str);
    assert_eq!(
        told.filter(|remark| remark.contains("day first")).count(),
        1
    );
}

#[test]
fn what_nothing_tells_goes_through_as_the_mapping_says() {
    let days: Vec<_> = (1..=12).map(|day| (day, 3)).collect();
    for (dates, born_on) in [
        (r#"["%m/%d/%Y"]"#, format!("{YEAR}0103")),
        (r#"["%d/%m/%Y"]"#, format!("{YEAR}0301")),
    ] {
        let project = project(dates, &born(&days));
        let server = Server::new();
        let ran = project.import(&server, &["calls.csv"]).exits(0);
        assert!(!ran.all().contains("day first"), "{}", ran.all());
        let tickets = server.tickets();
        assert_eq!(tickets.len(), 12);
        assert!(
            tickets
                .iter()
                .any(|ticket| ticket.payload["dob"] == born_on)
        );
    }
}

#[test]
fn the_right_mapping_goes_through() {
    for dates in [
        r#"["%d/%m/%Y"]"#,
        r#"["%d/%m/%Y", "%m/%d/%Y"]"#,
        r#"["%m.%d.%Y", "%d/%m/%Y"]"#,
    ] {
        let ran = taken(&project(dates, &born(&march())), 0, 28);
        assert!(!ran.all().contains("only be"), "{}", ran.all());
    }
}

#[test]
fn dates_that_a_spreadsheet_has_exchanged_are_refused() {
    let calls = born(&march());
    let damaged = workbook(&calls, |at| at < 12);
    for dates in [r#"["%m/%d/%Y"]"#, r#"["%d/%m/%Y"]"#, r#"["%Y-%m-%d"]"#] {
        let project = project(dates, &[]);
        project.write("calls.xlsx", &damaged);
        refused(
            &project,
            &["calls.xlsx"],
            2,
            &[
                "a spreadsheet has exchanged day and month in the column 'DOB', which fills `dob`",
                "12 cells are dates, none with a day above 12 (first: row 2)",
                "16 values that stayed text can only be day first (first: row 14)",
                "as text",
                "YYYY-MM-DD",
            ],
        );
        let ran = project.run(&["validate", "calls.xlsx"]).exits(2);
        assert!(!ran.all().contains(YEAR), "{}", ran.all());
        let ran = project.run(&["inspect", "calls.xlsx"]).exits(0);
        ran.says("dates.exchanged").says("first: row 2");
    }
}

#[test]
fn cells_that_are_dates_prove_nothing_by_themselves() {
    let project = project(r#"["%m/%d/%Y"]"#, &[]);
    let texts = [(25, 3), (26, 3)];
    for (cells, others, exit) in [
        // A day above 12 was read as it was meant.
        (&[(3, 1), (3, 2), (3, 25)][..], &texts[..], 1),
        // A text that may be either would have become a date; this one is in danger for the mapping's sake.
        (&[(3, 1), (3, 2)], &[(3, 4), (25, 3), (26, 3)], 2),
        (&[(3, 1)], &texts, 1),
        (&[(3, 1), (3, 2)], &texts[..1], 1),
        // Exchanged or not, it is the same day.
        (&[(3, 3), (4, 4)], &texts, 1),
    ] {
        let calls = born(&[cells, others].concat());
        project.write("calls.xlsx", workbook(&calls, |at| at < cells.len()));
        let ran = project.run(&["validate", "calls.xlsx"]).exits(exit);
        assert!(!ran.all().contains("a spreadsheet"), "{}", ran.all());
    }
}
