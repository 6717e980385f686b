//! A cursor of the feed: a position in the journal, and the next events of one client after it.

use super::{
    hub::{FeedPlace, Found, Frame, Hub, too_many},
    start::check_reached,
};
use crate::{
    actors::{Caller, EventBatch, EventFilter, RequestError, Runtime, Sights, Start},
    inbound::problem::Problem,
};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// The bytes of the events that are returned at once, about.
const STEP_BYTES: usize = 32 << 10;

/// The events that are looked at for one step.
const FRAMES_AT_ONCE: usize = 1_024;

/// The records that are read at once for a cursor that is behind.
const RECORDS_AT_ONCE: usize = 1_024;

/// The cursor of one open stream.
pub struct Cursor {
    runtime: Runtime,
    hub: Arc<Hub>,
    filter: EventFilter,
    sights: Sights,
    position: u64,
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
    async fn catch_up(&self) -> Result<(Vec<Arc<Frame>>, u64), RequestError> {
        let (runtime, filter, sights, after) =
            (self.runtime.clone(), self.filter.clone(), self.sights.clone(), self.position);
        let limits = (usize::MAX, RECORDS_AT_ONCE);
        let read = move || runtime.filtered_events((&filter, &sights), after, limits);
        let EventBatch { events, reached } = self.runtime.blocking(read).await?;
        Ok((events.iter().map(|event| Arc::new(Frame::of(event))).collect(), reached))
    }
}
