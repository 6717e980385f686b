//! Specifications of the reward.

use super::{Command::*, Event::*, *};
use crate::domain::kernel::spec::{Spec, table};
use crate::domain::phone::order;

const POINTS: Money = Money(198_000);

#[test]
fn every_command_is_answered_in_every_state() {
    let granted = |further: &[Event]| [&[requested(), granted()], further].concat();
    let abandoned = ReclaimAbandoned { attempt: 1, points: POINTS, reason: no() };
    let refused = ReclaimDeclined { attempt: 1, reason: no() };
    let turned_away = ReclaimTurnedAway { attempt: 1, reason: no() };
    let pasts = [
        ("Blank", vec![]),
        ("Requested", vec![requested()]),
        ("Awaited", vec![requested(), ReclaimAwaited { attempt: 1 }]),
        ("Declined", vec![requested(), GrantDeclined { reason: no() }]),
        ("Granted", granted(&[])),
        ("Reclaiming", granted(&[reclaiming(1)])),
        ("Refused", granted(&[reclaiming(1), refused])),
        ("Unasked", granted(&[reclaiming(1), turned_away])),
        ("Reclaimed", granted(&[reclaiming(1), reclaimed(1)])),
        ("Abandoned", granted(&[reclaiming(1), abandoned])),
        ("Undone", granted(&[reclaiming(1), undone(false)])),
        ("Late", granted(&[reclaiming(1), undone(false), late()])),
        ("Restoring", granted(&[reclaiming(1), reclaimed(1), undone(true)])),
        ("Owed", granted(&[reclaiming(1), reclaimed(1), undone(true), owed()])),
        ("Again", granted(&[reclaiming(1), reclaimed(1), undone(true), again(POINTS)])),
    ];
    let of_granting = [grant(1_980_009), ConfirmGrant, DeclineGrant { reason: no() }, Settle];
    table::<Reward>(&pasts, &of_granting, OF_GRANTING);
    let reclaim = |attempt| Reclaim { attempt };
    let abandon = AbandonReclaim { attempt: 1, reason: no() };
    table::<Reward>(&pasts, &[reclaim(1), reclaim(2), Keep { attempt: 1 }, abandon], OF_THE_ORDER);
    let of_the_bank = [
        ConfirmReclaim { attempt: 1 },
        DeclineReclaim { attempt: 1, reason: no() },
        TurnAwayReclaim { attempt: 1, reason: no() },
        ConfirmRestore { attempt: 1 },
        DeclineRestore { attempt: 1, reason: no() },
    ];
    table::<Reward>(&pasts, &of_the_bank, OF_THE_BANK);
}

const OF_GRANTING: &str = "
past                          Grant          ConfirmGrant             DeclineGrant            Settle
Blank                         GrantRequested !Unknown                 !Unknown                !Unknown
Requested                     -              Granted                  GrantDeclined           !NotOwed
Awaited                       -              Granted+ReclaimRequested GrantDeclined+Reclaimed !NotOwed
Granted|Refused|Unasked|Again -              -                        -                       -
Owed                          -              -                        -                       Restored
others                        -              -                        -                       !NotOwed
";

/// Reclaimed by the first attempt to cancel and by the second; kept and abandoned by the first.
const OF_THE_ORDER: &str = "
past                            Reclaim          Reclaim          Keep             AbandonReclaim
Blank                           !Unknown         !Unknown         !Unknown         !Unknown
Requested                       ReclaimAwaited   ReclaimAwaited   -                -
Awaited                         -                !IsReclaimed     ReclaimForgotten -
Declined                        Reclaimed        Reclaimed        -                -
Granted                         ReclaimRequested ReclaimRequested -                -
Reclaiming                      -                !IsReclaimed     ReclaimUndone    ReclaimAbandoned
Refused|Unasked|Again           -                ReclaimRequested -                -
Reclaimed                       -                !IsReclaimed     ReclaimUndone    -
Abandoned|Undone|Late|Restoring -                !IsRestoring     -                -
Owed                            -                !IsOwed          -                -
";

const OF_THE_BANK: &str = "
past             ConfirmReclaim DeclineReclaim  TurnAwayReclaim   ConfirmRestore DeclineRestore
Blank            !Unknown       !Unknown        !Unknown          !Unknown       !Unknown
Reclaiming       Reclaimed      ReclaimDeclined ReclaimTurnedAway -              -
Abandoned|Undone ReclaimedLate  -               -                 Restored       Restored
Late|Restoring   -              -               -                 Restored       RestoreDeclined
others           -              -               -                 -              -
";

#[test]
fn a_tenth_is_granted_rounded_down() {
    Reward::given([]).when(grant(1_980_009)).then([requested()]);
    Reward::given([])
        .when(grant(10))
        .then([GrantRequested { points: Money(1), customer: Some(kim()) }]);
}

#[test]
fn a_reward_of_zero_points_needs_no_call_to_the_bank() {
    let (attempt, points) = (1, Money::ZERO);
    let none = || Granted { points, customer: Some(kim()) };
    let gone = || Reclaimed { attempt, points, customer: Some(kim()) };
    Reward::given([]).when(grant(9)).then([none()]);
    Reward::given([none()]).when(Reclaim { attempt }).then([gone()]);
    Reward::given([none(), gone()]).when(Keep { attempt }).then([again(points)]);
}

#[test]
fn the_answer_to_an_earlier_attempt_does_not_affect_the_current_one() {
    let (first, forgotten) = (ReclaimAwaited { attempt: 1 }, ReclaimForgotten { attempt: 1 });
    let reward = || {
        let (first, forgotten) = (first.clone(), forgotten.clone());
        Reward::given([requested(), first, forgotten, granted(), reclaiming(2)])
    };
    reward().when(ConfirmReclaim { attempt: 1 }).then([]);
    reward().when(Keep { attempt: 1 }).then([]);
    reward().when(ConfirmReclaim { attempt: 2 }).then([reclaimed(2)]);
}

#[test]
fn points_that_the_bank_took_late_and_does_not_restore_are_owed() {
    let reward = |further: &[Event]| {
        let past = [requested(), granted(), reclaiming(1), undone(false)];
        Reward::given([&past, further].concat())
    };
    reward(&[]).when(ConfirmReclaim { attempt: 1 }).then([late()]);
    reward(&[late()]).when(ConfirmReclaim { attempt: 1 }).then([]);
    reward(&[late()]).when(DeclineRestore { attempt: 1, reason: no() }).then([owed()]);
    reward(&[late()]).when(ConfirmRestore { attempt: 1 }).then([again(POINTS)]);
}

#[test]
fn cancelling_a_reward_cancels_its_order() {
    let routes = Reward::command_routes().into_routes();
    let route = routes.iter().find(|route| route.name == "cancel the order").unwrap();
    let forwarded = route.forwarded(Some(3), br#"{"process":"Cancelled"}"#).unwrap().unwrap();
    assert_eq!(forwarded, Dispatch::new(Id::<Order>::new(3), order::Command::Cancel));
    assert!(route.forwarded(Some(3), br#"{"process":"Granted"}"#).is_err());
}

/// The customer whose points they are.
fn kim() -> Text {
    "kim".into()
}

fn no() -> String {
    "no".into()
}

fn grant(amount: u64) -> Command {
    Grant { amount: Money(amount), customer: Some(kim()) }
}

fn requested() -> Event {
    GrantRequested { points: POINTS, customer: Some(kim()) }
}

fn granted() -> Event {
    Granted { points: POINTS, customer: Some(kim()) }
}

const fn reclaiming(attempt: u32) -> Event {
    ReclaimRequested { attempt, points: POINTS }
}

fn reclaimed(attempt: u32) -> Event {
    Reclaimed { attempt, points: POINTS, customer: Some(kim()) }
}

fn late() -> Event {
    ReclaimedLate { attempt: 1, points: POINTS, customer: Some(kim()) }
}

const fn undone(again: bool) -> Event {
    ReclaimUndone { attempt: 1, points: POINTS, again }
}

fn again(points: Money) -> Event {
    Restored { points, again: true, customer: Some(kim()) }
}

fn owed() -> Event {
    RestoreDeclined { reason: no() }
}
