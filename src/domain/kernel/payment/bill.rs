//! What a business says about its payments: what is paid for, and how it is called there.

use super::Payment;
use crate::domain::kernel::{Business, Message, Money, Vocabulary};
use serde::Serialize;
use serde_json::Value;

/// What is paid for, and how a payment is called in that business.
pub trait Bill: Message + Default {
    /// Who is paid.
    type Business: Business;

    /// The name of the payments: `business/resource`. Never changes once written.
    const NAME: &'static str;

    /// Other resource names under which clients find payments.
    const ALIASES: &'static [&'static str] = &[];

    /// The name of the port that charges: `business/payment`.
    const PORT: &'static str;

    /// The role of who gives money back by hand when the outside service will not.
    const CASHIER: &'static str;

    /// What the outside service is told beside the operation, the number and the amount: a JSON object.
    fn details(&self) -> Value;

    /// What a client is shown: plain data with the JSON names of the business.
    fn show(&self, receipt: Receipt) -> impl Serialize;

    /// Whatever clients of this business say beside `settle`.
    #[must_use]
    fn vocabulary() -> Vocabulary<Payment<Self>> {
        Vocabulary::new()
    }
}

/// How a payment stands, for a [`Bill`] to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The number of the payment, which is the order's.
    pub number: u64,
    /// How much, in won.
    pub amount: Money,
    /// How it stands.
    pub stage: Stage,
    /// Why it was declined, if it was.
    pub reason: Option<String>,
}

/// How far a payment has come, as clients tell it: whatever did not come about was declined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing was asked for.
    Blank,
    /// The card is to be charged.
    Requested,
    /// The card was charged.
    Approved,
    /// The card was not charged, or nobody answered.
    Declined,
    /// The money is to be given back.
    RefundRequested,
    /// The outside service will not give the money back: somebody has to.
    RefundDeclined,
    /// The money was given back.
    Refunded,
}

impl Stage {
    /// The usual word for it; a business that has its own for some falls back to this.
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
