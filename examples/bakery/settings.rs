//! The settings of the business: the section `[bakery]` of the configuration.

use madang::domain::kernel::{prelude::*, price};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The price of a piece, in won.
    #[serde(deserialize_with = "price")]
    pub price: Money,
}

impl Default for Settings {
    fn default() -> Self {
        Self { price: Money(4_000) }
    }
}
