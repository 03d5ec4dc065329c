//! Phone numbers of the North American plan: any punctuation in, ten digits out.
//!
//! Accepts what people and spreadsheets write: `(212) 555-0100`, `+1 212.555.0100`, `2125550100 ext. 12`. Area code
//! and exchange are checked as the plan has them ([2-9]XX, not N11). Guarantees that a number of another country is
//! never taken for one of the plan, though many have as many digits: what stands behind a `+` is a country code, and
//! must be 1. An extension is handed back, since the ticket has no place for it but the comments.

use super::{Judgement, Remark};
use crate::problem::Severity;
use crate::seen::is_unseen;

const LENGTH: usize = 10;

const FOREIGN: &str =
    "has a country code that is not 1; write a North American number of ten digits";
const NO_PHONE: &str =
    "has letters or signs that are no part of a phone number; leave the ten digits";

/// Appends the ten digits.
pub(super) fn write<'a>(text: &'a str, out: &mut String) -> Judgement<'a> {
    let is_plain = text.len() == LENGTH && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain && !text.starts_with('0') {
        check(text.as_bytes())?;
        out.push_str(text);
        return Ok(filler(text.as_bytes()));
    }
    let mut digits = [0_u8; LENGTH + 1];
    let mut count = 0_usize;
    let mut has_plus = false;
    let mut extension = None;
    for (place, c) in text.char_indices() {
        match c {
            // Country codes that begin with 1 are 1.
            '0' | '2'..='9' if has_plus && count == 0 => return Err(FOREIGN.into()),
            '0'..='9' => {
                let Some(slot) = digits.get_mut(count) else {
                    let many =
                        "has more digits than one phone number; leave one number of ten digits";
                    let is_foreign = is_dialled_abroad(&digits);
                    return Err(if is_foreign { FOREIGN } else { many }.into());
                };
                // A char within 0..=9 is one ASCII byte.
                *slot = u8::try_from(c).unwrap_or(b'0');
                count += 1;
            }
            // Behind digits it begins another number, or means nothing.
            '+' if count > 0 => return Err(NO_PHONE.into()),
            '+' => has_plus = true,
            c if is_punctuation(c) => {}
            _ => {
                let rest = text.get(place..).unwrap_or_default();
                extension = Some(read_extension(rest).ok_or(NO_PHONE)?);
                break;
            }
        }
    }
    let number = match (digits.get(..count), digits.first()) {
        (Some(number), _) if count == LENGTH && !is_dialled_abroad(number) => number,
        (Some([_, number @ ..]), Some(b'1')) if count == LENGTH + 1 => number,
        (Some(number), _) if is_dialled_abroad(number) => return Err(FOREIGN.into()),
        _ if count == 7 => return Err("lacks the area code; write ten digits".into()),
        _ => return Err("is not a North American phone number; write ten digits".into()),
    };
    check(number)?;
    out.extend(number.iter().copied().map(char::from));
    let moved = extension.map(|extension| Remark {
        severity: Severity::Warning,
        message: "has an extension, which went to the comments",
        extension: Some(extension),
        is_doubt: false,
    });
    Ok(moved.or_else(|| filler(number)))
}

/// What is said of digits that somebody has typed to fill the field: the plan has such numbers, and nobody.
fn filler(number: &[u8]) -> Option<Remark<'static>> {
    let is_one = number.windows(2).all(|pair| pair.first() == pair.last());
    is_one.then_some(Remark {
        severity: Severity::Warning,
        message: "is one digit ten times, which is no number that can be called; it is sent all the same",
        extension: None,
        is_doubt: true,
    })
}

/// Whether the digits begin as those that are dialled into another country, `00` or `011`. No area code begins with 0, so
/// that such a number is refused in any case, and it is only said why.
fn is_dialled_abroad(digits: &[u8]) -> bool {
    let code = digits
        .strip_prefix(b"011")
        .or_else(|| digits.strip_prefix(b"00"));
    code.and_then(<[u8]>::first)
        .is_some_and(|&first| first != b'1')
}

/// What may stand between the digits; also the marks without width that come with a number copied from a phone.
fn is_punctuation(c: char) -> bool {
    matches!(
        c,
        ' ' | '(' | ')' | '-' | '.' | '/' | '\t' | '\u{a0}' | '\u{2010}'
            ..='\u{2015}' | '\u{2212}' | '\u{202f}'
    ) || is_unseen(c)
}

/// The digits after `x`, `ext`, `extension` or `#`; none where it is anything else.
fn read_extension(rest: &str) -> Option<&str> {
    let word = rest.trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == '#');
    let sign = rest.get(..rest.len() - word.len())?;
    let known = ["x", "ext", "extn", "extension", "#"]
        .iter()
        .any(|known| sign.eq_ignore_ascii_case(known));
    let digits = word
        .trim_start_matches(['.', ':', ' ', '#'])
        .trim_end_matches([')', ' ', '.']);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (known && plain && digits.len() <= 10).then_some(digits)
}

/// Area code and exchange as the numbering plan has them.
fn check(number: &[u8]) -> Result<(), &'static str> {
    let fits = |code: Option<&[u8]>| matches!(code, Some([b'2'..=b'9', tens, ones]) if (*tens, *ones) != (b'1', b'1'));
    if !fits(number.get(..3)) {
        Err("has an area code that does not exist; check the number")
    } else if !fits(number.get(3..6)) {
        Err("has an exchange (digits 4 to 6) that does not exist; check the number")
    } else {
        Ok(())
    }
}
