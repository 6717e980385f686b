//! The settings of the car rental business: the section `[rental]`.

use crate::domain::kernel::{prelude::*, price};

described! {
    /// The price of renting. It is the same for every car, because an order is paid before cars are
    /// requested from the car aggregates, which may be suspended.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    pub struct Settings {
        /// The price of renting one car, in won, at most 10^12; an order costs this for each car of
        /// its `qty`.
        #[serde(deserialize_with = "price")]
        pub price_per_car: Money,
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self { price_per_car: Money(50_000) }
    }
}
