//! The lock that keeps a second run off the same ledger.
//!
//! Owns a file beside the ledger, held with the operating system's own lock, so that a dead process never blocks the
//! next one. What is written in the file says who holds it, for people only.

use super::LedgerErrorKind;
use jiff::Timestamp;
use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
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
    _file: File,
}

impl Lock {
    pub(super) fn take(ledger: &Path) -> Result<Lock, LedgerErrorKind> {
        let path = path_of(ledger);
        let cannot = |error: std::io::Error| {
            LedgerErrorKind::Open(format!("its lock {}: {error}", path.display()))
        };
        let mut file = owner_only().read(true).open(&path).map_err(cannot)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LedgerErrorKind::Held(holder(&mut file))),
            Err(TryLockError::Error(error)) => return Err(cannot(error)),
        }
        // Only told to people; a failure here (a full disk) will show where it matters.
        let since = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
        let text = format!("process {}, since {since}\n", std::process::id());
        drop(
            file.set_len(0)
                .and_then(|()| file.write_all(text.as_bytes())),
        );
        Ok(Lock { _file: file })
    }
}

fn path_of(ledger: &Path) -> PathBuf {
    let mut name = ledger.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

fn holder(file: &mut File) -> Holder {
    let mut text = String::new();
    let read = file
        .rewind()
        .and_then(|()| file.take(200).read_to_string(&mut text));
    let text = text.trim().replace(|c: char| c.is_control(), " ");
    Holder((read.is_ok() && !text.is_empty()).then_some(text))
}

/// Options for a file that only its owner may read.
pub(super) fn owner_only() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
