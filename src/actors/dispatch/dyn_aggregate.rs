//! The type-erased interface of an aggregate kind inside the runtime.

use super::delivery::{DeliveryError, InternalCommand};
use crate::{
    domain::kernel::{Aggregate, Dispatch},
    store::{KindId, Payload, Record, codec},
};
use serde_json::Value;
use std::{any::Any, marker::PhantomData, sync::Arc};

/// An aggregate kind with its type erased: it accepts commands of sagas, ports and lookups, and
/// decodes its events.
pub trait DynAggregate: Send + Sync {
    /// The number of the kind in the journal.
    fn kind(&self) -> KindId;

    /// Sends a command of a saga, a port or a lookup to an instance.
    fn dispatch(&self, dispatch: &Dispatch, call: InternalCommand);

    /// Decodes an event.
    ///
    /// # Errors
    /// The reason why the bytes are no event of this kind.
    fn read_event(&self, bytes: &[u8]) -> Result<Arc<dyn Any + Send + Sync>, String>;

    /// Returns the event of a record as JSON.
    ///
    /// # Errors
    /// The reason why the record has no event of this kind.
    fn describe_event(&self, record: &Record) -> Result<Value, String>;

    /// Decodes a rejection.
    ///
    /// # Errors
    /// The reason why the bytes are no rejection of this kind.
    fn read_rejection(&self, bytes: &[u8]) -> Result<Box<dyn Any + Send + Sync>, String>;
}

/// Decodes an event of this kind.
///
/// # Errors
/// The reason why the bytes are no event of this kind.
pub fn decode_event<A: Aggregate>(bytes: &[u8]) -> Result<Arc<dyn Any + Send + Sync>, String> {
    let event: A::Event = codec::decode(bytes).map_err(|error| error.to_string())?;
    Ok(Arc::new(event))
}

/// Returns the event of a record of this kind as JSON. A record in memory holds its event; its
/// bytes may be encrypted.
///
/// # Errors
/// The reason why the record has no event of this kind.
pub fn event_to_json<A: Aggregate>(record: &Record) -> Result<Value, String> {
    let typed = record.typed.as_ref().and_then(|event| event.downcast_ref::<A::Event>());
    let json = match (typed, &record.payload) {
        (Some(event), _) => serde_json::to_value(event),
        (None, Payload::Event(bytes)) => {
            let event: A::Event = codec::decode(bytes).map_err(|error| error.to_string())?;
            serde_json::to_value(event)
        }
        _ => return Err("it has no event".to_owned()),
    };
    json.map_err(|error| error.to_string())
}

/// Returns the name of an event and its details, from serde's form of an enum: `"Undone"`, or
/// `{"Called": {…}}`.
#[must_use]
pub fn named(event: Value) -> (String, Value) {
    match event {
        Value::String(name) => (name, Value::Null),
        Value::Object(fields) if fields.len() == 1 => fields.into_iter().next().unwrap_or_default(),
        other => ("Event".to_owned(), other),
    }
}

/// Decodes a rejection of this kind.
///
/// # Errors
/// The reason why the bytes are no rejection of this kind.
pub fn decode_rejection<A: Aggregate>(bytes: &[u8]) -> Result<Box<dyn Any + Send + Sync>, String> {
    let rejection: A::Rejection = codec::decode(bytes).map_err(|error| error.to_string())?;
    Ok(Box::new(rejection))
}

/// An aggregate kind whose records are only read; it accepts no commands.
pub struct Decoder<A> {
    kind: KindId,
    of: PhantomData<fn() -> A>,
}

impl<A> Decoder<A> {
    /// The decoder of the kind of this number.
    #[must_use]
    pub const fn new(kind: KindId) -> Self {
        Self { kind, of: PhantomData }
    }
}

impl<A: Aggregate> DynAggregate for Decoder<A> {
    fn kind(&self) -> KindId {
        self.kind
    }

    fn dispatch(&self, _: &Dispatch, call: InternalCommand) {
        call.ack.report(Err(DeliveryError::Later));
    }

    fn read_event(&self, bytes: &[u8]) -> Result<Arc<dyn Any + Send + Sync>, String> {
        decode_event::<A>(bytes)
    }

    fn describe_event(&self, record: &Record) -> Result<Value, String> {
        event_to_json::<A>(record)
    }

    fn read_rejection(&self, bytes: &[u8]) -> Result<Box<dyn Any + Send + Sync>, String> {
        decode_rejection::<A>(bytes)
    }
}
