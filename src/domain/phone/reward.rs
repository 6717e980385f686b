//! The reward: the points for one order. The bank grants them, and takes them back when the order
//! is cancelled. A reward has the order's number.
//!
//! ```text
//!           bank: yes            reclaim                bank: yes
//! Granting ──────────▶ Granted ──────────▶ Reclaiming ───────────▶ Reclaimed
//!  │  │ bank: no        ▲  ▲  │ bank: no      │  │ kept, or          │ kept
//!  │  └────────────▶ Declined └───────────────┘  │ no answer came   │
//!  │ reclaim            │ restored               ▼                   │
//!  ▼                    └──────────────────── Restoring ◀────────────┘
//! Awaiting: once granted,      │  ▲             │ bank: no
//!   it is reclaimed            │  └── settled by hand ── Owed
//! ```
//! A tenth of the amount is granted, rounded down. A reward of 0 points is granted and reclaimed at
//! once, without the bank. Each attempt to cancel reclaims under a number of its own, so that an
//! unanswered reclaim can be undone without affecting later ones. The bank may confirm a reclaim
//! that it is asked to undo; the points then count as taken back until they are restored. A reclaim
//! that the gate rejected (`TurnAwayReclaim`) leaves the points granted, like one that the bank
//! declined.

#[cfg(test)]
mod specs;

use super::{PhoneShop, STORE_CLERK, order::Order, payment::CANCEL, settings::Settings};
use crate::domain::kernel::prelude::*;

use Command::*;
use Event::*;

/// The price in won for which one point is granted.
const WON_PER_POINT: u64 = 10;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reward {
    /// The number of points granted or requested.
    pub points: Money,
    customer: Option<Text>,
    /// The number of the latest attempt to cancel; 0 before the first.
    attempt: u32,
    pub status: Status,
}

statuses! {
    #[derive(Copy, Eq)]
    pub enum Status {
        Blank;
        Granting;
        /// The bank has not answered the grant yet; once it has, the points are reclaimed.
        Awaiting: "Granting";
        Granted;
        Declined;
        Reclaiming;
        Reclaimed, "Cancelled";
        /// The bank was asked to undo the reclaim; `again` says whether it had confirmed it.
        Restoring { again: bool };
        Owed => "settle";
    }
}

/// Attempts to cancel the order are numbered from 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    // The order was paid with this amount.
    Grant { amount: Money, customer: Option<Text> },
    ConfirmGrant,
    DeclineGrant { reason: String },
    // Takes the points back, because the order is to be cancelled.
    Reclaim { attempt: u32 },
    ConfirmReclaim { attempt: u32 },
    DeclineReclaim { attempt: u32, reason: String },
    // The bank did not answer; whether it took the points back is unknown.
    AbandonReclaim { attempt: u32, reason: String },
    // This attempt to cancel failed, so the points stay granted.
    Keep { attempt: u32 },
    // The bank has undone the reclaim.
    ConfirmRestore { attempt: u32 },
    DeclineRestore { attempt: u32, reason: String },
    // The clerk had the points granted again by hand.
    Settle,
    // The gate rejected the request to the bank, so the bank took nothing back.
    TurnAwayReclaim { attempt: u32, reason: String },
}

/// The bank is asked for what is requested, abandoned or undone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    GrantRequested { points: Money, customer: Option<Text> },
    Granted { points: Money, customer: Option<Text> },
    GrantDeclined { reason: String },
    // The points are to be taken back as soon as they are granted.
    ReclaimAwaited { attempt: u32 },
    ReclaimRequested { attempt: u32, points: Money },
    Reclaimed { attempt: u32, points: Money, customer: Option<Text> },
    ReclaimDeclined { attempt: u32, reason: String },
    // The bank did not answer; it is asked to undo the reclaim, if that happened.
    ReclaimAbandoned { attempt: u32, points: Money, reason: String },
    // The reclaim is dropped before the bank was asked.
    ReclaimForgotten { attempt: u32 },
    // The order stands after all; `again` says whether the bank had confirmed the reclaim.
    ReclaimUndone { attempt: u32, points: Money, again: bool },
    // The points are granted, as before the reclaim; `again` says whether they had been taken back.
    Restored { points: Money, again: bool, customer: Option<Text> },
    // The bank declined to undo the reclaim: a store clerk has to settle it by hand.
    RestoreDeclined { reason: String },
    ReclaimTurnedAway { attempt: u32, reason: String },
    // The bank confirmed the reclaim after it was asked to undo it.
    ReclaimedLate { attempt: u32, points: Money, customer: Option<Text> },
}

rejections! {
    pub enum Rejection {
        Unknown: unknown "there is no such reward";
        IsRestoring: "the bank has not answered yet to what was asked before";
        IsOwed: "the points have to be settled by hand first";
        IsReclaimed: "the points are being taken back, or have been";
        NotOwed: "no points are owed";
    }
}

impl Aggregate for Reward {
    const NAME: &'static str = "phone/rewards";
    const SHAPE: u32 = 2;
    aggregate_types!(PhoneShop, status);

    fn issuer(command: &Command) -> Issuer {
        match command {
            Settle => Issuer::Staff(&[STORE_CLERK]),
            _ => Issuer::Internal,
        }
    }

    fn decide(&self, command: Command, _now: Timestamp, _settings: &Settings) -> Decision<Self> {
        use Status as S;
        let attempt = self.attempt;
        match (self.status, command) {
            (S::Blank, Grant { amount, customer }) => {
                Ok(vec![granting(Money(amount.0 / WON_PER_POINT), customer)])
            }
            (S::Blank, _) => Err(Rejection::Unknown),
            (S::Granting, ConfirmGrant) => Ok(vec![self.granted()]),
            (S::Granting, DeclineGrant { reason }) => Ok(vec![GrantDeclined { reason }]),
            (S::Awaiting, ConfirmGrant) => {
                Ok(vec![self.granted(), ReclaimRequested { attempt, points: self.points }])
            }
            (S::Awaiting, DeclineGrant { reason }) => {
                Ok(vec![GrantDeclined { reason }, self.reclaimed(attempt, Money::ZERO)])
            }
            (_, Grant { .. } | ConfirmGrant | DeclineGrant { .. }) | (S::Granted, Settle) => {
                Ok(vec![])
            }
            (S::Owed, Settle) => Ok(vec![self.restored(true)]),
            (_, Settle) => Err(Rejection::NotOwed),

            (_, Reclaim { attempt }) if attempt <= self.attempt => Ok(vec![]),
            (S::Granting, Reclaim { attempt }) => Ok(vec![ReclaimAwaited { attempt }]),
            (S::Granted | S::Declined, Reclaim { attempt }) => Ok(vec![self.reclaiming(attempt)]),
            (S::Restoring { .. }, Reclaim { .. }) => Err(Rejection::IsRestoring),
            (S::Owed, Reclaim { .. }) => Err(Rejection::IsOwed),
            (_, Reclaim { .. }) => Err(Rejection::IsReclaimed),

            // Nothing changes for an attempt that is over: the command that ended it also undoes
            // its reclaim at the bank.
            (
                _,
                Keep { attempt }
                | ConfirmReclaim { attempt }
                | DeclineReclaim { attempt, .. }
                | AbandonReclaim { attempt, .. }
                | TurnAwayReclaim { attempt, .. }
                | ConfirmRestore { attempt }
                | DeclineRestore { attempt, .. },
            ) if attempt != self.attempt => Ok(vec![]),
            (status, command) => Ok(self.of_this_attempt(status, command).into_iter().collect()),
        }
    }

    fn evolve(self, event: Event) -> Self {
        match event {
            GrantRequested { points, customer } => {
                Self { points, customer, status: Status::Granting, ..self }
            }
            Granted { points, customer } => {
                Self { points, customer, status: Status::Granted, ..self }
            }
            GrantDeclined { .. } => Self { points: Money::ZERO, status: Status::Declined, ..self },
            ReclaimAwaited { attempt } => Self { attempt, status: Status::Awaiting, ..self },
            ReclaimRequested { attempt, .. } => {
                Self { attempt, status: Status::Reclaiming, ..self }
            }
            Reclaimed { attempt, .. } => Self { attempt, status: Status::Reclaimed, ..self },
            ReclaimForgotten { .. } => Self { status: Status::Granting, ..self },
            ReclaimAbandoned { .. } => Self { status: Status::Restoring { again: false }, ..self },
            ReclaimUndone { again, .. } => Self { status: Status::Restoring { again }, ..self },
            ReclaimedLate { .. } => Self { status: Status::Restoring { again: true }, ..self },
            ReclaimDeclined { .. } | ReclaimTurnedAway { .. } | Restored { .. } => {
                Self { status: Status::Granted, ..self }
            }
            RestoreDeclined { .. } => Self { status: Status::Owed, ..self },
        }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        object! {
            "id": number, "orderId": number, "customerId": &self.customer, "point": self.points,
            "process": self.status.word(),
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
            .ignoring("id orderId customerId point")
            .command("settle", |Empty {}| Settle)
            .forward_to::<Order, _>("cancel the order", [Patch, Put], "process", CANCEL)
    }
}

/// The event that starts a grant: a request to the bank, unless there are no points.
fn granting(points: Money, customer: Option<Text>) -> Event {
    match points {
        Money::ZERO => Granted { points, customer },
        _ => GrantRequested { points, customer },
    }
}

impl Reward {
    /// The effect of a command on the attempt to cancel that is under way; `None` when it has none.
    fn of_this_attempt(&self, status: Status, command: Command) -> Option<Event> {
        use Status as S;
        let points = self.points;
        Some(match (status, command) {
            (S::Awaiting, Keep { attempt }) => ReclaimForgotten { attempt },
            (S::Reclaiming, Keep { attempt }) => ReclaimUndone { attempt, points, again: false },
            (S::Reclaimed, Keep { .. }) if points == Money::ZERO => self.restored(true),
            (S::Reclaimed, Keep { attempt }) => ReclaimUndone { attempt, points, again: true },

            (S::Reclaiming, ConfirmReclaim { attempt }) => self.reclaimed(attempt, points),
            (S::Reclaiming, DeclineReclaim { attempt, reason }) => {
                ReclaimDeclined { attempt, reason }
            }
            (S::Reclaiming, AbandonReclaim { attempt, reason }) => {
                ReclaimAbandoned { attempt, points, reason }
            }
            (S::Reclaiming, TurnAwayReclaim { attempt, reason }) => {
                ReclaimTurnedAway { attempt, reason }
            }
            (S::Restoring { again: false }, ConfirmReclaim { attempt }) => {
                ReclaimedLate { attempt, points, customer: self.customer.clone() }
            }
            (S::Restoring { again }, ConfirmRestore { .. }) => self.restored(again),
            (S::Restoring { again: true }, DeclineRestore { reason, .. }) => {
                RestoreDeclined { reason }
            }
            // A reclaim that was not confirmed and cannot be undone counts as undone.
            (S::Restoring { again: false }, DeclineRestore { .. }) => self.restored(false),
            _ => return None,
        })
    }

    /// The event that starts a reclaim: a request to the bank, unless there are no points.
    fn reclaiming(&self, attempt: u32) -> Event {
        match self.points {
            Money::ZERO => self.reclaimed(attempt, Money::ZERO),
            points => ReclaimRequested { attempt, points },
        }
    }

    fn granted(&self) -> Event {
        Granted { points: self.points, customer: self.customer.clone() }
    }

    fn reclaimed(&self, attempt: u32, points: Money) -> Event {
        Reclaimed { attempt, points, customer: self.customer.clone() }
    }

    fn restored(&self, again: bool) -> Event {
        Restored { points: self.points, again, customer: self.customer.clone() }
    }
}
