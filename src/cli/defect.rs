//! Panics: what is printed for a defect of ours, and the exit code that it ends with.
//!
//! Guarantees that no panic's message is printed, since it may hold a cell's value: the place in the source is enough to
//! find it. Prints nothing for a panic of a foreign parser that ends as a typed error.

use super::failure::Exit;
use super::output::say;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook};
use ticketload::input::panics_are_caught;

/// Runs the program; a panic ends it as a defect.
pub(super) fn watched(program: impl FnOnce() -> Exit) -> Exit {
    set_hook(Box::new(tell));
    catch_unwind(AssertUnwindSafe(program)).unwrap_or(Exit::Defect)
}

fn tell(panic: &PanicHookInfo<'_>) {
    if panics_are_caught() {
        return;
    }
    let place = panic
        .location()
        .map(|place| format!(" ({}:{})", place.file(), place.line()));
    say(format_args!(
        "error: a defect of ticketload{}\n\nhint: please report it with this line; what was committed is safe, and the same command continues",
        place.unwrap_or_default()
    ));
}
