//! The binary as a process: started, signalled, waited for.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// No run of a test takes this long; one that does is killed, so that the test fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(180);

/// A process that goes.
pub(crate) struct Running {
    child: Child,
    stderr: BufReader<ChildStderr>,
    seen: String,
}

/// A process that has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code; none where a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Running {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Running {
            child,
            stderr,
            seen: String::new(),
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name, such as `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        send(self.id(), name);
    }

    /// Waits until the process says something on stderr.
    pub(crate) fn wait_for_line(&mut self, text: &str) {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            let read = self.stderr.read_line(&mut line).unwrap();
            self.seen.push_str(&line);
            assert!(
                read > 0,
                "it ended without a word of '{text}': {}",
                self.seen
            );
        }
    }

    /// The first lines on stdout.
    pub(crate) fn stdout_lines(&mut self, lines: usize) -> Vec<String> {
        let stdout = BufReader::new(self.child.stdout.take().unwrap());
        stdout.lines().take(lines).map(Result::unwrap).collect()
    }

    /// Waits for the end.
    pub(crate) fn end(mut self) -> Ran {
        let process = self.child.id();
        let (done, waiting) = mpsc::channel::<()>();
        let watchdog = std::thread::spawn(move || {
            if waiting.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                send(process, "KILL");
            }
        });
        let out = self.child.stdout.take();
        let reading = std::thread::spawn(move || {
            let mut text = String::new();
            out.map(|mut out| out.read_to_string(&mut text).unwrap());
            text
        });
        self.stderr.read_to_string(&mut self.seen).unwrap();
        let status = self.child.wait().unwrap();
        drop(done);
        watchdog.join().unwrap();
        Ran {
            code: status.code(),
            stdout: reading.join().unwrap(),
            stderr: std::mem::take(&mut self.seen),
        }
    }
}

impl Drop for Running {
    /// A test that fails leaves no process behind.
    fn drop(&mut self) {
        // One that has ended and was waited for takes no harm.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn send(process: u32, signal: &str) {
    let status = Command::new("kill")
        .args([format!("-{signal}"), process.to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

impl Ran {
    /// Checks the exit code; shows everything where it is another one.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Ran {
        assert_eq!(
            self.code,
            Some(code),
            "\nstdout: {}\nstderr: {}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Checks that a text stands in what was printed.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Ran {
        let all = self.all();
        assert!(all.contains(text), "no '{text}' in: {all}");
        self
    }

    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}
