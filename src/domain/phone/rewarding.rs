//! Saga that has the points for an order granted and credited, and taken back before the order is
//! cancelled.
//!
//! ```text
//!  grant:  None ──paid──▶ Asked ──granted──▶ Written ──on the order──▶ None
//!
//!  claim:  None ──cancelling──▶ Asked ──reclaimed, or not──▶ Told ──the order says what──▶ None
//!                                 │                           │     holds
//!                                 └── the order was kept ─────┴─▶ Undoing ──undone──▶ None
//! ```
//! Both run concurrently: a reward that is not granted yet when the order is cancelled is granted
//! first and then reclaimed. Commands to a reward stay in sequence, so suspended rewards receive
//! each attempt to cancel and its end when they resume, and nothing else waits for them. The first
//! command that settles an attempt holds in the order. What the reward did for a failed attempt is
//! undone.

use super::{
    order::{
        self,
        Command::{Credit, Forfeit, Keep},
        Order,
    },
    reward::{self, Command as R, Reward},
};
use crate::domain::kernel::{
    Aggregate, FailureKind, Id, Meta, RejectedCommand, Saga, Step, Unchanged, WaitsFor,
    command_name,
};
use crate::event_set;
use serde::{Deserialize, Serialize};

event_set!(
    /// Events that the rewarding saga receives.
    Heard: Order, Reward
);

/// State of the rewarding of an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rewarding {
    /// Progress of the grant.
    pub grant: Grant,
    /// Progress of the reclaim.
    pub claim: Claim,
}

/// Progress of a grant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Grant {
    /// Nothing is to be granted, or the grant is settled.
    #[default]
    None,
    /// `Grant` was sent to the reward.
    Asked,
    /// `Credit` was sent to the order.
    Written,
}

/// Progress of a reclaim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Claim {
    /// Nothing is to be reclaimed, or the reclaim is settled.
    #[default]
    None,
    /// `Reclaim` was sent to the reward, for this attempt to cancel.
    Asked(u32),
    /// The outcome of this attempt was sent to the order.
    Told(u32),
    /// The attempt failed, and `Keep` was sent to the reward.
    Undoing(u32),
}

impl Saga for Rewarding {
    const NAME: &'static str = "phone/rewarding";
    type Events = Heard;

    fn route(heard: &Heard) -> Option<u64> {
        Some(heard.number())
    }

    fn react(self, me: Id<Self>, heard: Heard, _meta: &Meta) -> Step<Self> {
        match heard {
            Heard::Order(_, event) => self.on_order(me, &event),
            Heard::Reward(_, event) => self.on_reward(me, event),
        }
    }

    /// Lets the order stand when the reward rejects the reclaim. A rejection of any other command
    /// settles what it was sent for.
    fn on_rejected(self, me: Id<Self>, refused: &RejectedCommand) -> Step<Self> {
        let reclaim = command_name(&R::Reclaim { attempt: 0 });
        let is_reclaim = refused.aggregate == Reward::NAME && refused.command == reclaim;
        match self.claim {
            Claim::Asked(attempt) if is_reclaim => {
                self.keep(me, attempt, FailureKind::Unavailable, refused.reason.clone())
            }
            _ => self.over(&refused.aggregate, &refused.command),
        }
    }

    fn on_no_op(self, _me: Id<Self>, unchanged: &Unchanged) -> Step<Self> {
        self.over(&unchanged.aggregate, &unchanged.command)
    }

    fn waits_for(&self) -> WaitsFor {
        match (self.grant, self.claim) {
            (Grant::None, Claim::None) => WaitsFor::Nothing,
            (Grant::Asked, _) | (_, Claim::Asked(_) | Claim::Undoing(_)) => {
                WaitsFor::Part(Reward::NAME)
            }
            (Grant::Written, _) | (_, Claim::Told(_)) => WaitsFor::Part(Order::NAME),
        }
    }
}

impl Rewarding {
    fn on_order(self, me: Id<Self>, event: &order::Event) -> Step<Self> {
        use order::Event as E;
        let reward = me.of::<Reward>();
        match (self.claim, event) {
            (_, E::Paid { amount, basket }) => {
                let (amount, customer) = (*amount, basket.customer.clone());
                Step::wait(Self { grant: Grant::Asked, ..self })
                    .send(reward, R::Grant { amount, customer })
            }
            (_, E::Credited { .. }) => Self { grant: Grant::None, ..self }.proceed(),
            (_, E::CancelRequested { attempt, .. }) => {
                Step::wait(Self { claim: Claim::Asked(*attempt), ..self })
                    .send(reward, R::Reclaim { attempt: *attempt })
            }
            (Claim::Told(_), E::Forfeited { .. }) => Self { claim: Claim::None, ..self }.proceed(),
            (Claim::Asked(now) | Claim::Told(now), E::Kept { attempt, .. }) if now == *attempt => {
                Step::wait(Self { claim: Claim::Undoing(now), ..self })
                    .send(reward, R::Keep { attempt: now })
            }
            _ => Step::wait(self),
        }
    }

    fn on_reward(self, me: Id<Self>, event: reward::Event) -> Step<Self> {
        use reward::Event as E;
        let order = me.of::<Order>();
        match (self.claim, event) {
            (_, E::Granted { points, .. }) => {
                Step::wait(Self { grant: Grant::Written, ..self }).send(order, Credit { points })
            }
            (_, E::GrantDeclined { .. }) => Self { grant: Grant::None, ..self }.proceed(),
            (Claim::Asked(now), E::Reclaimed { attempt, .. }) if now == attempt => {
                Step::wait(Self { claim: Claim::Told(now), ..self })
                    .send(order, Forfeit { attempt })
            }
            (Claim::Asked(now), E::ReclaimDeclined { attempt, reason }) if now == attempt => {
                self.keep(me, attempt, FailureKind::Refused, reason)
            }
            (
                Claim::Asked(now),
                E::ReclaimAbandoned { attempt, reason, .. }
                | E::ReclaimTurnedAway { attempt, reason },
            ) if now == attempt => self.keep(me, attempt, FailureKind::Unavailable, reason),
            (
                Claim::Undoing(now),
                E::ReclaimForgotten { attempt } | E::ReclaimUndone { attempt, .. },
            ) if now == attempt => Self { claim: Claim::None, ..self }.proceed(),
            (Claim::Undoing(_), E::Restored { .. }) => {
                Self { claim: Claim::None, ..self }.proceed()
            }
            _ => Step::wait(self),
        }
    }

    /// Sends `Keep` to the order: this attempt to cancel fails.
    fn keep(self, me: Id<Self>, attempt: u32, how: FailureKind, reason: String) -> Step<Self> {
        Step::wait(Self { claim: Claim::Told(attempt), ..self })
            .send(me.of::<Order>(), Keep { attempt, how, reason })
    }

    /// Settles the part whose command was rejected or changed nothing.
    fn over(self, aggregate: &str, command: &str) -> Step<Self> {
        match (aggregate, command, self) {
            (Order::NAME, "Credit", Self { grant: Grant::Written, .. }) => {
                Self { grant: Grant::None, ..self }.proceed()
            }
            (Reward::NAME, "Keep", Self { claim: Claim::Undoing(_), .. }) => {
                Self { claim: Claim::None, ..self }.proceed()
            }
            (.., state) => Step::wait(state),
        }
    }

    /// Waits for the parts that are not settled, or ends the saga.
    fn proceed(self) -> Step<Self> {
        if self == Self::default() { Step::done() } else { Step::wait(self) }
    }
}
