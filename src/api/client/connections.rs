//! [`Connections`]: which connection a request goes out on.
//!
//! A server may close a connection right behind an answer without having said so. A request that is written into it is lost, and
//! nothing proves whether it was read. So a connection is used again when it has rested long enough for its end to have arrived,
//! a new one is opened rather than used at once, and once a used one broke without an answer none is used a second time.
//! Owns that choice, and that no more are open than a few for each request that runs at a time. Does not know what a
//! connection is.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// By then the end of a connection that was closed behind its answer is here: it travels right behind it, where the server is
/// not busy with others before it closes.
const REST: Duration = Duration::from_millis(50);
/// Connections for each request that runs at a time, so that the others can rest at any pace. A slow one needs fewer.
const EACH: usize = 3;

/// Whether a connection may be used more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reuse {
    /// Yes, after its answer.
    Kept,
    /// No.
    Never,
}

/// The connections of a client, those in use aside.
pub(super) struct Connections<C> {
    /// How many may be open.
    most: usize,
    state: Mutex<State<C>>,
}

struct State<C> {
    /// In the order in which they came to rest.
    resting: Vec<(Instant, C)>,
    /// Those resting and those in use.
    open: usize,
    reuse: Reuse,
    /// Connections of an earlier era do not come back.
    era: u64,
}

/// A connection in use, or leave to open one.
pub(super) struct Lent<'a, C> {
    connections: &'a Connections<C>,
    connection: Option<C>,
    was_used: bool,
    is_sound: bool,
    reuse: Reuse,
    era: u64,
}

impl<C> Connections<C> {
    /// None yet, for so many requests at a time.
    pub(super) fn for_requests(at_a_time: usize) -> Self {
        Connections::new(at_a_time.saturating_mul(EACH))
    }

    /// None yet, and never more than `most`, but for one.
    pub(super) fn new(most: usize) -> Self {
        let state = State {
            resting: Vec::new(),
            open: 0,
            reuse: Reuse::Kept,
            era: 0,
        };
        Connections {
            most: most.max(1),
            state: Mutex::new(state),
        }
    }

    /// The connection to use next: of those that have rested the one that was used last, else a new one, else the one that has
    /// rested longest.
    pub(super) fn lend(&self) -> Lent<'_, C> {
        let mut state = self.lock();
        let now = Instant::now();
        let has_rested = |(since, _): &(Instant, C)| now.duration_since(*since) >= REST;
        let chosen = state.resting.iter().rposition(has_rested);
        let chosen = chosen.or_else(|| (state.open >= self.most).then_some(0));
        let connection = chosen
            .filter(|at| *at < state.resting.len())
            .map(|at| state.resting.remove(at).1);
        if connection.is_none() {
            state.open += 1;
        }
        Lent {
            connections: self,
            was_used: connection.is_some(),
            connection,
            is_sound: false,
            reuse: state.reuse,
            era: state.era,
        }
    }

    /// Uses none of the connections of before.
    pub(super) fn begin_anew(&self) {
        let mut state = self.lock();
        begin_anew(&mut state);
    }

    fn lock(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn begin_anew<C>(state: &mut State<C>) {
    state.era += 1;
    state.open = 0;
    state.resting.clear();
}

impl<C: Clone> Lent<'_, C> {
    /// The connection, which `open` opens where there is none yet.
    pub(super) fn get<E>(&mut self, open: impl FnOnce(Reuse) -> Result<C, E>) -> Result<C, E> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => open(self.reuse)?,
        };
        Ok(self.connection.insert(connection).clone())
    }
}

impl<C> Lent<'_, C> {
    /// Says that its answer came whole: it may be used again.
    pub(super) fn answered(mut self) {
        self.is_sound = self.reuse == Reuse::Kept;
    }

    /// Says that it broke without an answer. If it had been used before, the server may be one that closes without saying so.
    pub(super) fn broke(self) {
        if self.was_used {
            let mut state = self.connections.lock();
            state.reuse = Reuse::Never;
            begin_anew(&mut state);
        }
    }
}

impl<C> Drop for Lent<'_, C> {
    fn drop(&mut self) {
        let mut state = self.connections.lock();
        if state.era != self.era {
            return;
        }
        match self.connection.take().filter(|_| self.is_sound) {
            Some(connection) => state.resting.push((Instant::now(), connection)),
            None => state.open = state.open.saturating_sub(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::convert::Infallible;

    /// Connections that are numbered as they are opened.
    struct Numbered {
        connections: Connections<u32>,
        opened: Cell<u32>,
    }

    impl Numbered {
        fn new(most: usize) -> Self {
            Numbered {
                connections: Connections::new(most),
                opened: Cell::new(0),
            }
        }

        fn lend(&self) -> (u32, Lent<'_, u32>) {
            let mut lent = self.connections.lend();
            let open = |_| {
                self.opened.set(self.opened.get() + 1);
                Ok::<_, Infallible>(self.opened.get())
            };
            let Ok(number) = lent.get(open);
            (number, lent)
        }

        fn used(&self) -> u32 {
            let (number, lent) = self.lend();
            lent.answered();
            number
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_rested_is_used_again_and_what_has_not_is_not() {
        let numbered = Numbered::new(3);
        assert_eq!([numbered.used(), numbered.used()], [1, 2]);
        tokio::time::advance(REST).await;
        // The one that was used last: the other one may be closed for being idle.
        assert_eq!([numbered.used(), numbered.used()], [2, 1]);
        // Neither has rested, and there is room for one more.
        assert_eq!(numbered.used(), 3);
        // There is no more room: the one that has rested longest.
        assert_eq!([numbered.used(), numbered.used()], [2, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_are_open_than_run_at_a_time() {
        let numbered = Numbered::new(2);
        for _ in 0..100 {
            let (first, second) = (numbered.lend(), numbered.lend());
            first.1.answered();
            second.1.answered();
        }
        assert_eq!(numbered.opened.get(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn one_without_an_answer_is_not_used_again() {
        let numbered = Numbered::new(1);
        drop(numbered.lend());
        assert_eq!(numbered.used(), 2);
        numbered.lend().1.broke();
        assert_eq!(numbered.used(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn once_a_used_one_broke_none_is_used_twice() {
        let numbered = Numbered::new(4);
        let early = numbered.lend();
        numbered.lend().1.broke();
        assert_eq!(numbered.used(), 3, "that one had not been used");
        tokio::time::advance(REST).await;
        let (number, lent) = numbered.lend();
        assert_eq!(number, 3);
        lent.broke();
        early.1.answered();
        for expected in 4..9 {
            tokio::time::advance(REST).await;
            assert_eq!(numbered.used(), expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn those_of_before_do_not_come_back() {
        let numbered = Numbered::new(1);
        let (number, lent) = numbered.lend();
        assert_eq!(number, 1);
        numbered.connections.begin_anew();
        lent.answered();
        assert_eq!([numbered.used(), numbered.used()], [2, 2]);
    }
}
