//! The bill: the subject of the payments of a business, and their names in that business.

use super::Payment;
use crate::{
    domain::kernel::{Business, CommandRoutes, Message, Money},
    object,
};
use serde::Serialize;
use serde_json::Value;

/// The details of what is paid for, and the names of payments in that business.
///
/// ```
/// use madang::domain::kernel::{payment::{Bill, Payment}, prelude::*};
/// # struct Bar;
/// # impl Business for Bar {
/// #     const NAME: &'static str = "bar";
/// #     type Settings = Empty;
/// #     fn install(host: &mut impl Host) { host.aggregate::<Payment<Tip>>(); }
/// # }
///
/// /// The tip of a waiter.
/// #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
/// struct Tip { waiter: Text }
///
/// impl Bill for Tip {
///     type Business = Bar;
///     const NAME: &'static str = "bar/tips";
///     const PORT: &'static str = "bar/payment";
///     const CASHIER: &'static str = "barkeeper";
///
///     fn details(&self) -> Value {
///         json!({ "waiter": self.waiter })
///     }
/// }
/// ```
pub trait Bill: Message + Default {
    /// The business that is paid.
    type Business: Business;

    /// The name of the payments, `business/resource`. It never changes once written to a journal.
    const NAME: &'static str;

    /// Other resource names under which clients find payments.
    const ALIASES: &'static [&'static str] = &[];

    /// The name of the port that charges: `business/payment`.
    const PORT: &'static str;

    /// The role that gives money back by hand when the outside service declines a refund.
    const CASHIER: &'static str;

    /// Whether clients can add details to a bill; see [`Bill::amended`].
    const AMENDABLE: bool = false;

    /// The details for the outside service, a JSON object. The operation, the number and the amount
    /// are added to it.
    fn details(&self) -> Value;

    /// The bill with the details that a client adds, such as the card.
    ///
    /// # Errors
    /// The contradiction to the bill, as a sentence; by default every other bill is one.
    fn amended(&self, by: &Self) -> Result<Self, String> {
        if by == self {
            return Ok(self.clone());
        }
        Err("the payment was requested with other details".to_owned())
    }

    /// The representation for clients: a struct or a map with the JSON names of the business; by
    /// default `id`, `amount`, `status` and the `reason` of a decline. The provider's number of the
    /// charge is added to it as `transactionId`.
    fn show(&self, Receipt { number, amount, stage, reason }: Receipt) -> impl Serialize {
        object! { "id": number, "amount": amount, "status": stage.word(), "reason"?: reason }
    }

    /// The word with which the original of this business names the stage; see
    /// [`Aggregate::original_status`](crate::domain::kernel::Aggregate::original_status).
    #[must_use]
    fn original_status(_stage: Stage) -> Option<&'static str> {
        None
    }

    /// The commands that clients of this business submit in addition to `settle`.
    #[must_use]
    fn command_routes() -> CommandRoutes<Payment<Self>> {
        CommandRoutes::new()
    }
}

/// The state of a payment, for [`Bill::show`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The number of the payment, which is the order's.
    pub number: u64,
    /// The amount, in won.
    pub amount: Money,
    /// The stage of the payment.
    pub stage: Stage,
    /// The reason why it was declined; `None` when it was not.
    pub reason: Option<String>,
}

/// The stage of a payment as shown to clients. Every failed payment is shown as declined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// No payment was requested.
    Blank,
    /// The card is to be charged.
    Requested,
    /// The card was charged.
    Approved,
    /// The card was not charged, or the outside service did not answer.
    Declined,
    /// The money is to be given back.
    RefundRequested,
    /// The outside service declined the refund: the cashier has to give the money back.
    RefundDeclined,
    /// The money was given back.
    Refunded,
}

impl Stage {
    /// The default name of the stage. A business with its own names for some uses it for the rest.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Blank => "",
            Self::Requested => "Requested",
            Self::Approved => "Approved",
            Self::Declined => "Declined",
            Self::RefundRequested => "Refund Requested",
            Self::RefundDeclined => "Refund Declined",
            Self::Refunded => "Refunded",
        }
    }
}
