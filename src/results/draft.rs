//! [`Draft`]: results that are written and not yet in their place.
//!
//! Owns what is held against the results that stand there before they are replaced: whether calls are told of there that
//! nothing would tell of any more. A ledger that is lost later is known by what results name.

use super::{AtomicFile, EarlierResults, Rejects, ResultsError, Story, Written, write};
use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

/// Results in a file beside the place where they will stand.
#[derive(Debug)]
pub struct Draft {
    path: PathBuf,
    file: AtomicFile,
    written: Written,
}

impl Draft {
    /// Writes the results of a run, and its rejects where they are asked for.
    ///
    /// # Errors
    ///
    /// As [`super::write()`], and where no file can be written there.
    pub fn write(
        story: &Story<'_>,
        path: &Path,
        rejects: Option<&mut Rejects>,
    ) -> Result<Draft, ResultsError> {
        let mut file = AtomicFile::create(path)?;
        let written = write(story, &mut file, rejects)?;
        Ok(Draft {
            path: path.to_owned(),
            file,
            written,
        })
    }

    /// Whether they have no row at all, and those that stand there tell of calls that may not be sent again.
    ///
    /// # Errors
    ///
    /// Where those cannot be read.
    pub fn is_blank_over_calls(&self) -> io::Result<bool> {
        if self.written.outcomes.total() > 0 {
            return Ok(false);
        }
        let first = self
            .earlier()?
            .and_then(|mut earlier| earlier.traces().next());
        Ok(first.transpose()?.is_some())
    }

    /// Whether those that stand there tell of calls that may not be sent again, and these do not: they name another ticket,
    /// or are in doubt about a row that is not here.
    ///
    /// # Errors
    ///
    /// Where one of them cannot be read.
    pub fn loses_calls(&mut self) -> io::Result<bool> {
        let Some(mut earlier) = self.earlier()? else {
            return Ok(false);
        };
        let Some(mut own) = EarlierResults::open(self.file.so_far()?)? else {
            return Ok(true);
        };
        let hasher = RandomState::new();
        let (mut tickets, mut rows) = (HashSet::new(), HashSet::new());
        for row in own.rows() {
            let row = row?;
            rows.insert(row.row);
            tickets.extend(row.ticket.map(|ticket| hasher.hash_one(ticket.id.as_str())));
        }
        for row in earlier.rows() {
            let row = match row {
                Ok(row) => row,
                // Somebody has changed it, and nobody knows what it tells of.
                Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(true),
                Err(error) => return Err(error),
            };
            let is_told = match (&row.ticket, row.event()) {
                (Some(ticket), _) if ticket.is_exact => {
                    tickets.contains(&hasher.hash_one(ticket.id.as_str()))
                }
                (_, Some(_)) => rows.contains(&row.row),
                _ => true,
            };
            if !is_told {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Puts them in their place.
    ///
    /// # Errors
    ///
    /// Where they cannot be written to their end or the place cannot be taken.
    pub fn put(self) -> Result<Written, ResultsError> {
        self.file.persist()?;
        Ok(self.written)
    }

    /// Leaves what stands there; says what was written.
    #[must_use]
    pub fn withdraw(self) -> Written {
        self.written
    }

    /// The results that stand there.
    fn earlier(&self) -> io::Result<Option<EarlierResults>> {
        match self.path.is_file() {
            true => EarlierResults::open(&self.path),
            false => Ok(None),
        }
    }
}
