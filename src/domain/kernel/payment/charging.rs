//! The outside service that charges for a bill, and gives the money back.

use super::{
    Bill,
    Command::{Abandon, Approve, ConfirmRefund, Decline, DeclineRefund, TurnAway},
    Event::{self, Abandoned, RefundRequested, Requested},
    Payment,
};
use crate::domain::kernel::{Answer, Ask, Dispatch, Id, Meta, Money, Patience, Port};
use serde_json::{Value, json};
use std::marker::PhantomData;

/// The port that charges and refunds: at most one charge and one refund for every payment.
#[derive(Clone, Copy, Debug)]
pub struct Charging<B>(PhantomData<fn() -> B>);

impl<B: Bill> Port for Charging<B> {
    const NAME: &'static str = B::PORT;
    type Hears = (Id<Payment<B>>, Event<B>);

    fn ask((payment, event): &Self::Hears, _meta: &Meta) -> Option<Ask> {
        match event {
            Requested { bill, amount } => Some(Ask {
                operation: "charge",
                key: charge_key(*payment),
                undoes: None,
                body: body("charge", *payment, *amount, bill.details()),
                patience: Patience::Limited,
            }),
            // The service may have charged without an answer, so an abandoned charge is refunded.
            RefundRequested { amount } | Abandoned { amount, .. } => Some(Ask {
                operation: "refund",
                key: format!("refund-{payment}"),
                undoes: Some(("charge", charge_key(*payment))),
                body: body("refund", *payment, *amount, json!({})),
                patience: Patience::UntilAnswered,
            }),
            _ => None,
        }
    }

    fn answered((payment, event): &Self::Hears, _meta: &Meta, answer: &Answer) -> Dispatch {
        let command = match (event, answer) {
            (Requested { .. }, Answer::Approved) => Approve,
            (Requested { .. }, Answer::Declined(reason)) => Decline { reason: reason.clone() },
            (Requested { .. }, Answer::Unreachable(reason)) => Abandon { reason: reason.clone() },
            (Requested { .. }, Answer::TurnedAway(reason)) => TurnAway { reason: reason.clone() },
            (_, Answer::Approved) => ConfirmRefund,
            (
                _,
                Answer::Declined(reason) | Answer::Unreachable(reason) | Answer::TurnedAway(reason),
            ) => DeclineRefund { reason: reason.clone() },
        };
        Dispatch::new(*payment, command)
    }
}

fn charge_key<P>(payment: Id<P>) -> String {
    format!("charge-{payment}")
}

fn body<P>(operation: &str, payment: Id<P>, amount: Money, details: Value) -> Value {
    let mut body = details;
    body["operation"] = operation.into();
    body["orderId"] = payment.number().into();
    body["amount"] = amount.0.into();
    body
}
