//! The report for people: what the file is, what came of its rows, what is wrong with them, what to do next.

use super::inspection;
use super::{FileReport, Report};
use crate::code::explain;
use crate::counting::{counted, thousands};
use crate::import::{End, Outcomes, ProblemLog, RunSummary, spoken};
use crate::input::{Description, Layout};
use crate::ledger::LedgerErrorKind;
use crate::problem::Severity;
use crate::seen::{plain, plain_path};
use crate::ticket::Outcome;
use std::fmt::Write as _;
use std::io::{self, Write};

/// So many kinds of problem are shown; more say that the mapping is wrong, not the rows.
const KINDS_SHOWN: usize = 15;
/// So many single problems are shown below the kinds.
const ROWS_SHOWN: usize = 10;

/// Writes the report.
///
/// # Errors
///
/// Where `out` cannot be written.
pub fn write_human(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut text = String::new();
    for file in &report.files {
        write_file(&mut text, file, report.command);
    }
    if report.files.len() > 1 && report.command != "inspect" {
        let read = report
            .files
            .iter()
            .filter(|file| file.error.is_none())
            .count();
        let _infallible = writeln!(
            text,
            "All {} ({read} read):",
            counted(report.files.len() as u64, "file")
        );
        write_outcomes(&mut text, &report.outcomes());
        text.push('\n');
    }
    for line in next_steps(report) {
        text.push_str(&line);
        text.push('\n');
    }
    out.write_all(text.as_bytes())
}

fn write_file(text: &mut String, file: &FileReport, command: &str) {
    // Why it was not read is an error, and is told as one where errors are told.
    if file.error.is_some() {
        let _infallible = writeln!(text, "{}: not read", plain(&file.file));
        return;
    }
    let _infallible = writeln!(text, "{}: {}", plain(&file.file), what_it_is(file));
    if let Some(inspection) = &file.inspection {
        inspection::write(text, file, inspection);
        text.push('\n');
        return;
    }
    for remark in &file.remarks {
        let _infallible = writeln!(text, "  {remark}");
    }
    write_outcomes(text, &file.outcomes);
    if let Some(problems) = file
        .problems
        .as_ref()
        .filter(|problems| problems.total() > 0)
    {
        write_problems(text, problems, command);
    }
    if file.warnings > 0 {
        let rows = counted(file.warnings, "row");
        let want = agreeing(file.warnings, "wants", "want");
        let _infallible = writeln!(
            text,
            "  {rows} with a ticket {want} a look: see the warnings in `message`"
        );
    }
    if let Some(run) = &file.run {
        write_run(text, file, run);
    }
    text.push('\n');
}

fn write_run(text: &mut String, file: &FileReport, run: &RunSummary) {
    let speed = rate(file.outcomes.get(Outcome::Created), run.took.as_secs_f64());
    let _infallible = writeln!(text, "  run {} took {}{speed}", run.run, spoken(run.took));
    if run.end != End::Finished {
        let _infallible = writeln!(text, "  stopped: {}", run.end);
    }
    if let Some(path) = &file.results {
        let _infallible = writeln!(text, "  results: {}", plain_path(path));
    }
    if let Some((path, rows)) = &file.rejects {
        let _infallible = writeln!(
            text,
            "  rejects: {} ({})",
            plain_path(path),
            counted(*rows, "row")
        );
    }
    for failure in &file.unwritten {
        let _infallible = writeln!(text, "  not written: {failure}");
    }
}

fn rate(rows: u64, seconds: f64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = rows as f64 / seconds.max(0.001);
    if rows < 2 {
        String::new()
    } else {
        format!(", {rate:.1} created/s")
    }
}

/// `CSV, UTF-8, comma; header in row 1; 1,204 rows`.
fn what_it_is(file: &FileReport) -> String {
    let Some(description) = &file.description else {
        return "cannot be read as a table".to_owned();
    };
    format!(
        "{}; header in row {}; {}",
        form(description),
        thousands(description.header_row),
        counted(file.rows, "row")
    )
}

fn form(description: &Description) -> String {
    let kind = description.kind().as_str().to_uppercase();
    match &description.layout {
        Layout::Csv(text) => format!("{kind}, {}, {}", text.encoding, delimiter(text.delimiter)),
        Layout::Xlsx(book) => format!("{kind}, sheet '{}'", plain(&book.sheet)),
    }
}

/// The name of a delimiter, such as `semicolons`.
pub(super) fn delimiter(delimiter: char) -> String {
    let name = match delimiter {
        ',' => "commas",
        ';' => "semicolons",
        '\t' => "tabs",
        '|' => "bars",
        _ => return format!("'{}'", delimiter.escape_debug()),
    };
    name.to_owned()
}

fn write_outcomes(text: &mut String, outcomes: &Outcomes) {
    for outcome in Outcome::ALL {
        let rows = outcomes.get(outcome);
        if rows > 0 {
            let _infallible = writeln!(
                text,
                "  {:>9} {:<15} {}",
                thousands(rows),
                outcome,
                meaning(outcome)
            );
        }
    }
    if outcomes.total() == 0 {
        text.push_str("  no rows\n");
    }
}

fn meaning(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ready => "would be sent",
        Outcome::Created => "have a ticket now",
        Outcome::AlreadyCreated => "have a ticket already; not sent again",
        Outcome::Invalid => "break a rule; not sent until they are mended",
        Outcome::Rejected => "refused by the API; no ticket",
        Outcome::InDoubt => "sent, but nothing proves what came of it; a person must look",
        Outcome::NotSent => "not sent",
    }
}

fn write_problems(text: &mut String, problems: &ProblemLog, command: &str) {
    let counts = problems.counts();
    text.push_str("  problems:\n");
    for count in counts.iter().take(fitting(counts.len(), KINDS_SHOWN)) {
        let weight = match count.severity {
            Severity::Error => "",
            Severity::Warning => " (warning)",
            Severity::Note => " (note)",
        };
        let column = count
            .column
            .as_ref()
            .map(|column| format!("{}: ", plain(column)))
            .unwrap_or_default();
        let rows = counted(count.rows, "row");
        let _infallible = writeln!(
            text,
            "    {rows:>9}  {}{weight}  {column}{} [first: row {}]",
            count.code, count.message, count.first_row
        );
    }
    let more = counts.len() - fitting(counts.len(), KINDS_SHOWN);
    if more > 0 {
        let kinds = agreeing(more as u64, "kind", "kinds");
        let _infallible = writeln!(text, "    … and {more} more {kinds}");
    }
    let errors: Vec<_> = problems
        .first()
        .into_iter()
        .filter(|problem| problem.severity == Severity::Error)
        .collect();
    if errors.is_empty() {
        return;
    }
    text.push_str("  rows with errors:\n");
    let shown = fitting(errors.len(), ROWS_SHOWN);
    for problem in errors.iter().take(shown) {
        // What fills a field from several columns has no single one to name.
        let named = problem.column.as_deref().or(problem.field.as_deref());
        let column = named
            .map(|name| format!("{}: ", plain(name)))
            .unwrap_or_default();
        let _infallible = writeln!(
            text,
            "    row {:<6} {column}{}",
            problem.row, problem.message
        );
    }
    if errors.len() > shown {
        // A rehearsal writes no results.
        let place = if command == "import" {
            "in the results, or in the report with --format json"
        } else {
            "in the report with --format json"
        };
        let _infallible = writeln!(text, "    … all of them stand {place}");
    }
}

/// How many of so many are shown: to say that one is left out takes as much room as that one.
fn fitting(all: usize, most: usize) -> usize {
    if all == most + 1 { all } else { all.min(most) }
}

/// What the person does now.
fn next_steps(report: &Report) -> Vec<String> {
    let outcomes = report.outcomes();
    let mut steps = Vec::new();
    let is_import = report.command == "import";
    let not_stored: u64 = report.files.iter().map(|file| file.not_stored).sum();
    steps.extend(until_stored(report, not_stored));
    let doubts = outcomes.get(Outcome::InDoubt).saturating_sub(not_stored);
    steps.extend(in_doubt(report, doubts));
    if is_import && outcomes.get(Outcome::NotSent) > 0 {
        let rows = counted(outcomes.get(Outcome::NotSent), "row");
        let advice = stopped(report).unwrap_or_default();
        steps.push(format!("{rows} not sent: {advice}run the same command again to continue; what has a ticket is not sent twice."));
    }
    if outcomes.get(Outcome::Invalid) + outcomes.get(Outcome::Rejected) > 0 {
        let has_rejects = report.files.iter().any(|file| file.rejects.is_some());
        steps.push(match (is_import, has_rejects) {
            (true, true) => "Mend the rows in the rejects file and import that file with the same mapping.".to_owned(),
            (true, false) => "Mend the rows that were not taken and import the file again; --rejects FILE puts just those rows into a file of their own.".to_owned(),
            (false, _) if outcomes.get(Outcome::Invalid) == outcomes.total() => "No row could be sent. Where all of them have the same problem, the mapping is wrong and not the rows.".to_owned(),
            (false, _) => "Mend these rows, or import the others now and these from a rejects file (--rejects FILE).".to_owned(),
        });
    }
    if report.files.iter().any(|file| !file.unwritten.is_empty()) {
        steps.push("Not all files could be written: run the same command again once they can be; nothing is sent twice.".to_owned());
    }
    let unread = report.files.iter().filter(|file| file.error.is_some());
    let unread = unread.count() as u64;
    if unread > 0 && report.command != "inspect" {
        let files = counted(unread, "file");
        let them = agreeing(unread, "it", "them");
        steps.push(format!(
            "{files} could not be read; nothing of {them} is sent."
        ));
    }
    let asked: u64 = report.files.iter().map(|file| file.rows).sum();
    let untold = asked.saturating_sub(outcomes.total());
    if is_import && untold > 0 {
        let rows = counted(untold, "row");
        let are = agreeing(untold, "is", "are");
        steps.push(format!(
            "{rows} of the input {are} missing in the results, since it could not be read to its end again."
        ));
    }
    if steps.is_empty() && outcomes.total() > 0 {
        let all_known = outcomes.get(Outcome::Ready) == 0;
        steps.push(
            match (is_import, all_known) {
                (true, _) => "Every row has a ticket.",
                (false, true) => "Every row has a ticket already; nothing would be sent.",
                (false, false) if outcomes.get(Outcome::AlreadyCreated) > 0 => {
                    "Every row has a ticket already or would be sent."
                }
                (false, false) => "Every row would be sent.",
            }
            .to_owned(),
        );
    }
    steps
}

/// What to do about rows of which only the ledger does not know what came of them: no call centre is to be asked before the
/// next run has read back what was kept elsewhere.
fn until_stored(report: &Report, rows: u64) -> Option<String> {
    if rows == 0 {
        return None;
    }
    let are = agreeing(rows, "is", "are");
    let them = agreeing(rows, "it", "them");
    let rows = counted(rows, "row");
    let advice = match is_ledger_gone(report) {
        true => gone(report),
        false => "make room or give back the right to write, then ".to_owned(),
    };
    Some(format!(
        "{rows} {are} in doubt only since the ledger could not take what came of {them}: {advice}run the same command again before \
         anything else: it says what came of {them}, and what is still in doubt then is to be looked up."
    ))
}

fn in_doubt(report: &Report, doubts: u64) -> Option<String> {
    if doubts == 0 {
        return None;
    }
    let rows = counted(doubts, "row");
    let whom = agreeing(doubts, "it", "each of them");
    let (them, themselves, they) = agreeing(
        doubts,
        ("it", "it is never sent again by itself", "it is"),
        (
            "them",
            "they are never sent again by themselves",
            "they are",
        ),
    );
    Some(match &report.advised.in_doubt {
        None => format!(
            "{rows} in doubt: a real run never sends {them} again by itself. This sandbox is gone with its ledger; --sandbox=FOLDER keeps both."
        ),
        Some(_) if is_ledger_gone(report) => {
            format!(
                "{rows} in doubt: look {whom} up in the call centre; the results tell which {they}."
            )
        }
        Some(command) => format!(
            "{rows} in doubt: look {whom} up in the call centre. `{command}` lists {them}; {themselves}."
        ),
    })
}

/// Whether the ledger was taken away during a run, so that no command can look into it.
fn is_ledger_gone(report: &Report) -> bool {
    let mut runs = report.files.iter().filter_map(|file| file.run.as_ref());
    runs.any(
        |run| matches!(&run.end, End::Ledger(error) if matches!(error.kind, LedgerErrorKind::Gone)),
    )
}

/// What comes before the next run where the ledger is gone: a new one would send everything again.
fn gone(report: &Report) -> String {
    format!(
        "put the ledger back, with the files beside it; if you cannot, make the tickets of these results known to a new one (`{}`); then ",
        report.advised.adopt
    )
}

/// The words that agree with a number.
fn agreeing<W>(number: u64, one: W, several: W) -> W {
    if number == 1 { one } else { several }
}

/// What to do about the reason why a run ended early.
fn stopped(report: &Report) -> Option<String> {
    let run = report
        .files
        .iter()
        .filter_map(|file| file.run.as_ref())
        .find(|run| run.end != End::Finished)?;
    if matches!(run.end, End::Ledger(_)) && report.files.iter().any(|file| file.not_stored > 0) {
        // What comes first was said of the rows that are worse off.
        return None;
    }
    if is_ledger_gone(report) {
        return Some(gone(report));
    }
    let advice = explain(run.end.word())?.what_to_do;
    let check = format!("`{}`", report.advised.check);
    let advice = advice.replace("`ticketload check`", &check);
    // Whoever advises to run it again says it at the end, and so does the sentence that this becomes a part of.
    match advice.find("run the same command") {
        None => Some(format!("{advice}; then ")),
        Some(at) => Some(advice.split_at(at).0.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{LedgerError, RunId};
    use crate::report::Advised;
    use std::path::PathBuf;
    use std::time::Duration;

    fn file(outcome: Outcome, rows: u64) -> FileReport {
        let mut file = FileReport::of("calls.csv".to_owned());
        file.rows = rows;
        file.warnings = rows;
        for _ in 0..rows {
            file.outcomes.add(outcome);
        }
        file
    }

    fn shown_of(file: FileReport) -> String {
        let mut out = Vec::new();
        let report = Report {
            command: "import",
            target: None,
            files: vec![file],
            exit_code: 6,
            error: None,
            advised: Advised::default(),
        };
        write_human(&report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn shown(outcome: Outcome, rows: u64) -> String {
        shown_of(file(outcome, rows))
    }

    fn ended(end: End) -> Option<RunSummary> {
        Some(RunSummary {
            run: RunId(1),
            end,
            took: Duration::from_secs(1),
            all_stored: false,
            all_registered: true,
        })
    }

    fn of_ledger(kind: LedgerErrorKind) -> End {
        End::Ledger(LedgerError {
            path: PathBuf::from("ledger.db"),
            kind,
        })
    }

    #[test]
    fn a_row_that_only_the_ledger_lacks_is_looked_up_by_nobody_before_the_next_run() {
        let mut full = file(Outcome::InDoubt, 3);
        full.outcomes.add(Outcome::NotSent);
        full.not_stored = 3;
        full.run = ended(of_ledger(LedgerErrorKind::WriterGone));
        let full = shown_of(full);
        assert!(full.contains("3 rows are in doubt only since"), "{full}");
        assert!(full.contains("make room"), "{full}");
        assert!(!full.contains("rows in doubt: look"), "{full}");
        assert!(!full.contains("ledger in-doubt"), "{full}");
        let mut both = file(Outcome::InDoubt, 3);
        both.not_stored = 2;
        let both = shown_of(both);
        assert!(both.contains("2 rows are in doubt only since"), "{both}");
        assert!(both.contains("1 row in doubt: look it up"), "{both}");
    }

    #[test]
    fn no_command_is_advised_that_wants_a_ledger_which_is_gone() {
        for not_stored in [0, 2] {
            let mut gone = file(Outcome::InDoubt, 2);
            gone.outcomes.add(Outcome::NotSent);
            gone.not_stored = not_stored;
            gone.run = ended(of_ledger(LedgerErrorKind::Gone));
            let gone = shown_of(gone);
            assert!(gone.contains("put the ledger back"), "{gone}");
            assert!(gone.contains("`ticketload ledger adopt"), "{gone}");
            assert!(!gone.contains("in-doubt"), "{gone}");
            assert!(!gone.contains("make room"), "{gone}");
        }
    }

    #[test]
    fn one_row_is_spoken_of_as_one() {
        let one = shown(Outcome::InDoubt, 1);
        assert!(one.contains("1 row with a ticket wants a look"), "{one}");
        assert!(
            one.contains("1 row in doubt: look it up in the call centre."),
            "{one}"
        );
        let two = shown(Outcome::InDoubt, 2);
        assert!(two.contains("2 rows with a ticket want a look"), "{two}");
        assert!(two.contains("2 rows in doubt: look each of them"), "{two}");
    }
}
