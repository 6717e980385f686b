//! The ride saga: leads a paid order to a confirmed taxi, and gives the taxi back when the ride is
//! over or the order is cancelled.
//!
//! ```text
//!         paid                         confirmed            order confirmed
//! Idle ─────────▶ Riding ◀─▶ assign ──────────▶ Confirming ──────▶ over
//!                  │ a taxi                      │ cancelled        │ cancelled   │ completed
//!                  │ cancelled by any role       ▼                  │ later       ▼
//!                  └────────▶ Undoing { reservation, taxi } ◀───────┘        Completing
//!                                       │ both are undone                         │ both are over
//!                                       ▼                                         ▼
//!                                    Closing ──────▶ over                       over
//! ```
//! The billing saga of the order charges and refunds. It sends nothing to reservations and taxis, so
//! that no refund waits while they are suspended. An instance ends only after all its commands have
//! been answered.

use super::{
    DISPATCHER,
    order::{
        self,
        Command::{CallOff, Confirm, FinishCancelling},
        Order, Stage,
    },
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
use crate::domain::kernel::{
    Aggregate, Id, Meta, RejectedCommand, Saga, Step, Timestamp, Unchanged, Upcasters, WaitsFor,
};
use crate::{event_set, variant};
use serde::{Deserialize, Serialize};
use serde_json::json;

use Ride::{Closing, Completing, Confirming, Idle, Riding, Undoing};

event_set!(
    /// The events that the ride saga receives.
    Heard: Order, Reservation, Taxi
);

/// The state of a ride.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Ride {
    /// The order is not paid, or the ride is over.
    #[default]
    Idle,
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
    /// The order is cancelled: its reservation and its taxi are being undone.
    Undoing(Undo),
    /// Both are undone, and `FinishCancelling` was dispatched to the order.
    Closing,
    /// The ride is over: the reservation is being completed, and the taxi given back.
    Completing(Undo),
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

/// The progress of undoing or completing what was done for an order.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Undo {
    /// The reservation.
    pub reservation: Part,
    /// The taxi.
    pub taxi: Hold,
}

/// The progress of undoing one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// The command was dispatched, and has not been answered.
    Pending,
    /// The item is undone or completed, or there is nothing to do.
    Undone,
}

impl Saga for Ride {
    const NAME: &'static str = "taxi/ride";
    type Events = Heard;

    /// An order and its reservation have the same number. The event of a taxi contains it.
    fn route(heard: &Heard) -> Option<u64> {
        use taxi::Event as T;
        match heard {
            Heard::Order(..) | Heard::Reservation(..) => Some(heard.number()),
            Heard::Taxi(_, T::Assigned { reservation, .. } | T::Released { reservation, .. }) => {
                Some(reservation.number())
            }
            Heard::Taxi(_, T::Registered { .. } | T::Restocked { .. } | T::Revised { .. }) => None,
        }
    }

    fn react(self, me: Id<Self>, heard: Heard, _meta: &Meta) -> Step<Self> {
        match heard {
            Heard::Order(_, event) => self.on_order(me, &event),
            Heard::Reservation(_, event) => self.on_reservation(me, &event),
            Heard::Taxi(id, event) => self.on_taxi(me, id, &event),
        }
    }

    /// Compensates for the rejection by a taxi. All other rejections are ignored: the event that
    /// caused them arrived and was handled before the rejection.
    fn on_rejected(self, me: Id<Self>, refused: &RejectedCommand) -> Step<Self> {
        match self {
            Riding { taxi: Hold::Asked(taxi) } if refused.is(taxi, variant!(Assign)) => {
                Step::wait(Riding { taxi: Hold::Free })
                    .send(me.of::<Reservation>(), Fail { reason: refused.reason.clone() })
            }
            Undoing(undo @ Undo { taxi: Hold::Asked(taxi), .. })
                if refused.is(taxi, variant!(Assign)) =>
            {
                Undoing(Undo { taxi: Hold::Free, ..undo }).proceed(me)
            }
            state => Step::wait(state),
        }
    }

    /// Counts an item as done when it already was.
    fn on_no_op(self, me: Id<Self>, unchanged: &Unchanged) -> Step<Self> {
        let (Undoing(undo) | Completing(undo)) = self else {
            // The order was told before that the ride is undone.
            return if self == Closing { Step::done() } else { Step::wait(self) };
        };
        let undo = match undo.taxi {
            _ if unchanged.is(me.of::<Reservation>(), variant!(Cancel))
                || unchanged.is(me.of::<Reservation>(), variant!(Complete)) =>
            {
                Undo { reservation: Part::Undone, ..undo }
            }
            Hold::Releasing(taxi) if unchanged.is(taxi, variant!(Release)) => {
                Undo { taxi: Hold::Free, ..undo }
            }
            _ => return Step::wait(self),
        };
        self.with(undo).proceed(me)
    }

    /// A version before led the payment here, which the billing does now. A ride that waited for its
    /// payment is idle until the order is paid; what it sent before is not part of that.
    fn upcasters() -> Upcasters {
        Upcasters::none()
            .change("Ride", |ride| {
                if ["Paying", "Withdrawing", "Rejecting"].iter().any(|old| ride == old) {
                    *ride = json!("Idle");
                }
            })
            .drop_field("Undo", "payment")
            .change("Stopped::Before", |parked| {
                if parked["kept"]["state"] == "Idle" {
                    parked["delivered"] = json!(0);
                }
            })
    }

    fn waits_for(&self) -> WaitsFor {
        match self {
            Idle => WaitsFor::Nothing,
            Riding { taxi: Hold::Free } => WaitsFor::Person(DISPATCHER),
            Confirming { .. } | Closing => WaitsFor::Part(Order::NAME),
            Riding { taxi: Hold::Held(_) }
            | Undoing(Undo { reservation: Part::Pending, .. })
            | Completing(Undo { reservation: Part::Pending, .. }) => {
                WaitsFor::Part(Reservation::NAME)
            }
            Riding { .. } | Undoing(_) | Completing(_) => WaitsFor::Part(Taxi::NAME),
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
    fn on_order(self, me: Id<Self>, event: &order::Event) -> Step<Self> {
        use order::Event as E;
        match (self, event) {
            (Idle, E::Paid { grade, .. }) => Step::wait(Riding { taxi: Hold::Free })
                .send(me.of::<Reservation>(), Accept { grade: *grade }),
            (Confirming { .. }, E::Confirmed { .. }) | (Closing, E::Released | E::Undone) => {
                Step::done()
            }
            (Idle, E::Completed { taxi, .. }) => {
                let reservation = me.of::<Reservation>();
                Completing(Undo::of(hold(*taxi))).begin(me).send(reservation, Complete)
            }
            (Riding { taxi } | Confirming { taxi }, E::Cancelled { .. }) => undo(me, taxi),
            (Idle, E::Cancelled { was: Stage::Confirmed { taxi }, .. }) => undo(me, hold(*taxi)),
            // A ride of a version before waited here for its refund.
            (Undoing(undo), E::Refunded { .. }) if undo.is_done() => Undoing(undo).proceed(me),
            (state, _) => Step::wait(state),
        }
    }

    fn on_reservation(self, me: Id<Self>, event: &reservation::Event) -> Step<Self> {
        use reservation::Event as E;
        let order = me.of::<Order>();
        match (self, event) {
            (state, E::Accepted { confirm_by, .. }) => Step::wait(state).set_timer_if(*confirm_by),
            (Riding { taxi: Hold::Free }, E::TaxiChosen { taxi, grade, .. }) => {
                Step::wait(Riding { taxi: Hold::Asked(*taxi) })
                    .send(*taxi, Assign { reservation: me.of(), grade: *grade })
            }
            (Riding { taxi }, E::Confirmed { taxi: confirmed }) => Step::wait(Confirming { taxi })
                .send(order, Confirm { taxi: *confirmed })
                .clear_timer(),
            (
                state @ (Idle | Riding { .. } | Confirming { .. }),
                E::Cancelled { by: By::Dispatcher },
            ) => Step::wait(state)
                .send(order, CallOff { reason: "the company cancelled the reservation".into() }),
            (Undoing(undo), E::Cancelled { by: By::Order }) | (Completing(undo), E::Completed) => {
                self.with(Undo { reservation: Part::Undone, ..undo }).proceed(me)
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
            (
                Undoing(undo @ Undo { taxi: Hold::Releasing(taxi), .. })
                | Completing(undo @ Undo { taxi: Hold::Releasing(taxi), .. }),
                E::Released { .. },
            ) if taxi == id => self.with(Undo { taxi: Hold::Free, ..undo }).proceed(me),
            (state, _) => Step::wait(state),
        }
    }
}

/// The hold of the taxi that an order was confirmed with.
fn hold(taxi: Option<Id<Taxi>>) -> Hold {
    taxi.map_or(Hold::Free, Hold::Held)
}

/// Starts to undo the reservation and the taxi, both at once.
fn undo(me: Id<Ride>, taxi: Hold) -> Step<Ride> {
    Undoing(Undo::of(taxi))
        .begin(me)
        .send(me.of::<Reservation>(), Cancel { by: By::Order })
        .clear_timer()
}

impl Undo {
    /// Nothing is done yet. An assigned taxi is to be released.
    const fn of(taxi: Hold) -> Self {
        let taxi = match taxi {
            Hold::Held(taxi) => Hold::Releasing(taxi),
            other => other,
        };
        Self { reservation: Part::Pending, taxi }
    }

    const fn is_done(&self) -> bool {
        matches!(self, Self { reservation: Part::Undone, taxi: Hold::Free, .. })
    }
}

impl Ride {
    /// The same state with this progress.
    const fn with(self, undo: Undo) -> Self {
        match self {
            Completing(_) => Completing(undo),
            _ => Undoing(undo),
        }
    }

    /// Starts to undo or to complete: releases the taxi, when there is one.
    fn begin(self, me: Id<Self>) -> Step<Self> {
        let (Undoing(undo) | Completing(undo)) = self else { return Step::wait(self) };
        match undo.taxi {
            Hold::Releasing(taxi) => Step::wait(self).send(taxi, Release { reservation: me.of() }),
            _ => Step::wait(self),
        }
    }

    /// Waits for the items that are not done yet. When none is left, a completed ride is over, and
    /// `FinishCancelling` is dispatched to the order of an undone one.
    fn proceed(self, me: Id<Self>) -> Step<Self> {
        match self {
            Completing(undo) if undo.is_done() => Step::done(),
            Undoing(undo) if undo.is_done() => {
                Step::wait(Closing).send(me.of::<Order>(), FinishCancelling)
            }
            unfinished => Step::wait(unfinished),
        }
    }
}
