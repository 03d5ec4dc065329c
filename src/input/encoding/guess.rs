//! [`Guess`]: the encoding that a file's first bytes and the user speak for.
//!
//! Owns what goes before what: a byte order mark, then the user's word, then the NULs of UTF-16. Looks at the beginning of
//! the file only; whether all of it is so, the scan proves.

use super::EncodingReason;
use crate::input::error::{Fault, InputErrorKind};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// An encoding that stays to be proven by the scan, and how it was come to.
pub(super) struct Guess {
    pub(super) encoding: &'static Encoding,
    pub(super) reason: EncodingReason,
    /// Bytes of the byte order mark.
    pub(super) mark: usize,
    /// What the user said, where the mark says otherwise.
    pub(super) asked: Option<&'static Encoding>,
}

impl Guess {
    /// What the first bytes and the user say. A mark goes first: one mapping serves many files, and no text begins like one.
    pub(super) fn of(prefix: &[u8], label: Option<&str>) -> Result<Guess, Fault> {
        let guess = |encoding, reason, mark| Guess {
            encoding,
            reason,
            mark,
            asked: None,
        };
        let unknown = |label: &str| InputErrorKind::UnknownEncoding {
            label: label.to_owned(),
        };
        let asked = label
            .map(|label| Encoding::for_label(label.as_bytes()).ok_or_else(|| unknown(label)))
            .transpose()?;
        let mark = Encoding::for_bom(prefix).map(|(encoding, length)| {
            // Programs that write it in front of what has one already write it twice.
            let mark = prefix.get(..length).unwrap_or_default();
            let times = prefix.chunks_exact(length).take_while(|part| *part == mark);
            (encoding, length * times.count())
        });
        Ok(match (mark, asked) {
            (Some((marked, length)), None) => guess(marked, EncodingReason::Mark, length),
            // `utf-16` alone leaves the byte order to the mark.
            (Some((marked, length)), Some(asked))
                if marked == asked || (is_utf16(marked) && is_utf16(asked)) =>
            {
                guess(marked, EncodingReason::Asked, length)
            }
            (Some((marked, length)), Some(asked)) => Guess {
                // What is no UTF-8 behind its mark can still be what was asked for, but not in units of two bytes.
                asked: Some(asked).filter(|asked| marked == UTF_8 && asked.is_ascii_compatible()),
                ..guess(
                    marked,
                    EncodingReason::MarkNot {
                        asked: asked.name(),
                    },
                    length,
                )
            },
            (None, Some(asked)) => guess(asked, EncodingReason::Asked, 0),
            (None, None) => match Nuls::of(prefix).utf16() {
                Some(encoding) => guess(encoding, EncodingReason::NulPattern, 0),
                None => guess(UTF_8, EncodingReason::Valid, 0),
            },
        })
    }
}

fn is_utf16(encoding: &'static Encoding) -> bool {
    encoding == UTF_16LE || encoding == UTF_16BE
}

/// How the NULs of a file stand in its pairs of bytes, by which UTF-16 without a mark is found.
#[derive(Default)]
struct Nuls {
    pairs: usize,
    /// Pairs with a NUL behind another byte, as little-endian ASCII has them, and the line ends among them.
    behind: usize,
    ends_behind: usize,
    /// Pairs with a NUL before another byte, likewise.
    before: usize,
    ends_before: usize,
    /// Pairs of two NULs, which no text has.
    both: usize,
    /// Pairs of two characters of ASCII.
    ascii: usize,
}

impl Nuls {
    fn of(prefix: &[u8]) -> Nuls {
        let mut nuls = Nuls::default();
        let is_end = |byte: u8| usize::from(matches!(byte, b'\n' | b'\r'));
        let is_ascii = |byte: u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
        for pair in prefix.chunks_exact(2) {
            nuls.pairs += 1;
            match *pair {
                [0, 0] => nuls.both += 1,
                [byte, 0] => {
                    nuls.behind += 1;
                    nuls.ends_behind += is_end(byte);
                }
                [0, byte] => {
                    nuls.before += 1;
                    nuls.ends_before += is_end(byte);
                }
                [first, second] => nuls.ascii += usize::from(is_ascii(first) && is_ascii(second)),
                _ => {}
            }
        }
        nuls
    }

    /// UTF-16, where they stand on one side of the pairs, and a line end is among them. A few characters have a NUL on
    /// the other side (`一`, a half of `😀`): then the majority says which, if what is left does not look like ASCII.
    /// Whether the whole file is that is seen when it is decoded.
    fn utf16(&self) -> Option<&'static Encoding> {
        let (encoding, nuls, ends, others) = if self.behind > self.before {
            (UTF_16LE, self.behind, self.ends_behind, self.before)
        } else {
            (UTF_16BE, self.before, self.ends_before, self.behind)
        };
        if self.both > 0 {
            return None;
        }
        let has_lines = ends > 0 && nuls * 20 >= self.pairs && nuls > 1;
        let found = if others == 0 {
            has_lines || (nuls * 5 >= self.pairs * 2 && nuls > 3)
        } else {
            let rest = self.pairs - nuls - others;
            has_lines && nuls >= others * 2 && (nuls * 3 >= self.pairs || self.ascii * 2 <= rest)
        };
        found.then_some(encoding)
    }
}
