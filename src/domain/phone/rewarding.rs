//! Leads an order to its reward and back: has the points granted and writes them on the order, and
//! has them taken back before the order is cancelled.
//!
//! ```text
//!  grant:  None ──paid──▶ Asked ──granted──▶ Written ──on the order──▶ None
//!
//!  claim:  None ──cancelling──▶ Asked ──reclaimed, or not──▶ Told ──the order says what──▶ None
//!                                 │                           │     holds
//!                                 └── the order was kept ─────┴─▶ Undoing ──undone──▶ None
//! ```
//! Both go on side by side: a reward not granted yet when the order is cancelled is granted first
//! and reclaimed then. Everything is said in one order, so rewards that are suspended hear of each
//! attempt to cancel, and of its end, when they are back, and nothing else waits for them. The
//! first to tell the order what became of an attempt is right; whatever the reward did for an
//! attempt that came to nothing is undone.

use super::{
    order::{
        self,
        Command::{Credit, Forfeit, Keep},
        Order,
    },
    reward::{self, Command as R, Reward},
};
use crate::domain::kernel::{
    Aggregate, Awaits, Fall, Id, Meta, Refused, Saga, Step, Unchanged, command_name,
};
use crate::hears;
use serde::{Deserialize, Serialize};

hears!(
    /// What rewarding listens to.
    Heard: Order, Reward
);

/// How far the reward of an order has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rewarding {
    /// What became of granting it.
    pub grant: Grant,
    /// What became of taking it back.
    pub claim: Claim,
}

/// How far a grant has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Grant {
    /// There is nothing to grant, or it is settled.
    #[default]
    None,
    /// The reward was told.
    Asked,
    /// The order is told how many points there are.
    Written,
}

/// How far taking it back has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Claim {
    /// There is nothing to take back, or it is settled.
    #[default]
    None,
    /// The reward was told, in this attempt to cancel.
    Asked(u32),
    /// The order is told what became of this attempt.
    Told(u32),
    /// The attempt came to nothing, and the reward is told so.
    Undoing(u32),
}

impl Saga for Rewarding {
    const NAME: &'static str = "phone/rewarding";
    type Hears = Heard;

    fn route(heard: &Heard) -> Option<u64> {
        Some(heard.number())
    }

    fn react(self, me: Id<Self>, heard: Heard, _meta: &Meta) -> Step<Self> {
        match heard {
            Heard::Order(_, event) => self.on_order(me, &event),
            Heard::Reward(_, event) => self.on_reward(me, event),
        }
    }

    /// A reward that cannot be taken back now says so; what an order says no to is over.
    fn refused(self, me: Id<Self>, refused: &Refused) -> Step<Self> {
        let reclaim = command_name(&R::Reclaim { attempt: 0 });
        let is_reclaim = refused.aggregate == Reward::NAME && refused.command == reclaim;
        match self.claim {
            Claim::Asked(attempt) if is_reclaim => {
                self.keep(me, attempt, Fall::Unavailable, refused.because.clone())
            }
            _ => self.over(&refused.aggregate, &refused.command),
        }
    }

    fn unchanged(self, _me: Id<Self>, unchanged: &Unchanged) -> Step<Self> {
        self.over(&unchanged.aggregate, &unchanged.command)
    }

    fn awaits(&self) -> Awaits {
        match (self.grant, self.claim) {
            (Grant::None, Claim::None) => Awaits::Nobody,
            (Grant::Asked, _) | (_, Claim::Asked(_) | Claim::Undoing(_)) => {
                Awaits::Part(Reward::NAME)
            }
            (Grant::Written, _) | (_, Claim::Told(_)) => Awaits::Part(Order::NAME),
        }
    }
}

impl Rewarding {
    fn on_order(self, me: Id<Self>, event: &order::Event) -> Step<Self> {
        use order::Event as E;
        let reward = me.of::<Reward>();
        match (self.claim, event) {
            (_, E::Paid { amount, .. }) => Step::wait(Self { grant: Grant::Asked, ..self })
                .tell(reward, R::Grant { amount: *amount }),
            (_, E::Credited { .. }) => Self { grant: Grant::None, ..self }.proceed(),
            (_, E::CancelRequested { attempt, .. }) => {
                Step::wait(Self { claim: Claim::Asked(*attempt), ..self })
                    .tell(reward, R::Reclaim { attempt: *attempt })
            }
            (Claim::Told(_), E::Forfeited { .. }) => Self { claim: Claim::None, ..self }.proceed(),
            (Claim::Asked(now) | Claim::Told(now), E::Kept { attempt, .. }) if now == *attempt => {
                Step::wait(Self { claim: Claim::Undoing(now), ..self })
                    .tell(reward, R::Keep { attempt: now })
            }
            _ => Step::wait(self),
        }
    }

    fn on_reward(self, me: Id<Self>, event: reward::Event) -> Step<Self> {
        use reward::Event as E;
        let order = me.of::<Order>();
        match (self.claim, event) {
            (_, E::Granted { points }) => {
                Step::wait(Self { grant: Grant::Written, ..self }).tell(order, Credit { points })
            }
            (_, E::GrantDeclined { .. }) => Self { grant: Grant::None, ..self }.proceed(),
            (Claim::Asked(now), E::Reclaimed { attempt, .. }) if now == attempt => {
                Step::wait(Self { claim: Claim::Told(now), ..self })
                    .tell(order, Forfeit { attempt })
            }
            (Claim::Asked(now), E::ReclaimDeclined { attempt, reason }) if now == attempt => {
                self.keep(me, attempt, Fall::Refused, reason)
            }
            (
                Claim::Asked(now),
                E::ReclaimAbandoned { attempt, reason, .. }
                | E::ReclaimTurnedAway { attempt, reason },
            ) if now == attempt => self.keep(me, attempt, Fall::Unavailable, reason),
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

    /// Tells the order that this attempt to cancel it comes to nothing.
    fn keep(self, me: Id<Self>, attempt: u32, how: Fall, because: String) -> Step<Self> {
        Step::wait(Self { claim: Claim::Told(attempt), ..self })
            .tell(me.of::<Order>(), Keep { attempt, how, because })
    }

    /// A command that led to no event is as answered as one that did.
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

    /// Waits for what is not settled yet, or ends.
    fn proceed(self) -> Step<Self> {
        if self == Self::default() { Step::done() } else { Step::wait(self) }
    }
}
