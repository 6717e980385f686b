//! The reader of a stream: a cursor in the journal, and the task that sends what is after it.

use super::{
    cloud_event::{encoded, framed},
    hub::{Found, Hub},
    wanted::{Sights, Wanted},
};
use crate::{
    actors::{EventHeader, RequestError, Runtime},
    http::{holding::Stopping, position_token::PositionToken},
    sync::CountGuard,
};
use actix_web::web::{Bytes, BytesMut};
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// The time after which a stream without events gets a sign of life, with the position reached.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The bytes of one part of a stream, about.
const PART_BYTES: usize = 32 << 10;

/// The events that are looked at for one part.
const FRAMES_AT_ONCE: usize = 1_024;

/// The records that are read at once for a reader that is behind.
const RECORDS_AT_ONCE: usize = 1_024;

/// The longest time that a part waits for a client that does not read.
const STALLED_MAX: Duration = Duration::from_secs(30);

/// One stream.
pub struct Feed {
    pub(super) runtime: Runtime,
    pub(super) hub: Arc<Hub>,
    pub(super) wanted: Wanted,
    pub(super) sights: Sights,
    pub(super) place: CountGuard,
}

/// Starts the task of a stream and returns the receiver of its parts.
pub fn stream(feed: Feed, cursor: u64, stopping: Stopping) -> mpsc::Receiver<Bytes> {
    let (sender, receiver) = mpsc::channel(1);
    actix_web::rt::spawn(async move {
        tokio::select! {
            () = stopping() => {}
            () = run(&feed, cursor, &sender) => {}
        }
        drop(feed.place);
    });
    receiver
}

/// Sends the events after the cursor until the client is gone.
async fn run(feed: &Feed, mut cursor: u64, sender: &mpsc::Sender<Bytes>) {
    let mut reached = feed.hub.subscribe();
    // A client learns at once that the stream is open, and where it begins.
    let mut part = sign_of_life(cursor);
    loop {
        if !part.is_empty() {
            match tokio::time::timeout(STALLED_MAX, sender.send(part)).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return,
                Err(_) => return end_with(sender, "the client did not read for 30 s"),
            }
        }
        reached.borrow_and_update();
        let next = feed.next(cursor).await;
        let (found, position) = match next {
            Ok(next) => next,
            Err(error) => return end_with(sender, &error.to_string()),
        };
        let is_at_end = position == cursor;
        (part, cursor) = (found, position);
        if part.is_empty() && is_at_end {
            let changed = tokio::time::timeout(HEARTBEAT, reached.changed());
            part = tokio::select! {
                () = sender.closed() => return,
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
            part.extend_from_slice(framed(position, &event).as_bytes());
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

/// A comment with the position reached, from which the client goes on when it reconnects.
fn sign_of_life(cursor: u64) -> Bytes {
    format!(": alive\nid: {}\n\n", PositionToken(cursor)).into()
}

/// Sends the reason why the stream ends, unless the client does not read.
fn end_with(sender: &mpsc::Sender<Bytes>, reason: &str) {
    let reason = serde_json::Value::from(reason);
    let _ = sender.try_send(format!("event: end\ndata: {{\"reason\":{reason}}}\n\n").into());
}
