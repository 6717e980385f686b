//! Settings of the education business: the section `[education]`.

use crate::domain::kernel::{Money, Text, price, prices};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Settings: the prices of the courses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Price of a course without a price of its own, in won.
    #[serde(deserialize_with = "price")]
    pub course_price: Money,
    /// Prices of single courses, in won, by their `eduName`: `course_prices.MSA = 300000`.
    #[serde(deserialize_with = "prices")]
    pub course_prices: BTreeMap<String, Money>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { course_price: Money(100_000), course_prices: BTreeMap::new() }
    }
}

impl Settings {
    /// Returns the price of this course, in won.
    #[must_use]
    pub fn price(&self, course: &Text) -> Money {
        let listed = self.course_prices.iter().find(|(name, _)| course.is_called(name));
        listed.map_or(self.course_price, |(_, price)| *price)
    }
}
