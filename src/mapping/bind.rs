//! Binding: the columns that a mapping names are looked up in one file's header.
//!
//! Owns what is said when a column is not there or stands there twice. The header of the file is quoted only where it is
//! one: in a file without a header row the first row is a patient.

use super::diagnostics::Diagnostic;
use super::rule::{Column, Placed};
use super::wording::{likeliest, listed, trim};
use crate::holds;
use crate::reading::letters;
use crate::seen::{Columns, NoColumn, fold_header, plain};
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

/// How many of a file's columns a message lists.
const LISTED: usize = 40;

/// What may part the columns of a text, `;` and the like first.
const SIGNS: &str = ";,\t|^~:!#*&%$@+=/<>`";

/// One file's header, ready for looking up.
pub(super) struct Header<'h> {
    /// As it is shown.
    file: Cow<'h, str>,
    /// Whether the file is text, whose columns a delimiter parts.
    is_text: bool,
    names: &'h [String],
    columns: Columns<'h>,
}

impl<'h> Header<'h> {
    pub(super) fn new(file: &'h str, is_text: bool, names: &'h [String]) -> Header<'h> {
        Header {
            file: plain(file),
            is_text,
            names,
            columns: Columns::new(names),
        }
    }

    /// Looks up all columns that the mapping names, in their order; all errors at once.
    pub(super) fn find_all(&self, wanted: &[&Placed]) -> Result<Vec<Column>, Vec<Diagnostic>> {
        let is_quoted = self.is_header(wanted);
        let mut found = Vec::new();
        let mut faults = Vec::new();
        for placed in wanted {
            match self.find(placed, is_quoted) {
                Ok(column) => found.push(column),
                Err(fault) => faults.push(*fault),
            }
        }
        // What is there instead is told once, below the last of the columns that are not there.
        if let Some(last) = faults
            .iter_mut()
            .filter(|fault| fault.help.is_none())
            .max_by_key(|fault| fault.span.as_ref().map(|span| span.start))
        {
            let help = self.parted_otherwise(wanted);
            last.help = Some(help.unwrap_or_else(|| {
                if is_quoted {
                    self.listing()
                } else {
                    self.no_header()
                }
            }));
        }
        if faults.is_empty() {
            Ok(found)
        } else {
            Err(faults)
        }
    }

    /// Whether the row can be shown: a column stands in it by its very name, and nothing that looks like a value. Mere
    /// likeness is no proof, since some name is like some patient's.
    fn is_header(&self, wanted: &[&Placed]) -> bool {
        let is_there = |placed: &&Placed| self.has(&placed.text);
        wanted.iter().any(is_there) && !holds::is_of_values(self.names)
    }

    fn find(&self, placed: &Placed, is_quoted: bool) -> Result<Column, Box<Diagnostic>> {
        match self.columns.find(&placed.text) {
            Ok(place) => Ok(self.column(place)),
            Err(NoColumn::Missing) => Err(Box::new(self.not_there(placed, is_quoted))),
            Err(NoColumn::Twice(places)) => Err(Box::new(self.standing_twice(placed, &places))),
        }
    }

    fn column(&self, place: usize) -> Column {
        let header = self.names.get(place).map(|name| trim(name));
        Column {
            place,
            header: Arc::from(header.unwrap_or_default()),
        }
    }

    fn alike(&self, placed: &Placed) -> Option<&'h str> {
        likeliest(&placed.text, self.names.iter().map(String::as_str)).map(trim)
    }

    /// Whether a column has this name, or several have.
    fn has(&self, name: &str) -> bool {
        self.columns.find(name) != Err(NoColumn::Missing)
    }

    fn not_there(&self, placed: &Placed, is_quoted: bool) -> Diagnostic {
        let name = &placed.text;
        let alike = self.alike(placed).filter(|_| is_quoted);
        let title = match alike.map(in_one_line) {
            Some(meant) => format!("no column '{name}'; did you mean '{meant}'?"),
            None => format!("no column '{name}'"),
        };
        let label = format!("not in {}", self.file);
        Diagnostic::at(placed.span.clone(), title, &label)
    }

    fn standing_twice(&self, placed: &Placed, places: &[usize]) -> Diagnostic {
        let letters: Vec<String> = places.iter().map(|place| letters(*place)).collect();
        let title = format!(
            "the column '{}' stands more than once in {}",
            placed.text, self.file
        );
        let label = format!("columns {}", listed(&letters, "and"));
        Diagnostic::at(placed.span.clone(), title, &label)
            .help("give the columns different headers in the file")
    }

    /// Blames the delimiter where another one would part the header into columns that are wanted.
    fn parted_otherwise(&self, wanted: &[&Placed]) -> Option<String> {
        let wanted: HashSet<String> = wanted.iter().map(|w| fold_header(&w.text)).collect();
        let there = wanted.iter().filter(|name| self.has(name)).count();
        let found = |sign: char| {
            let parts = self.names.iter().flat_map(|name| name.split(sign));
            let parts = parts.map(|part| fold_header(part.trim_matches('"')));
            let parts: HashSet<String> = parts.collect();
            wanted.iter().filter(|name| parts.contains(*name)).count()
        };
        let (count, sign) = SIGNS
            .chars()
            .filter(|sign| self.names.iter().any(|name| name.contains(*sign)))
            .map(|sign| (found(sign), sign))
            .reduce(|best, next| if next.0 > best.0 { next } else { best })?;
        // One name may stand in another one by chance (`Temp/DOB`).
        if !self.is_text || count < there + 2 {
            return None;
        }
        let sign = if sign == '\t' {
            "tab".to_owned()
        } else {
            sign.to_string()
        };
        Some(format!(
            "the columns of {} are parted by another delimiter than was taken: write `delimiter = \"{sign}\"` in [source]",
            self.file
        ))
    }

    fn no_header(&self) -> String {
        format!(
            "the first row of {} that is read must hold the headers; if they stand in another row, set header_row in \
             [source]; if the file has none, add a row with them; `ticketload inspect` shows what the file holds",
            self.file
        )
    }

    fn listing(&self) -> String {
        let mut names: Vec<String> = self
            .names
            .iter()
            .map(|name| in_one_line(name))
            .filter(|name| !name.is_empty())
            .take(LISTED)
            .map(|name| format!("'{name}'"))
            .collect();
        let more = self.names.len().saturating_sub(LISTED);
        if more > 0 {
            names.push(format!("{more} more"));
        }
        format!("{} has the columns {}", self.file, listed(&names, "and"))
    }
}

/// A header of the file in one line, with its line ends as the spaces that they count as.
fn in_one_line(header: &str) -> String {
    let words: Vec<&str> = header.split_whitespace().collect();
    plain(&words.join(" ")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_printed_in_one_line_without_control_characters() {
        assert_eq!(
            in_one_line(" Phone\r\n\u{1b}[31mnumber "),
            "Phone \\u{1b}[31mnumber"
        );
    }
}
