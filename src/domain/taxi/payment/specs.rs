//! What is promised of a payment.

use super::{
    Command::{Abandon, Approve, ConfirmRefund, Refund, Request, Restate},
    Event::{self, Abandoned, Approved, RefundRequested, Refunded, Requested, Voided},
    Payment, Rejection,
};
use crate::domain::kernel::{Money, spec::Spec};

const FARE: Money = Money(3_800);

#[test]
fn a_card_is_charged_once() {
    let request = || Request { card_no: "2".into(), amount: FARE };
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

fn requested() -> Event {
    Requested { card_no: "2".into(), amount: FARE }
}
