//! What is advised can be pasted: it looks into the ledger and speaks for the account of the command that advised it.

use crate::harness::{Project, Ran, Running, Server, calls, count, csv};
use std::path::Path;
use std::process::Command;

/// Runs a line in a shell, as somebody does who pastes it.
fn paste(project: &Project, server: &Server, line: &str) -> Ran {
    let program = Path::new(env!("CARGO_BIN_EXE_ticketload"));
    let folder = program.parent().unwrap().to_str().unwrap();
    let known = project.command_for(server.url(), &[]);
    let mut shell = Command::new("/bin/sh");
    shell
        .args(["-c", line])
        .current_dir(known.get_current_dir().unwrap())
        .env_clear()
        .envs(
            known
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .env("PATH", folder);
    Running::start(shell).end()
}

/// The advised command of this kind, wherever it stands in what was said.
fn advised(said: &str, kind: &str) -> String {
    let from = said
        .find(&format!("ticketload {kind}"))
        .unwrap_or_else(|| panic!("no {kind} in: {said}"));
    let (_, line) = said.split_at(from);
    let line = line.lines().next().unwrap();
    line.split('`').next().unwrap().to_owned()
}

/// A row in doubt in a ledger that was named, and another row of the same reference in the default one.
fn two_doubts() -> (Project, Server, &'static str) {
    let (project, server) = (Project::new(), Server::with_faults("reset_after@1-2"));
    project.write("other.csv", csv(&calls(1)));
    project.import(&server, &["other.csv"]).exits(6);
    project.write("calls.csv", csv(&calls(2)[1..]));
    (project, server, "an other's Büro.db")
}

#[test]
fn what_is_advised_about_a_doubt_names_the_ledger_that_was_named() {
    let (project, server, ledger) = two_doubts();
    let ran = project
        .import(&server, &["calls.csv", "--ledger", ledger])
        .exits(6);
    let list = advised(&ran.stdout, "ledger in-doubt");
    let listed = paste(&project, &server, &list)
        .exits(0)
        .says("row 2 of calls.csv");
    let resolve = advised(&listed.stdout, "ledger resolve REFERENCE --not-created");
    let resolve = resolve.replace("REFERENCE", "1:2 --by Kim");
    paste(&project, &server, &resolve)
        .exits(0)
        .says("row 1:2 (row 2 of calls.csv, sent as sandbox at 127.0.0.1")
        .says("has no ticket");
    paste(&project, &server, &list)
        .exits(0)
        .says(&format!("no row is in doubt in {ledger}"));
    // The other patient, of the same reference in the other ledger, is as in doubt as before.
    project
        .run(&["ledger", "in-doubt"])
        .exits(0)
        .says("row 2 of other.csv");
}

#[test]
fn findings_of_a_file_say_of_which_files_the_rows_are() {
    let (project, server, ledger) = two_doubts();
    project
        .import(&server, &["calls.csv", "--ledger", ledger])
        .exits(6);
    project.write(
        "found.csv",
        "reference,finding,ticket_id\n1:2,not_created,\n",
    );
    let args = [
        "ledger",
        "resolve",
        "--from",
        "found.csv",
        "--by",
        "Kim",
        "--ledger",
        ledger,
    ];
    project
        .run(&args)
        .exits(0)
        .says("run 1: 1 finding on calls.csv, sent as sandbox at");
}

#[test]
fn a_sandbox_that_is_gone_advises_no_look_into_its_ledger() {
    let project = Project::new();
    let mut call = calls(1);
    call[0] = call[0].clone().with_reason("[[fault:reset_after]]");
    project.write("calls.csv", csv(&call));
    let ran = project.run(&["import", "calls.csv", "--sandbox"]).exits(6);
    assert!(!ran.stdout.contains("ledger in-doubt"), "{}", ran.stdout);
    let ran = project
        .run(&[
            "import",
            "calls.csv",
            "--sandbox=kept",
            "--results",
            "kept.csv",
        ])
        .exits(6);
    let list = advised(&ran.stdout, "ledger in-doubt");
    assert_eq!(list, "ticketload ledger in-doubt --ledger kept/ledger.db");
}

#[test]
fn the_account_that_was_typed_is_the_one_that_is_tried() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(1)));
    project.write("a password", "another one");
    project.write("key", "sandbox key");
    let url = format!("--server-url={}", server.url());
    let account = [
        "--username",
        "sandbox",
        "--password-file",
        "a password",
        "--key-file",
        "key",
    ];
    let ran = project
        .run(&[&["import", "calls.csv", &url], &account[..]].concat())
        .exits(4);
    let line = advised(&ran.stdout, "check");
    let folder = Path::new(env!("CARGO_BIN_EXE_ticketload"))
        .parent()
        .unwrap();
    let bare = |line: &str| {
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", line])
            .current_dir(project.path(""))
            .env_clear()
            .env("HOME", project.home())
            .env("PATH", folder);
        Running::start(shell).end()
    };
    bare(&line)
        .exits(4)
        .says("refused the user name or password");
    project.write("a password", "sandbox password");
    bare(&line).exits(0);
}

/// Two profiles for two accounts of one server, with one ledger; the calls were sent as one of them.
fn two_profiles() -> (Project, Server) {
    let (project, server) = (Project::new(), Server::new());
    let url = server.url();
    project.write("password", "sandbox password");
    project.write("key", "sandbox key");
    let profile = |name: &str, url: &str| {
        format!(
            "[profile.{name}]\nserver_url = \"{url}\"\nusername = \"sandbox\"\npassword_file = \"password\"\n\
             key_file = \"key\"\nledger = \"both.db\"\nrate = \"unlimited\"\n"
        )
    };
    // The same server under two names is two accounts, as two servers are.
    let default = profile("default", &url.replace("127.0.0.1", "localhost"));
    project.write("ticketload.toml", default + &profile("production", url));
    project.write("calls.csv", csv(&calls(4)));
    let import = ["import", "calls.csv", "--profile", "production"];
    project.run(&import).exits(0);
    (project, server)
}

/// Loses the ledger of both profiles.
fn lose(project: &Project) {
    for ending in ["", "-wal", "-shm", ".lock"] {
        let file = project.path(&format!("both.db{ending}"));
        if file.exists() {
            std::fs::remove_file(file).unwrap();
        }
    }
}

/// As [`paste`], with nothing set for all commands.
fn paste_alone(project: &Project, line: &str) -> Ran {
    let words: Vec<&str> = line.split_whitespace().skip(1).collect();
    project.run(&words)
}

#[test]
fn what_is_advised_for_a_lost_ledger_adopts_for_the_account_at_hand() {
    let (project, server) = two_profiles();
    lose(&project);
    let import = [
        "import",
        "calls.csv",
        "--profile",
        "production",
        "--mapping",
        "mapping.toml",
    ];
    let ran = project.run(&import).exits(2);
    let adopt = advised(&ran.stderr, "ledger adopt");
    assert_eq!(
        adopt,
        "ticketload ledger adopt calls.results.csv calls.csv --mapping mapping.toml --profile production"
    );
    paste_alone(&project, &adopt)
        .exits(0)
        .says("for sandbox at 127.0.0.1");
    project.run(&import).exits(0);
    assert_eq!(
        count(&project.results("calls.results.csv"), "already_created"),
        4
    );
    assert_eq!(server.tickets().len(), 4);
}
