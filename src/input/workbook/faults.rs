//! What is wrong with a part, from what the unpacker says of it.
//!
//! Owns telling damage apart from what a person can mend otherwise: a password, another encoding, a disk that fails.

use super::super::error::InputErrorKind;
use std::io;
use std::ops::ControlFlow;
use zip::result::ZipError;

const UNUSUAL: &str = "it is packed in a way that no spreadsheet program uses";

pub(super) fn not_utf8(part: &str) -> InputErrorKind {
    InputErrorKind::NotUtf8 {
        part: part.to_owned(),
    }
}

/// Whether XML begins as in UTF-16 or UTF-32: with their mark, or with a NUL beside its first sign.
pub(super) fn is_wide(start: &[u8]) -> bool {
    let has_mark = start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff");
    has_mark || start.iter().take(4).any(|&byte| byte == 0)
}

pub(super) fn archive_error(part: &str, error: ZipError) -> InputErrorKind {
    let what = match error {
        ZipError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => "it is cut short",
        ZipError::Io(error) => return InputErrorKind::io(error),
        ZipError::FileNotFound => "the part is missing",
        ZipError::InvalidPassword | ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => {
            return InputErrorKind::Encrypted;
        }
        ZipError::InvalidArchive(_) => "it is cut short, or no archive in spite of its first bytes",
        _ => UNUSUAL,
    };
    InputErrorKind::Damaged {
        part: part.to_owned(),
        what,
    }
}

pub(super) fn unpack_error(part: &str, error: io::Error) -> InputErrorKind {
    let damaged = |what| InputErrorKind::Damaged {
        part: part.to_owned(),
        what,
    };
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => {
            damaged("its checksum is wrong or it cannot be unpacked")
        }
        io::ErrorKind::UnexpectedEof => damaged("it is cut short"),
        io::ErrorKind::Unsupported => damaged(UNUSUAL),
        _ => InputErrorKind::Io(error),
    }
}

/// Whether a text that comes in chunks is UTF-8.
#[derive(Debug, Default)]
pub(super) struct Letters {
    /// The end of a chunk may cut a letter: what there is of it.
    rest: Vec<u8>,
    wrong: bool,
}

impl Letters {
    pub(super) fn take(&mut self, chunk: &[u8]) -> ControlFlow<()> {
        self.rest.extend_from_slice(chunk);
        match std::str::from_utf8(&self.rest) {
            Ok(_) => self.rest.clear(),
            Err(error) => {
                self.wrong |= error.error_len().is_some();
                self.rest.drain(..error.valid_up_to());
            }
        }
        if self.wrong {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// At the end.
    pub(super) fn are_utf8(&self) -> bool {
        !self.wrong && self.rest.is_empty()
    }
}
