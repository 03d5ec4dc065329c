//! A ledger that is damaged, foreign or too new is refused with what to do, and nothing is sent for want of it.

use crate::harness::{Project, Server, assert_told_truly, calls, count, csv};
use std::path::PathBuf;

const ROWS: usize = 300;
/// A page of SQLite.
const PAGE: usize = 4096;

/// Calls that have their tickets, and the ledger that knows it.
struct Night {
    project: Project,
    server: Server,
}

impl Night {
    fn new() -> Night {
        let (project, server) = (Project::new(), Server::new());
        project.write("calls.csv", csv(&calls(ROWS)));
        project
            .import(&server, &["calls.csv", "--workers", "16"])
            .exits(0);
        // The results beside the input would stop the run as well; here the ledger itself is on trial.
        std::fs::remove_file(project.path("calls.results.csv")).unwrap();
        Night { project, server }
    }

    fn ledger(&self, ending: &str) -> PathBuf {
        let folder = self.project.home().join("state/ticketload");
        folder.join(format!("ledger.db{ending}"))
    }

    /// Changes the ledger's bytes, then holds that import and the other commands refuse it and leave it as it is.
    fn refused(&self, what: &str, change: impl FnOnce(&mut Vec<u8>), message: &str) {
        let path = self.ledger("");
        let sound = std::fs::read(&path).unwrap();
        let mut bytes = sound.clone();
        change(&mut bytes);
        std::fs::write(&path, &bytes).unwrap();
        let commands: [&[&str]; 3] = [
            &["import", "calls.csv"],
            &["validate", "calls.csv"],
            &["ledger", "check"],
        ];
        for args in commands {
            let ran = self.project.run_for(&self.server, args);
            let all = format!("{what}: {args:?}: {}", ran.all());
            assert_eq!(ran.code, Some(2), "{all}");
            assert!(ran.stderr.contains(message), "{all}");
            assert!(ran.stderr.contains("ledger.db"), "{all}");
            assert!(ran.stderr.contains("\nhint: "), "{all}");
        }
        assert_eq!(
            self.server.requests("ticket"),
            ROWS,
            "{what}: nothing was sent"
        );
        assert!(
            std::fs::read(&path).unwrap() == bytes,
            "{what}: it is left as it is"
        );
        std::fs::write(&path, sound).unwrap();
    }

    /// The same command, where the ledger must know every row.
    fn is_known(&self) {
        self.is_known_of(ROWS);
    }

    /// The same after so many tickets in all.
    fn is_known_of(&self, tickets: usize) {
        self.project.import(&self.server, &["calls.csv"]).exits(0);
        let told = self.project.results("calls.results.csv");
        assert_eq!(count(&told, "already_created"), ROWS);
        assert_eq!(self.server.requests("ticket"), tickets);
    }
}

#[test]
fn a_ledger_that_cannot_be_read_is_refused_and_nothing_is_sent() {
    let night = Night::new();
    let damaged = "is damaged or is no ledger";
    night.refused(
        "no SQLite",
        |bytes| *bytes = "Call ID,Last Name\n".repeat(1000).into_bytes(),
        damaged,
    );
    night.refused("another header", |bytes| bytes[..16].fill(0xa5), damaged);
    night.refused(
        "garbage behind the first page",
        |bytes| bytes[PAGE..].fill(0xa5),
        damaged,
    );
    night.refused(
        "zeros behind the first page",
        |bytes| bytes[PAGE..].fill(0),
        damaged,
    );
    night.refused(
        "cut in the middle",
        |bytes| bytes.truncate(bytes.len() / 2),
        damaged,
    );
    night.refused(
        "of a newer version",
        |bytes| bytes[60..64].copy_from_slice(&99_u32.to_be_bytes()),
        "newer version",
    );
    night.is_known();
}

#[test]
fn the_database_of_another_program_is_left_alone() {
    let night = Night::new();
    let another = |version: u32, tables: &str| {
        let path = night.project.temporary().join("another.db");
        let database = rusqlite::Connection::open(&path).unwrap();
        database
            .execute_batch(&format!("{tables}; PRAGMA user_version = {version}"))
            .unwrap();
        drop(database);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        bytes
    };
    for version in [0, 2, 4] {
        for tables in ["CREATE TABLE patient(name)", "CREATE TABLE run(id)"] {
            let bytes = another(version, tables);
            night.refused(
                &format!("{tables}, version {version}"),
                |ledger| *ledger = bytes,
                "another program",
            );
        }
    }
    night.is_known();
}

#[test]
fn garbage_beside_the_ledger_does_not_make_it_forget() {
    let night = Night::new();
    for ending in ["-wal", "-shm", "-journal"] {
        std::fs::write(night.ledger(ending), [0xa5; 3 * PAGE]).unwrap();
        night.is_known();
    }
}

#[test]
fn a_ledger_that_was_emptied_is_noticed_by_the_results_beside_the_input() {
    let (project, server) = (Project::new(), Server::new());
    project.write("calls.csv", csv(&calls(4)));
    project.import(&server, &["calls.csv"]).exits(0);
    let ledger = project.home().join("state/ticketload/ledger.db");
    std::fs::write(ledger, "").unwrap();
    project
        .import(&server, &["calls.csv"])
        .exits(2)
        .says("ledger adopt");
    assert_eq!(server.requests("ticket"), 4);
}

#[test]
fn a_log_that_was_lost_after_a_kill_stops_the_next_run_until_it_is_back() {
    for what in ["removed", "emptied", "garbled at its end"] {
        let (project, server) = (Project::new(), Server::with_faults("hang@3"));
        let calls = calls(6);
        project.write("calls.csv", csv(&calls));
        let run = project.start_import(&server, &["calls.csv", "--workers", "1"]);
        server.wait_for(3);
        run.signal("KILL");
        run.end();
        let night = Night { project, server };
        let log = night.ledger("-wal");
        let kept = std::fs::read(&log).unwrap();
        match what {
            "removed" => std::fs::remove_file(&log).unwrap(),
            "emptied" => std::fs::write(&log, "").unwrap(),
            _ => {
                let mut garbled = kept.clone();
                let end = garbled.len() - PAGE / 2;
                garbled[end..].fill(0xa5);
                std::fs::write(&log, garbled).unwrap();
            }
        }
        for args in [["import", "calls.csv"], ["ledger", "check"]] {
            let ran = night.project.run_for(&night.server, &args).exits(2);
            for part in ["ledger.db: lacks", "-wal", "\nhint: "] {
                assert!(ran.stderr.contains(part), "{what}: {}", ran.all());
            }
        }
        assert_eq!(night.server.requests("ticket"), 3, "{what}");
        std::fs::write(&log, kept).unwrap();
        night.project.import(&night.server, &["calls.csv"]).exits(6);
        let told = night.project.results("calls.results.csv");
        assert_told_truly(&told, &calls, &night.server.tickets());
        assert_eq!(count(&told, "in_doubt"), 1, "{what}");
    }
}

#[test]
fn an_older_copy_in_the_ledgers_place_stops_the_run_until_somebody_says_that_it_is_meant() {
    let night = Night::new();
    let older = std::fs::read(night.ledger("")).unwrap();
    let later = &calls(ROWS + 4)[ROWS..];
    night.project.write("later.csv", csv(later));
    let import = |file| night.project.import(&night.server, &[file]);
    import("later.csv").exits(0);
    let newer = std::fs::read(night.ledger("")).unwrap();
    std::fs::write(night.ledger(""), &older).unwrap();
    let ran = import("calls.csv").exits(2).says("older copy");
    assert!(ran.stderr.contains("ledger.db.lock"), "{}", ran.all());
    // By a link it is the same ledger, and the file to delete is the one beside it.
    std::os::unix::fs::symlink(night.ledger(""), night.project.path("link.db")).unwrap();
    let args = ["calls.csv", "--ledger", "link.db"];
    let ran = night.project.import(&night.server, &args).exits(2);
    assert!(ran.stderr.contains("ledger.db.lock"), "{}", ran.all());
    assert_eq!(night.server.requests("ticket"), ROWS + 4);
    std::fs::write(night.ledger(""), newer).unwrap();
    import("later.csv").exits(0);
    std::fs::write(night.ledger(""), older).unwrap();
    std::fs::remove_file(night.ledger(".lock")).unwrap();
    night.is_known_of(ROWS + 4);
}
