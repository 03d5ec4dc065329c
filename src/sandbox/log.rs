//! The sandbox's memory on disk: `tickets.jsonl`, the witness, and `events.jsonl`, the story of the requests.
//!
//! A ticket's line is handed to the operating system before the answer leaves, so that a killed sandbox knows every
//! ticket that a client may know; a cut last line is dropped at the next start. `tickets.jsonl` holds patient data as
//! it was received and is the owner's alone. `events.jsonl` holds no patient data, no password and no token.

use super::SandboxError;
use super::fault::Fault;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

const TICKETS: &str = "tickets.jsonl";
const EVENTS: &str = "events.jsonl";

/// A ticket that was really created, as `tickets.jsonl` has it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct LoggedTicket {
    /// How many tickets the folder held with this one.
    pub number: u64,
    /// The ticket's ID.
    pub ticket_id: String,
    /// When it was created, RFC 3339 UTC.
    pub at: String,
    /// The name of the fault that its request met, if any.
    pub fault: Option<String>,
    /// The fields as they were received.
    pub payload: Map<String, Value>,
}

impl fmt::Debug for LoggedTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoggedTicket")
            .field("number", &self.number)
            .field("ticket_id", &self.ticket_id)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}

/// One request, as `events.jsonl` has it.
#[derive(Debug, Serialize)]
pub(crate) struct Event {
    /// When the request's head was read.
    pub(crate) at: String,
    /// `ticket`, `token`, `status`, or `other`.
    pub(crate) resource: &'static str,
    /// Its number among the requests of this kind in this life; 0 for `other`.
    pub(crate) number: u64,
    /// The connection that it came over, counted from 1.
    pub(crate) connection: u64,
    /// How many requests of this kind were unanswered then, this one included.
    pub(crate) in_flight: u64,
    pub(crate) fault: Option<Fault>,
    /// `created`, `refused`, `token`, `status`, or `nothing` where nothing was processed.
    pub(crate) outcome: &'static str,
    /// The API's code; the first of them, if there are two.
    pub(crate) code: Option<u16>,
}

impl Serialize for Fault {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Reads the tickets that a sandbox created in a folder, in order, without a cut last line.
///
/// Works beside a running sandbox. A folder without a log has no tickets.
///
/// # Errors
/// The log cannot be read, or a line that is not the last is no ticket.
pub fn created_tickets(folder: &Path) -> Result<Vec<LoggedTicket>, SandboxError> {
    let path = folder.join(TICKETS);
    let mut tickets = Vec::new();
    match File::open(&path) {
        Ok(file) => each_ticket(&path, &file, |ticket| tickets.push(ticket))?,
        Err(source) if source.kind() == io::ErrorKind::NotFound => 0,
        Err(source) => return Err(SandboxError::Log { path, source }),
    };
    Ok(tickets)
}

/// Calls `each` for every whole line; gives the length in bytes of all whole lines.
fn each_ticket(
    path: &Path,
    file: &File,
    mut each: impl FnMut(LoggedTicket),
) -> Result<u64, SandboxError> {
    let mut reader = BufReader::new(file);
    let (mut line, mut whole, mut number) = (Vec::new(), 0, 0);
    loop {
        line.clear();
        number += 1;
        let bytes = reader
            .read_until(b'\n', &mut line)
            .map_err(|source| SandboxError::Log {
                path: path.to_owned(),
                source,
            })?;
        if line.last() != Some(&b'\n') {
            return Ok(whole);
        }
        let ticket = serde_json::from_slice(&line).map_err(|_| SandboxError::Damaged {
            path: path.to_owned(),
            line: number,
        })?;
        each(ticket);
        whole += bytes as u64;
    }
}

/// Both logs, open and, in `tickets.jsonl`, locked against a second sandbox.
#[derive(Debug)]
pub(crate) struct Logs {
    tickets: File,
    events: File,
    line: Vec<u8>,
    /// Where the last whole line ends: a line that could not be written in full is taken back.
    whole: u64,
}

impl Logs {
    /// Opens or creates the logs in a folder, calling `each` for every ticket that is there.
    pub(crate) fn open(
        folder: &Path,
        each: impl FnMut(LoggedTicket),
    ) -> Result<Logs, SandboxError> {
        create_folder(folder).map_err(|source| SandboxError::Folder {
            path: folder.to_owned(),
            source,
        })?;
        let path = folder.join(TICKETS);
        let io_error = |path: &PathBuf| {
            let path = path.clone();
            |source| SandboxError::Log { path, source }
        };
        let tickets = open_private(&path).map_err(io_error(&path))?;
        match tickets.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(SandboxError::InUse {
                    path: folder.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(SandboxError::Log { path, source }),
        }
        let whole = each_ticket(&path, &tickets, each)?;
        tickets.set_len(whole).map_err(io_error(&path))?;
        let path = folder.join(EVENTS);
        let events = open_private(&path).map_err(io_error(&path))?;
        Ok(Logs {
            tickets,
            events,
            line: Vec::new(),
            whole,
        })
    }

    /// Writes a ticket's line; after an error the log does not hold it.
    pub(crate) fn ticket(&mut self, ticket: &impl Serialize) -> io::Result<()> {
        self.render(ticket)?;
        if let Err(error) = self.tickets.write_all(&self.line) {
            self.tickets.set_len(self.whole)?;
            return Err(error);
        }
        self.whole += self.line.len() as u64;
        Ok(())
    }

    /// Writes an event's line. One that cannot be written is lost: events prove nothing.
    pub(crate) fn event(&mut self, event: &Event) {
        if self.render(event).is_ok() {
            self.events.write_all(&self.line).ok();
        }
    }

    fn render(&mut self, entry: &impl Serialize) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, entry)?;
        self.line.push(b'\n');
        Ok(())
    }
}

fn create_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

/// Opens a file for appending, readable by its owner alone, also where it was there before with more rights.
fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(0o600);
    let file = options.open(path)?;
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    Ok(file)
}
