//! Mappings that are wrong, or do not fit the file: exit code 2, with the line underlined.

use super::{refused, with_file, with_mapping};

#[test]
fn a_header_that_the_mapping_does_not_match() {
    refused(
        &with_file(b"a,b,c\n1,2,3\n"),
        &["calls.csv"],
        2,
        &["Last Name", "mapping.toml"],
    );
}

#[test]
fn a_mapping_that_is_missing_or_no_toml() {
    let project = with_mapping(str::to_owned);
    refused(
        &project,
        &["calls.csv", "--mapping", "other.toml"],
        2,
        &["other.toml", "--mapping"],
    );
    project.write("mapping.toml", b"\xff\xfe");
    refused(&project, &["calls.csv"], 2, &["mapping.toml", "UTF-8"]);
    project.write("mapping.toml", "version = = 1");
    refused(&project, &["calls.csv"], 2, &["mapping.toml"]);
}

#[test]
fn a_mapping_with_unknown_keys_names_them_all_and_what_was_meant() {
    let project = with_mapping(|mapping| {
        mapping
            .replace("complaint =", "complaynt =")
            .replace("\"Last Name\"", "\"Last Nam\"")
            .replace("column =", "colunm =")
    });
    refused(
        &project,
        &["calls.csv"],
        2,
        &["complaynt", "complaint", "colunm"],
    );
    let project = with_mapping(|mapping| mapping.replace("\"Last Name\"", "\"Last Nam\""));
    refused(
        &project,
        &["calls.csv"],
        2,
        &["Last Nam", "did you mean", "Last Name"],
    );
}

#[test]
fn a_mapping_of_another_version() {
    for version in ["2", "0", "\"1\""] {
        let project =
            with_mapping(|mapping| mapping.replace("version = 1", &format!("version = {version}")));
        refused(&project, &["calls.csv"], 2, &["version"]);
    }
    let project = with_mapping(|mapping| mapping.replace("version = 1", ""));
    refused(&project, &["calls.csv"], 2, &["version"]);
}

#[test]
fn a_mapping_with_two_rules_for_one_field() {
    let project = with_mapping(|mapping| format!("{mapping}\ncomplaint = \"Notes\"\n"));
    refused(&project, &["calls.csv"], 2, &["complaint"]);
    let project = with_mapping(|mapping| {
        mapping.replace(
            "prac = \"Practice\"",
            "prac = { column = \"Practice\", value = \"1\" }",
        )
    });
    refused(&project, &["calls.csv"], 2, &["prac"]);
}

#[test]
fn a_mapping_without_a_required_field() {
    let project = with_mapping(|mapping| mapping.replace("prac = \"Practice\"\n", ""));
    refused(&project, &["calls.csv"], 2, &["prac"]);
}

#[test]
fn a_length_that_leaves_no_room_beside_the_stamp() {
    for (length, code) in [("27", 2), ("28", 0)] {
        let project = with_mapping(|mapping| {
            let limit = format!("complaint = {{ column = \"Reason\", max_length = {length} }}");
            mapping
                .replace("version = 1", "version = 1\nstamp = \"complaint\"")
                .replace("complaint = \"Reason\"", &limit)
        });
        if code == 0 {
            // A text of one character has room.
            project
                .run(&["validate", "calls.csv"])
                .exits(1)
                .says("longer than 1 characters");
        } else {
            refused(
                &project,
                &["calls.csv"],
                code,
                &["mapping.toml:10", "max_length", "stamp"],
            );
        }
    }
}
