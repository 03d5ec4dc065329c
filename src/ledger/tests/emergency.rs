//! Notes in the emergency file: each kind comes back as what it was, and a damaged one does no harm.

use super::*;

fn claimed(ledger: &Ledger, rows: u64) -> (RunId, Vec<SubmissionId>) {
    let run = begin(ledger);
    let rows = (0..rows).map(|row| call(ledger, row + 2, &format!("call {row}"), None));
    let ids = register(ledger, run, rows.collect());
    for id in &ids {
        apply(ledger, *id, Event::Claimed).unwrap();
    }
    (run, ids)
}

#[test]
fn every_kind_of_outcome_comes_back_from_the_emergency_file() {
    let bench = Bench::new();
    let ledger = bench.open();
    let (run, ids) = claimed(&ledger, 5);
    let events = [
        created("T1"),
        Event::Rejected {
            code: ErrorCode(414),
        },
        Event::Unproven(Doubt {
            code: "timeout".to_owned(),
            message: "no answer came".to_owned(),
        }),
        Event::Released {
            seen: "connect".to_owned(),
        },
    ];
    for (id, event) in ids.iter().zip(&events) {
        keep(&ledger, *id, event);
    }
    drop(ledger);
    let ledger = bench.open();
    assert_eq!(ledger.recovered(), 1, "the fifth row has no note");
    let expected = ["created", "rejected", "in_doubt", "ready", "in_doubt"];
    assert_eq!(
        states(&ledger, run),
        (2..).zip(expected).collect::<Vec<_>>()
    );
    let doubts = ledger.reader().unwrap().in_doubt().unwrap();
    let codes: Vec<_> = doubts.iter().map(|row| row.doubt.code.as_str()).collect();
    assert_eq!(codes, ["timeout", "crash"]);
}

#[test]
fn what_a_person_should_know_of_a_ticket_comes_back_with_it() {
    let bench = Bench::new();
    let ledger = bench.open();
    let (run, ids) = claimed(&ledger, 4);
    let with_remark = |id: &str| Event::Created {
        ticket_id: TicketId::new(id).unwrap(),
        remark: Some("warning: the server stored another value than was sent in city".to_owned()),
    };
    keep(&ledger, ids[0], &with_remark("T0"));
    let path = keep(&ledger, ids[1], &created("T1"));
    let notes = std::fs::read_to_string(&path).unwrap();
    assert_eq!(notes.matches("remark").count(), 1, "{notes}");
    // These two come when the row is in doubt already, and when it is to be sent again.
    keep(&ledger, ids[2], &with_remark("T2"));
    keep(&ledger, ids[3], &with_remark("T3"));
    let seen = "connect".to_owned();
    apply(&ledger, ids[3], Event::Released { seen }).unwrap();
    apply(&ledger, ids[2], Event::Unproven(Doubt::crash())).unwrap();
    drop(ledger);
    let ledger = bench.open();
    let remarks: Vec<_> = ledger
        .reader()
        .unwrap()
        .rows_of(run)
        .map(|row| match row.unwrap().fate {
            Fate::Submission {
                state: State::Created { remark, .. },
                ..
            } => remark.is_some(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(remarks, [true, false, true, true]);
}

#[test]
fn notes_are_written_in_a_place_that_was_made_before_and_behind_it_once_that_is_used_up() {
    let bench = Bench::new();
    let ledger = bench.open();
    let path = bench.path.with_file_name("ledger.db.emergency.jsonl");
    let room = path.metadata().unwrap().len();
    assert!(room >= 32 * 1024);
    assert!(
        std::fs::read(&path)
            .unwrap()
            .iter()
            .all(|byte| *byte == b'\n')
    );
    let (run, ids) = claimed(&ledger, 600);
    for (number, id) in ids.iter().enumerate() {
        assert_eq!(keep(&ledger, *id, &created(&format!("T{number}"))), path);
        let length = path.metadata().unwrap().len();
        assert!(number > 100 || length == room, "note {number}: {length}");
    }
    assert!(path.metadata().unwrap().len() > room);
    // A note that was cut in the middle of a letter does no harm to the next one.
    let mut text = std::fs::read(&path).unwrap();
    text.extend(b"{\"submission\":1,\"ticket_id\":\"\xc3");
    std::fs::write(&path, text).unwrap();
    drop(ledger);
    let ledger = bench.open();
    assert_eq!(ledger.recovered(), 0);
    assert!(
        states(&ledger, run)
            .iter()
            .all(|(_, state)| *state == "created")
    );
    drop(ledger);
    assert!(!path.exists(), "nothing was noted");
    // What a killed run leaves behind holds no note.
    std::fs::write(&path, [b'\n'; 100]).unwrap();
    drop(bench.open());
    assert!(!path.exists());
}

#[test]
fn a_note_begins_on_a_line_of_its_own() {
    let bench = Bench::new();
    let ledger = bench.open();
    let (_, ids) = claimed(&ledger, 2);
    let path = keep(&ledger, ids[0], &created("T1"));
    keep(&ledger, ids[1], &created("T2"));
    let text = std::fs::read_to_string(&path).unwrap();
    let notes = text.trim_end().split("\n\n").collect::<Vec<_>>();
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert!(text.starts_with('\n'));
}

#[test]
fn events_without_an_outcome_leave_no_note() {
    for event in [
        Event::Claimed,
        Event::Crashed,
        Event::Requeued,
        Event::FoundNotCreated,
    ] {
        assert_eq!(EmergencyNote::of(SubmissionId(1), &event), None);
    }
}

#[test]
fn a_note_that_was_cut_or_comes_twice_or_too_late_changes_nothing() {
    let bench = Bench::new();
    let ledger = bench.open();
    let (run, ids) = claimed(&ledger, 2);
    keep(&ledger, ids[0], &created("T1"));
    let path = keep(&ledger, ids[0], &created("T2"));
    drop(ledger);
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        format!("{whole}{{\"submission\":{},\"tick", ids[1].0),
    )
    .unwrap();
    let ledger = bench.open();
    assert_eq!(states(&ledger, run), [(2, "created"), (3, "in_doubt")]);
    // The row has left its claim, and what is said of it now is no ticket: its doubt stands.
    let late = Event::Rejected {
        code: ErrorCode(414),
    };
    keep(&ledger, ids[1], &late);
    drop(ledger);
    let ledger = bench.open();
    assert_eq!(states(&ledger, run), [(2, "created"), (3, "in_doubt")]);
    let known = |id: &str| {
        let reader = ledger.reader().unwrap();
        reader.knows_ticket(&TicketId::new(id).unwrap()).unwrap()
    };
    assert!(known("T1") && !known("T2"));
}

#[test]
fn a_ticket_that_comes_late_ends_a_doubt_and_keeps_a_row_from_being_sent_again() {
    let bench = Bench::new();
    let ledger = bench.open();
    let (run, ids) = claimed(&ledger, 5);
    apply(&ledger, ids[0], created("T0")).unwrap();
    let seen = "connect".to_owned();
    apply(&ledger, ids[3], Event::Released { seen }).unwrap();
    let code = ErrorCode(414);
    apply(&ledger, ids[4], Event::Rejected { code }).unwrap();
    for (number, id) in ids.iter().enumerate().skip(1) {
        // The second row's is the first one's: it proves nothing.
        let number = if number == 1 { 0 } else { number };
        keep(&ledger, *id, &created(&format!("T{number}")));
    }
    let path = keep(&ledger, ids[0], &created("T0"));
    drop(ledger);
    // The file was away while the next run recovered.
    let aside = path.with_extension("aside");
    std::fs::rename(&path, &aside).unwrap();
    let ledger = bench.open();
    assert_eq!(ledger.recovered(), 2);
    drop(ledger);
    std::fs::rename(&aside, &path).unwrap();
    let expected = ["created", "in_doubt", "created", "created", "created"];
    let ledger = bench.open();
    assert_eq!(
        states(&ledger, run),
        (2..).zip(expected).collect::<Vec<_>>()
    );
}

#[test]
fn notes_of_another_ledger_are_refused_and_stay() {
    let bench = Bench::new();
    let ledger = bench.open();
    let (run, ids) = claimed(&ledger, 3);
    let path = keep(&ledger, ids[0], &created("T1"));
    keep(&ledger, ids[1], &created("T2"));
    drop(ledger);
    let notes = std::fs::read(&path).unwrap();
    let aside = bench.path.with_extension("aside");
    std::fs::rename(&bench.path, &aside).unwrap();
    let unnamed = format!("{{\"submission\":{},\"ticket_id\":\"T1\"}}\n", ids[0].0);
    for (written, count) in [(notes.clone(), 2), (unnamed.into_bytes(), 1)] {
        std::fs::write(&path, &written).unwrap();
        let error = Ledger::open(&bench.path).unwrap_err();
        let LedgerErrorKind::ForeignNotes { file, notes } = &error.kind else {
            panic!("{error}");
        };
        assert_eq!((file, *notes), (&path, count));
        assert_eq!(std::fs::read(&path).unwrap(), written);
    }
    std::fs::rename(&aside, &bench.path).unwrap();
    std::fs::write(&path, &notes).unwrap();
    let ledger = bench.open();
    let expected = ["created", "created", "in_doubt"];
    assert_eq!(
        states(&ledger, run),
        (2..).zip(expected).collect::<Vec<_>>()
    );
}
