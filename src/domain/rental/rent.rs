//! The cars that an order pays for.

use super::car::Car;
use crate::domain::kernel::{Id, Quantity};
use serde::{Deserialize, Serialize};

/// The bill of an order: the cars that are paid for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rent {
    /// The kind of car.
    pub car: Id<Car>,
    /// The number of cars.
    pub quantity: Quantity,
}
