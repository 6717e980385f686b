//! What is stored of the state: how far it has come, the open events before that, and parked events.
//!
//! Leases are not stored. After a start, open events wait.

use super::{Bounds, Machine, ParkedEvent};
use crate::store::Stream;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How far a subscription has come. Stored.
///
/// Every wanted event up to `reached` is acknowledged or parked, except the open ones. Its size is
/// bounded by the number of open events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The events after this position are still to be looked at.
    pub reached: u64,
    /// The open events up to there: the distance to the one before (or to 0), and the aggregate.
    pub open: Vec<(u64, Stream)>,
}

/// What has to be written so that the stored state equals this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// The version of the state.
    pub version: u64,
    /// How far it has come.
    pub progress: Progress,
    /// The parked events that changed; `None` for those that are no longer parked.
    pub parked: Vec<(u64, Option<ParkedEvent>)>,
}

impl Machine {
    /// The version of the state. A write is needed while the stored one is lower.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Makes a write necessary.
    pub const fn touch(&mut self) {
        self.version += 1;
    }

    /// Makes a write of everything necessary.
    pub fn touch_all(&mut self) {
        self.version += 1;
        let parked = self.parked.keys();
        self.changed.extend(parked.map(|position| (*position, self.version)));
    }

    /// The positions of parked events, and of those that are no longer parked and may still be on
    /// disk.
    pub fn parked_or_changed(&self) -> BTreeSet<u64> {
        self.parked.keys().chain(self.changed.keys()).copied().collect()
    }

    /// Sets the deliveries of an event after which it is parked.
    pub const fn set_attempts_max(&mut self, attempts_max: Option<u32>) {
        self.bounds.attempts_max = attempts_max;
    }

    /// Returns what has to be written, when the version `stored` is on disk.
    pub fn changes_since(&mut self, stored: u64) -> Changes {
        self.changed.retain(|_, version| *version > stored);
        let parked = self.changed.keys();
        let parked = parked.map(|position| (*position, self.parked.get(position).cloned()));
        let parked = parked.collect();
        Changes { version: self.version, progress: self.progress(), parked }
    }

    /// How far it has come. The events after the last settled one are looked at again after a
    /// start, so they are not stored as open.
    fn progress(&self) -> Progress {
        let next_open = self.open.range(self.last_settled.saturating_add(1)..).next();
        let reached = next_open.map_or(self.reached, |(position, _)| position - 1);
        let mut before = 0;
        let open = self.open.range(..=reached).map(|(position, open)| {
            let distance = position - before;
            before = *position;
            (distance, open.stream)
        });
        Progress { reached, open: open.collect() }
    }

    /// Reads a stored state back.
    ///
    /// # Errors
    /// When it contradicts itself: a sentence that says how.
    pub fn restored(
        progress: Progress,
        parked: impl IntoIterator<Item = (u64, ParkedEvent)>,
        bounds: Bounds,
    ) -> Result<Self, String> {
        let mut machine = Self::starting_after(progress.reached, bounds);
        for (position, event) in parked {
            if position > machine.reached {
                return Err(format!("an event at {position} is parked, and was not looked at"));
            }
            machine.store_parked(position, event);
        }
        machine.changed.clear();
        machine.version = 0;
        let mut position = 0_u64;
        for (distance, stream) in progress.open {
            position = position
                .checked_add(distance)
                .filter(|_| distance > 0)
                .ok_or_else(|| format!("the open events go back after {position}"))?;
            if position > machine.reached || machine.parked.contains_key(&position) {
                return Err(format!("the event at {position} is open, parked or not looked at"));
            }
            machine.open_event(position, stream);
        }
        Ok(machine)
    }
}
