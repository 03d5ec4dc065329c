//! The ledger from outside: what is answered is stored, what is stored is what the state machine allows.

use super::*;
use crate::reading::{Hidden, Selection};
use crate::row::Row;
use crate::submission::{Doubt, State};
use crate::ticket::{ErrorCode, Outcome, Payload, TicketField, TicketId};
use std::path::PathBuf;

mod emergency;
mod held;
mod identical;
mod keeping;

pub(super) struct Bench {
    _folder: tempfile::TempDir,
    pub(super) path: PathBuf,
}

impl Bench {
    pub(super) fn new() -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/ledger.db");
        Bench {
            _folder: folder,
            path,
        }
    }

    pub(super) fn open(&self) -> Ledger {
        Ledger::open(&self.path).unwrap()
    }
}

/// Notes in the emergency file what came of a submission.
fn keep(ledger: &Ledger, submission: SubmissionId, event: &Event) -> PathBuf {
    let note = EmergencyNote::of(submission, event).unwrap();
    ledger.keep(&note).unwrap()
}

pub(super) fn begin(ledger: &Ledger) -> RunId {
    begin_over(ledger, [1; 32])
}

fn begin_over(ledger: &Ledger, fingerprint: [u8; 32]) -> RunId {
    let run = NewRun {
        fingerprint,
        ..new_run(ledger)
    };
    ledger.begin_run(run).unwrap()
}

fn new_run(ledger: &Ledger) -> NewRun {
    NewRun {
        scope: ledger
            .identities(&Scope::new("here".to_owned(), None))
            .unwrap()
            .scope(),
        target: "bulk at localhost".into(),
        file: "calls.csv".into(),
        sheet: None,
        selection: Selection::default(),
        hidden: None,
        fingerprint: [1; 32],
        mapping: [1; 8],
    }
}

pub(super) fn call(ledger: &Ledger, row: u64, content: &str, key: Option<&str>) -> Registration {
    let ids = ledger
        .identities(&Scope::new("here".to_owned(), None))
        .unwrap();
    let mut cells = Row::default();
    cells.push(content);
    cells.push(key.unwrap_or_default());
    let mut payload = Payload::default();
    payload.set(TicketField::Complaint, content);
    Registration {
        row,
        source: ids.source(&cells),
        ordinal: 0,
        rejects: None,
        shares_key: key.is_some(),
        key: key.map(|key| ids.key(key.as_bytes())),
        verdict: Verdict::Valid {
            payload: ids.payload(&payload, [1; 8]),
        },
    }
}

fn sent(disposition: Disposition) -> SubmissionId {
    match disposition {
        Disposition::Send(id) => id,
        other => panic!("{other:?}"),
    }
}

/// Registers rows and gives their submissions.
pub(super) fn register(ledger: &Ledger, run: RunId, rows: Vec<Registration>) -> Vec<SubmissionId> {
    ledger
        .register(run, rows)
        .unwrap()
        .into_iter()
        .map(sent)
        .collect()
}

fn apply(ledger: &Ledger, id: SubmissionId, event: Event) -> Result<State, LedgerError> {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(ledger.apply(id, event))
}

fn created(id: &str) -> Event {
    Event::Created {
        ticket_id: TicketId::new(id).unwrap(),
        remark: None,
    }
}

fn states(ledger: &Ledger, run: RunId) -> Vec<(u64, &'static str)> {
    let reader = ledger.reader().unwrap();
    reader
        .rows_of(run)
        .map(|row| {
            let row = row.unwrap();
            let name = match row.fate {
                Fate::Invalid { .. } => "invalid",
                Fate::Submission { state, .. } => state.name(),
            };
            (row.row, name)
        })
        .collect()
}

#[test]
fn a_snapshot_stays_as_it_is_while_a_run_goes_on() {
    let bench = Bench::new();
    let ledger = bench.open();
    let row = call(&ledger, 2, "fever", None);
    let run = begin(&ledger);
    let ids = register(&ledger, run, vec![row.clone()]);
    let reader = ledger.reader().unwrap();
    let outcome = |snapshot: &Snapshot<'_>| snapshot.preview(&row).unwrap().outcome;
    let before = reader.snapshot().unwrap();
    assert_eq!(outcome(&before), Outcome::Ready);
    apply(&ledger, ids[0], Event::Claimed).unwrap();
    apply(&ledger, ids[0], created("T1")).unwrap();
    assert_eq!(outcome(&before), Outcome::Ready);
    drop(before);
    let after = reader.snapshot().unwrap();
    assert_eq!(outcome(&after), Outcome::AlreadyCreated);
}

#[test]
fn a_row_is_known_by_its_cells_or_its_key() {
    let bench = Bench::new();
    let ledger = bench.open();
    let run = begin(&ledger);
    register(&ledger, run, vec![call(&ledger, 2, "fever", Some("A1"))]);
    register(&ledger, run, vec![call(&ledger, 3, "cough", None)]);
    let reader = ledger.reader().unwrap();
    let snapshot = reader.snapshot().unwrap();
    let cases = [
        ("fever", Some("A1"), true),
        ("fever and chills", Some("A1"), true),
        ("cough", None, true),
        ("cough", Some("A2"), false),
        ("chills", Some("A2"), false),
        ("chills", None, false),
    ];
    for (content, key, known) in cases {
        let row = call(&ledger, 9, content, key);
        let found = snapshot.knows(&row.source, row.key.as_ref()).unwrap();
        assert_eq!(found, known, "{content} {key:?}");
        assert!(known || snapshot.preview(&row).unwrap().outcome == Outcome::Ready);
    }
}

#[test]
fn the_settings_that_durability_rests_on_are_in_force() {
    let bench = Bench::new();
    let ledger = bench.open();
    drop(ledger);
    let connection = schema::open(&bench.path, Synchronous::Full).unwrap();
    let mode: String = connection
        .query_row("PRAGMA journal_mode", [], |row| row.get(0))
        .unwrap();
    let level: i64 = connection
        .query_row("PRAGMA synchronous", [], |row| row.get(0))
        .unwrap();
    assert_eq!((mode.as_str(), level), ("wal", 2));
}

#[test]
fn room_in_the_log_keeps_every_commit_of_a_run_that_is_cut_off() {
    let bench = Bench::new();
    let ledger = bench.open();
    let run = begin(&ledger);
    let log = bench.path.with_extension("db-wal");
    let rows = u64::from(journal::WORTH_IT) + 10;
    for row in 1..=rows {
        let ids = register(
            &ledger,
            run,
            vec![call(&ledger, row, &format!("call {row}"), None)],
        );
        for id in ids {
            apply(&ledger, id, Event::Claimed).unwrap();
            apply(&ledger, id, created(&format!("T{row}"))).unwrap();
        }
        // What a kill at this moment leaves; the live ledger keeps its lock.
        let copy = Bench::new();
        std::fs::create_dir_all(copy.path.parent().unwrap()).unwrap();
        std::fs::copy(&bench.path, &copy.path).unwrap();
        std::fs::copy(&log, copy.path.with_extension("db-wal")).unwrap();
        let found = states(&copy.open(), run);
        assert_eq!(found.len() as u64, row);
        assert!(found.iter().all(|(_, state)| *state == "created"));
    }
    // Room was made once, and the pages were written into it.
    assert_eq!(std::fs::metadata(&log).unwrap().len(), journal::ROOM);
}

#[test]
fn only_the_owner_may_read_the_ledger() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    let _ledger = bench.open();
    let folder = bench.path.parent().unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0);
    }
    assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o077, 0);
}

#[test]
fn a_change_of_one_submission_leaves_the_other_alone() {
    let bench = Bench::new();
    let ledger = bench.open();
    let run = begin(&ledger);
    let rows = vec![
        call(&ledger, 2, "a", None),
        call(&ledger, 3, "b", None),
        call(&ledger, 4, "c", None),
    ];
    let ids = register(&ledger, run, rows);
    apply(&ledger, ids[0], Event::Claimed).unwrap();
    apply(&ledger, ids[0], created("T1")).unwrap();
    apply(&ledger, ids[1], Event::Claimed).unwrap();
    apply(
        &ledger,
        ids[1],
        Event::Rejected {
            code: ErrorCode(407),
        },
    )
    .unwrap();
    assert_eq!(
        states(&ledger, run),
        [(2, "created"), (3, "rejected"), (4, "ready")]
    );
}

#[test]
fn an_illegal_event_changes_nothing_and_the_writer_goes_on() {
    let bench = Bench::new();
    let ledger = bench.open();
    let run = begin(&ledger);
    let rows = vec![call(&ledger, 2, "a", None), call(&ledger, 3, "b", None)];
    let ids = register(&ledger, run, rows);
    let error = apply(&ledger, ids[0], created("T1")).unwrap_err();
    assert!(matches!(error.kind, LedgerErrorKind::Illegal(_)), "{error}");
    apply(&ledger, ids[1], Event::Claimed).unwrap();
    assert!(
        apply(&ledger, ids[1], Event::Claimed).is_err(),
        "nobody claims what is claimed"
    );
    assert_eq!(states(&ledger, run), [(2, "ready"), (3, "claimed")]);
}

#[test]
fn the_schema_itself_refuses_to_undo_a_ticket() {
    let bench = Bench::new();
    let ledger = bench.open();
    let run = begin(&ledger);
    let id = sent(
        ledger
            .register(run, vec![call(&ledger, 2, "a", None)])
            .unwrap()[0],
    );
    apply(&ledger, id, Event::Claimed).unwrap();
    apply(&ledger, id, created("T1")).unwrap();
    drop(ledger);
    let connection = schema::open(&bench.path, Synchronous::Full).unwrap();
    assert!(
        connection
            .execute(
                "UPDATE submission SET state = 'ready', ticket_id = NULL",
                []
            )
            .is_err()
    );
}

#[test]
fn what_a_dead_run_left_claimed_is_in_doubt_and_is_not_sent_again() {
    let bench = Bench::new();
    let ledger = bench.open();
    let run = begin(&ledger);
    let rows = vec![call(&ledger, 2, "a", None), call(&ledger, 3, "b", None)];
    let ids = register(&ledger, run, rows.clone());
    apply(&ledger, ids[0], Event::Claimed).unwrap();
    drop(ledger);

    let ledger = bench.open();
    assert_eq!(ledger.recovered(), 1);
    let again = begin(&ledger);
    let dispositions = ledger.register(again, rows).unwrap();
    assert_eq!(dispositions[0], Disposition::Settled(Outcome::InDoubt));
    assert!(matches!(dispositions[1], Disposition::Send(_)));
}

#[test]
fn a_second_ledger_on_the_same_file_is_refused_with_its_holder() {
    let bench = Bench::new();
    let _ledger = bench.open();
    let error = Ledger::open(&bench.path).unwrap_err();
    assert!(matches!(error.kind, LedgerErrorKind::Held(_)));
    assert!(
        error
            .to_string()
            .contains(&format!("process {}", std::process::id())),
        "{error}"
    );
}

#[test]
fn the_same_rows_again_have_their_tickets_and_a_rejected_one_is_tried_again() {
    let bench = Bench::new();
    let ledger = bench.open();
    let run = begin(&ledger);
    let rows = vec![
        call(&ledger, 2, "a", Some("k1")),
        call(&ledger, 3, "b", Some("k2")),
    ];
    let ids = register(&ledger, run, rows.clone());
    apply(&ledger, ids[0], Event::Claimed).unwrap();
    apply(&ledger, ids[0], created("T1")).unwrap();
    apply(&ledger, ids[1], Event::Claimed).unwrap();
    apply(
        &ledger,
        ids[1],
        Event::Rejected {
            code: ErrorCode(414),
        },
    )
    .unwrap();

    let again = begin(&ledger);
    let dispositions = ledger.register(again, rows).unwrap();
    assert_eq!(
        dispositions,
        [
            Disposition::Settled(Outcome::AlreadyCreated),
            Disposition::Send(ids[1])
        ]
    );
    // The key alone still finds it, and other content under it is a conflict.
    let third = begin(&ledger);
    let changed = call(&ledger, 2, "changed", Some("k1"));
    assert_eq!(
        ledger.register(third, vec![changed]).unwrap(),
        [Disposition::Settled(Outcome::Invalid)]
    );
}

#[test]
fn a_key_that_is_added_later_meets_the_ticket_by_the_cells() {
    let bench = Bench::new();
    let ledger = bench.open();
    let run = begin(&ledger);
    let with_key = call(&ledger, 2, "a", Some("k1"));
    let without = Registration {
        key: None,
        ..with_key.clone()
    };
    let id = sent(ledger.register(run, vec![without]).unwrap()[0]);
    apply(&ledger, id, Event::Claimed).unwrap();
    apply(&ledger, id, created("T1")).unwrap();
    let again = begin(&ledger);
    let settled = ledger.register(again, vec![with_key]).unwrap();
    assert_eq!(settled, [Disposition::Settled(Outcome::AlreadyCreated)]);
    // From now on the key leads there as well, though the cells are others and the content is the same.
    let third = begin(&ledger);
    let mut moved = call(&ledger, 9, "a", Some("k1"));
    moved.source = moved.source.nth(5);
    assert_eq!(ledger.register(third, vec![moved]).unwrap(), settled);
}

#[test]
fn two_rows_with_one_key_and_one_content_share_a_submission() {
    let bench = Bench::new();
    let ledger = bench.open();
    let run = begin(&ledger);
    let first = call(&ledger, 2, "a", Some("k1"));
    let second = Registration {
        row: 3,
        ordinal: 1,
        ..first.clone()
    };
    let dispositions = ledger.register(run, vec![first, second]).unwrap();
    let id = sent(dispositions[0]);
    assert_eq!(dispositions[1], Disposition::Twin(id));
}

#[test]
fn an_outcome_in_the_emergency_file_is_read_back_before_doubt_is_declared() {
    let bench = Bench::new();
    let ledger = bench.open();
    let run = begin(&ledger);
    let rows = vec![call(&ledger, 2, "a", None), call(&ledger, 3, "b", None)];
    let ids = register(&ledger, run, rows.clone());
    for id in &ids {
        apply(&ledger, *id, Event::Claimed).unwrap();
    }
    let file = keep(&ledger, ids[0], &created("T1"));
    drop(ledger);

    let ledger = bench.open();
    assert_eq!(ledger.recovered(), 1, "the other row only");
    let again = begin(&ledger);
    let dispositions = ledger.register(again, rows).unwrap();
    assert_eq!(
        dispositions,
        [
            Disposition::Settled(Outcome::AlreadyCreated),
            Disposition::Settled(Outcome::InDoubt)
        ]
    );
    drop(ledger);
    assert!(!file.exists());
}

#[test]
fn a_doubt_is_told_with_what_was_seen() {
    let bench = Bench::new();
    let ledger = bench.open();
    let run = begin(&ledger);
    let id = sent(
        ledger
            .register(run, vec![call(&ledger, 2, "a", None)])
            .unwrap()[0],
    );
    apply(&ledger, id, Event::Claimed).unwrap();
    let doubt = Doubt {
        code: "http.502".into(),
        message: "a proxy answered".into(),
    };
    apply(&ledger, id, Event::Unproven(doubt.clone())).unwrap();
    let reader = ledger.reader().unwrap();
    let story = reader.rows_of(run).next().unwrap().unwrap();
    let Fate::Submission {
        state,
        attempts,
        finished_at,
        origin,
        ..
    } = story.fate
    else {
        panic!()
    };
    assert_eq!(state, State::InDoubt(doubt));
    assert_eq!((attempts, origin), (1, (run, 2, "calls.csv".to_owned())));
    assert!(finished_at.is_some());
}

#[test]
fn a_file_that_is_no_ledger_and_one_of_a_newer_version_are_refused() {
    let bench = Bench::new();
    drop(bench.open());
    rusqlite::Connection::open(&bench.path)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    assert!(matches!(
        Ledger::open(&bench.path).unwrap_err().kind,
        LedgerErrorKind::Newer { found: 99, .. }
    ));
    std::fs::write(&bench.path, "Call ID,Last Name\n".repeat(100)).unwrap();
    assert!(matches!(
        Ledger::open(&bench.path).unwrap_err().kind,
        LedgerErrorKind::Damaged(_)
    ));
}

#[test]
fn a_row_without_a_key_is_known_by_its_cells_although_they_led_to_what_another_row_was_sent_as() {
    let keyed = |ledger: &Ledger, row| Registration {
        row,
        ..call(ledger, row, "the same", Some("K"))
    };
    for events in [
        &[Event::Claimed][..],
        &[Event::Claimed, created("T1")],
        &[
            Event::Claimed,
            Event::Rejected {
                code: ErrorCode(414),
            },
        ],
    ] {
        let bench = Bench::new();
        let ledger = bench.open();
        let rows = |key: bool| {
            [2, 3].map(|row| Registration {
                ordinal: row - 2,
                key: keyed(&ledger, row).key.filter(|_| key),
                shares_key: key,
                ..keyed(&ledger, row)
            })
        };
        // One submission with the cells of two rows.
        ledger.register(begin(&ledger), rows(true).into()).unwrap();
        let run = begin(&ledger);
        let [one, other] = rows(false);
        let one = register(&ledger, run, vec![one])[0];
        for event in events {
            apply(&ledger, one, event.clone()).unwrap();
        }
        let other = register(&ledger, run, vec![other])[0];
        assert_ne!(one, other);
        apply(&ledger, other, Event::Claimed).unwrap();
        apply(&ledger, other, created("T2")).unwrap();
        let [_, again] = rows(false);
        let disposition = ledger.register(begin(&ledger), vec![again]).unwrap();
        assert_eq!(disposition, [Disposition::Settled(Outcome::AlreadyCreated)]);
    }
}
