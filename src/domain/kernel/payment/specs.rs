//! Specifications of the payment.

use super::{
    Bill, Charging,
    Command::{
        Abandon, Approve, ConfirmRefund, Decline, DeclineRefund, Refund, Request, Restate, Settle,
        TurnAway,
    },
    Event::{
        self, Abandoned, Approved, Declined, RefundDeclined, RefundRequested, Refunded, Requested,
        TurnedAway, Voided,
    },
    Receipt, Rejection,
};
use crate::domain::kernel::{
    Business, Host, Id, Meta, Money, Port, Timestamp,
    spec::{Spec, table},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

type Payment = super::Payment<Tip>;

/// The smallest possible bill.
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
fn every_command_is_answered_in_every_state() {
    let reason = || "no answer".to_owned();
    let abandoned = || Abandoned { amount: FARE, reason: reason() };
    let (wanted, unwilling) =
        (|| RefundRequested { amount: FARE }, || RefundDeclined { reason: reason() });
    let paid = |further: &[Event<Tip>]| [&[requested(), Approved], further].concat();
    let pasts = [
        ("Blank", vec![]),
        ("Requested", vec![requested()]),
        ("Approved", paid(&[])),
        ("Declined", vec![requested(), Declined { reason: reason() }]),
        ("Abandoned", vec![requested(), abandoned()]),
        ("Voided", vec![requested(), abandoned(), Voided]),
        ("TurnedAway", vec![requested(), TurnedAway { reason: reason() }]),
        ("RefundRequested", paid(&[wanted()])),
        ("RefundDeclined", paid(&[wanted(), unwilling()])),
        ("Refunded", paid(&[wanted(), Refunded])),
        ("Refunded-by-hand", paid(&[wanted(), unwilling(), Refunded])),
    ];
    let request = |amount| Request { bill: Tip, amount };
    let (decline, abandon) = (Decline { reason: reason() }, Abandon { reason: reason() });
    let asking = [request(FARE), request(Money(1)), Restate];
    table::<Payment>(&pasts, &asking, OF_ASKING);
    let turn_away = TurnAway { reason: reason() };
    table::<Payment>(&pasts, &[Approve, decline, abandon, turn_away], OF_CHARGING);
    let giving_back = [Refund, ConfirmRefund, DeclineRefund { reason: reason() }, Settle];
    table::<Payment>(&pasts, &giving_back, OF_GIVING_BACK);
}

/// The first `Request` repeats the same amount, the second has another.
const OF_ASKING: &str = "
past             Request   Request           Restate
Blank            Requested Requested         !Unknown
Requested        -         !AlreadyRequested -
Approved         -         !AlreadyRequested -
Declined         -         !AlreadyRequested -
Abandoned        -         !AlreadyRequested -
Voided           -         !AlreadyRequested -
TurnedAway       -         !AlreadyRequested -
RefundRequested  -         !AlreadyRequested -
RefundDeclined   -         !AlreadyRequested -
Refunded         -         !AlreadyRequested -
Refunded-by-hand -         !AlreadyRequested -
";

const OF_CHARGING: &str = "
past             Approve          Decline          Abandon          TurnAway
Blank            !Unknown         !Unknown         !Unknown         !Unknown
Requested        Approved         Declined         Abandoned        TurnedAway
Approved         -                !AlreadyAnswered !AlreadyAnswered !AlreadyAnswered
Declined         !AlreadyAnswered -                !AlreadyAnswered !AlreadyAnswered
Abandoned        !AlreadyAnswered !AlreadyAnswered -                !AlreadyAnswered
Voided           !AlreadyAnswered !AlreadyAnswered -                !AlreadyAnswered
TurnedAway       !AlreadyAnswered !AlreadyAnswered !AlreadyAnswered -
RefundRequested  !AlreadyAnswered !AlreadyAnswered !AlreadyAnswered !AlreadyAnswered
RefundDeclined   !AlreadyAnswered !AlreadyAnswered !AlreadyAnswered !AlreadyAnswered
Refunded         !AlreadyAnswered !AlreadyAnswered !AlreadyAnswered !AlreadyAnswered
Refunded-by-hand !AlreadyAnswered !AlreadyAnswered !AlreadyAnswered !AlreadyAnswered
";

const OF_GIVING_BACK: &str = "
past             Refund          ConfirmRefund DeclineRefund  Settle
Blank            !Unknown        !Unknown      !Unknown       !Unknown
Requested        !NothingPaid    !NoRefund     !NoRefund      !NoRefund
Approved         RefundRequested !NoRefund     !NoRefund      !NoRefund
Declined         !NothingPaid    !NoRefund     !NoRefund      !NoRefund
Abandoned        !NothingPaid    Voided        Voided         !NoRefund
Voided           !NothingPaid    -             -              !NoRefund
TurnedAway       !NothingPaid    !NoRefund     !NoRefund      !NoRefund
RefundRequested  -               Refunded      RefundDeclined !NoRefund
RefundDeclined   -               !NoRefund     -              Refunded
Refunded         -               -             !NoRefund      -
Refunded-by-hand -               -             !NoRefund      -
";

#[test]
fn a_card_is_charged_once() {
    let request = || Request { bill: Tip, amount: FARE };
    Payment::given([]).when(request()).then([requested()]);
    Payment::given([requested()]).when(request()).then([]);
    Payment::given([requested(), Approved]).when(Approve).then([]);
}

#[test]
fn a_payment_is_refunded_once() {
    let wanted = || RefundRequested { amount: FARE };
    Payment::given([requested(), Approved]).when(Refund).then([wanted()]);
    Payment::given([requested(), Approved, wanted()]).when(ConfirmRefund).then([Refunded]);
    Payment::given([requested(), Approved, wanted(), Refunded]).when(Refund).then([]);
    Payment::given([requested()]).when(Refund).rejected(Rejection::NothingPaid);
}

#[test]
fn a_charge_without_an_answer_is_voided() {
    let reason = || "no answer".to_owned();
    let abandoned = || Abandoned { amount: FARE, reason: reason() };
    Payment::given([requested()]).when(Abandon { reason: reason() }).then([abandoned()]);
    Payment::given([requested(), abandoned()]).when(ConfirmRefund).then([Voided]);
    Payment::given([requested(), abandoned()]).when(Approve).rejected(Rejection::AlreadyAnswered);
}

#[test]
fn a_charge_that_was_never_sent_needs_no_refund() {
    let turned_away = || TurnedAway { reason: "the gate is open".into() };
    let away = [requested(), turned_away()];
    let turn_away = TurnAway { reason: "the gate is open".into() };
    Payment::given([requested()]).when(turn_away).then([turned_away()]);
    let meta = Meta { position: 3, version: 2, time: Timestamp(0), correlation: 7 };
    assert_eq!(Charging::<Tip>::ask(&(Id::new(7), turned_away()), &meta), None);
    Payment::given(away).when(Refund).rejected(Rejection::NothingPaid);
}

#[test]
fn a_restated_payment_charges_nothing() {
    Payment::given([requested(), Approved]).when(Restate).then([]);
    Payment::given([]).when(Restate).rejected(Rejection::Unknown);
}

fn requested() -> Event<Tip> {
    Requested { bill: Tip, amount: FARE }
}
