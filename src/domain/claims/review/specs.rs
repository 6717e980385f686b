//! What is promised of a review.

use super::{
    Command::{
        self, Approve, Assign, Cancel, ConfirmRelease, ConfirmRetain, Decline, DeclineRelease,
        Keep, LoseRelease, Release, Restate,
    },
    Event::{
        self, Approved, Assigned, Cancelled, Declined, ReleaseAsked, ReleaseRefused,
        ReleaseWithdrawn, Released, RetainAsked, Retained,
    },
    File, Refusal, Rejection, Review, Stage,
};
use crate::domain::kernel::{
    Aggregate, Fall, Malformed, Money, Number, Said, Target,
    spec::{Spec, table_by_answer},
};

#[test]
fn an_examiner_sets_the_contract_and_may_change_the_price() {
    let assigned = || Review::given([Assigned { file: file() }]);
    let approved = |price| Approved {
        file: File { cont_id: Some(Number(80_001)), price: Money(price), ..file() },
    };
    assigned().when(approve(Some(450))).then([approved(450)]);
    assigned().when(approve(None)).then([approved(500)]);
    assigned().when(approve(Some(0))).rejected(Rejection::NoPrice);
    let again = Review::given([Assigned { file: file() }, approved(450)]);
    again.when(approve(Some(451))).rejected(Rejection::IsApproved);
}

#[test]
fn an_examiner_who_speaks_of_another_claim_is_mistaken() {
    let other = Some(Number(2));
    let approve = Approve { claim: other, cont_id: Number(80_001), price: None };
    Review::given([Assigned { file: file() }]).when(approve).rejected(Rejection::OtherClaim);
    let decline = Decline { claim: other };
    Review::given([Assigned { file: file() }]).when(decline).rejected(Rejection::OtherClaim);
}

#[test]
fn every_state_answers_every_command() {
    assert_eq!(table_by_answer::<Review>(&pasts(), &commands()), TABLE);
}

const TABLE: &str = "\
Blank
  Assigned: assign
  !Unknown: approve, decline, restate, release 1, release 2, keep 1, keep 2, cancel 1, confirm 1, confirm 2, desk declines 1, lose 1, retain 1
Assigned
  already so: assign, restate, keep 1, keep 2
  Approved: approve
  Declined: decline
  ReleaseAsked: release 1, release 2
  !NotReleased: cancel 1
  !AlreadyAnswered: confirm 1, confirm 2, desk declines 1, lose 1, retain 1
Releasing
  already so: assign, restate, release 1, keep 2
  !IsBeingCancelled: approve, decline, release 2
  ReleaseWithdrawn: keep 1
  !NotReleased: cancel 1
  Released: confirm 1
  !AlreadyAnswered: confirm 2, retain 1
  ReleaseRefused: desk declines 1
  ReleaseRefused + RetainAsked: lose 1
Released
  already so: assign, restate, release 1, keep 2, confirm 1
  !IsBeingCancelled: approve, decline, release 2
  ReleaseWithdrawn + RetainAsked: keep 1
  Cancelled: cancel 1
  !AlreadyAnswered: confirm 2, desk declines 1, lose 1, retain 1
Cancelled
  already so: assign, restate, cancel 1
  !IsCancelled: approve, decline, release 1, release 2, keep 1, keep 2
  !AlreadyAnswered: confirm 1, confirm 2, desk declines 1, lose 1, retain 1
Withdrawn
  already so: assign, restate, keep 1, keep 2
  Approved: approve
  Declined: decline
  !DeskIsBusy: release 1, release 2
  !NotReleased: cancel 1
  RetainAsked: confirm 1, lose 1
  !AlreadyAnswered: confirm 2, retain 1
  Retained: desk declines 1
Taking back
  already so: assign, restate, keep 1, keep 2
  Approved: approve
  Declined: decline
  !DeskIsBusy: release 1, release 2
  !NotReleased: cancel 1
  !AlreadyAnswered: confirm 1, confirm 2, desk declines 1, lose 1
  Retained: retain 1
Taken back, and released again
  already so: assign, restate, release 2, keep 1
  !IsBeingCancelled: approve, decline, release 1
  ReleaseWithdrawn: keep 2
  !NotReleased: cancel 1
  !AlreadyAnswered: confirm 1, desk declines 1, lose 1, retain 1
  Released: confirm 2
Approved
  already so: assign, approve, restate, keep 1, keep 2
  !IsApproved: decline, release 1, release 2, cancel 1
  !AlreadyAnswered: confirm 1, confirm 2, desk declines 1, lose 1, retain 1
Approved while withdrawn
  already so: assign, approve, restate, keep 1, keep 2
  !IsApproved: decline, release 1, release 2, cancel 1
  RetainAsked: confirm 1, lose 1
  !AlreadyAnswered: confirm 2, retain 1
  Retained: desk declines 1
Declined
  already so: assign, decline, restate, keep 1, keep 2
  !IsDeclined: approve, release 1, release 2, cancel 1
  !AlreadyAnswered: confirm 1, confirm 2, desk declines 1, lose 1, retain 1
Declined while taking back
  already so: assign, decline, restate, keep 1, keep 2
  !IsDeclined: approve, release 1, release 2, cancel 1
  !AlreadyAnswered: confirm 1, confirm 2, desk declines 1, lose 1
  Retained: retain 1
";

#[test]
fn clients_of_the_original_are_understood() {
    let body = r#"{"claimId":1,"examinerId":101,"customerId":1,"contId":80001,"price":450,
        "status":"Approved Review","reviewDt":1622635799999}"#;
    let (claim, cont_id) = (Some(Number(1)), Number(80_001));
    let command = Approve { claim, cont_id, price: Some(Money(450)) };
    let said = say("decide by status", Some(1), body).unwrap();
    assert_eq!(said, Said { target: Target::Existing(1), command });
    let body = r#"{"claimId":1,"contId":80001,"status":"Declined Review"}"#;
    let said = say("decide by status", Some(1), body).unwrap();
    assert_eq!(said.command, Decline { claim });
    let body = r#"{"claimId":1,"status":"Assigned Examiner","examinerId":101,"customerId":1}"#;
    let said = say("restate", None, body).unwrap();
    assert_eq!(said, Said { target: Target::Existing(1), command: Restate });
    assert!(say("decide by status", Some(1), r#"{"status":"Approved Review"}"#).is_err());
    assert!(say("decide by status", Some(1), r#"{"status":"Cancelled"}"#).is_err());
    assert!(say("restate", None, r#"{"claimId":1,"status":"Approved Review"}"#).is_err());
}

fn say(name: &str, number: Option<u64>, body: &str) -> Result<Said<Review>, Malformed> {
    let sayings = Review::vocabulary().into_sayings();
    sayings.iter().find(|saying| saying.name == name).unwrap().parse(number, body.as_bytes())
}

fn pasts() -> Vec<(&'static str, Vec<Event>)> {
    let (file, attempt, stage) = (file(), 1, Stage::Assigned);
    let refusal = Refusal { how: Fall::Unavailable, because: "down".into() };
    let assigned = vec![Assigned { file }];
    let releasing = after(&assigned, ReleaseAsked { file, attempt });
    let released = after(&releasing, Released { file, attempt });
    let refused = after(&releasing, ReleaseRefused { file, attempt, refusal });
    let withdrawn = after(&releasing, ReleaseWithdrawn { file, attempt });
    let taking_back = after(&refused, RetainAsked { file, attempt, stage });
    let settled = after(&taking_back, Retained { file, attempt, stage });
    let approved = Approved { file: File { cont_id: Some(Number(80_001)), ..file } };
    vec![
        ("Blank", vec![]),
        ("Assigned", assigned.clone()),
        ("Releasing", releasing),
        ("Released", released.clone()),
        ("Cancelled", after(&released, Cancelled { file })),
        ("Withdrawn", withdrawn.clone()),
        ("Taking back", taking_back.clone()),
        ("Taken back, and released again", after(&settled, ReleaseAsked { file, attempt: 2 })),
        ("Approved", after(&assigned, approved.clone())),
        ("Approved while withdrawn", after(&withdrawn, approved)),
        ("Declined", after(&assigned, Declined { file })),
        ("Declined while taking back", after(&taking_back, Declined { file })),
    ]
}

fn commands() -> Vec<(&'static str, Command)> {
    let because = || "down".to_owned();
    vec![
        ("assign", Assign { file: file() }),
        ("approve", approve(None)),
        ("decline", Decline { claim: None }),
        ("restate", Restate),
        ("release 1", Release { attempt: 1 }),
        ("release 2", Release { attempt: 2 }),
        ("keep 1", Keep { attempt: 1 }),
        ("keep 2", Keep { attempt: 2 }),
        ("cancel 1", Cancel { attempt: 1 }),
        ("confirm 1", ConfirmRelease { attempt: 1 }),
        ("confirm 2", ConfirmRelease { attempt: 2 }),
        ("desk declines 1", DeclineRelease { attempt: 1, because: because() }),
        ("lose 1", LoseRelease { attempt: 1, because: because() }),
        ("retain 1", ConfirmRetain { attempt: 1 }),
    ]
}

fn after(past: &[Event], event: Event) -> Vec<Event> {
    [past, &[event]].concat()
}

fn approve(price: Option<u64>) -> Command {
    Approve { claim: None, cont_id: Number(80_001), price: price.map(Money) }
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
