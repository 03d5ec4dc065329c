//! The sandbox as a server that tests can stop, restart and ask.

use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use ticketload::sandbox::{LoggedTicket, Sandbox, SandboxError, Settings, created_tickets};
use tokio::runtime::Runtime;

/// No test waits this long for a ticket; one that does fails.
const PATIENCE: Duration = Duration::from_secs(120);

/// A port that no other server of this process has or gets, below those that the kernel hands out: a server that is away
/// for a while finds its port free when it comes back.
fn next_port() -> u16 {
    const FIRST: u16 = 10_000;
    const PORTS: u16 = 20_000;
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    // Several test processes on one machine begin at different places.
    let start = u16::try_from(u64::from(std::process::id()) * 397 % u64::from(PORTS)).unwrap();
    FIRST + (start + TAKEN.fetch_add(1, Ordering::Relaxed)) % PORTS
}

/// A sandbox with a folder and a port of its own.
pub(crate) struct Server {
    runtime: Runtime,
    sandbox: Option<Sandbox>,
    settings: Settings,
    url: String,
    _folder: TempDir,
}

impl Server {
    /// A well-behaved server.
    pub(crate) fn new() -> Server {
        Server::with(|_| {})
    }

    /// A server that misbehaves as its plan says.
    pub(crate) fn with_faults(plan: &str) -> Server {
        Server::with(|settings| settings.faults = plan.parse().unwrap())
    }

    pub(crate) fn with(change: impl FnOnce(&mut Settings)) -> Server {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings {
            folder: folder.path().join("sandbox"),
            slow: Duration::from_millis(200),
            ..Settings::default()
        };
        change(&mut settings);
        let mut server = Server {
            runtime,
            sandbox: None,
            settings,
            url: String::new(),
            _folder: folder,
        };
        loop {
            server.settings.port = next_port();
            match server.try_start() {
                Ok(()) => return server,
                // Somebody else's port.
                Err(SandboxError::Listen { .. }) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
    }

    /// Starts it again at the same address, with its tickets.
    pub(crate) fn start(&mut self) {
        let begun = Instant::now();
        // A process that another test starts in this moment holds a copy of the old socket until it is replaced by its
        // program.
        while let Err(error) = self.try_start() {
            let is_taken = matches!(error, SandboxError::Listen { .. });
            assert!(is_taken && begun.elapsed() < PATIENCE, "{error:?}");
            std::thread::yield_now();
        }
    }

    fn try_start(&mut self) -> Result<(), SandboxError> {
        let starting = Sandbox::start(self.settings.clone());
        let sandbox = self.runtime.block_on(starting)?;
        self.url = sandbox.url();
        self.sandbox = Some(sandbox);
        Ok(())
    }

    /// Cuts all connections; from then on the port refuses.
    pub(crate) fn stop(&mut self) {
        if let Some(sandbox) = self.sandbox.take() {
            self.runtime.block_on(sandbox.stop());
        }
    }

    /// Starts it again with another plan of faults.
    pub(crate) fn behave(&mut self, plan: &str) {
        self.stop();
        self.settings.faults = plan.parse().unwrap();
        self.start();
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Every ticket that it really created, in order.
    pub(crate) fn tickets(&self) -> Vec<LoggedTicket> {
        created_tickets(&self.settings.folder).unwrap()
    }

    /// Waits until it has created so many tickets since it was started.
    pub(crate) fn wait_for(&self, tickets: u64) {
        let sandbox = self.sandbox.as_ref().unwrap();
        self.runtime
            .block_on(async { tokio::time::timeout(PATIENCE, sandbox.created(tickets)).await })
            .expect("the tickets come in time");
    }

    /// How many requests of a kind (`ticket`, `token`, `status`) came in.
    pub(crate) fn requests(&self, kind: &str) -> usize {
        let path = self.settings.folder.join("events.jsonl");
        let text = std::fs::read_to_string(path).unwrap();
        let events = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        events.filter(|event| event["resource"] == kind).count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}
