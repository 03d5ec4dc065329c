//! [`Pattern`]: number formats that carry digits, such as `00000` for a ZIP code or `(000) 000-0000` for a phone.
//!
//! Owns the few formats that say which digits a number has, with Excel's own phone format among them, and percent.
//! All others (thousands separators, currency signs, rounding, scientific) are dress and not data: the number is
//! then told plainly, so that an identifier never gains a comma.

use std::fmt::Write;

/// A format in the form in which it is applied.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pattern {
    sections: Vec<Section>,
}

#[derive(Debug, Clone, PartialEq)]
struct Section {
    condition: Option<Condition>,
    pieces: Vec<Piece>,
    percent: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Condition {
    AtMost(f64),
    Below(f64),
    AtLeast(f64),
    Above(f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// `0`: a digit, or a zero.
    Digit,
    /// `#`: a digit, or nothing.
    Optional,
    /// `.`: where decimals begin; one that is escaped or quoted is a literal.
    Point,
    Literal(char),
}

impl Piece {
    fn is_place(&self) -> bool {
        matches!(self, Piece::Digit | Piece::Optional)
    }
}

impl Pattern {
    /// Reads a format code; none where the plain number says as much.
    pub(super) fn parse(code: &str) -> Option<Pattern> {
        let mut sections = split(code)
            .into_iter()
            .map(|section| Section::parse(&section));
        // A section that is not understood can only be met by other numbers than ours: negative ones, text.
        let first = sections.next().flatten()?;
        let mut taken = vec![first];
        // Behind two conditions the third section is that of all other numbers.
        while taken.len() < 3
            && taken
                .last()
                .is_some_and(|section| section.condition.is_some())
            && let Some(Some(next)) = sections.next()
        {
            taken.push(next);
        }
        let sections = taken;
        let says_more = |s: &Section| {
            let digits = s
                .pieces
                .iter()
                .filter(|piece| **piece == Piece::Digit)
                .count();
            digits > 1 || s.percent || s.pieces.iter().any(|p| matches!(p, Piece::Literal(_)))
        };
        sections
            .iter()
            .any(says_more)
            .then_some(Pattern { sections })
    }

    /// Writes a number as the format shows it; false where it does not fit the format.
    pub(super) fn write(&self, number: f64, text: &mut String) -> bool {
        let fits = |section: &&Section| section.condition.is_none_or(|c| c.holds(number));
        let Some(section) = self.sections.iter().find(fits) else {
            return false;
        };
        if section.percent {
            return section.write_percent(number, text);
        }
        // Only whole numbers are codes; their digits are exact up to 15.
        if !(0.0..1e15).contains(&number) || number.fract() != 0.0 {
            return false;
        }
        let mut digits = String::new();
        if number > 0.0 {
            write!(digits, "{number}").expect("writing to a string cannot fail");
        }
        section.write_digits(&digits, text);
        true
    }
}

impl Condition {
    fn parse(text: &str) -> Option<Condition> {
        let number = |rest: &str| rest.parse::<f64>().ok();
        if let Some(rest) = text.strip_prefix("<=") {
            return number(rest).map(Condition::AtMost);
        }
        if let Some(rest) = text.strip_prefix(">=") {
            return number(rest).map(Condition::AtLeast);
        }
        if let Some(rest) = text.strip_prefix('<') {
            return number(rest).map(Condition::Below);
        }
        text.strip_prefix('>')
            .and_then(number)
            .map(Condition::Above)
    }

    fn holds(self, number: f64) -> bool {
        match self {
            Condition::AtMost(limit) => number <= limit,
            Condition::Below(limit) => number < limit,
            Condition::AtLeast(limit) => number >= limit,
            Condition::Above(limit) => number > limit,
        }
    }
}

impl Section {
    /// None where a sign of the format is not one of digits.
    fn parse(code: &str) -> Option<Section> {
        let mut section = Section {
            condition: None,
            pieces: Vec::new(),
            percent: false,
        };
        let mut signs = code.chars();
        while let Some(sign) = signs.next() {
            match sign {
                '0' => section.pieces.push(Piece::Digit),
                '#' => section.pieces.push(Piece::Optional),
                '%' => section.percent = true,
                '\\' => section.pieces.push(Piece::Literal(signs.next()?)),
                '"' => {
                    let literals = signs.by_ref().take_while(|&sign| sign != '"');
                    section.pieces.extend(literals.map(Piece::Literal));
                }
                // `_x` leaves the room of a sign, `*x` fills the cell with it: neither is text.
                '_' | '*' => drop(signs.next()?),
                '[' => section
                    .bracket(&signs.by_ref().take_while(|&s| s != ']').collect::<String>())?,
                '(' | ')' | '-' | ' ' | '/' | ':' | '+' => {
                    section.pieces.push(Piece::Literal(sign))
                }
                '.' if section.pieces.last() == Some(&Piece::Digit) => {
                    section.pieces.push(Piece::Point);
                }
                _ => return None,
            }
        }
        let point = section.pieces.contains(&Piece::Point);
        let digits = section.pieces.iter().any(Piece::is_place);
        (digits && (section.percent || !point)).then_some(section)
    }

    /// `[<=9999999]` is a condition, `[Red]` and `[Color10]` are colours, `[$-409]` a language; anything else is not understood.
    fn bracket(&mut self, inside: &str) -> Option<()> {
        if inside.starts_with(['<', '>']) {
            self.condition = Some(Condition::parse(inside)?);
            return Some(());
        }
        let is_numbered = inside.to_ascii_lowercase().starts_with("color");
        let word =
            inside.trim_end_matches(|c: char| is_numbered && (c == ' ' || c.is_ascii_digit()));
        let harmless = inside.starts_with("$-") || word.chars().all(|c| c.is_ascii_alphabetic());
        (harmless && inside.len() > 1).then_some(())
    }

    fn write_digits(&self, digits: &str, text: &mut String) {
        let places = self.pieces.iter().filter(|p| p.is_place()).count();
        // Digits for which there is no place stand in front of the first.
        let mut left = digits.chars().peekable();
        let mut surplus = digits.len().saturating_sub(places);
        let mut missing = places.saturating_sub(digits.len());
        for piece in &self.pieces {
            match piece {
                Piece::Literal(sign) => text.push(*sign),
                Piece::Point => text.push('.'),
                Piece::Digit | Piece::Optional if missing > 0 => {
                    missing -= 1;
                    if *piece == Piece::Digit {
                        text.push('0');
                    }
                }
                Piece::Digit | Piece::Optional => {
                    text.extend(left.by_ref().take(surplus + 1));
                    surplus = 0;
                }
            }
        }
    }

    fn write_percent(&self, number: f64, text: &mut String) -> bool {
        let after_point = self
            .pieces
            .iter()
            .skip_while(|p| **p != Piece::Point)
            .skip(1);
        let decimals = after_point.filter(|p| p.is_place()).count();
        if !number.is_finite() {
            return false;
        }
        push_rounded(number, 2, decimals, text);
        text.push('%');
        true
    }
}

/// Writes a number, its point moved to the right by `shift` places, with so many decimals.
///
/// As spreadsheets do it: of 15 digits, halves away from zero. The binary number behind 28.5 may be a little less.
fn push_rounded(number: f64, shift: usize, decimals: usize, text: &mut String) {
    let plain = format!("{:.14e}", number.abs());
    let (mantissa, exponent) = plain.split_once('e').unwrap_or((&plain, "0"));
    let exponent: isize = exponent.parse().unwrap_or(0);
    // How many digits stand in front of the point; negative where zeros stand behind it.
    let point = exponent.saturating_add_unsigned(shift + 1);
    // A digit in front of the point there is always, and one more in case that nines are rounded up.
    let zeros = usize::try_from(1 - point).unwrap_or(0).min(decimals + 2) + 1;
    let whole = usize::try_from(point).unwrap_or(0).max(1) + 1;
    let mut digits = vec![b'0'; zeros];
    digits.extend(mantissa.bytes().filter(u8::is_ascii_digit));
    let length = whole + decimals;
    if digits.len() <= length {
        digits.resize(length + 1, b'0');
    }
    let up = digits.get(length).is_some_and(|&digit| digit >= b'5');
    digits.truncate(length);
    let nines = digits
        .iter()
        .rev()
        .take_while(|&&digit| up && digit == b'9')
        .count();
    for (at, digit) in digits
        .iter_mut()
        .rev()
        .enumerate()
        .take(nines + usize::from(up))
    {
        *digit = if at < nines { b'0' } else { *digit + 1 };
    }
    let leading = digits.iter().take_while(|&&digit| digit == b'0').count();
    let leading = leading.min(whole.saturating_sub(1));
    if number < 0.0 {
        text.push('-');
    }
    for (at, digit) in digits.into_iter().enumerate().skip(leading) {
        if at == whole {
            text.push('.');
        }
        text.push(char::from(digit));
    }
}

/// The sections of a format code, parted by semicolons that are not quoted.
fn split(code: &str) -> Vec<String> {
    let mut sections = vec![String::new()];
    let mut quoted = false;
    let mut escaped = false;
    for sign in code.chars() {
        if sign == ';' && !quoted && !escaped {
            sections.push(String::new());
            continue;
        }
        quoted ^= sign == '"' && !escaped;
        escaped = sign == '\\' && !escaped && !quoted;
        if let Some(section) = sections.last_mut() {
            section.push(sign);
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(code: &str, number: f64) -> Option<String> {
        let mut text = String::new();
        Pattern::parse(code)?
            .write(number, &mut text)
            .then_some(text)
    }

    #[test]
    fn digits_are_shown_as_the_format_has_them() {
        let phone = "[<=9999999]###\\-####;\\(###\\)\\ ###\\-####";
        let cases = [
            ("00000", 501.0, "00501"),
            ("00000\\-0000", 5_011_234.0, "00501-1234"),
            ("000\\-00\\-0000", 12_345_678.0, "012-34-5678"),
            ("(000) 000-0000", 5_551_234_567.0, "(555) 123-4567"),
            ("\"P\"000", 7.0, "P007"),
            ("0000000000", 12_345_678_901.0, "12345678901"),
            (phone, 5_551_234.0, "555-1234"),
            (phone, 5_551_234_567.0, "(555) 123-4567"),
            ("0%", 0.25, "25%"),
            ("0.00%", 0.123_456, "12.35%"),
            ("0%", 0.125, "13%"),
            ("0%", 0.285, "29%"),
            ("0%", -0.285, "-29%"),
            ("0%", 0.005, "1%"),
            ("0%", 0.004_999_9, "0%"),
            ("0%", 0.0, "0%"),
            ("0%", 1e-300, "0%"),
            ("0%", 0.995, "100%"),
            ("0.00%", 9.999_96, "1000.00%"),
            ("0.00%", 0.000_05, "0.01%"),
            ("0.00%", 0.000_005, "0.00%"),
            ("0.0%", 1.005, "100.5%"),
            ("0%", 1e15, "100000000000000000%"),
            ("[<100]00;[<1000]000;00000", 5.0, "05"),
            ("[<100]00;[<1000]000;00000", 500.0, "500"),
            ("[<100]00;[<1000]000;00000", 5000.0, "05000"),
            ("[Red]000;-000", 7.0, "007"),
            ("[Color10]00000", 501.0, "00501"),
            ("[color 10]00000", 501.0, "00501"),
            ("000\\.00", 12_345.0, "123.45"),
            ("0\".\"0000", 12_345.0, "1.2345"),
            ("\\.0.0%", 0.25, "25.0%"),
            ("00000;-00000;;@", 501.0, "00501"),
        ];
        for (code, number, text) in cases {
            assert_eq!(shown(code, number).as_deref(), Some(text), "{code}");
        }
    }

    #[test]
    fn dress_is_no_data() {
        for code in [
            "General",
            "0",
            "#",
            "0.00",
            "#,##0",
            "$#,##0.00",
            "0.00E+00",
            "@",
            "# ?/?",
            "000.00",
            "[DBNum1]000",
            "",
        ] {
            assert_eq!(Pattern::parse(code), None, "{code}");
        }
        assert_eq!(shown("0%", f64::INFINITY), None);
        assert_eq!(shown("00000", 12.5), None);
        assert_eq!(shown("00000", -5.0), None);
        assert_eq!(shown("00000", 1e15), None);
    }
}
