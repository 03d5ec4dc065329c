//! `[source]`: what a mapping says about how the files are read.
//!
//! Owns its keys and the words they may have; every error stands at its place in the mapping. What the words do is the
//! readers' affair.

use super::diagnostics::Diagnostic;
use super::document::Document;
use super::walk::Walk;
use crate::reading::{
    Condition, Hidden, Merged, Quoting, Range, ShortRows, Test, delimiter_from_word,
};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

const CONDITION: &str = "write [{ column = \"Status\", equals = [\"void\", \"test\"] }, { column = \"Name\", blank = true }]";

impl Walk<'_> {
    pub(super) fn source(&mut self, table: &DeTable<'_>, document: &mut Document) {
        self.know(
            table,
            &[
                "sheet",
                "header_row",
                "encoding",
                "delimiter",
                "quotes",
                "short_rows",
                "hidden",
                "merged",
                "range",
                "skip_rows_where",
            ],
            "[source]",
        );
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let source = &mut document.source;
            match name {
                "sheet" => source.sheet = self.text_not_blank(name, value).map(|text| text.text),
                "header_row" => source.header_row = self.count(name, value),
                "encoding" => source.encoding = self.encoding(name, value),
                "delimiter" => source.delimiter = self.delimiter(name, value),
                "quotes" => {
                    source.quoting = self.word(name, value, &Quoting::WORDS).unwrap_or_default();
                }
                "short_rows" => {
                    source.short_rows = self
                        .word(name, value, &ShortRows::WORDS)
                        .unwrap_or_default();
                }
                "hidden" => source.hidden = self.word(name, value, &Hidden::WORDS),
                "merged" => {
                    source.merged = self.word(name, value, &Merged::WORDS).unwrap_or_default();
                }
                "range" => source.range = self.range(name, value),
                "skip_rows_where" => source.skip_rows_where = self.conditions(name, value),
                _ => {}
            }
        }
    }

    fn range(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<Range> {
        let placed = self.text_not_blank(name, value)?;
        let range = Range::from_words(&placed.text);
        if range.is_none() {
            let title = "`range` must name two corners, or a table";
            self.fault(Diagnostic::at(placed.span, title, "neither").help(
                "write it as a spreadsheet does: \"A3:F200\", \"A3:F\" for all rows from 3 on, or the name of a table",
            ));
        }
        range
    }

    /// A list of tables, each with a column and what its cell must say.
    fn conditions(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Vec<Condition> {
        let Some(list) = value.get_ref().as_array() else {
            let title = format!("`{name}` must be a list");
            self.fault(Diagnostic::at(value.span(), title, "not a list").help(CONDITION));
            return Vec::new();
        };
        list.iter()
            .filter_map(|item| self.condition(item))
            .collect()
    }

    fn condition(&mut self, item: &Spanned<DeValue<'_>>) -> Option<Condition> {
        let Some(table) = item.get_ref().as_table() else {
            let title = "each of `skip_rows_where` must be a table";
            self.fault(Diagnostic::at(item.span(), title, "not a table").help(CONDITION));
            return None;
        };
        self.know(table, &["column", "equals", "blank"], "`skip_rows_where`");
        let column = table
            .get("column")
            .map(|value| self.text_not_blank("column", value));
        let equals = table
            .get("equals")
            .map(|value| match value.get_ref().as_array() {
                Some(_) => self.texts("equals", value),
                None => self.text_not_blank("equals", value).into_iter().collect(),
            });
        let blank = table.get("blank").map(|value| value.get_ref().as_bool());
        let test = match (equals, blank) {
            (Some(words), None) => Test::Equals(words.into_iter().map(|word| word.text).collect()),
            (None, Some(Some(blank))) => Test::Blank(blank),
            _ => {
                let title = "a condition needs `equals` or `blank = true`, and not both";
                self.fault(Diagnostic::at(item.span(), title, "this one").help(CONDITION));
                return None;
            }
        };
        let Some(column) = column else {
            let title = "a condition needs a `column`";
            self.fault(Diagnostic::at(item.span(), title, "this one").help(CONDITION));
            return None;
        };
        let column = column?.text;
        Some(Condition { column, test })
    }

    fn delimiter(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<u8> {
        let placed = self.text(name, value)?;
        let found = delimiter_from_word(&placed.text);
        if found.is_none() {
            self.fault(
                Diagnostic::at(
                    placed.span,
                    "this delimiter is not known",
                    "not a delimiter of CSV files",
                )
                .help("it may be \",\", \";\", \"|\", \"\\t\" or another sign such as \"^\""),
            );
        }
        found
    }

    fn encoding(&mut self, name: &str, value: &Spanned<DeValue<'_>>) -> Option<String> {
        let placed = self.text_not_blank(name, value)?;
        if encoding_rs::Encoding::for_label(placed.text.as_bytes()).is_some() {
            return Some(placed.text);
        }
        self.fault(
            Diagnostic::at(
                placed.span,
                "this encoding is not known",
                "no such encoding",
            )
            .help("usual ones are \"utf-8\", \"windows-1252\", \"utf-16le\" and \"macintosh\""),
        );
        None
    }
}
