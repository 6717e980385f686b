//! The ride saga: leads an order from the call to a confirmed taxi, or undoes everything done for
//! it.
//!
//! ```text
//!       called          approved                      confirmed            order confirmed
//! Idle ───────▶ Paying ──────────▶ Riding ◀─▶ assign ──────────▶ Confirming ──────▶ over
//!                │  │ cancelled      │ a taxi  │ cancelled        │ cancelled        │ cancelled
//!       declined │  ▼                │         │ by any role      │                  │ later
//!                │ Withdrawing ──┐   ▼         ▼                  ▼                  ▼
//!                ▼   │ declined  └──▶ Undoing { reservation, taxi, payment } ◀────────┘
//!        Rejecting   │   approved       │ all three are undone
//!             │      ▼                  ▼
//!             │     Closing ◀───────────┘
//!             ▼      │ order undone
//!            over ◀──┘
//! ```
//! An instance ends only after all its commands have been answered. The last command of every
//! branch goes to the order, which answers in order. All other answers are awaited before it.

use super::{
    DISPATCHER,
    order::{
        self,
        Command::{CallOff, Confirm, FinishCancelling, Pay, Reject},
        Order, Stage,
    },
    payment::{self, Fare, Payment},
    reservation::{
        self, By,
        Command::{Accept, Assign as Assigned, Cancel, Complete, Fail},
        Reservation,
    },
    taxi::{
        self,
        Command::{Assign, Release},
        Taxi,
    },
};
use crate::domain::kernel::payment::Command::{Refund, Request};
use crate::domain::kernel::{
    Aggregate, FailureKind, Id, Meta, Refused, Saga, Step, Timestamp, Unchanged, WaitsFor,
    command_name,
};
use crate::event_set;
use serde::{Deserialize, Serialize};

use Ride::{Closing, Confirming, Idle, Paying, Rejecting, Riding, Undoing, Withdrawing};

event_set!(
    /// The events that the ride saga receives.
    Heard: Order, Payment, Reservation, Taxi
);

/// The state of a ride.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Ride {
    /// No call was made, or the ride is over.
    #[default]
    Idle,
    /// The payment was requested.
    Paying,
    /// The payment was requested, and the order cancelled meanwhile.
    Withdrawing,
    /// The payment failed, and `Reject` was dispatched to the order.
    Rejecting,
    /// The reservation waits for the dispatcher, or for the taxi the dispatcher chose.
    Riding {
        /// The state of the taxi so far.
        taxi: Hold,
    },
    /// The reservation is confirmed, and `Confirm` was dispatched to the order.
    Confirming {
        /// The taxi that the reservation was confirmed with.
        taxi: Hold,
    },
    /// The order is cancelled: everything done for it is being undone.
    Undoing(Undo),
    /// Everything is undone, and `FinishCancelling` was dispatched to the order.
    Closing,
}

/// The state of the taxi of a ride.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Hold {
    /// The ride has no taxi.
    #[default]
    Free,
    /// `Assign` was dispatched to this taxi, and has not been answered.
    Asked(Id<Taxi>),
    /// This taxi is assigned.
    Held(Id<Taxi>),
    /// `Release` was dispatched to this taxi, and has not been answered.
    Releasing(Id<Taxi>),
}

/// The progress of undoing everything done for an order.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Undo {
    /// The reservation.
    pub reservation: Part,
    /// The taxi.
    pub taxi: Hold,
    /// The fare.
    pub payment: Part,
}

/// The progress of undoing one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// The undoing was requested, and has not been answered.
    Pending,
    /// The item is undone, or there is nothing to undo.
    Undone,
}

impl Saga for Ride {
    const NAME: &'static str = "taxi/ride";
    type Events = Heard;

    /// An order, its payment and its reservation have the same number. The event of a taxi contains
    /// the reservation.
    fn route(heard: &Heard) -> Option<u64> {
        use taxi::Event as T;
        match heard {
            Heard::Order(..) | Heard::Payment(..) | Heard::Reservation(..) => Some(heard.number()),
            Heard::Taxi(_, T::Assigned { reservation, .. } | T::Released { reservation, .. }) => {
                Some(reservation.number())
            }
            Heard::Taxi(_, T::Registered { .. } | T::Restocked { .. } | T::Revised { .. }) => None,
        }
    }

    fn react(self, me: Id<Self>, heard: Heard, _meta: &Meta) -> Step<Self> {
        match heard {
            Heard::Order(_, event) => self.on_order(me, event),
            Heard::Payment(_, event) => self.on_payment(me, event),
            Heard::Reservation(_, event) => self.on_reservation(me, &event),
            Heard::Taxi(id, event) => self.on_taxi(me, id, &event),
        }
    }

    /// Compensates for the rejection by a taxi. All other rejections are ignored: the event that
    /// caused them arrived and was handled before the rejection.
    fn on_rejected(self, me: Id<Self>, refused: &Refused) -> Step<Self> {
        let assign = command_name(&Assign { reservation: me.of() });
        match self {
            Riding { taxi: Hold::Asked(taxi) } if refused.is(taxi, &assign) => {
                Step::wait(Riding { taxi: Hold::Free })
                    .send(me.of::<Reservation>(), Fail { reason: refused.reason.clone() })
            }
            Undoing(undo @ Undo { taxi: Hold::Asked(taxi), .. }) if refused.is(taxi, &assign) => {
                Undo { taxi: Hold::Free, ..undo }.proceed(me)
            }
            state => Step::wait(state),
        }
    }

    /// Counts an item as undone when it already was.
    fn on_no_op(self, me: Id<Self>, unchanged: &Unchanged) -> Step<Self> {
        let Undoing(undo) = self else { return Step::wait(self) };
        match (unchanged.aggregate.as_str(), unchanged.command.as_str(), undo.taxi) {
            (Reservation::NAME, "Cancel", _) => {
                Undo { reservation: Part::Undone, ..undo }.proceed(me)
            }
            (Taxi::NAME, "Release", Hold::Releasing(taxi)) if unchanged.number == taxi.number() => {
                Undo { taxi: Hold::Free, ..undo }.proceed(me)
            }
            _ => Step::wait(Undoing(undo)),
        }
    }

    fn waits_for(&self) -> WaitsFor {
        match self {
            Idle => WaitsFor::Nothing,
            Riding { taxi: Hold::Free } => WaitsFor::Person(DISPATCHER),
            Rejecting | Confirming { .. } | Closing => WaitsFor::Part(Order::NAME),
            Riding { taxi: Hold::Held(_) } | Undoing(Undo { reservation: Part::Pending, .. }) => {
                WaitsFor::Part(Reservation::NAME)
            }
            Paying | Withdrawing | Undoing(Undo { payment: Part::Pending, .. }) => {
                WaitsFor::Part(Payment::NAME)
            }
            Riding { .. } | Undoing(_) => WaitsFor::Part(Taxi::NAME),
        }
    }

    /// Calls the order off when the dispatcher has not confirmed the reservation in time.
    fn on_timer(self, me: Id<Self>, _now: Timestamp) -> Step<Self> {
        let late = matches!(self, Riding { .. });
        let step = Step::wait(self);
        if !late {
            return step;
        }
        step.send(me.of::<Order>(), CallOff { reason: "no taxi was confirmed in time".into() })
    }
}

impl Ride {
    fn on_order(self, me: Id<Self>, event: order::Event) -> Step<Self> {
        use order::Event as E;
        match (self, event) {
            (Idle, E::Called { card_no, fare, .. }) => {
                let request = Request { bill: Fare { card_no }, amount: fare };
                Step::wait(Paying).send(me.of::<Payment>(), request)
            }
            (Confirming { .. }, E::Confirmed { .. }) | (Rejecting, E::Rejected { .. }) => {
                Step::done()
            }
            (Closing, E::Undone) => Step::done(),
            (Idle, E::Completed { taxi, .. }) => complete(me, taxi),

            (Paying, E::Cancelled { .. }) => Step::wait(Withdrawing),
            (Rejecting, E::Cancelled { .. }) => Step::wait(Closing).finish(me),
            (Riding { taxi } | Confirming { taxi }, E::Cancelled { .. }) => undo(me, taxi),
            (Idle, E::Cancelled { was: Stage::Confirmed { taxi }, .. }) => {
                undo(me, taxi.map_or(Hold::Free, Hold::Held))
            }
            (state, _) => Step::wait(state),
        }
    }

    fn on_payment(self, me: Id<Self>, event: payment::Event) -> Step<Self> {
        use payment::Event as E;
        let order = me.of::<Order>();
        match (self, event) {
            (Paying, E::Approved { .. }) => Step::wait(Riding { taxi: Hold::Free })
                .send(order, Pay)
                .send(me.of::<Reservation>(), Accept),
            (Paying, E::Declined { reason }) => {
                Step::wait(Rejecting).send(order, Reject { how: FailureKind::Unpaid, reason })
            }
            (Paying, E::Abandoned { reason, .. } | E::TurnedAway { reason }) => {
                Step::wait(Rejecting).send(order, Reject { how: FailureKind::Unavailable, reason })
            }
            (Withdrawing, E::Approved { .. }) => Step::wait(Undoing(Undo {
                reservation: Part::Undone,
                taxi: Hold::Free,
                payment: Part::Pending,
            }))
            .send(me.of::<Payment>(), Refund),
            (Withdrawing, E::Declined { .. } | E::Abandoned { .. } | E::TurnedAway { .. }) => {
                Step::wait(Closing).finish(me)
            }
            (Undoing(undo), E::Refunded) => Undo { payment: Part::Undone, ..undo }.proceed(me),
            (state @ Undoing(_), E::RefundDeclined { reason }) => Step::stuck(state, reason),
            (state, _) => Step::wait(state),
        }
    }

    fn on_reservation(self, me: Id<Self>, event: &reservation::Event) -> Step<Self> {
        use reservation::Event as E;
        let order = me.of::<Order>();
        match (self, event) {
            (state, E::Accepted { confirm_by }) => Step::wait(state).set_timer_if(*confirm_by),
            (Riding { taxi: Hold::Free }, E::TaxiChosen { taxi, .. }) => {
                Step::wait(Riding { taxi: Hold::Asked(*taxi) })
                    .send(*taxi, Assign { reservation: me.of() })
            }
            (Riding { taxi }, E::Confirmed { taxi: confirmed }) => Step::wait(Confirming { taxi })
                .send(order, Confirm { taxi: *confirmed })
                .clear_timer(),
            (
                state @ (Idle | Riding { .. } | Confirming { .. }),
                E::Cancelled { by: By::Dispatcher },
            ) => Step::wait(state)
                .send(order, CallOff { reason: "the company cancelled the reservation".into() }),
            (Undoing(undo), E::Cancelled { by: By::Order }) => {
                Undo { reservation: Part::Undone, ..undo }.proceed(me)
            }
            (state, _) => Step::wait(state),
        }
    }

    fn on_taxi(self, me: Id<Self>, id: Id<Taxi>, event: &taxi::Event) -> Step<Self> {
        use taxi::Event as E;
        match (self, event) {
            (Riding { taxi: Hold::Asked(taxi) }, E::Assigned { .. }) if taxi == id => {
                Step::wait(Riding { taxi: Hold::Held(taxi) })
                    .send(me.of::<Reservation>(), Assigned { taxi })
            }
            (Undoing(undo @ Undo { taxi: Hold::Asked(taxi), .. }), E::Assigned { .. })
                if taxi == id =>
            {
                Step::wait(Undoing(Undo { taxi: Hold::Releasing(taxi), ..undo }))
                    .send(taxi, Release { reservation: me.of() })
            }
            (Undoing(undo @ Undo { taxi: Hold::Releasing(taxi), .. }), E::Released { .. })
                if taxi == id =>
            {
                Undo { taxi: Hold::Free, ..undo }.proceed(me)
            }
            (state, _) => Step::wait(state),
        }
    }
}

/// Tells the reservation that the ride is over, and gives the taxi back.
fn complete(me: Id<Ride>, taxi: Option<Id<Taxi>>) -> Step<Ride> {
    let step = Step::wait(Idle).send(me.of::<Reservation>(), Complete);
    match taxi {
        Some(taxi) => step.send(taxi, Release { reservation: me.of() }),
        None => step,
    }
}

/// Starts to undo everything done for a paid order, all items at once.
fn undo(me: Id<Ride>, taxi: Hold) -> Step<Ride> {
    let (taxi, held) = match taxi {
        Hold::Held(taxi) => (Hold::Releasing(taxi), Some(taxi)),
        other => (other, None),
    };
    let undo = Undo { reservation: Part::Pending, taxi, payment: Part::Pending };
    let step = Step::wait(Undoing(undo))
        .send(me.of::<Reservation>(), Cancel { by: By::Order })
        .send(me.of::<Payment>(), Refund)
        .clear_timer();
    match held {
        Some(taxi) => step.send(taxi, Release { reservation: me.of() }),
        None => step,
    }
}

impl Undo {
    /// Waits for the items that are not undone yet; when none is left, dispatches
    /// `FinishCancelling` to the order.
    fn proceed(self, me: Id<Ride>) -> Step<Ride> {
        match self {
            Self { reservation: Part::Undone, taxi: Hold::Free, payment: Part::Undone } => {
                Step::wait(Closing).finish(me)
            }
            unfinished => Step::wait(Undoing(unfinished)),
        }
    }
}

impl Step<Ride> {
    fn finish(self, me: Id<Ride>) -> Self {
        self.send(me.of::<Order>(), FinishCancelling)
    }
}

impl Refused {
    fn is(&self, taxi: Id<Taxi>, command: &str) -> bool {
        self.aggregate == Taxi::NAME && self.number == taxi.number() && self.command == command
    }
}
