//! The mapping file as TOML: walked by hand into checked parts.
//!
//! Owns the file's outline: `version`, `stamp`, `[source]`, `[key]`, `[fields]`, what is missing and what stands twice. All
//! errors are collected instead of stopping at the first. What a rule of `[fields]` may hold is read in `field`, what
//! `[source]` may hold in `source`.

use super::Source;
use super::diagnostics::Diagnostic;
use super::field;
use super::rule::{Placed, Rule};
use super::walk::Walk;
use super::wording::{likeliest, listed};
use crate::ticket::TicketField;
use std::ops::Range;
use toml::de::DeTable;

/// The version of the mapping's language that is read here.
const VERSION: &str = "1";

/// The fields that people read as free text, so that a reference at their end does no harm.
const STAMPED: [(&str, TicketField); 2] = [
    ("comments", TicketField::Comments),
    ("complaint", TicketField::Complaint),
];

/// What a mapping file says, checked as far as that goes without an input file.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) source: Source,
    pub(super) key: Vec<Placed>,
    /// The field that gets the row's reference.
    pub(super) stamp: Option<TicketField>,
    pub(super) rules: Vec<Rule>,
}

/// Reads a mapping file; all errors at once.
pub(super) fn read(name: &str, text: &str) -> Result<Document, Vec<Diagnostic>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let is_mapping = ["version", "fields", "source", "key"]
        .iter()
        .any(|key| table.get_ref().contains_key(*key));
    if !errors.is_empty() && !is_mapping {
        // The text may be a call log that was named by mistake: it is not quoted.
        return Err(vec![no_mapping(name)]);
    }
    let mut walk = Walk::new(text);
    let document = walk.document(table.get_ref());
    let (twice, syntax): (Vec<_>, Vec<_>) = errors
        .iter()
        .partition(|error| error.message() == "duplicate key");
    let (mut found, mut absent) = walk.into_findings();
    let is_whole = syntax.is_empty() && twice.iter().all(|error| is_ticket_field(text, error));
    if is_whole {
        found.append(&mut absent);
    }
    if !syntax.is_empty() {
        // What stands on a line that could not be read is no error of its own.
        let broken: Vec<usize> = syntax
            .iter()
            .map(|error| line_of(text, error.span().unwrap_or_default().start))
            .collect();
        found.retain(|diagnostic| {
            let start = diagnostic.span.as_ref().map_or(0, |span| span.start);
            !broken.contains(&line_of(text, start))
        });
    }
    found.extend(syntax.into_iter().map(syntax_error));
    found.extend(
        twice
            .into_iter()
            .map(|error| standing_twice(text, table.get_ref(), error)),
    );
    if found.is_empty() {
        Ok(document)
    } else {
        Err(found)
    }
}

fn no_mapping(name: &str) -> Diagnostic {
    Diagnostic {
        title: format!("{name} is not a mapping file"),
        span: None,
        label: String::new(),
        context: None,
        help: Some(
            "a mapping is a TOML file with `version = 1` and a table [fields]; name it with --mapping FILE".to_owned(),
        ),
    }
}

fn line_of(text: &str, place: usize) -> usize {
    text.bytes()
        .take(place)
        .filter(|byte| *byte == b'\n')
        .count()
}

fn syntax_error(error: &toml::de::Error) -> Diagnostic {
    let title = format!("this is not TOML: {}", error.message());
    Diagnostic::at(error.span().unwrap_or_default(), title, "here")
}

/// The key that an error about a key is about.
fn key_of<'t>(text: &'t str, error: &toml::de::Error) -> &'t str {
    let key = text.get(error.span().unwrap_or_default());
    key.unwrap_or_default().trim_matches(['"', '\''])
}

/// Whether a key that stands twice is a rule; a whole table that does takes rules away that are there.
fn is_ticket_field(text: &str, error: &toml::de::Error) -> bool {
    TicketField::from_name(key_of(text, error)).is_some()
}

/// A key that stands twice in one table; in `[fields]` that is two rules for one field.
fn standing_twice(text: &str, table: &DeTable<'_>, error: &toml::de::Error) -> Diagnostic {
    let span = error.span().unwrap_or_default();
    let key = key_of(text, error);
    let first = table
        .get("fields")
        .and_then(|fields| fields.get_ref().as_table())
        .and_then(|fields| fields.get_key_value(key))
        .map(|(first, _)| first.span())
        .filter(|first| *first != span);
    match first {
        Some(first) if TicketField::from_name(key).is_some() => {
            Diagnostic::at(span, format!("two rules for `{key}`"), "the second")
                .context(first, "the first rule")
                .help("a field has one rule; to join columns write columns = [\"...\", \"...\"]")
        }
        _ => Diagnostic::at(span, format!("`{key}` stands twice"), "for the second time")
            .help("put both parts together, or take one out"),
    }
}

impl Walk<'_> {
    fn document(&mut self, table: &DeTable<'_>) -> Document {
        self.know(
            table,
            &["version", "stamp", "source", "key", "fields"],
            "a mapping",
        );
        self.version(table);
        let mut document = Document::default();
        if let Some(source) = self.table(table, "source") {
            self.source(source, &mut document);
        }
        if let Some(key) = self.table(table, "key") {
            self.know(key, &["columns"], "[key]");
            document.key = self.key(table, key);
        }
        if let Some(stamp) = table.get("stamp") {
            document.stamp = self.word("stamp", stamp, &STAMPED);
        }
        document.rules = self.fields(table, document.stamp);
        document
    }

    fn version(&mut self, table: &DeTable<'_>) {
        let Some(version) = table.get("version") else {
            let title = "the mapping does not say its version";
            self.lacks(
                Diagnostic::at(0..0, title, "").help("write `version = 1` as the first line"),
            );
            return;
        };
        let is_known = version
            .get_ref()
            .as_integer()
            .is_some_and(|number| number.radix() == 10 && number.as_str() == VERSION);
        if !is_known {
            self.fault(
                Diagnostic::at(
                    version.span(),
                    "this version of the mapping is not known",
                    "only 1 is",
                )
                .help("write `version = 1`; a mapping of a later version wants a later ticketload"),
            );
        }
    }

    fn key(&mut self, parent: &DeTable<'_>, table: &DeTable<'_>) -> Vec<Placed> {
        let Some(columns) = table.get("columns") else {
            let span = parent
                .get_key_value("key")
                .map_or(0..0, |(key, _)| key.span());
            self.lacks(
                Diagnostic::at(span, "[key] names no columns", "columns are missing")
                    .help("write columns = [\"Call ID\"], or take [key] out"),
            );
            return Vec::new();
        };
        let columns = self.texts("columns", columns);
        self.refuse_twice(&columns);
        columns
    }

    fn fields(&mut self, table: &DeTable<'_>, stamp: Option<TicketField>) -> Vec<Rule> {
        let Some((key, _)) = table.get_key_value("fields") else {
            self.lacks(
                Diagnostic::at(0..0, "the mapping has no table [fields]", "").help(
                    "write [fields] and below it a rule for each ticket field: patient_lname = \"Last Name\"",
                ),
            );
            return Vec::new();
        };
        let Some(fields) = self.table(table, "fields") else {
            return Vec::new();
        };
        if fields.is_empty() {
            self.lacks(
                Diagnostic::at(key.span(), "[fields] has no rule", "empty")
                    .help("write a rule for each ticket field: patient_lname = \"Last Name\""),
            );
            return Vec::new();
        }
        let mut rules = Vec::new();
        let mut named = Vec::new();
        for (name, value) in fields {
            match TicketField::from_name(name.get_ref()) {
                Some(ticket_field) => {
                    named.push(ticket_field);
                    let is_stamped = stamp == Some(ticket_field);
                    rules.extend(field::read(
                        self,
                        (ticket_field, is_stamped),
                        name.span(),
                        value,
                    ));
                }
                None => named.extend(self.unknown_field(name.get_ref(), name.span())),
            }
        }
        self.require_rules(key.span(), &named);
        rules.sort_by_key(|rule| rule.field);
        rules
    }

    /// A field that no ticket has; gives back the one that was probably meant.
    fn unknown_field(&mut self, name: &str, span: Range<usize>) -> Option<TicketField> {
        let meant = likeliest(name, TicketField::ALL.into_iter().map(TicketField::name));
        let title = match meant {
            Some(meant) => format!("`{name}` is not a ticket field; did you mean `{meant}`?"),
            None => format!("`{name}` is not a ticket field"),
        };
        let all: Vec<String> = TicketField::ALL
            .into_iter()
            .map(|field| field.name().to_owned())
            .collect();
        let mut fault = Diagnostic::at(span, title, "no such field");
        if meant.is_none() {
            fault = fault.help(format!("the fields are {}", listed(&all, "and")));
        }
        self.fault(fault);
        meant.and_then(TicketField::from_name)
    }

    fn require_rules(&mut self, span: Range<usize>, named: &[TicketField]) {
        let lacking: Vec<String> = TicketField::ALL
            .into_iter()
            .filter(|field| field.is_required() && !named.contains(field))
            .map(|field| format!("`{}`", field.name()))
            .collect();
        if !lacking.is_empty() {
            let title = format!("no rule for {}", listed(&lacking, "and"));
            self.lacks(
                Diagnostic::at(span, title, "a ticket needs more than stands here").help(
                    "name the column, dob = \"Date of birth\", or a value for all rows, prac = { value = \"1234\" }",
                ),
            );
        }
    }
}
