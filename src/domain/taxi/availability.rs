//! The view of free taxis and their prices.

use super::taxi::{
    Event::{self, Assigned, Registered, Released, Restocked, Revised},
    Taxi,
};
use crate::domain::kernel::{Field, Id, Meta, Money, Quantity, Text, View};
use serde::{Deserialize, Serialize};

/// The taxis of one company and model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Availability {
    /// The number of the taxis.
    pub taxi_id: u64,
    /// The kind of car.
    pub taxi_name: Text,
    /// The company that owns them.
    pub company_name: Text,
    /// The number of free taxis.
    pub stock_cnt: Quantity,
    /// The number of registered taxis.
    pub registered_cnt: Quantity,
    /// The price of one, in won.
    pub item_price: Money,
}

impl View for Availability {
    const NAME: &'static str = "taxi/availability";
    type Events = (Id<Taxi>, Event);
    const FIELDS: &'static [Field] = &[
        Field::key("taxiId"),
        Field::text("taxiName"),
        Field::text("companyName"),
        Field::number("stockCnt"),
        Field::number("itemPrice"),
    ];

    fn key((taxi, _): &Self::Events, _meta: &Meta) -> Option<u64> {
        Some(taxi.number())
    }

    fn fold(row: Option<Self>, (taxi, event): Self::Events, _meta: &Meta) -> Option<Self> {
        let mut row = row.unwrap_or_default();
        row.taxi_id = taxi.number();
        let model = match event {
            Registered { model, stock } => {
                (row.stock_cnt, row.registered_cnt) = (stock, stock);
                Some(model)
            }
            Restocked { registered, stock } => {
                (row.stock_cnt, row.registered_cnt) = (stock, registered);
                None
            }
            Revised { model } => Some(model),
            Assigned { stock, .. } | Released { stock, .. } => {
                row.stock_cnt = stock;
                None
            }
        };
        if let Some(model) = model {
            row.taxi_name = model.taxi_name;
            row.company_name = model.company_name;
            row.item_price = model.item_price;
        }
        Some(row)
    }
}
