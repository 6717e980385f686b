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
pub mod payment;
pub mod payout;
pub mod review;
pub mod settings;

use super::kernel::{prelude::*, roster};
use settings::Settings;

#[derive(Clone, Copy, Debug)]
pub struct Claims;

impl Business for Claims {
    const NAME: &'static str = "claims";
    const STAFF: &'static [&'static str] = &[EXAMINER, PAYOUT_CLERK];
    const WAIT_SETTING: Option<&'static str> = Some("cancel_within_ms");
    type Settings = Settings;
    const MEANINGS: Meanings = Settings::MEANINGS;
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[
        ("claims", r#"{"customerId":1,"price":500}"#),
        ("reviews", r#"{"claimId":1,"status":"Assigned Examiner"}"#),
    ];

    const UNRECORDED_SHAPES: Option<&'static str> = Some(include_str!("unrecorded_shapes.json"));

    fn install(host: &mut impl Host) {
        roster::install::<examiners::Examiners>(host);
        host.aggregate::<claim::Claim>()
            .aggregate::<review::Review>()
            .aggregate::<payment::Payment>()
            .saga::<examination::Examination>()
            .saga::<cancellation::Cancellation>()
            .saga::<claim::CancelTimeLimit>()
            .saga::<payout::Payout>()
            .port::<desk::ReviewDesk>()
            .view::<history::History>()
            .view::<claim_view::ClaimView>();
    }

    fn check_invariants(state: &impl StateReader) -> Result<(), String> {
        invariants::check(state)
    }
}

/// Role of the staff who decide on claims.
pub const EXAMINER: &str = "examiner";

/// Role of the staff who pay out approved claims.
pub const PAYOUT_CLERK: &str = "payout-clerk";
