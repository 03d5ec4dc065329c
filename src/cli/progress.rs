//! Progress: what happens in a run, as bars on a terminal and as plain lines elsewhere.
//!
//! Owns stderr while a run goes: everything that is printed then goes through here, so that nothing garbles a bar. Shows
//! counts only, each after it was committed. A line every ten seconds where stderr is no terminal, so that a log of a
//! nightly run says how it went.
//!
//! A terminal may stand still (Ctrl-S, a session that hangs) for longer than a request may take. So one thread draws and
//! prints, and nobody else waits for it: [`Progress`] only leaves there what is to be told. The [`Screen`] waits for the
//! last word when it is closed, since what was said is to be seen.

use super::output;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use ticketload::import::{Observer, RunEvent, spoken};
use ticketload::report::{plain_path, thousands};
use ticketload::ticket::Outcome;

/// How often a plain line is printed.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// How often a bar is drawn anew.
const REDRAW_EVERY: Duration = Duration::from_millis(100);

/// The one who watches a run for the person at the terminal. Nothing here waits for the terminal.
#[derive(Debug)]
pub(crate) struct Progress {
    is_terminal: bool,
    phase: Mutex<Arc<Phase>>,
    /// Where all that is to be shown goes; none once the screen is closed.
    screen: Mutex<Option<Sender<Told>>>,
}

/// What the screen is told, in the order in which it is to be seen.
#[derive(Debug)]
enum Told {
    Line(String),
    Begin(Arc<Phase>),
    End,
}

/// One phase: checking a file, or sending it. Counted by who works, read by who draws.
#[derive(Debug)]
struct Phase {
    name: String,
    began: Instant,
    /// How many rows it has, 0 if that is not known.
    rows: u64,
    done: AtomicU64,
    counts: [AtomicU64; Outcome::ALL.len()],
    /// Shown instead of the pace while the run waits.
    waiting: Mutex<Option<String>>,
}

/// Stderr, drawn and written by one thread until this is dropped; then all that was said has been written.
#[derive(Debug)]
pub(crate) struct Screen {
    progress: Arc<Progress>,
    thread: Option<JoinHandle<()>>,
}

impl Screen {
    pub(crate) fn open() -> Screen {
        let is_terminal = std::io::stderr().is_terminal();
        let (screen, told) = mpsc::channel();
        let thread = std::thread::spawn(move || Drawing::new(is_terminal).show(&told));
        Screen {
            progress: Arc::new(Progress {
                is_terminal,
                phase: Mutex::new(Arc::new(Phase::new(String::new(), 0))),
                screen: Mutex::new(Some(screen)),
            }),
            thread: Some(thread),
        }
    }

    pub(crate) fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // With its sender gone the thread shows what is left, and ends.
        drop(locked(&self.progress.screen).take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Progress {
    /// Begins a phase; `rows` is how many rows it has, 0 if that is not known.
    pub(crate) fn begin(&self, name: String, rows: u64) {
        let phase = Arc::new(Phase::new(name, rows));
        *locked(&self.phase) = Arc::clone(&phase);
        self.tell(Told::Begin(phase));
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        self.tell(Told::End);
    }

    /// Has a line printed above the bar.
    pub(crate) fn say(&self, line: impl Into<String>) {
        self.tell(Told::Line(line.into()));
    }

    fn tell(&self, told: Told) {
        let unheard = match &*locked(&self.screen) {
            Some(screen) => screen.send(told).err().map(|unheard| unheard.0),
            None => Some(told),
        };
        // There is no thread any more that it would be left to.
        if let Some(Told::Line(line)) = unheard {
            output::say(line);
        }
    }

    fn phase(&self) -> Arc<Phase> {
        Arc::clone(&locked(&self.phase))
    }

    fn set_waiting(&self, waiting: Option<String>) {
        if self.is_terminal {
            *locked(&self.phase().waiting) = waiting;
        } else if let Some(waiting) = waiting {
            self.say(waiting);
        }
    }
}

/// Never held while anything is written.
fn locked<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Phase {
    fn new(name: String, rows: u64) -> Phase {
        Phase {
            name,
            began: Instant::now(),
            rows,
            done: AtomicU64::new(0),
            counts: Default::default(),
            waiting: Mutex::new(None),
        }
    }

    /// `1,200 of 3,000 rows, 5.0/s, about 6 min left; 1,190 created, 10 rejected`; a bar shows the first of it itself.
    fn line(&self, beside_bar: bool) -> String {
        let done = self.done.load(Ordering::Relaxed);
        if self.rows == 0 {
            return format!("{} rows so far", thousands(done));
        }
        let counts = Outcome::ALL.into_iter().map(|outcome| {
            let count = self.counts[outcome as usize].load(Ordering::Relaxed);
            (outcome, count)
        });
        let tally: Vec<String> = counts
            .filter(|(_, count)| *count > 0)
            .map(|(outcome, count)| format!("{} {outcome}", thousands(count)))
            .collect();
        let tally = if tally.is_empty() {
            String::new()
        } else {
            format!("; {}", tally.join(", "))
        };
        let pace = locked(&self.waiting)
            .clone()
            .unwrap_or_else(|| Pace::of(done, self.rows, self.began.elapsed()).to_string());
        let done = if beside_bar {
            String::new()
        } else {
            format!("{} of {} rows, ", thousands(done), thousands(self.rows))
        };
        format!("{done}{pace}{tally}")
    }
}

/// What the screen's thread has: the only one that draws and writes.
struct Drawing {
    bar: ProgressBar,
    is_terminal: bool,
    phase: Option<Arc<Phase>>,
}

impl Drawing {
    fn new(is_terminal: bool) -> Drawing {
        let target = if is_terminal {
            // No draw is passed over: `tick` makes a few at a time, of which the last is right.
            ProgressDrawTarget::stderr_with_hz(100)
        } else {
            ProgressDrawTarget::hidden()
        };
        Drawing {
            bar: ProgressBar::with_draw_target(None, target),
            is_terminal,
            phase: None,
        }
    }

    /// Shows all that it is told, and between that how far the phase is, until nobody is left to tell anything.
    fn show(mut self, told: &Receiver<Told>) {
        let every = if self.is_terminal {
            REDRAW_EVERY
        } else {
            LINE_EVERY
        };
        let mut next = Instant::now() + every;
        loop {
            match told.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(Told::Line(line)) => self.bar.suspend(|| output::say(line)),
                Ok(Told::Begin(phase)) => self.begin(phase),
                Ok(Told::End) => self.end(),
                Err(RecvTimeoutError::Timeout) => {
                    self.tick();
                    next = Instant::now() + every;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.end();
    }

    fn begin(&mut self, phase: Arc<Phase>) {
        self.bar.reset();
        if phase.rows > 0 {
            self.bar.set_length(phase.rows);
            self.bar
                .set_style(style("{prefix} {bar:30} {pos}/{len}  {msg}"));
        } else {
            self.bar.unset_length();
            self.bar.set_style(style("{prefix} {spinner} {msg}"));
        }
        self.bar.set_prefix(phase.name.clone());
        self.phase = Some(phase);
    }

    fn end(&mut self) {
        self.phase = None;
        self.bar.finish_and_clear();
    }

    fn tick(&self) {
        let Some(phase) = &self.phase else { return };
        let line = phase.line(self.is_terminal);
        if self.is_terminal {
            self.bar.set_position(phase.done.load(Ordering::Relaxed));
            self.bar.set_message(line);
            self.bar.tick();
        } else {
            output::say(format_args!("{}: {line}", phase.name));
        }
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
            RunEvent::Checked { rows } => self.phase().done.store(*rows, Ordering::Relaxed),
            RunEvent::Settled { outcome, .. } => {
                let phase = self.phase();
                phase.counts[*outcome as usize].fetch_add(1, Ordering::Relaxed);
                phase.done.fetch_add(1, Ordering::Relaxed);
                if *outcome == Outcome::Created {
                    *locked(&phase.waiting) = None;
                }
            }
            RunEvent::Holding { why, next_probe } => {
                let when = if next_probe.is_zero() { "now".to_owned() } else { format!("in {}", spoken(*next_probe)) };
                self.set_waiting(Some(format!("holding: {why}, next probe {when}")));
            }
            RunEvent::Resumed => {
                self.set_waiting(None);
                if !self.is_terminal {
                    self.say("the server answers again");
                }
            }
            RunEvent::Busy { asked, wait } if asked == wait => {
                self.say(format!("the server asks to wait {}", spoken(*wait)));
            }
            RunEvent::Busy { asked, wait } => self.say(format!(
                "the server asks to wait {}; the next row goes in {}",
                spoken(*asked),
                spoken(*wait)
            )),
            RunEvent::Pace(Some(rate)) => self.say(format!("the server is busy: slowing down to {rate:.1}/s")),
            RunEvent::Pace(None) => {}
            RunEvent::Stopping => self.say(
                "stopping: what is in flight ends, then the results are written; once more to stop at once",
            ),
            RunEvent::NotStored { row, outcome, ticket_id, kept_in } => {
                let what = outcome.map_or("was not sent", Outcome::as_str);
                let ticket = ticket_id.as_ref().map(|id| format!(", ticket {id}")).unwrap_or_default();
                let kept = kept_in.as_ref().map_or_else(
                    || "it could be kept NOWHERE: write this line down".to_owned(),
                    |path| format!("it is kept in {} and read back by the next run", plain_path(path)),
                );
                self.say(format!("the ledger could not take an outcome: row {row} {what}{ticket}; {kept}"));
            }
        }
    }
}
