//! What is promised of a payment.

use super::{
    Bill,
    Command::{Abandon, Approve, ConfirmRefund, Refund, Request, Restate},
    Event::{self, Abandoned, Approved, RefundRequested, Refunded, Requested, Voided},
    Receipt, Rejection,
};
use crate::domain::kernel::{Business, Host, Money, spec::Spec};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

type Payment = super::Payment<Tip>;

/// The smallest thing to pay for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Tip;

struct Bar;

impl Business for Bar {
    const NAME: &'static str = "bar";
    type Settings = ();

    fn install(host: &mut impl Host) {
        host.aggregate::<Payment>();
    }
}

impl Bill for Tip {
    type Business = Bar;
    const NAME: &'static str = "bar/payments";
    const PORT: &'static str = "bar/payment";
    const CASHIER: &'static str = "keeper";

    fn details(&self) -> Value {
        json!({})
    }

    fn show(&self, receipt: Receipt) -> impl Serialize {
        receipt.stage.word()
    }
}

const FARE: Money = Money(3_800);

#[test]
fn a_card_is_charged_once() {
    let request = || Request { bill: Tip, amount: FARE };
    Payment::given([]).when(request()).then([requested()]);
    Payment::given([requested()]).when(request()).then([]);
    Payment::given([requested(), Approved]).when(Approve).then([]);
}

#[test]
fn what_was_paid_is_given_back_once() {
    let wanted = || RefundRequested { amount: FARE };
    Payment::given([requested(), Approved]).when(Refund).then([wanted()]);
    Payment::given([requested(), Approved, wanted()]).when(ConfirmRefund).then([Refunded]);
    Payment::given([requested(), Approved, wanted(), Refunded]).when(Refund).then([]);
    Payment::given([requested()]).when(Refund).rejected(Rejection::NothingPaid);
}

#[test]
fn what_nobody_answered_for_is_voided() {
    let reason = || "no answer".to_owned();
    let abandoned = || Abandoned { amount: FARE, reason: reason() };
    Payment::given([requested()]).when(Abandon { reason: reason() }).then([abandoned()]);
    Payment::given([requested(), abandoned()]).when(ConfirmRefund).then([Voided]);
    Payment::given([requested(), abandoned()]).when(Approve).rejected(Rejection::AlreadyAnswered);
}

#[test]
fn saying_again_what_was_paid_charges_nothing() {
    Payment::given([requested(), Approved]).when(Restate).then([]);
    Payment::given([]).when(Restate).rejected(Rejection::Unknown);
}

fn requested() -> Event<Tip> {
    Requested { bill: Tip, amount: FARE }
}
