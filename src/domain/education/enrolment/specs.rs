//! Specifications of the enrolment aggregate.

use super::{
    Command::{Cancel, Complete, Enrol, Knock},
    Enrolment,
    Event::{Cancelled, Completed, Registered},
};
use crate::domain::education::student::Student;
use crate::domain::kernel::{Aggregate, Malformed, Number, ParsedCommand, Target, spec::table};

#[test]
fn the_first_of_completion_and_cancellation_holds() {
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
fn requests_of_the_original_clients_are_parsed() {
    let parsed = parse("complete by status", r#"{"status":"EduCompleted"}"#);
    assert_eq!(parsed, Ok(ParsedCommand { target: Target::Existing(1), command: Complete }));
    let whole = r#"{"takingId":1,"appId":1,"userId":"eunmi","eduName":"MSA","eduId":"1","status":"EduCompleted"}"#;
    assert!(parse("complete by status", whole).is_ok());
    assert!(parse("complete by status", r#"{"status":"EduRegistered"}"#).is_err());
}

fn parse(name: &str, body: &str) -> Result<ParsedCommand<Enrolment>, Malformed> {
    let command_routes = Enrolment::command_routes().into_routes();
    command_routes
        .iter()
        .find(|command_route| command_route.name == name)
        .unwrap()
        .parse(Some(1), body.as_bytes())
}

fn student(user_id: &str) -> Student {
    Student { user_id: user_id.into(), edu_name: "MSA".into(), edu_id: Number(1) }
}
