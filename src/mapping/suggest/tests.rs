//! Drafts as a whole: what is given to which field, and that every draft is TOML, whatever stands in the header.

use super::*;
use crate::mapping::{Mapping, Source};
use crate::reading::{Hidden, Merged, Quoting, Range, ShortRows};
use crate::row::CellKind;
use TicketField as F;
use jiff::civil::{Date, date};
use proptest::prelude::*;

const GOOD: [(&str, &str); 6] = [
    ("Last Name", "Qmarker"),
    ("First Name", "Qmarker"),
    ("DOB", "12/30/1989"),
    ("Reason", "Qmarker"),
    ("Practice", "1234"),
    ("Call ID", "Q-1"),
];

fn today() -> Date {
    date(2024, 6, 1)
}

fn header(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn draft(names: &[&str], rows: &[&[&str]]) -> Draft {
    let header = header(names);
    let mut suggestion = Suggestion::new(&header, today());
    for cells in rows {
        let mut row = Row::default();
        cells.iter().for_each(|cell| row.push(cell));
        suggestion.look(&row);
    }
    suggestion.finish()
}

/// A draft of a good file with more columns behind.
fn with(more: &[(&str, &str)]) -> Draft {
    let columns: Vec<(&str, &str)> = GOOD.iter().chain(more).copied().collect();
    let names: Vec<&str> = columns.iter().map(|column| column.0).collect();
    // All that is no practice's and no date is another in every row.
    let cell = |row: usize, place: usize, value: &str| match place {
        _ if value.is_empty() || matches!(place, 2 | 4) => value.to_owned(),
        _ => format!("{value}{row}"),
    };
    let row = |row| -> Vec<String> {
        let cells = columns.iter().enumerate();
        cells
            .map(|(place, column)| cell(row, place, column.1))
            .collect()
    };
    let rows: Vec<Vec<String>> = (0..20).map(row).collect();
    let rows: Vec<Vec<&str>> = rows
        .iter()
        .map(|cells| cells.iter().map(String::as_str).collect())
        .collect();
    let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    draft(&names, &rows)
}

fn text(draft: &Draft) -> String {
    let origin = Origin {
        file: "calls.csv",
        header_row: 1,
        next: "ticketload validate calls.csv",
    };
    draft.text(&origin, &Source::default())
}

fn column(draft: &Draft, field: TicketField) -> Option<&str> {
    match &draft.lines()[field as usize].fate {
        Fate::Filled(column) => Some(column),
        Fate::Open(_) | Fate::Perhaps(_) | Fate::Lacking => None,
    }
}

#[test]
fn a_good_header_becomes_a_mapping() {
    let draft = with(&[("Cell", "1"), ("Home phone", "2"), ("Insurance", "Qmarker")]);
    assert!(draft.is_complete());
    let text = text(&draft);
    let rules = [
        "[key]\ncolumns = [\"Call ID\"]",
        "\npatient_lname = \"Last Name\"\n",
        "\ndob = { column = \"DOB\", dates = [\"%m/%d/%Y\"] }\n",
        "\ncontact_phone = \"Cell\"\ncontact_phone_2 = \"Home phone\"\n",
        "# No field takes 'Insurance'; ",
        "# client_code = \"Doctor\"  # no column was found",
    ];
    for rule in rules {
        assert!(text.contains(rule), "{rule} in {text}");
    }
    assert!(
        !text.contains("Qmarker") && !text.contains("[source]"),
        "{text}"
    );
    let mapping = Mapping::parse("mapping.toml", &text).unwrap();
    assert!(mapping.warnings(false).is_empty());
    assert!(!text.contains("\n\n\n"), "{text}");
}

#[test]
fn a_column_fills_one_field_and_a_field_has_one_column() {
    let draft = with(&[
        ("Phone", "1"),
        ("Callback", "2"),
        ("Notes", ""),
        ("Comments", ""),
    ]);
    assert_eq!(column(&draft, F::ContactPhone), Some("'Callback'"));
    assert_eq!(column(&draft, F::Comments), Some("'Comments'"));
    let text = text(&draft);
    assert!(
        text.contains("# comments: the column is blank in every row."),
        "{text}"
    );
    assert_eq!(text.matches("Callback").count(), 1, "{text}");
}

#[test]
fn whole_names_are_given_to_no_field() {
    let draft = draft(
        &["Patient Name", "DOB", "Reason"],
        &[&["Smith, John", "", ""]],
    );
    let told = text(&draft);
    assert!(
        told.contains("# patient_lname = \"...\"  # required: no column was found"),
        "{told}"
    );
    assert!(
        told.contains("# Whole names stand in 'Patient Name', and"),
        "{told}"
    );
    // Their values give them away, too.
    let draft = super::tests::draft(&["Last Name", "DOB", "Reason"], &[&["Smith, John", "", ""]]);
    assert_eq!(column(&draft, F::PatientLname), None);
    assert!(text(&draft).contains("# Whole names stand in 'Last Name', and"));
}

#[test]
fn a_key_that_few_rows_bear_out_is_asked_about() {
    let names = ["Last Name", "First Name", "Call ID"];
    let draft = draft(&names, &[&["a", "b", "1x"], &["c", "d", "2x"]]);
    let told = text(&draft);
    assert!(
        told.contains("\n# [key]\n# columns = [\"Call ID\"]\n"),
        "{told}"
    );
    assert!(
        told.contains("# Perhaps what names a call: it is filled and different in all 2 rows, but")
    );
    assert!(draft.key().starts_with("perhaps 'Call ID'"));
    for header in ["From Number", "Agent ID", "Pharmacy Number"] {
        let names = ["Last Name", "First Name", header];
        let draft = super::tests::draft(&names, &[&["a", "b", "1x"], &["c", "d", "2x"]]);
        assert!(draft.key().starts_with("none was found"), "{header}");
    }
}

#[test]
fn what_is_somebody_elses_is_no_rule() {
    let draft = with(&[
        ("Dr Last Name", "Qmarker"),
        ("Dr. First Name", "Qmarker"),
        ("Agent First Name", "Qmarker"),
        ("Pat First Name", "Qmarker"),
        ("Called Number", "2395550101"),
        ("Practice Phone", "2395550101"),
        ("Complaint ID", "1"),
        ("IP Address", "1"),
    ]);
    let filled: Vec<&str> = F::ALL
        .iter()
        .filter_map(|field| column(&draft, *field))
        .collect();
    assert_eq!(
        filled,
        [
            "'Last Name'",
            "'First Name'",
            "'DOB'",
            "'Reason'",
            "'Practice'"
        ]
    );
    let draft = super::tests::draft(
        &[
            "Dr Last Name",
            "Dr First Name",
            "Pat Last Name",
            "Pat First Name",
        ],
        &[],
    );
    assert_eq!(column(&draft, F::PatientFname), Some("'Pat First Name'"));
    assert_eq!(column(&draft, F::PatientLname), Some("'Pat Last Name'"));
    assert_eq!(column(&draft, F::CallerFname), None);
}

#[test]
fn values_of_something_else_make_a_question_of_a_rule() {
    let names = ["Last Name", "First Name", "Phone", "Cell", "Practice"];
    let row = |cell: &'static str| ["a", "b", "2395550100", cell, "2395550100"];
    let rows = ["2395550101", "2395550102", "2395550103"].map(row);
    let rows: Vec<&[&str]> = rows.iter().map(<[&str; 5]>::as_slice).collect();
    let draft = draft(&names, &rows);
    assert_eq!(column(&draft, F::ContactPhone), Some("'Cell'"));
    assert_eq!(column(&draft, F::ContactPhone2), None);
    assert_eq!(column(&draft, F::Prac), None);
    let text = text(&draft);
    for line in [
        "# contact_phone_2 = \"Phone\"  # perhaps: it is the same in nearly every row, as",
        "# prac = \"Practice\"  # required: perhaps: its values look like phones",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    let few = super::tests::draft(&names, &rows[..2]);
    assert_eq!(column(&few, F::ContactPhone2), Some("'Cell'"));
}

#[test]
fn dates_whose_order_is_open_leave_the_field_open() {
    let names = ["Last Name", "First Name", "DOB", "Reason", "Practice"];
    let draft = draft(&names, &[&["a", "b", "1/2/1989", "c", "1"]]);
    let text = text(&draft);
    assert!(!draft.is_complete());
    for line in [
        "# dob = { column = \"DOB\", dates = [\"%m/%d/%Y\"] }\n",
        "# dob = { column = \"DOB\", dates = [\"%d/%m/%Y\"] }\n",
        "# dob: nothing in it tells whether month (%m) or day (%d) comes first",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert!(Mapping::parse("mapping.toml", &text).is_err());
    let cells = ["1/2/1989", "3/4/1989", "13/4/1989"].map(|dob| ["a", "b", dob, "c", "1"]);
    let rows: Vec<&[&str]> = cells.iter().map(<[&str; 5]>::as_slice).collect();
    let draft = super::tests::draft(&names, &rows);
    assert!(!draft.is_complete());
    let text = super::tests::text(&draft);
    assert!(
        text.contains("# dob: 1 date in it can only be day first, and that is no proof"),
        "{text}"
    );
}

#[test]
fn a_date_of_the_workbook_is_read_without_a_format() {
    let header = header(&["Last Name", "DOB"]);
    let mut suggestion = Suggestion::new(&header, today());
    for (dob, kind) in [("1989-12-30", CellKind::Date), ("unknown", CellKind::Text)] {
        let mut row = Row::default();
        row.push("a");
        row.push_kind(dob, kind);
        suggestion.look(&row);
    }
    let text = text(&suggestion.finish());
    assert!(
        text.contains("# dob: 1 value in it: no date that is read so.\ndob = \"DOB\"\n"),
        "{text}"
    );
}

#[test]
fn names_that_lead_to_no_column_are_told_by_their_letters() {
    let draft = with(&[
        ("Phone", ""),
        ("PHONE ", ""),
        ("phone", ""),
        ("", ""),
        (" ", ""),
        ("MRN100234", ""),
    ]);
    let text = text(&draft);
    // The one that is written so is meant; all of these are.
    assert!(text.contains("\ncontact_phone = \"Phone\"\n"), "{text}");
    assert!(
        text.contains("out of a mapping's reach: columns J and K."),
        "{text}"
    );
    assert!(text.contains("not told: column L."), "{text}");
    assert!(!text.contains("100234"), "{text}");
    let draft = super::tests::draft(&["DOB", "Reason", "Phone", "Phone"], &[]);
    assert!(super::tests::text(&draft).contains("# 'Phone' is the name of columns C and D,"));
}

#[test]
fn a_row_that_may_be_no_header_is_not_told() {
    let draft = draft(
        &["Abernathy", "Ada", "Fever", "City"],
        &[&["Byron", "Ann", "Cough", "Rome"]],
    );
    let text = text(&draft);
    for name in ["Abernathy", "Ada", "Fever", "\"City\"", "'City'"] {
        assert!(!text.contains(name), "{name} in {text}");
    }
    assert!(
        text.contains("# No name of the header is told (4 columns)"),
        "{text}"
    );
}

#[test]
fn what_was_said_about_reading_stands_in_the_source() {
    let origin = Origin {
        file: "a\nb = 1",
        header_row: 3,
        next: "ticketload validate 'a\nb'",
    };
    let source = Source {
        sheet: Some("Night \"calls\"\n[key]".to_owned()),
        header_row: Some(3),
        encoding: Some("macintosh".to_owned()),
        delimiter: Some(b'\t'),
        quoting: Quoting::Trust,
        short_rows: ShortRows::Fill,
        hidden: Some(Hidden::Skip),
        merged: Merged::Fill,
        range: Range::from_words("A3:F"),
        skip_rows_where: Vec::new(),
    };
    let text = with(&[]).text(&origin, &source);
    let mapping =
        Mapping::parse("mapping.toml", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(*mapping.source(), source);
}

/// Names of columns: known ones, such as differ in case and space only, odd ones, and any text.
fn name() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "Last Name",
        "First Name",
        "DOB",
        "Reason",
        "Practice",
        "Doctor",
        "Phone",
        "PHONE",
        "phone ",
        "Cell",
        "Notes",
        "Call ID",
        "Patient Name",
        "Reason for\r\ncall",
        "Zip\u{202e}",
        "Sta\u{200b}te",
        "\"City\"",
        "='Email'",
        "=\"Sex\"",
        "# MRN",
        "Notes\n[fields]\ndob = \"x\"",
        "e-mail \\ \u{2028}",
        "Caller\u{85}",
        "",
        "12/30/1989",
    ]);
    prop_oneof![3 => known.prop_map(str::to_owned), 1 => any::<String>(), 1 => "[ -~\\n\\t\u{7f}é家]{0,12}"]
}

proptest! {
    // Each draft looks at hundreds of names.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_draft_is_toml_and_a_whole_one_is_a_mapping_for_its_header(
        more in prop::collection::vec(name(), 0..12),
        good in 0..=GOOD.len(),
        date in prop::sample::select(vec!["12/30/1989", "1/2/1989", "Qmarker", ""]),
    ) {
        let mut names: Vec<&str> = GOOD.iter().take(good).map(|column| column.0).collect();
        names.extend(more.iter().map(String::as_str));
        let cells = vec![date; names.len()];
        let draft = draft(&names, &[&cells]);
        let text = text(&draft);
        let table: ::toml::Table = text.parse().map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        let fields = table["fields"].as_table().unwrap();
        let filled = draft.lines().iter().filter(|line| matches!(line.fate, Fate::Filled(_)));
        prop_assert_eq!(fields.len(), filled.count());
        prop_assert_eq!(&table["version"], &::toml::Value::Integer(1));
        prop_assert!(!text.contains("Qmarker"));
        match Mapping::parse("mapping.toml", &text) {
            Ok(mapping) => {
                prop_assert!(draft.is_complete());
                let header = header(&names);
                let bound = mapping.bind(&header, "calls.csv", true, today());
                prop_assert!(bound.is_ok(), "{}\n{text}", bound.unwrap_err());
            }
            Err(error) => prop_assert!(!draft.is_complete(), "{error}\n{text}"),
        }
    }
}
