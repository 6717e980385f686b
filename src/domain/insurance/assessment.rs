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

#[cfg(test)]
mod specs;

use super::{
    UNDERWRITER,
    desk::{self, Command::Close, Roster},
    subscription::{self, Command as S, Subscription},
    underwriting::{self, Case, Command::*, Underwriting, Verdict},
};
use crate::domain::kernel::prelude::*;

use Assessment::*;
use Part::*;

event_set!(Heard: Subscription, Underwriting, Roster);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Assessment {
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

/// The pending answer of one participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// The participant has not answered a request whose result is no longer wanted.
    Asked,
    /// The participant has not answered the command that ends or undoes its part.
    Returning,
    /// No answer is pending.
    Settled,
}

/// Pending answers about a subscription that is decided or cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    pub underwriting: Part,
    pub roster: Part,
}

impl Saga for Assessment {
    const NAME: &'static str = "insurance/assessment";
    type Events = Heard;

    fn route(heard: &Heard) -> Option<u64> {
        match heard {
            Heard::Subscription(..) | Heard::Underwriting(..) => Some(heard.number()),
            Heard::Roster(_, event) => event.work(),
        }
    }

    fn react(self, me: Id<Self>, heard: Heard, _meta: &Meta) -> Step<Self> {
        use {desk::Event as D, subscription::Event as E, underwriting::Event as U};
        match (self, heard) {
            (Idle, Heard::Subscription(_, E::Applied)) => Roster::assign(me, Step::wait(Assigning)),
            (Assigning, Heard::Roster(_, D::Assigned { clerk, .. })) => {
                let case = Case { subscription: me.of(), underwriter: clerk };
                Step::wait(Handing).send(me.of::<Underwriting>(), Assign { case })
            }
            (Handing, Heard::Underwriting(_, U::Assigned { .. })) => {
                Step::wait(Reviewing).send(me.of::<Subscription>(), S::Review)
            }
            (Reviewing, Heard::Underwriting(_, U::Decided { verdict })) => {
                let decision = match verdict {
                    Verdict::Approve => S::Contract,
                    Verdict::Refuse => S::Refuse,
                };
                Step::wait(Deciding).send(me.of::<Subscription>(), decision)
            }
            (Deciding, Heard::Subscription(_, E::Contracted | E::Refused)) => close(me, Conclude),

            (Assigning, Heard::Subscription(_, E::Cancelled)) => {
                Step::wait(Closing(Open { underwriting: Settled, roster: Asked }))
            }
            (Handing | Reviewing | Deciding, Heard::Subscription(_, E::Cancelled)) => {
                close(me, Withdraw)
            }
            (Closing(open @ Open { roster: Asked, .. }), Heard::Roster(_, D::Assigned { .. })) => {
                Roster::close(me, Step::wait(Closing(Open { roster: Returning, ..open })))
            }
            (Closing(open), Heard::Roster(_, D::Closed { .. })) => {
                Open { roster: Settled, ..open }.proceed()
            }
            (Closing(open), Heard::Underwriting(_, U::Approved | U::Refused | U::Withdrawn)) => {
                Open { underwriting: Settled, ..open }.proceed()
            }
            (state, _) => Step::wait(state),
        }
    }

    /// Ignores a rejection by the subscription: it was cancelled, and that event was handled
    /// before. Closes the work in the roster that all subscriptions of versions before shared, when
    /// the subscription has no roster of its own. Any other rejection blocks the saga instance.
    fn on_rejected(self, me: Id<Self>, refused: &RejectedCommand) -> Step<Self> {
        match self {
            _ if refused.is_by::<Subscription>() => Step::wait(self),
            Closing(_) => Roster::close_in_shared(me, self, refused),
            _ => Step::stuck(self, refused.reason.clone()),
        }
    }

    /// Settles a part that had been closed already.
    fn on_no_op(self, _me: Id<Self>, unchanged: &Unchanged) -> Step<Self> {
        let closes = |command| unchanged.is_of::<Underwriting>(command);
        match self {
            Closing(open) if closes(variant!(Withdraw)) || closes(variant!(Conclude)) => {
                Open { underwriting: Settled, ..open }.proceed()
            }
            Closing(open) if unchanged.is_of::<Roster>(variant!(Close)) => {
                Open { roster: Settled, ..open }.proceed()
            }
            state => Step::wait(state),
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

/// Closes the underwriting with `how`, and the work in the roster.
fn close(me: Id<Assessment>, how: underwriting::Command) -> Step<Assessment> {
    let step = Step::wait(Closing(Open { underwriting: Returning, roster: Returning }));
    Roster::close(me, step.send(me.of::<Underwriting>(), how))
}

impl Open {
    /// Waits for the pending answers, or ends the saga.
    fn proceed(self) -> Step<Assessment> {
        match self {
            Self { underwriting: Settled, roster: Settled } => Step::done(),
            pending => Step::wait(Closing(pending)),
        }
    }
}
