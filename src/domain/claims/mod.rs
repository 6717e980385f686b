//! Claims business: a customer claims on a policy, an examiner decides, and a clerk pays out. A
//! customer who cancels gets an answer within a configured time.

pub mod cancellation;
pub mod claim;
pub mod claim_view;
mod dates;
pub mod desk;
pub mod examination;
pub mod examiners;
pub mod history;
mod invariants;
pub mod patience;
pub mod payment;
pub mod payout;
pub mod review;
pub mod settings;

use super::kernel::prelude::*;
use cancellation::Cancellation;
use claim::Claim;
use claim_view::ClaimView;
use desk::ReviewDesk;
use examination::Examination;
use examiners::{Choice, Roster, Workload};
use history::History;
use patience::Patience;
use payment::Payment;
use payout::Payout;
use review::Review;
use settings::Settings;

#[derive(Clone, Copy, Debug)]
pub struct Claims;

impl Business for Claims {
    const NAME: &'static str = "claims";
    const WAIT_SETTING: Option<&'static str> = Some("cancel_within_ms");
    type Settings = Settings;

    const UNRECORDED_SHAPES: Option<&'static str> = Some(include_str!("unrecorded_shapes.json"));

    fn install(host: &mut impl Host) {
        host.aggregate::<Claim>()
            .aggregate::<Review>()
            .aggregate::<Payment>()
            .aggregate::<Roster>()
            .saga::<Examination>()
            .saga::<Cancellation>()
            .saga::<Patience>()
            .saga::<Payout>()
            .port::<ReviewDesk>()
            .lookup::<Choice>()
            .view::<Workload>()
            .view::<History>()
            .view::<ClaimView>();
    }

    fn check_invariants(state: &impl StateReader) -> Result<(), String> {
        invariants::check(state)
    }
}

/// Role of the staff who decide on claims.
pub const EXAMINER: &str = "examiner";

/// Role of the staff who pay out approved claims.
pub const PAYOUT_CLERK: &str = "payout-clerk";
