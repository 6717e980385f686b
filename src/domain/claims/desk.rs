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
use crate::domain::kernel::{Dispatch, Id, Meta, Port, PortReply, PortRequest, RetryPolicy};
use serde_json::{Value, json};

/// Port to the review desk.
#[derive(Clone, Copy, Debug)]
pub struct ReviewDesk;

impl Port for ReviewDesk {
    const NAME: &'static str = "claims/review-desk";
    type Events = (Id<Review>, Event);

    fn ask((review, event): &Self::Events, _meta: &Meta) -> Option<PortRequest> {
        let release = |attempt: &u32| format!("release-{review}-{attempt}");
        match event {
            ReleaseAsked { file, attempt } => Some(PortRequest {
                operation: "release",
                key: release(attempt),
                undoes: None,
                body: body("release", *review, *file),
                retry_policy: RetryPolicy::UntilDeadline,
            }),
            RetainAsked { file, attempt, .. } => Some(PortRequest {
                operation: "retain",
                key: format!("retain-{review}-{attempt}"),
                undoes: Some(("release", release(attempt))),
                body: body("retain", *review, *file),
                retry_policy: RetryPolicy::UntilAnswered,
            }),
            _ => None,
        }
    }

    fn on_reply((review, event): &Self::Events, _meta: &Meta, answer: &PortReply) -> Dispatch {
        let attempt = event.attempt().unwrap_or_default();
        let command = match (event, answer) {
            (ReleaseAsked { .. }, PortReply::Approved(_)) => ConfirmRelease { attempt },
            (ReleaseAsked { .. }, PortReply::Declined(reason)) => {
                DeclineRelease { attempt, reason: reason.clone() }
            }
            (ReleaseAsked { .. }, PortReply::Unreachable(reason)) => {
                LoseRelease { attempt, reason: reason.clone() }
            }
            (ReleaseAsked { .. }, PortReply::TurnedAway(reason)) => {
                TurnAwayRelease { attempt, reason: reason.clone() }
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
