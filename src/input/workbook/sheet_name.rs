//! [`sheet_name_for_excel`]: a worksheet's name as Excel takes it.
//!
//! Owns what Excel asks of such names. Other programs write longer ones, and characters that it refuses; a file of ours
//! under such a name could not be opened, and would not even be written.

use std::borrow::Cow;

/// The longest name, in UTF-16 units.
const LONGEST: usize = 31;
/// What stands in the place of each character that is refused.
const INSTEAD: char = '_';
/// What a sheet is called whose name is blank.
const BLANK: &str = "Sheet1";

/// The name itself where Excel takes it, else the one that comes nearest to it.
#[must_use]
pub fn sheet_name_for_excel(name: &str) -> Cow<'_, str> {
    let mut units = 0;
    let fits = |c: &char| {
        units += c.len_utf16();
        units <= LONGEST
    };
    let mut fitting: String = name.chars().take_while(fits).map(plain).collect();
    // Only now, since the cut may have brought one to the end.
    if fitting.starts_with('\'') {
        fitting.replace_range(..1, &INSTEAD.to_string());
    }
    if fitting.ends_with('\'') {
        fitting.pop();
        fitting.push(INSTEAD);
    }
    if fitting.trim().is_empty() {
        fitting = BLANK.to_owned();
    }
    if fitting == name {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(fitting)
    }
}

fn plain(c: char) -> char {
    if c.is_control() || matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\') {
        INSTEAD
    } else {
        c
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_excel_takes_stays_and_any_other_becomes_one() {
        let long = "x".repeat(31);
        let faces = "\u{1f600}".repeat(15);
        let cases = [
            ("Night calls", "Night calls"),
            ("Müller's calls", "Müller's calls"),
            (long.as_str(), long.as_str()),
            (&format!("{long}y"), &long),
            (
                &format!("{}é{}", "x".repeat(30), "z"),
                &format!("{}é", "x".repeat(30)),
            ),
            (&"\u{1f600}".repeat(16), &faces),
            (
                &format!("{}' of Kim", "x".repeat(30)),
                &format!("{}_", "x".repeat(30)),
            ),
            ("Night/Day: [1]*?\\\n", "Night_Day_ _1_____"),
            ("'quoted'", "_quoted_"),
            ("'", "_"),
            ("", "Sheet1"),
            (" \u{a0}", "Sheet1"),
        ];
        for (name, expected) in cases {
            let fitting = sheet_name_for_excel(name);
            assert_eq!(fitting, expected, "{name}");
            assert_eq!(sheet_name_for_excel(&fitting), fitting, "{name}");
            rust_xlsxwriter::utility::check_sheet_name(&fitting).unwrap();
        }
    }
}
