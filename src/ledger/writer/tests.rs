//! The writer at a disk that is full in the middle of a group.

use super::super::submissions::state_of;
use super::super::tests::{Bench, begin, call, register};
use super::super::{Synchronous, lock, schema};
use super::*;

#[test]
fn nothing_is_stored_of_a_group_that_finds_the_disk_full_half_way() {
    let bench = Bench::new();
    let path = bench.path.clone();
    let ledger = bench.open();
    let run = begin(&ledger);
    let [submission] = register(&ledger, run, vec![call(&ledger, 2, "call 2", None)])[..] else {
        panic!("one row is registered");
    };
    let many: Vec<_> = (10..300)
        .map(|row| call(&ledger, row, &format!("call {row}"), None))
        .collect();
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
    let group = [
        Op::Register {
            run,
            rows: many,
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
