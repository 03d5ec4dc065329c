//! System calls that fail as a bad disk makes them fail: the binary under `strace`, which injects the error.
//!
//! Nothing of the program is changed for it. Where `strace` is missing or tracing is not permitted, a test that wants it
//! says so and proves nothing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Which system calls fail, with what, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failing<'a> {
    /// Names of system calls, with commas between them.
    pub(crate) calls: &'a str,
    /// The error by its name, such as `EIO`.
    pub(crate) error: &'a str,
    /// `3`: the third of them in each thread; `3+`: that one and all later ones.
    pub(crate) when: &'a str,
}

/// The command with these failures in calls on the given files, or on any where none is given; what was done is written
/// to `trace`.
pub(crate) fn failing(
    command: &Command,
    failures: &[Failing<'_>],
    paths: &[PathBuf],
    trace: &Path,
) -> Command {
    let mut traced = Command::new("strace");
    traced.args(["-f", "--seccomp-bpf", "-qqq", "-e", "signal=none"]);
    let calls: Vec<&str> = failures.iter().map(|failing| failing.calls).collect();
    traced.args(["-e", &format!("trace={}", calls.join(","))]);
    for Failing { calls, error, when } in failures {
        traced.args(["-e", &format!("inject={calls}:error={error}:when={when}")]);
    }
    for path in paths {
        traced.arg("-P").arg(path);
    }
    traced.arg("-o").arg(trace);
    within(&mut traced, command);
    traced
}

/// Lets a program start the command: its last arguments, its folder and its environment are the command's.
pub(crate) fn within(outer: &mut Command, command: &Command) {
    outer.arg(command.get_program()).args(command.get_args());
    outer.env_clear();
    outer.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            outer.env(name, value);
        }
    }
    if let Some(folder) = command.get_current_dir() {
        outer.current_dir(folder);
    }
}

/// How many calls failed by injection.
pub(crate) fn injected(trace: &Path) -> usize {
    let text = std::fs::read_to_string(trace).unwrap();
    text.matches("(INJECTED)").count()
}

/// Whether failures can be injected here; says why not, once.
pub(crate) fn can_inject() -> bool {
    static ANSWER: OnceLock<Result<(), String>> = OnceLock::new();
    let answer = ANSWER.get_or_init(|| {
        let tried = Command::new("strace")
            .args(["-f", "-qqq", "-o", "/dev/null", "true"])
            .stdin(Stdio::null())
            .output();
        match tried {
            Err(error) => Err(format!("strace cannot be started: {error}")),
            Ok(output) if output.status.success() => Ok(()),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        }
    });
    if let Err(why) = answer {
        println!("skipped, no failing disk can be made here: {why}");
    }
    answer.is_ok()
}
