//! Finds the delimiter of a CSV file from a sample of its text.
//!
//! Owns the four candidates and the `sep=` line that Excel understands. Guarantees that quoted delimiters are not
//! counted: each candidate is judged by parsing the sample with it.

/// The candidates; the earlier wins a tie.
const CANDIDATES: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Records looked at: enough to outvote title lines, few enough to stay quick.
const RECORDS: usize = 300;

/// What the sample says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) delimiter: u8,
    /// Length of a `sep=` line with its line end; 0 where there is none.
    pub(super) skip: usize,
}

/// Finds the delimiter, and the `sep=` line that names it.
///
/// `whole` says that the sample is the whole text: otherwise its last, cut record is left out.
pub(super) fn find(sample: &[u8], whole: bool) -> Found {
    if let Some(found) = sep_line(sample) {
        return found;
    }
    let sample = if whole { sample } else { whole_lines(sample) };
    let mut best = (Score::default(), b',');
    for delimiter in CANDIDATES {
        let score = score(sample, delimiter);
        if score > best.0 {
            best = (score, delimiter);
        }
    }
    Found {
        delimiter: best.1,
        skip: 0,
    }
}

/// Whether a byte can part fields.
pub(super) fn usable(delimiter: u8) -> bool {
    delimiter.is_ascii() && !matches!(delimiter, b'"' | b'\r' | b'\n' | 0)
}

/// `sep=;` on the first line, also in quotes, as Excel writes and honours it.
fn sep_line(sample: &[u8]) -> Option<Found> {
    let end = sample.iter().position(|b| matches!(b, b'\r' | b'\n'))?;
    let line = sample.get(..end)?;
    let bare = line
        .strip_prefix(b"\"")
        .and_then(|l| l.strip_suffix(b"\""))
        .unwrap_or(line);
    let (name, rest) = bare.split_at_checked(4)?;
    let &[delimiter] = rest else { return None };
    if !name.eq_ignore_ascii_case(b"sep=") || !usable(delimiter) {
        return None;
    }
    let crlf = sample.get(end..end + 2) == Some(b"\r\n");
    Some(Found {
        delimiter,
        skip: end + if crlf { 2 } else { 1 },
    })
}

fn whole_lines(sample: &[u8]) -> &[u8] {
    let last = sample.iter().rposition(|&b| b == b'\n' || b == b'\r');
    last.and_then(|at| sample.get(..=at)).unwrap_or(sample)
}

/// How well a delimiter explains the sample; the fields in the order in which they decide.
///
/// A delimiter that only the values hold (`1|2|3`, `2,5`) is as steady as the true one, but the header does not
/// have it: so among the steady ones the first to show its width wins, and only then steadiness and width.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Score {
    steady: bool,
    early: usize,
    share: u64,
    width: usize,
}

fn score(sample: &[u8], delimiter: u8) -> Score {
    let widths = widths(sample, delimiter);
    let mut counts: Vec<(usize, u64)> = Vec::new();
    for &width in widths.iter().filter(|&&width| width > 1) {
        match counts.iter_mut().find(|(known, _)| *known == width) {
            Some((_, count)) => *count += 1,
            None => counts.push((width, 1)),
        }
    }
    let Some(&(width, count)) = counts.iter().max_by_key(|(width, count)| (*count, *width)) else {
        return Score::default();
    };
    let total = u64::try_from(widths.len()).unwrap_or(u64::MAX);
    let share = count * 100 / total.max(1);
    let steady = share >= 60;
    let first = widths.iter().position(|&w| w == width).unwrap_or(RECORDS);
    let early = if steady {
        RECORDS - first.min(RECORDS)
    } else {
        0
    };
    // In steps of ten: a ragged row or two must not outweigh the width.
    Score {
        steady,
        early,
        share: share / 10,
        width,
    }
}

fn widths(sample: &[u8], delimiter: u8) -> Vec<usize> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(sample);
    let mut record = csv::ByteRecord::new();
    let mut widths = Vec::with_capacity(RECORDS);
    while widths.len() < RECORDS && reader.read_byte_record(&mut record).unwrap_or(false) {
        widths.push(record.len());
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> char {
        char::from(find(text.as_bytes(), true).delimiter)
    }

    #[test]
    fn the_delimiter_with_steady_widths_wins() {
        let cases = [
            ("a,b\n1,2\n", ','),
            ("a;b\n1,5;2,5\n3,1;4\n", ';'),
            ("a\tb\nx, y\tz\n", '\t'),
            ("a|b\n1|2\n", '|'),
            ("a;b\n\"x,y,z\";2\n\"u,v,w\";3\n", ';'),
            ("name,txt\nA,1|2|3\nB,4|5|6\n", ','),
            ("one\ntwo\n", ','),
            ("a,b,txt\n1,2,1|2|3\n1,2,1|2|3\n1,2\n1,2,1|2|3\n", ','),
            ("a;b;c\n1,5;2,5;3,5\n1,5;2,5;3,5\n", ';'),
            ("Report of calls, May\n\na;b;c\n1;2;3\n4;5;6\n", ';'),
            ("", ','),
        ];
        for (text, delimiter) in cases {
            assert_eq!(found(text), delimiter, "{text:?}");
        }
    }

    #[test]
    fn a_sep_line_is_honoured_and_skipped() {
        assert_eq!(
            find(b"sep=;\r\na;b\r\n", true),
            Found {
                delimiter: b';',
                skip: 7
            }
        );
        assert_eq!(
            find(b"\"sep=|\"\na|b\n", true),
            Found {
                delimiter: b'|',
                skip: 8
            }
        );
        assert_eq!(
            find(b"SEP=\t\ra\tb\r", true),
            Found {
                delimiter: b'\t',
                skip: 6
            }
        );
        assert_eq!(find(b"separate,b\n1,2\n", true).skip, 0);
    }

    #[test]
    fn a_cut_last_record_does_not_vote() {
        assert_eq!(find(b"a;b\n1;2\n3,4,5,6", false).delimiter, b';');
    }
}
