//! [`Translation`]: a table of what stands in the file and what the ticket gets for it.
//!
//! Owns looking a value up without regard to case and space, at its ends and between its words. Two targets for one value are refused when
//! the table is made, so that a lookup is never a guess.

use super::wording::fold_value;
use std::collections::HashMap;

/// What the ticket gets for a value of the file.
#[derive(Debug, Clone, Default)]
pub(super) struct Translation {
    targets: HashMap<String, String>,
}

/// Why a pair was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// A blank value stays blank; it is never looked up.
    Blank,
    /// The value has another target already.
    Twice,
}

impl Translation {
    /// Adds a pair; the same pair again is no harm.
    pub(super) fn add(&mut self, value: &str, target: &str) -> Result<(), Refused> {
        let mut folded = String::new();
        fold_value(value, &mut folded);
        if folded.is_empty() {
            return Err(Refused::Blank);
        }
        match self.targets.get(&folded) {
            Some(known) if known != target => Err(Refused::Twice),
            Some(_) => Ok(()),
            None => {
                self.targets.insert(folded, target.to_owned());
                Ok(())
            }
        }
    }

    /// The target for a value; `folded` is a buffer that is used again.
    pub(super) fn find(&self, value: &str, folded: &mut String) -> Option<&str> {
        fold_value(value, folded);
        self.targets.get(folded.as_str()).map(String::as_str)
    }

    /// All pairs in a fixed order, for fingerprints.
    pub(super) fn sorted(&self) -> Vec<(&str, &str)> {
        let mut pairs: Vec<(&str, &str)> = self
            .targets
            .iter()
            .map(|(value, target)| (value.as_str(), target.as_str()))
            .collect();
        pairs.sort_unstable();
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_whatever_its_case_and_space() {
        let mut table = Translation::default();
        table.add("Élan Clinic", "1234").unwrap();
        let mut folded = String::new();
        for value in [
            "Élan Clinic",
            " ÉLAN CLINIC ",
            "e\u{301}lan clinic",
            "Élan  Clinic",
            "Élan\u{a0}Clinic",
            "Élan\nClinic",
        ] {
            assert_eq!(table.find(value, &mut folded), Some("1234"), "{value:?}");
        }
        assert_eq!(table.find("Elan Clinic", &mut folded), None);
    }

    #[test]
    fn two_targets_for_one_value_are_refused() {
        let mut table = Translation::default();
        table.add("F", "female").unwrap();
        assert_eq!(table.add(" f ", "female"), Ok(()));
        assert_eq!(table.add("f", "male"), Err(Refused::Twice));
        assert_eq!(table.add(" ", "male"), Err(Refused::Blank));
        assert_eq!(table.sorted(), [("f", "female")]);
    }
}
