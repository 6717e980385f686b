//! Specifications of the order.

use super::{
    Command::{Call, CallOff, Cancel, Confirm, FinishCancelling, Pay, Reject},
    Customer,
    Event::{self, Called, Cancelled, Confirmed, Paid, Rejected, Undone},
    Grade, Order, Rejection, Stage,
};
use crate::domain::kernel::{
    Aggregate, Fall, Id, Malformed, Money, Said, Target,
    spec::{Spec, table},
};

#[test]
fn an_order_goes_its_way_and_no_other() {
    let (how, because) = (Fall::Unpaid, "no money".to_owned());
    let confirmed = Confirmed { customer: jung(), taxi: Some(Id::new(3)) };
    let cancelled = |was| Cancelled { customer: jung(), was, because: None };
    let rejected = Rejected { customer: jung(), how, because: because.clone() };
    let leaving = vec![called(), paid(), cancelled(Stage::Paid)];
    let pasts = [
        ("Blank", vec![]),
        ("Requested", vec![called()]),
        ("Paid", vec![called(), paid()]),
        ("Confirmed", vec![called(), paid(), confirmed]),
        ("Cancelled-unpaid", vec![called(), cancelled(Stage::Requested)]),
        ("Cancelling", leaving.clone()),
        ("Cancelled", [leaving, vec![Undone]].concat()),
        ("Rejected", vec![called(), rejected]),
    ];
    let call = Call { grade: Grade::Prime, customer: jung(), card_no: "2".into() };
    let [same, other] = [3, 4].map(|taxi| Confirm { taxi: Some(Id::new(taxi)) });
    let reject = Reject { how, because: because.clone() };
    table::<Order>(&pasts, &[call, Pay, reject, same, other], OF_CALLING);
    table::<Order>(&pasts, &[Cancel, CallOff { because }, FinishCancelling], OF_CANCELLING);
}

/// The first confirmation is of the taxi that comes, the second of another.
const OF_CALLING: &str = "
past             Call           Pay          Reject       Confirm      Confirm
Blank            Called         !Unknown     !Unknown     !Unknown     !Unknown
Requested        !AlreadyCalled Paid         Rejected     !NotPaid     !NotPaid
Paid             !AlreadyCalled -            !IsPaid      Confirmed    Confirmed
Confirmed        !AlreadyCalled -            !IsPaid      -            !IsConfirmed
Cancelled-unpaid !AlreadyCalled !IsCancelled !IsCancelled !IsCancelled !IsCancelled
Cancelling       !AlreadyCalled !IsCancelled !IsCancelled !IsCancelled !IsCancelled
Cancelled        !AlreadyCalled !IsCancelled !IsCancelled !IsCancelled !IsCancelled
Rejected         !AlreadyCalled !WasRejected -            !WasRejected !WasRejected
";

const OF_CANCELLING: &str = "
past             Cancel       CallOff      FinishCancelling
Blank            !Unknown     !Unknown     !Unknown
Requested        Cancelled    !NotPaid     !NotCancelling
Paid             Cancelled    Cancelled    !NotCancelling
Confirmed        Cancelled    Cancelled    !NotCancelling
Cancelled-unpaid -            -            Undone
Cancelling       -            -            Undone
Cancelled        -            -            -
Rejected         !WasRejected !WasRejected !WasRejected
";

#[test]
fn a_call_costs_the_fare_of_its_grade() {
    let call = Call { grade: Grade::Prime, customer: jung(), card_no: "2".into() };
    Order::given([]).when(call).then([called()]);
}

#[test]
fn nobody_without_a_name_is_fetched() {
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
    let cancelled = |was| Cancelled { customer: jung(), was, because: None };
    Order::given([called()]).when(Cancel).then([cancelled(Stage::Requested)]);
    Order::given([called(), paid()]).when(Cancel).then([cancelled(Stage::Paid)]);
    Order::given([called(), paid(), Confirmed { customer: jung(), taxi }])
        .when(Cancel)
        .then([cancelled(Stage::Confirmed { taxi })]);
}

#[test]
fn cancelling_twice_changes_nothing() {
    let cancelled = Cancelled { customer: jung(), was: Stage::Paid, because: None };
    let past = || [called(), paid(), cancelled.clone()];
    Order::given(past()).when(Cancel).then([]);
    Order::given(past()).when(CallOff { because: "late".into() }).then([]);
    Order::given(past()).when(FinishCancelling).then([Undone]);
    Order::given(past()).when(Pay).rejected(Rejection::IsCancelled);
}

#[test]
fn a_rejected_order_is_not_cancelled() {
    let (how, because) = (Fall::Unpaid, "no money".to_owned());
    let rejected = Rejected { customer: jung(), how, because: because.clone() };
    Order::given([called()]).when(Reject { how, because }).then([rejected.clone()]);
    Order::given([called(), rejected]).when(Cancel).rejected(Rejection::WasRejected);
}

#[test]
fn nobody_cancels_what_was_never_called() {
    Order::given([]).when(Cancel).rejected(Rejection::Unknown);
}

#[test]
fn clients_of_the_original_are_understood() {
    let said = say("call", None, r#"{"orderType":"basic","name":"Jung","id":9,"status":"x"}"#);
    assert_eq!(said.unwrap().target, Target::New);
    let said = say("cancel by status", Some(1), r#"{"status":"Canceled"}"#).unwrap();
    assert_eq!(said, Said { target: Target::Existing(1), command: Cancel });
    assert!(say("call", None, r#"{"orderType":"gold","name":"Jung"}"#).is_err());
    assert!(say("call", None, r#"{"orderType":"basic","name":"Jung","x":1}"#).is_err());
    assert!(say("cancel by status", Some(1), r#"{"status":"paid"}"#).is_err());
}

fn say(name: &str, number: Option<u64>, body: &str) -> Result<Said<Order>, Malformed> {
    let sayings = Order::vocabulary().into_sayings();
    sayings.iter().find(|saying| saying.name == name).unwrap().parse(number, body.as_bytes())
}

fn jung() -> Customer {
    Customer { name: "Jung".into(), phone: "1".into() }
}

fn called() -> Event {
    Called { grade: Grade::Prime, customer: jung(), card_no: "2".into(), fare: Money(5_000) }
}

fn paid() -> Event {
    Paid { customer: jung() }
}
