//! `sandbox`: the stand-in for the API by itself, and the settings that a client needs.

use super::args::SandboxArgs;
use super::failure::{Exit, Failure};
use super::output::{print, say};
use super::runtime;
use super::sandbox_folder::SandboxFolder;
use std::time::Duration;
use ticketload::report::plain_path;
use ticketload::sandbox::{Fault, FaultPlan, Sandbox, Scope, Settings};
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

pub(crate) fn run(args: &SandboxArgs) -> Result<Exit, Failure> {
    if args.faults.as_deref() == Some("help") {
        return list_faults();
    }
    let runtime = runtime(Builder::new_multi_thread())?;
    runtime.block_on(serve(args))
}

async fn serve(args: &SandboxArgs) -> Result<Exit, Failure> {
    let temporary = match &args.folder {
        Some(_) => None,
        None => Some(SandboxFolder::make()?),
    };
    let folder = args
        .folder
        .clone()
        .or_else(|| temporary.as_ref().map(|folder| folder.path().to_owned()));
    let settings = Settings {
        username: args.username.clone(),
        folder: folder.unwrap_or_default(),
        port: args.port,
        idle: Duration::from_secs(args.idle),
        delay: Duration::from_millis(args.delay_ms),
        seed: args.seed,
        faults: plan(args.faults.as_deref())?,
        resource: args.resource.clone(),
        ..Settings::default()
    };
    let mut interrupts = signal(SignalKind::interrupt()).map_err(cannot_listen)?;
    let mut terminations = signal(SignalKind::terminate()).map_err(cannot_listen)?;
    let sandbox = Sandbox::start(settings.clone()).await?;
    print_settings(&sandbox, &settings)?;
    tokio::select! {
        _ = interrupts.recv() => {}
        _ = terminations.recv() => {}
    }
    say(format_args!(
        "the sandbox created {} tickets",
        sandbox.tickets()
    ));
    sandbox.stop().await;
    drop(temporary);
    Ok(Exit::Success)
}

fn cannot_listen(error: std::io::Error) -> Failure {
    Failure::Io {
        what: "signals cannot be listened to",
        error,
    }
}

fn plan(text: Option<&str>) -> Result<FaultPlan, Failure> {
    text.unwrap_or_default()
        .parse()
        .map_err(
            |error: ticketload::sandbox::FaultPlanError| Failure::Usage {
                message: error.to_string(),
                hint: "`ticketload sandbox --faults help` lists all faults".to_owned(),
            },
        )
}

/// The settings as lines that a shell takes, so that they can be pasted into another terminal.
fn print_settings(sandbox: &Sandbox, settings: &Settings) -> Result<Exit, Failure> {
    let key = String::from_utf8_lossy(&settings.key);
    let settings_text = [
        ("TICKETLOAD_SERVER_URL", sandbox.url()),
        ("TICKETLOAD_USERNAME", quoted(&settings.username)),
        ("TICKETLOAD_PASSWORD", quoted(&settings.password)),
        ("TICKETLOAD_KEY", quoted(&key)),
    ]
    .map(|(name, value)| format!("export {name}='{value}'\n"));
    print(settings_text.concat())?;
    say(format_args!(
        "The sandbox listens on this machine only; its tickets are in {}.\n\
         Paste the lines above into another terminal, then import. Ctrl-C ends it.",
        plain_path(&settings.folder.join("tickets.jsonl"))
    ));
    Ok(Exit::Success)
}

fn quoted(text: &str) -> String {
    text.replace('\'', "'\\''")
}

fn list_faults() -> Result<Exit, Failure> {
    let mut text = "A fault is NAME (always), NAME=PROBABILITY, NAME@N or NAME@N-M (the N-th request), joined by commas.\n\
                    A prefix says which requests are meant: ticket: (the default), token: or status:.\n\n"
        .to_owned();
    for fault in Fault::ALL {
        let scopes: Vec<&str> = Scope::ALL
            .into_iter()
            .filter(|scope| fault.fits(*scope))
            .map(Scope::name)
            .collect();
        text.push_str(&format!(
            "  {:<16} {} [{}]\n",
            fault.name(),
            fault.about(),
            scopes.join(", ")
        ));
    }
    print(text)
}
