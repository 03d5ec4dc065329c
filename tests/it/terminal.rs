//! A terminal that stands still stops no request: who tells it something does not wait for it.

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
    assert!(said.contains("stopping: what is in flight ends"), "{said}");
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
