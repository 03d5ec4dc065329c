//! [`Walk`]: reading values out of the mapping's TOML, noting what is wrong on the way.
//!
//! Owns what is common to all tables of the file: unknown keys, wrong types, blank texts, words that are not known.
//! An error is noted and the walk goes on, so that a person sees all of them at once. Knows no key by name.

use super::diagnostics::Diagnostic;
use super::rule::Placed;
use super::wording::{fold_header, likeliest, listed, trim};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The errors found on the way through the file.
pub(super) struct Walk<'t> {
    text: &'t str,
    found: Vec<Diagnostic>,
    /// What is missing; not told where the file has broken lines, on which it may stand.
    absent: Vec<Diagnostic>,
}

impl<'t> Walk<'t> {
    /// Starts on a file's text.
    pub(super) fn new(text: &'t str) -> Walk<'t> {
        Walk {
            text,
            found: Vec::new(),
            absent: Vec::new(),
        }
    }

    /// Notes an error.
    pub(super) fn fault(&mut self, fault: Diagnostic) {
        self.found.push(fault);
    }

    /// Notes that something is missing.
    pub(super) fn lacks(&mut self, lack: Diagnostic) {
        self.absent.push(lack);
    }

    /// What was found; and what is missing, which means nothing where the file has broken lines.
    pub(super) fn into_findings(self) -> (Vec<Diagnostic>, Vec<Diagnostic>) {
        (self.found, self.absent)
    }

    /// Whether the table has only known keys; others are errors.
    pub(super) fn know(&mut self, table: &DeTable<'_>, known: &[&str], place: &str) {
        for (key, _) in table {
            let name = key.get_ref();
            if !known.contains(&name.as_ref()) {
                let title = match likeliest(name, known.iter().copied()) {
                    Some(meant) => {
                        format!("{place} has no key `{name}`; did you mean `{meant}`?")
                    }
                    None => format!("{place} has no key `{name}`"),
                };
                let known: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
                self.fault(
                    Diagnostic::at(key.span(), title, "not known here")
                        .help(format!("it may have {}", listed(&known, "and"))),
                );
            }
        }
    }

    /// The table under a key, if there is one.
    pub(super) fn table<'v, 'i>(
        &mut self,
        parent: &'v DeTable<'i>,
        name: &str,
    ) -> Option<&'v DeTable<'i>> {
        let (key, value) = parent.get_key_value(name)?;
        let table = value.get_ref().as_table();
        if table.is_none() {
            let title = format!("`{name}` must be a table");
            self.fault(
                Diagnostic::at(key.span(), title, "not a table").help(format!(
                    "write [{name}] on a line of its own and its keys below"
                )),
            );
        }
        table
    }

    /// The text under a key; anything else is an error.
    pub(super) fn text(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Placed> {
        let span = value.span();
        match value.get_ref() {
            DeValue::String(text) => Some(Placed {
                text: text.clone().into_owned(),
                span,
            }),
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) => {
                let written = self.text.get(span.clone()).unwrap_or_default();
                let title = format!("`{name}` must be text");
                self.fault(
                    Diagnostic::at(span, title, "not in quotes")
                        .help(format!("write \"{written}\"")),
                );
                None
            }
            other => {
                let title = format!("`{name}` must be text in quotes");
                self.fault(Diagnostic::at(
                    span,
                    title,
                    &format!("this is of type {}", other.type_str()),
                ));
                None
            }
        }
    }

    /// The text under a key that must not be blank.
    pub(super) fn text_not_blank(
        &mut self,
        name: &str,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<Placed> {
        let placed = self.text(name, value)?;
        if trim(&placed.text).is_empty() {
            self.fault(Diagnostic::at(
                placed.span,
                format!("`{name}` is blank"),
                "nothing in it",
            ));
            return None;
        }
        Some(placed)
    }

    /// A list of texts, at least one, none blank.
    pub(super) fn texts(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Vec<Placed> {
        let Some(list) = value.get_ref().as_array() else {
            let title = format!("`{name}` must be a list");
            self.fault(
                Diagnostic::at(value.span(), title, "not a list")
                    .help(format!("write {name} = [\"...\", \"...\"]")),
            );
            return Vec::new();
        };
        if list.is_empty() {
            let title = format!("`{name}` is an empty list");
            self.fault(Diagnostic::at(value.span(), title, "nothing in it"));
        }
        list.iter()
            .filter_map(|item| self.text_not_blank(name, item))
            .collect()
    }

    /// One of the words that a key may have.
    pub(super) fn word<T: Copy>(
        &mut self,
        name: &str,
        value: &Spanned<DeValue<'_>>,
        words: &[(&str, T)],
    ) -> Option<T> {
        let placed = self.text(name, value)?;
        let found = words.iter().find(|(word, _)| *word == placed.text);
        if found.is_none() {
            let known: Vec<String> = words
                .iter()
                .map(|(word, _)| format!("\"{word}\""))
                .collect();
            let title = match likeliest(&placed.text, words.iter().map(|(word, _)| *word)) {
                Some(meant) => {
                    format!("`{name}` does not know this word; did you mean \"{meant}\"?")
                }
                None => format!("`{name}` does not know this word"),
            };
            self.fault(
                Diagnostic::at(placed.span, title, "not known")
                    .help(format!("it may be {}", listed(&known, "or"))),
            );
        }
        found.map(|(_, meaning)| *meaning)
    }

    /// A whole number from 1 up.
    pub(super) fn count(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<u32> {
        let count = value.get_ref().as_integer().and_then(|number| {
            u32::from_str_radix(number.as_str(), number.radix())
                .ok()
                .filter(|count| *count > 0)
        });
        if count.is_none() {
            let title = format!("`{name}` must be a whole number from 1 up");
            self.fault(Diagnostic::at(value.span(), title, "not such a number"));
        }
        count
    }

    /// A column that is named twice in one list.
    pub(super) fn refuse_twice(&mut self, columns: &[Placed]) {
        for (place, column) in columns.iter().enumerate() {
            let folded = fold_header(&column.text);
            let first = columns
                .iter()
                .take(place)
                .find(|earlier| fold_header(&earlier.text) == folded);
            if let Some(first) = first {
                let title = format!("the column '{}' is named twice", column.text);
                self.fault(
                    Diagnostic::at(column.span.clone(), title, "again")
                        .context(first.span.clone(), "the first time"),
                );
            }
        }
    }
}
