//! Planted bugs of the phone shop.

use super::{super::phone, is_noticed};
use madang::domain::{
    kernel::{
        Aggregate, Decision, Dispatch, Id, Meta, Money, Port, PortReply, Saga, Step, Timestamp,
        payment::Phase,
    },
    phone::{
        bank::RewardBank,
        delivery::{Command::ConfirmShipping, Delivery},
        order::{Basket, Command, Event, Order},
        payment::OrderBilling,
        reward::{Command::DeclineReclaim, Event::ReclaimRequested},
        rewarding::{Claim, Rewarding},
        settings::Settings,
        shipping::Shipping,
    },
};

type Heard = <Rewarding as Saga>::Events;

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
    is_noticed(&phone::worlds(|dice| {
        let mut world = phone::some_shop(dice);
        world.plant_react(react);
        world
    }));
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
        if (state.status.word(), &command) != ("Shipped", &Command::Cancel) {
            return state.decide(command, now, settings);
        }
        let paid = Event::Paid { basket: Basket::default(), amount: Money::ZERO };
        state.clone().evolve(paid).decide(command, now, settings)
    }
    is_noticed(&phone::worlds(|dice| {
        let mut world = phone::some_shop(dice);
        world.plant_decide(decide);
        world
    }));
}

#[test]
fn a_cancelled_order_whose_money_is_kept_is_noticed() {
    /// The order is told that everything is undone, and the payment gets no command.
    fn react(
        state: OrderBilling,
        me: Id<OrderBilling>,
        heard: <OrderBilling as Saga>::Events,
        meta: &Meta,
    ) -> Step<OrderBilling> {
        let step = state.react(me, heard, meta);
        let is_refund = step.next == Step::wait(Phase::Refunding.into()).next;
        if !is_refund || step.dispatches.is_empty() {
            return step;
        }
        Step::wait(Phase::Closing.into()).send(me.of::<Order>(), Command::FinishCancelling)
    }
    is_noticed(&phone::worlds(|dice| {
        let mut world = phone::some_shop(dice);
        world.plant_react(react);
        world
    }));
}

#[test]
fn a_parcel_that_leaves_at_its_time_without_asking_the_order_is_noticed() {
    /// The parcel leaves when its time has come.
    fn on_timer(state: Shipping, me: Id<Shipping>, now: Timestamp) -> Step<Shipping> {
        match state {
            Shipping::Waiting => {
                Step::wait(Shipping::Releasing).send(me.of::<Delivery>(), ConfirmShipping)
            }
            state => state.on_timer(me, now),
        }
    }
    is_noticed(&phone::worlds(|dice| {
        let mut world = phone::some_shop(dice);
        world.plant_on_timer(on_timer);
        world
    }));
}

#[test]
fn points_reclaimed_without_an_answer_that_are_not_restored_are_noticed() {
    /// A bank that does not answer counts as one that declined.
    fn on_reply(heard: &<RewardBank as Port>::Events, meta: &Meta, reply: &PortReply) -> Dispatch {
        match (heard, reply) {
            ((reward, ReclaimRequested { attempt, .. }), PortReply::Unreachable(reason)) => {
                let (attempt, reason) = (*attempt, reason.clone());
                Dispatch::new(*reward, DeclineReclaim { attempt, reason })
            }
            _ => RewardBank::on_reply(heard, meta, reply),
        }
    }
    is_noticed(&phone::worlds(|dice| {
        let mut world = phone::some_shop(dice);
        world.plant_on_reply::<RewardBank>(on_reply);
        world
    }));
}
