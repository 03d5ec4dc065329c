//! Progress: what happens in a run, as bars on a terminal and as plain lines elsewhere.
//!
//! Owns stderr while a run goes: everything that is printed then goes through here, so that nothing garbles a bar. Shows
//! counts only, each after it was committed. A line every ten seconds where stderr is no terminal, so that a log of a
//! nightly run says how it went.

use super::output;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use ticketload::import::{Observer, RunEvent, spoken};
use ticketload::report::thousands;
use ticketload::ticket::Outcome;

/// How often a plain line is printed.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// How often a bar's own text is renewed.
const REDRAW_EVERY: Duration = Duration::from_millis(200);

/// The one who watches a run for the person at the terminal.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    is_terminal: bool,
    state: Mutex<State>,
    counts: [AtomicU64; Outcome::ALL.len()],
}

#[derive(Debug)]
struct State {
    phase: String,
    began: Instant,
    rows: u64,
    /// Shown instead of the counts while the run waits.
    waiting: Option<String>,
}

/// Prints lines until it is dropped.
#[derive(Debug)]
pub(crate) struct Ticker {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    pub(crate) fn new() -> Progress {
        let is_terminal = std::io::stderr().is_terminal();
        let target = if is_terminal {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::hidden()
        };
        Progress {
            bar: ProgressBar::with_draw_target(None, target),
            is_terminal,
            state: Mutex::new(State {
                phase: String::new(),
                began: Instant::now(),
                rows: 0,
                waiting: None,
            }),
            counts: Default::default(),
        }
    }

    /// Begins a phase; `rows` is how many rows it has, 0 if that is not known.
    pub(crate) fn begin(&self, phase: String, rows: u64) {
        for count in &self.counts {
            count.store(0, Ordering::Relaxed);
        }
        self.bar.reset();
        if rows > 0 {
            self.bar.set_length(rows);
            self.bar
                .set_style(style("{prefix} {bar:30} {pos}/{len}  {msg}"));
        } else {
            self.bar.unset_length();
            self.bar.set_style(style("{prefix} {spinner} {msg}"));
        }
        self.bar.set_prefix(phase.clone());
        *self.lock() = State {
            phase,
            began: Instant::now(),
            rows,
            waiting: None,
        };
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }

    /// Prints a line above the bar.
    pub(crate) fn say(&self, line: &str) {
        self.bar.suspend(|| output::say(line));
    }

    /// Starts the thread that renews the bar or prints plain lines.
    pub(crate) fn ticker(self: &std::sync::Arc<Progress>) -> Ticker {
        let (stop, stopped) = mpsc::channel::<()>();
        let progress = std::sync::Arc::clone(self);
        let every = if self.is_terminal {
            REDRAW_EVERY
        } else {
            LINE_EVERY
        };
        let thread = std::thread::spawn(move || {
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                progress.tick();
            }
        });
        Ticker {
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    fn tick(&self) {
        let line = self.line();
        if self.is_terminal {
            self.bar.set_message(line);
            self.bar.tick();
        } else {
            let phase = self.lock().phase.clone();
            output::say(format_args!("{phase}: {line}"));
        }
    }

    /// `1,200 of 3,000 rows, 5.0/s, about 6 min left; 1,190 created, 10 rejected`.
    fn line(&self) -> String {
        let (began, rows, waiting) = {
            let state = self.lock();
            (state.began, state.rows, state.waiting.clone())
        };
        let counts: Vec<(Outcome, u64)> = Outcome::ALL
            .into_iter()
            .map(|outcome| {
                (
                    outcome,
                    self.counts[outcome as usize].load(Ordering::Relaxed),
                )
            })
            .filter(|(_, count)| *count > 0)
            .collect();
        if rows == 0 {
            return format!("{} rows so far", thousands(self.bar.position()));
        }
        let done = self.bar.position();
        let pace = Pace::of(done, rows, began.elapsed());
        let done = if self.is_terminal {
            String::new()
        } else {
            format!("{} of {} rows, ", thousands(done), thousands(rows))
        };
        let tally: Vec<String> = counts
            .iter()
            .map(|(outcome, count)| format!("{} {outcome}", thousands(*count)))
            .collect();
        let tally = if tally.is_empty() {
            String::new()
        } else {
            format!("; {}", tally.join(", "))
        };
        match waiting {
            Some(waiting) => format!("{done}{waiting}{tally}"),
            None => format!("{done}{pace}{tally}"),
        }
    }

    fn set_waiting(&self, waiting: Option<String>) {
        if self.is_terminal {
            self.lock().waiting = waiting;
            self.tick();
        } else if let Some(waiting) = waiting {
            output::say(waiting);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The pace so far and what is left at it.
struct Pace {
    per_second: f64,
    left: Option<Duration>,
}

impl Pace {
    fn of(done: u64, rows: u64, took: Duration) -> Pace {
        #[expect(clippy::cast_precision_loss, reason = "a pace for people")]
        let (done, left) = (done as f64, rows.saturating_sub(done) as f64);
        let per_second = done / took.as_secs_f64().max(0.001);
        let left = (done >= 1.0)
            .then(|| left / per_second)
            .filter(|left| left.is_finite());
        Pace {
            per_second,
            left: left.map(Duration::from_secs_f64),
        }
    }
}

impl std::fmt::Display for Pace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.1}/s", self.per_second)?;
        match self.left {
            Some(left) if !left.is_zero() => write!(f, ", about {} left", spoken(left)),
            _ => Ok(()),
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Observer for Progress {
    fn observe(&self, event: &RunEvent) {
        match event {
            RunEvent::Checked { rows } => self.bar.set_position(*rows),
            RunEvent::Settled { outcome, .. } => {
                self.counts[*outcome as usize].fetch_add(1, Ordering::Relaxed);
                self.bar.inc(1);
                if *outcome == Outcome::Created {
                    let mut state = self.lock();
                    state.waiting = None;
                }
            }
            RunEvent::Holding { why, next_probe } => {
                let when = if next_probe.is_zero() { "now".to_owned() } else { format!("in {}", spoken(*next_probe)) };
                self.set_waiting(Some(format!("holding: {why}, next probe {when}")));
            }
            RunEvent::Resumed => {
                self.set_waiting(None);
                if !self.is_terminal {
                    output::say("the server answers again");
                }
            }
            RunEvent::Busy { asked, wait } if asked == wait => {
                self.say(&format!("the server asks to wait {}", spoken(*wait)));
            }
            RunEvent::Busy { asked, wait } => self.say(&format!(
                "the server asks to wait {}; the next row goes in {}",
                spoken(*asked),
                spoken(*wait)
            )),
            RunEvent::Pace(Some(rate)) => self.say(&format!("the server is busy: slowing down to {rate:.1}/s")),
            RunEvent::Pace(None) => {}
            RunEvent::Stopping => self.say(
                "stopping: what is in flight ends, then the results are written; once more to stop at once",
            ),
            RunEvent::NotStored { row, outcome, ticket_id, kept_in } => {
                let what = outcome.map_or("was not sent", Outcome::as_str);
                let ticket = ticket_id.as_ref().map(|id| format!(", ticket {id}")).unwrap_or_default();
                let kept = kept_in.as_ref().map_or_else(
                    || "it could be kept NOWHERE: write this line down".to_owned(),
                    |path| format!("it is kept in {} and read back by the next run", path.display()),
                );
                self.say(&format!("the ledger could not take an outcome: row {row} {what}{ticket}; {kept}"));
            }
        }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
