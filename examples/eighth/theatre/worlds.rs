//! Random worlds: whatever happens, the money of an order is where its status says.

use super::*;
use madang::domain::kernel::{
    payment::{
        Command::{Restate, Settle},
        Payment,
    },
    sale::Command::{Cancel, HandOver, Place},
    simulation::{
        Dice, RandomWorlds, World, crash_at_each_record, fail_each_step, repeat_each_step,
    },
};

/// What no world reaches, each with the reason.
const UNREACHABLE: &[(&str, &str)] = &[
    ("command Amend of theatre/payments", "no client adds details to a bill"),
    ("state status.Rejected.how.Refused of theatre/orders", "only a payment rejects an order"),
];

#[test]
fn whatever_happens_the_money_is_where_it_belongs() {
    let worlds = RandomWorlds::new(|_| begin()).person(6, guest).person(3, usher);
    let reached = worlds.invariants(World::check_money::<Tickets>).run(5_000);
    println!("{reached}");
    reached.everything_but(UNREACHABLE);
}

#[test]
fn an_order_survives_every_failure_repetition_and_crash() {
    for last in [HandOver, Cancel] {
        let story = |world: &mut World, chapter: usize| {
            let commands = [Place(seats(2)), last.clone()];
            let command = commands.get(chapter).cloned();
            command.map(|command| world.submit::<Order>(1, command)).is_some()
        };
        fail_each_step(begin, story, World::check_money::<Tickets>);
        repeat_each_step(begin, story, World::check_money::<Tickets>);
        crash_at_each_record(begin, story, World::check_money::<Tickets>);
    }
}

#[test]
fn an_order_is_for_one_to_ten_seats_of_a_guest_with_a_name() {
    let price = |seats: Tickets| seats.price(&Empty {});
    assert_eq!(price(seats(10)), Ok(Money(200_000)));
    let nameless = Tickets { guest: Text::default(), ..seats(1) };
    for wrong in [seats(0), seats(11), seats(u32::MAX), nameless] {
        assert!(price(wrong).is_err());
    }
}

fn begin() -> World {
    let mut world = World::of::<Theatre>(Empty {});
    world.outside.declines = &["refund"];
    world
}

fn guest(world: &mut World, dice: &mut Dice) {
    let number = 1 + dice.roll(3) as u64;
    let wanted = u32::try_from(dice.roll(4)).unwrap_or_default();
    let command = if dice.once_in(3) { Cancel } else { Place(seats(wanted)) };
    let _ = world.submit::<Order>(number, command);
}

fn usher(world: &mut World, dice: &mut Dice) {
    let number = 1 + dice.roll(3) as u64;
    let _ = match dice.roll(6) {
        0..3 => world.submit::<Order>(number, HandOver),
        3..5 => world.submit::<Payment<Tickets>>(number, Settle),
        _ => world.submit::<Payment<Tickets>>(number, Restate),
    };
}

fn seats(seats: u32) -> Tickets {
    Tickets { guest: "Kim".into(), seats: Quantity(seats), ..Tickets::default() }
}
