//! Identical calls without a key: every row of a rejects file has a submission of its own, also after a kill.

use super::*;
use proptest::prelude::*;
use std::collections::HashSet;

const SOURCE: [u8; 32] = [1; 32];
const REJECTS: [u8; 32] = [2; 32];
/// The rejects file with another content: as it was before, or as it is after more of its rows were mended.
const OTHER_REJECTS: [u8; 32] = [3; 32];

/// The n-th of several identical rows (counted from 0) of a whole file.
fn of_source(ledger: &Ledger, nth: u64) -> Registration {
    Registration {
        row: nth + 2,
        ordinal: nth,
        ..call(ledger, 2, "the same", None)
    }
}

/// The n-th of them in a rejects file.
fn of_rejects(ledger: &Ledger, nth: u64) -> Registration {
    of_content(ledger, REJECTS, nth)
}

/// The n-th of them in a rejects file with some content.
fn of_content(ledger: &Ledger, fingerprint: [u8; 32], nth: u64) -> Registration {
    Registration {
        rejects: Some(RejectsFile {
            fingerprint,
            sheet: None,
        }),
        ..of_source(ledger, nth)
    }
}

/// How a submission ends in these tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Created,
    Rejected,
    InDoubt,
    NotSent,
}

fn end(ledger: &Ledger, id: SubmissionId, ending: Ending) {
    let event = match ending {
        Ending::NotSent => return,
        Ending::Created => created(&format!("T{}", id.0)),
        Ending::Rejected => Event::Rejected {
            code: ErrorCode(414),
        },
        Ending::InDoubt => Event::Unproven(Doubt {
            code: "crash".to_owned(),
            message: "it was killed".to_owned(),
        }),
    };
    apply(ledger, id, Event::Claimed).unwrap();
    apply(ledger, id, event).unwrap();
}

/// Imports the source with so many identical rows, of which each ends as it is said.
fn import_source(ledger: &Ledger, endings: &[Ending]) -> Vec<SubmissionId> {
    let run = begin_over(ledger, SOURCE);
    let rows = (0..).zip(endings).map(|(nth, _)| of_source(ledger, nth));
    let ids = register(ledger, run, rows.collect());
    for (id, ending) in ids.iter().zip(endings) {
        end(ledger, *id, *ending);
    }
    ids
}

/// Imports the rejects file with so many identical rows and sends none.
fn import_rejects(ledger: &Ledger, rows: u64) -> Vec<Disposition> {
    import_content(ledger, REJECTS, rows)
}

/// The same with some content of the rejects file.
fn import_content(ledger: &Ledger, fingerprint: [u8; 32], rows: u64) -> Vec<Disposition> {
    let run = begin_over(ledger, fingerprint);
    let rows = (0..rows).map(|nth| of_content(ledger, fingerprint, nth));
    ledger.register(run, rows.collect()).unwrap()
}

fn previews(ledger: &Ledger, rows: u64) -> Vec<Outcome> {
    let reader = ledger.reader().unwrap();
    let snapshot = reader.snapshot().unwrap();
    (0..rows)
        .map(|nth| snapshot.preview(&of_rejects(ledger, nth)).unwrap().outcome)
        .collect()
}

const ALREADY: Disposition = Disposition::Settled(Outcome::AlreadyCreated);
const IN_DOUBT: Disposition = Disposition::Settled(Outcome::InDoubt);

#[test]
fn a_row_of_a_rejects_file_stands_for_the_open_one_of_several_identical_calls() {
    let bench = Bench::new();
    let ledger = bench.open();
    let run = begin(&ledger);
    let first = call(&ledger, 2, "a", None);
    let second = Registration {
        row: 3,
        ordinal: 1,
        ..first.clone()
    };
    let ids = register(&ledger, run, vec![first.clone(), second]);
    apply(&ledger, ids[0], Event::Claimed).unwrap();
    apply(&ledger, ids[0], created("T1")).unwrap();

    let rejects = Registration {
        rejects: of_rejects(&ledger, 0).rejects,
        ..first
    };
    let second_run = begin_over(&ledger, REJECTS);
    assert_eq!(
        ledger.register(second_run, vec![rejects.clone()]).unwrap(),
        [Disposition::Send(ids[1])]
    );
    apply(&ledger, ids[1], Event::Claimed).unwrap();
    apply(&ledger, ids[1], created("T2")).unwrap();
    let third_run = begin_over(&ledger, REJECTS);
    let settled = ledger.register(third_run, vec![rejects]).unwrap();
    assert_eq!(settled, [Disposition::Settled(Outcome::AlreadyCreated)]);
}

#[test]
fn identical_rows_of_a_rejects_file_are_each_sent_even_if_the_first_is_created_meanwhile() {
    let bench = Bench::new();
    let ledger = bench.open();
    let run = begin_over(&ledger, REJECTS);
    let mut ids = Vec::new();
    for row in [2, 3, 4] {
        let part = Registration {
            rejects: of_rejects(&ledger, 0).rejects,
            ordinal: row - 2,
            ..call(&ledger, row, "the same", None)
        };
        ids.push(sent(ledger.register(run, vec![part]).unwrap()[0]));
        let id = ids[ids.len() - 1];
        apply(&ledger, id, Event::Claimed).unwrap();
        apply(&ledger, id, created(&format!("T{row}"))).unwrap();
    }
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[test]
fn after_a_kill_each_row_of_a_rejects_file_is_told_as_what_became_of_itself() {
    for (first, second) in [
        (Ending::Created, Ending::InDoubt),
        (Ending::InDoubt, Ending::Created),
    ] {
        let bench = Bench::new();
        let ledger = bench.open();
        import_source(&ledger, &[Ending::Rejected, Ending::NotSent]);
        let ids: Vec<_> = import_rejects(&ledger, 2).into_iter().map(sent).collect();
        end(&ledger, ids[0], first);
        end(&ledger, ids[1], second);
        let told = |ending| match ending {
            Ending::Created => ALREADY,
            _ => IN_DOUBT,
        };
        let expected = [told(first), told(second)];
        assert_eq!(import_rejects(&ledger, 2), expected);
        assert_eq!(import_rejects(&ledger, 2), expected, "and so it stays");
    }
}

#[test]
fn a_row_that_was_sent_from_the_rejects_is_not_taken_for_a_neighbour_that_is_in_doubt() {
    let bench = Bench::new();
    let ledger = bench.open();
    import_source(&ledger, &[Ending::InDoubt, Ending::Rejected]);
    let id = sent(import_rejects(&ledger, 1)[0]);
    end(&ledger, id, Ending::Created);
    assert_eq!(import_rejects(&ledger, 1), [ALREADY]);
}

#[test]
fn rows_that_were_killed_before_they_were_registered_are_sent_and_their_neighbours_are_not() {
    let bench = Bench::new();
    let ledger = bench.open();
    // None was known before: they were invalid when the rejects were written, and the mapping was mended.
    let ids: Vec<_> = import_rejects(&ledger, 2).into_iter().map(sent).collect();
    end(&ledger, ids[0], Ending::Created);
    end(&ledger, ids[1], Ending::Created);
    let again = import_rejects(&ledger, 3);
    assert_eq!(again[..2], [ALREADY, ALREADY]);
    let third = sent(again[2]);
    assert!(!ids.contains(&third));
    end(&ledger, third, Ending::Created);
    assert_eq!(import_rejects(&ledger, 3), [ALREADY; 3]);
}

#[test]
fn a_rejects_file_from_which_a_row_was_deleted_sends_one_of_two_open_calls_once() {
    let bench = Bench::new();
    let ledger = bench.open();
    import_source(&ledger, &[Ending::Rejected, Ending::Rejected]);
    let id = sent(import_rejects(&ledger, 1)[0]);
    end(&ledger, id, Ending::Created);
    assert_eq!(import_rejects(&ledger, 1), [ALREADY]);
}

#[test]
fn an_identity_past_a_gap_is_found() {
    let bench = Bench::new();
    let ledger = bench.open();
    // Only the second of two identical rows was asked for.
    let run = begin_over(&ledger, SOURCE);
    let id = sent(ledger.register(run, vec![of_source(&ledger, 1)]).unwrap()[0]);
    assert_eq!(import_rejects(&ledger, 1), [Disposition::Send(id)]);
}

/// What is left and settled came from another file, and nobody knows which of them the rows are: none of them is sent.
#[test]
fn what_cannot_be_told_apart_is_not_sent() {
    for (endings, expected) in [
        ([Ending::Created, Ending::Created], [ALREADY, ALREADY]),
        ([Ending::Created, Ending::InDoubt], [IN_DOUBT, ALREADY]),
    ] {
        let bench = Bench::new();
        let ledger = bench.open();
        import_source(&ledger, &endings);
        assert_eq!(import_rejects(&ledger, 1), expected[..1]);
        assert_eq!(import_rejects(&ledger, 2), expected);
    }
}

/// Two identical rows in one file are two calls: the second one was not mended yet when the first one was sent.
#[test]
fn a_row_for_which_no_submission_is_left_is_a_call_of_its_own_and_is_sent_once() {
    for first in [Ending::Created, Ending::InDoubt, Ending::Rejected] {
        let bench = Bench::new();
        let ledger = bench.open();
        let before = import_content(&ledger, OTHER_REJECTS, 1);
        end(&ledger, sent(before[0]), first);
        let told = match first {
            Ending::Created => ALREADY,
            Ending::InDoubt => IN_DOUBT,
            _ => before[0],
        };
        let outcomes = previews(&ledger, 2);
        assert_eq!(outcomes[1], Outcome::Ready);
        let met = import_rejects(&ledger, 2);
        assert_eq!(met[0], told);
        let second = sent(met[1]);
        assert_ne!(Disposition::Send(second), before[0]);
        end(&ledger, second, Ending::Created);
        if first == Ending::Rejected {
            end(&ledger, sent(met[0]), Ending::Created);
        }
        let told = if first == Ending::InDoubt {
            IN_DOUBT
        } else {
            ALREADY
        };
        for fingerprint in [REJECTS, REJECTS, OTHER_REJECTS] {
            assert_eq!(import_content(&ledger, fingerprint, 2), [told, ALREADY]);
        }
        assert_eq!(previews(&ledger, 3)[2], Outcome::Ready);
    }
}

fn any_ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        Just(Ending::Created),
        Just(Ending::Rejected),
        Just(Ending::InDoubt),
        Just(Ending::NotSent)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A source, its rejects, and imports of those that are cut off after some rows: each row keeps a submission of its own,
    /// a preview says what the import does, and nothing that is settled is ever sent.
    #[test]
    fn rows_of_a_rejects_file_never_share_a_submission_and_never_change_it(
        source in prop::collection::vec(any_ending(), 0..5),
        were_invalid in 0..3_u64,
        imports in prop::collection::vec((0..5_u64, prop::collection::vec(any_ending(), 6)), 1..4),
    ) {
        let bench = Bench::new();
        let ledger = bench.open();
        let known = import_source(&ledger, &source);
        let open = source
            .iter()
            .filter(|ending| matches!(ending, Ending::Rejected | Ending::NotSent))
            .count() as u64;
        // Rows without a submission are among the rejects only where all of them were invalid.
        let rows = if known.is_empty() { were_invalid } else { open };
        let mut fixed: Vec<Option<SubmissionId>> = vec![None; 8];
        let mut settled: HashSet<SubmissionId> = (0..)
            .zip(&source)
            .filter(|(_, ending)| matches!(ending, Ending::Created | Ending::InDoubt))
            .map(|(place, _): (usize, _)| known[place])
            .collect();
        for (cut, endings) in imports {
            let expected = previews(&ledger, rows);
            let registered = rows.min(cut);
            let met = import_rejects(&ledger, registered);
            for (place, disposition) in met.iter().enumerate() {
                let outcome = match disposition {
                    Disposition::Send(_) => Outcome::Ready,
                    Disposition::Settled(outcome) => *outcome,
                    Disposition::Twin(_) => panic!("without a key no row is a twin"),
                };
                prop_assert_eq!(outcome, expected[place]);
                if let Disposition::Send(id) = disposition {
                    prop_assert!(settled.insert(*id) || !was_settled(&ledger, *id));
                    prop_assert!(fixed[place].is_none_or(|before| before == *id));
                    fixed[place] = Some(*id);
                    end(&ledger, *id, endings[place]);
                }
            }
            let taken: Vec<_> = fixed.iter().flatten().collect();
            let distinct: HashSet<_> = taken.iter().collect();
            prop_assert_eq!(taken.len(), distinct.len());
        }
    }
}

/// Whether a submission has a ticket or is in doubt.
fn was_settled(ledger: &Ledger, id: SubmissionId) -> bool {
    let reader = ledger.reader().unwrap();
    let state: String = reader
        .connection
        .query_row(
            "SELECT state FROM submission WHERE id = ?1",
            [id.0],
            |row| row.get(0),
        )
        .unwrap();
    state == "created" || state == "in_doubt"
}
