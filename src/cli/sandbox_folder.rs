//! The temporary folder of a sandbox.
//!
//! Owns that nobody else can read it and that it does not outlive its sandbox for long: its tickets are whole payloads.
//! What a killed process leaves, the next one with a sandbox takes away. A lock in the folder says that its process lives.

use super::failure::Failure;
use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use tempfile::{Builder, NamedTempFile, TempDir};

/// What the names of such folders begin with.
const PREFIX: &str = "ticketload-sandbox-";
/// The file within, locked as long as its process lives.
const IN_USE: &str = "in-use";

/// A folder that goes away with this.
#[derive(Debug)]
pub(super) struct SandboxFolder {
    folder: TempDir,
    /// Held until the folder is gone: fields are dropped in their order.
    _in_use: File,
}

impl SandboxFolder {
    /// Makes one, and takes away those of processes that have died.
    pub(super) fn make() -> Result<SandboxFolder, Failure> {
        SandboxFolder::make_in(&std::env::temp_dir()).map_err(|error| Failure::Io {
            what: "the sandbox's folder cannot be made",
            error,
        })
    }

    fn make_in(parent: &Path) -> io::Result<SandboxFolder> {
        let folder = Builder::new()
            .prefix(PREFIX)
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(parent)?;
        // Locked before it has its name, so that nobody finds it free in between.
        let in_use = NamedTempFile::new_in(folder.path())?;
        in_use.as_file().try_lock()?;
        let in_use = in_use.persist(folder.path().join(IN_USE))?;
        // What cannot be taken away harms nobody's import.
        drop(sweep(parent, folder.path().metadata()?.uid()));
        Ok(SandboxFolder {
            folder,
            _in_use: in_use,
        })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Takes away the folders of this user that nobody uses any more.
fn sweep(parent: &Path, user: u32) -> io::Result<()> {
    for entry in parent.read_dir()? {
        let entry = entry?;
        // Of the entry itself: a link is no folder of ours, wherever it leads.
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX)
            && entry
                .metadata()
                .is_ok_and(|found| found.is_dir() && found.uid() == user);
        if is_ours
            && let Ok(in_use) = File::open(entry.path().join(IN_USE))
            && in_use.try_lock().is_ok()
        {
            drop(std::fs::remove_dir_all(entry.path()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_uses_any_more_is_taken_away_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let dead = parent.path().join(format!("{PREFIX}dead"));
        let unlocked = parent.path().join(format!("{PREFIX}other"));
        let foreign = parent.path().join("another-program");
        for folder in [&dead, &unlocked, &foreign] {
            std::fs::create_dir(folder).unwrap();
            std::fs::write(folder.join("tickets.jsonl"), "").unwrap();
        }
        for folder in [&dead, &foreign] {
            std::fs::write(folder.join(IN_USE), "").unwrap();
        }
        let link = parent.path().join(format!("{PREFIX}link"));
        std::os::unix::fs::symlink(&foreign, &link).unwrap();
        let first = SandboxFolder::make_in(parent.path()).unwrap();
        assert!(!dead.exists());
        let second = SandboxFolder::make_in(parent.path()).unwrap();
        for kept in [&unlocked, &foreign, &link, first.path(), second.path()] {
            assert!(kept.exists(), "{}", kept.display());
        }
        let mode = first.path().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let place = first.path().to_owned();
        drop(first);
        assert!(!place.exists());
    }
}
