//! The saga that has the points for an order granted and credited, and taken back before the order
//! is cancelled.
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
    order::{self, Command as O, Order},
    reward::{self, Command as R, Reward},
};
use crate::domain::kernel::{
    prelude::*,
    time_limit::{Attempt, Attempts, TimeLimit},
};

event_set!(Heard: Order, Reward);

/// The saga that keeps an order when its reward was not taken back in time.
pub type CancelTimeLimit = TimeLimit<Order>;

impl Attempts for Order {
    const TIME_LIMIT: &'static str = "phone/patience";
    const ANSWERED_BY: &'static str = Reward::NAME;
    const GIVE_UP: fn(u32) -> O = |attempt| {
        let reason = "the reward could not be taken back in time".to_owned();
        O::Keep { attempt, how: FailureKind::Unavailable, reason }
    };

    fn attempt(event: &order::Event) -> Option<Attempt> {
        use order::Event as E;
        match *event {
            E::CancelRequested { attempt, answer_by } => {
                Some(Attempt::Begun { attempt, answer_by })
            }
            E::Kept { .. } | E::Forfeited { .. } => Some(Attempt::Decided),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rewarding {
    pub grant: Grant,
    pub claim: Claim,
}

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

/// The progress of a reclaim, with the number of the attempt to cancel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Claim {
    /// Nothing is to be reclaimed, or the reclaim is settled.
    #[default]
    None,
    /// `Reclaim` was sent to the reward.
    Asked(u32),
    /// The outcome was sent to the order.
    Told(u32),
    /// The attempt failed, and `Keep` was sent to the reward.
    Undoing(u32),
}

impl Saga for Rewarding {
    const NAME: &'static str = "phone/rewarding";
    type Events = Heard;

    fn react(self, me: Id<Self>, heard: Heard, _meta: &Meta) -> Step<Self> {
        match heard {
            Heard::Order(_, event) => self.on_order(me, event),
            Heard::Reward(_, event) => self.on_reward(me, event),
        }
    }

    /// The order stands when the reward rejects the reclaim. A rejection of any other command
    /// settles what it was sent for.
    fn on_rejected(self, me: Id<Self>, refused: &RejectedCommand) -> Step<Self> {
        let is_reclaim = refused.is(me.of::<Reward>(), variant!(R::Reclaim));
        match self.claim {
            Claim::Asked(attempt) if is_reclaim => {
                self.keep(me, attempt, FailureKind::Unavailable, refused.reason.clone())
            }
            _ => self.settled(
                refused.is(me.of::<Order>(), variant!(O::Credit)),
                refused.is(me.of::<Reward>(), variant!(R::Keep)),
            ),
        }
    }

    fn on_no_op(self, me: Id<Self>, unchanged: &Unchanged) -> Step<Self> {
        self.settled(
            unchanged.is(me.of::<Order>(), variant!(O::Credit)),
            unchanged.is(me.of::<Reward>(), variant!(R::Keep)),
        )
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
    fn on_order(self, me: Id<Self>, event: order::Event) -> Step<Self> {
        use order::Event as E;
        let reward = me.of::<Reward>();
        match (self.claim, event) {
            (_, E::Paid { amount, basket }) => {
                let customer = basket.customer;
                self.granting(Grant::Asked).send(reward, R::Grant { amount, customer })
            }
            (_, E::Credited { .. }) => self.granting(Grant::None),
            (_, E::CancelRequested { attempt, .. }) => {
                self.claiming(Claim::Asked(attempt)).send(reward, R::Reclaim { attempt })
            }
            (Claim::Told(_), E::Forfeited { .. }) => self.claiming(Claim::None),
            (Claim::Asked(now) | Claim::Told(now), E::Kept { attempt, .. }) if now == attempt => {
                self.claiming(Claim::Undoing(now)).send(reward, R::Keep { attempt })
            }
            _ => Step::wait(self),
        }
    }

    fn on_reward(self, me: Id<Self>, event: reward::Event) -> Step<Self> {
        use reward::Event as E;
        let order = me.of::<Order>();
        match (self.claim, event) {
            (_, E::Granted { points, .. }) => {
                self.granting(Grant::Written).send(order, O::Credit { points })
            }
            (_, E::GrantDeclined { .. }) => self.granting(Grant::None),
            (Claim::Asked(now), E::Reclaimed { attempt, .. }) if now == attempt => {
                self.claiming(Claim::Told(now)).send(order, O::Forfeit { attempt })
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
            ) if now == attempt => self.claiming(Claim::None),
            (Claim::Undoing(_), E::Restored { .. }) => self.claiming(Claim::None),
            _ => Step::wait(self),
        }
    }

    /// Sends `Keep` to the order: this attempt to cancel fails.
    fn keep(self, me: Id<Self>, attempt: u32, how: FailureKind, reason: String) -> Step<Self> {
        self.claiming(Claim::Told(attempt)).send(me.of::<Order>(), O::Keep { attempt, how, reason })
    }

    /// The part whose command was rejected or changed nothing is settled.
    fn settled(self, by_credit: bool, by_keep: bool) -> Step<Self> {
        match (self.grant, self.claim) {
            (Grant::Written, _) if by_credit => self.granting(Grant::None),
            (_, Claim::Undoing(_)) if by_keep => self.claiming(Claim::None),
            _ => Step::wait(self),
        }
    }

    fn granting(self, grant: Grant) -> Step<Self> {
        Self { grant, ..self }.proceed()
    }

    fn claiming(self, claim: Claim) -> Step<Self> {
        Self { claim, ..self }.proceed()
    }

    /// Waits for the parts that are not settled, or ends the saga.
    fn proceed(self) -> Step<Self> {
        if self == Self::default() { Step::done() } else { Step::wait(self) }
    }
}
