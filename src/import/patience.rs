//! [`Patience`]: how long a rehearsal goes on.
//!
//! Owns how often it is asked whether somebody wants it to stop.

use super::{RehearsalError, Stop};
use std::ops::ControlFlow;

/// Whether it is to stop is asked every so many rows.
pub(super) const STOPPED_AFTER: u64 = 1 << 12;

/// Goes on until it is to stop. Counts the rows of all passes, since a long file is read up to three times.
pub(super) struct Patience<'a> {
    pub stop: &'a Stop,
    pub rows: u64,
}

impl Patience<'_> {
    pub(super) fn row(&mut self) -> ControlFlow<RehearsalError> {
        self.rows += 1;
        if self.rows.is_multiple_of(STOPPED_AFTER)
            && let Some(signal) = self.stop.signalled()
        {
            return ControlFlow::Break(RehearsalError::Stopped(signal));
        }
        ControlFlow::Continue(())
    }
}
