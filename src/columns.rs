//! The columns of the files that this program writes itself: vocabulary, no I/O.
//!
//! Who writes them, who reads them again and who must not take them for calls all look here: a header that the writer
//! changed and the reader did not know would let results in as input.

/// The columns of a results file; other programs rely on them and their order.
pub const RESULTS: [&str; 10] = [
    "file",
    "sheet",
    "row",
    "key",
    "outcome",
    "ticket_id",
    "error_code",
    "message",
    "attempts",
    "finished_at",
];

/// What a rejects file has behind the columns of its source. They are no part of the row.
pub const REJECTS: [&str; 2] = ["error_code", "message"];
