//! Free text: names, codes, complaints, comments.
//!
//! Owns which characters may stand in a ticket's text. What a person typed stays as it is; line breaks stay where
//! text may have lines and become a space elsewhere; other control characters and marks that nobody can see, which come
//! from damaged files and pasted documents, are taken out with a warning; NUL is refused, since it means a wrongly read file.

use super::{Judgement, Remark, Value};
use crate::mapping::wording::trim;
use crate::seen::{has_idle, is_idle};
use memchr::memchr;

/// How the letters of a value are to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mapping) enum Case {
    Upper,
    Lower,
    Title,
}

impl Case {
    /// The words of the mapping file.
    pub(in crate::mapping) const WORDS: [(&'static str, Case); 3] = [
        ("upper", Case::Upper),
        ("lower", Case::Lower),
        ("title", Case::Title),
    ];

    /// Appends the text in this case.
    pub(in crate::mapping) fn write(self, text: &str, out: &mut String) {
        match self {
            Case::Upper => out.extend(text.chars().flat_map(char::to_uppercase)),
            Case::Lower => out.extend(text.chars().flat_map(char::to_lowercase)),
            Case::Title => write_title(text, out),
        }
    }
}

/// A capital at the start of each word; after an apostrophe only as in O'Neil, not as in patient's.
fn write_title(text: &str, out: &mut String) {
    let mut letters = 0_usize;
    for c in text.chars() {
        if c.is_alphanumeric() {
            if letters == 0 {
                out.extend(c.to_uppercase());
            } else {
                out.extend(c.to_lowercase());
            }
            letters += 1;
        } else {
            let joins = matches!(c, '\'' | '\u{2019}') && letters > 1;
            if !joins {
                letters = 0;
            }
            out.push(c);
        }
    }
}

/// Text that may have lines.
pub(super) fn write_lines(value: Value<'_>, out: &mut String) -> Judgement<'static> {
    let text = value.text;
    // Everything from space up but DEL, and not the lead byte of the C1 control characters; folded without a
    // branch so that the compiler can look at many bytes at once.
    let doubtful = !value.is_plain
        && text.bytes().fold(false, |doubtful, byte| {
            let plain = (byte >= b' ') | (byte == b'\n') | (byte == b'\t');
            doubtful | !plain | (byte == 0x7f) | (byte == 0xc2)
        });
    if doubtful || (!value.is_plain && has_idle(text)) {
        write_cleaned(text, true, out)
    } else {
        out.push_str(text);
        Ok(None)
    }
}

/// Text of one line.
pub(super) fn write_line(value: Value<'_>, out: &mut String) -> Judgement<'static> {
    let text = value.text;
    let doubtful = if value.is_plain {
        memchr(b'\n', text.as_bytes()).is_some()
    } else {
        text.bytes().fold(false, |doubtful, byte| {
            doubtful | (byte < b' ') | (byte == 0x7f) | (byte == 0xc2)
        }) || has_idle(text)
    };
    if doubtful {
        write_cleaned(text, false, out)
    } else {
        out.push_str(text);
        Ok(None)
    }
}

/// Appends the text character by character; a carriage return is a line break like any other. What is unseen at the ends
/// once the control characters are gone goes with them: a name of nothing else is no name.
fn write_cleaned(text: &str, has_lines: bool, out: &mut String) -> Judgement<'static> {
    let start = out.len();
    let mut remark = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\0' => {
                return Err(
                    "holds a NUL character: the file is damaged or was read in a wrong encoding"
                        .into(),
                );
            }
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' | '\n' | '\t' if has_lines => out.push(if c == '\t' { '\t' } else { '\n' }),
            '\r' | '\n' | '\t' => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
                remark = remark.or(Some("a line break or tab became a space"));
            }
            c if c.is_control() => remark = Some("control characters were taken out"),
            c if is_idle(c) => remark = Some("characters that nobody can see were taken out"),
            c => out.push(c),
        }
    }
    let kept = trim(out.get(start..).unwrap_or_default()).to_owned();
    out.truncate(start);
    out.push_str(&kept);
    Ok(remark.map(Remark::changed))
}
