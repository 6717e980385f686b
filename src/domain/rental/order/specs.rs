//! Specifications of the order.

use super::{Command::*, Event::*, *};
use crate::domain::kernel::spec::{Spec, table};

#[test]
fn every_command_is_answered_in_every_state() {
    let reason = || "b".to_owned();
    let refused = || Refused { reason: reason() };
    let cancelled = |was| Cancelled { was };
    let rejected = |how| Rejected { how, reason: reason() };
    table::<Order>(
        &[
            ("Blank", vec![]),
            ("Requested", vec![placed()]),
            ("Paid", vec![placed(), paid()]),
            ("Confirmed", vec![placed(), paid(), Confirmed]),
            ("Returned", vec![placed(), paid(), Confirmed, returned()]),
            ("Refunding", vec![placed(), paid(), refused()]),
            ("Cancelling", vec![placed(), paid(), cancelled(Stage::Paid)]),
            ("Cancelled", vec![placed(), paid(), cancelled(Stage::Paid), Undone]),
            ("Unpaid", vec![placed(), rejected(FailureKind::Unpaid)]),
            ("Carless", vec![placed(), paid(), refused(), rejected(FailureKind::Refused)]),
        ],
        &[
            place(1, 1),
            Cancel,
            Pay,
            Reject { how: FailureKind::Unpaid, reason: reason() },
            Confirm,
            Refuse { reason: reason() },
            Close,
            Return,
        ],
        "
        past           Place          Cancel       Pay          Reject       Confirm      Refuse       Close         Return
        Blank          Placed         !Unknown     !Unknown     !Unknown     !Unknown     !Unknown     !Unknown      !Unknown
        Requested      !AlreadyPlaced Cancelled    Paid         Rejected     !NotPaid     !NotPaid     !NotCalledOff !NotPaid
        Paid           !AlreadyPlaced Cancelled    -            !IsPaid      Confirmed    Refused      !NotCalledOff !NotConfirmed
        Confirmed      !AlreadyPlaced Cancelled    -            !IsPaid      -            !IsConfirmed !NotCalledOff Returned
        Returned       !AlreadyPlaced !IsReturned  !IsReturned  !IsReturned  !IsReturned  !IsReturned  !IsReturned   -
        Refunding      !AlreadyPlaced !WasRejected !WasRejected !WasRejected !WasRejected -            Rejected      !WasRejected
        Cancelling     !AlreadyPlaced -            !IsCancelled !IsCancelled !IsCancelled !IsCancelled Undone        !IsCancelled
        Cancelled      !AlreadyPlaced -            !IsCancelled !IsCancelled !IsCancelled !IsCancelled -             !IsCancelled
        Unpaid|Carless !AlreadyPlaced !WasRejected !WasRejected -            !WasRejected !WasRejected -             !WasRejected
        ",
    );
}

#[test]
fn every_car_of_an_order_is_paid_for() {
    let settings = Settings { price_per_car: Money(70_000) };
    let rent = Rent { car: Id::new(1), quantity: Quantity(2) };
    let placed = Placed { rent, amount: Money(140_000), customer: None };
    Order::given([]).under(settings).when(place(1, 2)).then([placed]);
}

#[test]
fn an_order_is_for_one_to_a_million_cars_of_a_valid_kind() {
    Order::given([]).when(place(1, 0)).rejected(Rejection::BadQuantity);
    Order::given([]).when(place(1, 1_000_001)).rejected(Rejection::BadQuantity);
    Order::given([]).when(place(0, 1)).rejected(Rejection::BadCar);
    let settings = Settings { price_per_car: Money(1_000_000) };
    Order::given([]).under(settings).when(place(1, 1_000_000)).then([Placed {
        rent: Rent { car: Id::new(1), quantity: Quantity(1_000_000) },
        amount: Money::MAX,
        customer: None,
    }]);
    let settings = Settings { price_per_car: Money(1_000_001) };
    Order::given([]).under(settings).when(place(1, 1_000_000)).rejected(Rejection::TooDear);
}

#[test]
fn an_order_may_name_its_customer_by_a_number_or_a_text() {
    for (body, customer) in [
        (r#"{"carId":1,"customerId":7}"#, Some("7")),
        (r#"{"carId":1,"customerId":" kim "}"#, Some("kim")),
        (r#"{"carId":1}"#, None),
    ] {
        let command = Order::read_new("order", body).unwrap();
        let customer = customer.map(Text::from);
        Order::given([]).when(command).then([Placed {
            rent: rent(),
            amount: Money(50_000),
            customer,
        }]);
    }
    for name in [String::new(), "x".repeat(101)] {
        let body = format!(r#"{{"carId":1,"customerId":"{name}"}}"#);
        let command = Order::read_new("order", &body).unwrap();
        Order::given([]).when(command).rejected(Rejection::BadCustomer);
    }
}

#[test]
fn the_original_word_is_shown_beside_the_status() {
    let shown = |past: Vec<Event>| Order::after(past);
    assert_eq!(shown(vec![placed(), paid()]).original_status(), Some("ORDERED"));
    let cancelled = Cancelled { was: Stage::Paid };
    assert_eq!(shown(vec![placed(), paid(), cancelled]).original_status(), Some("CANCELLED"));
    assert_eq!(shown(vec![placed(), paid(), Confirmed, returned()]).original_status(), None);
}

#[test]
fn a_cancellation_records_the_stage_of_the_order() {
    let cancelled = |was| [Cancelled { was }];
    Order::given([placed()]).when(Cancel).then(cancelled(Stage::Requested));
    Order::given([placed(), paid()]).when(Cancel).then(cancelled(Stage::Paid));
    Order::given([placed(), paid(), Confirmed])
        .when(Cancel)
        .then(cancelled(Stage::Confirmed { car: Id::new(1) }));
}

#[test]
fn an_order_without_a_car_fails_after_the_refund() {
    let refused = Refused { reason: "b".into() };
    let order = [placed(), paid(), refused].into_iter().fold(Order::default(), Order::evolve);
    assert_eq!((order.status.word(), order.progress()), ("Paid", Progress::Pending));
    let rejected = Rejected { how: FailureKind::Refused, reason: "b".into() };
    let order = order.evolve(rejected);
    let failed = Progress::Failed { how: FailureKind::Refused, reason: "b".into() };
    assert_eq!((order.status.word(), order.progress()), ("Rejected", failed));
}

#[test]
fn requests_of_the_original_clients_are_parsed() {
    let order = |body| Order::read_new("order", body);
    assert_eq!(order(r#"{"id":1,"status":"ORDERED","carId":1,"orderId":1}"#), Ok(place(1, 1)));
    assert_eq!(order(r#"{"carId":"1","qty":"10"}"#), Ok(place(1, 10)));
    assert!(order(r#"{"qty":1}"#).is_err());
    assert!(order(r#"{"carId":1,"qty":-1}"#).is_err());
    assert!(order(r#"{"carId":1,"colour":"red"}"#).is_err());
    let set =
        |status| Order::read("cancel or return by status", &format!(r#"{{"status":"{status}"}}"#));
    for status in ["CANCELLED", "canceled", "Cancel"] {
        assert_eq!(set(status), Ok(Cancel));
    }
    assert_eq!(set("RETURNED"), Ok(Return));
    assert!(set("PAID").is_err());
}

fn place(car: u64, quantity: u32) -> Command {
    Place { car: Id::new(car), quantity: Quantity(quantity), customer: None }
}

fn rent() -> Rent {
    Rent { car: Id::new(1), quantity: Quantity(1) }
}

fn placed() -> Event {
    Placed { rent: rent(), amount: Money(50_000), customer: None }
}

fn returned() -> Event {
    Returned { car: Id::new(1) }
}

fn paid() -> Event {
    Paid { rent: rent() }
}
