//! Calendar dates.

use super::{
    Timestamp,
    rfc3339::{date_of, days_of, days_to, digits},
    values::stored,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::{fmt, str::FromStr};

/// The days from 1970-01-01 to 9999-12-31, the last date.
const DAYS_MAX: u32 = 2_932_896;

/// The milliseconds of a day.
const DAY_MS: u64 = 86_400_000;

/// A date of the Gregorian calendar, from 1970-01-01 to 9999-12-31, without a time zone.
///
/// In JSON it is a text such as `"2026-02-28"`; any other form is refused with a sentence. In the
/// journal it is the number of days since 1970-01-01. The default is that day.
///
/// ```
/// use madang::domain::kernel::Date;
///
/// let arrival: Date = "2028-02-28".parse()?;
/// assert_eq!(arrival.plus_days(2).to_string(), "2028-03-01", "2028 is a leap year");
/// assert_eq!(arrival.days_until("2028-03-01".parse()?), Some(2));
/// assert!("2027-02-29".parse::<Date>().is_err());
/// # Ok::<(), madang::domain::kernel::InvalidDate>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub(super) u32);

/// The reason why a text is not a [`Date`] or not a [`Period`](super::Period), as a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDate {
    /// The text has another form, or the calendar has no such day.
    #[error("`{0}` is no date from 1970-01-01 to 9999-12-31 in the form YYYY-MM-DD")]
    NoDate(String),
    /// The text does not consist of two dates.
    #[error("`{0}` is no period in the form YYYY-MM-DD/YYYY-MM-DD")]
    NoPeriod(String),
    /// The last day of a period is not after the first.
    #[error("the period ends on {until}, which is not after its first day {from}")]
    Backwards {
        /// The first day.
        from: Date,
        /// The day on which it ends.
        until: Date,
    },
}

impl Date {
    /// The first date, 1970-01-01.
    pub const MIN: Self = Self(0);
    /// The last date, 9999-12-31.
    pub const MAX: Self = Self(DAYS_MAX);

    /// The date of this year, month (1 to 12) and day (1 to 31); `None` when the calendar has no such
    /// day, or it is out of range.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let (year, month, day) = (year.into(), month.into(), day.into());
        let is_valid = (1970..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=days_of(year, month)).contains(&day);
        let days = is_valid.then(|| days_to(year, month, day))?;
        u32::try_from(days).ok().map(Self)
    }

    /// The number of days since [`Date::MIN`], such as for the key of a view with a row for each day.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0 as u64
    }

    /// The date of this number of days since [`Date::MIN`]; [`Date::MAX`] for all greater numbers.
    ///
    /// ```
    /// use madang::domain::kernel::Date;
    ///
    /// let date: Date = "2026-12-24".parse()?;
    /// assert_eq!(Date::of_number(date.number()), date);
    /// # Ok::<(), madang::domain::kernel::InvalidDate>(())
    /// ```
    #[must_use]
    pub fn of_number(days: u64) -> Self {
        u32::try_from(days).map_or(Self::MAX, |days| Self(days.min(DAYS_MAX)))
    }

    /// The date in UTC at this time; [`Date::MAX`] for all later times.
    ///
    /// ```
    /// use madang::domain::kernel::{Date, Timestamp};
    ///
    /// let time = Timestamp::from_rfc3339("2026-01-31T23:59:59Z").expect("a time");
    /// assert_eq!(Some(Date::at(time)), Date::new(2026, 1, 31));
    /// ```
    #[must_use]
    pub fn at(time: Timestamp) -> Self {
        Self(u32::try_from(time.0 / DAY_MS).unwrap_or(DAYS_MAX)).min(Self::MAX)
    }

    /// The beginning of the date in UTC.
    #[must_use]
    pub fn begin(self) -> Timestamp {
        Timestamp(u64::from(self.0) * DAY_MS)
    }

    /// The year, the month (1 to 12) and the day (1 to 31).
    #[must_use]
    pub fn parts(self) -> (u16, u8, u8) {
        let (year, month, day) = date_of(self.0.into());
        // The last date has four, two and two digits, so nothing is lost.
        let small = |number: u64| u8::try_from(number).unwrap_or(u8::MAX);
        (u16::try_from(year).unwrap_or(u16::MAX), small(month), small(day))
    }

    /// The date this many days later; at most [`Date::MAX`].
    #[must_use]
    pub fn plus_days(self, days: u32) -> Self {
        Self(self.0.saturating_add(days)).min(Self::MAX)
    }

    /// The date this many days earlier; at least [`Date::MIN`].
    #[must_use]
    pub const fn less_days(self, days: u32) -> Self {
        Self(self.0.saturating_sub(days))
    }

    /// The date in the same place of the month this many months later, or the last day of that month
    /// when it is shorter; at most [`Date::MAX`].
    ///
    /// ```
    /// use madang::domain::kernel::Date;
    ///
    /// let date = Date::new(2026, 1, 31).expect("a date");
    /// assert_eq!(date.plus_months(1).to_string(), "2026-02-28");
    /// assert_eq!(date.plus_months(12).to_string(), "2027-01-31");
    /// ```
    #[must_use]
    pub fn plus_months(self, months: u32) -> Self {
        let (year, month, day) = date_of(self.0.into());
        let months = year * 12 + (month - 1) + u64::from(months);
        let (year, month) = (months / 12, months % 12 + 1);
        if year > 9999 {
            return Self::MAX;
        }
        let day = day.min(days_of(year, month));
        Self(u32::try_from(days_to(year, month, day)).unwrap_or(DAYS_MAX))
    }

    /// The number of days until a later date; `None` when the other date is earlier.
    #[must_use]
    pub const fn days_until(self, later: Self) -> Option<u32> {
        later.0.checked_sub(self.0)
    }
}

impl FromStr for Date {
    type Err = InvalidDate;

    fn from_str(text: &str) -> Result<Self, InvalidDate> {
        let bytes = text.as_bytes();
        let part = |from: usize, to: usize| bytes.get(from..to).and_then(digits);
        let is_dashed = bytes.len() == 10 && bytes[4] == b'-' && bytes[7] == b'-';
        let parts = (part(0, 4), part(5, 7), part(8, 10));
        let date = match parts {
            (Some(year), Some(month), Some(day)) if is_dashed => {
                let small = |number: u64| u8::try_from(number).unwrap_or_default();
                Self::new(u16::try_from(year).unwrap_or_default(), small(month), small(day))
            }
            _ => None,
        };
        date.ok_or_else(|| InvalidDate::NoDate(shortened(text)))
    }
}

/// The beginning of a text from a client, for an error message.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.parts();
        f.pad(&format!("{year:04}-{month:02}-{day:02}"))
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.collect_str(self);
        }
        serializer.serialize_newtype_struct("Date", &self.0)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
            return text.parse().map_err(D::Error::custom);
        }
        stored(deserializer, "Date").map(|days: u32| Self(days).min(Self::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_text_that_is_no_date_is_refused_with_a_sentence() {
        for text in [
            "",
            "2026",
            "2026-2-1",
            "26-02-01",
            "2026-02-30",
            "2100-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
            "1969-12-31",
            "2026/01/31",
            "2026-01-31T00:00:00Z",
            " 2026-01-31",
            "２026-01-3",
            "+026-01-31",
        ] {
            let expected = format!("`{text}` is no date from 1970-01-01 to 9999-12-31");
            let error = text.parse::<Date>().unwrap_err().to_string();
            assert!(error.starts_with(&expected), "{error}");
            let json = serde_json::to_string(text).unwrap();
            let error = serde_json::from_str::<Date>(&json).unwrap_err().to_string();
            assert!(error.starts_with(&expected), "{error}");
        }
        let error = serde_json::from_str::<Date>("20454").unwrap_err().to_string();
        assert!(error.contains("expected a"), "{error}");
    }

    #[test]
    fn dates_end_at_the_bounds_of_the_calendar() {
        assert_eq!(
            (Date::MIN.to_string(), Date::MAX.to_string()),
            ("1970-01-01".into(), "9999-12-31".into())
        );
        assert_eq!(Date::MAX.plus_days(1), Date::MAX);
        assert_eq!(Date::MAX.plus_months(u32::MAX), Date::MAX);
        assert_eq!(Date::MIN.less_days(1), Date::MIN);
        assert_eq!(Date::at(Timestamp(u64::MAX)), Date::MAX);
        assert_eq!(Date::MAX.days_until(Date::MIN), None);
    }

    #[test]
    fn a_month_after_the_last_of_a_month_is_the_last_of_the_next() {
        for (from, months, to) in [
            ("2026-01-31", 1, "2026-02-28"),
            ("2028-01-31", 1, "2028-02-29"),
            ("2026-12-31", 2, "2027-02-28"),
            ("2026-11-15", 2, "2027-01-15"),
            ("2026-05-31", 0, "2026-05-31"),
        ] {
            assert_eq!(date(from).plus_months(months), date(to), "{from} and {months} months");
        }
    }

    proptest! {
        #[test]
        fn a_date_is_read_as_it_is_written(days in 0..=DAYS_MAX) {
            let date = Date(days);
            prop_assert_eq!(date.to_string().parse(), Ok(date));
            let (year, month, day) = date.parts();
            prop_assert_eq!(Date::new(year, month, day), Some(date));
            prop_assert_eq!(Date::at(date.begin()), date);
            let next = date.plus_days(1);
            prop_assert!(next == Date::MAX || next.parts() > date.parts());
        }
    }
}
