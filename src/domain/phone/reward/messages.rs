//! Commands, events and rejections of a reward.

use crate::domain::kernel::{Money, RejectionKind, Text};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Commands of a reward.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// The order was paid.
    Grant {
        /// The amount paid, in won.
        amount: Money,
        /// The customer whose points they are; `None` when the order names none.
        customer: Option<Text>,
    },
    /// The bank granted the points.
    ConfirmGrant,
    /// The bank declined the grant.
    DeclineGrant {
        /// The reason, as a sentence.
        reason: String,
    },
    /// Takes the points back, because the order is to be cancelled.
    Reclaim {
        /// Number of the attempt to cancel, from 1.
        attempt: u32,
    },
    /// The bank took the points back.
    ConfirmReclaim {
        /// The attempt to cancel.
        attempt: u32,
    },
    /// The bank declined to take the points back.
    DeclineReclaim {
        /// The attempt to cancel.
        attempt: u32,
        /// The reason, as a sentence.
        reason: String,
    },
    /// The bank did not answer; whether it took the points back is unknown.
    AbandonReclaim {
        /// The attempt to cancel.
        attempt: u32,
        /// The reason, as a sentence.
        reason: String,
    },
    /// This attempt to cancel failed, so the points stay granted.
    Keep {
        /// The attempt to cancel.
        attempt: u32,
    },
    /// The bank has undone the reclaim.
    ConfirmRestore {
        /// The attempt to cancel.
        attempt: u32,
    },
    /// The bank declined to undo the reclaim.
    DeclineRestore {
        /// The attempt to cancel.
        attempt: u32,
        /// The reason, as a sentence.
        reason: String,
    },
    /// The clerk had the points granted again by hand.
    Settle,
    /// The gate rejected the request to the bank, so the bank took nothing back.
    TurnAwayReclaim {
        /// The attempt to cancel.
        attempt: u32,
        /// The reason, as a sentence.
        reason: String,
    },
}

/// Events of a reward.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The bank is asked to grant the points.
    GrantRequested {
        /// Number of points.
        points: Money,
        /// The customer whose points they are; `None` when the order names none.
        #[serde(default)]
        customer: Option<Text>,
    },
    /// The points are granted.
    Granted {
        /// Number of points.
        points: Money,
        /// The customer whose points they are; `None` when the order names none.
        #[serde(default)]
        customer: Option<Text>,
    },
    /// The bank declined the grant, so there are no points.
    GrantDeclined {
        /// The reason, as a sentence.
        reason: String,
    },
    /// The points are to be taken back as soon as they are granted.
    ReclaimAwaited {
        /// The attempt to cancel.
        attempt: u32,
    },
    /// The bank is asked to take the points back.
    ReclaimRequested {
        /// The attempt to cancel.
        attempt: u32,
        /// Number of points.
        points: Money,
    },
    /// The points are taken back.
    Reclaimed {
        /// The attempt to cancel.
        attempt: u32,
        /// Number of points.
        points: Money,
        /// The customer whose points they are; `None` when the order names none.
        #[serde(default)]
        customer: Option<Text>,
    },
    /// The bank declined to take the points back.
    ReclaimDeclined {
        /// The attempt to cancel.
        attempt: u32,
        /// The reason, as a sentence.
        reason: String,
    },
    /// The bank did not answer; it is asked to undo the reclaim, if that happened.
    ReclaimAbandoned {
        /// The attempt to cancel.
        attempt: u32,
        /// Number of points that the bank may have taken back.
        points: Money,
        /// The reason, as a sentence.
        reason: String,
    },
    /// The reclaim is dropped before the bank was asked.
    ReclaimForgotten {
        /// The attempt to cancel.
        attempt: u32,
    },
    /// The order stands after all; the bank is asked to undo the reclaim, if that happened.
    ReclaimUndone {
        /// The attempt to cancel.
        attempt: u32,
        /// Number of points that the bank took back, or may have taken back.
        points: Money,
        /// Whether the bank confirmed the reclaim.
        again: bool,
    },
    /// The points are granted, as before the reclaim.
    Restored {
        /// Number of points.
        points: Money,
        /// Whether the points had been taken back.
        again: bool,
        /// The customer whose points they are; `None` when the order names none.
        #[serde(default)]
        customer: Option<Text>,
    },
    /// The bank declined to undo the reclaim: a store clerk has to settle it by hand.
    RestoreDeclined {
        /// The reason, as a sentence.
        reason: String,
    },
    /// The gate rejected the request to the bank, so the bank took nothing back.
    ReclaimTurnedAway {
        /// The attempt to cancel.
        attempt: u32,
        /// The reason, as a sentence.
        reason: String,
    },
    /// The bank confirmed the reclaim after it was asked to undo it: the points are taken back.
    ReclaimedLate {
        /// The attempt to cancel.
        attempt: u32,
        /// Number of points.
        points: Money,
        /// The customer whose points they are; `None` when the order names none.
        #[serde(default)]
        customer: Option<Text>,
    },
}

/// Reason why a reward rejects a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// No paid order has this number, or `Grant` has not arrived yet.
    #[error("there is no such reward")]
    Unknown,
    /// The reclaim of an earlier attempt is not undone at the bank yet.
    #[error("the bank has not answered yet to what was asked before")]
    IsRestoring,
    /// The bank owes the points that an earlier attempt took back.
    #[error("the points have to be settled by hand first")]
    IsOwed,
    /// The points are being taken back for another attempt, or have been.
    #[error("the points are being taken back, or have been")]
    IsReclaimed,
    /// No points are owed.
    #[error("no points are owed")]
    NotOwed,
}

impl crate::domain::kernel::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::Unknown => RejectionKind::Unknown,
            _ => RejectionKind::Conflict,
        }
    }
}
