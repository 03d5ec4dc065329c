//! [`AtomicFile`]: a file that appears whole or not at all, and that only its owner may read where it holds values.
//!
//! Takes the place of a regular file or of nothing: what a link leads to is replaced and not the link, and never a folder, a
//! device or a pipe. What a killed run left half written in the folder is taken away by the next file that is begun there:
//! a file is locked as long as it is written, so that one whose lock is free is nobody's any more.

use crate::abort::{self, Step};
use crate::folder::folder_of;
use std::fs::{File, Permissions, TryLockError};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tempfile::{NamedTempFile, PersistError};

/// A file being written beside the place where it will stand.
#[derive(Debug)]
pub struct AtomicFile {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
}

impl AtomicFile {
    /// Begins a file that will stand at `path`.
    ///
    /// # Errors
    ///
    /// Where nothing can be written in that folder, or something else than a file stands in that place.
    pub fn create(path: &Path) -> io::Result<AtomicFile> {
        AtomicFile::begin(path, FOR_OWNER)
    }

    /// The same for a file that holds no value: others may read it as far as the user lets them.
    ///
    /// # Errors
    ///
    /// As [`AtomicFile::create`].
    pub fn create_shared(path: &Path) -> io::Result<AtomicFile> {
        AtomicFile::begin(path, FOR_ALL)
    }

    fn begin(path: &Path, mode: u32) -> io::Result<AtomicFile> {
        let path = place(path)?;
        let folder = folder_of(&path);
        let file = begin(folder, mode)?;
        // Best effort: what cannot be taken away now is for the next time.
        drop(take_leftovers_away(folder, file.as_file()));
        Ok(AtomicFile {
            path,
            file: BufWriter::new(file),
        })
    }

    /// Where what was written so far can be read, before it is in its place.
    ///
    /// # Errors
    ///
    /// Where the rest of it cannot be written.
    pub(super) fn so_far(&mut self) -> io::Result<&Path> {
        self.file.flush()?;
        Ok(self.file.get_ref().path())
    }

    /// Puts the file in its place, over an earlier one; from here on it is there for good.
    ///
    /// # Errors
    ///
    /// Where the rest cannot be written or the place cannot be taken; an earlier file stands unchanged then. Also where the
    /// disk does not keep that the place was taken: after a power cut the earlier file may be there again.
    pub fn persist(self) -> io::Result<()> {
        self.put(|file, path| file.persist(path))
    }

    /// Puts the file in its place if nothing stands there, not even since it was begun.
    ///
    /// # Errors
    ///
    /// As [`AtomicFile::persist`], and where something stands there: [`io::ErrorKind::AlreadyExists`].
    pub fn persist_new(self) -> io::Result<()> {
        self.put(|file, path| file.persist_noclobber(path))
    }

    fn put(
        self,
        place: impl FnOnce(NamedTempFile, &Path) -> Result<File, PersistError>,
    ) -> io::Result<()> {
        let file = self
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        abort::at(Step::Written);
        drop(place(file, &self.path).map_err(|error| error.error)?);
        abort::at(Step::Placed);
        keep_names_in(folder_of(&self.path))
    }
}

/// Makes what was renamed in a folder outlast a power cut: with the file alone only its content does.
///
/// Some folders cannot be opened, such as one that may be written and not listed, and some file systems do not sync
/// folders. More than the rename cannot be done there.
fn keep_names_in(folder: &Path) -> io::Result<()> {
    let Ok(folder) = File::open(folder) else {
        return Ok(());
    };
    match folder.sync_all() {
        Err(error) if is_failing_disk(&error) => Err(error),
        _ => Ok(()),
    }
}

/// Whether a disk did not keep what it was given; else it was asked for something that it does not know.
fn is_failing_disk(error: &io::Error) -> bool {
    let kind = error.kind();
    matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        // The number of EIO, for which there is no kind.
        || error.raw_os_error() == Some(5)
}

/// What the names of half written files begin with.
const PREFIX: &str = ".ticketload-";
/// How many letters follow.
const LETTERS: usize = 6;

/// Who may read a file; from the second the user's own mask takes away.
const FOR_OWNER: u32 = 0o600;
const FOR_ALL: u32 = 0o666;
/// Why no file can be made in a folder, without the name that nobody has asked for.
fn unnamed(error: &io::Error) -> io::Error {
    match error.kind() {
        kind @ io::ErrorKind::NotFound => io::Error::new(kind, "its folder does not exist"),
        kind => kind.into(),
    }
}

/// Begins a file under a name of its own, and locks it.
fn begin(folder: &Path, mode: u32) -> io::Result<NamedTempFile> {
    loop {
        let file = tempfile::Builder::new()
            .permissions(Permissions::from_mode(mode))
            .prefix(PREFIX)
            .rand_bytes(LETTERS)
            .tempfile_in(folder)
            .map_err(|error| unnamed(&error))?;
        match file.as_file().try_lock() {
            // Another run was faster and took it for a leftover.
            Err(TryLockError::WouldBlock) => {}
            Ok(()) if file.as_file().metadata()?.nlink() == 0 => {}
            // Where nothing can be locked nothing is taken for a leftover.
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(file),
        }
    }
}

/// Takes away what runs of the same user began to write and nobody writes any more.
fn take_leftovers_away(folder: &Path, own: &File) -> io::Result<()> {
    let user = own.metadata()?.uid();
    for entry in folder.read_dir()? {
        let entry = entry?;
        let name = entry.file_name();
        let letters = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let is_named_so = letters.is_some_and(|letters| {
            letters.len() == LETTERS && letters.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        if !is_named_so {
            continue;
        }
        let facts = entry.metadata()?;
        if facts.is_file()
            && facts.uid() == user
            && let Ok(file) = File::open(entry.path())
            && file.try_lock().is_ok()
        {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Where a file will really stand. A rename would replace anything, `/dev/null` too.
pub(super) fn place(path: &Path) -> io::Result<PathBuf> {
    let facts = match path.symlink_metadata() {
        Ok(facts) => facts,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(path.to_owned()),
        Err(error) => return Err(error),
    };
    let refused = |why| Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    if facts.is_file() {
        Ok(path.to_owned())
    } else if facts.is_symlink() {
        match path.canonicalize() {
            Ok(target) => place(&target),
            Err(_) => refused("it is a link that leads nowhere"),
        }
    } else if facts.is_dir() {
        refused("it is a folder")
    } else {
        refused("it is a device or a pipe")
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_finished_leaves_the_earlier_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calls.results.csv");
        std::fs::write(&path, "earlier").unwrap();
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "earlier");
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"whole").unwrap();
        file.persist().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "whole");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_killed_run_left_half_written_is_taken_away_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let others = [
            ".ticketload-notes.txt",
            ".ticketload-a.csv1",
            "ticketload-abc123",
        ];
        for name in others
            .iter()
            .chain(&[".ticketload-aB3x9Q", ".ticketload-000000"])
        {
            std::fs::write(at(name), "half").unwrap();
        }
        std::fs::create_dir(at(".ticketload-folder")).unwrap();
        let mut one = AtomicFile::create(&at("one.csv")).unwrap();
        one.write_all(b"one").unwrap();
        let mut two = AtomicFile::create(&at("two.csv")).unwrap();
        two.write_all(b"two").unwrap();
        one.persist().unwrap();
        two.persist().unwrap();
        let mut left: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        let mut expected = [&others[..], &[".ticketload-folder", "one.csv", "two.csv"]].concat();
        expected.sort_unstable();
        assert_eq!(left, expected);
        assert_eq!(std::fs::read_to_string(at("one.csv")).unwrap(), "one");
        assert_eq!(std::fs::read_to_string(at("two.csv")).unwrap(), "two");
    }

    #[test]
    fn files_that_are_begun_at_once_do_not_take_each_other_for_leftovers() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let path = folder.path().join(format!("{writer}.csv"));
                scope.spawn(move || {
                    for round in 0..50 {
                        let mut file = AtomicFile::create(&path).unwrap();
                        write!(file, "{round}").unwrap();
                        file.persist().unwrap();
                        assert_eq!(std::fs::read_to_string(&path).unwrap(), round.to_string());
                    }
                });
            }
        });
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4);
    }

    #[test]
    fn a_link_stays_a_link_and_what_is_no_file_is_left_alone() {
        use std::os::unix::fs::{FileTypeExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), "earlier").unwrap();
        symlink(at("file"), at("link")).unwrap();
        symlink(at("nothing"), at("loose")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        AtomicFile::create(&at("link")).unwrap().persist().unwrap();
        assert!(at("link").symlink_metadata().unwrap().is_symlink());
        assert_eq!(std::fs::read_to_string(at("file")).unwrap(), "");
        for name in ["loose", "socket", "."] {
            let error = AtomicFile::create(&at(name)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{name}");
        }
        assert!(at("socket").metadata().unwrap().file_type().is_socket());
        assert!(at("loose").symlink_metadata().unwrap().is_symlink());
    }

    #[test]
    fn a_new_file_takes_the_place_of_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mapping.toml");
        let file = AtomicFile::create_shared(&path).unwrap();
        std::fs::write(&path, "somebody was faster").unwrap();
        let error = file.persist_new().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "somebody was faster");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        std::fs::remove_file(&path).unwrap();
        AtomicFile::create_shared(&path)
            .unwrap()
            .persist_new()
            .unwrap();
        let own = folder.path().join("own");
        std::fs::write(&own, "").unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), mode(&own), "as any other file of the user");
    }

    #[test]
    fn only_the_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calls.results.csv");
        AtomicFile::create(&path).unwrap().persist().unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
