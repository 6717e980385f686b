//! Port to the external review desk. The desk releases a review before the review is cancelled,
//! and takes it back when the claim stands after all.
//!
//! Every attempt to cancel has idempotency keys of its own. An unanswered release may have
//! happened, so a `retain` call follows that undoes the release under its key. It is repeated
//! until the desk answers; a desk that declines it has nothing to take back. A release that the
//! gate refused did not happen, so no `retain` follows.

use super::review::{
    Command::{ConfirmRelease, ConfirmRetain, DeclineRelease, LoseRelease, TurnAwayRelease},
    Event::{self, ReleaseAsked, RetainAsked},
    Review,
};
use crate::domain::kernel::prelude::*;

use PortReply::*;

#[derive(Clone, Copy, Debug)]
pub struct ReviewDesk;

impl Port for ReviewDesk {
    const NAME: &'static str = "claims/review-desk";
    type Events = (Id<Review>, Event);

    fn ask((review, event): &Self::Events, _meta: &Meta) -> Option<PortRequest> {
        let attempt = attempt(event)?;
        let key = |operation: &str| format!("{operation}-{review}-{attempt}");
        let (operation, undoes, retry_policy) = match event {
            ReleaseAsked { .. } => ("release", None, RetryPolicy::UntilDeadline),
            _ => ("retain", Some(("release", key("release"))), RetryPolicy::UntilAnswered),
        };
        let file = event.file();
        let body = json!({
            "operation": operation, "reviewId": review, "claimId": file.claim_id,
            "customerId": file.customer_id, "examinerId": file.examiner_id,
        });
        Some(PortRequest { operation, key: key(operation), undoes, body, retry_policy })
    }

    fn on_reply((review, event): &Self::Events, _meta: &Meta, answer: &PortReply) -> Dispatch {
        let attempt = attempt(event).unwrap_or_default();
        let command = match (event, answer.clone()) {
            (RetainAsked { .. }, _) => ConfirmRetain { attempt },
            (_, Approved(_)) => ConfirmRelease { attempt },
            (_, Declined(reason)) => DeclineRelease { attempt, reason },
            (_, Unreachable(reason)) => LoseRelease { attempt, reason },
            (_, TurnedAway(reason)) => TurnAwayRelease { attempt, reason },
        };
        Dispatch::new(*review, command)
    }
}

/// The attempt to cancel for which the desk is asked; `None` when it is not asked.
const fn attempt(event: &Event) -> Option<u32> {
    match event {
        ReleaseAsked { attempt, .. } | RetainAsked { attempt, .. } => Some(*attempt),
        _ => None,
    }
}
