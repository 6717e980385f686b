//! A sum of amounts in the rows of views.

use super::{
    Money,
    values::{WholeNumber, stored},
};
use serde::{Deserialize, Deserializer, Serialize};

/// The largest whole number that `SQLite` stores, and so the largest that can be searched for.
const TOTAL_MAX: u64 = i64::MAX as u64;

/// A sum of amounts. Never above [`Total::MAX`], never below 0.
///
/// The type is separate from [`Money`] because a sum exceeds the bound of one amount. As a `Money`
/// it could not be read back from the row of a view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Total(u64);

impl Total {
    /// The largest sum: 2^63 - 1. Larger sums saturate at it. It is the sum of more than nine
    /// million amounts of [`Money::MAX`].
    pub const MAX: Self = Self(TOTAL_MAX);

    /// The sum with this amount; at most [`Total::MAX`].
    #[must_use]
    pub fn plus(self, amount: Money) -> Self {
        Self(self.0.saturating_add(amount.0)).min(Self::MAX)
    }

    /// The sum without this amount; at least 0.
    #[must_use]
    pub const fn less(self, amount: Money) -> Self {
        Self(self.0.saturating_sub(amount.0))
    }

    /// The sum as a number, in the unit of its amounts.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Total {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return stored(deserializer, "Total").map(Self);
        }
        let number = WholeNumber { max: TOTAL_MAX, accepted: TOTAL_MAX };
        deserializer.deserialize_any(number).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_saturates_at_the_largest_number_that_can_be_searched() {
        let nearly = Total(TOTAL_MAX - 1);
        assert_eq!(nearly.plus(Money(1)), Total::MAX);
        assert_eq!(nearly.plus(Money(u64::MAX)), Total::MAX);
        assert_eq!(Total::MAX.less(Money(1)), nearly);
        assert_eq!(Total::default().less(Money(1)), Total::default());
    }

    #[test]
    fn a_sum_beyond_the_bound_of_one_amount_is_read_back() {
        for sum in [Total(0), Total(Money::MAX.0 * 1_001), Total::MAX] {
            let text = serde_json::to_string(&sum).unwrap();
            assert_eq!(serde_json::from_str::<Total>(&text).unwrap(), sum);
        }
        assert!(serde_json::from_str::<Total>("9223372036854775808").is_err());
    }
}
