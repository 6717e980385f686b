//! The car rental business: a customer orders and pays, and gets the cars or a refund.

pub mod availability;
pub mod car;
pub mod handover;
mod invariants;
pub mod order;
pub mod payment;
mod rent;
pub mod settings;
pub mod system;

use super::kernel::{self, Business, Host, Meanings, Quantity, StateReader};
use availability::Availability;
use car::Car;
use handover::Handover;
use order::Order;
pub use rent::Rent;
use settings::Settings;
use system::System;

/// The business of renting cars.
#[derive(Clone, Copy, Debug)]
pub struct CarRental;

impl Business for CarRental {
    const NAME: &'static str = "rental";
    const STAFF: &'static [&'static str] = &[FLEET_MANAGER];
    type Settings = Settings;
    const MEANINGS: Meanings = Settings::MEANINGS;
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("cars", r#"{"name":"sonata","cnt":3}"#),
        ("orders", r#"{"carId":1,"qty":2}"#),
        ("pays", r#"{"orderId":1}"#),
    ];

    const UNRECORDED_SHAPES: Option<&'static str> = Some(include_str!("unrecorded_shapes.json"));

    fn install(host: &mut impl Host) {
        kernel::payment::install::<Order>(host);
        host.aggregate::<Car>().saga::<Handover>().view::<System>().view::<Availability>();
    }

    fn check_invariants(state: &impl StateReader) -> Result<(), String> {
        invariants::check(state)
    }
}

/// The role that registers and restocks cars, and gives money back by hand.
pub const FLEET_MANAGER: &str = "fleet-manager";

/// The largest number of cars of one kind, and so of cars in an order.
const CARS_MAX: u32 = Quantity::MAX.0;
