//! [`Given`]: a column that was given to a field by its name, and whether its values are like those of such a field.
//!
//! Owns what speaks against it. Holds counts and a keyed hash, never a value.

use crate::holds::{self, Holds};
use crate::row::Cell;
use crate::seen::{composed, stripped};
use crate::ticket::TicketField;
use std::hash::{BuildHasher, RandomState};

/// In fewer rows one family may have called again and again.
const ROWS_OF_ONE_LINE: u64 = 3;
/// So many of a hundred rows at least are nearly all.
const NEARLY_ALL: u64 = 80;

/// A column that was given to a field, and what its values are like.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) field: TicketField,
    pub(super) place: usize,
    filled: u64,
    /// Values that are like no others of such a field.
    odd: u64,
    phones: u64,
    hasher: RandomState,
    /// The value that may be most of them, and how many more of it there are than of the others.
    most: Option<(u64, u64)>,
}

impl Given {
    pub(super) fn new((field, place): (TicketField, usize)) -> Given {
        Given {
            field,
            place,
            filled: 0,
            odd: 0,
            phones: 0,
            hasher: RandomState::new(),
            most: None,
        }
    }

    pub(super) fn look(&mut self, cell: Cell<'_>) {
        let text = stripped(cell.text);
        if text.is_empty() {
            return;
        }
        self.filled += 1;
        let is_odd = if self.is_name() {
            text.contains(',')
        } else {
            !text.bytes().all(|byte| byte.is_ascii_digit())
        };
        self.odd += u64::from(is_odd);
        self.phones += u64::from(holds::of(cell).0 == Holds::Phone);
        if self.is_phone() {
            let hash = self.hasher.hash_one(&*composed(&text));
            self.most = match self.most {
                Some((most, more)) if most == hash => Some((most, more + 1)),
                Some((most, more)) if more > 0 => Some((most, more - 1)),
                _ => Some((hash, 1)),
            };
        }
    }

    pub(super) fn is_name(&self) -> bool {
        matches!(
            self.field,
            TicketField::PatientLname
                | TicketField::PatientFname
                | TicketField::CallerLname
                | TicketField::CallerFname
        )
    }

    fn is_phone(&self) -> bool {
        matches!(
            self.field,
            TicketField::ContactPhone | TicketField::ContactPhone2
        )
    }

    pub(super) fn is_mostly_odd(&self) -> bool {
        self.odd * 2 > self.filled
    }

    /// Why its values say that a person is to be asked, whatever the name says.
    pub(super) fn doubt(&self) -> Option<&'static str> {
        let of_one_line = self.most.is_some_and(|(_, more)| {
            self.filled >= ROWS_OF_ONE_LINE && more * 100 >= self.filled * NEARLY_ALL
        });
        let is_number = matches!(self.field, TicketField::Prac | TicketField::ClientCode);
        if self.is_phone() && of_one_line {
            Some("it is the same in nearly every row, as the practice's own line is")
        } else if is_number && self.phones * 2 > self.filled {
            Some("its values look like phones")
        } else {
            None
        }
    }

    /// What a person should know of the column before it is sent.
    pub(super) fn remark(&self) -> Option<String> {
        let is_practice = self.field == TicketField::Prac && self.odd > 0;
        if is_practice {
            return Some(
                "not all of it is numbers, by which the call centre knows its practices: names want a `translate`"
                    .to_owned(),
            );
        }
        let is_blank = self.filled == 0 && self.field != TicketField::Dob;
        is_blank.then(|| "the column is blank in every row".to_owned())
    }
}
