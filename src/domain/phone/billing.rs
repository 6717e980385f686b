//! The saga that has an order paid, and refunded when it is cancelled. It also limits the time that
//! a cancellation waits.
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
//! Suspended payments delay the refund and the steps after it, and nothing else. While the reward
//! is being taken back, this saga only watches the time limit. When the limit passes, the saga
//! sends `Keep` to the order, which then stands as before.

use super::{
    STORE_CLERK,
    order::{self, Command::*, Order},
    payment::{self, Payment, Sale},
    reward::Reward,
};
use crate::domain::kernel::{
    payment::Command::{Refund, Request},
    prelude::*,
};

use Billing::*;

event_set!(Heard: Order, Payment);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Billing {
    #[default]
    Idle,
    Paying,
    /// The order was cancelled before the payment was answered.
    Withdrawing,
    /// The payment failed, and the order is told.
    Rejecting,
    /// The payment was approved, and the order is told.
    Booking,
    /// An attempt to cancel the order is under way; its outcome depends on the reward.
    Watching {
        attempt: u32,
    },
    /// The order is cancelled, and the payment is to be refunded.
    Refunding,
    /// A store clerk has to refund the payment by hand.
    Owing,
    /// Nothing is left to refund, and the order is told.
    Closing,
}

impl Saga for Billing {
    const NAME: &'static str = "phone/billing";
    type Events = Heard;

    fn route(heard: &Heard) -> Option<u64> {
        Some(heard.number())
    }

    fn react(self, me: Id<Self>, heard: Heard, _meta: &Meta) -> Step<Self> {
        match heard {
            Heard::Order(_, event) => self.on_order(me, event),
            Heard::Payment(_, event) => self.on_payment(me, event),
        }
    }

    /// Rejections are ignored: each follows from an event that was handled before.
    fn on_rejected(self, _me: Id<Self>, _refused: &RejectedCommand) -> Step<Self> {
        Step::wait(self)
    }

    fn waits_for(&self) -> WaitsFor {
        match self {
            Idle => WaitsFor::Nothing,
            Paying | Withdrawing | Refunding => WaitsFor::Part(Payment::NAME),
            Rejecting | Booking | Closing => WaitsFor::Part(Order::NAME),
            Watching { .. } => WaitsFor::Part(Reward::NAME),
            Owing => WaitsFor::Person(STORE_CLERK),
        }
    }

    /// Keeps the order, because the reward was not taken back in time.
    fn on_timer(self, me: Id<Self>, _now: Timestamp) -> Step<Self> {
        let Watching { attempt } = self else { return Step::wait(self) };
        let reason = "the reward could not be taken back in time".to_owned();
        Step::wait(self)
            .send(me.of::<Order>(), Keep { attempt, how: FailureKind::Unavailable, reason })
    }
}

impl Billing {
    fn on_order(self, me: Id<Self>, event: order::Event) -> Step<Self> {
        use order::Event as E;
        match (self, event) {
            (Idle, E::Ordered { basket, amount, .. }) if amount > Money::ZERO => {
                let request = Request { bill: Sale { item: basket.item }, amount };
                Step::wait(Paying).send(me.of::<Payment>(), request)
            }
            (Booking, E::Paid { .. })
            | (Rejecting, E::Rejected { .. })
            | (Watching { .. }, E::Kept { .. })
            | (Closing, E::Cancelled) => Step::done(),

            (Paying, E::Withdrawn) => Step::wait(Withdrawing),
            (Booking, E::Withdrawn) => refund(me),
            (Rejecting, E::Withdrawn) => close(me),

            (Idle, E::CancelRequested { attempt, answer_by }) => {
                Step::wait(Watching { attempt }).set_timer(answer_by)
            }
            (Watching { .. }, E::Forfeited { amount: Money::ZERO }) => close(me).clear_timer(),
            (Watching { .. }, E::Forfeited { .. }) => refund(me).clear_timer(),
            (state, _) => Step::wait(state),
        }
    }

    fn on_payment(self, me: Id<Self>, event: payment::Event) -> Step<Self> {
        use payment::Event as E;
        let order = me.of::<Order>();
        match (self, event) {
            (Paying, E::Approved { .. }) => Step::wait(Booking).send(order, Pay),
            (Paying, E::Declined { reason }) => {
                Step::wait(Rejecting).send(order, Reject { how: FailureKind::Unpaid, reason })
            }
            (Paying, E::Abandoned { reason, .. } | E::TurnedAway { reason }) => {
                Step::wait(Rejecting).send(order, Reject { how: FailureKind::Unavailable, reason })
            }
            (Withdrawing, E::Approved { .. }) => refund(me),
            (Refunding, E::RefundDeclined { reason }) => Step::stuck(Owing, reason),
            (Withdrawing, E::Declined { .. } | E::Abandoned { .. } | E::TurnedAway { .. })
            | (Refunding | Owing, E::Refunded) => close(me),
            (state, _) => Step::wait(state),
        }
    }
}

fn refund(me: Id<Billing>) -> Step<Billing> {
    Step::wait(Refunding).send(me.of::<Payment>(), Refund)
}

/// Nothing is left to refund.
fn close(me: Id<Billing>) -> Step<Billing> {
    Step::wait(Closing).send(me.of::<Order>(), FinishCancelling)
}
