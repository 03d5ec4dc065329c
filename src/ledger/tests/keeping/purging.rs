//! What purging forgets, and what it never does: whatever keeps a call from being sent twice.

use super::*;

/// A time after everything that a test does.
fn later() -> Timestamp {
    Timestamp::now() + jiff::SignedDuration::from_secs(60)
}

fn rows_only(bench: &Bench, before: Timestamp) -> Purged {
    let purge = Purge {
        before,
        forget_tickets: false,
    };
    let mut steward = Steward::open(&bench.path).unwrap();
    steward.purge(purge, Mode::Commit).unwrap()
}

fn ended_at(bench: &Bench, run: RunId, at: i64) {
    let connection = rusqlite::Connection::open(&bench.path).unwrap();
    let change = "UPDATE run SET finished_at = ?2 WHERE id = ?1";
    assert_eq!(connection.execute(change, (run.0, at)).unwrap(), 1);
}

#[test]
fn only_runs_that_ended_before_the_time_are_purged() {
    let bench = Bench::new();
    let runs = ["x", "y", "z"].map(|content| settled(&bench, 2, content, content));
    for (run, at) in runs.into_iter().zip([999, 1000, 1001]) {
        ended_at(&bench, run, at);
    }
    let purged = rows_only(&bench, Timestamp::from_millisecond(1000).unwrap());
    assert_eq!((purged.runs, purged.rows), (1, 1));
    let left = runs.map(|run| states_in(&bench, run).len());
    assert_eq!(left, [0, 1, 1]);
    let is_purged = |run| {
        reader(&bench)
            .run(run)
            .unwrap()
            .unwrap()
            .purged_at
            .is_some()
    };
    assert_eq!(runs.map(is_purged), [true, false, false]);
}

#[test]
fn a_purged_row_is_known_by_its_cells_and_by_its_key() {
    let bench = Bench::new();
    let run = {
        let ledger = bench.open();
        let run = begin(&ledger);
        let rows = [("a", "K1"), ("b", "K2"), ("c", "K3")];
        let rows = (2..)
            .zip(rows)
            .map(|(row, (content, key))| call(&ledger, row, content, Some(key)))
            .collect();
        let ids = register(&ledger, run, rows);
        for (id, event) in ids.iter().zip([
            created("T1"),
            Event::Rejected {
                code: ErrorCode(414),
            },
        ]) {
            apply(&ledger, *id, Event::Claimed).unwrap();
            apply(&ledger, *id, event).unwrap();
        }
        ledger.end_run(run, RunEnd::Interrupted).unwrap();
        run
    };
    assert_eq!(rows_only(&bench, later()).rows, 3);
    assert_eq!(states_in(&bench, run), []);
    let ledger = bench.open();
    let next = begin(&ledger);
    let mut moved = call(&ledger, 9, "a", Some("K1"));
    moved.source = ledger
        .identities(&Scope::new("here".to_owned(), None))
        .unwrap()
        .key(b"other cells");
    let mut other = call(&ledger, 10, "other content", Some("K1"));
    other.source = ledger
        .identities(&Scope::new("here".to_owned(), None))
        .unwrap()
        .key(b"again other cells");
    let rows = vec![
        call(&ledger, 8, "a", Some("K1")),
        moved,
        other,
        call(&ledger, 11, "b", Some("K2")),
        call(&ledger, 12, "c", Some("K3")),
    ];
    let met = ledger.register(next, rows).unwrap();
    assert!(
        matches!(
            met[..],
            [
                Disposition::Settled(Outcome::AlreadyCreated),
                Disposition::Settled(Outcome::AlreadyCreated),
                Disposition::Settled(Outcome::Invalid),
                Disposition::Send(SubmissionId(2)),
                Disposition::Send(SubmissionId(3)),
            ]
        ),
        "{met:?}"
    );
    let soundness = ledger.reader().unwrap().check().unwrap();
    assert_eq!(soundness.faults, Vec::<String>::new());
}

#[test]
fn a_run_that_met_a_doubt_is_kept_until_a_person_has_resolved_it() {
    let bench = Bench::new();
    let first = doubtful(&bench);
    let second = {
        let ledger = bench.open();
        let second = begin(&ledger);
        let rows = vec![call(&ledger, 7, "b", None), call(&ledger, 8, "x", None)];
        ledger.register(second, rows).unwrap();
        ledger.end_run(second, RunEnd::Interrupted).unwrap();
        second
    };
    for forget_tickets in [false, true] {
        let purged = purge(&bench, forget_tickets, Mode::Commit);
        assert_eq!((purged.runs, purged.rows, purged.kept), (0, 0, 2));
    }
    assert_eq!(states_in(&bench, first).len(), 4);
    assert_eq!(states_in(&bench, second), [(7, "in_doubt"), (8, "ready")]);
    let mut steward = Steward::open(&bench.path).unwrap();
    let all = [
        finding(first, 3, ticket("T9")),
        finding(first, 4, Found::NotCreated),
    ];
    steward.resolve(&all, "Kim", Mode::Commit).unwrap();
    drop(steward);
    let purged = rows_only(&bench, later());
    assert_eq!((purged.runs, purged.rows, purged.kept), (2, 6, 0));
    // What a person found outlives the rows.
    let ledger = bench.open();
    let run = begin(&ledger);
    let rows = vec![call(&ledger, 2, "b", None), call(&ledger, 3, "c", None)];
    let met = ledger.register(run, rows).unwrap();
    assert!(
        matches!(
            met[..],
            [
                Disposition::Settled(Outcome::AlreadyCreated),
                Disposition::Send(_)
            ]
        ),
        "{met:?}"
    );
}

#[test]
fn a_run_that_has_not_ended_is_no_old_one() {
    let bench = Bench::new();
    let ledger = bench.open();
    let run = new_run(&ledger);
    let adopted = Adoption {
        row: call(&ledger, 2, "a", None),
        event: created("T1"),
        at: None,
        identical: 1,
    };
    drop(ledger);
    let mut steward = Steward::open(&bench.path).unwrap();
    let run = steward.begin_run(&run).unwrap();
    steward.adopt(run, &[adopted]).unwrap();
    let all = Purge {
        before: later(),
        forget_tickets: true,
    };
    assert_eq!(steward.purge(all, Mode::Commit).unwrap(), Purged::default());
    steward.end_run(run, RunEnd::Adopted).unwrap();
    assert_eq!(steward.purge(all, Mode::Commit).unwrap().tickets, 1);
}

#[test]
fn no_program_deletes_what_is_in_doubt_or_claimed_or_changes_a_finding() {
    let bench = Bench::new();
    let run = doubtful(&bench);
    let one = [finding(run, 3, ticket("T9"))];
    let mut steward = Steward::open(&bench.path).unwrap();
    steward.resolve(&one, "Kim", Mode::Commit).unwrap();
    drop(steward);
    let connection = rusqlite::Connection::open(&bench.path).unwrap();
    connection
        .execute_batch(
            "PRAGMA foreign_keys = OFF; UPDATE submission SET state = 'claimed', attempts = 1 WHERE id = 4",
        )
        .unwrap();
    for (change, told) in [
        ("DELETE FROM submission WHERE id = 3", "in doubt is kept"),
        ("DELETE FROM submission WHERE id = 4", "in doubt is kept"),
        ("UPDATE finding SET who = 'Ali'", "a finding stands"),
    ] {
        let refused = connection.execute(change, []).unwrap_err();
        assert!(refused.to_string().contains(told), "{change}: {refused}");
    }
}
