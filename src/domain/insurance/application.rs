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
//! A customer who applies waits only for the lookup of the product
//! ([`Quoting`](super::catalogue_view::Quoting)) and for the payment. The underwriters' desk has a
//! saga of its own, [`super::assessment`]: while the roster or the underwritings are suspended, the
//! application stands as Applied, and a cancellation is refunded at once. A cancellation before the
//! payment has answered waits for the answer; then what was paid is refunded.
//!
//! In versions before, the catalogue quoted an application. Conversations of that time go on.

#[cfg(test)]
mod specs;

use super::{
    UNDERWRITER,
    catalogue::{self, Catalogue},
    catalogue_view,
    part::Part::{self, *},
    payment::{self, Payment, Premium},
    subscription::{self, Command::*, Subscription},
};
use crate::domain::kernel::{
    payment::Command::{Refund, Request},
    prelude::*,
};

use Application::*;

event_set!(Heard: Subscription, Payment, Catalogue);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Application {
    #[default]
    Idle,
    /// `AskQuote` was sent to the subscription, or, in versions before, `Quote` to the catalogue.
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
    /// `Returning`: a cancelled subscription is to record that nothing is paid any more.
    pub subscription: Part,
    /// Quote by the catalogue, in an application of a version before.
    pub catalogue: Part,
    /// Payment or refund of the premium.
    pub payment: Part,
}

impl Saga for Application {
    const NAME: &'static str = "insurance/application";
    type Events = Heard;

    fn route(heard: &Heard) -> Option<u64> {
        use catalogue::Event as C;
        match heard {
            Heard::Subscription(..) | Heard::Payment(..) => Some(heard.number()),
            Heard::Catalogue(_, C::Quoted { subscription, .. }) => Some(subscription.number()),
            Heard::Catalogue(_, C::Entered { .. }) => None,
        }
    }

    fn react(self, me: Id<Self>, heard: Heard, _meta: &Meta) -> Step<Self> {
        use {catalogue::Event as C, subscription::Event as S};
        let (subscription, payment) = (me.of::<Subscription>(), me.of::<Payment>());
        let settling = |subscription, payment| {
            Step::wait(Settling(Open { subscription, catalogue: Settled, payment }))
        };
        match (self, heard) {
            (state, Heard::Payment(_, event)) => state.on_payment(me, event),
            (Idle, Heard::Subscription(_, S::Requested { product_name, customer })) => {
                let bill = Premium { product_name, customer };
                Step::wait(Quoting(bill)).send(subscription, AskQuote)
            }
            (Quoting(bill), Heard::Subscription(_, S::Priced { premium })) => {
                Step::wait(Paying).send(payment, Request { bill, amount: premium })
            }
            (Quoting(bill), Heard::Catalogue(_, C::Quoted { premium, .. })) => Step::wait(Paying)
                .send(subscription, Price { premium })
                .send(payment, Request { bill, amount: premium }),
            (Quoting(_) | Rejecting, Heard::Subscription(_, S::Rejected { .. }))
            | (Paid, Heard::Subscription(_, S::Contracted)) => Step::done(),

            (Quoting(_) | Rejecting, Heard::Subscription(_, S::Cancelled)) => {
                settling(Returning, Settled).send(subscription, FinishCancelling)
            }
            (Paying, Heard::Subscription(_, S::Cancelled)) => settling(Returning, Asked),
            (Paid, Heard::Subscription(_, S::Cancelled)) => {
                settling(Returning, Returning).send(payment, Refund)
            }
            (Paid, Heard::Subscription(_, S::Refused)) => {
                settling(Settled, Returning).send(payment, Refund)
            }
            (Settling(open), Heard::Subscription(_, S::Undone)) => {
                Open { subscription: Settled, ..open }.proceed()
            }
            (Settling(open), Heard::Catalogue(_, C::Quoted { .. })) => {
                Open { catalogue: Settled, ..open }.proceed()
            }
            (state, _) => Step::wait(state),
        }
    }

    /// The catalogue, in a version before, rejects a product that is not on sale. A subscription
    /// rejects a command after a cancellation, whose event was handled before. Any other rejection
    /// blocks the saga instance.
    fn on_rejected(self, me: Id<Self>, refused: &RejectedCommand) -> Step<Self> {
        let reason = refused.reason.clone();
        match self {
            Quoting(_) if refused.is_by::<Catalogue>() => reject(me, FailureKind::Refused, reason),
            Settling(open) if refused.is_by::<Catalogue>() => {
                Open { catalogue: Settled, ..open }.proceed()
            }
            state if refused.is_by::<Subscription>() => Step::wait(state),
            state => Step::stuck(state, reason),
        }
    }

    fn waits_for(&self) -> WaitsFor {
        match self {
            Idle => WaitsFor::Nothing,
            Paid => WaitsFor::Person(UNDERWRITER),
            Quoting(_) => WaitsFor::Part(catalogue_view::Quoting::NAME),
            Settling(Open { catalogue: Asked, .. }) => WaitsFor::Part(Catalogue::NAME),
            Paying | Settling(Open { payment: Asked | Returning, .. }) => {
                WaitsFor::Part(Payment::NAME)
            }
            Rejecting | Settling(_) => WaitsFor::Part(Subscription::NAME),
        }
    }
}

impl Application {
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
    /// Nothing is paid any more: a cancelled subscription records it, a refused one does not.
    fn paid_back(self, me: Id<Application>) -> Step<Application> {
        let step = Self { payment: Settled, ..self }.proceed();
        match self.subscription {
            Returning => step.send(me.of::<Subscription>(), FinishCancelling),
            Asked | Settled => step,
        }
    }

    /// Waits for the pending answers, or ends the saga.
    fn proceed(self) -> Step<Application> {
        match self {
            Self { subscription: Settled, catalogue: Settled, payment: Settled } => Step::done(),
            pending => Step::wait(Settling(pending)),
        }
    }
}
