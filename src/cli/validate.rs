//! `validate`: the rehearsal of an import, and nothing else.

use super::advice;
use super::args::{Format, ValidateArgs};
use super::failure::{Exit, Failure};
use super::files::{Slot, Stage, exit_of_reading, nothing_known, prepare, read_mapping};
use super::import::outputs::Outputs;
use super::output::conclude;
use super::progress::{Progress, Screen};
use std::io;
use std::sync::Arc;
use ticketload::config::Settings;
use ticketload::import::{Purpose, Stop};
use ticketload::ledger::{Identities, Reader, Scope};
use ticketload::report::Report;

pub(crate) fn run(args: &ValidateArgs) -> Result<Exit, Failure> {
    let given_here = Settings {
        server_url: args.server_url.clone(),
        username: args.username.clone(),
        mapping: args.files.mapping.clone(),
        ledger: args.ledger.clone(),
        ..Settings::default()
    };
    let settings = given_here.or(Settings::of_profile(args.profile.as_deref())?);
    let scope = settings.scope()?;
    let mut outputs = Outputs::beside(&args.files.files);
    // Without an account it is no rehearsal of an import yet, and results may go to another place.
    if scope.is_some() {
        outputs.refuse_overwriting()?;
        outputs.keep_off_settings(&settings)?;
    }
    let mapping = Arc::new(read_mapping(&settings.mapping())?);
    let screen = Screen::open();
    let progress = screen.progress();
    for warning in mapping.warnings(false) {
        progress.say(warning);
    }
    let ledger = known(&settings, scope, &outputs, &progress)?;
    let passing = Identities::passing();
    let stage = Stage {
        identities: ledger.as_ref().map_or(&passing, |known| &known.identities),
        reader: ledger.as_ref().map(|known| &known.reader),
        purpose: Purpose::Check(settings.body()?),
        progress: &progress,
        // A signal ends the process: there is nothing to bring to an end.
        stop: &Stop::new(),
    };
    let slots = prepare(&args.files, &mapping, &stage);
    drop(screen);
    let target = ledger.as_ref().map(|known| known.target.clone());
    Ok(report(args, slots?, target))
}

fn report(args: &ValidateArgs, slots: Vec<Slot>, target: Option<String>) -> Exit {
    let mut exit = exit_of_reading(&slots);
    let mut files = Vec::new();
    for mut slot in slots {
        exit = exit.worse(Exit::of_outcomes(&slot.report.outcomes));
        slot.report.problems = slot.prepared.map(|prepared| prepared.rehearsal.problems);
        files.push(slot.report);
    }
    let mut report = Report {
        command: "validate",
        target,
        files,
        exit_code: exit as u8,
        error: None,
        advised: advice::for_report(),
    };
    let json = args.format == Format::Json;
    conclude(&mut report, json, &mut io::stdout().lock(), exit)
}

/// The ledger to look in, where there is one and the account is known.
struct Known {
    reader: Reader,
    identities: Identities,
    target: String,
}

/// What the ledger knows, once it is clear that it is not one that was lost. Results beside an input are held against it
/// without an account too: tickets are looked for as they are, whoever sent them.
fn known(
    settings: &Settings,
    scope: Option<(Scope, String)>,
    outputs: &Outputs,
    progress: &Progress,
) -> Result<Option<Known>, Failure> {
    let reader = if scope.is_some() || outputs.replaces_some() {
        open_ledger(settings)?
    } else {
        None
    };
    if let Ok(path) = settings.ledger() {
        outputs.refuse_if_ledger_was_lost(reader.as_ref(), &path)?;
        let is_empty = reader.as_ref().map_or(Ok(true), Reader::is_empty)?;
        if scope.is_some() && is_empty {
            progress.say(nothing_known(&path));
        }
    }
    let known = scope.zip(reader).map(|((scope, target), reader)| {
        Ok(Known {
            identities: reader.identities(&scope)?,
            reader,
            target,
        })
    });
    known.transpose()
}

/// The ledger that an import would take; none where it is yet to be made.
fn open_ledger(settings: &Settings) -> Result<Option<Reader>, Failure> {
    let Ok(path) = settings.ledger() else {
        return Ok(None);
    };
    Ok(Reader::open_if_made(&path)?)
}
