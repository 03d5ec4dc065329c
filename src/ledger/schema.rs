//! The tables, and how a connection to them is opened.
//!
//! Owns the schema with its migrations and the settings that durability and soundness rest on; each of these is read back,
//! since SQLite ignores a misspelt one. The legal transitions stand in the schema as well, so that no other program breaks
//! them by accident.

use super::{LedgerErrorKind, Synchronous, lock, place};
use crate::folder::folder_of;
use rand::TryRng;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};
use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One entry per format; `PRAGMA user_version` counts those that a file has.
pub(super) const MIGRATIONS: &[&str] = &["
CREATE TABLE meta(
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE run(
  id          INTEGER PRIMARY KEY,
  started_at  INTEGER NOT NULL,
  finished_at INTEGER,
  ended       TEXT,
  scope       BLOB NOT NULL,
  target      TEXT NOT NULL,
  file        TEXT NOT NULL,
  sheet       TEXT,
  fingerprint BLOB NOT NULL,
  mapping     BLOB NOT NULL
) STRICT;
CREATE INDEX run_fingerprint ON run(fingerprint);

CREATE TABLE submission(
  id          INTEGER PRIMARY KEY,
  state       TEXT NOT NULL,
  run         INTEGER NOT NULL REFERENCES run(id),
  row         INTEGER NOT NULL,
  payload     BLOB NOT NULL,
  ticket_id   TEXT,
  error_code  TEXT,
  message     TEXT,
  attempts    INTEGER NOT NULL DEFAULT 0,
  finished_at INTEGER,
  CHECK ((state = 'created') = (ticket_id IS NOT NULL)),
  -- Written without IN: a list of more than two makes SQLite build a table for it at every change.
  CHECK (state = 'ready' OR state = 'claimed' OR state = 'created'
         OR ((state = 'rejected' OR state = 'in_doubt') AND error_code IS NOT NULL))
) STRICT;
CREATE INDEX submission_ticket ON submission(ticket_id) WHERE ticket_id IS NOT NULL;
CREATE INDEX submission_claimed ON submission(id) WHERE state = 'claimed';
CREATE INDEX submission_in_doubt ON submission(id) WHERE state = 'in_doubt';

CREATE TRIGGER submission_transition BEFORE UPDATE OF state ON submission
WHEN NOT (
  (OLD.state = 'claimed' AND NEW.state <> 'claimed')
  OR (OLD.state = 'ready' AND (NEW.state = 'claimed' OR NEW.state = 'ready'))
  OR (OLD.state = 'rejected' AND NEW.state = 'ready')
  OR (OLD.state = 'in_doubt' AND (NEW.state = 'created' OR NEW.state = 'ready')))
BEGIN
  SELECT RAISE(ABORT, 'illegal transition of a submission');
END;
CREATE TRIGGER submission_kept BEFORE DELETE ON submission WHEN OLD.state = 'claimed' OR OLD.state = 'in_doubt'
BEGIN
  SELECT RAISE(ABORT, 'a submission in doubt is kept');
END;

CREATE TABLE identity(
  hash       BLOB PRIMARY KEY,
  submission INTEGER NOT NULL REFERENCES submission(id)
) STRICT, WITHOUT ROWID;

CREATE TABLE row(
  run        INTEGER NOT NULL REFERENCES run(id),
  row        INTEGER NOT NULL,
  submission INTEGER REFERENCES submission(id),
  error_code TEXT,
  message    TEXT,
  PRIMARY KEY (run, row),
  CHECK ((submission IS NULL) = (error_code IS NOT NULL))
) STRICT, WITHOUT ROWID;
", "
CREATE TABLE finding(
  submission INTEGER NOT NULL REFERENCES submission(id),
  at         INTEGER NOT NULL,
  who        TEXT NOT NULL,
  found      TEXT NOT NULL CHECK (found IN ('created', 'not_created')),
  ticket_id  TEXT,
  checked    INTEGER NOT NULL,
  doubt      TEXT NOT NULL,
  CHECK ((found = 'created') = (ticket_id IS NOT NULL))
) STRICT;
CREATE INDEX finding_submission ON finding(submission);
CREATE TRIGGER finding_stands BEFORE UPDATE ON finding
BEGIN
  SELECT RAISE(ABORT, 'a finding stands');
END;

ALTER TABLE run ADD COLUMN purged_at INTEGER;
", "
-- The part of the file that was asked for. A run of an earlier format has none of it, as one over a whole file has.
ALTER TABLE run ADD COLUMN first_row INTEGER;
ALTER TABLE run ADD COLUMN last_row INTEGER;
ALTER TABLE run ADD COLUMN row_limit INTEGER;
ALTER TABLE run ADD COLUMN hidden TEXT CHECK (hidden = 'import' OR hidden = 'skip');
", "
-- Says whose file it is: 'tklg'.
PRAGMA application_id = 0x746b6c67;
"];

/// What the ledgers of this program have in common from format 4 on.
const APPLICATION_ID: i64 = 0x746b_6c67;
/// The first format that has it.
const MARKED: usize = 4;

/// The length of the key of the identities' hashes, in bytes.
const IDENTITY_KEY_BYTES: usize = 32;

/// Makes the ledger's folder and an owner-only file in it, where there are none; refuses a place that is not safe. Gives the
/// path at which the ledger really lies.
pub(super) fn prepare_folder(path: &Path) -> Result<PathBuf, LedgerErrorKind> {
    let cannot = |error: std::io::Error| LedgerErrorKind::Open(error.to_string());
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder_of(path))
        .map_err(cannot)?;
    let path = place::real(path);
    place::check(&path)?;
    make(&path).map_err(cannot)?;
    Ok(path)
}

/// Makes the ledger's file where there is none.
///
/// One that exists is not even opened: with the first file that a process closes, it loses every lock that it has on it,
/// also those of an SQLite connection, which goes on in the belief that it has them.
fn make(path: &Path) -> std::io::Result<()> {
    match lock::owner_only().create_new(true).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        Err(_) if !path.is_file() => Err(std::io::Error::other("it is no file")),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Opens the writing connection, brings the tables up to date and checks the settings.
pub(super) fn open(path: &Path, synchronous: Synchronous) -> Result<Connection, LedgerErrorKind> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let cannot = |error: rusqlite::Error| LedgerErrorKind::Open(error.to_string());
    let mut connection = Connection::open_with_flags(path, flags).map_err(cannot)?;
    // SQLite is content with a file that it may only read.
    if connection.is_readonly("main")? {
        return Err(LedgerErrorKind::Open("it is read-only".to_owned()));
    }
    connection.busy_timeout(Duration::from_secs(10))?;
    // Statements keep their plan: without this, each new parameter makes SQLite prepare the look-ups anew.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    check_format(&connection)?;
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(LedgerErrorKind::NotDurable(format!(
            "the journal stays in mode {mode}"
        )));
    }
    let (word, number) = match synchronous {
        Synchronous::Full => ("FULL", 2),
        Synchronous::Off => ("OFF", 0),
    };
    set(&connection, "synchronous", word, number)?;
    set(&connection, "foreign_keys", "ON", 1)?;
    // 16 MiB: enough for the inner pages of some millions of identities, little beside a run's own memory.
    connection.pragma_update(None, "cache_size", -16_384)?;
    connection.set_prepared_statement_cache_capacity(64);
    migrate(&mut connection)?;
    Ok(connection)
}

/// Gives a setting a value and sees that it has it.
fn set(
    connection: &Connection,
    name: &str,
    word: &str,
    number: i64,
) -> Result<(), LedgerErrorKind> {
    connection.pragma_update(None, name, word)?;
    // A setting that SQLite does not know gives no row.
    let found: Option<i64> = connection
        .pragma_query_value(None, name, |row| row.get(0))
        .optional()?;
    if found == Some(number) {
        return Ok(());
    }
    let stays = found.map_or("unset".to_owned(), |found| format!("at {found}"));
    Err(LedgerErrorKind::NotDurable(format!(
        "`{name}` stays {stays}"
    )))
}

fn migrate(connection: &mut Connection) -> Result<(), LedgerErrorKind> {
    let known = MIGRATIONS.len();
    // IMMEDIATE: two processes that start at once do not both run it.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let have = check_format(&transaction)?;
    for sql in &MIGRATIONS[have..] {
        transaction.execute_batch(sql)?;
    }
    if have < known {
        transaction.pragma_update(
            None,
            "user_version",
            i64::try_from(known).unwrap_or(i64::MAX),
        )?;
    }
    transaction.commit()?;
    Ok(())
}

/// Refuses a ledger of a newer version and the database of another program: nothing of them may be changed. Gives the
/// format.
fn check_format(connection: &Connection) -> Result<usize, LedgerErrorKind> {
    let format = format_of(connection)?;
    if format > MIGRATIONS.len() {
        return Err(newer(format));
    }
    let count = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let is_ours = if format >= MARKED {
        count("PRAGMA application_id")? == APPLICATION_ID
    } else if format > 0 {
        let sql = "SELECT count(*) FROM sqlite_master
                   WHERE type = 'table' AND name IN ('meta', 'run', 'submission', 'identity', 'row')";
        count(sql)? == 5
    } else {
        count("SELECT count(*) FROM sqlite_master")? == 0
    };
    if is_ours {
        Ok(format)
    } else {
        let whose = "it is the database of another program";
        Err(LedgerErrorKind::Damaged(whose.to_owned()))
    }
}

/// The key of this ledger's hashes, drawn when the ledger was made.
pub(super) fn identity_key(connection: &Connection) -> Result<Vec<u8>, LedgerErrorKind> {
    let stored = connection
        .query_row(
            "SELECT value FROM meta WHERE name = 'identity_key'",
            [],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(key) = stored {
        return Ok(key);
    }
    let mut key = vec![0; IDENTITY_KEY_BYTES];
    rand::rngs::SysRng
        .try_fill_bytes(&mut key)
        .map_err(|error| LedgerErrorKind::Open(format!("no random bytes for its key: {error}")))?;
    connection.execute(
        "INSERT INTO meta(name, value) VALUES ('identity_key', ?1)",
        [&key],
    )?;
    // Out of the log at once: a ledger that lost its log is to be known as the one that it was.
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(key)
}

/// Opens a reading connection to a ledger that exists.
pub(super) fn open_reader(path: &Path) -> Result<Connection, LedgerErrorKind> {
    if !path.exists() {
        return Err(LedgerErrorKind::Absent);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    let found = bring_up_to_date(path, &mut connection)?;
    set(&connection, "query_only", "ON", 1)?;
    // The first import makes the tables all at once, and may just be about to.
    if found == 0 {
        return Err(LedgerErrorKind::Empty);
    }
    Ok(connection)
}

/// Brings the tables of an older version up to date, unless a run of that version holds them; gives the format.
fn bring_up_to_date(path: &Path, connection: &mut Connection) -> Result<usize, LedgerErrorKind> {
    let found = check_format(connection)?;
    if found > 0 && found < MIGRATIONS.len() {
        let _lock = lock::Lock::take(path)?;
        migrate(connection)?;
    }
    check_format(connection)
}

/// The format of the tables; 0 where there are none.
fn format_of(connection: &Connection) -> Result<usize, LedgerErrorKind> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(usize::try_from(found).unwrap_or(usize::MAX))
}

fn newer(found: usize) -> LedgerErrorKind {
    let number = |format| i64::try_from(format).unwrap_or(i64::MAX);
    LedgerErrorKind::Newer {
        found: number(found),
        known: number(MIGRATIONS.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_sqlite_does_not_take_is_noticed() {
        let connection = Connection::open_in_memory().unwrap();
        set(&connection, "foreign_keys", "ON", 1).unwrap();
        for (name, word) in [("foreign_kys", "ON"), ("foreign_keys", "OFF")] {
            let refused = set(&connection, name, word, 1).unwrap_err();
            assert!(matches!(refused, LedgerErrorKind::NotDurable(_)), "{name}");
        }
    }
}
