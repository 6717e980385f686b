//! Specifications of the reward.

use super::{Command::*, Event::*, *};
use crate::domain::kernel::spec::{Spec, table};
use crate::domain::phone::order::{self, Order};

const POINTS: Money = Money(198_000);
const NONE: Money = Money::ZERO;

#[test]
fn every_command_is_answered_in_every_state() {
    let reason = String::from("no");
    let granted = |further: &[Event]| [&[requested(), granted()], further].concat();
    let pasts = [
        ("Blank", vec![]),
        ("Requested", vec![requested()]),
        ("Awaited", vec![requested(), ReclaimAwaited { attempt: 1 }]),
        ("Declined", vec![requested(), GrantDeclined { reason: reason.clone() }]),
        ("Granted", granted(&[])),
        ("Reclaiming", granted(&[reclaiming(1)])),
        ("Reclaimed", granted(&[reclaiming(1), reclaimed()])),
        ("Undone", granted(&[reclaiming(1), undone(false)])),
        ("Owed", granted(&[reclaiming(1), reclaimed(), undone(true), owed()])),
    ];
    let grant = Grant { amount: Money(1_980_009), customer: Some(kim()) };
    table::<Reward>(
        &pasts,
        &[grant, ConfirmGrant, DeclineGrant { reason }, Settle],
        "
        past       Grant          ConfirmGrant             DeclineGrant            Settle
        Blank      GrantRequested !Unknown                 !Unknown                !Unknown
        Requested  -              Granted                  GrantDeclined           !NotOwed
        Awaited    -              Granted+ReclaimRequested GrantDeclined+Reclaimed !NotOwed
        Declined   -              -                        -                       !NotOwed
        Granted    -              -                        -                       -
        Reclaiming -              -                        -                       !NotOwed
        Reclaimed  -              -                        -                       !NotOwed
        Undone     -              -                        -                       !NotOwed
        Owed       -              -                        -                       Restored
        ",
    );
}

#[test]
fn an_attempt_to_cancel_takes_the_points_or_leaves_them() {
    let reason = || String::from("no");
    let granted = |further: &[Event]| [&[requested(), granted()], further].concat();
    let abandoned = ReclaimAbandoned { attempt: 1, points: POINTS, reason: reason() };
    let declined = GrantDeclined { reason: reason() };
    let again = Restored { points: POINTS, again: true, customer: Some(kim()) };
    let refused = ReclaimDeclined { attempt: 1, reason: reason() };
    let turned_away = ReclaimTurnedAway { attempt: 1, reason: reason() };
    let pasts = [
        ("Blank", vec![]),
        ("Requested", vec![requested()]),
        ("Awaited", vec![requested(), ReclaimAwaited { attempt: 1 }]),
        ("Granted", granted(&[])),
        ("Reclaiming", granted(&[reclaiming(1)])),
        ("Refused", granted(&[reclaiming(1), refused])),
        ("Unasked", granted(&[reclaiming(1), turned_away])),
        ("Reclaimed", granted(&[reclaiming(1), reclaimed()])),
        ("Abandoned", granted(&[reclaiming(1), abandoned])),
        ("Undone", granted(&[reclaiming(1), undone(false)])),
        ("Late", granted(&[reclaiming(1), undone(false), late()])),
        ("Restoring", granted(&[reclaiming(1), reclaimed(), undone(true)])),
        ("Owed", granted(&[reclaiming(1), reclaimed(), undone(true), owed()])),
        ("Again", granted(&[reclaiming(1), reclaimed(), undone(true), again])),
        ("Declined", vec![requested(), declined]),
    ];
    let abandon = AbandonReclaim { attempt: 1, reason: reason() };
    let keep = Keep { attempt: 1 };
    let reclaim = |attempt| Reclaim { attempt };
    table::<Reward>(&pasts, &[reclaim(1), reclaim(2), keep, abandon], OF_THE_ORDER);
    let confirm = ConfirmReclaim { attempt: 1 };
    let decline = DeclineReclaim { attempt: 1, reason: reason() };
    let restored = ConfirmRestore { attempt: 1 };
    let lost = DeclineRestore { attempt: 1, reason: reason() };
    let away = TurnAwayReclaim { attempt: 1, reason: reason() };
    table::<Reward>(&pasts, &[confirm, decline, away, restored, lost], OF_THE_BANK);
}

/// Reclaimed by the first attempt to cancel and by the second; kept and abandoned by the first.
const OF_THE_ORDER: &str = "
past       Reclaim          Reclaim          Keep             AbandonReclaim
Blank      !Unknown         !Unknown         !Unknown         !Unknown
Requested  ReclaimAwaited   ReclaimAwaited   -                -
Awaited    -                !IsReclaimed     ReclaimForgotten -
Granted    ReclaimRequested ReclaimRequested -                -
Reclaiming -                !IsReclaimed     ReclaimUndone    ReclaimAbandoned
Refused    -                ReclaimRequested -                -
Unasked    -                ReclaimRequested -                -
Reclaimed  -                !IsReclaimed     ReclaimUndone    -
Abandoned  -                !IsRestoring     -                -
Undone     -                !IsRestoring     -                -
Late       -                !IsRestoring     -                -
Restoring  -                !IsRestoring     -                -
Owed       -                !IsOwed          -                -
Again      -                ReclaimRequested -                -
Declined   Reclaimed        Reclaimed        -                -
";

const OF_THE_BANK: &str = "
past       ConfirmReclaim DeclineReclaim  TurnAwayReclaim   ConfirmRestore DeclineRestore
Blank      !Unknown       !Unknown        !Unknown          !Unknown       !Unknown
Requested  -              -               -                 -              -
Awaited    -              -               -                 -              -
Granted    -              -               -                 -              -
Reclaiming Reclaimed      ReclaimDeclined ReclaimTurnedAway -              -
Refused    -              -               -                 -              -
Unasked    -              -               -                 -              -
Reclaimed  -              -               -                 -              -
Abandoned  ReclaimedLate  -               -                 Restored       Restored
Undone     ReclaimedLate  -               -                 Restored       Restored
Late       -              -               -                 Restored       RestoreDeclined
Restoring  -              -               -                 Restored       RestoreDeclined
Owed       -              -               -                 -              -
Again      -              -               -                 -              -
Declined   -              -               -                 -              -
";

#[test]
fn a_tenth_is_granted_rounded_down() {
    Reward::given([])
        .when(Grant { amount: Money(1_980_009), customer: Some(kim()) })
        .then([requested()]);
    Reward::given([]).when(Grant { amount: Money(10), customer: Some(kim()) }).then([asked(1)]);
}

#[test]
fn a_reward_of_zero_points_needs_no_call_to_the_bank() {
    let (attempt, points) = (1, NONE);
    let none = || Granted { points, customer: Some(kim()) };
    let gone = || Reclaimed { attempt, points, customer: Some(kim()) };
    Reward::given([]).when(Grant { amount: Money(9), customer: Some(kim()) }).then([none()]);
    Reward::given([none()]).when(Reclaim { attempt }).then([gone()]);
    Reward::given([none(), gone()]).when(Keep { attempt }).then([Restored {
        points,
        again: true,
        customer: Some(kim()),
    }]);
}

#[test]
fn the_answer_to_an_earlier_attempt_does_not_affect_the_current_one() {
    let past = || {
        let forgotten = ReclaimForgotten { attempt: 1 };
        let early = [requested(), ReclaimAwaited { attempt: 1 }, forgotten, granted()];
        [&early[..], &[reclaiming(2)]].concat()
    };
    Reward::given(past()).when(ConfirmReclaim { attempt: 1 }).then([]);
    Reward::given(past()).when(Keep { attempt: 1 }).then([]);
    let (attempt, points) = (2, POINTS);
    Reward::given(past()).when(ConfirmReclaim { attempt }).then([Reclaimed {
        attempt,
        points,
        customer: Some(kim()),
    }]);
}

#[test]
fn points_that_the_bank_took_late_and_does_not_restore_are_owed() {
    let past = || vec![requested(), granted(), reclaiming(1), undone(false)];
    Reward::given(past()).when(ConfirmReclaim { attempt: 1 }).then([late()]);
    let past = || [past(), vec![late()]].concat();
    Reward::given(past()).when(ConfirmReclaim { attempt: 1 }).then([]);
    let decline = DeclineRestore { attempt: 1, reason: "no".into() };
    Reward::given(past()).when(decline).then([owed()]);
    let restored = Restored { points: POINTS, again: true, customer: Some(kim()) };
    Reward::given(past()).when(ConfirmRestore { attempt: 1 }).then([restored]);
}

#[test]
fn cancelling_a_reward_cancels_its_order() {
    let command_routes = Reward::command_routes().into_routes();
    let route = command_routes
        .iter()
        .find(|command_route| command_route.name == "cancel the order")
        .unwrap();
    let forwarded = route.forwarded(Some(3), br#"{"process":"Cancelled"}"#).unwrap().unwrap();
    assert_eq!((forwarded.aggregate(), forwarded.number()), (Order::NAME, 3));
    assert_eq!(forwarded.command::<Order>(), Some(&order::Command::Cancel));
    assert!(route.forwarded(Some(3), br#"{"process":"Granted"}"#).is_err());
}

/// The customer whose points they are.
fn kim() -> Text {
    "kim".into()
}

fn asked(points: u64) -> Event {
    GrantRequested { points: Money(points), customer: Some(kim()) }
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

fn reclaimed() -> Event {
    Reclaimed { attempt: 1, points: POINTS, customer: Some(kim()) }
}

fn late() -> Event {
    ReclaimedLate { attempt: 1, points: POINTS, customer: Some(kim()) }
}

const fn undone(again: bool) -> Event {
    ReclaimUndone { attempt: 1, points: POINTS, again }
}

fn owed() -> Event {
    RestoreDeclined { reason: "no".into() }
}
