//! The lock that keeps a second run off the same ledger.
//!
//! Owns a file beside the ledger, held with the operating system's own lock, so that a dead process never blocks the
//! next one. What is written in the file says who holds it, for people only, and behind that how far the ledger had come.

use super::mark::{Mark, Marker};
use super::{LedgerErrorKind, place};
use crate::seen::plain_path;
use jiff::Timestamp;
use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Who holds a ledger, as far as its lock file tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holder(Option<String>);

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .as_ref()
            .map_or(Ok(()), |text| write!(f, " ({text})"))
    }
}

/// The held lock; letting it go out of scope frees it.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    path: PathBuf,
    /// Where the line for people ends and the mark has its place.
    mark_at: u64,
    mark: Option<Mark>,
}

impl Lock {
    pub(super) fn take(ledger: &Path) -> Result<Lock, LedgerErrorKind> {
        let path = path_of(ledger);
        let cannot = |error: std::io::Error| {
            LedgerErrorKind::Open(format!("its lock {}: {error}", plain_path(&path)))
        };
        let mut file = owner_only().read(true).open(&path).map_err(cannot)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LedgerErrorKind::Held(holder(&mut file))),
            Err(TryLockError::Error(error)) => return Err(cannot(error)),
        }
        let mark = mark_in(&mut file);
        // Only told to people; a failure here (a full disk) will show where it matters.
        let since = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
        let holder = format!("process {}, since {since}\n", std::process::id());
        let text = holder.clone() + &mark.as_ref().map(Mark::line).unwrap_or_default();
        drop(
            file.rewind()
                .and_then(|()| file.write_all(text.as_bytes()))
                .and_then(|()| file.set_len(text.len() as u64)),
        );
        Ok(Lock {
            file,
            path,
            mark_at: holder.len() as u64,
            mark,
        })
    }

    /// How far the ledger had come when it was held last.
    pub(super) fn mark(&self) -> Option<&Mark> {
        self.mark.as_ref()
    }

    /// What notes from now on how far the ledger has come.
    pub(super) fn marker(&self, identity_key: &[u8]) -> Result<Marker, LedgerErrorKind> {
        Marker::new(&self.path, self.mark_at, identity_key)
            .map_err(|error| LedgerErrorKind::Open(format!("its lock: {error}")))
    }

    /// Forgets how far the ledger had come, before something of it is removed on purpose.
    pub(super) fn forget_mark(&self) -> Result<(), LedgerErrorKind> {
        self.file
            .set_len(self.mark_at)
            .map_err(|error| LedgerErrorKind::Open(format!("its lock: {error}")))
    }
}

/// How far a ledger had come when it was held last, read without holding it.
pub(super) fn mark_beside(ledger: &Path) -> Option<Mark> {
    mark_in(&mut File::open(path_of(ledger)).ok()?)
}

fn mark_in(file: &mut File) -> Option<Mark> {
    let text = beginning(file)?;
    Mark::parse(text.lines().nth(1)?)
}

pub(super) fn path_of(ledger: &Path) -> PathBuf {
    place::beside(ledger, place::LOCK)
}

fn holder(file: &mut File) -> Holder {
    let text = beginning(file).unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let line = line.trim().replace(|c: char| c.is_control(), " ");
    Holder((!line.is_empty()).then_some(line))
}

/// The lines of a lock file, which are short; none where it holds something else.
fn beginning(file: &mut File) -> Option<String> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(400).read_to_string(&mut text).ok()?;
    Some(text)
}

/// Options for a file that only its owner may read.
pub(super) fn owner_only() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    options
}
