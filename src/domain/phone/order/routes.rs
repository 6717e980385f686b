//! Request bodies of the commands of an order.

use super::{
    Basket,
    Command::{self, Cancel, Place},
};
use crate::domain::kernel::{CANCELLED, Malformed, Money, Quantity, Text};
use serde::Deserialize;

/// Fields that are ignored: set by the server, or irrelevant to a cancellation by status.
pub(super) const IGNORED: &[&str] = &[
    "id",
    "customerId",
    "item",
    "qty",
    "price",
    "amount",
    "status",
    "store",
    "address",
    "point",
    "reason",
];

/// `{"item":"GX Note99","qty":2,"price":990000}`; a missing price takes the list price.
/// The customer, `customerId`, may be left out.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PlaceBody {
    item: Text,
    qty: Quantity,
    price: Option<Money>,
    store: Option<Text>,
    address: Option<Text>,
    customer_id: Option<Text>,
}

impl PlaceBody {
    #[expect(clippy::unnecessary_wraps, reason = "command routes take a fallible function")]
    pub(super) fn means(self) -> Result<Command, Malformed> {
        let Self { item, qty, price, store, address, customer_id } = self;
        let (store, address) = (store.unwrap_or_default(), address.unwrap_or_default());
        let customer = customer_id.map(|customer| customer.trimmed());
        Ok(Place { basket: Basket { item, qty, store, address, customer }, price })
    }
}

/// `{"status":"cancel"}`, or a whole order with that status.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StatusBody {
    status: Text,
}

impl StatusBody {
    pub(super) fn means(self) -> Result<Command, Malformed> {
        self.status.means(&[(CANCELLED, Cancel)])
    }
}
