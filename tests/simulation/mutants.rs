//! Planted bugs, each in the place of a few lines of a business. The random worlds of the business
//! must detect each one, and must find no flaw without a bug.

mod insurance;
mod phone;
mod rental;

use super::taxi;
use madang::domain::{
    kernel::{
        Aggregate, Decision, Id, Meta, NextState, Saga, Step, Timestamp,
        payment::{self, Event::Approved, Phase},
        simulation::{Dice, World, first_flaw},
    },
    taxi::{
        CallTaxi,
        grade::Grade,
        order::{self, Order, OrderBilling},
        ride::{Heard, Hold, Ride, Undo},
        settings::Settings,
        taxi::{self as taxi_fleet, Taxi},
    },
};

/// The number of worlds in which a bug must be detected.
const WORLDS: u64 = 10_000;

/// A simulated business in which bugs are planted.
struct Business {
    /// Creates a random world.
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
    /// Runs the worlds without the bug and with it.
    #[track_caller]
    fn is_noticed(&self, begin: fn(&mut Dice) -> World) {
        let Self { people, invariants, .. } = *self;
        assert_eq!(first_flaw(WORLDS, self.begin, people, invariants), None, "without the bug");
        let flaw = first_flaw(WORLDS, begin, people, invariants);
        println!("{}", flaw.expect("the worlds do not detect the bug"));
    }
}

#[test]
fn a_ride_that_keeps_the_money_of_a_cancelled_order_is_noticed() {
    /// The payment is approved after the order was cancelled, and is not refunded.
    fn react(
        state: OrderBilling,
        me: Id<OrderBilling>,
        heard: <OrderBilling as Saga>::Events,
        meta: &Meta,
    ) -> Step<OrderBilling> {
        match &heard {
            payment::Heard::Payment(_, Approved { .. }) if state == Phase::Withdrawing.into() => {
                Step::wait(Phase::Closing.into()).send(me.of::<Order>(), order::Command::Close)
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
    /// A cancellation undoes all steps except the assignment of the taxi.
    fn react(state: Ride, me: Id<Ride>, heard: Heard, meta: &Meta) -> Step<Ride> {
        let mut step = state.react(me, heard, meta);
        if let NextState::Wait(Ride::Undoing(undo)) = &mut step.next {
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
    /// The ride confirms the order, and does not wait for its event.
    fn react(state: Ride, me: Id<Ride>, heard: Heard, meta: &Meta) -> Step<Ride> {
        let mut step = state.react(me, heard, meta);
        if let NextState::Wait(Ride::Confirming { .. }) = step.next {
            step.next = NextState::Done;
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
fn a_taxi_that_serves_orders_of_a_better_grade_is_noticed() {
    /// A taxi is assigned whatever grade was paid for.
    fn decide(
        taxi: &Taxi,
        command: taxi_fleet::Command,
        now: Timestamp,
        settings: &Settings,
    ) -> Decision<Taxi> {
        let command = match command {
            taxi_fleet::Command::Assign { reservation, .. } => {
                taxi_fleet::Command::Assign { reservation, grade: Grade::Basic }
            }
            other => other,
        };
        taxi.decide(command, now, settings)
    }
    TAXI.is_noticed(|_| {
        let mut world = World::of::<CallTaxi>(Settings::default());
        world.plant_decide::<Taxi>(decide);
        world
    });
}
