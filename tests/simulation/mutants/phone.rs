//! Planted bugs of the phone shop.

use super::{super::phone, Business};
use madang::domain::{
    kernel::{Aggregate, Decision, Id, Meta, Money, Saga, Step, Timestamp},
    phone::{
        Claim, Rewarding,
        order::{Basket, Command, Event, Order},
        settings::Settings,
    },
};

type Heard = <Rewarding as Saga>::Events;

const PHONE: Business = Business {
    begin: phone::some_shop,
    people: phone::people,
    invariants: phone::everything_adds_up,
};

#[test]
fn a_cancelled_order_whose_points_are_not_taken_back_is_noticed() {
    /// The order is told that the reward is reclaimed, and the reward gets no command.
    fn react(state: Rewarding, me: Id<Rewarding>, heard: Heard, meta: &Meta) -> Step<Rewarding> {
        match heard {
            Heard::Order(_, Event::CancelRequested { attempt, .. }) => {
                Step::wait(Rewarding { claim: Claim::Told(attempt), ..state })
                    .send(me.of::<Order>(), Command::Forfeit { attempt })
            }
            heard => state.react(me, heard, meta),
        }
    }
    PHONE.is_noticed(|dice| {
        let mut world = phone::some_shop(dice);
        world.plant_react(react);
        world
    });
}

#[test]
fn an_order_that_is_cancelled_after_shipping_is_noticed() {
    /// A shipped order is cancelled like a paid one.
    fn decide(
        state: &Order,
        command: Command,
        now: Timestamp,
        settings: &Settings,
    ) -> Decision<Order> {
        if (state.status(), &command) != ("Shipped", &Command::Cancel) {
            return state.decide(command, now, settings);
        }
        let paid = Event::Paid { basket: Basket::default(), amount: Money::ZERO };
        state.clone().evolve(paid).decide(command, now, settings)
    }
    PHONE.is_noticed(|dice| {
        let mut world = phone::some_shop(dice);
        world.plant_decide(decide);
        world
    });
}
