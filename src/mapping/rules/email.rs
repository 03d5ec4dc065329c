//! E-mail addresses: the syntax that mail systems accept in practice.
//!
//! One `@`, a dot-atom before it, a host name with a dot after it, the lengths of RFC 5321. Quoted local parts and
//! addresses in brackets are refused: in a call log they are slips.

use super::Judgement;

/// The longest parts that RFC 5321 allows.
const LONGEST_LOCAL: usize = 64;
const LONGEST: usize = 254;
const LONGEST_LABEL: usize = 63;

/// Appends the address as it stands.
pub(super) fn write(text: &str, out: &mut String) -> Judgement<'static> {
    if is_address(text) {
        out.push_str(text);
        Ok(None)
    } else {
        Err("is not an e-mail address; write it as name@example.com".into())
    }
}

fn is_address(text: &str) -> bool {
    let Some((local, host)) = text.split_once('@') else {
        return false;
    };
    text.len() <= LONGEST
        && local.len() <= LONGEST_LOCAL
        && parts(local).all(is_atom)
        && parts(host).all(is_label)
        && parts(host).nth(1).is_some()
        && !parts(host).next_back().is_some_and(is_number)
}

/// What stands between the dots; as bytes, which are quicker to search where there are few.
fn parts(text: &str) -> impl DoubleEndedIterator<Item = &[u8]> {
    text.as_bytes().split(|&byte| byte == b'.')
}

/// The last part of an IP address, never of a host's name.
fn is_number(label: &[u8]) -> bool {
    label.iter().all(u8::is_ascii_digit)
}

fn is_atom(atom: &[u8]) -> bool {
    !atom.is_empty()
        && atom
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(byte))
}

fn is_label(label: &[u8]) -> bool {
    (1..=LONGEST_LABEL).contains(&label.len())
        && !label.starts_with(b"-")
        && !label.ends_with(b"-")
        && label
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}
