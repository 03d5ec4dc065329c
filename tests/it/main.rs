//! The promises of `ticketload`, each tested end to end: the binary runs as a process against the sandbox, and what it
//! says is held against what the sandbox really created.

#[cfg(test)]
mod harness;

/// Dead at any named step, the same command continues: no row twice, none lost.
#[cfg(test)]
#[cfg(debug_assertions)]
mod abort;
/// Calls are known within one account.
#[cfg(test)]
mod accounts;
/// What is advised can be pasted.
#[cfg(test)]
mod advice;
/// Bad input is told in a sentence, with the right exit code, and nothing is sent.
#[cfg(test)]
mod bad_input;
/// The smaller commands answer as their help says.
#[cfg(test)]
mod commands;
/// Killed at any instant, the same command continues: no row twice, none lost.
#[cfg(test)]
mod crash;
/// A ledger that is damaged, foreign or too new is refused.
#[cfg(test)]
mod damaged_ledger;
/// No library resends a request behind our back.
#[cfg(test)]
mod deliveries;
/// A disk that fails, fills up or lies harms no row.
#[cfg(test)]
mod disk;
/// What README, the example mapping and the samples say is so.
#[cfg(test)]
mod docs;
/// A person leads rows out of doubt, and a lost ledger back.
#[cfg(test)]
mod doubt;
/// A run stops early rather than harm, and the same command continues it.
#[cfg(test)]
mod early;
/// An outcome that the ledger cannot take is kept beside it and read back.
#[cfg(test)]
mod emergency;
/// Whatever the server does, each row ends in the outcome that the answer proves.
#[cfg(test)]
mod faults;
/// What people find is recorded once, and the ledger answers while a run is going.
#[cfg(test)]
mod findings;
/// The same call is known again, whatever happened to its file.
#[cfg(test)]
mod identities;
/// A mapping is drafted from a header, and holds no value.
#[cfg(test)]
mod init;
/// The JSON report has the keys that programs rely on.
#[cfg(test)]
mod json;
/// What would be lost when an output takes its place is kept beside it.
#[cfg(test)]
mod kept;
/// A key names a call.
#[cfg(test)]
mod keys;
/// The house stands as the crate's front page draws it.
#[cfg(test)]
mod layers;
/// No value, password or token leaves its place.
#[cfg(test)]
mod leaks;
/// Two runs never share a ledger.
#[cfg(test)]
mod locks;
/// A ledger that was lost does not resend everything.
#[cfg(test)]
mod lost_ledger;
/// A spreadsheet becomes tickets, and every row gets its answer.
#[cfg(test)]
mod main_job;
/// The password encryption agrees with PHP.
#[cfg(test)]
mod php;
/// A round trip through the rejects doubles no row and loses none.
#[cfg(test)]
mod rejects;
/// A run over a part of a file stays one, also when its results are written again.
#[cfg(test)]
mod selection;
/// Settings come from flags, then from the environment, then from the profile.
#[cfg(test)]
mod settings;
/// Streams, compressed files, odd names and files that move are imported once, or refused as a whole.
#[cfg(test)]
mod streams;
/// A terminal that stands still stops no request.
#[cfg(test)]
mod terminal;
