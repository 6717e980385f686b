//! Brings a paid application to the desk of an underwriter, and the decision back.
//!
//! ```text
//!       applied            clerk found          assigned            decided
//! Idle ────────▶ Assigning ───────────▶ Handing ────────▶ Reviewing ───────▶ Deciding
//!                    │                     │                  │                 │ contracted
//!                    │ cancelled           │ cancelled        │ cancelled       │ or refused,
//!                    ▼                     ▼                  ▼                 ▼ or cancelled
//!                   Closing { what has not been answered } ── everything has ──▶ over
//! ```
//! No money waits for this: while the roster or the underwritings are down, a customer can cancel
//! and is paid back, and the work is withdrawn and closed when they are there again. Whoever
//! decides and whoever cancels at the same time are told who was first by the subscription.

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
use crate::domain::kernel::{Aggregate, Awaits, Id, Meta, Refused, Saga, Step, Unchanged};
use crate::hears;
use serde::{Deserialize, Serialize};

use Assessment::{Assigning, Closing, Deciding, Handing, Idle, Reviewing};

hears!(
    /// What an assessment listens to.
    Heard: Subscription, Underwriting, Roster
);

/// How far an assessment has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Assessment {
    /// Nothing is paid, or everything is closed.
    #[default]
    Idle,
    /// The roster was asked who has least to do.
    Assigning,
    /// The underwriter is known, and the underwriting is told so.
    Handing,
    /// The underwriter has it.
    Reviewing,
    /// The underwriter has decided, and the subscription is told so.
    Deciding,
    /// It is decided or cancelled: the desk is cleared.
    Closing(Open),
}

/// What has not been answered yet of a subscription that is decided or cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// The decision.
    pub underwriting: Part,
    /// Whose work it is.
    pub roster: Part,
}

impl Saga for Assessment {
    const NAME: &'static str = "insurance/assessment";
    type Hears = Heard;

    /// A subscription and its underwriting bear one number; the roster says whose work it is.
    fn route(heard: &Heard) -> Option<u64> {
        use desk::Event as D;
        match heard {
            Heard::Subscription(..) | Heard::Underwriting(..) => Some(heard.number()),
            Heard::Roster(_, D::Assigned { work, .. } | D::Closed { work, .. }) => Some(*work),
            Heard::Roster(_, D::Staffed { .. }) => None,
        }
    }

    fn react(self, me: Id<Self>, heard: Heard, _meta: &Meta) -> Step<Self> {
        match heard {
            Heard::Subscription(_, event) => self.on_subscription(me, &event),
            Heard::Underwriting(_, event) => self.on_underwriting(me, &event),
            Heard::Roster(_, event) => self.on_roster(me, &event),
        }
    }

    /// A subscription says no because it was cancelled, which was heard before the refusal, and
    /// acted upon then. Nobody else says no.
    fn refused(self, _me: Id<Self>, refused: &Refused) -> Step<Self> {
        match refused.aggregate.as_str() {
            Subscription::NAME => Step::wait(self),
            _ => Step::stuck(self, refused.because.clone()),
        }
    }

    /// What was to be closed was closed already.
    fn unchanged(self, _me: Id<Self>, unchanged: &Unchanged) -> Step<Self> {
        let Closing(open) = self else { return Step::wait(self) };
        match (unchanged.aggregate.as_str(), unchanged.command.as_str()) {
            (Underwriting::NAME, "Withdraw" | "Conclude") => {
                Open { underwriting: Settled, ..open }.proceed()
            }
            (Roster::NAME, "Close") => Open { roster: Settled, ..open }.proceed(),
            _ => Step::wait(self),
        }
    }

    fn awaits(&self) -> Awaits {
        match self {
            Idle => Awaits::Nobody,
            Reviewing => Awaits::Person(UNDERWRITER),
            Deciding => Awaits::Part(Subscription::NAME),
            Handing | Closing(Open { underwriting: Asked | Returning, .. }) => {
                Awaits::Part(Underwriting::NAME)
            }
            Assigning | Closing(_) => Awaits::Part(Roster::NAME),
        }
    }
}

impl Assessment {
    fn on_subscription(self, me: Id<Self>, event: &subscription::Event) -> Step<Self> {
        use subscription::Event as E;
        match (self, event) {
            (Idle, E::Applied) => {
                Step::wait(Assigning).tell(Roster::THE, FindClerk { work: me.number() })
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
                Step::wait(Handing).tell(me.of::<Underwriting>(), Assign { case })
            }
            (Closing(open @ Open { roster: Asked, .. }), E::Assigned { .. }) => {
                let closing = Open { roster: Returning, ..open };
                Step::wait(Closing(closing)).tell(Roster::THE, Close { work: me.number() })
            }
            (Closing(open), E::Closed { .. }) => Open { roster: Settled, ..open }.proceed(),
            (state, _) => Step::wait(state),
        }
    }

    fn on_underwriting(self, me: Id<Self>, event: &underwriting::Event) -> Step<Self> {
        use underwriting::Event as E;
        let subscription = me.of::<Subscription>();
        match (self, event) {
            (Handing, E::Assigned { .. }) => Step::wait(Reviewing).tell(subscription, Review),
            (Reviewing, E::Decided { verdict }) => {
                let command = match verdict {
                    Verdict::Approve => Contract,
                    Verdict::Refuse => Refuse,
                };
                Step::wait(Deciding).tell(subscription, command)
            }
            (Closing(open), E::Approved | E::Refused | E::Withdrawn) => {
                Open { underwriting: Settled, ..open }.proceed()
            }
            (state, _) => Step::wait(state),
        }
    }
}

/// Clears the desk.
fn close(me: Id<Assessment>, how: Command) -> Step<Assessment> {
    Step::wait(Closing(Open { underwriting: Returning, roster: Returning }))
        .tell(me.of::<Underwriting>(), how)
        .tell(Roster::THE, Close { work: me.number() })
}

impl Open {
    /// Waits for what has not been answered yet.
    fn proceed(self) -> Step<Assessment> {
        match self {
            Self { underwriting: Settled, roster: Settled } => Step::done(),
            unfinished => Step::wait(Closing(unfinished)),
        }
    }
}
