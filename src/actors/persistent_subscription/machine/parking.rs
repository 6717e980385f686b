//! Parked events: they are not delivered until an operator replays or drops them.

use super::{BEHIND, Machine, Refusal};
use crate::store::Stream;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The longest reason that is stored, in characters.
const REASON_CHARS_MAX: usize = 200;

/// A parked event. Stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedEvent {
    /// The aggregate of the event.
    pub stream: Stream,
    /// How often the event was given to a consumer.
    pub attempts: u32,
    /// The reason, as a sentence.
    pub reason: String,
}

impl ParkedEvent {
    pub(super) fn new(stream: Stream, attempts: u32, reason: &str) -> Self {
        Self { stream, attempts, reason: reason.chars().take(REASON_CHARS_MAX).collect() }
    }
}

impl Machine {
    /// The parked events after a position, at most so many.
    pub fn parked_after(&self, position: u64, events_max: usize) -> Vec<(u64, ParkedEvent)> {
        let after = position.saturating_add(1);
        let parked = self.parked.range(after..).take(events_max);
        parked.map(|(position, parked)| (*position, parked.clone())).collect()
    }

    /// Makes these parked events wait for a consumer again, or all of them. Returns their number.
    ///
    /// # Errors
    /// When one is not parked, an earlier event of its aggregate stays parked, or there is no room.
    pub fn replay(&mut self, events: Option<&[u64]>) -> Result<usize, Refusal> {
        let chosen = self.chosen_parked(events)?;
        for position in &chosen {
            let stream = self.parked.get(position).map(|parked| parked.stream);
            let of_stream = stream.and_then(|stream| self.parked_of.get(&stream));
            let mut earlier = of_stream.into_iter().flat_map(|parked| parked.range(..position));
            if earlier.any(|earlier| !chosen.contains(earlier)) {
                return Err(Refusal::BehindParked(*position));
            }
        }
        if chosen.len() > self.room() {
            return Err(Refusal::TooManyOpen);
        }
        for position in &chosen {
            if let Some(parked) = self.remove_parked(*position) {
                self.open_event(*position, parked.stream);
            }
        }
        Ok(chosen.len())
    }

    /// Drops these parked events, or all of them. Returns their number.
    ///
    /// # Errors
    /// When one is not parked.
    pub fn drop_parked(&mut self, events: Option<&[u64]>) -> Result<usize, Refusal> {
        let chosen = self.chosen_parked(events)?;
        for position in &chosen {
            self.remove_parked(*position);
        }
        Ok(chosen.len())
    }

    fn chosen_parked(&self, events: Option<&[u64]>) -> Result<BTreeSet<u64>, Refusal> {
        let Some(events) = events else { return Ok(self.parked.keys().copied().collect()) };
        match events.iter().find(|position| !self.parked.contains_key(position)) {
            Some(position) => Err(Refusal::NotParked(*position)),
            None => Ok(events.iter().copied().collect()),
        }
    }

    pub(super) fn has_room_to_park(&self, events: usize) -> bool {
        self.parked.len() + events <= self.bounds.parked_events_max
    }

    /// Whether an earlier event of the aggregate is parked.
    pub(super) fn is_behind_parked(&self, position: u64, stream: Stream) -> bool {
        let first = self.parked_of.get(&stream).and_then(BTreeSet::first);
        first.is_some_and(|first| *first < position)
    }

    /// Parks the waiting events of an aggregate from this one on, as far as there is room.
    pub(super) fn park_waiting_from(&mut self, position: u64, stream: Stream) {
        let waiting = self.open_of.get(&stream).into_iter().flat_map(|open| open.range(position..));
        let waiting: Vec<u64> = waiting.filter(|it| self.waiting.contains(it)).copied().collect();
        for position in waiting {
            if !self.has_room_to_park(1) {
                return;
            }
            if let Some(open) = self.close_event(position) {
                self.store_parked(position, ParkedEvent::new(stream, open.attempts, BEHIND));
            }
        }
    }

    pub(super) fn store_parked(&mut self, position: u64, parked: ParkedEvent) {
        self.parked_of.entry(parked.stream).or_default().insert(position);
        self.parked.insert(position, parked);
        self.last_settled = self.last_settled.max(position);
        self.change_parked(position);
    }

    fn remove_parked(&mut self, position: u64) -> Option<ParkedEvent> {
        let parked = self.parked.remove(&position)?;
        if let Some(of_stream) = self.parked_of.get_mut(&parked.stream) {
            of_stream.remove(&position);
            if of_stream.is_empty() {
                self.parked_of.remove(&parked.stream);
            }
        }
        self.change_parked(position);
        Some(parked)
    }

    fn change_parked(&mut self, position: u64) {
        self.version += 1;
        self.changed.insert(position, self.version);
    }
}
