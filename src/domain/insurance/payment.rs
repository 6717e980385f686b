//! Payment of the premium of one subscription. It has the subscription's number.

use super::{Insurance, UNDERWRITER};
use crate::domain::kernel::{
    CommandRoutes, Money, Text,
    payment::{self, Bill, Charging, Receipt},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Payment of the premium of one subscription.
pub type Payment = payment::Payment<Premium>;

/// Events of the payment.
pub type Event = payment::Event<Premium>;

/// Port to the external service that collects premiums.
pub type PremiumPayment = Charging<Premium>;

/// Bill of a premium: the product and the customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Premium {
    /// The product.
    pub product_name: Text,
    /// The customer who pays; may be empty.
    pub customer: Text,
}

impl Bill for Premium {
    type Business = Insurance;
    const NAME: &'static str = "insurance/payments";
    const PORT: &'static str = "insurance/payment";
    const CASHIER: &'static str = UNDERWRITER;

    fn details(&self) -> Value {
        json!({ "productName": self.product_name, "customer": self.customer })
    }

    fn show(&self, receipt: Receipt) -> impl Serialize {
        let Receipt { number, amount, stage, reason } = receipt;
        let (payment_id, subscription_id, payment_status) = (number, number, stage.word());
        Shown { payment_id, subscription_id, amount, payment_status, reason }
    }

    fn command_routes() -> CommandRoutes<Payment> {
        CommandRoutes::new().ignoring(&[
            "paymentId",
            "subscriptionId",
            "amount",
            "paymentStatus",
            "reason",
            "transactionId",
        ])
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    payment_id: u64,
    subscription_id: u64,
    amount: Money,
    payment_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}
