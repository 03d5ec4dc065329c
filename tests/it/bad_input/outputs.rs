//! Results and ledgers in places where they cannot or must not be: exit code 2.

use super::{refused, with_mapping};
use crate::harness::{
    KEYED, Project, Running, Server, calls, count, csv, files_below, table, xlsx,
};
use std::collections::BTreeMap;
use std::path::PathBuf;

#[test]
fn results_that_would_be_written_over_their_input_or_one_another() {
    let project = with_mapping(str::to_owned);
    let before = project.read("calls.csv");
    for args in [
        ["calls.csv", "--results", "calls.csv"],
        ["calls.csv", "--results", "./calls.csv"],
        ["calls.csv", "--rejects", "calls.csv"],
        ["calls.csv", "--rejects", "calls.results.csv"],
    ] {
        refused(&project, &args, 2, &["written over", "hint: "]);
    }
    assert_eq!(project.read("calls.csv"), before);
}

#[test]
fn a_link_to_the_input_is_the_input() {
    let project = with_mapping(str::to_owned);
    std::os::unix::fs::symlink("calls.csv", project.path("link.csv")).unwrap();
    refused(
        &project,
        &["calls.csv", "--results", "link.csv"],
        2,
        &["written over"],
    );
}

#[test]
fn a_foreign_file_where_the_results_go() {
    let project = with_mapping(str::to_owned);
    project.write("calls.results.csv", "my own notes\n");
    refused(
        &project,
        &["calls.csv"],
        2,
        &["no results file of ticketload", "move it away"],
    );
    assert_eq!(project.read("calls.results.csv"), "my own notes\n");
}

#[test]
fn a_foreign_file_where_the_rejects_go() {
    let project = with_mapping(str::to_owned);
    let before = project.read("mapping.toml");
    refused(
        &project,
        &["calls.csv", "--rejects", "mapping.toml"],
        2,
        &["no rejects file of ticketload", "--rejects"],
    );
    assert_eq!(project.read("mapping.toml"), before);
}

/// All that stands in the working folder.
fn files(project: &Project) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = files_below(&project.path(""));
    let read = |path: PathBuf| (path.clone(), std::fs::read(path).unwrap());
    files.into_iter().map(read).collect()
}

#[test]
fn no_command_writes_over_what_it_reads_or_what_another_one_has_written() {
    let (project, server) = (with_mapping(str::to_owned), Server::new());
    project.write("other.csv", csv(&calls(5)));
    project.write("blank.toml", "");
    project.import(&server, &["calls.csv"]).exits(0);
    let again = ["ledger", "results", "1", "--mapping", "mapping.toml"];
    let again = |more: &[&'static str]| [&again[..], more].concat();
    let before = files(&project);
    for args in [
        again(&["--rejects", "calls.csv"]),
        again(&["--rejects", "./calls.csv", "--results", "-"]),
        again(&["--rejects", "calls.results.csv"]),
        again(&["--rejects", "calls.results.csv", "--results", "-"]),
        again(&["--rejects", "other.csv"]),
        again(&["--rejects", "mapping.toml"]),
        again(&["--results", "calls.csv"]),
        again(&["--results", "mapping.toml"]),
        again(&["--results", "new.csv", "--rejects", "./new.csv"]),
        vec!["status", "calls.results.csv", "--output", "calls.csv"],
        vec![
            "status",
            "calls.results.csv",
            "--output",
            "calls.results.csv",
        ],
        vec!["status", "--ticket", "T1", "--output", "calls.results.csv"],
        vec!["status", "--ticket", "T1", "--output", "mapping.toml"],
        vec![
            "status",
            "--ticket",
            "T1",
            "--output",
            "other.csv",
            "--format",
            "csv",
        ],
        vec!["inspect", "calls.csv", "--dump", "calls.csv"],
        vec!["inspect", "calls.csv", "--dump", "other.csv"],
        vec!["inspect", "calls.csv", "--dump", "calls.results.csv"],
        vec![
            "import",
            "other.csv",
            "--mapping",
            "blank.toml",
            "--rejects",
            "blank.toml",
        ],
        vec![
            "import",
            "other.csv",
            "--ledger",
            "new.db",
            "--results",
            "new.db",
        ],
        vec![
            "import",
            "other.csv",
            "--ledger",
            "new.db",
            "--rejects",
            "new.db.lock",
        ],
        vec![
            "import",
            "other.csv",
            "--ledger",
            "new.db",
            "--rejects",
            "new.db-wal",
        ],
    ] {
        let ran = project.run_for(&server, &args).exits(2);
        assert!(ran.stderr.contains("\nhint: "), "{args:?}: {}", ran.all());
        assert_eq!(files(&project), before, "{args:?}");
    }
    assert_eq!((server.tickets().len(), server.requests("status")), (3, 0));
}

/// A run knows its input by the name that was typed, and every night may have a calls.csv of its own.
#[test]
fn results_that_are_written_again_stand_beside_no_other_input() {
    let (project, server) = (with_mapping(str::to_owned), Server::new());
    let folder = project.path("night");
    std::fs::create_dir(&folder).unwrap();
    project.write("night/calls.csv", csv(&calls(13).split_off(10)));
    let in_folder = |args: &[&str]| {
        let mut command = project.command_for(server.url(), args);
        Running::start({
            command.current_dir(&folder);
            command
        })
        .end()
    };
    project.import(&server, &["calls.csv"]).exits(0);
    in_folder(&["import", "calls.csv", "--mapping", "../mapping.toml"]).exits(0);
    let nights = project.read("night/calls.results.csv");
    let unchanged = || assert_eq!(project.read("night/calls.results.csv"), nights);
    let again = |run| in_folder(&["ledger", "results", run, "--mapping", "../mapping.toml"]);
    again("1")
        .exits(2)
        .says("not the file of run 1")
        .says("--results");
    in_folder(&["ledger", "results", "1"]).exits(2);
    unchanged();
    again("2").exits(0);
    unchanged();
    let elsewhere = ["ledger", "results", "1", "--results", "first.csv"];
    in_folder(&elsewhere).exits(0);
    assert_eq!(count(&project.results("night/first.csv"), "created"), 3);
    std::fs::remove_file(folder.join("calls.csv")).unwrap();
    again("1").exits(2).says("of another run").says("--results");
    unchanged();
    again("2").exits(0);
    assert_eq!(
        count(&project.results("night/calls.results.csv"), "created"),
        3
    );
    std::fs::remove_file(folder.join("calls.results.csv")).unwrap();
    again("1").exits(0);
}

#[test]
fn statuses_take_the_place_of_earlier_ones_that_can_be_told_from_other_files() {
    let (project, server) = (with_mapping(str::to_owned), Server::new());
    project.import(&server, &["calls.csv"]).exits(0);
    let args = ["status", "calls.results.csv", "--output", "statuses"];
    let run = |format| project.run_for(&server, &[&args[..], &["--format", format]].concat());
    for format in ["csv", "csv", "json", "json", "csv", "human"] {
        run(format).exits(0);
    }
    let table = project.read("statuses");
    for format in ["human", "csv", "json"] {
        run(format).exits(2).says("--output");
        assert_eq!(project.read("statuses"), table);
    }
}

#[test]
fn rejects_of_before_are_replaced_also_those_without_rows() {
    let (project, server) = (with_mapping(str::to_owned), Server::new());
    project.write("other.csv", csv(&calls(5)).replace("1234,17", ",17"));
    for (name, code) in [
        ("calls.csv", 0),
        ("other.csv", 1),
        ("calls.csv", 0),
        ("calls.csv", 0),
    ] {
        project
            .import(&server, &[name, "--rejects", "rejects.csv"])
            .exits(code);
    }
}

/// A file of one line is read as a header without rows, which earlier rejects may be as well.
#[test]
fn a_file_of_one_line_that_a_command_needs_or_that_is_somebodys_is_never_written_over() {
    let (project, server) = (with_mapping(str::to_owned), Server::new());
    project.write("calls.csv", csv(&calls(3)).replace("1234,17", ",17"));
    let column = "prac = \"Practice\"";
    let translated = "prac = { column = \"Practice\", translate_file = \"table.csv\" }";
    assert!(KEYED.contains(column));
    let translated = KEYED.replace(column, translated);
    for (name, content) in [
        ("pw", "sandbox password\n"),
        ("ky", "sandbox key\n"),
        ("pw-of-another", "secret\n"),
        ("hello", "hello\n"),
        ("header.csv", "Call ID,Last Name\n"),
        ("translated.toml", &translated),
        ("table.csv", "from,error_code,message\n"),
        ("ours", "sandbox,error_code,message\n"),
        ("ticketload.toml", "profile.default.workers = 2"),
    ] {
        project.write(name, content);
    }
    let before = files(&project);
    let account = ["--password-file", "pw", "--key-file", "ky"];
    let import = |more: &[&'static str]| [&["import", "calls.csv"], &account[..], more].concat();
    let status =
        |more: &[&'static str]| [&["status", "--ticket", "T"], &account[..], more].concat();
    let mut lines = vec![
        vec![
            "import",
            "calls.csv",
            "--key-file",
            "ours",
            "--rejects",
            "ours",
        ],
        vec![
            "import",
            "calls.csv",
            "--mapping",
            "translated.toml",
            "--rejects",
            "table.csv",
        ],
    ];
    for name in [
        "pw",
        "ky",
        "pw-of-another",
        "hello",
        "header.csv",
        "ticketload.toml",
    ] {
        lines.push(import(&["--rejects", name]));
        lines.push(import(&["--results", name]));
        lines.push(status(&["--output", name]));
        lines.push(vec!["inspect", "calls.csv", "--dump", name]);
    }
    for line in lines {
        let ran = project.run_for(&server, &line).exits(2);
        assert!(ran.stderr.contains("\nhint: "), "{line:?}: {}", ran.all());
        assert_eq!(files(&project), before, "{line:?}");
    }
    assert_eq!((server.tickets().len(), server.requests("ticket")), (0, 0));
    project
        .import(&server, &["calls.csv", "--rejects", "ours"])
        .exits(1);
}

#[test]
fn results_that_cannot_be_written_are_told_before_anything_is_sent() {
    let project = with_mapping(str::to_owned);
    std::fs::create_dir(project.path("folder")).unwrap();
    for (place, why) in [
        (
            "missing/calls.csv",
            "cannot be written: its folder does not exist",
        ),
        ("folder", "cannot be written: it is a folder"),
        ("calls.csv/results.csv", "cannot be written"),
    ] {
        let words = [place, why, "hint: "];
        refused(&project, &["calls.csv", "--results", place], 2, &words);
        refused(&project, &["calls.csv", "--rejects", place], 2, &words);
    }
}

#[test]
fn one_name_for_the_outputs_of_several_files() {
    let project = with_mapping(str::to_owned);
    project.write("b.csv", csv(&calls(2)));
    refused(
        &project,
        &["calls.csv", "b.csv", "--results", "r.csv"],
        2,
        &["--results"],
    );
    project.write("calls.xlsx", xlsx(&table(&calls(2))));
    for (inputs, words) in [
        (
            ["calls.csv", "calls.csv"],
            ["one input twice", "name each input once"],
        ),
        (
            ["calls.csv", "./calls.csv"],
            ["one input twice", "name each input once"],
        ),
        (["-", "-"], ["one input twice", "name each input once"]),
        (
            ["calls.csv", "calls.xlsx"],
            ["two inputs", "one after the other"],
        ),
    ] {
        let server = Server::new();
        for command in ["import", "validate"] {
            let ran = project.run_for(&server, &[&[command], &inputs[..]].concat());
            let ran = ran.exits(2).says(words[0]).says(words[1]);
            assert!(!ran.stderr.contains("give --results"), "{}", ran.all());
        }
        assert_eq!(server.requests("ticket"), 0);
    }
    // What is advised goes.
    let server = Server::new();
    project.import(&server, &["calls.csv"]).exits(0);
    project
        .import(&server, &["calls.xlsx"])
        .exits(0)
        .says("kept in");
}

#[test]
fn a_ledger_that_is_none_or_of_a_newer_version_or_not_to_be_opened() {
    let project = with_mapping(str::to_owned);
    project.write(
        "notes.db",
        "this is no ledger, but a text that is long enough to be looked at by everybody",
    );
    refused(
        &project,
        &["calls.csv", "--ledger", "notes.db"],
        2,
        &["notes.db", "damaged", "nothing was sent"],
    );
    let newer = rusqlite::Connection::open(project.path("newer.db")).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    refused(
        &project,
        &["calls.csv", "--ledger", "newer.db"],
        2,
        &["newer version"],
    );
    refused(
        &project,
        &["calls.csv", "--ledger", "calls.csv/ledger.db"],
        2,
        &["--ledger"],
    );
}
