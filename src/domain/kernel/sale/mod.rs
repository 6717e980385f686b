//! The sale: a paid order that is handed over, or called off and refunded. It is an aggregate kind
//! that is ready to use; a business only says with [`Goods`] what is sold.
//!
//! ```text
//!            paid        handed over
//! Requested ─────▶ Paid ────────────▶ HandedOver
//!   │   │           │
//!   │   │ cancelled │ cancelled   money back
//!   │   └───────────┴──▶ Cancelling ────────▶ Cancelled
//!   ▼ not paid
//! Rejected
//! ```
//! An order with steps of its own, or that needs a second aggregate before it stands, is an
//! aggregate of the business with [`Payable`].

mod goods;
mod messages;
#[cfg(test)]
mod specs;

pub use goods::Goods;
pub use messages::{Command, Event, Rejection};

use super::{
    Aggregate, CommandRoutes, Decision, Empty, FailureKind, Host, Issuer, Money, Progress,
    SettingsOf, StateReader, StatusWords, Timestamp, ensure,
    payment::{self, Billing, Payable, Payment, Stage, Turn},
};
use crate::statuses;
use serde::{Deserialize, Serialize};

use Command::{Cancel, Close, HandOver, Pay, Place, Reject};
use Event::{Cancelled, Closed, HandedOver, Paid, Placed, Rejected};

/// The order of some goods. Its number is that of its payment, too.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sale<G> {
    /// What is ordered.
    pub goods: G,
    /// The price of the goods at the time of the order, in won.
    pub amount: Money,
    /// The status of the order.
    pub status: Status,
}

statuses! {
    /// The status of an order. Its words are shown to clients; that of `HandedOver` is the second
    /// of [`Goods::HAND_OVER`].
    pub enum Status {
        /// There is no such order.
        Unknown;
        /// The payment is being made.
        Requested as pending;
        /// The goods can be handed over.
        Paid;
        /// The customer has the goods.
        HandedOver;
        /// The order was called off, and its money is going back.
        Cancelling as pending;
        /// The order was called off, and no money of it is kept.
        Cancelled;
        /// The payment failed, for this reason.
        Rejected { how: FailureKind, reason: String } as failed;
    }
}

/// Registers the parts of a sale: its orders, their payments, the saga between them, and the port
/// that charges.
pub fn install<G: Goods>(host: &mut impl Host) {
    payment::install::<Sale<G>>(host);
}

/// Checks the money of each order, for [`Business::check_invariants`](super::Business): it is kept
/// for an order that is paid or handed over, and not kept for any other.
///
/// # Errors
/// The first order whose payment contradicts its status, as a sentence.
pub fn check_invariants<G: Goods>(state: &impl StateReader) -> Result<(), String> {
    state.each::<Sale<G>>(|number, order| {
        let payment = state.get::<Payment<G>>(number).stage();
        let is_right = match &order.status {
            _ if !state.is_settled::<Billing<Sale<G>>>(number) => true,
            Status::Paid | Status::HandedOver => payment == Stage::Approved,
            Status::Cancelled => matches!(payment, Stage::Declined | Stage::Refunded),
            Status::Rejected { .. } => payment == Stage::Declined,
            // The service declined the refund, and the cashier has not given the money back yet.
            Status::Cancelling => payment == Stage::RefundDeclined,
            Status::Unknown | Status::Requested => false,
        };
        ensure(is_right, || {
            let (name, status) = (G::ORDERS, &order.status);
            format!("{name} {number} is {status:?}, its payment {payment:?}")
        })
    })
}

impl<G: Goods> Payable for Sale<G> {
    type Bill = G;
    const BILLING: &'static str = G::BILLING;
    const ACCEPT: Command<G> = Pay;
    const REJECT: fn(FailureKind, String) -> Command<G> = |how, reason| Reject { how, reason };
    const CLOSE: Command<G> = Close;

    fn turn(event: &Event<G>) -> Option<Turn<G>> {
        match event {
            Placed { goods, amount } => Some(Turn::Placed { bill: goods.clone(), amount: *amount }),
            Paid { .. } => Some(Turn::Accepted),
            Cancelled { .. } => Some(Turn::CalledOff),
            Rejected { .. } | Closed => Some(Turn::Over),
            HandedOver { .. } => None,
        }
    }
}

impl<G: Goods> Aggregate for Sale<G> {
    const NAME: &'static str = G::ORDERS;
    type Business = G::Business;
    type Command = Command<G>;
    type Event = Event<G>;
    type Rejection = Rejection;

    fn issuer(command: &Command<G>) -> Issuer {
        match command {
            Place(_) | Cancel => Issuer::Customer,
            HandOver => Issuer::Staff(const { &[G::CLERK] }),
            Pay | Reject { .. } | Close => Issuer::Internal,
        }
    }

    fn decide(
        &self,
        command: Command<G>,
        _now: Timestamp,
        settings: &SettingsOf<Self>,
    ) -> Decision<Self> {
        use Status as S;
        let goods = || self.goods.clone();
        match (&self.status, command) {
            (S::Unknown, Place(goods)) => {
                let amount = goods.price(settings);
                let amount = amount.map_err(|reason| Rejection::NotForSale { reason })?;
                if amount.is_accepted() {
                    return Ok(vec![Placed { goods, amount }]);
                }
                Err(Rejection::TooDear)
            }
            (S::Requested, Pay) => Ok(vec![Paid { goods: goods() }]),
            (S::Requested, Reject { how, reason }) => Ok(vec![Rejected { how, reason }]),
            (S::Requested | S::Paid, Cancel) => Ok(vec![Cancelled { goods: goods() }]),
            (S::Paid, HandOver) => Ok(vec![HandedOver { goods: goods() }]),
            (S::Cancelling, Close) => Ok(vec![Closed]),

            (S::Paid | S::HandedOver, Pay)
            | (S::HandedOver, HandOver)
            | (S::Cancelling | S::Cancelled, Cancel)
            | (S::Rejected { .. }, Reject { .. })
            | (S::Rejected { .. } | S::Cancelled, Close) => Ok(vec![]),

            (S::Unknown, _) => Err(Rejection::Unknown),
            (_, Place(_)) => Err(Rejection::AlreadyPlaced),
            (S::Requested, _) => Err(Rejection::NotPaid),
            (S::Paid, _) => Err(Rejection::IsPaid),
            (S::HandedOver, _) => Err(Rejection::IsHandedOver),
            (S::Cancelling | S::Cancelled, _) => Err(Rejection::IsCancelled),
            (S::Rejected { .. }, _) => Err(Rejection::WasRejected),
        }
    }

    fn waits_for_port(command: &Command<G>) -> Option<&'static str> {
        matches!(command, Place(_)).then_some(G::PORT)
    }

    fn evolve(self, event: Event<G>) -> Self {
        match event {
            Placed { goods, amount } => Self { goods, amount, status: Status::Requested },
            later => Self { status: later.status(), ..self },
        }
    }

    fn progress(&self) -> Progress {
        self.status.progress()
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let (status, reason) = (word::<G>(&self.status), self.progress().reason());
        Shown { id: number, goods: &self.goods, amount: self.amount, status, reason }
    }

    fn available_commands(&self) -> &'static [&'static str] {
        match self.status {
            Status::Requested => &["cancel"],
            Status::Paid => const { &["cancel", G::HAND_OVER.0] },
            _ => &[],
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
            .ignoring("id amount status reason")
            .creates("place", Place)
            .command("cancel", |Empty {}| Cancel)
            .command(G::HAND_OVER.0, |Empty {}| HandOver)
    }
}

/// The representation of an order: its number, its goods, and what has become of it.
#[derive(Serialize)]
struct Shown<'a, G> {
    id: u64,
    #[serde(flatten)]
    goods: &'a G,
    amount: Money,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl<G: Goods> Event<G> {
    /// The status of an order after this event.
    #[must_use]
    pub fn status(&self) -> Status {
        match self {
            Placed { .. } => Status::Requested,
            Paid { .. } => Status::Paid,
            HandedOver { .. } => Status::HandedOver,
            Cancelled { .. } => Status::Cancelling,
            Rejected { how, reason } => Status::Rejected { how: *how, reason: reason.clone() },
            Closed => Status::Cancelled,
        }
    }

    /// The word of the status of an order after this event, as it is shown to clients.
    #[must_use]
    pub fn status_word(&self) -> &'static str {
        word::<G>(&self.status())
    }
}

const fn word<G: Goods>(status: &Status) -> &'static str {
    match status {
        Status::HandedOver => G::HAND_OVER.1,
        other => other.word(),
    }
}
