//! Saga that has an application quoted and paid, and has the payment refunded when it fails.
//!
//! ```text
//!       requested           quoted          approved          contracted
//! Idle ──────────▶ Quoting ───────▶ Paying ─────────▶ Paid ────────────▶ over
//!                    │ │ refused      │ │ declined     │ refused, or cancelled
//!                    │ └──────┬───────│─┘              │
//!          cancelled │        ▼       │ cancelled      │
//!                    │   Rejecting ───│──▶ over        │
//!                    ▼        ▼       ▼                ▼
//!                   Settling { what has not been answered } ── everything has ──▶ over
//! ```
//! A customer who applies waits only for the lookup of the product, [`super::quoting`], and for the
//! payment. The underwriters' desk has
//! a saga of its own, [`super::assessment`]: while the roster or the underwritings are suspended,
//! the application stands as Applied, and a cancellation is refunded at once. A cancellation before
//! the payment has answered waits for the answer; then what was paid is refunded.

use super::{
    UNDERWRITER,
    catalogue::{self, Catalogue},
    part::Part::{self, Asked, Returning, Settled},
    payment::{self, Payment, Premium},
    quoting,
    subscription::{
        self,
        Command::{Accept, AskQuote, FinishCancelling, Price, Reject},
        Subscription,
    },
};
use crate::domain::kernel::payment::Command::{Refund, Request};
use crate::domain::kernel::{
    Aggregate, FailureKind, Id, Lookup, Meta, RejectedCommand, Saga, Step, WaitsFor,
};
use crate::event_set;
use serde::{Deserialize, Serialize};

#[cfg(test)]
mod specs;

use Application::{Idle, Paid, Paying, Quoting, Rejecting, Settling};

event_set!(
    /// Events that the application saga receives.
    Heard: Subscription, Payment, Catalogue
);

/// State of an application.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Application {
    /// No application was made, or everything is settled.
    #[default]
    Idle,
    /// `AskQuote` was sent to the subscription. In versions before, `Quote` was sent to the
    /// catalogue.
    Quoting(Premium),
    /// `Request` was sent to the payment.
    Paying,
    /// The product is not for sale or was not paid, and `Reject` was sent to the subscription.
    Rejecting,
    /// The premium is paid: the underwriter decides, or the customer cancels.
    Paid,
    /// The subscription is refused or cancelled, and what was paid is refunded.
    Settling(Open),
}

/// Pending answers about a subscription that is refused or cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// Acknowledgement of the refund by the subscription.
    pub subscription: Part,
    /// Quote by the catalogue, in an application of a version before.
    pub catalogue: Part,
    /// Payment or refund of the premium.
    pub payment: Part,
}

impl Saga for Application {
    const NAME: &'static str = "insurance/application";
    type Events = Heard;

    /// Routes events of a subscription and its payment by their common number, and quotes by the
    /// subscription that they name.
    fn route(heard: &Heard) -> Option<u64> {
        use catalogue::Event as C;
        match heard {
            Heard::Subscription(..) | Heard::Payment(..) => Some(heard.number()),
            Heard::Catalogue(_, C::Quoted { subscription, .. }) => Some(subscription.number()),
            Heard::Catalogue(_, C::Entered { .. }) => None,
        }
    }

    fn react(self, me: Id<Self>, heard: Heard, _meta: &Meta) -> Step<Self> {
        match heard {
            Heard::Subscription(_, event) => self.on_subscription(me, event),
            Heard::Payment(_, event) => self.on_payment(me, event),
            Heard::Catalogue(_, event) => self.on_catalogue(me, &event),
        }
    }

    /// Rejects the application when the catalogue rejects the quote: the product is not on sale.
    /// Only applications of versions before were quoted there. A
    /// subscription rejects a command after a cancellation, whose event was handled before. Any
    /// other rejection blocks the saga instance.
    fn on_rejected(self, me: Id<Self>, refused: &RejectedCommand) -> Step<Self> {
        let reason = refused.reason.clone();
        match (self, refused.aggregate.as_str()) {
            (Quoting(_), Catalogue::NAME) => reject(me, FailureKind::Refused, reason),
            (Settling(open), Catalogue::NAME) => Open { catalogue: Settled, ..open }.proceed(),
            (state, Subscription::NAME) => Step::wait(state),
            (state, _) => Step::stuck(state, reason),
        }
    }

    fn waits_for(&self) -> WaitsFor {
        match self {
            Idle => WaitsFor::Nothing,
            Paid => WaitsFor::Person(UNDERWRITER),
            Quoting(_) => WaitsFor::Part(quoting::Quoting::NAME),
            Settling(Open { catalogue: Asked, .. }) => WaitsFor::Part(Catalogue::NAME),
            Paying | Settling(Open { payment: Asked | Returning, .. }) => {
                WaitsFor::Part(Payment::NAME)
            }
            Rejecting | Settling(_) => WaitsFor::Part(Subscription::NAME),
        }
    }
}

impl Application {
    fn on_subscription(self, me: Id<Self>, event: subscription::Event) -> Step<Self> {
        use subscription::Event as E;
        match (self, event) {
            (Idle, E::Requested { product_name, customer }) => {
                Step::wait(Quoting(Premium { product_name, customer }))
                    .send(me.of::<Subscription>(), AskQuote)
            }
            (Quoting(bill), E::Priced { premium }) => {
                Step::wait(Paying).send(me.of::<Payment>(), Request { bill, amount: premium })
            }
            (Quoting(_) | Rejecting, E::Rejected { .. }) | (Paid, E::Contracted) => Step::done(),
            (Paid, E::Refused) => Open { payment: Returning, ..Open::NOTHING }.settle(me),
            (Settling(open), E::Undone) => Open { subscription: Settled, ..open }.proceed(),
            (state, E::Cancelled) => state.cancelled(me),
            (state, _) => Step::wait(state),
        }
    }

    fn cancelled(self, me: Id<Self>) -> Step<Self> {
        let nothing = Open { subscription: Returning, ..Open::NOTHING };
        match self {
            Paying => Open { payment: Asked, ..nothing }.settle(me),
            Quoting(_) | Rejecting => nothing.settle(me),
            Paid => Open { payment: Returning, ..nothing }.settle(me),
            state @ (Idle | Settling(_)) => Step::wait(state),
        }
    }

    /// Goes on with an application of a version before, which the catalogue quoted.
    fn on_catalogue(self, me: Id<Self>, event: &catalogue::Event) -> Step<Self> {
        use catalogue::Event as E;
        match (self, event) {
            (Quoting(bill), E::Quoted { premium, .. }) => {
                let premium = *premium;
                Step::wait(Paying)
                    .send(me.of::<Subscription>(), Price { premium })
                    .send(me.of::<Payment>(), Request { bill, amount: premium })
            }
            (Settling(open), E::Quoted { .. }) => Open { catalogue: Settled, ..open }.proceed(),
            (state, _) => Step::wait(state),
        }
    }

    fn on_payment(self, me: Id<Self>, event: payment::Event) -> Step<Self> {
        use payment::Event as E;
        match (self, event) {
            (Paying, E::Approved { .. }) => Step::wait(Paid).send(me.of::<Subscription>(), Accept),
            (Paying, E::Declined { reason }) => reject(me, FailureKind::Unpaid, reason),
            (Paying, E::Abandoned { reason, .. } | E::TurnedAway { reason }) => {
                reject(me, FailureKind::Unavailable, reason)
            }
            (Settling(open @ Open { payment: Asked, .. }), E::Approved { .. }) => {
                let refunding = Open { payment: Returning, ..open };
                Step::wait(Settling(refunding)).send(me.of::<Payment>(), Refund)
            }
            (
                Settling(open @ Open { payment: Asked, .. }),
                E::Declined { .. } | E::Abandoned { .. } | E::TurnedAway { .. },
            )
            | (Settling(open @ Open { payment: Returning, .. }), E::Refunded) => open.paid_back(me),
            (state @ Settling(_), E::RefundDeclined { reason }) => Step::stuck(state, reason),
            (state, _) => Step::wait(state),
        }
    }
}

fn reject(me: Id<Application>, how: FailureKind, reason: String) -> Step<Application> {
    Step::wait(Rejecting).send(me.of::<Subscription>(), Reject { how, reason })
}

impl Open {
    /// No answer is pending.
    const NOTHING: Self = Self { subscription: Settled, catalogue: Settled, payment: Settled };

    /// Refunds what was paid. `FinishCancelling` goes to the subscription last, after the refund.
    fn settle(self, me: Id<Application>) -> Step<Application> {
        let step = Step::wait(Settling(self));
        match self.payment {
            Asked => step,
            Returning => step.send(me.of::<Payment>(), Refund),
            Settled => step.send(me.of::<Subscription>(), FinishCancelling),
        }
    }

    /// Notes that nothing is paid any more. Sends `FinishCancelling` to the subscription if it was
    /// cancelled, not if it was refused.
    fn paid_back(self, me: Id<Application>) -> Step<Application> {
        let step = Self { payment: Settled, ..self }.proceed();
        match self.subscription {
            Returning => step.send(me.of::<Subscription>(), FinishCancelling),
            Asked | Settled => step,
        }
    }

    /// Waits for the pending answers, or ends the saga.
    fn proceed(self) -> Step<Application> {
        if self == Self::NOTHING { Step::done() } else { Step::wait(Settling(self)) }
    }
}
