//! Payment for an approved claim. The payment has the claim's number.
//!
//! ```text
//! Assigned ──completed by the payout clerk──▶ Completed
//! ```

mod routes;
#[cfg(test)]
mod specs;

use super::{Claims, PAYOUT_CLERK, dates::given_or_now, settings::Settings};
use crate::domain::kernel::{
    Aggregate, CommandRoutes, Decision, Issuer, Method, Money, Number, RejectionKind, Timestamp,
};
use routes::{CompleteBody, StatusBody};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use Command::{Assign, Complete};
use Event::{Assigned, Completed};

/// Payment for an approved claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    payout: Payout,
    /// The time of the payment, once it is made.
    paid_at: Option<Timestamp>,
    status: Status,
}

/// Payout: the amount, the claim, the customer and the contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payout {
    /// The claim, which has the same number as the payment.
    pub claim_id: Number,
    /// The customer who claimed.
    pub customer_id: Number,
    /// The contract it is paid under.
    pub cont_id: Number,
    /// The amount, in won.
    pub price: Money,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Status {
    #[default]
    Blank,
    Assigned,
    Completed,
}

/// Commands of a payment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// The claim was approved.
    Assign {
        /// The payout.
        payout: Payout,
    },
    /// The payout clerk has paid the payout.
    Complete {
        /// The claim that the clerk names, if any; it must be the right one.
        claim: Option<Number>,
        /// The time of the payment, according to the client; `None` is now.
        payment_dt: Option<Timestamp>,
    },
}

/// Events of a payment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The payment waits for the payout clerk.
    Assigned {
        /// The payout.
        payout: Payout,
    },
    /// The payout clerk has paid the payout.
    Completed {
        /// The payout.
        payout: Payout,
        /// The time of the payment; older events have none.
        #[serde(default)]
        payment_dt: Option<Timestamp>,
    },
}

/// Reason why a payment rejects a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// No approved claim has this number.
    #[error("there is no such payment")]
    Unknown,
    /// The clerk named another claim.
    #[error("the payment is for another claim")]
    OtherClaim,
    /// The date cannot be meant.
    #[error("`paymentDt` is in milliseconds, from the year 2000 to tomorrow")]
    BadDate,
}

impl crate::domain::kernel::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::Unknown => RejectionKind::Unknown,
            Self::OtherClaim | Self::BadDate => RejectionKind::Invalid,
        }
    }
}

impl Aggregate for Payment {
    const NAME: &'static str = "claims/payments";
    // 2: with the date of the payment.
    const SHAPE: u32 = 2;
    type Business = Claims;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn issuer(command: &Command) -> Issuer {
        match command {
            Assign { .. } => Issuer::Internal,
            Complete { .. } => Issuer::Staff(&[PAYOUT_CLERK]),
        }
    }

    fn decide(&self, command: Command, now: Timestamp, _settings: &Settings) -> Decision<Self> {
        use Status as S;
        let payout = self.payout;
        match (self.status, command) {
            (S::Blank, Assign { payout }) => Ok(vec![Assigned { payout }]),
            (S::Assigned | S::Completed, Complete { claim: Some(claim), .. })
                if claim != payout.claim_id =>
            {
                Err(Rejection::OtherClaim)
            }
            (S::Assigned, Complete { payment_dt, .. }) => {
                let payment_dt = given_or_now(payment_dt, now).ok_or(Rejection::BadDate)?;
                Ok(vec![Completed { payout, payment_dt: Some(payment_dt) }])
            }

            (S::Blank, Complete { .. }) => Err(Rejection::Unknown),
            (S::Assigned | S::Completed, Assign { .. }) | (S::Completed, Complete { .. }) => {
                Ok(vec![])
            }
        }
    }

    fn evolve(self, event: Event) -> Self {
        match event {
            Assigned { payout } => Self { payout, status: Status::Assigned, ..self },
            Completed { payout, payment_dt } => {
                Self { payout, paid_at: payment_dt, status: Status::Completed }
            }
        }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let Payout { claim_id, customer_id, cont_id, price } = self.payout;
        let (status, payment_dt) = (self.status(), self.paid_at);
        Shown { id: number, claim_id, customer_id, cont_id, price, status, payment_dt }
    }

    fn original_status(&self) -> Option<&'static str> {
        (self.status == Status::Completed).then_some("Completed Payment")
    }

    fn available_commands(&self) -> &'static [&'static str] {
        match self.status {
            Status::Assigned => &["complete"],
            Status::Blank | Status::Completed => &[],
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
            .ignoring(routes::IGNORED)
            .command("complete", CompleteBody::means)
            .on_item("complete by status", [Method::Put], StatusBody::means)
            .on_item("complete by status", [Method::Patch], StatusBody::means)
    }
}

impl Payment {
    /// Returns the status shown to clients.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        match self.status {
            Status::Blank => "",
            Status::Assigned => "Assigned",
            Status::Completed => "Completed",
        }
    }

    /// Returns the payout.
    #[must_use]
    pub const fn payout(&self) -> Payout {
        self.payout
    }
}

impl Event {
    /// Returns the payout.
    #[must_use]
    pub const fn payout(&self) -> Payout {
        match self {
            Assigned { payout } | Completed { payout, .. } => *payout,
        }
    }

    /// Returns the time of the payment, if this event has it.
    #[must_use]
    pub const fn payment_dt(&self) -> Option<Timestamp> {
        match self {
            Assigned { .. } => None,
            Completed { payment_dt, .. } => *payment_dt,
        }
    }

    /// Returns the status of the payment after this event, as shown to clients.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        match self {
            Assigned { .. } => "Assigned",
            Completed { .. } => "Completed",
        }
    }

    /// Returns a description of the event in words.
    #[must_use]
    pub const fn what(&self) -> &'static str {
        match self {
            Assigned { .. } => "payment ordered",
            Completed { .. } => "payment made",
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: u64,
    claim_id: Number,
    customer_id: Number,
    cont_id: Number,
    price: Money,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_dt: Option<Timestamp>,
}
