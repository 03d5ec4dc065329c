//! [`Suggestion`]: a mapping is drafted from a file's header and a look at its rows.
//!
//! Owns which column is given to which field, and what is left for a person to decide. A column goes to one field at most, and
//! nothing is guessed that a value could prove wrong later: where it is open, the draft says so in a comment. Guarantees that
//! no value is kept or told, and that a draft whose required fields all have a column is a mapping that binds to the
//! header it was made from. How a draft is written as TOML is told in `draft`. Reads no files.

mod dates;
mod draft;
mod given;
mod names;
mod proof;
mod toml;

pub use draft::{Draft, Fate, Line, Origin};

use super::KeyProposal;
use crate::holds;
use crate::reading::letters;
use crate::row::Row;
use crate::seen::{Columns, fold_header, plain, stripped};
use crate::ticket::TicketField;
use dates::Dates;
use draft::{Aside, Found};
use given::Given;
use names::{ASKED, Name, PROPOSED};
use proof::Proof;
use std::slice;

/// How much of a name is shown.
const SHOWN: usize = 60;

/// A draft in the making.
#[derive(Debug)]
pub struct Suggestion<'h> {
    header: &'h [String],
    /// How a mapping names each column; none where it cannot.
    written: Vec<Option<String>>,
    /// Whether the row is a header for sure, so that its texts may be shown.
    proof: Proof,
    /// Columns that hold the whole names of people.
    whole_names: Vec<usize>,
    given: Vec<Given>,
    names: Vec<Name>,
    /// The fields without a column, and the columns without a field.
    left: (Vec<TicketField>, Vec<usize>),
    dates: Dates,
    key: KeyProposal,
    rows: u64,
}

impl<'h> Suggestion<'h> {
    /// Begins with the header alone; what day it is decides which dates are believed.
    #[must_use]
    pub fn new(header: &'h [String], today: jiff::civil::Date) -> Suggestion<'h> {
        let names: Vec<Name> = header.iter().map(|name| Name::new(name)).collect();
        let proof = Proof::of(&names);
        let columns = Columns::new(header);
        let written: Vec<Option<String>> = (0..header.len())
            .map(|place| written(header, &columns, place).filter(|_| proof.holds()))
            .collect();
        let is_whole = |place: &usize| names.get(*place).is_some_and(Name::is_whole_name);
        let free: Vec<usize> = (0..header.len())
            .filter(|place| written.get(*place).is_some_and(Option::is_some))
            .collect();
        let (whole_names, mut free): (Vec<usize>, Vec<usize>) =
            free.into_iter().partition(is_whole);
        let mut fields = TicketField::ALL.to_vec();
        let given = pair(&names, PROPOSED, &mut fields, &mut free);
        // A column that is a field's already is no call's number.
        let key: Vec<String> = written
            .iter()
            .enumerate()
            .map(|(place, name)| name.clone().filter(|_| free.contains(&place)))
            .map(Option::unwrap_or_default)
            .collect();
        Suggestion {
            header,
            written,
            proof,
            whole_names,
            given: given.into_iter().map(Given::new).collect(),
            names,
            left: (fields, free),
            dates: Dates::up_to(today),
            key: KeyProposal::new(&key, usize::MAX),
            rows: 0,
        }
    }

    /// Looks at a row.
    pub fn look(&mut self, row: &Row) {
        self.rows += 1;
        self.proof.look(row);
        self.key.look(row);
        for given in &mut self.given {
            let cell = row.cell(given.place);
            if given.field == TicketField::Dob {
                self.dates.look(cell);
            } else {
                given.look(cell);
            }
        }
    }

    /// The draft.
    #[must_use]
    pub fn finish(mut self) -> Draft {
        if !self.is_told() {
            let unproven = vec![Aside::Unproven(self.header.len())];
            return Draft::new(Vec::new(), None, self.rows, unproven);
        }
        let key = std::mem::replace(&mut self.key, KeyProposal::new(&[], 0)).finish();
        let is_whole = |given: &Given| given.is_name() && given.is_mostly_odd();
        self.whole_names.extend(
            self.given
                .iter()
                .filter(|given| is_whole(given))
                .map(|given| given.place),
        );
        self.given.retain(|given| !is_whole(given));
        self.settle_phones();
        let mut found: Vec<Found> = self.given.iter().map(|given| self.found(given)).collect();
        // The key is no field's, and what may be one's is no aside.
        let (mut fields, mut free) = std::mem::take(&mut self.left);
        let is_key = |place: &usize| {
            let written = self.written.get(*place).and_then(Option::as_ref);
            key.as_ref().is_some_and(|key| written == Some(&key.column))
        };
        free.retain(|place| !is_key(place));
        let perhaps = pair(&self.names, ASKED, &mut fields, &mut free);
        found.extend(perhaps.into_iter().map(|(field, place)| Found {
            is_sure: false,
            ..self.named(field, place)
        }));
        Draft::new(found, key, self.rows, self.asides(&free))
    }

    /// Whether the row that was taken for the header is rather a row of values, or of labels beside them.
    #[must_use]
    pub fn is_of_values(&self) -> bool {
        self.proof.is_against()
    }

    /// Whether the texts of the header may be told.
    fn is_told(&self) -> bool {
        self.proof.holds() && !self.proof.is_against()
    }

    /// A first phone that is the same in all rows makes way for a second one that is not.
    fn settle_phones(&mut self) {
        let place_of = |field| self.given.iter().position(|given| given.field == field);
        let (Some(first), Some(second)) = (
            place_of(TicketField::ContactPhone),
            place_of(TicketField::ContactPhone2),
        ) else {
            return;
        };
        let can_be_first = |given: &Given| {
            let name = self.names.get(given.place);
            let score = name.map_or(0.0, |name| name.score(TicketField::ContactPhone));
            given.doubt().is_none() && score >= PROPOSED
        };
        let (one, other) = (self.given.get(first), self.given.get(second));
        let changes = one.is_some_and(|given| given.doubt().is_some());
        if changes && other.is_some_and(can_be_first) {
            for given in &mut self.given {
                given.field = match given.field {
                    TicketField::ContactPhone => TicketField::ContactPhone2,
                    TicketField::ContactPhone2 => TicketField::ContactPhone,
                    field => field,
                };
            }
        }
    }

    /// What is to be said of columns that no field takes; `unused` are those that one might.
    fn asides(&self, unused: &[usize]) -> Vec<Aside> {
        let shown = |places: &[usize]| places.iter().map(|&place| self.shown(place)).collect();
        let mut asides = Vec::new();
        let (mut blank, mut like_values) = (Vec::new(), Vec::new());
        let mut twice: Vec<(String, String, Vec<String>)> = Vec::new();
        for (place, name) in self.header.iter().enumerate() {
            if self.written.get(place).is_some_and(Option::is_some) {
                // A mapping can name it.
            } else if stripped(name).is_empty() {
                blank.push(letters(place));
            } else if is_value(name) {
                like_values.push(letters(place));
            } else {
                let shown = self.shown(place);
                let folded = fold_header(name);
                match twice.iter_mut().find(|(told, ..)| *told == folded) {
                    Some((.., places)) => places.push(letters(place)),
                    None => twice.push((folded, shown, vec![letters(place)])),
                }
            }
        }
        asides.push(Aside::WholeNames(shown(&self.whole_names)));
        let twice = twice
            .into_iter()
            .map(|(_, name, places)| Aside::Twice(name, places));
        asides.extend(twice);
        asides.push(Aside::Blank(blank));
        asides.push(Aside::LikeValues(like_values));
        asides.push(Aside::Unused(shown(unused)));
        asides
    }

    /// The column of a field, by its names in the mapping and in messages.
    fn named(&self, field: TicketField, place: usize) -> Found {
        let written = self.written.get(place).cloned().flatten();
        Found {
            field,
            is_sure: true,
            written: written.unwrap_or_default(),
            shown: self.shown(place),
            dates: None,
            remark: None,
        }
    }

    fn found(&self, given: &Given) -> Found {
        let dates = (given.field == TicketField::Dob).then(|| self.dates.finish());
        let doubt = given.doubt();
        Found {
            is_sure: doubt.is_none(),
            remark: doubt.map(str::to_owned).or_else(|| given.remark()),
            dates,
            ..self.named(given.field, given.place)
        }
    }

    /// A name of the header as it may be shown: in one line, its beginning where it is long.
    fn shown(&self, place: usize) -> String {
        let name = self.header.get(place).map_or("", String::as_str);
        let words: Vec<&str> = name.split_whitespace().collect();
        let name = words.join(" ");
        let mut shown: String = plain(&name).chars().take(SHOWN).collect();
        if name.chars().count() > SHOWN {
            shown.push('…');
        }
        format!("'{shown}'")
    }
}

/// Gives columns to fields, the likeliest pair first; of equals the field that stands first on the page, then the first
/// column. What was given is taken off both lists.
fn pair(
    names: &[Name],
    least: f64,
    fields: &mut Vec<TicketField>,
    places: &mut Vec<usize>,
) -> Vec<(TicketField, usize)> {
    let mut scored = Vec::new();
    for &field in &*fields {
        for &place in &*places {
            let score = names.get(place).map_or(0.0, |name| name.score(field));
            if score >= least {
                scored.push((score, field, place));
            }
        }
    }
    // The sort is stable.
    scored.sort_by(|one, other| other.0.total_cmp(&one.0));
    let mut pairs = Vec::new();
    for (_, field, place) in scored {
        if fields.contains(&field) && places.contains(&place) {
            fields.retain(|other| *other != field);
            places.retain(|other| *other != place);
            pairs.push((field, place));
        }
    }
    pairs
}

/// How a mapping names a column: in one line and without what nobody can see, where that is enough; none where no name leads
/// to it, or where what stands there may be somebody's.
fn written(header: &[String], columns: &Columns<'_>, place: usize) -> Option<String> {
    let name = header.get(place)?;
    let seen = stripped(name);
    if seen.is_empty() || is_value(name) {
        return None;
    }
    let words: Vec<&str> = seen.split_whitespace().collect();
    let leads_there = |name: &str| columns.find(name) == Ok(place);
    Some(words.join(" "))
        .filter(|name| leads_there(name))
        .or_else(|| Some(name.clone()).filter(|name| leads_there(name)))
}

/// Whether a name of the header looks like a value, and so like a patient's.
fn is_value(name: &String) -> bool {
    holds::is_of_values(slice::from_ref(name))
}

#[cfg(test)]
mod tests;
