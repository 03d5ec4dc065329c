//! Walks a folder of real files beside the project, where there is one: each ends in rows or in a typed error.

use super::*;
use std::collections::BTreeMap;

#[test]
fn every_file_of_the_corpus_ends_in_rows_or_in_an_error() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    if !root.is_dir() {
        println!("skipped: there is no {}", root.display());
        return;
    }
    let mut files = Vec::new();
    collect(&root, &mut files);
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let (mut read, mut rows) = (0, 0);
    for path in &files {
        match open_any(path) {
            Ok(count) => {
                read += 1;
                rows += count;
            }
            Err(error) => {
                println!("{error}");
                let kind = format!("{:?}", std::mem::discriminant(&error.kind));
                *kinds.entry(kind).or_default() += 1;
                assert!(error.hint().is_some());
            }
        }
    }
    println!(
        "{} files: {read} read with {rows} rows; {} kinds of error",
        files.len(),
        kinds.len()
    );
    assert!(read > 0);
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
    files.sort();
}

/// Reads a file, and where it has several sheets, the first of them.
fn open_any(path: &Path) -> Result<u64, InputError> {
    let input = match Input::open(path, &Options::default()) {
        Err(InputError {
            kind: InputErrorKind::SeveralSheets { sheets },
            ..
        }) => Input::open(
            path,
            &Options {
                sheet: sheets.first().cloned(),
                ..Options::default()
            },
        )?,
        other => other?,
    };
    let mut count = 0;
    let end = input.for_each_row(|_| {
        count += 1;
        ControlFlow::<()>::Continue(())
    })?;
    assert!(end.is_none());
    if std::env::var_os("DUMP").is_some() {
        let d = input.description();
        println!(
            "DUMP\t{}\t{}\t{:?}\t{:?}\t{}\t{}\t{}",
            path.display(),
            count,
            d.encoding,
            d.delimiter,
            d.header_row,
            d.title_rows,
            format!("{:?}", input.header())
        );
    }
    Ok(count)
}
