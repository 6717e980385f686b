//! The reader of a stream: a cursor in the journal, and the task that sends what is after it.

use super::{
    cloud_event::encoded,
    hub::{FeedPlace, Found, Hub},
};
use crate::{
    actors::{EventBatch, EventFilter, RequestError, Runtime, Sights},
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
    pub(super) filter: EventFilter,
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
            let is_wanted = self.filter.admits(&frame.header, &self.sights)
                && self.filter.names(&frame.name, &frame.full_name);
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
        let (runtime, filter, sights) =
            (self.runtime.clone(), self.filter.clone(), self.sights.clone());
        let limits = (usize::MAX, RECORDS_AT_ONCE);
        let read = move || runtime.filtered_events((&filter, &sights), cursor, limits);
        let EventBatch { events, reached } = self.runtime.blocking(read).await?;
        let mut part = BytesMut::new();
        for event in events {
            part.extend_from_slice(message(event.header.position, &encoded(&event)).as_bytes());
        }
        Ok((part.freeze(), reached))
    }
}
