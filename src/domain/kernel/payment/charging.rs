//! The port to the outside service that charges for a bill, and gives the money back.

use super::{
    Bill,
    Command::{Abandon, Approve, ConfirmRefund, Decline, DeclineRefund, TurnAway},
    Event::{self, Abandoned, Amended, RefundRequested, Requested},
    Payment, TransactionId,
};
use crate::domain::kernel::{Dispatch, Id, Meta, Money, Port, PortReply, PortRequest, RetryPolicy};
use serde_json::{Value, json};
use std::marker::PhantomData;

/// The port that charges and refunds: at most one charge and one refund for every payment.
#[derive(Clone, Copy, Debug)]
pub struct Charging<B>(PhantomData<fn() -> B>);

impl<B: Bill> Port for Charging<B> {
    const NAME: &'static str = B::PORT;
    type Events = (Id<Payment<B>>, Event<B>);
    const REVISABLE: bool = B::AMENDABLE;

    fn ask((payment, event): &Self::Events, _meta: &Meta) -> Option<PortRequest> {
        match event {
            Requested { bill, amount } => Some(PortRequest {
                operation: "charge",
                key: charge_key(*payment),
                undoes: None,
                body: body("charge", *payment, *amount, bill.details()),
                retry_policy: RetryPolicy::UntilDeadline,
            }),
            RefundRequested { amount, transaction_id } => {
                let details = match transaction_id {
                    Some(transaction_id) => json!({ "transactionId": transaction_id }),
                    None => json!({}),
                };
                Some(refund(*payment, *amount, details))
            }
            // The service may have charged without an answer, so an abandoned charge is refunded.
            Abandoned { amount, .. } => Some(refund(*payment, *amount, json!({}))),
            _ => None,
        }
    }

    /// A charge that was not asked for yet carries what a client added to the bill.
    fn revised((payment, event): Self::Events, (_, later): &Self::Events) -> Self::Events {
        let event = match (event, later) {
            (Requested { amount, .. }, Amended { bill, .. }) => {
                Requested { bill: bill.clone(), amount }
            }
            (event, _) => event,
        };
        (payment, event)
    }

    fn on_reply((payment, event): &Self::Events, _meta: &Meta, answer: &PortReply) -> Dispatch {
        let command = match (event, answer) {
            (Requested { .. }, PortReply::Approved(body)) => {
                Approve { transaction_id: TransactionId::in_answer(body) }
            }
            (Requested { .. }, PortReply::Declined(reason)) => Decline { reason: reason.clone() },
            (Requested { .. }, PortReply::Unreachable(reason)) => {
                Abandon { reason: reason.clone() }
            }
            (Requested { .. }, PortReply::TurnedAway(reason)) => {
                TurnAway { reason: reason.clone() }
            }
            _ => match answer.refusal() {
                None => ConfirmRefund,
                Some(reason) => DeclineRefund { reason },
            },
        };
        Dispatch::new(*payment, command)
    }
}

fn refund<P>(payment: Id<P>, amount: Money, details: Value) -> PortRequest {
    PortRequest {
        operation: "refund",
        key: format!("refund-{payment}"),
        undoes: Some(("charge", charge_key(payment))),
        body: body("refund", payment, amount, details),
        retry_policy: RetryPolicy::UntilAnswered,
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
