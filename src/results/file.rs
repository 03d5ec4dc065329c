//! [`AtomicFile`]: a file that appears whole or not at all, and that only its owner may read.

use crate::abort::{self, Step};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

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
    /// Where nothing can be written in that folder.
    pub fn create(path: &Path) -> io::Result<AtomicFile> {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        // tempfile makes its files readable by their owner only.
        let file = tempfile::Builder::new()
            .prefix(".ticketload-")
            .tempfile_in(folder.unwrap_or(Path::new(".")))?;
        Ok(AtomicFile {
            path: path.to_owned(),
            file: BufWriter::new(file),
        })
    }

    /// Puts the file in its place, over an earlier one; from here on it is there for good.
    ///
    /// # Errors
    ///
    /// Where the rest cannot be written or the place cannot be taken; an earlier file stands unchanged then.
    pub fn persist(self) -> io::Result<()> {
        let file = self
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        abort::at(Step::Written);
        drop(file.persist(&self.path).map_err(|error| error.error)?);
        abort::at(Step::Placed);
        Ok(())
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

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calls.results.csv");
        AtomicFile::create(&path).unwrap().persist().unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
