//! Consistency checks of the phone business: an order that stands is paid, rewarded, and shipped or
//! waiting in the store; any other order has everything undone.

use super::{
    Billing, Rewarding, Shipping, delivery::Delivery, order::Order, payment::Payment,
    reward::Reward,
};
use crate::domain::kernel::{Money, StateReader, payment::Stage};

/// Checks all orders whose sagas are settled.
///
/// # Errors
/// A description of the first inconsistency.
pub(super) fn check(state: &impl StateReader) -> Result<(), String> {
    state.each::<Order>(|number, order| {
        let is_settled = state.is_settled::<Billing>(number)
            && state.is_settled::<Shipping>(number)
            && state.is_settled::<Rewarding>(number);
        if is_settled { check_order(state, number, order) } else { Ok(()) }
    })
}

fn check_order(state: &impl StateReader, number: u64, order: &Order) -> Result<(), String> {
    let payment_stage = state.get::<Payment>(number).stage();
    let delivery = state.get::<Delivery>(number);
    let reward = state.get::<Reward>(number);
    let costs = order.amount() > Money::ZERO;
    let is_paid = payment_stage == if costs { Stage::Approved } else { Stage::Blank };
    let is_returned = match payment_stage {
        Stage::Blank => !costs,
        Stage::Declined | Stage::Refunded | Stage::RefundDeclined => costs,
        Stage::Requested | Stage::Approved | Stage::RefundRequested => false,
    };
    let is_rewarded = order.point().unwrap_or_default() == reward.points()
        && matches!(reward.process(), "Granted" | "Declined" | "Restoring" | "Owed");
    let is_forfeited = order.point().is_none() && matches!(reward.process(), "" | "Reclaimed");
    let (status, process) = (order.status(), delivery.process());
    let holds = match (status, process) {
        ("Paid", "Received") | ("Shipped", "Shipped") => is_paid && is_rewarded,
        ("Cancelled", "" | "Stopped") => is_returned && is_forfeited,
        ("Rejected", "") => payment_stage == Stage::Declined && reward.process().is_empty(),
        _ => false,
    };
    if holds {
        return Ok(());
    }
    let point = order.point();
    Err(format!(
        "phone/orders {number} is {status} with {point:?} points, its payment {payment_stage:?}, \
         its delivery `{process}`, {reward:?}"
    ))
}
