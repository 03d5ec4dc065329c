//! `txt` and `field_mr`: lists whose pieces are joined by `|`.
//!
//! Pieces are trimmed and keep their places, blank ones too, since a place may have a meaning; a list of blank pieces
//! only is no value. A `|` in a cell that is one of several pieces becomes `/`; a column that is the whole list has its own. Control characters are refused: nothing in a list of codes needs one.

use super::Judgement;
use crate::mapping::wording::trim;

/// What parts the pieces.
pub(in crate::mapping) const JOINT: char = '|';

/// What is said where a piece that is to be joined holds it.
pub(in crate::mapping) const PARTED: &str =
    "a | within a piece became /, since it parts the pieces of the list";

/// A character of a piece that is to be joined: what parts pieces would shift all those behind it.
pub(in crate::mapping) fn within_a_piece(c: char) -> char {
    if c == JOINT { '/' } else { c }
}

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
