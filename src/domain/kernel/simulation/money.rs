//! Compares the charges and refunds of the simulated outside service with the payments.

use super::World;
use crate::domain::kernel::{
    StateReader as _,
    payment::{Bill, Payment, Stage},
};

impl World {
    /// Checks the operations of the outside service against the payments. An approved payment was
    /// charged once and not refunded; no money of any other payment is kept.
    ///
    /// # Errors
    /// The payment that differs, as a sentence.
    pub fn check_money<B: Bill>(&self) -> Result<(), String> {
        self.each::<Payment<B>>(|number, payment| {
            let charges = self.outside.done(&format!("charge-{number}"));
            let refunds = self.outside.done(&format!("refund-{number}"));
            let is_kept = charges == 1 && refunds == 0;
            if is_kept == (payment.stage() == Stage::Approved) {
                return Ok(());
            }
            let stage = payment.stage();
            Err(format!("{} {number}: {stage:?}, {charges} charges, {refunds} refunds", B::NAME))
        })
    }
}
