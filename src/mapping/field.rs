//! One rule of `[fields]`: the keys that it may have, and which of them go together.
//!
//! Owns the check of one rule on its own: its keys, its formats and patterns, and that what the mapping itself puts
//! into tickets (constants, defaults, translations) fits the field. Headers are looked up later, in `bind`.

use super::STAMP_ROOM;
use super::diagnostics::Diagnostic;
use super::rule::{Filling, OnInvalid, Placed, Rule};
use super::rules::Case;
use super::rules::date::{DateFormat, meant_by};
use super::translate::{Refused, Translation};
use super::walk::Walk;
use super::wording::trim;
use crate::ticket::TicketField;
use regex::Regex;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// All keys of a rule.
const KEYS: [&str; 12] = [
    "column",
    "columns",
    "join",
    "value",
    "default",
    "translate",
    "translate_file",
    "dates",
    "case",
    "max_length",
    "pattern",
    "on_invalid",
];

/// Reads the rule for one field, which may be the one that is stamped; none where it cannot be used, with its errors noted.
pub(super) fn read(
    walk: &mut Walk<'_>,
    (field, is_stamped): (TicketField, bool),
    key_span: Range<usize>,
    value: &Spanned<DeValue<'_>>,
) -> Option<Rule> {
    let name = field.name();
    match value.get_ref() {
        DeValue::String(_) => {
            let header = walk.text_not_blank(name, value)?;
            Some(plain(field, key_span, of_column(header)))
        }
        DeValue::Table(table) => from_table(walk, (field, is_stamped), key_span, table),
        other => {
            let title = format!("the rule for `{name}` must be a column's header or a table");
            let label = format!("this is of type {}", other.type_str());
            walk.fault(Diagnostic::at(value.span(), title, &label).help(format!(
                "write {name} = \"Header\"; the same text for all rows is {name} = {{ value = \"...\" }}"
            )));
            None
        }
    }
}

fn of_column(header: Placed) -> Filling {
    Filling::Columns {
        headers: vec![header],
        join: String::new(),
    }
}

/// A rule that says no more than where its value comes from.
fn plain(field: TicketField, key_span: Range<usize>, filling: Filling) -> Rule {
    Rule {
        field,
        key_span,
        filling,
        default: None,
        translation: None,
        translate_file: None,
        dates: if field == TicketField::Dob {
            DateFormat::iso()
        } else {
            Vec::new()
        },
        case: None,
        max_length: None,
        is_stamped: false,
        pattern: None,
        on_invalid: OnInvalid::default_of(field),
    }
}

fn from_table(
    walk: &mut Walk<'_>,
    (field, is_stamped): (TicketField, bool),
    key_span: Range<usize>,
    table: &DeTable<'_>,
) -> Option<Rule> {
    walk.know(table, &KEYS, &format!("the rule for `{}`", field.name()));
    let filling = filling(walk, field, &key_span, table);
    // The rest is checked even where the rule has no source, so that all errors show at once.
    let mut rule = plain(
        field,
        key_span,
        filling.clone().unwrap_or(Filling::Constant(String::new())),
    );
    let default = table
        .get("default")
        .and_then(|value| walk.text_not_blank("default", value));
    rule.default = default.as_ref().map(|default| default.text.clone());
    rule.translate_file = table
        .get("translate_file")
        .and_then(|value| walk.text_not_blank("translate_file", value));
    rule.case = table
        .get("case")
        .and_then(|value| walk.word("case", value, &Case::WORDS));
    rule.is_stamped = is_stamped;
    if let Some(value) = table.get("max_length") {
        rule.max_length = max_length(walk, is_stamped, value);
    }
    if let Some(value) = table.get("dates") {
        dates(walk, &mut rule, value);
    }
    if let Some(value) = table.get("pattern") {
        rule.pattern = pattern(walk, value);
    }
    if let Some(value) = table.get("on_invalid") {
        on_invalid(walk, &mut rule, value);
    }
    if let Some(value) = table.get("translate") {
        rule.translation = translation(walk, &rule, value);
    } else if rule.translate_file.is_some() {
        rule.translation = Some(Translation::default());
    }
    check_own_texts(walk, &rule, default.as_ref(), table.get("value"));
    filling.map(|_| rule)
}

/// Where the value comes from: exactly one of `column`, `columns` and `value`.
fn filling(
    walk: &mut Walk<'_>,
    field: TicketField,
    key_span: &Range<usize>,
    table: &DeTable<'_>,
) -> Option<Filling> {
    let sources: Vec<_> = ["column", "columns", "value"]
        .into_iter()
        .filter_map(|key| table.get_key_value(key))
        .collect();
    let (key, value) = match sources.as_slice() {
        [] => {
            let title = format!("the rule for `{}` does not say what fills it", field.name());
            walk.fault(Diagnostic::at(key_span.clone(), title, "from where?").help(
                "write column = \"Header\", columns = [\"...\", \"...\"] or value = \"...\"",
            ));
            return None;
        }
        [one] => *one,
        [(first, _), (second, _), ..] => {
            let title = format!(
                "the rule for `{}` has both `{first}` and `{second}`",
                field.name()
            );
            walk.fault(
                Diagnostic::at(second.span(), title, "take one of the two out")
                    .context(first.span(), "stands here already"),
            );
            return None;
        }
    };
    refuse_useless(walk, key.get_ref(), table);
    match key.get_ref().as_ref() {
        "column" => walk.text_not_blank("column", value).map(of_column),
        "columns" => {
            let headers = walk.texts("columns", value);
            walk.refuse_twice(&headers);
            let join = match table.get("join") {
                Some(join) => walk.text("join", join)?.text,
                None => " ".to_owned(),
            };
            (!headers.is_empty()).then_some(Filling::Columns { headers, join })
        }
        _ => walk
            .text_not_blank("value", value)
            .map(|constant| Filling::Constant(constant.text)),
    }
}

/// Keys that can do nothing beside the one that fills the field.
fn refuse_useless(walk: &mut Walk<'_>, filled_by: &str, table: &DeTable<'_>) {
    let (useless, why): (&[&str], &str) = match filled_by {
        "columns" => return,
        "column" => (&["join"], "only `columns` are joined"),
        _ => (
            &[
                "join",
                "default",
                "translate",
                "translate_file",
                "dates",
                "on_invalid",
            ],
            "the value is the same for each row",
        ),
    };
    for (key, _) in table {
        if useless.contains(&key.get_ref().as_ref()) {
            let title = format!("`{key}` has no use beside `{filled_by}`");
            walk.fault(Diagnostic::at(key.span(), title, why));
        }
    }
}

fn dates(walk: &mut Walk<'_>, rule: &mut Rule, value: &Spanned<DeValue<'_>>) {
    if rule.field != TicketField::Dob {
        let title = format!("`dates` has no use for `{}`", rule.field.name());
        walk.fault(Diagnostic::at(value.span(), title, "only `dob` is a date"));
        return;
    }
    let mut formats = Vec::new();
    for written in walk.texts("dates", value) {
        match DateFormat::new(&written.text) {
            Some(format) => formats.push(format.behind(&formats)),
            None => {
                let title = match meant_by(&written.text) {
                    Some(meant) => format!("this is no date format; did you mean \"{meant}\"?"),
                    None => "no date can be read with this format".to_owned(),
                };
                walk.fault(Diagnostic::at(written.span, title, "not a date format").help(
                    "a format has a year (%Y), a month (%m, or %b as in Jan) and a day (%d): \"%m/%d/%Y\"",
                ));
            }
        }
    }
    rule.dates = formats;
}

/// How long a text may be; where it is stamped there must be room for a text beside the stamp.
fn max_length(
    walk: &mut Walk<'_>,
    is_stamped: bool,
    value: &Spanned<DeValue<'_>>,
) -> Option<usize> {
    let most = usize::try_from(walk.count("max_length", value)?).ok()?;
    if is_stamped && most <= STAMP_ROOM {
        let title = "`max_length` leaves no room for a text beside the stamp";
        walk.fault(
            Diagnostic::at(value.span(), title, "too short for both").help(format!(
                "a stamp takes up to {STAMP_ROOM} characters, with the blank before it; allow more, or take `stamp` out"
            )),
        );
        return None;
    }
    Some(most)
}

/// Compiles a pattern that the whole value must fit.
fn pattern(walk: &mut Walk<'_>, value: &Spanned<DeValue<'_>>) -> Option<Regex> {
    let written = walk.text_not_blank("pattern", value)?;
    // On its own first: what stands around it would be in the message.
    let whole =
        Regex::new(&written.text).and_then(|_| Regex::new(&format!(r"\A(?:{})\z", written.text)));
    match whole {
        Ok(whole) => Some(whole),
        Err(error) => {
            let text = error.to_string();
            let why = text.lines().last().unwrap_or_default();
            let why = why.trim_start_matches("error: ");
            walk.fault(Diagnostic::at(
                written.span,
                "this pattern cannot be read",
                why,
            ));
            None
        }
    }
}

fn on_invalid(walk: &mut Walk<'_>, rule: &mut Rule, value: &Spanned<DeValue<'_>>) {
    let Some(choice) = walk.word("on_invalid", value, &OnInvalid::WORDS) else {
        return;
    };
    let name = rule.field.name();
    let fault = if rule.field.is_required() && choice != OnInvalid::Reject {
        Some((
            format!("`{name}` is required, so a row without it cannot be sent"),
            "only \"reject\" is possible",
        ))
    } else if rule.field == TicketField::Comments && choice == OnInvalid::Comment {
        Some((
            "comments that do not fit cannot be kept in the comments".to_owned(),
            "\"reject\" or \"drop\" are possible",
        ))
    } else {
        None
    };
    match fault {
        Some((title, label)) => walk.fault(Diagnostic::at(value.span(), title, label)),
        None => rule.on_invalid = choice,
    }
}

fn translation(
    walk: &mut Walk<'_>,
    rule: &Rule,
    value: &Spanned<DeValue<'_>>,
) -> Option<Translation> {
    let Some(table) = value.get_ref().as_table() else {
        walk.fault(
            Diagnostic::at(value.span(), "`translate` must be a table", "not a table")
                .help("write translate = { F = \"female\", M = \"male\" }"),
        );
        return None;
    };
    if table.is_empty() {
        walk.fault(Diagnostic::at(
            value.span(),
            "`translate` is an empty table",
            "nothing in it",
        ));
    }
    let mut translation = Translation::default();
    for (key, value) in table {
        let Some(target) = walk.text(key.get_ref(), value) else {
            continue;
        };
        match translation.add(key.get_ref(), &target.text) {
            Ok(()) => {}
            Err(Refused::Twice) => walk.fault(
                Diagnostic::at(key.span(), "one value is translated in two ways", "again")
                    .help("values are compared without regard to case and space"),
            ),
            Err(Refused::Blank) => walk.fault(
                Diagnostic::at(key.span(), "a blank value is not translated", "blank")
                    .help("a blank value stays blank; write default = \"...\" for it"),
            ),
        }
        refuse_misfit(walk, rule, &target);
    }
    Some(translation)
}

fn check_own_texts(
    walk: &mut Walk<'_>,
    rule: &Rule,
    default: Option<&Placed>,
    value: Option<&Spanned<DeValue<'_>>>,
) {
    if let Some(default) = default {
        refuse_misfit(walk, rule, default);
    }
    if let Some(value) = value
        && let Some(text) = value.get_ref().as_str()
    {
        let constant = Placed {
            text: text.to_owned(),
            span: value.span(),
        };
        refuse_misfit(walk, rule, &constant);
    }
}

/// A text of the mapping that the field would refuse in each row.
fn refuse_misfit(walk: &mut Walk<'_>, rule: &Rule, own: &Placed) {
    if trim(&own.text).is_empty() {
        return;
    }
    if let Some(why) = rule.refuses(&own.text) {
        let title = format!("this does not fit `{}`", rule.field.name());
        walk.fault(Diagnostic::at(own.span.clone(), title, &why));
    }
}
