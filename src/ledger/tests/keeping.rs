//! The ledger in the hands of a person: findings, adoption, purging, and what is refused.

mod purging;
mod soundness;

use super::*;
use jiff::Timestamp;

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
    ledger.end_run(run, RunEnd::Finished).unwrap();
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
    let elsewhere = ledger
        .identities(&Scope::new("elsewhere".to_owned(), None))
        .unwrap();
    let there = ledger
        .begin_run(NewRun {
            scope: elsewhere.scope(),
            target: "bulk at another host".into(),
            ..new_run(&ledger)
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
    let soundness = ledger.reader().unwrap().check().unwrap();
    assert_eq!(soundness.faults, Vec::<String>::new());
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
    assert_eq!(runs[0].ended, Some(RunEnd::Finished));
    assert_eq!(reader(&bench).run(RunId(77)).unwrap(), None);
}

#[test]
fn each_outcome_is_counted_for_each_run_that_met_the_row() {
    let bench = Bench::new();
    let ledger = bench.open();
    let (first, second) = (begin(&ledger), begin(&ledger));
    let rejected = || Event::Rejected {
        code: ErrorCode(414),
    };
    let rows = (2..).zip(["a", "b", "c", "d", "e", "f"]);
    let calls = |ledger: &Ledger| -> Vec<Registration> {
        let rows = rows.clone();
        rows.map(|(row, content)| call(ledger, row, content, None))
            .collect()
    };
    let ids = register(&ledger, first, calls(&ledger));
    for id in &ids[..5] {
        apply(&ledger, *id, Event::Claimed).unwrap();
    }
    let events = [created("T1"), unproven(), rejected(), rejected()];
    for (id, event) in ids.iter().zip(events) {
        apply(&ledger, *id, event).unwrap();
    }
    let mut invalid = call(&ledger, 8, "g", None);
    invalid.verdict = Verdict::Invalid {
        code: "missing.dob".into(),
        message: "DOB: is empty".into(),
        payload: None,
    };
    ledger.register(first, vec![invalid]).unwrap();
    let again = calls(&ledger).into_iter().take(3).collect();
    let met = ledger.register(second, again).unwrap();
    let third = sent(met[2]);
    apply(&ledger, third, Event::Claimed).unwrap();
    apply(&ledger, third, created("T3")).unwrap();
    let reader = ledger.reader().unwrap();
    let tallies = reader.tallies(None).unwrap();
    let told = |run: RunId| {
        let tally = &tallies[&run];
        let alone = reader.tallies(Some(run)).unwrap();
        assert_eq!((alone.len(), &alone[&run]), (1, tally));
        let outcomes: Vec<_> = tally
            .outcomes
            .iter()
            .map(|(o, n)| (o.as_str(), *n))
            .collect();
        (outcomes, tally.claimed, tally.rows())
    };
    // The third was rejected in the first run and created in the second: it has its ticket in both.
    let expected = [
        ("created", 1),
        ("already_created", 1),
        ("invalid", 1),
        ("rejected", 1),
        ("in_doubt", 1),
        ("not_sent", 1),
    ];
    assert_eq!(told(first), (expected.to_vec(), 1, 7));
    let expected = [("created", 1), ("already_created", 1), ("in_doubt", 1)];
    assert_eq!(told(second), (expected.to_vec(), 0, 3));
}

/// A run whose only row has a ticket.
fn settled(bench: &Bench, row: u64, content: &str, id: &str) -> RunId {
    let ledger = bench.open();
    let run = begin(&ledger);
    let ids = register(&ledger, run, vec![call(&ledger, row, content, None)]);
    apply(&ledger, ids[0], Event::Claimed).unwrap();
    apply(&ledger, ids[0], created(id)).unwrap();
    ledger.end_run(run, RunEnd::Finished).unwrap();
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
    let ids = bench
        .open()
        .identities(&Scope::new("here".to_owned(), None))
        .unwrap();
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
            identical: 1,
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
