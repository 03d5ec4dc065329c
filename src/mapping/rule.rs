//! [`Rule`]: how one ticket field is filled, as the mapping file says it; and [`Filler`], the rule bound to columns.
//!
//! Owns the order in which a value goes through its rule (columns, translation, default, case, built-in rule,
//! length, pattern) and what becomes of a value that is refused: the row is rejected, or the text is kept in the
//! comments, or it is dropped. Takes no memory on the way of a good value.

use super::STAMP_ROOM;
use super::lack::{self, unreadable};
use super::mapped::Mapped;
use super::moved::note;
use super::rules::date::{DateFormat, Days};
use super::rules::{self, Calendar, Case, Value, list};
use super::translate::Translation;
use super::wording::{of_formula, sources, stripped, trim};
use crate::holds::is_null;
use crate::problem::{Problem, ProblemCode, Severity};
use crate::row::{Cell, Row};
use crate::ticket::TicketField;
use memchr::memchr;
use regex::Regex;
use std::borrow::Cow;
use std::cell;
use std::ops::Range;
use std::sync::Arc;

/// A text of the mapping file and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) text: String,
    pub(super) span: Range<usize>,
}

/// Where a field's value comes from.
#[derive(Debug, Clone)]
pub(super) enum Filling {
    /// Columns of the file; more than one are joined.
    Columns { headers: Vec<Placed>, join: String },
    /// The same for each row.
    Constant(String),
}

/// What becomes of an invalid value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnInvalid {
    Reject,
    Comment,
    Drop,
}

impl OnInvalid {
    /// The words of the mapping file.
    pub(super) const WORDS: [(&'static str, OnInvalid); 3] = [
        ("reject", OnInvalid::Reject),
        ("comment", OnInvalid::Comment),
        ("drop", OnInvalid::Drop),
    ];

    /// What a field does where its rule is silent. A doctor's code that is wrong is as bad as a wrong practice; and
    /// comments that do not fit cannot be kept in the comments.
    pub(super) fn default_of(field: TicketField) -> OnInvalid {
        let rejects =
            field.is_required() || matches!(field, TicketField::ClientCode | TicketField::Comments);
        if rejects {
            OnInvalid::Reject
        } else {
            OnInvalid::Comment
        }
    }
}

/// How one ticket field is filled.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) field: TicketField,
    pub(super) key_span: Range<usize>,
    pub(super) filling: Filling,
    pub(super) default: Option<String>,
    pub(super) translation: Option<Translation>,
    pub(super) translate_file: Option<Placed>,
    pub(super) dates: Vec<DateFormat>,
    pub(super) case: Option<Case>,
    pub(super) max_length: Option<usize>,
    /// Whether the row's reference is written at the end of the field.
    pub(super) is_stamped: bool,
    pub(super) pattern: Option<Regex>,
    pub(super) on_invalid: OnInvalid,
}

impl Rule {
    /// Why a text of the mapping itself (a constant, a default, a translation's target) does not fit the field.
    pub(super) fn refuses(&self, text: &str) -> Option<Cow<'static, str>> {
        if self.field == TicketField::Dob {
            // Whether a day lies in the future is known only when the row is mapped.
            return None;
        }
        let mut out = String::new();
        let mut cased = String::new();
        match self.case {
            Some(case) => case.write(trim(text), &mut cased),
            None => cased.push_str(trim(text)),
        }
        let value = Value::of(&cased);
        // No date is read here, so no day matters.
        let days = Days::up_to(jiff::civil::Date::default());
        let calendar = Calendar {
            formats: &self.dates,
            days: &days,
            clue: &cell::Cell::new(None),
        };
        rules::write(self.field, value, calendar, &mut out)
            .err()
            .or_else(|| self.misfit(&out))
    }

    fn has_limits(&self) -> bool {
        self.max_length.is_some() || self.pattern.is_some()
    }

    /// Whether nothing but its built-in rule stands between a cell and the ticket.
    fn adds_nothing(&self) -> bool {
        self.translation.is_none()
            && self.default.is_none()
            && self.case.is_none()
            && !self.has_limits()
    }

    /// The length that a text may have. What comes behind it when the row is sent counts too, so that a row that was found
    /// good is not too long then.
    pub(super) fn longest(&self) -> Option<usize> {
        let room = if self.is_stamped { STAMP_ROOM } else { 0 };
        self.max_length.map(|most| most.saturating_sub(room))
    }

    /// Why a value that is written as the ticket has it breaks the mapping's own limits.
    fn misfit(&self, written: &str) -> Option<Cow<'static, str>> {
        if let Some(most) = self.longest()
            && written.len() > most
            && written.chars().count() > most
        {
            let beside = if self.is_stamped {
                ", all that `max_length` leaves beside the stamp"
            } else {
                ""
            };
            return Some(format!("is longer than {most} characters{beside}; shorten it").into());
        }
        let pattern = self.pattern.as_ref()?;
        (!pattern.is_match(written)).then_some(Cow::Borrowed(
            "does not fit the pattern that the mapping sets for it",
        ))
    }
}

/// A column of one file that a rule reads.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) place: usize,
    pub(super) header: Arc<str>,
}

/// A rule bound to the columns of one file.
#[derive(Debug, Clone)]
pub(super) struct Filler {
    pub(super) rule: Arc<Rule>,
    pub(super) columns: Vec<Column>,
    /// Where plain text goes into the ticket as it stands: the place of its one column, and whether it may have lines.
    as_is: Option<(usize, bool)>,
}

/// Buffers for values on their way, kept from row to row.
#[derive(Clone, Default)]
pub(super) struct Scratch {
    /// Whether the row at hand is known to hold no control character but line feeds.
    pub(super) is_plain: bool,
    /// The part of its text that has all its line feeds: mostly none, or that of one cell.
    pub(super) line_ends: Range<usize>,
    pub(super) joined: String,
    folded: String,
    cased: String,
    /// What goes to the comments, line by line.
    pub(super) moved: String,
}

impl Filler {
    pub(super) fn new(rule: Arc<Rule>, columns: Vec<Column>) -> Filler {
        let has_lines = rules::is_text(rule.field).filter(|_| rule.adds_nothing());
        let as_is = match columns.as_slice() {
            [column] => has_lines.map(|has_lines| (column.place, has_lines)),
            _ => None,
        };
        Filler {
            rule,
            columns,
            as_is,
        }
    }

    /// Fills the field from the row, or says why not.
    pub(super) fn fill(&self, row: &Row, days: &Days, scratch: &mut Scratch, call: &mut Mapped) {
        // Half of all fields in most rows: nothing of what follows would change them.
        if let Some((place, may_have_lines)) = self.as_is
            && scratch.is_plain
            && !row.has_kinds()
        {
            let text = trim(row.text(place));
            let (cell, ends) = (row.place(place), &scratch.line_ends);
            let may_have_one = cell.start < ends.end && ends.start < cell.end;
            let fits = may_have_lines || !may_have_one || memchr(b'\n', text.as_bytes()).is_none();
            if !text.is_empty() && fits && !lack::is_odd(text) {
                return call.payload.set(self.rule.field, text);
            }
        }
        let rule = &*self.rule;
        let Some(value) = self.collect(row, (&mut scratch.joined, scratch.is_plain), call) else {
            return;
        };
        let found = value.text;
        let translated = match &rule.translation {
            Some(table) if !found.is_empty() && !self.columns.is_empty() => {
                let Some(target) = table.find(found, &mut scratch.folded) else {
                    let why = "is not in the mapping's translation; add it there or correct it";
                    return self.refuse(found, why, &mut scratch.moved, call);
                };
                Value::of(target)
            }
            Some(_) | None => value,
        };
        let value = match &rule.default {
            Some(default) if translated.text.is_empty() => Value::of(default),
            Some(_) | None => translated,
        };
        if value.text.is_empty() {
            return self.leave_blank(call);
        }
        let value = match rule.case {
            Some(case) => {
                scratch.cased.clear();
                case.write(value.text, &mut scratch.cased);
                Value {
                    text: &scratch.cased,
                    ..value
                }
            }
            None => value,
        };
        self.judge(value, found, days, (&mut scratch.moved, call));
    }

    /// The text of the rule's columns, trimmed; none where a cell cannot be read.
    fn collect<'a>(
        &'a self,
        row: &'a Row,
        (joined, is_plain): (&'a mut String, bool),
        call: &mut Mapped,
    ) -> Option<Value<'a>> {
        let join = match &self.rule.filling {
            Filling::Constant(text) => {
                return Some(Value::of(trim(text)));
            }
            Filling::Columns { join, .. } => join,
        };
        if let [column] = self.columns.as_slice() {
            let cell = row.cell(column.place);
            self.is_readable(cell, column, call).then(|| Value {
                text: match self.seen(cell.text, is_plain) {
                    Cow::Borrowed(text) => text,
                    Cow::Owned(text) => {
                        *joined = text;
                        joined
                    }
                },
                kind: cell.kind,
                is_plain,
            })
        } else {
            self.join(row, join, joined, call)
                .then(|| Value::of(trim(joined)))
        }
    }

    /// Joins the cells into the buffer; blank ones keep their place in a list and leave no gap elsewhere.
    fn join(&self, row: &Row, join: &str, joined: &mut String, call: &mut Mapped) -> bool {
        joined.clear();
        let keeps_places = rules::is_list(self.rule.field);
        let parts = keeps_places && join.contains(list::JOINT);
        let mut readable = true;
        let mut is_parted = false;
        let mut is_first = true;
        let mut is_blank = true;
        for column in &self.columns {
            let cell = row.cell(column.place);
            readable &= self.is_readable(cell, column, call);
            let text = self.seen(cell.text, false);
            is_blank &= text.is_empty();
            if keeps_places || !text.is_empty() {
                if !is_first {
                    joined.push_str(join);
                }
                if parts && text.contains(list::JOINT) {
                    // It would shift all pieces behind it.
                    joined.extend(text.chars().map(list::within_a_piece));
                    is_parted = true;
                } else {
                    joined.push_str(&text);
                }
                is_first = false;
            }
        }
        if is_blank {
            joined.clear();
        }
        if is_parted {
            let code = ProblemCode::Changed(self.rule.field);
            call.problems
                .push(self.problem(code, Severity::Warning, list::PARTED));
        }
        readable
    }

    /// A cell's text, trimmed, without Excel's formula around it: the row keeps it, since by its cells as they stand the
    /// ledger knows the row; without it, rows that were sent would be new ones and sent again. Marks that nobody can see
    /// are no part of a date, a number or a code; from free text its own rule takes them out, and says so.
    #[inline]
    fn seen<'a>(&self, text: &'a str, is_plain: bool) -> Cow<'a, str> {
        if is_plain || rules::is_text(self.rule.field).is_some() {
            let text = trim(text);
            let formula = text.starts_with('=').then(|| of_formula(text)).flatten();
            formula.unwrap_or(Cow::Borrowed(text))
        } else {
            stripped(text)
        }
    }

    fn is_readable(&self, cell: Cell<'_>, column: &Column, call: &mut Mapped) -> bool {
        unreadable(cell, &column.header).is_none_or(|problem| {
            // Whoever translates an error knows of it.
            let table = self.rule.translation.as_ref();
            let table = table.filter(|_| self.columns.len() == 1 && !cell.text.is_empty());
            if table.is_some_and(|table| table.find(cell.text, &mut String::new()).is_some()) {
                return true;
            }
            call.problems.push(Problem {
                field: Some(self.rule.field),
                ..problem
            });
            false
        })
    }

    /// Writes the value into the ticket if its rule, its length and its pattern allow it.
    fn judge(
        &self,
        value: Value<'_>,
        found: &str,
        days: &Days,
        (moved, call): (&mut String, &mut Mapped),
    ) {
        let field = self.rule.field;
        let clue = cell::Cell::new(None);
        let calendar = Calendar {
            formats: &self.rule.dates,
            days,
            clue: &clue,
        };
        let mut judged = Ok(None);
        call.payload.set_with(field, |out| {
            judged = rules::write(field, value, calendar, out);
        });
        // What the mapping itself says (a constant, a default, a translation's target) shows nothing of the file.
        if clue.get().is_some() && self.rule.translation.is_none() {
            let is_of_file = !self.columns.is_empty() && !found.is_empty();
            call.clue = clue.get().filter(|_| is_of_file);
        }
        let remark = match judged {
            Ok(remark) => remark,
            Err(why) => return self.refuse(found, &why, moved, call),
        };
        let written = call.payload.get(field).unwrap_or_default();
        if written.is_empty() {
            return self.leave_blank(call);
        }
        if self.rule.has_limits()
            && let Some(why) = self.rule.misfit(written)
        {
            return self.refuse(found, &why, moved, call);
        }
        if field.is_required() && self.rule.translation.is_none() && is_null(found) {
            let code = ProblemCode::Doubtful(field);
            call.problems
                .push(self.problem(code, Severity::Warning, lack::NULL));
        }
        if let Some(remark) = remark {
            if let Some(extension) = remark.extension {
                note(
                    moved,
                    rules::label(field),
                    &format!("extension {extension}"),
                );
            }
            let code = match remark.is_doubt {
                true => ProblemCode::Doubtful(field),
                false => ProblemCode::Changed(field),
            };
            call.problems
                .push(self.problem(code, remark.severity, remark.message));
        }
    }

    /// The field has no value: that is a problem only where a ticket needs one.
    fn leave_blank(&self, call: &mut Mapped) {
        let field = self.rule.field;
        call.payload.remove(field);
        if field.is_required() {
            call.problems.push(self.problem(
                ProblemCode::Missing(field),
                Severity::Error,
                "is blank; a ticket needs it",
            ));
        }
    }

    /// Does with a refused value what the mapping says; `found` is the value as the file has it.
    fn refuse(&self, found: &str, why: &str, moved: &mut String, call: &mut Mapped) {
        let field = self.rule.field;
        call.payload.remove(field);
        let code = ProblemCode::Invalid(field);
        let problem = match self.rule.on_invalid {
            OnInvalid::Reject => self.problem(code, Severity::Error, why),
            OnInvalid::Comment => {
                note(moved, rules::label(field), found);
                let message = format!("{why} (kept in the comments)");
                self.problem(code, Severity::Warning, &message)
            }
            OnInvalid::Drop => {
                let message = format!("{why} (left out)");
                self.problem(code, Severity::Warning, &message)
            }
        };
        call.problems.push(problem);
    }

    pub(super) fn problem(&self, code: ProblemCode, severity: Severity, message: &str) -> Problem {
        let (column, message) = match self.columns.as_slice() {
            [column] => (Some(Arc::clone(&column.header)), message.to_owned()),
            [] => (None, message.to_owned()),
            columns => {
                let columns = sources(columns.iter().map(|column| &*column.header));
                (None, format!("{message} (from {columns})"))
            }
        };
        Problem {
            column,
            field: Some(self.rule.field),
            code,
            severity,
            message,
        }
    }
}
