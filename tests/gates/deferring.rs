//! What becomes of orders whose payment is put off.

use crate::{
    house::{House, turned_away},
    provider::Mood,
};
use madang::actors::{Fallback, PortSettings};
use serde_json::{Value, json};

/// One failure opens it; it tries again soon.
fn soon_open() -> Value {
    json!({"consecutive_failures": 1, "open_ms": 50, "open_ms_max": 50, "trial_calls": 1})
}

fn deferring(port: &mut PortSettings) {
    port.retries = 0;
    port.fallback = Fallback::Defer;
}

/// Checks that the order is taken and told where it can be seen.
#[track_caller]
fn is_taken(answer: &reqwest::Response, number: u64) {
    assert_eq!(answer.status(), 202);
    assert_eq!(answer.headers()["location"], format!("/taxi/orders/{number}"));
}

#[tokio::test]
async fn orders_are_taken_at_once_while_nobody_charges_and_paid_once_when_somebody_does() {
    let house = House::open(deferring, &soon_open());
    house.provider.charges(Mood::Fails);
    // Patience is 30 s; each of these answers comes as soon as it is known that nobody charges.
    for number in 1..=5 {
        is_taken(&house.order().await, number);
    }
    house.provider.charges(Mood::Approves);
    for number in 1..=5 {
        house.becomes(number, "Paid").await;
        assert!(house.provider.has_done(&format!("charge-{number}")));
    }
    assert_eq!(house.provider.asked_in_all("refund-"), 0);
    assert_eq!(house.order().await.status(), 201);
    house.ends_well();
}

#[tokio::test]
async fn the_same_key_is_told_the_same_while_it_is_put_off_and_afterwards() {
    let house = House::open(deferring, &soon_open());
    house.provider.charges(Mood::Fails);
    for _ in 0..2 {
        is_taken(&house.order_once("mine").await, 1);
    }
    house.provider.charges(Mood::Approves);
    house.becomes(1, "Paid").await;
    is_taken(&house.order_once("mine").await, 1);
    house.ends_well();
}

#[tokio::test]
async fn who_finds_too_many_put_off_is_turned_away_and_leaves_nothing() {
    let never = json!({"consecutive_failures": 1, "open_ms": 3_600_000, "open_ms_max": 3_600_000});
    let house = House::open(
        |port| {
            deferring(port);
            port.deferred_max = 1;
        },
        &never,
    );
    house.provider.charges(Mood::Fails);
    is_taken(&house.order().await, 1);
    turned_away(house.order().await, "gate-open").await;
    assert_eq!(house.orders().await, 1);
    house.ends_well();
}

#[tokio::test]
async fn what_was_put_off_stays_so_when_the_journal_starts_over_however_full_it_is() {
    let house = House::open(
        |port| {
            deferring(port);
            port.deferred_max = 1;
        },
        &soon_open(),
    );
    house.provider.charges(Mood::Fails);
    is_taken(&house.order().await, 1);
    house.fail_next_fsync().await;
    assert_eq!(house.operate_messages("suspend").await, 503);
    house.is_asked("charge-1", house.provider.asked("charge-1") + 10).await;
    assert_eq!(house.get("/taxi/orders/1").await["status"], "Requested");
    house.provider.charges(Mood::Approves);
    house.becomes(1, "Paid").await;
    assert_eq!(house.provider.asked_in_all("refund-"), 0);
    house.ends_well();
}

#[tokio::test]
async fn what_was_put_off_too_long_is_given_up_after_a_restart_and_refunded() {
    let house = House::open(deferring, &soon_open());
    house.provider.charges(Mood::Fails);
    is_taken(&house.order().await, 1);
    let house = house.reopened(
        |port| {
            deferring(port);
            port.deferred_within_ms = 0;
        },
        &soon_open(),
    );
    house.becomes(1, "Rejected").await;
    // Nobody knows any more whether the charge went through.
    house.is_done("refund-1").await;
    house.ends_well();
}

#[tokio::test]
async fn what_was_put_off_is_finished_after_a_restart() {
    let house = House::open(deferring, &soon_open());
    house.provider.charges(Mood::Fails);
    is_taken(&house.order().await, 1);
    let house = house.reopened(deferring, &soon_open());
    house.provider.charges(Mood::Approves);
    house.becomes(1, "Paid").await;
    assert_eq!(house.provider.asked_in_all("refund-"), 0);
    house.ends_well();
}
