//! The delivery of an internal command: its fence, its acknowledgement, and the delivery errors.

use crate::{
    actors::operations::Component,
    store::{Lease, Origin, Principals, Record},
    traces::TraceContext,
};
use std::sync::Arc;

/// An internal command: its origin, its fence, and its acknowledgement.
pub struct InternalCommand {
    /// The origin, which identifies the dispatch.
    pub origin: Origin,
    /// What the command inherits from the record that led to it.
    pub inherited: Inherited,
    /// The fence of the sender.
    pub fence: Fence,
    /// When it counts as delivered.
    pub when: AckLevel,
    /// Called once with the result of the delivery.
    pub ack: Ack,
}

/// What a command inherits from the record that led to it.
#[derive(Clone, Debug, Default)]
pub struct Inherited {
    /// The principals of the record.
    pub on_behalf_of: Option<Arc<Principals>>,
    /// The trace of the record.
    pub trace: Option<Arc<TraceContext>>,
}

impl Inherited {
    /// What commands inherit from this record.
    pub fn from(record: &Record) -> Self {
        Self { on_behalf_of: record.principals.clone(), trace: record.trace.clone() }
    }
}

/// The fence of an internal sender. It is over once the journal has lost records that the command
/// may depend on, or another actor has taken over the sender's lease.
#[derive(Clone, Debug)]
pub struct Fence {
    /// The journal generation in which the command was sent.
    pub generation: u64,
    /// The sender's lease.
    pub lease: Lease,
}

impl Fence {
    /// Whether the fence still holds in this journal generation.
    pub fn holds_in(&self, generation: u64) -> bool {
        self.generation == generation && !self.lease.is_over()
    }
}

/// When a dispatched command counts as delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AckLevel {
    /// Its outcome has a position. This is enough for sagas, which run ahead of the disk.
    Submitted,
    /// Its outcome is durable. Ports need this, because they must not call the service twice.
    Durable,
}

/// The acknowledgement of a dispatched command, called exactly once. When it is dropped uncalled,
/// the sender gets [`DeliveryError::Later`].
pub struct Ack {
    tell: Option<TellFate>,
}

type TellFate = Box<dyn FnOnce(Result<(), DeliveryError>) + Send>;

impl Ack {
    /// An acknowledgement that calls this function.
    pub fn new(tell: impl FnOnce(Result<(), DeliveryError>) + Send + 'static) -> Self {
        Self { tell: Some(Box::new(tell)) }
    }

    /// Acknowledges the command with this result.
    pub fn report(mut self, result: Result<(), DeliveryError>) {
        if let Some(tell) = self.tell.take() {
            tell(result);
        }
    }
}

impl Drop for Ack {
    fn drop(&mut self) {
        if let Some(tell) = self.tell.take() {
            tell(Err(DeliveryError::Later));
        }
    }
}

/// The reason why a dispatched command was not delivered.
#[derive(Clone, Debug)]
pub enum DeliveryError {
    /// This component is suspended; the command can be delivered once it is resumed.
    Suspended(Arc<Component>),
    /// The receiver is full, crashed or quarantined; the sender tries again later.
    Later,
    /// The sender's fence is over: the journal lost records, or another actor took over the lease.
    /// The current sender starts over.
    Stale,
}
