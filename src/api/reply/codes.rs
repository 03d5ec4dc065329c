//! [`Errors`]: the codes in the envelope's `errors`, whatever shape they come in.
//!
//! Their shape is not documented, so lists, maps, objects, texts and numbers are read. A number counts as a code only
//! where it cannot be anything else: `407`, `"407"`, `"407 = Missing required information"`, `{"code": 407}`,
//! `{"407": "…"}`. A number inside prose, such as `on line 407`, is none. What cannot be placed makes the whole unknown.

use super::envelope::Json;

/// Names under which an object gives its code.
const CODE_KEYS: [&str; 5] = ["code", "error_code", "errorcode", "errno", "error_no"];
/// Names under which an object repeats the error, with or without its code.
const ERROR_KEYS: [&str; 9] = [
    "error",
    "err",
    "errors",
    "message",
    "msg",
    "text",
    "description",
    "detail",
    "title",
];
/// How the page's explanations begin: `407 Missing …` is a code, `407 Elm Street` is not.
const EXPLANATIONS: [(u16, &[&str]); 9] = [
    (405, &["no"]),
    (406, &["invalid"]),
    (407, &["missing"]),
    (408, &["not", "insufficient", "token"]),
    (409, &["database"]),
    (410, &["invalid"]),
    (411, &["this"]),
    (413, &["missing"]),
    (414, &["doctor"]),
];

/// What the `errors` say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Errors {
    codes: Vec<u16>,
    said: bool,
    unknown: bool,
}

impl Errors {
    /// Reads `errors` of any shape; absent ones say nothing.
    pub(super) fn read(errors: Option<&Json<'_>>) -> Errors {
        let mut found = Errors::default();
        if let Some(errors) = errors {
            found.entry(errors);
        }
        found
    }

    /// Whether they say anything at all.
    pub(super) fn any(&self) -> bool {
        self.said || self.unknown || !self.codes.is_empty()
    }

    /// The different codes, in the order in which they came.
    pub(super) fn codes(&self) -> &[u16] {
        &self.codes
    }

    /// Whether there is something that could be a code and is none of the known forms.
    pub(super) fn has_unknown(&self) -> bool {
        self.unknown
    }

    /// One error: a code, a text, or an object with both.
    fn entry(&mut self, value: &Json<'_>) {
        match value {
            _ if value.is_blank() => {}
            Json::Integer(number) => match u16::try_from(*number) {
                Ok(code) if is_code(code) => self.code(code),
                _ => self.unknown = true,
            },
            Json::Text(text) => self.text(text),
            Json::List(entries) => entries.iter().for_each(|entry| self.entry(entry)),
            Json::Map(fields) => fields
                .iter()
                .for_each(|(key, value)| self.field(key, value)),
            Json::Null | Json::Bool(_) | Json::Float(_) => self.unknown = true,
        }
    }

    fn text(&mut self, text: &str) {
        match leading_code(text) {
            Some(Leading::Whole(code) | Leading::Explained(code)) => {
                self.code(code);
                self.further_codes(text);
            }
            None if text.trim().bytes().all(|byte| byte.is_ascii_digit()) => self.unknown = true,
            None => self.said = true,
        }
    }

    /// `406 = Invalid …; 414 = Doctor …`: one text can hold two errors, and two prove nothing. Whatever looks like a code of
    /// the tables behind the first one counts, since a row in doubt does less harm than one that is sent twice.
    fn further_codes(&mut self, text: &str) {
        let numbers = text
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter_map(|word| word.parse().ok());
        for number in numbers {
            if EXPLANATIONS.iter().any(|(known, _)| *known == number) {
                self.code(number);
            }
        }
    }

    fn field(&mut self, key: &str, value: &Json<'_>) {
        if let Some(Leading::Whole(code)) = leading_code(key) {
            return self.explained_code(code, value);
        }
        if value.is_blank() {
            return;
        }
        self.said = true;
        let is_one_of = |names: &[&str]| names.iter().any(|name| key.eq_ignore_ascii_case(name));
        if is_one_of(&CODE_KEYS) {
            self.code_value(value);
        } else if is_one_of(&ERROR_KEYS) || is_list_index(key) {
            self.entry(value);
        } else if let Json::Text(text) = value {
            // A field's name, as in {"complaint": "407 = Missing complaint"}; a bare number would be the field's value.
            if let Some(Leading::Explained(code)) = leading_code(text) {
                self.code(code);
                self.further_codes(text);
            }
        } else if matches!(value, Json::List(_) | Json::Map(_)) {
            self.entry(value);
        }
    }

    /// `{"407": "Missing …"}`: the value explains the key.
    fn explained_code(&mut self, code: u16, value: &Json<'_>) {
        match value {
            Json::Null | Json::Bool(false) | Json::Integer(0) => self.unknown = true,
            Json::Text(_) | Json::List(_) | Json::Map(_) => {
                self.code(code);
                self.entry(value);
            }
            Json::Bool(true) | Json::Integer(_) | Json::Float(_) => self.code(code),
        }
    }

    /// `{"code": 407}`: a value that is no code, such as `"E_DB"`, is an error that is not known.
    fn code_value(&mut self, value: &Json<'_>) {
        match value {
            Json::Text(text) if !value.is_blank() && leading_code(text).is_none() => {
                self.unknown = true;
            }
            _ => self.entry(value),
        }
    }

    fn code(&mut self, code: u16) {
        if !self.codes.contains(&code) {
            self.codes.push(code);
        }
    }
}

/// A code at the start of a text.
enum Leading {
    /// The text is the code.
    Whole(u16),
    /// An explanation follows.
    Explained(u16),
}

fn leading_code(text: &str) -> Option<Leading> {
    let text = text.trim();
    let (digits, rest) = text.split_at_checked(3)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let code = digits.parse().ok().filter(|code| is_code(*code))?;
    if rest.is_empty() {
        return Some(Leading::Whole(code));
    }
    let explained = match rest.trim_start().chars().next()? {
        '=' | ':' => true,
        '-' | '–' | '—' => rest.starts_with(' '),
        _ => rest.starts_with(' ') && explains(code, rest),
    };
    explained.then_some(Leading::Explained(code))
}

fn explains(code: u16, rest: &str) -> bool {
    let first = rest.split_whitespace().next().unwrap_or_default();
    EXPLANATIONS.iter().any(|(known, words)| {
        *known == code && words.iter().any(|word| first.eq_ignore_ascii_case(word))
    })
}

fn is_code(number: u16) -> bool {
    (100..=999).contains(&number)
}

/// PHP writes a list with gaps as a map with small numbers for keys.
fn is_list_index(key: &str) -> bool {
    key.len() <= 2 && key.bytes().all(|byte| byte.is_ascii_digit())
}
