//! What can happen to a claim, and what is told about it.

use crate::domain::kernel::{Fall, Money, Number, Timestamp};
use serde::{Deserialize, Serialize};

use Event::{
    Approved, CancelAgreed, CancelAsked, CancelRefused, Cancelled, Declined, Paid, Received,
    ReviewStarted,
};

/// What a customer demands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    /// Who claims.
    pub customer_id: Number,
    /// How much, in won.
    pub price: Money,
    /// When the client says that the claim was made.
    pub claim_dt: Timestamp,
}

/// What the examiner approved of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Award {
    /// The contract it is paid under.
    pub cont_id: Number,
    /// How much, in won.
    pub price: Money,
}

/// How far a claim has come that nobody has decided on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// No examiner has it yet.
    Received,
    /// An examiner has it.
    UnderReview,
}

/// Why a claim was not cancelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Which family of answer that is.
    pub how: Fall,
    /// The reason, as a sentence.
    pub because: String,
}

/// What can happen to a claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A customer claimed.
    Received {
        /// What for.
        demand: Demand,
    },
    /// An examiner has it.
    ReviewStarted {
        /// What was claimed.
        demand: Demand,
        /// The attempt to cancel it that is under way.
        cancelling: Option<u32>,
    },
    /// The customer does not want it any more; the review is asked to agree.
    CancelAsked {
        /// What was claimed.
        demand: Demand,
        /// Which attempt it is, from 1.
        attempt: u32,
        /// How far it has come.
        stage: Stage,
        /// Until when the review has to answer.
        answer_by: Option<Timestamp>,
    },
    /// The review is released, and the claim is going to be cancelled.
    CancelAgreed {
        /// What was claimed.
        demand: Demand,
        /// Which attempt it is.
        attempt: u32,
    },
    /// It stands as before.
    CancelRefused {
        /// What was claimed.
        demand: Demand,
        /// Which attempt came to nothing.
        attempt: u32,
        /// How far it has come.
        stage: Stage,
        /// Why.
        refusal: Refusal,
    },
    /// It is called off, and nobody works on it any more.
    Cancelled {
        /// What was claimed.
        demand: Demand,
    },
    /// The examiner approved it.
    Approved {
        /// What was claimed.
        demand: Demand,
        /// What was approved of it.
        award: Award,
        /// Whether somebody was waiting for it to be cancelled.
        overtook_cancel: bool,
    },
    /// The examiner declined it.
    Declined {
        /// What was claimed.
        demand: Demand,
        /// Whether somebody was waiting for it to be cancelled.
        overtook_cancel: bool,
    },
    /// The award was paid out.
    Paid {
        /// What was claimed.
        demand: Demand,
        /// What was paid of it.
        award: Award,
    },
}

impl Event {
    /// What was claimed.
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

    /// What was approved, when this is about it.
    #[must_use]
    pub const fn award(&self) -> Option<Award> {
        match self {
            Approved { award, .. } | Paid { award, .. } => Some(*award),
            _ => None,
        }
    }

    /// Why the claim was not cancelled, when it was not.
    #[must_use]
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            CancelRefused { refusal, .. } => Some(refusal),
            _ => None,
        }
    }

    /// How the claim stands with this, as clients are told.
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

    /// What happened, in words.
    #[must_use]
    pub const fn what(&self) -> &'static str {
        match self {
            Received { .. } => "claim received",
            ReviewStarted { .. } => "claim under review",
            CancelAsked { .. } => "cancellation of the claim asked for",
            CancelAgreed { .. } => "cancellation of the claim agreed to",
            CancelRefused { .. } => "cancellation of the claim refused",
            Cancelled { .. } => "claim cancelled",
            Approved { .. } => "claim approved",
            Declined { .. } => "claim declined",
            Paid { .. } => "claim paid",
        }
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
