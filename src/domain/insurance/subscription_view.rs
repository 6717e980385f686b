//! View of subscriptions: status, payment and underwriting of each.

use super::{
    payment::Payment,
    subscription::{self, Subscription},
    underwriting::{self, Underwriting},
};
use crate::domain::kernel::prelude::*;

event_set!(Heard: Subscription, Payment, Underwriting);

/// Row of the view: one subscription, its payment and its underwriting, which share its number.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionView {
    pub subscription_id: u64,
    pub subscription_status: Text,
    pub product_name: Text,
    pub customer: Personal,
    /// Known once the product was looked up.
    pub premium: Option<Money>,
    pub payment_id: Option<u64>,
    pub payment_status: Text,
    pub underwriting_id: Option<u64>,
    pub underwriting_status: Text,
    pub underwriter_id: Option<Number>,
    /// Why the subscription was rejected, if it was.
    pub reason: Option<String>,
    pub requested_at: Timestamp,
    /// The premium was paid at this time.
    pub applied_at: Option<Timestamp>,
    /// An underwriter was assigned at this time.
    pub assigned_at: Option<Timestamp>,
    /// The subscription was contracted, refused, cancelled or rejected at this time.
    pub ended_at: Option<Timestamp>,
    pub changed_at: Timestamp,
}

impl View for SubscriptionView {
    const NAME: &'static str = "insurance/subscriptionViews";
    const ALIASES: &'static [&'static str] = &["subsciptionViews"];
    type Events = Heard;
    const FIELDS: &'static [Field] = fields!(
        key "subscriptionId"; text "subscriptionStatus", "productName", "customer";
        number "premium", "paymentId"; text "paymentStatus"; number "underwritingId";
        text "underwritingStatus"; number "underwriterId";
        time "requestedAt", "appliedAt", "assignedAt", "endedAt", "changedAt"
    );

    const LINKS: &'static [Link] = &[
        Link::to::<Subscription>("subscription", "subscriptionId"),
        Link::to::<Payment>("payment", "paymentId"),
        Link::to::<Underwriting>("underwriting", "underwritingId"),
        Link::to_conversation("subscriptionId"),
    ];

    fn fold(row: Option<Self>, heard: Heard, meta: &Meta) -> Option<Self> {
        let mut row = row.unwrap_or_default();
        (row.subscription_id, row.changed_at) = (heard.number(), meta.time);
        match heard {
            Heard::Subscription(_, event) => row.subscription(event, meta.time),
            Heard::Payment(payment, event) => {
                row.payment_id = Some(payment.number());
                row.payment_status = event.stage().word().into();
            }
            Heard::Underwriting(underwriting, event) => {
                row.underwriting_id = Some(underwriting.number());
                let status = Underwriting::default().evolve(event.clone()).status;
                row.underwriting_status = status.word().into();
                if let underwriting::Event::Assigned { case } = event {
                    row.underwriter_id = Some(case.underwriter);
                    row.assigned_at = Some(meta.time);
                }
            }
        }
        Some(row)
    }
}

impl SubscriptionView {
    fn subscription(&mut self, event: subscription::Event, now: Timestamp) {
        use subscription::Event as E;
        let status = Subscription::default().evolve(event.clone()).status;
        // A quote leaves the status as it is.
        if status != subscription::Status::Blank {
            self.subscription_status = status.word().into();
        }
        match event {
            E::Requested { product_name, customer } => {
                (self.product_name, self.customer) = (product_name, customer);
                self.requested_at = now;
            }
            E::Priced { premium } => self.premium = Some(premium),
            E::Applied => self.applied_at = Some(now),
            E::Contracted | E::Refused | E::Cancelled => self.ended_at = Some(now),
            E::Rejected { reason, .. } => {
                (self.reason, self.ended_at) = (Some(reason), Some(now));
            }
            E::ReviewBegan | E::Undone | E::QuoteAsked { .. } => {}
        }
    }
}
