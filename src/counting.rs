//! Numbers as people write them in a sentence.

/// `1 row`, `1,204 rows`.
#[must_use]
pub fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", thousands(number))
}

/// `1,204`.
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_nouns_agree() {
        let texts: Vec<_> = [0, 1, 999, 1_000, 1_234_567]
            .into_iter()
            .map(|n| counted(n, "row"))
            .collect();
        assert_eq!(
            texts,
            [
                "0 rows",
                "1 row",
                "999 rows",
                "1,000 rows",
                "1,234,567 rows"
            ]
        );
    }
}
