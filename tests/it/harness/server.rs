//! The sandbox as a server that tests can stop, restart and ask.

use std::time::Duration;
use tempfile::TempDir;
use ticketload::sandbox::{LoggedTicket, Sandbox, Settings, created_tickets};
use tokio::runtime::Runtime;

/// No test waits this long for a ticket; one that does fails.
const PATIENCE: Duration = Duration::from_secs(120);

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
        server.start();
        server
    }

    /// Starts it again at the same address, with its tickets.
    pub(crate) fn start(&mut self) {
        let sandbox = self
            .runtime
            .block_on(Sandbox::start(self.settings.clone()))
            .unwrap();
        self.url = sandbox.url();
        self.settings.port = sandbox.port();
        self.sandbox = Some(sandbox);
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
