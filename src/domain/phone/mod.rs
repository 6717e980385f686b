//! The phone shop: somebody orders a phone, pays, gets points for it, and the store ships it.
//!
//! The order is where everything meets. Each of its three partners (payment, store, reward) is led
//! by a saga of its own, so that a partner that is suspended holds up nothing but what it does
//! itself: shipping goes on while rewards are down, refunds while the store is. Whether an order is
//! shipped or cancelled is decided by the order alone, in the sequence in which it is told.

mod bank;
mod billing;
mod books;
mod customer;
pub mod delivery;
pub mod order;
pub mod payment;
pub mod point_history;
pub mod reward;
mod rewarding;
pub mod settings;
mod shipping;

use super::kernel::{Books, Business, Host};
use delivery::Delivery;
use order::Order;
use payment::{CardPayment, Payment};
use reward::Reward;
use settings::Settings;

pub use bank::RewardBank;
pub use billing::Billing;
pub use customer::Customer;
pub use point_history::PointHistory;
pub use rewarding::{Claim, Grant, Rewarding};
pub use shipping::Shipping;

/// The business of selling phones.
#[derive(Clone, Copy, Debug)]
pub struct PhoneShop;

impl Business for PhoneShop {
    const NAME: &'static str = "phone";
    const WAITS_MS: Option<&'static str> = Some("cancel_within_ms");
    type Settings = Settings;

    fn install(host: &mut impl Host) {
        host.aggregate::<Order>()
            .aggregate::<Payment>()
            .aggregate::<Delivery>()
            .aggregate::<Reward>()
            .saga::<Billing>()
            .saga::<Shipping>()
            .saga::<Rewarding>()
            .port::<CardPayment>()
            .port::<RewardBank>()
            .view::<Customer>()
            .view::<PointHistory>();
    }

    fn adds_up(books: &impl Books) -> Result<(), String> {
        books::add_up(books)
    }
}

/// The role of who ships, and settles by hand what the payment service or the bank will not.
pub const STORE_CLERK: &str = "store-clerk";
