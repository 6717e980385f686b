//! The view of the cars of each kind: how many there are, and how many of them can be rented.

use super::car::{self, Car, Event, Event::*};
use crate::domain::kernel::prelude::*;

/// The cars of one kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Availability {
    pub id: u64,
    pub car_id: u64,
    pub name: Text,
    pub status: Text,
    pub registered: Quantity,
    pub rented: Quantity,
    pub rentable: Quantity,
}

impl View for Availability {
    const NAME: &'static str = "rental/availability";
    const READERS: Readers = Readers::Anyone;
    type Events = (Id<Car>, Event);
    const FIELDS: &'static [Field] = fields!(
        key "id", "carId"; text "name", "status"; number "registered", "rented", "rentable"
    );

    const LINKS: &'static [Link] = &[Link::to::<Car>("car", "carId")];

    fn fold(row: Option<Self>, (car, event): Self::Events, _meta: &Meta) -> Option<Self> {
        let mut row = row.unwrap_or_default();
        (row.id, row.car_id) = (car.number(), car.number());
        match event {
            Registered { name, count } => {
                (row.name, row.registered, row.rentable) = (name, count, count);
            }
            Renamed { name } => row.name = name,
            Restocked { registered, rentable } => {
                (row.registered, row.rentable) = (registered, rentable);
            }
            Rented { rentable, .. } | Returned { rentable, .. } => row.rentable = rentable,
        }
        row.rented = Quantity(row.registered.0.saturating_sub(row.rentable.0));
        row.status = car::status(row.rentable).into();
        Some(row)
    }
}
