//! How prices are configured: within the bound of what a business accepts.

use super::Money;
use serde::{Deserialize, Deserializer, de::Error};
use std::collections::BTreeMap;

/// Reads a price for the settings of a business: `#[serde(deserialize_with = "price")]`.
///
/// # Errors
/// When it is no amount, or above [`Money::MAX`].
pub fn price<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
    accepted(Money::deserialize(deserializer)?)
}

/// Reads prices by name for the settings of a business.
///
/// # Errors
/// When one of them is no amount, or above [`Money::MAX`].
pub fn prices<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Money>, D::Error> {
    let prices = BTreeMap::<String, Money>::deserialize(deserializer)?;
    prices.values().try_for_each(|price| accepted(*price).map(drop))?;
    Ok(prices)
}

fn accepted<E: Error>(price: Money) -> Result<Money, E> {
    if price.is_accepted() {
        return Ok(price);
    }
    Err(E::custom(format_args!("a price is at most {}, not {price}", Money::MAX)))
}
