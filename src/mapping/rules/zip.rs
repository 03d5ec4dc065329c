//! ZIP codes: five digits, or nine with a hyphen.
//!
//! Spreadsheets take ZIP codes for numbers and drop the leading zeros of the north-east and Puerto Rico. At most two
//! can be lost (no ZIP code begins with three zeros), so they can be put back without a doubt.

use super::{Judgement, Remark};

/// Appends `NNNNN` or `NNNNN-NNNN`.
pub(super) fn write(text: &str, out: &mut String) -> Judgement<'static> {
    if text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        out.push_str(text);
        return Ok(None);
    }
    let refused = "is not a ZIP code; write five digits, or nine as 12345-6789";
    let (code, plus4) = match text.split_once('-') {
        Some((code, plus4)) => (code.trim_end(), plus4.trim_start()),
        None => match text.len().checked_sub(4) {
            Some(border) if border >= 3 => match text.split_at_checked(border) {
                Some((code, plus4)) => (code.trim_end(), plus4),
                None => return Err(refused.into()),
            },
            _ => (text, ""),
        },
    };
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let lost = match code.len() {
        5 => "",
        4 => "0",
        3 => "00",
        _ => return Err(refused.into()),
    };
    if !digits(code) || !digits(plus4) || !matches!(plus4.len(), 0 | 4) {
        return Err(refused.into());
    }
    out.push_str(lost);
    out.push_str(code);
    if !plus4.is_empty() {
        out.push('-');
        out.push_str(plus4);
    }
    Ok((!lost.is_empty()).then(|| Remark::changed("had lost a leading zero, which was put back")))
}
