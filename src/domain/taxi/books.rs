//! What adds up in a call taxi company: who rides has paid, and every taxi that is out is with somebody.

use super::{order::Order, payment::Payment, reservation::Reservation, ride::Ride, taxi::Taxi};
use crate::domain::kernel::{Books, Id, payment::Stage};

/// Checks the whole company.
///
/// # Errors
/// What does not add up.
pub(super) fn add_up(books: &impl Books) -> Result<(), String> {
    books.each::<Order>(|number, order| {
        if books.is_settled::<Ride>(number) { order_adds_up(books, number, order) } else { Ok(()) }
    })?;
    books.each::<Taxi>(|number, taxi| taxi_adds_up(books, number, taxi))
}

/// Who rides has paid once, and nobody else has paid anything.
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

/// Every taxi that is out is with a reservation confirmed with it, unless that is on its way.
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
