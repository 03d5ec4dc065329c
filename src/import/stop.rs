//! [`Stop`]: how a person or the system stops a rehearsal or a run.
//!
//! Owns the two steps: the first signal lets what is in flight end, the second breaks it off; and what is no second one,
//! though it comes as one. Does not install signal handlers: the command line does, and calls [`Stop::signal`].

use super::Observer;
use super::end::Signal;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// What comes so soon behind the first signal is the same one: `timeout` sends its own to the command and then to the
/// command's whole group. Nobody has been told of the first one by then.
pub(super) const ECHO: Duration = Duration::from_millis(50);

/// A stop that is shared by everything that can be stopped.
#[derive(Debug, Clone)]
pub struct Stop {
    first: Arc<watch::Sender<Option<(Signal, Instant)>>>,
    abort: CancellationToken,
}

impl Stop {
    /// A stop that nobody has asked for yet.
    #[must_use]
    pub fn new() -> Stop {
        Stop {
            first: Arc::new(watch::Sender::new(None)),
            abort: CancellationToken::new(),
        }
    }

    /// Takes a signal: the first asks to stop, any further one breaks off. A terminal that is closed breaks nothing off:
    /// the system says so, and the shell once more, and nobody asked twice.
    pub fn signal(&self, signal: Signal) {
        let now = Instant::now();
        let is_first = self.first.send_if_modified(|first| {
            let is_first = first.is_none();
            first.get_or_insert((signal, now));
            is_first
        });
        let is_echo = || (*self.first.borrow()).is_some_and(|(_, first)| now - first < ECHO);
        if !is_first && signal != Signal::HangUp && !is_echo() {
            self.abort.cancel();
        }
    }

    /// The first signal, if there was one.
    #[must_use]
    pub fn signalled(&self) -> Option<Signal> {
        (*self.first.borrow()).map(|(signal, _)| signal)
    }

    /// Waits for the first signal.
    pub async fn first(&self) -> Signal {
        let mut first = self.first.subscribe();
        match first.wait_for(Option::is_some).await.map(|first| *first) {
            Ok(Some((signal, _))) => signal,
            // The sender lives as long as this stop does.
            _ => std::future::pending().await,
        }
    }

    /// Cancelled by the second signal.
    pub(super) fn abort(&self) -> CancellationToken {
        self.abort.clone()
    }
}

/// Before whose eyes a rehearsal goes.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Who is told how far it is.
    pub observer: &'a dyn Observer,
    /// Who may stop it.
    pub stop: &'a Stop,
}

impl fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("stop", self.stop)
            .finish_non_exhaustive()
    }
}

impl Default for Stop {
    fn default() -> Stop {
        Stop::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_signal_stops_and_the_second_breaks_off() {
        let stop = Stop::new();
        assert_eq!(stop.signalled(), None);
        stop.signal(Signal::Terminate);
        assert_eq!(stop.first().await, Signal::Terminate);
        stop.signal(Signal::Terminate);
        assert!(!stop.abort().is_cancelled(), "`timeout` sends it twice");
        tokio::time::advance(ECHO).await;
        stop.signal(Signal::HangUp);
        assert!(!stop.abort().is_cancelled(), "nobody is there to ask twice");
        stop.signal(Signal::Interrupt);
        assert_eq!(
            stop.signalled(),
            Some(Signal::Terminate),
            "the first one counts"
        );
        assert!(stop.abort().is_cancelled());
    }
}
