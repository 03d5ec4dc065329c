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
    let mut best: Option<(u8, Candidate)> = None;
    for delimiter in CANDIDATES {
        if let Some(candidate) = Candidate::of(records(sample, delimiter))
            && best.as_ref().is_none_or(|(_, best)| candidate.beats(best))
        {
            best = Some((delimiter, candidate));
        }
    }
    Found {
        delimiter: best.map_or(b',', |(delimiter, _)| delimiter),
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

/// A record of the sample as a candidate parts it.
struct Record {
    width: usize,
    /// Where it ends: candidates may see another number of records in front of the same one.
    end: u64,
    /// Whether a space follows every delimiter, as in prose.
    spaced: bool,
}

/// How well a delimiter explains the sample; the fields in the order in which they decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Score {
    share: u64,
    width: usize,
    /// Of two that part all rows alike, as in `Last, First;Phone`, the one with a space behind it is punctuation.
    unspaced: bool,
}

/// A delimiter that the sample holds.
struct Candidate {
    records: Vec<Record>,
    /// The first record of the width that most have.
    first: usize,
    steady: bool,
    score: Score,
}

impl Candidate {
    /// None where it parts nothing.
    fn of(records: Vec<Record>) -> Option<Candidate> {
        let mut counts: Vec<(usize, u64)> = Vec::new();
        for record in records.iter().filter(|record| record.width > 1) {
            match counts.iter_mut().find(|(known, _)| *known == record.width) {
                Some((_, count)) => *count += 1,
                None => counts.push((record.width, 1)),
            }
        }
        let &(width, count) = counts
            .iter()
            .max_by_key(|(width, count)| (*count, *width))?;
        let total = u64::try_from(records.len()).unwrap_or(u64::MAX);
        let share = count * 100 / total.max(1);
        let is_usual = |record: &Record| record.width == width;
        let unspaced = records.iter().any(|r| is_usual(r) && !r.spaced);
        Some(Candidate {
            first: records.iter().position(is_usual)?,
            steady: share >= 60,
            // In steps of ten: a ragged row or two must not outweigh the width.
            score: Score {
                share: share / 10,
                width,
                unspaced,
            },
            records,
        })
    }

    /// Whether it explains the sample better than another one that was met before it.
    ///
    /// A delimiter that only the values hold (`1|2|3`, `2,5`) is as steady as the true one, but the header does not
    /// have it: so of two steady ones the first to show its width wins. Only a title can have what the header has not
    /// (`Report, May`): where the row in which the later one begins is not parted by the earlier one, the later one wins.
    fn beats(&self, other: &Candidate) -> bool {
        if !self.steady || !other.steady || self.first == other.first {
            return (self.steady, self.score) > (other.steady, other.score);
        }
        if self.first < other.first {
            self.parts_first_of(other)
        } else {
            !other.parts_first_of(self)
        }
    }

    /// Whether it parts the row in which another one first shows its width.
    fn parts_first_of(&self, other: &Candidate) -> bool {
        let end = other.records.get(other.first).map(|record| record.end);
        let same = self.records.iter().find(|record| Some(record.end) >= end);
        same.is_some_and(|record| record.width > 1)
    }
}

fn records(sample: &[u8], delimiter: u8) -> Vec<Record> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(sample);
    let mut record = csv::ByteRecord::new();
    let mut records = Vec::with_capacity(RECORDS);
    while records.len() < RECORDS && reader.read_byte_record(&mut record).unwrap_or(false) {
        records.push(Record {
            width: record.len(),
            end: reader.position().byte(),
            spaced: record.iter().skip(1).all(|field| field.starts_with(b" ")),
        });
    }
    records
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
            // Nothing but the space behind it tells punctuation from a delimiter.
            ("Patient (Last, First);Phone\nNg, Li;555\nWu, Al;556\n", ';'),
            ("a, b|c\n1, 2|3\n", '|'),
            ("a, b\n1, 2\n", ','),
            ("x; y,z\nu; v,w\n", ','),
        ];
        for (text, delimiter) in cases {
            assert_eq!(found(text), delimiter, "{text:?}");
        }
    }

    #[test]
    fn a_title_line_does_not_choose_the_delimiter() {
        let titles = [
            "Call report, May 2024\n\n",
            "Call report, May 2024\r\nUnit 4, night\r\n",
            "\"Call report,\nMay 2024\"\n",
        ];
        for sign in [';', '\t', '|'] {
            for title in titles {
                let rows = "ID;Patient;DOB\n1;Ng, Li;x\n2;Wu, Al;x\n3;Roy, Cy;x\n4;Bo, Di;x\n";
                let text = format!("{title}{}", rows.replace(';', &sign.to_string()));
                assert_eq!(found(&text), sign, "{text:?}");
            }
        }
        let cases = [
            (
                "Vom 1. Mai, Nacht\nID;Name;Temp\n1;Ng;37,5\n2;Wu;38,1\n",
                ';',
            ),
            (
                "Bericht; Stand 01,05\nID;Name;Temp\n1;Ng;37,5\n2;Wu;38,1\n",
                ';',
            ),
            // A list in the values begins in a row that the true delimiter parts, even where that row is ragged.
            ("id,name,codes\n1,1|2|3\n2,Bo,1|2|3\n3,Cy,4|5|6\n", ','),
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
