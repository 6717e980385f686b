//! Specifications of the application aggregate.

use super::{
    Application,
    Command::{
        self, Admit, Apply, Cancel, Close, Complete, Pay, Place, Register, Reject, TurnAway,
        Vacate, Withdraw,
    },
    Event::{
        self, Admitted, Applied, CancelRequested, Cancelled, Completed, Forgone, Registered,
        Rejected, Requested, SeatAsked, SeatReleased, TurnedAway, Undone, Vacated,
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
        Blank       SeatAsked       !Unknown        !Unknown       !Unknown       !Unknown
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
fn every_command_is_answered_while_the_seat_is_asked_for_and_given_back() {
    let with = |past: Vec<Event>, events: &[Event]| [&past[..], events].concat();
    let asked = || vec![SeatAsked { student: eunmi(), price: Money(100_000) }];
    let released = || SeatReleased { student: eunmi() };
    let turned_away = TurnedAway { reason: "b".into() };
    let seated = with(asked(), &[requested()]);
    let paid = with(seated.clone(), &[Applied]);
    let unpaid = Rejected { how: FailureKind::Unpaid, reason: "b".into() };
    table::<Application>(
        &[
            ("Seating", asked()),
            ("TurnedAway", with(asked(), &[turned_away])),
            ("Forgone", with(asked(), &[Forgone, released()])),
            ("Forgone-free", with(asked(), &[Forgone, released(), Vacated])),
            ("Seated", seated.clone()),
            ("Paid", paid.clone()),
            ("Unpaid", with(seated, &[unpaid, released()])),
            ("Cancelling", with(paid.clone(), &[Cancelled, released()])),
            ("Cancelled", with(paid, &[Cancelled, released(), Undone])),
            ("Unseated", vec![requested()]),
        ],
        &[
            Place,
            TurnAway { reason: "b".into() },
            Cancel,
            Reject { how: FailureKind::Unpaid, reason: "b".into() },
            Pay,
            Vacate,
        ],
        "
        past         Place         TurnAway      Cancel                 Reject                Pay           Vacate
        Seating      Requested     TurnedAway    Forgone+SeatReleased   !NotPaid              !NotPaid      -
        TurnedAway   !WasRejected  -             !WasRejected           -                     !WasRejected  -
        Forgone      !IsCancelled  !IsCancelled  -                      !IsCancelled          !IsCancelled  Vacated
        Forgone-free !IsCancelled  !IsCancelled  -                      !IsCancelled          !IsCancelled  -
        Seated       -             !IsSeated     Cancelled+SeatReleased Rejected+SeatReleased Applied       -
        Paid         -             !IsPaid       Cancelled+SeatReleased !IsPaid               -             -
        Unpaid       !WasRejected  -             !WasRejected           -                     !WasRejected  Vacated
        Cancelling   !IsCancelled  !IsCancelled  -                      !IsCancelled          !IsCancelled  Vacated
        Cancelled    !IsCancelled  !IsCancelled  -                      !IsCancelled          !IsCancelled  Vacated
        Unseated     -             !IsSeated     Cancelled              Rejected              Applied       -
        ",
    );
}

#[test]
fn a_client_waits_until_the_seat_is_free() {
    let asked = SeatAsked { student: eunmi(), price: Money(100_000) };
    let after =
        |past: &[Event]| past.iter().cloned().fold(Application::default(), Application::evolve);
    assert_eq!(after(std::slice::from_ref(&asked)).progress(), Progress::Pending);
    let reason = || "b".to_owned();
    let failed = |how| Progress::Failed { how, reason: reason() };
    let turned_away = [asked.clone(), TurnedAway { reason: reason() }];
    assert_eq!(after(&turned_away).progress(), failed(FailureKind::Refused));
    assert_eq!(after(&turned_away).status(), "Rejected");
    let released = SeatReleased { student: eunmi() };
    let unpaid = Rejected { how: FailureKind::Unpaid, reason: reason() };
    let rejected = [asked.clone(), requested(), unpaid, released.clone(), Vacated];
    assert_eq!(after(&rejected[..4]).progress(), Progress::Pending);
    assert_eq!(after(&rejected).progress(), failed(FailureKind::Unpaid));
    let cancelled = [asked, requested(), Applied, Cancelled, released, Undone, Vacated];
    assert_eq!(after(&cancelled[..6]).progress(), Progress::Pending);
    assert_eq!(after(&cancelled).progress(), Progress::Established);
}

#[test]
fn a_course_may_have_a_price_of_its_own() {
    let asked = |price| SeatAsked { student: eunmi(), price };
    Application::given([]).when(apply()).then([asked(Money(100_000))]);
    let course_prices = [("MSA".to_owned(), Money(300_000))].into();
    let settings = Settings { course_prices, ..Settings::default() };
    Application::given([]).under(settings).when(apply()).then([asked(Money(300_000))]);
    Application::given([asked(Money(300_000))])
        .when(Place)
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
