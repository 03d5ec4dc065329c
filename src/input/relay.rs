//! Carries rows from a reader on a thread of its own, through hands that work on them, to the caller's thread.
//!
//! Guarantees order, a bounded number of rows under way, and rows that are recycled together with what the hands make
//! of them: after a few batches nothing is allocated for a row or a cell. Batches go to the hands in turn and come back
//! in turn, so that order needs no sorting. Stops all of them when the caller has had enough. Knows no file and no work.

use super::error::{Fault, InputErrorKind};
use crate::row::Row;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Where rows come from, one at a time.
pub(super) trait Source {
    /// Puts the next row into `row`; false at the end. Rows without a value are passed over.
    fn next(&mut self, row: &mut Row) -> Result<bool, Fault>;
}

/// Rows a batch holds: the price of handing over is shared by so many.
const BATCH_ROWS: usize = 128;
/// A batch of long rows is handed over earlier.
const BATCH_TEXT: usize = 256 * 1024;
/// Batches in circulation besides those in the hands: one each with reader and caller, the others between them.
const BATCHES: usize = 4;
/// Batches for each pair of hands: one being worked on, the others waiting before and behind it.
const BATCHES_EACH: usize = 3;
/// A recycled row that once was longer than this gives its memory back.
const KEPT_TEXT: usize = 16 * 1024;

/// A row, and what a hand made of it.
#[derive(Default)]
struct Slot<W> {
    row: Row,
    work: W,
}

#[derive(Default)]
struct Batch<W> {
    slots: Vec<Slot<W>>,
    used: usize,
    text: usize,
}

/// The reader's end.
struct Outlet<W> {
    batch: Batch<W>,
    /// The lane that gets the next batch.
    turn: usize,
    lanes: Vec<SyncSender<Batch<W>>>,
    empty: Receiver<Batch<W>>,
    sheet: Option<Arc<str>>,
}

/// Where a reader puts its rows.
pub(super) trait Pump {
    /// Sends all rows of a source; ends early, without an error, when nobody listens any more.
    fn pump(&mut self, source: &mut dyn Source) -> Result<(), Fault>;
}

impl<W: Default> Pump for Outlet<W> {
    fn pump(&mut self, source: &mut dyn Source) -> Result<(), Fault> {
        loop {
            let row = self.slot();
            match source.next(row) {
                Ok(true) => {}
                Ok(false) => {
                    self.hand_over();
                    return Ok(());
                }
                Err(fault) => {
                    self.hand_over();
                    return Err(fault);
                }
            }
            if !self.keep() {
                return Ok(());
            }
        }
    }
}

impl<W: Default> Outlet<W> {
    fn slot(&mut self) -> &mut Row {
        let used = self.batch.used;
        if used == self.batch.slots.len() {
            let mut slot = Slot::<W>::default();
            slot.row.position.sheet.clone_from(&self.sheet);
            self.batch.slots.push(slot);
        }
        &mut self.batch.slots[used].row
    }

    fn keep(&mut self) -> bool {
        self.batch.text += self.batch.slots[self.batch.used].row.joined().len();
        self.batch.used += 1;
        if self.batch.used < BATCH_ROWS && self.batch.text < BATCH_TEXT {
            return true;
        }
        self.hand_over()
    }

    fn hand_over(&mut self) -> bool {
        if self.batch.used == 0 {
            return true;
        }
        let batch = std::mem::take(&mut self.batch);
        let lane = &self.lanes[self.turn];
        self.turn = (self.turn + 1) % self.lanes.len();
        if lane.send(batch).is_err() {
            return false;
        }
        let Ok(mut batch) = self.empty.recv() else {
            return false;
        };
        batch.used = 0;
        batch.text = 0;
        // A few rows with book-length notes must not keep their memory for the rest of the file.
        batch
            .slots
            .retain(|slot| slot.row.joined().len() <= KEPT_TEXT);
        self.batch = batch;
        true
    }
}

/// Runs `produce` on a thread of its own, each of `hands` likewise, and `each` here, until the rows end or `each`
/// breaks. Without hands the rows come as they are.
pub(super) fn run<W, H, B>(
    sheet: Option<Arc<str>>,
    produce: impl FnOnce(&mut dyn Pump) -> Result<(), Fault> + Send,
    hands: Vec<H>,
    mut each: impl FnMut(&Row, &mut W) -> ControlFlow<B>,
) -> Result<Option<B>, Fault>
where
    W: Default + Send,
    H: FnMut(&Row, &mut W) + Send,
{
    let circulating = BATCHES + BATCHES_EACH * hands.len();
    let (emptied, empty) = sync_channel(circulating);
    for _ in 1..circulating {
        // There is room: the channel was made for so many.
        drop(emptied.send(Batch::default()));
    }
    thread::scope(|scope| {
        let mut lanes = Vec::new();
        let mut done = Vec::new();
        let mut workers = Vec::new();
        for hand in hands {
            let (lane, filled) = sync_channel(circulating);
            let (finished, worked) = sync_channel(circulating);
            let worker = thread::Builder::new()
                .name("mapper".to_owned())
                .spawn_scoped(scope, move || work(hand, &filled, &finished))
                .map_err(InputErrorKind::NoThread)?;
            workers.push(worker);
            lanes.push(lane);
            done.push(worked);
        }
        if done.is_empty() {
            let (lane, filled) = sync_channel(circulating);
            lanes.push(lane);
            done.push(filled);
        }
        let mut outlet = Outlet {
            batch: Batch::default(),
            turn: 0,
            lanes,
            empty,
            sheet,
        };
        let reader = thread::Builder::new()
            .name("reader".to_owned())
            .spawn_scoped(scope, move || produce(&mut outlet))
            .map_err(InputErrorKind::NoThread)?;
        let mut broken = None;
        // The first lane that has ended was the next in turn: no batch is behind it.
        let batches = done.iter().cycle().map_while(|lane| lane.recv().ok());
        'batches: for mut batch in batches {
            let used = batch.used;
            for slot in batch.slots.iter_mut().take(used) {
                if let ControlFlow::Break(value) = each(&slot.row, &mut slot.work) {
                    broken = Some(value);
                    break 'batches;
                }
            }
            // The reader may have ended: then nobody wants the batch back.
            drop(emptied.send(batch));
        }
        // Nobody must wait for batches that will never be taken, or come back.
        drop(emptied);
        drop(done);
        let read = reader.join();
        for worker in workers {
            // A hand that has panicked looks like the end of the rows, and must not be taken for it.
            if let Err(panic) = worker.join() {
                std::panic::resume_unwind(panic);
            }
        }
        match (read, broken) {
            (_, Some(value)) => Ok(Some(value)),
            (Ok(Ok(())), None) => Ok(None),
            (Ok(Err(fault)), None) => Err(fault),
            (Err(panic), None) => std::panic::resume_unwind(panic),
        }
    })
}

/// Works on batches until there are no more, or nobody wants them.
fn work<W>(
    mut hand: impl FnMut(&Row, &mut W),
    filled: &Receiver<Batch<W>>,
    finished: &SyncSender<Batch<W>>,
) {
    for mut batch in filled {
        let used = batch.used;
        for slot in batch.slots.iter_mut().take(used) {
            hand(&slot.row, &mut slot.work);
        }
        if finished.send(batch).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many rows, each with its number.
    struct Numbers(u64, u64);

    impl Source for Numbers {
        fn next(&mut self, row: &mut Row) -> Result<bool, Fault> {
            self.0 += 1;
            row.reset(self.0, None);
            row.push(&self.0.to_string());
            Ok(self.0 <= self.1)
        }
    }

    fn squares(hands: usize) -> Vec<impl FnMut(&Row, &mut u64) + Send> {
        let square = |row: &Row, square: &mut u64| *square = row.position.row.pow(2);
        vec![square; hands]
    }

    #[test]
    fn rows_come_back_in_order_with_what_was_made_of_them() {
        for (hands, rows) in [(1, 0), (1, 1), (2, 129), (3, 50_000)] {
            let mut next = 1;
            let end = run(
                None,
                |pump| pump.pump(&mut Numbers(0, rows)),
                squares(hands),
                |row, square| {
                    assert_eq!((row.position.row, *square), (next, next * next));
                    next += 1;
                    ControlFlow::<()>::Continue(())
                },
            );
            assert!(end.is_ok_and(|broken| broken.is_none()));
            assert_eq!(next, rows + 1);
        }
    }

    #[test]
    fn breaking_stops_the_reader_and_the_hands() {
        let end = run(
            None,
            |pump| pump.pump(&mut Numbers(0, u64::MAX)),
            squares(2),
            |row, _| match row.position.row {
                1000 => ControlFlow::Break("enough"),
                _ => ControlFlow::Continue(()),
            },
        );
        assert!(end.is_ok_and(|broken| broken == Some("enough")));
    }

    #[test]
    fn rows_before_a_fault_are_handed_out() {
        let mut seen = 0;
        let end = run(
            None,
            |pump| {
                pump.pump(&mut Numbers(0, 300))?;
                Err(InputErrorKind::NoHeader.into())
            },
            squares(2),
            |_, _| {
                seen += 1;
                ControlFlow::<()>::Continue(())
            },
        );
        assert!(end.is_err());
        assert_eq!(seen, 300);
    }

    #[test]
    fn a_panic_of_a_hand_is_not_the_end_of_the_rows() {
        let run = std::panic::catch_unwind(|| {
            let hand = |row: &Row, (): &mut ()| assert!(row.position.row < 700, "a defect");
            run(
                None,
                |pump| pump.pump(&mut Numbers(0, 2000)),
                vec![hand; 2],
                |_, ()| ControlFlow::<()>::Continue(()),
            )
            .is_ok()
        });
        assert!(run.is_err());
    }
}
