//! `ticketload` turns a spreadsheet of patient calls into tickets in a nurse-triage call centre.
//!
//! # The promise
//!
//! 1. Every row ends in exactly one outcome, in the results, in source order, whatever happened.
//! 2. No ticket is created twice by us. A row whose fate cannot be proven is *in doubt*: reported, kept, and not sent
//!    again unless a person says so.
//! 3. Killed at any instant and started again, it continues.
//! 4. The rehearsal is the run, without the socket.
//! 5. Values stay home: no cell's value in a log line, an error, a panic or a report.
//! 6. A file of any length runs in the same memory, a few bytes of identity a row and a workbook's texts aside.
//!
//! # The run
//!
//! ```text
//! reader ──rows──▶ mapper ──payloads──▶ [bounded] ──▶ N workers ──attempt──▶ API
//!                                                      │    ▲ claim / settle, answered after COMMIT
//!                                                      ▼    │
//!                                             ledger writer (one connection, group commit) ──events──▶ observer
//! ```
//!
//! A claim is committed before the first byte of a request leaves; what people see is committed before they see it.
//! The pure function [`submission::next`] decides every step, also those of recovery.
//!
//! # The words
//!
//! | word | means |
//! |---|---|
//! | record, field; worksheet, cell | what CSV and workbooks call their parts; inside their readers only |
//! | row | the unit of work, whatever the file |
//! | position | the row's number as the spreadsheet shows it, the sheet, and the CSV line |
//! | column, header | a named position; its name in the header row |
//! | mapping, rule | the column-mapping file; how one ticket field is filled |
//! | ticket, payload | what the API creates; the validated body sent for it |
//! | problem | what is wrong with one row: column, field, stable code, severity, a message without the value |
//! | submission | the durable story of one row |
//! | attempt, reply | one HTTP exchange; its decoded answer |
//! | outcome | `created` `already_created` `invalid` `rejected` `in_doubt` `not_sent`, and `ready` in a rehearsal |
//! | in doubt | sent, with no proof either way |
//! | claim, settle | committed "about to send"; committed "ended like this" |
//! | ledger | the durable truth about submissions |
//! | run | one execution over one input |
//! | results, report | the CSV with a line for each row; the summary for people and programs |
//!
//! # The modules, in reading order
//!
//! A module may import only what stands in a layer below its own; the siblings of a layer are strangers. A test checks it.
//!
//! | layer | modules |
//! |---|---|
//! | the ground | `abort`: where a test lets a debug build die |
//! | vocabulary | [`row`]: what every reader yields · [`reading`]: what people decide about reading · [`columns`]: those of our own files · [`counting`]: numbers in sentences · `date_order`: whether day or month comes first · [`folder`]: where a file stands · `seen`: what is the same to the eye, and foreign text for people · `holds`: what a cell looks like · [`ticket`]: the API's fields and outcomes · [`problem`]: what is wrong with a row · [`code`]: what each code means |
//! | the heart | [`submission`]: the state machine of one row |
//! | the siblings | [`input`]: file to rows · [`mapping`]: row to payload or problems, and a mapping drafted from a header · [`ledger`]: the only SQL · [`api`]: one call, one attempt |
//! | a look | [`inspect`]: what a file holds, without a mapping and without a value |
//! | the run | [`import`]: rehearsal, workers, pace, doubt, shutdown; alone knows both API and ledger |
//! | what people get | [`results`]: the CSV and the rejects · [`report`]: the summary · [`config`]: profiles and secrets |
//! | the binary | `cli`: commands, flags, progress, exit codes; alone prints |
//!
//! Beside them stands [`sandbox`], the API on loopback, which imports nothing of the others so that one's mistake is seen
//! by the other.

// What the promise rests on is Unix: an open file that is locked as a whole, modes that keep others out, writes at a place of
// a file, a rename that replaces. Elsewhere it would need other means, and not this program with parts of it left out.
#[cfg(not(unix))]
compile_error!("ticketload is made for Linux and macOS");

mod abort;
pub mod api;
pub mod code;
pub mod columns;
pub mod config;
pub mod counting;
mod date_order;
pub mod folder;
mod holds;
pub mod import;
pub mod input;
pub mod inspect;
pub mod ledger;
pub mod mapping;
pub mod problem;
pub mod reading;
pub mod report;
pub mod results;
pub mod row;
pub mod sandbox;
mod seen;
pub mod submission;
pub mod ticket;
