//! The settings of the phone business: the section `[phone]`.

use crate::domain::kernel::{prelude::*, prices};
use std::collections::BTreeMap;

described! {
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    pub struct Settings {
        /// List price of each item, in won: `[phone.prices]`. It holds for every order of the item;
        /// an order with another price is rejected.
        #[serde(deserialize_with = "prices")]
        pub prices: BTreeMap<String, Money>,
        /// Whether the store ships automatically; if not, a clerk does.
        pub auto_ship: bool,
        /// Seconds from the arrival of an order at the store to its automatic shipping. The
        /// customer can cancel meanwhile. 0 is at once.
        pub ship_after_s: u32,
        /// Milliseconds that a cancellation waits for the reward to be taken back; then it fails
        /// (503). The value is less than `http.wait_max_ms`; an unset value is lowered to four
        /// fifths of that where necessary.
        pub cancel_within_ms: u32,
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self { prices: BTreeMap::new(), auto_ship: true, ship_after_s: 60, cancel_within_ms: 2_000 }
    }
}

impl Settings {
    /// The list price of an item, in won; `None` when the item is not listed.
    #[must_use]
    pub fn list_price(&self, item: &Text) -> Option<Money> {
        self.prices.iter().find(|(name, _)| item.is_called(name)).map(|(_, price)| *price)
    }

    /// When an order that arrives now is shipped automatically; `None` when a clerk ships.
    #[must_use]
    pub fn ship_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.auto_ship.then(|| now.after_ms(u64::from(self.ship_after_s) * 1_000))
    }

    /// The time by which a cancellation that starts now must have the reward back.
    #[must_use]
    pub fn cancel_by(&self, now: Timestamp) -> Timestamp {
        now.after_ms(u64::from(self.cancel_within_ms))
    }
}
