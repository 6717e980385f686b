//! Specifications of the review aggregate.

use super::{Command::*, *};
use crate::domain::kernel::spec::{Spec, table};

#[test]
fn an_examiner_sets_the_contract_and_may_change_the_price() {
    let assigned = || Review::given([Assigned { file: file() }]);
    let approved = |price| Approved {
        file: File { cont_id: Some(Number(80_001)), price: Money(price), ..file() },
        review_dt: Some(Timestamp(0)),
    };
    assigned().when(approve(Some(450))).then([approved(450)]);
    assigned().when(approve(None)).then([approved(500)]);
    assigned().when(approve(Some(0))).rejected(Rejection::NoPrice);
    let (claimed, price) = (Money(500), Money(501));
    assigned().when(approve(Some(501))).rejected(Rejection::AboveClaim { claimed, price });
    let again = Review::given([Assigned { file: file() }, approved(450)]);
    again.when(approve(Some(451))).rejected(Rejection::IsApproved);
}

#[test]
fn a_decision_about_another_claim_is_rejected() {
    let other = Some(Number(2));
    let approve = Approve { claim: other, cont_id: Number(80_001), price: None, review_dt: None };
    Review::given([Assigned { file: file() }]).when(approve).rejected(Rejection::OtherClaim);
    let decline = Decline { claim: other, review_dt: None };
    Review::given([Assigned { file: file() }]).when(decline).rejected(Rejection::OtherClaim);
}

#[test]
fn the_date_of_a_decision_is_the_one_the_examiner_gives_or_else_now() {
    let (review_dt, now) = (Timestamp(1_622_635_799_999), Timestamp(1_622_635_900_000));
    let decline = |review_dt| Decline { claim: None, review_dt };
    let approve =
        |review_dt| Approve { claim: None, cont_id: Number(80_001), price: None, review_dt };
    let assigned = || Review::given([Assigned { file: file() }]).at(now);
    for (given, expected) in [(Some(review_dt), review_dt), (None, now)] {
        let review_dt = Some(expected);
        let approved = File { cont_id: Some(Number(80_001)), ..file() };
        assigned().when(approve(given)).then([Approved { file: approved, review_dt }]);
        assigned().when(decline(given)).then([Declined { file: file(), review_dt }]);
    }
    for absurd in [Timestamp(0), Timestamp(1_622_635_799), now.after_ms(86_400_001)] {
        assigned().when(approve(Some(absurd))).rejected(Rejection::BadDate);
        assigned().when(decline(Some(absurd))).rejected(Rejection::BadDate);
    }
}

#[test]
fn the_date_of_the_first_decision_stays() {
    let review_dt = Some(Timestamp(1_622_635_799_999));
    let declined = Declined { file: file(), review_dt };
    let past = [Assigned { file: file() }, declined];
    Review::given(past.clone()).when(Decline { claim: None, review_dt: None }).then([]);
    let shown = serde_json::to_value(Review::after(past).represent(1)).unwrap();
    assert_eq!(shown["reviewDt"], 1_622_635_799_999_u64);
}

#[test]
fn every_state_answers_every_command() {
    table::<Review>(&pasts(), &of_the_examiner(), OF_THE_EXAMINER);
    table::<Review>(&pasts(), &of_cancelling(), OF_CANCELLING);
    table::<Review>(&pasts(), &of_the_desk(), OF_THE_DESK);
}

const OF_THE_EXAMINER: &str = "
past               Assign   Approve           Decline           Restate
Blank              Assigned !Unknown          !Unknown          !Unknown
Assigned           -        Approved          Declined          -
Releasing          -        !IsBeingCancelled !IsBeingCancelled -
Released           -        !IsBeingCancelled !IsBeingCancelled -
Cancelled          -        !IsCancelled      !IsCancelled      -
Withdrawn          -        Approved          Declined          -
Taking-back        -        Approved          Declined          -
Releasing-again    -        !IsBeingCancelled !IsBeingCancelled -
Approved           -        -                 !IsApproved       -
Approved-meanwhile -        -                 !IsApproved       -
Declined           -        !IsDeclined       -                 -
Declined-meanwhile -        !IsDeclined       -                 -
";

/// Released and kept for the first attempt to cancel, and for the second.
const OF_CANCELLING: &str = "
past               Release           Release           Keep                         Keep             Cancel
Blank              !Unknown          !Unknown          !Unknown                     !Unknown         !Unknown
Assigned           ReleaseAsked      ReleaseAsked      -                            -                !NotReleased
Releasing          -                 !IsBeingCancelled ReleaseWithdrawn             -                !NotReleased
Released           -                 !IsBeingCancelled ReleaseWithdrawn+RetainAsked -                Cancelled
Cancelled          !IsCancelled      !IsCancelled      !IsCancelled                 !IsCancelled     -
Withdrawn          !DeskIsBusy       !DeskIsBusy       -                            -                !NotReleased
Taking-back        !DeskIsBusy       !DeskIsBusy       -                            -                !NotReleased
Releasing-again    !IsBeingCancelled -                 -                            ReleaseWithdrawn !NotReleased
Approved           !IsApproved       !IsApproved       -                            -                !IsApproved
Approved-meanwhile !IsApproved       !IsApproved       -                            -                !IsApproved
Declined           !IsDeclined       !IsDeclined       -                            -                !IsDeclined
Declined-meanwhile !IsDeclined       !IsDeclined       -                            -                !IsDeclined
";

/// Confirmed for the first attempt to cancel and for the second; all others for the first.
const OF_THE_DESK: &str = "
past               ConfirmRelease   ConfirmRelease   DeclineRelease   LoseRelease                TurnAwayRelease  ConfirmRetain
Blank              !Unknown         !Unknown         !Unknown         !Unknown                   !Unknown         !Unknown
Assigned           !AlreadyAnswered !AlreadyAnswered !AlreadyAnswered !AlreadyAnswered           !AlreadyAnswered !AlreadyAnswered
Releasing          Released         !AlreadyAnswered ReleaseRefused   ReleaseRefused+RetainAsked ReleaseRefused   !AlreadyAnswered
Released           -                !AlreadyAnswered !AlreadyAnswered !AlreadyAnswered           !AlreadyAnswered !AlreadyAnswered
Cancelled          !AlreadyAnswered !AlreadyAnswered !AlreadyAnswered !AlreadyAnswered           !AlreadyAnswered !AlreadyAnswered
Withdrawn          RetainAsked      !AlreadyAnswered Retained         RetainAsked                Retained         !AlreadyAnswered
Taking-back        !AlreadyAnswered !AlreadyAnswered !AlreadyAnswered !AlreadyAnswered           !AlreadyAnswered Retained
Releasing-again    !AlreadyAnswered Released         !AlreadyAnswered !AlreadyAnswered           !AlreadyAnswered !AlreadyAnswered
Approved           !AlreadyAnswered !AlreadyAnswered !AlreadyAnswered !AlreadyAnswered           !AlreadyAnswered !AlreadyAnswered
Approved-meanwhile RetainAsked      !AlreadyAnswered Retained         RetainAsked                Retained         !AlreadyAnswered
Declined           !AlreadyAnswered !AlreadyAnswered !AlreadyAnswered !AlreadyAnswered           !AlreadyAnswered !AlreadyAnswered
Declined-meanwhile !AlreadyAnswered !AlreadyAnswered !AlreadyAnswered !AlreadyAnswered           !AlreadyAnswered Retained
";

#[test]
fn requests_of_the_original_clients_are_parsed() {
    let set = |body| Review::read("decide by status", body);
    let (claim, cont_id) = (Some(Number(1)), Number(80_001));
    let review_dt = Some(Timestamp(1_622_635_799_999));
    let body = r#"{"claimId":1,"examinerId":101,"customerId":1,"contId":80001,"price":450,
        "status":"Approved Review","reviewDt":1622635799999}"#;
    assert_eq!(set(body), Ok(Approve { claim, cont_id, price: Some(Money(450)), review_dt }));
    let body = r#"{"claimId":1,"contId":80001,"status":"Declined Review",
        "reviewDt":1622635799999}"#;
    assert_eq!(set(body), Ok(Decline { claim, review_dt }));
    assert!(set(r#"{"status":"Approved Review"}"#).is_err());
    assert!(set(r#"{"status":"Cancelled"}"#).is_err());
    let restate = |body| Review::read("restate", body);
    let body = r#"{"claimId":1,"status":"Assigned Examiner","examinerId":101,"customerId":1}"#;
    assert_eq!(restate(body), Ok(Restate));
    assert!(restate(r#"{"claimId":1,"status":"Approved Review"}"#).is_err());
}

fn pasts() -> Vec<(&'static str, Vec<Event>)> {
    let (file, attempt, stage) = (file(), 1, Stage::Assigned);
    let refusal = Refusal { how: FailureKind::Unavailable, reason: "down".into() };
    let assigned = vec![Assigned { file }];
    let releasing = after(&assigned, ReleaseAsked { file, attempt });
    let released = after(&releasing, Released { file, attempt });
    let refused = after(&releasing, ReleaseRefused { file, attempt, refusal });
    let withdrawn = after(&releasing, ReleaseWithdrawn { file, attempt });
    let taking_back = after(&refused, RetainAsked { file, attempt, stage });
    let settled = after(&taking_back, Retained { file, attempt, stage });
    let (review_dt, cont_id) = (None, Some(Number(80_001)));
    let approved = Approved { file: File { cont_id, ..file }, review_dt };
    vec![
        ("Blank", vec![]),
        ("Assigned", assigned.clone()),
        ("Releasing", releasing),
        ("Released", released.clone()),
        ("Cancelled", after(&released, Cancelled { file })),
        ("Withdrawn", withdrawn.clone()),
        ("Taking-back", taking_back.clone()),
        ("Releasing-again", after(&settled, ReleaseAsked { file, attempt: 2 })),
        ("Approved", after(&assigned, approved.clone())),
        ("Approved-meanwhile", after(&withdrawn, approved)),
        ("Declined", after(&assigned, Declined { file, review_dt })),
        ("Declined-meanwhile", after(&taking_back, Declined { file, review_dt })),
    ]
}

fn of_the_examiner() -> [Command; 4] {
    [Assign { file: file() }, approve(None), Decline { claim: None, review_dt: None }, Restate]
}

fn of_cancelling() -> [Command; 5] {
    let release = |attempt| Release { attempt };
    let keep = |attempt| Keep { attempt };
    [release(1), release(2), keep(1), keep(2), Cancel { attempt: 1 }]
}

fn of_the_desk() -> [Command; 6] {
    let reason = || "down".to_owned();
    [
        ConfirmRelease { attempt: 1 },
        ConfirmRelease { attempt: 2 },
        DeclineRelease { attempt: 1, reason: reason() },
        LoseRelease { attempt: 1, reason: reason() },
        TurnAwayRelease { attempt: 1, reason: reason() },
        ConfirmRetain { attempt: 1 },
    ]
}

fn after(past: &[Event], event: Event) -> Vec<Event> {
    [past, &[event]].concat()
}

fn approve(price: Option<u64>) -> Command {
    let (cont_id, price) = (Number(80_001), price.map(Money));
    Approve { claim: None, cont_id, price, review_dt: None }
}

fn file() -> File {
    File {
        claim_id: Number(1),
        customer_id: Number(6),
        examiner_id: Number(101),
        price: Money(500),
        cont_id: None,
    }
}
