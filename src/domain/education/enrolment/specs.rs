//! Specifications of the enrolment.

use super::{Command::*, Event::*, *};
use crate::domain::kernel::spec::{Spec, table};

#[test]
fn the_first_of_completion_and_cancellation_holds() {
    let registered = || Registered { student: student("eunmi") };
    let enrol = |user| Enrol { student: student(user) };
    table::<Enrolment>(
        &[
            ("Blank", vec![]),
            ("Registered", vec![registered()]),
            ("Completed", vec![registered(), Completed]),
            ("Cancelled", vec![registered(), Cancelled]),
        ],
        &[Knock, enrol("eunmi"), enrol("jung"), Complete, Cancel],
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
    let set = |body| Enrolment::read("complete by status", body);
    assert_eq!(set(r#"{"status":"EduCompleted"}"#), Ok(Complete));
    let whole = r#"{"takingId":1,"appId":1,"userId":"eunmi","eduName":"MSA","eduId":"1",
        "status":"EduCompleted"}"#;
    assert_eq!(set(whole), Ok(Complete));
    assert!(set(r#"{"status":"EduRegistered"}"#).is_err());
}

fn student(user_id: &str) -> Student {
    Student { user_id: user_id.into(), edu_name: "MSA".into(), edu_id: Number(1) }
}
