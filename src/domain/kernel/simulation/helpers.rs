//! Simulation tests for every business: stories with a failure, a repetition or a crash at every
//! step.
//!
//! A story is a script of requests that drives a world from its start. It is called with the number
//! of each chapter from 0, until it returns false. The world settles between two chapters.
//! Invariants hold in a world at rest besides [`World::check_invariants`]; the error is a sentence.

use super::{Dice, World};
use crate::domain::kernel::{Message, PortReply};
use std::fmt::Write;

fn check(world: &World, invariants: impl Fn(&World) -> Result<(), String>, place: &str) {
    if let Err(violation) = world.check_invariants().and_then(|()| invariants(world)) {
        panic!("{place}: {violation}\n{:#?}", world.journal());
    }
}

/// Runs the story once for every call to an outside service and every failure of that call.
///
/// # Panics
/// When an invariant is violated at the end.
pub fn fail_each_step(
    begin: impl Fn() -> World,
    story: impl Fn(&mut World, usize) -> bool,
    invariants: impl Fn(&World) -> Result<(), String>,
) {
    let failures = [
        PortReply::Declined("no".into()),
        PortReply::Unreachable("the service does not answer".into()),
        PortReply::TurnedAway("the gate is open".into()),
    ];
    for failure in failures {
        for nth in 0.. {
            let mut world = begin();
            world.outside.fail_at = Some((nth, failure.clone()));
            run_story(&mut world, &story, World::settle);
            check(&world, &invariants, &format!("call {nth} answered {failure:?}"));
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
pub fn repeat_each_step(
    begin: impl Fn() -> World,
    story: impl Fn(&mut World, usize) -> bool,
    invariants: impl Fn(&World) -> Result<(), String>,
) {
    for nth in 0.. {
        let mut world = begin();
        let mut delivered = 0;
        run_story(&mut world, &story, |world, dice| {
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
        check(&world, &invariants, &format!("command {nth} delivered twice"));
        if delivered <= nth {
            break;
        }
    }
}

/// Runs the story twice for every record, with a crash before and after the record is durable.
///
/// # Panics
/// When an invariant is violated at the end.
pub fn crash_at_each_record(
    begin: impl Fn() -> World,
    story: impl Fn(&mut World, usize) -> bool,
    invariants: impl Fn(&World) -> Result<(), String>,
) {
    for nth in 0.. {
        let mut longest = 0;
        for durable in [false, true] {
            let mut world = begin();
            let mut crashed = false;
            run_story(&mut world, &story, |world, dice| {
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
            check(&world, &invariants, &format!("crashed at record {nth}, durable: {durable}"));
            longest = longest.max(world.journal().len());
        }
        if longest < nth {
            break;
        }
    }
}

fn run_story(
    world: &mut World,
    story: impl Fn(&mut World, usize) -> bool,
    mut settle: impl FnMut(&mut World, &mut Dice),
) {
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
