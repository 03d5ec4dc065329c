//! Paths of parts, as the archive and the relationships write them.
//!
//! Owns what makes two paths the same part. Looks into no archive.

/// A target as seen from a folder: `../tables/table1.xml` from `xl/worksheets` is `xl/tables/table1.xml`.
pub(super) fn resolved(folder: &str, target: &str) -> String {
    let folder = if target.starts_with('/') { "" } else { folder };
    let mut steps: Vec<&str> = folder.split('/').filter(|step| !step.is_empty()).collect();
    for step in target.split('/') {
        match step {
            ".." => drop(steps.pop()),
            "." | "" => {}
            step => steps.push(step),
        }
    }
    steps.join("/")
}

/// The path without escapes: `my%20sheet.xml` is `my sheet.xml`.
pub(super) fn unescaped(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let digits = behind.get(..2).filter(|_| first == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The path as parts are compared: calamine looks at neither case nor the kind of slash.
pub(super) fn normal(part: &str) -> String {
    part.replace('\\', "/").to_ascii_lowercase()
}
