//! Simulation tests for every business: random worlds, and stories with a failure, a repetition
//! or a crash at every step.

use super::{Dice, Luck, World};
use crate::domain::kernel::{Message, PortReply};
use std::{fmt::Write, thread};

/// A script of requests that drives a world from its start.
///
/// The function is called with the number of each chapter from 0, until it returns false. The
/// world settles between two chapters.
pub type Story = fn(&mut World, usize) -> bool;

/// Invariants of a world at rest besides [`World::check_invariants`]; the error is a sentence.
type Invariants = fn(&World) -> Result<(), String>;

/// Runs this many random worlds on all cores and checks the invariants at the end of each.
///
/// # Panics
/// When an invariant is violated; the message names the seed, which reproduces the bug.
pub fn random_worlds(
    worlds: u64,
    begin: fn(&mut Dice) -> World,
    clients: fn(&mut World, &mut Dice),
    invariants: Invariants,
) {
    let threads = thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    thread::scope(|scope| {
        for first in 0..threads {
            scope.spawn(move || {
                for seed in (first..worlds).step_by(usize::try_from(threads).unwrap_or(1)) {
                    let world = run_world(seed, begin, clients);
                    check(&world, invariants, &format!("seed {seed}"));
                }
            });
        }
    });
}

/// Runs at most this many random worlds, one by one, until one violates an invariant. Returns
/// the violation as a sentence with the seed.
pub fn first_flaw(
    worlds: u64,
    begin: fn(&mut Dice) -> World,
    clients: fn(&mut World, &mut Dice),
    invariants: Invariants,
) -> Option<String> {
    (0..worlds).find_map(|seed| {
        let violation = violation(&run_world(seed, begin, clients), invariants)?;
        Some(format!("seed {seed}: {violation}"))
    })
}

/// Guard that prints the seed of a world when a panic unwinds it.
struct SeedPrinter(u64);

impl Drop for SeedPrinter {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the world of seed {} panicked", self.0);
        }
    }
}

fn run_world(
    seed: u64,
    begin: fn(&mut Dice) -> World,
    clients: fn(&mut World, &mut Dice),
) -> World {
    let _printer = SeedPrinter(seed);
    let mut dice = Dice::new(seed);
    let mut world = begin(&mut dice);
    world.outside.luck = Luck::Random;
    for _ in 0..8 + dice.roll(48) {
        if dice.once_in(4) {
            clients(&mut world, &mut dice);
        } else {
            world.random_step(&mut dice);
        }
    }
    world.resume_all();
    world.settle(&mut dice);
    world
}

fn violation(world: &World, invariants: Invariants) -> Option<String> {
    world.check_invariants().and_then(|()| invariants(world)).err()
}

fn check(world: &World, invariants: Invariants, place: &str) {
    if let Some(violation) = violation(world, invariants) {
        panic!("{place}: {violation}\n{:#?}", world.journal());
    }
}

/// Runs the story once for every call to an outside service and every failure of that call.
///
/// # Panics
/// When an invariant is violated at the end.
pub fn fail_each_step(begin: fn() -> World, story: Story, invariants: Invariants) {
    let failures = [
        PortReply::Declined("no".into()),
        PortReply::Unreachable("the service does not answer".into()),
        PortReply::TurnedAway("the gate is open".into()),
    ];
    for failure in failures {
        for nth in 0.. {
            let mut world = begin();
            world.outside.fail_at = Some((nth, failure.clone()));
            run_story(&mut world, story, World::settle);
            check(&world, invariants, &format!("call {nth} answered {failure:?}"));
            if world.outside.asked() <= nth {
                break;
            }
        }
    }
}

/// Runs the story once for every command of a saga, with that command delivered twice.
///
/// # Panics
/// When an invariant is violated at the end.
pub fn repeat_each_step(begin: fn() -> World, story: Story, invariants: Invariants) {
    for nth in 0.. {
        let mut world = begin();
        let mut delivered = 0;
        run_story(&mut world, story, |world, dice| {
            while !world.is_quiet() {
                while let Some(ready) = world.ready(0) {
                    if delivered == nth {
                        world.deliver_twice(ready)
                    } else {
                        world.deliver(ready)
                    };
                    delivered += 1;
                }
                world.commit();
                world.answer(0, dice);
            }
        });
        check(&world, invariants, &format!("command {nth} delivered twice"));
        if delivered <= nth {
            break;
        }
    }
}

/// Runs the story twice for every record, with a crash before and after the record is durable.
///
/// # Panics
/// When an invariant is violated at the end.
pub fn crash_at_each_record(begin: fn() -> World, story: Story, invariants: Invariants) {
    for nth in 0.. {
        let mut longest = 0;
        for durable in [false, true] {
            let mut world = begin();
            let mut crashed = false;
            run_story(&mut world, story, |world, dice| {
                while !world.is_quiet() {
                    if !crashed && world.journal().len() >= nth && nth > 0 {
                        crashed = true;
                        if durable {
                            world.commit();
                        }
                        world.crash();
                    }
                    if !world.ready(0).is_some_and(|ready| world.deliver(ready)) {
                        world.commit();
                        world.answer(0, dice);
                    }
                }
            });
            check(&world, invariants, &format!("crashed at record {nth}, durable: {durable}"));
            longest = longest.max(world.journal().len());
        }
        if longest < nth {
            break;
        }
    }
}

fn run_story(world: &mut World, story: Story, mut settle: impl FnMut(&mut World, &mut Dice)) {
    let mut dice = Dice::new(1);
    for chapter in 0.. {
        if !story(world, chapter) {
            break;
        }
        settle(world, &mut dice);
    }
}

/// Checks that the encoding of each value equals the given bytes in hexadecimal.
///
/// # Panics
/// When the bytes of a value differ; the message has the actual bytes.
pub fn golden<T: Message>(encode: fn(&T) -> Vec<u8>, values: &[(T, &str)]) {
    let mut differing = String::new();
    for (value, expected) in values {
        let mut bytes = String::new();
        for byte in encode(value) {
            let _ = write!(bytes, "{byte:02x}");
        }
        if bytes != *expected {
            let _ = writeln!(differing, "{value:?}: {bytes}, was {expected}");
        }
    }
    assert!(differing.is_empty(), "stored bytes have changed:\n{differing}");
}
