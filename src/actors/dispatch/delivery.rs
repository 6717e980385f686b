//! The delivery of an internal command: under which fence, until when, and how it is acknowledged.

use crate::{
    actors::operations::Context,
    store::{Lease, Origin},
};
use std::sync::Arc;

/// The inner side of a command.
pub struct InternalCommand {
    /// Which dispatch this is.
    pub origin: Origin,
    /// Under what it was said.
    pub mandate: Fence,
    /// When it counts as delivered.
    pub when: AckLevel,
    /// Called once: delivered, or why not.
    pub ack: Ack,
}

/// Under what somebody inside speaks: it means nothing any more once the journal has lost what it
/// may rest on, or somebody else has taken the speaker's place.
#[derive(Clone, Debug)]
pub struct Fence {
    /// The journal's generation it was said in.
    pub generation: u64,
    /// The speaker's.
    pub lease: Lease,
}

impl Fence {
    /// Whether it still means anything in this generation.
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

/// Told the fate of a dispatched command exactly once: when dropped unsaid, to try again later.
pub struct Ack {
    tell: Option<TellFate>,
}

type TellFate = Box<dyn FnOnce(Result<(), DeliveryError>) + Send>;

impl Ack {
    /// Tells this function.
    pub fn new(tell: impl FnOnce(Result<(), DeliveryError>) + Send + 'static) -> Self {
        Self { tell: Some(Box::new(tell)) }
    }

    /// Says what became of the command.
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
    /// The journal lost what it was based on, or somebody else speaks now in place of whoever
    /// said it; who does starts over.
    Stale,
}
