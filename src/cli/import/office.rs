//! Sets up what an import needs: settings, account, ledger, client, signals, and the sandbox where it is asked for.

use super::super::advice::SANDBOX_LEDGER;
use super::super::args::ImportArgs;
use super::super::failure::Failure;
use super::super::progress::{Progress, Screen};
use super::super::sandbox_folder::SandboxFolder;
use super::signals::{listen, unless_stopped};
use jiff::Zoned;
use secrecy::{SecretSlice, SecretString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use ticketload::api::{BodyFormat, Client, Credentials, Endpoint, Tokens};
use ticketload::config::{Account, Settings};
use ticketload::import::{Conditions, Office, Rate, Stop};
use ticketload::ledger::{Ledger, Scope};
use ticketload::sandbox::{self, Sandbox};
use tokio::time::Instant;

/// The canary's length: so many first rows must not all be rejected with one code.
const CANARY_ROWS: u64 = 20;
/// What the tickets of a sandbox inside an import begin with, so that nobody takes them for real.
pub(crate) const SANDBOX_PREFIX: &str = "SANDBOX-";

/// Where the ledger of this command lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LedgerPlace {
    /// The user's own.
    Kept,
    /// The sandbox's.
    Sandbox,
}

/// Everything that is set up before a file is read.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) settings: Settings,
    pub(crate) progress: Arc<Progress>,
    pub(crate) place: LedgerPlace,
    pub(crate) target: String,
    account: Option<Account>,
    ledger: PathBuf,
    stop: Stop,
    sandbox: Option<(Sandbox, Option<SandboxFolder>)>,
    /// The last to go: it may have to wait for the terminal.
    screen: Option<Screen>,
}

impl Desk {
    pub(crate) async fn set_up(args: &ImportArgs) -> Result<Desk, Failure> {
        let given = args
            .account
            .settings()
            .or(args.pace.settings())
            .or(Settings {
                mapping: args.files.mapping.clone(),
                ledger: args.ledger.clone(),
                ..Settings::default()
            });
        let mut settings = given.or(Settings::of_profile(args.account.profile().as_deref())?);
        // Wrong values are told before anything is opened.
        settings.rate()?;
        let workers = settings.workers()?;
        let stop = Stop::new();
        listen(&stop).map_err(|error| Failure::Io {
            what: "signals cannot be listened to",
            error,
        })?;
        let (place, account, ledger, sandbox) = match &args.sandbox {
            None => {
                let given = settings.clone();
                let account = unless_stopped(&stop, move || given.account()).await??;
                (LedgerPlace::Kept, account, settings.ledger()?, None)
            }
            Some(folder) => {
                if settings.rate.is_none() {
                    // Nobody's server is spared by waiting for a sandbox.
                    settings.rate = Some(Rate::Unlimited.to_string());
                }
                let (account, ledger, sandbox) =
                    open_sandbox(folder.clone(), &settings, workers).await?;
                (LedgerPlace::Sandbox, account, ledger, Some(sandbox))
            }
        };
        let target = account.target.clone();
        let screen = Screen::open();
        Ok(Desk {
            settings,
            progress: screen.progress(),
            place,
            target,
            account: Some(account),
            ledger,
            stop,
            sandbox,
            screen: Some(screen),
        })
    }

    pub(crate) fn ledger_path(&self) -> &Path {
        &self.ledger
    }

    /// Does what may wait for others, until a signal comes.
    pub(crate) async fn unless_stopped<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        unless_stopped(&self.stop, work).await
    }

    pub(crate) fn open_ledger(&self) -> Result<Arc<Ledger>, Failure> {
        Ok(Arc::new(Ledger::open(&self.ledger)?))
    }

    /// Puts the office together; called once.
    pub(crate) fn office(
        &mut self,
        args: &ImportArgs,
        ledger: Arc<Ledger>,
    ) -> Result<Office<Client>, Failure> {
        let Account {
            endpoint,
            credentials,
            scope,
            target,
        } = match self.account.take() {
            Some(account) => account,
            None => self.settings.account()?,
        };
        let transport = Arc::new(Client::new(&endpoint, credentials)?);
        Ok(Office {
            tokens: Arc::new(Tokens::new(Arc::clone(&transport))),
            transport,
            identities: ledger.identities(&scope)?,
            ledger,
            target,
            conditions: self.conditions(args)?,
            observer: Arc::clone(&self.progress) as Arc<_>,
            stop: self.stop.clone(),
        })
    }

    fn conditions(&self, args: &ImportArgs) -> Result<Conditions, Failure> {
        Ok(Conditions {
            workers: self.settings.workers()?,
            rate: self.settings.rate()?,
            give_up_after: args.limits.give_up_after,
            stop_at: args
                .limits
                .stop_at
                .map(|at| Instant::now() + until(at, &Zoned::now())),
            max_failures: args.limits.max_failures,
            canary: (!args.limits.no_canary).then_some(CANARY_ROWS),
        })
    }

    /// Puts everything away. All that was said has been written when this is done.
    pub(crate) async fn close(&mut self) {
        if let Some((sandbox, folder)) = self.sandbox.take() {
            sandbox.stop().await;
            drop(folder);
        }
        drop(self.screen.take());
    }
}

/// How long until the next time that the clock shows `at`.
fn until(at: jiff::civil::Time, now: &Zoned) -> Duration {
    let today = now.date().to_datetime(at).to_zoned(now.time_zone().clone());
    let next = match today {
        Ok(today) if today > *now => Ok(today),
        // Past for today: the window ends tomorrow.
        _ => now
            .date()
            .tomorrow()
            .and_then(|day| day.to_datetime(at).to_zoned(now.time_zone().clone())),
    };
    let wait = next.map(|next| next.timestamp().duration_since(now.timestamp()));
    wait.ok()
        .and_then(|wait| Duration::try_from(wait).ok())
        .unwrap_or(Duration::MAX / 4)
}

/// Starts a sandbox; its tickets and its ledger live in its folder.
async fn open_sandbox(
    folder: Option<PathBuf>,
    settings: &Settings,
    workers: usize,
) -> Result<(Account, PathBuf, (Sandbox, Option<SandboxFolder>)), Failure> {
    let (folder, temporary) = match folder {
        Some(folder) => (folder, None),
        None => {
            let temporary = SandboxFolder::make()?;
            (temporary.path().to_owned(), Some(temporary))
        }
    };
    let defaults = sandbox::Settings::default();
    let resource = settings
        .resource
        .clone()
        .unwrap_or(defaults.resource.clone());
    let sandbox = Sandbox::start(sandbox::Settings {
        folder: folder.clone(),
        ticket_prefix: SANDBOX_PREFIX.to_owned(),
        seed: rand::random(),
        resource: resource.clone(),
        ..defaults.clone()
    })
    .await?;
    let url: ticketload::api::ServerUrl = sandbox
        .url()
        .parse()
        .map_err(|error| Failure::Config(ticketload::config::ConfigError::ServerUrl(error)))?;
    let endpoint = Endpoint {
        server_url: url,
        resource,
        body: settings.body().unwrap_or(BodyFormat::Json),
        timeout: Duration::from_secs(60),
        proxy: None,
        safe_503: false,
        workers,
    };
    let credentials = Credentials {
        username: defaults.username.clone(),
        password: SecretString::from(defaults.password.clone()),
        key: SecretSlice::from(defaults.key.clone()),
    };
    // The port changes with every run; the folder is what a kept sandbox is known by.
    let account = Account {
        endpoint,
        credentials,
        scope: Scope::new("sandbox".to_owned(), None),
        target: format!("{} at the built-in sandbox", defaults.username),
    };
    Ok((account, folder.join(SANDBOX_LEDGER), (sandbox, temporary)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_ends_today_or_else_tomorrow() {
        let now: Zoned = "2026-11-22T22:30[UTC]".parse().unwrap();
        let at = |text: &str| text.parse().unwrap();
        assert_eq!(until(at("23:00:00"), &now), Duration::from_secs(30 * 60));
        assert_eq!(
            until(at("06:00:00"), &now),
            Duration::from_secs(7 * 3600 + 30 * 60)
        );
    }
}
