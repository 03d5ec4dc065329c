//! The ledger in the hands of a person: findings, adoption, purging, checking, and what is refused.

use super::*;
use jiff::Timestamp;

/// Registers rows and gives their submissions.
fn register(ledger: &Ledger, run: RunId, rows: Vec<Registration>) -> Vec<SubmissionId> {
    ledger
        .register(run, rows)
        .unwrap()
        .into_iter()
        .map(sent)
        .collect()
}

fn unproven() -> Event {
    Event::Unproven(Doubt {
        code: "timeout".to_owned(),
        message: "no answer came".to_owned(),
    })
}

/// A run of four rows: created with T1, two in doubt, and one that is still to be sent.
fn doubtful(bench: &Bench) -> RunId {
    let ledger = bench.open();
    let run = begin(&ledger);
    let rows = ["a", "b", "c", "d"];
    let rows = (2..)
        .zip(rows)
        .map(|(row, content)| call(&ledger, row, content, None))
        .collect();
    let ids = register(&ledger, run, rows);
    for (id, event) in ids.iter().zip([created("T1"), unproven(), unproven()]) {
        apply(&ledger, *id, Event::Claimed).unwrap();
        apply(&ledger, *id, event).unwrap();
    }
    ledger.end_run(run, RunEnd("finished".to_owned())).unwrap();
    run
}

fn finding(run: RunId, row: u64, found: Found) -> NewFinding {
    NewFinding {
        reference: Reference { run, row },
        found,
        checked: false,
    }
}

fn ticket(id: &str) -> Found {
    Found::Created(TicketId::new(id).unwrap())
}

fn reader(bench: &Bench) -> Reader {
    Reader::open(&bench.path).unwrap()
}

fn states_in(bench: &Bench, run: RunId) -> Vec<(u64, &'static str)> {
    let ledger = bench.open();
    states(&ledger, run)
}

#[test]
fn a_finding_moves_its_own_row_and_stands_with_who_and_when() {
    let bench = Bench::new();
    let run = doubtful(&bench);
    let mut steward = Steward::open(&bench.path).unwrap();
    let one = [finding(run, 3, ticket("T9"))];
    let before = Timestamp::now();
    let answers = steward.resolve(&one, "Kim", Mode::Commit).unwrap();
    assert_eq!(answers, [Ok(Recorded::Now)]);
    let again = steward.resolve(&one, "Ali", Mode::Commit).unwrap();
    let [Ok(Recorded::Before(first))] = &again[..] else {
        panic!("{again:?}")
    };
    assert_eq!((first.who.as_str(), &first.found), ("Kim", &ticket("T9")));
    assert!(first.at.as_second() >= before.as_second());
    drop(steward);
    assert_eq!(
        states_in(&bench, run),
        [
            (2, "created"),
            (3, "created"),
            (4, "in_doubt"),
            (5, "ready")
        ]
    );
}

#[test]
fn a_row_without_a_ticket_can_be_sent_again_and_the_first_finding_stands() {
    let bench = Bench::new();
    let run = doubtful(&bench);
    let mut steward = Steward::open(&bench.path).unwrap();
    let first = [finding(run, 3, Found::NotCreated)];
    steward.resolve(&first, "Kim", Mode::Commit).unwrap();
    let other = [finding(run, 3, ticket("T9"))];
    let answers = steward.resolve(&other, "Ali", Mode::Commit).unwrap();
    assert!(
        matches!(&answers[..], [Err(Refused::Otherwise { .. })]),
        "{answers:?}"
    );
    let text = answers[0].as_ref().unwrap_err().to_string();
    assert!(text.contains("Kim found no ticket"), "{text}");
    drop(steward);
    assert_eq!(
        states_in(&bench, run),
        [(2, "created"), (3, "ready"), (4, "in_doubt"), (5, "ready")]
    );
    let ledger = bench.open();
    let next = begin(&ledger);
    let again = ledger
        .register(next, vec![call(&ledger, 3, "b", None)])
        .unwrap();
    assert!(matches!(again[..], [Disposition::Send(_)]), "{again:?}");
}

#[test]
fn findings_are_recorded_together_or_not_at_all() {
    let bench = Bench::new();
    let run = doubtful(&bench);
    let other = RunId(run.0 + 7);
    let mut steward = Steward::open(&bench.path).unwrap();
    let all = [
        finding(run, 3, Found::NotCreated),
        finding(other, 3, Found::NotCreated),
        finding(run, 99, Found::NotCreated),
        finding(run, 2, Found::NotCreated),
        finding(run, 5, ticket("T9")),
        finding(run, 4, ticket("T1")),
    ];
    let answers = steward.resolve(&all, "Kim", Mode::Commit).unwrap();
    assert!(
        matches!(
            &answers[..],
            [
                Ok(Recorded::Now),
                Err(Refused::Unknown(_)),
                Err(Refused::Unknown(_)),
                Err(Refused::NotInDoubt {
                    state: "created",
                    ..
                }),
                Err(Refused::NotInDoubt { state: "ready", .. }),
                Err(Refused::Taken {
                    holder: Reference { row: 2, .. },
                    ..
                }),
            ]
        ),
        "{answers:?}"
    );
    drop(steward);
    assert_eq!(reader(&bench).in_doubt().unwrap().len(), 2);
}

#[test]
fn a_row_in_doubt_is_found_by_its_own_run_even_where_the_rows_of_runs_were_forgotten() {
    let bench = Bench::new();
    let run = doubtful(&bench);
    let mut steward = Steward::open(&bench.path).unwrap();
    steward
        .within(Mode::Commit, |connection, _| {
            Ok(connection.execute("DELETE FROM row", [])?)
        })
        .unwrap();
    let both = [
        finding(run, 3, Found::NotCreated),
        finding(run, 2, Found::NotCreated),
    ];
    let answers = steward.resolve(&both, "Kim", Mode::Rehearse).unwrap();
    assert!(
        matches!(&answers[..], [Ok(Recorded::Now), Err(Refused::Unknown(_))]),
        "{answers:?}"
    );
}

#[test]
fn rows_in_doubt_are_listed_with_what_was_seen() {
    let bench = Bench::new();
    let run = doubtful(&bench);
    let doubts = reader(&bench).in_doubt().unwrap();
    let names: Vec<String> = doubts
        .iter()
        .map(|doubt| doubt.reference.to_string())
        .collect();
    assert_eq!(names, [format!("{run}:3"), format!("{run}:4")]);
    assert_eq!(
        (doubts[0].doubt.code.as_str(), doubts[0].file.as_str()),
        ("timeout", "calls.csv")
    );
    assert!(doubts[0].since.is_some());
}

#[test]
fn an_answer_with_another_rows_ticket_is_doubt_and_the_first_row_keeps_it() {
    let bench = Bench::new();
    let ledger = bench.open();
    let run = begin(&ledger);
    let rows = vec![call(&ledger, 2, "a", None), call(&ledger, 3, "b", None)];
    let ids = register(&ledger, run, rows);
    for id in &ids {
        apply(&ledger, *id, Event::Claimed).unwrap();
        apply(&ledger, *id, created("T1")).unwrap();
    }
    assert_eq!(states(&ledger, run), [(2, "created"), (3, "in_doubt")]);
    let doubts = ledger.reader().unwrap().in_doubt().unwrap();
    assert_eq!(doubts[0].doubt.code, "known_ticket_id");
}

#[test]
fn two_accounts_may_have_one_ticket_id() {
    let bench = Bench::new();
    let ledger = bench.open();
    let here = begin(&ledger);
    let elsewhere = ledger.identities("elsewhere");
    let there = ledger
        .begin_run(NewRun {
            scope: elsewhere.scope(),
            target: "bulk at another host".into(),
            file: "calls.csv".into(),
            sheet: None,
            selection: Selection::default(),
            hidden: None,
            fingerprint: [1; 32],
            mapping: [1; 8],
        })
        .unwrap();
    let one = register(&ledger, here, vec![call(&ledger, 2, "a", None)]);
    let mut row = call(&ledger, 2, "a", None);
    row.source = elsewhere.key(b"a");
    let other = register(&ledger, there, vec![row]);
    for id in one.iter().chain(&other) {
        apply(&ledger, *id, Event::Claimed).unwrap();
        apply(&ledger, *id, created("T1")).unwrap();
    }
    assert_eq!(states(&ledger, here), [(2, "created")]);
    assert_eq!(states(&ledger, there), [(2, "created")]);
}

#[test]
fn what_came_of_a_run_is_counted_as_results_tell_it() {
    let bench = Bench::new();
    let first = doubtful(&bench);
    let ledger = bench.open();
    let second = begin(&ledger);
    let rows = vec![call(&ledger, 9, "a", None), call(&ledger, 10, "x", None)];
    ledger.register(second, rows).unwrap();
    drop(ledger);
    let tallies = reader(&bench).tallies(None).unwrap();
    let of = |run: RunId| -> Vec<(Outcome, u64)> {
        tallies[&run]
            .outcomes
            .iter()
            .map(|(outcome, rows)| (*outcome, *rows))
            .collect()
    };
    assert_eq!(
        of(first),
        [
            (Outcome::Created, 1),
            (Outcome::InDoubt, 2),
            (Outcome::NotSent, 1)
        ]
    );
    assert_eq!(
        of(second),
        [(Outcome::AlreadyCreated, 1), (Outcome::NotSent, 1)]
    );
    let codes = reader(&bench).codes(first).unwrap();
    assert_eq!((codes[0].code.as_str(), codes[0].rows), ("timeout", 2));
    let runs = reader(&bench).runs().unwrap();
    assert_eq!(runs.len(), 2);
    assert_eq!(runs[0].ended.as_deref(), Some("finished"));
    assert_eq!(reader(&bench).run(RunId(77)).unwrap(), None);
}

/// A run whose only row has a ticket.
fn settled(bench: &Bench, row: u64, content: &str, id: &str) -> RunId {
    let ledger = bench.open();
    let run = begin(&ledger);
    let ids = register(&ledger, run, vec![call(&ledger, row, content, None)]);
    apply(&ledger, ids[0], Event::Claimed).unwrap();
    apply(&ledger, ids[0], created(id)).unwrap();
    ledger.end_run(run, RunEnd("finished".to_owned())).unwrap();
    run
}

fn purge(bench: &Bench, forget_tickets: bool, mode: Mode) -> Purged {
    let purge = Purge {
        before: Timestamp::now() + jiff::SignedDuration::from_secs(60),
        forget_tickets,
    };
    Steward::open(&bench.path)
        .unwrap()
        .purge(purge, mode)
        .unwrap()
}

#[test]
fn purging_forgets_rows_and_no_ticket_and_keeps_runs_with_doubt_whole() {
    let bench = Bench::new();
    let doubtful = doubtful(&bench);
    let old = settled(&bench, 2, "x", "T7");
    let rehearsed = purge(&bench, false, Mode::Rehearse);
    let purged = purge(&bench, false, Mode::Commit);
    assert_eq!(rehearsed, purged);
    assert_eq!(
        purged,
        Purged {
            runs: 1,
            rows: 1,
            tickets: 0,
            kept: 1
        }
    );
    assert_eq!(states_in(&bench, old), []);
    assert_eq!(states_in(&bench, doubtful).len(), 4);
    let ledger = bench.open();
    let run = begin(&ledger);
    let known = ledger
        .register(run, vec![call(&ledger, 5, "x", None)])
        .unwrap();
    assert_eq!(known, [Disposition::Settled(Outcome::AlreadyCreated)]);
    let soundness = ledger.reader().unwrap().check().unwrap();
    assert_eq!(soundness.faults, Vec::<String>::new());
}

#[test]
fn forgetting_tickets_spares_what_a_younger_run_has_met_and_what_is_in_doubt() {
    let bench = Bench::new();
    let doubtful = doubtful(&bench);
    settled(&bench, 2, "x", "T7");
    settled(&bench, 2, "y", "T8");
    let before = Timestamp::now() + jiff::SignedDuration::from_secs(60);
    let ledger = bench.open();
    let young = begin(&ledger);
    let again = vec![call(&ledger, 2, "y", None)];
    ledger.register(young, again).unwrap();
    drop(ledger);
    let mut steward = Steward::open(&bench.path).unwrap();
    let ends_later = before.as_millisecond() + 1;
    steward
        .within(Mode::Commit, |connection, _| {
            let change = "UPDATE run SET finished_at = ?2 WHERE id = ?1";
            Ok(connection.execute(change, (young.0, ends_later))?)
        })
        .unwrap();
    let all = Purge {
        before,
        forget_tickets: true,
    };
    let purged = steward.purge(all, Mode::Commit).unwrap();
    assert_eq!((purged.tickets, purged.kept), (1, 1));
    drop(steward);
    let ledger = bench.open();
    let run = begin(&ledger);
    let rows = vec![
        call(&ledger, 2, "x", None),
        call(&ledger, 3, "y", None),
        call(&ledger, 4, "b", None),
    ];
    let met = ledger.register(run, rows).unwrap();
    assert!(
        matches!(
            met[..],
            [
                Disposition::Send(_),
                Disposition::Settled(Outcome::AlreadyCreated),
                Disposition::Settled(Outcome::InDoubt)
            ]
        ),
        "{met:?}"
    );
    assert_eq!(states(&ledger, doubtful).len(), 4);
    let soundness = ledger.reader().unwrap().check().unwrap();
    assert_eq!(soundness.faults, Vec::<String>::new());
}

#[test]
fn the_number_of_a_run_is_never_given_twice() {
    let bench = Bench::new();
    let old = settled(&bench, 2, "x", "T7");
    purge(&bench, true, Mode::Commit);
    let ledger = bench.open();
    assert!(begin(&ledger) > old);
}

#[test]
fn adopted_rows_are_known_to_the_next_run() {
    let bench = Bench::new();
    let ids = bench.open().identities("here");
    let rows = {
        let ledger = bench.open();
        [
            ("a", created("T1")),
            ("b", unproven()),
            ("c", created("T1")),
        ]
        .into_iter()
        .zip(2..)
        .map(|((content, event), row)| Adoption {
            row: call(&ledger, row, content, None),
            event,
            at: None,
        })
        .collect::<Vec<_>>()
    };
    let mut steward = Steward::open(&bench.path).unwrap();
    let run = steward
        .begin_run(&NewRun {
            scope: ids.scope(),
            target: "bulk at localhost".into(),
            file: "calls.csv".into(),
            sheet: None,
            selection: Selection::default(),
            hidden: None,
            fingerprint: [1; 32],
            mapping: [1; 8],
        })
        .unwrap();
    let adopted = steward.adopt(run, &rows).unwrap();
    assert_eq!(
        adopted,
        [Adopted::Created, Adopted::InDoubt, Adopted::InDoubt]
    );
    drop(steward);
    let ledger = bench.open();
    let next = begin(&ledger);
    let rows = vec![
        call(&ledger, 2, "a", None),
        call(&ledger, 3, "b", None),
        call(&ledger, 4, "new", None),
    ];
    let met = ledger.register(next, rows).unwrap();
    assert!(
        matches!(
            met[..],
            [
                Disposition::Settled(Outcome::AlreadyCreated),
                Disposition::Settled(Outcome::InDoubt),
                Disposition::Send(_)
            ]
        ),
        "{met:?}"
    );
}

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

/// Each promise that no table can hold by itself, and a change from outside that breaks it.
const BREACHES: [(&str, &str); 9] = [
    (
        "UPDATE submission SET ticket_id = NULL WHERE id = 1",
        "created without a ticket",
    ),
    (
        "UPDATE submission SET error_code = NULL WHERE id = 2",
        "nothing says why",
    ),
    (
        "INSERT INTO row(run, row) VALUES (1, 77)",
        "neither a submission nor a reason",
    ),
    (
        "UPDATE submission SET state = 'created', ticket_id = 'T1', error_code = NULL WHERE id = 2",
        "more than one row",
    ),
    ("DELETE FROM identity WHERE submission = 1", "no identity"),
    (
        "DELETE FROM submission WHERE id = 4",
        "identities lead nowhere",
    ),
    (
        "UPDATE submission SET run = 99 WHERE id = 4",
        "belong to no run",
    ),
    (
        "UPDATE submission SET attempts = 0 WHERE id = 1",
        "were never sent",
    ),
    (
        "INSERT INTO finding VALUES (1, 0, 'Kim', 'created', 'T9', 1, 'timeout')",
        "another ticket than a person found",
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
                 DROP TRIGGER submission_transition;",
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

/// A ledger file as a version of the program with so many migrations left it: one run with a ticket and a doubt.
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
             INSERT INTO run(id, started_at, finished_at, ended, scope, target, file, sheet, fingerprint, mapping)
             VALUES (1, 1000, 2000, 'finished', zeroblob(16), 'bulk at localhost', 'calls.csv', 'Night',
                     zeroblob(32), zeroblob(8));
             INSERT INTO submission(id, state, run, row, payload, ticket_id, error_code, message, attempts, finished_at)
             VALUES (1, 'created', 1, 2, zeroblob(16), 'T1', NULL, NULL, 1, 1500),
                    (2, 'in_doubt', 1, 3, zeroblob(16), NULL, 'timeout', 'no answer came', 1, 1600);
             INSERT INTO identity VALUES (x'aa000000000000000000000000000001', 1),
                                         (x'aa000000000000000000000000000002', 2);
             INSERT INTO row(run, row, submission) VALUES (1, 2, 1), (1, 3, 2);",
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
                [(2, "created"), (3, "in_doubt")]
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
            scope: ledger.identities("here").scope(),
            target: "bulk at localhost".into(),
            file: "calls.csv".into(),
            sheet: None,
            selection,
            hidden: Some(Hidden::Skip),
            fingerprint: [1; 32],
            mapping: [1; 8],
        })
        .unwrap();
    let of = |run| {
        let record = ledger.reader().unwrap().run(run).unwrap().unwrap();
        (record.selection, record.hidden)
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

#[cfg(unix)]
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
