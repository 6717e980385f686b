//! The port to an outside service: the calls to make, and the commands that answers lead to.

use super::{Dispatch, Hears, Meta};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The pure half of an outside service (card payment, messages); the host does the transport.
///
/// The host calls the service once the fact is durable, with the key as idempotency key, and
/// records the result of the answer. After a crash in between it calls again with the same key.
pub trait Port: 'static {
    /// The name, `business/name`, which is also its section of the configuration.
    const NAME: &'static str;

    /// The default of the largest number of concurrent calls. A port whose answers no client waits
    /// for should use few.
    const CONCURRENCY: usize = 256;

    /// The facts that the port receives.
    type Hears: Hears;

    /// The call that a fact requires; `None` when it requires none.
    fn ask(heard: &Self::Hears, meta: &Meta) -> Option<Ask>;

    /// The command that follows from the answer, with its address.
    fn answered(heard: &Self::Hears, meta: &Meta, answer: &Answer) -> Dispatch;
}

/// A call to an outside service.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// The operation of the service: `charge`, `refund`, `send`.
    pub operation: &'static str,
    /// The idempotency key: the same for every attempt, and unique among the operations that this
    /// store requests of this port. The host makes it unique across ports and stores.
    pub key: String,
    /// The operation that this one undoes: its field name in the body, and its key. The host adds
    /// it to the body.
    pub undoes: Option<(&'static str, String)>,
    /// The details, a JSON object.
    pub body: Value,
    /// The time limit of the attempts.
    pub patience: Patience,
}

/// The time limit of the attempts to reach an outside service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// The time-out and retries configured for the port; then the service counts as unreachable.
    /// The gate may refuse the call before, unless the port's fallback is *defer*.
    Limited,
    /// No limit: the host retries until the service answers. For refunds and messages.
    UntilAnswered,
}

/// The result of a call to an outside service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The operation was done.
    Approved,
    /// The service refused, with this reason.
    Declined(String),
    /// The service did not answer in time, was busy, or failed; whether it acted is unknown.
    Unreachable(String),
    /// The service was never called, because its gate admitted no caller; it did not act.
    TurnedAway(String),
}
