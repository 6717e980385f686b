//! The fare of one order: asked for, paid, or paid back. It bears the order's number.
//!
//! ```text
//! Requested ──▶ Approved ──▶ RefundRequested ──▶ Refunded
//!   │   │                          │  ▲ returned by hand
//!   │   ▼                          ▼  │
//!   │ Declined               RefundDeclined
//!   ▼
//! Abandoned ──▶ Voided      nobody answered: whatever was charged is returned
//! ```

#[cfg(test)]
mod specs;

use super::{CallTaxi, DISPATCHER, settings::Settings, words};
use crate::domain::kernel::{
    Aggregate, Decision, Malformed, Money, Nothing, Number, RejectionKind, Speaker, Text,
    Timestamp, Vocabulary,
};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use thiserror::Error;

use Command::{
    Abandon, Approve, ConfirmRefund, Decline, DeclineRefund, Refund, Request, Restate, Settle,
};
use Event::{
    Abandoned, Approved, Declined, RefundDeclined, RefundRequested, Refunded, Requested, Voided,
};

/// The fare of one order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    card_no: Text,
    amount: Money,
    status: Status,
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
}

/// What a payment can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Charge this card.
    Request {
        /// The card; may be empty.
        card_no: Text,
        /// How much, in won.
        amount: Money,
    },
    /// The card was charged.
    Approve,
    /// The card was not charged.
    Decline {
        /// The reason, as a sentence.
        reason: String,
    },
    /// Nobody knows whether the card was charged.
    Abandon {
        /// The reason, as a sentence.
        reason: String,
    },
    /// Give the money back.
    Refund,
    /// The money was given back.
    ConfirmRefund,
    /// The outside service will not give the money back.
    DeclineRefund {
        /// The reason, as a sentence.
        reason: String,
    },
    /// The dispatcher gave the money back by hand.
    Settle,
    /// A client says again what the order has said already.
    Restate,
}

/// What can happen to a payment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// The card is to be charged.
    Requested {
        /// The card; may be empty.
        card_no: Text,
        /// How much, in won.
        amount: Money,
    },
    /// The card was charged.
    Approved,
    /// The card was not charged.
    Declined {
        /// The reason, as a sentence.
        reason: String,
    },
    /// Nobody answered; whatever was charged is to be returned.
    Abandoned {
        /// How much may have been charged, in won.
        amount: Money,
        /// The reason, as a sentence.
        reason: String,
    },
    /// Nothing is charged any more of what was abandoned.
    Voided,
    /// The money is to be given back.
    RefundRequested {
        /// How much, in won.
        amount: Money,
    },
    /// The money was given back.
    Refunded,
    /// The outside service will not give the money back: somebody has to.
    RefundDeclined {
        /// The reason, as a sentence.
        reason: String,
    },
}

/// Why a payment says no.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Error)]
pub enum Rejection {
    /// No order bears this number.
    #[error("there is no such payment")]
    Unknown,
    /// Another amount or card was asked for before.
    #[error("the payment has been requested already")]
    AlreadyRequested,
    /// The question it answers has been answered.
    #[error("the payment has been answered already")]
    AlreadyAnswered,
    /// There is nothing to give back.
    #[error("nothing has been paid")]
    NothingPaid,
    /// Nobody asked for the money to be given back.
    #[error("no refund has been requested")]
    NoRefund,
}

impl crate::domain::kernel::Rejection for Rejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::Unknown => RejectionKind::Unknown,
            _ => RejectionKind::Conflict,
        }
    }
}

impl Aggregate for Payment {
    const NAME: &'static str = "taxi/paymentHistories";
    const ALIASES: &'static [&'static str] = &["payments"];
    type Business = CallTaxi;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn speaker(command: &Command) -> Speaker {
        match command {
            Restate => Speaker::Anyone,
            Settle => Speaker::Staff(DISPATCHER),
            Request { .. }
            | Approve
            | Decline { .. }
            | Abandon { .. }
            | Refund
            | ConfirmRefund
            | DeclineRefund { .. } => Speaker::Inside,
        }
    }

    fn decide(&self, command: Command, _now: Timestamp, _settings: &Settings) -> Decision<Self> {
        use Status as S;
        let amount = self.amount;
        match (&self.status, command) {
            (S::Blank, Request { card_no, amount }) => Ok(vec![Requested { card_no, amount }]),
            (S::Requested, Approve) => Ok(vec![Approved]),
            (S::Requested, Decline { reason }) => Ok(vec![Declined { reason }]),
            (S::Requested, Abandon { reason }) => Ok(vec![Abandoned { amount, reason }]),
            (S::Approved, Refund) => Ok(vec![RefundRequested { amount }]),
            (S::RefundRequested, ConfirmRefund) | (S::RefundDeclined { .. }, Settle) => {
                Ok(vec![Refunded])
            }
            (S::RefundRequested, DeclineRefund { reason }) => Ok(vec![RefundDeclined { reason }]),
            // A refund declined because nothing was charged is as good as a refund.
            (S::Abandoned { .. }, ConfirmRefund | DeclineRefund { .. }) => Ok(vec![Voided]),
            (state, command) => self.already(state, &command),
        }
    }

    fn evolve(self, event: Event) -> Self {
        let status = match event {
            Requested { card_no, amount } => {
                return Self { card_no, amount, status: Status::Requested };
            }
            Approved => Status::Approved,
            Declined { reason } => Status::Declined { reason },
            Abandoned { reason, .. } => Status::Abandoned { reason },
            Voided => Status::Voided { reason: self.status.reason().unwrap_or_default().into() },
            RefundRequested { .. } => Status::RefundRequested,
            RefundDeclined { reason } => Status::RefundDeclined { reason },
            Refunded => Status::Refunded,
        };
        Self { status, ..self }
    }

    fn show(&self, number: u64) -> impl Serialize {
        Shown {
            id: number,
            order_id: number,
            card_no: self.card_no.clone(),
            amount: self.amount,
            status: self.status.name(),
            reason: self.status.reason().map(ToOwned::to_owned),
        }
    }

    fn possible(&self) -> &'static [&'static str] {
        match self.status {
            Status::RefundDeclined { .. } => &["settle"],
            _ => &[],
        }
    }

    fn vocabulary() -> Vocabulary<Self> {
        Vocabulary::new()
            .refers("restate", RestateBody::means)
            .command("settle", |Nothing {}| Ok(Settle))
    }
}

impl Payment {
    /// The lower half of the table: what is already so, and what is refused.
    #[expect(clippy::match_same_arms, reason = "each row of the table is a rule of its own")]
    fn already(&self, state: &Status, command: &Command) -> Decision<Self> {
        use Status as S;
        match (state, command) {
            (S::Blank, _) => Err(Rejection::Unknown),
            (_, Restate) => Ok(vec![]),
            (_, Request { card_no, amount })
                if (card_no, amount) == (&self.card_no, &self.amount) =>
            {
                Ok(vec![])
            }
            (S::Approved, Approve)
            | (S::Declined { .. }, Decline { .. })
            | (S::Abandoned { .. } | S::Voided { .. }, Abandon { .. })
            | (S::RefundRequested | S::RefundDeclined { .. } | S::Refunded, Refund)
            | (S::Voided { .. }, ConfirmRefund | DeclineRefund { .. })
            | (S::RefundDeclined { .. }, DeclineRefund { .. })
            | (S::Refunded, ConfirmRefund | Settle) => Ok(vec![]),

            (_, Request { .. }) => Err(Rejection::AlreadyRequested),
            (_, Approve | Decline { .. } | Abandon { .. }) => Err(Rejection::AlreadyAnswered),
            (_, Refund) => Err(Rejection::NothingPaid),
            (_, ConfirmRefund | DeclineRefund { .. } | Settle) => Err(Rejection::NoRefund),
        }
    }
}

impl Status {
    /// As clients of the original know it: whatever did not come about was declined.
    const fn name(&self) -> &'static str {
        match self {
            Self::Blank => "",
            Self::Requested => "Requested",
            Self::Approved => "Approved",
            Self::Declined { .. } | Self::Abandoned { .. } | Self::Voided { .. } => "Declined",
            Self::RefundRequested => "Refund Requested",
            Self::RefundDeclined { .. } => "Refund Declined",
            Self::Refunded => "Refunded",
        }
    }

    fn reason(&self) -> Option<&str> {
        match self {
            Self::Declined { reason }
            | Self::Abandoned { reason }
            | Self::Voided { reason }
            | Self::RefundDeclined { reason } => Some(reason),
            Self::Blank
            | Self::Requested
            | Self::Approved
            | Self::RefundRequested
            | Self::Refunded => None,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: u64,
    order_id: u64,
    card_no: Text,
    amount: Money,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// `{"orderId":1,"cardNo":383824245656,"status":"valid"}`: what the order has said already.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RestateBody {
    order_id: Number,
    #[serde(default)]
    status: Option<Text>,
    #[serde(default, rename = "id")]
    _id: IgnoredAny,
    #[serde(default, rename = "cardNo")]
    _card_no: IgnoredAny,
    #[serde(default, rename = "amount")]
    _amount: IgnoredAny,
    #[serde(default, rename = "reason")]
    _reason: IgnoredAny,
    #[serde(default, rename = "_links")]
    _links: IgnoredAny,
}

impl RestateBody {
    fn means(self) -> Result<(Number, Command), Malformed> {
        const VALID: &[&str] = &["valid"];
        match self.status {
            Some(status) if !words::is_one_of(&status, VALID) => {
                Err(words::unknown_status(&status, VALID))
            }
            _ => Ok((self.order_id, Restate)),
        }
    }
}
