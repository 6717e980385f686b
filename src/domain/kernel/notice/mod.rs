//! The notice: the messages about one order to its customer. It has the order's number.
//!
//! A business declares with a [`Subject`] which events the customer is told of, and in which words.
//! A port, [`Sending`], asks the outside service until it answers. The notice records whether each
//! message was sent, and a view, [`Entry`], lists them:
//!
//! ```text
//! event of the order ──▶ Sending ──▶ the service ──▶ Note ──▶ Sent | Failed ──▶ Entry
//! ```
//! A message to a customer without a phone number is not sent, and recorded as failed. Nothing
//! waits for a message.

mod sending;
#[cfg(test)]
mod specs;

pub use sending::{Entry, Sending};

use super::{
    Aggregate, CommandRoutes, Decision, Host, Id, Issuer, Message, Personal, SettingsOf, Timestamp,
};
use crate::{object, rejections};
use serde::{Deserialize, Serialize};

use Command::Note;
use Event::{Failed, Sent};

/// The subject of a message: what happened to an order. A plain enum, whose variants clients and
/// the outside service see by their names. Each happens to an order at most once.
///
/// ```
/// use madang::domain::kernel::{notice::{self, Customer, Letter, Subject}, prelude::*};
/// # struct Florist;
/// # impl Business for Florist {
/// #     const NAME: &'static str = "florist";
/// #     type Settings = Empty;
/// #     fn install(host: &mut impl Host) {
/// #         host.aggregate::<Bouquet>();
/// #         notice::install::<About>(host);
/// #     }
/// # }
/// # #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
/// # struct Bouquet;
/// # #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # enum Command { Bind }
/// # #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # enum Event { Bound { customer: Customer }, Collected { customer: Customer }, Withered }
/// # rejections! { enum Rejection { Unknown: unknown "there is no such bouquet"; } }
/// # impl Aggregate for Bouquet {
/// #     const NAME: &'static str = "florist/bouquets";
/// #     type Business = Florist;
/// #     type Command = Command;
/// #     type Event = Event;
/// #     type Rejection = Rejection;
/// #     fn issuer(_: &Command) -> Issuer { Issuer::Internal }
/// #     fn decide(&self, _: Command, _: Timestamp, _: &Empty) -> Decision<Self> { Ok(vec![]) }
/// #     fn evolve(self, _: Event) -> Self { self }
/// #     fn command_routes() -> CommandRoutes<Self> { CommandRoutes::new() }
/// # }
///
/// #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
/// enum About { #[default] Bound, Collected }
///
/// impl Subject for About {
///     type Of = Bouquet;
///     const NOTICES: &'static str = "florist/notices";
///     const MESSAGES: &'static str = "florist/messages";
///     const PORT: &'static str = "florist/sms";
///
///     fn letter(bouquet: Id<Bouquet>, event: &Event) -> Option<Letter<Self>> {
///         let (customer, change, what) = match event {
///             Event::Bound { customer } => (customer, Self::Bound, "is bound"),
///             Event::Collected { customer } => (customer, Self::Collected, "was collected"),
///             Event::Withered => return None,
///         };
///         let text = format!("your bouquet {bouquet} {what}");
///         Some(Letter { customer: customer.clone(), change, text })
///     }
/// }
/// # let event = Event::Bound { customer: Customer::default() };
/// # let letter = About::letter(Id::new(7), &event).unwrap();
/// # assert_eq!(letter.text, "your bouquet 7 is bound");
/// ```
pub trait Subject: Message + Default {
    /// The orders that messages are about.
    type Of: Aggregate;

    /// The name of the notices, `business/resource`. It never changes once written to a journal.
    const NOTICES: &'static str;

    /// The name of the view of messages, `business/name`.
    const MESSAGES: &'static str;

    /// The name of the port that sends them, `business/name`.
    const PORT: &'static str;

    /// The message about an event; `None` when there is none.
    fn letter(order: Id<Self::Of>, event: &<Self::Of as Aggregate>::Event) -> Option<Letter<Self>>;
}

/// Registers the parts of the messages: the notices, the port that sends, and the view.
pub fn install<S: Subject>(host: &mut impl Host) {
    host.aggregate::<Notice<S>>().port::<Sending<S>>().view::<Entry<S>>();
}

/// The customer who gets the messages about an order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// The name; empty when the client gave none.
    pub name: Personal,
    /// The phone number; empty when the client gave none.
    pub phone: Personal,
}

/// A message to a customer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Letter<S> {
    /// The customer, as of the event.
    pub customer: Customer,
    /// The subject.
    pub change: S,
    /// The text.
    pub text: String,
}

/// The messages about one order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Notice<S> {
    customer: Customer,
    told: Vec<S>,
}

/// The commands of a notice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Command<S> {
    /// The outside service has answered.
    Note {
        /// The message.
        letter: Letter<S>,
        /// The reason why it was not sent; `None` when it was sent.
        failed: Option<String>,
    },
}

/// The events of a notice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event<S> {
    /// The message was sent.
    Sent {
        /// The message.
        letter: Letter<S>,
    },
    /// The message was not sent.
    Failed {
        /// The message.
        letter: Letter<S>,
        /// The reason, as a sentence.
        reason: String,
    },
}

rejections! {
    /// No rejection occurs: `Note` is never rejected, and clients submit no commands to notices.
    pub enum Rejection {
        Unknown: unknown "there are no messages about such an order";
    }
}

impl<S: Subject> Aggregate for Notice<S> {
    const NAME: &'static str = S::NOTICES;
    type Business = <S::Of as Aggregate>::Business;
    type Command = Command<S>;
    type Event = Event<S>;
    type Rejection = Rejection;

    fn issuer(_command: &Command<S>) -> Issuer {
        Issuer::Internal
    }

    fn decide(
        &self,
        command: Command<S>,
        _now: Timestamp,
        _settings: &SettingsOf<Self>,
    ) -> Decision<Self> {
        match command {
            Note { letter, .. } if self.told.contains(&letter.change) => Ok(vec![]),
            Note { letter, failed: None } => Ok(vec![Sent { letter }]),
            Note { letter, failed: Some(reason) } => Ok(vec![Failed { letter, reason }]),
        }
    }

    fn evolve(mut self, event: Event<S>) -> Self {
        let (Sent { letter } | Failed { letter, .. }) = event;
        self.customer = letter.customer;
        self.told.push(letter.change);
        self
    }

    fn represent(&self, number: u64) -> impl Serialize {
        object! {
            "id": number, "orderId": number, "name": &self.customer.name,
            "phone": &self.customer.phone, "told": &self.told,
        }
    }

    fn command_routes() -> CommandRoutes<Self> {
        CommandRoutes::new()
    }
}
