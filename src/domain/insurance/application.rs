//! Leads an application to the contract, or gives back what was paid for it.
//!
//! ```text
//!       requested           quoted          approved             clerk            assigned
//! Idle ──────────▶ Quoting ───────▶ Paying ─────────▶ Assigning ──────▶ Handing ──────────▶ Reviewing
//!                    │ refused        │ declined          │                │    decided      │
//!                    └───────┬────────┘                   │                │  ┌──────────────┘
//!                            ▼                            │                │  ▼
//!                        Rejecting ──▶ over               │                │ Deciding
//!                            │                            ▼                ▼  │ contracted or refused
//!                            └───────── cancelled ─▶ Settling { what has not been answered } ◀──┘
//!                                                         │ everything has
//!                                                         ▼
//!                                                        over
//! ```
//! Only the catalogue and the payment are waited for by whoever applies. While the roster or the
//! underwritings are down, the application stands as Applied, and can be cancelled: the money
//! goes back at once, the customer need not wait for the desk, and the conversation stays open
//! until the desk has answered everything that was said to it. A cancellation finds the payment
//! asked and unanswered: then it waits for the answer, and pays back what was paid.

use super::{
    UNDERWRITER,
    catalogue::{self, Catalogue, Command::Quote},
    desk::{self, Roster},
    payment::{self, Payment, Premium},
    subscription::{
        self,
        Command::{Accept, Contract, FinishCancelling, Price, Refuse, Reject, Review},
        Subscription,
    },
    underwriting::{
        self, Case,
        Command::{Assign, Conclude, Withdraw},
        Underwriting, Verdict,
    },
};
use crate::domain::kernel::payment::Command::{Refund, Request};
use crate::domain::kernel::roster::Command::{Assign as FindClerk, Close};
use crate::domain::kernel::{Aggregate, Awaits, Fall, Id, Meta, Refused, Saga, Step, Unchanged};
use crate::hears;
use serde::{Deserialize, Serialize};

use Application::{
    Assigning, Deciding, Handing, Idle, Paying, Quoting, Rejecting, Reviewing, Settling,
};
use Part::{Asked, Returning, Settled};

hears!(
    /// What an application listens to.
    Heard: Subscription, Payment, Underwriting, Roster, Catalogue
);

/// How far an application has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Application {
    /// Nobody applied, or everything is settled.
    #[default]
    Idle,
    /// The catalogue was asked what it costs.
    Quoting(Premium),
    /// The payment was asked for.
    Paying,
    /// It cannot be had or paid, and the subscription is told so.
    Rejecting,
    /// It is paid, and somebody has to look at it.
    Assigning,
    /// The underwriter is known, and the underwriting is told so.
    Handing,
    /// The underwriter has it.
    Reviewing,
    /// The underwriter has decided, and the subscription is told so.
    Deciding,
    /// It is decided or cancelled: everything is closed and given back.
    Settling(Open),
}

/// What has not been answered yet of a subscription that is decided or cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// That everything was paid back.
    pub subscription: Part,
    /// What it costs.
    pub catalogue: Part,
    /// The premium.
    pub payment: Part,
    /// The decision.
    pub underwriting: Part,
    /// Whose work it is.
    pub roster: Part,
}

/// How far one participant has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// It was asked for something that is not wanted any more, and has not answered.
    Asked,
    /// It was told, or is yet to be told, that it is over, and has not answered.
    Returning,
    /// Nothing is to come.
    Settled,
}

impl Saga for Application {
    const NAME: &'static str = "insurance/application";
    type Hears = Heard;

    /// A subscription, its payment and its underwriting bear one number; roster and catalogue
    /// say whom it is about.
    fn route(heard: &Heard) -> Option<u64> {
        use catalogue::Event as C;
        use desk::Event as D;
        match heard {
            Heard::Subscription(..) | Heard::Payment(..) | Heard::Underwriting(..) => {
                Some(heard.number())
            }
            Heard::Roster(_, D::Assigned { work, .. } | D::Closed { work, .. }) => Some(*work),
            Heard::Catalogue(_, C::Quoted { subscription, .. }) => Some(subscription.number()),
            Heard::Roster(_, D::Staffed { .. }) | Heard::Catalogue(_, C::Entered { .. }) => None,
        }
    }

    fn react(self, me: Id<Self>, heard: Heard, _meta: &Meta) -> Step<Self> {
        match heard {
            Heard::Subscription(_, event) => self.on_subscription(me, event),
            Heard::Payment(_, event) => self.on_payment(me, event),
            Heard::Underwriting(_, event) => self.on_underwriting(me, &event),
            Heard::Roster(_, event) => self.on_roster(me, &event),
            Heard::Catalogue(_, event) => self.on_catalogue(me, &event),
        }
    }

    /// The catalogue says no when something is not sold. A subscription says no because it was
    /// cancelled, which was heard before the refusal, and acted upon then. Nobody else says no.
    fn refused(self, me: Id<Self>, refused: &Refused) -> Step<Self> {
        let because = refused.because.clone();
        match (self, refused.aggregate.as_str()) {
            (Quoting(_), Catalogue::NAME) => reject(me, Fall::Refused, because),
            (Settling(open), Catalogue::NAME) => Open { catalogue: Settled, ..open }.proceed(),
            (state, Subscription::NAME) => Step::wait(state),
            (state, _) => Step::stuck(state, because),
        }
    }

    /// What was to be closed was closed already.
    fn unchanged(self, _me: Id<Self>, unchanged: &Unchanged) -> Step<Self> {
        let Settling(open) = self else { return Step::wait(self) };
        match (unchanged.aggregate.as_str(), unchanged.command.as_str()) {
            (Underwriting::NAME, "Withdraw" | "Conclude") => {
                Open { underwriting: Settled, ..open }.proceed()
            }
            (Roster::NAME, "Close") => Open { roster: Settled, ..open }.proceed(),
            _ => Step::wait(Settling(open)),
        }
    }

    fn awaits(&self) -> Awaits {
        match self {
            Idle => Awaits::Nobody,
            Reviewing => Awaits::Person(UNDERWRITER),
            Quoting(_) | Settling(Open { catalogue: Asked, .. }) => Awaits::Part(Catalogue::NAME),
            Paying | Settling(Open { payment: Asked | Returning, .. }) => {
                Awaits::Part(Payment::NAME)
            }
            Assigning | Settling(Open { roster: Asked | Returning, .. }) => {
                Awaits::Part(Roster::NAME)
            }
            Handing | Settling(Open { underwriting: Asked | Returning, .. }) => {
                Awaits::Part(Underwriting::NAME)
            }
            Rejecting | Deciding | Settling(_) => Awaits::Part(Subscription::NAME),
        }
    }
}

impl Application {
    fn on_subscription(self, me: Id<Self>, event: subscription::Event) -> Step<Self> {
        use subscription::Event as E;
        match (self, event) {
            (Idle, E::Requested { product_name, customer }) => {
                let quote = Quote { subscription: me.of(), product_name: product_name.clone() };
                Step::wait(Quoting(Premium { product_name, customer })).tell(Catalogue::THE, quote)
            }
            (Rejecting, E::Rejected { .. }) => Step::done(),
            (Deciding, E::Contracted) => {
                let open = Open { underwriting: Returning, roster: Returning, ..Open::NOTHING };
                open.settle(me).tell(me.of::<Underwriting>(), Conclude)
            }
            (Deciding, E::Refused) => {
                let (payment, underwriting, roster) = (Returning, Returning, Returning);
                let open = Open { payment, underwriting, roster, ..Open::NOTHING };
                open.settle(me).tell(me.of::<Underwriting>(), Conclude)
            }
            (Settling(open), E::Undone) => Open { subscription: Settled, ..open }.proceed(),
            (state, E::Cancelled) => state.cancelled(me),
            (state, _) => Step::wait(state),
        }
    }

    /// The customer has cancelled: nobody is asked anything more, and everybody gives back.
    fn cancelled(self, me: Id<Self>) -> Step<Self> {
        let nothing = Open { subscription: Returning, ..Open::NOTHING };
        match self {
            Quoting(_) => Open { catalogue: Asked, ..nothing }.settle(me),
            Paying => Open { payment: Asked, ..nothing }.settle(me),
            Rejecting => nothing.settle(me),
            Assigning => Open { payment: Returning, roster: Asked, ..nothing }.settle(me),
            Handing | Reviewing | Deciding => {
                let (payment, underwriting, roster) = (Returning, Returning, Returning);
                let open = Open { payment, underwriting, roster, ..nothing };
                open.settle(me).tell(me.of::<Underwriting>(), Withdraw)
            }
            state @ (Idle | Settling(_)) => Step::wait(state),
        }
    }

    fn on_catalogue(self, me: Id<Self>, event: &catalogue::Event) -> Step<Self> {
        use catalogue::Event as E;
        match (self, event) {
            (Quoting(bill), E::Quoted { premium, .. }) => {
                let premium = *premium;
                Step::wait(Paying)
                    .tell(me.of::<Subscription>(), Price { premium })
                    .tell(me.of::<Payment>(), Request { bill, amount: premium })
            }
            (Settling(open), E::Quoted { .. }) => Open { catalogue: Settled, ..open }.proceed(),
            (state, _) => Step::wait(state),
        }
    }

    fn on_payment(self, me: Id<Self>, event: payment::Event) -> Step<Self> {
        use payment::Event as E;
        match (self, event) {
            (Paying, E::Approved) => Step::wait(Assigning)
                .tell(me.of::<Subscription>(), Accept)
                .tell(Roster::THE, FindClerk { work: me.number() }),
            (Paying, E::Declined { reason }) => reject(me, Fall::Unpaid, reason),
            (Paying, E::Abandoned { reason, .. }) => reject(me, Fall::Unavailable, reason),
            (Settling(open @ Open { payment: Asked, .. }), E::Approved) => {
                let refunding = Open { payment: Returning, ..open };
                Step::wait(Settling(refunding)).tell(me.of::<Payment>(), Refund)
            }
            (
                Settling(open @ Open { payment: Asked, .. }),
                E::Declined { .. } | E::Abandoned { .. },
            )
            | (Settling(open @ Open { payment: Returning, .. }), E::Refunded) => open.paid_back(me),
            (state @ Settling(_), E::RefundDeclined { reason }) => Step::stuck(state, reason),
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
            (Settling(open @ Open { roster: Asked, .. }), E::Assigned { .. }) => {
                let closing = Open { roster: Returning, ..open };
                Step::wait(Settling(closing)).tell(Roster::THE, Close { work: me.number() })
            }
            (Settling(open), E::Closed { .. }) => Open { roster: Settled, ..open }.proceed(),
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
            (Settling(open), E::Approved | E::Refused | E::Withdrawn) => {
                Open { underwriting: Settled, ..open }.proceed()
            }
            (state, _) => Step::wait(state),
        }
    }
}

fn reject(me: Id<Application>, how: Fall, because: String) -> Step<Application> {
    Step::wait(Rejecting).tell(me.of::<Subscription>(), Reject { how, because })
}

impl Open {
    /// Nothing is to come from anybody.
    const NOTHING: Self = Self {
        subscription: Settled,
        catalogue: Settled,
        payment: Settled,
        underwriting: Settled,
        roster: Settled,
    };

    /// Tells everybody that it is over but the underwriting, which is told how. The subscription
    /// is told last, when nothing is paid any more.
    fn settle(self, me: Id<Application>) -> Step<Application> {
        let mut step = Step::wait(Settling(self));
        if self.payment == Returning {
            step = step.tell(me.of::<Payment>(), Refund);
        }
        if self.roster == Returning {
            step = step.tell(Roster::THE, Close { work: me.number() });
        }
        if self.payment == Settled && self.subscription == Returning {
            step = step.tell(me.of::<Subscription>(), FinishCancelling);
        }
        step
    }

    /// Nothing is paid any more.
    fn paid_back(self, me: Id<Application>) -> Step<Application> {
        let step = Self { payment: Settled, ..self }.proceed();
        if self.subscription == Returning {
            return step.tell(me.of::<Subscription>(), FinishCancelling);
        }
        step
    }

    /// Waits for what has not been answered yet.
    fn proceed(self) -> Step<Application> {
        if self == Self::NOTHING { Step::done() } else { Step::wait(Settling(self)) }
    }
}
