//! Reward: the points for one order. The bank grants them, and takes them back when the order is
//! cancelled. A reward has the order's number.
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
//! that it is asked to undo; the points then count as taken back until they are restored. A reclaim that the gate rejected
//! (`TurnAwayReclaim`) leaves the points granted, like one that the bank declined.

mod messages;
mod shown;
#[cfg(test)]
mod specs;

use super::{
    PhoneShop, STORE_CLERK,
    order::{self, Order},
    payment::ORDER_CANCELLED,
    settings::Settings,
};
use crate::domain::kernel::{
    Aggregate, CommandRoutes, Decision, Empty, Issuer, Method, Money, Text, Timestamp,
};
pub use messages::{Command, Event, Rejection};
use serde::{Deserialize, Serialize};
use shown::Shown;

use Command::{
    AbandonReclaim, ConfirmGrant, ConfirmReclaim, ConfirmRestore, DeclineGrant, DeclineReclaim,
    DeclineRestore, Grant, Keep, Reclaim, Settle, TurnAwayReclaim,
};
use Event::{
    GrantDeclined, GrantRequested, Granted, ReclaimAbandoned, ReclaimAwaited, ReclaimDeclined,
    ReclaimForgotten, ReclaimRequested, ReclaimTurnedAway, ReclaimUndone, Reclaimed, ReclaimedLate,
    RestoreDeclined, Restored,
};

/// Won for which one point is granted.
const WON_PER_POINT: u64 = 10;

/// The points for one order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reward {
    points: Money,
    customer: Option<Text>,
    /// Number of the latest attempt to cancel; 0 before the first.
    attempt: u32,
    status: Status,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Status {
    #[default]
    Blank,
    Granting,
    /// The bank has not answered the grant yet; once it has, the points are reclaimed.
    Awaiting,
    Granted,
    Declined,
    Reclaiming,
    Reclaimed,
    /// The bank was asked to undo the reclaim.
    Restoring {
        /// Whether the bank had confirmed the reclaim.
        again: bool,
    },
    Owed,
}

impl Aggregate for Reward {
    const NAME: &'static str = "phone/rewards";
    const SHAPE: u32 = 2;
    type Business = PhoneShop;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn issuer(command: &Command) -> Issuer {
        match command {
            Settle => Issuer::Staff(&[STORE_CLERK]),
            Grant { .. }
            | ConfirmGrant
            | DeclineGrant { .. }
            | Reclaim { .. }
            | ConfirmReclaim { .. }
            | DeclineReclaim { .. }
            | AbandonReclaim { .. }
            | TurnAwayReclaim { .. }
            | Keep { .. }
            | ConfirmRestore { .. }
            | DeclineRestore { .. } => Issuer::Internal,
        }
    }

    fn decide(&self, command: Command, _now: Timestamp, _settings: &Settings) -> Decision<Self> {
        use Status as S;
        let points = self.points;
        let customer = || self.customer.clone();
        match (&self.status, command) {
            (S::Blank, Grant { amount, customer }) => {
                Ok(vec![granting(Money(amount.0 / WON_PER_POINT), customer)])
            }
            (S::Granting, ConfirmGrant) => Ok(vec![Granted { points, customer: customer() }]),
            (S::Granting, DeclineGrant { reason }) => Ok(vec![GrantDeclined { reason }]),
            (S::Awaiting, ConfirmGrant) => {
                let granted = Granted { points, customer: customer() };
                Ok(vec![granted, ReclaimRequested { attempt: self.attempt, points }])
            }
            (S::Awaiting, DeclineGrant { reason }) => {
                let reclaimed = self.reclaimed(self.attempt, Money::ZERO);
                Ok(vec![GrantDeclined { reason }, reclaimed])
            }

            (S::Granting, Reclaim { attempt }) if self.is_new(attempt) => {
                Ok(vec![ReclaimAwaited { attempt }])
            }
            (S::Granted | S::Declined, Reclaim { attempt }) if self.is_new(attempt) => {
                Ok(vec![self.reclaiming(attempt)])
            }
            (S::Owed, Settle) => Ok(vec![self.restored(true)]),
            (state, command) => self.of_attempt(state, command),
        }
    }

    fn evolve(self, event: Event) -> Self {
        let status = match event {
            GrantRequested { points, customer } => {
                return Self { points, customer, status: Status::Granting, ..self };
            }
            Granted { points, customer } => {
                return Self { points, customer, status: Status::Granted, ..self };
            }
            GrantDeclined { .. } => {
                return Self { points: Money::ZERO, status: Status::Declined, ..self };
            }
            ReclaimAwaited { attempt } => {
                return Self { attempt, status: Status::Awaiting, ..self };
            }
            ReclaimRequested { attempt, .. } => {
                return Self { attempt, status: Status::Reclaiming, ..self };
            }
            Reclaimed { attempt, .. } => {
                return Self { attempt, status: Status::Reclaimed, ..self };
            }
            ReclaimForgotten { .. } => Status::Granting,
            ReclaimAbandoned { .. } => Status::Restoring { again: false },
            ReclaimUndone { again, .. } => Status::Restoring { again },
            ReclaimedLate { .. } => Status::Restoring { again: true },
            ReclaimDeclined { .. } | ReclaimTurnedAway { .. } | Restored { .. } => Status::Granted,
            RestoreDeclined { .. } => Status::Owed,
        };
        Self { status, ..self }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let (customer_id, point) = (self.customer.clone(), self.points);
        Shown { id: number, order_id: number, customer_id, point, process: self.process() }
    }

    fn original_status(&self) -> Option<&'static str> {
        matches!(self.status, Status::Reclaimed).then_some("Cancelled")
    }

    fn available_commands(&self) -> &'static [&'static str] {
        match self.status {
            Status::Owed => &["settle"],
            _ => &[],
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
            .ignoring(&["id", "orderId", "customerId", "point"])
            .command("settle", |Empty {}| Ok(Settle))
            .forward_to::<Order, _>(
                "cancel the order",
                [Method::Patch, Method::Put],
                "process",
                [(ORDER_CANCELLED, order::Command::Cancel)],
            )
    }
}

/// Returns the event that starts a grant: a request to the bank, unless there are no points.
fn granting(points: Money, customer: Option<Text>) -> Event {
    if points == Money::ZERO {
        Granted { points, customer }
    } else {
        GrantRequested { points, customer }
    }
}

impl Reward {
    /// Returns the status shown to clients.
    #[must_use]
    pub const fn process(&self) -> &'static str {
        match self.status {
            Status::Blank => "",
            Status::Granting | Status::Awaiting => "Granting",
            Status::Granted => "Granted",
            Status::Declined => "Declined",
            Status::Reclaiming => "Reclaiming",
            Status::Reclaimed => "Reclaimed",
            Status::Restoring { .. } => "Restoring",
            Status::Owed => "Owed",
        }
    }

    /// Returns the number of points granted or requested.
    #[must_use]
    pub const fn points(&self) -> Money {
        self.points
    }

    /// Returns the event that starts a reclaim: a request to the bank, unless there are no points.
    fn reclaiming(&self, attempt: u32) -> Event {
        match self.points {
            Money::ZERO => self.reclaimed(attempt, Money::ZERO),
            points => ReclaimRequested { attempt, points },
        }
    }

    fn reclaimed(&self, attempt: u32, points: Money) -> Event {
        Reclaimed { attempt, points, customer: self.customer.clone() }
    }

    fn restored(&self, again: bool) -> Event {
        Restored { points: self.points, again, customer: self.customer.clone() }
    }

    /// Returns whether this attempt to cancel is newer than the latest one.
    const fn is_new(&self, attempt: u32) -> bool {
        attempt > self.attempt
    }

    /// Decides the middle of the table: commands about the attempt to cancel that is under way.
    fn of_attempt(&self, state: &Status, command: Command) -> Decision<Self> {
        use Status as S;
        let points = self.points;
        let now = |attempt: u32| attempt == self.attempt;
        match (state, command) {
            (S::Reclaiming, ConfirmReclaim { attempt }) if now(attempt) => {
                Ok(vec![self.reclaimed(attempt, points)])
            }
            (S::Reclaiming, DeclineReclaim { attempt, reason }) if now(attempt) => {
                Ok(vec![ReclaimDeclined { attempt, reason }])
            }
            (S::Reclaiming, AbandonReclaim { attempt, reason }) if now(attempt) => {
                Ok(vec![ReclaimAbandoned { attempt, points, reason }])
            }
            (S::Reclaiming, TurnAwayReclaim { attempt, reason }) if now(attempt) => {
                Ok(vec![ReclaimTurnedAway { attempt, reason }])
            }
            (S::Awaiting, Keep { attempt }) if now(attempt) => {
                Ok(vec![ReclaimForgotten { attempt }])
            }
            (S::Reclaiming, Keep { attempt }) if now(attempt) => {
                Ok(vec![ReclaimUndone { attempt, points, again: false }])
            }
            (S::Restoring { again: false }, ConfirmReclaim { attempt }) if now(attempt) => {
                let customer = self.customer.clone();
                Ok(vec![ReclaimedLate { attempt, points, customer }])
            }
            (S::Reclaimed, Keep { attempt }) if now(attempt) && points == Money::ZERO => {
                Ok(vec![self.restored(true)])
            }
            (S::Reclaimed, Keep { attempt }) if now(attempt) => {
                Ok(vec![ReclaimUndone { attempt, points, again: true }])
            }
            (S::Restoring { again }, ConfirmRestore { attempt }) if now(attempt) => {
                Ok(vec![self.restored(*again)])
            }
            (S::Restoring { again: true }, DeclineRestore { attempt, reason }) if now(attempt) => {
                Ok(vec![RestoreDeclined { reason }])
            }
            // A reclaim that was not confirmed and cannot be undone counts as undone.
            (S::Restoring { again: false }, DeclineRestore { attempt, .. }) if now(attempt) => {
                Ok(vec![self.restored(false)])
            }
            (state, command) => self.already(state, &command),
        }
    }

    /// Decides the lower half of the table: commands that change nothing, and rejections.
    #[expect(clippy::match_same_arms, reason = "each row of the table is a rule of its own")]
    fn already(&self, state: &Status, command: &Command) -> Decision<Self> {
        use Status as S;
        match (state, command) {
            (S::Blank, _) => Err(Rejection::Unknown),
            (_, Grant { .. } | ConfirmGrant | DeclineGrant { .. }) => Ok(vec![]),
            (_, Reclaim { attempt }) if !self.is_new(*attempt) => Ok(vec![]),
            // Any other answer to an attempt that is over changes nothing: the command that ended
            // the attempt also undoes its reclaim at the bank.
            (
                _,
                ConfirmReclaim { .. }
                | DeclineReclaim { .. }
                | AbandonReclaim { .. }
                | TurnAwayReclaim { .. },
            ) => Ok(vec![]),
            (_, Keep { .. } | ConfirmRestore { .. } | DeclineRestore { .. }) => Ok(vec![]),
            (S::Granted, Settle) => Ok(vec![]),

            (S::Restoring { .. }, Reclaim { .. }) => Err(Rejection::IsRestoring),
            (S::Owed, Reclaim { .. }) => Err(Rejection::IsOwed),
            (_, Reclaim { .. }) => Err(Rejection::IsReclaimed),
            (_, Settle) => Err(Rejection::NotOwed),
        }
    }
}
