//! `sex`: `male` and `female` in their usual spellings; other words pass as they are, with a note.

use super::{Remark, Value, text};
use crate::problem::Severity;

/// Appends `male`, `female`, or the word as it stands.
pub(super) fn write(word: &str, out: &mut String) -> Option<Remark<'static>> {
    let is = |known: &[&str]| known.iter().any(|k| word.eq_ignore_ascii_case(k));
    if is(&["m", "male"]) {
        out.push_str("male");
        return None;
    }
    if is(&["f", "female"]) {
        out.push_str("female");
        return None;
    }
    let start = out.len();
    match text::write_line(Value::of(word), out) {
        Ok(Some(changed)) => Some(changed),
        Ok(None) => Some(Remark {
            severity: Severity::Note,
            message: "is neither male nor female and is sent as it stands",
            extension: None,
            is_doubt: false,
        }),
        Err(_) => {
            out.truncate(start);
            out.extend(word.chars().filter(|c| !c.is_control()));
            Some(Remark::changed("control characters were taken out"))
        }
    }
}
