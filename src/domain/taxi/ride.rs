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
    order::{self, Order, Stage},
    reservation::{self, By, Reservation},
    taxi::{self, Taxi},
};
use crate::domain::kernel::prelude::*;

use Ride::*;
use order::Command::{CallOff, Confirm, FinishCancelling};
use reservation::Command::{Accept, Assign as Assigned, Cancel, Complete, Fail};
use taxi::Command::{Assign, Release};

event_set!(Heard: Order, Reservation, Taxi);

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Ride {
    /// The order is not paid, or the ride is over.
    #[default]
    Idle,
    /// The reservation waits for the dispatcher, or for the taxi the dispatcher chose.
    Riding { taxi: Hold },
    /// The reservation is confirmed with this taxi, and `Confirm` was dispatched to the order.
    Confirming { taxi: Hold },
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
    pub reservation: Part,
    pub taxi: Hold,
}

/// The progress with the reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// The command was dispatched, and has not been answered.
    Pending,
    /// It is undone or completed, or there is nothing to do.
    Undone,
}

impl Saga for Ride {
    const NAME: &'static str = "taxi/ride";
    type Events = Heard;

    /// An order and its reservation have the same number. The event of a taxi contains it.
    fn route(heard: &Heard) -> Option<u64> {
        use taxi::Event as E;
        match heard {
            Heard::Order(..) | Heard::Reservation(..) => Some(heard.number()),
            Heard::Taxi(_, E::Assigned { reservation, .. } | E::Released { reservation, .. }) => {
                Some(reservation.number())
            }
            Heard::Taxi(..) => None,
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
        match (self, self.taxi()) {
            (_, Hold::Asked(taxi)) if !refused.is(taxi, variant!(Assign)) => Step::wait(self),
            (Riding { .. }, Hold::Asked(_)) => Step::wait(Riding { taxi: Hold::Free })
                .send(me.of::<Reservation>(), Fail { reason: refused.reason.clone() }),
            (Undoing(_), Hold::Asked(_)) => self.proceed(me, TAXI_BACK),
            _ => Step::wait(self),
        }
    }

    /// Counts an item as done when it already was.
    fn on_no_op(self, me: Id<Self>, unchanged: &Unchanged) -> Step<Self> {
        let is_over = |command| unchanged.is(me.of::<Reservation>(), command);
        match self.taxi() {
            // The order was told before that the ride is undone.
            _ if self == Closing => Step::done(),
            _ if is_over(variant!(Cancel)) || is_over(variant!(Complete)) => {
                self.proceed(me, RESERVATION_OVER)
            }
            Hold::Releasing(taxi) if unchanged.is(taxi, variant!(Release)) => {
                self.proceed(me, TAXI_BACK)
            }
            _ => Step::wait(self),
        }
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
            Riding { taxi: Hold::Held(_) } => WaitsFor::Part(Reservation::NAME),
            Undoing(undo) | Completing(undo) if undo.reservation == Part::Pending => {
                WaitsFor::Part(Reservation::NAME)
            }
            Riding { .. } | Undoing(_) | Completing(_) => WaitsFor::Part(Taxi::NAME),
        }
    }

    /// Calls the order off when the dispatcher has not confirmed the reservation in time.
    fn on_timer(self, me: Id<Self>, _now: Timestamp) -> Step<Self> {
        let late = CallOff { reason: "no taxi was confirmed in time".into() };
        match self {
            Riding { .. } => Step::wait(self).send(me.of::<Order>(), late),
            _ => Step::wait(self),
        }
    }
}

impl Ride {
    fn on_order(self, me: Id<Self>, event: &order::Event) -> Step<Self> {
        use order::Event as E;
        let held = |taxi: Option<Id<Taxi>>| taxi.map_or(Hold::Free, Hold::Held);
        let undo = |taxi| end(me, Undoing, taxi, Cancel { by: By::Order }).clear_timer();
        match (self, event) {
            (Idle, E::Paid { grade, .. }) => Step::wait(Riding { taxi: Hold::Free })
                .send(me.of::<Reservation>(), Accept { grade: *grade }),
            (Confirming { .. }, E::Confirmed { .. }) | (Closing, E::Released | E::Undone) => {
                Step::done()
            }
            (Idle, E::Completed { taxi, .. }) => end(me, Completing, held(*taxi), Complete),
            (Riding { taxi } | Confirming { taxi }, E::Cancelled { .. }) => undo(taxi),
            (Idle, E::Cancelled { was: Stage::Confirmed { taxi }, .. }) => undo(held(*taxi)),
            // A ride of a version before waited here for its refund.
            (Undoing(_), E::Refunded { .. }) => self.proceed(me, |_| {}),
            _ => Step::wait(self),
        }
    }

    fn on_reservation(self, me: Id<Self>, event: &reservation::Event) -> Step<Self> {
        use reservation::Event as E;
        let order = me.of::<Order>();
        match (self, event) {
            (_, E::Accepted { confirm_by, .. }) => Step::wait(self).set_timer_if(*confirm_by),
            (Riding { taxi: Hold::Free }, E::TaxiChosen { taxi, grade, .. }) => {
                Step::wait(Riding { taxi: Hold::Asked(*taxi) })
                    .send(*taxi, Assign { reservation: me.of(), grade: *grade })
            }
            (Riding { taxi }, E::Confirmed { taxi: confirmed }) => Step::wait(Confirming { taxi })
                .send(order, Confirm { taxi: *confirmed })
                .clear_timer(),
            (Idle | Riding { .. } | Confirming { .. }, E::Cancelled { by: By::Dispatcher }) => {
                let reason = "the company cancelled the reservation".into();
                Step::wait(self).send(order, CallOff { reason })
            }
            (Undoing(_), E::Cancelled { by: By::Order }) | (Completing(_), E::Completed) => {
                self.proceed(me, RESERVATION_OVER)
            }
            _ => Step::wait(self),
        }
    }

    fn on_taxi(self, me: Id<Self>, id: Id<Taxi>, event: &taxi::Event) -> Step<Self> {
        use taxi::Event as E;
        match (self, self.taxi(), event) {
            (Riding { .. }, Hold::Asked(taxi), E::Assigned { .. }) if taxi == id => {
                Step::wait(Riding { taxi: Hold::Held(taxi) })
                    .send(me.of::<Reservation>(), Assigned { taxi })
            }
            (Undoing(undo), Hold::Asked(taxi), E::Assigned { .. }) if taxi == id => {
                Step::wait(Undoing(Undo { taxi: Hold::Releasing(taxi), ..undo }))
                    .send(taxi, Release { reservation: me.of() })
            }
            (_, Hold::Releasing(taxi), E::Released { .. }) if taxi == id => {
                self.proceed(me, TAXI_BACK)
            }
            _ => Step::wait(self),
        }
    }

    const fn taxi(&self) -> Hold {
        match self {
            Riding { taxi } | Confirming { taxi } => *taxi,
            Undoing(undo) | Completing(undo) => undo.taxi,
            Idle | Closing => Hold::Free,
        }
    }

    /// Records progress of a ride that ends, and waits for what is not done yet. When nothing is
    /// left, a completed ride is over, and `FinishCancelling` is dispatched to the order of an
    /// undone one.
    fn proceed(mut self, me: Id<Self>, progress: fn(&mut Undo)) -> Step<Self> {
        if let Undoing(undo) | Completing(undo) = &mut self {
            progress(undo);
        }
        match self {
            Completing(Undo { reservation: Part::Undone, taxi: Hold::Free }) => Step::done(),
            Undoing(Undo { reservation: Part::Undone, taxi: Hold::Free }) => {
                Step::wait(Closing).send(me.of::<Order>(), FinishCancelling)
            }
            unfinished => Step::wait(unfinished),
        }
    }
}

/// The taxi of a ride that ends is free again, or was never assigned.
const TAXI_BACK: fn(&mut Undo) = |undo| undo.taxi = Hold::Free;

/// The reservation of a ride that ends is undone or completed.
const RESERVATION_OVER: fn(&mut Undo) = |undo| undo.reservation = Part::Undone;

/// Begins to undo or to complete a ride: releases the taxi of the ride, and tells the reservation.
fn end(
    me: Id<Ride>,
    ending: fn(Undo) -> Ride,
    taxi: Hold,
    command: reservation::Command,
) -> Step<Ride> {
    let begun = |taxi| Step::wait(ending(Undo { reservation: Part::Pending, taxi }));
    let step = match taxi {
        Hold::Held(taxi) => {
            begun(Hold::Releasing(taxi)).send(taxi, Release { reservation: me.of() })
        }
        other => begun(other),
    };
    step.send(me.of::<Reservation>(), command)
}
