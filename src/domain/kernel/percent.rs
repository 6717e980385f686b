//! Percentages.

use super::{
    InvalidAmount, Money,
    currency::{decimal, written},
    date::shortened,
    values::stored,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::{fmt, str::FromStr};

/// The largest number of hundredths of a percent: 1,000 %.
const HUNDREDTHS_MAX: u32 = 100_000;

/// A share in percent, from 0 to 1,000 with two decimals: 12.5 % is 1,250 hundredths.
///
/// In JSON it is a text such as `"12.5 %"`; `"12.5"` is read, too, and a number is not, because
/// `0.125` could mean either. In the journal it is the number of hundredths of a percent.
///
/// ```
/// use madang::domain::kernel::{Money, Percent};
///
/// let discount: Percent = "12.5 %".parse()?;
/// assert_eq!(discount.of(Money(999)), Money(124), "a part is rounded down");
/// assert_eq!(Percent::whole(10).to_string(), "10 %");
/// assert!("-3 %".parse::<Percent>().is_err());
/// # Ok::<(), madang::domain::kernel::InvalidAmount>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent(u32);

impl Percent {
    /// This many percent; at most 1,000.
    #[must_use]
    pub fn whole(percent: u32) -> Self {
        Self::hundredths(percent.saturating_mul(100))
    }

    /// This many hundredths of a percent; at most 100,000.
    #[must_use]
    pub fn hundredths(hundredths: u32) -> Self {
        Self(hundredths.min(HUNDREDTHS_MAX))
    }

    /// This part of an amount, rounded down to whole won.
    #[must_use]
    pub fn of(self, amount: Money) -> Money {
        Money(part(amount.0, self))
    }
}

/// A part of a number of units, rounded down; it saturates at the largest number.
pub(super) fn part(units: u64, percent: Percent) -> u64 {
    let part = u128::from(units) * u128::from(percent.0) / 10_000;
    u64::try_from(part).unwrap_or(u64::MAX)
}

impl FromStr for Percent {
    type Err = InvalidAmount;

    fn from_str(text: &str) -> Result<Self, InvalidAmount> {
        let number = text.strip_suffix('%').map_or(text, str::trim_end);
        let hundredths = decimal(number, 2).and_then(|hundredths| u32::try_from(hundredths).ok());
        let hundredths = hundredths.filter(|hundredths| *hundredths <= HUNDREDTHS_MAX);
        hundredths.map(Self).ok_or_else(|| InvalidAmount::NoPercent(shortened(text)))
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = written(self.0.into(), 2);
        let number = number.trim_end_matches('0').trim_end_matches('.');
        f.pad(&format!("{number} %"))
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.collect_str(self);
        }
        serializer.serialize_newtype_struct("Percent", &self.0)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
            return text.parse().map_err(D::Error::custom);
        }
        stored(deserializer, "Percent").map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_read_strictly_and_written_shortly() {
        for (text, hundredths, shown) in [
            ("0", 0, "0 %"),
            ("10 %", 1_000, "10 %"),
            ("12.5%", 1_250, "12.5 %"),
            ("0.07 %", 7, "0.07 %"),
            ("1000", 100_000, "1000 %"),
        ] {
            let percent: Percent = text.parse().unwrap();
            assert_eq!((percent.0, percent.to_string().as_str()), (hundredths, shown));
            let json = serde_json::to_string(&percent).unwrap();
            assert_eq!(serde_json::from_str::<Percent>(&json).unwrap(), percent);
        }
        for text in ["", "%", "-1 %", "1000.01", "1.005", "1.", ".5", "1,5", "1e2", "+1", "10 % "] {
            let error = text.parse::<Percent>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{text}` is no percentage")), "{error}");
        }
        assert!(serde_json::from_str::<Percent>("0.125").is_err());
    }

    #[test]
    fn a_part_is_rounded_down_and_never_overflows() {
        assert_eq!(Percent::whole(50).of(Money(3)), Money(1));
        assert_eq!(Percent::whole(100).of(Money::MAX), Money::MAX);
        assert_eq!(Percent::whole(5_000).of(Money(u64::MAX)), Money(u64::MAX));
    }
}
