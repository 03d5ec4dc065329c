//! A ledger of many settled rows: how large a row is on disk, how long it takes to open, to look up a
//! file's rows, and to list the runs.
//!
//! `cargo bench --bench ledger` takes a hundred thousand rows; `LEDGER_ROWS=5000000 cargo bench --bench ledger` takes
//! some minutes. Prints one line per figure.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::path::Path;
use std::time::Instant;
use ticketload::ledger::{
    Disposition, Ledger, NewRun, Reader, Registration, RunEnd, RunId, Scope, SubmissionId,
    Synchronous, Verdict,
};
use ticketload::reading::Selection;
use ticketload::row::Row;
use ticketload::submission::Event;
use ticketload::ticket::{Payload, TicketField, TicketId};

/// Rows registered at once.
const GROUP: u64 = 512;
/// Rows of the file that is looked up.
const LOOKED_UP: u64 = 10_000;

fn call(ledger: &Ledger, row: u64, number: u64) -> Registration {
    let ids = ledger
        .identities(&Scope::new("bench".to_owned(), None))
        .expect("an account without a name wants no look");
    let mut cells = Row::default();
    cells.push(&format!("call {number}"));
    let mut payload = Payload::default();
    payload.set(TicketField::Complaint, cells.text(0));
    Registration {
        row,
        source: ids.source(&cells),
        ordinal: 0,
        rejects: None,
        shares_key: false,
        key: Some(ids.key(cells.text(0).as_bytes())),
        verdict: Verdict::Valid {
            payload: ids.payload(&payload, [1; 8]),
        },
    }
}

fn begin(ledger: &Ledger) -> RunId {
    let run = NewRun {
        scope: ledger
            .identities(&Scope::new("bench".to_owned(), None))
            .expect("an account without a name wants no look")
            .scope(),
        target: "bench at localhost".to_owned(),
        file: "calls.csv".to_owned(),
        sheet: None,
        selection: Selection::default(),
        hidden: None,
        fingerprint: [1; 32],
        mapping: [1; 8],
    };
    ledger.begin_run(run).expect("the ledger takes a run")
}

fn fill(path: &Path, rows: u64) {
    let ledger = Ledger::open_with(path, Synchronous::Off).expect("a new ledger");
    let run = begin(&ledger);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    for first in (0..rows).step_by(usize::try_from(GROUP).expect("a small number")) {
        let group = (first..(first + GROUP).min(rows))
            .map(|number| call(&ledger, number + 2, number))
            .collect();
        let dispositions = ledger.register(run, group).expect("the ledger takes rows");
        runtime.block_on(async {
            let ids = dispositions
                .into_iter()
                .filter_map(|disposition| match disposition {
                    Disposition::Send(id) => Some(id),
                    Disposition::Twin(_) | Disposition::Settled(_) => None,
                });
            let settling = ids.map(|id| settle(&ledger, id));
            for settled in settling.collect::<Vec<_>>() {
                settled.await;
            }
        });
    }
    ledger.end_run(run, RunEnd::Finished).expect("the run ends");
}

async fn settle(ledger: &Ledger, id: SubmissionId) {
    let ticket_id = TicketId::new(&format!("RQx{:06}", id.0)).expect("it is not blank");
    ledger
        .apply(id, Event::Claimed)
        .await
        .expect("a new row can be claimed");
    ledger
        .apply(
            id,
            Event::Created {
                ticket_id,
                remark: None,
            },
        )
        .await
        .expect("a claimed row can be settled");
}

fn main() {
    // Cargo runs benches as tests, too; there is nothing to measure then.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let rows: u64 = std::env::var("LEDGER_ROWS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(100_000);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("ledger.db");
    let began = Instant::now();
    fill(&path, rows);
    println!("filled {rows} settled rows in {:.1?}", began.elapsed());
    let size = path.metadata().expect("the ledger is there").len();
    println!("{} bytes a row on disk", size / rows.max(1));

    let began = Instant::now();
    let ledger = Ledger::open(&path).expect("the ledger opens");
    let run = begin(&ledger);
    println!("opened, a run begun, in {:.1?}", began.elapsed());

    let began = Instant::now();
    let step = (rows / LOOKED_UP).max(1);
    for first in (0..LOOKED_UP.min(rows)).step_by(usize::try_from(GROUP).expect("a small number")) {
        let last = (first + GROUP).min(LOOKED_UP.min(rows));
        let group = (first..last)
            .map(|place| call(&ledger, place + 2, place * step))
            .collect();
        let dispositions = ledger.register(run, group).expect("the ledger takes rows");
        assert!(
            dispositions
                .iter()
                .all(|disposition| matches!(disposition, Disposition::Settled(_)))
        );
    }
    println!(
        "looked up {} rows in {:.1?}",
        LOOKED_UP.min(rows),
        began.elapsed()
    );
    drop(ledger);
    look_on(&path);
}

/// What a person waits for at `ledger runs`, `ledger show` and `ledger check`.
fn look_on(path: &Path) {
    let reader = Reader::open(path).expect("the ledger can be read");
    let began = Instant::now();
    let runs = reader.runs().expect("the runs can be read");
    let tallies = reader.tallies(None).expect("the rows can be counted");
    println!("listed {} runs in {:.1?}", runs.len(), began.elapsed());
    assert_eq!(tallies.len(), runs.len());
    let began = Instant::now();
    let newest = runs.last().map(|run| run.run);
    reader.tallies(newest).expect("the rows can be counted");
    println!("counted the newest run in {:.1?}", began.elapsed());
    let began = Instant::now();
    let soundness = reader.check().expect("the ledger can be checked");
    println!("checked in {:.1?}", began.elapsed());
    assert!(soundness.faults.is_empty());
}
