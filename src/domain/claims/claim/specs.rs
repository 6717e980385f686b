//! Specifications of the claim aggregate.

use super::{Command::*, Event::*, *};
use crate::domain::kernel::spec::{Spec, table};

#[test]
fn a_claim_is_received_for_a_price_and_at_a_time() {
    let receive =
        |price, claim_dt| Receive { customer_id: Number(1), price: Money(price), claim_dt };
    Claim::given([]).at(Timestamp(7)).when(receive(500, None)).then([RECEIVED]);
    let (claim_dt, now) = (EpochMs(1_622_635_791_863), Timestamp(1_622_635_799_999));
    let demand = Demand { claim_dt, ..DEMAND };
    Claim::given([]).at(now).when(receive(500, Some(claim_dt))).then([Received { demand }]);
    for absurd in [0, 1_622_635_791, now.after_ms(86_400_001).0] {
        let receive = receive(500, Some(EpochMs(absurd)));
        Claim::given([]).at(now).when(receive).rejected(Rejection::BadDate);
    }
    Claim::given([]).when(receive(0, None)).rejected(Rejection::NoPrice);
    Claim::given([]).when(receive(Money::MAX.0 + 1, None)).rejected(Rejection::TooDear);
}

#[test]
fn a_cancellation_has_the_configured_time_limit() {
    let asked =
        |answer_by| CancelAsked { demand: DEMAND, attempt: 1, stage: Stage::Received, answer_by };
    let received = || Claim::given([RECEIVED]).at(Timestamp(5));
    let under = |cancel_within_ms| Settings { cancel_within_ms, ..Settings::default() };
    received().under(under(100)).when(Cancel).then([asked(Some(Timestamp(105)))]);
    received().under(under(0)).when(Cancel).then([asked(None)]);
}

#[test]
fn every_state_answers_the_commands_of_the_review() {
    let receive = Receive { customer_id: Number(1), price: Money(500), claim_dt: None };
    table::<Claim>(
        &pasts(),
        &[receive, StartReview, Approve { award: AWARD }, Decline, Pay],
        "
        past                      Receive          StartReview   Approve         Decline         Pay
        Blank                     Received         !Unknown      !Unknown        !Unknown        !Unknown
        Received|Cancelling-early !AlreadyReceived ReviewStarted !NotUnderReview !NotUnderReview !NotUnderReview
        Leaving|Cancelled         !AlreadyReceived -             !IsCancelled    !IsCancelled    !IsCancelled
        Approved                  !AlreadyReceived -             -               !IsApproved     Paid
        Declined                  !AlreadyReceived -             !IsDeclined     -               !IsDeclined
        Paid                      !AlreadyReceived -             -               !IsPaid         -
        others                    !AlreadyReceived -             Approved        Declined        !NotUnderReview
        ",
    );
}

/// The first two answers are to the first attempt to cancel, the other two to the second.
#[test]
fn every_state_answers_the_commands_of_a_cancellation() {
    let agree = |attempt| Agree { attempt };
    let stand = |attempt| Stand { attempt, refusal: down() };
    table::<Claim>(
        &pasts(),
        &[Cancel, agree(1), stand(1), agree(2), stand(2), FinishCancelling],
        "
        past                                Cancel      Agree          Stand         Agree          Stand         FinishCancelling
        Blank                               !Unknown    !Unknown       !Unknown      !Unknown       !Unknown      !Unknown
        Received|UnderReview|Standing-again CancelAsked !NotCancelling -             !NotCancelling -             !NotCancelling
        Cancelling-early|Cancelling         -           CancelAgreed   CancelRefused !NotCancelling -             !NotCancelling
        Cancelling-again                    -           !NotCancelling -             CancelAgreed   CancelRefused !NotCancelling
        Leaving                             -           -              -             !NotCancelling -             Cancelled
        Cancelled                           -           !NotCancelling -             !NotCancelling -             -
        Approved                            !IsApproved !NotCancelling -             !NotCancelling -             !NotCancelling
        Declined                            !IsDeclined !NotCancelling -             !NotCancelling -             !NotCancelling
        Paid                                !IsPaid     !NotCancelling -             !NotCancelling -             !NotCancelling
        ",
    );
}

#[test]
fn a_client_that_waits_for_a_cancellation_gets_its_outcome() {
    let failed = |how, reason: &str| Progress::Failed { how, reason: reason.into() };
    let refused_by = |reason| failed(FailureKind::Refused, reason);
    for (last, outcome) in [
        (asked(1), Progress::Pending),
        (AGREED, Progress::Pending),
        (refused(), failed(FailureKind::Unavailable, "down")),
        (approved(true), refused_by("the claim has been approved already")),
        (declined(true), refused_by("the claim has been declined already")),
    ] {
        assert_eq!(Claim::after([RECEIVED, STARTED, asked(1), last]).progress(), outcome);
    }
}

#[test]
fn requests_of_the_original_clients_are_parsed() {
    let receive = |body| Claim::read_new("receive", body);
    let body = r#"{"customerId":1,"price":500,"status":"Received Claim","claimDt":1622635791863}"#;
    let claim_dt = Some(EpochMs(1_622_635_791_863));
    let command = Receive { customer_id: Number(1), price: Money(500), claim_dt };
    assert_eq!(receive(body), Ok(command));
    assert!(receive(r#"{"customerId":1,"price":5,"status":"Paid"}"#).is_err());
    assert!(receive(r#"{"customerId":1,"price":-5}"#).is_err());
    assert!(receive(r#"{"customerId":1,"price":5,"x":1}"#).is_err());
    let set = |body| Claim::read("cancel by status", body);
    let body =
        r#"{"customerId":6,"price":50000,"status":"Canceled Claim","claimDt":1622641792891}"#;
    assert_eq!(set(body), Ok(Cancel));
    assert_eq!(set(r#"{"status":"CANCELLED"}"#), Ok(Cancel));
    assert!(set(r#"{"status":"Paid"}"#).is_err());
}

fn pasts() -> Vec<(&'static str, Vec<Event>)> {
    let early = CancelAsked { demand: DEMAND, attempt: 1, stage: Stage::Received, answer_by: None };
    let cancelled = Cancelled { demand: DEMAND };
    let paid = Paid { demand: DEMAND, award: AWARD };
    vec![
        ("Blank", vec![]),
        ("Received", vec![RECEIVED]),
        ("UnderReview", vec![RECEIVED, STARTED]),
        ("Cancelling-early", vec![RECEIVED, early]),
        ("Cancelling", vec![RECEIVED, STARTED, asked(1)]),
        ("Standing-again", vec![RECEIVED, STARTED, asked(1), refused()]),
        ("Cancelling-again", vec![RECEIVED, STARTED, asked(1), refused(), asked(2)]),
        ("Leaving", vec![RECEIVED, STARTED, asked(1), AGREED]),
        ("Cancelled", vec![RECEIVED, STARTED, asked(1), AGREED, cancelled]),
        ("Approved", vec![RECEIVED, STARTED, approved(false)]),
        ("Declined", vec![RECEIVED, STARTED, declined(false)]),
        ("Paid", vec![RECEIVED, STARTED, approved(false), paid]),
    ]
}

const DEMAND: Demand = Demand { customer_id: Number(1), price: Money(500), claim_dt: EpochMs(7) };
const AWARD: Award = Award { cont_id: Number(80_001), price: Money(450) };
const RECEIVED: Event = Received { demand: DEMAND };
const STARTED: Event = ReviewStarted { demand: DEMAND, cancelling: None };
const AGREED: Event = CancelAgreed { demand: DEMAND, attempt: 1 };

fn asked(attempt: u32) -> Event {
    CancelAsked { demand: DEMAND, attempt, stage: Stage::UnderReview, answer_by: None }
}

fn refused() -> Event {
    CancelRefused { demand: DEMAND, attempt: 1, stage: Stage::UnderReview, refusal: down() }
}

fn down() -> Refusal {
    Refusal { how: FailureKind::Unavailable, reason: "down".into() }
}

fn approved(overtook_cancel: bool) -> Event {
    Approved { demand: DEMAND, award: AWARD, overtook_cancel }
}

fn declined(overtook_cancel: bool) -> Event {
    Declined { demand: DEMAND, overtook_cancel }
}
