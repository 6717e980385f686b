//! An outside service: what to ask of it, and what its answer means inside.

use super::{Dispatch, Hears, Meta};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The pure half of an outside service (card payment, messages); the transport is the host's.
///
/// The host asks once the fact is durable, with the key as idempotency key, and records what
/// the answer led to, so that a crash in between asks again under the same key.
pub trait Port: 'static {
    /// `business/name`, which is also its section of the configuration.
    const NAME: &'static str;

    /// Questions on their way at once, unless it is configured otherwise. What nobody waits for
    /// should be content with few.
    const CONCURRENCY: usize = 256;

    /// What it listens to.
    type Hears: Hears;

    /// What has to be asked because of a fact; `None` when nothing.
    fn ask(heard: &Self::Hears, meta: &Meta) -> Option<Ask>;

    /// What the answer means: the command to give, and to whom.
    fn answered(heard: &Self::Hears, meta: &Meta, answer: &Answer) -> Dispatch;
}

/// A question to an outside service.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// What the service shall do: `charge`, `refund`, `send`.
    pub operation: &'static str,
    /// The idempotency key: the same for every attempt, another for every other operation that
    /// this store asks of this port. The host makes it another in every port and store.
    pub key: String,
    /// The operation that this one undoes: what the body calls it, and its key. The host puts it
    /// into the body.
    pub undoes: Option<(&'static str, String)>,
    /// The details, a JSON object.
    pub body: Value,
    /// How long to try.
    pub patience: Patience,
}

/// How long to try to reach an outside service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Within the time-out and retries configured for the port; then it is unreachable, or
    /// whoever asks is turned away before, unless the port's fallback is *defer*.
    Limited,
    /// Until it answers, however long that takes: money back, a message owed.
    UntilAnswered,
}

/// What came back from an outside service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// It was done.
    Approved,
    /// It said no, with this reason.
    Declined(String),
    /// It did not answer in time, was busy, or failed; whether it acted is unknown.
    Unreachable(String),
    /// It was never asked, because its gate let nobody through; it did not act.
    TurnedAway(String),
}
