//! The invariants of car rental: a customer who has cars has paid, and every rented car belongs to
//! a confirmed order.

use super::{
    car::Car,
    handover::Handover,
    order::{Order, OrderBilling, Status},
    payment::Payment,
};
use crate::domain::kernel::{payment::Stage, prelude::*};

/// Checks the invariants of the whole business.
pub(super) fn check(state: &impl StateReader) -> Result<(), String> {
    state.each::<Order>(|number, order| {
        if is_settled(state, number) { check_order(state, number, order) } else { Ok(()) }
    })?;
    state.each::<Car>(|number, car| check_car(state, number, car))
}

fn is_settled(state: &impl StateReader, order: u64) -> bool {
    state.is_settled::<OrderBilling>(order) && state.is_settled::<Handover>(order)
}

/// Checks that a confirmed order has paid and has its cars. Every other order has no cars, and its
/// money was not charged, is refunded or is owed.
fn check_order(state: &impl StateReader, number: u64, order: &Order) -> Result<(), String> {
    let payment = state.get::<Payment>(number).stage();
    let has_cars = has_cars(state, number, order);
    let holds = match order.status {
        Status::Confirmed => payment == Stage::Approved && has_cars,
        Status::Returned => payment == Stage::Approved && !has_cars,
        Status::Rejected { .. } | Status::Cancelling | Status::Cancelled => {
            matches!(payment, Stage::Declined | Stage::Refunded | Stage::RefundDeclined)
                && !has_cars
        }
        // No cars are available for the order, and the fleet manager owes the refund.
        Status::Paid | Status::Refunding { .. } => payment == Stage::RefundDeclined && !has_cars,
        Status::Blank | Status::Requested => false,
    };
    ensure(holds, || {
        let status = order.status.word();
        format!("rental/orders {number} is {status}, its payment {payment:?}, cars: {has_cars}")
    })
}

fn has_cars(state: &impl StateReader, number: u64, order: &Order) -> bool {
    let rent = &order.rent;
    matches!(&*state.get::<Car>(rent.car.number()),
        Car::Registered { rented, .. } if rented.get(&Id::new(number)) == Some(&rent.quantity))
}

/// Checks that the registered cars are either rentable or rented, and that the orders which have
/// them are confirmed. Orders whose sagas are in flight are not checked.
fn check_car(state: &impl StateReader, number: u64, car: &Car) -> Result<(), String> {
    let Car::Registered { registered, rentable, rented, .. } = car else { return Ok(()) };
    let out: u64 = rented.values().map(|quantity| u64::from(quantity.0)).sum();
    let (registered, rentable) = (registered.0, rentable.0);
    ensure(u64::from(rentable) + out == u64::from(registered), || {
        format!("rental/cars {number}: {registered} registered, {out} rented, {rentable} rentable")
    })?;
    let idle = rented.keys().find(|order| {
        is_settled(state, order.number())
            && state.get::<Order>(order.number()).status != Status::Confirmed
    });
    ensure(idle.is_none(), || {
        format!("rental/cars {number}: {idle:?} has cars but is not confirmed")
    })
}
