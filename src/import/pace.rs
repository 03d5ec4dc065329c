//! The pace of a run: how fast rows may leave, all workers together.
//!
//! Owns the one limiter that every attempt passes. Fair: workers queue, and the first in the queue waits for its turn.
//! Even: no burst beyond a few hundredths of a second's worth, also after a restart. When the server says that it is too fast
//! ([`Pace::pushed_back`]) the pace waits as told, halves, and recovers step by step. Knows no rows and no outcomes.

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

/// How fast rows may leave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    /// As fast as the workers go.
    Unlimited,
    /// So many in a period.
    Limited {
        /// Rows in one period; above 0.
        count: f64,
        /// The period.
        period: Period,
    },
}

/// The period of a [`Rate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// A second.
    Second,
    /// A minute.
    Minute,
}

/// A rate that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a rate is written like 5/s, 30/m or unlimited")]
pub struct RateError;

impl Rate {
    /// Rows in a second; none where there is no limit.
    #[must_use]
    pub fn per_second(self) -> Option<f64> {
        match self {
            Rate::Unlimited => None,
            Rate::Limited {
                count,
                period: Period::Second,
            } => Some(count),
            Rate::Limited {
                count,
                period: Period::Minute,
            } => Some(count / 60.0),
        }
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Rate, RateError> {
        if text == "unlimited" {
            return Ok(Rate::Unlimited);
        }
        let (count, period) = text.split_once('/').ok_or(RateError)?;
        let period = match period {
            "s" => Period::Second,
            "m" => Period::Minute,
            _ => return Err(RateError),
        };
        let count: f64 = count.trim().parse().map_err(|_| RateError)?;
        // Beyond a million a second there is nothing to limit, and below one an hour the interval makes no sense.
        let rate = Rate::Limited { count, period };
        let per_second = rate.per_second().unwrap_or_default();
        if (1.0 / 3600.0..=1e6).contains(&per_second) {
            Ok(rate)
        } else {
            Err(RateError)
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rate::Unlimited => f.write_str("unlimited"),
            Rate::Limited {
                count,
                period: Period::Second,
            } => write!(f, "{count}/s"),
            Rate::Limited {
                count,
                period: Period::Minute,
            } => write!(f, "{count}/m"),
        }
    }
}

/// governor's clock on tokio's time, so that tests with paused time are exact.
#[derive(Debug, Clone)]
struct TokioClock(Instant);

impl Clock for TokioClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Duration>>;

/// The pace of one run.
#[derive(Debug)]
pub struct Pace {
    clock: TokioClock,
    ceiling: Option<f64>,
    /// Taken in turn: tokio's mutex is first in, first out, which governor's own waiting is not.
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    changed: Notify,
    shown: watch::Sender<Option<f64>>,
}

#[derive(Debug)]
struct State {
    limiter: Option<Limiter>,
    per_second: Option<f64>,
    closed_until: Option<Instant>,
    last_grant: Option<Instant>,
    last_cut: Option<Instant>,
    good: u32,
}

/// The pace is cut at most once in this time: one overload answers many rows at once.
const CUT_PAUSE: Duration = Duration::from_secs(1);
/// So many good answers in a row raise the pace by a tenth of the ceiling.
const GOOD_FOR_RAISE: u32 = 50;
/// A cut pace never goes below this, in rows a second.
const FLOOR: f64 = 0.1;
/// What an unlimited pace is cut to the first time, in rows a second.
const FIRST_CUT: f64 = 50.0;
/// The burst in seconds' worth of rows: makes up for timers that are a millisecond late.
const SLACK: f64 = 0.04;

impl Pace {
    /// A pace that lets nothing out before `not_before`, where a run before this one has just sent something.
    #[must_use]
    pub fn new(rate: Rate, not_before: Option<Instant>) -> Pace {
        let clock = TokioClock(Instant::now());
        let ceiling = rate.per_second();
        let state = State {
            limiter: ceiling.map(|rate| limiter(rate, burst(rate), &clock)),
            per_second: ceiling,
            closed_until: not_before,
            last_grant: None,
            last_cut: None,
            good: 0,
        };
        let (shown, _) = watch::channel(ceiling);
        Pace {
            clock,
            ceiling,
            turn: tokio::sync::Mutex::new(()),
            state: Mutex::new(state),
            changed: Notify::new(),
            shown,
        }
    }

    /// Waits for this worker's turn. Cancel-safe: a dropped wait takes nothing.
    pub async fn ready(&self) {
        let _turn = self.turn.lock().await;
        loop {
            let changed = self.changed.notified();
            let wait = {
                let mut state = self.lock();
                let now = Instant::now();
                match state.closed_until.filter(|until| *until > now) {
                    Some(until) => until - now,
                    None => match state.limiter.as_ref().map(Limiter::check) {
                        None | Some(Ok(())) => {
                            state.last_grant = Some(now);
                            return;
                        }
                        Some(Err(not_until)) => not_until.wait_time_from(self.clock.now()),
                    },
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = changed => {}
            }
        }
    }

    /// The server said "too fast": waits as told and goes on at half the pace. True where this is no part of an overload
    /// that was told already.
    pub fn pushed_back(&self, wait: Duration) -> bool {
        let now = Instant::now();
        let mut state = self.lock();
        state.good = 0;
        state.closed_until = state.closed_until.max(Some(now + wait));
        let cut_lately = state
            .last_cut
            .is_some_and(|cut| now.duration_since(cut) < CUT_PAUSE);
        if !cut_lately {
            state.last_cut = Some(now);
            let slower = state
                .per_second
                .map_or(FIRST_CUT, |rate| (rate / 2.0).max(FLOOR).min(rate));
            self.set(&mut state, Some(slower));
        }
        drop(state);
        self.changed.notify_waiters();
        !cut_lately
    }

    /// A row was answered well; after enough of them the pace recovers by a step.
    pub fn went_well(&self) {
        let mut state = self.lock();
        if state.per_second == self.ceiling {
            return;
        }
        state.good += 1;
        if state.good < GOOD_FOR_RAISE {
            return;
        }
        state.good = 0;
        let next = match (self.ceiling, state.per_second) {
            (Some(ceiling), Some(rate)) => Some((rate + ceiling * 0.1).min(ceiling)),
            // Without a ceiling the pace doubles, and is free again once it is beyond what one server takes.
            (None, Some(rate)) if rate < 10_000.0 => Some(rate * 2.0),
            _ => None,
        };
        self.set(&mut state, next);
        drop(state);
        self.changed.notify_waiters();
    }

    /// The pace as it is now, in rows a second, and its changes.
    pub fn watch(&self) -> watch::Receiver<Option<f64>> {
        self.shown.subscribe()
    }

    /// governor's quota cannot be changed, so the limiter is. A new one would let a row out at once, so it is closed until
    /// one new interval after the last grant.
    fn set(&self, state: &mut State, rate: Option<f64>) {
        state.per_second = rate;
        state.limiter = rate.map(|rate| limiter(rate, NonZeroU32::MIN, &self.clock));
        if let (Some(rate), Some(last)) = (rate, state.last_grant) {
            state.closed_until = state.closed_until.max(Some(last + interval(rate)));
        }
        self.shown.send_replace(rate);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long to wait for a server that is busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlowDown(Duration);

/// The bound of the first wait when a busy server names none; doubled up to the last.
const BUSY_FIRST: Duration = Duration::from_millis(500);
/// The bound of the longest wait when a busy server names none.
const BUSY_LAST: Duration = Duration::from_secs(20);
/// A server that names a longer wait is not obeyed to the second: people wait for these calls.
const RETRY_AFTER_LIMIT: Duration = Duration::from_secs(300);

impl SlowDown {
    /// What the server asked for, or a wait with full jitter: anything up to a bound that doubles with each time.
    #[must_use]
    pub fn of(asked: Option<Duration>, times: u32) -> SlowDown {
        SlowDown(match asked {
            Some(asked) => SlowDown::obeyed(asked),
            None => {
                let bound = BUSY_FIRST.saturating_mul(1 << times.clamp(1, 7).saturating_sub(1));
                bound.min(BUSY_LAST).mul_f64(rand::random())
            }
        })
    }

    /// How long is waited for a server that asks for so much.
    pub(super) fn obeyed(asked: Duration) -> Duration {
        asked.min(RETRY_AFTER_LIMIT)
    }

    /// The wait.
    #[must_use]
    pub fn wait(self) -> Duration {
        self.0
    }
}

/// The time between two rows at a rate.
pub(super) fn interval(per_second: f64) -> Duration {
    Duration::from_secs_f64(1.0 / per_second)
}

fn limiter(per_second: f64, burst: NonZeroU32, clock: &TokioClock) -> Limiter {
    let quota = Quota::with_period(interval(per_second))
        .expect("a rate of at most a million a second has an interval");
    RateLimiter::direct_with_clock(quota.allow_burst(burst), clock.clone())
}

fn burst(per_second: f64) -> NonZeroU32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the rate is between 0 and a million"
    )]
    let rows = (per_second * SLACK) as u32;
    NonZeroU32::new(rows).unwrap_or(NonZeroU32::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rates_are_read_and_shown() {
        for text in ["5/s", "0.5/s", "30/m", "unlimited"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        for text in [
            "", "5", "5/h", "0/s", "-1/s", "NaN/s", "inf/s", "5/s/s", "fast",
        ] {
            assert_eq!(text.parse::<Rate>(), Err(RateError), "{text}");
        }
    }

    async fn grants(pace: &Pace, count: usize) -> Vec<Duration> {
        let start = Instant::now();
        let mut at = Vec::new();
        for _ in 0..count {
            pace.ready().await;
            at.push(start.elapsed());
        }
        at
    }

    fn most_in_a_second(at: &[Duration]) -> usize {
        let within = |from: &Duration| {
            at.iter()
                .filter(|t| **t >= *from && **t < *from + Duration::from_secs(1))
                .count()
        };
        at.iter().map(within).max().unwrap_or(0)
    }

    #[tokio::test(start_paused = true)]
    async fn fifty_a_second_is_fifty_a_second() {
        let pace = Pace::new("50/s".parse().unwrap(), None);
        let at = grants(&pace, 500).await;
        assert!(most_in_a_second(&at) <= 55);
        let whole = at.last().unwrap().as_secs_f64();
        assert!((9.8..=11.0).contains(&whole), "{whole}");
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_leaves_before_the_earliest_time() {
        let pace = Pace::new(
            Rate::Unlimited,
            Some(Instant::now() + Duration::from_secs(3)),
        );
        assert_eq!(grants(&pace, 2).await, [Duration::from_secs(3); 2]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_push_back_waits_and_halves_and_good_answers_recover_the_pace() {
        let pace = Pace::new("10/s".parse().unwrap(), None);
        pace.ready().await;
        assert!(pace.pushed_back(Duration::from_secs(2)));
        assert!(!pace.pushed_back(Duration::ZERO));
        assert_eq!(*pace.watch().borrow(), Some(5.0), "one overload is one cut");
        assert_eq!(grants(&pace, 1).await, [Duration::from_secs(2)]);
        for _ in 0..GOOD_FOR_RAISE * 5 {
            pace.went_well();
        }
        assert_eq!(*pace.watch().borrow(), Some(10.0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pace_below_the_floor_is_not_raised_by_a_push_back() {
        let pace = Pace::new("3/m".parse().unwrap(), None);
        pace.pushed_back(Duration::ZERO);
        assert_eq!(*pace.watch().borrow(), Some(0.05));
    }

    #[tokio::test(start_paused = true)]
    async fn waiters_are_served_in_turn() {
        let pace = std::sync::Arc::new(Pace::new("100/s".parse().unwrap(), None));
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let pace = pace.clone();
                tokio::spawn(async move {
                    let end = Instant::now() + Duration::from_secs(2);
                    let mut turns = 0_u32;
                    while Instant::now() < end {
                        pace.ready().await;
                        turns += 1;
                    }
                    turns
                })
            })
            .collect();
        for task in tasks {
            let turns = task.await.unwrap();
            assert!((22..=30).contains(&turns), "{turns}");
        }
    }

    proptest! {
        #[test]
        fn reading_a_rate_never_panics(text in ".*") {
            if let Ok(rate) = text.parse::<Rate>() {
                drop(Pace::new(rate, None));
            }
        }
    }
}
