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
    drop(ledger);
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
        let note = EmergencyNote::of(*id, event).unwrap();
        write_emergency(&bench.path, &note).unwrap();
    }
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
    drop(ledger);
    let write = |id, event: &Event| {
        let note = EmergencyNote::of(id, event).unwrap();
        write_emergency(&bench.path, &note).unwrap()
    };
    write(ids[0], &created("T1"));
    let path = write(ids[0], &created("T2"));
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        format!("{whole}{{\"submission\":{},\"tick", ids[1].0),
    )
    .unwrap();
    let ledger = bench.open();
    assert_eq!(states(&ledger, run), [(2, "created"), (3, "in_doubt")]);
    drop(ledger);
    // The row has left its claim: the ledger knows better.
    write(ids[1], &created("T3"));
    let ledger = bench.open();
    assert_eq!(states(&ledger, run), [(2, "created"), (3, "in_doubt")]);
    let known = |id: &str| {
        let reader = ledger.reader().unwrap();
        reader.knows_ticket(&TicketId::new(id).unwrap()).unwrap()
    };
    assert!(known("T1") && !known("T2") && !known("T3"));
}
