//! The method `Watch`: the events as a stream, from a cursor of the feed.

use super::{
    call::{Call, opened, too_late, with},
    messages::{WatchRequest, WatchResponse},
    site::Site,
    status::status,
};
use crate::{
    actors::{Caller, EventFilter, RequestError},
    inbound::{
        expiry::{EXPIRED, Expiry},
        feed::{Cursor, Step, start},
        position_token::PositionToken,
        problem::Problem,
    },
};
use prost::bytes::Bytes;
use std::{future::pending, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until, timeout},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming, metadata::MetadataMap};

/// The time after which a stream without events gets a sign of life, with the position reached.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The longest time that a response waits for a client that does not read.
const STALLED_MAX: Duration = Duration::from_secs(30);

/// The responses that wait for the connection, at most.
const RESPONSES_MAX: usize = 64;

type Sender = mpsc::Sender<Result<WatchResponse, Status>>;

/// The responses of one call.
pub type Responses = ReceiverStream<Result<WatchResponse, Status>>;

/// Opens a stream.
///
/// # Errors
/// When the client, the filter or the position is refused, or too many streams are open.
pub async fn watch(
    site: &Site,
    request: Request<Streaming<WatchRequest>>,
) -> Result<Response<Responses>, Status> {
    let mut returned = MetadataMap::new();
    let answered = async {
        let (call, message) = opened(site, request, &mut returned).await?;
        let cursor = cursor(site, &call, message).map_err(|problem| status(&problem))?;
        let (sender, receiver) = mpsc::channel(RESPONSES_MAX);
        let until = (call.deadline, call.expiry);
        tokio::spawn(run(cursor, sender, until, site.stopping.clone()));
        Ok(Response::new(ReceiverStream::new(receiver)))
    };
    let answered = answered.await;
    with(answered, returned)
}

fn cursor(site: &Site, call: &Call, message: WatchRequest) -> Result<Cursor, Problem> {
    if call.caller == Caller::Anonymous {
        return Err(RequestError::Unauthenticated.into());
    }
    let WatchRequest { business, resource, number, correlation, types, after } = message;
    let unless_empty = |text: String| Some(text).filter(|text| !text.is_empty());
    let (business, aggregate) = (unless_empty(business), unless_empty(resource));
    let filter = EventFilter { business, aggregate, number, types, correlation };
    filter.check(site.runtime.resources()).map_err(Problem::bad_query)?;
    let start = unless_empty(after).map(|after| start("after", &after)).transpose()?;
    Cursor::open(&site.hub, &site.runtime, (filter, start), &call.caller)
}

/// Sends events until the client is gone, its deadline or its token is over, or the server stops.
async fn run(
    cursor: Cursor,
    sender: Sender,
    (deadline, expiry): (Option<Instant>, Expiry),
    mut stopping: watch::Receiver<bool>,
) {
    let over = async {
        match deadline {
            Some(deadline) => sleep_until(deadline).await,
            None => pending().await,
        }
    };
    let end = tokio::select! {
        _ = stopping.wait_for(|is_stopping| *is_stopping) => {
            Status::unavailable("the server stops; go on after the last position elsewhere")
        }
        () = over => too_late(),
        () = expiry.over() => Status::unauthenticated(EXPIRED),
        end = send(cursor, &sender) => match end {
            Some(end) => end,
            None => return,
        },
    };
    let _ = sender.try_send(Err(end));
}

/// Sends the events after the cursor; returns the reason to end the stream, unless the client is
/// gone.
async fn send(mut cursor: Cursor, sender: &Sender) -> Option<Status> {
    // A client learns at once that the stream is open, and where it starts.
    sent(sender, sign_of_life(&cursor)).await?;
    loop {
        match cursor.next().await {
            Ok(Step::Events(frames)) => {
                for frame in frames {
                    let position = PositionToken(frame.header.position).to_string();
                    sent(sender, WatchResponse { position, event: frame.event.clone() }).await?;
                }
            }
            Ok(Step::AtEnd) => tokio::select! {
                () = sender.closed() => return None,
                may_go_on = cursor.wait(HEARTBEAT) => if !may_go_on {
                    sent(sender, sign_of_life(&cursor)).await?;
                },
            },
            Err(error) => return Some(status(&error.into())),
        }
    }
}

/// Sends a response; `None` when the client is gone, or has not read for a long time.
async fn sent(sender: &Sender, response: WatchResponse) -> Option<()> {
    timeout(STALLED_MAX, sender.send(Ok(response))).await.ok()?.ok()
}

fn sign_of_life(cursor: &Cursor) -> WatchResponse {
    let position = PositionToken(cursor.position()).to_string();
    WatchResponse { position, event: Bytes::new() }
}
