//! What can be configured about renting cars: the section `[rental]`.

use crate::domain::kernel::{Money, price};
use serde::{Deserialize, Serialize};

/// What renting costs. The price is the same for every car: an order is paid before the store of
/// cars, which may be down, is asked for any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// What renting one car costs, in won; an order costs so much for each car of its `qty`.
    #[serde(deserialize_with = "price")]
    pub price_per_car: Money,
}

impl Default for Settings {
    fn default() -> Self {
        Self { price_per_car: Money(50_000) }
    }
}
