//! Compares the charges and refunds of the simulated outside service with the payments.

use super::World;
use crate::domain::kernel::{
    StateReader as _,
    payment::{Bill, Event, Payment, Stage},
};
use serde_json::json;
use std::collections::BTreeSet;

impl World {
    /// Checks the operations of the outside service against the payments. An approved payment was
    /// charged once and not refunded; no money of any other payment is kept there, unless the
    /// service declined the refund. A refund was sent with the provider's number of the charge, if
    /// the payment has one.
    ///
    /// # Errors
    /// The payment that differs, as a sentence.
    pub fn check_money<B: Bill>(&self) -> Result<(), String> {
        let declined = self.events::<Payment<B>>().into_iter();
        let declined = declined.filter(|(_, event)| matches!(event, Event::RefundDeclined { .. }));
        let declined: BTreeSet<u64> = declined.map(|(number, _)| number).collect();
        self.each::<Payment<B>>(|number, payment| {
            let charges = self.outside.done(&format!("charge-{number}"));
            let refunds = self.outside.done(&format!("refund-{number}"));
            let is_kept = charges == 1 && refunds == 0;
            let sent = self.outside.sent_with(&format!("refund-{number}"));
            let transaction_id = payment.transaction_id().map(|id| json!(id));
            if sent.is_some_and(|sent| sent != transaction_id.as_ref()) {
                let name = B::NAME;
                return Err(format!("{name} {number}: {transaction_id:?} is refunded as {sent:?}"));
            }
            let is_owed = declined.contains(&number)
                && matches!(payment.stage(), Stage::RefundDeclined | Stage::Refunded);
            if is_kept == (is_owed || payment.stage() == Stage::Approved) {
                return Ok(());
            }
            let stage = payment.stage();
            Err(format!("{} {number}: {stage:?}, {charges} charges, {refunds} refunds", B::NAME))
        })
    }
}
