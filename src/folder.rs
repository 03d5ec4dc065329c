//! The folder of a file: vocabulary, no I/O.

use std::path::Path;

/// The folder that a file stands in. That of a bare name is the working folder, as a path that can be opened.
#[must_use]
pub fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_name_stands_in_the_working_folder() {
        for (path, folder) in [
            ("calls.csv", "."),
            ("a/calls.csv", "a"),
            ("/calls.csv", "/"),
        ] {
            assert_eq!(folder_of(Path::new(path)), Path::new(folder));
        }
    }
}
