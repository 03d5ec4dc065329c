//! `txt` and `field_mr`: lists whose pieces are joined by `|`.
//!
//! Pieces are trimmed and keep their places, blank ones too, since a place may have a meaning; a list of blank pieces
//! only is no value. Control characters are refused: nothing in a list of codes needs one.

use super::Judgement;
use crate::mapping::wording::trim;

/// Appends the list, or nothing where all its pieces are blank.
pub(super) fn write(text: &str, out: &mut String) -> Judgement<'static> {
    let has_value = text.bytes().any(|byte| byte.is_ascii_alphanumeric());
    if has_value && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        // Nothing to trim and nothing to refuse, as in nearly every list.
        out.push_str(text);
        return Ok(None);
    }
    if text.chars().any(char::is_control) {
        return Err("holds a line break or another control character; take it out".into());
    }
    if text.split('|').all(|piece| trim(piece).is_empty()) {
        return Ok(None);
    }
    for (place, piece) in text.split('|').enumerate() {
        if place > 0 {
            out.push('|');
        }
        out.push_str(trim(piece));
    }
    Ok(None)
}
