//! What all streams of Server-Sent Events share: their task, the parts that it sends, the sign of
//! life, and the end.

use super::{holding::Stopping, response::Response};
use crate::{
    actors::Runtime,
    inbound::{
        expiry::{EXPIRED, Expiry},
        feed::{check_reached, position},
        position_token::PositionToken,
        problem::Problem,
    },
};
use actix_web::{
    http::{
        StatusCode,
        header::{CACHE_CONTROL, HeaderMap, HeaderName, VARY},
    },
    web::Bytes,
};
use std::time::Duration;
use tokio::sync::mpsc;

/// The media type of a stream.
pub const EVENT_STREAM: &str = "text/event-stream";

/// The time after which a stream without events gets a sign of life, with the position reached.
pub const HEARTBEAT: Duration = Duration::from_secs(15);

/// The longest time that a part waits for a client that does not read.
const STALLED_MAX: Duration = Duration::from_secs(30);

/// The position after which a client that reconnects goes on.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The sending side of one stream. At most one part waits for the client.
#[derive(Clone)]
pub struct Parts(mpsc::Sender<Bytes>);

impl Parts {
    /// Sends a part; false when the client is gone or does not read, so that the stream is over.
    pub async fn send(&self, part: Bytes) -> bool {
        let sent = tokio::time::timeout(STALLED_MAX, self.0.send(part)).await;
        if sent.is_err() {
            self.end("the client did not read for 30 s");
        }
        sent.is_ok_and(|sent| sent.is_ok())
    }

    /// Waits until the client is gone.
    pub async fn closed(&self) {
        self.0.closed().await;
    }

    /// Sends the reason why the stream ends, unless the client does not read.
    pub fn end(&self, reason: &str) {
        let reason = serde_json::Value::from(reason);
        let _ = self.0.try_send(format!("event: end\ndata: {{\"reason\":{reason}}}\n\n").into());
    }
}

/// Starts the task of a stream, which ends with the server or the token of its client, and returns
/// the response.
pub fn stream<T: Future<Output = ()> + 'static>(
    (stopping, expiry): (Stopping, Expiry),
    run: impl FnOnce(Parts) -> T,
) -> Response {
    let (sender, receiver) = mpsc::channel(1);
    let parts = Parts(sender);
    let running = run(parts.clone());
    actix_web::rt::spawn(async move {
        tokio::select! {
            () = stopping() => parts.end("the server stops"),
            () = expiry.over() => parts.end(EXPIRED),
            () = running => {}
        }
    });
    let answer = Response::new(StatusCode::OK, EVENT_STREAM, Vec::new());
    Response { stream: Some(receiver), ..answer }
        .with(CACHE_CONTROL, "no-store")
        .with(HeaderName::from_static("x-accel-buffering"), "no")
        .with(VARY, "Accept")
}

/// A comment with the position reached, from which the client goes on when it reconnects.
#[must_use]
pub fn sign_of_life(position: u64) -> Bytes {
    format!(": alive\nid: {}\n\n", PositionToken(position)).into()
}

/// The position in `Last-Event-ID`, if there is one.
///
/// # Errors
/// When it is no position of this server, or not reached yet.
pub fn last_seen(headers: &HeaderMap, runtime: &Runtime) -> Result<Option<u64>, Problem> {
    let value = headers.get(LAST_EVENT_ID).map(|value| value.to_str().unwrap_or_default());
    let Some(text) = value.filter(|text| !text.is_empty()) else { return Ok(None) };
    let position = position("Last-Event-ID", text)?;
    check_reached(position, runtime)?;
    Ok(Some(position))
}
