//! Carries rows from a reader on a thread of its own, through hands that work on them, to the caller's thread.
//!
//! A reader gives whole rows, or pieces that a hand makes rows of. Guarantees order, a bounded number of rows under way,
//! and rows that are recycled together with what the hands make of them: after a few batches nothing is allocated for a row
//! or a cell. Of a row that the caller need not see only a note goes on, and the next row takes its place while it is still
//! in the hand's own cache. Batches go to the hands in turn and come back in turn, so that order needs no sorting. Stops all
//! of them when the caller has had enough. Knows no file and no work.

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
/// Text that is under way before the reader waits for some to come back: only rows as long as a book get there.
const UNDER_WAY: usize = 8 * 1024 * 1024;

/// A row, and what a hand made of it.
#[derive(Default)]
struct Slot<W> {
    row: Row,
    work: W,
}

/// What travels from the reader through a hand to the caller, and back.
struct Batch<P, W, N> {
    /// What rows are yet to be made of.
    piece: Option<P>,
    /// An empty piece, for the next time.
    spare: P,
    /// Rows for the caller, as far as they are used.
    slots: Vec<Slot<W>>,
    used: usize,
    /// How many bytes it carries, as rows or as a piece.
    text: usize,
    /// What the hand has to say of each row.
    notes: Vec<Entry<N>>,
    /// What keeps the rows behind these from being read.
    fault: Option<Fault>,
}

/// What is said of one row.
struct Entry<N> {
    row: u64,
    note: N,
    is_kept: bool,
}

/// What a hand says of a row.
#[derive(Debug, Clone, Copy)]
pub struct Noted<N> {
    /// Reaches the caller for each row.
    pub note: N,
    /// Whether the caller is to see the row and what was made of it; it may see them unasked.
    pub keep: bool,
}

impl Noted<()> {
    /// Of a row that the caller is to see, and of which nothing else is to be said.
    pub const KEPT: Noted<()> = Noted {
        note: (),
        keep: true,
    };
}

/// A row as it reaches the caller.
#[derive(Debug)]
pub struct Seen<'a, W, N> {
    /// Its number.
    pub row: u64,
    /// What was noted of it.
    pub note: N,
    /// The row and what was made of it, where it was kept.
    pub kept: Option<(&'a Row, &'a mut W)>,
}

impl<P: Default, W, N> Default for Batch<P, W, N> {
    fn default() -> Self {
        Batch {
            piece: None,
            spare: P::default(),
            slots: Vec::new(),
            used: 0,
            text: 0,
            notes: Vec::new(),
            fault: None,
        }
    }
}

impl<P, W: Default, N> Batch<P, W, N> {
    /// Puts the next row into a slot; false where there is none.
    fn take(&mut self, source: &mut dyn Source, sheet: Option<&Arc<str>>) -> Result<bool, Fault> {
        if self.used == self.slots.len() {
            let mut slot = Slot::<W>::default();
            slot.row.position.sheet = sheet.cloned();
            self.slots.push(slot);
        }
        let row = &mut self.slots[self.used].row;
        let found = source.next(row)?;
        if found {
            self.used += 1;
        }
        Ok(found)
    }

    /// What the row that was taken last takes of the memory.
    fn last_size(&self) -> usize {
        let last = self.used.checked_sub(1).and_then(|at| self.slots.get(at));
        last.map_or(0, |slot| slot.row.size())
    }

    /// Has a hand work on a slot.
    fn work_on(&mut self, slot: usize, work: &mut impl FnMut(&Row, &mut W) -> Noted<N>) {
        let slot = &mut self.slots[slot];
        let Noted { note, keep } = work(&slot.row, &mut slot.work);
        self.notes.push(Entry {
            row: slot.row.position.row,
            note,
            is_kept: keep,
        });
    }

    fn empty(&mut self) {
        self.used = 0;
        self.text = 0;
        self.notes.clear();
        // A few rows with book-length notes must not keep their memory for the rest of the file, whatever came after them.
        self.slots.retain(|slot| slot.row.memory() <= KEPT_TEXT);
    }
}

/// Where rows go.
pub(super) trait Pump {
    /// Takes all rows of a source; ends early, without an error, when nobody wants more.
    fn pump(&mut self, source: &mut dyn Source) -> Result<(), Fault>;
}

/// A batch that a hand fills with the rows of its piece, working on each as it comes.
struct Filling<'a, P, W, N, H> {
    batch: &'a mut Batch<P, W, N>,
    work: &'a mut H,
}

impl<P, W, N, H> Pump for Filling<'_, P, W, N, H>
where
    W: Default,
    H: FnMut(&Row, &mut W) -> Noted<N>,
{
    fn pump(&mut self, source: &mut dyn Source) -> Result<(), Fault> {
        // Pieces come from files without sheets.
        while self.batch.take(source, None)? {
            let last = self.batch.used - 1;
            self.batch.work_on(last, self.work);
            if self.batch.notes.last().is_some_and(|entry| !entry.is_kept) {
                self.batch.used = last;
            }
        }
        Ok(())
    }
}

/// The reader's end.
pub(super) struct Outlet<P, W, N> {
    batch: Batch<P, W, N>,
    /// The lane that gets the next batch.
    turn: usize,
    lanes: Vec<SyncSender<Batch<P, W, N>>>,
    empty: Receiver<Batch<P, W, N>>,
    /// Batches that came back while the reader waited for others.
    stock: Vec<Batch<P, W, N>>,
    under_way: usize,
    sheet: Option<Arc<str>>,
}

impl<P: Default, W: Default, N> Pump for Outlet<P, W, N> {
    fn pump(&mut self, source: &mut dyn Source) -> Result<(), Fault> {
        loop {
            match self.batch.take(source, self.sheet.as_ref()) {
                Ok(true) => self.batch.text += self.batch.last_size(),
                Ok(false) => {
                    self.hand_over();
                    return Ok(());
                }
                Err(fault) => {
                    self.hand_over();
                    return Err(fault);
                }
            }
            let is_full = self.batch.used == BATCH_ROWS || self.batch.text >= BATCH_TEXT;
            if is_full && !self.hand_over() {
                return Ok(());
            }
        }
    }
}

impl<P: Default, W: Default, N> Outlet<P, W, N> {
    /// Sends pieces for as long as `fill` has some and says how long each is; ends early as [`Pump::pump`] does.
    pub(super) fn pass(
        &mut self,
        mut fill: impl FnMut(&mut P) -> Result<Option<usize>, Fault>,
    ) -> Result<(), Fault> {
        loop {
            let mut piece = std::mem::take(&mut self.batch.spare);
            let Some(length) = fill(&mut piece)? else {
                return Ok(());
            };
            self.batch.text = length;
            self.batch.piece = Some(piece);
            if !self.hand_over() {
                return Ok(());
            }
        }
    }

    fn hand_over(&mut self) -> bool {
        if self.batch.used == 0 && self.batch.piece.is_none() {
            return true;
        }
        let batch = std::mem::take(&mut self.batch);
        self.under_way += batch.text;
        let lane = &self.lanes[self.turn];
        self.turn = (self.turn + 1) % self.lanes.len();
        if lane.send(batch).is_err() {
            return false;
        }
        // What is under way comes back, so nobody waits for ever.
        while self.stock.is_empty() || self.under_way > UNDER_WAY {
            let Ok(mut batch) = self.empty.recv() else {
                return false;
            };
            self.under_way = self.under_way.saturating_sub(batch.text);
            batch.empty();
            self.stock.push(batch);
        }
        self.batch = self.stock.pop().unwrap_or_default();
        true
    }
}

/// What works on rows, on a thread of its own.
pub(super) struct Hand<U, H> {
    /// Makes rows of a piece.
    pub(super) unpack: U,
    /// Puts what is to be made of a row beside it.
    pub(super) work: H,
}

/// Runs `produce` on a thread of its own, each of `hands` likewise, and `each` here, until the rows end or `each`
/// breaks.
pub(super) fn run<P, W, N, U, H, B>(
    sheet: Option<Arc<str>>,
    produce: impl FnOnce(&mut Outlet<P, W, N>) -> Result<(), Fault> + Send,
    hands: Vec<Hand<U, H>>,
    mut each: impl FnMut(Seen<'_, W, N>) -> ControlFlow<B>,
) -> Result<Option<B>, Fault>
where
    P: Default + Send,
    W: Default + Send,
    N: Send,
    U: FnMut(&P, &mut dyn Pump) -> Result<(), Fault> + Send,
    H: FnMut(&Row, &mut W) -> Noted<N> + Send,
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
        let mut outlet = Outlet {
            batch: Batch::default(),
            turn: 0,
            lanes,
            empty,
            stock: Vec::new(),
            under_way: 0,
            sheet,
        };
        let reader = thread::Builder::new()
            .name("reader".to_owned())
            .spawn_scoped(scope, move || produce(&mut outlet))
            .map_err(InputErrorKind::NoThread)?;
        let mut end = Ok(None);
        // The first lane that has ended was the next in turn: no batch is behind it.
        let batches = done.iter().cycle().map_while(|lane| lane.recv().ok());
        'batches: for mut batch in batches {
            let mut slots = batch.slots.iter_mut();
            for Entry { row, note, is_kept } in batch.notes.drain(..) {
                let slot = if is_kept { slots.next() } else { None };
                let kept = slot.map(|slot| (&slot.row, &mut slot.work));
                if let ControlFlow::Break(value) = each(Seen { row, note, kept }) {
                    end = Ok(Some(value));
                    break 'batches;
                }
            }
            if let Some(fault) = batch.fault.take() {
                end = Err(fault);
                break;
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
        match (read, end) {
            (_, Ok(Some(value))) => Ok(Some(value)),
            // What stood in front of the reader's own trouble.
            (_, Err(fault)) => Err(fault),
            (Ok(Ok(())), Ok(None)) => Ok(None),
            (Ok(Err(fault)), Ok(None)) => Err(fault),
            (Err(panic), Ok(None)) => std::panic::resume_unwind(panic),
        }
    })
}

/// Works on batches until there are no more, or nobody wants them.
fn work<P, W: Default, N>(
    mut hand: Hand<
        impl FnMut(&P, &mut dyn Pump) -> Result<(), Fault>,
        impl FnMut(&Row, &mut W) -> Noted<N>,
    >,
    filled: &Receiver<Batch<P, W, N>>,
    finished: &SyncSender<Batch<P, W, N>>,
) {
    for mut batch in filled {
        if let Some(piece) = batch.piece.take() {
            let mut filling = Filling {
                batch: &mut batch,
                work: &mut hand.work,
            };
            batch.fault = (hand.unpack)(&piece, &mut filling).err();
            batch.spare = piece;
        } else {
            for slot in 0..batch.used {
                batch.work_on(slot, &mut hand.work);
            }
            // They are in their slots, one after the other.
            batch
                .notes
                .iter_mut()
                .for_each(|entry| entry.is_kept = true);
        }
        if finished.send(batch).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
