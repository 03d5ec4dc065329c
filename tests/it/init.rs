//! `init`: what it writes, what it refuses, and that a draft is a mapping that works at once.

use crate::harness::{Project, calls, csv, csv_text, table, typed_xlsx, xlsx};
use std::fs;
use std::path::Path;

/// A project without a mapping.
fn bare() -> Project {
    let project = Project::new();
    fs::remove_file(project.path("mapping.toml")).unwrap();
    project
}

fn has_mapping(project: &Project) -> bool {
    project.path("mapping.toml").exists()
}

#[test]
fn a_draft_is_a_mapping_that_works_at_once() {
    let files: [(&str, Vec<u8>); 3] = [
        ("calls.csv", csv(&calls(40)).into_bytes()),
        (
            "an other's.csv",
            csv_text(&table(&calls(40)), b';', "\r\n").into_bytes(),
        ),
        ("calls.xlsx", typed_xlsx(&calls(40), 3)),
    ];
    for (name, content) in files {
        let project = bare();
        project.write(name, content);
        let ran = project.run(&["init", name]).exits(0);
        assert_eq!(ran.stderr, "");
        for told in [
            "patient_lname    'Last Name'",
            "dob              'DOB'",
            "The draft is mapping.toml",
        ] {
            assert!(ran.stdout.contains(told), "{}", ran.stdout);
        }
        let draft = project.read("mapping.toml");
        assert!(draft.contains("[key]\ncolumns = [\"Call ID\"]"), "{draft}");
        for value in ["Müller", "Renée", "fever", "hurts", "212555", "C00001"] {
            assert!(!(draft.clone() + &ran.all()).contains(value), "{value}");
        }
        let advised = ran.stdout.lines().last().unwrap().trim();
        let words = advised
            .strip_prefix("ticketload ")
            .unwrap()
            .replace("'an other'\\''s.csv'", name);
        let words: Vec<&str> = if name.contains(' ') {
            vec!["validate", name]
        } else {
            words.split(' ').collect()
        };
        project.run(&words).exits(0).says("Every row would be sent");
    }
}

#[test]
fn the_clean_samples_need_no_more_than_a_draft() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["calls.csv", "night-calls.xlsx"] {
        let project = bare();
        fs::copy(root.join("samples").join(name), project.path(name)).unwrap();
        project.run(&["init", name]).exits(0);
        project.run(&["validate", name]).exits(0);
    }
}

#[test]
fn no_file_is_written_over() {
    let project = Project::new();
    project.write("calls.csv", csv(&calls(2)));
    for content in ["version = 1 # mine\n", ""] {
        project.write("mapping.toml", content);
        let ran = project.run(&["init", "calls.csv"]).exits(2);
        ran.says("mapping.toml exists").says("--mapping");
        assert_eq!(project.read("mapping.toml"), content);
    }
    project
        .run(&["init", "calls.csv", "--mapping", "calls.csv"])
        .exits(2);
    assert_eq!(project.read("calls.csv"), csv(&calls(2)));
    project
        .run(&["init", "calls.csv", "--mapping", "."])
        .exits(2);
    project
        .run(&["init", "calls.csv", "--mapping", "no/such/folder.toml"])
        .exits(2);
    let ran = project
        .run(&["init", "calls.csv", "--mapping", "other.toml"])
        .exits(0);
    ran.says("ticketload validate calls.csv --mapping other.toml");
    assert!(project.path("other.toml").exists());
}

#[test]
fn the_draft_goes_where_an_import_would_look() {
    let project = bare();
    project.write("calls.csv", csv(&calls(2)));
    project.write(
        "ticketload.toml",
        "[profile.night]\nmapping = \"night.toml\"\n",
    );
    let ran = project
        .run(&["init", "calls.csv", "--profile", "night"])
        .exits(0);
    ran.says("ticketload validate calls.csv --profile night");
    assert!(project.path("night.toml").exists() && !has_mapping(&project));
    project
        .run(&["init", "calls.csv", "--profile", "day"])
        .exits(2);
    let mut command = project.command(&["init", "calls.csv"]);
    command.env("TICKETLOAD_MAPPING", "set.toml");
    assert!(command.output().unwrap().status.success());
    assert!(project.path("set.toml").exists() && !has_mapping(&project));
}

#[test]
fn a_draft_on_stdout_is_all_that_stands_there() {
    let project = bare();
    project.write("calls.csv", csv(&calls(40)));
    let ran = project
        .run(&["init", "calls.csv", "--mapping", "-"])
        .exits(0);
    assert!(ran.stdout.starts_with("# Drafted by") && !has_mapping(&project));
    assert!(
        ran.stderr
            .contains("ticketload validate calls.csv --mapping mapping.toml"),
        "{}",
        ran.stderr
    );
    project.write("mapping.toml", &ran.stdout);
    project.run(&["validate", "calls.csv"]).exits(0);
}

#[test]
fn what_is_no_table_leaves_no_draft() {
    let project = bare();
    project.run(&["init", "nowhere.csv"]).exits(3);
    project.write("binary.csv", [0_u8, 159, 146, 150].repeat(99));
    project.run(&["init", "binary.csv"]).exits(3);
    project.write("calls.csv", csv(&calls(2)));
    project
        .run(&["init", "calls.csv", "--encoding", "no-such"])
        .exits(2);
    project
        .run(&["init", "calls.csv", "--sheet", "Calls"])
        .exits(2);
    project.run(&["init"]).exits(2);
    // Damage that shows behind the first rows only.
    project.write("open.csv", csv(&calls(200)) + "\"C9,x,y,z\n");
    project.run(&["init", "open.csv"]).exits(3);
    assert!(!has_mapping(&project));
}

#[test]
fn a_header_that_looks_like_values_is_not_written() {
    let project = bare();
    let text = csv(&calls(5));
    project.write("calls.csv", text.split_once('\n').unwrap().1);
    let ran = project.run(&["init", "calls.csv"]).exits(3);
    for value in ["Müller", "C00001", "212555"] {
        assert!(!ran.all().contains(value), "{}", ran.all());
    }
    ran.says("looks like a row of values").says("--header-row");
    assert!(!has_mapping(&project));
    // Names alone look like nothing; none of them is known, and so none is told.
    project.write("names.csv", "Qmarker,Ada\nByron,Ann\n");
    let ran = project.run(&["init", "names.csv"]).exits(0);
    assert!(!(project.read("mapping.toml") + &ran.all()).contains("Qmarker"));
}

#[test]
fn odd_headers_stay_in_their_lines() {
    let project = bare();
    let mut rows = table(&calls(3));
    rows[0][4] = "Reason\n[fields]".to_owned();
    for (more, name) in [
        "say \"hi\"\nversion = 2",
        "\u{1b}[31mred",
        "Phone",
        "",
        "家 # x",
    ]
    .into_iter()
    .enumerate()
    {
        for (row, cells) in rows.iter_mut().enumerate() {
            cells.push(if row == 0 {
                name.to_owned()
            } else {
                format!("Qmarker{more}{row}")
            });
        }
    }
    project.write("calls.xlsx", xlsx(&rows));
    let ran = project.run(&["init", "calls.xlsx"]).exits(0);
    let draft = project.read("mapping.toml");
    let all = draft.clone() + &ran.all();
    assert!(!all.contains("Qmarker") && !all.contains('\u{1b}'), "{all}");
    assert_eq!(
        draft
            .lines()
            .filter(|line| line.starts_with("version"))
            .count(),
        1
    );
    assert!(
        draft.contains("# 'Phone' is the name of columns H and L,"),
        "{draft}"
    );
    assert!(draft.parse::<toml::Table>().is_ok(), "{draft}");
}

#[test]
fn the_sheet_that_was_read_is_the_one_that_the_draft_names() {
    let project = bare();
    let mut book = rust_xlsxwriter::Workbook::new();
    for name in ["Day", "Night \"1\""] {
        let sheet = book.add_worksheet().set_name(name).unwrap();
        for (number, row) in (0_u32..).zip(table(&calls(40))) {
            for (column, cell) in (0_u16..).zip(row) {
                sheet.write_string(number, column, cell).unwrap();
            }
        }
    }
    project.write("calls.xlsx", book.save_to_buffer().unwrap());
    let refused = project.run(&["init", "calls.xlsx"]);
    assert!(matches!(refused.code, Some(2 | 3)), "{refused:?}");
    refused.says("Day");
    let ran = project
        .run(&["init", "calls.xlsx", "--sheet", "Night \"1\""])
        .exits(0);
    ran.says("ticketload validate calls.xlsx --sheet 'Night \"1\"'");
    project
        .run(&["validate", "calls.xlsx"])
        .exits(0)
        .says("Night");
}

#[test]
fn no_phone_and_nobodys_number_becomes_the_key() {
    let project = bare();
    for header in ["From Number", "Calling Number", "Agent ID", "PCP ID"] {
        let mut rows = table(&calls(40));
        for (row, cells) in rows.iter_mut().enumerate() {
            cells[0] = if row == 0 {
                header.to_owned()
            } else {
                format!("239555{row:04}")
            };
        }
        project.write("calls.csv", csv_text(&rows, b',', "\n"));
        let ran = project
            .run(&["init", "calls.csv", "--mapping", "-"])
            .exits(0);
        assert!(ran.stdout.contains("# [key]\n"), "{}", ran.stdout);
        assert!(ran.stderr.contains("none was found"), "{}", ran.stderr);
        project.write("mapping.toml", &ran.stdout);
        let ran = project.run(&["validate", "calls.csv"]).exits(0);
        assert!(ran.all().contains("no [key]"));
        assert!(!ran.all().contains("would do"), "{}", ran.all());
    }
}

#[test]
fn labels_beside_values_and_words_of_values_are_no_header() {
    let project = bare();
    project.write(
        "form.csv",
        "Last Name,Qmarker,First Name,Ann\nDOB,12/30/1980,Sex,F\nReason,Fever,Practice,1234\n",
    );
    project.write(
        "bare.csv",
        "Qmarker,Ann,Fever,Clinic,Cell\nJones,Bob,Cough,Clinic,Mobile\n",
    );
    for name in ["form.csv", "bare.csv"] {
        let ran = project.run(&["init", name]).exits(3);
        assert!(!ran.all().contains("Qmarker"), "{}", ran.all());
        ran.says("--header-row");
        assert!(!has_mapping(&project));
        // Also where the user insists nothing of it is told.
        let ran = project
            .run(&["init", name, "--header-row", "1", "--mapping", "-"])
            .exits(0);
        assert!(!ran.all().contains("Qmarker"), "{}", ran.all());
    }
}
