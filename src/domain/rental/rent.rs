//! The cars that an order pays for.

use super::car::Car;
use crate::domain::kernel::prelude::*;

/// The bill of an order: the cars that are paid for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rent {
    pub car: Id<Car>,
    pub quantity: Quantity,
}
