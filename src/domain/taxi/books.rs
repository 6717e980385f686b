//! The invariants of a call taxi company: a customer who rides has paid, and every assigned taxi
//! belongs to a confirmed reservation.

use super::{order::Order, payment::Payment, reservation::Reservation, ride::Ride, taxi::Taxi};
use crate::domain::kernel::{Books, Id, payment::Stage};

/// Checks the invariants of the whole company.
///
/// # Errors
/// The invariant that is violated, as a sentence.
pub(super) fn add_up(books: &impl Books) -> Result<(), String> {
    books.each::<Order>(|number, order| {
        if books.is_settled::<Ride>(number) { order_adds_up(books, number, order) } else { Ok(()) }
    })?;
    books.each::<Taxi>(|number, taxi| taxi_adds_up(books, number, taxi))
}

/// Checks that an order that is paid or confirmed has an approved payment, and that no money of
/// any other order is kept.
fn order_adds_up(books: &impl Books, number: u64, order: &Order) -> Result<(), String> {
    let payment = books.get::<Payment>(number).stage();
    let reservation = books.get::<Reservation>(number);
    let status = order.status();
    let holds = match (status, &reservation) {
        ("Paid", Reservation::Accepted { .. }) => payment == Stage::Approved,
        ("Confirmed", Reservation::Confirmed { taxi }) => {
            payment == Stage::Approved && taxi.is_none_or(|taxi| holds(books, taxi, number))
        }
        ("Rejected", Reservation::Blank) => payment == Stage::Declined,
        ("Cancelled", Reservation::Blank | Reservation::Cancelled) => {
            matches!(payment, Stage::Declined | Stage::Refunded)
        }
        _ => false,
    };
    if holds {
        return Ok(());
    }
    Err(format!("taxi/orders {number} is {status}, its payment {payment:?}, {reservation:?}"))
}

fn holds(books: &impl Books, taxi: Id<Taxi>, order: u64) -> bool {
    matches!(books.get::<Taxi>(taxi.number()),
        Taxi::Registered { held, .. } if held.contains(&Id::new(order)))
}

/// Checks that every assigned taxi belongs to a reservation confirmed with it, unless the ride is
/// in flight.
fn taxi_adds_up(books: &impl Books, number: u64, taxi: &Taxi) -> Result<(), String> {
    let Taxi::Registered { held, registered, .. } = taxi else { return Ok(()) };
    if u64::from(registered.0) < held.len() as u64 {
        return Err(format!("taxi/taxis {number}: {} of {registered:?} are out", held.len()));
    }
    let confirmed = Reservation::Confirmed { taxi: Some(Id::new(number)) };
    let idle = held.iter().find(|reservation| {
        books.is_settled::<Ride>(reservation.number())
            && books.get::<Reservation>(reservation.number()) != confirmed
    });
    match idle {
        Some(reservation) => {
            Err(format!("taxi/taxis {number} is out for {reservation} for nothing"))
        }
        None => Ok(()),
    }
}
