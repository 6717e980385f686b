//! Planted bugs of the car rental company.

use super::{super::rental, is_noticed};
use madang::domain::{
    kernel::{Id, Meta, NextState, Port, PortRequest, Saga, Step, payment::Phase},
    rental::{
        handover::{Handover, Heard},
        order::{Command::Close, Order, OrderBilling},
        payment::CardPayment,
    },
};

#[test]
fn a_cancelled_order_whose_cars_do_not_come_back_is_noticed() {
    /// A cancellation of the order has no further effect.
    fn react(state: Handover, me: Id<Handover>, heard: Heard, meta: &Meta) -> Step<Handover> {
        let step = state.react(me, heard, meta);
        if matches!(step.next, NextState::Wait(Handover::Returning)) { Step::done() } else { step }
    }
    is_noticed(&rental::worlds(|_| {
        let mut world = rental::garage();
        world.plant_react(react);
        world
    }));
}

#[test]
fn a_cancelled_order_whose_money_is_kept_is_noticed() {
    /// A cancelled order is closed without a refund.
    fn react(
        state: OrderBilling,
        me: Id<OrderBilling>,
        heard: <OrderBilling as Saga>::Events,
        meta: &Meta,
    ) -> Step<OrderBilling> {
        let step = state.react(me, heard, meta);
        match &step.next {
            NextState::Wait(next) if *next == Phase::Refunding.into() => {
                Step::wait(Phase::Closing.into()).send(me.of::<Order>(), Close)
            }
            _ => step,
        }
    }
    is_noticed(&rental::worlds(|_| {
        let mut world = rental::garage();
        world.plant_react(react);
        world
    }));
}

#[test]
fn a_refund_under_the_key_of_its_charge_is_noticed() {
    /// The service takes the refund for a repetition of the charge.
    fn ask(heard: &<CardPayment as Port>::Events, meta: &Meta) -> Option<PortRequest> {
        let request = CardPayment::ask(heard, meta)?;
        let key = request.undoes.clone().map_or(request.key, |(_, charge)| charge);
        Some(PortRequest { key, ..request })
    }
    is_noticed(&rental::worlds(|_| {
        let mut world = rental::garage();
        world.plant_ask::<CardPayment>(ask);
        world
    }));
}
