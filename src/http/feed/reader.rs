//! The reader of a stream: a cursor in the journal, and the task that sends what is after it.

use super::{
    cloud_event::encoded,
    hub::{FeedPlace, Found, Hub},
    wanted::{Sights, Wanted},
};
use crate::{
    actors::{EventHeader, RequestError, Runtime},
    http::streams::{HEARTBEAT, Parts, message, sign_of_life},
};
use actix_web::web::{Bytes, BytesMut};
use std::sync::Arc;

/// The bytes of one part of a stream, about.
const PART_BYTES: usize = 32 << 10;

/// The events that are looked at for one part.
const FRAMES_AT_ONCE: usize = 1_024;

/// The records that are read at once for a reader that is behind.
const RECORDS_AT_ONCE: usize = 1_024;

/// One stream.
pub struct Feed {
    pub(super) runtime: Runtime,
    pub(super) hub: Arc<Hub>,
    pub(super) wanted: Wanted,
    pub(super) sights: Sights,
    pub(super) _place: FeedPlace,
}

/// Sends the events after the cursor until the client is gone.
pub async fn run(feed: Feed, mut cursor: u64, parts: Parts) {
    let mut reached = feed.hub.subscribe();
    // A client learns at once that the stream is open, and where it begins.
    let mut part = sign_of_life(cursor);
    loop {
        if !part.is_empty() && !parts.send(part).await {
            return;
        }
        reached.borrow_and_update();
        let next = feed.next(cursor).await;
        let (found, position) = match next {
            Ok(next) => next,
            Err(error) => return parts.end(&error.to_string()),
        };
        let is_at_end = position == cursor;
        (part, cursor) = (found, position);
        if part.is_empty() && is_at_end {
            let changed = tokio::time::timeout(HEARTBEAT, reached.changed());
            part = tokio::select! {
                () = parts.closed() => return,
                changed = changed => match changed {
                    Ok(Ok(())) => Bytes::new(),
                    Ok(Err(_)) => return,
                    Err(_) => sign_of_life(cursor),
                },
            };
        }
    }
}

impl Feed {
    /// The next part, and the position that it reaches; empty when no event is wanted.
    async fn next(&self, cursor: u64) -> Result<(Bytes, u64), RequestError> {
        let Found::Frames(frames, reached) = self.hub.after(cursor, FRAMES_AT_ONCE) else {
            return self.catch_up(cursor).await;
        };
        let mut part = BytesMut::new();
        for frame in frames {
            let is_wanted = self.wanted.admits(&frame.header, &self.sights)
                && self.wanted.names(&frame.name, &frame.full_name);
            if is_wanted {
                part.extend_from_slice(&frame.text);
            }
            if part.len() >= PART_BYTES {
                return Ok((part.freeze(), frame.header.position));
            }
        }
        Ok((part.freeze(), reached))
    }

    /// Reads events that are no longer in memory.
    async fn catch_up(&self, cursor: u64) -> Result<(Bytes, u64), RequestError> {
        let (runtime, wanted, sights) =
            (self.runtime.clone(), self.wanted.clone(), self.sights.clone());
        let read = move || {
            let records = RECORDS_AT_ONCE;
            events_after(&runtime, &wanted, &sights, cursor, usize::MAX, records)
        };
        let (events, reached) = self.runtime.blocking(read).await?;
        let mut part = BytesMut::new();
        for (position, event) in events {
            part.extend_from_slice(message(position, &event).as_bytes());
        }
        Ok((part.freeze(), reached))
    }
}

/// Reads up to `records_max` records after a position, and returns up to `events_max` of the wanted
/// events among them, each with its position, and the position up to which there are no others.
/// Blocking.
pub fn events_after(
    runtime: &Runtime,
    wanted: &Wanted,
    sights: &Sights,
    after: u64,
    events_max: usize,
    records_max: usize,
) -> Result<(Vec<(u64, String)>, u64), RequestError> {
    let is_wanted = |header: &EventHeader| wanted.admits(header, sights);
    let batch = runtime.events(after, records_max, &is_wanted)?;
    let mut events = Vec::new();
    for event in batch.events.iter().filter(|event| wanted.names_event(event)) {
        events.push((event.header.position, encoded(event)));
        if events.len() == events_max {
            return Ok((events, event.header.position));
        }
    }
    Ok((events, batch.reached))
}
