//! A cursor of the feed: a position in the journal, and the next events of one client after it.

use super::{
    hub::{FeedPlace, Found, Frame, Hub, too_many},
    start::check_reached,
};
use crate::{
    actors::{Caller, EventBatch, EventFilter, ReadLimits, RequestError, Runtime, Sights, Start},
    inbound::problem::Problem,
};
use std::{ops::RangeInclusive, sync::Arc, time::Duration};
use tokio::sync::watch;

/// The bytes of the events that are returned at once, about.
const STEP_BYTES: usize = 32 << 10;

/// The events that are looked at for one step.
const FRAMES_AT_ONCE: usize = 1_024;

/// The records that are read at once for a cursor that is behind: fewer while events are large, and
/// more while few are wanted, so that a step has about [`STEP_BYTES`] in memory and reads little
/// that it does not return.
const RECORDS_AT_ONCE: RangeInclusive<usize> = 4..=256;

/// The records that one step of a cursor that is behind looks at.
const RECORDS_PER_STEP: usize = 4_096;

/// The cursor of one open stream.
pub struct Cursor {
    runtime: Runtime,
    hub: Arc<Hub>,
    filter: EventFilter,
    sights: Sights,
    position: u64,
    /// The records that are read at once while the cursor is behind.
    records: usize,
    reached: watch::Receiver<u64>,
    _place: FeedPlace,
}

/// One step of a cursor.
pub enum Step {
    /// The cursor moved over these events; over unwanted ones alone when there are none.
    Events(Vec<Arc<Frame>>),
    /// The cursor is at the end of the journal.
    AtEnd,
}

impl Cursor {
    /// Opens a stream of the events that the client wants and may see, from its start on.
    ///
    /// # Errors
    /// When the journal has not reached the start, or too many streams are open.
    pub fn open(
        hub: &Arc<Hub>,
        runtime: &Runtime,
        (filter, start): (EventFilter, Option<Start>),
        caller: &Caller,
    ) -> Result<Self, Problem> {
        let position = match start {
            Some(Start::Beginning) => 0,
            Some(Start::After(position)) => {
                check_reached(position, runtime)?;
                position
            }
            Some(Start::Now) | None => runtime.durable(),
        };
        let place = hub.admit_feed().ok_or_else(too_many)?;
        Ok(Self {
            runtime: runtime.clone(),
            hub: Arc::clone(hub),
            sights: runtime.sights(caller),
            filter,
            position,
            records: *RECORDS_AT_ONCE.end(),
            reached: hub.subscribe(),
            _place: place,
        })
    }

    /// The position up to which the events were returned.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// Moves on, over at most about 32 KiB of events.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn next(&mut self) -> Result<Step, RequestError> {
        self.reached.borrow_and_update();
        let (frames, position) = match self.hub.after(self.position, FRAMES_AT_ONCE) {
            Found::Frames(frames, reached) => self.admitted(frames, reached),
            Found::Behind => self.catch_up().await?,
        };
        let is_at_end = frames.is_empty() && position == self.position;
        self.position = position;
        Ok(if is_at_end { Step::AtEnd } else { Step::Events(frames) })
    }

    /// Waits until there may be further events; false when there are none for this time.
    pub async fn wait(&mut self, for_max: Duration) -> bool {
        tokio::time::timeout(for_max, self.reached.changed()).await.is_ok()
    }

    /// The wanted events among these, and the position that they reach.
    fn admitted(&self, frames: Vec<Arc<Frame>>, reached: u64) -> (Vec<Arc<Frame>>, u64) {
        let (mut admitted, mut bytes) = (Vec::new(), 0);
        for frame in frames {
            let is_wanted = self.filter.admits(&frame.header, &self.sights)
                && self.filter.names(&frame.name, &frame.full_name);
            let position = frame.header.position;
            if is_wanted {
                bytes += frame.text.len();
                admitted.push(frame);
            }
            if bytes >= STEP_BYTES {
                return (admitted, position);
            }
        }
        (admitted, reached)
    }

    /// Reads events that are no longer in memory.
    async fn catch_up(&mut self) -> Result<(Vec<Arc<Frame>>, u64), RequestError> {
        let (runtime, filter, sights) =
            (self.runtime.clone(), self.filter.clone(), self.sights.clone());
        let (after, records) = (self.position, self.records);
        let read = move || {
            let read = |after, limits| runtime.filtered_events((&filter, &sights), after, limits);
            step(&read, after, records)
        };
        let (frames, reached, records) = self.runtime.blocking(read).await?;
        self.records = records;
        Ok((frames, reached))
    }
}

/// Reads events until they have about [`STEP_BYTES`] or enough records were looked at. Returns them,
/// the position reached, and the records to read at once next.
fn step(
    read: &dyn Fn(u64, ReadLimits) -> Result<EventBatch, RequestError>,
    after: u64,
    mut records: usize,
) -> Result<(Vec<Arc<Frame>>, u64, usize), RequestError> {
    let (mut frames, mut bytes, mut reached, mut looked_at) = (Vec::new(), 0, after, 0);
    while bytes < STEP_BYTES && looked_at < RECORDS_PER_STEP {
        let limits = ReadLimits { events: usize::MAX, records, bytes: STEP_BYTES - bytes };
        let batch = read(reached, limits)?;
        if batch.reached == reached {
            break;
        }
        for event in &batch.events {
            let frame = Frame::of(event);
            bytes += frame.text.len();
            frames.push(Arc::new(frame));
        }
        let (before, passed) = (records, batch.reached - reached);
        (looked_at, reached) = (looked_at + before, batch.reached);
        let is_cut = bytes >= STEP_BYTES && passed < before as u64 / 2;
        let next = if is_cut { before / 2 } else { before * 2 };
        records = next.clamp(*RECORDS_AT_ONCE.start(), *RECORDS_AT_ONCE.end());
    }
    Ok((frames, reached, records))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        actors::{AggregateEvent, EventHeader},
        domain::kernel::{Readers, Timestamp},
        store::{KindId, Stream},
    };
    use serde_json::json;

    fn event(position: u64, size: usize) -> AggregateEvent {
        let header = EventHeader {
            position,
            time: Timestamp(0),
            business: "taxi",
            resource: "orders",
            stream: Stream { kind: KindId(1), number: 1 },
            version: 1,
            correlation: 1,
            owner: None,
            readers: Readers::Owner,
        };
        AggregateEvent { header, name: "Paid".to_owned(), details: json!("x".repeat(size)) }
    }

    /// A journal with this number of events, each with details of this size.
    fn journal(
        count: u64,
        size: usize,
    ) -> impl Fn(u64, ReadLimits) -> Result<EventBatch, RequestError> {
        move |after, limits| {
            let (mut events, mut bytes, mut reached) = (Vec::new(), 0, after);
            for position in (after + 1..=count).take(limits.records) {
                events.push(event(position, size));
                (bytes, reached) = (bytes + size + 256, position);
                if bytes >= limits.bytes {
                    break;
                }
            }
            Ok(EventBatch { events, reached })
        }
    }

    #[test]
    fn a_reader_that_is_behind_has_a_few_events_in_memory_however_large_they_are() {
        for size in [10, 1_000, 64 << 10] {
            let (read, mut after, mut records, mut seen) = (journal(5_000, size), 0, 256, 0);
            while after < 5_000 {
                let (frames, reached, next) = step(&read, after, records).unwrap();
                let bytes: usize = frames.iter().map(|frame| frame.text.len()).sum();
                assert!(bytes < STEP_BYTES * 2 + size * 2, "{bytes} bytes with {size} each");
                assert!(reached > after && RECORDS_AT_ONCE.contains(&next));
                (seen, after, records) = (seen + frames.len(), reached, next);
            }
            assert_eq!(seen, 5_000, "none is left out");
        }
    }

    #[test]
    fn a_step_over_unwanted_events_ends() {
        let read = |after: u64, limits: ReadLimits| {
            Ok(EventBatch { events: Vec::new(), reached: after + limits.records as u64 })
        };
        let (frames, reached, records) = step(&read, 0, 4).unwrap();
        assert!(frames.is_empty() && reached >= RECORDS_PER_STEP as u64);
        assert_eq!(records, *RECORDS_AT_ONCE.end());
    }
}
