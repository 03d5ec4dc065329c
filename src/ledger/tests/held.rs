//! What SQLite holds of the ledger's file stays held, whatever else the process opens beside it.

use super::*;

/// The locks that the kernel knows of a file which belong to a process and go when the process closes that file anywhere.
#[cfg(target_os = "linux")]
fn process_locks(path: &Path) -> std::collections::BTreeSet<String> {
    use std::os::unix::fs::MetadataExt;
    let number = format!(":{}", path.metadata().unwrap().ino());
    let is_of_it = |lock: &String| {
        let mut words = lock.split_whitespace();
        words.any(|word| word == "POSIX") && words.any(|word| word.ends_with(&number))
    };
    // The list is read piece by piece: while others take and leave their locks, some lines are missed and some met twice.
    let lists = (0..20).map(|_| std::fs::read_to_string("/proc/locks").unwrap());
    let unnumbered = |line: &str| line.split_once(':').map(|(_, lock)| lock.to_owned());
    lists
        .flat_map(|list| list.lines().filter_map(unnumbered).collect::<Vec<_>>())
        .filter(is_of_it)
        .collect()
}

#[cfg(target_os = "linux")]
#[test]
fn a_ledger_that_is_opened_for_writing_leaves_the_locks_of_a_reader_of_this_process() {
    let bench = Bench::new();
    let ledger = bench.open();
    begin(&ledger);
    drop(ledger);
    let reader = Reader::open(&bench.path).unwrap();
    assert!(reader.is_empty().unwrap());
    let held = process_locks(&bench.path);
    assert!(!held.is_empty(), "a reader holds the file");
    drop(Steward::open(&bench.path).unwrap());
    assert_eq!(process_locks(&bench.path), held);
    drop(bench.open());
    assert_eq!(process_locks(&bench.path), held);
    drop(reader);
    assert!(process_locks(&bench.path).is_empty());
}

#[test]
fn what_is_no_file_is_no_ledger() {
    let bench = Bench::new();
    std::fs::create_dir_all(&bench.path).unwrap();
    let error = Ledger::open(&bench.path).unwrap_err();
    assert!(matches!(error.kind, LedgerErrorKind::Open(_)), "{error}");
}
