//! The consistency checks: an order that stands is paid, rewarded, and shipped or waiting in the
//! store; any other order has everything undone.

use super::{
    delivery::{self, Delivery},
    order::{self, Order},
    payment::{OrderBilling, Payment},
    reward::{self, Reward},
    rewarding::{CancelTimeLimit, Rewarding},
    shipping::Shipping,
};
use crate::domain::kernel::{payment::Stage, prelude::*};

/// Checks all orders whose sagas are settled.
pub(super) fn check(state: &impl StateReader) -> Result<(), String> {
    state.each::<Order>(|number, order| {
        let is_settled = state.is_settled::<OrderBilling>(number)
            && state.is_settled::<CancelTimeLimit>(number)
            && state.is_settled::<Shipping>(number)
            && state.is_settled::<Rewarding>(number);
        if is_settled { check_order(state, number, order) } else { Ok(()) }
    })
}

fn check_order(state: &impl StateReader, number: u64, order: &Order) -> Result<(), String> {
    use {delivery::Status as D, order::Status as O, reward::Status as R};
    let payment_stage = state.get::<Payment>(number).stage();
    let (reward, delivery) = (state.get::<Reward>(number), state.get::<Delivery>(number).status);
    let costs = order.amount > Money::ZERO;
    let is_paid = payment_stage == if costs { Stage::Approved } else { Stage::Blank };
    let is_returned = match payment_stage {
        Stage::Blank => !costs,
        Stage::Declined | Stage::Refunded | Stage::RefundDeclined => costs,
        Stage::Requested | Stage::Approved | Stage::RefundRequested => false,
    };
    let is_rewarded = order.point.unwrap_or_default() == reward.points
        && matches!(reward.status, R::Granted | R::Declined | R::Restoring { .. } | R::Owed);
    let is_unrewarded = reward.status == R::Blank;
    let is_forfeited = order.point.is_none() && (is_unrewarded || reward.status == R::Reclaimed);
    let holds = match (&order.status, delivery) {
        (O::Paid { .. }, D::Received) | (O::Shipped, D::Shipped) => is_paid && is_rewarded,
        (O::Undoing | O::Cancelled, D::Blank | D::Stopped) => is_returned && is_forfeited,
        (O::Rejected { .. }, D::Blank) => payment_stage == Stage::Declined && is_unrewarded,
        _ => false,
    };
    ensure(holds, || {
        let (status, point, delivery) = (order.status.word(), order.point, delivery.word());
        format!(
            "phone/orders {number} is {status} with {point:?} points, its payment \
             {payment_stage:?}, its delivery `{delivery}`, {reward:?}"
        )
    })
}
