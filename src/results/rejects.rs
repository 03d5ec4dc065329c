//! [`Rejects`]: the rows that want mending, as the source has them, in the source's own format.
//!
//! Owns the file that people mend and import again with the same mapping: same kind, encoding, byte order mark, delimiter, line
//! ends, sheet (its name as far as Excel takes it), place of the header and name of the part that was read, the cells unchanged,
//! and two columns behind them, `error_code` and `message`, which the reader knows to be no part of the row. Guarantees that a
//! row that is read back has the identity it had, and that a row with too few or too many cells still has them.

mod earlier;
mod missing;

pub use earlier::are_rejects;
pub(super) use earlier::has_their_header;

use super::kept::{Strays, keep};
use super::{AtomicFile, ResultsError};
use crate::columns::REJECTS;
use crate::import::Table;
use crate::input::{Description, Layout, LineEnd, SheetLayout, TextLayout, sheet_name_for_excel};
use crate::reading::letters;
use crate::row::{Cell, CellKind, Row};
use csv::Terminator;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, XlsxError};
use std::io::{BufReader, BufWriter, IntoInnerError, Write};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// The errors that a cell can hold and a formula can be.
const ERRORS: [&str; 7] = [
    "#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!",
];

/// A rejects file being written.
///
/// A failure is kept until [`Rejects::finish`], so that rejects that find no room do not keep the results from being written.
pub struct Rejects {
    path: PathBuf,
    file: AtomicFile,
    /// What the earlier rejects hold that would be lost with them.
    strays: Strays,
    form: Form,
    /// The columns left of the part that was read: they stay blank.
    left: usize,
    width: usize,
    rows: u64,
    failed: Option<ResultsError>,
}

/// What became of rejects.
#[derive(Debug)]
pub struct RejectsWritten {
    /// How many rows they have.
    pub rows: u64,
    /// Where the earlier ones are now, if they held rows that the input does not have, as after a person has mended them.
    pub kept: Option<PathBuf>,
}

enum Form {
    Csv {
        encoding: &'static Encoding,
        /// Whether a byte order mark goes before the text.
        is_marked: bool,
        delimiter: u8,
        end: Terminator,
    },
    Xlsx(Box<Sheet>),
}

/// A workbook with one sheet that is written row by row.
struct Sheet {
    book: Workbook,
    next_row: u32,
    /// The name of the part that was read, its columns, and the row of the header.
    part: Option<(String, RangeInclusive<usize>, u64)>,
    /// Whether a value is missing, so that the workbook wants another pass.
    has_missing: bool,
    date: Format,
    moment: Format,
    time: Format,
}

impl std::fmt::Debug for Rejects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rejects")
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

impl Rejects {
    /// Begins the rejects file of a table.
    ///
    /// # Errors
    ///
    /// Where nothing can be written there.
    pub fn create(path: &Path, table: &Table) -> Result<Rejects, ResultsError> {
        let description = table.input().description();
        let header = table.input().header();
        let form = match &description.layout {
            Layout::Csv(text) => csv_form(text),
            Layout::Xlsx(book) => xlsx_form(book, description)?,
        };
        let range = description.range.as_ref();
        let file = AtomicFile::create(path)?;
        let mut rejects = Rejects {
            path: path.to_owned(),
            file,
            strays: Strays::at(path, description),
            form,
            left: range.map_or(0, |area| *area.columns.start()),
            width: header.len(),
            rows: 0,
            failed: None,
        };
        rejects.begin(description.header_row, header)?;
        Ok(rejects)
    }

    /// Takes note of a row of the input, whatever became of it.
    pub fn meet(&mut self, row: &Row) {
        self.strays.meet(row);
    }

    /// Adds a row with the reason why it is here; nothing any more once the file could not be written.
    pub fn add(&mut self, row: &Row, error_code: &str, message: &str) {
        if self.failed.is_none() {
            self.failed = self.try_add(row, error_code, message).err();
        }
    }

    fn try_add(&mut self, row: &Row, error_code: &str, message: &str) -> Result<(), ResultsError> {
        self.rows += 1;
        let mut cells: Vec<Cell<'_>> = row.cells().collect();
        // A row with too few cells stays as it is, without a reason behind it: filled up to the header's width it would
        // look mended, with its cells under wrong headers. Cells past the header stand behind the two columns, where
        // the reader finds them again.
        if cells.len() >= self.width {
            let text = |text| Cell {
                text,
                kind: CellKind::Text,
            };
            cells.splice(self.width..self.width, [text(error_code), text(message)]);
        }
        self.write(&cells)
    }

    /// Puts the file in its place. Earlier rejects that somebody has changed get another name beside it.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written, or a row could not be.
    pub fn finish(mut self) -> Result<RejectsWritten, ResultsError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if let Form::Xlsx(sheet) = &mut self.form {
            sheet.save(&mut self.file)?;
        }
        let is_changed = self.strays.are_there();
        let kept = is_changed.then(|| keep(&self.path)).transpose()?;
        self.file.persist()?;
        Ok(RejectsWritten {
            rows: self.rows,
            kept,
        })
    }

    /// The header stands in the cells in which the source has it, since the mapping may say which those are.
    fn begin(&mut self, header_row: u64, header: &[String]) -> Result<(), ResultsError> {
        let above = header_row.saturating_sub(1);
        match &mut self.form {
            Form::Csv {
                encoding,
                is_marked,
                end,
                ..
            } => {
                if *is_marked {
                    let mark = encode("\u{feff}", encoding);
                    self.file.write_all(&mark)?;
                }
                let line = match end {
                    Terminator::CRLF => "\r\n",
                    Terminator::Any(b'\r') => "\r",
                    _ => "\n",
                };
                let line = encode(line, encoding);
                for _ in 0..above {
                    self.file.write_all(&line)?;
                }
            }
            Form::Xlsx(sheet) => sheet.next_row = u32::try_from(above).unwrap_or(0),
        }
        let cells = header.iter().map(String::as_str).chain(REJECTS);
        let cells: Vec<_> = cells
            .map(|text| Cell {
                text,
                kind: CellKind::Text,
            })
            .collect();
        self.write(&cells)
    }

    fn write(&mut self, cells: &[Cell<'_>]) -> Result<(), ResultsError> {
        match &mut self.form {
            Form::Csv {
                encoding,
                delimiter,
                end,
                ..
            } => {
                let mut line = csv::WriterBuilder::new()
                    .delimiter(*delimiter)
                    .terminator(*end)
                    .from_writer(Vec::new());
                let left = std::iter::repeat_n("", self.left);
                line.write_record(left.chain(cells.iter().map(|cell| cell.text)))?;
                let line = line.into_inner().map_err(csv::IntoInnerError::into_error)?;
                if *encoding == UTF_8 {
                    self.file.write_all(&line)?;
                } else {
                    self.file
                        .write_all(&encode(&String::from_utf8_lossy(&line), encoding))?;
                }
                Ok(())
            }
            Form::Xlsx(sheet) => Ok(sheet.write(cells, self.left)?),
        }
    }
}

impl Sheet {
    fn write(&mut self, cells: &[Cell<'_>], left: usize) -> Result<(), XlsxError> {
        let sheet = self.book.worksheet_from_index(0)?;
        let row = self.next_row;
        for (place, cell) in cells.iter().enumerate() {
            let column = u16::try_from(left + place).unwrap_or(u16::MAX);
            self.has_missing |= cell.kind == CellKind::Uncomputed;
            if cell.text.is_empty() && cell.kind != CellKind::Uncomputed {
                continue;
            }
            match value(cell) {
                None => sheet.write_string(row, column, cell.text)?,
                Some(Value::Number(number)) => sheet.write_number(row, column, number)?,
                Some(Value::Boolean(value)) => sheet.write_boolean(row, column, value)?,
                Some(Value::Formula(formula)) => sheet.write_formula(row, column, formula)?,
                Some(Value::Moment(at)) => {
                    let format = match cell.kind {
                        CellKind::Time => &self.time,
                        _ if cell.text.len() > 10 => &self.moment,
                        _ => &self.date,
                    };
                    sheet.write_datetime_with_format(row, column, &at, format)?
                }
            };
        }
        self.next_row += 1;
        Ok(())
    }

    /// Writes the workbook. It holds as many rows as want mending, which may be all of a long file: it is never in memory as a
    /// whole, and where it wants another pass it waits for that in a file without a name.
    fn save(&mut self, out: &mut AtomicFile) -> Result<(), ResultsError> {
        self.name_part()?;
        if !self.has_missing {
            return Ok(self.book.save_to_writer(out)?);
        }
        let mut book = BufWriter::new(tempfile::tempfile()?);
        self.book.save_to_writer(&mut book)?;
        let book = book.into_inner().map_err(IntoInnerError::into_error)?;
        missing::without_values(BufReader::new(book), out)?;
        Ok(())
    }
}

impl Sheet {
    /// Gives header and rows the name under which the mapping finds those of the source. The two columns behind them are
    /// none of it, as the reader knows.
    fn name_part(&mut self) -> Result<(), XlsxError> {
        let Some((name, columns, header_row)) = self.part.take() else {
            return Ok(());
        };
        let sheet = self
            .book
            .worksheet_from_index(0)?
            .name()
            .replace('\'', "''");
        let (first, last) = (letters(*columns.start()), letters(*columns.end()));
        let cells = format!("='{sheet}'!${first}${header_row}:${last}${}", self.next_row);
        match self.book.define_name(name, &cells) {
            // Excel would not open a workbook with such a name. Who imports these rejects reads that there is none.
            Err(XlsxError::NameError(..)) => Ok(()),
            named => named.map(drop),
        }
    }
}

/// A value that a workbook holds as something else than text.
enum Value {
    Number(f64),
    Boolean(bool),
    Moment(ExcelDateTime),
    /// An error, which as text would be taken for a patient's name by the next import, or a value that is missing.
    Formula(Formula),
}

/// The cell's value, where it can be written so that reading it back gives the same text.
fn value(cell: &Cell<'_>) -> Option<Value> {
    match cell.kind {
        CellKind::Number => {
            let number: f64 = cell.text.parse().ok()?;
            (number.to_string() == cell.text).then_some(Value::Number(number))
        }
        CellKind::Boolean => cell.text.parse().ok().map(Value::Boolean),
        CellKind::Date | CellKind::Time => ExcelDateTime::parse_from_str(cell.text)
            .ok()
            .map(Value::Moment),
        CellKind::Error => Some(Value::Formula(error(cell.text))),
        CellKind::Uncomputed => Some(Value::Formula(missing::formula())),
        CellKind::Text => None,
    }
}

/// An error of a kind that only some spreadsheets know becomes another such: the reader takes one for the other.
fn error(text: &str) -> Formula {
    if ERRORS.contains(&text) {
        Formula::new(format!("={text}")).set_result(text)
    } else {
        Formula::new("=#N/A").set_result("#GETTING_DATA")
    }
}

fn csv_form(text: &TextLayout) -> Form {
    let encoding = Encoding::for_label(text.encoding.as_bytes()).unwrap_or(UTF_8);
    Form::Csv {
        encoding,
        // Excel takes UTF-8 without a mark for Windows-1252; UTF-16 of a few rows is hardly told without one.
        is_marked: text.is_marked || encoding == UTF_16LE || encoding == UTF_16BE,
        delimiter: u8::try_from(text.delimiter).unwrap_or(b','),
        end: match text.record_end {
            LineEnd::CrLf => Terminator::CRLF,
            LineEnd::Cr => Terminator::Any(b'\r'),
            LineEnd::Lf | LineEnd::Mixed => Terminator::Any(b'\n'),
        },
    }
}

fn xlsx_form(source: &SheetLayout, description: &Description) -> Result<Form, ResultsError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet_with_constant_memory()?;
    sheet.set_name(sheet_name_for_excel(&source.sheet))?;
    let columns = description.range.as_ref().map(|area| area.columns.clone());
    let named = source.range_name.clone().zip(columns);
    Ok(Form::Xlsx(Box::new(Sheet {
        book,
        next_row: 0,
        part: named.map(|(name, columns)| (name, columns, description.header_row)),
        has_missing: false,
        date: Format::new().set_num_format("yyyy-mm-dd"),
        moment: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
        time: Format::new().set_num_format("hh:mm:ss"),
    })))
}

/// Encodes text as the source is encoded. The standard's encoders write no UTF-16, so that is done here.
fn encode(text: &str, encoding: &'static Encoding) -> Vec<u8> {
    if encoding == UTF_16LE {
        return text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    }
    if encoding == UTF_16BE {
        return text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    }
    encoding.encode(text).0.into_owned()
}
