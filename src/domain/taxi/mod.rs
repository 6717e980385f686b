//! The call taxi business: a customer calls and pays, a dispatcher assigns a taxi, and the
//! customer gets a message for every step.

pub mod availability;
pub mod cheapest;
pub mod grade;
mod invariants;
pub mod my_page;
pub mod notice;
pub mod order;
pub mod payment;
pub mod reservation;
pub mod ride;
pub mod settings;
#[expect(
    clippy::module_inception,
    reason = "a fleet of one car model is what this business calls a taxi"
)]
pub mod taxi;

use super::kernel::{self, prelude::*};

#[derive(Clone, Copy, Debug)]
pub struct CallTaxi;

impl Business for CallTaxi {
    const NAME: &'static str = "taxi";
    const STAFF: &'static [&'static str] = &[DISPATCHER, DRIVER];
    type Settings = settings::Settings;
    const MEANINGS: Meanings = settings::Settings::MEANINGS;
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("orders", r#"{"orderType":"basic","name":"Jung"}"#),
        ("taxis", r#"{"taxiName":"sonata","companyName":"tmap","stockCnt":10,"itemPrice":4900}"#),
        ("paymentHistories", r#"{"orderId":1,"cardNo":383824245656,"status":"valid"}"#),
        ("reservations", r#"{"orderId":1,"status":"confirmed"}"#),
        ("reservations/{number}", r#"{"status":"confirmed"}"#),
        ("taxis/restock", r#"{"stockCnt":5}"#),
        ("taxis/revise", r#"{"itemPrice":5000}"#),
        ("taxis/{number}", r#"{"grade":"prime"}"#),
    ];
    const UNRECORDED_SHAPES: Option<&'static str> = Some(include_str!("unrecorded_shapes.json"));

    fn install(host: &mut impl Host) {
        kernel::payment::install::<order::Order>(host);
        host.aggregate::<reservation::Reservation>()
            .aggregate::<taxi::Taxi>()
            .saga::<ride::Ride>()
            .lookup::<cheapest::Cheapest>()
            .view::<my_page::MyPage>()
            .view::<availability::Availability>();
        kernel::notice::install::<notice::Change>(host);
    }

    fn check_invariants(state: &impl StateReader) -> Result<(), String> {
        invariants::check(state)
    }
}

/// The role that confirms reservations, assigns taxis and ends rides.
pub const DISPATCHER: &str = "dispatcher";

/// The role that registers taxis and ends rides.
pub const DRIVER: &str = "driver";
