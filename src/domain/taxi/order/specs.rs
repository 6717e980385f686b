//! Specifications of the order.

use super::{Command::*, Event::*, *};
use crate::domain::kernel::spec::{Spec, table};

#[test]
fn every_command_is_answered_in_every_state() {
    let leaving = || [called(), paid(), cancelled(Stage::Paid, None)];
    let after = |events: &[Event]| [&leaving(), events].concat();
    let pasts = [
        ("Blank", vec![]),
        ("Requested", vec![called()]),
        ("Paid", vec![called(), paid()]),
        ("Confirmed", vec![called(), paid(), confirmed()]),
        ("Completed", vec![called(), paid(), confirmed(), completed()]),
        ("Cancelled-unpaid", vec![called(), cancelled(Stage::Requested, None)]),
        ("Cancelling", after(&[])),
        ("Refunded", after(&[refunded()])),
        ("Released", after(&[Released])),
        ("Cancelled", after(&[refunded(), Undone])),
        ("Rejected", vec![called(), rejected()]),
    ];
    let [same, other] = [TAXI, 4].map(|taxi| Confirm { taxi: Some(Id::new(taxi)) });
    let reject = Reject { how: FailureKind::Unpaid, reason: reason() };
    table::<Order>(&pasts, &[call(jung()), Pay, reject, same, other], OF_CALLING);
    let call_off = CallOff { reason: reason() };
    let ending = [Cancel, call_off, Complete, FinishCancelling, Close, RecordRefund];
    table::<Order>(&pasts, &ending, OF_ENDING);
}

/// The first confirmation is of the taxi that comes, the second of another.
const OF_CALLING: &str = "
past      Call           Pay          Reject       Confirm      Confirm
Blank     Called         !Unknown     !Unknown     !Unknown     !Unknown
Requested !AlreadyCalled Paid         Rejected     !NotPaid     !NotPaid
Paid      !AlreadyCalled -            !IsPaid      Confirmed    Confirmed
Confirmed !AlreadyCalled -            !IsPaid      -            !IsConfirmed
Completed !AlreadyCalled !IsCompleted !IsCompleted !IsCompleted !IsCompleted
Rejected  !AlreadyCalled !WasRejected -            !WasRejected !WasRejected
others    !AlreadyCalled !IsCancelled !IsCancelled !IsCancelled !IsCancelled
";

/// `FinishCancelling` is of the ride saga, `Close` and `RecordRefund` are of the billing saga.
const OF_ENDING: &str = "
past                      Cancel       CallOff      Complete      FinishCancelling Close          RecordRefund
Blank                     !Unknown     !Unknown     !Unknown      !Unknown         !Unknown       !Unknown
Requested                 Cancelled    !NotPaid     !NotPaid      !NotCancelling   !NotCancelling !NotCancelling
Paid                      Cancelled    Cancelled    !NotConfirmed !NotCancelling   !NotCancelling !NotCancelling
Confirmed                 Cancelled    Cancelled    Completed     !NotCancelling   !NotCancelling !NotCancelling
Completed                 !IsCompleted !IsCompleted -             !IsCompleted     !IsCompleted   !IsCompleted
Cancelled-unpaid|Released -            -            !IsCancelled  -                Undone         Refunded+Undone
Cancelling                -            -            !IsCancelled  Released         !IsPaid        Refunded
Refunded                  -            -            !IsCancelled  Undone           !IsPaid        -
Cancelled                 -            -            !IsCancelled  -                -              -
Rejected                  !WasRejected !WasRejected !WasRejected  !WasRejected     !WasRejected   !WasRejected
";

#[test]
fn a_call_costs_the_fare_of_its_grade() {
    Order::given([]).when(call(jung())).then([called()]);
}

#[test]
fn a_call_may_have_no_name_and_a_blank_one_is_rejected() {
    let nameless = Order::read_new("call", r#"{"status":"ok","orderType":"prime"}"#).unwrap();
    let fare = Settings::default().fare(Grade::Prime);
    let (customer, card_no) = (Customer::default(), CardNumber::default());
    Order::given([]).when(nameless).then([Called { grade: Grade::Prime, customer, card_no, fare }]);
    assert!(Order::read_new("call", r#"{"orderType":"prime","name":""}"#).is_err());
    let blank = Customer { name: " ".into(), phone: "1".into() };
    Order::given([]).when(call(blank)).rejected(Rejection::BadName);
}

#[test]
fn an_order_records_its_outcome_with_the_customer() {
    let reject = Reject { how: FailureKind::Unpaid, reason: reason() };
    Order::given([called()]).when(reject).then([rejected()]);
    Order::given([called(), paid(), confirmed()]).when(Complete).then([completed()]);
    let leaving = [called(), paid(), cancelled(Stage::Paid, None)];
    Order::given(leaving).when(RecordRefund).then([refunded()]);
}

#[test]
fn a_cancellation_records_the_stage_of_the_order() {
    let taxi = Some(Id::new(TAXI));
    Order::given([called()]).when(Cancel).then([cancelled(Stage::Requested, None)]);
    Order::given([called(), paid()]).when(Cancel).then([cancelled(Stage::Paid, None)]);
    let past = [called(), paid(), confirmed()];
    Order::given(past.clone()).when(Cancel).then([cancelled(Stage::Confirmed { taxi }, None)]);
    let by_company = cancelled(Stage::Confirmed { taxi }, Some(reason()));
    Order::given(past).when(CallOff { reason: reason() }).then([by_company]);
}

#[test]
fn a_dispatcher_and_a_driver_may_end_a_ride() {
    assert_eq!(Order::issuer(&Complete), Issuer::Staff(&["dispatcher", "driver"]));
}

#[test]
fn requests_of_the_original_clients_are_parsed() {
    let call = |body| Order::read_new("call", body);
    assert!(call(r#"{"orderType":"basic","name":"Jung","id":9,"status":"x"}"#).is_ok());
    assert!(call(r#"{"orderType":"gold","name":"Jung"}"#).is_err());
    assert!(call(r#"{"orderType":"basic","name":"Jung","x":1}"#).is_err());
    let set = |status| {
        Order::read("cancel or complete by status", &format!(r#"{{"status":"{status}"}}"#))
    };
    assert_eq!(set("Canceled"), Ok(Cancel));
    assert_eq!(set("completed"), Ok(Complete));
    assert!(set("paid").is_err());
}

const TAXI: u64 = 3;

fn reason() -> String {
    "no money".to_owned()
}

fn jung() -> Customer {
    Customer { name: "Jung".into(), phone: "1".into() }
}

fn call(customer: Customer) -> Command {
    Call { grade: Grade::Prime, customer, card_no: "2".into() }
}

fn called() -> Event {
    Called { grade: Grade::Prime, customer: jung(), card_no: "2".into(), fare: Money(5_000) }
}

fn paid() -> Event {
    Paid { customer: jung(), grade: Grade::Prime }
}

fn confirmed() -> Event {
    Confirmed { customer: jung(), taxi: Some(Id::new(TAXI)) }
}

fn completed() -> Event {
    Completed { customer: jung(), taxi: Some(Id::new(TAXI)) }
}

fn cancelled(was: Stage, reason: Option<String>) -> Event {
    Cancelled { customer: jung(), was, reason }
}

fn rejected() -> Event {
    Rejected { customer: jung(), how: FailureKind::Unpaid, reason: reason() }
}

fn refunded() -> Event {
    Refunded { customer: jung(), amount: Money(5_000) }
}
