//! What is promised of a subscription.

use super::{
    Command::{
        self, Accept, Apply, Cancel, Contract, FinishCancelling, Price, Refuse, Reject, Review,
    },
    Event::{
        self, Applied, Cancelled, Contracted, Priced, Refused, Rejected, Requested, ReviewBegan,
        Undone,
    },
    Rejection, Subscription,
};
use crate::domain::kernel::{
    Aggregate, Fall, Malformed, Money, Said, Standing, Target,
    spec::{Spec, table_of_states},
};

const PREMIUM: Money = Money(30_000);
const PRICED: Event = Priced { premium: PREMIUM };

/// Every state against every command.
const PROMISED: &str = "
blank
  Apply -> Requested
  Unknown: Cancel, Price, Accept, Review, Contract, Refuse, Reject, FinishCancelling
requested
  Cancel -> Cancelled, Price -> Priced, Accept -> Applied, Reject -> Rejected
  AlreadyRequested: Apply
  NotPaid: Review, Contract, Refuse
  NotCancelling: FinishCancelling
priced
  Cancel -> Cancelled, Accept -> Applied, Reject -> Rejected
  = Price
  AlreadyRequested: Apply
  NotPaid: Review, Contract, Refuse
  NotCancelling: FinishCancelling
applied
  Cancel -> Cancelled, Review -> ReviewBegan
  = Price, Accept
  AlreadyRequested: Apply
  NotUnderReview: Contract, Refuse
  IsPaid: Reject
  NotCancelling: FinishCancelling
under review
  Cancel -> Cancelled, Contract -> Contracted, Refuse -> Refused
  = Price, Accept, Review
  AlreadyRequested: Apply
  IsPaid: Reject
  NotCancelling: FinishCancelling
contracted
  = Price, Accept, Review, Contract
  AlreadyRequested: Apply
  IsContracted: Cancel, Refuse, Reject, FinishCancelling
refused
  = Price, Accept, Review, Refuse
  AlreadyRequested: Apply
  WasRefused: Cancel, Contract, Reject, FinishCancelling
cancelling
  FinishCancelling -> Undone
  = Cancel, Price
  AlreadyRequested: Apply
  IsCancelled: Accept, Review, Contract, Refuse, Reject
cancelled
  = Cancel, Price, FinishCancelling
  AlreadyRequested: Apply
  IsCancelled: Accept, Review, Contract, Refuse, Reject
rejected
  = Price, Reject
  AlreadyRequested: Apply
  WasRejected: Cancel, Accept, Review, Contract, Refuse, FinishCancelling
";

#[test]
fn every_command_is_answered_in_every_state() {
    let reject = || Reject { how: Fall::Unpaid, because: "b".into() };
    let rejected = Rejected { how: Fall::Unpaid, because: "b".into() };
    let commands = [
        apply("life"),
        Cancel,
        Price { premium: PREMIUM },
        Accept,
        Review,
        Contract,
        Refuse,
        reject(),
        FinishCancelling,
    ];
    let states = table_of_states::<Subscription>(
        &[
            ("blank", &[]),
            ("requested", &[requested()]),
            ("priced", &[requested(), PRICED]),
            ("applied", &[requested(), PRICED, Applied]),
            ("under review", &[requested(), PRICED, Applied, ReviewBegan]),
            ("contracted", &[requested(), PRICED, Applied, ReviewBegan, Contracted]),
            ("refused", &[requested(), PRICED, Applied, ReviewBegan, Refused]),
            ("cancelling", &[requested(), PRICED, Applied, Cancelled]),
            ("cancelled", &[requested(), PRICED, Applied, Cancelled, Undone]),
            ("rejected", &[requested(), PRICED, rejected]),
        ],
        &commands,
    );
    assert_eq!(states, PROMISED.trim(), "{states}");
}

#[test]
fn what_is_applied_for_has_a_name() {
    Subscription::given([]).when(apply("life")).then([requested()]);
    Subscription::given([]).when(apply(" ")).rejected(Rejection::BadName);
    Subscription::given([]).when(apply(&"x".repeat(101))).rejected(Rejection::BadName);
    let customer = "x".repeat(101).as_str().into();
    let long = Apply { product_name: "life".into(), customer };
    Subscription::given([]).when(long).rejected(Rejection::TooLong);
}

#[test]
fn a_premium_is_quoted_once() {
    let other = Price { premium: Money(1) };
    Subscription::given([requested(), PRICED]).when(other).rejected(Rejection::IsPriced);
}

#[test]
fn whoever_applies_waits_for_the_payment_and_whoever_cancels_for_the_refund() {
    let standing = |past: &[Event]| {
        past.iter().cloned().fold(Subscription::default(), Subscription::evolve).standing()
    };
    assert_eq!(standing(&[requested()]), Standing::Pending);
    assert_eq!(standing(&[requested(), Applied]), Standing::Stands);
    assert_eq!(standing(&[requested(), Applied, Cancelled]), Standing::Pending);
    assert_eq!(standing(&[requested(), Applied, Cancelled, Undone]), Standing::Stands);
    let (how, because) = (Fall::Unpaid, String::from("no money"));
    let rejected = Rejected { how, because: because.clone() };
    assert_eq!(standing(&[requested(), rejected]), Standing::Fell { how, because });
}

#[test]
fn clients_of_the_original_are_understood() {
    let body = r#"{"subscriptionStatus":"created","productName":"Fisrtcancer"}"#;
    let (product_name, customer) = ("Fisrtcancer".into(), "".into());
    let command = Apply { product_name, customer };
    assert_eq!(say("apply", None, body), Ok(Said { target: Target::New, command }));
    let cancelled = Ok(Said { target: Target::Existing(1), command: Cancel });
    for status in ["reqCancel", "reqcancel", "cancelled"] {
        let body = format!(r#"{{"subscriptionStatus":"{status}","subscriptionId":1}}"#);
        assert_eq!(say("cancel by status", Some(1), &body), cancelled);
    }
    assert!(say("cancel by status", Some(1), r#"{"subscriptionStatus":"applied"}"#).is_err());
    assert!(say("apply", None, r#"{"productName":"life","x":1}"#).is_err());
    assert!(say("apply", None, r#"{"subscriptionStatus":"created"}"#).is_err());
}

fn say(name: &str, number: Option<u64>, body: &str) -> Result<Said<Subscription>, Malformed> {
    let sayings = Subscription::vocabulary().into_sayings();
    sayings.iter().find(|saying| saying.name == name).unwrap().parse(number, body.as_bytes())
}

fn apply(product: &str) -> Command {
    Apply { product_name: product.into(), customer: "Jung".into() }
}

fn requested() -> Event {
    Requested { product_name: "life".into(), customer: "Jung".into() }
}
