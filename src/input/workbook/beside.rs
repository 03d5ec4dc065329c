//! [`each_chunk`]: unpacks a part on a thread of its own, while what is unpacked is looked at.
//!
//! Owns the hand-over: a few chunks travel round, so that memory does not grow, whichever of the two is slower. Guarantees the
//! order and the errors of unpacking and looking in turn. Knows neither the archive's rules nor what is looked for.

use super::super::error::InputErrorKind;
use super::package::Step;
use std::mem;
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::sync::mpsc::{channel, sync_channel};
use std::thread;

/// Chunks that wait to be looked at.
const WAITING: usize = 4;
/// What is handed over at once: waking the other thread takes as long as unpacking some kilobytes.
const CHUNK: usize = 256 * 1024;
/// What is looked at in one go.
const LOOK: usize = 64 * 1024;

/// Takes what is unpacked.
type Take<'a> = &'a mut dyn FnMut(&[u8]) -> Step;

/// Has `unpack` hand every chunk to `each`, which runs here.
pub(super) fn each_chunk(
    unpack: impl FnOnce(Take<'_>) -> Result<(), InputErrorKind> + Send,
    each: &mut dyn FnMut(&[u8]) -> Result<(), InputErrorKind>,
) -> Result<(), InputErrorKind> {
    let (full, chunks) = sync_channel::<Vec<u8>>(WAITING);
    let (emptied, empty) = channel::<Vec<u8>>();
    thread::scope(|scope| {
        let unpacking = thread::Builder::new().name("unpack".to_owned());
        let unpacking = unpacking.spawn_scoped(scope, move || {
            let mut chunk = Vec::new();
            let unpacked = unpack(&mut |bytes| {
                chunk.extend_from_slice(bytes);
                if chunk.len() < CHUNK {
                    return Ok(ControlFlow::Continue(()));
                }
                let mut next = empty.try_recv().unwrap_or_default();
                next.clear();
                let is_wanted = full.send(mem::replace(&mut chunk, next)).is_ok();
                // Where nobody wants more, what was seen is enough.
                Ok(if is_wanted {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                })
            });
            // What stands in front of damage is looked at before it is told.
            drop(full.send(chunk));
            unpacked
        });
        let unpacking = unpacking.map_err(InputErrorKind::NoThread)?;
        for chunk in chunks {
            chunk.chunks(LOOK).try_for_each(&mut *each)?;
            // Nobody takes it at the end.
            drop(emptied.send(chunk));
        }
        unpacking
            .join()
            .unwrap_or_else(|panic| resume_unwind(panic))
    })
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
