//! [`Workbook`]: one worksheet of an XLSX file as rows.
//!
//! Owns the use of calamine: its stream of cells, never its ranges, which allocate what a file claims. Guarantees
//! that every part a row comes from was read to its end before, with its checksum compared and its sizes capped, and
//! that a panic of the parser ends as an error. Rows and columns are absolute: row 1 is the sheet's first.

mod archive;
mod beside;
mod dimension;
mod faults;
mod merges;
mod package;
mod paths;
mod pattern;
mod rows;
mod sheet_name;
mod show;
mod strings;
mod styles;
mod survey;
mod tables;
mod tags;
mod value;

pub use sheet_name::sheet_name_for_excel;

use super::Options;
use super::border::caught;
use super::description::SheetInfo;
use super::error::{Fault, Foreign, InputErrorKind};
use super::relay::Source;
use super::spool::Place;
use crate::reading::{Area, Hidden, Merged, Range};
use crate::row::Position;
use archive::{Archive, Part};
use beside::held;
use calamine::{Reader, Xlsx, XlsxError};
use memchr::memmem;
use package::{Package, Sheet};
use rows::Rows;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::Mutex;
use std::thread;
use survey::Facts;
use tables::Named;
pub(super) use tables::Nature;

/// A parser of foreign files may have a case it did not think of: that is the file's end, not the program's.
const PANICKED: &str = "the parser gave up on it";

type Book = Xlsx<Archive>;

/// A workbook whose sheet has been chosen and whose parts have been checked.
pub(super) struct Workbook {
    sheet: Sheet,
    sheets: Vec<SheetInfo>,
    named: Vec<Named>,
    /// The part of the sheet that was asked for, as cells or by a name.
    area: Option<Area>,
    /// The header's row, where what was asked for by its name says which it is.
    header_row: Option<u64>,
    facts: Facts,
    skips_hidden: bool,
    fills_merged: bool,
    /// What is read in the place of the file, where calamine would refuse that.
    copy: Option<Place>,
    /// The workbook as it was opened to look at the header, for the first reading: shared strings take their time.
    opened: Mutex<Option<Box<Book>>>,
}

impl std::fmt::Debug for Workbook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workbook")
            .field("sheet", &self.sheet.name)
            .finish_non_exhaustive()
    }
}

impl Workbook {
    /// Chooses the sheet and reads every part that rows come from to its end.
    pub(super) fn open(path: &Path, options: &Options) -> Result<Workbook, Fault> {
        let mut package = Package::open(path)?;
        let sheets = package.sheets()?;
        let (named, range) = named(&mut package, &sheets, options)?;
        let asked = match (&range, &options.sheet) {
            (Some(range), None) => Some(range.sheet.as_str()),
            (_, asked) => asked.as_deref(),
        };
        let sheet = choose(&mut package, &sheets, asked)?.clone();
        if let Some(range) = range.as_ref().filter(|range| range.sheet != sheet.name) {
            let (name, sheet) = (range.name.clone(), range.sheet.clone());
            return Err(InputErrorKind::RangeElsewhere { name, sheet }.into());
        }
        package.check_names()?;
        styles::check(&mut package)?;
        let theme = package.theme();
        package.check_small(theme, &mut |_| Ok(ControlFlow::Continue(())))?;
        // The sheet is looked through while the shared strings are checked and taken in: two cores, two parts.
        let (facts, strings) = thread::scope(|scope| {
            let look = thread::Builder::new().name("survey".to_owned());
            let look = look.spawn_scoped(scope, || look_through(path, &sheets, &sheet));
            let look = look.map_err(InputErrorKind::NoThread)?;
            let strings = check_and_take_in(path, &mut package, &sheet);
            let facts = look.join().unwrap_or_else(|panic| resume_unwind(panic));
            Ok::<_, InputErrorKind>((facts, strings))
        })?;
        let facts = facts?;
        if let Some(row) = facts.extended {
            return Err(fault_at(&sheet, u64::from(row) + 1, extended(&sheet)));
        }
        if let Some((row, what)) = facts.odd {
            return Err(damaged(&sheet, u64::from(row) + 1, what));
        }
        let mut book = strings?;
        let copy = match facts.missized {
            true => Some(dimension::mended(path, &mut package, &sheet.part)?),
            false => None,
        };
        if facts.missized || facts.mislength {
            let archive = archive_of(path, copy.as_ref(), &facts, &sheet);
            book = take_in(archive, &mut package, &sheet)?;
        }
        Ok(Workbook {
            sheet,
            sheets: sheets.iter().map(info).collect(),
            named,
            header_row: header_of(range.as_ref()),
            area: match &options.range {
                Some(Range::Area(area)) => Some(area.clone()),
                _ => range.map(|range| range.area),
            },
            facts,
            skips_hidden: options.hidden == Some(Hidden::Skip),
            fills_merged: options.merged == Merged::Fill,
            copy,
            opened: Mutex::new(Some(Box::new(book))),
        })
    }

    /// What the sheet holds beside its values.
    pub(super) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// All worksheets.
    pub(super) fn sheets(&self) -> &[SheetInfo] {
        &self.sheets
    }

    /// All tables, and all cells that have a name.
    pub(super) fn named(&self) -> &[Named] {
        &self.named
    }

    /// The part of the sheet that was asked for.
    pub(super) fn area(&self) -> Option<&Area> {
        self.area.as_ref()
    }

    /// How many rows of totals the table has below that part, where the part is a table's, named or told by its cells.
    pub(super) fn totals(&self) -> u64 {
        let Some(area) = &self.area else { return 0 };
        let is_asked = |named: &&Named| {
            named.sheet == self.sheet.name
                && named.area.columns == area.columns
                && named.area.rows.end() == area.rows.end()
        };
        let asked = self.named.iter().filter(is_asked);
        asked.map(|named| named.totals).max().unwrap_or(0)
    }

    /// The header's row, where it is known before it is looked for.
    pub(super) fn header_row(&self) -> Option<u64> {
        self.header_row
    }

    /// Whether a row, counted from 0, is to be passed over.
    fn skips(&self, row: u32) -> bool {
        let runs = &self.facts.hidden_rows;
        let next = runs.partition_point(|(first, _)| *first <= row);
        let run = next.checked_sub(1).and_then(|at| runs.get(at));
        self.skips_hidden && run.is_some_and(|(_, last)| row <= *last)
    }

    /// The name of the sheet.
    pub(super) fn sheet(&self) -> &str {
        &self.sheet.name
    }

    fn open_again(&self, path: &Path) -> Result<Book, Fault> {
        let archive = archive_of(path, self.copy.as_ref(), &self.facts, &self.sheet);
        open_book(archive).map_err(|error| parser_fault(&error, &self.sheet, 0))
    }

    /// Opens the rows and lends them to `user`; `keep` holds the opened workbook for the next reading.
    pub(super) fn read(
        &self,
        path: &Path,
        keep: bool,
        user: &mut dyn FnMut(&mut dyn Source) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let kept = held(&self.opened).take();
        let read = || -> Result<Box<Book>, Fault> {
            let mut book = match kept {
                Some(book) => book,
                None => Box::new(self.open_again(path)?),
            };
            let is_1904 = book.has_1904_epoch();
            let cells = book.worksheet_cells_reader(&self.sheet.name);
            let cells = cells.map_err(|error| parser_fault(&error, &self.sheet, 0))?;
            user(&mut Rows::new(self, cells, is_1904))?;
            Ok(book)
        };
        match caught(read) {
            Ok(Ok(book)) if keep => {
                *held(&self.opened) = Some(book);
                Ok(())
            }
            Ok(Ok(_)) => Ok(()),
            Ok(Err(fault)) => Err(fault),
            Err(_) => Err(damaged(&self.sheet, 0, PANICKED)),
        }
    }
}

fn info(sheet: &Sheet) -> SheetInfo {
    SheetInfo {
        name: sheet.name.clone(),
        hidden: !sheet.visible,
    }
}

/// What has a name in the workbook, and which of it was asked for.
fn named(
    package: &mut Package,
    sheets: &[Sheet],
    options: &Options,
) -> Result<(Vec<Named>, Option<Named>), InputErrorKind> {
    let named = tables::all(package, sheets);
    let Some(Range::Named(name)) = &options.range else {
        // Nobody asked for one: a table that cannot be read is no reason to refuse the cells.
        return Ok((named.unwrap_or_default(), None));
    };
    let named = named?;
    let range = tables::find(&named, name).cloned();
    let Some(range) = range else {
        return Err(InputErrorKind::NoSuchRange {
            name: name.clone(),
            names: named.into_iter().map(|named| named.name).collect(),
        });
    };
    if range.nature == Nature::Headless {
        return Err(InputErrorKind::TableWithoutHeader { name: range.name });
    }
    Ok((named, Some(range)))
}

/// A table's first row is its header, whatever it looks like.
fn header_of(range: Option<&Named>) -> Option<u64> {
    let table = range.filter(|range| range.nature == Nature::Table)?;
    Some(*table.area.rows.start())
}

/// The archive that rows are read from, once it is known what the sheet and its archive say of themselves.
fn archive_of(
    path: &Path,
    copy: Option<&Place>,
    facts: &Facts,
    sheet: &Sheet,
) -> io::Result<Archive> {
    match copy {
        Some(copy) => Archive::plain(copy.path()),
        None if facts.mislength => Archive::plain(path),
        None => Archive::with_unpacked(path, vec![Part::of(path, &sheet.part)]),
    }
}

fn open_book(archive: io::Result<Archive>) -> Result<Book, XlsxError> {
    Xlsx::new(archive?)
}

/// Lets calamine take the shared strings in, each part of them when it has been checked.
fn check_and_take_in(path: &Path, package: &mut Package, sheet: &Sheet) -> Result<Book, Fault> {
    let with_sheet = || Archive::with_unpacked(path, vec![Part::of(path, &sheet.part)]);
    let Some(part) = package.shared_strings() else {
        return take_in(with_sheet(), package, sheet);
    };
    let Some(underway) = strings::begin(path, package, &part)? else {
        strings::check(package, &part)?;
        return take_in(with_sheet(), package, sheet);
    };
    let parts = vec![
        Part::of(path, &sheet.part),
        Part::underway(&part, &underway),
    ];
    let archive = Archive::with_unpacked(path, parts)?;
    if !archive.unpacks(&part) {
        // Calamine would not wait for the check.
        underway.end()?;
        return take_in(Ok(archive), package, sheet);
    }
    let book = take_in(Ok(archive), package, sheet);
    let length = underway.end()?;
    if package.claimed_length(&part) != Some(length) {
        // Calamine was told another length than it has.
        return take_in(with_sheet(), package, sheet);
    }
    book
}

/// Lets calamine take in what it holds of a workbook.
fn take_in(
    archive: io::Result<Archive>,
    package: &mut Package,
    sheet: &Sheet,
) -> Result<Book, Fault> {
    match caught(|| open_book(archive)) {
        Ok(Ok(book)) => Ok(book),
        Ok(Err(error)) => {
            // Nothing says in which part that was.
            let part = is_encoding(&error).then(|| package.not_utf8()).flatten();
            Err(part.map_or_else(|| parser_fault(&error, sheet, 0), Fault::from))
        }
        Err(_) => Err(damaged(sheet, 0, PANICKED)),
    }
}

/// Looks through the sheet, and reads the others to their ends.
fn look_through(path: &Path, sheets: &[Sheet], sheet: &Sheet) -> Result<Facts, InputErrorKind> {
    let mut package = Package::open(path)?;
    let facts = survey::sheet(&mut package, &sheet.part)?;
    // Damage in another sheet is damage of the file: whoever sent it should know.
    for other in sheets.iter().filter(|other| other.part != sheet.part) {
        survey::unpack(&mut package, &other.part, &mut |_| {
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(facts)
}

/// Whether calamine met bytes that are not UTF-8.
fn is_encoding(error: &XlsxError) -> bool {
    matches!(
        error,
        XlsxError::Encoding(_) | XlsxError::Xml(quick_xml::Error::Encoding(_))
    )
}

fn extended(sheet: &Sheet) -> InputErrorKind {
    let part = sheet.part.clone();
    InputErrorKind::Extended { part }
}

/// Calamine's errors may hold a cell's value, so only their kind is told.
fn parser_fault(error: &XlsxError, sheet: &Sheet, row: u64) -> Fault {
    if is_encoding(error) {
        let part = sheet.part.clone();
        return fault_at(sheet, row, InputErrorKind::NotUtf8 { part });
    }
    let what = match error {
        XlsxError::Password => return InputErrorKind::Encrypted.into(),
        XlsxError::UnexpectedNode("v, f, or is") => return fault_at(sheet, row, extended(sheet)),
        XlsxError::Io(_) | XlsxError::Zip(_) => "it cannot be unpacked",
        XlsxError::Xml(_) | XlsxError::XmlAttr(_) | XlsxError::XmlEof(_) => {
            "it is not well-formed XML"
        }
        XlsxError::NotAWorksheet(_) => "it is no worksheet",
        XlsxError::WorksheetNotFound(_) | XlsxError::FileNotFound(_) => "a part is missing",
        XlsxError::RelationshipNotFound => "a part is named that is not there",
        _ => "a cell is not written as the format says",
    };
    damaged(sheet, row, what)
}

fn damaged(sheet: &Sheet, row: u64, what: &'static str) -> Fault {
    let part = sheet.part.clone();
    fault_at(sheet, row, InputErrorKind::Damaged { part, what })
}

fn fault_at(sheet: &Sheet, row: u64, kind: InputErrorKind) -> Fault {
    let position = Position {
        row,
        sheet: Some(sheet.name.as_str().into()),
        line: None,
    };
    Fault { position, kind }
}

/// The sheet that was asked for, else the only visible one with data.
fn choose<'a>(
    package: &mut Package,
    sheets: &'a [Sheet],
    asked: Option<&str>,
) -> Result<&'a Sheet, InputErrorKind> {
    let infos = |sheets: &[&Sheet]| sheets.iter().map(|sheet| info(sheet)).collect();
    if let Some(asked) = asked {
        let plain = |name: &str| name.trim().to_lowercase();
        let exact = sheets.iter().find(|sheet| sheet.name == asked);
        let found = exact.or_else(|| sheets.iter().find(|s| plain(&s.name) == plain(asked)));
        let found = found.or_else(|| match sheets {
            // The mapping names the sheet of the source, and a rejects file cannot always have that name.
            [only] if only.name == sheet_name_for_excel(asked) => Some(only),
            _ => None,
        });
        return found.ok_or_else(|| InputErrorKind::NoSuchSheet {
            name: asked.to_owned(),
            sheets: sheets.iter().map(info).collect(),
        });
    }
    let (visible, hidden): (Vec<_>, Vec<_>) = sheets.iter().partition(|sheet| sheet.visible);
    let mut with_data = Vec::new();
    for sheet in visible {
        if survey::has_data(package, &sheet.part)? {
            with_data.push(sheet);
        }
    }
    match with_data.as_slice() {
        [] => Err(InputErrorKind::NoSheetWithData {
            hidden: infos(&hidden),
        }),
        [only] => Ok(only),
        several => Err(InputErrorKind::SeveralSheets {
            sheets: infos(several),
        }),
    }
}

/// Tells an encrypted workbook from an old one: both are OLE2 files.
pub(super) fn ole(path: &Path) -> Result<InputErrorKind, Fault> {
    // The names in the file's directory are UTF-16.
    let name: Vec<u8> = "EncryptedPackage"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut file = File::open(path)?;
    let mut window = Vec::new();
    let mut chunk = vec![0; 256 * 1024];
    loop {
        let length = super::encoding::read_some(&mut file, &mut chunk)?;
        if length == 0 {
            return Ok(InputErrorKind::Foreign(Foreign::Xls));
        }
        window.extend_from_slice(chunk.get(..length).unwrap_or_default());
        if memmem::find(&window, &name).is_some() {
            return Ok(InputErrorKind::Encrypted);
        }
        let old = window.len().saturating_sub(name.len());
        window.drain(..old);
    }
}

/// A document type has no place in a workbook: it is how an XML file makes a parser fetch or multiply things.
fn doctype(part: &str) -> InputErrorKind {
    let what = "it has a document type, which no spreadsheet program writes";
    InputErrorKind::Damaged {
        part: part.to_owned(),
        what,
    }
}

#[cfg(test)]
mod tests;
