//! What adds up where cars are rented: who has cars has paid, and every car that is out is with somebody.

use super::{
    car::Car,
    handover::Handover,
    order::{Order, OrderBilling},
    payment::Payment,
};
use crate::domain::kernel::{Books, Id, payment::Stage};

/// Checks the whole business.
///
/// # Errors
/// What does not add up.
pub(super) fn add_up(books: &impl Books) -> Result<(), String> {
    books.each::<Order>(|number, order| {
        if is_settled(books, number) { order_adds_up(books, number, order) } else { Ok(()) }
    })?;
    books.each::<Car>(|number, car| car_adds_up(books, number, car))
}

fn is_settled(books: &impl Books, order: u64) -> bool {
    books.is_settled::<OrderBilling>(order) && books.is_settled::<Handover>(order)
}

/// A confirmed order has paid and has its cars; every other has neither, or is owed its money.
fn order_adds_up(books: &impl Books, number: u64, order: &Order) -> Result<(), String> {
    let payment = books.get::<Payment>(number).stage();
    let has_cars = has_cars(books, number, order);
    let holds = match order.status() {
        "Confirmed" => payment == Stage::Approved && has_cars,
        "Rejected" | "Cancelled" => {
            matches!(payment, Stage::Declined | Stage::Refunded | Stage::RefundDeclined)
                && !has_cars
        }
        // There are no cars for it, and the fleet manager owes the money.
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

/// What is not rentable of what is registered is with orders, and they are confirmed, unless that
/// is on its way.
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
