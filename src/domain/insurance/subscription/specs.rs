//! Specifications of the subscription.

use super::{Command::*, Event::*, *};
use crate::domain::kernel::spec::{Spec, table};

const PREMIUM: Money = Money(30_000);
const PRICED: Event = Priced { premium: PREMIUM };

#[test]
fn every_command_is_answered_in_every_state() {
    let pasts = [
        ("Blank", vec![]),
        ("Requested", vec![requested()]),
        ("Priced", vec![requested(), PRICED]),
        ("Applied", vec![requested(), PRICED, Applied]),
        ("UnderReview", vec![requested(), PRICED, Applied, ReviewBegan]),
        ("Contracted", vec![requested(), PRICED, Applied, ReviewBegan, Contracted]),
        ("Refused", vec![requested(), PRICED, Applied, ReviewBegan, Refused]),
        ("Cancelling", vec![requested(), PRICED, Applied, Cancelled]),
        ("Cancelled", vec![requested(), PRICED, Applied, Cancelled, Undone]),
        ("Rejected", vec![requested(), PRICED, rejected(FailureKind::Unpaid, "b")]),
    ];
    let reject = Reject { how: FailureKind::Unpaid, reason: "b".into() };
    let (price, quote) = (Price { premium: PREMIUM }, Quote { listed: None });
    table::<Subscription>(
        &pasts,
        &[apply("life"), AskQuote, price, quote, Accept, reject],
        "
        past                 Apply             AskQuote   Price    Quote    Accept       Reject
        Blank                Requested         !Unknown   !Unknown !Unknown !Unknown     !Unknown
        Requested            !AlreadyRequested QuoteAsked Priced   Priced   Applied      Rejected
        Priced               !AlreadyRequested -          -        -        Applied      Rejected
        Applied|UnderReview  !AlreadyRequested -          -        -        -            !IsPaid
        Contracted           !AlreadyRequested -          -        -        -            !IsContracted
        Refused              !AlreadyRequested -          -        -        -            !WasRefused
        Cancelling|Cancelled !AlreadyRequested -          -        -        !IsCancelled !IsCancelled
        Rejected             !AlreadyRequested -          -        -        !WasRejected -
        ",
    );
    table::<Subscription>(
        &pasts,
        &[Review, Contract, Refuse, Cancel, FinishCancelling],
        "
        past             Review       Contract        Refuse          Cancel        FinishCancelling
        Blank            !Unknown     !Unknown        !Unknown        !Unknown      !Unknown
        Requested|Priced !NotPaid     !NotPaid        !NotPaid        Cancelled     !NotCancelling
        Applied          ReviewBegan  !NotUnderReview !NotUnderReview Cancelled     !NotCancelling
        UnderReview      -            Contracted      Refused         Cancelled     !NotCancelling
        Contracted       -            -               !IsContracted   !IsContracted !IsContracted
        Refused          -            !WasRefused     -               !WasRefused   !WasRefused
        Cancelling       !IsCancelled !IsCancelled    !IsCancelled    -             Undone
        Cancelled        !IsCancelled !IsCancelled    !IsCancelled    -             -
        Rejected         !WasRejected !WasRejected    !WasRejected    !WasRejected  !WasRejected
        ",
    );
}

#[test]
fn an_application_needs_a_product_name_and_short_texts() {
    let long = "x".repeat(101);
    Subscription::given([]).when(apply("life")).then([requested()]);
    Subscription::given([]).when(apply(" ")).rejected(Rejection::BadName);
    Subscription::given([]).when(apply(&long)).rejected(Rejection::BadName);
    let customer = long.as_str().into();
    let apply = Apply { product_name: "life".into(), customer };
    Subscription::given([]).when(apply).rejected(Rejection::TooLong);
}

#[test]
fn an_application_costs_the_premium_in_force_if_the_product_is_for_sale() {
    let asked = || Subscription::given([requested(), QuoteAsked { product_name: "life".into() }]);
    let terms = |on_sale| Terms { product_name: "life".into(), premium: PREMIUM, on_sale };
    let refused = |reason| rejected(FailureKind::Refused, reason);
    let closed = Settings { open_catalogue: false, ..Settings::default() };
    asked().when(Quote { listed: Some(terms(true)) }).then([PRICED]);
    let withdrawn = refused("the product is withdrawn");
    asked().when(Quote { listed: Some(terms(false)) }).then([withdrawn]);
    asked().when(Quote { listed: None }).then([Priced { premium: Money(50_000) }]);
    let unknown = refused("there is no product of this name");
    asked().under(closed).when(Quote { listed: None }).then([unknown]);
    let cancelled = Subscription::given([requested(), Cancelled]);
    cancelled.when(Quote { listed: None }).rejected(Rejection::IsCancelled);
}

#[test]
fn a_premium_is_quoted_once() {
    let other = Price { premium: Money(1) };
    Subscription::given([requested(), PRICED]).when(other).rejected(Rejection::IsPriced);
}

#[test]
fn an_application_is_pending_until_it_is_paid_and_a_cancellation_until_the_refund() {
    let (how, reason) = (FailureKind::Unpaid, String::from("no money"));
    for (past, progress) in [
        (vec![requested()], Progress::Pending),
        (vec![requested(), Applied], Progress::Established),
        (vec![requested(), Applied, Cancelled], Progress::Pending),
        (vec![requested(), Applied, Cancelled, Undone], Progress::Established),
        (vec![requested(), rejected(how, &reason)], Progress::Failed { how, reason }),
    ] {
        assert_eq!(Subscription::after(past).progress(), progress);
    }
}

#[test]
fn requests_of_the_original_clients_are_parsed() {
    let apply = |body| Subscription::read_new("apply", body);
    let command = Apply { product_name: "Fisrtcancer".into(), customer: "".into() };
    let body = r#"{"subscriptionStatus":"created","productName":"Fisrtcancer"}"#;
    assert_eq!(apply(body), Ok(command));
    assert!(apply(r#"{"productName":"life","x":1}"#).is_err());
    assert!(apply(r#"{"subscriptionStatus":"created"}"#).is_err());
    let set = |status| {
        let body = format!(r#"{{"subscriptionStatus":"{status}","subscriptionId":1}}"#);
        Subscription::read("cancel by status", &body)
    };
    for status in ["reqCancel", "reqcancel", "cancelled"] {
        assert_eq!(set(status), Ok(Cancel));
    }
    assert!(set("applied").is_err());
}

fn apply(product: &str) -> Command {
    Apply { product_name: product.into(), customer: "Jung".into() }
}

fn requested() -> Event {
    Requested { product_name: "life".into(), customer: "Jung".into() }
}

fn rejected(how: FailureKind, reason: &str) -> Event {
    Rejected { how, reason: reason.into() }
}
