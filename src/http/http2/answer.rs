//! An answer as it is sent on a stream of HTTP/2. A client that takes nothing of it for too long
//! loses the stream.

use crate::http::response::Body;
use actix_http::{
    Response,
    body::{BodySize, MessageBody},
    header::HttpDate,
};
use actix_web::web::Bytes;
use h2::{Reason, SendStream, server::SendResponse};
use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::Poll,
    time::{Duration, SystemTime},
};

/// The reason why an answer was not sent to its end.
#[derive(Debug)]
pub enum Unsent {
    /// The client took nothing of it for too long.
    NotTaken,
    /// The client has reset the stream, or the connection is over.
    Gone,
}

impl From<h2::Error> for Unsent {
    fn from(_: h2::Error) -> Self {
        Self::Gone
    }
}

/// Sends an answer to its end.
///
/// # Errors
/// When the client does not take it; then the stream is reset.
pub async fn send(
    respond: &mut SendResponse<Bytes>,
    answer: Response<Body>,
    is_head: bool,
    within: Duration,
) -> Result<(), Unsent> {
    let (answer, body) = answer.into_parts();
    let head = head(&answer, body.size())?;
    let is_empty = is_head || matches!(body.size(), BodySize::None | BodySize::Sized(0));
    let mut stream = respond.send_response(head, is_empty)?;
    if is_empty {
        return Ok(());
    }
    let sent = send_body(&mut stream, body, within).await;
    if matches!(sent, Err(Unsent::NotTaken)) {
        stream.send_reset(Reason::CANCEL);
    }
    sent
}

/// The head of an answer with a body of this size.
fn head(answer: &Response<()>, size: BodySize) -> Result<http_1::Response<()>, Unsent> {
    let status = answer.status();
    let mut head = http_1::Response::builder().status(status.as_u16());
    for (name, value) in answer.headers() {
        head = head.header(name.as_str(), value.as_bytes());
    }
    if let (BodySize::Sized(length), false) = (size, matches!(status.as_u16(), 204 | 304)) {
        head = head.header(http_1::header::CONTENT_LENGTH, length);
    }
    let date = HttpDate::from(SystemTime::now()).to_string();
    head.header(http_1::header::DATE, date).body(()).map_err(|_| Unsent::Gone)
}

async fn send_body(
    stream: &mut SendStream<Bytes>,
    body: Body,
    within: Duration,
) -> Result<(), Unsent> {
    let mut body = pin!(body);
    while let Some(part) = next_part(stream, body.as_mut()).await? {
        send_part(stream, part, within).await?;
    }
    stream.send_data(Bytes::new(), true)?;
    Ok(())
}

/// The next part of the body, unless the client resets the stream before.
async fn next_part(
    stream: &mut SendStream<Bytes>,
    mut body: Pin<&mut Body>,
) -> Result<Option<Bytes>, Unsent> {
    poll_fn(|context| {
        if stream.poll_reset(context).is_ready() {
            return Poll::Ready(Err(Unsent::Gone));
        }
        body.as_mut().poll_next(context).map(|part| match part {
            Some(Ok(part)) => Ok(Some(part)),
            None => Ok(None),
        })
    })
    .await
}

/// Sends as much as the client takes at a time, until all of it is sent.
async fn send_part(
    stream: &mut SendStream<Bytes>,
    mut part: Bytes,
    within: Duration,
) -> Result<(), Unsent> {
    while !part.is_empty() {
        stream.reserve_capacity(part.len());
        let taken = match stream.capacity() {
            0 => tokio::time::timeout(within, capacity(stream)).await,
            capacity => Ok(Ok(capacity)),
        };
        let taken = taken.map_err(|_| Unsent::NotTaken)??;
        let piece = part.split_to(taken.min(part.len()));
        stream.send_data(piece, false)?;
    }
    Ok(())
}

/// Waits until the client takes some bytes; returns how many.
async fn capacity(stream: &mut SendStream<Bytes>) -> Result<usize, Unsent> {
    poll_fn(|context| {
        stream.poll_capacity(context).map(|capacity| match capacity {
            Some(capacity) => Ok(capacity?),
            None => Err(Unsent::Gone),
        })
    })
    .await
}
