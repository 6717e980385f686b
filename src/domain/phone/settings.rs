//! What can be configured about the phone shop: the section `[phone]`.

use crate::domain::kernel::{Money, Text, Timestamp, prices};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// List prices in won, when the store ships, and how long a cancellation may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The list price of each item, in won: `[phone.prices]`. It holds for every order of the item;
    /// one that names another price is refused.
    #[serde(deserialize_with = "prices")]
    pub prices: BTreeMap<String, Money>,
    /// Whether the store ships by itself; if not, a clerk does.
    pub auto_ship: bool,
    /// How many seconds after the order reached the store it ships by itself; 0 is at once.
    pub ship_after_s: u32,
    /// How many milliseconds a cancellation waits for the reward to be taken back; then it comes to
    /// nothing (503). It is less than `http.patience_ms`: four fifths of that when nothing else is
    /// said and it must be less.
    pub cancel_within_ms: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { prices: BTreeMap::new(), auto_ship: true, ship_after_s: 0, cancel_within_ms: 2_000 }
    }
}

impl Settings {
    /// What one of this item costs according to the list; `None` when it is not listed.
    #[must_use]
    pub fn list_price(&self, item: &Text) -> Option<Money> {
        self.prices.iter().find(|(name, _)| item.is_called(name)).map(|(_, price)| *price)
    }

    /// When the store ships by itself what reaches it now; `None` when a clerk does.
    #[must_use]
    pub fn ship_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.auto_ship.then(|| now.after_ms(u64::from(self.ship_after_s) * 1_000))
    }

    /// Until when a cancellation begun now has to have the reward back.
    #[must_use]
    pub fn cancel_by(&self, now: Timestamp) -> Timestamp {
        now.after_ms(u64::from(self.cancel_within_ms))
    }
}
