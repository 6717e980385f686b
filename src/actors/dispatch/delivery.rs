//! The delivery of an internal command: under which fence, until when, and how it is acknowledged.

use crate::{
    actors::operations::Context,
    store::{Lease, Origin},
};
use std::sync::Arc;

/// An internal command: its origin, its fence, and its acknowledgement.
pub struct InternalCommand {
    /// Which dispatch this is.
    pub origin: Origin,
    /// The fence of the sender.
    pub mandate: Fence,
    /// When it counts as delivered.
    pub when: AckLevel,
    /// Called once with the result of the delivery.
    pub ack: Ack,
}

/// The fence of an internal sender. It is over once the journal has lost records that the command
/// may rest on, or another actor has taken over the sender's lease.
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
    /// Its outcome has a position; enough for sagas, which run ahead of the disk.
    Submitted,
    /// Its outcome is durable; for ports, which must not ask twice.
    Durable,
}

/// The acknowledgement of a dispatched command, called exactly once. When it is dropped uncalled,
/// the sender is told to try again later.
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
    pub fn say(mut self, fate: Result<(), DeliveryError>) {
        if let Some(tell) = self.tell.take() {
            tell(fate);
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

/// Why a dispatched command was not delivered.
#[derive(Clone, Debug)]
pub enum DeliveryError {
    /// Not before this component is resumed.
    Suspended(Arc<Context>),
    /// Try again later: full, crashed, quarantined.
    Later,
    /// The sender's fence is over: the journal lost records, or another actor took over the lease.
    /// The current sender starts over.
    Stale,
}
