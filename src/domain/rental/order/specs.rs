//! Specifications of the order.

use super::{
    Command::{self, Cancel, Close, Confirm, Pay, Place, Refuse, Reject},
    Event::{self, Cancelled, Confirmed, Paid, Placed, Refused, Rejected, Undone},
    Order, Rejection, Stage,
};
use crate::domain::kernel::{
    Aggregate, Fall, Id, Malformed, Money, Quantity, Said, Standing, Target,
    spec::{Spec, table},
};
use crate::domain::rental::{payment::Rent, settings::Settings};

#[test]
fn an_order_goes_only_where_it_can_go() {
    let because = || "b".to_owned();
    let refused = || Refused { because: because() };
    let cancelled = |was| Cancelled { was };
    let rejected = |how| Rejected { how, because: because() };
    table::<Order>(
        &[
            ("Blank", vec![]),
            ("Requested", vec![placed()]),
            ("Paid", vec![placed(), paid()]),
            ("Confirmed", vec![placed(), paid(), Confirmed]),
            ("Refunding", vec![placed(), paid(), refused()]),
            ("Cancelling", vec![placed(), paid(), cancelled(Stage::Paid)]),
            ("Cancelled", vec![placed(), paid(), cancelled(Stage::Paid), Undone]),
            ("Unpaid", vec![placed(), rejected(Fall::Unpaid)]),
            ("Carless", vec![placed(), paid(), refused(), rejected(Fall::Refused)]),
        ],
        &[
            place(1, 1),
            Cancel,
            Pay,
            Reject { how: Fall::Unpaid, because: because() },
            Confirm,
            Refuse { because: because() },
            Close,
        ],
        "
        past       Place          Cancel       Pay          Reject       Confirm      Refuse       Close
        Blank      Placed         !Unknown     !Unknown     !Unknown     !Unknown     !Unknown     !Unknown
        Requested  !AlreadyPlaced Cancelled    Paid         Rejected     !NotPaid     !NotPaid     !NotCalledOff
        Paid       !AlreadyPlaced Cancelled    -            !IsPaid      Confirmed    Refused      !NotCalledOff
        Confirmed  !AlreadyPlaced Cancelled    -            !IsPaid      -            !IsConfirmed !NotCalledOff
        Refunding  !AlreadyPlaced !WasRejected !WasRejected !WasRejected !WasRejected -            Rejected
        Cancelling !AlreadyPlaced -            !IsCancelled !IsCancelled !IsCancelled !IsCancelled Undone
        Cancelled  !AlreadyPlaced -            !IsCancelled !IsCancelled !IsCancelled !IsCancelled -
        Unpaid     !AlreadyPlaced !WasRejected !WasRejected -            !WasRejected !WasRejected -
        Carless    !AlreadyPlaced !WasRejected !WasRejected -            !WasRejected !WasRejected -
        ",
    );
}

#[test]
fn every_car_of_an_order_is_paid_for() {
    let settings = Settings { price_per_car: Money(70_000) };
    let rent = Rent { car: Id::new(1), quantity: Quantity(2) };
    let placed = Placed { rent, amount: Money(140_000) };
    Order::given([]).under(settings).when(place(1, 2)).then([placed]);
}

#[test]
fn nobody_orders_no_cars_or_more_than_there_can_be() {
    Order::given([]).when(place(1, 0)).rejected(Rejection::BadQuantity);
    Order::given([]).when(place(1, 1_000_001)).rejected(Rejection::BadQuantity);
    Order::given([]).when(place(0, 1)).rejected(Rejection::BadCar);
    let settings = Settings { price_per_car: Money(1_000_000) };
    Order::given([]).under(settings).when(place(1, 1_000_000)).then([Placed {
        rent: Rent { car: Id::new(1), quantity: Quantity(1_000_000) },
        amount: Money::MAX,
    }]);
    let settings = Settings { price_per_car: Money(1_000_001) };
    Order::given([]).under(settings).when(place(1, 1_000_000)).rejected(Rejection::TooDear);
}

#[test]
fn a_cancelled_order_says_how_far_it_had_come() {
    let cancelled = |was| [Cancelled { was }];
    Order::given([placed()]).when(Cancel).then(cancelled(Stage::Requested));
    Order::given([placed(), paid()]).when(Cancel).then(cancelled(Stage::Paid));
    Order::given([placed(), paid(), Confirmed])
        .when(Cancel)
        .then(cancelled(Stage::Confirmed { car: Id::new(1) }));
}

#[test]
fn an_order_without_a_car_falls_once_the_money_is_back() {
    let refused = Refused { because: "b".into() };
    let order = [placed(), paid(), refused].into_iter().fold(Order::default(), Order::evolve);
    assert_eq!((order.status(), order.standing()), ("Paid", Standing::Pending));
    let rejected = Rejected { how: Fall::Refused, because: "b".into() };
    let order = order.evolve(rejected);
    let fell = Standing::Fell { how: Fall::Refused, because: "b".into() };
    assert_eq!((order.status(), order.standing()), ("Rejected", fell));
}

#[test]
fn clients_of_the_original_are_understood() {
    let said = say("order", None, r#"{"id":1,"status":"ORDERED","carId":1,"orderId":1}"#);
    assert_eq!(said, Ok(Said { target: Target::New, command: place(1, 1) }));
    let said = say("order", None, r#"{"carId":"1","qty":"10"}"#);
    assert_eq!(said, Ok(Said { target: Target::New, command: place(1, 10) }));
    for status in ["CANCELLED", "canceled", "Cancel"] {
        let said = say("cancel by status", Some(1), &format!(r#"{{"status":"{status}"}}"#));
        assert_eq!(said, Ok(Said { target: Target::Existing(1), command: Cancel }));
    }
    assert!(say("order", None, r#"{"qty":1}"#).is_err());
    assert!(say("order", None, r#"{"carId":1,"qty":-1}"#).is_err());
    assert!(say("order", None, r#"{"carId":1,"colour":"red"}"#).is_err());
    assert!(say("cancel by status", Some(1), r#"{"status":"PAID"}"#).is_err());
}

fn say(name: &str, number: Option<u64>, body: &str) -> Result<Said<Order>, Malformed> {
    let sayings = Order::vocabulary().into_sayings();
    sayings.iter().find(|saying| saying.name == name).unwrap().parse(number, body.as_bytes())
}

fn place(car: u64, quantity: u32) -> Command {
    Place { car: Id::new(car), quantity: Quantity(quantity) }
}

fn rent() -> Rent {
    Rent { car: Id::new(1), quantity: Quantity(1) }
}

fn placed() -> Event {
    Placed { rent: rent(), amount: Money(50_000) }
}

fn paid() -> Event {
    Paid { rent: rent() }
}
