//! Bugs planted on purpose, each in the place of a few lines of a business: the random worlds of
//! that business must notice every one of them, and nothing when none is planted.

mod insurance;
mod phone;
mod rental;

use super::taxi;
use madang::domain::{
    kernel::{
        Id, Meta, Next, Saga, Step,
        payment::Event::Approved,
        simulation::{Dice, World, first_flaw},
    },
    taxi::{
        order::{self, Order},
        ride::{Heard, Hold, Ride, Undo},
    },
};

/// By the end of so many worlds, a bug is noticed.
const WORLDS: u64 = 2_000;

/// A business as it is simulated, to plant bugs in.
struct Business {
    /// How its random worlds begin.
    begin: fn(&mut Dice) -> World,
    people: fn(&mut World, &mut Dice),
    invariants: fn(&World) -> Result<(), String>,
}

const TAXI: Business = Business {
    begin: taxi::some_company,
    people: taxi::people,
    invariants: taxi::everything_adds_up,
};

impl Business {
    /// Lives through the worlds that begin so, with the bug.
    #[track_caller]
    fn is_noticed(&self, begin: fn(&mut Dice) -> World) {
        let Self { people, invariants, .. } = *self;
        assert_eq!(first_flaw(WORLDS, self.begin, people, invariants), None, "without the bug");
        let flaw = first_flaw(WORLDS, begin, people, invariants);
        println!("{}", flaw.expect("nobody noticed the bug"));
    }
}

#[test]
fn a_ride_that_keeps_the_money_of_a_cancelled_order_is_noticed() {
    /// The payment answers after the order was cancelled, and is not given back.
    fn react(state: Ride, me: Id<Ride>, heard: Heard, meta: &Meta) -> Step<Ride> {
        match (&state, &heard) {
            (Ride::Withdrawing, Heard::Payment(_, Approved)) => {
                Step::wait(Ride::Closing).tell(me.of::<Order>(), order::Command::FinishCancelling)
            }
            _ => state.react(me, heard, meta),
        }
    }
    TAXI.is_noticed(|dice| {
        let mut world = taxi::some_company(dice);
        world.plant_react(react);
        world
    });
}

#[test]
fn a_ride_that_does_not_give_its_taxi_back_is_noticed() {
    /// Whatever is undone, the taxi is not among it.
    fn react(state: Ride, me: Id<Ride>, heard: Heard, meta: &Meta) -> Step<Ride> {
        let mut step = state.react(me, heard, meta);
        if let Next::Wait(Ride::Undoing(undo)) = &mut step.next {
            *undo = Undo { taxi: Hold::Free, ..*undo };
            step.dispatches.retain(|dispatch| dispatch.command_name() != "Release");
        }
        step
    }
    TAXI.is_noticed(|dice| {
        let mut world = taxi::some_company(dice);
        world.plant_react(react);
        world
    });
}

#[test]
fn a_ride_that_is_over_before_the_order_is_confirmed_is_noticed() {
    /// It tells the order, and does not wait for what the order says.
    fn react(state: Ride, me: Id<Ride>, heard: Heard, meta: &Meta) -> Step<Ride> {
        let mut step = state.react(me, heard, meta);
        if let Next::Wait(Ride::Confirming { .. }) = step.next {
            step.next = Next::Done;
        }
        step
    }
    TAXI.is_noticed(|dice| {
        let mut world = taxi::some_company(dice);
        world.plant_react(react);
        world
    });
}
