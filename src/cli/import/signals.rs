//! What the operating system tells a run by signals, and what becomes of it.
//!
//! Ctrl-C, SIGTERM and the end of the terminal stop a run in order, and before there is one they end the command. A file that would grow beyond the user's limit
//! (`ulimit -f`) is a disk that is full, not the end of the process.

use super::super::failure::Failure;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use ticketload::import::{RehearsalError, Signal, Stop};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// SIGXFSZ, on all systems that this is built for.
const FILE_TOO_LARGE: i32 = 25;

/// Passes signals on. The handlers are in place when this returns.
pub(super) fn listen(stop: &Stop) -> std::io::Result<()> {
    let is_to_outlive = ignored_signals().is_some_and(ignores_hang_up);
    let mut interrupts = signal(SignalKind::interrupt())?;
    let mut terminations = signal(SignalKind::terminate())?;
    let mut hang_ups = match is_to_outlive {
        true => None,
        false => Some(signal(SignalKind::hangup())?),
    };
    // Whoever handles it, if only by doing nothing, gets an error from the write instead of being killed.
    drop(signal(SignalKind::from_raw(FILE_TOO_LARGE))?);
    let stop = stop.clone();
    tokio::spawn(async move {
        loop {
            let hung_up = async {
                match &mut hang_ups {
                    Some(hang_ups) => hang_ups.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(()) = interrupts.recv() => stop.signal(Signal::Interrupt),
                Some(()) = terminations.recv() => stop.signal(Signal::Terminate),
                Some(()) = hung_up => stop.signal(Signal::HangUp),
                else => return,
            }
        }
    });
    Ok(())
}

/// Does what may wait for others without end, such as opening a pipe that nobody writes to. A signal ends the command
/// instead: nothing was sent yet. What was being done is left to end with the process.
pub(super) async fn unless_stopped<T: Send + 'static>(
    stop: &Stop,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    let (done, doing) = oneshot::channel();
    // No thread of the runtime's, which waits for its own when it is shut down.
    std::thread::spawn(move || done.send(catch_unwind(AssertUnwindSafe(work))).is_ok());
    tokio::select! {
        biased;
        signal = stop.first() => Err(Failure::Rehearsal(RehearsalError::Stopped(signal))),
        Ok(done) = doing => done.or_else(|panic| resume_unwind(panic)),
    }
}

/// The signals that this process was started to ignore, as a set of bits; none where the system does not say.
fn ignored_signals() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

/// Whether the command is to outlive its terminal, as `nohup` asks for: a handler would undo that.
fn ignores_hang_up(ignored: u64) -> bool {
    ignored & 1 == 1
}
