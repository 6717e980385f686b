//! Parsing of configured prices, within the bound that a business accepts.

use super::Money;
use serde::{Deserialize, Deserializer, de::Error};
use std::collections::BTreeMap;

/// Reads a price for the settings of a business: `#[serde(deserialize_with = "price")]`.
///
/// # Errors
/// When the value is no amount, or above [`Money::MAX`].
pub fn price<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
    accepted(Money::deserialize(deserializer)?)
}

/// Reads prices by name for the settings of a business.
///
/// # Errors
/// When one of the prices is no amount, or above [`Money::MAX`].
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Settings {
        #[serde(deserialize_with = "price")]
        fare: Money,
        #[serde(deserialize_with = "prices")]
        list: BTreeMap<String, Money>,
    }

    #[test]
    fn prices_are_configured_up_to_the_bound_that_a_business_accepts() {
        let read = |fare: u64, listed: u64| {
            let text = format!(r#"{{"fare":{fare},"list":{{"GX":{listed}}}}}"#);
            serde_json::from_str::<Settings>(&text).map_err(|error| error.to_string())
        };
        let settings = read(Money::MAX.0, Money::MAX.0).unwrap();
        assert_eq!((settings.fare, settings.list["GX"]), (Money::MAX, Money::MAX));
        let sentence = "a price is at most 1000000000000 won, not 1000000000001 won";
        for (fare, listed) in [(Money::MAX.0 + 1, 1), (1, Money::MAX.0 + 1)] {
            assert!(read(fare, listed).unwrap_err().starts_with(sentence));
        }
    }
}
