//! The reader of a stream: sends what a cursor returns.

use crate::{
    http::streams::{HEARTBEAT, Parts, sign_of_life},
    inbound::feed::{Cursor, Frame, Step},
};
use actix_web::web::{Bytes, BytesMut};
use std::sync::Arc;

/// Sends the events after the cursor until the client is gone.
pub async fn run(mut cursor: Cursor, parts: Parts) {
    // A client learns at once that the stream is open, and where it begins.
    let mut part = sign_of_life(cursor.position());
    loop {
        if !part.is_empty() && !parts.send(part).await {
            return;
        }
        part = match cursor.next().await {
            Ok(Step::Events(frames)) => joined(&frames),
            Ok(Step::AtEnd) => tokio::select! {
                () = parts.closed() => return,
                may_go_on = cursor.wait(HEARTBEAT) => {
                    if may_go_on { Bytes::new() } else { sign_of_life(cursor.position()) }
                }
            },
            Err(error) => return parts.end(&error.to_string()),
        };
    }
}

/// The events as one part of the stream.
fn joined(frames: &[Arc<Frame>]) -> Bytes {
    let mut part = BytesMut::with_capacity(frames.iter().map(|frame| frame.text.len()).sum());
    for frame in frames {
        part.extend_from_slice(&frame.text);
    }
    part.freeze()
}
