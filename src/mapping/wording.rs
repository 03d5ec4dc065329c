//! How names and texts are compared and told: the likeliest name that was meant, and lists in sentences.
//!
//! Owns what is alike; what is the same is the same for the whole program. Knows no file and no rule.

pub(super) use crate::seen::{composed, fold_header, fold_value, of_formula, stripped, trim};

/// How alike two names must be before one is suggested for the other: swapped or missing letters pass, other words do not.
const ALIKE: f64 = 0.8;

/// The letters and digits of a name, small, for comparing what is alike.
fn letters(name: &str) -> String {
    let mut folded = fold_header(name);
    folded.retain(char::is_alphanumeric);
    folded
}

/// The candidate that was probably meant, if one is alike enough.
pub(super) fn likeliest<'a>(
    written: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let written = letters(written);
    candidates
        .map(|candidate| {
            let folded = letters(candidate);
            let score = strsim::jaro_winkler(&written, &folded)
                .max(strsim::sorensen_dice(&written, &folded));
            (score, candidate)
        })
        .filter(|(score, _)| *score >= ALIKE)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, candidate)| candidate)
}

/// Names as a sentence lists them with its last word: `a`, `a and b`, `a, b or c`.
pub(super) fn listed(names: &[String], word: &str) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [before @ .., last] => format!("{} {word} {last}", before.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_recognised_and_another_word_is_not() {
        let headers = ["Last Name", "First Name", "DOB"];
        let meant = |written| likeliest(written, headers.into_iter());
        assert_eq!(meant("Frist Name"), Some("First Name"));
        assert_eq!(meant("d.o.b"), Some("DOB"));
        assert_eq!(meant("Reason"), None);
    }

    #[test]
    fn names_are_listed_as_a_sentence_would() {
        let names = |n: usize| ["a", "b", "c"].map(str::to_owned)[..n].to_vec();
        assert_eq!(listed(&names(1), "and"), "a");
        assert_eq!(listed(&names(2), "and"), "a and b");
        assert_eq!(listed(&names(3), "or"), "a, b or c");
    }
}
