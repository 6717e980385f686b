//! The view of free taxis and their prices.

use super::{
    grade::Grade,
    taxi::{
        Event::{self, Assigned, Registered, Released, Restocked, Revised},
        Taxi,
    },
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
    /// The grade.
    pub grade: Grade,
    /// The grade as a number, 0 for basic: a search can ask for a grade or better.
    pub grade_level: u64,
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
        Field::text("grade"),
        Field::number("gradeLevel"),
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
            (row.grade, row.grade_level) = (model.grade, model.grade.level());
        }
        Some(row)
    }
}
