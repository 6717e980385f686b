//! The aggregates that live queries watch, each with a signal of its last event.

use crate::{actors::EventHeader, sync};
use std::{collections::HashMap, sync::Mutex};
use tokio::sync::watch;

/// An aggregate: its business, its resource and its number.
pub type Address = (&'static str, &'static str, u64);

/// The number of signals from which on unused ones are dropped.
const SIGNALS_MIN: usize = 1_024;

/// The watched aggregates.
#[derive(Default)]
pub struct Watched(Mutex<HashMap<Address, watch::Sender<u64>>>);

impl Watched {
    /// A receiver of the position of each further event of an aggregate.
    pub fn subscribe(&self, address: Address) -> watch::Receiver<u64> {
        let mut signals = sync::lock(&self.0);
        if signals.len() >= SIGNALS_MIN && signals.len() == signals.capacity() {
            signals.retain(|_, signal| signal.receiver_count() > 0);
        }
        signals.entry(address).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }

    /// Tells the streams of an aggregate that it has an event.
    pub fn changed(&self, header: &EventHeader) {
        let signals = sync::lock(&self.0);
        if let Some(signal) = signals.get(&(header.business, header.resource, header.stream.number))
        {
            signal.send_replace(header.position);
        }
    }
}
