//! Carries rows from a reader on a thread of its own to the caller's thread.
//!
//! Guarantees order, a bounded number of rows under way, and rows that are recycled: after a few batches nothing is
//! allocated for a row or a cell. Stops the reader when the caller has had enough. Knows no file.

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
/// Batches in circulation: one each in the hands of reader and caller, the others between them.
const BATCHES: usize = 6;
/// A recycled row that once was longer than this gives its memory back.
const KEPT_TEXT: usize = 16 * 1024;

#[derive(Default)]
struct Batch {
    rows: Vec<Row>,
    used: usize,
    text: usize,
}

/// The reader's end.
pub(super) struct Outlet {
    batch: Batch,
    full: SyncSender<Batch>,
    empty: Receiver<Batch>,
    sheet: Option<Arc<str>>,
}

impl Outlet {
    /// Sends all rows of a source; ends early, without an error, when nobody listens any more.
    pub(super) fn pump(&mut self, source: &mut dyn Source) -> Result<(), Fault> {
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

    fn slot(&mut self) -> &mut Row {
        let used = self.batch.used;
        if used == self.batch.rows.len() {
            let mut row = Row::default();
            row.position.sheet.clone_from(&self.sheet);
            self.batch.rows.push(row);
        }
        &mut self.batch.rows[used]
    }

    fn keep(&mut self) -> bool {
        self.batch.text += self.batch.rows[self.batch.used].joined().len();
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
        if self.full.send(batch).is_err() {
            return false;
        }
        let Ok(mut batch) = self.empty.recv() else {
            return false;
        };
        batch.used = 0;
        batch.text = 0;
        // A few rows with book-length notes must not keep their memory for the rest of the file.
        batch.rows.retain(|row| row.joined().len() <= KEPT_TEXT);
        self.batch = batch;
        true
    }
}

/// Runs `produce` on a thread of its own and `each` here, until the rows end or `each` breaks.
pub(super) fn run<B>(
    sheet: Option<Arc<str>>,
    produce: impl FnOnce(&mut Outlet) -> Result<(), Fault> + Send,
    mut each: impl FnMut(&Row) -> ControlFlow<B>,
) -> Result<Option<B>, Fault> {
    let (full, filled) = sync_channel(BATCHES);
    let (emptied, empty) = sync_channel(BATCHES);
    for _ in 1..BATCHES {
        // There is room: the channel was made for so many.
        drop(emptied.send(Batch::default()));
    }
    thread::scope(|scope| {
        let mut outlet = Outlet {
            batch: Batch::default(),
            full,
            empty,
            sheet,
        };
        let reader = thread::Builder::new()
            .name("reader".to_owned())
            .spawn_scoped(scope, move || produce(&mut outlet))
            .map_err(InputErrorKind::NoThread)?;
        let mut broken = None;
        'batches: for batch in filled {
            for row in batch.rows.iter().take(batch.used) {
                if let ControlFlow::Break(value) = each(row) {
                    broken = Some(value);
                    break 'batches;
                }
            }
            // The reader may have ended: then nobody wants the batch back.
            drop(emptied.send(batch));
        }
        // The reader must not wait for batches that will never come back.
        drop(emptied);
        match (reader.join(), broken) {
            (_, Some(value)) => Ok(Some(value)),
            (Ok(Ok(())), None) => Ok(None),
            (Ok(Err(fault)), None) => Err(fault),
            (Err(panic), None) => std::panic::resume_unwind(panic),
        }
    })
}
