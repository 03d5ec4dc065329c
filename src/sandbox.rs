//! The vendor's API on loopback, with scripted faults: a witness for tests and a stage for demos.
//!
//! Behaves as the vendor's page says: logins with the password that PHP encrypted, tokens that expire when idle, required
//! fields, codes, the echo, ticket IDs, status. Every ticket that it really creates stands in `tickets.jsonl` of its folder
//! before its answer leaves. Shares no code with the client, so that one's mistake is seen by the other. Listens on
//! 127.0.0.1 alone.
//!
//! A [`FaultPlan`] scripts what goes wrong by request number or probability. A row can ask for it as well, wherever it
//! stands in the file: a complaint holding `[[reject:407]]` is rejected with that code (any of 100 to 999) each time, one
//! holding `[[fault:hang]]` meets that fault the first time it comes.

mod body;
mod call;
mod centre;
mod fault;
mod log;
mod password;
mod reply;
mod rules;
mod wire;

pub use call::{Accept, UnknownWord};
pub use fault::{Fault, FaultPlan, FaultPlanError, Scope};
pub use log::{LoggedTicket, created_tickets};
pub use reply::ErrorStyle;

use centre::Centre;
use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What a sandbox is to be.
#[derive(Clone, PartialEq)]
pub struct Settings {
    /// The one user.
    pub username: String,
    /// The user's password, in clear.
    pub password: String,
    /// The key that passwords are encrypted with.
    pub key: Vec<u8>,
    /// The `resource` of a submission; the vendor's page says both `as` and `adi`.
    pub resource: String,
    /// Where the logs are; created if need be. Tickets that are there already are known.
    pub folder: PathBuf,
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// How long an unused token lives.
    pub idle: Duration,
    /// How many calls a token lasts for; none for any number.
    pub token_uses: Option<u64>,
    /// How long each submission takes.
    pub delay: Duration,
    /// How long a slow answer takes.
    pub slow: Duration,
    /// Repeats the draws of ticket IDs and faults.
    pub seed: u64,
    /// What goes wrong.
    pub faults: FaultPlan,
    /// Stands before the nine characters of a ticket ID.
    pub ticket_prefix: String,
    /// The shape of `errors`.
    pub error_style: ErrorStyle,
    /// The kind of bodies that are read.
    pub accept: Accept,
}

impl Default for Settings {
    /// A well-behaved API with the folder `sandbox`, on a free port.
    fn default() -> Settings {
        Settings {
            username: "sandbox".to_owned(),
            password: "sandbox password".to_owned(),
            key: b"sandbox key".to_vec(),
            resource: "as".to_owned(),
            folder: PathBuf::from("sandbox"),
            port: 0,
            idle: Duration::from_secs(2 * 60 * 60),
            token_uses: None,
            delay: Duration::ZERO,
            slow: Duration::from_secs(2),
            seed: 1,
            faults: FaultPlan::default(),
            ticket_prefix: String::new(),
            error_style: ErrorStyle::default(),
            accept: Accept::default(),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("username", &self.username)
            .field("resource", &self.resource)
            .field("folder", &self.folder)
            .field("port", &self.port)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

/// Why a sandbox cannot start, or its log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The folder cannot be created.
    #[error("cannot create the sandbox's folder {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A log cannot be opened, read or locked.
    #[error("cannot use the sandbox's log {}", path.display())]
    Log {
        /// The log.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A line of the log is no ticket.
    #[error(
        "line {line} of {} is not a ticket of the sandbox; move the file away or take another folder",
        path.display()
    )]
    Damaged {
        /// The log.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
    },
    /// Another sandbox works in the folder.
    #[error("another sandbox uses the folder {}; take another one", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The port cannot be had.
    #[error("cannot listen on port {port} of 127.0.0.1; take another port, or 0 for a free one")]
    Listen {
        /// The port.
        port: u16,
        /// The cause.
        source: io::Error,
    },
}

/// A running sandbox. Dropping it stops it, too, without waiting for its end.
#[derive(Debug)]
pub struct Sandbox {
    port: u16,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Opens the folder and the port and serves on the current tokio runtime.
    ///
    /// # Errors
    /// The folder or the port is not to be had.
    pub async fn start(settings: Settings) -> Result<Sandbox, SandboxError> {
        let port = settings.port;
        let listen = |source| SandboxError::Listen { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(listen)?;
        let port = listener.local_addr().map_err(listen)?.port();
        let shared = Arc::new(Shared {
            submission: settings.resource.clone(),
            accept: settings.accept,
            style: settings.error_style,
            delay: settings.delay,
            slow: settings.slow,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            created: watch::Sender::new(0),
            centre: Mutex::new(Centre::open(settings)?),
        });
        let listening = tokio::spawn(listen_on(listener, Arc::clone(&shared)));
        Ok(Sandbox {
            port,
            shared,
            listening: Some(listening),
        })
    }

    /// The address that a client is given: `http://127.0.0.1:PORT/cc/modules/apiv2`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.port, call::PATH)
    }

    /// The port that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many tickets it created since it was started.
    #[must_use]
    pub fn tickets(&self) -> u64 {
        self.shared.centre().created()
    }

    /// Waits until it has created so many tickets since it was started.
    pub async fn created(&self, tickets: u64) {
        let mut created = self.shared.created.subscribe();
        // The sender lives as long as this sandbox does.
        drop(created.wait_for(|created| *created >= tickets).await);
    }

    /// Cuts all connections, and waits until port and folder are free.
    pub async fn stop(mut self) {
        self.shared.stop.cancel();
        if let Some(listening) = self.listening.take() {
            // It has no result; a panic in it was told when it happened.
            listening.await.ok();
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.shared.stop.cancel();
        self.shared.centre().close();
    }
}

/// What all connections share.
struct Shared {
    submission: String,
    accept: Accept,
    style: ErrorStyle,
    delay: Duration,
    slow: Duration,
    stop: CancellationToken,
    tasks: TaskTracker,
    /// How many tickets were created, for those who wait for them.
    created: watch::Sender<u64>,
    centre: Mutex<Centre>,
}

impl Shared {
    /// Never held across an await. A panic elsewhere leaves whole steps behind: logs are written before they count.
    fn centre(&self) -> MutexGuard<'_, Centre> {
        self.centre.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

async fn listen_on(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = 0;
    while let Some(accepted) = shared.stop.run_until_cancelled(listener.accept()).await {
        let Ok((stream, _)) = accepted else {
            // Out of file descriptors, or a client that was gone at once: others end meanwhile.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        // Without it small answers wait for the client's acknowledgement; slow is all that comes of a refusal.
        stream.set_nodelay(true).ok();
        connections += 1;
        let serving = wire::serve(Arc::clone(&shared), stream, connections);
        let stop = shared.stop.clone();
        shared
            .tasks
            .spawn(async move { stop.run_until_cancelled(serving).await });
    }
    drop(listener);
    shared.tasks.close();
    shared.tasks.wait().await;
    shared.centre().close();
}

#[cfg(test)]
mod tests;
