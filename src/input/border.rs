//! The border of the foreign parser: its panics end here, as a typed error.
//!
//! Guarantees that the program can tell such a panic from a defect of its own while it happens, so that nothing is
//! printed for it: its message may hold a cell's value.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic of this thread would end as an [`InputError`](super::InputError), which says all there is to say.
#[must_use]
pub fn panics_are_caught() -> bool {
    INSIDE.get()
}

/// Runs what may panic.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> thread::Result<T> {
    let before = INSIDE.replace(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    INSIDE.set(before);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_known_as_caught_while_it_happens_and_not_after() {
        let seen = caught(|| {
            assert!(panics_are_caught());
            caught(|| panic!("inner")).is_err() && panics_are_caught()
        });
        assert!(seen.unwrap() && !panics_are_caught());
    }
}
