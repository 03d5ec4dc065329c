//! [`Header`]: the names of the columns, the row they stand in, and which rows follow them.
//!
//! Owns the choice of the header row, and what this program's own files do to a header: a rejects file's last two
//! columns are taken off every row, also where they stand right of the part that the user named, and a results file is
//! refused. What a name means is the same for the whole program.

use super::error::{Fault, InputErrorKind};
use super::relay::Source;
use crate::columns::{REJECTS, RESULTS};
use crate::holds;
use crate::reading::{Area, Condition, Test, letters};
use crate::row::{CellKind, Position, Row};
use crate::seen::{self, Columns, NoColumn};
use std::borrow::Cow;

/// Rows looked at to tell title lines from a header.
const LOOK_AHEAD: usize = 50;
/// Rows that are as long as a book are not held beside each other.
const LOOK_TEXT: usize = 1024 * 1024;

/// Rows between two looks at the file: each costs a microsecond.
const WATCH_EVERY: u32 = 256;

/// Cells that the rows of a worksheet may claim, whatever they hold: some seconds of work.
const CLAIMED: usize = 64 * 1024 * 1024;
/// Cells for each byte of text that they may claim beyond that: no table of calls is as wide as that and as empty.
const BLANKS: usize = 64;

/// The header that was found.
#[derive(Debug, Clone)]
pub(super) struct Header {
    names: Vec<String>,
    row: u64,
    title_rows: u64,
    /// Where the two columns of a rejects file begin.
    cut: Option<usize>,
    /// Whether they push what the file has beside or behind them out of the part that the user named.
    is_pushing: bool,
    /// Whether it is rather a row like those below it.
    is_a_row: bool,
}

impl Header {
    /// Finds the header, and that at least one row stands under it. The part that the user named, if it is one, is so many
    /// columns wide; of what `source` has behind them only the two columns of a rejects file count.
    pub(super) fn find(
        source: &mut dyn Source,
        asked: Option<u64>,
        width: usize,
    ) -> Result<Header, Fault> {
        let first = Preview::read(source, asked)?;
        let (at, row) = match asked {
            Some(_) => (0, first.rows.first().ok_or(InputErrorKind::HeaderRowBlank)?),
            None => first.likely_header(width).ok_or(InputErrorKind::NoHeader)?,
        };
        let name = |text| seen::of_formula(text).map_or_else(|| text.to_owned(), Cow::into_owned);
        let mut names: Vec<String> = row.cells().map(|cell| name(cell.text)).collect();
        trim_end(&mut names);
        let is_pushing = rejects_at(&names).is_some();
        if !is_pushing {
            names.truncate(width);
            trim_end(&mut names);
        }
        if names.iter().map(|name| name.trim()).eq(RESULTS) {
            return Err(InputErrorKind::OwnResults.into());
        }
        if first.rows.len() <= at + 1 && !first.goes_on {
            let position = Position {
                sheet: None,
                ..row.position.clone()
            };
            return Err(Fault {
                position,
                kind: InputErrorKind::NoRows,
            });
        }
        let cut = rejects_at(&names);
        names.truncate(cut.unwrap_or(names.len()));
        let is_a_row = holds::is_a_row(&names, first.rows.get(at + 1..).unwrap_or_default());
        let title_rows = first.passed + u64::try_from(at).unwrap_or(u64::MAX);
        Ok(Header {
            names,
            row: row.position.row,
            title_rows,
            cut,
            is_pushing,
            is_a_row,
        })
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Where the two columns of a rejects file begin, within the part that is read.
    pub(super) fn cut(&self) -> Option<usize> {
        self.cut
    }

    pub(super) fn row(&self) -> u64 {
        self.row
    }

    pub(super) fn title_rows(&self) -> u64 {
        self.title_rows
    }

    /// Whether it looks like a row of values, so that its texts may be a patient's.
    pub(super) fn is_a_row(&self) -> bool {
        self.is_a_row
    }

    /// Whether a row is the header once more.
    pub(super) fn is_again(&self, row: &Row) -> bool {
        let same = |(at, name): (usize, &String)| seen::is_same(row.text(at), name);
        self.names.iter().enumerate().all(same)
    }

    pub(super) fn is_rejects(&self) -> bool {
        self.cut.is_some()
    }

    /// Where the rows stand: in the area that the user named, which of a rejects file is two columns wider, since it was named
    /// for the file that the rejects are of.
    pub(super) fn area(&self, named: &Area) -> Area {
        let more = if self.is_pushing { REJECTS.len() } else { 0 };
        Area {
            rows: named.rows.clone(),
            columns: *named.columns.start()..=named.columns.end() + more,
        }
    }
}

/// Where the two columns of a rejects file begin, if these names end with them.
fn rejects_at(names: &[String]) -> Option<usize> {
    let cut = names.len().checked_sub(REJECTS.len());
    cut.filter(|&cut| cut > 0 && names.iter().skip(cut).map(|name| name.trim()).eq(REJECTS))
}

/// A file may have any number of blank cells behind its last name.
fn trim_end(names: &mut Vec<String>) {
    while names.last().is_some_and(|name| name.trim().is_empty()) {
        names.pop();
    }
}

/// The first rows with a value, from the header row on where it was named.
struct Preview {
    rows: Vec<Row>,
    passed: u64,
    /// Whether it ended for the length of its rows, with at least one more behind them.
    goes_on: bool,
}

impl Preview {
    fn read(source: &mut dyn Source, asked: Option<u64>) -> Result<Preview, Fault> {
        let mut preview = Preview {
            rows: Vec::new(),
            passed: 0,
            goes_on: false,
        };
        let mut text = 0;
        let wanted = if asked.is_some() { 2 } else { LOOK_AHEAD };
        while preview.rows.len() < wanted {
            let mut row = Row::default();
            if !source.next(&mut row)? {
                break;
            }
            match asked {
                Some(asked) if row.position.row < asked => preview.passed += 1,
                Some(asked) if preview.rows.is_empty() && row.position.row > asked => {
                    let position = Position {
                        row: asked,
                        ..Position::default()
                    };
                    return Err(Fault {
                        position,
                        kind: InputErrorKind::HeaderRowBlank,
                    });
                }
                _ => {
                    text += row.joined().len();
                    preview.rows.push(row);
                }
            }
            if text > LOOK_TEXT {
                preview.goes_on = source.next(&mut Row::default())?;
                break;
            }
        }
        Ok(preview)
    }

    /// The first row that is not sparse beside the rows after it: title lines fill a cell or two of many.
    fn likely_header(&self, width: usize) -> Option<(usize, &Row)> {
        let filled = |row: &Row| {
            let cells = row.cells().take(width);
            cells.filter(|c| !c.text.trim().is_empty()).count()
        };
        let mut counts: Vec<usize> = self.rows.iter().map(filled).collect();
        counts.sort_unstable();
        let typical = counts.get(counts.len() / 2).copied().unwrap_or(0);
        let full = self
            .rows
            .iter()
            .enumerate()
            .find(|(_, row)| filled(row) * 2 >= typical);
        full.or(self.rows.first().map(|row| (0, row)))
    }
}

/// Which rows under a header are passed over because the user wants it so.
#[derive(Debug, Default)]
pub(super) struct Skips(Vec<(usize, Test)>);

impl Skips {
    /// Finds the columns that the conditions name.
    pub(super) fn new(conditions: &[Condition], header: &Header) -> Result<Skips, InputErrorKind> {
        let columns = Columns::new(&header.names);
        let place = |condition: &Condition| {
            let name = condition.column.clone();
            let at = columns.find(&name).map_err(|why| match why {
                NoColumn::Missing => InputErrorKind::NoSuchColumn { name },
                NoColumn::Twice(places) => InputErrorKind::ColumnTwice {
                    name,
                    columns: places.into_iter().map(letters).collect(),
                },
            })?;
            Ok((at, condition.test.clone()))
        };
        conditions
            .iter()
            .map(place)
            .collect::<Result<_, _>>()
            .map(Skips)
    }

    /// Whether one of them applies to a row.
    pub(super) fn apply(&self, row: &Row) -> bool {
        self.0
            .iter()
            .any(|(column, test)| test.applies(row.text(*column)))
    }
}

/// Which rows get blank cells until they are as wide as the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Padding {
    None,
    /// All: a worksheet does not hold its empty cells.
    All,
    /// All but this one, because the user wants it so; each is counted.
    But(u64),
}

/// The rows under a header, without what a rejects file has added to them.
pub(super) struct Body<'a> {
    source: &'a mut dyn Source,
    header: &'a Header,
    skips: &'a Skips,
    skipped: u64,
    whole: Row,
    in_body: bool,
    padding: Padding,
    filled: u64,
    width: usize,
    /// How many cells the rows of a worksheet have claimed so far, and how much text they held.
    claimed: usize,
    held: usize,
    watch: &'a dyn Fn() -> Result<(), Fault>,
    unwatched: u32,
}

impl<'a> Body<'a> {
    /// `watch` looks whether the file is still the same.
    pub(super) fn new(
        source: &'a mut dyn Source,
        header: &'a Header,
        skips: &'a Skips,
        padding: Padding,
        watch: &'a dyn Fn() -> Result<(), Fault>,
    ) -> Self {
        Body {
            source,
            header,
            skips,
            skipped: 0,
            whole: Row::default(),
            in_body: false,
            padding,
            filled: 0,
            width: header.names.len(),
            claimed: 0,
            held: 0,
            watch,
            unwatched: 0,
        }
    }

    /// How many rows were passed over because the user wants it so.
    pub(super) fn skipped(&self) -> u64 {
        self.skipped
    }

    /// How many rows were filled up because the user wants it so.
    pub(super) fn filled(&self) -> u64 {
        self.filled
    }

    fn next_row(&mut self, row: &mut Row) -> Result<bool, Fault> {
        while self.source.next(row)? {
            if self.in_body || row.position.row > self.header.row {
                self.in_body = true;
                if !self.skips.apply(row) {
                    return Ok(true);
                }
                self.skipped += 1;
            }
        }
        Ok(false)
    }
}

impl Body<'_> {
    /// The next row without the two columns of a rejects file; cells behind them, in a row that is too wide, stay.
    fn next_cut(&mut self, row: &mut Row, cut: usize) -> Result<bool, Fault> {
        let mut whole = std::mem::take(&mut self.whole);
        let mut found = false;
        while !found && self.next_row(&mut whole)? {
            row.reset(whole.position.row, whole.position.line);
            for (at, cell) in whole.cells().enumerate() {
                if at < cut || at >= cut + REJECTS.len() {
                    row.push_kind(cell.text, cell.kind);
                }
            }
            row.mark_surplus(whole.surplus());
            if let Some(column) = whole.undoubled().filter(|column| *column < cut) {
                row.mark_undoubled(column);
            }
            found = !is_empty(row);
            let is_blank = |at| whole.text(at).trim().is_empty();
            if whole.width() > cut && is_blank(cut) && is_blank(cut + 1) {
                row.lose_reason();
            }
        }
        self.whole = whole;
        Ok(found)
    }
}

impl Body<'_> {
    /// Refuses rows that claim cells without end and hold next to nothing: a cell costs time whether it is blank or not.
    fn weigh(&mut self, row: &Row) -> Result<(), Fault> {
        self.claimed = self.claimed.saturating_add(row.width());
        self.held = self.held.saturating_add(row.joined().len());
        if self.claimed > CLAIMED && self.claimed / BLANKS > self.held {
            let (position, kind) = (row.position.clone(), InputErrorKind::Sprawling);
            return Err(Fault { position, kind });
        }
        Ok(())
    }
}

impl Source for Body<'_> {
    fn next(&mut self, row: &mut Row) -> Result<bool, Fault> {
        let found = match self.header.cut {
            Some(cut) => self.next_cut(row, cut)?,
            None => self.next_row(row)?,
        };
        self.unwatched += 1;
        if self.unwatched == WATCH_EVERY {
            self.unwatched = 0;
            (self.watch)()?;
        }
        let is_padded = match self.padding {
            Padding::None => false,
            Padding::All => true,
            Padding::But(one) => row.width() < self.width && row.position.row != one,
        };
        if found && is_padded {
            self.filled += u64::from(self.padding != Padding::All);
            row.pad(self.width);
            self.weigh(row)?;
        }
        Ok(found)
    }
}

/// Whether a row says nothing at all; a formula without a value says that one was meant.
pub(super) fn is_empty(row: &Row) -> bool {
    row.is_blank() && !row.has_kind(CellKind::Uncomputed)
}
