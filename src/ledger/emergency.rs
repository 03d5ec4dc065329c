//! The emergency file: outcomes that the ledger could not store, kept beside it until the next run reads them back.
//!
//! Owns `LEDGER.emergency.jsonl`: one line per outcome, with the submission's number, what was proven and, of a ticket, what
//! a person should know of it, which names fields; no patient data. The moment of need is mostly that of a full disk, so the
//! file is made when the ledger is opened and filled with line feeds, in whose place the notes are written; it goes away again if there were none. Reading back goes through the
//! state machine. Each note says whose it is: those of another ledger are refused and stay where they are, since nothing
//! else may know of them. A ticket is taken over whatever the row has come to meanwhile, unless it has one; any other note
//! is dropped where the row has left its claim, since its doubt stands and does no harm.

use super::mark::number_of;
use super::submissions::{change, holder_of_ticket, state_of};
use super::{LedgerErrorKind, SubmissionId, lock, place};
use crate::folder::folder_of;
use crate::seen::plain_path;
use crate::submission::{Doubt, Event, State};
use crate::ticket::{ErrorCode, TicketId};
use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// One outcome that could not be stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmergencyNote {
    submission: i64,
    #[serde(flatten)]
    seen: Seen,
    /// What a person should know of the ticket; of most there is nothing, and earlier versions did not note it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    remark: Option<String>,
}

/// What was proven of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Seen {
    /// The ticket that was created.
    TicketId(String),
    /// The API's code, where the row was rejected.
    Rejected(u16),
    /// Our word for what was seen, where the row is in doubt.
    InDoubt(String),
    /// Where the request provably did not leave.
    Released(String),
}

impl EmergencyNote {
    /// The note for an event; none for events that carry no outcome.
    #[must_use]
    pub fn of(submission: SubmissionId, event: &Event) -> Option<EmergencyNote> {
        let mut about_ticket = None;
        let seen = match event {
            Event::Created { ticket_id, remark } => {
                about_ticket.clone_from(remark);
                Seen::TicketId(ticket_id.as_str().to_owned())
            }
            Event::Rejected { code } => Seen::Rejected(code.0),
            Event::Unproven(doubt) => Seen::InDoubt(doubt.code.clone()),
            Event::Released { seen } => Seen::Released(seen.clone()),
            Event::Claimed
            | Event::Crashed
            | Event::Requeued
            | Event::FoundCreated { .. }
            | Event::FoundNotCreated => return None,
        };
        Some(EmergencyNote {
            submission: submission.0,
            seen,
            remark: about_ticket,
        })
    }

    /// The event once more; none where its ticket has no ID.
    fn event(self) -> Option<Event> {
        Some(match self.seen {
            Seen::TicketId(id) => Event::Created {
                ticket_id: TicketId::new(&id)?,
                remark: self.remark,
            },
            Seen::Rejected(code) => Event::Rejected {
                code: ErrorCode(code),
            },
            Seen::Released(seen) => Event::Released { seen },
            Seen::InDoubt(code) => Event::Unproven(Doubt {
                message: format!("no proof came back ({code})"),
                code,
            }),
        })
    }
}

fn path_of(ledger: &Path) -> PathBuf {
    place::beside(ledger, place::EMERGENCY)
}

/// A note as it stands in the file.
#[derive(Serialize, Deserialize)]
struct Line {
    /// The number of its ledger, in hexadecimal; none in the files of earlier versions.
    ledger: Option<String>,
    #[serde(flatten)]
    note: EmergencyNote,
}

/// Room for the notes of more than a hundred workers, also where each of them has a remark that names some fields.
const RESERVE: usize = 32 * 1024;

/// The emergency file of a ledger that is open for a run.
#[derive(Debug)]
pub(super) struct EmergencyFile {
    path: PathBuf,
    /// The number of the ledger, as it stands in each note.
    ledger: String,
    notes: Mutex<Notes>,
}

#[derive(Debug)]
struct Notes {
    /// None where the file could not be made yet.
    file: Option<File>,
    /// Where the next note is written; 0 as long as there is none.
    at: u64,
    /// What was written, for the case that the file loses its name.
    written: Vec<u8>,
    /// The file that has the name.
    standing: place::Standing,
}

impl EmergencyFile {
    /// Makes the file and its room. Where that fails the first note tries again: it is needed only if something else
    /// fails too.
    pub(super) fn reserve(ledger: &Path, identity_key: &[u8]) -> EmergencyFile {
        let path = path_of(ledger);
        let reserve = || -> io::Result<File> {
            let file = lock::owner_only().open(&path)?;
            file.write_all_at(&[b'\n'; RESERVE], 0)?;
            file.sync_all()?;
            Ok(file)
        };
        let file = reserve().ok();
        let standing = place::Standing::of(&path);
        EmergencyFile {
            path,
            ledger: shown_number(identity_key),
            notes: Mutex::new(Notes {
                file,
                at: 0,
                written: Vec::new(),
                standing,
            }),
        }
    }

    /// Writes a note over the reserve, or behind it once that is used up, and gives the file's path.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written either; the caller then has only its own voice left.
    pub(super) fn keep(&self, note: &EmergencyNote) -> io::Result<PathBuf> {
        // It begins on a line of its own also where the one before was cut.
        let mut line = b"\n".to_vec();
        let whole = Line {
            ledger: Some(self.ledger.clone()),
            note: note.clone(),
        };
        serde_json::to_writer(&mut line, &whole)?;
        line.push(b'\n');
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = match notes.file.take() {
            Some(file) if notes.standing.holds() => file,
            _ => self.made_anew(&mut notes)?,
        };
        let at = notes.at;
        notes.at += line.len() as u64;
        let written = file
            .seek(SeekFrom::Start(at))
            .and_then(|_| file.write_all(&line))
            .and_then(|()| file.sync_data());
        notes.file = Some(file);
        notes.written.append(&mut line);
        written.map(|()| self.path.clone())
    }

    /// The file once more, with what was noted already, where it could not be made or was removed with the ledger: what is
    /// written to a file without a name is lost with the process. One that has come to stand there is written behind.
    fn made_anew(&self, notes: &mut Notes) -> io::Result<File> {
        let mut file = lock::owner_only().open(&self.path)?;
        let behind = file.seek(SeekFrom::End(0))?;
        file.write_all(&notes.written)?;
        file.sync_all()?;
        // The name is to be there after a power cut, too; a folder that cannot be pressed to the disk is no reason to stop.
        drop(File::open(folder_of(&self.path)).and_then(|folder| folder.sync_all()));
        notes.at = behind + notes.written.len() as u64;
        notes.standing = place::Standing::of(&self.path);
        Ok(file)
    }
}

impl Drop for EmergencyFile {
    fn drop(&mut self) {
        let notes = self.notes.get_mut().unwrap_or_else(PoisonError::into_inner);
        if notes.at == 0 {
            // One that stays is empty, and the next run takes it away.
            drop(std::fs::remove_file(&self.path));
        }
    }
}

fn shown_number(identity_key: &[u8]) -> String {
    format!("{:016x}", number_of(identity_key))
}

/// Reads the notes of an earlier run into the ledger and takes the file away; where any of them is another ledger's, none
/// is read and the file stays.
pub(super) fn read_back(
    ledger: &Path,
    connection: &mut Connection,
    identity_key: &[u8],
) -> Result<(), LedgerErrorKind> {
    let path = path_of(ledger);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            return Err(LedgerErrorKind::Open(format!(
                "{}: {error}",
                plain_path(&path)
            )));
        }
    };
    // A line that was cut says nothing: its row stays claimed and becomes in doubt.
    let lines: Vec<Line> = text
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect();
    let at = Timestamp::now().as_millisecond();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let own = shown_number(identity_key);
    let mut foreign = 0;
    for line in &lines {
        let is_own = line.ledger.as_ref().is_none_or(|number| *number == own);
        foreign += u64::from(!is_own || !exists(&transaction, line.note.submission)?);
    }
    if foreign > 0 {
        return Err(LedgerErrorKind::ForeignNotes {
            file: path,
            notes: foreign,
        });
    }
    for Line { note, .. } in lines {
        let submission = SubmissionId(note.submission);
        if let Some(event) = note.event() {
            take_over(&transaction, submission, event, at)?;
        }
    }
    transaction.commit()?;
    std::fs::remove_file(&path)
        .map_err(|error| LedgerErrorKind::Open(format!("{}: {error}", plain_path(&path))))
}

fn exists(connection: &Connection, submission: i64) -> Result<bool, LedgerErrorKind> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM submission WHERE id = ?1")?;
    Ok(statement.exists([submission])?)
}

/// Moves a submission on by what was noted of it.
fn take_over(
    connection: &Connection,
    submission: SubmissionId,
    event: Event,
    at: i64,
) -> Result<(), LedgerErrorKind> {
    let events = match (state_of(connection, submission)?, event) {
        (State::Claimed, event) => vec![event],
        // The API's own word is worth as much as that of a person who looked the ticket up.
        (State::InDoubt(_), Event::Created { ticket_id, remark }) => {
            match holder_of_ticket(connection, submission, &ticket_id)? {
                None => vec![Event::FoundCreated { ticket_id, remark }],
                Some(_) => Vec::new(),
            }
        }
        // Somebody found no ticket, but there is one: the row must not be sent again.
        (State::Ready { .. } | State::Rejected { .. }, created @ Event::Created { .. }) => {
            vec![Event::Requeued, Event::Claimed, created]
        }
        _ => Vec::new(),
    };
    for event in events {
        change(connection, submission, event, at)?;
    }
    Ok(())
}
