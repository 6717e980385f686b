//! What can be configured about enrolling in courses: the section `[education]`.

use crate::domain::kernel::{Money, Text, price, prices};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What courses cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// What a course costs, in won, unless it has a price of its own.
    #[serde(deserialize_with = "price")]
    pub course_price: Money,
    /// What single courses cost, in won, by their `eduName`: `course_prices.MSA = 300000`.
    #[serde(deserialize_with = "prices")]
    pub course_prices: BTreeMap<String, Money>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { course_price: Money(100_000), course_prices: BTreeMap::new() }
    }
}

impl Settings {
    /// What this course costs.
    #[must_use]
    pub fn price(&self, course: &Text) -> Money {
        let listed = self.course_prices.iter().find(|(name, _)| course.is_called(name));
        listed.map_or(self.course_price, |(_, price)| *price)
    }
}
