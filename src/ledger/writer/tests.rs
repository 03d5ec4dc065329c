//! The writer at a disk that is full in the middle of a group.

use super::super::{Identities, Ledger, Scope, Synchronous, Verdict, lock, schema};
use super::*;
use crate::row::Row;

fn registration(identities: &Identities, number: u64) -> Registration {
    let mut row = Row::default();
    row.push(&format!("call {number}"));
    Registration {
        row: number,
        source: identities.source(&row),
        ordinal: 0,
        rejects: None,
        key: None,
        verdict: Verdict::Valid {
            payload: identities.key(b"payload"),
        },
    }
}

#[test]
fn nothing_is_stored_of_a_group_that_finds_the_disk_full_half_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let ledger = Ledger::open(&path).unwrap();
    let identities = ledger
        .identities(&Scope::new("account".to_owned(), None))
        .unwrap();
    let new = NewRun {
        scope: identities.scope(),
        target: "account".to_owned(),
        file: "calls.csv".to_owned(),
        sheet: None,
        selection: Selection::default(),
        hidden: None,
        fingerprint: [1; 32],
        mapping: [1; 8],
    };
    let run = ledger.begin_run(new).unwrap();
    let first = ledger.register(run, vec![registration(&identities, 2)]);
    let Disposition::Send(submission) = first.unwrap()[0] else {
        panic!("a new row is sent");
    };
    drop(ledger);

    let connection = schema::open(&path, Synchronous::Full).unwrap();
    let key = schema::identity_key(&connection).unwrap();
    let pages: i64 = connection
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .unwrap();
    connection
        .pragma_update(None, "max_page_count", pages)
        .unwrap();
    let marker = lock::Lock::take(&path).unwrap().marker(&key).unwrap();
    let (_ops, queue) = mpsc::unbounded_channel();
    let mut writer = Writer {
        connection,
        marker,
        standing: Standing::of(&path),
        queue,
        commits: 0,
    };
    let (registered, mut rows) = oneshot::channel();
    let (claimed, mut claim) = oneshot::channel();
    let many = (10..300).map(|row| registration(&identities, row));
    let group = [
        Op::Register {
            run,
            rows: many.collect(),
            answer: registered,
        },
        Op::Apply {
            submission,
            event: Event::Claimed,
            answer: claimed,
        },
    ];
    writer.commit(group.into_iter());
    assert!(rows.try_recv().unwrap().is_err());
    assert!(claim.try_recv().unwrap().is_err());
    drop(writer);
    let again = schema::open(&path, Synchronous::Full).unwrap();
    assert_eq!(state_of(&again, submission).unwrap(), State::NEW);
}
