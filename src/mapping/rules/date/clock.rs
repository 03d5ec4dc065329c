//! The time of day behind a date, as databases and spreadsheets export it: `1958-02-25 00:00:00`, `2/25/1958 0:00`.
//!
//! Owns where the time begins and whether it is midnight, which is what a date without a time becomes in many programs.
//! Guarantees that nothing but a time of the clock is taken for one. Does not read dates.

/// How a program writes that it means UTC; midnight there was midnight in the database.
const UTC: [&str; 5] = ["z", "+00:00", "+0000", "+00", " utc"];

/// The text split where a time of day may begin: what stands in front, and the time.
pub(super) fn splits(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let is_border = |c: char| c.is_whitespace() || c == 'T';
    text.match_indices(is_border)
        .filter_map(|(at, border)| {
            let time = text.get(at + border.len()..)?;
            begins(time).then_some((text.get(..at)?, time))
        })
        .map(|(day, time)| (day.trim_end(), time))
}

/// Whether one or two digits and a colon with a digit behind it stand here.
fn begins(time: &str) -> bool {
    match time.as_bytes() {
        [hour, b':', minute, ..] => hour.is_ascii_digit() && minute.is_ascii_digit(),
        [tens, hour, b':', minute, ..] => [tens, hour, minute].into_iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// Whether the time is midnight, on a clock of 24 or of 12 hours, to the second or finer.
pub(super) fn is_midnight(time: &str) -> bool {
    let low = time.trim().to_ascii_lowercase();
    let low = UTC
        .iter()
        .find_map(|utc| low.strip_suffix(utc))
        .unwrap_or(&low);
    let half = ["am", "a.m."]
        .iter()
        .find_map(|half| low.strip_suffix(half));
    let clock = half.unwrap_or(low).trim_end();
    let mut parts = clock.split([':', '.', ',']);
    let hour = parts.next().unwrap_or_default();
    let is_start = matches!(hour, "0" | "00") || (half.is_some() && hour == "12");
    let mut zeros = parts.clone();
    let is_zero = |part: &str| !part.is_empty() && part.bytes().all(|digit| digit == b'0');
    is_start && parts.next().is_some_and(|minute| minute == "00") && zeros.all(is_zero)
}
