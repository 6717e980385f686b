//! Leads the money of one order: charged before the order stands, given back when it falls.
//!
//! ```text
//!        placed         approved             accepted
//! Idle ─────────▶ Paying ────────▶ Accepting ─────────▶ over
//!                  │  │ called off    │ called off
//!         declined │  ▼               │
//!                  │ Withdrawing      │
//!                  ▼  │   │ approved  ▼
//!          Rejecting  │   └─────▶ Refunding ◀──── Idle: called off once it was accepted
//!   rejected │  │     │ declined   │   │ the outside service will not
//!            ▼  │     ▼            │   ▼
//!          over └─▶ Closing ◀──────┴─ Owing
//!       called off    │ over
//!                     ▼
//!                    over
//! ```
//! It speaks to nobody but the order and its payment, so that whatever else a business does for an
//! order, and whoever of it is down, never stands between a customer and the money.

use super::{
    Bill,
    Command::{Refund, Request},
    Event, Payment,
};
use crate::domain::kernel::{
    Aggregate, Awaits, Fact, Fall, Hears, Id, Meta, Money, Refused, Saga, Step,
};
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// An order that is paid for, and how it is told what became of the money.
pub trait Payable: Aggregate {
    /// What is paid for.
    type Bill: Bill<Business = Self::Business>;

    /// The name of the saga: `business/name`. Never changes once written.
    const BILLING: &'static str;

    /// What an event means for the money; `None` when nothing.
    fn turn(event: &Self::Event) -> Option<Turn<Self::Bill>>;

    /// It was paid.
    fn accept() -> Self::Command;

    /// It could not be paid, for this reason.
    fn reject(how: Fall, because: String) -> Self::Command;

    /// It was called off, and no money of it is kept any more.
    fn close() -> Self::Command;
}

/// What becomes of the money of an order.
#[derive(Clone, Debug, PartialEq)]
pub enum Turn<B> {
    /// It is to be paid.
    Placed {
        /// What is paid for.
        bill: B,
        /// How much, in won.
        amount: Money,
    },
    /// It took note of having been paid.
    Accepted,
    /// It shall not be: whatever was paid goes back.
    CalledOff,
    /// It is over, and no money of it is kept.
    Over,
}

/// How far the money of an order has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Billing<O> {
    phase: Phase,
    of: PhantomData<fn() -> O>,
}

/// Where it waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Nothing was ordered, or everything is settled.
    #[default]
    Idle,
    /// The payment was asked for.
    Paying,
    /// It was paid, and the order is told so.
    Accepting,
    /// The payment failed, and the order is told so.
    Rejecting,
    /// The payment was asked for, and the order called off meanwhile.
    Withdrawing,
    /// The money is on its way back.
    Refunding,
    /// The outside service will not give the money back: the cashier has to.
    Owing,
    /// No money is kept any more, and the order is told so.
    Closing,
}

use Phase::{Accepting, Closing, Idle, Owing, Paying, Refunding, Rejecting, Withdrawing};

/// What it listens to.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard<O: Payable> {
    /// Something happened to the order.
    Order(Id<O>, O::Event),
    /// Something happened to its payment.
    Payment(Id<Payment<O::Bill>>, Event<O::Bill>),
}

impl<O: Payable> Hears for Heard<O> {
    const KINDS: &'static [&'static str] = &[O::NAME, <O::Bill as Bill>::NAME];

    fn from_fact(fact: &impl Fact) -> Option<Self> {
        let order = fact.about::<O>().map(|(id, event)| Self::Order(id, event));
        order.or_else(|| fact.about().map(|(id, event)| Self::Payment(id, event)))
    }
}

impl<O: Payable> Saga for Billing<O> {
    const NAME: &'static str = O::BILLING;
    type Hears = Heard<O>;

    /// An order and its payment bear one number.
    fn route(heard: &Heard<O>) -> Option<u64> {
        match heard {
            Heard::Order(order, _) => Some(order.number()),
            Heard::Payment(payment, _) => Some(payment.number()),
        }
    }

    fn react(self, me: Id<Self>, heard: Heard<O>, _meta: &Meta) -> Step<Self> {
        match heard {
            Heard::Order(_, event) => match O::turn(&event) {
                Some(turn) => self.phase.on_order(me, turn),
                None => Step::wait(self),
            },
            Heard::Payment(_, event) => self.phase.on_payment(me, event),
        }
    }

    /// An order says no only because it was called off, which was heard before the refusal and
    /// acted upon then.
    fn refused(self, _me: Id<Self>, _refused: &Refused) -> Step<Self> {
        Step::wait(self)
    }

    fn awaits(&self) -> Awaits {
        match self.phase {
            Idle => Awaits::Nobody,
            Paying | Withdrawing | Refunding => Awaits::Part(<O::Bill as Bill>::NAME),
            Accepting | Rejecting | Closing => Awaits::Part(O::NAME),
            Owing => Awaits::Person(<O::Bill as Bill>::CASHIER),
        }
    }
}

impl Phase {
    fn on_order<O: Payable>(self, me: Id<Billing<O>>, turn: Turn<O::Bill>) -> Step<Billing<O>> {
        match (self, turn) {
            (Idle, Turn::Placed { bill, amount }) => {
                Paying.step().tell(me.of::<Payment<O::Bill>>(), Request { bill, amount })
            }
            (Paying, Turn::CalledOff) => Withdrawing.step(),
            // Nobody calls off what was never paid once its billing is over.
            (Idle | Accepting, Turn::CalledOff) => {
                Refunding.step().tell(me.of::<Payment<O::Bill>>(), Refund)
            }
            (Rejecting, Turn::CalledOff) => close(me),
            (Accepting, Turn::Accepted) | (Rejecting | Closing, Turn::Over) => Step::done(),
            (phase, _) => phase.step(),
        }
    }

    fn on_payment<O: Payable>(self, me: Id<Billing<O>>, event: Event<O::Bill>) -> Step<Billing<O>> {
        let order = me.of::<O>();
        match (self, event) {
            (Paying, Event::Approved) => Accepting.step().tell(order, O::accept()),
            (Paying, Event::Declined { reason }) => {
                Rejecting.step().tell(order, O::reject(Fall::Unpaid, reason))
            }
            (Paying, Event::Abandoned { reason, .. } | Event::TurnedAway { reason }) => {
                Rejecting.step().tell(order, O::reject(Fall::Unavailable, reason))
            }
            (Withdrawing, Event::Approved) => {
                Refunding.step().tell(me.of::<Payment<O::Bill>>(), Refund)
            }
            (
                Withdrawing,
                Event::Declined { .. } | Event::Abandoned { .. } | Event::TurnedAway { .. },
            )
            | (Refunding | Owing, Event::Refunded) => close(me),
            (Refunding, Event::RefundDeclined { reason }) => Step::stuck(Owing.into(), reason),
            (phase, _) => phase.step(),
        }
    }

    const fn step<O>(self) -> Step<Billing<O>> {
        Step::wait(Billing { phase: self, of: PhantomData })
    }
}

impl<O> From<Phase> for Billing<O> {
    fn from(phase: Phase) -> Self {
        Self { phase, of: PhantomData }
    }
}

fn close<O: Payable>(me: Id<Billing<O>>) -> Step<Billing<O>> {
    Closing.step().tell(me.of::<O>(), O::close())
}
