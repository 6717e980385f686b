//! The specification of orders: each command in each state, and what is refused.

use super::{Command::*, Event::*, *};
use madang::domain::kernel::spec::{Spec, table};

#[test]
fn every_command_is_decided_in_every_state() {
    let how = FailureKind::Unpaid;
    let rejected = || Rejected { how, reason: "no money".into() };
    table::<Order>(
        &[
            ("unknown", vec![]),
            ("requested", vec![placed()]),
            ("paid", vec![placed(), Paid]),
            ("handed-over", vec![placed(), Paid, HandedOver]),
            ("cancelling", vec![placed(), Paid, Cancelled]),
            ("cancelled", vec![placed(), Paid, Cancelled, Closed]),
            ("rejected", vec![placed(), rejected()]),
        ],
        &[place("Kim", 2), Cancel, HandOver, Pay, Reject { how, reason: "no money".into() }, Close],
        "
        past        Place          Cancel    HandOver   Pay      Reject   Close
        unknown     Placed         !Unknown  !Unknown   !Unknown !Unknown !Unknown
        requested   !AlreadyPlaced Cancelled !NotPaid   Paid     Rejected !NotPaid
        paid        !AlreadyPlaced Cancelled HandedOver -        !IsOver  !IsOver
        handed-over !AlreadyPlaced !IsOver   -          -        !IsOver  !IsOver
        cancelling  !AlreadyPlaced -         !IsOver    !IsOver  !IsOver  Closed
        cancelled   !AlreadyPlaced -         !IsOver    !IsOver  !IsOver  -
        rejected    !AlreadyPlaced !IsOver   !IsOver    !IsOver  -        -
        ",
    );
}

#[test]
fn every_piece_is_paid_for() {
    Order::given([]).when(place("Kim", 2)).then([placed()]);
    for quantity in [0, 1_000_000_000] {
        Order::given([]).when(place("Kim", quantity)).rejected(Rejection::BadQuantity);
    }
}

#[test]
fn a_customer_has_a_name() {
    Order::given([]).when(place("", 2)).rejected(Rejection::BadCustomer);
}

#[test]
fn an_order_is_placed_by_its_name_and_fields() {
    let body = r#"{"customer":"Kim","quantity":2}"#;
    assert_eq!(Order::read_new("place", body), Ok(place("Kim", 2)));
    assert!(Order::read_new("place", r#"{"customer":"Kim"}"#).is_err());
    assert_eq!(Order::read("hand-over", ""), Ok(HandOver));
}

#[test]
fn a_rejected_order_names_the_reason() {
    let how = FailureKind::Unpaid;
    let rejected = Order::after([placed(), Rejected { how, reason: "no money".into() }]);
    assert_eq!(rejected.progress(), Progress::Failed { how, reason: "no money".into() });
}

fn place(customer: &str, quantity: u32) -> Command {
    Place { customer: customer.into(), quantity: Quantity(quantity) }
}

fn placed() -> Event {
    Placed { customer: "Kim".into(), quantity: Quantity(2), amount: Money(8_000) }
}
