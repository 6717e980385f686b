//! Specifications of the payment.

use super::{
    Bill, Charging,
    Command::{
        self, Abandon, Approve, ConfirmRefund, Decline, DeclineRefund, Refund, Request, Restate,
        Settle, TurnAway,
    },
    Event::{
        self, Abandoned, Approved, Declined, RefundDeclined, RefundRequested, Refunded, Requested,
        TurnedAway, Voided,
    },
    Receipt, Rejection, Stage, TransactionId,
};
use crate::domain::kernel::{
    Aggregate as _, Business, Dispatch, Host, Id, Meta, Money, Port, PortReply, Timestamp,
    representation,
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
        json!({ "status": receipt.stage.word() })
    }

    fn original_status(stage: Stage) -> Option<&'static str> {
        (stage == Stage::Approved).then_some("Tipped")
    }
}

const FARE: Money = Money(3_800);

#[test]
fn every_command_is_answered_in_every_state() {
    let reason = || "no answer".to_owned();
    let abandoned = || Abandoned { amount: FARE, reason: reason() };
    let (wanted, unwilling) = (
        || RefundRequested { amount: FARE, transaction_id: Some(transaction_id()) },
        || RefundDeclined { reason: reason() },
    );
    let paid = |further: &[Event<Tip>]| [&[requested(), approved()], further].concat();
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
    table::<Payment>(&pasts, &[approve(), decline, abandon, turn_away], OF_CHARGING);
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
    Payment::given([requested(), approved()]).when(approve()).then([]);
}

#[test]
fn a_payment_is_refunded_once() {
    let wanted = || RefundRequested { amount: FARE, transaction_id: Some(transaction_id()) };
    Payment::given([requested(), approved()]).when(Refund).then([wanted()]);
    Payment::given([requested(), approved(), wanted()]).when(ConfirmRefund).then([Refunded]);
    Payment::given([requested(), approved(), wanted(), Refunded]).when(Refund).then([]);
    Payment::given([requested()]).when(Refund).rejected(Rejection::NothingPaid);
}

#[test]
fn a_charge_without_an_answer_is_voided() {
    let reason = || "no answer".to_owned();
    let abandoned = || Abandoned { amount: FARE, reason: reason() };
    Payment::given([requested()]).when(Abandon { reason: reason() }).then([abandoned()]);
    Payment::given([requested(), abandoned()]).when(ConfirmRefund).then([Voided]);
    Payment::given([requested(), abandoned()]).when(approve()).rejected(Rejection::AlreadyAnswered);
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
    Payment::given([requested(), approved()]).when(Restate).then([]);
    Payment::given([]).when(Restate).rejected(Rejection::Unknown);
}

#[test]
fn a_refund_is_requested_under_the_number_that_the_provider_gave_the_charge() {
    let meta = Meta { position: 3, version: 2, time: Timestamp(0), correlation: 7 };
    let answer = PortReply::Approved(json!({ "transactionId": "t-1", "status": "paid" }));
    let command = Charging::<Tip>::on_reply(&(Id::new(7), requested()), &meta, &answer);
    assert_eq!(command, Dispatch::new(Id::<Payment>::new(7), approve()));
    let refund = |event| Charging::<Tip>::ask(&(Id::new(7), event), &meta).unwrap().body;
    let of_refund = json!({ "operation": "refund", "orderId": 7, "amount": 3_800 });
    let with_number =
        json!({ "operation": "refund", "orderId": 7, "amount": 3_800, "transactionId": "t-1" });
    let wanted = RefundRequested { amount: FARE, transaction_id: Some(transaction_id()) };
    assert_eq!(refund(wanted), with_number);
    assert_eq!(refund(RefundRequested { amount: FARE, transaction_id: None }), of_refund);
    assert_eq!(refund(Abandoned { amount: FARE, reason: String::new() }), of_refund);
}

#[test]
fn the_number_of_the_charge_is_shown_when_there_is_one() {
    let shown = |transaction_id| {
        let past = [requested(), Approved { transaction_id }];
        let payment = past.into_iter().fold(Payment::default(), Payment::evolve);
        serde_json::to_value(payment.represent(7)).unwrap()
    };
    assert_eq!(shown(None), json!({ "status": "Approved" }));
    assert_eq!(
        shown(Some(transaction_id())),
        json!({ "status": "Approved", "transactionId": "t-1" })
    );
}

fn requested() -> Event<Tip> {
    Requested { bill: Tip, amount: FARE }
}

fn transaction_id() -> TransactionId {
    "t-1".into()
}

fn approve() -> Command<Tip> {
    Approve { transaction_id: Some(transaction_id()) }
}

fn approved() -> Event<Tip> {
    Approved { transaction_id: Some(transaction_id()) }
}

#[test]
fn the_word_of_the_original_is_shown_beside_the_status_where_it_has_one() {
    let payment = Payment::default().evolve(Requested { bill: Tip, amount: FARE });
    let shown = |payment: &Payment| serde_json::to_value(representation(payment, 1)).unwrap();
    assert_eq!(shown(&payment), json!({ "status": "Requested" }));
    let paid = payment.evolve(Approved { transaction_id: None });
    assert_eq!(shown(&paid), json!({ "status": "Approved", "originalStatus": "Tipped" }));
}
