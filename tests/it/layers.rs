//! The house as the crate's front page draws it: a module imports only what stands below it.
//!
//! Reads the sources as text. What stands under `#[cfg(test)]` may import what it likes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Where each module stands; a module may import what has a smaller number. Equal numbers are strangers.
const FLOORS: [(&str, u8); 25] = [
    ("main", 10),
    ("cli", 9),
    ("config", 8),
    ("report", 8),
    ("results", 8),
    ("import", 7),
    ("inspect", 6),
    ("api", 5),
    ("input", 5),
    ("ledger", 5),
    ("mapping", 5),
    ("submission", 4),
    ("code", 3),
    ("problem", 2),
    ("holds", 2),
    ("date_order", 1),
    ("reading", 1),
    ("row", 1),
    ("ticket", 1),
    ("abort", 0),
    ("columns", 0),
    ("counting", 0),
    ("folder", 0),
    ("seen", 0),
    // It stands apart: it imports nothing, and only the command line starts it.
    ("sandbox", 8),
];

/// Crates with one home.
const HOMES: [(&str, &str); 14] = [
    ("annotate_snippets", "mapping"),
    ("calamine", "input"),
    ("clap", "cli"),
    ("clap_complete", "cli"),
    ("clap_mangen", "cli"),
    ("dialoguer", "cli"),
    ("governor", "import"),
    ("hyper_util", "sandbox"),
    ("indicatif", "cli"),
    ("quick_xml", "input"),
    ("reqwest", "api"),
    ("rusqlite", "ledger"),
    ("rust_xlsxwriter", "results"),
    ("rustls", "api"),
];

/// Names that say nothing about what is in a file.
const VAGUE: [&str; 10] = [
    "mod", "util", "utils", "helper", "helpers", "common", "misc", "types", "manager", "shared",
];

/// More production lines than this are no one file.
const LONGEST: usize = 500;

/// One source file that is no test.
struct Source {
    path: PathBuf,
    /// `import` for `src/import.rs` and all that stands in `src/import/`.
    module: String,
    /// How many `super::` lead to the crate's root.
    depth: usize,
    text: String,
}

impl Source {
    /// The production part: what stands before the tests. One line for them, such as `mod tests;`, is passed over: the
    /// file goes on behind it.
    fn production(&self) -> Vec<&str> {
        let mut production = Vec::new();
        let mut lines = self.text.lines();
        while let Some(line) = lines.next() {
            if line != "#[cfg(test)]" {
                production.push(line);
            } else if lines.next().is_none_or(|tested| !tested.ends_with(';')) {
                break;
            }
        }
        production
    }

    /// The production part without its comments.
    fn code(&self) -> String {
        let mut code = self.production();
        code.retain(|line| !line.trim_start().starts_with("//"));
        code.join("\n")
    }

    /// The modules of the crate that this file names.
    fn imports(&self) -> BTreeSet<String> {
        let code = self.code();
        let root = "super::".repeat(self.depth);
        let from_crate = after(&code, "crate::");
        let from_super = after(&code, &root).filter(|rest| !rest.starts_with("super::"));
        from_crate.chain(from_super).flat_map(first_words).collect()
    }
}

/// What follows each whole occurrence of `path`.
fn after<'a>(code: &'a str, path: &'a str) -> impl Iterator<Item = &'a str> {
    code.match_indices(path).filter_map(move |(at, _)| {
        let (before, found) = code.split_at(at);
        let goes_on = before.ends_with(|c: char| c.is_alphanumeric() || "_:".contains(c));
        (!goes_on).then(|| found.split_at(path.len()).1)
    })
}

/// The first words of the paths that begin here: one, or those of a list in braces.
fn first_words(rest: &str) -> Vec<String> {
    let word = |text: &str| -> String {
        let letters = text.trim_start().chars();
        letters
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    let Some(list) = rest.strip_prefix('{') else {
        return vec![word(rest)];
    };
    let mut depth = 0_i32;
    let end = list.find(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        depth < 0
    });
    let mut words = Vec::new();
    let mut depth = 0_i32;
    let list = list.split_at(end.unwrap_or(list.len())).0;
    for piece in list.split_inclusive(['{', '}', ',']) {
        if depth == 0 {
            words.push(word(piece));
        }
        depth += i32::from(piece.ends_with('{')) - i32::from(piece.ends_with('}'));
    }
    words.retain(|word| !word.is_empty());
    words
}

fn all_sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let inside = path.strip_prefix(&root).unwrap().with_extension("");
                let parts: Vec<String> = inside
                    .iter()
                    .map(|part| part.to_str().unwrap().to_owned())
                    .collect();
                found.push(Source {
                    text: fs::read_to_string(&path).unwrap(),
                    module: parts[0].clone(),
                    depth: parts.len(),
                    path,
                });
            }
        }
    }
    assert!(found.len() > 50, "the sources were not found");
    found
}

/// The sources that end up in the program.
fn sources() -> Vec<Source> {
    let all = all_sources();
    let test_modules: Vec<PathBuf> = all.iter().flat_map(test_modules).collect();
    let is_test = |source: &Source| {
        let stem = source.path.with_extension("");
        test_modules.iter().any(|test| stem.starts_with(test))
    };
    all.into_iter()
        .filter(|source| source.module != "lib" && !is_test(source))
        .collect()
}

/// `#[cfg(test)] mod tests;` in `src/foo.rs` makes `src/foo/tests.rs` a test, with all below it.
fn test_modules(source: &Source) -> Vec<PathBuf> {
    let lines: Vec<&str> = source.text.lines().collect();
    let names = lines
        .windows(2)
        .filter(|pair| pair[0] == "#[cfg(test)]")
        .filter_map(|pair| pair[1].strip_prefix("mod ")?.strip_suffix(';'));
    names
        .map(|name| source.path.with_extension("").join(name))
        .collect()
}

#[test]
fn a_module_imports_only_what_stands_below_it() {
    let floors = BTreeMap::from(FLOORS);
    let mut wrong = Vec::new();
    for source in sources() {
        let own = *floors.get(source.module.as_str()).unwrap_or_else(|| {
            panic!(
                "say in FLOORS and in src/lib.rs where `{}` stands",
                source.module
            )
        });
        for import in source.imports() {
            let Some(floor) = floors.get(import.as_str()) else {
                continue;
            };
            let allowed = import == source.module
                || (*floor < own && source.module != "sandbox" && import != "sandbox");
            if !allowed {
                wrong.push(format!("{} imports {import}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_library_is_seen_whole_only_by_the_binary() {
    for source in sources() {
        let names_library = after(&source.code(), "ticketload::").next().is_some();
        let is_binary = ["main", "cli"].contains(&source.module.as_str());
        assert!(is_binary || !names_library, "{}", source.path.display());
    }
}

#[test]
fn a_crate_that_has_a_home_stays_there() {
    let mut wrong = Vec::new();
    for source in sources() {
        let code = source.code();
        for (name, home) in HOMES {
            let path = format!("{name}::");
            if source.module != home && after(&code, &path).next().is_some() {
                wrong.push(format!("{} uses {name}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_home_is_lived_in() {
    let sources = sources();
    for (name, home) in HOMES {
        let path = format!("{name}::");
        let is_used = sources
            .iter()
            .any(|source| source.module == home && after(&source.code(), &path).next().is_some());
        assert!(is_used, "{home} does not use {name} any more");
    }
}

#[test]
fn every_file_says_what_it_owns() {
    for source in all_sources() {
        let path = source.path.display();
        assert!(
            source.text.starts_with("//! "),
            "{path} does not say what it owns"
        );
        let stem = source.path.file_stem().unwrap().to_str().unwrap();
        assert!(!VAGUE.contains(&stem), "{path}: the name says nothing");
    }
}

#[test]
fn no_file_outgrows_its_reader() {
    for source in sources() {
        let lines = source.production().len();
        let path = source.path.display();
        assert!(lines <= LONGEST, "{path} has {lines} production lines");
    }
}

#[test]
fn the_front_page_names_every_module() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs");
    let front = fs::read_to_string(root).unwrap();
    for (module, _) in FLOORS {
        let is_named = front.contains(&format!("[`{module}`]"))
            || front.contains(&format!("`{module}`"))
            || module == "main";
        assert!(is_named, "{module}");
    }
}

#[test]
fn imports_are_found_in_all_their_forms() {
    let source = |module: &str, depth, text: &str| Source {
        path: PathBuf::new(),
        module: module.to_owned(),
        depth,
        text: text.to_owned(),
    };
    let found = |source: Source| source.imports().into_iter().collect::<Vec<_>>().join(" ");
    let text = "use crate::row::Row;\nuse crate::{\n    api::{Client, Tokens},\n    ledger, mapping as m,\n};\n\
                // use crate::config;\nfn f() -> crate::ticket::TicketId {}\n#[cfg(test)]\nuse crate::results;\n";
    assert_eq!(found(source("x", 1, text)), "api ledger mapping row ticket");
    let text = "#[cfg(test)]\nmod tests;\nuse crate::api::Client;\n#[cfg(test)]\nmod inline {\nuse crate::cli;\n}\n";
    assert_eq!(found(source("x", 1, text)), "api");
    let text = "use super::super::row::Row;\nuse super::sibling::Other;\n";
    assert_eq!(found(source("x", 2, text)), "row");
}
