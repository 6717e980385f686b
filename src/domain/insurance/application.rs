//! Saga that has an application quoted and paid, and has the payment refunded when it fails.
//!
//! ```text
//!       requested           quoted
//! Idle ──────────▶ Quoting ───────▶ Money(what Billing of the kernel does)
//!                   │   │ cancelled          ▲
//!      not for sale │   └────────────────────┘
//!                   ▼
//!                  over
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
    catalogue::{Catalogue, Event as C},
    catalogue_view,
    payment::{Payment, Premium},
    subscription::{
        Command::{self, *},
        Event::{self, *},
        Subscription,
    },
};
use crate::domain::kernel::{
    payment::{Payable, Phase, Turn},
    prelude::*,
};

event_set!(Heard: Subscription, Payment, Catalogue);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Application {
    /// `AskQuote` was sent to the subscription, or, in versions before, `Quote` to the catalogue.
    Quoting(Premium),
    Money(Phase),
}

impl Default for Application {
    fn default() -> Self {
        Self::Money(Phase::Idle)
    }
}

impl From<Phase> for Application {
    fn from(phase: Phase) -> Self {
        Self::Money(phase)
    }
}

impl Payable for Subscription {
    type Bill = Premium;
    const BILLING: &'static str = "insurance/application";
    const ACCEPT: Command = Accept;
    const REJECT: fn(FailureKind, String) -> Command = |how, reason| Reject { how, reason };
    const CLOSE: Command = FinishCancelling;

    /// A subscription is placed once its premium is known; see [`Application`].
    fn turn(event: &Event) -> Option<Turn<Premium>> {
        match event {
            Applied => Some(Turn::Accepted),
            Cancelled | Refused => Some(Turn::CalledOff),
            Rejected { .. } | Undone => Some(Turn::Over),
            Requested { .. } | QuoteAsked { .. } | Priced { .. } | ReviewBegan | Contracted => None,
        }
    }
}

impl Saga for Application {
    const NAME: &'static str = <Subscription as Payable>::BILLING;
    type Events = Heard;

    fn route(heard: &Heard) -> Option<u64> {
        match heard {
            Heard::Subscription(..) | Heard::Payment(..) => Some(heard.number()),
            Heard::Catalogue(_, C::Quoted { subscription, .. }) => Some(subscription.number()),
            Heard::Catalogue(_, C::Entered { .. }) => None,
        }
    }

    fn react(self, me: Id<Self>, heard: Heard, _meta: &Meta) -> Step<Self> {
        let subscription = me.of::<Subscription>();
        match (self, heard) {
            (
                Self::Money(Phase::Idle),
                Heard::Subscription(_, Requested { product_name, customer }),
            ) => Step::wait(Self::Quoting(Premium { product_name, customer }))
                .send(subscription, AskQuote),
            (Self::Money(phase), Heard::Subscription(_, event)) => {
                phase.on_order::<Subscription, _>(me, Subscription::turn(&event))
            }
            (Self::Money(phase), Heard::Payment(_, event)) => {
                phase.on_payment::<Subscription, _>(me, event)
            }
            (Self::Quoting(bill), Heard::Subscription(_, Priced { premium })) => {
                let placed = Turn::Placed { bill, amount: premium };
                Phase::Idle.on_order::<Subscription, _>(me, Some(placed))
            }
            (quoting @ Self::Quoting(_), Heard::Catalogue(_, C::Quoted { premium, .. })) => {
                Step::wait(quoting).send(subscription, Price { premium })
            }
            (Self::Quoting(_), Heard::Subscription(_, Rejected { .. })) => Step::done(),
            (Self::Quoting(_), Heard::Subscription(_, Cancelled)) => {
                Phase::close::<Subscription, _>(me)
            }
            (state, _) => Step::wait(state),
        }
    }

    /// The catalogue, in a version before, rejects a product that is not on sale. A subscription
    /// that the underwriter refused does not record its refund. It rejects any other command after a
    /// cancellation, whose event was handled before. Any other rejection blocks the saga instance.
    fn on_rejected(self, me: Id<Self>, refused: &RejectedCommand) -> Step<Self> {
        let reason = refused.reason.clone();
        match self {
            Self::Quoting(_) if refused.is_by::<Catalogue>() => {
                Step::wait(Self::Money(Phase::Rejecting))
                    .send(me.of::<Subscription>(), Reject { how: FailureKind::Refused, reason })
            }
            Self::Money(Phase::Closing)
                if refused.is_of::<Subscription>(variant!(FinishCancelling)) =>
            {
                Step::done()
            }
            state if refused.is_by::<Subscription>() || refused.is_by::<Catalogue>() => {
                Step::wait(state)
            }
            state => Step::stuck(state, reason),
        }
    }

    /// In versions before, the phases of the money had names of this saga, and an application that
    /// was paid waited for the underwriter.
    fn upcasters() -> Upcasters {
        Upcasters::none().change("Application", |application| {
            let settling = &application["Settling"];
            let is_settled = |part| settling[part] == "Settled";
            let phase = match (application.as_str(), settling["payment"].as_str()) {
                (Some("Paid"), _) => "Idle",
                (Some(phase), _) => phase,
                (_, Some("Asked")) => "Withdrawing",
                (_, Some("Returning")) => "Refunding",
                (_, Some(_)) if is_settled("subscription") => "Idle",
                (_, Some(_)) => "Closing",
                (None, None) => return,
            };
            *application = json!({ "Money": phase });
        })
    }

    fn waits_for(&self) -> WaitsFor {
        match self {
            Self::Quoting(_) => WaitsFor::Part(catalogue_view::Quoting::NAME),
            Self::Money(phase) => phase.waits_for::<Subscription>(),
        }
    }
}
