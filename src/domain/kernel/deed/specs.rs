//! Specifications of the deed: what becomes of it by each command and by each answer.

use super::{Answer, Deed, Deed::*, Outcome, Refusal};
use crate::domain::kernel::{FailureKind, command_name};

/// Asked for and withdrawn in the first attempt, and in the second.
#[test]
fn a_deed_is_asked_for_and_withdrawn() {
    let results = |deed: &Deed| {
        let withdraw = |attempt| Some(deed.withdraw(attempt));
        [deed.ask(1), deed.ask(2), withdraw(1), withdraw(2)]
    };
    let expected = "
        Idle       Asked Asked -                    -
        Asked      -     !     Withdrawn            -
        Done       -     !     Withdrawn+TakingBack -
        Failed     Asked Asked -                    -
        Withdrawn  !     !     -                    -
        TakingBack !     !     -                    -
        TakenBack  Asked Asked -                    -
    ";
    check(results, expected);
}

/// The last answer is to the second attempt.
#[test]
fn a_service_answers_each_attempt_once() {
    let results = |deed: &Deed| {
        let hear = |attempt, outcome| deed.hear(Answer { attempt, outcome });
        [
            hear(1, Outcome::Done),
            hear(1, Outcome::Failed(down())),
            hear(1, Outcome::Lost(down())),
            hear(1, Outcome::TakenBack),
            hear(2, Outcome::Done),
        ]
    };
    let expected = "
        Idle       !          !         !                 !         !
        Asked      Done       Failed    Failed+TakingBack !         !
        Done       -          !         !                 !         !
        Failed     !          !         !                 !         !
        Withdrawn  TakingBack TakenBack TakingBack        !         !
        TakingBack !          !         !                 TakenBack !
        TakenBack  !          !         !                 !         !
    ";
    check(results, expected);
}

/// Compares what becomes of a deed of the first attempt with a line for each state. A cell has the
/// states joined by `+`, `-` when nothing changes, or `!` when it is refused.
#[track_caller]
fn check<const N: usize>(results: impl Fn(&Deed) -> [Option<Vec<Deed>>; N], expected: &str) {
    let failed = Failed(1, down());
    let deeds = [Idle, Asked(1), Done(1), failed, Withdrawn(1), TakingBack(1), TakenBack(1)];
    let cell = |result: Option<Vec<Deed>>| match result {
        None => "!".to_owned(),
        Some(deeds) if deeds.is_empty() => "-".to_owned(),
        Some(deeds) => deeds.iter().map(command_name).collect::<Vec<_>>().join("+"),
    };
    let rows = deeds.iter().map(|deed| {
        let cells = results(deed).map(cell);
        [command_name(deed)].into_iter().chain(cells).collect::<Vec<_>>().join(" ")
    });
    let rows: Vec<_> = rows.collect();
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected: Vec<_> = expected.trim().lines().map(words).collect();
    assert_eq!(rows, expected);
}

fn down() -> Refusal {
    Refusal { how: FailureKind::Unavailable, reason: "down".into() }
}
