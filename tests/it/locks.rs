//! Two processes and one ledger.

use crate::harness::{Project, Running, Server, assert_told_truly, calls, count, csv, within};
use std::os::unix::fs::symlink;
use std::process::Command;

#[test]
fn a_second_run_is_told_who_holds_the_ledger_since_when_and_sends_nothing() {
    let (project, server) = (Project::new(), Server::with_faults("hang@1"));
    let calls = calls(4);
    project.write("calls.csv", csv(&calls));
    project.write("other.csv", csv(&calls[2..]));
    let first = project.start_import(&server, &["calls.csv"]);
    server.wait_for(1);
    let second = project.import(&server, &["other.csv"]).exits(7);
    let holder = format!("process {}, since 20", first.id());
    assert!(second.stderr.contains(&holder), "{}", second.stderr);
    assert!(second.stderr.contains("hint: "));
    assert_eq!(server.tickets().len(), 1);
    assert!(!project.path("other.results.csv").exists());
    first.signal("KILL");
    first.end();
}

#[test]
fn a_ledger_that_is_reached_by_a_link_is_held_as_the_one_that_it_is() {
    let (project, server) = (Project::new(), Server::with_faults("hang@1"));
    let calls = calls(4);
    project.write("calls.csv", csv(&calls));
    project.write("other.csv", csv(&calls[2..]));
    for folder in ["real", "links"] {
        std::fs::create_dir(project.path(folder)).unwrap();
    }
    symlink("../real/ledger.db", project.path("links/ledger.db")).unwrap();
    let args = ["calls.csv", "--ledger", "links/ledger.db"];
    let first = project.start_import(&server, &args);
    server.wait_for(1);
    let args = ["other.csv", "--ledger", "real/ledger.db"];
    project.import(&server, &args).exits(7);
    assert_eq!(server.tickets().len(), 1);
    first.signal("KILL");
    first.end();
    project.run(&["ledger", "check", "--ledger", "links/ledger.db"]);
    let left = std::fs::read_dir(project.path("links")).unwrap();
    assert_eq!(
        left.count(),
        1,
        "all that belongs to it is beside the real one"
    );
}

#[test]
fn a_ledger_with_two_names_is_refused_under_both() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(4)));
    let by = |name: &'static str| ["calls.csv", "--ledger", name];
    project.import(&server, &by("a.db")).exits(0);
    std::fs::hard_link(project.path("a.db"), project.path("b.db")).unwrap();
    for name in ["a.db", "b.db"] {
        let ran = project.import(&server, &by(name)).exits(2);
        assert!(ran.stderr.contains("hard links"), "{}", ran.stderr);
    }
    std::fs::remove_file(project.path("b.db")).unwrap();
    project.import(&server, &by("a.db")).exits(0);
    assert_eq!(server.tickets().len(), 4);
}

/// A shell that sees mounts of its own, if that is permitted here.
fn with_mounts_of_its_own(script: &str) -> Option<Command> {
    let apart = || {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount"]);
        command
    };
    let is_permitted = apart()
        .arg("true")
        .output()
        .is_ok_and(|ran| ran.status.success());
    if !is_permitted {
        println!("skipped: no mounts of one's own here");
        return None;
    }
    let mut command = apart();
    command.args(["sh", "-c", script]);
    Some(command)
}

#[test]
fn a_ledger_that_is_mounted_by_itself_is_refused() {
    for file in ["l.db", "l.db-wal", "l.db.lock"] {
        let (project, server) = (Project::new(), Server::new());
        project.write("calls.csv", csv(&calls(4)));
        for folder in ["there", "here"] {
            std::fs::create_dir(project.path(folder)).unwrap();
            project.write(&format!("{folder}/{file}"), "");
        }
        let script = format!("mount --bind there/{file} here/{file} && exec \"$0\" \"$@\"");
        let Some(mut shell) = with_mounts_of_its_own(&script) else {
            return;
        };
        let args = ["import", "calls.csv", "--ledger", "here/l.db"];
        within(&mut shell, &project.command_for(server.url(), &args));
        let ran = Running::start(shell).end().exits(2);
        for part in [
            &format!("here/{file} is mounted by itself"),
            "mount the whole folder",
        ] {
            assert!(ran.stderr.contains(part), "{}", ran.stderr);
        }
        assert_eq!(server.tickets().len(), 0);
    }
}

#[test]
fn a_ledger_that_is_only_just_made_is_empty_and_not_damaged() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(4)));
    project.write("new.db", "");
    project
        .run(&["ledger", "runs", "--ledger", "new.db"])
        .exits(2)
        .says("holds nothing yet");
    let args = ["validate", "calls.csv", "--ledger", "new.db"];
    project.run_for(&server, &args).exits(0);
}

#[test]
fn a_killed_run_holds_nothing() {
    let (project, server) = (Project::new(), Server::with_faults("hang@1"));
    let calls = calls(4);
    project.write("calls.csv", csv(&calls));
    let first = project.start_import(&server, &["calls.csv"]);
    server.wait_for(1);
    first.signal("KILL");
    assert_eq!(first.end().code, None);
    project
        .import(&server, &["calls.csv"])
        .exits(6)
        .says("in doubt now");
    let told = project.results("calls.results.csv");
    assert_told_truly(&told, &calls, &server.tickets());
    assert_eq!(
        (told[0].outcome.as_str(), told[0].error_code.as_str()),
        ("in_doubt", "crash")
    );
    assert_eq!(count(&told, "created"), 3);
}

#[test]
fn validate_looks_into_a_ledger_that_a_run_holds() {
    let (project, server) = (Project::new(), Server::with_faults("hang@2"));
    project.write("calls.csv", csv(&calls(4)));
    let first = project.start_import(&server, &["calls.csv", "--workers", "1"]);
    server.wait_for(2);
    let ran = project.run_for(&server, &["validate", "calls.csv"]);
    assert!(ran.stdout.contains("already_created"), "{}", ran.all());
    first.signal("KILL");
    first.end();
}
