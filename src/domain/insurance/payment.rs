//! Payment of the premium of one subscription. It has the subscription's number.

use super::{Insurance, UNDERWRITER};
use crate::domain::kernel::{
    payment::{self, Bill, Charging, Receipt},
    prelude::*,
};

pub type Payment = payment::Payment<Premium>;

/// Port to the external service that collects premiums.
pub type PremiumPayment = Charging<Premium>;

/// Bill of a premium: the product and the customer, who may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Premium {
    pub product_name: Text,
    pub customer: Personal,
}

impl Bill for Premium {
    type Business = Insurance;
    const NAME: &'static str = "insurance/payments";
    const PORT: &'static str = "insurance/payment";
    const CASHIER: &'static str = UNDERWRITER;

    fn details(&self) -> Value {
        json!({ "productName": self.product_name, "customer": self.customer })
    }

    fn show(&self, Receipt { number, amount, stage, reason }: Receipt) -> impl Serialize {
        object! {
            "paymentId": number, "subscriptionId": number, "amount": amount,
            "paymentStatus": stage.word(), "reason"?: reason,
        }
    }

    /// The fields are ignored in the request that settles the refund.
    fn command_routes() -> CommandRoutes<Payment> {
        CommandRoutes::new()
            .ignoring("paymentId subscriptionId amount paymentStatus reason transactionId")
    }
}
