//! Specifications of the order.

use super::{Command::*, Event::*, *};
use crate::domain::kernel::spec::{Spec, table};

const POINTS: Money = Money(198_000);

#[test]
fn every_command_is_answered_in_every_state() {
    let (how, reason) = (FailureKind::Unavailable, closed);
    let paid = |further: &[Event]| [&[ordered(), paid()], further].concat();
    let asked = cancel_requested;
    let pasts = [
        ("Blank", vec![]),
        ("Ordered", vec![ordered()]),
        ("Paid", paid(&[])),
        ("Credited", paid(&[Credited { points: POINTS }])),
        ("Credited-other", paid(&[Credited { points: Money(1) }])),
        ("Kept", paid(&[asked(1), kept()])),
        ("Shipped", paid(&[Shipped])),
        ("Cancelling", paid(&[asked(1)])),
        ("Forfeited", paid(&[asked(1), forfeited()])),
        ("Cancelled", paid(&[asked(1), forfeited(), Cancelled])),
        ("Withdrawn", vec![ordered(), Withdrawn]),
        ("Rejected", vec![ordered(), Rejected { how, reason: reason() }]),
    ];
    let place = Place { basket: basket(), price: Some(Money(990_000)) };
    let reject = Reject { how, reason: reason() };
    let credit = Credit { points: POINTS };
    table::<Order>(&pasts, &[place, Pay, reject, Ship, credit], OF_BUYING);
    let (forfeit, keep) = (Forfeit { attempt: 1 }, Keep { attempt: 1, how, reason: reason() });
    table::<Order>(&pasts, &[Cancel, forfeit, keep, FinishCancelling], OF_CANCELLING);
}

const OF_BUYING: &str = "
past                          Place           Pay          Reject       Ship          Credit
Blank                         Ordered         !Unknown     !Unknown     !Unknown      !Unknown
Ordered                       !AlreadyOrdered Paid         Rejected     !NotPaid      !NotPaid
Paid|Kept                     !AlreadyOrdered -            !IsPaid      Shipped       Credited
Credited                      !AlreadyOrdered -            !IsPaid      Shipped       -
Credited-other                !AlreadyOrdered -            !IsPaid      Shipped       !AlreadyCredited
Shipped                       !AlreadyOrdered -            !IsPaid      -             Credited
Cancelling                    !AlreadyOrdered -            !IsPaid      !IsCancelling Credited
Forfeited|Cancelled|Withdrawn !AlreadyOrdered !IsCancelled !IsCancelled !IsCancelled  !IsCancelled
Rejected                      !AlreadyOrdered !WasRejected -            !WasRejected  !WasRejected
";

const OF_CANCELLING: &str = "
past                         Cancel          Forfeit        Keep           FinishCancelling
Blank                        !Unknown        !Unknown       !Unknown       !Unknown
Ordered                      Withdrawn       !NotCancelling !NotCancelling !NotCancelling
Paid|Credited|Credited-other CancelRequested !NotCancelling !NotCancelling !NotCancelling
Kept                         CancelRequested !NotCancelling -              !NotCancelling
Shipped                      !IsShipped      !NotCancelling !NotCancelling !NotCancelling
Cancelling                   -               Forfeited      Kept           !NotCancelling
Forfeited                    -               -              -              Cancelled
Cancelled                    -               -              -              -
Withdrawn                    -               !IsCancelled   !IsCancelled   Cancelled
Rejected                     !WasRejected    !WasRejected   !WasRejected   !WasRejected
";

#[test]
fn the_outcome_of_an_earlier_attempt_does_not_affect_the_current_one() {
    let past = || [ordered(), paid(), cancel_requested(1), kept(), cancel_requested(2)];
    let keep = Keep { attempt: 1, how: FailureKind::Unavailable, reason: closed() };
    Order::given(past()).when(keep).then([]);
    Order::given(past()).when(Forfeit { attempt: 1 }).rejected(Rejection::NotCancelling);
    Order::given(past()).when(Forfeit { attempt: 2 }).then([forfeited()]);
}

#[test]
fn the_list_price_holds_and_only_what_is_not_listed_has_the_price_of_the_customer() {
    let settings = Settings { prices: [("GX".into(), Money(500))].into(), ..Settings::default() };
    let of = |item: &str| Basket { item: item.into(), ..basket() };
    let place = |item: &str, price: Option<u64>| {
        let (basket, price) = (of(item), price.map(Money));
        Order::given([]).under(settings.clone()).when(Place { basket, price })
    };
    let came = |item: &str, price, amount| {
        let (basket, price, amount) = (of(item), Money(price), Money(amount));
        Ordered { basket, price, amount }
    };
    place("GX", None).then([came("GX", 500, 1_000)]);
    place("GX", Some(500)).then([came("GX", 500, 1_000)]);
    place(" gx ", None).then([came(" gx ", 500, 1_000)]);
    place("G", Some(7)).then([came("G", 7, 14)]);
    let free = Paid { basket: of("test"), amount: Money::ZERO };
    place("test", None).then([came("test", 0, 0), free]);
    for (item, price) in [("GX", 7), ("GX", 0), ("GX", 501), (" gx ", 7)] {
        let refused = Rejection::NotListed { listed: Money(500), price: Money(price) };
        let sentence = format!("the list price of one is 500 won, not {price} won");
        assert_eq!(refused.to_string(), sentence);
        place(item, Some(price)).rejected(refused);
    }
}

#[test]
fn an_order_needs_a_valid_item_quantity_amount_and_address() {
    let place = |basket, price| Order::given([]).when(Place { basket, price: Some(Money(price)) });
    let most = || Basket { qty: Quantity::MAX, ..basket() };
    let (price, amount) = (Money(1_000_000), Money::MAX);
    place(most(), 1_000_000).then([Ordered { basket: most(), price, amount }]);
    place(most(), 1_000_001).rejected(Rejection::TooDear);
    place(most(), u64::MAX).rejected(Rejection::TooDear);
    place(Basket { qty: Quantity(1), ..basket() }, Money::MAX.0 + 1).rejected(Rejection::TooDear);
    place(Basket { qty: Quantity(1_000_001), ..basket() }, 0).rejected(Rejection::TooMany);
    place(Basket { qty: Quantity(0), ..basket() }, 1).rejected(Rejection::NoneWanted);
    place(Basket { item: " ".into(), ..basket() }, 1).rejected(Rejection::BadItem);
    let far = "x".repeat(101);
    place(Basket { address: far.as_str().into(), ..basket() }, 1).rejected(Rejection::TooLong);
    place(Basket { store: far.as_str().into(), ..basket() }, 1).rejected(Rejection::TooLong);
    for customer in ["", " ", &far] {
        let customer = Some(customer.into());
        place(Basket { customer, ..basket() }, 1).rejected(Rejection::BadCustomer);
    }
}

#[test]
fn a_failed_cancellation_is_reported_and_leaves_the_order_paid() {
    let credited = Credited { points: POINTS };
    let order = Order::after([ordered(), paid(), credited, cancel_requested(1), kept()]);
    let failed = Progress::Failed { how: FailureKind::Unavailable, reason: closed() };
    assert_eq!(order.progress(), failed);
    assert_eq!((order.status.word(), order.point), ("Paid", Some(POINTS)));
}

#[test]
fn requests_of_the_original_clients_are_parsed() {
    let order = |body: &str| Order::read_new("order", body);
    let command = Place { basket: basket(), price: Some(Money(990_000)) };
    assert_eq!(order(r#"{"item":"GX Note99","qty":"2","price":990000}"#), Ok(command));
    assert!(order(r#"{"item":"test","qty":1,"store":"s","address":"a"}"#).is_ok());
    for (named, customer) in [("7", "7"), ("\"kim\"", "kim")] {
        let placed = order(&format!(r#"{{"item":"test","qty":1,"customerId":{named}}}"#)).unwrap();
        let Place { basket, .. } = placed else { panic!("{placed:?}") };
        assert_eq!(basket.customer, Some(customer.into()));
    }
    assert!(order(r#"{"item":"test"}"#).is_err());
    assert!(order(r#"{"item":"test","qty":-1}"#).is_err());
    assert!(order(r#"{"item":"test","qty":1,"colour":"red"}"#).is_err());
    let set = |body| Order::read("cancel by status", body);
    assert_eq!(set(r#"{"status":"cancel","item":"GX"}"#), Ok(Cancel));
    assert!(set(r#"{"status":"Shipped"}"#).is_err());
}

fn basket() -> Basket {
    Basket { item: "GX Note99".into(), qty: Quantity(2), ..Basket::default() }
}

fn ordered() -> Event {
    Ordered { basket: basket(), price: Money(990_000), amount: Money(1_980_000) }
}

fn paid() -> Event {
    Paid { basket: basket(), amount: Money(1_980_000) }
}

const fn cancel_requested(attempt: u32) -> Event {
    CancelRequested { attempt, answer_by: Timestamp(2_000) }
}

fn closed() -> String {
    "the bank is closed".into()
}

fn kept() -> Event {
    Kept { attempt: 1, how: FailureKind::Unavailable, reason: closed() }
}

const fn forfeited() -> Event {
    Forfeited { amount: Money(1_980_000) }
}
