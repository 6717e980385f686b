//! View of subscriptions: status, payment and underwriting of each.

use super::{
    payment::{self, Payment},
    subscription::{self, Subscription},
    underwriting::{self, Status, Underwriting},
};
use crate::domain::kernel::{Field, Id, Meta, Money, Number, Text, Timestamp, View};
use crate::event_set;
use serde::{Deserialize, Serialize};

event_set!(
    /// Events that change a row.
    Heard: Subscription, Payment, Underwriting
);

/// Row of the view: one subscription, its payment and its underwriting. Times are in milliseconds
/// since the epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionView {
    /// The number that all three share.
    pub subscription_id: u64,
    /// Status of the subscription.
    pub subscription_status: Text,
    /// Name of the product.
    pub product_name: Text,
    /// The customer who applied.
    pub customer: Text,
    /// The premium, in won, once it is known.
    pub premium: Option<Money>,
    /// The payment, once there is one.
    pub payment_id: Option<u64>,
    /// Status of the payment.
    pub payment_status: Text,
    /// The underwriting, once there is one.
    pub underwriting_id: Option<u64>,
    /// Status of the underwriting.
    pub underwriting_status: Text,
    /// The underwriter, once one is assigned.
    pub underwriter_id: Option<Number>,
    /// Why the subscription was rejected, if it was.
    pub reason: Option<String>,
    /// Time of the application.
    pub requested_at: Timestamp,
    /// Time at which the premium was paid.
    pub applied_at: Option<Timestamp>,
    /// Time at which an underwriter was assigned.
    pub assigned_at: Option<Timestamp>,
    /// Time at which the subscription was contracted, refused, cancelled or rejected.
    pub ended_at: Option<Timestamp>,
    /// Time of the last event.
    pub changed_at: Timestamp,
}

impl View for SubscriptionView {
    const NAME: &'static str = "insurance/subscriptionViews";
    const ALIASES: &'static [&'static str] = &["subsciptionViews"];
    type Events = Heard;
    const FIELDS: &'static [Field] = &[
        Field::key("subscriptionId"),
        Field::text("subscriptionStatus"),
        Field::text("productName"),
        Field::text("customer"),
        Field::number("premium"),
        Field::number("paymentId"),
        Field::text("paymentStatus"),
        Field::number("underwritingId"),
        Field::text("underwritingStatus"),
        Field::number("underwriterId"),
        Field::time("requestedAt"),
        Field::time("appliedAt"),
        Field::time("assignedAt"),
        Field::time("endedAt"),
        Field::time("changedAt"),
    ];

    fn key(heard: &Heard, _meta: &Meta) -> Option<u64> {
        Some(heard.number())
    }

    fn fold(row: Option<Self>, heard: Heard, meta: &Meta) -> Option<Self> {
        let mut row = row.unwrap_or_default();
        row.subscription_id = heard.number();
        row.changed_at = meta.time;
        match heard {
            Heard::Subscription(_, event) => row.subscription(event, meta),
            Heard::Payment(id, event) => row.payment(id, &event),
            Heard::Underwriting(id, event) => row.underwriting(id, &event, meta),
        }
        Some(row)
    }
}

impl SubscriptionView {
    fn subscription(&mut self, event: subscription::Event, meta: &Meta) {
        use subscription::Event as E;
        let status = match event {
            E::Requested { product_name, customer } => {
                (self.product_name, self.customer) = (product_name, customer);
                self.requested_at = meta.time;
                "Requested"
            }
            E::Priced { premium } => {
                self.premium = Some(premium);
                return;
            }
            E::Applied => {
                self.applied_at = Some(meta.time);
                "Applied"
            }
            E::ReviewBegan => "UnderReview",
            E::Contracted => self.ended("Contracted", meta),
            E::Refused => self.ended("Refused", meta),
            E::Cancelled => self.ended("Cancelled", meta),
            E::Rejected { reason, .. } => {
                self.reason = Some(reason);
                self.ended("Rejected", meta)
            }
            E::Undone | E::QuoteAsked { .. } => return,
        };
        self.subscription_status = status.into();
    }

    const fn ended(&mut self, status: &'static str, meta: &Meta) -> &'static str {
        self.ended_at = Some(meta.time);
        status
    }

    fn payment(&mut self, id: Id<Payment>, event: &payment::Event) {
        self.payment_id = Some(id.number());
        self.payment_status = event.stage().word().into();
    }

    fn underwriting(&mut self, id: Id<Underwriting>, event: &underwriting::Event, meta: &Meta) {
        use underwriting::Event as E;
        self.underwriting_id = Some(id.number());
        let status = match event {
            E::Assigned { case } => {
                self.underwriter_id = Some(case.underwriter);
                self.assigned_at = Some(meta.time);
                Status::Assigned
            }
            E::Decided { verdict } => Status::Deciding(*verdict),
            E::Approved => Status::Approved,
            E::Refused => Status::Refused,
            E::Withdrawn => Status::Withdrawn,
        };
        self.underwriting_status = status.name().into();
    }
}
