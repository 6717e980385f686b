//! Specifications of the application aggregate.

use super::{
    Application,
    Command::{self, Admit, Apply, Cancel, Close, Complete, Pay, Register, Reject, Withdraw},
    Event::{
        self, Admitted, Applied, CancelRequested, Cancelled, Completed, Registered, Rejected,
        Requested, Undone,
    },
    Rejection,
};
use crate::domain::education::{settings::Settings, student::Student};
use crate::domain::kernel::{
    Aggregate, FailureKind, Malformed, Money, Number, ParsedCommand, Progress, Target,
    spec::{Spec, table},
};

#[test]
fn every_command_is_answered_in_every_state() {
    let reason = || "b".to_owned();
    let reject = Reject { how: FailureKind::Unpaid, reason: reason() };
    let rejected = Rejected { how: FailureKind::Unpaid, reason: reason() };
    let with = |past: Vec<Event>, event| past.into_iter().chain([event]).collect::<Vec<_>>();
    table::<Application>(
        &[
            ("Blank", vec![]),
            ("Requested", vec![requested()]),
            ("Applied", vec![requested(), Applied]),
            ("Admitted", admitted()),
            ("Registered", registered()),
            ("Withdrawing", with(registered(), CancelRequested)),
            ("Leaving", with(admitted(), CancelRequested)),
            ("Completed", with(registered(), Completed)),
            ("Overtaken", vec![requested(), Applied, CancelRequested, Completed]),
            ("Cancelling", vec![requested(), Applied, Cancelled]),
            ("Cancelled", vec![requested(), Applied, Cancelled, Undone]),
            ("Rejected", vec![requested(), rejected]),
        ],
        &[apply(), Cancel, Pay, reject, Admit],
        "
        past        Apply           Cancel          Pay            Reject         Admit
        Blank       Requested       !Unknown        !Unknown       !Unknown       !Unknown
        Requested   !AlreadyApplied Cancelled       Applied        Rejected       !NotPaid
        Applied     !AlreadyApplied Cancelled       -              !IsPaid        Admitted
        Admitted    !AlreadyApplied CancelRequested -              !IsPaid        -
        Registered  !AlreadyApplied CancelRequested -              !IsPaid        -
        Withdrawing !AlreadyApplied -               !IsWithdrawing !IsWithdrawing !IsWithdrawing
        Leaving     !AlreadyApplied -               !IsWithdrawing !IsWithdrawing !IsWithdrawing
        Completed   !AlreadyApplied !IsCompleted    !IsCompleted   !IsCompleted   !IsCompleted
        Overtaken   !AlreadyApplied !IsCompleted    !IsCompleted   !IsCompleted   !IsCompleted
        Cancelling  !AlreadyApplied -               !IsCancelled   !IsCancelled   !IsCancelled
        Cancelled   !AlreadyApplied -               !IsCancelled   !IsCancelled   !IsCancelled
        Rejected    !AlreadyApplied !WasRejected    !WasRejected   -              !WasRejected
        ",
    );
}

#[test]
fn every_command_is_answered_in_every_state_after_the_admission() {
    let rejected = Rejected { how: FailureKind::Unpaid, reason: "b".into() };
    let with = |past: Vec<Event>, event| past.into_iter().chain([event]).collect::<Vec<_>>();
    table::<Application>(
        &[
            ("Blank", vec![]),
            ("Requested", vec![requested()]),
            ("Applied", vec![requested(), Applied]),
            ("Admitted", admitted()),
            ("Registered", registered()),
            ("Withdrawing", with(registered(), CancelRequested)),
            ("Leaving", with(admitted(), CancelRequested)),
            ("Completed", with(registered(), Completed)),
            ("Cancelling", vec![requested(), Applied, Cancelled]),
            ("Cancelled", vec![requested(), Applied, Cancelled, Undone]),
            ("Rejected", vec![requested(), rejected]),
        ],
        &[Register, Complete, Withdraw, Close],
        "
        past        Register       Complete     Withdraw       Close
        Blank       !Unknown       !Unknown     !Unknown       !Unknown
        Requested   !NotPaid       !NotPaid     !NotCancelling !NotCancelling
        Applied     !NotAdmitted   !NotAdmitted !NotCancelling !NotCancelling
        Admitted    Registered     !NotAdmitted !NotCancelling !NotCancelling
        Registered  -              Completed    !NotCancelling !NotCancelling
        Withdrawing !IsWithdrawing Completed    Cancelled      !IsWithdrawing
        Leaving     !IsWithdrawing Completed    Cancelled      !IsWithdrawing
        Completed   !IsCompleted   -            !IsCompleted   !IsCompleted
        Cancelling  !IsCancelled   !IsCancelled -              Undone
        Cancelled   !IsCancelled   !IsCancelled -              -
        Rejected    !WasRejected   !WasRejected !WasRejected   -
        ",
    );
}

#[test]
fn a_course_may_have_a_price_of_its_own() {
    Application::given([]).when(apply()).then([requested()]);
    let course_prices = [("MSA".to_owned(), Money(300_000))].into();
    let settings = Settings { course_prices, ..Settings::default() };
    Application::given([])
        .under(settings)
        .when(apply())
        .then([Requested { student: eunmi(), price: Money(300_000) }]);
}

#[test]
fn an_application_needs_the_names_of_the_student_and_the_course() {
    for student in [
        Student { user_id: " ".into(), ..eunmi() },
        Student { edu_name: "".into(), ..eunmi() },
        Student { edu_name: "x".repeat(101).as_str().into(), ..eunmi() },
    ] {
        Application::given([]).when(Apply { student }).rejected(Rejection::BadName);
    }
}

#[test]
fn a_cancellation_that_comes_too_late_is_refused() {
    let past = registered().into_iter().chain([CancelRequested]);
    let asked = past.fold(Application::default(), Application::evolve);
    assert_eq!((asked.status(), asked.progress()), ("EduRegistered", Progress::Pending));
    let completed = asked.evolve(Completed);
    let reason = "the course has been completed".to_owned();
    let failed = Progress::Failed { how: FailureKind::Refused, reason };
    assert_eq!((completed.status(), completed.progress()), ("EduCompleted", failed));
}

#[test]
fn requests_of_the_original_clients_are_parsed() {
    let body = r#"{"userId":"eunmi","eduName":"MSA","eduId":1,"status":"EduApplied"}"#;
    let parsed = parse("apply", None, body);
    assert_eq!(parsed, Ok(ParsedCommand { target: Target::New, command: apply() }));
    for status in ["EduAppCancelled", "EduCancelled", "cancelled"] {
        let parsed = parse("cancel by status", Some(1), &format!(r#"{{"status":"{status}"}}"#));
        assert_eq!(parsed, Ok(ParsedCommand { target: Target::Existing(1), command: Cancel }));
    }
    assert!(parse("apply", None, r#"{"userId":"eunmi","eduName":"MSA"}"#).is_err());
    assert!(parse("cancel by status", Some(1), r#"{"status":"EduCompleted"}"#).is_err());
}

fn parse(
    name: &str,
    number: Option<u64>,
    body: &str,
) -> Result<ParsedCommand<Application>, Malformed> {
    let command_routes = Application::command_routes().into_routes();
    command_routes
        .iter()
        .find(|command_route| command_route.name == name)
        .unwrap()
        .parse(number, body.as_bytes())
}

fn eunmi() -> Student {
    Student { user_id: "eunmi".into(), edu_name: "MSA".into(), edu_id: Number(1) }
}

fn apply() -> Command {
    Apply { student: eunmi() }
}

fn requested() -> Event {
    Requested { student: eunmi(), price: Money(100_000) }
}

fn admitted() -> Vec<Event> {
    vec![requested(), Applied, Admitted { student: eunmi() }]
}

fn registered() -> Vec<Event> {
    admitted().into_iter().chain([Registered]).collect()
}
