//! The outside service that charges cards and gives the money back.

use super::payment::{
    Command::{Abandon, Approve, ConfirmRefund, Decline, DeclineRefund},
    Event::{self, Abandoned, RefundRequested, Requested},
    Payment,
};
use crate::domain::kernel::{Answer, Ask, Dispatch, Id, Meta, Patience, Port};
use serde_json::json;

/// Charges and refunds.
#[derive(Clone, Copy, Debug)]
pub struct CardPayment;

impl Port for CardPayment {
    const NAME: &'static str = "taxi/payment";
    type Hears = (Id<Payment>, Event);

    fn ask((payment, event): &Self::Hears, _meta: &Meta) -> Option<Ask> {
        match event {
            Requested { card_no, amount } => Some(Ask {
                operation: "charge",
                key: format!("charge-{payment}"),
                body: json!({
                    "operation": "charge",
                    "orderId": payment,
                    "cardNo": card_no,
                    "amount": amount,
                }),
                patience: Patience::Limited,
            }),
            // Whoever did not answer may have charged, so an abandoned charge is returned as well.
            RefundRequested { amount } | Abandoned { amount, .. } => Some(Ask {
                operation: "refund",
                key: format!("refund-{payment}"),
                body: json!({
                    "operation": "refund",
                    "orderId": payment,
                    "amount": amount,
                    "charge": format!("charge-{payment}"),
                }),
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
            (_, Answer::Approved) => ConfirmRefund,
            (_, Answer::Declined(reason) | Answer::Unreachable(reason)) => {
                DeclineRefund { reason: reason.clone() }
            }
        };
        Dispatch::new(*payment, command)
    }
}
