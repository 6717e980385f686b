//! The port to an outside service: the calls to make, and the commands that answers lead to.

use super::{Dispatch, EventSet, Meta};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The pure half of an outside service (card payment, messages); the host does the transport.
///
/// The host calls the service once the event is durable, with the key as idempotency key. It
/// records the result of the answer. After a crash in between it calls again with the same key.
///
/// ```
/// use madang::domain::{kernel::prelude::*, rental::order::{Command, Event, Order}};
///
/// /// Another company, which is asked for the cars of a paid order.
/// struct Partner;
///
/// impl Port for Partner {
///     const NAME: &'static str = "rental/partner";
///     type Events = (Id<Order>, Event);
///
///     fn ask((order, event): &Self::Events, _: &Meta) -> Option<PortRequest> {
///         let Event::Paid { rent } = event else { return None };
///         Some(PortRequest {
///             operation: "reserve",
///             key: format!("reserve-{order}"),
///             undoes: None,
///             body: json!({ "carId": rent.car, "qty": rent.quantity }),
///             retry_policy: RetryPolicy::UntilDeadline,
///         })
///     }
///
///     fn on_reply((order, _): &Self::Events, _: &Meta, answer: &PortReply) -> Dispatch {
///         Dispatch::new(*order, match answer {
///             PortReply::Approved(_) => Command::Confirm,
///             PortReply::Declined(reason)
///             | PortReply::Unreachable(reason)
///             | PortReply::TurnedAway(reason) => Command::Refuse { reason: reason.clone() },
///         })
///     }
/// }
/// ```
pub trait Port: 'static {
    /// The name, `business/name`, which is also its section of the configuration.
    const NAME: &'static str;

    /// The default limit of concurrent calls. A port whose answers no client waits for should have
    /// a low limit.
    const CONCURRENCY: usize = 256;

    /// The events that the port receives.
    type Events: EventSet;

    /// The call that an event requires; `None` when it requires none.
    fn ask(heard: &Self::Events, meta: &Meta) -> Option<PortRequest>;

    /// The reason why a call that an event requires is not made, for example a message without an
    /// address. The reply is then [`PortReply::Declined`] with this reason.
    fn declined_before_call(_heard: &Self::Events) -> Option<String> {
        None
    }

    /// Whether later events of the same aggregate can change a call that was not made yet; see
    /// [`Port::revised`]. The host then reads them before the first attempt.
    const REVISABLE: bool = false;

    /// The event that a call is made for, after this later event of the same aggregate.
    #[must_use]
    fn revised(heard: Self::Events, _later: &Self::Events) -> Self::Events {
        heard
    }

    /// The command that follows from the answer, with its address.
    fn on_reply(heard: &Self::Events, meta: &Meta, answer: &PortReply) -> Dispatch;
}

/// A call to an outside service.
#[derive(Clone, Debug, PartialEq)]
pub struct PortRequest {
    /// The operation of the service: `charge`, `refund`, `send`.
    pub operation: &'static str,
    /// The idempotency key: the same for every attempt, and unique among the operations that this
    /// store requests of this port. The host makes it unique across ports and stores.
    pub key: String,
    /// The operation that this one undoes: its field name in the body, and its key. The host adds
    /// both to the body.
    pub undoes: Option<(&'static str, String)>,
    /// The details, a JSON object.
    pub body: Value,
    /// The rule for repeated attempts.
    pub retry_policy: RetryPolicy,
}

/// The rule for repeated attempts to call an outside service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryPolicy {
    /// The host keeps to the time-out and the retries configured for the port. After them the
    /// service counts as unreachable. The gate may refuse the call before, unless the port's
    /// fallback is *defer*.
    UntilDeadline,
    /// The host retries until the service answers, without a limit: for refunds and messages.
    UntilAnswered,
}

/// The result of a call to an outside service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PortReply {
    /// The operation was done. The JSON body of the answer; `Null` when there is none. It stays at the
    /// port: a port keeps what it needs of it, for example [`TransactionId`], in its command.
    ///
    /// [`TransactionId`]: super::payment::TransactionId
    Approved(Value),
    /// The service refused, with this reason, or the port declined before the call.
    Declined(String),
    /// The service did not answer in time, was busy, or failed; whether it acted is unknown. The
    /// reason is a fixed sentence of the host. It holds no text of the service.
    Unreachable(String),
    /// The service was never called, because its gate refused the call; the service did not act.
    TurnedAway(String),
}

impl PortReply {
    /// The reason why the operation was not done, as far as is known; `None` when it was done.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        match self {
            Self::Approved(_) => None,
            Self::Declined(reason) | Self::Unreachable(reason) | Self::TurnedAway(reason) => {
                Some(reason.clone())
            }
        }
    }
}
