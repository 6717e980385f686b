//! Compares the charges and refunds of the simulated outside service with the payments.

use super::World;
use crate::domain::kernel::{
    StateReader as _,
    payment::{Bill, Payment, Stage},
};
use serde_json::json;

impl World {
    /// Checks the operations of the outside service against the payments. An approved payment was
    /// charged once and not refunded; no money of any other payment is kept. A refund was sent with
    /// the provider's number of the charge, if the payment has one.
    ///
    /// # Errors
    /// The payment that differs, as a sentence.
    pub fn check_money<B: Bill>(&self) -> Result<(), String> {
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
            if is_kept == (payment.stage() == Stage::Approved) {
                return Ok(());
            }
            let stage = payment.stage();
            Err(format!("{} {number}: {stage:?}, {charges} charges, {refunds} refunds", B::NAME))
        })
    }
}
