//! A mapping that reads dates the wrong way round, or a file whose dates nothing reads rightly any more.
//!
//! Owns what people are told of it: which column and field, how many values stand against the mapping and where the first
//! is, and what to write instead. Names rows and counts, never a value. What is proven and what is not is judged by
//! [`crate::date_order`].

use super::diagnostics::Diagnostic;
use super::rule::{Filling, Rule};
use super::wording::sources;
use super::{Mapping, MappingErrors};
use crate::counting::{counted, thousands};
use crate::date_order::{Contradiction, Evidence, Exchanged, Verdict};
use crate::seen::plain;
use crate::ticket::TicketField;

impl Mapping {
    /// Holds what the dates of a file show against the mapping: a remark on what is doubtful, if anything is.
    ///
    /// # Errors
    ///
    /// Where rows would be sent with day and month exchanged.
    pub(crate) fn hold_against(
        &self,
        file: &str,
        evidence: &Evidence,
    ) -> Result<Option<String>, MappingErrors> {
        let is_date = |rule: &&std::sync::Arc<Rule>| rule.field == TicketField::Dob;
        let Some(rule) = self.rules.iter().find(is_date) else {
            return Ok(None);
        };
        let file = plain(file);
        match evidence.verdict() {
            Verdict::Sound => Ok(None),
            Verdict::Doubtful(found) => Ok(Some(doubtful(rule, &found))),
            Verdict::Wrong(found) => Err(self.errors(vec![wrong(rule, &found, &file)])),
            Verdict::Exchanged(found) => Err(self.errors(vec![exchanged(rule, &found, &file)])),
        }
    }
}

fn doubtful(rule: &Rule, found: &Contradiction) -> String {
    let order = found.read.as_str();
    let at_stake = match found.at_stake {
        0 => String::new(),
        1 => format!(
            "; 1 that may be either is read {order}, as `dates` says: make sure that it is so"
        ),
        several => format!(
            "; {} that may be either are read {order}, as `dates` says: make sure that they are so",
            thousands(several)
        ),
    };
    format!("{}: {}{at_stake}", columns(rule), found.told())
}

fn wrong(rule: &Rule, found: &Contradiction, file: &str) -> Diagnostic {
    let (field, columns, told) = (rule.field.name(), columns(rule), found.told());
    let (read, really) = (found.read.as_str(), found.read.other().as_str());
    let at_stake = thousands(found.at_stake);
    let title = format!(
        "{file}: `{field}` is read {read}, but stands {really} in {columns}: {told}, and {at_stake} that may be either would be \
         sent with day and month exchanged; nothing was sent"
    );
    let mut formats: Vec<String> = Vec::new();
    for format in &rule.dates {
        let format = format!("{:?}", format.without(found.read));
        if !formats.contains(&format) {
            formats.push(format);
        }
    }
    let label = format!("its `dates` are read {read}");
    Diagnostic::at(rule.key_span.clone(), title, &label)
        .help(format!("write dates = [{}]", formats.join(", ")))
}

fn exchanged(rule: &Rule, found: &Exchanged, file: &str) -> Diagnostic {
    let (field, columns, texts) = (rule.field.name(), columns(rule), found.told());
    let (cells, first) = (counted(found.cells.rows, "cell"), found.cells.first);
    let title = format!(
        "{file}: a spreadsheet has exchanged day and month in {columns}, which fills `{field}`: {cells} are dates, none with a \
         day above 12 (first: row {first}), and {texts}; nothing was sent"
    );
    Diagnostic {
        span: None,
        ..Diagnostic::at(0..0, title, "")
    }
    .help("no mapping mends that: export the file again with this column as text, or with dates as YYYY-MM-DD")
}

fn columns(rule: &Rule) -> String {
    match &rule.filling {
        Filling::Columns { headers, .. } => sources(headers.iter().map(|header| &*header.text)),
        Filling::Constant(_) => sources([].into_iter()),
    }
}
