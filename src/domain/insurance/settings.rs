//! Settings of the insurance business: the section `[insurance]`.

use crate::{
    described,
    domain::kernel::{Money, price, roster::Clerks},
};
use serde::{Deserialize, Deserializer, Serialize, de::Error};

described! {
    /// Settings: whether unregistered products are sold, their premium, and the underwriters.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    pub struct Settings {
        /// Whether customers can apply for products that are not registered.
        pub open_catalogue: bool,
        /// Premium of products that are not registered, in won; at least 1.
        #[serde(deserialize_with = "at_least_one")]
        pub default_premium: Money,
        /// Numbers of the underwriters; among equally loaded ones the first gets the work.
        pub roster: Clerks,
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            open_catalogue: true,
            default_premium: Money(50_000),
            roster: Clerks::one(77_001_520),
        }
    }
}

fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
    let premium = price(deserializer)?;
    if premium == Money::ZERO {
        return Err(D::Error::custom("the premium is at least 1 won"));
    }
    Ok(premium)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_settings_are_refused() {
        let read = |text: &str| serde_json::from_str::<Settings>(text);
        assert_eq!(read("{}").unwrap(), Settings::default());
        let roster = Clerks::one(101);
        let expected = Settings { roster, open_catalogue: false, default_premium: Money(7) };
        let text = r#"{"open_catalogue":false,"default_premium":7,"roster":[101]}"#;
        assert_eq!(read(text).unwrap(), expected);
        for text in [r#"{"roster":[]}"#, r#"{"default_premium":0}"#, r#"{"premium":1}"#] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
