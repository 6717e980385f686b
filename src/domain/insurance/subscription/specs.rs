//! Specifications of the subscription aggregate.

use super::{
    Command::{
        self, Accept, Apply, AskQuote, Cancel, Contract, FinishCancelling, Price, Quote, Refuse,
        Reject, Review,
    },
    Event::{
        self, Applied, Cancelled, Contracted, Priced, QuoteAsked, Refused, Rejected, Requested,
        ReviewBegan, Undone,
    },
    Rejection, Subscription,
};
use crate::domain::insurance::{product::Terms, settings::Settings};
use crate::domain::kernel::{
    Aggregate, FailureKind, Malformed, Money, ParsedCommand, Progress, Target,
    spec::{Spec, table},
};

const PREMIUM: Money = Money(30_000);
const PRICED: Event = Priced { premium: PREMIUM };

/// Every state against the commands that establish or reject a subscription.
const OF_APPLYING: &str = "
past         Apply             Price    Accept       Reject
blank        Requested         !Unknown !Unknown     !Unknown
requested    !AlreadyRequested Priced   Applied      Rejected
priced       !AlreadyRequested -        Applied      Rejected
applied      !AlreadyRequested -        -            !IsPaid
under-review !AlreadyRequested -        -            !IsPaid
contracted   !AlreadyRequested -        -            !IsContracted
refused      !AlreadyRequested -        -            !WasRefused
cancelling   !AlreadyRequested -        !IsCancelled !IsCancelled
cancelled    !AlreadyRequested -        !IsCancelled !IsCancelled
rejected     !AlreadyRequested -        !WasRejected -
";

/// Every state against the commands that decide or cancel a subscription.
const AFTERWARDS: &str = "
past         Review       Contract        Refuse          Cancel        FinishCancelling
blank        !Unknown     !Unknown        !Unknown        !Unknown      !Unknown
requested    !NotPaid     !NotPaid        !NotPaid        Cancelled     !NotCancelling
priced       !NotPaid     !NotPaid        !NotPaid        Cancelled     !NotCancelling
applied      ReviewBegan  !NotUnderReview !NotUnderReview Cancelled     !NotCancelling
under-review -            Contracted      Refused         Cancelled     !NotCancelling
contracted   -            -               !IsContracted   !IsContracted !IsContracted
refused      -            !WasRefused     -               !WasRefused   !WasRefused
cancelling   !IsCancelled !IsCancelled    !IsCancelled    -             Undone
cancelled    !IsCancelled !IsCancelled    !IsCancelled    -             -
rejected     !WasRejected !WasRejected    !WasRejected    !WasRejected  !WasRejected
";

/// Every state against the commands that ask for the premium and tell it.
const OF_QUOTING: &str = "
past         AskQuote     Quote
blank        !Unknown     !Unknown
requested    QuoteAsked   Priced
priced       -            -
applied      -            -
under-review -            -
contracted   -            -
refused      -            -
cancelling   -            -
cancelled    -            -
rejected     -            -
";

#[test]
fn every_command_is_answered_in_every_state() {
    let reject = Reject { how: FailureKind::Unpaid, reason: "b".into() };
    let rejected = Rejected { how: FailureKind::Unpaid, reason: "b".into() };
    let pasts = [
        ("blank", vec![]),
        ("requested", vec![requested()]),
        ("priced", vec![requested(), PRICED]),
        ("applied", vec![requested(), PRICED, Applied]),
        ("under-review", vec![requested(), PRICED, Applied, ReviewBegan]),
        ("contracted", vec![requested(), PRICED, Applied, ReviewBegan, Contracted]),
        ("refused", vec![requested(), PRICED, Applied, ReviewBegan, Refused]),
        ("cancelling", vec![requested(), PRICED, Applied, Cancelled]),
        ("cancelled", vec![requested(), PRICED, Applied, Cancelled, Undone]),
        ("rejected", vec![requested(), PRICED, rejected]),
    ];
    let price = Price { premium: PREMIUM };
    table::<Subscription>(&pasts, &[apply("life"), price, Accept, reject], OF_APPLYING);
    let afterwards = [Review, Contract, Refuse, Cancel, FinishCancelling];
    table::<Subscription>(&pasts, &afterwards, AFTERWARDS);
    table::<Subscription>(&pasts, &[AskQuote, Quote { listed: None }], OF_QUOTING);
}

#[test]
fn an_application_needs_a_product_name_and_short_texts() {
    Subscription::given([]).when(apply("life")).then([requested()]);
    Subscription::given([]).when(apply(" ")).rejected(Rejection::BadName);
    Subscription::given([]).when(apply(&"x".repeat(101))).rejected(Rejection::BadName);
    let customer = "x".repeat(101).as_str().into();
    let long = Apply { product_name: "life".into(), customer };
    Subscription::given([]).when(long).rejected(Rejection::TooLong);
}

#[test]
fn an_application_costs_the_premium_in_force_if_the_product_is_for_sale() {
    let asked = || Subscription::given([requested(), QuoteAsked { product_name: "life".into() }]);
    let terms = |on_sale| Terms { product_name: "life".into(), premium: PREMIUM, on_sale };
    let rejected = |reason: &str| Rejected { how: FailureKind::Refused, reason: reason.into() };
    let closed = Settings { open_catalogue: false, ..Settings::default() };
    asked().when(Quote { listed: Some(terms(true)) }).then([PRICED]);
    let withdrawn = rejected("the product is withdrawn");
    asked().when(Quote { listed: Some(terms(false)) }).then([withdrawn]);
    asked().when(Quote { listed: None }).then([Priced { premium: Money(50_000) }]);
    let unknown = rejected("there is no product of this name");
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
    let progress_after = |past: &[Event]| {
        past.iter().cloned().fold(Subscription::default(), Subscription::evolve).progress()
    };
    assert_eq!(progress_after(&[requested()]), Progress::Pending);
    assert_eq!(progress_after(&[requested(), Applied]), Progress::Established);
    assert_eq!(progress_after(&[requested(), Applied, Cancelled]), Progress::Pending);
    assert_eq!(progress_after(&[requested(), Applied, Cancelled, Undone]), Progress::Established);
    let (how, reason) = (FailureKind::Unpaid, String::from("no money"));
    let rejected = Rejected { how, reason: reason.clone() };
    assert_eq!(progress_after(&[requested(), rejected]), Progress::Failed { how, reason });
}

#[test]
fn requests_of_the_original_clients_are_parsed() {
    let body = r#"{"subscriptionStatus":"created","productName":"Fisrtcancer"}"#;
    let (product_name, customer) = ("Fisrtcancer".into(), "".into());
    let command = Apply { product_name, customer };
    assert_eq!(parse("apply", None, body), Ok(ParsedCommand { target: Target::New, command }));
    let cancelled = Ok(ParsedCommand { target: Target::Existing(1), command: Cancel });
    for status in ["reqCancel", "reqcancel", "cancelled"] {
        let body = format!(r#"{{"subscriptionStatus":"{status}","subscriptionId":1}}"#);
        assert_eq!(parse("cancel by status", Some(1), &body), cancelled);
    }
    assert!(parse("cancel by status", Some(1), r#"{"subscriptionStatus":"applied"}"#).is_err());
    assert!(parse("apply", None, r#"{"productName":"life","x":1}"#).is_err());
    assert!(parse("apply", None, r#"{"subscriptionStatus":"created"}"#).is_err());
}

fn parse(
    name: &str,
    number: Option<u64>,
    body: &str,
) -> Result<ParsedCommand<Subscription>, Malformed> {
    let command_routes = Subscription::command_routes().into_routes();
    command_routes
        .iter()
        .find(|command_route| command_route.name == name)
        .unwrap()
        .parse(number, body.as_bytes())
}

fn apply(product: &str) -> Command {
    Apply { product_name: product.into(), customer: "Jung".into() }
}

fn requested() -> Event {
    Requested { product_name: "life".into(), customer: "Jung".into() }
}
