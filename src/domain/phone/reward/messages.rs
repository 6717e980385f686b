//! What a reward can be told, what can happen to it, and why it says no.

use crate::domain::kernel::{Money, RejectionKind};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What a reward can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// The order was paid.
    Grant {
        /// How much was paid, in won.
        amount: Money,
    },
    /// The bank granted the points.
    ConfirmGrant,
    /// The bank will not grant them.
    DeclineGrant {
        /// The reason, as a sentence.
        reason: String,
    },
    /// The order is to be cancelled: take the points back.
    Reclaim {
        /// Which attempt to cancel, from 1.
        attempt: u32,
    },
    /// The bank took the points back.
    ConfirmReclaim {
        /// In which attempt.
        attempt: u32,
    },
    /// The bank will not take them back.
    DeclineReclaim {
        /// In which attempt.
        attempt: u32,
        /// The reason, as a sentence.
        reason: String,
    },
    /// Nobody knows whether the bank took them back.
    AbandonReclaim {
        /// In which attempt.
        attempt: u32,
        /// The reason, as a sentence.
        reason: String,
    },
    /// This attempt to cancel came to nothing, so the points stay granted.
    Keep {
        /// Which attempt.
        attempt: u32,
    },
    /// The bank has undone the reclaim.
    ConfirmRestore {
        /// Of which attempt.
        attempt: u32,
    },
    /// The bank will not undo it.
    DeclineRestore {
        /// Of which attempt.
        attempt: u32,
        /// The reason, as a sentence.
        reason: String,
    },
    /// The clerk had the points granted again by hand.
    Settle,
    /// The bank was not asked to take them back.
    TurnAwayReclaim {
        /// In which attempt.
        attempt: u32,
        /// The reason, as a sentence.
        reason: String,
    },
}

/// What can happen to a reward.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The bank is to grant so many points.
    GrantRequested {
        /// How many.
        points: Money,
    },
    /// The points are granted.
    Granted {
        /// How many.
        points: Money,
    },
    /// There are no points.
    GrantDeclined {
        /// The reason, as a sentence.
        reason: String,
    },
    /// The points are to be taken back as soon as they are granted.
    ReclaimAwaited {
        /// In which attempt to cancel.
        attempt: u32,
    },
    /// The bank is to take the points back.
    ReclaimRequested {
        /// In which attempt to cancel.
        attempt: u32,
        /// How many.
        points: Money,
    },
    /// The points are taken back.
    Reclaimed {
        /// In which attempt to cancel.
        attempt: u32,
        /// How many.
        points: Money,
    },
    /// The bank would not take them back.
    ReclaimDeclined {
        /// In which attempt to cancel.
        attempt: u32,
        /// The reason, as a sentence.
        reason: String,
    },
    /// Nobody answered; if the bank took them back, it is to undo that.
    ReclaimAbandoned {
        /// In which attempt to cancel.
        attempt: u32,
        /// How many it may have taken back.
        points: Money,
        /// The reason, as a sentence.
        reason: String,
    },
    /// The bank had not been asked yet, and will not be.
    ReclaimForgotten {
        /// In which attempt to cancel.
        attempt: u32,
    },
    /// The order stands after all; if the bank took the points back, it is to undo that.
    ReclaimUndone {
        /// In which attempt to cancel.
        attempt: u32,
        /// How many it took, or may have taken.
        points: Money,
        /// Whether it is known that it took them.
        again: bool,
    },
    /// The points are as granted as before.
    Restored {
        /// How many.
        points: Money,
        /// Whether they had been gone.
        again: bool,
    },
    /// The bank will not undo what it did: somebody has to.
    RestoreDeclined {
        /// The reason, as a sentence.
        reason: String,
    },
    /// The bank was never asked, so it took nothing back.
    ReclaimTurnedAway {
        /// In which attempt to cancel.
        attempt: u32,
        /// The reason, as a sentence.
        reason: String,
    },
}

/// Why a reward says no.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// No paid order bears this number, or rewards have not heard of it yet.
    #[error("there is no such reward")]
    Unknown,
    /// What an earlier attempt did at the bank is not undone yet.
    #[error("the bank has not answered yet to what was asked before")]
    IsRestoring,
    /// The bank owes what an earlier attempt took.
    #[error("the points have to be settled by hand first")]
    IsOwed,
    /// They are being taken back for another attempt, or have been.
    #[error("the points are being taken back, or have been")]
    IsReclaimed,
    /// There is nothing to settle.
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
