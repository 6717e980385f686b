//! Specifications of the underwriting aggregate.

use super::{
    Case,
    Command::{Assign, Conclude, Decide, Withdraw},
    Event::{Approved, Assigned, Decided, Refused, Withdrawn},
    Rejection, Underwriting, Verdict,
};
use crate::domain::kernel::{
    Aggregate, Fall, Id, Malformed, Number, Said, Standing, Target,
    spec::{Spec, table},
};

const CASE: Case = Case { subscription: Id::new(1), underwriter: Number(77_001_520) };
const ASSIGNED: super::Event = Assigned { case: CASE };
const APPROVE: super::Command = Decide { verdict: Verdict::Approve, about: None };
const REFUSE: super::Command = Decide { verdict: Verdict::Refuse, about: None };
const DECIDED: super::Event = Decided { verdict: Verdict::Approve };

/// Every state against every command; the first decision approves, the second refuses.
const PROMISED: &str = "
past                Assign   Decide       Decide       Conclude     Withdraw
blank               Assigned !Unknown     !Unknown     !Unknown     !Unknown
assigned            -        Decided      Decided      !NotDecided  Withdrawn
deciding-to-approve -        -            !IsDeciding  Approved     Withdrawn
deciding-to-refuse  -        !IsDeciding  -            Refused      Withdrawn
approved            -        -            !IsApproved  -            !IsApproved
refused             -        !IsRefused   -            -            !IsRefused
withdrawn           -        !IsWithdrawn !IsWithdrawn !IsWithdrawn -
";

#[test]
fn every_command_is_answered_in_every_state() {
    let against = Decided { verdict: Verdict::Refuse };
    let commands = [Assign { case: CASE }, APPROVE, REFUSE, Conclude, Withdraw];
    table::<Underwriting>(
        &[
            ("blank", vec![]),
            ("assigned", vec![ASSIGNED]),
            ("deciding-to-approve", vec![ASSIGNED, DECIDED]),
            ("deciding-to-refuse", vec![ASSIGNED, against.clone()]),
            ("approved", vec![ASSIGNED, DECIDED, Approved]),
            ("refused", vec![ASSIGNED, against, Refused]),
            ("withdrawn", vec![ASSIGNED, Withdrawn]),
        ],
        &commands,
        PROMISED,
    );
}

#[test]
fn a_decision_stands_when_the_subscription_knows() {
    let against = Decided { verdict: Verdict::Refuse };
    Underwriting::given([ASSIGNED]).when(APPROVE).then([DECIDED]);
    Underwriting::given([ASSIGNED, DECIDED]).when(Conclude).then([Approved]);
    Underwriting::given([ASSIGNED, against]).when(Conclude).then([Refused]);
    assert_eq!(standing(&[ASSIGNED, DECIDED]), Standing::Pending);
    assert_eq!(standing(&[ASSIGNED, DECIDED, Approved]), Standing::Stands);
    let because = "the underwriting is withdrawn".to_owned();
    let fell = Standing::Fell { how: Fall::Refused, because };
    assert_eq!(standing(&[ASSIGNED, DECIDED, Withdrawn]), fell);
}

#[test]
fn a_case_lies_on_one_desk() {
    let other = Case { underwriter: Number(8), ..CASE };
    Underwriting::given([ASSIGNED])
        .when(Assign { case: other })
        .rejected(Rejection::AlreadyAssigned);
}

#[test]
fn a_decision_about_another_subscription_decides_nothing() {
    let decide = |number| Decide { verdict: Verdict::Approve, about: Some(Id::new(number)) };
    Underwriting::given([ASSIGNED]).when(decide(1)).then([DECIDED]);
    Underwriting::given([ASSIGNED]).when(decide(2)).rejected(Rejection::OtherSubscription);
    Underwriting::given([]).when(decide(2)).rejected(Rejection::Unknown);
}

#[test]
fn clients_of_the_original_are_understood() {
    let about = Some(Id::new(1));
    for (status, verdict) in
        [("approveSubscription", Verdict::Approve), ("refuseSubscription", Verdict::Refuse)]
    {
        let body = format!(r#"{{"underwritingStatus":"{status}","subscriptionId":1}}"#);
        let command = Decide { verdict, about };
        let said = Said { target: Target::Existing(1), command };
        assert_eq!(say("decide by status", &body), Ok(said));
    }
    let said = Ok(Said { target: Target::Existing(1), command: REFUSE });
    assert_eq!(say("refuse", r#"{"underwritingId":1}"#), said);
    assert!(say("decide by status", r#"{"underwritingStatus":"created"}"#).is_err());
    assert!(say("decide by status", r#"{"subscriptionId":1}"#).is_err());
}

fn say(name: &str, body: &str) -> Result<Said<Underwriting>, Malformed> {
    let sayings = Underwriting::vocabulary().into_sayings();
    sayings.iter().find(|saying| saying.name == name).unwrap().parse(Some(1), body.as_bytes())
}

fn standing(past: &[super::Event]) -> Standing {
    past.iter().cloned().fold(Underwriting::default(), Underwriting::evolve).standing()
}
