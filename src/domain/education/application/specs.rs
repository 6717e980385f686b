//! Specifications of the application.

use super::{Command::*, Event::*, *};
use crate::domain::kernel::spec::{Spec, table};

#[test]
fn every_command_is_answered_in_every_state() {
    let rejects = Reject { how: FailureKind::Unpaid, reason: reason() };
    let turns_away = TurnAway { reason: reason() };
    let of_the_start = [apply(), Cancel, Place, turns_away, Pay, Vacate];
    table::<Application>(&pasts(), &of_the_start, OF_THE_START);
    let of_the_end = [rejects, Admit, Register, Complete, Withdraw, Close];
    table::<Application>(&pasts(), &of_the_end, OF_THE_END);
}

fn pasts() -> Vec<(&'static str, Vec<Event>)> {
    let cancelled = [Cancelled, released(), Undone, Vacated];
    vec![
        ("Blank", vec![]),
        ("Seating", past(1, &[])),
        ("TurnedAway", past(1, &[TurnedAway { reason: reason() }])),
        ("Forgone", past(1, &[Forgone, released()])),
        ("Requested", past(2, &[])),
        ("Rejected", past(2, &[unpaid(), released()])),
        ("Applied", past(3, &[])),
        ("Admitted", past(4, &[])),
        ("Leaving", past(4, &[CancelRequested])),
        ("Registered", past(5, &[])),
        ("Withdrawing", past(5, &[CancelRequested])),
        ("Completed", past(5, &[Completed])),
        ("Overtaken", past(5, &[CancelRequested, Completed])),
        ("Cancelling", past(3, &cancelled[..2])),
        ("Cancelled", past(3, &cancelled[..3])),
        ("Free", past(3, &cancelled)),
    ]
}

/// The first events of an application that is completed in the end, followed by others.
fn past(first: usize, others: &[Event]) -> Vec<Event> {
    let asked = SeatAsked { student: eunmi(), price: Money(100_000) };
    let whole = [asked, requested(), Applied, Admitted { student: eunmi() }, Registered];
    [&whole[..first], others].concat()
}

const OF_THE_START: &str = "
past                         Apply           Cancel                 Place          TurnAway       Pay            Vacate
Blank                        SeatAsked       !Unknown               !Unknown       !Unknown       !Unknown       !Unknown
Seating                      !AlreadyApplied Forgone+SeatReleased   Requested      TurnedAway     !NotPaid       -
TurnedAway                   !AlreadyApplied !WasRejected           !WasRejected   -              !WasRejected   -
Forgone|Cancelling|Cancelled !AlreadyApplied -                      !IsCancelled   !IsCancelled   !IsCancelled   Vacated
Requested                    !AlreadyApplied Cancelled+SeatReleased -              !IsSeated      Applied        -
Rejected                     !AlreadyApplied !WasRejected           !WasRejected   -              !WasRejected   Vacated
Applied                      !AlreadyApplied Cancelled+SeatReleased -              !IsPaid        -              -
Admitted|Registered          !AlreadyApplied CancelRequested        -              !IsPaid        -              -
Leaving|Withdrawing          !AlreadyApplied -                      !IsWithdrawing !IsWithdrawing !IsWithdrawing -
Completed|Overtaken          !AlreadyApplied !IsCompleted           !IsCompleted   !IsCompleted   !IsCompleted   -
Free                         !AlreadyApplied -                      !IsCancelled   !IsCancelled   !IsCancelled   -
";

const OF_THE_END: &str = "
past                   Reject                Admit          Register       Complete     Withdraw               Close
Blank                  !Unknown              !Unknown       !Unknown       !Unknown     !Unknown               !Unknown
Seating                !NotPaid              !NotPaid       !NotPaid       !NotPaid     !NotCancelling         !NotCancelling
TurnedAway|Rejected    -                     !WasRejected   !WasRejected   !WasRejected !WasRejected           -
Forgone|Cancelled|Free !IsCancelled          !IsCancelled   !IsCancelled   !IsCancelled -                      -
Requested              Rejected+SeatReleased !NotPaid       !NotPaid       !NotPaid     !NotCancelling         !NotCancelling
Applied                !IsPaid               Admitted       !NotAdmitted   !NotAdmitted !NotCancelling         !NotCancelling
Admitted               !IsPaid               -              Registered     !NotAdmitted !NotCancelling         !NotCancelling
Leaving|Withdrawing    !IsWithdrawing        !IsWithdrawing !IsWithdrawing Completed    Cancelled+SeatReleased !IsWithdrawing
Registered             !IsPaid               -              -              Completed    !NotCancelling         !NotCancelling
Completed|Overtaken    !IsCompleted          !IsCompleted   !IsCompleted   -            !IsCompleted           !IsCompleted
Cancelling             !IsCancelled          !IsCancelled   !IsCancelled   !IsCancelled -                      Undone
";

#[test]
fn an_application_of_a_version_before_the_seats_gives_none_back() {
    let reject = Reject { how: FailureKind::Unpaid, reason: reason() };
    Application::given([requested()]).when(Cancel).then([Cancelled]);
    Application::given([requested()]).when(reject).then([unpaid()]);
    Application::given([requested()]).when(Vacate).then([]);
    Application::given([requested(), Applied, Cancelled]).when(Vacate).then([]);
}

#[test]
fn a_client_waits_until_the_seat_is_free() {
    let progress = |first, others: &[Event]| Application::after(past(first, others)).progress();
    let failed = |how| Progress::Failed { how, reason: reason() };
    assert_eq!(progress(1, &[]), Progress::Pending);
    let turned_away = TurnedAway { reason: reason() };
    assert_eq!(progress(1, &[turned_away]), failed(FailureKind::Refused));
    assert_eq!(progress(2, &[unpaid(), released()]), Progress::Pending);
    assert_eq!(progress(2, &[unpaid(), released(), Vacated]), failed(FailureKind::Unpaid));
    assert_eq!(progress(3, &[Cancelled, released(), Undone]), Progress::Pending);
    assert_eq!(progress(3, &[Cancelled, released(), Undone, Vacated]), Progress::Established);
}

#[test]
fn a_course_may_have_a_price_of_its_own() {
    let asked = |price| SeatAsked { student: eunmi(), price };
    Application::given([]).when(apply()).then([asked(Money(100_000))]);
    let course_prices = [("MSA".to_owned(), Money(300_000))].into();
    let settings = Settings { course_prices, ..Settings::default() };
    Application::given([]).under(settings).when(apply()).then([asked(Money(300_000))]);
    let requested = Requested { student: eunmi(), price: Money(300_000) };
    Application::given([asked(Money(300_000))]).when(Place).then([requested]);
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
    let pending = Application::after(past(5, &[CancelRequested]));
    assert_eq!((pending.status.word(), pending.progress()), ("EduRegistered", Progress::Pending));
    let completed = pending.evolve(Completed);
    let reason = "the course has been completed".to_owned();
    let failed = Progress::Failed { how: FailureKind::Refused, reason };
    assert_eq!((completed.status.word(), completed.progress()), ("EduCompleted", failed));
}

#[test]
fn requests_of_the_original_clients_are_parsed() {
    let body = r#"{"userId":"eunmi","eduName":"MSA","eduId":1,"status":"EduApplied"}"#;
    assert_eq!(Application::read_new("apply", body), Ok(apply()));
    for body in [r#"{"userId":"eunmi","eduName":"MSA"}"#, r#"{"eduName":"MSA","eduId":1}"#] {
        assert!(Application::read_new("apply", body).is_err());
    }
    let set = |word| Application::read("cancel by status", &format!(r#"{{"status":"{word}"}}"#));
    for status in ["EduAppCancelled", "EduCancelled", "cancelled"] {
        assert_eq!(set(status), Ok(Cancel));
    }
    assert!(set("EduCompleted").is_err());
}

fn eunmi() -> Student {
    Student { user_id: "eunmi".into(), edu_name: "MSA".into(), edu_id: Number(1) }
}

fn reason() -> String {
    "b".to_owned()
}

fn apply() -> Command {
    Apply { student: eunmi() }
}

fn requested() -> Event {
    Requested { student: eunmi(), price: Money(100_000) }
}

fn unpaid() -> Event {
    Rejected { how: FailureKind::Unpaid, reason: reason() }
}

fn released() -> Event {
    SeatReleased { student: eunmi() }
}
