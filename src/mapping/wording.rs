//! How names and texts are compared and told: the likeliest name that was meant, and lists in sentences.
//!
//! Owns what is alike; what is the same is the same for the whole program. Knows no file and no rule.

pub(super) use crate::seen::{composed, fold_header, fold_value, of_formula, stripped, trim};

/// How many letters of a name stand for each one that may be wrong in it: slips of the pen pass, other words do not.
const LETTERS_A_SLIP: usize = 4;
/// So many of the columns that a field is joined from are named.
const NAMED: usize = 4;
/// How alike names of the same words in another order are.
const ALIKE: f64 = 0.8;

/// The columns that a field comes from, as a message names them: `the column 'DOB'`, `the columns 'Day', 'Month' and 'Year'`.
pub(super) fn sources<'a>(columns: impl ExactSizeIterator<Item = &'a str>) -> String {
    let all = columns.len();
    let named = columns.take(NAMED);
    let mut names: Vec<String> = named
        .map(|name| format!("'{}'", name.escape_debug()))
        .collect();
    if all > NAMED {
        names.push(format!("{} more", all - NAMED));
    }
    let noun = if all == 1 { "column" } else { "columns" };
    format!("the {noun} {}", listed(&names, "and"))
}

/// The letters and digits of a name, small, for comparing what is alike.
pub(super) fn letters(name: &str) -> String {
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
            (closeness(&written, &folded), candidate)
        })
        .filter_map(|(score, candidate)| Some((score?, candidate)))
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, candidate)| candidate)
}

/// How alike two names are; none where they are too far from each other to be taken for the same: a wrong guess is worse
/// than none, since it is believed.
fn closeness(one: &str, other: &str) -> Option<f64> {
    let (short, long) = if one.len() < other.len() {
        (one, other)
    } else {
        (other, one)
    };
    let slips = strsim::osa_distance(one, other);
    let same_words = strsim::sorensen_dice(one, other);
    let is_slip = slips <= (long.chars().count() / LETTERS_A_SLIP).max(1) && !short.is_empty();
    let is_begun = short.len() >= LETTERS_A_SLIP && long.starts_with(short);
    (is_slip || is_begun || same_words >= ALIKE)
        .then(|| strsim::jaro_winkler(one, other).max(same_words))
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
        assert_eq!(meant("Name, last"), Some("Last Name"));
        let headers = ["Call ID", "Last Name", "Phone number", "Sex"];
        let meant = |written| likeliest(written, headers.into_iter());
        assert_eq!(meant("Phone"), Some("Phone number"));
        for other in ["Callback", "First Name", "Caller", "Age", ""] {
            assert_eq!(meant(other), None, "{other}");
        }
    }

    #[test]
    fn names_are_listed_as_a_sentence_would() {
        let names = |n: usize| ["a", "b", "c"].map(str::to_owned)[..n].to_vec();
        assert_eq!(listed(&names(1), "and"), "a");
        assert_eq!(listed(&names(2), "and"), "a and b");
        assert_eq!(listed(&names(3), "or"), "a, b or c");
    }
}
