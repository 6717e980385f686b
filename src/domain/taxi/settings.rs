//! The settings of the call taxi business: the section `[taxi]`.

use super::grade::Grade;
use crate::domain::kernel::{prelude::*, price};

described! {
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    pub struct Settings {
        /// The lowest fare, in won, at most 10^12.
        #[serde(deserialize_with = "price")]
        pub min_tax_price: Money,
        /// The fare of the basic grade, in won, at most 10^12.
        #[serde(deserialize_with = "price")]
        pub fare_basic: Money,
        /// The fare of the prime grade, in won.
        #[serde(deserialize_with = "price")]
        pub fare_prime: Money,
        /// The fare of the platinum grade, in won.
        #[serde(deserialize_with = "price")]
        pub fare_platinum: Money,
        /// The seconds within which the dispatcher has to confirm a reservation. After that it is
        /// cancelled and refunded; 0 means no limit.
        pub confirm_within_s: u32,
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            min_tax_price: Money(3_800),
            fare_basic: Money(3_800),
            fare_prime: Money(5_000),
            fare_platinum: Money(7_500),
            confirm_within_s: 0,
        }
    }
}

impl Settings {
    #[must_use]
    pub fn fare(&self, grade: Grade) -> Money {
        let fare = match grade {
            Grade::Basic => self.fare_basic,
            Grade::Prime => self.fare_prime,
            Grade::Platinum => self.fare_platinum,
        };
        fare.max(self.min_tax_price)
    }

    /// The time by which a reservation accepted now has to be confirmed; `None` without a limit.
    #[must_use]
    pub fn confirm_by(&self, now: Timestamp) -> Option<Timestamp> {
        let within_ms = u64::from(self.confirm_within_s) * 1_000;
        (within_ms > 0).then(|| now.after_ms(within_ms))
    }
}
