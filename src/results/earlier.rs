//! Reading an earlier results file of ours back: which tickets it names.
//!
//! Owns the question whether a file at a results path is ours, and the tickets in it. Used to notice a lost ledger and to ask for
//! statuses. The only reading of CSV outside `input`: the format is our own, fixed by [`COLUMNS`].

use super::{COLUMNS, inert};
use crate::ticket::TicketId;
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
    pub ticket_id: TicketId,
}

/// One row of an earlier results file, as it stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierRow {
    /// The row's number as the spreadsheet shows it.
    pub row: u64,
    /// The outcome's word.
    pub outcome: String,
    /// The ticket, if it has one.
    pub ticket_id: Option<TicketId>,
    /// The code.
    pub error_code: String,
    /// The message.
    pub message: String,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    key: String,
}

impl EarlierRow {
    /// Whether the row can have this key, as the mapping shows it; results that were written without keys fit all.
    #[must_use]
    pub fn may_have_key(&self, shown: &str) -> bool {
        self.key.is_empty() || self.key == inert(shown)
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
            names.eq(COLUMNS.iter().map(|name| name.as_bytes()))
        });
        Ok(is_ours.then_some(EarlierResults { reader }))
    }

    /// All rows. One whose row number cannot be read is an error: the file is not as we wrote it.
    pub fn rows(&mut self) -> impl Iterator<Item = io::Result<EarlierRow>> {
        self.reader.records().map(|record| {
            let record = record?;
            let text = |column: usize| record.get(column).unwrap_or_default();
            let row = text(2).parse().map_err(|_| {
                io::Error::new(io::ErrorKind::InvalidData, "a row has no row number")
            })?;
            Ok(EarlierRow {
                row,
                outcome: text(4).to_owned(),
                ticket_id: TicketId::new(text(5)),
                error_code: text(6).to_owned(),
                message: text(7).to_owned(),
                finished_at: text(9).parse().ok(),
                key: text(3).to_owned(),
            })
        })
    }

    /// The rows that name a ticket.
    pub fn tickets(&mut self) -> impl Iterator<Item = io::Result<EarlierTicket>> {
        self.reader.records().filter_map(|record| match record {
            Ok(record) => {
                let text = |column: usize| record.get(column).unwrap_or_default().to_owned();
                let ticket_id = TicketId::new(record.get(5)?)?;
                Some(Ok(EarlierTicket {
                    file: text(0),
                    row: text(2),
                    key: text(3),
                    ticket_id,
                }))
            }
            Err(error) => Some(Err(error.into())),
        })
    }
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
        let header = COLUMNS.join(",");
        let text = format!(
            "\u{feff}{header}\nc.csv,,2,k,created,T1,,,1,\nc.csv,,3,k,invalid,,missing.dob,m,0,\n"
        );
        std::fs::write(&path, text).unwrap();
        let mut earlier = EarlierResults::open(&path).unwrap().unwrap();
        let tickets: Vec<_> = earlier.tickets().map(Result::unwrap).collect();
        assert_eq!(tickets.len(), 1);
        assert_eq!(
            (tickets[0].row.as_str(), tickets[0].ticket_id.as_str()),
            ("2", "T1")
        );
    }
}
