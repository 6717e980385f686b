//! The phone business: a customer orders phones, pays and gets points; the store ships the order.
//!
//! Each of the three partners of an order (payment, store, reward) has a saga of its own. A
//! suspended partner therefore delays only its own work: shipping continues while rewards are
//! suspended, and refunds while the store is. The order alone decides whether it is shipped or
//! cancelled, in the sequence in which commands arrive.

pub mod bank;
pub mod customer;
pub mod delivery;
mod invariants;
pub mod order;
pub mod payment;
pub mod point_history;
pub mod reward;
pub mod rewarding;
pub mod settings;
pub mod shipping;

use super::kernel::{self, prelude::*};
use settings::Settings;

/// The business of selling phones.
#[derive(Clone, Copy, Debug)]
pub struct PhoneShop;

impl Business for PhoneShop {
    const NAME: &'static str = "phone";
    const STAFF: &'static [&'static str] = &[STORE_CLERK];
    const WAIT_SETTING: Option<&'static str> = Some("cancel_within_ms");
    type Settings = Settings;
    const MEANINGS: Meanings = Settings::MEANINGS;
    const EXAMPLES: &'static [(&'static str, &'static str)] =
        &[("orders", r#"{"item":"GX Note99","qty":2,"price":990000}"#)];

    const UNRECORDED_SHAPES: Option<&'static str> = Some(include_str!("unrecorded_shapes.json"));

    fn install(host: &mut impl Host) {
        kernel::payment::install::<order::Order>(host);
        host.aggregate::<delivery::Delivery>()
            .aggregate::<reward::Reward>()
            .saga::<shipping::Shipping>()
            .saga::<rewarding::Rewarding>()
            .saga::<rewarding::CancelTimeLimit>()
            .port::<bank::RewardBank>()
            .view::<customer::Customer>()
            .view::<point_history::PointHistory>();
    }

    fn check_invariants(state: &impl StateReader) -> Result<(), String> {
        invariants::check(state)
    }
}

/// The staff who ship, and settle by hand what the payment service or the bank declined.
pub const STORE_CLERK: &str = "store-clerk";

/// The port to the outside service that charges.
const CARD_PAYMENT: &str = "phone/payment";

/// The port to the bank of points.
const REWARD_BANK: &str = "phone/reward-bank";
