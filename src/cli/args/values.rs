//! The values of flags: what is typed as one word becomes what it means, or is refused with how to write it.

use std::time::Duration;
use ticketload::reading::{Merged, Quoting, Range, ShortRows, delimiter_from_word};

/// A name or an address. An empty one would give way to that of the profile: the calls would go to another account than
/// the one that was meant.
pub(super) fn not_blank(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        Err("it must not be blank".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

pub(super) fn row_range(text: &str) -> Result<(u64, u64), String> {
    let hint = || "write it as FIRST-LAST, such as 2-500".to_owned();
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let first = first.trim().parse().map_err(|_| hint())?;
    let last = last.trim().parse().map_err(|_| hint())?;
    if first == 0 || first > last {
        Err(hint())
    } else {
        Ok((first, last))
    }
}

pub(super) fn delimiter(text: &str) -> Result<u8, String> {
    // A shell leaves these two signs as they are.
    let word = if text == "\\t" { "tab" } else { text };
    delimiter_from_word(word)
        .ok_or_else(|| "it may be , ; | tab, or another sign such as ^".to_owned())
}

/// `check` or `trust`.
pub(super) fn quoting(text: &str) -> Result<Quoting, String> {
    Quoting::from_word(text).ok_or_else(|| "it may be check or trust".to_owned())
}

/// `refuse` or `fill`.
pub(super) fn short_rows(text: &str) -> Result<ShortRows, String> {
    ShortRows::from_word(text).ok_or_else(|| "it may be refuse or fill".to_owned())
}

pub(super) fn merged(text: &str) -> Result<Merged, String> {
    Merged::from_word(text).ok_or_else(|| "it may be top-left or fill".to_owned())
}

pub(super) fn range(text: &str) -> Result<Range, String> {
    Range::from_words(text).ok_or_else(|| {
        "write it like A3:F200, A3:F for all rows from 3 on, or the name of a table".to_owned()
    })
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let hint = || "write it like 90s, 10m or 2h; a plain number is seconds".to_owned();
    let text = text.trim();
    let parsed: jiff::SignedDuration = match text.parse::<u32>() {
        Ok(seconds) => jiff::SignedDuration::from_secs(i64::from(seconds)),
        Err(_) => text.parse().map_err(|_| hint())?,
    };
    Duration::try_from(parsed).map_err(|_| hint())
}

pub(super) fn time_of_day(text: &str) -> Result<jiff::civil::Time, String> {
    jiff::civil::Time::strptime("%H:%M", text.trim())
        .map_err(|_| "write it as HH:MM, such as 06:30".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_durations_and_times_are_read() {
        assert_eq!(row_range("2-500"), Ok((2, 500)));
        assert_eq!(row_range("7"), Ok((7, 7)));
        assert!(row_range("9-2").is_err() && row_range("0-2").is_err() && row_range("a").is_err());
        assert_eq!(duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("10m"), Ok(Duration::from_secs(600)));
        assert!(duration("-5s").is_err() && duration("soon").is_err());
        assert!(time_of_day("06:30").is_ok() && time_of_day("25:00").is_err());
    }
}
