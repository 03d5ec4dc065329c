//! [`each_chunk`] and [`Beside`]: a part is unpacked on a thread of its own, while what is unpacked is looked at or read.
//!
//! Owns the hand-over: a few chunks travel round, so that memory does not grow, whichever of the two is slower. Guarantees the
//! order and the errors of unpacking and looking in turn. Knows neither the archive's rules nor what is looked for.

use super::super::border::caught;
use super::super::error::InputErrorKind;
use super::package::Step;
use std::io::{self, Read};
use std::mem;
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// Chunks that wait to be looked at.
const WAITING: usize = 4;
/// What is handed over at once: waking the other thread takes as long as unpacking some kilobytes.
const CHUNK: usize = 256 * 1024;
/// What is looked at in one go.
const LOOK: usize = 64 * 1024;

/// Takes what is unpacked.
type Take<'a> = &'a mut dyn FnMut(&[u8]) -> Step;

/// Who unpacks.
struct Giver {
    full: SyncSender<Vec<u8>>,
    empty: Receiver<Vec<u8>>,
}

/// Who wants what is unpacked.
struct Taker {
    full: Receiver<Vec<u8>>,
    empty: Sender<Vec<u8>>,
}

fn hand_over() -> (Giver, Taker) {
    let (give, full) = sync_channel(WAITING);
    let (give_back, empty) = channel();
    let giver = Giver { full: give, empty };
    let empty = give_back;
    (giver, Taker { full, empty })
}

impl Giver {
    /// Gives what is unpacked in chunks of some size, until it ends or nobody wants more.
    fn give(
        self,
        unpack: impl FnOnce(Take<'_>) -> Result<(), InputErrorKind>,
    ) -> Result<(), InputErrorKind> {
        let mut chunk = Vec::new();
        let unpacked = unpack(&mut |bytes| {
            chunk.extend_from_slice(bytes);
            if chunk.len() < CHUNK {
                return Ok(ControlFlow::Continue(()));
            }
            let mut next = self.empty.try_recv().unwrap_or_default();
            next.clear();
            let is_wanted = self.full.send(mem::replace(&mut chunk, next)).is_ok();
            // Where nobody wants more, what was seen is enough.
            Ok(if is_wanted {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        });
        // What stands in front of damage is looked at before it is told.
        drop(self.full.send(chunk));
        unpacked
    }
}

impl Taker {
    /// The next chunk; none where there are no more.
    fn next(&self) -> Option<Vec<u8>> {
        self.full.recv().ok()
    }

    fn give_back(&self, chunk: Vec<u8>) {
        // Nobody takes it at the end.
        drop(self.empty.send(chunk));
    }
}

/// Has `unpack` hand every chunk to `each`, which runs here.
pub(super) fn each_chunk(
    unpack: impl FnOnce(Take<'_>) -> Result<(), InputErrorKind> + Send,
    each: &mut dyn FnMut(&[u8]) -> Result<(), InputErrorKind>,
) -> Result<(), InputErrorKind> {
    let (giver, taker) = hand_over();
    // The taker goes with whatever ends this: nobody waits then for one that waits for it.
    thread::scope(move |scope| {
        let unpacking = thread::Builder::new().name("unpack".to_owned());
        let unpacking = unpacking.spawn_scoped(scope, || giver.give(unpack));
        let unpacking = unpacking.map_err(InputErrorKind::NoThread)?;
        while let Some(chunk) = taker.next() {
            chunk.chunks(LOOK).try_for_each(&mut *each)?;
            taker.give_back(chunk);
        }
        unpacking
            .join()
            .unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// What several hold in turn, whatever became of the last.
pub(super) fn held<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is unpacked, for a reader; whoever unpacks it is a few chunks ahead, and stops when this is dropped.
pub(super) struct Beside {
    taker: Taker,
    chunk: Vec<u8>,
    /// How much of the chunk has been read.
    at: usize,
    unpacking: Option<JoinHandle<thread::Result<Result<(), InputErrorKind>>>>,
}

impl Beside {
    pub(super) fn of(
        unpack: impl FnOnce(Take<'_>) -> Result<(), InputErrorKind> + Send + 'static,
    ) -> io::Result<Beside> {
        let (giver, taker) = hand_over();
        let unpacking = thread::Builder::new().name("unpack".to_owned());
        let unpacking = unpacking.spawn(|| caught(|| giver.give(unpack)))?;
        Ok(Beside {
            taker,
            chunk: Vec::new(),
            at: 0,
            unpacking: Some(unpacking),
        })
    }

    /// How it ended; what a person is told of it is the reader's to say.
    fn end(&mut self) -> io::Result<()> {
        let end = self.unpacking.take().map(JoinHandle::join);
        match end {
            None | Some(Ok(Ok(Ok(())))) => Ok(()),
            Some(_) => Err(io::Error::other("the part cannot be unpacked")),
        }
    }
}

impl Read for Beside {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.chunk.len() {
            let Some(next) = self.taker.next() else {
                return self.end().map(|()| 0);
            };
            self.taker.give_back(mem::replace(&mut self.chunk, next));
            self.at = 0;
        }
        let read = self.chunk.get(self.at..).unwrap_or_default().read(into)?;
        self.at += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken() -> InputErrorKind {
        let (part, what) = (String::new(), "broken");
        InputErrorKind::Damaged { part, what }
    }

    fn is_broken(result: &Result<(), InputErrorKind>) -> bool {
        matches!(result, Err(InputErrorKind::Damaged { .. }))
    }

    /// Unpacks so many pieces of growing length, each filled with its number, and then ends as `end` says.
    fn unpack(
        pieces: usize,
        end: Result<(), InputErrorKind>,
    ) -> impl FnOnce(Take<'_>) -> Result<(), InputErrorKind> + Send {
        move |each| {
            for piece in 0..pieces {
                if each(&vec![piece.to_le_bytes()[0]; piece * 1000])?.is_break() {
                    return Ok(());
                }
            }
            end
        }
    }

    #[test]
    fn everything_is_looked_at_in_order_and_nothing_twice() {
        let mut seen = Vec::new();
        let looked = each_chunk(unpack(200, Ok(())), &mut |chunk| {
            seen.extend_from_slice(chunk);
            Ok(())
        });
        looked.unwrap();
        let mut expected = Vec::new();
        for piece in 0..200_u8 {
            expected.resize(expected.len() + usize::from(piece) * 1000, piece);
        }
        assert!(seen == expected);
    }

    #[test]
    fn what_stands_in_front_of_damage_is_looked_at_before_it_is_told() {
        let mut length = 0;
        let looked = each_chunk(unpack(30, Err(broken())), &mut |chunk| {
            length += chunk.len();
            Ok(())
        });
        assert!(is_broken(&looked));
        assert_eq!(length, (0..30).sum::<usize>() * 1000);
    }

    #[test]
    fn an_error_of_the_look_ends_it_and_goes_before_damage_behind_it() {
        let end = Err(InputErrorKind::NoRows);
        let mut looks = 0;
        let looked = each_chunk(unpack(500, end), &mut |_| {
            looks += 1;
            Err(broken())
        });
        assert!(is_broken(&looked));
        assert_eq!(looks, 1);
    }
}
