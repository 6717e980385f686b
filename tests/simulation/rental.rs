//! A hundred thousand simulated rental companies with random customers and fleet managers: the
//! money and the cars add up.

use super::{cashier, ensure, explore, shown, unreachable, with_declining_services};
use madang::domain::{
    kernel::{
        Aggregate as _, Id, Progress, Quantity,
        simulation::{
            Dice, Luck, RandomWorlds, World, crash_at_each_record, fail_each_step, repeat_each_step,
        },
    },
    rental::{
        CarRental, Rent,
        availability::Availability,
        car::{self, Car},
        order::{self, Order},
        payment::Payment,
        settings::Settings,
        system::System,
    },
};

#[test]
fn whatever_happens_money_and_cars_add_up() {
    explore(&worlds(|_| garage()), unreachable::RENTAL);
}

#[test]
fn an_order_survives_every_failure_of_the_outside() {
    fail_each_step(garage, order, everything_adds_up);
    fail_each_step(garage, cancelled_order, everything_adds_up);
    fail_each_step(garage, returned_cars, everything_adds_up);
    fail_each_step(garage, order_without_cars, everything_adds_up);
}

#[test]
fn an_order_survives_every_command_submitted_twice() {
    repeat_each_step(garage, order, everything_adds_up);
    repeat_each_step(garage, cancelled_order, everything_adds_up);
    repeat_each_step(garage, returned_cars, everything_adds_up);
    repeat_each_step(garage, order_without_cars, everything_adds_up);
}

#[test]
fn an_order_survives_a_crash_after_every_record() {
    crash_at_each_record(garage, order, everything_adds_up);
    crash_at_each_record(garage, cancelled_order, everything_adds_up);
    crash_at_each_record(garage, returned_cars, everything_adds_up);
    crash_at_each_record(garage, order_without_cars, everything_adds_up);
}

#[test]
fn ten_of_thirty_two_orders_get_the_last_ten_cars() {
    for seed in 0..100 {
        let mut dice = Dice::new(seed);
        let mut world = garage();
        world.tell::<Car>(1, register(10)).unwrap();
        for number in 1..=32 {
            world.submit::<Order>(number, place(1, 1)).unwrap();
        }
        world.settle(&mut dice);
        let with = |status: &str| {
            (1..=32).filter(|number| shown::<Order>(&world, *number, "status") == status).count()
        };
        assert_eq!((with("Confirmed"), with("Rejected")), (10, 22), "seed {seed}");
        assert_eq!(world.shown::<Car>(1)["cnt"], 0);
        let refunded = |number: &u64| shown::<Payment>(&world, *number, "status") == "Refunded";
        assert_eq!((1..=32).filter(refunded).count(), 22);
        world.check_invariants().and_then(|()| everything_adds_up(&world)).unwrap();
    }
}

#[test]
fn an_order_of_an_unregistered_car_is_refunded_and_rejected() {
    let mut world = garage();
    world.tell::<Order>(1, place(7, 1)).unwrap();
    assert_eq!(shown::<Order>(&world, 1, "status"), "Rejected");
    assert_eq!(shown::<Order>(&world, 1, "reason"), "there is no such car");
    assert_eq!(shown::<Payment>(&world, 1, "status"), "Refunded");
}

#[test]
fn a_cancelled_order_gives_money_and_cars_back() {
    let mut world = garage();
    world.tell::<Car>(1, register(10)).unwrap();
    world.tell::<Order>(1, place(1, 4)).unwrap();
    assert_eq!(shown::<Order>(&world, 1, "status"), "Confirmed");
    assert_eq!(world.shown::<Car>(1)["cnt"], 6);
    world.tell::<Order>(1, order::Command::Cancel).unwrap();
    assert_eq!(world.shown::<Car>(1)["cnt"], 10);
    assert_eq!(shown::<Order>(&world, 1, "status"), "Cancelled");
    assert_eq!(shown::<Payment>(&world, 1, "status"), "Refunded");
}

#[test]
fn cars_brought_back_after_use_can_be_rented_again_and_are_paid_for_good() {
    let mut world = garage();
    world.tell::<Car>(1, register(10)).unwrap();
    world.tell::<Order>(1, place(1, 4)).unwrap();
    world.tell::<Order>(1, order::Command::Return).unwrap();
    assert_eq!(world.shown::<Car>(1)["cnt"], 10);
    assert_eq!(shown::<Order>(&world, 1, "status"), "Returned");
    assert!(world.tell::<Order>(1, order::Command::Cancel).is_err());
    assert_eq!(shown::<Payment>(&world, 1, "status"), "Paid");
    everything_adds_up(&world).unwrap();
}

/// All commands for a car wait at the end of the outbox, as if the car were down.
#[test]
fn a_refund_does_not_wait_for_a_store_that_is_down() {
    let mut world = garage();
    world.tell::<Car>(1, register(10)).unwrap();
    world.submit::<Order>(1, place(1, 4)).unwrap();
    let mut dice = Dice::new(1);
    world.deliver(0); // the charge is requested
    world.commit();
    world.answer(0, &mut dice); // the charge is approved
    world.deliver(0); // the order is paid, and the cars are requested
    world.submit::<Order>(1, order::Command::Cancel).unwrap();
    world.deliver(1); // the refund is requested
    world.commit();
    world.answer(0, &mut dice); // the refund is made
    world.deliver(2); // the order is closed, behind the command for the car
    assert_eq!(shown::<Payment>(&world, 1, "status"), "Refunded");
    assert_eq!(world.get::<Order>(1).progress(), Progress::Established);
    assert!(!world.is_quiet());
    assert_eq!(world.shown::<Car>(1)["cnt"], 10);
    world.settle(&mut dice);
    assert_eq!(world.shown::<Car>(1)["cnt"], 10);
    assert_eq!(world.events::<Car>().len(), 3, "the cars were rented, and returned");
    world.check_invariants().and_then(|()| everything_adds_up(&world)).unwrap();
}

#[test]
fn an_unpaid_order_is_neither_rented_nor_charged() {
    for seed in 0..100 {
        let mut world = garage();
        world.outside.luck = Luck::Random;
        world.tell::<Car>(1, register(1)).unwrap();
        world.submit::<Order>(1, place(1, 1)).unwrap();
        world.settle(&mut Dice::new(seed));
        let status = shown::<Order>(&world, 1, "status");
        let left = u32::from(status != "Confirmed");
        assert_eq!(world.shown::<Car>(1)["cnt"], left, "seed {seed}: {status}");
        everything_adds_up(&world).unwrap();
    }
}

pub(crate) fn garage() -> World {
    World::of::<CarRental>(Settings::default())
}

/// Random worlds that begin like this.
pub(crate) fn worlds<'a>(begin: impl Fn(&mut Dice) -> World + Sync + 'a) -> RandomWorlds<'a> {
    RandomWorlds::new(move |dice| with_declining_services(begin(dice)))
        .person(12, people)
        .person(1, cashier::<Rent>)
        .invariants(everything_adds_up)
}

/// Submits a random command. Rejections are expected.
pub(crate) fn people(world: &mut World, dice: &mut Dice) {
    let number = 1 + dice.roll(3) as u64;
    let car = 1 + dice.roll(2) as u64;
    let few = |dice: &mut Dice| u32::try_from(dice.roll(4)).unwrap_or_default();
    let _ = match dice.roll(11) {
        10 => world.submit::<Order>(number, order::Command::Return),
        0..4 => world.submit::<Order>(number, place(car, few(dice))),
        4 | 5 => world.submit::<Order>(number, order::Command::Cancel),
        6 | 7 => world.submit::<Car>(car, register(few(dice))),
        8 => world.submit::<Car>(car, restock(few(dice))),
        _ => world.submit::<Payment>(number, madang::domain::kernel::payment::Command::Restate),
    };
}

fn order(world: &mut World, chapter: usize) -> bool {
    let _ = match chapter {
        0 => world.submit::<Car>(1, register(2)),
        1 => world.submit::<Order>(1, place(1, 2)),
        _ => return false,
    };
    true
}

fn cancelled_order(world: &mut World, chapter: usize) -> bool {
    if chapter == 2 {
        let _ = world.submit::<Order>(1, order::Command::Cancel);
        return true;
    }
    order(world, chapter)
}

fn returned_cars(world: &mut World, chapter: usize) -> bool {
    if chapter == 2 {
        let _ = world.submit::<Order>(1, order::Command::Return);
        return true;
    }
    order(world, chapter)
}

fn order_without_cars(world: &mut World, chapter: usize) -> bool {
    let _ = match chapter {
        0 => world.submit::<Car>(1, register(1)),
        1 => world.submit::<Order>(1, place(1, 2)),
        2 => world.submit::<Order>(1, order::Command::Cancel),
        _ => return false,
    };
    true
}

pub(crate) fn place(car: u64, quantity: u32) -> order::Command {
    let customer = (quantity > 1).then(|| "kim".into());
    order::Command::Place { car: Id::new(car), quantity: Quantity(quantity), customer }
}

pub(crate) fn register(count: u32) -> car::Command {
    car::Command::Register { name: "sonata".into(), count: Quantity(count) }
}

pub(crate) fn restock(count: u32) -> car::Command {
    car::Command::Revise { name: None, rentable: Some(Quantity(count)) }
}

/// Checks, besides the invariants, that the outside service agrees and the views are right.
pub(crate) fn everything_adds_up(world: &World) -> Result<(), String> {
    world.check_money::<Rent>()?;
    let rows = world.rows::<System>();
    for (number, _) in world.all::<Order>() {
        let row = rows.iter().find(|(row, _)| *row == number).map(|(_, row)| row.clone());
        let row = row.ok_or_else(|| format!("order {number} has no row"))?;
        let shown = [
            shown::<Order>(world, number, "status"),
            shown::<Payment>(world, number, "status"),
            shown::<Order>(world, number, "reason"),
            shown::<Order>(world, number, "originalStatus"),
            shown::<Order>(world, number, "customerId"),
        ];
        let row = [
            row.status.0,
            row.pay_status.0,
            row.reason.unwrap_or_default(),
            row.original_status.unwrap_or_default().0,
            row.customer_id.unwrap_or_default().0,
        ];
        ensure(shown == row, || format!("order {number}: {shown:?}, its row {row:?}"))?;
    }
    let rows = world.rows::<Availability>();
    for (number, car) in world.all::<Car>() {
        let Car::Registered { registered, rentable, .. } = car else { continue };
        let row = rows.iter().find(|(row, _)| *row == number).map(|(_, row)| row);
        let is_true = row.is_some_and(|row| {
            (row.registered, row.rentable) == (registered, rentable)
                && row.rented.0 == registered.0 - rentable.0
        });
        ensure(is_true, || format!("car {number}: its row is {row:?}"))?;
    }
    Ok(())
}
