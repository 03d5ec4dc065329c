//! The file itself: what a check finds in it, older formats, places it may not lie in, and what its tables refuse.

use super::*;

#[test]
fn a_check_finds_a_promise_that_was_broken_from_outside() {
    let bench = Bench::new();
    doubtful(&bench);
    settled(&bench, 2, "x", "T7");
    assert_eq!(
        reader(&bench).check().unwrap(),
        Soundness {
            faults: Vec::new(),
            runs: 2,
            submissions: 5,
            tickets: 2,
            in_doubt: 2,
            claimed: 0
        }
    );
}

/// Each promise that no table can hold by itself, or that SQLite is asked about, and a change from outside that breaks it.
const BREACHES: [(&str, &str); 20] = [
    (
        "UPDATE submission SET ticket_id = NULL WHERE id = 1",
        "rows are created without a ticket, or have a ticket and are not created: 1",
    ),
    (
        "UPDATE submission SET ticket_id = 'T8' WHERE id = 2",
        "have a ticket and are not created",
    ),
    (
        "UPDATE submission SET error_code = NULL WHERE id = 2",
        "nothing says why",
    ),
    (
        "UPDATE submission SET state = 'rejected', attempts = 1 WHERE id = 4",
        "nothing says why",
    ),
    (
        "INSERT INTO row(run, row) VALUES (1, 77)",
        "neither a submission nor a reason",
    ),
    (
        "UPDATE row SET submission = 99 WHERE row = 5",
        "neither a submission nor a reason",
    ),
    (
        "UPDATE submission SET state = 'created', ticket_id = 'T1', error_code = NULL WHERE id = 2",
        "tickets belong to more than one row of one account: 1",
    ),
    (
        "DELETE FROM identity WHERE submission = 1",
        "rows that were sent have no identity, so that they would be sent again: 1",
    ),
    (
        "DELETE FROM identity WHERE submission = 3",
        "rows that were sent have no identity, so that they would be sent again: 1",
    ),
    (
        "UPDATE submission SET state = 'claimed', id = 98 WHERE id = 4",
        "rows that were sent have no identity, so that they would be sent again: 1",
    ),
    (
        "DELETE FROM submission WHERE id = 4",
        "identities lead nowhere: 1",
    ),
    (
        "UPDATE identity SET submission = 99 WHERE submission = 4",
        "identities lead nowhere: 1",
    ),
    (
        "UPDATE submission SET run = 99 WHERE id = 4",
        "rows belong to no run: 1",
    ),
    (
        "UPDATE submission SET attempts = 0 WHERE id = 1",
        "rows have an outcome and were never sent: 1",
    ),
    (
        "INSERT INTO finding VALUES (1, 0, 'Kim', 'created', 'T9', 1, 'timeout')",
        "rows have another ticket than a person found: 1",
    ),
    (
        "INSERT INTO finding VALUES (2, 0, 'Kim', 'created', 'T9', 1, 'timeout')",
        "rows have another ticket than a person found: 1",
    ),
    (
        "UPDATE row SET run = 99 WHERE row = 5",
        "SQLite: row names what is not there",
    ),
    (
        "INSERT INTO finding VALUES (99, 0, 'Kim', 'not_created', NULL, 1, 'timeout')",
        "SQLite: finding names what is not there",
    ),
    (
        "UPDATE submission SET state = 'sent' WHERE id = 4",
        "SQLite: CHECK constraint failed in submission",
    ),
    // The rows that a dead run had claimed are found by this index alone.
    (
        "UPDATE sqlite_schema SET sql = replace(sql, '= ''claimed''', '= ''in_doubt''') WHERE name = 'submission_claimed'",
        "missing from index submission_claimed",
    ),
];

#[test]
fn a_check_finds_each_promise_that_was_broken_from_outside() {
    for (breach, told) in BREACHES {
        let bench = Bench::new();
        doubtful(&bench);
        let connection = rusqlite::Connection::open(&bench.path).unwrap();
        connection
            .execute_batch(
                "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;
                 PRAGMA writable_schema = ON; DROP TRIGGER submission_transition;",
            )
            .unwrap();
        assert_eq!(reader(&bench).check().unwrap().faults, Vec::<String>::new());
        assert_eq!(connection.execute(breach, []).unwrap(), 1, "{breach}");
        drop(connection);
        let faults = reader(&bench).check().unwrap().faults;
        assert!(
            faults.iter().any(|fault| fault.contains(told)),
            "{breach}: {faults:?}"
        );
    }
}

#[test]
fn a_ledger_whose_pages_were_damaged_is_never_called_sound() {
    let bench = Bench::new();
    doubtful(&bench);
    drop(bench.open());
    let whole = std::fs::read(&bench.path).unwrap();
    assert!(reader(&bench).check().unwrap().faults.is_empty());
    let pages = whole.len() / 4096;
    let mut seen = 0;
    for page in 1..pages {
        let mut damaged = whole.clone();
        damaged[page * 4096..][..4096].fill(0x5a);
        for beside in ["ledger.db-wal", "ledger.db-shm"] {
            std::fs::remove_file(bench.path.with_file_name(beside)).ok();
        }
        std::fs::write(&bench.path, damaged).unwrap();
        let found = Reader::open(&bench.path).and_then(|reader| reader.check());
        assert!(
            found.is_err() || !found.unwrap().faults.is_empty(),
            "page {page}"
        );
        seen += 1;
    }
    assert!(seen > 5, "{seen} pages");
}

/// A ledger file as a version of the program with so many migrations left it: a run that died, with a ticket for `a`, a
/// doubt for `b` and a claim for `c`. The identities stand here as they were written then.
fn of_format(bench: &Bench, format: usize) {
    let folder = bench.path.parent().unwrap();
    std::fs::create_dir_all(folder).unwrap();
    let connection = rusqlite::Connection::open(&bench.path).unwrap();
    for sql in &schema::MIGRATIONS[..format] {
        connection.execute_batch(sql).unwrap();
    }
    connection
        .pragma_update(None, "user_version", i64::try_from(format).unwrap())
        .unwrap();
    connection
        .execute_batch(
            "INSERT INTO meta VALUES ('identity_key', x'0102030405060708');
             INSERT INTO run(id, started_at, scope, target, file, sheet, fingerprint, mapping)
             VALUES (1, 1000, x'33170ea53b047c3f608f987aaa43db3b', 'bulk at localhost', 'calls.csv', 'Night',
                     zeroblob(32), zeroblob(8));
             INSERT INTO submission(id, state, run, row, payload, ticket_id, error_code, message, attempts, finished_at)
             VALUES (1, 'created', 1, 2, x'0101010101010101b77728e3b3ba43fc', 'T1', NULL, NULL, 1, 1500),
                    (2, 'in_doubt', 1, 3, x'0101010101010101f094a4c87ea980ce', NULL, 'timeout', 'no answer came', 1, 1600),
                    (3, 'claimed', 1, 4, x'010101010101010165206f542068a7a2', NULL, NULL, NULL, 1, NULL);
             INSERT INTO identity VALUES (x'a001026af2c8baaadceabff49223e18e', 1), (x'd03dd0393e3c720c5b5c1d08e1febc0a', 1),
                                         (x'd2cf6e44c8d9b9500cdfcf3375056bcd', 2), (x'9b2dc0eed3727c0e6a69528d0b7dc4ee', 3);
             INSERT INTO row(run, row, submission) VALUES (1, 2, 1), (1, 3, 2), (1, 4, 3);",
        )
        .unwrap();
}

#[test]
fn a_ledger_of_each_older_format_is_brought_up_to_date_by_whoever_opens_it() {
    type Open = fn(&Bench);
    let openers: [Open; 3] = [
        |bench| drop(reader(bench)),
        |bench| drop(bench.open()),
        |bench| drop(Steward::open(&bench.path).unwrap()),
    ];
    for format in 1..schema::MIGRATIONS.len() {
        for open in openers {
            let bench = Bench::new();
            of_format(&bench, format);
            open(&bench);
            let run = reader(&bench).run(RunId(1)).unwrap().unwrap();
            assert_eq!(run.sheet.as_deref(), Some("Night"));
            assert_eq!((run.selection, run.hidden), (Selection::default(), None));
            assert_eq!(reader(&bench).check().unwrap().faults, Vec::<String>::new());
            assert_eq!(
                states_in(&bench, RunId(1)),
                [(2, "created"), (3, "in_doubt"), (4, "in_doubt")]
            );
            let one = [finding(RunId(1), 3, ticket("T9"))];
            let answers = Steward::open(&bench.path)
                .unwrap()
                .resolve(&one, "Kim", Mode::Commit)
                .unwrap();
            assert_eq!(answers, [Ok(Recorded::Now)], "format {format}");
        }
    }
}

#[test]
fn rows_of_each_older_format_are_known_by_their_cells_and_by_their_key() {
    for format in 1..=schema::MIGRATIONS.len() {
        let bench = Bench::new();
        of_format(&bench, format);
        let ledger = bench.open();
        assert_eq!(ledger.recovered(), 1);
        let run = begin(&ledger);
        let rows = vec![
            call(&ledger, 2, "a", None),
            call(&ledger, 3, "b", None),
            call(&ledger, 4, "c", None),
            // Other cells: the key stands in one of them.
            call(&ledger, 5, "a", Some("K1")),
            call(&ledger, 6, "other content", Some("K1")),
            call(&ledger, 7, "new", None),
        ];
        let met = ledger.register(run, rows).unwrap();
        assert!(
            matches!(
                met[..],
                [
                    Disposition::Settled(Outcome::AlreadyCreated),
                    Disposition::Settled(Outcome::InDoubt),
                    Disposition::Settled(Outcome::InDoubt),
                    Disposition::Settled(Outcome::AlreadyCreated),
                    Disposition::Settled(Outcome::Invalid),
                    Disposition::Send(SubmissionId(4)),
                ]
            ),
            "format {format}: {met:?}"
        );
        // A ticket of that time is still one of this account.
        let new = SubmissionId(4);
        apply(&ledger, new, Event::Claimed).unwrap();
        apply(&ledger, new, created("T1")).unwrap();
        assert_eq!(states(&ledger, run)[5], (7, "in_doubt"));
    }
}

#[test]
fn a_run_keeps_the_part_that_it_was_asked_for() {
    let bench = Bench::new();
    let ledger = bench.open();
    let whole = begin(&ledger);
    let selection = Selection {
        rows: Some((5, u64::MAX)),
        limit: Some(3),
    };
    let part = ledger
        .begin_run(NewRun {
            selection,
            hidden: Some(Hidden::Skip),
            ..new_run(&ledger)
        })
        .unwrap();
    let of = |run| {
        let story = ledger.reader().unwrap().run(run).unwrap().unwrap();
        (story.selection, story.hidden)
    };
    assert_eq!(of(whole), (Selection::default(), None));
    let stored = Selection {
        rows: Some((5, i64::MAX.unsigned_abs())),
        ..selection
    };
    assert_eq!(of(part), (stored, Some(Hidden::Skip)));
}

#[test]
fn a_ledger_that_is_not_there_is_not_made_by_reading() {
    let bench = Bench::new();
    let error = Reader::open(&bench.path).unwrap_err();
    assert!(matches!(error.kind, LedgerErrorKind::Absent), "{error}");
    assert!(!bench.path.exists());
}

#[test]
fn a_steward_waits_for_no_run_and_no_run_for_a_steward() {
    let bench = Bench::new();
    let ledger = bench.open();
    let held = Steward::open(&bench.path).unwrap_err();
    assert!(matches!(held.kind, LedgerErrorKind::Held(_)), "{held}");
    drop(ledger);
    let steward = Steward::open(&bench.path).unwrap();
    let held = Ledger::open(&bench.path).unwrap_err();
    assert!(matches!(held.kind, LedgerErrorKind::Held(_)), "{held}");
    drop(steward);
}

#[test]
fn a_ledger_in_a_folder_that_others_can_write_is_not_even_made() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    let folder = bench.path.parent().unwrap();
    std::fs::create_dir_all(folder).unwrap();
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o777)).unwrap();
    let error = Ledger::open(&bench.path).unwrap_err();
    assert!(matches!(error.kind, LedgerErrorKind::Shared(_)), "{error}");
    assert!(!bench.path.exists());
}

/// The schema's trigger and the state machine are two opinions on the same table.
#[test]
fn the_schema_allows_exactly_the_transitions_of_the_state_machine() {
    let bench = Bench::new();
    doubtful(&bench);
    let connection = schema::open(&bench.path, Synchronous::Full).unwrap();
    let names: Vec<&str> = crate::submission::every_state()
        .iter()
        .map(State::name)
        .collect();
    for (from, to) in names
        .iter()
        .flat_map(|from| names.iter().map(move |to| (*from, *to)))
    {
        let legal = crate::submission::every_state()
            .iter()
            .filter(|state| state.name() == from)
            .flat_map(|state| {
                crate::submission::every_event()
                    .into_iter()
                    .map(move |event| crate::submission::next(state, event))
            })
            .any(|after| after.is_ok_and(|after| after.name() == to));
        let transaction = connection.unchecked_transaction().unwrap();
        transaction
            .execute_batch("DROP TRIGGER submission_transition")
            .unwrap();
        set_state(&transaction, from).unwrap();
        let trigger = schema::MIGRATIONS[0]
            .split("CREATE TRIGGER submission_transition")
            .nth(1)
            .and_then(|rest| rest.split("END;").next())
            .unwrap();
        transaction
            .execute_batch(&format!(
                "CREATE TRIGGER submission_transition{trigger}END;"
            ))
            .unwrap();
        let moved = set_state(&transaction, to);
        assert_eq!(moved.is_ok(), legal, "{from} > {to}: {moved:?}");
        transaction.rollback().unwrap();
    }
}

fn set_state(connection: &rusqlite::Connection, state: &str) -> rusqlite::Result<usize> {
    connection.execute(
        "UPDATE submission SET state = ?1, error_code = '407',
                ticket_id = CASE WHEN ?1 = 'created' THEN 'T99' END WHERE id = 4",
        [state],
    )
}
