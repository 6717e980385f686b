//! A hundred thousand random worlds of every business, and its stories with failures, repetitions
//! and crashes at every step.

mod board;
mod claim_history;
mod claims;
mod education;
mod in_memory;
mod insurance;
mod limits;
mod mutants;
mod phone;
mod rental;
mod strangers;
mod taxi;
mod unreachable;

use madang::domain::kernel::{
    Aggregate,
    payment::{Bill, Command, Payment},
    simulation::{Dice, RandomWorlds, Shares, World},
};
use std::env;

/// The number of random worlds of each business: enough to reach everything there, many times.
/// `MADANG_WORLDS=100000` runs more.
const WORLDS: u64 = 20_000;

/// Runs the worlds of a business, prints what they reached, and checks that it is everything but
/// this.
#[track_caller]
fn explore(worlds: &RandomWorlds<'_>, unreachable: &[(&str, &str)]) {
    let number = env::var("MADANG_WORLDS").map(|number| number.parse().expect("a number"));
    let reached = worlds.run(number.unwrap_or(WORLDS));
    println!("{reached}");
    reached.everything_but(unreachable);
}

/// Shares for a business with many steps between two commands of people: more is delivered, answered
/// and made durable in the meantime.
fn busy() -> Shares {
    Shares { people: 12, deliver: 36, answer: 18, commit: 18, ..Shares::default() }
}

/// The same world with services that decline what is asked until it is answered, now and then.
fn with_declining_services(mut world: World) -> World {
    world.outside.declines = &["refund", "grant", "restore", "send"];
    world
}

/// Gives money back by hand, or repeats what an order has requested.
fn cashier<B: Bill>(world: &mut World, dice: &mut Dice) {
    let number = 1 + dice.roll(3) as u64;
    let command = if dice.once_in(2) { Command::Settle } else { Command::Restate };
    let _ = world.submit::<Payment<B>>(number, command);
}

fn ensure(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}

/// A field of a representation as text; empty when it is no text.
fn shown<A: Aggregate>(world: &World, number: u64, field: &str) -> String {
    world.shown::<A>(number)[field].as_str().unwrap_or_default().to_owned()
}
