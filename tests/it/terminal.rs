//! A terminal that stands still stops no request: who tells it something does not wait for it. And it obeys no name: what is
//! printed of foreign text has nothing in it but what a person can see.

use crate::harness::{KEYED, Project, Server, assert_told_truly, calls, count, csv};
use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// No test waits this long for results; one that does fails.
const PATIENCE: Duration = Duration::from_secs(120);
/// More than any pipe holds.
const MORE_THAN_FITS: usize = 8 << 20;

/// A stderr that is full, and that nobody reads until the test does.
struct StoodStill {
    reader: PipeReader,
    filling: JoinHandle<()>,
}

impl StoodStill {
    fn new() -> (StoodStill, PipeWriter) {
        let (reader, writer) = pipe().unwrap();
        let mut filler = writer.try_clone().unwrap();
        let filling = std::thread::spawn(move || {
            filler.write_all(&vec![0; MORE_THAN_FITS]).unwrap();
        });
        (StoodStill { reader, filling }, writer)
    }

    /// Goes on, and gives all that was said until the process ended.
    fn read(mut self) -> String {
        let mut said = Vec::new();
        self.reader.read_to_end(&mut said).unwrap();
        self.filling.join().unwrap();
        said.retain(|byte| *byte != 0);
        String::from_utf8(said).unwrap()
    }
}

/// Starts a command whose stderr stands still.
fn start(mut command: Command) -> (Child, StoodStill) {
    let (terminal, writer) = StoodStill::new();
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(writer)
        .spawn()
        .unwrap();
    // The command has its end of the pipe until it is dropped.
    drop(command);
    (child, terminal)
}

fn wait_for_results(project: &Project) {
    let begun = Instant::now();
    while !project.path("calls.results.csv").exists() {
        assert!(begun.elapsed() < PATIENCE, "no results came");
        std::thread::yield_now();
    }
}

#[test]
fn a_terminal_that_stands_still_stops_no_row() {
    // It says much: that the server asks to wait, that it holds, that it goes on.
    let (project, server) = (Project::new(), Server::with_faults("http429@3-4,hang@9"));
    let calls = calls(30);
    project.write("calls.csv", csv(&calls));
    let args = ["import", "calls.csv", "--timeout", "3"];
    let (child, terminal) = start(project.command_for(server.url(), &args));
    wait_for_results(&project);
    let told = project.results("calls.results.csv");
    assert_told_truly(&told, &calls, &server.tickets());
    assert_eq!((count(&told, "created"), count(&told, "in_doubt")), (29, 1));
    // What was said is there once somebody looks, all of it and in order.
    let said = terminal.read();
    let mut rest = said.as_str();
    for line in [
        "sending 30 rows",
        "slowing down",
        "holding",
        "answers again",
    ] {
        rest = rest
            .split_once(line)
            .unwrap_or_else(|| panic!("no '{line}' in its place in: {said}"))
            .1;
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(6), "{said}");
    assert!(!output.stdout.is_empty());
}

#[test]
fn a_signal_is_acted_on_while_the_terminal_stands_still() {
    let (project, server) = (Project::new(), Server::new());
    let calls = calls(30);
    project.write("calls.csv", csv(&calls));
    let args = ["import", "calls.csv", "--rate", "1/m"];
    let (child, terminal) = start(project.command_for(server.url(), &args));
    server.wait_for(1);
    let process = child.id().to_string();
    let kill = Command::new("kill").args(["-TERM", &process]).status();
    assert!(kill.unwrap().success());
    wait_for_results(&project);
    let told = project.results("calls.results.csv");
    assert_told_truly(&told, &calls, &server.tickets());
    assert_eq!((count(&told, "created"), count(&told, "not_sent")), (1, 29));
    let said = terminal.read();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(143), "{said}");
}

#[test]
fn a_failure_is_told_behind_all_that_was_said_before() {
    let keyed_by_name = KEYED.replace("columns = [\"Call ID\"]", "columns = [\"Last Name\"]");
    let (project, server) = (Project::with_mapping(&keyed_by_name), Server::new());
    project.write("calls.csv", csv(&calls(3)).replace("DOB", "Born"));
    let (child, terminal) =
        start(project.command_for(server.url(), &["import", "calls.csv", "--format", "json"]));
    let said = terminal.read();
    let (warning, error) = (said.find("warning"), said.find("error"));
    assert!(warning.is_some() && warning < error, "{said}");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
}

#[test]
fn no_name_commands_the_terminal() {
    // It clears the screen, begins a line of its own and turns the writing round.
    const NAME: &str = "a\u{1b}[2J\nEvery row has a ticket.\u{202e}.csv";
    let (project, server) = (Project::new(), Server::new());
    project.write(NAME, csv(&calls(3)));
    project.write("plain.csv", csv(&calls(2)));
    let other = NAME.replace("2J", "3J");
    project.write(&other, "Name\nAda\n");
    let results = NAME.replace(".csv", ".results.csv");
    let commands: [(&[&str], i32); 13] = [
        (&["validate", NAME, "missing\u{1b}\n.csv"], 3),
        (&["inspect", NAME], 0),
        (&["import", NAME, "--limit", "1"], 0),
        (&["import", NAME, "--rejects", "r\u{1b}[2J\n.csv"], 0),
        (&["import", &other], 2),
        (&["import", "plain.csv", "--mapping", NAME], 2),
        (&["import", "plain.csv", "--rejects", NAME], 2),
        (&["import", "plain.csv", "--ledger", NAME], 2),
        (&["ledger", "runs"], 0),
        (&["ledger", "show", "1"], 0),
        (&["ledger", "results", "2"], 0),
        (&["status", NAME], 2),
        (&["status", &results], 0),
    ];
    for (args, code) in commands {
        let ran = project.run_for(&server, args).exits(code);
        let all = ran.all();
        let is_obeyed = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!all.contains(is_obeyed), "{args:?}: {all:?}");
        assert!(!all.contains("\nEvery row has a ticket.\u{5c}"), "{all:?}");
    }
    // Programs get the name as it is.
    let ran = project.run_for(&server, &["import", NAME, "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&ran.exits(0).stdout).unwrap();
    assert_eq!(report["files"][0]["file"], NAME);
    assert_eq!(project.results(&results)[0].file, NAME);
}
