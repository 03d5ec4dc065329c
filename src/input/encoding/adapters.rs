//! Readers that stand between a file and the CSV parser: foreign encodings become UTF-8, lone CRs become LF.
//!
//! Guarantees to report bytes that the encoding does not have, as `InvalidData`, and never to replace them: damaged
//! text must not travel as if it were what was written.

use encoding_rs::{Decoder, DecoderResult, Encoding};
use memchr::memchr;
use std::io::{self, Read};

const CHUNK: usize = 64 * 1024;

/// Decodes to UTF-8 on the way.
pub(super) struct Decoding<R> {
    inner: R,
    decoder: Decoder,
    bytes: Vec<u8>,
    bytes_at: usize,
    bytes_end: usize,
    text: Vec<u8>,
    text_at: usize,
    text_end: usize,
    ended: bool,
    /// Bytes were met that the encoding does not have; told once the text before them is handed out.
    malformed: bool,
}

impl<R: Read> Decoding<R> {
    pub(super) fn new(inner: R, encoding: &'static Encoding) -> Self {
        Decoding {
            inner,
            decoder: encoding.new_decoder_without_bom_handling(),
            bytes: vec![0; CHUNK],
            bytes_at: 0,
            bytes_end: 0,
            text: vec![0; CHUNK],
            text_at: 0,
            text_end: 0,
            ended: false,
            malformed: false,
        }
    }

    /// Decodes the next piece; leaves `text` empty only at the end.
    fn refill(&mut self) -> io::Result<()> {
        self.text_at = 0;
        self.text_end = 0;
        while self.text_end == 0 && !self.ended {
            if self.malformed {
                return Err(io::Error::from(io::ErrorKind::InvalidData));
            }
            if self.bytes_at == self.bytes_end {
                self.bytes_at = 0;
                self.bytes_end = super::fill(&mut self.inner, &mut self.bytes)?;
            }
            let last = self.bytes_end == 0;
            let source = self
                .bytes
                .get(self.bytes_at..self.bytes_end)
                .unwrap_or_default();
            let (result, read, written) =
                self.decoder
                    .decode_to_utf8_without_replacement(source, &mut self.text, last);
            self.bytes_at += read;
            self.text_end = written;
            match result {
                DecoderResult::InputEmpty => self.ended = last,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => self.malformed = true,
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Decoding<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.text_at == self.text_end {
            self.refill()?;
        }
        let mut text = self
            .text
            .get(self.text_at..self.text_end)
            .unwrap_or_default();
        let length = text.read(buffer)?;
        self.text_at += length;
        Ok(length)
    }
}

/// Turns each CR that no LF follows into LF, so that lines can be counted by LF alone.
pub(super) struct LineEnds<R> {
    inner: R,
    piece: Vec<u8>,
    at: usize,
    end: usize,
    /// A CR ended the last piece, and the byte after it was not known.
    held: bool,
}

impl<R: Read> LineEnds<R> {
    pub(super) fn new(inner: R) -> Self {
        LineEnds {
            inner,
            piece: vec![0; CHUNK],
            at: 0,
            end: 0,
            held: false,
        }
    }

    /// Reads and turns the next piece; leaves it empty only at the end.
    fn refill(&mut self) -> io::Result<()> {
        self.at = 0;
        self.end = 0;
        while self.end == 0 {
            let start = usize::from(self.held);
            self.piece
                .iter_mut()
                .take(start)
                .for_each(|byte| *byte = b'\r');
            let room = self.piece.get_mut(start..).unwrap_or_default();
            let length = super::fill(&mut self.inner, room)?;
            self.held = false;
            self.end = start + length;
            if length == 0 {
                self.piece
                    .iter_mut()
                    .take(start)
                    .for_each(|byte| *byte = b'\n');
                return Ok(());
            }
            self.turn();
        }
        Ok(())
    }

    fn turn(&mut self) {
        let piece = self.piece.get_mut(..self.end).unwrap_or_default();
        let mut at = 0;
        while let Some(next) = piece.get(at..).and_then(|rest| memchr(b'\r', rest)) {
            let here = at + next;
            at = here + 1;
            match piece.get(at) {
                Some(b'\n') => {}
                Some(_) => piece[here] = b'\n',
                None => {
                    self.held = true;
                    self.end = here;
                    return;
                }
            }
        }
    }
}

impl<R: Read> Read for LineEnds<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.end {
            self.refill()?;
        }
        let mut text = self.piece.get(self.at..self.end).unwrap_or_default();
        let length = text.read(buffer)?;
        self.at += length;
        Ok(length)
    }
}
