//! The payment of one order: requested, paid or refunded. It has the order's number.
//!
//! A business that takes money defines with a [`Bill`] what is paid for and how it is named. The
//! rules are the same for all businesses: a payment is charged once and refunded once. A charge
//! without an answer is refunded, because it may have been made.
//!
//! ```text
//! Requested ──▶ Approved ──▶ RefundRequested ──▶ Refunded
//!   │   │                          │  ▲ returned by hand
//!   │   ▼                          ▼  │
//!   │ Declined               RefundDeclined
//!   ▼
//! Abandoned ──▶ Voided      no answer came: what was charged is returned
//! ```
//! A payment whose charge was never sent counts as declined: `Requested ──▶ TurnedAway`. Before it
//! is requested, a payment is `Blank`.

mod bill;
mod billing;
mod charging;
mod messages;
#[cfg(test)]
mod specs;
mod transaction;

pub use bill::{Bill, Receipt, Stage};
pub use billing::{Billing, Heard, Payable, Phase, Turn};
pub use charging::Charging;
pub use messages::{Command, Event, Rejection};
pub use transaction::TransactionId;

use super::{
    Aggregate, CommandRoutes, Decision, Empty, Host, Issuer, Money, SettingsOf, Timestamp,
};
use serde::{Deserialize, Serialize};

use Command::{
    Abandon, Amend, Approve, ConfirmRefund, Decline, DeclineRefund, Refund, Request, Restate,
    Settle, TurnAway,
};
use Event::{
    Abandoned, Amended, Approved, Declined, RefundDeclined, RefundRequested, Refunded, Requested,
    TurnedAway, Voided,
};

/// Registers the orders of a kind with what charges for them: their payments, the saga between them,
/// and the port.
pub fn install<O: Payable>(host: &mut impl Host) {
    host.aggregate::<O>().aggregate::<Payment<O::Bill>>();
    host.saga::<Billing<O>>().port::<Charging<O::Bill>>();
}

/// The payment of one order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Payment<B> {
    bill: B,
    amount: Money,
    status: Status,
    /// The provider's number of the charge, if its answer had one.
    #[serde(default)]
    transaction_id: Option<TransactionId>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Status {
    #[default]
    Blank,
    Requested,
    Approved,
    Declined {
        reason: String,
    },
    Abandoned {
        reason: String,
    },
    Voided {
        reason: String,
    },
    RefundRequested,
    RefundDeclined {
        reason: String,
    },
    Refunded,
    TurnedAway {
        reason: String,
    },
}

impl<B: Bill> Aggregate for Payment<B> {
    const NAME: &'static str = B::NAME;
    const ALIASES: &'static [&'static str] = B::ALIASES;
    /// Snapshots of shape 1 have no transaction number.
    const SHAPE: u32 = 2;
    type Business = B::Business;
    type Command = Command<B>;
    type Event = Event<B>;
    type Rejection = Rejection;

    fn issuer(command: &Command<B>) -> Issuer {
        match command {
            Restate | Amend { .. } => Issuer::Anyone,
            Settle => Issuer::Staff(const { &[B::CASHIER] }),
            Request { .. }
            | Approve { .. }
            | Decline { .. }
            | Abandon { .. }
            | TurnAway { .. }
            | Refund
            | ConfirmRefund
            | DeclineRefund { .. } => Issuer::Internal,
        }
    }

    fn decide(
        &self,
        command: Command<B>,
        _now: Timestamp,
        _settings: &SettingsOf<Self>,
    ) -> Decision<Self> {
        use Status as S;
        let amount = self.amount;
        match (&self.status, command) {
            (S::Blank, Request { bill, amount }) => Ok(vec![Requested { bill, amount }]),
            (S::Requested, Approve { transaction_id }) => Ok(vec![Approved { transaction_id }]),
            (S::Requested, Decline { reason }) => Ok(vec![Declined { reason }]),
            (S::Requested, Abandon { reason }) => Ok(vec![Abandoned { amount, reason }]),
            (S::Requested, TurnAway { reason }) => Ok(vec![TurnedAway { reason }]),
            (S::Approved, Refund) => {
                let transaction_id = self.transaction_id.clone();
                Ok(vec![RefundRequested { amount, transaction_id }])
            }
            (S::RefundRequested, ConfirmRefund) | (S::RefundDeclined { .. }, Settle) => {
                Ok(vec![Refunded])
            }
            (S::RefundRequested, DeclineRefund { reason }) => Ok(vec![RefundDeclined { reason }]),
            // A declined refund means that no charge was made, so it counts as a refund.
            (S::Abandoned { .. }, ConfirmRefund | DeclineRefund { .. }) => Ok(vec![Voided]),
            (state, Amend { bill }) => self.amend(state, &bill),
            (state, command) => self.already(state, &command),
        }
    }

    fn evolve(self, event: Event<B>) -> Self {
        let status = match event {
            Requested { bill, amount } => {
                return Self { bill, amount, status: Status::Requested, transaction_id: None };
            }
            Approved { transaction_id } => {
                return Self { status: Status::Approved, transaction_id, ..self };
            }
            Declined { reason } => Status::Declined { reason },
            Abandoned { reason, .. } => Status::Abandoned { reason },
            Voided => Status::Voided { reason: self.status.reason().unwrap_or_default().into() },
            RefundRequested { .. } => Status::RefundRequested,
            RefundDeclined { reason } => Status::RefundDeclined { reason },
            Refunded => Status::Refunded,
            TurnedAway { reason } => Status::TurnedAway { reason },
            Amended { bill, .. } => return Self { bill, ..self },
        };
        Self { status, ..self }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let receipt = Receipt {
            number,
            amount: self.amount,
            stage: self.stage(),
            reason: self.status.reason().map(ToOwned::to_owned),
        };
        Shown { payment: self.bill.show(receipt), transaction_id: self.transaction_id() }
    }

    fn original_status(&self) -> Option<&'static str> {
        B::original_status(self.stage())
    }

    fn available_commands(&self) -> &'static [&'static str] {
        match self.status {
            Status::RefundDeclined { .. } => &["settle"],
            _ => &[],
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        B::command_routes().command("settle", |Empty {}| Ok(Settle))
    }
}

/// The representation of a payment: that of its bill, and the provider's number of the charge.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a, T: Serialize> {
    #[serde(flatten)]
    payment: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<&'a TransactionId>,
}

impl<B: Bill> Payment<B> {
    /// The stage of the payment.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.status.stage()
    }

    /// The provider's number of the charge, if its answer had one.
    #[must_use]
    pub const fn transaction_id(&self) -> Option<&TransactionId> {
        self.transaction_id.as_ref()
    }

    /// Adds details to the bill while the payment stands.
    fn amend(&self, state: &Status, by: &B) -> Decision<Self> {
        if matches!(state, Status::Blank) {
            return Err(Rejection::Unknown);
        }
        let bill = self.bill.amended(by).map_err(|reason| Rejection::Contradicts { reason })?;
        match state {
            _ if bill == self.bill => Ok(vec![]),
            Status::Requested => Ok(vec![Amended { bill, charged: false }]),
            Status::Approved => Ok(vec![Amended { bill, charged: true }]),
            _ => Err(Rejection::IsOver),
        }
    }

    /// The rest of the transition table: commands that change nothing, and rejections.
    #[expect(clippy::match_same_arms, reason = "each row of the table is a rule of its own")]
    fn already(&self, state: &Status, command: &Command<B>) -> Decision<Self> {
        use Status as S;
        match (state, command) {
            (S::Blank, _) => Err(Rejection::Unknown),
            (_, Restate) => Ok(vec![]),
            (_, Request { bill, amount }) if (bill, amount) == (&self.bill, &self.amount) => {
                Ok(vec![])
            }
            (S::Approved, Approve { .. })
            | (S::Declined { .. }, Decline { .. })
            | (S::Abandoned { .. } | S::Voided { .. }, Abandon { .. })
            | (S::TurnedAway { .. }, TurnAway { .. })
            | (S::RefundRequested | S::RefundDeclined { .. } | S::Refunded, Refund)
            | (S::Voided { .. }, ConfirmRefund | DeclineRefund { .. })
            | (S::RefundDeclined { .. }, DeclineRefund { .. })
            | (S::Refunded, ConfirmRefund | Settle) => Ok(vec![]),

            (_, Request { .. } | Amend { .. }) => Err(Rejection::AlreadyRequested),
            (_, Approve { .. } | Decline { .. } | Abandon { .. } | TurnAway { .. }) => {
                Err(Rejection::AlreadyAnswered)
            }
            (_, Refund) => Err(Rejection::NothingPaid),
            (_, ConfirmRefund | DeclineRefund { .. } | Settle) => Err(Rejection::NoRefund),
        }
    }
}

impl Status {
    const fn stage(&self) -> Stage {
        match self {
            Self::Blank => Stage::Blank,
            Self::Requested => Stage::Requested,
            Self::Approved => Stage::Approved,
            Self::Declined { .. }
            | Self::Abandoned { .. }
            | Self::Voided { .. }
            | Self::TurnedAway { .. } => Stage::Declined,
            Self::RefundRequested => Stage::RefundRequested,
            Self::RefundDeclined { .. } => Stage::RefundDeclined,
            Self::Refunded => Stage::Refunded,
        }
    }

    fn reason(&self) -> Option<&str> {
        match self {
            Self::Declined { reason }
            | Self::Abandoned { reason }
            | Self::Voided { reason }
            | Self::RefundDeclined { reason }
            | Self::TurnedAway { reason } => Some(reason),
            Self::Blank
            | Self::Requested
            | Self::Approved
            | Self::RefundRequested
            | Self::Refunded => None,
        }
    }
}
