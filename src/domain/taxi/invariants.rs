//! The invariants of a call taxi company: a customer who rides has paid, and every assigned taxi
//! belongs to a confirmed reservation.

use super::{
    order::{self, Order, OrderBilling},
    payment::Payment,
    reservation::{self, Reservation},
    ride::Ride,
    taxi::Taxi,
};
use crate::domain::kernel::{payment::Stage, prelude::*};

pub(super) fn check(state: &impl StateReader) -> Result<(), String> {
    state.each::<Order>(|number, order| {
        if is_settled(state, number) { check_order(state, number, order) } else { Ok(()) }
    })?;
    state.each::<Taxi>(|number, taxi| check_taxi(state, number, taxi))
}

fn is_settled(state: &impl StateReader, order: u64) -> bool {
    state.is_settled::<OrderBilling>(order) && state.is_settled::<Ride>(order)
}

/// Checks that an order that is paid or confirmed has an approved payment, and that no money of
/// any other order is kept: it was not charged, is refunded, or is owed.
fn check_order(state: &impl StateReader, number: u64, order: &Order) -> Result<(), String> {
    use {order::Status as O, reservation::Status as R};
    let payment = state.get::<Payment>(number).stage();
    let reservation = &state.get::<Reservation>(number).status;
    let status = &order.status;
    let has_taxi =
        |taxi: Id<Taxi>| state.get::<Taxi>(taxi.number()).held.contains(&Id::new(number));
    let holds = match (status, reservation) {
        (O::Paid, R::Accepted { .. }) | (O::Completed(_), R::Completed) => {
            payment == Stage::Approved
        }
        (O::Confirmed(_), R::Confirmed { taxi }) => {
            payment == Stage::Approved && taxi.is_none_or(has_taxi)
        }
        (O::Rejected { .. }, R::Blank) => payment == Stage::Declined,
        (O::Cancelled(_), R::Blank | R::Cancelled) => {
            matches!(payment, Stage::Declined | Stage::Refunded | Stage::RefundDeclined)
        }
        _ => false,
    };
    ensure(holds, || {
        format!("taxi/orders {number} is {status:?}, its payment {payment:?}, {reservation:?}")
    })
}

/// Checks that every assigned taxi belongs to a reservation confirmed with it, unless the ride is
/// in flight.
fn check_taxi(state: &impl StateReader, number: u64, taxi: &Taxi) -> Result<(), String> {
    let Taxi { held, registered, .. } = taxi;
    ensure(held.len() as u64 <= u64::from(registered.0), || {
        format!("taxi/taxis {number}: {} of {registered:?} are assigned", held.len())
    })?;
    let confirmed = reservation::Status::Confirmed { taxi: Some(Id::new(number)) };
    let idle = held.iter().find(|reservation| {
        is_settled(state, reservation.number())
            && state.get::<Reservation>(reservation.number()).status != confirmed
    });
    let idle = idle.map(|reservation| reservation.number());
    idle.map_or(Ok(()), |of| Err(format!("taxi/taxis {number} is out for {of} for nothing")))
}
