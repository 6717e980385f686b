//! Events of a claim, and the status and the description that clients see of each.

use super::Refusal;
use crate::domain::kernel::{Money, Number, Timestamp};
use serde::{Deserialize, Serialize};

use Event::{
    Approved, CancelAgreed, CancelAsked, CancelRefused, Cancelled, Declined, Paid, Received,
    ReviewStarted,
};

/// Demand of a customer: who claims, how much, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    /// The customer who claims.
    pub customer_id: Number,
    /// The amount, in won.
    pub price: Money,
    /// The time at which the claim was made, according to the client.
    pub claim_dt: Timestamp,
}

/// Award: the part of a claim that the examiner approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Award {
    /// The contract it is paid under.
    pub cont_id: Number,
    /// The amount, in won.
    pub price: Money,
}

/// Stage of a claim that the examiner has not decided on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// No examiner has the claim yet.
    Received,
    /// An examiner has the claim.
    UnderReview,
}

/// Events of a claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A customer claimed.
    Received {
        /// The demand.
        demand: Demand,
    },
    /// An examiner has the claim.
    ReviewStarted {
        /// The demand.
        demand: Demand,
        /// The attempt to cancel the claim that is under way, if any.
        cancelling: Option<u32>,
    },
    /// The customer wants to cancel the claim; the review is asked to agree.
    CancelAsked {
        /// The demand.
        demand: Demand,
        /// Number of the attempt to cancel, from 1.
        attempt: u32,
        /// The stage of the claim.
        stage: Stage,
        /// Time by which the review has to answer; `None` when there is no limit.
        answer_by: Option<Timestamp>,
    },
    /// The review is released, and the claim will be cancelled.
    CancelAgreed {
        /// The demand.
        demand: Demand,
        /// The attempt to cancel.
        attempt: u32,
    },
    /// The attempt to cancel failed; the claim stands as before.
    CancelRefused {
        /// The demand.
        demand: Demand,
        /// The attempt to cancel that failed.
        attempt: u32,
        /// The stage of the claim.
        stage: Stage,
        /// The reason.
        refusal: Refusal,
    },
    /// The claim is cancelled, and no examiner works on it any more.
    Cancelled {
        /// The demand.
        demand: Demand,
    },
    /// The examiner approved the claim.
    Approved {
        /// The demand.
        demand: Demand,
        /// The award.
        award: Award,
        /// Whether the decision overtook an attempt to cancel.
        overtook_cancel: bool,
    },
    /// The examiner declined the claim.
    Declined {
        /// The demand.
        demand: Demand,
        /// Whether the decision overtook an attempt to cancel.
        overtook_cancel: bool,
    },
    /// The award was paid out.
    Paid {
        /// The demand.
        demand: Demand,
        /// The award that was paid.
        award: Award,
    },
}

impl Event {
    /// Returns the demand.
    #[must_use]
    pub const fn demand(&self) -> Demand {
        match self {
            Received { demand }
            | ReviewStarted { demand, .. }
            | CancelAsked { demand, .. }
            | CancelAgreed { demand, .. }
            | CancelRefused { demand, .. }
            | Cancelled { demand }
            | Approved { demand, .. }
            | Declined { demand, .. }
            | Paid { demand, .. } => *demand,
        }
    }

    /// Returns the award, if this event carries one.
    #[must_use]
    pub const fn award(&self) -> Option<Award> {
        match self {
            Approved { award, .. } | Paid { award, .. } => Some(*award),
            _ => None,
        }
    }

    /// Returns the reason why the claim was not cancelled, if this event is a refusal.
    #[must_use]
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            CancelRefused { refusal, .. } => Some(refusal),
            _ => None,
        }
    }

    /// Returns the status of the claim after this event, as shown to clients.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        match self {
            Received { .. } => Stage::Received.name(),
            ReviewStarted { cancelling: None, .. } => Stage::UnderReview.name(),
            ReviewStarted { cancelling: Some(_), .. }
            | CancelAsked { .. }
            | CancelAgreed { .. } => "Cancelling",
            CancelRefused { stage, .. } => stage.name(),
            Cancelled { .. } => "Cancelled",
            Approved { .. } => "Approved",
            Declined { .. } => "Declined",
            Paid { .. } => "Paid",
        }
    }

    /// Returns a description of the event for the customer; `None` for a step between the claim and
    /// its review, which means nothing to the customer.
    #[must_use]
    pub const fn what(&self) -> Option<&'static str> {
        Some(match self {
            CancelAsked { .. } | CancelAgreed { .. } => return None,
            Received { .. } => "claim received",
            ReviewStarted { .. } => "claim under review",
            CancelRefused { .. } => "cancellation of the claim refused",
            Cancelled { .. } => "claim cancelled",
            Approved { overtook_cancel: false, .. } => "claim approved",
            Approved { overtook_cancel: true, .. } => {
                "claim approved; the cancellation came too late"
            }
            Declined { overtook_cancel: false, .. } => "claim declined",
            Declined { overtook_cancel: true, .. } => {
                "claim declined; the cancellation came too late"
            }
            Paid { .. } => "claim paid",
        })
    }
}

impl Stage {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Received => "Received",
            Self::UnderReview => "UnderReview",
        }
    }
}
