//! [`FileState`]: which file this is, so that one that grows or is replaced between two looks is noticed.
//!
//! Compares size, time of change and the file's number. Owns the fingerprint of a file's
//! bytes as well, which is what a resumed run goes by.

use super::encoding::read_some;
use super::error::{Fault, InputErrorKind};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

/// What tells a file from a changed one without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileState {
    bytes: u64,
    modified: Option<SystemTime>,
    /// Its device and its number there.
    number: (u64, u64),
}

impl FileState {
    /// Looks at the file; refuses what is no regular file before anything waits on it.
    pub(super) fn of(path: &Path) -> Result<FileState, Fault> {
        let metadata = std::fs::metadata(path)?;
        if metadata.is_dir() {
            return Err(InputErrorKind::Folder.into());
        }
        if !metadata.is_file() {
            return Err(InputErrorKind::NotAFile.into());
        }
        Ok(FileState {
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
            number: (metadata.dev(), metadata.ino()),
        })
    }

    /// Fails where the path no longer leads to the same, unchanged file.
    pub(super) fn check(&self, path: &Path) -> Result<(), Fault> {
        if FileState::of(path)? == *self {
            Ok(())
        } else {
            Err(InputErrorKind::Changed.into())
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// The SHA-256 of a file's bytes.
pub(super) fn digest(path: &Path) -> io::Result<[u8; 32]> {
    let mut file = File::open(path)?;
    let mut chunk = vec![0; 64 * 1024];
    let mut hash = Sha256::new();
    loop {
        let length = read_some(&mut file, &mut chunk)?;
        if length == 0 {
            return Ok(hash.finalize().into());
        }
        hash.update(chunk.get(..length).unwrap_or_default());
    }
}
