//! The billing saga of one order: charges before the order is accepted, refunds when it fails.
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
//! The saga dispatches commands to the order and its payment only. No other component of a
//! business, suspended or not, can delay a refund.

use super::{
    Bill,
    Command::{Refund, Request},
    Event, Payment,
};
use crate::domain::kernel::{
    Aggregate, AnyEvent, EventSet, FailureKind, Id, Meta, Money, RejectedCommand, Saga, Step,
    WaitsFor,
};
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// An order that is paid for, and its commands for the outcomes of the payment.
///
/// ```
/// use madang::domain::kernel::{payment::{Bill, Payable, Payment, Receipt, Turn}, prelude::*};
/// # struct Bar;
/// # impl Business for Bar {
/// #     const NAME: &'static str = "bar";
/// #     type Settings = Empty;
/// #     fn install(host: &mut impl Host) {
/// #         host.aggregate::<Payment<Tip>>().aggregate::<Drink>();
/// #     }
/// # }
/// # #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
/// # struct Tip { waiter: Text }
/// # impl Bill for Tip {
/// #     type Business = Bar;
/// #     const NAME: &'static str = "bar/tips";
/// #     const PORT: &'static str = "bar/payment";
/// #     const CASHIER: &'static str = "barkeeper";
/// #     fn details(&self) -> Value { json!({}) }
/// #     fn show(&self, receipt: Receipt) -> impl Serialize { object! { "id": receipt.number } }
/// # }
/// # #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
/// # struct Drink;
/// # #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # enum Command { Serve, Reject { reason: String }, Close }
/// # #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # enum Event { Ordered { bill: Tip, amount: Money }, Served, SentBack, Rejected, Closed, Drunk }
/// # rejections! { enum Rejection { Unknown: unknown "there is no such drink"; } }
/// # impl Aggregate for Drink {
/// #     const NAME: &'static str = "bar/drinks";
/// #     type Business = Bar;
/// #     type Command = Command;
/// #     type Event = Event;
/// #     type Rejection = Rejection;
/// #     fn issuer(_: &Command) -> Issuer { Issuer::Internal }
/// #     fn decide(&self, _: Command, _: Timestamp, _: &Empty) -> Decision<Self> { Ok(vec![]) }
/// #     fn evolve(self, _: Event) -> Self { self }
/// #     fn command_routes() -> CommandRoutes<Self> { CommandRoutes::new() }
/// # }
///
/// impl Payable for Drink {
///     type Bill = Tip;
///     const BILLING: &'static str = "bar/billing";
///     const ACCEPT: Command = Command::Serve;
///     const REJECT: fn(FailureKind, String) -> Command = |_, reason| Command::Reject { reason };
///     const CLOSE: Command = Command::Close;
///
///     fn turn(event: &Event) -> Option<Turn<Tip>> {
///         Some(match event {
///             Event::Ordered { bill, amount } => {
///                 Turn::Placed { bill: bill.clone(), amount: *amount }
///             }
///             Event::Served => Turn::Accepted,
///             Event::SentBack => Turn::CalledOff, // only after Ordered or Served
///             Event::Rejected | Event::Closed => Turn::Over,
///             Event::Drunk => return None,
///         })
///     }
/// }
/// ```
pub trait Payable: Aggregate {
    /// The bill: what is paid for.
    type Bill: Bill<Business = Self::Business>;

    /// The name of the saga, `business/name`. It never changes once written to a journal.
    const BILLING: &'static str;

    /// The command to the order when it was paid.
    const ACCEPT: Self::Command;

    /// The command to the order when the payment failed, with the reason.
    const REJECT: fn(FailureKind, String) -> Self::Command;

    /// The command to the order when it was called off and no money of it is kept.
    const CLOSE: Self::Command;

    /// The command to the order when it was called off and its money was given back.
    const REFUNDED: Self::Command = Self::CLOSE;

    /// The effect of an event on the payment; `None` when it has none.
    fn turn(event: &Self::Event) -> Option<Turn<Self::Bill>>;
}

/// The effect of an event of an order on its payment.
#[derive(Clone, Debug, PartialEq)]
pub enum Turn<B> {
    /// The order is to be paid.
    Placed {
        /// The bill: what is paid for.
        bill: B,
        /// The amount, in won.
        amount: Money,
    },
    /// The order has recorded its payment.
    Accepted,
    /// The order was called off: the amount paid is refunded.
    CalledOff,
    /// The order is over, and no money of it is kept.
    Over,
}

/// The state of the billing of an order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Billing<O> {
    phase: Phase,
    of: PhantomData<fn() -> O>,
}

/// The phases of the billing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// No order was placed, or the billing is over.
    #[default]
    Idle,
    /// The payment was requested.
    Paying,
    /// The payment was approved, and `ACCEPT` was dispatched to the order.
    Accepting,
    /// The payment failed, and `REJECT` was dispatched to the order.
    Rejecting,
    /// The payment was requested, and the order called off meanwhile.
    Withdrawing,
    /// The refund was requested.
    Refunding,
    /// The outside service declined the refund: the cashier has to give the money back.
    Owing,
    /// No money is kept any more, and `CLOSE` or `REFUNDED` was dispatched to the order.
    Closing,
}

use Phase::{Accepting, Closing, Idle, Owing, Paying, Refunding, Rejecting, Withdrawing};

/// The events that the saga receives.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard<O: Payable> {
    /// An event of the order.
    Order(Id<O>, O::Event),
    /// An event of its payment.
    Payment(Id<Payment<O::Bill>>, Event<O::Bill>),
}

impl<O: Payable> EventSet for Heard<O> {
    const KINDS: &'static [&'static str] = &[O::NAME, <O::Bill as Bill>::NAME];

    fn from_event(fact: &impl AnyEvent) -> Option<Self> {
        let order = fact.downcast::<O>().map(|(id, event)| Self::Order(id, event));
        order.or_else(|| fact.downcast().map(|(id, event)| Self::Payment(id, event)))
    }
}

impl<O: Payable> Saga for Billing<O> {
    const NAME: &'static str = O::BILLING;
    type Events = Heard<O>;

    /// An order and its payment have the same number.
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

    /// Ignores rejections. An order rejects these commands only when it was called off, and that
    /// event arrived and was handled before the rejection.
    fn on_rejected(self, _me: Id<Self>, _refused: &RejectedCommand) -> Step<Self> {
        Step::wait(self)
    }

    fn waits_for(&self) -> WaitsFor {
        match self.phase {
            Idle => WaitsFor::Nothing,
            Paying | Withdrawing | Refunding => WaitsFor::Part(<O::Bill as Bill>::NAME),
            Accepting | Rejecting | Closing => WaitsFor::Part(O::NAME),
            Owing => WaitsFor::Person(<O::Bill as Bill>::CASHIER),
        }
    }
}

impl Phase {
    fn on_order<O: Payable>(self, me: Id<Billing<O>>, turn: Turn<O::Bill>) -> Step<Billing<O>> {
        match (self, turn) {
            (Idle, Turn::Placed { bill, amount }) => {
                Paying.step().send(me.of::<Payment<O::Bill>>(), Request { bill, amount })
            }
            (Paying, Turn::CalledOff) => Withdrawing.step(),
            // An order that was never paid cannot be called off once its billing is over.
            (Idle | Accepting, Turn::CalledOff) => {
                Refunding.step().send(me.of::<Payment<O::Bill>>(), Refund)
            }
            (Rejecting, Turn::CalledOff) => close(me),
            (Accepting, Turn::Accepted) | (Rejecting | Closing, Turn::Over) => Step::done(),
            (phase, _) => phase.step(),
        }
    }

    fn on_payment<O: Payable>(self, me: Id<Billing<O>>, event: Event<O::Bill>) -> Step<Billing<O>> {
        let order = me.of::<O>();
        match (self, event) {
            (Paying, Event::Approved { .. }) => Accepting.step().send(order, O::ACCEPT),
            (Paying, Event::Declined { reason }) => {
                Rejecting.step().send(order, (O::REJECT)(FailureKind::Unpaid, reason))
            }
            (Paying, Event::Abandoned { reason, .. } | Event::TurnedAway { reason }) => {
                Rejecting.step().send(order, (O::REJECT)(FailureKind::Unavailable, reason))
            }
            (Withdrawing, Event::Approved { .. }) => {
                Refunding.step().send(me.of::<Payment<O::Bill>>(), Refund)
            }
            (
                Withdrawing,
                Event::Declined { .. } | Event::Abandoned { .. } | Event::TurnedAway { .. },
            ) => close(me),
            (Refunding | Owing, Event::Refunded) => Closing.step().send(order, O::REFUNDED),
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
    Closing.step().send(me.of::<O>(), O::CLOSE)
}
