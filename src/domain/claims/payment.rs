//! Payment for an approved claim. The payment has the claim's number.
//!
//! ```text
//! Assigned ──completed by the payout clerk──▶ Completed
//! ```

#[cfg(test)]
mod specs;

use super::{Claims, PAYOUT_CLERK, dates::given_or_now, settings::Settings};
use crate::domain::kernel::prelude::*;

use Command::*;
use Event::*;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    pub(super) payout: Payout,
    /// The time of the payment, once it is made.
    pub(super) paid_at: Option<EpochMs>,
    pub(super) status: Status,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payout {
    /// The claim, which has the same number as the payment.
    pub claim_id: Number,
    pub customer_id: Number,
    pub cont_id: Number,
    pub price: Money,
}

statuses! {
    #[derive(Copy, Eq)]
    pub enum Status {
        Blank;
        Assigned => "complete";
        Completed, "Completed Payment";
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Command {
    Assign { payout: Payout },
    // The claim that the clerk names, if any, must be the right one. Without a time, it is paid now.
    Complete { claim_id: Option<Number>, payment_dt: Option<EpochMs> },
}

/// The events of a payment. Older ones have no time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    Assigned { payout: Payout },
    Completed { payout: Payout, payment_dt: Option<EpochMs> },
}

rejections! {
    pub enum Rejection {
        Unknown: unknown "there is no such payment";
        OtherClaim: invalid "the payment is for another claim";
        BadDate: invalid "`paymentDt` is in milliseconds, from the year 2000 to tomorrow";
    }
}

impl Aggregate for Payment {
    const NAME: &'static str = "claims/payments";
    // 2: with the date of the payment.
    const SHAPE: u32 = 2;
    aggregate_types!(Claims, status);

    fn issuer(command: &Command) -> Issuer {
        match command {
            Assign { .. } => Issuer::Internal,
            Complete { .. } => Issuer::Staff(&[PAYOUT_CLERK]),
        }
    }

    fn decide(&self, command: Command, now: Timestamp, _settings: &Settings) -> Decision<Self> {
        let payout = self.payout;
        match (self.status, command) {
            (Status::Blank, Assign { payout }) => Ok(vec![Assigned { payout }]),
            (Status::Blank, Complete { .. }) => Err(Rejection::Unknown),
            (_, Complete { claim_id: Some(claim), .. }) if claim != payout.claim_id => {
                Err(Rejection::OtherClaim)
            }
            (Status::Assigned, Complete { payment_dt, .. }) => {
                let payment_dt = given_or_now(payment_dt, now).ok_or(Rejection::BadDate)?;
                Ok(vec![Completed { payout, payment_dt: Some(payment_dt) }])
            }
            (_, Assign { .. }) | (Status::Completed, Complete { .. }) => Ok(vec![]),
        }
    }

    fn evolve(self, event: Event) -> Self {
        match event {
            Assigned { payout } => Self { payout, paid_at: None, status: Status::Assigned },
            Completed { payout, payment_dt } => {
                Self { payout, paid_at: payment_dt, status: Status::Completed }
            }
        }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let Payout { claim_id, customer_id, cont_id, price } = self.payout;
        object! {
            "id": number, "claimId": claim_id, "customerId": customer_id, "contId": cont_id,
            "price": price, "status": self.status.word(), "paymentDt"?: self.paid_at,
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
            .ignoring("id customerId contId price status paymentDt")
            .named(&["complete"])
            .named_by_word("complete by status", [Put, Patch], "status", [(COMPLETED, "complete")])
    }
}

const COMPLETED: &[&str] = &["Completed Payment", "completed", "complete"];
