//! What is known of money outside of a simulated world, against what its payments say.

use super::World;
use crate::domain::kernel::{
    Books as _,
    payment::{Bill, Payment, Stage},
};

impl World {
    /// Whether the outside service charged and refunded what the payments say: whoever has paid was
    /// charged once and not refunded; of everybody else nothing was kept.
    ///
    /// # Errors
    /// The payment that says something else.
    pub fn money_adds_up<B: Bill>(&self) -> Result<(), String> {
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
