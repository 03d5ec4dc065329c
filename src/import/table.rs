//! [`Table`]: one input file together with the mapping that reads it, and the part of it that is asked for.
//!
//! Owns the one way in which rows are mapped: rehearsal, run and results all go through [`Table::for_each_call`], so
//! that they cannot differ. Rows are mapped by a few threads at once and come back in order. Asks no ledger.

use crate::input::{Input, InputError, Kind, Noted};
use crate::ledger::RejectsFile;
use crate::mapping::{Mapped, Mapper, Mapping, MappingErrors};
use crate::reading::Selection;
use crate::row::Row;
use jiff::civil::Date;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;

/// Reading a block of a CSV file takes a twentieth of making payloads of it; more hands than this would only hold memory.
const MOST_HANDS: usize = 4;

/// An input file, its mapping bound to its header, and the selected part.
#[derive(Debug)]
pub struct Table {
    name: String,
    input: Input,
    mapper: Mapper,
    mapping: Arc<Mapping>,
    fingerprint: [u8; 8],
    selection: Selection,
    /// The content, where it is a rejects file.
    rejects: Option<[u8; 32]>,
}

/// A mapped row, as [`Table::for_each_call`] hands it out.
#[derive(Debug)]
pub struct Call<'a> {
    /// The row.
    pub row: &'a Row,
    /// What it became.
    pub mapped: &'a mut Mapped,
    /// Whether it belongs to the part that is asked for; rows that do not still count as identical rows before others.
    pub selected: bool,
}

/// A call with what was noted of it, as [`Table::for_each_noted_call`] hands it out.
#[derive(Debug)]
pub struct NotedCall<'a, N> {
    /// The row's number.
    pub row: u64,
    /// Whether it belongs to the part that is asked for.
    pub selected: bool,
    /// What was noted.
    pub note: N,
    /// The call itself, where it was to be seen.
    pub call: Option<Call<'a>>,
}

impl Table {
    /// Binds a mapping to an input; `name` is the file as the user named it.
    ///
    /// # Errors
    ///
    /// All that does not fit between the mapping and the file's header.
    pub fn new(
        name: String,
        input: Input,
        mapping: Arc<Mapping>,
        selection: Selection,
        today: Date,
    ) -> Result<Table, MappingErrors> {
        let is_text = input.description().kind() == Kind::Csv;
        let mut mapper = mapping.bind(input.header(), &name, is_text, today)?;
        mapper.set_strict_width(is_text);
        let fingerprint = mapping.fingerprint();
        let is_rejects = input.description().is_rejects;
        // A file that cannot be read again is told when its rows are read.
        let rejects = is_rejects.then(|| input.fingerprint().unwrap_or_default());
        Ok(Table {
            name,
            input,
            mapper,
            mapping,
            fingerprint,
            selection,
            rejects,
        })
    }

    /// The file as the user named it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file.
    #[must_use]
    pub fn input(&self) -> &Input {
        &self.input
    }

    /// The mapping.
    #[must_use]
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// The part of the file that is asked for.
    #[must_use]
    pub fn selection(&self) -> Selection {
        self.selection
    }

    /// The rejects file that this is, if it is one.
    pub(super) fn rejects_file(&self) -> Option<RejectsFile> {
        self.rejects.map(|fingerprint| RejectsFile {
            fingerprint,
            sheet: self.input.description().sheet().map(str::to_owned),
        })
    }

    /// The fingerprint of what the mapping means.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 8] {
        self.fingerprint
    }

    /// Maps every row and hands it to `each` in order; `each` may stop early.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read to its end.
    pub fn for_each_call<B>(
        &self,
        mut each: impl FnMut(Call<'_>) -> ControlFlow<B>,
    ) -> Result<Option<B>, InputError> {
        let keep = || |_: &Row, _: &Mapped| Noted::KEPT;
        self.for_each_noted_call(keep, |noted| match noted.call {
            Some(call) => each(call),
            None => ControlFlow::Continue(()),
        })
    }

    /// As [`Table::for_each_call`], with a note of each call from where it is mapped: `look` is asked once for each of the
    /// threads that do so, and what it gives says which of the calls are to be seen at all.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read to its end.
    pub fn for_each_noted_call<N, H, B>(
        &self,
        look: impl Fn() -> H,
        mut each: impl FnMut(NotedCall<'_, N>) -> ControlFlow<B>,
    ) -> Result<Option<B>, InputError>
    where
        N: Send,
        H: FnMut(&Row, &Mapped) -> Noted<N> + Send,
    {
        let hand = |_| {
            let mut mapper = self.mapper.clone();
            let mut look = look();
            move |row: &Row, mapped: &mut Mapped| {
                mapper.map(row, mapped);
                look(row, mapped)
            }
        };
        let hands = (0..hands()).map(hand).collect();
        let mut taken = 0;
        self.input.for_each_worked_row(hands, |seen| {
            let selected = self.selection.contains(seen.row, taken);
            taken += u64::from(selected);
            let call = seen.kept.map(|(row, mapped)| Call {
                row,
                mapped,
                selected,
            });
            each(NotedCall {
                row: seen.row,
                selected,
                note: seen.note,
                call,
            })
        })
    }
}

/// How many threads map: the cores that there are, up to a few.
fn hands() -> usize {
    thread::available_parallelism().map_or(1, |cores| cores.get().min(MOST_HANDS))
}
