//! Leads an order to its payment and back: asks for the money, and gives it back when the order is
//! cancelled. It also sees to it that a cancellation does not wait for ever.
//!
//! ```text
//!       ordered          approved           paid
//! Idle ────────▶ Paying ──────────▶ Booking ─────▶ over
//!                │ │ withdrawn         │ withdrawn
//!       declined │ ▼                   ▼
//!                │ Withdrawing ─────▶ Refunding ◀───────── Watching ◀── Idle
//!                │   │ declined        │ │ ▲ settled     forfeited │   cancelling
//!                ▼   │        refunded │ ▼ │                       │ kept
//!        Rejecting   │                 │ Owing                     ▼
//!             │      ▼                 │                          over
//!             │     Closing ◀──────────┘
//!             ▼      │ order cancelled
//!            over ◀──┘
//! ```
//! A payment that is suspended holds up the refund and what comes after it, and nothing else. While
//! the reward is being taken back this only watches the clock: when that is not done in time, the
//! order is told to stand as it did.

use super::{
    STORE_CLERK,
    order::{
        self,
        Command::{FinishCancelling, Keep, Pay, Reject},
        Order,
    },
    payment::{self, Payment, Sale},
    reward::Reward,
};
use crate::domain::kernel::payment::Command::{Refund, Request};
use crate::domain::kernel::{
    Aggregate, Awaits, Fall, Id, Meta, Money, Refused, Saga, Step, Timestamp,
};
use crate::hears;
use serde::{Deserialize, Serialize};

use Billing::{Booking, Closing, Idle, Owing, Paying, Refunding, Rejecting, Watching, Withdrawing};

hears!(
    /// What billing listens to.
    Heard: Order, Payment
);

/// How far the payment of an order has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Billing {
    /// There is nothing to pay, or it is settled.
    #[default]
    Idle,
    /// The payment was asked for.
    Paying,
    /// The payment was asked for, and the order cancelled meanwhile.
    Withdrawing,
    /// The payment failed, and the order is told so.
    Rejecting,
    /// The payment was approved, and the order is told so.
    Booking,
    /// The order is being cancelled in this attempt: whether it is hangs on its reward.
    Watching {
        /// Which attempt, from 1.
        attempt: u32,
    },
    /// The order is cancelled: the money is given back.
    Refunding,
    /// Somebody has to give the money back by hand.
    Owing,
    /// The money is back, and the order is told so.
    Closing,
}

impl Saga for Billing {
    const NAME: &'static str = "phone/billing";
    type Hears = Heard;

    fn route(heard: &Heard) -> Option<u64> {
        Some(heard.number())
    }

    fn react(self, me: Id<Self>, heard: Heard, _meta: &Meta) -> Step<Self> {
        match heard {
            Heard::Order(_, event) => self.on_order(me, event),
            Heard::Payment(_, event) => self.on_payment(me, event),
        }
    }

    /// Whoever says no does so because of something that was heard before, and acted upon then.
    fn refused(self, _me: Id<Self>, _refused: &Refused) -> Step<Self> {
        Step::wait(self)
    }

    fn awaits(&self) -> Awaits {
        match self {
            Idle => Awaits::Nobody,
            Paying | Withdrawing | Refunding => Awaits::Part(Payment::NAME),
            Rejecting | Booking | Closing => Awaits::Part(Order::NAME),
            Watching { .. } => Awaits::Part(Reward::NAME),
            Owing => Awaits::Person(STORE_CLERK),
        }
    }

    /// The reward was not taken back in time.
    fn woken(self, me: Id<Self>, _now: Timestamp) -> Step<Self> {
        let Watching { attempt } = self else { return Step::wait(self) };
        let because = "the reward could not be taken back in time".to_owned();
        Step::wait(self).tell(me.of::<Order>(), Keep { attempt, how: Fall::Unavailable, because })
    }
}

impl Billing {
    fn on_order(self, me: Id<Self>, event: order::Event) -> Step<Self> {
        use order::Event as E;
        match (self, event) {
            (Idle, E::Ordered { basket, amount, .. }) if amount > Money::ZERO => {
                let request = Request { bill: Sale { item: basket.item }, amount };
                Step::wait(Paying).tell(me.of::<Payment>(), request)
            }
            (Booking, E::Paid { .. })
            | (Rejecting, E::Rejected { .. })
            | (Watching { .. }, E::Kept { .. })
            | (Closing, E::Cancelled) => Step::done(),

            (Paying, E::Withdrawn) => Step::wait(Withdrawing),
            (Booking, E::Withdrawn) => refund(me),
            (Rejecting, E::Withdrawn) => close(me),

            (Idle, E::CancelRequested { attempt, answer_by }) => {
                Step::wait(Watching { attempt }).wake_at(answer_by)
            }
            (Watching { .. }, E::Forfeited { amount: Money::ZERO }) => close(me).without_alarm(),
            (Watching { .. }, E::Forfeited { .. }) => refund(me).without_alarm(),
            (state, _) => Step::wait(state),
        }
    }

    fn on_payment(self, me: Id<Self>, event: payment::Event) -> Step<Self> {
        use payment::Event as E;
        let order = me.of::<Order>();
        match (self, event) {
            (Paying, E::Approved) => Step::wait(Booking).tell(order, Pay),
            (Paying, E::Declined { reason }) => {
                Step::wait(Rejecting).tell(order, Reject { how: Fall::Unpaid, because: reason })
            }
            (Paying, E::Abandoned { reason, .. } | E::TurnedAway { reason }) => {
                Step::wait(Rejecting)
                    .tell(order, Reject { how: Fall::Unavailable, because: reason })
            }
            (Withdrawing, E::Approved) => refund(me),
            (Refunding, E::RefundDeclined { reason }) => Step::stuck(Owing, reason),
            (Withdrawing, E::Declined { .. } | E::Abandoned { .. } | E::TurnedAway { .. })
            | (Refunding | Owing, E::Refunded) => close(me),
            (state, _) => Step::wait(state),
        }
    }
}

/// Gives the money back.
fn refund(me: Id<Billing>) -> Step<Billing> {
    Step::wait(Refunding).tell(me.of::<Payment>(), Refund)
}

/// Tells the order that there is nothing left to give back.
fn close(me: Id<Billing>) -> Step<Billing> {
    Step::wait(Closing).tell(me.of::<Order>(), FinishCancelling)
}
