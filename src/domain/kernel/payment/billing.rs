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
    Upcasters, WaitsFor,
};
use serde::{Deserialize, Serialize};
use std::marker::PhantomData;

/// An order that is paid for, and its commands for the outcomes of the payment.
///
/// ```
/// use madang::domain::kernel::{payment::{Bill, Payable, Payment, Turn}, prelude::*};
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

    /// The changes that turn stored states of the saga, of earlier shapes, into today's.
    #[must_use]
    fn billing_upcasters() -> Upcasters {
        Upcasters::none()
    }

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

    /// An order and its payment have the same number.
    fn number(&self) -> u64 {
        match self {
            Self::Order(order, _) => order.number(),
            Self::Payment(payment, _) => payment.number(),
        }
    }
}

impl<O: Payable> Saga for Billing<O> {
    const NAME: &'static str = O::BILLING;
    type Events = Heard<O>;

    fn react(self, me: Id<Self>, heard: Heard<O>, _meta: &Meta) -> Step<Self> {
        self.phase.react(me, heard)
    }

    /// Ignores rejections. An order rejects these commands only when it was called off, and that
    /// event arrived and was handled before the rejection.
    fn on_rejected(self, _me: Id<Self>, _refused: &RejectedCommand) -> Step<Self> {
        Step::wait(self)
    }

    fn upcasters() -> Upcasters {
        O::billing_upcasters()
    }

    fn waits_for(&self) -> WaitsFor {
        self.phase.waits_for::<O>()
    }
}

/// The steps of [`Billing`]. A saga of a business that has more to do with the money has the phase as
/// a part of its state, and takes these steps.
impl Phase {
    /// Applies an event of the order or of its payment.
    pub fn react<O: Payable, S: From<Self>>(self, me: Id<S>, heard: Heard<O>) -> Step<S> {
        match heard {
            Heard::Order(_, event) => self.on_order::<O, S>(me, O::turn(&event)),
            Heard::Payment(_, event) => self.on_payment::<O, S>(me, event),
        }
    }

    /// Applies what an event of the order means for its payment.
    pub fn on_order<O: Payable, S: From<Self>>(
        self,
        me: Id<S>,
        turn: Option<Turn<O::Bill>>,
    ) -> Step<S> {
        match (self, turn) {
            (Idle, Some(Turn::Placed { bill, amount })) => {
                Paying.step().send(me.of::<Payment<O::Bill>>(), Request { bill, amount })
            }
            (Paying, Some(Turn::CalledOff)) => Withdrawing.step(),
            // An order that was never paid cannot be called off once its billing is over.
            (Idle | Accepting, Some(Turn::CalledOff)) => {
                Refunding.step().send(me.of::<Payment<O::Bill>>(), Refund)
            }
            (Rejecting, Some(Turn::CalledOff)) => Self::close::<O, S>(me),
            (Accepting, Some(Turn::Accepted)) | (Rejecting | Closing, Some(Turn::Over)) => {
                Step::done()
            }
            (phase, _) => phase.step(),
        }
    }

    /// Applies an event of the payment.
    pub fn on_payment<O: Payable, S: From<Self>>(
        self,
        me: Id<S>,
        event: Event<O::Bill>,
    ) -> Step<S> {
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
            ) => Self::close::<O, S>(me),
            (Refunding | Owing, Event::Refunded) => Closing.step().send(order, O::REFUNDED),
            (Refunding, Event::RefundDeclined { reason }) => Step::stuck(Owing.into(), reason),
            (phase, _) => phase.step(),
        }
    }

    /// Tells the order that was called off that no money of it is kept.
    pub fn close<O: Payable, S: From<Self>>(me: Id<S>) -> Step<S> {
        Closing.step().send(me.of::<O>(), O::CLOSE)
    }

    /// The person or component that the money waits for.
    #[must_use]
    pub const fn waits_for<O: Payable>(self) -> WaitsFor {
        match self {
            Idle => WaitsFor::Nothing,
            Paying | Withdrawing | Refunding => WaitsFor::Part(<O::Bill as Bill>::NAME),
            Accepting | Rejecting | Closing => WaitsFor::Part(O::NAME),
            Owing => WaitsFor::Person(<O::Bill as Bill>::CASHIER),
        }
    }

    fn step<S: From<Self>>(self) -> Step<S> {
        Step::wait(self.into())
    }
}

impl<O> From<Phase> for Billing<O> {
    fn from(phase: Phase) -> Self {
        Self { phase, of: PhantomData }
    }
}
