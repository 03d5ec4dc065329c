//! Bad input: what, where and what to do next, the right exit code, nothing sent, no panic.

mod account;
mod dates;
mod files;
mod mapping;
mod outputs;

use crate::harness::{KEYED, Project, Server, calls, csv};

/// Checks that an import ends with this code and these words, and that the server saw no submission.
#[track_caller]
fn refused(project: &Project, args: &[&str], code: i32, words: &[&str]) {
    let server = Server::new();
    let ran = project.import(&server, args).exits(code);
    let all = ran.all();
    for word in words {
        assert!(all.contains(word), "no '{word}' in: {all}");
    }
    assert!(!all.contains("panicked"), "{all}");
    assert_eq!((server.tickets().len(), server.requests("ticket")), (0, 0));
    let validated = project.run(&["validate", args[0]]);
    assert!(!validated.all().contains("panicked"));
}

/// A project with a sound file and another mapping.
fn with_mapping(change: impl Fn(&str) -> String) -> Project {
    let project = Project::with_mapping(&change(KEYED));
    project.write("calls.csv", csv(&calls(3)));
    project
}

fn with_file(content: &[u8]) -> Project {
    let project = Project::new();
    project.write("calls.csv", content);
    project
}
