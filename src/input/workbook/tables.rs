//! [`Named`]: the areas of a workbook that have a name: its tables, and names that a person gave to cells.
//!
//! Owns reading them from the parts of the workbook, which calamine gives only together with all their cells. What a
//! name does not say plainly (a formula, several areas) is no area. Does not judge whether an area holds anything.

use super::super::error::InputErrorKind;
use super::package::{Package, Sheet, attribute};
use crate::reading::Area;

/// Sheets that have more tables than this come from no person.
const TABLES: usize = 10_000;

/// An area with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Named {
    /// The name as the spreadsheet shows it.
    pub(in super::super) name: String,
    /// The sheet that holds it.
    pub(in super::super) sheet: String,
    /// Its cells: header and rows, without a row of totals.
    pub(in super::super) area: Area,
    /// How many rows of totals follow them.
    pub(super) totals: u64,
    /// What kind of name it is.
    pub(in super::super) nature: Nature,
}

/// What kind of name an area has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Nature {
    /// A table whose first row is its header.
    Table,
    /// A table that shows no header.
    Headless,
    /// Cells that a person named.
    Cells,
}

/// All areas that have a name: tables in the order of their sheets, then names.
pub(super) fn all(package: &mut Package, sheets: &[Sheet]) -> Result<Vec<Named>, InputErrorKind> {
    let mut named = Vec::new();
    for sheet in sheets {
        for part in package.related(&sheet.part, "/table")? {
            if named.len() == TABLES {
                return Err(InputErrorKind::too_large(
                    &part,
                    "the number of tables",
                    "10,000",
                ));
            }
            named.extend(table(package, &part, sheet)?);
        }
    }
    named.extend(names(package, sheets)?);
    Ok(named)
}

/// The area of that name, whatever its case, as spreadsheets compare names.
pub(super) fn find<'a>(named: &'a [Named], name: &str) -> Option<&'a Named> {
    let low = name.trim().to_lowercase();
    named.iter().find(|area| area.name.to_lowercase() == low)
}

fn table(
    package: &mut Package,
    part: &str,
    sheet: &Sheet,
) -> Result<Option<Named>, InputErrorKind> {
    let mut found = None;
    package.elements(part, |e| {
        if e.local_name().as_ref() != "table" || found.is_some() {
            return;
        }
        let number = |name| attribute(e, name).and_then(|value| value.trim().parse::<u64>().ok());
        let name = attribute(e, "displayName").or_else(|| attribute(e, "name"));
        let area = attribute(e, "ref").and_then(|area| cells(&area));
        if let (Some(name), Some(mut area)) = (name, area) {
            let totals = number("totalsRowCount").unwrap_or(0);
            let last = area.rows.end().saturating_sub(totals);
            let rows = area.rows.clone();
            area.rows = *rows.start()..=last.max(*rows.start());
            found = Some(Named {
                name,
                sheet: sheet.name.clone(),
                totals: rows.end().saturating_sub(*area.rows.end()),
                area,
                nature: if number("headerRowCount") == Some(0) {
                    Nature::Headless
                } else {
                    Nature::Table
                },
            });
        }
    })?;
    Ok(found)
}

/// Names of cells, but for those that a spreadsheet program gives by itself, such as areas to print.
fn names(package: &mut Package, sheets: &[Sheet]) -> Result<Vec<Named>, InputErrorKind> {
    let mut named = Vec::new();
    for (name, text) in package.names()? {
        let Some((sheet, words)) = text.rsplit_once('!') else {
            continue;
        };
        let sheet = sheet.trim().trim_start_matches('=');
        let plain = match sheet.strip_prefix('\'').and_then(|s| s.strip_suffix('\'')) {
            Some(quoted) => quoted.replace("''", "'"),
            None => sheet.to_owned(),
        };
        let is_there = sheets.iter().any(|sheet| sheet.name == plain);
        if let Some(area) = cells(words).filter(|_| is_there && named.len() < TABLES) {
            named.push(Named {
                name,
                sheet: plain,
                area,
                totals: 0,
                nature: Nature::Cells,
            });
        }
    }
    Ok(named)
}

/// `A3:F200`; a single cell is an area of one.
fn cells(words: &str) -> Option<Area> {
    Area::from_words(words).or_else(|| Area::from_words(&format!("{words}:{words}")))
}
