//! The figures of an aggregate kind: what its shards activate and passivate.

use std::sync::atomic::{AtomicU64, Ordering};

/// What the shards of a kind have activated and passivated.
#[derive(Debug, Default)]
pub struct Population {
    activations: AtomicU64,
    passivations: AtomicU64,
}

/// The figures of an aggregate kind at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindFigures {
    /// Instances that were activated.
    pub activations: u64,
    /// Instances that were passivated.
    pub passivations: u64,
    /// Messages on their way to the shards.
    pub queued: u64,
}

impl Population {
    /// Counts an activated instance.
    pub fn activated(&self) {
        self.activations.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts passivated instances.
    pub fn passivated(&self, count: usize) {
        self.passivations.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// The figures, with this number of messages on their way.
    pub fn figures(&self, queued: usize) -> KindFigures {
        // In this order, so that no instance seems to be passivated before it is activated.
        let passivations = self.passivations.load(Ordering::Acquire);
        let activations = self.activations.load(Ordering::Acquire);
        KindFigures { activations, passivations, queued: queued as u64 }
    }
}
