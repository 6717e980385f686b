//! Specifications of the underwriting.

use super::{Command::*, Event::*, *};
use crate::domain::kernel::spec::{Spec, table};

const CASE: Case = Case { subscription: Id::new(1), underwriter: Number(77_001_520) };
const ASSIGNED: Event = Assigned { case: CASE };
const APPROVE: Command = Decide { verdict: Verdict::Approve, about: None };
const REFUSE: Command = Decide { verdict: Verdict::Refuse, about: None };
const DECIDED: Event = Decided { verdict: Verdict::Approve };
const DECIDED_AGAINST: Event = Decided { verdict: Verdict::Refuse };

/// The first decision of the table approves, the second refuses.
#[test]
fn every_command_is_answered_in_every_state() {
    table::<Underwriting>(
        &[
            ("Blank", vec![]),
            ("Assigned", vec![ASSIGNED]),
            ("Approving", vec![ASSIGNED, DECIDED]),
            ("Refusing", vec![ASSIGNED, DECIDED_AGAINST]),
            ("Approved", vec![ASSIGNED, DECIDED, Approved]),
            ("Refused", vec![ASSIGNED, DECIDED_AGAINST, Refused]),
            ("Withdrawn", vec![ASSIGNED, Withdrawn]),
        ],
        &[Assign { case: CASE }, APPROVE, REFUSE, Conclude, Withdraw],
        "
        past      Assign   Decide       Decide       Conclude     Withdraw
        Blank     Assigned !Unknown     !Unknown     !Unknown     !Unknown
        Assigned  -        Decided      Decided      !NotDecided  Withdrawn
        Approving -        -            !IsDeciding  Approved     Withdrawn
        Refusing  -        !IsDeciding  -            Refused      Withdrawn
        Approved  -        -            !IsApproved  -            !IsApproved
        Refused   -        !IsRefused   -            -            !IsRefused
        Withdrawn -        !IsWithdrawn !IsWithdrawn !IsWithdrawn -
        ",
    );
}

#[test]
fn a_decision_takes_effect_when_the_subscription_has_accepted_it() {
    Underwriting::given([ASSIGNED]).when(APPROVE).then([DECIDED]);
    let progress = |past| Underwriting::after(past).progress();
    assert_eq!(progress(vec![ASSIGNED, DECIDED]), Progress::Pending);
    assert_eq!(progress(vec![ASSIGNED, DECIDED, Approved]), Progress::Established);
    let reason = "the underwriting is withdrawn".to_owned();
    let failed = Progress::Failed { how: FailureKind::Refused, reason };
    assert_eq!(progress(vec![ASSIGNED, DECIDED, Withdrawn]), failed);
}

#[test]
fn a_case_is_assigned_to_one_underwriter() {
    let other = Assign { case: Case { underwriter: Number(8), ..CASE } };
    Underwriting::given([ASSIGNED]).when(other).rejected(Rejection::AlreadyAssigned);
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
    let set = |body| Underwriting::read("decide by status", body);
    let decide = |verdict| Ok(Decide { verdict, about: Some(Id::new(1)) });
    let approve = r#"{"underwritingStatus":"approveSubscription","subscriptionId":1}"#;
    assert_eq!(set(approve), decide(Verdict::Approve));
    let refuse = r#"{"underwritingStatus":"refuseSubscription","subscriptionId":1}"#;
    assert_eq!(set(refuse), decide(Verdict::Refuse));
    assert!(set(r#"{"underwritingStatus":"created"}"#).is_err());
    assert!(set(r#"{"subscriptionId":1}"#).is_err());
    assert_eq!(Underwriting::read("refuse", r#"{"underwritingId":1}"#), Ok(REFUSE));
}
