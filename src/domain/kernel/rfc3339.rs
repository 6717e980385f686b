//! Conversion of times to and from RFC 3339, such as `2021-06-02T12:43:11.863Z`.
//!
//! The arithmetic of dates is Howard Hinnant's "chrono-compatible low-level date algorithms":
//! years begin in March, so that the leap day is the last of its year.

use super::Timestamp;
use std::fmt;

const DAY_MS: u64 = 86_400_000;

/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_DAYS: u64 = 719_468;

/// Days of 400 years.
const ERA_DAYS: u64 = 146_097;

impl Timestamp {
    /// Parses a time of the years 1970 to 9999; `None` when the text is invalid. Fractions below
    /// the millisecond are dropped. A space is accepted for the `+` of an offset, because URL
    /// decoding turns `+` into a space.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let text = text.as_bytes();
        let part = |from: usize, to: usize| digits(text.get(from..to)?);
        let is = |at: usize, known: &[u8]| text.get(at).is_some_and(|byte| known.contains(byte));
        let punctuated =
            is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":");
        let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
        let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
        let is_valid = punctuated
            && year >= 1970
            && (1..=12).contains(&month)
            && (1..=days_of(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second <= 60;
        if !is_valid {
            return None;
        }
        let (fraction_ms, offset) = fraction(&text[19..])?;
        let seconds = hour * 3_600 + minute * 60 + second;
        let local_ms = days_to(year, month, day) * DAY_MS + seconds * 1_000 + fraction_ms;
        let offset_ms = offset_ms(offset)?;
        u64::try_from(i64::try_from(local_ms).ok()? - offset_ms).ok().map(Self)
    }

    /// Formats the time in UTC, to the millisecond.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        self.rfc3339().to_string()
    }

    /// The time in UTC to the millisecond, for formatting without an allocation.
    pub(super) const fn rfc3339(self) -> Rfc3339 {
        Rfc3339(self)
    }
}

/// Formats a time.
pub(super) struct Rfc3339(Timestamp);

impl fmt::Display for Rfc3339 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Timestamp(time) = self.0;
        let (days, ms) = (time / DAY_MS, time % DAY_MS);
        let (year, month, day) = date_of(days);
        let (hour, minute) = (ms / 3_600_000, ms / 60_000 % 60);
        let (second, ms) = (ms / 1_000 % 60, ms % 1_000);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
    }
}

pub(super) fn digits(text: &[u8]) -> Option<u64> {
    let all = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    all.then(|| text.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
}

/// The milliseconds of a fraction of a second, and what comes after it.
fn fraction(text: &[u8]) -> Option<(u64, &[u8])> {
    let Some(text) = text.strip_prefix(b".") else { return Some((0, text)) };
    let end = text.iter().position(|byte| !byte.is_ascii_digit())?;
    let kept = &text[..end.min(3)];
    let scale = [0, 100, 10, 1][kept.len()];
    Some((digits(kept)? * scale, &text[end..]))
}

/// The milliseconds by which local time is ahead of UTC.
fn offset_ms(text: &[u8]) -> Option<i64> {
    if matches!(text, b"Z" | b"z") {
        return Some(0);
    }
    let (sign, clock) = text.split_first()?;
    if clock.len() != 5 || clock[2] != b':' {
        return None;
    }
    let (hours, minutes) = (digits(&clock[..2])?, digits(&clock[3..])?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let ahead = i64::try_from(hours * 3_600_000 + minutes * 60_000).ok()?;
    match sign {
        b'+' | b' ' => Some(ahead),
        b'-' => Some(-ahead),
        _ => None,
    }
}

pub(super) const fn days_of(year: u64, month: u64) -> u64 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from the epoch to a date not before it.
pub(super) const fn days_to(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH_DAYS
}

/// Year, month and day of the date this many days after the epoch.
pub(super) const fn date_of(days: u64) -> (u64, u64, u64) {
    let days = days + EPOCH_DAYS;
    let (era, of_era) = (days / ERA_DAYS, days % ERA_DAYS);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let is_next_year = month <= 2;
    (era * 400 + year + is_next_year as u64, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Option<u64> {
        Timestamp::from_rfc3339(text).map(|time| time.0)
    }

    #[test]
    fn a_time_is_parsed_with_any_offset() {
        let expected = Some(1_622_635_791_863);
        assert_eq!(read("2021-06-02T12:09:51.863Z"), expected);
        assert_eq!(read("2021-06-02T21:09:51.863+09:00"), expected);
        assert_eq!(read("2021-06-02T21:09:51.8634999 09:00"), expected);
        assert_eq!(read("2021-06-02 07:09:51.863-05:00"), expected);
        assert_eq!(read("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(read("2000-02-29T00:00:00.5z"), Some(951_782_400_500));
    }

    #[test]
    fn invalid_times_are_not_parsed() {
        for text in [
            "",
            "2021-06-02",
            "2021-06-02T12:09:51",
            "2021-13-02T12:09:51Z",
            "2021-02-29T12:09:51Z",
            "2021-06-02T24:00:00Z",
            "2021-06-02T12:09:51.Z",
            "2021-06-02T12:09:51+0900",
            "2021-06-02T12:09:51Z!",
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00+09:00",
            "２021-06-02T12:09:51Z",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_formatted_time_is_parsed_to_the_same_time(ms in 0_u64..253_402_300_800_000) {
            let text = Timestamp(ms).to_rfc3339();
            prop_assert_eq!(read(&text), Some(ms), "{}", text);
        }
    }
}
