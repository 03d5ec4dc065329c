//! Reading an earlier results file of ours back: which tickets it names.
//!
//! Owns the question whether a file at a results path is ours, and the tickets in it. Used to notice a lost ledger and to ask for
//! statuses. The only reading of CSV outside `input`: the format is our own, fixed by [`RESULTS`]. Text that a spreadsheet has
//! saved in another encoding is read as far as it goes, since words, numbers and tickets are the same in all of them.

use super::shown::meant;
use super::{ToldTicket, inert};
use crate::columns::RESULTS;
use crate::ticket::Outcome;
use jiff::Timestamp;
use std::fs::File;
use std::io;
use std::path::Path;

/// One row of an earlier results file that names a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierTicket {
    /// The input file.
    pub file: String,
    /// The row's number as the spreadsheet shows it.
    pub row: String,
    /// Its key.
    pub key: String,
    /// The ticket.
    pub ticket: ToldTicket,
}

/// What a row of an earlier results file says of a call that may not be sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trace {
    /// It has this ticket.
    Ticket(ToldTicket),
    /// It may have one.
    Doubt,
}

/// One row of an earlier results file, as it stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierRow {
    /// The row's number as the spreadsheet shows it.
    pub row: u64,
    /// The outcome's word.
    pub outcome: String,
    /// The ticket, if it has one.
    pub ticket: Option<ToldTicket>,
    /// The code.
    pub error_code: String,
    /// The message.
    pub message: String,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    file: String,
    key: String,
}

/// An input that results tell of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldInput {
    /// The file, as it was named then.
    pub file: String,
    /// The worksheet.
    pub sheet: Option<String>,
}

impl ToldInput {
    /// Whether it has the name of this file. The folder of an input is no part of its name: the same file can be named from
    /// many places.
    #[must_use]
    pub fn has_name_of(&self, input: &str) -> bool {
        file_name(&self.file) == file_name(input)
    }
}

impl EarlierRow {
    /// Whether the row is of a file with the name of this one, wherever it was named from.
    #[must_use]
    pub fn is_of(&self, input: &str) -> bool {
        self.file_name() == file_name(input)
    }

    /// The name of its input, without a folder.
    #[must_use]
    pub fn file_name(&self) -> &str {
        file_name(&self.file)
    }

    /// Whether it says what its key is.
    #[must_use]
    pub fn has_key(&self) -> bool {
        !self.key.is_empty()
    }

    /// Whether the row can have this key, as the mapping shows it; results that were written without keys fit all.
    #[must_use]
    pub fn may_have_key(&self, shown: &str) -> bool {
        // An earlier version made fewer texts inert.
        self.key.is_empty() || self.key == inert(shown) || self.key == shown
    }
}

/// An earlier results file, being read.
#[derive(Debug)]
pub struct EarlierResults {
    reader: csv::Reader<File>,
}

impl EarlierResults {
    /// Opens a results file; none where the file is not one of ours.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read.
    pub fn open(path: &Path) -> io::Result<Option<EarlierResults>> {
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .from_reader(File::open(path)?);
        let is_ours = reader.byte_headers().is_ok_and(|header| {
            // Excel puts a mark before the first column when it saves the file.
            let names = header
                .iter()
                .map(|name| name.strip_prefix(b"\xef\xbb\xbf").unwrap_or(name));
            names.eq(RESULTS.iter().map(|name| name.as_bytes()))
        });
        Ok(is_ours.then_some(EarlierResults { reader }))
    }

    /// All rows. One whose row number cannot be read is an error: the file is not as we wrote it.
    pub fn rows(&mut self) -> impl Iterator<Item = io::Result<EarlierRow>> {
        self.records().map(|record| {
            let record = record?;
            let row = record.text(2).parse().map_err(|_| {
                io::Error::new(io::ErrorKind::InvalidData, "a row has no row number")
            })?;
            Ok(EarlierRow {
                row,
                outcome: record.text(4),
                ticket: record.ticket(),
                error_code: record.text(6),
                message: record.text(7),
                finished_at: record.text(9).parse().ok(),
                file: meant(&record.text(0)).to_owned(),
                key: record.text(3),
            })
        })
    }

    /// The rows that name a ticket.
    pub fn tickets(&mut self) -> impl Iterator<Item = io::Result<EarlierTicket>> {
        self.records().filter_map(|record| match record {
            Ok(record) => Some(Ok(EarlierTicket {
                file: record.text(0),
                row: record.text(2),
                key: record.text(3),
                ticket: record.ticket()?,
            })),
            Err(error) => Some(Err(error)),
        })
    }

    /// What the rows say of calls that may not be sent again.
    pub fn traces(&mut self) -> impl Iterator<Item = io::Result<Trace>> {
        self.records().filter_map(|record| match record {
            Ok(record) => record.trace().map(Ok),
            Err(error) => Some(Err(error)),
        })
    }

    /// Another input than this one, of which the file tells that a call may not be sent again. The folder of an input is no
    /// part of its name here: the same file can be named from many places.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read on.
    pub fn other_input(&mut self, input: &str) -> io::Result<Option<String>> {
        let own = inert(input);
        for record in self.records() {
            let record = record?;
            let told = record.text(0);
            if file_name(&told) != file_name(&own) && record.trace().is_some() {
                return Ok(Some(file_name(&told).to_owned()));
            }
        }
        Ok(None)
    }

    /// The inputs of which the file tells that a call may not be sent again; usually there is one.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read on.
    pub fn inputs(&mut self) -> io::Result<Vec<ToldInput>> {
        let mut inputs: Vec<ToldInput> = Vec::new();
        for record in self.records() {
            let record = record?;
            let sheet = record.text(1);
            let told = ToldInput {
                file: meant(&record.text(0)).to_owned(),
                sheet: (!sheet.is_empty()).then(|| meant(&sheet).to_owned()),
            };
            if record.trace().is_some() && !inputs.contains(&told) {
                inputs.push(told);
            }
        }
        Ok(inputs)
    }

    fn records(&mut self) -> impl Iterator<Item = io::Result<Record>> {
        self.reader
            .byte_records()
            .map(|record| record.map(Record).map_err(io::Error::from))
    }
}

/// A line of the file.
struct Record(csv::ByteRecord);

impl Record {
    fn text(&self, column: usize) -> String {
        String::from_utf8_lossy(self.0.get(column).unwrap_or_default()).into_owned()
    }

    fn ticket(&self) -> Option<ToldTicket> {
        ToldTicket::read(&self.text(5))
    }

    fn trace(&self) -> Option<Trace> {
        let is_doubt = self.text(4) == Outcome::InDoubt.as_str();
        let ticket = self.ticket().map(Trace::Ticket);
        ticket.or(is_doubt.then_some(Trace::Doubt))
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_ours_are_read_and_only_rows_with_a_ticket() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        std::fs::write(&path, "Call ID,ticket_id\n1,T1\n").unwrap();
        assert!(EarlierResults::open(&path).unwrap().is_none());
        let header = RESULTS.join(",");
        let rows = [
            "c.csv,,2,k,created,T1,,,1,",
            "c.csv,,3,k,invalid,,missing.dob,m,0,",
            "c.csv,,4,k,in_doubt,,reset,m,1,",
            "c.csv,,5,k,created,'=1+2,,,1,",
            "c.csv,,6,k,created,-xQ3,,,1,",
        ];
        let text = format!("\u{feff}{header}\n{}\n", rows.join("\n"));
        let ansi = text.replace(",k,", ",M\u{fc}ller,").into_bytes();
        let ansi = ansi
            .into_iter()
            .map(|byte| if byte == 0xc3 { 0xfc } else { byte });
        for bytes in [text.clone().into_bytes(), ansi.collect()] {
            std::fs::write(&path, bytes).unwrap();
            let open = || EarlierResults::open(&path).unwrap().unwrap();
            let tickets: Vec<_> = open().tickets().map(Result::unwrap).collect();
            let tickets: Vec<_> = tickets
                .iter()
                .map(|ticket| (ticket.row.as_str(), ticket.ticket.id.as_str()))
                .collect();
            assert_eq!(tickets, [("2", "T1"), ("5", "=1+2"), ("6", "-xQ3")]);
            let traces: Vec<_> = open().traces().map(Result::unwrap).collect();
            assert_eq!(traces.len(), 4);
            assert_eq!(traces[1], Trace::Doubt);
            assert_eq!(open().rows().count(), 5);
        }
    }
}
