//! Room for the write-ahead log, made once in a long run.
//!
//! A commit that lengthens the log makes the disk write the file's length as well: twice the wait of one that stays
//! within it. Owns nothing that must hold: where no room can be made, commits are as durable, and slower.

use rusqlite::Connection;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};

/// After so many commits: making room costs as much as that many gain by it, so that a short run is spared it.
pub(super) const WORTH_IT: u32 = 24;

/// SQLite begins the log anew after 1,000 pages, of 4 KiB and a header each; the last group may go some way beyond.
pub(super) const ROOM: u64 = 1_100 * (4096 + 24);

/// Fills the log with zeros up to the length that it will have.
///
/// Only for the thread of the one connection that writes, between two commits: SQLite knows by the checksums how far the
/// log is valid, and would find zeros over its pages if it wrote at the same time. Closing the log here costs SQLite no
/// lock, as closing the ledger or its `-shm` would: it has none on the log.
pub(super) fn make_room(connection: &Connection) {
    let Some(path) = connection.path() else {
        return;
    };
    let mut log = OsString::from(path);
    log.push("-wal");
    if let Ok(mut log) = OpenOptions::new().write(true).open(log) {
        // What cannot be made longer stays as it is.
        drop(lengthen(&mut log, ROOM));
    }
}

fn lengthen(log: &mut File, room: u64) -> io::Result<()> {
    let length = log.seek(SeekFrom::End(0))?;
    let missing = room.saturating_sub(length);
    let filled = io::copy(&mut io::repeat(0).take(missing), log).and_then(|_| log.sync_all());
    // On a full disk, the ledger's own pages need what was taken.
    filled.or_else(|error| log.set_len(length).and(Err(error)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn what_stands_in_the_log_stays_in_front_of_the_room() {
        let mut log = tempfile::tempfile().unwrap();
        log.write_all(b"pages").unwrap();
        log.rewind().unwrap();
        lengthen(&mut log, 100_000).unwrap();
        // What is longer already is left alone.
        lengthen(&mut log, 50_000).unwrap();
        let mut found = Vec::new();
        log.rewind().unwrap();
        log.read_to_end(&mut found).unwrap();
        assert_eq!(found, [b"pages".as_slice(), &[0; 99_995]].concat());
    }
}
