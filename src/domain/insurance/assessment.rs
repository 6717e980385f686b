//! Saga that assigns a paid subscription to an underwriter, and sends it the decision.
//!
//! ```text
//!       applied            clerk found          assigned            decided
//! Idle ────────▶ Assigning ───────────▶ Handing ────────▶ Reviewing ───────▶ Deciding
//!                    │                     │                  │                 │ contracted
//!                    │ cancelled           │ cancelled        │ cancelled       │ or refused,
//!                    ▼                     ▼                  ▼                 ▼ or cancelled
//!                   Closing { what has not been answered } ── everything has ──▶ over
//! ```
//! No refund waits for this saga. While the roster or the underwritings are suspended, a customer
//! can cancel and is refunded; the work is withdrawn and closed when they resume. When a decision
//! and a cancellation race, the subscription decides which was first.

use super::{
    UNDERWRITER,
    desk::{self, Roster},
    part::Part::{self, Asked, Returning, Settled},
    subscription::{
        self,
        Command::{Contract, Refuse, Review},
        Subscription,
    },
    underwriting::{
        self, Case,
        Command::{self, Assign, Conclude, Withdraw},
        Underwriting, Verdict,
    },
};
use crate::domain::kernel::roster::Command::{Assign as FindClerk, Close};
use crate::domain::kernel::{
    Aggregate, Id, Meta, RejectedCommand, Saga, Step, Unchanged, WaitsFor,
};
use crate::event_set;
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod specs;

use Assessment::{Assigning, Closing, Deciding, Handing, Idle, Reviewing};

event_set!(
    /// Events that the assessment saga receives.
    Heard: Subscription, Underwriting, Roster
);

/// State of an assessment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Assessment {
    /// The subscription is not paid, or everything is closed.
    #[default]
    Idle,
    /// The roster of the subscription was asked for the underwriter with the fewest cases.
    Assigning,
    /// The underwriter is known, and `Assign` was sent to the underwriting.
    Handing,
    /// The underwriter has the case.
    Reviewing,
    /// The underwriter has decided, and the decision was sent to the subscription.
    Deciding,
    /// The subscription is decided or cancelled: the underwriting and the work are closed.
    Closing(Open),
}

/// Pending answers about a subscription that is decided or cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// Answer of the underwriting.
    pub underwriting: Part,
    /// Answer of the roster.
    pub roster: Part,
}

impl Saga for Assessment {
    const NAME: &'static str = "insurance/assessment";
    type Events = Heard;

    /// Routes events of a subscription and its underwriting by their common number, and roster
    /// events by work.
    fn route(heard: &Heard) -> Option<u64> {
        use desk::Event as D;
        match heard {
            Heard::Subscription(..) | Heard::Underwriting(..) => Some(heard.number()),
            Heard::Roster(_, D::Assigned { work, .. } | D::Closed { work, .. }) => Some(*work),
            Heard::Roster(_, D::Staffed { .. } | D::Sought { .. }) => None,
        }
    }

    fn react(self, me: Id<Self>, heard: Heard, _meta: &Meta) -> Step<Self> {
        match heard {
            Heard::Subscription(_, event) => self.on_subscription(me, &event),
            Heard::Underwriting(_, event) => self.on_underwriting(me, &event),
            Heard::Roster(_, event) => self.on_roster(me, &event),
        }
    }

    /// Ignores a rejection by the subscription: it was cancelled, and that event was handled
    /// before. Closes the work in the roster that all subscriptions of versions before shared, when
    /// the subscription has no roster of its own. Any other rejection blocks the saga instance.
    fn on_rejected(self, me: Id<Self>, refused: &RejectedCommand) -> Step<Self> {
        match (self, refused.aggregate.as_str()) {
            (_, Subscription::NAME) => Step::wait(self),
            (Closing(_), Roster::NAME) if refused.number != Roster::SHARED.number() => {
                Step::wait(self).send(Roster::SHARED, Close { work: me.number() })
            }
            _ => Step::stuck(self, refused.reason.clone()),
        }
    }

    /// Settles a part that had been closed already.
    fn on_no_op(self, _me: Id<Self>, unchanged: &Unchanged) -> Step<Self> {
        let Closing(open) = self else { return Step::wait(self) };
        match (unchanged.aggregate.as_str(), unchanged.command.as_str()) {
            (Underwriting::NAME, "Withdraw" | "Conclude") => {
                Open { underwriting: Settled, ..open }.proceed()
            }
            (Roster::NAME, "Close") => Open { roster: Settled, ..open }.proceed(),
            _ => Step::wait(self),
        }
    }

    fn waits_for(&self) -> WaitsFor {
        match self {
            Idle => WaitsFor::Nothing,
            Reviewing => WaitsFor::Person(UNDERWRITER),
            Deciding => WaitsFor::Part(Subscription::NAME),
            Handing | Closing(Open { underwriting: Asked | Returning, .. }) => {
                WaitsFor::Part(Underwriting::NAME)
            }
            Assigning | Closing(_) => WaitsFor::Part(Roster::NAME),
        }
    }
}

impl Assessment {
    fn on_subscription(self, me: Id<Self>, event: &subscription::Event) -> Step<Self> {
        use subscription::Event as E;
        match (self, event) {
            (Idle, E::Applied) => {
                Step::wait(Assigning).send(me.of::<Roster>(), FindClerk { work: me.number() })
            }
            (Deciding, E::Contracted | E::Refused) => close(me, Conclude),
            (Assigning, E::Cancelled) => {
                Step::wait(Closing(Open { underwriting: Settled, roster: Asked }))
            }
            (Handing | Reviewing | Deciding, E::Cancelled) => close(me, Withdraw),
            (state, _) => Step::wait(state),
        }
    }

    fn on_roster(self, me: Id<Self>, event: &desk::Event) -> Step<Self> {
        use desk::Event as E;
        match (self, event) {
            (Assigning, E::Assigned { clerk, .. }) => {
                let case = Case { subscription: me.of(), underwriter: *clerk };
                Step::wait(Handing).send(me.of::<Underwriting>(), Assign { case })
            }
            (Closing(open @ Open { roster: Asked, .. }), E::Assigned { .. }) => {
                let closing = Open { roster: Returning, ..open };
                Step::wait(Closing(closing)).send(me.of::<Roster>(), Close { work: me.number() })
            }
            (Closing(open), E::Closed { .. }) => Open { roster: Settled, ..open }.proceed(),
            (state, _) => Step::wait(state),
        }
    }

    fn on_underwriting(self, me: Id<Self>, event: &underwriting::Event) -> Step<Self> {
        use underwriting::Event as E;
        let subscription = me.of::<Subscription>();
        match (self, event) {
            (Handing, E::Assigned { .. }) => Step::wait(Reviewing).send(subscription, Review),
            (Reviewing, E::Decided { verdict }) => {
                let command = match verdict {
                    Verdict::Approve => Contract,
                    Verdict::Refuse => Refuse,
                };
                Step::wait(Deciding).send(subscription, command)
            }
            (Closing(open), E::Approved | E::Refused | E::Withdrawn) => {
                Open { underwriting: Settled, ..open }.proceed()
            }
            (state, _) => Step::wait(state),
        }
    }
}

/// Closes the underwriting with `how`, and the work in the roster.
fn close(me: Id<Assessment>, how: Command) -> Step<Assessment> {
    Step::wait(Closing(Open { underwriting: Returning, roster: Returning }))
        .send(me.of::<Underwriting>(), how)
        .send(me.of::<Roster>(), Close { work: me.number() })
}

impl Open {
    /// Waits for the pending answers, or ends the saga.
    fn proceed(self) -> Step<Assessment> {
        match self {
            Self { underwriting: Settled, roster: Settled } => Step::done(),
            unfinished => Step::wait(Closing(unfinished)),
        }
    }
}
