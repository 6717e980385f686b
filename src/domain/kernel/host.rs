//! The host that a business is installed in, and the events that its parts receive there.

use super::{Aggregate, Id, Lookup, Meanings, Port, Saga, StateReader, Timestamp, View};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;

/// A business: a name, its settings, and the parts it consists of.
///
/// ```
/// use madang::domain::kernel::{
///     payment::{Bill, Charging, Payment, Stage},
///     prelude::*,
/// };
/// # #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
/// # struct Tip { waiter: Text }
/// # impl Bill for Tip {
/// #     type Business = Bar;
/// #     const NAME: &'static str = "bar/tips";
/// #     const PORT: &'static str = "bar/payment";
/// #     const CASHIER: &'static str = "barkeeper";
/// #     fn details(&self) -> Value { json!({}) }
/// # }
///
/// struct Bar;
///
/// impl Business for Bar {
///     const NAME: &'static str = "bar";
///     type Settings = Settings;
///
///     fn install(host: &mut impl Host) {
///         host.aggregate::<Payment<Tip>>().port::<Charging<Tip>>();
///     }
///
///     fn check_invariants(state: &impl StateReader) -> Result<(), String> {
///         state.each::<Payment<Tip>>(|number, tip| match tip.stage() {
///             Stage::RefundDeclined => Err(format!("tip {number} was not given back")),
///             _ => Ok(()),
///         })
///     }
/// }
///
/// /// The section `[bar]` of the configuration.
/// #[derive(Clone, Debug, Default, Serialize, Deserialize)]
/// #[serde(deny_unknown_fields, default)]
/// struct Settings { tip_max: Money }
/// ```
pub trait Business: 'static {
    /// The first part of every path, stream name and configuration key of this business.
    const NAME: &'static str;
    /// The settings: the section `[NAME]` of the configuration. They must refuse unknown keys.
    type Settings: Settings;

    /// The keys of the settings with their meanings, for the documentation: the constant of
    /// [`described!`](crate::described).
    const MEANINGS: Meanings = &[];

    /// The roles of the staff: all that its commands name ([`Issuer::Staff`](super::Issuer)). They see
    /// all of the business, once identity is configured.
    const STAFF: &'static [&'static str] = &[];

    /// Example requests with the JSON body that a client sends: `("orders", r#"{"name":"Jung"}"#)`
    /// for one that creates an aggregate, `("orders/cancel", "{}")` for a named command,
    /// `("orders/{number}", r#"{"status":"cancelled"}"#)` for one to the path of an instance. The start
    /// of the server shows the first, with number 1 and the method of the first route at this path;
    /// the contract shows all.
    const EXAMPLES: &'static [(&'static str, &'static str)] = &[];

    /// The name of the setting with the milliseconds that a client waits before its command fails.
    /// The server keeps the value below the time in which every request is answered. Otherwise a
    /// client could receive "accepted" for a command that is refused a moment later.
    const WAIT_SETTING: Option<&'static str> = None;

    /// The shapes of the stored types in stores that were written before stores remembered shapes: a
    /// JSON object by the names of the types. A business that was never in such a store has none.
    const UNRECORDED_SHAPES: Option<&'static str> = None;

    /// Registers the parts of the business with its host.
    fn install(host: &mut impl Host);

    /// Checks the invariants of the business. They hold whenever no work is in flight. A saga
    /// instance that waits for another component is in flight.
    ///
    /// # Errors
    /// The invariant that is violated, as a sentence.
    fn check_invariants(_state: &impl StateReader) -> Result<(), String> {
        Ok(())
    }
}

/// The settings of a business; the default must be usable as it is.
pub trait Settings:
    Serialize + DeserializeOwned + Default + Clone + Debug + Send + Sync + 'static
{
}

impl<T> Settings for T where
    T: Serialize + DeserializeOwned + Default + Clone + Debug + Send + Sync + 'static
{
}

/// The environment that businesses are installed in: the server, a simulation, a board.
///
/// A business registers its parts with a host and does not depend on which host it is. This keeps
/// it free of actors, HTTP and disks.
pub trait Host {
    /// Installs a whole business: loads its settings and registers its parts.
    fn business<B: Business>(&mut self) -> &mut Self;
    /// Registers an aggregate kind.
    fn aggregate<A: Aggregate>(&mut self) -> &mut Self;
    /// Registers a saga.
    fn saga<S: Saga>(&mut self) -> &mut Self;
    /// Registers a port to an outside service.
    fn port<P: Port>(&mut self) -> &mut Self;
    /// Registers a lookup: a query to a view of the same host, whose result becomes a command.
    fn lookup<L: Lookup>(&mut self) -> &mut Self;
    /// Registers a view.
    fn view<V: View>(&mut self) -> &mut Self;
}

/// The metadata of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// The position in the one total order of the journal, from 1, gapless.
    pub position: u64,
    /// The position in the history of its aggregate, from 1, gapless.
    pub version: u32,
    /// The time of the decision.
    pub time: Timestamp,
    /// The correlation: the number of the saga instance that the record belongs to.
    pub correlation: u64,
}

/// A type-erased event of any aggregate kind.
pub trait AnyEvent {
    /// The event as an event of an `A`; `None` when it belongs to another kind.
    fn downcast<A: Aggregate>(&self) -> Option<(Id<A>, A::Event)>;
}

/// The events that a saga, a port, a lookup or a view receives.
pub trait EventSet: Sized + Clone + Debug + Send + 'static {
    /// The names of the aggregate kinds whose events are received.
    const KINDS: &'static [&'static str];
    /// Converts an event; `None` when the subscriber does not receive its kind.
    fn from_event(fact: &impl AnyEvent) -> Option<Self>;
    /// The number of the aggregate that the event belongs to.
    fn number(&self) -> u64;
}

/// The event set of a subscriber to a single aggregate kind; it needs no declaration.
impl<A: Aggregate> EventSet for (Id<A>, A::Event) {
    const KINDS: &'static [&'static str] = &[A::NAME];

    fn from_event(fact: &impl AnyEvent) -> Option<Self> {
        fact.downcast::<A>()
    }

    fn number(&self) -> u64 {
        self.0.number()
    }
}

/// Declares the event set of a subscriber to several aggregate kinds.
///
/// `event_set!(Heard: Order, Payment)` declares the enum `Heard` for events of orders and payments.
/// It is public unless it has another visibility: `event_set!(pub(super) Heard: Order, Payment)`.
#[macro_export]
macro_rules! event_set {
    ($(#[$doc:meta])* $heard:ident: $($of:ident),+ $(,)?) => {
        $crate::event_set!($(#[$doc])* pub $heard: $($of),+);
    };
    ($(#[$doc:meta])* $visibility:vis $heard:ident: $($of:ident),+ $(,)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        $visibility enum $heard {
            $(
                #[doc = concat!("An event of this `", stringify!($of), "`.")]
                $of($crate::domain::kernel::Id<$of>, <$of as $crate::domain::kernel::Aggregate>::Event),
            )+
        }

        impl $crate::domain::kernel::EventSet for $heard {
            const KINDS: &'static [&'static str] =
                &[$(<$of as $crate::domain::kernel::Aggregate>::NAME),+];

            fn from_event(fact: &impl $crate::domain::kernel::AnyEvent) -> Option<Self> {
                None$(.or_else(|| fact.downcast::<$of>().map(|(id, event)| Self::$of(id, event))))+
            }

            fn number(&self) -> u64 {
                match self {
                    $(Self::$of(id, _) => id.number(),)+
                }
            }
        }
    };
}
