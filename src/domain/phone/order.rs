//! Order: a customer's order of phones, which alone decides whether the phones are shipped or the
//! order is cancelled.
//!
//! ```text
//!            paid              shipped
//! Requested ──────▶ Paid ────────────────▶ Shipped
//!  │  │              │  ▲
//!  │  │       cancel │  │ kept: the reward cannot be taken back
//!  │  │              ▼  │
//!  │  │          Cancelling
//!  │  │ withdrawn    │ forfeited: the reward is taken back
//!  │  │              ▼              all is undone
//!  │  └──────────▶ Undoing ───────────────────────▶ Cancelled
//!  ▼ rejected
//! Rejected
//! ```
//! An order without a price is paid at once. An order that is `Cancelling` is not shipped; one that
//! is `Undoing` will be cancelled.

mod messages;
mod routes;
mod shown;
#[cfg(test)]
mod specs;

use super::{CARD_PAYMENT, PhoneShop, REWARD_BANK, settings::Settings};
use crate::domain::kernel::{
    Aggregate, CommandRoutes, Decision, Empty, FailureKind, Issuer, Method, Money, Progress,
    Quantity, Text, Timestamp,
};
pub use messages::{Command, Event, Rejection};
use routes::{PlaceBody, StatusBody};
use serde::{Deserialize, Serialize};
use shown::Shown;

use Command::{Cancel, Credit, FinishCancelling, Forfeit, Keep, Pay, Place, Reject, Ship};
use Event::{
    CancelRequested, Cancelled, Credited, Forfeited, Kept, Ordered, Paid, Rejected, Shipped,
    Withdrawn,
};

/// An order of phones.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Order {
    basket: Basket,
    price: Money,
    amount: Money,
    point: Option<Money>,
    /// Number of attempts to cancel the order so far.
    attempts: u32,
    status: Status,
}

/// Basket: the item, the quantity, the store, the address and the customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basket {
    /// The phone.
    pub item: Text,
    /// Number of phones.
    pub qty: Quantity,
    /// The store that sells it; may be empty.
    pub store: Text,
    /// Address to which the order is shipped; may be empty.
    pub address: Text,
    /// The customer, as the client names them; `None` when it does not.
    #[serde(default)]
    pub customer: Option<Text>,
}

/// Status of an order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Status {
    #[default]
    Blank,
    Requested,
    Paid {
        /// Why the last attempt to cancel failed, if there was one.
        kept: Option<(FailureKind, String)>,
    },
    Shipped,
    Cancelling,
    Undoing,
    Cancelled,
    Rejected {
        how: FailureKind,
        reason: String,
    },
}

impl Aggregate for Order {
    const NAME: &'static str = "phone/orders";
    const SHAPE: u32 = 2;
    const AWAITED_STEP: Option<&'static str> = Some("phone/reward");
    type Business = PhoneShop;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;

    fn issuer(command: &Command) -> Issuer {
        match command {
            Place { .. } => Issuer::Anyone,
            Cancel => Issuer::Customer,
            Pay
            | Reject { .. }
            | Ship
            | Credit { .. }
            | Forfeit { .. }
            | Keep { .. }
            | FinishCancelling => Issuer::Internal,
        }
    }

    fn decide(&self, command: Command, now: Timestamp, settings: &Settings) -> Decision<Self> {
        use Status as S;
        match (&self.status, command) {
            (S::Blank, Place { basket, price }) => ordered(basket, price, settings),
            (S::Requested, Pay) => Ok(vec![self.paid()]),
            (S::Requested, Reject { how, reason }) => Ok(vec![Rejected { how, reason }]),
            (S::Requested, Cancel) => Ok(vec![Withdrawn]),
            (S::Paid { .. }, Ship) => Ok(vec![Shipped]),
            (S::Paid { .. } | S::Shipped | S::Cancelling, Credit { points })
                if self.point.is_none() =>
            {
                Ok(vec![Credited { points }])
            }
            (S::Paid { .. }, Cancel) => Ok(vec![CancelRequested {
                attempt: self.attempts.saturating_add(1),
                answer_by: settings.cancel_by(now),
            }]),
            (S::Cancelling, Keep { attempt, how, reason }) if attempt == self.attempts => {
                Ok(vec![Kept { attempt, how, reason }])
            }
            (S::Cancelling, Forfeit { attempt }) if attempt == self.attempts => {
                Ok(vec![Forfeited { amount: self.amount }])
            }
            (S::Undoing, FinishCancelling) => Ok(vec![Cancelled]),
            (state, command) => self.already(state, &command),
        }
    }

    fn waits_for_port(command: &Command) -> Option<&'static str> {
        match command {
            Place { .. } => Some(CARD_PAYMENT),
            Cancel => Some(REWARD_BANK),
            _ => None,
        }
    }

    fn may_start_step(command: &Command) -> bool {
        matches!(command, Cancel)
    }

    fn step_is_pending(&self) -> bool {
        matches!(self.status, Status::Cancelling)
    }

    fn evolve(self, event: Event) -> Self {
        let status = match event {
            Ordered { basket, price, amount } => {
                return Self { basket, price, amount, status: Status::Requested, ..self };
            }
            Credited { points } => return Self { point: Some(points), ..self },
            CancelRequested { attempt, .. } => {
                return Self { attempts: attempt, status: Status::Cancelling, ..self };
            }
            Forfeited { .. } => return Self { point: None, status: Status::Undoing, ..self },
            Paid { .. } => Status::Paid { kept: None },
            Rejected { how, reason } => Status::Rejected { how, reason },
            Shipped => Status::Shipped,
            Withdrawn => Status::Undoing,
            Kept { how, reason, .. } => Status::Paid { kept: Some((how, reason)) },
            Cancelled => Status::Cancelled,
        };
        Self { status, ..self }
    }

    fn progress(&self) -> Progress {
        match &self.status {
            Status::Requested | Status::Cancelling | Status::Undoing => Progress::Pending,
            Status::Rejected { how, reason } | Status::Paid { kept: Some((how, reason)) } => {
                Progress::Failed { how: *how, reason: reason.clone() }
            }
            Status::Blank | Status::Paid { kept: None } | Status::Shipped | Status::Cancelled => {
                Progress::Established
            }
        }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let Self { basket, price, amount, point, status, .. } = self.clone();
        let reason = match &status {
            Status::Rejected { reason, .. } => Some(reason.clone()),
            _ => None,
        };
        let status = status.name();
        let Basket { item, qty, store, address, customer } = basket;
        Shown {
            id: number,
            customer_id: customer,
            item,
            qty,
            price,
            amount,
            status,
            store,
            address,
            point,
            reason,
        }
    }

    fn original_status(&self) -> Option<&'static str> {
        matches!(self.status, Status::Undoing | Status::Cancelled).then_some(ORIGINAL_CANCELLED)
    }

    fn available_commands(&self) -> &'static [&'static str] {
        match self.status {
            Status::Requested | Status::Paid { .. } => &["cancel"],
            _ => &[],
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
            .ignoring(routes::IGNORED)
            .creates("order", PlaceBody::means)
            .command("cancel", |Empty {}| Ok(Cancel))
            .on_item("cancel by status", [Method::Patch], StatusBody::means)
            .on_item("cancel by status", [Method::Put], StatusBody::means)
    }
}

/// The original's word for a cancelled order.
const ORIGINAL_CANCELLED: &str = "cancel";

/// Decides `Place` for a number under which no order was placed before.
fn ordered(basket: Basket, price: Option<Money>, settings: &Settings) -> Decision<Order> {
    if !basket.item.is_name() {
        return Err(Rejection::BadItem);
    }
    if !basket.store.is_short() || !basket.address.is_short() {
        return Err(Rejection::TooLong);
    }
    if basket.customer.as_ref().is_some_and(|customer| !customer.is_name()) {
        return Err(Rejection::BadCustomer);
    }
    if basket.qty.0 == 0 {
        return Err(Rejection::NoneWanted);
    }
    if !basket.qty.is_accepted() {
        return Err(Rejection::TooMany);
    }
    let price = match (settings.list_price(&basket.item), price) {
        (Some(listed), Some(price)) if price != listed => {
            return Err(Rejection::NotListed { listed, price });
        }
        (Some(listed), _) => listed,
        (None, price) => price.unwrap_or_default(),
    };
    let amount = price.times(basket.qty).ok_or(Rejection::TooDear)?;
    let paid = (amount == Money::ZERO).then(|| Paid { basket: basket.clone(), amount });
    Ok([Ordered { basket, price, amount }].into_iter().chain(paid).collect())
}

impl Order {
    /// Returns the status shown to clients.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        self.status.name()
    }

    /// Returns the points for the order, once they are known.
    #[must_use]
    pub const fn point(&self) -> Option<Money> {
        self.point
    }

    /// Returns the total price, in won.
    #[must_use]
    pub const fn amount(&self) -> Money {
        self.amount
    }

    fn paid(&self) -> Event {
        Paid { basket: self.basket.clone(), amount: self.amount }
    }

    /// Decides the lower half of the table: commands that change nothing, and rejections.
    fn already(&self, state: &Status, command: &Command) -> Decision<Self> {
        use Status as S;
        match (state, command) {
            (S::Paid { .. } | S::Shipped | S::Cancelling, Pay)
            | (S::Shipped, Ship)
            | (S::Rejected { .. }, Reject { .. })
            | (S::Cancelling | S::Undoing | S::Cancelled, Cancel)
            | (S::Cancelled, FinishCancelling) => Ok(vec![]),
            (_, Credit { points }) if self.point == Some(*points) => Ok(vec![]),
            // The first command that settles an attempt to cancel holds; later ones do nothing.
            (S::Undoing | S::Cancelled, Forfeit { attempt }) if *attempt == self.attempts => {
                Ok(vec![])
            }
            (_, Keep { attempt, .. }) if (1..=self.attempts).contains(attempt) => Ok(vec![]),

            (S::Blank, _) => Err(Rejection::Unknown),
            (_, Place { .. }) => Err(Rejection::AlreadyOrdered),
            (S::Rejected { .. }, _) => Err(Rejection::WasRejected),
            (S::Undoing | S::Cancelled, _) => Err(Rejection::IsCancelled),
            (_, Forfeit { .. } | Keep { .. } | FinishCancelling) => Err(Rejection::NotCancelling),
            (S::Requested, _) => Err(Rejection::NotPaid),
            (S::Cancelling, Ship) => Err(Rejection::IsCancelling),
            (_, Reject { .. }) => Err(Rejection::IsPaid),
            (_, Credit { .. }) => Err(Rejection::AlreadyCredited),
            (_, Cancel | Ship) => Err(Rejection::IsShipped),
        }
    }
}

impl Status {
    const fn name(&self) -> &'static str {
        match self {
            Self::Blank => "",
            Self::Requested => "Requested",
            Self::Paid { .. } => "Paid",
            Self::Shipped => "Shipped",
            Self::Cancelling => "Cancelling",
            Self::Undoing | Self::Cancelled => "Cancelled",
            Self::Rejected { .. } => "Rejected",
        }
    }
}
