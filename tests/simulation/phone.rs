//! A hundred thousand simulated phone shops with random customers and clerks: the money, the points
//! and the parcels add up.

use super::{busy, cashier, ensure, explore, shown, unreachable, with_declining_services};
use madang::domain::{
    kernel::{
        Aggregate as _, FailureKind, Money, PortReply, Progress, Quantity, Text,
        simulation::{
            Dice, RandomWorlds, Shares, World, crash_at_each_record, fail_each_step,
            repeat_each_step,
        },
    },
    phone::{
        PhoneShop,
        customer::Customer,
        delivery::{self, Delivery},
        order::{self, Basket, Order},
        payment::{Payment, Sale},
        point_history::PointHistory,
        reward::{self, Reward},
        settings::Settings,
    },
};
use std::collections::BTreeMap;

#[test]
fn whatever_happens_money_points_and_parcels_add_up() {
    explore(&worlds(some_shop), unreachable::PHONE);
}

#[test]
fn a_sale_survives_every_failure_of_the_outside() {
    fail_each_step(shop, sale, everything_adds_up);
    fail_each_step(careful_shop, cancelled_sale, everything_adds_up);
    fail_each_step(careful_shop, sale_cancelled_twice_and_shipped, everything_adds_up);
}

#[test]
fn a_sale_survives_every_command_submitted_twice() {
    repeat_each_step(shop, sale, everything_adds_up);
    repeat_each_step(careful_shop, cancelled_sale, everything_adds_up);
    repeat_each_step(careful_shop, sale_cancelled_twice_and_shipped, everything_adds_up);
}

#[test]
fn a_sale_survives_a_crash_after_every_record() {
    crash_at_each_record(shop, sale, everything_adds_up);
    crash_at_each_record(careful_shop, cancelled_sale, everything_adds_up);
    crash_at_each_record(careful_shop, sale_cancelled_twice_and_shipped, everything_adds_up);
}

#[test]
fn an_order_is_paid_shipped_and_rewarded_by_itself() {
    let mut world = shop();
    world.tell::<Order>(1, place(2, Some(990_000))).unwrap();
    assert_eq!(shown::<Order>(&world, 1, "status"), "Shipped");
    assert_eq!(world.shown::<Order>(1)["point"], 198_000);
    assert_eq!(shown::<Payment>(&world, 1, "process"), "Payed");
    assert_eq!(shown::<Delivery>(&world, 1, "process"), "Shipped");
    assert_eq!(shown::<Reward>(&world, 1, "process"), "Granted");
    let refused = world.tell::<Order>(1, order::Command::Cancel).unwrap_err();
    assert_eq!(refused, "the order has been shipped");
    everything_adds_up(&world).unwrap();
}

#[test]
fn an_order_without_a_price_is_established_at_once_without_a_port_call() {
    let mut world = careful_shop();
    world.tell::<Order>(1, place(1, None)).unwrap();
    assert_eq!(world.outside.asked(), 0);
    assert_eq!(world.shown::<Order>(1)["point"], 0);
    world.tell::<Order>(1, order::Command::Cancel).unwrap();
    assert_eq!(shown::<Order>(&world, 1, "status"), "Cancelled");
    assert_eq!(world.outside.asked(), 0);
    everything_adds_up(&world).unwrap();
}

#[test]
fn a_cancelled_order_gives_everything_back_and_never_leaves_the_store() {
    let mut world = careful_shop();
    world.tell::<Order>(1, place(1, Some(200))).unwrap();
    world.tell::<Order>(1, order::Command::Cancel).unwrap();
    assert_eq!(shown::<Order>(&world, 1, "status"), "Cancelled");
    assert!(world.shown::<Order>(1)["point"].is_null());
    assert_eq!(shown::<Payment>(&world, 1, "process"), "Refunded");
    assert_eq!(shown::<Reward>(&world, 1, "process"), "Reclaimed");
    assert_eq!(shown::<Delivery>(&world, 1, "process"), "Stopped");
    assert!(world.tell::<Delivery>(1, delivery::Command::Ship).is_err());
    let moved: Vec<(String, u64, u64)> = world
        .rows::<PointHistory>()
        .into_iter()
        .map(|(_, row)| (row.process.0, row.point.0, row.balance.get()))
        .collect();
    assert_eq!(moved, [("Granted".into(), 20, 20), ("Reclaimed".into(), 20, 0)]);
    everything_adds_up(&world).unwrap();
}

#[test]
fn each_customer_has_a_balance_of_points_and_so_has_an_order_without_a_customer() {
    let mut world = careful_shop();
    let orders = [(Some("kim"), 100), (Some("lee"), 200), (None, 300), (Some("kim"), 400)];
    for (number, (customer, price)) in (1..).zip(orders) {
        world.tell::<Order>(number, place_for(customer, 1, Some(price))).unwrap();
    }
    world.tell::<Order>(1, order::Command::Cancel).unwrap();
    let moved: Vec<(u64, u64)> = world
        .rows::<PointHistory>()
        .into_iter()
        .map(|(_, row)| (row.order_id, row.balance.get()))
        .collect();
    assert_eq!(moved, [(1, 10), (2, 20), (3, 30), (4, 50), (1, 40)]);
    everything_adds_up(&world).unwrap();
}

#[test]
fn an_order_whose_reward_cannot_be_taken_back_stands_as_before() {
    let ways = [
        (
            PortReply::Unreachable("the bank is closed".into()),
            FailureKind::Unavailable,
            "the bank is closed",
        ),
        (
            PortReply::Declined("the points are spent".into()),
            FailureKind::Refused,
            "the points are spent",
        ),
    ];
    for (answer, how, reason) in ways {
        let mut world = careful_shop();
        world.tell::<Order>(1, place(1, Some(200))).unwrap();
        world.outside.fail_at = Some((world.outside.asked(), answer));
        world.tell::<Order>(1, order::Command::Cancel).unwrap();
        let fell = Progress::Failed { how, reason: reason.into() };
        assert_eq!(world.get::<Order>(1).progress(), fell);
        assert_eq!(shown::<Order>(&world, 1, "status"), "Paid");
        assert_eq!(world.shown::<Order>(1)["point"], 20);
        everything_adds_up(&world).unwrap();
        world.tell::<Delivery>(1, delivery::Command::Ship).unwrap();
        assert_eq!(shown::<Order>(&world, 1, "status"), "Shipped");
        everything_adds_up(&world).unwrap();
    }
}

#[test]
fn a_cancellation_whose_reward_does_not_answer_in_time_has_no_effect() {
    let mut world = careful_shop();
    let mut dice = Dice::new(1);
    world.tell::<Order>(1, place(1, Some(200))).unwrap();
    world.submit::<Order>(1, order::Command::Cancel).unwrap();
    while world.deliver(0) {}
    assert_eq!(world.get::<Order>(1).progress(), Progress::Pending);
    world.advance_ms(2_000);
    while world.deliver(0) {}
    let reason = "the reward could not be taken back in time".into();
    let fell = Progress::Failed { how: FailureKind::Unavailable, reason };
    assert_eq!(world.get::<Order>(1).progress(), fell);
    // The bank answers late, and its action is undone.
    world.settle(&mut dice);
    assert_eq!(shown::<Reward>(&world, 1, "process"), "Granted");
    assert_eq!(world.outside.done("reclaim-1-1"), world.outside.done("restore-1-1"));
    everything_adds_up(&world).unwrap();
}

#[test]
fn a_store_that_ships_after_a_while_ships_nothing_that_was_cancelled_meanwhile() {
    let mut world = World::of::<PhoneShop>(Settings::default());
    for number in [1, 2] {
        world.tell::<Order>(number, place(1, Some(200))).unwrap();
    }
    world.tell::<Order>(1, order::Command::Cancel).unwrap();
    world.advance_ms(60_000);
    world.settle(&mut Dice::new(1));
    assert_eq!(shown::<Delivery>(&world, 1, "process"), "Stopped");
    assert_eq!(shown::<Delivery>(&world, 2, "process"), "Shipped");
    everything_adds_up(&world).unwrap();
}

#[test]
fn a_parcel_stays_in_the_store_when_the_refund_of_its_order_is_declined() {
    let mut world = with_declining_services(careful_shop());
    world.tell::<Order>(1, place(1, Some(200))).unwrap();
    let refund = world.outside.asked() + 1; // after the reclaim of the points
    world.outside.fail_at = Some((refund, PortReply::Declined("the account is closed".into())));
    world.tell::<Order>(1, order::Command::Cancel).unwrap();
    assert_eq!(shown::<Payment>(&world, 1, "process"), "Refund Declined");
    assert_eq!(shown::<Delivery>(&world, 1, "process"), "Stopped");
    assert!(world.tell::<Delivery>(1, delivery::Command::Ship).is_err());
    world.check_invariants().and_then(|()| everything_adds_up(&world)).unwrap();
    let settle = madang::domain::kernel::payment::Command::Settle;
    world.tell::<Payment>(1, settle).unwrap();
    assert_eq!(world.get::<Order>(1).progress(), Progress::Established);
    everything_adds_up(&world).unwrap();
}

/// A shop that ships at once.
fn shop() -> World {
    World::of::<PhoneShop>(Settings { ship_after_s: 0, ..Settings::default() })
}

/// A shop in which a clerk ships the orders.
fn careful_shop() -> World {
    World::of::<PhoneShop>(Settings { auto_ship: false, ..Settings::default() })
}

pub(crate) fn some_shop(dice: &mut Dice) -> World {
    let auto_ship = !dice.once_in(3);
    let ship_after_s = [0, 60][dice.roll(2)];
    let cancel_within_ms = [2_000, 60_000][dice.roll(2)];
    let settings = Settings { auto_ship, ship_after_s, cancel_within_ms, ..Settings::default() };
    World::of::<PhoneShop>(settings)
}

/// Random worlds that begin like this.
pub(crate) fn worlds<'a>(begin: impl Fn(&mut Dice) -> World + Sync + 'a) -> RandomWorlds<'a> {
    RandomWorlds::new(move |dice| with_declining_services(begin(dice)))
        .person(12, people)
        .person(6, impatient_customer)
        .shares(Shares { jump: 6, ..busy() })
        .acts(16..80)
        .person(1, cashier::<Sale>)
        .invariants(everything_adds_up)
}

/// Submits a random command. Rejections are expected.
pub(crate) fn people(world: &mut World, dice: &mut Dice) {
    let number = 1 + dice.roll(3) as u64;
    let price = [None, Some(5), Some(990_000)][dice.roll(3)];
    let _ = match dice.roll(12) {
        0..4 => {
            let customer = [None, Some("kim"), Some("lee")][dice.roll(3)];
            world.submit::<Order>(number, place_for(customer, few(dice), price))
        }
        4..8 => world.submit::<Order>(number, order::Command::Cancel),
        8 => world.submit::<Reward>(number, reward::Command::Settle),
        _ => world.submit::<Delivery>(number, delivery::Command::Ship),
    };
}

/// Orders something with points, and cancels it.
fn impatient_customer(world: &mut World, _dice: &mut Dice) {
    let _ = match world.get::<Order>(1).status.word() {
        "" => world.submit::<Order>(1, place(1, Some(990_000))),
        _ => world.submit::<Order>(1, order::Command::Cancel),
    };
}

fn few(dice: &mut Dice) -> u32 {
    [0, 1, 2][dice.roll(3)]
}

fn sale(world: &mut World, chapter: usize) -> bool {
    let _ = match chapter {
        0 => world.submit::<Order>(1, place(2, Some(990_000))),
        1 => world.submit::<Delivery>(1, delivery::Command::Ship),
        _ => return false,
    };
    true
}

fn cancelled_sale(world: &mut World, chapter: usize) -> bool {
    if chapter == 1 {
        let _ = world.submit::<Order>(1, order::Command::Cancel);
        return true;
    }
    chapter == 0 && sale(world, 0)
}

/// An order is placed and cancelled at once, cancelled again, and shipped if it then stands.
fn sale_cancelled_twice_and_shipped(world: &mut World, chapter: usize) -> bool {
    let _ = match chapter {
        0 => sale(world, 0) && world.submit::<Order>(1, order::Command::Cancel).is_ok(),
        1 | 2 => world.submit::<Order>(1, order::Command::Cancel).is_ok(),
        3 => world.submit::<Delivery>(1, delivery::Command::Ship).is_ok(),
        _ => return false,
    };
    true
}

pub(crate) fn place(qty: u32, price: Option<u64>) -> order::Command {
    place_for(None, qty, price)
}

fn place_for(customer: Option<&str>, qty: u32, price: Option<u64>) -> order::Command {
    let customer = customer.map(Text::from);
    let basket =
        Basket { item: "GX Note99".into(), qty: Quantity(qty), customer, ..Basket::default() };
    order::Command::Place { basket, price: price.map(Money) }
}

pub(crate) fn everything_adds_up(world: &World) -> Result<(), String> {
    world.check_money::<Sale>()?;
    for (number, reward) in world.all::<Reward>() {
        points_are_at_the_bank(world, number, &reward)?;
    }
    for (number, order) in world.all::<Order>() {
        customers_see_the_truth(world, number, &order)?;
        shipped_or_cancelled(world, number)?;
    }
    points_balance(world)
}

/// The bank granted each granted reward once, and no reclaimed one remains.
fn points_are_at_the_bank(world: &World, number: u64, reward: &Reward) -> Result<(), String> {
    let was_done = |key: String| world.outside.done(&key) > 0;
    let attempts = 1..=16;
    let reclaims = attempts.filter(|attempt| {
        was_done(format!("reclaim-{number}-{attempt}"))
            && !was_done(format!("restore-{number}-{attempt}"))
    });
    // What the bank declines to restore, a store clerk settles by hand.
    let declined =
        |(owed, event)| owed == number && matches!(event, reward::Event::RestoreDeclined { .. });
    if world.events::<Reward>().into_iter().any(declined) {
        return Ok(());
    }
    let stands = was_done(format!("grant-{number}")) && reclaims.count() == 0;
    let is_granted = reward.status.word() == "Granted" && reward.points > Money::ZERO;
    ensure(stands == is_granted, || format!("reward {number}: {reward:?}, at the bank {stands}"))
}

fn customers_see_the_truth(world: &World, number: u64, order: &Order) -> Result<(), String> {
    let rows = world.rows::<Customer>();
    let row = rows.into_iter().find(|(row, _)| *row == number).map(|(_, row)| row);
    let payment = match world.get::<Payment>(number).stage().word() {
        "Approved" => "Payed",
        other => other,
    };
    let delivery = world.get::<Delivery>(number);
    let is_true = row.as_ref().is_some_and(|row| {
        row.status.0 == order.status.word()
            && row.point == order.point
            && row.amount == order.amount
            && row.payment_status.0 == payment
            && row.delivery_status.0 == delivery.status.word()
            && row.original_status.clone().unwrap_or_default().0
                == shown::<Order>(world, number, "originalStatus")
            && row.customer_id.clone().unwrap_or_default().0
                == shown::<Order>(world, number, "customerId")
    });
    ensure(is_true, || format!("order {number}: {order:?}, its row {row:?}"))
}

/// An order is never both shipped and cancelled.
fn shipped_or_cancelled(world: &World, number: u64) -> Result<(), String> {
    let left = |(delivery, event)| delivery == number && event == delivery::Event::Shipped;
    let forfeited = |(order, event)| {
        order == number && matches!(event, order::Event::Forfeited { .. } | order::Event::Withdrawn)
    };
    let has_left = world.events::<Delivery>().into_iter().any(left);
    let is_cancelled = world.events::<Order>().into_iter().any(forfeited);
    ensure(!(has_left && is_cancelled), || format!("order {number} was cancelled and shipped"))
}

/// The last balance of each customer is the sum of the points of their standing orders, except those
/// that the bank owes. An order without a customer has a balance of its own. Each balance follows
/// from the one before.
fn points_balance(world: &World) -> Result<(), String> {
    let mut balances = BTreeMap::new();
    for (number, row) in world.rows::<PointHistory>() {
        let balance: &mut u128 = balances.entry(owner(world, row.order_id)).or_default();
        match row.process.0.as_str() {
            "Granted" => *balance += u128::from(row.point.0),
            _ => *balance -= u128::from(row.point.0),
        }
        ensure(u128::from(row.balance.get()) == *balance, || {
            format!("row {number}: {row:?}, not {balance}")
        })?;
        let customer = shown::<Order>(world, row.order_id, "customerId");
        ensure(row.customer_id.clone().unwrap_or_default().0 == customer, || {
            format!("row {number}: {row:?}, of {customer}")
        })?;
    }
    let mut standing = BTreeMap::new();
    let is_owed = |number| world.get::<Reward>(number).status.word() == "Owed";
    for (number, order) in world.all::<Order>().into_iter().filter(|(number, _)| !is_owed(*number))
    {
        if let Some(points) = order.point.filter(|points| *points > Money::ZERO) {
            let sum: &mut u128 = standing.entry(owner(world, number)).or_default();
            *sum += u128::from(points.0);
        }
    }
    balances.retain(|_, balance| *balance > 0);
    ensure(standing == balances, || format!("{balances:?} granted, {standing:?} stand"))
}

/// The customer whose points an order earns; the order itself when it names none.
fn owner(world: &World, order: u64) -> String {
    match shown::<Order>(world, order, "customerId") {
        customer if customer.is_empty() => format!("order {order}"),
        customer => customer,
    }
}
