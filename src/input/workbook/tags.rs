//! [`Tags`]: the tags of an XML part, found in a stream of chunks without parsing what stands between them.
//!
//! Owns the limits that keep the real parser's memory small: no tag, text or comment longer than 1 MiB, no document
//! type. Guarantees nothing about well-formedness; the real parser judges that. An order of magnitude faster than
//! parsing, so that every part can be looked through before a row of it is used; and what [`Visitor::pass`] knows to hold
//! nothing of note is not even searched for tags.

use memchr::memchr;
use memchr::memmem;

/// The longest text of a cell is 32,767 characters, each at most six bytes as an entity.
const MAX_PIECE: usize = 1024 * 1024;

/// What is wrong with the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misfit {
    /// A tag, a text or a comment is longer than any real one.
    TooLong,
    /// There is a document type, which could define entities.
    DocType,
}

/// Who is told of the tags.
pub(super) trait Visitor {
    /// Takes one tag: its inside without the angle brackets, and how many bytes of text stood in front of it.
    fn tag(&mut self, tag: &[u8], text: usize);

    /// Takes a part of the text in front of the next tag, also where it is wrapped in CDATA.
    fn text(&mut self, _bytes: &[u8]) {}

    /// Takes note of a comment, or of CDATA.
    fn special(&mut self, _is_cdata: bool) {}

    /// How many of these bytes, which begin with a tag, may be passed over; what comes behind them begins with one too.
    ///
    /// Asked once for each chunk, at its first tag that begins with [`Visitor::PASS_AT`].
    fn pass(&self, _bytes: &[u8]) -> usize {
        0
    }

    /// With which bytes a tag begins at which something may be passed over; none where nothing ever is.
    const PASS_AT: Option<&[u8]> = None;
}

/// Finds tags across the borders of chunks.
#[derive(Debug, Default)]
pub(super) struct Tags {
    /// The beginning of a tag or comment that the last chunk cut.
    carry: Vec<u8>,
    /// Bytes of text since the last tag.
    text: usize,
}

impl Tags {
    /// Tells the visitor of every tag of the next chunk.
    pub(super) fn feed(&mut self, chunk: &[u8], visitor: &mut impl Visitor) -> Result<(), Misfit> {
        if self.carry.is_empty() {
            let left = self.scan(chunk, visitor)?;
            self.carry
                .extend_from_slice(chunk.get(left..).unwrap_or_default());
        } else {
            let mut joined = std::mem::take(&mut self.carry);
            joined.extend_from_slice(chunk);
            let left = self.scan(&joined, visitor)?;
            joined.drain(..left);
            self.carry = joined;
        }
        if self.carry.len() > MAX_PIECE || self.text > MAX_PIECE {
            return Err(Misfit::TooLong);
        }
        Ok(())
    }

    /// Scans as far as pieces are whole and returns where the cut one begins.
    fn scan<V: Visitor>(&mut self, bytes: &[u8], visitor: &mut V) -> Result<usize, Misfit> {
        let mut at = 0;
        let mut pass_at = V::PASS_AT;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(open) = memchr(b'<', rest) else {
                self.text += rest.len();
                visitor.text(rest);
                return Ok(bytes.len());
            };
            self.text += open;
            visitor.text(rest.get(..open).unwrap_or_default());
            if self.text > MAX_PIECE {
                return Err(Misfit::TooLong);
            }
            let start = at + open;
            if let Some(name) = pass_at
                && let Some(rest) = bytes.get(start..).filter(|rest| rest.starts_with(name))
            {
                pass_at = None;
                let passed = visitor.pass(rest);
                if passed > 0 {
                    self.text = 0;
                    at = start + passed;
                    continue;
                }
            }
            let tag = bytes.get(start + 1..).unwrap_or_default();
            let Some(length) = self.piece(tag, visitor)? else {
                return Ok(start);
            };
            at = start + 1 + length;
        }
    }

    /// Takes one piece of markup behind its `<` and returns its length; none where its end is not there yet.
    fn piece(&mut self, tag: &[u8], visitor: &mut impl Visitor) -> Result<Option<usize>, Misfit> {
        match tag.first() {
            None => Ok(None),
            Some(b'!') => self.special(tag, visitor),
            Some(_) => {
                let Some(end) = memchr(b'>', tag) else {
                    return Ok(None);
                };
                visitor.tag(tag.get(..end).unwrap_or_default(), self.text);
                self.text = 0;
                Ok(Some(end + 1))
            }
        }
    }

    fn special(&mut self, tag: &[u8], visitor: &mut impl Visitor) -> Result<Option<usize>, Misfit> {
        const CDATA: &[u8] = b"![CDATA[";
        const COMMENT: &[u8] = b"!--";
        if tag.len() < CDATA.len() {
            return Ok(None);
        }
        if tag.starts_with(COMMENT) {
            let body = tag.get(COMMENT.len()..).unwrap_or_default();
            let end = memmem::find(body, b"-->");
            if end.is_some() {
                visitor.special(false);
            }
            return Ok(end.map(|end| COMMENT.len() + end + 3));
        }
        if tag.starts_with(CDATA) {
            let body = tag.get(CDATA.len()..).unwrap_or_default();
            let Some(end) = memmem::find(body, b"]]>") else {
                return Ok(None);
            };
            self.text += end;
            visitor.special(true);
            visitor.text(body.get(..end).unwrap_or_default());
            return Ok(Some(CDATA.len() + end + 3));
        }
        Err(Misfit::DocType)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Found(Vec<(String, usize)>);

    impl Visitor for Found {
        fn tag(&mut self, tag: &[u8], text: usize) {
            self.0
                .push((String::from_utf8_lossy(tag).into_owned(), text));
        }
    }

    fn tags(xml: &str, size: usize) -> Result<Vec<(String, usize)>, Misfit> {
        let mut found = Found::default();
        let mut tags = Tags::default();
        for chunk in xml.as_bytes().chunks(size) {
            tags.feed(chunk, &mut found)?;
        }
        Ok(found.0)
    }

    #[test]
    fn tags_are_found_at_any_chunk_border() {
        let xml = "<?xml?><a x=\"1\"><!-- <no> --><b/>text<![CDATA[<c>]]>!</a>";
        let expected = [("?xml?", 0), ("a x=\"1\"", 0), ("b/", 0), ("/a", 8)];
        for size in 1..xml.len() {
            let found = tags(xml, size).unwrap();
            let found: Vec<_> = found
                .iter()
                .map(|(tag, text)| (tag.as_str(), *text))
                .collect();
            assert_eq!(found, expected, "in chunks of {size}");
        }
    }

    #[test]
    fn document_types_and_endless_pieces_are_refused() {
        assert_eq!(
            tags("<!DOCTYPE lolz [<!ENTITY a \"b\">]>", 7),
            Err(Misfit::DocType)
        );
        let endless = "x".repeat(MAX_PIECE + 1);
        for xml in [
            format!("<a>{endless}"),
            format!("<a {endless}"),
            format!("<!--{endless}"),
        ] {
            assert_eq!(tags(&xml, 4096), Err(Misfit::TooLong));
        }
        assert_eq!(
            tags(&format!("<a>{endless}</a>"), 1 << 24),
            Err(Misfit::TooLong)
        );
    }
}
