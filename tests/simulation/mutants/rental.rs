//! Planted bugs of the car rental company.

use super::{super::rental, Business};
use madang::domain::{
    kernel::{Id, Meta, NextState, Saga, Step},
    rental::handover::{Handover, Heard},
};

const RENTAL: Business = Business {
    begin: |_| rental::garage(),
    people: rental::people,
    invariants: rental::everything_adds_up,
};

#[test]
fn a_cancelled_order_whose_cars_do_not_come_back_is_noticed() {
    /// A cancellation of the order has no further effect.
    fn react(state: Handover, me: Id<Handover>, heard: Heard, meta: &Meta) -> Step<Handover> {
        let step = state.react(me, heard, meta);
        if matches!(step.next, NextState::Wait(Handover::Returning)) { Step::done() } else { step }
    }
    RENTAL.is_noticed(|_| {
        let mut world = rental::garage();
        world.plant_react(react);
        world
    });
}
