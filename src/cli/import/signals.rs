//! What the operating system tells a run by signals, and what becomes of it.
//!
//! Ctrl-C, SIGTERM and the end of the terminal stop a run in order. A file that would grow beyond the user's limit
//! (`ulimit -f`) is a disk that is full, not the end of the process.

use ticketload::import::{Signal, Stop};
use tokio::signal::unix::{SignalKind, signal};

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
