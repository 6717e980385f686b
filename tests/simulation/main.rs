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

use madang::domain::kernel::{Aggregate, simulation::World};

const WORLDS: u64 = 100_000;

fn ensure(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}

/// A field of a representation as text; empty when it is no text.
fn shown<A: Aggregate>(world: &World, number: u64, field: &str) -> String {
    world.shown::<A>(number)[field].as_str().unwrap_or_default().to_owned()
}
