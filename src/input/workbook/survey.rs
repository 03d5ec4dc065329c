//! Looks through the sheet that rows come from, to its end, before a row is used.
//!
//! Owns what calamine does not tell: formulas without a value, hidden rows and columns, merged cells, filters, and values
//! that it would read as others than they are. Its findings are for people and for the reader of
//! the rows; the cells' values are read by calamine alone.

use super::super::error::InputErrorKind;
use super::package::{Package, Step};
use super::tags::{Misfit, Tags, Visitor};
use super::value::{OpenCell, Writing, are_plain};
use super::{beside, dimension};
use crate::reading::Area;
use memchr::memmem;
use regex::bytes::Regex;
use std::ops::{ControlFlow, RangeInclusive};
use std::sync::LazyLock;

/// A full sheet of long rows is some 2 GiB; beyond that the time to read it is no longer bounded by anything.
const SHEET: u64 = 4 * 1024 * 1024 * 1024;
const SHEET_TEXT: &str = "4 GiB";
/// One string or cell with its markup.
pub(super) const CELL: u64 = 4 * 1024 * 1024;
/// More formulas without a value than this are not listed but refused.
const UNCOMPUTED: usize = 1_000_000;
/// More cells with an error than this are not listed: only those that calamine does not know want to be found again.
const ERRORS: usize = 1_000_000;
/// More merges or hidden runs than this come from no person.
const RUNS: usize = 1_000_000;

/// What a worksheet holds beside its values.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(in super::super) struct Facts {
    /// Whether any cell has a value or a formula.
    pub(super) has_data: bool,
    /// Cells with a formula and no value, in the order of the part; rows and columns from 0.
    pub(super) uncomputed: Vec<(u32, u32)>,
    /// Cells with an error for a value, likewise.
    pub(super) errors: Vec<(u32, u32)>,
    /// The first row, from 0, that would not be read as it is written, and why.
    pub(super) odd: Option<(u32, &'static str)>,
    /// The first row, from 0, with a cell that holds an extension.
    pub(super) extended: Option<u32>,
    /// Whether a cell does not say where it stands, in a row that has an error.
    pub(super) unplaced: bool,
    /// Runs of hidden rows with a value, from 0, both ends included.
    pub(super) hidden_rows: Vec<(u32, u32)>,
    /// Runs of hidden columns, from 0, both ends included.
    pub(super) hidden_columns: Vec<(u32, u32)>,
    /// Merged areas, as first and last row and column from 0.
    pub(super) merged: Vec<[u32; 4]>,
    /// Whether a filter is set that hides rows.
    pub(in super::super) filtered: bool,
    /// Whether the sheet tells its size in a way that calamine refuses.
    pub(super) missized: bool,
    /// Whether the archive tells another length of the part than it has, unpacked.
    pub(super) mislength: bool,
}

impl Facts {
    /// Hidden rows of an area that have a value.
    pub(in super::super) fn hidden_rows_in(&self, area: &Area) -> u64 {
        shared(&self.hidden_rows, &rows_of(area))
    }

    /// Hidden columns of an area.
    pub(in super::super) fn hidden_columns_in(&self, area: &Area) -> u64 {
        shared(&self.hidden_columns, &columns_of(area))
    }

    /// Merged areas that reach into an area.
    pub(in super::super) fn merged_in(&self, area: &Area) -> u64 {
        let (rows, columns) = (rows_of(area), columns_of(area));
        let inside = |[top, left, bottom, right]: &&[u32; 4]| {
            let reaches = |first: u32, last: u32, within: &RangeInclusive<u64>| {
                u64::from(first) <= *within.end() && u64::from(last) >= *within.start()
            };
            reaches(*top, *bottom, &rows) && reaches(*left, *right, &columns)
        };
        self.merged.iter().filter(inside).count() as u64
    }

    /// Cells of an area with a formula and no value.
    pub(in super::super) fn uncomputed_in(&self, area: &Area) -> u64 {
        let (rows, columns) = (rows_of(area), columns_of(area));
        let inside = |(row, column): &&(u32, u32)| {
            rows.contains(&u64::from(*row)) && columns.contains(&u64::from(*column))
        };
        self.uncomputed.iter().filter(inside).count() as u64
    }
}

/// The rows of an area, counted from 0.
fn rows_of(area: &Area) -> RangeInclusive<u64> {
    area.rows.start().saturating_sub(1)..=area.rows.end().saturating_sub(1)
}

fn columns_of(area: &Area) -> RangeInclusive<u64> {
    let wide = |column: usize| u64::try_from(column).unwrap_or(u64::MAX);
    wide(*area.columns.start())..=wide(*area.columns.end())
}

/// How much of the runs lies within a range.
fn shared(runs: &[(u32, u32)], within: &RangeInclusive<u64>) -> u64 {
    let part = |&(first, last): &(u32, u32)| {
        let (first, last) = (u64::from(first).max(*within.start()), u64::from(last));
        last.min(*within.end())
            .saturating_add(1)
            .saturating_sub(first)
    };
    runs.iter().map(part).sum()
}

/// Looks through a worksheet to its end.
pub(super) fn sheet(package: &mut Package, part: &str) -> Result<Facts, InputErrorKind> {
    let mut survey = SheetSurvey::default();
    let mut tags = Tags::default();
    let mut length = 0;
    each_chunk(package, part, &mut |chunk| {
        length += chunk.len() as u64;
        tags.feed(chunk, &mut survey).map_err(|m| misfit(part, m))?;
        survey.trouble(part)
    })?;
    survey.facts.mislength = package.claimed_length(part) != Some(length);
    survey.facts.hidden_rows.sort_unstable();
    Ok(survey.facts)
}

/// Unpacks a worksheet, to its end unless `each` has enough.
pub(super) fn unpack(
    package: &mut Package,
    part: &str,
    each: &mut dyn FnMut(&[u8]) -> Step,
) -> Result<(), InputErrorKind> {
    package.unpack(part, SHEET, SHEET_TEXT, each)
}

/// Reads a worksheet to its end.
pub(super) fn each_chunk(
    package: &mut Package,
    part: &str,
    each: &mut dyn FnMut(&[u8]) -> Result<(), InputErrorKind>,
) -> Result<(), InputErrorKind> {
    beside::each_chunk(|each| unpack(package, part, each), each)
}

/// Whether a worksheet has a value; stops at the first.
pub(super) fn has_data(package: &mut Package, part: &str) -> Result<bool, InputErrorKind> {
    let mut survey = SheetSurvey::default();
    let mut tags = Tags::default();
    unpack(package, part, &mut |chunk| {
        tags.feed(chunk, &mut survey).map_err(|m| misfit(part, m))?;
        let found = survey.facts.has_data;
        Ok(if found {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        })
    })?;
    Ok(survey.facts.has_data)
}

pub(super) fn misfit(part: &str, misfit: Misfit) -> InputErrorKind {
    match misfit {
        Misfit::TooLong => InputErrorKind::too_large(part, "a text or a tag", "1 MiB"),
        Misfit::DocType => super::doctype(part),
    }
}

const BEHIND: &str = "rows stand behind the end of the table";

/// What a row holds that is of note beside plain values: a formula, with or without a namespace prefix, an error, the
/// attribute that hides it, markup that is no tag, a value or a text with a prefix, an extension, and an early end of all rows.
static NOTABLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"<f|:f|"e"|'e'|hidden|<!|:v>|:is|extLst|sheetData"#).expect("a list of words")
});

#[derive(Debug, Default)]
struct SheetSurvey {
    facts: Facts,
    row: u32,
    column: u32,
    row_is_hidden: bool,
    row_is_unplaced: bool,
    row_has_error: bool,
    is_begun: bool,
    is_ended: bool,
    cell: Option<OpenCell>,
    too_large: bool,
}

impl Visitor for SheetSurvey {
    /// Most rows hold values and nothing else: half of the time that it takes to unpack a sheet is saved on them.
    const PASS_AT: Option<&[u8]> = Some(b"<row r=\"");

    fn pass(&self, bytes: &[u8]) -> usize {
        let Some(to) = Self::PASS_AT.and_then(|row| memmem::rfind(bytes, row)) else {
            return 0;
        };
        let (rows, next) = bytes.split_at(to);
        // The row behind them must say its number, since theirs are not counted.
        let row = next
            .get(1..)
            .and_then(|tag| tag.split(|&byte| byte == b'>').next());
        let numbered = number(row.and_then(|tag| attribute(tag, b"r"))).is_some_and(|row| row > 0);
        let plain = numbered
            && self.facts.has_data
            && self.cell.is_none()
            && !self.is_ended
            && !NOTABLE.is_match(rows)
            && !hides_by_height(rows)
            && are_plain(rows);
        if plain { to } else { 0 }
    }

    fn text(&mut self, bytes: &[u8]) {
        if let Some(cell) = &mut self.cell {
            cell.value_goes_on(bytes);
        }
    }

    fn special(&mut self, is_cdata: bool) {
        if let Some(cell) = &mut self.cell {
            cell.special_met(is_cdata);
        }
    }

    fn tag(&mut self, tag: &[u8], text: usize) {
        let name = local_name(tag);
        if let Some(cell) = &mut self.cell {
            cell.value_ends(name);
        }
        match name {
            b"c" => self.cell_opens(tag),
            b"v" => {
                if let Some(cell) = &mut self.cell {
                    cell.value_opens(tag);
                }
            }
            b"/v" | b"/t" if text > 0 => {
                self.value_met();
                if let Some(cell) = &mut self.cell {
                    cell.value = true;
                }
            }
            b"f" => {
                self.value_met();
                if let Some(cell) = &mut self.cell {
                    cell.formula_opens();
                }
            }
            b"is" => {
                if let Some(cell) = &mut self.cell {
                    cell.text_opens();
                }
            }
            b"extLst" => {
                if let Some(cell) = &self.cell {
                    self.facts.extended.get_or_insert(cell.place.0);
                }
            }
            b"/c" => self.cell_closes(),
            b"row" => self.row_opens(tag),
            b"/row" => self.row_closes(),
            b"dimension" if !self.is_begun => self.facts.missized |= !dimension::is_taken(tag),
            b"sheetData" => {
                self.is_begun = true;
                self.is_ended |= tag.ends_with(b"/");
            }
            b"/sheetData" => self.is_ended = true,
            b"col" => self.column_run(tag),
            b"mergeCell" => self.merge(tag),
            b"filterColumn" => self.facts.filtered = true,
            _ => {}
        }
        if let Some(cell) = &mut self.cell {
            cell.size += (text + tag.len()) as u64;
            self.too_large |= cell.size > CELL;
        }
    }
}

impl SheetSurvey {
    /// Blank rows may be hidden as they like; a value in a hidden row is a call that nobody sees.
    fn value_met(&mut self) {
        self.facts.has_data = true;
        if self.row_is_hidden {
            extend(&mut self.facts.hidden_rows, self.row, self.row);
        }
    }

    fn cell_opens(&mut self, tag: &[u8]) {
        let place_at = tag
            .strip_prefix(b"c r=\"")
            .map_or_else(|| attribute(tag, b"r"), up_to_quote);
        if let Some((row, column)) = place_at.and_then(place) {
            self.row = row;
            self.column = column;
        } else {
            self.row_is_unplaced = true;
        }
        let place = (self.row, self.column);
        self.column = self.column.saturating_add(1);
        if self.is_ended {
            self.facts.odd.get_or_insert((self.row, BEHIND));
        }
        if tag.ends_with(b"/") {
            return;
        }
        self.cell = Some(OpenCell::new(place, tag));
    }

    fn cell_closes(&mut self) {
        let Some(cell) = self.cell.take() else { return };
        if cell.formula && !cell.value {
            self.facts.uncomputed.push(cell.place);
        }
        if let Some(what) = cell.oddity() {
            self.facts.odd.get_or_insert((cell.place.0, what));
        }
        if cell.writing == Writing::Error && cell.value {
            self.row_has_error = true;
            if self.facts.errors.len() < ERRORS {
                self.facts.errors.push(cell.place);
            }
        }
    }

    fn row_opens(&mut self, tag: &[u8]) {
        if let Some(row) = number(attribute(tag, b"r")).and_then(|row| row.checked_sub(1)) {
            self.row = u32::try_from(row).unwrap_or(u32::MAX);
        }
        self.column = 0;
        self.row_is_hidden = is_true(attribute(tag, b"hidden")) || is_zero(attribute(tag, b"ht"));
        if tag.ends_with(b"/") {
            self.row = self.row.saturating_add(1);
        }
    }

    fn row_closes(&mut self) {
        self.facts.unplaced |= self.row_has_error && self.row_is_unplaced;
        (self.row_has_error, self.row_is_unplaced) = (false, false);
        self.row = self.row.saturating_add(1);
        self.column = 0;
    }

    fn column_run(&mut self, tag: &[u8]) {
        if !is_true(attribute(tag, b"hidden")) && !is_zero(attribute(tag, b"width")) {
            return;
        }
        let end = |name| {
            let column = number(attribute(tag, name)).and_then(|column| column.checked_sub(1));
            column.and_then(|column| u32::try_from(column).ok())
        };
        if let (Some(first), Some(last)) = (end(b"min"), end(b"max")) {
            extend(&mut self.facts.hidden_columns, first, last);
        }
    }

    fn merge(&mut self, tag: &[u8]) {
        let area = attribute(tag, b"ref").and_then(|area| {
            let colon = memchr::memchr(b':', area)?;
            let (first, last) = (place(area.get(..colon)?)?, place(area.get(colon + 1..)?)?);
            Some([first.0, first.1, last.0, last.1])
        });
        self.facts.merged.extend(area);
    }

    fn trouble(&self, part: &str) -> Result<(), InputErrorKind> {
        if self.too_large {
            return Err(InputErrorKind::too_large(part, "a cell", "4 MiB"));
        }
        if self.facts.uncomputed.len() > UNCOMPUTED {
            return Err(InputErrorKind::Uncomputed);
        }
        if self.facts.hidden_rows.len() > RUNS || self.facts.merged.len() > RUNS {
            return Err(InputErrorKind::too_large(
                part,
                "the number of merged or hidden areas",
                "1,000,000",
            ));
        }
        Ok(())
    }
}

/// Lengthens the last run by one that touches it, or begins a new one.
fn extend(runs: &mut Vec<(u32, u32)>, first: u32, last: u32) {
    match runs.last_mut() {
        Some(run) if run.1.checked_add(1) == Some(first) => run.1 = last,
        Some(run) if run.1 >= first => run.1 = run.1.max(last),
        _ => runs.push((first, last)),
    }
}

/// The name of a tag without its namespace prefix, with the slash of a closing tag.
pub(super) fn local_name(tag: &[u8]) -> &[u8] {
    let slash = tag.first() == Some(&b'/');
    let inner = tag.get(usize::from(slash)..).unwrap_or_default();
    let end = inner
        .iter()
        .position(|b| matches!(b, b' ' | b'/' | b'\t' | b'\r' | b'\n'));
    let name = end.and_then(|end| inner.get(..end)).unwrap_or(inner);
    let Some(colon) = name.iter().position(|&b| b == b':') else {
        return tag
            .get(..name.len() + usize::from(slash))
            .unwrap_or_default();
    };
    let local = name.get(colon + 1..).unwrap_or_default();
    match (slash, local) {
        (false, local) => local,
        (true, b"c") => b"/c",
        (true, b"v") => b"/v",
        (true, b"t") => b"/t",
        (true, b"si") => b"/si",
        (true, b"row") => b"/row",
        (true, b"sheetData") => b"/sheetData",
        (true, _) => b"/",
    }
}

fn up_to_quote(value: &[u8]) -> Option<&[u8]> {
    value.get(..value.iter().position(|&byte| byte == b'"')?)
}

/// The raw value of an attribute without a prefix; what is asked for never holds an entity.
pub(super) fn attribute<'a>(tag: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut at = 0;
    loop {
        let rest = tag.get(at..)?;
        let equals = at + memchr::memchr(b'=', rest)?;
        let key = tag.get(at..equals)?.trim_ascii();
        let after = tag.get(equals + 1..)?;
        let lead = after.len() - after.trim_ascii_start().len();
        let quote = *after.get(lead)?;
        let value = after.get(lead + 1..)?;
        let end = memchr::memchr(quote, value)?;
        let start = key
            .iter()
            .rposition(u8::is_ascii_whitespace)
            .map_or(0, |space| space + 1);
        if key.get(start..) == Some(name) {
            return value.get(..end);
        }
        at = equals + 1 + lead + 1 + end + 1;
    }
}

fn is_true(value: Option<&[u8]>) -> bool {
    matches!(value, Some(b"1" | b"true"))
}

/// Whether a height or a width is so small that nothing of it is shown.
fn is_zero(value: Option<&[u8]>) -> bool {
    let value = value.and_then(|value| std::str::from_utf8(value).ok());
    let size = value.and_then(|value| value.trim().parse::<f64>().ok());
    size.is_some_and(|size| size <= 0.0)
}

/// Whether one of some rows is hidden by its height: many rows have one, and show what they hold.
fn hides_by_height(rows: &[u8]) -> bool {
    memmem::find_iter(rows, b"ht").any(|at| {
        let space = at.checked_sub(1).and_then(|before| rows.get(before));
        space.is_some_and(u8::is_ascii_whitespace)
            && is_zero(quoted(rows.get(at + 2..).unwrap_or_default()))
    })
}

/// The value of an attribute whose name stands in front of these bytes.
fn quoted(bytes: &[u8]) -> Option<&[u8]> {
    let value = bytes.trim_ascii_start().strip_prefix(b"=")?;
    let (quote, value) = value.trim_ascii_start().split_first()?;
    let end = value.iter().position(|byte| byte == quote)?;
    value.get(..end).filter(|_| matches!(quote, b'"' | b'\''))
}

pub(super) fn number(value: Option<&[u8]>) -> Option<u64> {
    std::str::from_utf8(value?).ok()?.trim().parse().ok()
}

/// `AB12` as row and column from 0.
pub(super) fn place(reference: &[u8]) -> Option<(u32, u32)> {
    let mut column = 0_u32;
    let mut row = 0_u32;
    for &byte in reference {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' => {
                let letter = u32::from(byte.to_ascii_uppercase() - b'A') + 1;
                column = column.checked_mul(26)?.checked_add(letter)?;
            }
            b'0'..=b'9' => row = row.checked_mul(10)?.checked_add(u32::from(byte - b'0'))?,
            b'$' => {}
            _ => return None,
        }
    }
    Some((row.checked_sub(1)?, column.checked_sub(1)?))
}

#[cfg(test)]
mod tests {
    use super::super::value::{NO_STRING, NO_VALUE};
    use super::*;
    use proptest::prelude::*;

    fn facts(xml: &str) -> Facts {
        let mut survey = SheetSurvey::default();
        let mut tags = Tags::default();
        tags.feed(xml.as_bytes(), &mut survey).unwrap();
        survey.facts
    }

    #[test]
    fn formulas_without_a_value_are_found() {
        let xml = "<worksheet><sheetData><row r=\"2\"><c r=\"A2\"><f>1+1</f></c><c r=\"B2\"><f>1</f><v>1</v></c>\
            <c t=\"str\"><f>\"\"</f><v></v></c><c><f>1</f><v/></c></row><row><c><f>2</f></c></row></sheetData></worksheet>";
        let expected = [(1, 0), (1, 3), (2, 0)];
        assert_eq!(facts(xml).uncomputed, expected);
        let prefixed = xml
            .replace("</", "</x:")
            .replace('<', "<x:")
            .replace("<x:/x:", "</x:");
        assert_eq!(facts(&prefixed).uncomputed, expected);
    }

    /// The survey without the way past rows that hold nothing of note.
    #[derive(Default)]
    struct Thorough(SheetSurvey);

    impl Visitor for Thorough {
        fn tag(&mut self, tag: &[u8], text: usize) {
            self.0.tag(tag, text);
        }

        fn text(&mut self, bytes: &[u8]) {
            self.0.text(bytes);
        }

        fn special(&mut self, is_cdata: bool) {
            self.0.special(is_cdata);
        }
    }

    proptest! {
        #[test]
        fn passing_over_rows_changes_no_finding(
            rows in prop::collection::vec((0..ROWS.len(), any::<bool>()), 0..40),
            chunk in 1_usize..4000,
        ) {
            let mut xml = "<worksheet><sheetData>".to_owned();
            for (number, (kind, numbered)) in (3..).zip(rows) {
                let number = if numbered { format!(" r=\"{number}\"") } else { String::new() };
                xml.push_str(&ROWS[kind].replace("<row", &format!("<row{number}")));
            }
            xml.push_str("</sheetData><mergeCells><mergeCell ref=\"A1:B2\"/></mergeCells></worksheet>");
            let (mut survey, mut thorough) = (SheetSurvey::default(), Thorough::default());
            let (mut quick_tags, mut thorough_tags) = (Tags::default(), Tags::default());
            for chunk in xml.as_bytes().chunks(chunk) {
                let quick = quick_tags.feed(chunk, &mut survey);
                prop_assert_eq!(quick, thorough_tags.feed(chunk, &mut thorough));
            }
            prop_assert_eq!(survey.facts, thorough.0.facts);
        }
    }

    /// Rows of all kinds; most are plain, as they are in files.
    const ROWS: [&str; 42] = [
        "<row><c r=\"A1\"><v>1</v></c><c><v>2</v></c></row>",
        "<row><c><v>1</v></c></row>",
        "<row spans=\"1:2\"><c t=\"inlineStr\"><is><t>a &lt; b</t></is></c></row>",
        "<row/>",
        "<row><c/><c t=\"s\"/></row>",
        "<row><c><f>1</f><v>1</v></c></row>",
        "<row><c><f>1</f></c><c t=\"str\"><f>\"\"</f><v></v></c></row>",
        "<row><x:c><x:f>1</x:f></x:c></row>",
        "<row hidden=\"1\"><c><v>1</v></c></row>",
        "<row><c t=\"inlineStr\"><is><t><![CDATA[<row r=\"9\"><f>]]></t></is></c></row>",
        "<row><!-- <row r=\"7\"> --><c><f/></c></row>",
        "<row r=\"0\"><c><f/></c></row>",
        "<row><c r=\"A1\" t=\"e\"><v>#SPILL!</v></c><c><v>1</v></c></row>",
        "<row><c r=\"A1\" t='e'><v>#SPILL!</v></c></row>",
        "<row><c t = \"e\"><v>#SPILL!</v></c></row>",
        "<row><c r=\"A1\" s=\"1\"><v>-1.5E-3</v></c><c t=\"s\"><v>12</v></c></row>",
        "<row><c t=\"str\"><v>a &lt; b</v></c><c t=\"d\"><v>1989-12-30</v></c><c t=\"str\"><v></v></c></row>",
        "<row><c><v></v></c><c><v/></c><c t=\"s\"><v></v></c><c t=\"b\"><v>true</v></c></row>",
        "<row><c><v>plain text</v></c><c><v>1</v>\n</c></row>",
        "<row><c t=\"inlineStr\"><is><t>a</t></is><v> x </v></c></row>",
        "<row><c t=\"s\"><v>-1</v></c></row>",
        "<row><c t=\"s\"><v>99999999999999999999</v></c><c><v>123456789012345678901</v></c></row>",
        "<row><c t='s'><v>1.0</v></c></row>",
        "<row><c t=\"s\"><v>1x</v></c></row>",
        "<row><c><v> 44197</v></c></row>",
        "<row><c><v>44197\n</v></c></row>",
        "<row><c><v>4&#52;197</v></c></row>",
        "<row><c><v>1</v><v>2</v></c></row>",
        "<row><c t=\"s\"><v xml:space=\"preserve\">x</v></c></row>",
        "<row><c t=\"inlineStr\"><is><t>a</t></is></c><c t='inlineStr'><is/></c></row>",
        "<row><c t=\"inlineStr\"><is><t>a</t></is><is/></c></row>",
        "<row><c t=\"inlineStr\"><is><t>a</t></is><x:is/></c></row>",
        "<row><c t=\"s\"><is><t>a</t></is></c></row>",
        "<row><c t=\"inlineStr\"><v>1</v></c></row>",
        "<row><c><v>1</v><is/></c></row>",
        "<row spans=\"1:2\" ht=\"15.75\" customHeight=\"0\"><c><v>1</v></c></row>",
        "<row spans=\"1:2\" ht=\"0\" customHeight=\"1\"><c><v>1</v></c></row>",
        "<row\tht = ' 0.0 '><c><v>1</v></c></row>",
        "<row><c><v>1</v></c><extLst><ext><v>2</v></ext></extLst></row>",
        "<row><c><v>1</v><extLst><ext><v>2</v></ext></extLst></c></row>",
        "<row><c t=\"inlineStr\"><is><t>a</t></is><x:extLst/></c></row>",
        "<row><c t=\"inlineStr\"><is><t>at night: ht=0 ht=\"0\"</t></is></c></row>",
    ];

    #[test]
    fn values_that_would_be_read_as_others_are_found() {
        let odd = |cell: &str| {
            let xml = format!("<row r=\"3\"><c><v>1</v></c></row><row r=\"4\">{cell}</row>");
            facts(&format!("<sheetData>{xml}</sheetData>")).odd
        };
        for value in [
            "abc",
            "-1",
            "1.0",
            "+1",
            "1x",
            " 0 ",
            "<![CDATA[0]]>",
            "0<!-- -->",
            "99999999999999999999",
        ] {
            let cell = format!("<c t=\"s\"><v>{value}</v></c>");
            assert_eq!(odd(&cell), Some((3, NO_STRING)), "{value}");
        }
        for value in [
            "4&#52;197",
            "5<!-- 6 -->7",
            "<![CDATA[55]]>",
            "1<?x?>2",
            " 5 ",
            "5\n",
            "1</v><v>2",
        ] {
            for tag in ["c", "c t=\"n\"", "c r=\"B4\" t='b'"] {
                let cell = format!("<{tag}><v>{value}</v></c>");
                assert_eq!(odd(&cell), Some((3, NO_VALUE)), "{value}");
            }
        }
        assert_eq!(
            odd("<c t=\"str\"><v><![CDATA[a]]></v></c>"),
            Some((3, NO_VALUE))
        );
        for cell in [
            "<c t=\"s\"><v>12</v></c>",
            "<c t=\"s\"><v></v></c>",
            "<c><v>-1.5E-3</v></c>",
            "<c><v>some text</v></c>",
            "<c t=\"str\"><v> a &amp; b<!-- --> </v></c>",
            "<c t=\"inlineStr\"><is><t>a<![CDATA[<b>]]></t></is></c>",
            "<c t=\"inlineStr\"><f>A1</f><v>a</v><is><t>a</t></is></c>",
            "<c t=\"inlineStr\"><v/></c>",
            "<c t=\"str\"><f>A1</f><v/></c>",
        ] {
            assert_eq!(odd(cell), None, "{cell}");
        }
    }

    #[test]
    fn values_that_something_follows_are_found() {
        let cells = [
            "<c><v>5</v><f>1+4</f></c>",
            "<c t=\"str\"><v>txt</v><f>A1</f></c>",
            "<c t=\"inlineStr\"><is><t>q</t></is><v/></c>",
            "<c t=\"inlineStr\"><is><t>q</t></is><v> </v></c>",
            "<c t=\"inlineStr\"><is><t>e</t></is><f>1</f></c>",
            "<c t=\"str\"><v>5</v><is/></c>",
            "<c t=\"inlineStr\"><is><t>q</t></is><is/></c>",
            "<c t=\"inlineStr\"><is><t>q</t></is><is><t>p</t></is></c>",
            "<c t=\"inlineStr\"><v>lost</v></c>",
            "<c t=\"inlineStr\"><v>lost</v><f>1</f></c>",
            "<c><is><t>w</t></is></c>",
            "<c t=\"str\"><is><t>w</t></is></c>",
        ];
        let prefixed = |cell: &str| {
            let marked = cell.replace('<', "<x:");
            [
                marked.replace("<x:/", "</x:"),
                cell.replace("<is/", "<x:is/"),
            ]
        };
        let row = |row: u32, cell: &str| format!("<row r=\"{row}\">{cell}</row>");
        let odd = |cell: &str| {
            let (mut survey, mut tags) = (SheetSurvey::default(), Tags::default());
            let plain = "<c><v>1</v></c>";
            // The second chunk begins where plain rows are passed over.
            let chunks = [
                format!("<sheetData>{}", row(2, plain)),
                [row(3, plain), row(4, cell), row(5, plain)].concat(),
            ];
            for chunk in &chunks {
                tags.feed(chunk.as_bytes(), &mut survey).unwrap();
            }
            survey.facts.odd
        };
        for cell in cells {
            let [marked, mixed] = prefixed(cell);
            for cell in [cell, &marked, &mixed] {
                assert_eq!(odd(cell), Some((3, NO_VALUE)), "{cell}");
            }
        }
        assert_eq!(
            odd("<c t=\"s\"><is><t>w</t></is></c>"),
            Some((3, NO_STRING))
        );
        assert_eq!(odd("<c t=\"inlineStr\"><is><t>w</t></is></c>"), None);
    }

    #[test]
    fn rows_behind_the_end_of_the_table_are_found() {
        let row = |row: u32| format!("<row r=\"{row}\"><c r=\"A{row}\"><v>1</v></c></row>");
        let end = "</sheetData>";
        for (end, behind) in [
            (end, ""),
            (end, "<sheetData>"),
            ("</x:sheetData>", ""),
            ("<sheetData/>", ""),
        ] {
            let rows: String = (3..60).map(row).collect();
            let xml = format!("<sheetData>{}{}{end}{behind}{rows}", row(1), row(2));
            assert_eq!(facts(&xml).odd, Some((2, BEHIND)), "{end}");
        }
        let control = "</sheetData><xdr:col>1</xdr:col><xdr:row>3</xdr:row><xm:f>A1</xm:f>";
        assert_eq!(facts(&format!("{}{control}", row(1))).odd, None);
    }

    #[test]
    fn hidden_merged_and_filtered_are_found() {
        let xml = "<cols><col min=\"2\" max=\"2\" hidden='1'/><col min=\"3\" max=\"3\" width=\"0\"/>\
            <col min=\"5\" max=\"5\" width=\"8.43\"/></cols><sheetData>\
            <row r=\"2\" ht=\"15\"><c r=\"A2\"><v>1</v></c></row><row r=\"3\" ht=\"0\" customHeight=\"1\"><c r=\"A3\"><v>1</v></c><c r=\"B3\"><v>1</v></c></row>\
            <row r=\"4\" hidden=\"true\"><c r=\"A4\"><v>1</v></c></row><row r=\"5\"><c><v>1</v></c></row>\
            <row r=\"7\" hidden=\"1\"/><row r=\"9\" hidden=\"1\"><c r=\"B9\"><f>1</f></c></row></sheetData><autoFilter ref=\"A1:B9\"><filterColumn colId=\"0\"/></autoFilter>\
            <mergeCells><mergeCell ref=\"A1:B2\"/></mergeCells>";
        let facts = facts(xml);
        assert_eq!(facts.hidden_columns, [(1, 2)]);
        assert_eq!(facts.hidden_rows, [(2, 3), (8, 8)]);
        assert_eq!(facts.merged, [[0, 0, 1, 1]]);
        assert!(facts.filtered);
        let area = |words: &str| Area::from_words(words).unwrap();
        let rows = |words| facts.hidden_rows_in(&area(words));
        assert_eq!(
            (rows("A2:A"), rows("A4:A"), rows("A4:A8"), rows("A5:A8")),
            (3, 2, 1, 0)
        );
        let columns = |words| facts.hidden_columns_in(&area(words));
        assert_eq!((columns("A:B"), columns("A:I"), columns("D:I")), (1, 2, 0));
        let merged = |words| facts.merged_in(&area(words));
        assert_eq!((merged("A2:I"), merged("A3:I"), merged("C1:I")), (1, 0, 0));
        let uncomputed = |words| facts.uncomputed_in(&area(words));
        assert_eq!(
            (uncomputed("A2:B"), uncomputed("A2:A"), uncomputed("A2:B8")),
            (1, 0, 0)
        );
    }
}
