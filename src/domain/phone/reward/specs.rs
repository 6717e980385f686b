//! What is promised of a reward.

use super::{
    Command::{
        AbandonReclaim, ConfirmGrant, ConfirmReclaim, ConfirmRestore, DeclineGrant, DeclineReclaim,
        DeclineRestore, Grant, Keep, Reclaim, Settle,
    },
    Event::{
        self, GrantDeclined, GrantRequested, Granted, ReclaimAbandoned, ReclaimAwaited,
        ReclaimDeclined, ReclaimForgotten, ReclaimRequested, ReclaimUndone, Reclaimed,
        RestoreDeclined, Restored,
    },
    Reward,
};
use crate::domain::kernel::{
    Aggregate, Money,
    spec::{Spec, table_rows},
};
use crate::domain::phone::order::{self, Order};

const POINTS: Money = Money(198_000);
const NONE: Money = Money::ZERO;

#[test]
fn a_reward_goes_its_way_and_no_other() {
    let reason = String::from("no");
    let commands = [
        Grant { amount: Money(1_980_009) },
        ConfirmGrant,
        DeclineGrant { reason: reason.clone() },
        Settle,
    ];
    let granted = |further: &[Event]| [&[requested(), granted()], further].concat();
    let rows = [
        (vec![], "GrantRequested !Unknown !Unknown !Unknown"),
        (vec![requested()], "= Granted GrantDeclined !NotOwed"),
        (
            vec![requested(), ReclaimAwaited { attempt: 1 }],
            "= Granted+ReclaimRequested GrantDeclined+Reclaimed !NotOwed",
        ),
        (vec![requested(), GrantDeclined { reason }], "= = = !NotOwed"),
        (granted(&[]), "= = = ="),
        (granted(&[reclaiming(1)]), "= = = !NotOwed"),
        (granted(&[reclaiming(1), reclaimed()]), "= = = !NotOwed"),
        (granted(&[reclaiming(1), undone(false)]), "= = = !NotOwed"),
        (granted(&[reclaiming(1), reclaimed(), undone(true), owed()]), "= = = Restored"),
    ];
    table_rows::<Reward>(&commands, &rows);
}

#[test]
fn an_attempt_to_cancel_takes_the_points_or_leaves_them() {
    let reason = || String::from("no");
    let commands = [
        Reclaim { attempt: 1 },
        Reclaim { attempt: 2 },
        ConfirmReclaim { attempt: 1 },
        DeclineReclaim { attempt: 1, reason: reason() },
        AbandonReclaim { attempt: 1, reason: reason() },
        Keep { attempt: 1 },
        ConfirmRestore { attempt: 1 },
        DeclineRestore { attempt: 1, reason: reason() },
    ];
    let granted = |further: &[Event]| [&[requested(), granted()], further].concat();
    let abandoned = ReclaimAbandoned { attempt: 1, points: POINTS, reason: reason() };
    let declined = GrantDeclined { reason: reason() };
    let again = Restored { points: POINTS, again: true };
    let refused = ReclaimDeclined { attempt: 1, reason: reason() };
    let rows = [
        (vec![], "!Unknown !Unknown !Unknown !Unknown !Unknown !Unknown !Unknown !Unknown"),
        (vec![requested()], "ReclaimAwaited ReclaimAwaited = = = = = ="),
        (
            vec![requested(), ReclaimAwaited { attempt: 1 }],
            "= !IsReclaimed = = = ReclaimForgotten = =",
        ),
        (granted(&[]), "ReclaimRequested ReclaimRequested = = = = = ="),
        (
            granted(&[reclaiming(1)]),
            "= !IsReclaimed Reclaimed ReclaimDeclined ReclaimAbandoned ReclaimUndone = =",
        ),
        (granted(&[reclaiming(1), refused]), "= ReclaimRequested = = = = = ="),
        (granted(&[reclaiming(1), reclaimed()]), "= !IsReclaimed = = = ReclaimUndone = ="),
        (granted(&[reclaiming(1), abandoned]), "= !IsRestoring = = = = Restored Restored"),
        (granted(&[reclaiming(1), undone(false)]), "= !IsRestoring = = = = Restored Restored"),
        (
            granted(&[reclaiming(1), reclaimed(), undone(true)]),
            "= !IsRestoring = = = = Restored RestoreDeclined",
        ),
        (granted(&[reclaiming(1), reclaimed(), undone(true), owed()]), "= !IsOwed = = = = = ="),
        (
            granted(&[reclaiming(1), reclaimed(), undone(true), again]),
            "= ReclaimRequested = = = = = =",
        ),
        (vec![requested(), declined], "Reclaimed Reclaimed = = = = = ="),
    ];
    table_rows::<Reward>(&commands, &rows);
}

#[test]
fn a_tenth_is_granted_rounded_down() {
    Reward::given([]).when(Grant { amount: Money(1_980_009) }).then([requested()]);
    Reward::given([]).when(Grant { amount: Money(10) }).then([asked(1)]);
}

#[test]
fn a_reward_of_nothing_is_none_of_the_banks_business() {
    let (attempt, points) = (1, NONE);
    let none = || Granted { points };
    let gone = || Reclaimed { attempt, points };
    Reward::given([]).when(Grant { amount: Money(9) }).then([none()]);
    Reward::given([none()]).when(Reclaim { attempt }).then([gone()]);
    Reward::given([none(), gone()]).when(Keep { attempt }).then([Restored { points, again: true }]);
}

#[test]
fn the_answer_to_an_earlier_attempt_says_nothing_about_this_one() {
    let past = || {
        let forgotten = ReclaimForgotten { attempt: 1 };
        let early = [requested(), ReclaimAwaited { attempt: 1 }, forgotten, granted()];
        [&early[..], &[reclaiming(2)]].concat()
    };
    Reward::given(past()).when(ConfirmReclaim { attempt: 1 }).then([]);
    Reward::given(past()).when(Keep { attempt: 1 }).then([]);
    let (attempt, points) = (2, POINTS);
    Reward::given(past()).when(ConfirmReclaim { attempt }).then([Reclaimed { attempt, points }]);
}

#[test]
fn a_reward_that_is_cancelled_means_that_its_order_is() {
    let sayings = Reward::vocabulary().into_sayings();
    let word = sayings.iter().find(|saying| saying.name == "cancel the order").unwrap();
    let passed_on = word.passed_on(Some(3), br#"{"process":"Cancelled"}"#).unwrap().unwrap();
    assert_eq!((passed_on.aggregate(), passed_on.number()), (Order::NAME, 3));
    assert_eq!(passed_on.command::<Order>(), Some(&order::Command::Cancel));
    assert!(word.passed_on(Some(3), br#"{"process":"Granted"}"#).is_err());
}

const fn asked(points: u64) -> Event {
    GrantRequested { points: Money(points) }
}

const fn requested() -> Event {
    GrantRequested { points: POINTS }
}

const fn granted() -> Event {
    Granted { points: POINTS }
}

const fn reclaiming(attempt: u32) -> Event {
    ReclaimRequested { attempt, points: POINTS }
}

const fn reclaimed() -> Event {
    Reclaimed { attempt: 1, points: POINTS }
}

const fn undone(again: bool) -> Event {
    ReclaimUndone { attempt: 1, points: POINTS, again }
}

fn owed() -> Event {
    RestoreDeclined { reason: "no".into() }
}
