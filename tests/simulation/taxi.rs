//! A hundred thousand simulated taxi companies with random customers, dispatchers and drivers: the
//! money and the taxis add up.

use super::{WORLDS, board, ensure, shown};
use madang::domain::{
    kernel::{
        Aggregate as _, Id, Money, Progress, Quantity,
        simulation::{
            Dice, World, crash_at_each_record, fail_each_step, random_worlds, repeat_each_step,
        },
    },
    taxi::{
        CallTaxi,
        availability::Availability,
        grade::Grade,
        message::Message,
        my_page::MyPage,
        notice::Change,
        order::{self, Customer, Order},
        payment::{Fare, Payment},
        reservation::{self, By, Reservation},
        settings::Settings,
        taxi::{self, Model, Revision, Taxi},
    },
};

#[test]
fn whatever_happens_money_and_taxis_add_up() {
    random_worlds(WORLDS, some_company, people, everything_adds_up);
}

#[test]
fn every_record_is_explained_by_the_board() {
    random_worlds(WORLDS / 50, some_company, people, board::explains);
}

#[test]
fn a_ride_survives_every_failure_of_the_outside() {
    fail_each_step(company, ride, everything_adds_up);
    fail_each_step(company, cancelled_ride, everything_adds_up);
    fail_each_step(company, completed_ride, everything_adds_up);
}

#[test]
fn a_ride_survives_every_command_submitted_twice() {
    repeat_each_step(company, ride, everything_adds_up);
    repeat_each_step(company, cancelled_ride, everything_adds_up);
    repeat_each_step(company, completed_ride, everything_adds_up);
}

#[test]
fn a_ride_survives_a_crash_after_every_record() {
    crash_at_each_record(company, ride, everything_adds_up);
    crash_at_each_record(company, cancelled_ride, everything_adds_up);
    crash_at_each_record(company, completed_ride, everything_adds_up);
}

#[test]
fn the_cheapest_taxi_with_stock_comes() {
    let mut world = company();
    world.tell::<Taxi>(1, register(1, 4_900)).unwrap();
    world.tell::<Taxi>(2, register(1, 3_900)).unwrap();
    for number in 1..=3 {
        world.tell::<Order>(number, call()).unwrap();
        world.tell::<Reservation>(number, confirm(None)).unwrap();
    }
    assert_eq!(world.shown::<Order>(1)["taxiId"], 2);
    assert_eq!(world.shown::<Order>(2)["taxiId"], 1);
    assert_eq!(world.shown::<Order>(3)["status"], "Paid");
    let reason = "every taxi is out of stock".to_owned();
    let how = madang::domain::kernel::FailureKind::Refused;
    assert_eq!(world.get::<Reservation>(3).progress(), Progress::Failed { how, reason });
    everything_adds_up(&world).unwrap();
}

#[test]
fn a_company_without_any_taxi_confirms_without_one() {
    let mut world = company();
    world.tell::<Order>(1, call()).unwrap();
    world.tell::<Reservation>(1, confirm(None)).unwrap();
    assert_eq!(world.shown::<Order>(1)["status"], "Confirmed");
    everything_adds_up(&world).unwrap();
}

#[test]
fn a_reservation_that_is_not_confirmed_in_time_is_cancelled_and_refunded() {
    let mut world = World::of::<CallTaxi>(Settings { confirm_within_s: 60, ..Settings::default() });
    world.tell::<Order>(1, call()).unwrap();
    world.advance_ms(60_000);
    world.settle(&mut Dice::new(1));
    assert_eq!(world.shown::<Order>(1)["status"], "Cancelled");
    assert_eq!(world.shown::<Payment>(1)["status"], "Refunded");
    everything_adds_up(&world).unwrap();
}

#[test]
fn a_confirmed_ride_that_is_cancelled_gives_everything_back() {
    let mut world = company();
    world.tell::<Taxi>(1, register(3, 4_900)).unwrap();
    world.tell::<Order>(1, call()).unwrap();
    world.tell::<Reservation>(1, confirm(Some(1))).unwrap();
    assert_eq!(world.shown::<Taxi>(1)["stockCnt"], 2);
    world.tell::<Order>(1, order::Command::Cancel).unwrap();
    assert_eq!(world.shown::<Taxi>(1)["stockCnt"], 3);
    assert_eq!(world.shown::<Payment>(1)["status"], "Refunded");
    assert_eq!(world.rows::<Message>().len(), 4);
    everything_adds_up(&world).unwrap();
}

#[test]
fn a_completed_ride_frees_its_taxi_and_is_paid_for_good() {
    let mut world = company();
    world.tell::<Taxi>(1, register(3, 4_900)).unwrap();
    world.tell::<Order>(1, call()).unwrap();
    world.tell::<Reservation>(1, confirm(Some(1))).unwrap();
    world.tell::<Order>(1, order::Command::Complete).unwrap();
    assert_eq!(world.shown::<Order>(1)["status"], "Completed");
    assert_eq!(world.shown::<Order>(1)["taxiId"], 1);
    assert_eq!(world.shown::<Reservation>(1)["status"], "Completed");
    assert_eq!(world.shown::<Taxi>(1)["stockCnt"], 3);
    assert!(world.tell::<Order>(1, order::Command::Cancel).is_err());
    let by = By::Dispatcher;
    assert!(world.tell::<Reservation>(1, reservation::Command::Cancel { by }).is_err());
    assert_eq!(world.shown::<Payment>(1)["status"], "Approved");
    everything_adds_up(&world).unwrap();
}

fn company() -> World {
    World::of::<CallTaxi>(Settings::default())
}

/// A company that has a taxi in half of the worlds, so that random steps get far.
pub(crate) fn some_company(dice: &mut Dice) -> World {
    let confirm_within_s = [0, 60][dice.roll(2)];
    let mut world = World::of::<CallTaxi>(Settings { confirm_within_s, ..Settings::default() });
    if dice.once_in(2) {
        let _ = world.submit::<Taxi>(1, register(1 + few(dice), 4_000));
    }
    world
}

/// Submits a random command. Rejections are expected.
pub(crate) fn people(world: &mut World, dice: &mut Dice) {
    let number = 1 + dice.roll(2) as u64;
    let taxi = 1 + dice.roll(2) as u64;
    if dice.once_in(2) && next_step(world, number, dice) {
        return;
    }
    let _ = match dice.roll(13) {
        0 => world.submit::<Order>(number, order::Command::Complete),
        1..4 => world.submit::<Order>(number, call()),
        4 | 12 => world.submit::<Order>(number, order::Command::Cancel),
        5 => world.submit::<Taxi>(taxi, register(few(dice), 4_000 + dice.roll(3) as u64)),
        6 => {
            let stock = Some(Quantity(few(dice)));
            world.submit::<Taxi>(
                taxi,
                taxi::Command::Revise(Revision { stock, ..Revision::default() }),
            )
        }
        7 => {
            world.submit::<Reservation>(number, reservation::Command::Cancel { by: By::Dispatcher })
        }
        8 => world.submit::<Reservation>(number, confirm(Some(taxi))),
        _ => world.submit::<Reservation>(number, confirm(None)),
    };
}

/// Submits the next command of a ride, so that many rides get to their end. Returns whether there
/// is one.
fn next_step(world: &mut World, number: u64, dice: &mut Dice) -> bool {
    let _ = match (world.get::<Reservation>(number), dice.once_in(2)) {
        (Reservation::Blank, _) => world.submit::<Order>(number, call()),
        (Reservation::Accepted { .. }, _) => world.submit::<Reservation>(number, confirm(None)),
        (Reservation::Assigning { .. } | Reservation::Confirmed { .. }, true) => {
            world.submit::<Order>(number, order::Command::Cancel)
        }
        (Reservation::Confirmed { .. }, false) => {
            world.submit::<Order>(number, order::Command::Complete)
        }
        _ => return false,
    };
    true
}

fn few(dice: &mut Dice) -> u32 {
    [0, 1, 2][dice.roll(3)]
}

fn ride(world: &mut World, chapter: usize) -> bool {
    let _ = match chapter {
        0 => world.submit::<Taxi>(1, register(1, 4_900)),
        1 => world.submit::<Order>(1, call()),
        2 => world.submit::<Reservation>(1, confirm(None)),
        _ => return false,
    };
    true
}

fn cancelled_ride(world: &mut World, chapter: usize) -> bool {
    if chapter == 3 {
        let _ = world.submit::<Order>(1, order::Command::Cancel);
        return true;
    }
    ride(world, chapter)
}

fn completed_ride(world: &mut World, chapter: usize) -> bool {
    if chapter == 3 {
        let _ = world.submit::<Order>(1, order::Command::Complete);
        return true;
    }
    ride(world, chapter)
}

fn call() -> order::Command {
    let customer = Customer { name: "Jung".into(), phone: "010-1234".into() };
    order::Command::Call { grade: Grade::Basic, customer, card_no: "383824245656".into() }
}

pub(crate) fn register(stock: u32, price: u64) -> taxi::Command {
    let (taxi_name, company_name) = ("sonata".into(), "tmap".into());
    let model = Model { taxi_name, company_name, item_price: Money(price) };
    taxi::Command::Register { model, stock: Quantity(stock) }
}

fn confirm(taxi: Option<u64>) -> reservation::Command {
    reservation::Command::Confirm { taxi: taxi.map(Id::new) }
}

pub(crate) fn everything_adds_up(world: &World) -> Result<(), String> {
    world.check_money::<Fare>()?;
    for (number, _) in world.all::<Order>() {
        pages_are_true(world, number)?;
    }
    free_taxis_are_offered(world)?;
    every_change_was_announced(world)
}

fn free_taxis_are_offered(world: &World) -> Result<(), String> {
    let rows = world.rows::<Availability>();
    for (number, taxi) in world.all::<Taxi>() {
        let row = rows.iter().find(|(row, _)| *row == number).map(|(_, row)| row);
        ensure(row.is_some_and(|row| row.stock_cnt == taxi.stock()), || {
            format!("taxi {number}: its row is {row:?}")
        })?;
    }
    Ok(())
}

/// There is exactly one message for every change of every order.
fn every_change_was_announced(world: &World) -> Result<(), String> {
    use order::Event as E;
    let changes = world.events::<Order>().into_iter().filter_map(|(number, event)| {
        let change = match event {
            E::Called { .. } => Change::Requested,
            E::Paid { .. } => Change::Paid,
            E::Confirmed { .. } => Change::Confirmed,
            E::Cancelled { .. } => Change::Cancelled,
            E::Rejected { .. } => Change::Rejected,
            E::Completed { .. } => Change::Completed,
            E::Undone => return None,
        };
        Some(format!("{number} {change:?}"))
    });
    let mut changes: Vec<String> = changes.collect();
    let rows = world.rows::<Message>().into_iter();
    let mut told: Vec<String> =
        rows.map(|(_, row)| format!("{} {:?}", row.order_id, row.status)).collect();
    changes.sort();
    told.sort();
    ensure(changes == told, || format!("changes {changes:?}, messages {told:?}"))
}

fn pages_are_true(world: &World, number: u64) -> Result<(), String> {
    let rows = world.rows::<MyPage>();
    let Some((_, page)) = rows.into_iter().find(|(row, _)| *row == number) else {
        return Err(format!("order {number} has no page"));
    };
    let shown = [
        shown::<Order>(world, number, "status"),
        shown::<Payment>(world, number, "status"),
        shown::<Reservation>(world, number, "status"),
    ];
    let page = [page.status.0, page.payment_status.0, page.reservation_status.0];
    ensure(shown == page, || format!("order {number}: {shown:?}, its page {page:?}"))
}
