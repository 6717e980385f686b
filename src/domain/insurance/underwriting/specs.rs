//! Specifications of the underwriting aggregate.

use super::{
    Case,
    Command::{Assign, Conclude, Decide, Withdraw},
    Event::{Approved, Assigned, Decided, Refused, Withdrawn},
    Rejection, Underwriting, Verdict,
};
use crate::domain::kernel::{
    Aggregate, FailureKind, Id, Malformed, Number, ParsedCommand, Progress, Target,
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
fn a_decision_takes_effect_when_the_subscription_has_accepted_it() {
    let against = Decided { verdict: Verdict::Refuse };
    Underwriting::given([ASSIGNED]).when(APPROVE).then([DECIDED]);
    Underwriting::given([ASSIGNED, DECIDED]).when(Conclude).then([Approved]);
    Underwriting::given([ASSIGNED, against]).when(Conclude).then([Refused]);
    assert_eq!(progress_after(&[ASSIGNED, DECIDED]), Progress::Pending);
    assert_eq!(progress_after(&[ASSIGNED, DECIDED, Approved]), Progress::Established);
    let reason = "the underwriting is withdrawn".to_owned();
    let failed = Progress::Failed { how: FailureKind::Refused, reason };
    assert_eq!(progress_after(&[ASSIGNED, DECIDED, Withdrawn]), failed);
}

#[test]
fn a_case_is_assigned_to_one_underwriter() {
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
fn requests_of_the_original_clients_are_parsed() {
    let about = Some(Id::new(1));
    for (status, verdict) in
        [("approveSubscription", Verdict::Approve), ("refuseSubscription", Verdict::Refuse)]
    {
        let body = format!(r#"{{"underwritingStatus":"{status}","subscriptionId":1}}"#);
        let command = Decide { verdict, about };
        let expected = ParsedCommand { target: Target::Existing(1), command };
        assert_eq!(parse("decide by status", &body), Ok(expected));
    }
    let expected = Ok(ParsedCommand { target: Target::Existing(1), command: REFUSE });
    assert_eq!(parse("refuse", r#"{"underwritingId":1}"#), expected);
    assert!(parse("decide by status", r#"{"underwritingStatus":"created"}"#).is_err());
    assert!(parse("decide by status", r#"{"subscriptionId":1}"#).is_err());
}

fn parse(name: &str, body: &str) -> Result<ParsedCommand<Underwriting>, Malformed> {
    let command_routes = Underwriting::command_routes().into_routes();
    command_routes
        .iter()
        .find(|command_route| command_route.name == name)
        .unwrap()
        .parse(Some(1), body.as_bytes())
}

fn progress_after(past: &[super::Event]) -> Progress {
    past.iter().cloned().fold(Underwriting::default(), Underwriting::evolve).progress()
}
