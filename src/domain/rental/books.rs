//! The invariants of car rental: a customer who has cars has paid, and every rented car belongs to
//! a confirmed order.

use super::{
    car::Car,
    handover::Handover,
    order::{Order, OrderBilling},
    payment::Payment,
};
use crate::domain::kernel::{Books, Id, payment::Stage};

/// Checks the invariants of the whole business.
///
/// # Errors
/// The invariant that is violated, as a sentence.
pub(super) fn add_up(books: &impl Books) -> Result<(), String> {
    books.each::<Order>(|number, order| {
        if is_settled(books, number) { order_adds_up(books, number, order) } else { Ok(()) }
    })?;
    books.each::<Car>(|number, car| car_adds_up(books, number, car))
}

fn is_settled(books: &impl Books, order: u64) -> bool {
    books.is_settled::<OrderBilling>(order) && books.is_settled::<Handover>(order)
}

/// Checks that a confirmed order has paid and has its cars. Every other order has no cars, and its
/// money was not charged, is refunded or is owed.
fn order_adds_up(books: &impl Books, number: u64, order: &Order) -> Result<(), String> {
    let payment = books.get::<Payment>(number).stage();
    let has_cars = has_cars(books, number, order);
    let holds = match order.status() {
        "Confirmed" => payment == Stage::Approved && has_cars,
        "Rejected" | "Cancelled" => {
            matches!(payment, Stage::Declined | Stage::Refunded | Stage::RefundDeclined)
                && !has_cars
        }
        // No cars are available for the order, and the fleet manager owes the refund.
        "Paid" => payment == Stage::RefundDeclined && !has_cars,
        _ => false,
    };
    if holds {
        return Ok(());
    }
    let status = order.status();
    Err(format!("rental/orders {number} is {status}, its payment {payment:?}, cars: {has_cars}"))
}

fn has_cars(books: &impl Books, number: u64, order: &Order) -> bool {
    let rent = order.rent();
    matches!(books.get::<Car>(rent.car.number()),
        Car::Registered { rented, .. } if rented.get(&Id::new(number)) == Some(&rent.quantity))
}

/// Checks that the registered cars are either rentable or rented, and that the orders which have
/// them are confirmed. Orders whose sagas are in flight are not checked.
fn car_adds_up(books: &impl Books, number: u64, car: &Car) -> Result<(), String> {
    let Car::Registered { registered, rentable, rented, .. } = car else { return Ok(()) };
    let out: u64 = rented.values().map(|quantity| u64::from(quantity.0)).sum();
    if u64::from(rentable.0) + out != u64::from(registered.0) {
        let (registered, rentable) = (registered.0, rentable.0);
        return Err(format!(
            "rental/cars {number}: of {registered} {out} are out and {rentable} rentable"
        ));
    }
    let idle = rented.keys().find(|order| {
        is_settled(books, order.number())
            && books.get::<Order>(order.number()).status() != "Confirmed"
    });
    match idle {
        Some(order) => Err(format!("rental/cars {number}: {order} has cars for nothing")),
        None => Ok(()),
    }
}
