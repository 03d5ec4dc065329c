//! [`Input::read_pairs`]: a table of two columns, as a mapping's `translate_file` is one.
//!
//! Owns what such a table must look like. It has no header and is read at once, whatever its length.

use super::error::{Fault, InputError, InputErrorKind};
use super::spool::Place;
use super::{Input, Options, recognise};
use crate::row::Row;
use std::path::Path;

impl Input {
    /// Reads a table of two columns without a header, for translations.
    ///
    /// # Errors
    ///
    /// [`InputError`] where the file cannot be read, or a row has not two cells.
    pub fn read_pairs(path: &Path) -> Result<Vec<(String, String)>, InputError> {
        let read = || -> Result<Vec<(String, String)>, Fault> {
            let place = Place::of(path)?;
            let form = recognise(place.path(), &Options::default())?;
            let mut pairs = Vec::new();
            form.read(place.path(), false, &mut |source| {
                let mut row = Row::default();
                while source.next(&mut row)? {
                    let surplus = row.cells().skip(2).any(|cell| !cell.text.trim().is_empty());
                    if row.width() < 2 || surplus {
                        let position = row.position.clone();
                        return Err(Fault {
                            position,
                            kind: InputErrorKind::NotAPair,
                        });
                    }
                    pairs.push((row.text(0).to_owned(), row.text(1).to_owned()));
                }
                Ok(())
            })?;
            Ok(pairs)
        };
        read().map_err(|fault| fault.within(path))
    }
}
