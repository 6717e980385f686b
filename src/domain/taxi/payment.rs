//! The payment of the fare of one order: requested, paid or refunded. It has the order's number.

use super::{CallTaxi, DISPATCHER};
use crate::domain::kernel::{
    payment::{self, Bill, Charging, Command::Amend, Receipt, Stage},
    prelude::*,
};

pub type Payment = payment::Payment<Fare>;

pub type CardPayment = Charging<Fare>;

/// The bill of a ride: the card that is charged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fare {
    /// May be empty.
    pub card_no: CardNumber,
}

impl Bill for Fare {
    type Business = CallTaxi;
    const NAME: &'static str = "taxi/paymentHistories";
    const ALIASES: &'static [&'static str] = &["payments"];
    const PORT: &'static str = "taxi/payment";
    const CASHIER: &'static str = DISPATCHER;
    const AMENDABLE: bool = true;

    fn details(&self) -> Value {
        json!({ "cardNo": self.card_no.reveal() })
    }

    fn show(&self, Receipt { number, amount, stage, reason }: Receipt) -> impl Serialize {
        object! {
            "id": number, "orderId": number, "cardNo": &self.card_no, "amount": amount,
            "status": stage.word(), "reason"?: reason,
        }
    }

    /// A card is added to a payment without one, and the same card changes nothing.
    fn amended(&self, by: &Self) -> Result<Self, String> {
        if by.card_no.is_empty() || self.card_no.is_same(&by.card_no) {
            return Ok(self.clone());
        }
        if self.card_no.is_empty() {
            return Ok(by.clone());
        }
        Err("the payment was made with another card".to_owned())
    }

    fn original_status(stage: Stage) -> Option<&'static str> {
        (stage == Stage::Approved).then_some("valid")
    }

    fn command_routes() -> CommandRoutes<Payment> {
        let restate = body!(|order_id: Number,
                             card_no: Option<CardNumber>,
                             status: Option<Text>|
         -> Result<_, Malformed> {
            let card_no = card_no.unwrap_or_default();
            if !card_no.is_short() {
                return Err(Malformed::content("a card number has at most 100 characters"));
            }
            if let Some(status) = status {
                status.means("status", &[(&["valid"], ())])?;
            }
            Ok((order_id, Amend { bill: Fare { card_no } }))
        });
        CommandRoutes::new()
            .ignoring("id amount reason transactionId")
            .on_referenced("restate", restate)
    }
}
