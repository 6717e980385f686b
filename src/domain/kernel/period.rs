//! Periods of two calendar dates.

use super::{Date, InvalidDate, date::shortened};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use std::{fmt, str::FromStr};

/// The days from one date to a later one, such as the nights of a stay. The last day itself does not
/// belong to the period, so that one stay can begin on the day on which another ends.
///
/// In JSON it is an object with both dates, `{"from":"2026-02-27","until":"2026-03-01"}`; a period
/// that does not end after it begins is refused with a sentence. In the journal it is both numbers of
/// days.
///
/// ```
/// use madang::domain::kernel::Period;
///
/// let stay: Period = "2026-02-27/2026-03-01".parse()?;
/// assert_eq!(stay.nights(), 2);
/// assert!(!stay.overlaps("2026-03-01/2026-03-02".parse()?));
/// let nights: Vec<String> = stay.days().map(|night| night.to_string()).collect();
/// assert_eq!(nights, ["2026-02-27", "2026-02-28"]);
/// # Ok::<(), madang::domain::kernel::InvalidDate>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Period {
    from: Date,
    until: Date,
}

impl Period {
    /// The period from one date to a later one.
    ///
    /// # Errors
    /// [`InvalidDate::Backwards`] when `until` is not after `from`.
    pub fn new(from: Date, until: Date) -> Result<Self, InvalidDate> {
        let is_forward = from < until;
        is_forward.then_some(Self { from, until }).ok_or(InvalidDate::Backwards { from, until })
    }

    /// The period of this number of nights from a date.
    ///
    /// # Errors
    /// [`InvalidDate::Backwards`] when there is no night, also after the last date.
    pub fn of_nights(from: Date, nights: u32) -> Result<Self, InvalidDate> {
        Self::new(from, from.plus_days(nights))
    }

    /// The first day.
    #[must_use]
    pub const fn from(self) -> Date {
        self.from
    }

    /// The day on which the period ends; it does not belong to it.
    #[must_use]
    pub const fn until(self) -> Date {
        self.until
    }

    /// The number of nights, which is the number of days without the last; at least 1.
    #[must_use]
    pub const fn nights(self) -> u32 {
        self.until.0.saturating_sub(self.from.0)
    }

    /// The days of the period, in order, without the day on which it ends.
    pub fn days(self) -> impl ExactSizeIterator<Item = Date> + Clone {
        (self.from.0..self.until.0).map(Date)
    }

    /// Whether this day belongs to the period.
    #[must_use]
    pub fn contains(self, day: Date) -> bool {
        self.from <= day && day < self.until
    }

    /// Whether both periods have a day in common.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.from < other.until && other.from < self.until
    }
}

/// One night from the first date on, for values that are blank before their first event.
impl Default for Period {
    fn default() -> Self {
        Self { from: Date::MIN, until: Date(Date::MIN.0 + 1) }
    }
}

impl FromStr for Period {
    type Err = InvalidDate;

    fn from_str(text: &str) -> Result<Self, InvalidDate> {
        let no_period = || InvalidDate::NoPeriod(shortened(text));
        let (from, until) = text.split_once('/').ok_or_else(no_period)?;
        Self::new(from.parse()?, until.parse()?)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.from, self.until))
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename = "Period", deny_unknown_fields)]
        struct Dates {
            from: Date,
            until: Date,
        }
        let is_from_client = deserializer.is_human_readable();
        let Dates { from, until } = Dates::deserialize(deserializer)?;
        if !is_from_client {
            return Ok(Self { from, until });
        }
        Self::new(from, until).map_err(D::Error::custom)
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
    fn a_period_ends_after_it_begins() {
        let json = r#"{"from":"2026-02-27","until":"2026-03-01"}"#;
        let stay: Period = serde_json::from_str(json).unwrap();
        assert_eq!((stay.nights(), stay.days().len()), (2, 2));
        assert_eq!(Period::of_nights(stay.from(), 2), Ok(stay));
        assert!(Period::of_nights(stay.from(), 0).is_err());
        assert!(Period::of_nights(Date::MAX, 1).is_err());
        assert_eq!(Period::new(Date::MIN, Period::default().until()), Ok(Period::default()));
        assert_eq!(serde_json::to_string(&stay).unwrap(), json);
        assert!(stay.contains(date("2026-02-28")) && !stay.contains(date("2026-03-01")));
        for (json, sentence) in [
            (
                r#"{"from":"2026-03-01","until":"2026-03-01"}"#,
                "the period ends on 2026-03-01, which is not after its first day 2026-03-01",
            ),
            (r#"{"from":"2026-03-01","until":"tomorrow"}"#, "`tomorrow` is no date"),
            (r#"{"from":"2026-03-01","until":"2026-03-02","nights":3}"#, "unknown field `nights`"),
        ] {
            let error = serde_json::from_str::<Period>(json).unwrap_err().to_string();
            assert!(error.starts_with(sentence), "{error}");
        }
        assert_eq!("2026-03-01".parse::<Period>(), Err(InvalidDate::NoPeriod("2026-03-01".into())));
    }

    proptest! {
        #[test]
        fn periods_overlap_when_they_have_a_day_in_common(
            a in 0..40_u32, nights in 1..10_u32, b in 0..40_u32, others in 1..10_u32,
        ) {
            let one = Period::new(Date(a), Date(a + nights)).unwrap();
            let other = Period::new(Date(b), Date(b + others)).unwrap();
            let is_common = one.days().any(|day| other.contains(day));
            prop_assert_eq!(one.overlaps(other), is_common);
            prop_assert_eq!(other.overlaps(one), is_common);
        }
    }
}
