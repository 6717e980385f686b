//! The order: a customer's order of phones, which alone decides whether the phones are shipped or
//! the order is cancelled.
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

#[cfg(test)]
mod specs;

use super::{CARD_PAYMENT, PhoneShop, REWARD_BANK, settings::Settings};
use crate::domain::kernel::prelude::*;

use Command::*;
use Event::*;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Order {
    basket: Basket,
    price: Money,
    pub amount: Money,
    /// The points for the order, once they are known.
    pub point: Option<Money>,
    /// The number of attempts to cancel the order so far.
    attempts: u32,
    pub status: Status,
}

/// What is ordered; the store and the address may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basket {
    pub item: Text,
    pub qty: Quantity,
    pub store: Text,
    pub address: Personal,
    pub customer: Option<Text>,
}

statuses! {
    pub enum Status {
        Blank;
        Requested as pending => "cancel";
        /// `kept` says why the last attempt to cancel failed, if there was one.
        Paid { kept: Option<(FailureKind, String)> } => "cancel";
        Shipped;
        Cancelling as pending;
        Undoing as pending: "Cancelled", "cancel";
        Cancelled, "cancel";
        Rejected { how: FailureKind, reason: String } as failed;
    }
}

/// Attempts to cancel are numbered from 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command {
    // Without a price, the list price holds. Any other price than a list price is rejected.
    Place { basket: Basket, price: Option<Money> },
    Cancel,
    Pay,
    Reject { how: FailureKind, reason: String },
    // The store is ready to ship the order.
    Ship,
    Credit { points: Money },
    // The points for the order are taken back.
    Forfeit { attempt: u32 },
    // The points for the order cannot be taken back, so this attempt to cancel fails.
    Keep { attempt: u32, how: FailureKind, reason: String },
    // The refund is complete, or nothing was paid.
    FinishCancelling,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    // `price` is the price of one, `amount` that of all of them.
    Ordered { basket: Basket, price: Money, amount: Money },
    // The order was paid, or costs nothing.
    Paid { basket: Basket, amount: Money },
    Rejected { how: FailureKind, reason: String },
    // The order is to leave the store.
    Shipped,
    // The points for the order are known.
    Credited { points: Money },
    // The order was cancelled before the payment answered; what was paid is to be refunded.
    Withdrawn,
    // The points for the order must be taken back by `answer_by`.
    CancelRequested { attempt: u32, answer_by: Timestamp },
    // The attempt to cancel failed; the order is paid as before.
    Kept { attempt: u32, how: FailureKind, reason: String },
    // The points are taken back, so the order is cancelled; the amount is to be refunded.
    Forfeited { amount: Money },
    // Everything done for the order has been undone.
    Cancelled,
}

rejections! {
    pub enum Rejection {
        Unknown: unknown "there is no such order";
        AlreadyOrdered: "the phones have been ordered already";
        BadItem: invalid "the item must have 1 to 100 characters";
        TooLong: invalid "store and address have at most 100 characters";
        NoneWanted: invalid "the quantity must be at least 1";
        TooDear: invalid "the order costs more than {}", Money::MAX;
        NotPaid: "the order has not been paid";
        IsPaid: "the order has been paid";
        IsShipped: "the order has been shipped";
        IsCancelling: "the order is being cancelled";
        IsCancelled: "the order is cancelled";
        WasRejected: "the order was rejected";
        NotCancelling: "the order is not being cancelled";
        AlreadyCredited: "the points have been credited already";
        NotListed { listed: Money, price: Money }:
            invalid "the list price of one is {listed}, not {price}";
        TooMany: invalid "the quantity must be at most {}", Quantity::MAX.0;
        BadCustomer: invalid "the customer must have 1 to 100 characters, or be left out";
    }
}

impl Aggregate for Order {
    const NAME: &'static str = "phone/orders";
    const SHAPE: u32 = 2;
    const AWAITED_STEP: Option<&'static str> = Some("phone/reward");
    aggregate_types!(PhoneShop, status);

    fn issuer(command: &Command) -> Issuer {
        match command {
            Place { .. } | Cancel => Issuer::Customer,
            _ => Issuer::Internal,
        }
    }

    fn decide(&self, command: Command, now: Timestamp, settings: &Settings) -> Decision<Self> {
        use Status as S;
        let (amount, attempts) = (self.amount, self.attempts);
        let event = match (&self.status, command) {
            (S::Blank, Place { basket, price }) => return ordered(basket, price, settings),
            (S::Requested, Pay) => Paid { basket: self.basket.clone(), amount },
            (S::Requested, Reject { how, reason }) => Rejected { how, reason },
            (S::Requested, Cancel) => Withdrawn,
            (S::Paid { .. }, Ship) => Shipped,
            (S::Paid { .. }, Cancel) => CancelRequested {
                attempt: attempts.saturating_add(1),
                answer_by: settings.cancel_by(now),
            },
            (S::Paid { .. } | S::Shipped | S::Cancelling, Credit { points })
                if self.point.is_none() =>
            {
                Credited { points }
            }
            (S::Cancelling, Keep { attempt, how, reason }) if attempt == attempts => {
                Kept { attempt, how, reason }
            }
            // An order that costs nothing has no refund to wait for.
            (S::Cancelling, Forfeit { attempt })
                if attempt == attempts && amount == Money::ZERO =>
            {
                return Ok(vec![Forfeited { amount }, Cancelled]);
            }
            (S::Cancelling, Forfeit { attempt }) if attempt == attempts => Forfeited { amount },
            (S::Undoing, FinishCancelling) => Cancelled,
            (status, command) => return self.already(status, &command),
        };
        Ok(vec![event])
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
            Status::Paid { kept: Some((how, reason)) } => {
                Progress::Failed { how: *how, reason: reason.clone() }
            }
            status => status.progress(),
        }
    }

    fn represent(&self, number: u64) -> impl Serialize {
        let Basket { item, qty, store, address, customer } = &self.basket;
        object! {
            "id": number, "customerId": customer, "item": item, "qty": qty, "price": self.price,
            "amount": self.amount, "status": self.status.word(), "store": store,
            "address": address, "point": self.point,
            "reason"?: self.status.progress().reason(),
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        let order = body!(|item: Text,
                           qty: Quantity,
                           price: Option<Money>,
                           store: Option<Text>,
                           address: Option<Text>,
                           customer_id: Option<Text>| {
            let (store, address) = (store.unwrap_or_default(), address.unwrap_or_default().into());
            let customer = customer_id.map(|customer| customer.trimmed());
            Place { basket: Basket { item, qty, store, address, customer }, price }
        });
        CommandRoutes::new()
            .ignoring("id customerId item qty price amount status store address point reason")
            .creates("order", order)
            .command("cancel", |Empty {}| Cancel)
            .on_word("cancel by status", [Patch, Put], "status", [(CANCELLED, Cancel)])
    }
}

fn ordered(basket: Basket, price: Option<Money>, settings: &Settings) -> Decision<Order> {
    let Basket { item, qty, store, address, customer } = &basket;
    let reasons = [
        (!item.is_name(), Rejection::BadItem),
        (!store.is_short() || !address.is_short(), Rejection::TooLong),
        (customer.as_ref().is_some_and(|customer| !customer.is_name()), Rejection::BadCustomer),
        (qty.0 == 0, Rejection::NoneWanted),
        (!qty.is_accepted(), Rejection::TooMany),
    ];
    if let Some((_, reason)) = reasons.into_iter().find(|(applies, _)| *applies) {
        return Err(reason);
    }
    let price = match (settings.list_price(item), price) {
        (Some(listed), Some(price)) if price != listed => {
            return Err(Rejection::NotListed { listed, price });
        }
        (Some(listed), _) => listed,
        (None, price) => price.unwrap_or_default(),
    };
    let amount = price.times(*qty).ok_or(Rejection::TooDear)?;
    let paid = (amount == Money::ZERO).then(|| Paid { basket: basket.clone(), amount });
    Ok([Ordered { basket, price, amount }].into_iter().chain(paid).collect())
}

impl Order {
    /// The rest of the transition table: commands that change nothing, and rejections.
    fn already(&self, status: &Status, command: &Command) -> Decision<Self> {
        use Status as S;
        match (status, command) {
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
