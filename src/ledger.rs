//! The ledger: the durable truth about submissions, in SQLite.
//!
//! Owns the only SQL of the program, the identities of rows, and the lock that keeps two runs apart. Guarantees: an
//! answer is given only after `COMMIT` with `synchronous=FULL`; every change of a state goes through
//! [`crate::submission::next`] and changes exactly one row; no patient data is stored, only keyed hashes, row numbers,
//! codes and ticket IDs. Knows no HTTP, no mapping and no file but its own.
//!
//! ```text
//! run         one execution over one input            row         (run, row) -> its submission, or why it is invalid
//! submission  the story of one call                   identity    keyed hash of a key or of cells -> submission
//! finding     what a person found about a submission that was in doubt
//! ```
//!
//! [`Ledger`] is what a run holds, [`Reader`] what looks on, [`Steward`] what a person works with between runs.

mod adopt;
mod check;
mod decide;
mod doubts;
mod emergency;
mod foreseen;
mod history;
mod identical;
mod identity;
mod journal;
mod lock;
mod mark;
mod place;
mod purge;
mod reader;
mod reference;
mod register;
mod resolve;
mod run_end;
mod runs;
mod schema;
mod scope;
mod steward;
mod submissions;
mod writer;

pub use adopt::{Adopted, Adoption};
pub use check::Soundness;
pub use decide::{Disposition, Registration, RejectsFile, Verdict};
pub use doubts::{Found, RowInDoubt, StoredFinding};
pub use emergency::EmergencyNote;
pub use foreseen::{Foreseen, RowBefore};
pub use history::{Fate, RowStory, RowsOfRun};
pub use identity::{Identities, Identity};
pub use lock::Holder;
pub use place::files_of;
pub use purge::{Purge, Purged};
pub use reader::{Reader, Snapshot};
pub use reference::{Reference, ReferenceError};
pub use register::Preview;
pub use resolve::{NewFinding, Recorded, Refused};
pub use run_end::RunEnd;
pub use runs::{CodeCount, RunStory, Tally};
pub use scope::Scope;
pub use steward::{Mode, Steward};
pub use writer::NewRun;

use crate::counting::counted;
use crate::seen::plain_path;
use crate::submission::{Event, IllegalTransition, State};
use emergency::EmergencyFile;
use rusqlite::Connection;
use std::fmt;
use std::path::{Path, PathBuf};
use tokio::sync::{mpsc, oneshot};
use writer::{Op, Writer};

/// The number of a run in its ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub i64);

/// The number of a submission in its ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubmissionId(pub i64);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What went wrong with the ledger, and where it lies.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the ledger {}: {kind}", plain_path(path))]
pub struct LedgerError {
    /// The ledger's file.
    pub path: PathBuf,
    /// What went wrong.
    pub kind: LedgerErrorKind,
}

impl LedgerError {
    /// The file beside the ledger that holds its lock and how far it had come.
    #[must_use]
    pub fn lock_file(&self) -> PathBuf {
        lock::path_of(&place::real(&self.path))
    }
}

/// The kinds of trouble with a ledger.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LedgerErrorKind {
    /// Another run holds it.
    #[error("is in use by another run{0}")]
    Held(Holder),
    /// The folder or file cannot be made or opened.
    #[error("cannot be opened: {0}")]
    Open(String),
    /// A newer version of the program wrote it.
    #[error(
        "was written by a newer version of ticketload (its format is {found}, this version knows {known})"
    )]
    Newer {
        /// The format in the file.
        found: i64,
        /// The newest format that this program knows.
        known: i64,
    },
    /// It is no SQLite file, or a damaged one.
    #[error("is damaged or is no ledger: {0}")]
    Damaged(String),
    /// It knows less than was committed to it.
    #[error(
        "lacks what was stored in it last: it or the file beside it that ends in -wal was removed or damaged, or an older copy was put in its place"
    )]
    Behind,
    /// The emergency file beside it is another ledger's.
    #[error(
        "cannot take what {} beside it holds: {} of another ledger",
        plain_path(file),
        counted(*notes, "outcome")
    )]
    ForeignNotes {
        /// The emergency file.
        file: PathBuf,
        /// How many of its notes are not this ledger's.
        notes: u64,
    },
    /// There is none.
    #[error("does not exist")]
    Absent,
    /// It was made, and holds nothing yet.
    #[error("holds nothing yet: no import has begun with it")]
    Empty,
    /// It is not where it was when the run began.
    #[error("was removed or replaced while a run was using it")]
    Gone,
    /// It has several names, and so has its lock.
    #[error(
        "is one file under {0} names (hard links): two runs could hold it at once, each by another name"
    )]
    Linked(u64),
    /// It is mounted by itself, or one of the files beside it is.
    #[error(
        "cannot be used here, since {} is mounted by itself: whoever uses it where it was mounted from has another lock and journal", .0.display()
    )]
    Mounted(PathBuf),
    /// It would lie on another machine.
    #[error(
        "would lie on a file system of another machine or of this one's host ({0}), where neither its lock nor its journal holds"
    )]
    Network(String),
    /// Others could put it aside, and every call would be sent again.
    #[error("would lie in a folder that others can write: {}", plain_path(.0))]
    Shared(PathBuf),
    /// SQLite did not take a setting that durability rests on.
    #[error("cannot be made durable here: {0} (a network file system?)")]
    NotDurable(String),
    /// Reading or writing failed.
    #[error("cannot be read or written: {0}")]
    Sql(String),
    /// The state machine refused: a defect of ours.
    #[error("{0}")]
    Illegal(#[from] IllegalTransition),
    /// A change met another number of rows than one: a defect of ours.
    #[error("a change touched {0} rows instead of one")]
    NotOne(usize),
    /// The writer's thread is gone.
    #[error("its writer has stopped")]
    WriterGone,
}

impl LedgerErrorKind {
    /// Whether this is a defect of the program rather than of its surroundings.
    #[must_use]
    pub fn is_defect(&self) -> bool {
        matches!(
            self,
            LedgerErrorKind::Illegal(_) | LedgerErrorKind::NotOne(_)
        )
    }
}

impl From<rusqlite::Error> for LedgerErrorKind {
    fn from(error: rusqlite::Error) -> LedgerErrorKind {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                LedgerErrorKind::Damaged(error.to_string())
            }
            _ => LedgerErrorKind::Sql(match error {
                // Without the statement, which tells nobody anything.
                rusqlite::Error::SqlInputError { msg, .. } => msg,
                error => error.to_string(),
            }),
        }
    }
}

/// The open ledger of this process: one writer, many callers.
///
/// Dropping it waits until everything that was asked for is committed, and lets the lock go.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    identity_key: Vec<u8>,
    ops: Option<mpsc::UnboundedSender<Op>>,
    writer: Option<std::thread::JoinHandle<()>>,
    recovered: u64,
    emergency: EmergencyFile,
    _lock: lock::Lock,
}

/// How hard the ledger presses for durability. Anything but `Full` is for measuring what durability costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// Every commit is on the disk before it is answered.
    #[default]
    Full,
    /// Commits may be lost with the power.
    Off,
}

impl Ledger {
    /// Opens the ledger, creating it where there is none, and takes its lock.
    ///
    /// What a dead run left claimed becomes `in_doubt`, after its emergency file, if any, has been read back.
    ///
    /// # Errors
    ///
    /// [`LedgerErrorKind::Held`] where another process has the lock; the other kinds as they say.
    pub fn open(path: &Path) -> Result<Ledger, LedgerError> {
        Ledger::open_with(path, Synchronous::Full)
    }

    /// As [`Ledger::open`], with a choice of durability for measurements.
    ///
    /// # Errors
    ///
    /// As [`Ledger::open`].
    pub fn open_with(path: &Path, synchronous: Synchronous) -> Result<Ledger, LedgerError> {
        let Opened {
            path,
            lock,
            connection,
            identity_key,
            recovered,
        } = Opened::open(path, synchronous)?;
        let located = |kind| LedgerError {
            path: path.clone(),
            kind,
        };
        if let Some(mark) = lock.mark() {
            mark.check_place(&connection, &identity_key)
                .map_err(located)?;
        }
        let (ops, queue) = mpsc::unbounded_channel();
        let marker = lock.marker(&identity_key).map_err(located)?;
        let standing = place::Standing::of(&path);
        let writer = Writer::start(connection, marker, standing, queue)
            .map_err(|error| located(LedgerErrorKind::Open(error.to_string())))?;
        let emergency = EmergencyFile::reserve(&path, &identity_key);
        Ok(Ledger {
            path,
            identity_key,
            ops: Some(ops),
            writer: Some(writer),
            recovered,
            emergency,
            _lock: lock,
        })
    }

    /// Where the ledger lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many rows an earlier, interrupted run had left claimed; they are in doubt now.
    #[must_use]
    pub fn recovered(&self) -> u64 {
        self.recovered
    }

    /// Opens a second, reading connection.
    ///
    /// # Errors
    ///
    /// Where SQLite cannot open or read the file.
    pub fn reader(&self) -> Result<Reader, LedgerError> {
        Reader::open(&self.path)
    }

    /// Begins a run and gives its number. Blocks until it is committed.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be written.
    pub fn begin_run(&self, run: NewRun) -> Result<RunId, LedgerError> {
        self.ask_blocking(|answer| Op::Begin {
            run: Box::new(run),
            answer,
        })
    }

    /// Ends a run. Blocks until it is committed.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be written.
    pub fn end_run(&self, run: RunId, end: RunEnd) -> Result<(), LedgerError> {
        self.ask_blocking(|answer| Op::End { run, end, answer })
    }

    /// Finds out what each row is, remembers it for the run, and says which rows are to be sent. Blocks until it is
    /// committed.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be written; none of the rows is registered then.
    pub fn register(
        &self,
        run: RunId,
        rows: Vec<Registration>,
    ) -> Result<Vec<Disposition>, LedgerError> {
        self.ask_blocking(|answer| Op::Register { run, rows, answer })
    }

    /// Moves a submission on; when the future is done, the new state is on the disk. Gives the state that was stored,
    /// which is `in_doubt` instead of `created` where the ticket belongs to another row of the account.
    ///
    /// The change is under way when this returns, also if the future is dropped; changes happen in the order in which they
    /// were asked for.
    ///
    /// # Errors
    ///
    /// Where the ledger cannot be written, or the event may not happen now; nothing has changed then.
    pub fn apply(
        &self,
        submission: SubmissionId,
        event: Event,
    ) -> impl Future<Output = Result<State, LedgerError>> + Send + use<> {
        let (answer, reply) = oneshot::channel();
        let sent = self.send(Op::Apply {
            submission,
            event,
            answer,
        });
        let path = self.path.clone();
        async move {
            sent?;
            let answer = reply.await.unwrap_or(Err(LedgerErrorKind::WriterGone));
            answer.map_err(|kind| LedgerError { path, kind })
        }
    }

    /// Keeps an outcome that could not be stored in the emergency file, and gives its path. The next one who opens the
    /// ledger reads it back.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written either.
    pub fn keep(&self, note: &EmergencyNote) -> std::io::Result<PathBuf> {
        self.emergency.keep(note)
    }

    fn ask_blocking<T>(
        &self,
        op: impl FnOnce(oneshot::Sender<Result<T, LedgerErrorKind>>) -> Op,
    ) -> Result<T, LedgerError> {
        let (answer, reply) = oneshot::channel();
        self.send(op(answer))?;
        reply
            .blocking_recv()
            .unwrap_or(Err(LedgerErrorKind::WriterGone))
            .map_err(|kind| self.located(kind))
    }

    fn send(&self, op: Op) -> Result<(), LedgerError> {
        let gone = || self.located(LedgerErrorKind::WriterGone);
        self.ops
            .as_ref()
            .ok_or_else(gone)?
            .send(op)
            .map_err(|_| gone())
    }

    fn located(&self, kind: LedgerErrorKind) -> LedgerError {
        LedgerError {
            path: self.path.clone(),
            kind,
        }
    }
}

/// A ledger that is opened for writing: locked, up to date and recovered.
#[derive(Debug)]
struct Opened {
    /// Where it really lies.
    path: PathBuf,
    lock: lock::Lock,
    connection: Connection,
    identity_key: Vec<u8>,
    recovered: u64,
}

impl Opened {
    fn open(path: &Path, synchronous: Synchronous) -> Result<Opened, LedgerError> {
        let open = || -> Result<Opened, LedgerErrorKind> {
            let path = schema::prepare_folder(path)?;
            let lock = lock::Lock::take(&path)?;
            let mut connection = schema::open(&path, synchronous)?;
            let identity_key = schema::identity_key(&connection)?;
            if let Some(mark) = lock.mark() {
                mark.check(&connection, &identity_key)?;
            }
            emergency::read_back(&path, &mut connection, &identity_key)?;
            let recovered = submissions::recover(&mut connection)?;
            Ok(Opened {
                path,
                lock,
                connection,
                identity_key,
                recovered,
            })
        };
        open().map_err(|kind| LedgerError {
            path: path.to_owned(),
            kind,
        })
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.ops = None;
        if let Some(writer) = self.writer.take() {
            // The writer answers every caller itself; a panic in it has already reached them as `WriterGone`.
            drop(writer.join());
        }
    }
}

#[cfg(test)]
mod tests;
