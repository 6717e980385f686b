//! Specifications of the review aggregate.

use super::{Command::*, *};
use crate::domain::kernel::{
    deed::{Outcome, Refusal},
    spec::{Spec, table},
};

#[test]
fn an_examiner_sets_the_contract_and_may_change_the_price() {
    let assigned = || Review::given([ASSIGNED]);
    assigned().when(approve(Some(450))).then([approved(450)]);
    assigned().when(approve(None)).then([approved(500)]);
    assigned().when(approve(Some(0))).rejected(Rejection::NoPrice);
    let (claimed, price) = (Money(500), Money(501));
    assigned().when(approve(Some(501))).rejected(Rejection::AboveClaim { claimed, price });
    let again = || Review::given([ASSIGNED, approved(450)]);
    again().when(approve(Some(451))).rejected(Rejection::IsApproved);
    again().when(approve(Some(0))).rejected(Rejection::NoPrice);
}

#[test]
fn a_decision_about_another_claim_is_rejected() {
    let claim_id = Some(Number(2));
    let approve = || Approve { claim_id, cont_id: Number(80_001), price: None, review_dt: None };
    for past in [vec![ASSIGNED], vec![ASSIGNED, approved(500)]] {
        Review::given(past).when(approve()).rejected(Rejection::OtherClaim);
    }
    for past in [vec![ASSIGNED], vec![ASSIGNED, DECLINED]] {
        Review::given(past).when(decline(Some(2))).rejected(Rejection::OtherClaim);
    }
    Review::given([ASSIGNED, approved(500)]).when(decline(Some(2))).rejected(Rejection::IsApproved);
    Review::given([ASSIGNED, DECLINED]).when(approve()).rejected(Rejection::IsDeclined);
}

#[test]
fn the_date_of_a_decision_is_the_one_the_examiner_gives_or_else_now() {
    let (date, now) = (EpochMs(1_622_635_799_999), Timestamp(1_622_635_900_000));
    let decline = |review_dt| Decline { claim_id: None, review_dt };
    let cont_id = Number(80_001);
    let approve = |review_dt| Approve { claim_id: None, cont_id, price: None, review_dt };
    let assigned = || Review::given([ASSIGNED]).at(now);
    for (given, expected) in [(Some(date), date), (None, now.into())] {
        let review_dt = Some(expected);
        let approved = File { cont_id: Some(cont_id), ..FILE };
        assigned().when(approve(given)).then([Approved { file: approved, review_dt }]);
        assigned().when(decline(given)).then([Declined { file: FILE, review_dt }]);
    }
    for absurd in [0, 1_622_635_799, now.after_ms(86_400_001).0] {
        let absurd = Some(EpochMs(absurd));
        assigned().when(approve(absurd)).rejected(Rejection::BadDate);
        assigned().when(decline(absurd)).rejected(Rejection::BadDate);
    }
}

#[test]
fn the_date_of_the_first_decision_stays() {
    let review_dt = Some(EpochMs(1_622_635_799_999));
    let declined = Declined { file: FILE, review_dt };
    let past = [ASSIGNED, declined];
    Review::given(past.clone()).when(decline(None)).then([]);
    let shown = serde_json::to_value(Review::after(past).represent(1)).unwrap();
    assert_eq!(shown["reviewDt"], 1_622_635_799_999_u64);
}

#[test]
fn every_state_answers_the_examiner() {
    table::<Review>(
        &pasts(),
        &[Assign { file: FILE }, approve(None), decline(None), Restate],
        "
        past                               Assign   Approve           Decline           Restate
        Blank                              Assigned !Unknown          !Unknown          !Unknown
        Assigned|Withdrawn|Taking-back     -        Approved          Declined          -
        Releasing|Released|Releasing-again -        !IsBeingCancelled !IsBeingCancelled -
        Cancelled                          -        !IsCancelled      !IsCancelled      -
        Approved|Approved-meanwhile        -        -                 !IsApproved       -
        Declined|Declined-meanwhile        -        !IsDeclined       -                 -
        ",
    );
}

/// Released and kept for the first attempt to cancel, and for the second. What becomes of the
/// release is specified with [`Deed`].
#[test]
fn every_state_answers_the_commands_of_a_cancellation() {
    let release = |attempt| Release { attempt };
    let keep = |attempt| Keep { attempt };
    let answer = |outcome| Answer(deed::Answer { attempt: 1, outcome });
    let answers = [answer(Outcome::Done), answer(Outcome::TakenBack)];
    let of_the_saga = [release(1), release(2), keep(1), keep(2), Cancel { attempt: 1 }];
    table::<Review>(
        &pasts(),
        &[&of_the_saga[..], &answers].concat(),
        "
        past               Release           Release           Keep                          Keep           Cancel       Answer           Answer
        Blank              !Unknown          !Unknown          !Unknown                      !Unknown       !Unknown     !Unknown         !Unknown
        Assigned           ReleaseChanged    ReleaseChanged    -                             -              !NotReleased !AlreadyAnswered !AlreadyAnswered
        Releasing          -                 !IsBeingCancelled ReleaseChanged                -              !NotReleased ReleaseChanged   !AlreadyAnswered
        Released           -                 !IsBeingCancelled ReleaseChanged+ReleaseChanged -              Cancelled    -                !AlreadyAnswered
        Cancelled          !IsCancelled      !IsCancelled      !IsCancelled                  !IsCancelled   -            !AlreadyAnswered !AlreadyAnswered
        Withdrawn          !DeskIsBusy       !DeskIsBusy       -                             -              !NotReleased ReleaseChanged   !AlreadyAnswered
        Taking-back        !DeskIsBusy       !DeskIsBusy       -                             -              !NotReleased !AlreadyAnswered ReleaseChanged
        Releasing-again    !IsBeingCancelled -                 -                             ReleaseChanged !NotReleased !AlreadyAnswered !AlreadyAnswered
        Approved           !IsApproved       !IsApproved       -                             -              !IsApproved  !AlreadyAnswered !AlreadyAnswered
        Approved-meanwhile !IsApproved       !IsApproved       -                             -              !IsApproved  ReleaseChanged   !AlreadyAnswered
        Declined           !IsDeclined       !IsDeclined       -                             -              !IsDeclined  !AlreadyAnswered !AlreadyAnswered
        Declined-meanwhile !IsDeclined       !IsDeclined       -                             -              !IsDeclined  !AlreadyAnswered ReleaseChanged
        ",
    );
}

#[test]
fn requests_of_the_original_clients_are_parsed() {
    let set = |body| Review::read("decide by status", body);
    let (claim_id, cont_id) = (Some(Number(1)), Number(80_001));
    let review_dt = Some(EpochMs(1_622_635_799_999));
    let body = r#"{"claimId":1,"examinerId":101,"customerId":1,"contId":80001,"price":450,
        "status":"Approved Review","reviewDt":1622635799999}"#;
    assert_eq!(set(body), Ok(Approve { claim_id, cont_id, price: Some(Money(450)), review_dt }));
    let body = r#"{"claimId":1,"contId":80001,"status":"Declined Review",
        "reviewDt":1622635799999}"#;
    assert_eq!(set(body), Ok(Decline { claim_id, review_dt }));
    assert!(set(r#"{"status":"Approved Review"}"#).is_err());
    assert!(set(r#"{"status":"Cancelled"}"#).is_err());
    let restate = |body| Review::read("restate", body);
    let body = r#"{"claimId":1,"status":"Assigned Examiner","examinerId":101,"customerId":1}"#;
    assert_eq!(restate(body), Ok(Restate));
    assert!(restate(r#"{"claimId":1,"status":"Approved Review"}"#).is_err());
}

fn pasts() -> Vec<(&'static str, Vec<Event>)> {
    use Deed::{Asked, Done, Failed, TakenBack, TakingBack, Withdrawn};
    let past = |deeds: &[Deed], further: &[Event]| {
        let deeds = deeds.iter().map(|deed| ReleaseChanged { file: FILE, deed: deed.clone() });
        [ASSIGNED].into_iter().chain(deeds).chain(further.iter().cloned()).collect()
    };
    let refusal = Refusal { how: FailureKind::Unavailable, reason: "down".into() };
    let lost = [Asked(1), Failed(1, refusal), TakingBack(1)];
    let again = [&lost[..], &[TakenBack(1), Asked(2)]].concat();
    vec![
        ("Blank", vec![]),
        ("Assigned", past(&[], &[])),
        ("Releasing", past(&[Asked(1)], &[])),
        ("Released", past(&[Asked(1), Done(1)], &[])),
        ("Cancelled", past(&[Asked(1), Done(1)], &[Cancelled { file: FILE }])),
        ("Withdrawn", past(&[Asked(1), Withdrawn(1)], &[])),
        ("Taking-back", past(&lost, &[])),
        ("Releasing-again", past(&again, &[])),
        ("Approved", past(&[], &[approved(500)])),
        ("Approved-meanwhile", past(&[Asked(1), Withdrawn(1)], &[approved(500)])),
        ("Declined", past(&[], &[DECLINED])),
        ("Declined-meanwhile", past(&lost, &[DECLINED])),
    ]
}

const FILE: File = File {
    claim_id: Number(1),
    customer_id: Number(6),
    examiner_id: Number(101),
    price: Money(500),
    cont_id: None,
};
const ASSIGNED: Event = Assigned { file: FILE };
const DECLINED: Event = Declined { file: FILE, review_dt: None };

fn approved(price: u64) -> Event {
    let file = File { cont_id: Some(Number(80_001)), price: Money(price), ..FILE };
    Approved { file, review_dt: Some(EpochMs(0)) }
}

fn approve(price: Option<u64>) -> Command {
    let (cont_id, price) = (Number(80_001), price.map(Money));
    Approve { claim_id: None, cont_id, price, review_dt: None }
}

fn decline(claim: Option<u64>) -> Command {
    Decline { claim_id: claim.map(Number), review_dt: None }
}
