//! Specifications of the order.

use super::{
    Command::{
        Call, CallOff, Cancel, Close, Complete, Confirm, FinishCancelling, Pay, RecordRefund,
        Reject,
    },
    Customer,
    Event::{
        self, Called, Cancelled, Completed, Confirmed, Paid, Refunded, Rejected, Released, Undone,
    },
    Grade, Order, Rejection, Stage,
};
use crate::domain::{
    kernel::{
        Aggregate, CardNumber, FailureKind, Id, Issuer, Malformed, Money, ParsedCommand, Target,
        Text,
        spec::{Spec, table},
    },
    taxi::settings::Settings,
};

#[test]
fn every_command_is_answered_in_every_state() {
    let (how, reason) = (FailureKind::Unpaid, "no money".to_owned());
    let confirmed = Confirmed { customer: jung(), taxi: Some(Id::new(3)) };
    let completed = Completed { customer: jung(), taxi: Some(Id::new(3)) };
    let cancelled = |was| Cancelled { customer: jung(), was, reason: None };
    let rejected = Rejected { customer: jung(), how, reason: reason.clone() };
    let leaving = vec![called(), paid(), cancelled(Stage::Paid)];
    let after = |event: &Event| [leaving.clone(), vec![event.clone()]].concat();
    let pasts = [
        ("Blank", vec![]),
        ("Requested", vec![called()]),
        ("Paid", vec![called(), paid()]),
        ("Confirmed", vec![called(), paid(), confirmed.clone()]),
        ("Completed", vec![called(), paid(), confirmed, completed]),
        ("Cancelled-unpaid", vec![called(), cancelled(Stage::Requested)]),
        ("Cancelling", leaving.clone()),
        ("Refunded", after(&refunded())),
        ("Released", after(&Released)),
        ("Cancelled", [after(&refunded()), vec![Undone]].concat()),
        ("Rejected", vec![called(), rejected]),
    ];
    let call = Call { grade: Grade::Prime, customer: jung(), card_no: "2".into() };
    let [same, other] = [3, 4].map(|taxi| Confirm { taxi: Some(Id::new(taxi)) });
    let reject = Reject { how, reason: reason.clone() };
    table::<Order>(&pasts, &[call, Pay, reject, same, other], OF_CALLING);
    table::<Order>(&pasts, &[Cancel, CallOff { reason }, Complete], OF_ENDING);
    table::<Order>(&pasts, &[FinishCancelling, Close, RecordRefund], OF_UNDOING);
}

/// The first confirmation is of the taxi that comes, the second of another.
const OF_CALLING: &str = "
past             Call           Pay          Reject       Confirm      Confirm
Blank            Called         !Unknown     !Unknown     !Unknown     !Unknown
Requested        !AlreadyCalled Paid         Rejected     !NotPaid     !NotPaid
Paid             !AlreadyCalled -            !IsPaid      Confirmed    Confirmed
Confirmed        !AlreadyCalled -            !IsPaid      -            !IsConfirmed
Completed        !AlreadyCalled !IsCompleted !IsCompleted !IsCompleted !IsCompleted
Cancelled-unpaid !AlreadyCalled !IsCancelled !IsCancelled !IsCancelled !IsCancelled
Cancelling       !AlreadyCalled !IsCancelled !IsCancelled !IsCancelled !IsCancelled
Refunded         !AlreadyCalled !IsCancelled !IsCancelled !IsCancelled !IsCancelled
Released         !AlreadyCalled !IsCancelled !IsCancelled !IsCancelled !IsCancelled
Cancelled        !AlreadyCalled !IsCancelled !IsCancelled !IsCancelled !IsCancelled
Rejected         !AlreadyCalled !WasRejected -            !WasRejected !WasRejected
";

const OF_ENDING: &str = "
past             Cancel       CallOff      Complete
Blank            !Unknown     !Unknown     !Unknown
Requested        Cancelled    !NotPaid     !NotPaid
Paid             Cancelled    Cancelled    !NotConfirmed
Confirmed        Cancelled    Cancelled    Completed
Completed        !IsCompleted !IsCompleted -
Cancelled-unpaid -            -            !IsCancelled
Cancelling       -            -            !IsCancelled
Refunded         -            -            !IsCancelled
Released         -            -            !IsCancelled
Cancelled        -            -            !IsCancelled
Rejected         !WasRejected !WasRejected !WasRejected
";

/// The first command is of the ride saga, the others are of the billing saga.
const OF_UNDOING: &str = "
past             FinishCancelling Close          RecordRefund
Blank            !Unknown         !Unknown       !Unknown
Requested        !NotCancelling   !NotCancelling !NotCancelling
Paid             !NotCancelling   !NotCancelling !NotCancelling
Confirmed        !NotCancelling   !NotCancelling !NotCancelling
Completed        !IsCompleted     !IsCompleted   !IsCompleted
Cancelled-unpaid -                Undone         Refunded+Undone
Cancelling       Released         !IsPaid        Refunded
Refunded         Undone           !IsPaid        -
Released         -                Undone         Refunded+Undone
Cancelled        -                -              -
Rejected         !WasRejected     !WasRejected   !WasRejected
";

#[test]
fn a_call_costs_the_fare_of_its_grade() {
    let call = Call { grade: Grade::Prime, customer: jung(), card_no: "2".into() };
    Order::given([]).when(call).then([called()]);
}

#[test]
fn a_call_may_have_no_name_and_a_blank_one_is_rejected() {
    let parsed = parse("call", None, r#"{"status":"ok","orderType":"prime"}"#).unwrap();
    let Call { customer, .. } = &parsed.command else { panic!("{parsed:?}") };
    assert_eq!(customer.name, Text::default());
    assert!(parse("call", None, r#"{"orderType":"prime","name":""}"#).is_err());
    let nameless = customer.clone();
    let fare = Settings::default().fare(Grade::Prime);
    let called =
        Called { grade: Grade::Prime, customer: nameless, card_no: CardNumber::default(), fare };
    Order::given([]).when(parsed.command).then([called]);
    let customer = Customer { name: " ".into(), phone: "1".into() };
    let call = Call { grade: Grade::Prime, customer, card_no: "2".into() };
    Order::given([]).when(call).rejected(Rejection::BadName);
}

#[test]
fn an_unpaid_order_is_not_confirmed() {
    Order::given([called()]).when(Confirm { taxi: None }).rejected(Rejection::NotPaid);
}

#[test]
fn an_order_is_cancelled_before_and_after_it_is_confirmed() {
    let taxi = Some(Id::new(3));
    let cancelled = |was| Cancelled { customer: jung(), was, reason: None };
    Order::given([called()]).when(Cancel).then([cancelled(Stage::Requested)]);
    Order::given([called(), paid()]).when(Cancel).then([cancelled(Stage::Paid)]);
    Order::given([called(), paid(), Confirmed { customer: jung(), taxi }])
        .when(Cancel)
        .then([cancelled(Stage::Confirmed { taxi })]);
}

#[test]
fn a_ride_that_is_over_cannot_be_cancelled() {
    let taxi = Some(Id::new(3));
    let confirmed = Confirmed { customer: jung(), taxi };
    let completed = Completed { customer: jung(), taxi };
    let past = || [called(), paid(), confirmed.clone()];
    Order::given(past()).when(Complete).then([completed.clone()]);
    let past = [called(), paid(), confirmed, completed];
    Order::given(past).when(Cancel).rejected(Rejection::IsCompleted);
}

#[test]
fn cancelling_twice_changes_nothing() {
    let cancelled = Cancelled { customer: jung(), was: Stage::Paid, reason: None };
    let past = || [called(), paid(), cancelled.clone()];
    Order::given(past()).when(Cancel).then([]);
    Order::given(past()).when(CallOff { reason: "late".into() }).then([]);
    Order::given(past()).when(FinishCancelling).then([Released]);
    Order::given(past()).when(Pay).rejected(Rejection::IsCancelled);
}

#[test]
fn a_dispatcher_and_a_driver_may_end_a_ride() {
    let staff = Issuer::Staff(&["dispatcher", "driver"]);
    assert_eq!(Order::issuer(&Complete), staff);
}

#[test]
fn a_rejected_order_is_not_cancelled() {
    let (how, reason) = (FailureKind::Unpaid, "no money".to_owned());
    let rejected = Rejected { customer: jung(), how, reason: reason.clone() };
    Order::given([called()]).when(Reject { how, reason }).then([rejected.clone()]);
    Order::given([called(), rejected]).when(Cancel).rejected(Rejection::WasRejected);
}

#[test]
fn an_unknown_order_cannot_be_cancelled() {
    Order::given([]).when(Cancel).rejected(Rejection::Unknown);
}

#[test]
fn requests_of_the_original_clients_are_parsed() {
    let parsed = parse("call", None, r#"{"orderType":"basic","name":"Jung","id":9,"status":"x"}"#);
    assert_eq!(parsed.unwrap().target, Target::New);
    let parsed =
        parse("cancel or complete by status", Some(1), r#"{"status":"Canceled"}"#).unwrap();
    assert_eq!(parsed, ParsedCommand { target: Target::Existing(1), command: Cancel });
    let parsed = parse("cancel or complete by status", Some(1), r#"{"status":"completed"}"#);
    assert_eq!(parsed.unwrap().command, Complete);
    assert!(parse("call", None, r#"{"orderType":"gold","name":"Jung"}"#).is_err());
    assert!(parse("call", None, r#"{"orderType":"basic","name":"Jung","x":1}"#).is_err());
    assert!(parse("cancel or complete by status", Some(1), r#"{"status":"paid"}"#).is_err());
}

fn parse(name: &str, number: Option<u64>, body: &str) -> Result<ParsedCommand<Order>, Malformed> {
    let command_routes = Order::command_routes().into_routes();
    command_routes
        .iter()
        .find(|command_route| command_route.name == name)
        .unwrap()
        .parse(number, body.as_bytes())
}

fn jung() -> Customer {
    Customer { name: "Jung".into(), phone: "1".into() }
}

fn called() -> Event {
    Called { grade: Grade::Prime, customer: jung(), card_no: "2".into(), fare: Money(5_000) }
}

fn paid() -> Event {
    Paid { customer: jung(), grade: Grade::Prime }
}

fn refunded() -> Event {
    Refunded { customer: jung(), amount: Money(5_000) }
}
