//! Where a test lets the program die: the named steps of a run.
//!
//! A debug build that finds `TICKETLOAD_ABORT=STEP@N` in its environment aborts, without unwinding or cleaning up, when
//! that step is reached for the N-th time. So a process can be ended at a step that no signal from outside would hit.
//! A release build has none of this: there [`at`] is a `const fn` with nothing in it, and the variable is not read. What
//! happens while a request is on its way is not here, since only a server can say when that is.

/// A step of a run, named for what has just happened or is about to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// A row is about to be claimed.
    Claiming,
    /// A row is claimed for good, and its request has not left.
    Claimed,
    /// The API has answered, and nobody knows yet.
    Answered,
    /// A row's outcome is stored, and not yet told.
    Settled,
    /// A group of changes is about to be committed.
    Committing,
    /// A group of changes is committed, and nobody who asked for them knows.
    Committed,
    /// A login is about to be sent.
    Renewing,
    /// There is a new token, and no worker has it yet.
    Renewed,
    /// A results or rejects file is whole, and not yet in its place.
    Written,
    /// A results or rejects file is in its place.
    Placed,
}

/// Dies here, if a test wants it.
#[cfg(debug_assertions)]
pub(crate) fn at(step: Step) {
    wish::grant(step);
}

/// Does nothing: this is a release build.
#[cfg(not(debug_assertions))]
pub(crate) const fn at(_: Step) {}

/// That nothing can happen in a release build is proven where it is compiled.
#[cfg(not(debug_assertions))]
const _: () = at(Step::Claiming);

#[cfg(debug_assertions)]
mod wish {
    use super::Step;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// The name of a step in lower case, and how often it is reached before the program dies.
    static WISH: LazyLock<Option<(String, u64)>> = LazyLock::new(|| {
        let text = std::env::var("TICKETLOAD_ABORT").ok()?;
        let (step, time) = text.split_once('@')?;
        Some((step.to_owned(), time.parse().ok()?))
    });

    static REACHED: AtomicU64 = AtomicU64::new(0);

    pub(super) fn grant(step: Step) {
        let Some((name, time)) = &*WISH else { return };
        if format!("{step:?}").eq_ignore_ascii_case(name)
            && REACHED.fetch_add(1, Ordering::Relaxed) + 1 == *time
        {
            std::process::abort();
        }
    }
}
