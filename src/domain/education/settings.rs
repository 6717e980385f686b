//! The settings of the education business: the section `[education]`. All prices are in won.

use crate::domain::kernel::{prelude::*, price, prices};
use std::collections::BTreeMap;

described! {
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    pub struct Settings {
        /// The price of a course without a price of its own, in won, at most 10^12.
        #[serde(deserialize_with = "price")]
        pub course_price: Money,
        /// The prices of single courses by their `eduName`: `course_prices.MSA = 300000`.
        #[serde(deserialize_with = "prices")]
        pub course_prices: BTreeMap<String, Money>,
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self { course_price: Money(100_000), course_prices: BTreeMap::new() }
    }
}

impl Settings {
    pub(super) fn price(&self, course: &Text) -> Money {
        let listed = self.course_prices.iter().find(|(name, _)| course.is_called(name));
        listed.map_or(self.course_price, |(_, price)| *price)
    }
}
