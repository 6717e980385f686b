//! Claims on policies: a customer claims, an examiner decides, a clerk pays out; and a customer
//! who changes their mind is told at once whether that is possible.

mod books;
pub mod cancellation;
pub mod claim;
pub mod claim_view;
pub mod desk;
pub mod examination;
pub mod examiners;
pub mod history;
pub mod patience;
pub mod payment;
pub mod payout;
pub mod review;
pub mod settings;

use super::kernel::{Books, Business, Host};
use cancellation::Cancellation;
use claim::Claim;
use claim_view::ClaimView;
use desk::ReviewDesk;
use examination::Examination;
use examiners::Roster;
use history::History;
use patience::Patience;
use payment::Payment;
use payout::Payout;
use review::Review;
use settings::Settings;

/// The business of claims.
#[derive(Clone, Copy, Debug)]
pub struct Claims;

impl Business for Claims {
    const NAME: &'static str = "claims";
    const WAITS_MS: Option<&'static str> = Some("cancel_within_ms");
    type Settings = Settings;

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
            .view::<History>()
            .view::<ClaimView>();
    }

    fn adds_up(books: &impl Books) -> Result<(), String> {
        books::add_up(books)
    }
}

/// The role of who decides on claims.
pub const EXAMINER: &str = "examiner";

/// The role of who pays out what was approved.
pub const PAYOUT_CLERK: &str = "payout-clerk";
