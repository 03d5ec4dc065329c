//! What the words mean that are no error codes of rows: outcomes, how a run ended, what is found in a file.
//!
//! Owns the sentences of `explain` for the other words of results, reports and `inspect`. No I/O. A test holds the table
//! against the sources that give these words.

/// A word and what is behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// The word as it stands in results, reports or `inspect`.
    pub word: &'static str,
    /// What it says of a row, a run or a file.
    pub means: &'static str,
    /// What to do.
    pub what_to_do: &'static str,
}

/// Finds what a word means that is no code.
#[must_use]
pub fn meaning(word: &str) -> Option<&'static Meaning> {
    WORDS.iter().find(|known| known.word == word)
}

const fn word(word: &'static str, means: &'static str, what_to_do: &'static str) -> Meaning {
    Meaning {
        word,
        means,
        what_to_do,
    }
}

const NOTHING: &str = "nothing";

/// Every such word, in the order in which `explain` lists them.
pub const WORDS: &[Meaning] = &[
    word(
        "ready",
        "outcome: the row would be sent; only `validate` says so",
        NOTHING,
    ),
    word(
        "created",
        "outcome: the row has a ticket now; it is not sent again",
        NOTHING,
    ),
    word(
        "already_created",
        "outcome: the row had its ticket before; `message` says from which file and row",
        NOTHING,
    ),
    word(
        "invalid",
        "outcome: the row breaks a rule and was not sent; the next run checks it again",
        "look up its `error_code`; mend the row and import it again",
    ),
    word(
        "rejected",
        "outcome: the API refused the row; the next run sends it again",
        "look up its `error_code`, which is the API's number",
    ),
    word(
        "in_doubt",
        "outcome: the row was sent, and nothing proves what came of it; it is never sent again by itself",
        "look the call up in the call centre; `ticketload ledger resolve` records what you found",
    ),
    word(
        "not_sent",
        "outcome: the run ended before the row's turn; the next run sends it",
        "look up its `error_code`; run the same command again",
    ),
    word(
        "UNKNOWN TICKET",
        "status of a ticket: the API knows none with this ID (its code 406)",
        "look whether the ID is whole and the account and server are those that it was created with",
    ),
    word("finished", "end of a run: every row had its turn", NOTHING),
    word(
        "adopted",
        "end of a run: its tickets were taken from a results file (`ledger adopt`)",
        NOTHING,
    ),
    word(
        "unknown",
        "end of a run: a newer ticketload has written a word that this one does not know",
        "use the newer ticketload",
    ),
    word(
        "encoding.unfit",
        "found in the file: bytes that stand for nothing in the encoding that it was read with; names will be garbled",
        "export the file as UTF-8, or say its `encoding` in [source]",
    ),
    word(
        "encoding.fallback",
        "found in the file: it is not valid UTF-8 and was read as what such files mostly are",
        "look whether names are right; say the `encoding` in [source] where they are not",
    ),
    word(
        "rows.filled",
        "found in the file: rows with fewer cells than the header, which were filled up with blank ones, as `short_rows` says",
        NOTHING,
    ),
    word(
        "rows.short_blocks",
        "found in the file: rows lack their last cells just where Excel leaves them out, in blocks of 16 rows",
        "say short_rows = \"fill\" in [source]",
    ),
    word(
        "quotes.trusted",
        "found in the file: quotes = \"trust\" is set, so that rows which a lone quote swallows would not be noticed",
        "take it out of [source] again where other files do not need it",
    ),
    word(
        "encoding.marked",
        "found in the file: its byte order mark says another encoding than was asked for, and goes before it",
        NOTHING,
    ),
    word(
        "encoding.guessed",
        "found in the file: it has no byte order mark, and its bytes look like UTF-16",
        "look whether names are right; say the `encoding` in [source] where they are not",
    ),
    word(
        "file.run_together",
        "found in the file: several files were put one behind the other",
        "import them one by one, or make sure that their columns are the same",
    ),
    word(
        "file.cut",
        "found in the file: it ends in the middle of a row, and rows behind may be missing",
        "export the file again",
    ),
    word(
        "rows.title",
        "found in the file: rows above the header, which are not read",
        NOTHING,
    ),
    word(
        "rows.hidden",
        "found in the file: rows that are hidden or filtered out",
        "say with --hidden import or --hidden skip what becomes of them",
    ),
    word(
        "rows.ragged",
        "found in the file: rows with another number of cells than the header; none of them is sent",
        "mend the rows, or export the file again",
    ),
    word(
        "rows.header_again",
        "found in the file: the header stands again among the rows",
        "pass it over with `skip_rows_where` in [source]",
    ),
    word(
        "rows.note",
        "found in the file: rows with few values, such as totals, notes or sub-headings",
        "pass them over with `range` or `skip_rows_where` in [source]",
    ),
    word(
        "rows.outside_range",
        "found in the file: rows with values below the part that `range` names; they are not imported",
        "make the range or the table longer, or pass the rows over with `skip_rows_where` in [source] if they are no calls",
    ),
    word(
        "rows.identical",
        "found in the file: rows that are the same as an earlier one",
        "give the mapping a [key], or make sure that each is a call of its own",
    ),
    word(
        "sheets.hidden",
        "found in the file: hidden worksheets",
        "name the sheet that you mean with --sheet",
    ),
    word(
        "table.named",
        "found in the file: the sheet holds a table with a name",
        "name it with `range` in [source] to read it alone",
    ),
    word(
        "columns.hidden",
        "found in the file: hidden columns, which are read where the mapping names them",
        NOTHING,
    ),
    word(
        "cells.merged",
        "found in the file: merged cells, whose value stands in the first of them, or in all of them with merged = \"fill\"",
        "say merged = \"fill\" in [source] where it is meant for all of them",
    ),
    word(
        "cells.uncomputed",
        "found in the file: formulas whose values the file does not hold",
        "open the file in a spreadsheet, let it calculate, and save it; in a rejects file put the values into the cells",
    ),
    word(
        "cells.null",
        "found in the file: cells with what databases write where there is no value, such as NULL; each is taken for a text",
        "export the file again with blank cells",
    ),
    word(
        "cells.error",
        "found in the file: cells with an error of the spreadsheet, such as #N/A; rows that use one are invalid",
        "mend the cells",
    ),
    word(
        "header.looks_like_values",
        "found in the file: the header looks like a row of values",
        "say `header_row` in [source], or add a row with headers",
    ),
    word(
        "header.duplicate",
        "found in the file: two columns have one name, and a mapping can use neither",
        "give the columns different headers",
    ),
    word(
        "header.single",
        "found in the file: the table has a single column; the delimiter or the sheet may be another",
        "say the `delimiter` or the sheet in [source]",
    ),
    word(
        "header.blank",
        "found in the file: columns without a name, which a mapping cannot use",
        "give them a header if they are wanted",
    ),
    word(
        "dates.mixed",
        "found in the file: dates of one column stand in both orders, month first and day first",
        "mend the file: some dates would be read wrongly",
    ),
    word(
        "dates.ambiguous",
        "found in the file: no date of the column tells whether month or day comes first",
        "ask whoever made the file, and say it with `dates` in the mapping",
    ),
    word(
        "dates.exchanged",
        "found in the file: day and month of some dates were exchanged by a spreadsheet that opened the file",
        "export the column again as text, or with dates as YYYY-MM-DD",
    ),
    word(
        "zip.lost_zero",
        "found in the file: ZIP codes without their leading zero, which is put back",
        NOTHING,
    ),
    word(
        "digits.lost",
        "found in the file: numbers of more than 15 digits, of which a spreadsheet keeps 15",
        "export the column as text",
    ),
    word(
        "digits.scientific",
        "found in the file: numbers in scientific notation, whose last digits are lost",
        "format the column as text and export again",
    ),
    word(
        "text.garbled",
        "found in the file: letters that look as if they were decoded wrongly once",
        "export again as UTF-8",
    ),
    word(
        "text.replaced",
        "found in the file: letters that were lost when the file was made",
        "export again as UTF-8",
    ),
    word(
        "quotes.spaced",
        "found in the file: cells that begin with a space and a quote, which quotes nothing there",
        "export again without spaces behind the delimiters",
    ),
    word(
        "quotes.escaped",
        "found in the file: quotes that were written with a backslash instead of doubled",
        "export again with doubled quotes",
    ),
    word(
        "quotes.undoubled",
        "found in the file: cells that go on behind the quote which closes them; quotes are lost from their values",
        "export again with doubled quotes",
    ),
    word(
        "quotes.single",
        "found in the file: cells between single quotes, which stand in the values",
        "export again with double quotes or none",
    ),
    word(
        "quotes.formula",
        "found in the file: cells that are written as formulas which hold a text; the text is taken",
        NOTHING,
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::explain;
    use crate::problem::ProblemCode;
    use crate::ticket::{Outcome, TicketField};

    /// Whether a literal is a word with a point in it, as those of findings are.
    fn is_finding(literal: &str) -> bool {
        let parts = literal.split_once('.');
        let is_word = |word: &str| {
            let mut letters = word.bytes();
            !word.is_empty() && letters.all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        };
        parts.is_some_and(|(one, other)| is_word(one) && is_word(other))
    }

    #[test]
    fn every_word_that_is_found_in_a_file_is_explained() {
        let sources = [
            include_str!("../inspect/column.rs"),
            include_str!("../inspect/damage.rs"),
            include_str!("../inspect/finding.rs"),
            include_str!("../inspect/shape.rs"),
        ];
        let literals = sources.iter().flat_map(|source| source.split('"'));
        let words: Vec<_> = literals.filter(|literal| is_finding(literal)).collect();
        for known in ["dates.ambiguous", "rows.note", "digits.lost", "file.cut"] {
            assert!(words.contains(&known), "{known}");
        }
        for word in words {
            assert!(meaning(word).is_some(), "{word}");
        }
    }

    #[test]
    fn every_outcome_end_and_problem_is_explained_and_nothing_twice() {
        for outcome in Outcome::ALL {
            assert!(meaning(outcome.as_str()).is_some(), "{outcome}");
        }
        let ends = include_str!("../ledger/run_end.rs").split("=> \"").skip(1);
        let ends: Vec<_> = ends.filter_map(|rest| rest.split('"').next()).collect();
        assert!(ends.contains(&"canary"), "{ends:?}");
        for word in ends {
            assert!(meaning(word).is_some() || explain(word).is_some(), "{word}");
        }
        let of_fields = TicketField::ALL.into_iter().flat_map(|field| {
            [
                ProblemCode::Missing(field),
                ProblemCode::Invalid(field),
                ProblemCode::Changed(field),
                ProblemCode::Doubtful(field),
            ]
        });
        let others = [
            ProblemCode::MissingKey,
            ProblemCode::ConflictKey,
            ProblemCode::Ragged,
            ProblemCode::Unexplained,
            ProblemCode::UnreadableCell,
        ];
        for code in of_fields.chain(others) {
            assert!(explain(&code.to_string()).is_some(), "{code}");
        }
        for known in WORDS {
            assert_eq!(meaning(known.word), Some(known));
            assert_eq!(explain(known.word), None, "{}", known.word);
        }
    }
}
