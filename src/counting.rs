//! How many there are: rows, told with the first of them, and numbers as people write them in a sentence.

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

/// How many rows, and the first of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) rows: u64,
    pub(crate) first: u64,
    last: u64,
}

impl Tally {
    /// Counts a row once, however often it is told.
    pub(crate) fn add(&mut self, row: u64) {
        if self.rows == 0 {
            self.first = row;
        } else if self.last == row {
            return;
        }
        self.last = row;
        self.rows += 1;
    }

    pub(crate) fn some(self) -> Option<Tally> {
        (self.rows > 0).then_some(self)
    }
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
