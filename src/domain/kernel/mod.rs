//! The traits every business implements: [`Aggregate`], [`Saga`], [`Port`], [`Lookup`] and
//! [`View`], and the [`Host`] they are installed in.
//!
//! The code here is pure: no clock, no thread, no disk, no randomness. Time and settings are
//! passed as values, so that every business can be replayed, simulated and checked.

mod aggregate;
mod amounts;
mod body;
mod card;
mod command_request;
mod command_routes;
mod currency;
mod date;
pub mod deed;
mod described;
mod dispatch;
mod epoch_ms;
mod field_names;
mod host;
mod id;
mod lookup;
pub mod notice;
mod object;
pub mod payment;
mod percent;
mod period;
mod personal;
mod plain_words;
mod port;
pub mod prelude;
mod prices;
mod rejections;
mod request_body;
mod rfc3339;
pub mod roster;
mod saga;
pub mod sale;
mod schema;
pub mod simulation;
pub mod spec;
mod state_reader;
mod statuses;
pub mod time_limit;
mod total;
mod upcasters;
mod values;
mod variant;
mod view;
mod words;

pub use aggregate::{
    Aggregate, Decision, FailureKind, Issuer, Progress, Readers, Rejection, RejectionKind,
    SettingsOf, representation,
};
pub use amounts::Amount;
pub use card::CardNumber;
pub use command_request::{Empty, Malformed, Method, ParsedCommand, Place, Target};
pub use command_routes::{CommandRoute, CommandRoutes, Means};
pub use currency::{Currency, InvalidAmount};
pub use date::{Date, InvalidDate};
pub use described::Meanings;
pub use dispatch::{Dispatch, command_name};
pub use epoch_ms::EpochMs;
pub use field_names::field_names;
pub use host::{AnyEvent, Business, EventSet, Host, Meta, Settings};
pub use id::Id;
pub use lookup::{Filter, Lookup, Query};
pub use object::{End, Entries, Entry};
pub use percent::Percent;
pub use period::Period;
pub use personal::{ERASED, PERSONAL, Personal};
pub use plain_words::in_plain_words;
pub use port::{Port, PortReply, PortRequest, RetryPolicy};
pub use prices::{price, prices};
pub use saga::{NextState, RejectedCommand, Saga, Step, TimerChange, Unchanged, WaitsFor};
pub use schema::BodySchema;
pub use state_reader::{StateReader, ensure};
pub use statuses::StatusWords;
pub use total::Total;
pub use upcasters::Upcasters;
pub use values::{Money, Number, Quantity, Text, Timestamp};
pub use variant::Variant;
pub use view::{Field, FieldKind, Link, LinkTarget, View, wrong_names};
pub use words::CANCELLED;

use serde::{Serialize, de::DeserializeOwned};
use std::fmt::Debug;

/// A value that is stored: an event, a rejection, the state of a saga, a row of a view.
pub trait Message:
    Serialize + DeserializeOwned + Clone + PartialEq + Debug + Send + Sync + Unpin + 'static
{
}

impl<T> Message for T where
    T: Serialize + DeserializeOwned + Clone + PartialEq + Debug + Send + Sync + Unpin + 'static
{
}
