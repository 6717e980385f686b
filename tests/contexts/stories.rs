//! Two hundred orders of taxis, while one part after the other is down.

use crate::support::suspension::suspended_and_resumed;
use serde_json::{Value, json};

const ORDERS: usize = 200;

fn order() -> (&'static str, Value) {
    ("/taxi/orders", json!({"orderType": "basic", "name": "Jung"}))
}

#[tokio::test]
async fn orders_are_paid_while_reservations_are_suspended_and_reserved_afterwards() {
    let finished = [
        ("/taxi/reservations/{}", "status", "Reservation Complete"),
        ("/taxi/mypages/{}", "reservationStatus", "Reservation Complete"),
    ];
    suspended_and_resumed("taxi/reservations", order(), ORDERS, &finished).await;
}

#[tokio::test]
async fn a_view_that_was_suspended_shows_everything_afterwards() {
    let finished = [
        ("/taxi/mypages/{}", "reservationStatus", "Reservation Complete"),
        ("/taxi/orders/{}", "status", "Paid"),
    ];
    suspended_and_resumed("taxi/mypages", order(), ORDERS, &finished).await;
}

#[tokio::test]
async fn orders_wait_for_a_suspended_saga_and_are_paid_afterwards() {
    let finished = [
        ("/taxi/paymentHistories/{}", "status", "Approved"),
        ("/taxi/orders/{}", "status", "Paid"),
        ("/taxi/mypages/{}", "status", "Paid"),
    ];
    suspended_and_resumed("taxi/ride", order(), ORDERS, &finished).await;
}

#[tokio::test]
async fn orders_wait_for_suspended_payments_and_are_paid_afterwards() {
    let finished = [
        ("/taxi/paymentHistories/{}", "status", "Approved"),
        ("/taxi/reservations/{}", "status", "Reservation Complete"),
    ];
    suspended_and_resumed("taxi/paymentHistories", order(), ORDERS, &finished).await;
}
