//! States: the Postal Service's two letters, from the code or the name.
//!
//! The 50 states, the District, the territories and freely associated states, and the three military "states".

use super::Judgement;

/// Code and name, as the Postal Service's publication 28 lists them.
const STATES: [(&str, &str); 62] = [
    ("AL", "alabama"),
    ("AK", "alaska"),
    ("AZ", "arizona"),
    ("AR", "arkansas"),
    ("CA", "california"),
    ("CO", "colorado"),
    ("CT", "connecticut"),
    ("DE", "delaware"),
    ("DC", "district of columbia"),
    ("FL", "florida"),
    ("GA", "georgia"),
    ("HI", "hawaii"),
    ("ID", "idaho"),
    ("IL", "illinois"),
    ("IN", "indiana"),
    ("IA", "iowa"),
    ("KS", "kansas"),
    ("KY", "kentucky"),
    ("LA", "louisiana"),
    ("ME", "maine"),
    ("MD", "maryland"),
    ("MA", "massachusetts"),
    ("MI", "michigan"),
    ("MN", "minnesota"),
    ("MS", "mississippi"),
    ("MO", "missouri"),
    ("MT", "montana"),
    ("NE", "nebraska"),
    ("NV", "nevada"),
    ("NH", "new hampshire"),
    ("NJ", "new jersey"),
    ("NM", "new mexico"),
    ("NY", "new york"),
    ("NC", "north carolina"),
    ("ND", "north dakota"),
    ("OH", "ohio"),
    ("OK", "oklahoma"),
    ("OR", "oregon"),
    ("PA", "pennsylvania"),
    ("RI", "rhode island"),
    ("SC", "south carolina"),
    ("SD", "south dakota"),
    ("TN", "tennessee"),
    ("TX", "texas"),
    ("UT", "utah"),
    ("VT", "vermont"),
    ("VA", "virginia"),
    ("WA", "washington"),
    ("WV", "west virginia"),
    ("WI", "wisconsin"),
    ("WY", "wyoming"),
    ("AS", "american samoa"),
    ("GU", "guam"),
    ("MP", "northern mariana islands"),
    ("PR", "puerto rico"),
    ("VI", "virgin islands"),
    ("FM", "federated states of micronesia"),
    ("MH", "marshall islands"),
    ("PW", "palau"),
    ("AA", "armed forces americas"),
    ("AE", "armed forces europe"),
    ("AP", "armed forces pacific"),
];

/// Other names in common use.
const ALSO: [(&str, &str); 4] = [
    ("DC", "washington dc"),
    ("DC", "washington, dc"),
    ("VI", "us virgin islands"),
    ("MP", "commonwealth of the northern mariana islands"),
];

/// For each first letter, the second ones that make a code with it, a bit each: nearly every row has a state.
const CODES: [u32; 26] = {
    let mut codes = [0; 26];
    let mut at = 0;
    while at < STATES.len() {
        let code = STATES[at].0.as_bytes();
        codes[(code[0] - b'A') as usize] |= 1 << (code[1] - b'A');
        at += 1;
    }
    codes
};

/// Whether two capital letters are a code.
fn is_known([first, second]: [u8; 2]) -> bool {
    let seconds = CODES.get(usize::from(first.wrapping_sub(b'A')));
    second.is_ascii_uppercase() && seconds.is_some_and(|bits| bits >> (second - b'A') & 1 == 1)
}

/// Appends the two letters.
pub(super) fn write(text: &str, out: &mut String) -> Judgement<'static> {
    if let [first, second] = text.as_bytes() {
        let code = [first.to_ascii_uppercase(), second.to_ascii_uppercase()];
        if is_known(code) {
            out.extend(code.map(char::from));
            return Ok(None);
        }
    } else if let Some(code) = by_name(text) {
        out.push_str(code);
        return Ok(None);
    }
    Err("is not a state; write its two letters or its name".into())
}

/// The code for a name, or for a code written `N.Y.` or `D. C.`.
fn by_name(text: &str) -> Option<&'static str> {
    let plain: String = text.chars().filter(|c| *c != '.').collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    let joined = words.join(" ");
    let letters = words.concat();
    STATES
        .iter()
        .chain(ALSO.iter())
        .find(|(code, name)| {
            joined.eq_ignore_ascii_case(name) || letters.eq_ignore_ascii_case(code)
        })
        .map(|(code, _)| *code)
}
