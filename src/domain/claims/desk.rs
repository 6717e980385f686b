//! Port to the external review desk. The desk releases a review before the review is cancelled,
//! and takes it back when the claim stands after all.
//!
//! Every attempt to cancel has idempotency keys of its own. An unanswered release may have
//! happened, so a `retain` call follows that undoes the release under its key. It is repeated
//! until the desk answers; a desk that declines it has nothing to take back. A release that the
//! gate rejected did not happen, so no `retain` follows.

use super::review::{
    Command::{ConfirmRelease, ConfirmRetain, DeclineRelease, LoseRelease, TurnAwayRelease},
    Event::{self, ReleaseAsked, RetainAsked},
    File, Review,
};
use crate::domain::kernel::{Answer, Ask, Dispatch, Id, Meta, Patience, Port};
use serde_json::{Value, json};

/// Port to the review desk.
#[derive(Clone, Copy, Debug)]
pub struct ReviewDesk;

impl Port for ReviewDesk {
    const NAME: &'static str = "claims/review-desk";
    type Hears = (Id<Review>, Event);

    fn ask((review, event): &Self::Hears, _meta: &Meta) -> Option<Ask> {
        let release = |attempt: &u32| format!("release-{review}-{attempt}");
        match event {
            ReleaseAsked { file, attempt } => Some(Ask {
                operation: "release",
                key: release(attempt),
                undoes: None,
                body: body("release", *review, *file),
                patience: Patience::Limited,
            }),
            RetainAsked { file, attempt, .. } => Some(Ask {
                operation: "retain",
                key: format!("retain-{review}-{attempt}"),
                undoes: Some(("release", release(attempt))),
                body: body("retain", *review, *file),
                patience: Patience::UntilAnswered,
            }),
            _ => None,
        }
    }

    fn answered((review, event): &Self::Hears, _meta: &Meta, answer: &Answer) -> Dispatch {
        let attempt = event.attempt().unwrap_or_default();
        let command = match (event, answer) {
            (ReleaseAsked { .. }, Answer::Approved) => ConfirmRelease { attempt },
            (ReleaseAsked { .. }, Answer::Declined(because)) => {
                DeclineRelease { attempt, because: because.clone() }
            }
            (ReleaseAsked { .. }, Answer::Unreachable(because)) => {
                LoseRelease { attempt, because: because.clone() }
            }
            (ReleaseAsked { .. }, Answer::TurnedAway(because)) => {
                TurnAwayRelease { attempt, because: because.clone() }
            }
            _ => ConfirmRetain { attempt },
        };
        Dispatch::new(*review, command)
    }
}

fn body(operation: &str, review: Id<Review>, file: File) -> Value {
    json!({
        "operation": operation,
        "reviewId": review,
        "claimId": file.claim_id,
        "customerId": file.customer_id,
        "examinerId": file.examiner_id,
    })
}
