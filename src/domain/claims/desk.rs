//! The external review desk, which releases a review before the review is cancelled, and takes it
//! back when the claim stands after all.

use super::review::{Command, Event, Review};
use crate::domain::kernel::{
    deed::{Answer, Calls, Deed, Service},
    prelude::*,
};

/// The port to the desk.
pub type ReviewDesk = Calls<Desk>;

#[derive(Clone, Copy, Debug)]
pub struct Desk;

impl Service for Desk {
    type Of = Review;
    const NAME: &'static str = "claims/review-desk";
    const DOES: &'static str = "release";
    const UNDOES: &'static str = "retain";

    fn deed(review: Id<Review>, event: &Event) -> Option<(&Deed, Value)> {
        let Event::ReleaseChanged { file, deed } = event else { return None };
        let body = json!({
            "reviewId": review, "claimId": file.claim_id,
            "customerId": file.customer_id, "examinerId": file.examiner_id,
        });
        Some((deed, body))
    }

    fn submits(answer: Answer) -> Command {
        Command::Answer(answer)
    }
}
