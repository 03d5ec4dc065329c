//! [`Mapping`]: how the columns of a file become the fields of a ticket.
//!
//! Owns the mapping file's language and the rules of the ticket. A mapping is parsed and checked on its own, then
//! bound to one file's header; the [`Mapper`] that comes of it turns each row into a payload or a list of problems. A
//! [`Suggestion`] drafts a mapping where there is none yet.
//! Guarantees that a row without an error has all that a ticket needs, and that no message holds a cell's value.
//! Reads no files: what a `translate_file` holds is handed in.

mod bind;
mod diagnostics;
mod document;
mod field;
mod key_proposal;
mod lack;
mod mapped;
mod mapper;
mod misread;
mod moved;
mod rule;
mod rules;
mod source;
mod suggest;
mod translate;
mod walk;
mod wording;
mod words;

pub use diagnostics::MappingErrors;
pub use mapped::{Key, Mapped};
pub use mapper::Mapper;
pub use suggest::{Draft, Fate, Line, Origin, Suggestion};

pub(crate) use key_proposal::{A_GLANCE, KeyProposal, ProposedKey};

use crate::reading::{Condition, Hidden, Merged, Quoting, Range, ShortRows};
use crate::ticket::TicketField;
use bind::Header;
use diagnostics::{Diagnostic, Manuscript};
use rule::{Filler, Filling, Placed, Rule, Scratch};
use rules::date::Days;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use translate::Refused;

/// The characters that a stamp takes at the end of its field: a blank and the longest reference of a row, such as
/// `[TL-4294967295:4294967295]`.
pub const STAMP_ROOM: usize = 27;

/// What `[source]` says about the files; all of it can be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// The worksheet to read.
    pub sheet: Option<String>,
    /// The row that holds the headers, as the spreadsheet shows it; the first is 1.
    pub header_row: Option<u32>,
    /// The encoding's label, one that the WHATWG's standard knows.
    pub encoding: Option<String>,
    /// The delimiter: `,` `;` tab, `|` or another sign.
    pub delimiter: Option<u8>,
    /// What is thought of the quotes of a CSV file.
    pub quoting: Quoting,
    /// What becomes of rows of a CSV file that have too few cells.
    pub short_rows: ShortRows,
    /// What becomes of hidden rows.
    pub hidden: Option<Hidden>,
    /// What becomes of merged cells.
    pub merged: Merged,
    /// The part of the sheet that holds the table, as cells or by its name.
    pub range: Option<Range>,
    /// Rows to which one of these applies are passed over.
    pub skip_rows_where: Vec<Condition>,
}

/// A `translate_file` of the mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TranslateFile<'m> {
    /// The field whose rule names it.
    pub field: TicketField,
    /// The path as the mapping has it, relative to the mapping file.
    pub path: &'m str,
}

/// A mapping file, parsed and checked; independent of any file's header.
#[derive(Debug, Clone)]
pub struct Mapping {
    manuscript: Manuscript,
    source: Source,
    key: Vec<Placed>,
    key_columns: Vec<String>,
    stamp: Option<TicketField>,
    /// In the page's order.
    rules: Vec<Arc<Rule>>,
    /// The fields whose `translate_file` was handed in.
    translated: Vec<TicketField>,
}

impl Mapping {
    /// Reads a mapping file's text; `name` is its path as messages show it.
    ///
    /// # Errors
    ///
    /// All that is wrong with the file, each at its line.
    pub fn parse(name: &str, text: &str) -> Result<Mapping, MappingErrors> {
        // Editors on Windows begin a file with a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let manuscript = Manuscript {
            name: name.into(),
            text: text.into(),
        };
        match document::read(name, text) {
            Ok(document) => Ok(Mapping {
                manuscript,
                source: document.source,
                key_columns: document.key.iter().map(|key| key.text.clone()).collect(),
                key: document.key,
                stamp: document.stamp,
                rules: document.rules.into_iter().map(Arc::new).collect(),
                translated: Vec::new(),
            }),
            Err(found) => Err(MappingErrors::new(manuscript, found)),
        }
    }

    /// What `[source]` says.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The files that must be read and handed to [`Mapping::set_translation`] before [`Mapping::bind`].
    pub fn translate_files(&self) -> impl Iterator<Item = TranslateFile<'_>> {
        self.rules.iter().filter_map(|rule| {
            let path = rule.translate_file.as_ref()?;
            Some(TranslateFile {
                field: rule.field,
                path: &path.text,
            })
        })
    }

    /// Hands in what the `translate_file` of a field holds: the pairs below its header row.
    ///
    /// # Errors
    ///
    /// All pairs that contradict each other or whose target does not fit the field.
    pub fn set_translation(
        &mut self,
        field: TicketField,
        pairs: &[(String, String)],
    ) -> Result<(), MappingErrors> {
        let Some(slot) = self.rules.iter_mut().find(|rule| rule.field == field) else {
            return Ok(());
        };
        let rule = Arc::make_mut(slot);
        let Some(file) = rule.translate_file.clone() else {
            return Ok(());
        };
        let mut found = Vec::new();
        let mut table = rule.translation.take().unwrap_or_default();
        for (place, (value, target)) in pairs.iter().enumerate() {
            let pair = place + 1;
            let title = match table.add(value, target) {
                Ok(()) => match rule.refuses(target).filter(|_| !target.trim().is_empty()) {
                    Some(why) => format!("the target of pair {pair} of '{}' {why}", file.text),
                    None => continue,
                },
                Err(Refused::Twice) => format!(
                    "pair {pair} of '{}' translates a value that has another target already",
                    file.text
                ),
                // A row of blank cells at the end is no pair.
                Err(Refused::Blank) if target.trim().is_empty() => continue,
                Err(Refused::Blank) => {
                    format!("pair {pair} of '{}' has no value to translate", file.text)
                }
            };
            found.push(Diagnostic::at(file.span.clone(), title, "in this file"));
        }
        rule.translation = Some(table);
        self.translated.push(field);
        if found.is_empty() {
            Ok(())
        } else {
            Err(self.errors(found))
        }
    }

    /// An error about a `translate_file` that could not be read, at the line that names it.
    #[must_use]
    pub fn translate_file_error(&self, field: TicketField, reason: &str) -> MappingErrors {
        let file = self
            .rules
            .iter()
            .find(|rule| rule.field == field)
            .and_then(|rule| rule.translate_file.as_ref());
        let (title, span) = match file {
            Some(file) => (
                format!("'{}' cannot be read: {reason}", file.text),
                Some(file.span.clone()),
            ),
            None => (reason.to_owned(), None),
        };
        let diagnostic = Diagnostic {
            span,
            ..Diagnostic::at(0..0, title, "this file")
        };
        self.errors(vec![diagnostic.help(
            "it must be a CSV file with a header row and two columns: the value, and what the ticket gets for it; \
             its path is relative to the mapping file",
        )])
    }

    /// Whether the mapping has `[key]`.
    #[must_use]
    pub fn has_key(&self) -> bool {
        !self.key_columns.is_empty()
    }

    /// The columns of `[key]`, as the mapping writes them.
    #[must_use]
    pub fn key_columns(&self) -> &[String] {
        &self.key_columns
    }

    /// The field at whose end the row's reference is written when the row is sent, so that its ticket can be found.
    #[must_use]
    pub fn stamp(&self) -> Option<TicketField> {
        self.stamp
    }

    /// Binds the mapping to one file's header; `file` is its name as messages show it, and `is_text` says that a
    /// delimiter parts its columns.
    ///
    /// # Errors
    ///
    /// All columns that the file lacks or has more than once.
    pub fn bind(
        &self,
        header: &[String],
        file: &str,
        is_text: bool,
        today: jiff::civil::Date,
    ) -> Result<Mapper, MappingErrors> {
        self.require_translations()?;
        let mut wanted: Vec<&Placed> = self.key.iter().collect();
        wanted.extend(self.rules.iter().flat_map(|rule| headers(rule)));
        let mut columns = Header::new(file, is_text, header)
            .find_all(&wanted)
            .map_err(|found| self.errors(found))?
            .into_iter();
        let key = columns.by_ref().take(self.key.len()).collect();
        let mut fillers: Vec<Filler> = self
            .rules
            .iter()
            .map(|rule| {
                let columns = columns.by_ref().take(headers(rule).len()).collect();
                Filler::new(Arc::clone(rule), columns)
            })
            .collect();
        fillers.sort_by_key(|filler| filler.rule.field == TicketField::Comments);
        Ok(Mapper {
            key,
            fillers,
            days: Days::up_to(today),
            width: header.len(),
            strict_width: false,
            scratch: Scratch::default(),
        })
    }

    /// A `translate_file` that nobody handed in would make each value a problem.
    fn require_translations(&self) -> Result<(), MappingErrors> {
        match self
            .translate_files()
            .find(|file| !self.translated.contains(&file.field))
        {
            Some(file) => Err(self.translate_file_error(file.field, "it was not handed in")),
            None => Ok(()),
        }
    }

    /// The fingerprint of what the mapping means: of its text and its translations.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 8] {
        let mut hash = Sha256::new();
        let mut part = |text: &str| {
            hash.update(text.len().to_le_bytes());
            hash.update(text.as_bytes());
        };
        part(&self.manuscript.text);
        for rule in &self.rules {
            for (value, target) in rule.translation.iter().flat_map(|table| table.sorted()) {
                part(rule.field.name());
                part(value);
                part(target);
            }
        }
        let mut fingerprint = [0; 8];
        for (to, from) in fingerprint.iter_mut().zip(hash.finalize()) {
            *to = from;
        }
        fingerprint
    }

    /// What is legal in the mapping but worth a second look, as text for a terminal.
    #[must_use]
    pub fn warnings(&self, colour: bool) -> Vec<String> {
        self.findings()
            .iter()
            .map(|found| found.render(&self.manuscript, annotate_snippets::Level::WARNING, colour))
            .collect()
    }

    fn findings(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for rule in &self.rules {
            for header in headers(rule).iter().filter(|_| is_patient(rule.field)) {
                let folded = wording::fold_header(&header.text);
                found.extend(
                    self.key
                        .iter()
                        .filter(|key| wording::fold_header(&key.text) == folded)
                        .map(|key| shown_key(key, rule)),
                );
            }
            found.extend(doubtful_dates(rule));
        }
        found
    }

    fn errors(&self, list: Vec<Diagnostic>) -> MappingErrors {
        MappingErrors::new(self.manuscript.clone(), list)
    }
}

fn headers(rule: &Rule) -> &[Placed] {
    match &rule.filling {
        Filling::Columns { headers, .. } => headers,
        Filling::Constant(_) => &[],
    }
}

/// Whether a field says something about a person.
fn is_patient(field: TicketField) -> bool {
    !matches!(
        field,
        TicketField::Prac
            | TicketField::ClientCode
            | TicketField::Txt
            | TicketField::CallType
            | TicketField::FieldMr
    )
}

fn shown_key(key: &Placed, rule: &Rule) -> Diagnostic {
    let title = format!(
        "the key's column '{}' also fills `{}`",
        key.text,
        rule.field.name()
    );
    Diagnostic::at(
        key.span.clone(),
        title,
        "this column is copied into the results",
    )
    .context(rule.key_span.clone(), "this says something about a person")
    .help("a call's own number makes a better key; the results then hold no patient data")
}

/// Two formats that read one text as different days, or a year whose century is a guess.
fn doubtful_dates(rule: &Rule) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut earlier: Vec<&rules::date::DateFormat> = Vec::new();
    for format in &rule.dates {
        if let Some(other) = earlier.iter().find(|other| format.is_taken_for(other)) {
            let title = format!(
                "\"{}\" and \"{}\" read the same text as different days",
                other.written(),
                format.written()
            );
            found.push(
                Diagnostic::at(rule.key_span.clone(), title, "in `dates` of this rule").help(
                    "the first format that fits is taken; keep only the one that the file has",
                ),
            );
        }
        if format.has_short_year() {
            let title = format!("\"{}\" has a year of two digits", format.written());
            found.push(
                Diagnostic::at(rule.key_span.clone(), title, "in `dates` of this rule").help(
                    "of two centuries the later one that is not in the future is taken: a patient over 100 becomes a child",
                ),
            );
        }
        earlier.push(format);
    }
    found
}

#[cfg(test)]
mod tests;
