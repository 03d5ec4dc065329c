//! Order, ends and faults of what goes through the relay.

use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};

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

/// Numbers in pieces: from the first, so many.
type Piece = (u64, u64);

fn unpack(piece: &Piece, pump: &mut dyn Pump) -> Result<(), Fault> {
    pump.pump(&mut Numbers(piece.0 - 1, piece.0 - 1 + piece.1))
}

type Unpack = fn(&Piece, &mut dyn Pump) -> Result<(), Fault>;

fn hands<W, N, H: FnMut(&Row, &mut W) -> Noted<N> + Send + Clone>(
    number: usize,
    work: H,
) -> Vec<Hand<Unpack, H>> {
    let hand = |work| Hand {
        unpack: unpack as Unpack,
        work,
    };
    vec![work; number].into_iter().map(hand).collect()
}

/// Every third row is of no interest.
fn square(row: &Row, square: &mut u64) -> Noted<u64> {
    *square = row.position.row.pow(2);
    Noted {
        note: *square,
        keep: !row.position.row.is_multiple_of(3),
    }
}

fn expect(seen: &Seen<'_, u64, u64>, number: u64, kept: bool) {
    assert_eq!((seen.row, seen.note), (number, number * number));
    let found = seen
        .kept
        .as_ref()
        .map(|(row, square)| (row.position.row, **square));
    let expected = (kept || !number.is_multiple_of(3)).then_some((number, number * number));
    assert_eq!(found, expected);
}

#[test]
fn rows_come_back_in_order_with_what_was_made_of_them() {
    for (number, rows) in [(1, 0), (1, 1), (2, 129), (3, 50_000)] {
        let mut next = 1;
        let end = run(
            None,
            |outlet| outlet.pump(&mut Numbers(0, rows)),
            hands(number, square),
            |seen| {
                expect(&seen, next, true);
                next += 1;
                ControlFlow::<()>::Continue(())
            },
        );
        assert!(end.is_ok_and(|broken| broken.is_none()));
        assert_eq!(next, rows + 1);
    }
}

#[test]
fn pieces_become_rows_in_order_up_to_the_first_that_is_bad() {
    for (number, bad) in [(1, 7), (2, 1), (3, 400), (2, 501)] {
        let mut next = 1;
        let mut first = 1;
        let hands = hands(number, square)
            .into_iter()
            .map(|hand| Hand {
                unpack: |piece: &Piece, pump: &mut dyn Pump| {
                    unpack(piece, pump)?;
                    match piece.1 == bad {
                        true => Err(InputErrorKind::NoHeader.into()),
                        false => Ok(()),
                    }
                },
                work: hand.work,
            })
            .collect();
        let end = run(
            None,
            |outlet| {
                let mut length = 0;
                outlet.pass(|piece: &mut Piece| {
                    length += 1;
                    *piece = (first, length);
                    first += length;
                    Ok((length <= 500).then_some(1))
                })
            },
            hands,
            |seen| {
                expect(&seen, next, false);
                next += 1;
                ControlFlow::<()>::Continue(())
            },
        );
        assert_eq!(end.is_err(), bad <= 500);
        // The rows of the bad piece came before its fault.
        let last = bad.min(500);
        assert_eq!(next - 1, last * (last + 1) / 2);
    }
}

/// Rows of which one in three is as long as a book, followed by a short one; counts how many bytes are under way.
struct Books<'a>(u64, &'a AtomicUsize, &'a AtomicUsize);

const BOOK: usize = 6 * 1024 * 1024;

impl Source for Books<'_> {
    fn next(&mut self, row: &mut Row) -> Result<bool, Fault> {
        self.0 += 1;
        row.reset(self.0, None);
        if self.0.is_multiple_of(3) {
            row.push(&"x".repeat(BOOK));
            let under_way = self.1.fetch_add(BOOK, Ordering::SeqCst) + BOOK;
            self.2.fetch_max(under_way, Ordering::SeqCst);
        }
        Ok(self.0 <= 60)
    }
}

#[test]
fn rows_as_long_as_a_book_wait_until_those_before_them_are_done() {
    let (under_way, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let end = run(
        None,
        |outlet: &mut Outlet<Piece, u64, u64>| outlet.pump(&mut Books(0, &under_way, &most)),
        hands(2, square),
        |seen| {
            if seen.row.is_multiple_of(3) {
                under_way.fetch_sub(BOOK, Ordering::SeqCst);
            }
            ControlFlow::<()>::Continue(())
        },
    );
    assert!(end.is_ok());
    // One is being read while two are waited for.
    assert!(most.into_inner() <= 3 * BOOK);
}

#[test]
fn a_batch_keeps_no_memory_of_a_long_row_whose_slot_was_used_again() {
    let mut batch = Batch::<Piece, u64, u64>::default();
    let counts = [AtomicUsize::new(0), AtomicUsize::new(0)];
    let mut books = Books(2, &counts[0], &counts[1]);
    assert!(batch.take(&mut books, None).is_ok_and(|found| found));
    batch.used = 0;
    assert!(batch.take(&mut books, None).is_ok_and(|found| found));
    batch.empty();
    assert!(batch.slots.is_empty());
}

#[test]
fn breaking_stops_the_reader_and_the_hands() {
    let end = run(
        None,
        |outlet| outlet.pump(&mut Numbers(0, u64::MAX)),
        hands(2, square),
        |seen| match seen.row {
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
        |outlet| {
            outlet.pump(&mut Numbers(0, 300))?;
            Err(InputErrorKind::NoHeader.into())
        },
        hands(2, square),
        |_| {
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
        let hand = |row: &Row, (): &mut ()| {
            assert!(row.position.row < 700, "a defect");
            Noted::KEPT
        };
        run(
            None,
            |outlet| outlet.pump(&mut Numbers(0, 2000)),
            hands(2, hand),
            |_| ControlFlow::<()>::Continue(()),
        )
        .is_ok()
    });
    assert!(run.is_err());
}
