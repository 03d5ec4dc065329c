//! What a person sees of a text, what is the same to the eye, and foreign text as it is shown to people.
//!
//! Owns the one list of characters that nobody can see, the one notion of "the same but for case, space and such characters",
//! which column a name means, and Unicode's composed form: headers, keys, translations and conditions all compare by it. Takes no
//! memory for a text that has nothing to take out. Knows no file and no rule.

use memchr::{memchr2_iter, memchr3_iter};
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Whether a character is a mark without width: it comes with text that was copied from a web page, a phone or a chat, and a
/// text with it looks the same as one without. White space and control characters are none.
pub(crate) fn is_unseen(c: char) -> bool {
    matches!(
        c,
        // A hyphen that shows at a line's end only, and joiners.
        '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{feff}'
        // The direction of writing.
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}'
        // Annotations and tags.
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

/// Whether a mark is unseen by itself and changes how its neighbours look, within words of some scripts and in emoji.
fn joins(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Whether a mark can be taken out of a text without any change to its look.
pub(crate) fn is_idle(c: char) -> bool {
    is_unseen(c) && !joins(c)
}

/// Whether a text holds such a mark. Typographic quotes and dashes are common, so that this must be quick with them.
pub(crate) fn has_idle(text: &str) -> bool {
    // With these bytes the marks begin in UTF-8, and little else.
    let bytes = text.as_bytes();
    let common = memchr3_iter(0xc2, 0xe2, 0xef, bytes);
    let mut begins = common
        .chain(memchr2_iter(0xcd, 0xd8, bytes))
        .chain(memchr2_iter(0xe1, 0xf3, bytes));
    begins.any(|at| {
        let mut chars = text.get(at..).unwrap_or_default().chars();
        chars.next().is_some_and(is_idle)
    })
}

/// Whether foreign text is shown with this character escaped: a terminal would obey it, or nobody would see it, or it breaks
/// the line.
pub(crate) fn is_odd(c: char) -> bool {
    c.is_control() || is_unseen(c) || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Foreign text for people, such as the name of a file, a sheet or a column, or a ticket's ID: in one line, with nothing in it
/// that a terminal would obey or that nobody would see. Programs get such text as it is.
#[must_use]
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_odd) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if is_odd(c) {
            plain.extend(c.escape_debug());
        } else if c == '\\' {
            // It would look like one that escapes.
            plain.push_str("\\\\");
        } else {
            plain.push(c);
        }
    }
    Cow::Owned(plain)
}

/// A path for people.
#[must_use]
pub fn plain_path(path: &Path) -> String {
    plain(&path.display().to_string()).into_owned()
}

/// Whether a character is a letter by name and shows as a blank: Hangul's fillers, and Braille's cell without a dot.
fn is_filler(c: char) -> bool {
    matches!(
        c,
        '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}'
    )
}

/// The text without what is unseen at its ends. Called for every field of every row.
#[inline]
pub(crate) fn trim(text: &str) -> &str {
    if let (Some(first), Some(last)) = (text.as_bytes().first(), text.as_bytes().last())
        && first.is_ascii_graphic()
        && last.is_ascii_graphic()
    {
        return text;
    }
    text.trim_matches(|c: char| c.is_whitespace() || is_unseen(c) || is_filler(c))
}

/// The text of a cell such as `="00123"`, if it is one. So CSV files keep Excel from making a number of it, and Excel shows
/// the text alone. A formula that does more than hold a text is none.
#[inline]
pub(crate) fn of_formula(text: &str) -> Option<Cow<'_, str>> {
    let inner = trim(text).strip_prefix("=\"")?.strip_suffix('"')?;
    text_of(inner)
}

fn text_of(inner: &str) -> Option<Cow<'_, str>> {
    if !inner.contains('"') {
        return Some(Cow::Borrowed(trim(inner)));
    }
    let is_text = !inner.replace("\"\"", "").contains('"');
    is_text.then(|| Cow::Owned(trim(&inner.replace("\"\"", "\"")).to_owned()))
}

/// The text as a person sees it: without space at its ends and Excel's formula around it, and without marks and control
/// characters anywhere. NUL stays: it says that a file is damaged.
pub(crate) fn stripped(text: &str) -> Cow<'_, str> {
    match of_formula(text) {
        Some(Cow::Borrowed(inner)) => without_hidden(inner),
        Some(Cow::Owned(inner)) => Cow::Owned(without_hidden(&inner).into_owned()),
        None => without_hidden(trim(text)),
    }
}

fn without_hidden(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let is_hidden = |c: char| is_unseen(c) || (c.is_control() && c != '\0' && !c.is_whitespace());
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let seen: String = text.chars().filter(|&c| !is_hidden(c)).collect();
    Cow::Owned(seen.trim().to_owned())
}

/// The text in Unicode's composed form, so that one name written in two ways stays one name.
pub(crate) fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc(text) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// Whether two texts are the same but for case, how wide their white space is, and what is unseen.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (stripped(one), stripped(other));
    if is_spaced_plainly(&one) && is_spaced_plainly(&other) {
        return one.eq_ignore_ascii_case(&other);
    }
    let folded = |text: &str| {
        let mut folded = String::with_capacity(text.len());
        fold_words(text, &mut folded);
        folded
    };
    folded(&one) == folded(&other)
}

/// Whether a text is ASCII, and all white space in it single blanks, as in nearly every cell that is compared.
fn is_spaced_plainly(text: &str) -> bool {
    let mut before = b' ';
    text.bytes().all(|byte| {
        let is_plain = matches!(byte, b'!'..=b'~') || (byte == b' ' && before != b' ');
        before = byte;
        is_plain
    })
}

/// Appends the words of a text, composed and in small letters, with one blank between each two.
fn fold_words(text: &str, folded: &mut String) {
    for word in text.split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(composed(word).chars().flat_map(char::to_lowercase));
    }
}

/// A header as it is compared: composed, small letters, single spaces, nothing unseen.
pub(crate) fn fold_header(header: &str) -> String {
    let mut folded = String::with_capacity(header.len());
    fold_words(&stripped(header), &mut folded);
    folded
}

/// The columns of a header, by their names.
#[derive(Debug)]
pub(crate) struct Columns<'h> {
    names: &'h [String],
    places: HashMap<String, Vec<usize>>,
}

/// Why a name leads to no column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoColumn {
    /// None has it.
    Missing,
    /// These have it, and none of them is the one that is written so.
    Twice(Vec<usize>),
}

impl<'h> Columns<'h> {
    pub(crate) fn new(names: &'h [String]) -> Columns<'h> {
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, name) in names.iter().enumerate() {
            places.entry(fold_header(name)).or_default().push(place);
        }
        Columns { names, places }
    }

    /// The column of a name. Of several that differ in case or space only, the one that is written so is meant.
    pub(crate) fn find(&self, wanted: &str) -> Result<usize, NoColumn> {
        let Some(places) = self.places.get(&fold_header(wanted)) else {
            return Err(NoColumn::Missing);
        };
        let is_exact = |place: &&usize| self.names.get(**place).is_some_and(|name| name == wanted);
        let exact: Vec<usize> = places.iter().filter(is_exact).copied().collect();
        match (places.as_slice(), exact.as_slice()) {
            ([place], _) | (_, [place]) => Ok(*place),
            _ => Err(NoColumn::Twice(places.clone())),
        }
    }
}

/// A value as it is looked up, into a buffer that is used again: composed, small letters, single spaces, nothing unseen.
pub(crate) fn fold_value(value: &str, folded: &mut String) {
    folded.clear();
    let value = stripped(value);
    if is_spaced_plainly(&value) {
        folded.push_str(&value);
        folded.make_ascii_lowercase();
    } else {
        fold_words(&value, folded);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_the_same_but_for_case_and_what_is_unseen() {
        for header in [
            "First Name",
            " first  NAME ",
            "\u{feff}First\u{a0}Name",
            "FIRST\nNAME",
            "\u{202a}Fir\u{200b}st Na\u{ad}me\u{202c}",
        ] {
            assert_eq!(fold_header(header), "first name", "{header:?}");
        }
        assert_eq!(fold_header("Pre\u{301}nom"), fold_header("PRÉNOM"));
    }

    #[test]
    fn whatever_is_odd_is_escaped() {
        for c in (0..0x11_0000).filter_map(char::from_u32) {
            let shown = plain(&c.to_string()).into_owned();
            assert_eq!(shown.starts_with('\\') && c != '\\', is_odd(c), "{c:?}");
        }
    }

    #[test]
    fn foreign_text_is_shown_in_one_line_that_no_terminal_obeys() {
        for (text, shown) in [
            ("calls.csv", "calls.csv"),
            (
                "O'Neil \"night\" é e\u{301} \\ 家.csv",
                "O'Neil \"night\" é e\u{301} \\ 家.csv",
            ),
            ("a\u{1b}[2J\nb", "a\\u{1b}[2J\\nb"),
            ("a\\n\n", "a\\\\n\\n"),
            (
                "gnp\u{202e}vsc\u{2028}\u{9b}",
                "gnp\\u{202e}vsc\\u{2028}\\u{9b}",
            ),
        ] {
            assert_eq!(plain(text), shown);
        }
        assert_eq!(plain_path(Path::new("x\r/y")), "x\\r/y");
    }

    #[test]
    fn of_columns_that_are_the_same_to_the_eye_the_one_that_is_written_so_is_meant() {
        let names = ["DOB", "Phone", "phone ", "Zip", "ZIP", "Zip", ""].map(str::to_owned);
        let columns = Columns::new(&names);
        assert_eq!(columns.find(" dob"), Ok(0));
        assert_eq!(columns.find("phone "), Ok(2));
        assert_eq!(columns.find("ZIP"), Ok(4));
        assert_eq!(columns.find("PHONE"), Err(NoColumn::Twice(vec![1, 2])));
        assert_eq!(columns.find("Zip"), Err(NoColumn::Twice(vec![3, 4, 5])));
        assert_eq!(columns.find("State"), Err(NoColumn::Missing));
    }

    #[test]
    fn marks_without_width_count_as_space_at_the_ends() {
        assert_eq!(trim("\u{200b} Ada\u{feff}\n"), "Ada");
        assert_eq!(trim("\u{202a}Ada \u{202c}"), "Ada");
        assert_eq!(trim("A\u{200d}B"), "A\u{200d}B");
        assert_eq!(trim("\u{200b}\u{200b}"), "");
        assert_eq!(trim("\u{3164}\u{2800} "), "");
        assert_eq!(trim("a\u{2800}b\u{2800}"), "a\u{2800}b");
    }

    #[test]
    fn what_nobody_can_see_is_taken_out_anywhere() {
        for (text, seen) in [
            ("", ""),
            (" A 1 ", "A 1"),
            ("A\u{200b}1\u{ad}", "A1"),
            ("\u{2066} A1 \u{2069}", "A1"),
            ("\u{1}A1\u{7f}", "A1"),
            ("A\n1", "A\n1"),
            ("A\0", "A\0"),
            ("Núñez", "Núñez"),
        ] {
            assert_eq!(stripped(text), seen, "{text:?}");
        }
        assert!(is_same("\u{202a}VOI\u{200b}D\u{202c} ", "void"));
        assert!(is_same("ANNULÉ", "annule\u{301}") && !is_same("voided", "void"));
    }

    #[test]
    fn values_are_the_same_whatever_the_space_in_them() {
        let mut folded = String::new();
        for value in [
            "Main Street Clinic",
            " main  street clinic",
            "Main\u{a0}Street Clinic",
            "MAIN STREET\nCLINIC",
            "Main\tStreet \r\n Clinic ",
            "Ma\u{ad}in \u{200b} Street Clinic",
        ] {
            fold_value(value, &mut folded);
            assert_eq!(folded, "main street clinic", "{value:?}");
            assert!(is_same(value, "Main Street Clinic"), "{value:?}");
        }
        fold_value("Clínica  del\u{202f}Sol", &mut folded);
        assert_eq!(folded, "clínica del sol");
        assert!(!is_same("Main Street Clinic", "Mainstreet Clinic"));
        assert!(!is_same("a b", "ab") && is_same("a  b", "A b"));
    }

    #[test]
    fn the_text_of_a_formula_is_what_excel_shows() {
        for (text, inner) in [
            ("=\"00123\"", Some("00123")),
            (" =\" Ng \" ", Some("Ng")),
            ("=\"\"", Some("")),
            ("=\"5\"\" pipe\"", Some("5\" pipe")),
            ("=\"a\"&\"b\"", None),
            ("=\"a", None),
            ("=\"", None),
            ("=A1", None),
            ("\"a\"", None),
        ] {
            assert_eq!(of_formula(text).as_deref(), inner, "{text:?}");
        }
        assert_eq!(stripped("=\"A\u{200b}1\""), "A1");
        assert_eq!(fold_header("=\"Last  Name\""), "last name");
        assert!(is_same("=\"VOID\"", "void"));
    }

    #[test]
    fn marks_that_shape_their_neighbours_are_not_idle() {
        assert!(has_idle("so\u{ad}ft") && has_idle("\u{2066}x") && has_idle("\u{e0041}"));
        for mark in (0..0x11_0000)
            .filter_map(char::from_u32)
            .filter(|&c| is_idle(c))
        {
            assert!(has_idle(&format!("Núñez{mark}")), "{mark:?}");
        }
        assert!(!has_idle("नि\u{200d}ष “x” né"));
    }
}
