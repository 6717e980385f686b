//! The eighth business: a theatre. A guest buys seats and pays; the usher admits the guest, or the
//! money goes back.

mod evenings;
#[cfg(test)]
mod worlds;

use evenings::Evenings;
use madang::domain::kernel::{
    payment::{Bill, Receipt},
    prelude::*,
    sale::{self, Goods, Sale},
};

pub type Order = Sale<Tickets>;

pub struct Theatre;

impl Business for Theatre {
    const NAME: &'static str = "theatre";
    const STAFF: &'static [&'static str] = &["usher"];
    const EXAMPLES: &'static [(&'static str, &'static str)] =
        &[("orders", r#"{"guest":"Kim","evening":"2026-12-24","seats":2}"#)];
    type Settings = Empty;

    fn install(host: &mut impl Host) {
        sale::install::<Tickets>(host);
        host.view::<Evenings>();
    }

    fn check_invariants(state: &impl StateReader) -> Result<(), String> {
        sale::check_invariants::<Tickets>(state)
    }
}

const PRICE: Money = Money(20_000);
const SEATS_MAX: u32 = 10;

/// What a guest buys.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tickets {
    guest: Text,
    evening: Date,
    seats: Quantity,
}

impl Goods for Tickets {
    const ORDERS: &'static str = "theatre/orders";
    const BILLING: &'static str = "theatre/billing";
    const HAND_OVER: (&'static str, &'static str) = ("admit", "Admitted");

    fn price(&self, _: &Empty) -> Result<Money, String> {
        match PRICE.times(self.seats) {
            _ if !self.guest.is_name() => Err("the guest must have 1 to 100 characters".into()),
            Some(price) if (1..=SEATS_MAX).contains(&self.seats.0) => Ok(price),
            _ => Err(format!("an order is for 1 to {SEATS_MAX} seats")),
        }
    }
}

impl Bill for Tickets {
    type Business = Theatre;
    const NAME: &'static str = "theatre/payments";
    const PORT: &'static str = "theatre/payment";
    const CASHIER: &'static str = "usher";

    fn details(&self) -> Value {
        json!({ "evening": self.evening, "seats": self.seats })
    }

    fn show(&self, Receipt { number, amount, stage, reason }: Receipt) -> impl Serialize {
        object! { "id": number, "amount": amount, "status": stage.word(), "reason"?: reason }
    }
}
