//! [`Draft`]: a mapping that a person is to check, as facts for a report and as TOML.
//!
//! Owns the words of the draft and what stands in which line of it.

use super::dates::{Verdict, has_short_year};
use super::toml::{comment, quoted, sentence, settings};
use crate::counting::counted;
use crate::date_order::Order;
use crate::mapping::wording::listed;
use crate::mapping::{ProposedKey, Source};
use crate::seen::plain;
use crate::ticket::TicketField;
use std::fmt::Write as _;

/// How many columns are listed.
const LISTED: usize = 40;

/// A mapping, drafted.
#[derive(Debug)]
pub struct Draft {
    key: Option<ProposedKey>,
    rows: u64,
    lines: Vec<Line>,
    asides: Vec<String>,
}

/// What became of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The field.
    pub field: TicketField,
    /// Whether it has a column.
    pub fate: Fate,
    /// What a person should know, as sentences.
    pub remarks: Vec<String>,
    /// Its rule, or those to choose from.
    rules: Vec<String>,
}

/// Whether a field has a column; columns are in quotes, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is filled from this column.
    Filled(String),
    /// It has this column, and a person must say how it is read.
    Open(String),
    /// This column may be meant.
    Perhaps(String),
    /// None was found.
    Lacking,
}

/// What a draft was made from, and what comes next; told in its first lines.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// The file as the user named it.
    pub file: &'a str,
    /// The row of its header.
    pub header_row: u64,
    /// The command that tries the mapping.
    pub next: &'a str,
}

/// A column that was found for a field.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) field: TicketField,
    /// Whether it is written as a rule, and not as a question.
    pub(super) is_sure: bool,
    pub(super) written: String,
    pub(super) shown: String,
    pub(super) dates: Option<Verdict>,
    pub(super) remark: Option<String>,
}

/// What is said of columns that fill no field; names are in quotes, columns without one are letters.
#[derive(Debug)]
pub(super) enum Aside {
    /// The row may be no header, and it has so many columns.
    Unproven(usize),
    WholeNames(Vec<String>),
    Twice(String, Vec<String>),
    Blank(Vec<String>),
    LikeValues(Vec<String>),
    Unused(Vec<String>),
}

impl Draft {
    pub(super) fn new(
        found: Vec<Found>,
        key: Option<ProposedKey>,
        rows: u64,
        asides: Vec<Aside>,
    ) -> Draft {
        let mut found: Vec<Option<Found>> = found.into_iter().map(Some).collect();
        let lines = TicketField::ALL.into_iter().map(|field| {
            let is_it =
                |slot: &&mut Option<Found>| slot.as_ref().is_some_and(|found| found.field == field);
            match found.iter_mut().find(is_it).and_then(Option::take) {
                Some(found) => Line::of(found),
                None => Line::without(field),
            }
        });
        Draft {
            lines: lines.collect(),
            asides: asides.into_iter().filter_map(Aside::sentence).collect(),
            key,
            rows,
        }
    }

    /// All fields in the page's order, also those without a column.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// What names a call, in words.
    #[must_use]
    pub fn key(&self) -> String {
        match &self.key {
            Some(key) if key.is_proven => {
                format!("'{}', different in every row", plain(&key.column))
            }
            Some(key) => format!("perhaps '{}', and commented out", plain(&key.column)),
            None => {
                "none was found: without one, a row that was mended counts as a new call".to_owned()
            }
        }
    }

    /// What is to be said of columns that fill no field, as sentences.
    #[must_use]
    pub fn asides(&self) -> &[String] {
        &self.asides
    }

    /// Whether every required field has its rule, so that the draft is a mapping already.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.lines.iter().any(Line::is_missing)
    }

    /// The draft as a mapping file; `source` is what was said about how the file is read.
    #[must_use]
    pub fn text(&self, origin: &Origin<'_>, source: &Source) -> String {
        let mut text = String::new();
        let file = plain(origin.file);
        comment(
            &mut text,
            &format!(
                "Drafted by `ticketload init` from the header of {file} (row {}). Check each line, settle what is open, then run",
                origin.header_row
            ),
        );
        let _infallible = writeln!(text, "#     {}", plain(origin.next));
        comment(
            &mut text,
            "mapping.example.toml shows all that a mapping can say.",
        );
        text.push_str("\nversion = 1\n");
        let settings = settings(source);
        if !settings.is_empty() {
            text.push_str("\n[source]\n");
            text.extend(settings);
        }
        text.push('\n');
        self.write_key(&mut text);
        text.push_str("\n[fields]\n");
        let (filled, others): (Vec<&Line>, Vec<&Line>) = self
            .lines
            .iter()
            .partition(|line| matches!(line.fate, Fate::Filled(_)));
        for line in filled {
            line.write(&mut text);
        }
        let (open, others): (Vec<&Line>, Vec<&Line>) = others
            .into_iter()
            .partition(|line| matches!(line.fate, Fate::Open(_)));
        for line in open {
            text.push('\n');
            line.write(&mut text);
        }
        let mut rest = String::new();
        for line in others {
            line.write(&mut rest);
        }
        if !rest.is_empty() {
            text.push('\n');
            text.push_str(&rest);
        }
        for aside in &self.asides {
            text.push('\n');
            comment(&mut text, &sentence(aside));
        }
        text
    }

    fn write_key(&self, text: &mut String) {
        let rows = counted(self.rows, "row");
        match &self.key {
            Some(key) if key.is_proven => {
                comment(
                    text,
                    &format!(
                        "What names a call: it is filled and different in all {rows}. Keep it only if no two calls of any file \
                         share one."
                    ),
                );
                let _infallible = writeln!(text, "[key]\ncolumns = [{}]", quoted(&key.column));
            }
            Some(key) => {
                comment(
                    text,
                    &format!(
                        "Perhaps what names a call: it is filled and different in all {rows}, but its name or so few rows prove \
                         nothing. Take it only if no two calls of any file share one: the number of a phone or of a person does \
                         not name a call, and a second call would be lost."
                    ),
                );
                let _infallible = writeln!(text, "# [key]\n# columns = [{}]", quoted(&key.column));
            }
            None => {
                comment(
                    text,
                    "No column was found that sounds like a call's number and is filled and different in every row. If one \
                     names the call, say so: a row that was mended or saved again is then known as the same call.",
                );
                text.push_str("# [key]\n# columns = [\"Call ID\"]\n");
            }
        }
    }
}

impl Line {
    fn of(found: Found) -> Line {
        let Found { field, shown, .. } = found;
        let column = quoted(&found.written);
        let plain_rule = format!("{} = {column}", field.name());
        let mut line = Line {
            field,
            fate: Fate::Filled(shown.clone()),
            remarks: found.remark.into_iter().collect(),
            rules: vec![plain_rule],
        };
        if !found.is_sure {
            line.fate = Fate::Perhaps(shown);
            return line;
        }
        let with_dates = |formats: &[String]| {
            let formats: Vec<String> = formats.iter().map(|format| quoted(format)).collect();
            format!(
                "{} = {{ column = {column}, dates = [{}] }}",
                field.name(),
                formats.join(", ")
            )
        };
        match found.dates {
            None => {}
            Some(Verdict::Blank) => line
                .remarks
                .push("the column is blank in every row".to_owned()),
            Some(Verdict::Read {
                formats,
                unread,
                has_known,
            }) => {
                let has_format = !formats.is_empty();
                if unread > 0 && (has_format || has_known) {
                    let values = counted(unread, "value");
                    line.remarks
                        .push(format!("{values} in it: no date that is read so"));
                } else if unread > 0 {
                    line.remarks.push(
                        "no value in it was read as a date: say with `dates` how they are written"
                            .to_owned(),
                    );
                }
                if formats.iter().any(|format| has_short_year(format)) {
                    line.remarks.push(
                        "%y is a year of two digits: its century is guessed, and a patient over 100 becomes a child"
                            .to_owned(),
                    );
                }
                if has_format {
                    line.rules = vec![with_dates(&formats)];
                }
            }
            Some(Verdict::Open {
                month_first: (month_first, months),
                day_first: (day_first, days),
            }) => {
                line.remarks.push(open_order(months, days));
                line.rules = vec![with_dates(&month_first), with_dates(&day_first)];
                line.fate = Fate::Open(shown);
            }
        }
        line
    }

    fn without(field: TicketField) -> Line {
        let name = field.name();
        let (remark, rule) = match field {
            TicketField::Prac => (
                Some(
                    "no column was found: name one, or write the number of the practice that all rows are for",
                ),
                "prac = { value = \"1234\" }".to_owned(),
            ),
            TicketField::ClientCode => (
                Some("no column was found: it is sent empty"),
                format!("{name} = \"Doctor\""),
            ),
            _ => (
                Some("no column was found: name the one that holds it")
                    .filter(|_| field.is_required()),
                format!("{name} = \"...\""),
            ),
        };
        Line {
            field,
            fate: Fate::Lacking,
            remarks: remark.map(str::to_owned).into_iter().collect(),
            rules: vec![rule],
        }
    }

    /// Whether a ticket needs the field and the draft has no rule for it.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.field.is_required() && !matches!(self.fate, Fate::Filled(_))
    }

    fn write(&self, text: &mut String) {
        let name = self.field.name();
        let required = if self.field.is_required() {
            "required: "
        } else {
            ""
        };
        let note = match &self.fate {
            Fate::Filled(_) | Fate::Open(_) => {
                for remark in &self.remarks {
                    comment(text, &format!("{name}: {remark}."));
                }
                String::new()
            }
            Fate::Perhaps(_) if self.remarks.is_empty() => format!("  # {required}perhaps"),
            Fate::Perhaps(_) => format!("  # {required}perhaps: {}", self.remarks.join("; ")),
            // Most tickets do without most of the others.
            Fate::Lacking if self.remarks.is_empty() => return,
            Fate::Lacking => format!("  # {required}{}", self.remarks.join("; ")),
        };
        let mark = match self.fate {
            Fate::Filled(_) => "",
            Fate::Open(_) | Fate::Perhaps(_) | Fate::Lacking => "# ",
        };
        for rule in &self.rules {
            let _infallible = writeln!(text, "{mark}{rule}{note}");
        }
    }
}

/// Why nobody can say whether day or month comes first, and what to do.
fn open_order(months: u64, days: u64) -> String {
    let ask = "ask whoever made the file, and take the # off the right one of these lines";
    match (months, days) {
        (0, 0) => format!(
            "nothing in it tells whether month (%m) or day (%d) comes first, since no number of a date that is written so is \
             above 12: {ask}"
        ),
        (few, 0) | (0, few) => format!(
            "{} in it can only be {}, and that is no proof for those that may be either, since it may be a slip: {ask}",
            counted(few, "date"),
            if days == 0 {
                Order::MonthFirst
            } else {
                Order::DayFirst
            }
            .as_str()
        ),
        (1.., 1..) => format!(
            "{} in it can only be month first and {} only day first: mend the file, then take the # off the right one of these \
             lines",
            counted(months, "date"),
            counted(days, "date")
        ),
    }
}

impl Aside {
    /// As a sentence; none where there is nothing to tell.
    fn sentence(self) -> Option<String> {
        let columns = |places: &[String]| {
            let noun = if places.len() == 1 {
                "column"
            } else {
                "columns"
            };
            format!("{noun} {}", list(places))
        };
        match self {
            Aside::Unproven(count) => Some(format!(
                "no name of the header is told ({}): hardly one of them is known, and they may be a patient's; if the headers \
                 stand in another row, say so with --header-row; if the file has none, add a row with them; `ticketload \
                 inspect` shows the file",
                counted(count as u64, "column")
            )),
            Aside::WholeNames(names) if !names.is_empty() => Some(format!(
                "whole names stand in {}, and a mapping cannot part them: give last and first names columns of their own in the \
                 file",
                list(&names)
            )),
            Aside::Twice(name, places) => Some(format!(
                "{name} is the name of {}, and a mapping cannot tell them apart: give them different names in the file if they \
                 are to be used",
                columns(&places)
            )),
            Aside::Blank(places) if !places.is_empty() => Some(format!(
                "without a name, and so out of a mapping's reach: {}",
                columns(&places)
            )),
            Aside::LikeValues(places) if !places.is_empty() => Some(format!(
                "the header looks like a value, and is not told: {}",
                columns(&places)
            )),
            Aside::Unused(names) if !names.is_empty() => Some(format!(
                "no field takes {}; what a nurse should read can be joined into `comments`",
                list(&names)
            )),
            Aside::WholeNames(_) | Aside::Blank(_) | Aside::LikeValues(_) | Aside::Unused(_) => {
                None
            }
        }
    }
}

/// Names in a sentence, the first of them where there are many.
fn list(names: &[String]) -> String {
    let mut told: Vec<String> = names.iter().take(LISTED).cloned().collect();
    let more = names.len().saturating_sub(LISTED);
    if more > 0 {
        told.push(format!("{more} more"));
    }
    listed(&told, "and")
}
