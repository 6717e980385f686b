//! Planted bugs of the taxi company.

use super::{super::taxi, is_noticed};
use madang::domain::{
    kernel::{
        Aggregate, Decision, Id, Meta, NextState, Port, PortRequest, Quantity, Saga, Step,
        Timestamp,
        payment::{self, Event::Approved, Phase},
    },
    taxi::{
        grade::Grade,
        notice::Sms,
        order::{self, Order, OrderBilling},
        ride::{Heard, Hold, Ride, Undo},
        settings::Settings,
        taxi::{Command, Event, Taxi},
    },
};

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
    is_noticed(&taxi::worlds(|dice| {
        let mut world = taxi::some_company(dice);
        world.plant_react(react);
        world
    }));
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
    is_noticed(&taxi::worlds(|dice| {
        let mut world = taxi::some_company(dice);
        world.plant_react(react);
        world
    }));
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
    is_noticed(&taxi::worlds(|dice| {
        let mut world = taxi::some_company(dice);
        world.plant_react(react);
        world
    }));
}

#[test]
fn a_taxi_that_is_assigned_although_none_is_free_is_noticed() {
    /// The stock is not looked at.
    fn decide(
        state: &Taxi,
        command: Command,
        now: Timestamp,
        settings: &Settings,
    ) -> Decision<Taxi> {
        match (state, &command) {
            (Taxi { held, .. }, Command::Assign { reservation, .. })
                if !held.contains(reservation) =>
            {
                Ok(vec![Event::Assigned { reservation: *reservation, stock: Quantity(0) }])
            }
            _ => state.decide(command, now, settings),
        }
    }
    is_noticed(&taxi::worlds(|dice| {
        let mut world = taxi::some_company(dice);
        world.plant_decide(decide);
        world
    }));
}

#[test]
fn a_taxi_that_serves_orders_of_a_better_grade_is_noticed() {
    /// A taxi is assigned whatever grade was paid for.
    fn decide(
        state: &Taxi,
        command: Command,
        now: Timestamp,
        settings: &Settings,
    ) -> Decision<Taxi> {
        let command = match command {
            Command::Assign { reservation, .. } => {
                Command::Assign { reservation, grade: Grade::Basic }
            }
            other => other,
        };
        state.decide(command, now, settings)
    }
    is_noticed(&taxi::worlds(|dice| {
        let mut world = taxi::some_company(dice);
        world.plant_decide(decide);
        world
    }));
}

#[test]
fn a_customer_who_is_not_told_of_a_rejection_is_noticed() {
    /// No message tells of a rejection.
    fn ask(heard: &<Sms as Port>::Events, meta: &Meta) -> Option<PortRequest> {
        match heard {
            (_, order::Event::Rejected { .. }) => None,
            heard => Sms::ask(heard, meta),
        }
    }
    is_noticed(&taxi::worlds(|dice| {
        let mut world = taxi::some_company(dice);
        world.plant_ask::<Sms>(ask);
        world
    }));
}
