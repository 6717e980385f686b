//! A hundred thousand simulated taxi companies with random customers, dispatchers and drivers: the
//! money and the taxis add up.

mod adding_up;
mod people;

use super::{busy, cashier, explore, shown, unreachable, with_declining_services};
pub(crate) use adding_up::everything_adds_up;
use madang::domain::{
    kernel::{
        Aggregate, Id, Money, Personal, PortReply, Progress, Quantity, StateReader as _, WaitsFor,
        payment as kernel_payment,
        simulation::{
            Dice, RandomWorlds, World, crash_at_each_record, fail_each_step, repeat_each_step,
        },
    },
    taxi::{
        CallTaxi,
        grade::Grade,
        notice::{Change, Message},
        order::{self, Customer, Order, OrderBilling},
        payment::{Fare, Payment},
        reservation::{self, By, Reservation, Status},
        settings::Settings,
        taxi::{self, Model, Taxi},
    },
};
use people::driver;
pub(crate) use people::{people, some_company};

#[test]
fn whatever_happens_money_and_taxis_add_up() {
    explore(&worlds(some_company), unreachable::TAXI);
}

#[test]
fn a_ride_survives_every_failure_of_the_outside() {
    fail_each_step(company, ride, everything_adds_up);
    fail_each_step(company, cancelled_ride, everything_adds_up);
    fail_each_step(company, completed_ride, everything_adds_up);
    fail_each_step(company, ride_with_a_card_added, everything_adds_up);
}

#[test]
fn a_ride_survives_every_command_submitted_twice() {
    repeat_each_step(company, ride, everything_adds_up);
    repeat_each_step(company, cancelled_ride, everything_adds_up);
    repeat_each_step(company, completed_ride, everything_adds_up);
    repeat_each_step(company, ride_with_a_card_added, everything_adds_up);
}

#[test]
fn a_ride_survives_a_crash_after_every_record() {
    crash_at_each_record(company, ride, everything_adds_up);
    crash_at_each_record(company, cancelled_ride, everything_adds_up);
    crash_at_each_record(company, completed_ride, everything_adds_up);
    crash_at_each_record(company, ride_with_a_card_added, everything_adds_up);
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
    let told: Vec<Change> =
        world.rows::<Message>().into_iter().map(|(_, row)| row.status).collect();
    let all = [Change::Requested, Change::Paid, Change::Confirmed, Change::Cancelled];
    for change in all.into_iter().chain([Change::Refunded]) {
        assert_eq!(told.iter().filter(|it| **it == change).count(), 1, "{change:?}");
    }
    everything_adds_up(&world).unwrap();
}

#[test]
fn a_refund_does_not_wait_for_suspended_reservations_or_taxis() {
    let mut world = company();
    let mut dice = Dice::new(1);
    world.tell::<Taxi>(1, register(3, 4_900)).unwrap();
    world.tell::<Order>(1, call()).unwrap();
    world.tell::<Reservation>(1, confirm(Some(1))).unwrap();
    world.suspend::<Reservation>();
    world.suspend::<Taxi>();
    world.tell::<Order>(2, call()).unwrap();
    for number in [1, 2] {
        world.tell::<Order>(number, order::Command::Cancel).unwrap();
        assert_eq!(shown::<Payment>(&world, number, "status"), "Refunded");
        assert_eq!(world.get::<Order>(number).progress(), Progress::Pending);
        let told = world.rows::<Message>().into_iter().map(|(_, row)| (row.order_id, row.status));
        assert_eq!(told.filter(|it| *it == (number, Change::Refunded)).count(), 1);
    }
    assert_eq!(world.get::<Reservation>(2).status, Status::Blank);
    assert_eq!(world.shown::<Taxi>(1)["stockCnt"], 2);
    world.resume::<Taxi>();
    world.resume::<Reservation>();
    world.settle(&mut dice);
    for number in [1, 2] {
        assert_eq!(world.get::<Reservation>(number).status, Status::Cancelled);
        assert_eq!(world.get::<Order>(number).progress(), Progress::Established);
    }
    assert_eq!(world.shown::<Taxi>(1)["stockCnt"], 3);
    world.check_invariants().and_then(|()| everything_adds_up(&world)).unwrap();
}

#[test]
fn a_taxi_of_the_paid_grade_or_better_comes() {
    let mut world = company();
    let fleet = [(1, 100, Grade::Basic), (2, 900, Grade::Platinum), (3, 500, Grade::Prime)];
    for (number, price, grade) in fleet {
        world.tell::<Taxi>(number, register_as(grade, 1, price)).unwrap();
    }
    for (number, grade, taxi) in [(1, Grade::Prime, 3), (2, Grade::Prime, 2), (3, Grade::Basic, 1)]
    {
        world.tell::<Order>(number, call_for(grade)).unwrap();
        world.tell::<Reservation>(number, confirm(None)).unwrap();
        assert_eq!(world.shown::<Order>(number)["taxiId"], taxi, "order {number}");
    }
    everything_adds_up(&world).unwrap();
}

#[test]
fn a_company_with_lower_grades_only_leaves_the_reservation_waiting() {
    let mut world = company();
    world.tell::<Taxi>(1, register_as(Grade::Basic, 3, 100)).unwrap();
    world.tell::<Order>(1, call_for(Grade::Platinum)).unwrap();
    let failures = [
        (None, "every taxi of grade platinum is out of stock"),
        (Some(1), "the taxi is basic, and the order is paid for platinum"),
    ];
    for (taxi, reason) in failures {
        world.tell::<Reservation>(1, confirm(taxi)).unwrap();
        let how = madang::domain::kernel::FailureKind::Refused;
        let failed = Progress::Failed { how, reason: reason.to_owned() };
        assert_eq!(world.get::<Reservation>(1).progress(), failed);
        assert_eq!(shown::<Reservation>(&world, 1, "status"), "Reservation Complete");
        assert_eq!(world.shown::<Taxi>(1)["stockCnt"], 3);
    }
    everything_adds_up(&world).unwrap();
}

#[test]
fn a_charge_that_was_not_asked_for_yet_carries_the_card() {
    let mut world = company();
    let mut dice = Dice::new(1);
    let customer = Customer { name: "Jung".into(), phone: "1".into() };
    let call = order::Command::Call { grade: Grade::Basic, customer, card_no: "".into() };
    world.submit::<Order>(1, call).unwrap();
    while shown::<Payment>(&world, 1, "status").is_empty() {
        assert!(world.deliver(0));
    }
    let bill = Fare { card_no: "383824245656".into() };
    world.submit::<Payment>(1, kernel_payment::Command::Amend { bill }).unwrap();
    world.settle(&mut dice);
    assert_eq!(world.outside.body("charge-1").unwrap()["cardNo"], "383824245656");
    assert_eq!(shown::<Payment>(&world, 1, "cardNo"), "**** 5656");
    everything_adds_up(&world).unwrap();
}

#[test]
fn the_card_of_a_payment_is_kept_and_another_one_is_refused() {
    let mut world = company();
    let customer = Customer { name: "Jung".into(), phone: "1".into() };
    let call = order::Command::Call { grade: Grade::Basic, customer, card_no: "".into() };
    world.tell::<Order>(1, call).unwrap();
    let pay_with =
        |card: &str| kernel_payment::Command::Amend { bill: Fare { card_no: card.into() } };
    world.tell::<Payment>(1, pay_with("")).unwrap();
    assert_eq!(shown::<Payment>(&world, 1, "cardNo"), "");
    for card in ["383824245656", "3838-2424-5656", "**** 5656", ""] {
        world.tell::<Payment>(1, pay_with(card)).unwrap();
        assert_eq!(shown::<Payment>(&world, 1, "cardNo"), "**** 5656");
        assert_eq!(shown::<Payment>(&world, 1, "status"), "Approved");
    }
    let refused = world.tell::<Payment>(1, pay_with("4111111111111111")).unwrap_err();
    assert_eq!(refused, "the payment was made with another card");
    let amended = |(_, event): &(u64, kernel_payment::Event<Fare>)| {
        matches!(event, kernel_payment::Event::Amended { charged: true, .. })
    };
    assert_eq!(world.events::<Payment>().iter().filter(|it| amended(it)).count(), 1);
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

#[test]
fn a_reservation_that_is_cancelled_just_before_it_learns_of_the_end_of_the_ride_is_completed() {
    let mut world = company();
    world.tell::<Order>(1, call()).unwrap();
    world.tell::<Reservation>(1, confirm(None)).unwrap();
    world.submit::<Order>(1, order::Command::Complete).unwrap();
    let by = By::Dispatcher;
    world.submit::<Reservation>(1, reservation::Command::Cancel { by }).unwrap();
    world.settle(&mut Dice::new(1));
    assert_eq!(shown::<Order>(&world, 1, "status"), "Completed");
    assert_eq!(world.get::<Reservation>(1).status, Status::Completed);
    everything_adds_up(&world).unwrap();
}

#[test]
fn a_refund_that_is_declined_waits_for_the_dispatcher() {
    let cancelled = |nth| {
        let mut world = with_declining_services(company());
        world.tell::<Taxi>(1, register(1, 4_900)).unwrap();
        world.tell::<Order>(1, call()).unwrap();
        world.tell::<Reservation>(1, confirm(Some(1))).unwrap();
        let declined = PortReply::Declined("the account is closed".into());
        world.outside.fail_at = Some((world.outside.asked() + nth, declined));
        world.tell::<Order>(1, order::Command::Cancel).unwrap();
        let is_declined = shown::<Payment>(&world, 1, "status") == "Refund Declined";
        is_declined.then_some(world)
    };
    let mut world = (0..8).find_map(cancelled).expect("one of the calls is the refund");
    assert_eq!(world.waits_for::<OrderBilling>(1), WaitsFor::Person("dispatcher"));
    world.check_invariants().and_then(|()| everything_adds_up(&world)).unwrap();
    world.tell::<Payment>(1, kernel_payment::Command::Settle).unwrap();
    assert_eq!(world.waits_for::<OrderBilling>(1), WaitsFor::Nothing);
    assert_eq!(world.shown::<Taxi>(1)["stockCnt"], 1);
    everything_adds_up(&world).unwrap();
}

fn company() -> World {
    World::of::<CallTaxi>(Settings::default())
}

/// Random worlds that begin like this.
pub(crate) fn worlds<'a>(begin: impl Fn(&mut Dice) -> World + Sync + 'a) -> RandomWorlds<'a> {
    RandomWorlds::new(move |dice| with_declining_services(begin(dice)))
        .person(12, people)
        .shares(busy())
        .acts(16..96)
        .person(1, |world, dice| {
            let grade = [Grade::Prime, Grade::Platinum][dice.roll(2)];
            let customer = Customer { name: "Jung".into(), phone: Personal::default() };
            let call = order::Command::Call { grade, customer, card_no: "".into() };
            let _ = world.submit::<Order>(1 + dice.roll(2) as u64, call);
        })
        .person(1, cashier::<Fare>)
        .person(2, driver)
        .invariants(everything_adds_up)
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

/// A prime taxi is called without a card, gets one before the charge is asked for, and is cancelled.
fn ride_with_a_card_added(world: &mut World, chapter: usize) -> bool {
    let _ = match chapter {
        0 => world.submit::<Taxi>(1, register_as(Grade::Platinum, 1, 4_900)),
        1 => {
            let customer = Customer { name: "Jung".into(), phone: "010-1234".into() };
            let grade = Grade::Prime;
            let call = order::Command::Call { grade, customer, card_no: "".into() };
            let called = world.submit::<Order>(1, call);
            while world.get::<Payment>(1) == Payment::default() && world.deliver(0) {}
            let bill = Fare { card_no: "383824245656".into() };
            let _ = world.submit::<Payment>(1, kernel_payment::Command::Amend { bill });
            called
        }
        2 => world.submit::<Reservation>(1, confirm(None)),
        3 => world.submit::<Order>(1, order::Command::Cancel),
        _ => return false,
    };
    true
}

fn call() -> order::Command {
    call_for(Grade::Basic)
}

fn call_for(grade: Grade) -> order::Command {
    let customer = Customer { name: "Jung".into(), phone: "010-1234".into() };
    order::Command::Call { grade, customer, card_no: "383824245656".into() }
}

pub(crate) fn register(stock: u32, price: u64) -> taxi::Command {
    register_as(Grade::Basic, stock, price)
}

fn register_as(grade: Grade, stock: u32, price: u64) -> taxi::Command {
    let (taxi_name, company_name) = ("sonata".into(), "tmap".into());
    let model = Model { taxi_name, company_name, item_price: Money(price), grade };
    taxi::Command::Register { model, stock: Quantity(stock) }
}

fn confirm(taxi: Option<u64>) -> reservation::Command {
    reservation::Command::Confirm { taxi: taxi.map(Id::new) }
}
