//! The view of free taxis and their prices.

use super::{
    grade::Grade,
    taxi::{Event, Event::*, Model, Taxi},
};
use crate::domain::kernel::prelude::*;

/// The taxis of one company and model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Availability {
    pub taxi_id: u64,
    pub taxi_name: Text,
    pub company_name: Text,
    /// The number of free taxis.
    pub stock_cnt: Quantity,
    pub registered_cnt: Quantity,
    pub item_price: Money,
    pub grade: Grade,
}

impl View for Availability {
    const NAME: &'static str = "taxi/availability";
    const READERS: Readers = Readers::Anyone;
    type Events = (Id<Taxi>, Event);
    const FIELDS: &'static [Field] = fields!(
        key "taxiId"; text "taxiName", "companyName"; number "stockCnt", "itemPrice"; choice "grade"
    );

    const LINKS: &'static [Link] = &[Link::to::<Taxi>("taxi", "taxiId")];

    fn fold(row: Option<Self>, (taxi, event): Self::Events, _meta: &Meta) -> Option<Self> {
        let mut row = Self { taxi_id: taxi.number(), ..row.unwrap_or_default() };
        match &event {
            Registered { stock, .. } => (row.registered_cnt, row.stock_cnt) = (*stock, *stock),
            Restocked { registered, stock } => {
                (row.registered_cnt, row.stock_cnt) = (*registered, *stock);
            }
            Assigned { stock, .. } | Released { stock, .. } => row.stock_cnt = *stock,
            Revised { .. } => {}
        }
        let (Registered { model, .. } | Revised { model }) = event else { return Some(row) };
        let Model { taxi_name, company_name, item_price, grade } = model;
        Some(Self { taxi_name, company_name, item_price, grade, ..row })
    }
}
