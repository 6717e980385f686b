//! Specifications of the enrolment aggregate.

use super::{
    Command::{Cancel, Complete, Enrol, Knock},
    Enrolment,
    Event::{Cancelled, Completed, Registered},
};
use crate::domain::education::student::Student;
use crate::domain::kernel::{Aggregate, Malformed, Number, Said, Target, spec::table};

#[test]
fn of_completing_and_cancelling_the_first_holds() {
    let registered = || Registered { student: student("eunmi") };
    table::<Enrolment>(
        &[
            ("Blank", vec![]),
            ("Registered", vec![registered()]),
            ("Completed", vec![registered(), Completed]),
            ("Cancelled", vec![registered(), Cancelled]),
        ],
        &[
            Knock,
            Enrol { student: student("eunmi") },
            Enrol { student: student("jung") },
            Complete,
            Cancel,
        ],
        "
        past       Knock Enrol        Enrol            Complete     Cancel
        Blank      -     Registered   Registered       !Unknown     !Unknown
        Registered -     -            !AlreadyEnrolled Completed    Cancelled
        Completed  -     !IsCompleted !IsCompleted     -            !IsCompleted
        Cancelled  -     !IsCancelled !IsCancelled     !IsCancelled -
        ",
    );
}

#[test]
fn clients_of_the_original_are_understood() {
    let said = say("complete by status", r#"{"status":"EduCompleted"}"#);
    assert_eq!(said, Ok(Said { target: Target::Existing(1), command: Complete }));
    let whole = r#"{"takingId":1,"appId":1,"userId":"eunmi","eduName":"MSA","eduId":"1","status":"EduCompleted"}"#;
    assert!(say("complete by status", whole).is_ok());
    assert!(say("complete by status", r#"{"status":"EduRegistered"}"#).is_err());
}

fn say(name: &str, body: &str) -> Result<Said<Enrolment>, Malformed> {
    let sayings = Enrolment::vocabulary().into_sayings();
    sayings.iter().find(|saying| saying.name == name).unwrap().parse(Some(1), body.as_bytes())
}

fn student(user_id: &str) -> Student {
    Student { user_id: user_id.into(), edu_name: "MSA".into(), edu_id: Number(1) }
}
