//! Live queries: a read with `Accept: text/event-stream` is a stream that has the representation or
//! the page at once, and again whenever it changes.
//!
//! ```text
//! hub: events of an aggregate ──┐
//! projector: rows moved on ─────┴▶ evaluation, one for all equal queries ─▶ newest state ─▶ streams
//! ```
//! A stream has no queue: a client that reads slowly gets the newest state next.

mod evaluations;
mod query;

pub use evaluations::Evaluations;
pub use query::LiveQuery;

use crate::{
    http::{
        holding::Stopping,
        reading::Reading,
        response::Response,
        streams::{self, HEARTBEAT, Parts, sign_of_life},
    },
    inbound::{
        feed::{Hub, too_many},
        problem::Problem,
    },
};
use actix_http::HttpMessage as _;
use actix_web::web::Bytes;
use evaluations::{Published, Subscription};
use query::State;
use std::{rc::Rc, sync::Arc};

/// The live queries as one worker serves them.
pub struct Live {
    hub: Arc<Hub>,
    evaluations: Arc<Evaluations>,
    stopping: Stopping,
}

impl Live {
    /// Creates the live queries of one worker; their streams end when the server stops.
    #[must_use]
    pub fn new(hub: Arc<Hub>, evaluations: Arc<Evaluations>, stopping: Stopping) -> Self {
        Self { hub, evaluations, stopping }
    }

    /// Opens the stream of a live query.
    ///
    /// # Errors
    /// When too many streams are open, or the query cannot be answered now.
    pub async fn open(&self, reading: Reading<'_>, query: LiveQuery) -> Result<Response, Problem> {
        let runtime = &reading.site.runtime;
        let last_seen = streams::last_seen(reading.request.headers(), runtime)?;
        let place = self.hub.admit().ok_or_else(too_many)?;
        // The subscription comes first, so that no change after the first state is missed.
        let subscription = self.evaluations.subscribe(&self.hub, runtime, &query);
        let wait_max = reading.site.limits.wait_max();
        let state = query.evaluate(runtime, wait_max).await?;
        let is_known = match last_seen {
            Some(seen) => query.last_change(runtime, &state).await? <= seen,
            None => false,
        };
        let until = (Rc::clone(&self.stopping), reading.expiry);
        Ok(streams::stream(until, move |parts| async move {
            let _place = place;
            run(state, is_known, subscription, parts).await;
        }))
    }
}

/// Sends the first state, unless the client has it, and then each newest one that differs from the
/// last one sent, until the client is gone.
async fn run(first: State, is_known: bool, mut subscription: Subscription, parts: Parts) {
    let mut part = if is_known { sign_of_life(first.position) } else { first.message.clone() };
    let mut sent = Arc::new(first);
    loop {
        if !part.is_empty() && !parts.send(part).await {
            return;
        }
        let changed = tokio::time::timeout(HEARTBEAT, subscription.changed());
        part = tokio::select! {
            () = parts.closed() => return,
            changed = changed => match changed {
                Ok(Some(Published::State(state))) if state.differs_after(&sent) => {
                    sent = state;
                    sent.message.clone()
                }
                Ok(Some(Published::State(_))) => Bytes::new(),
                Ok(Some(Published::End(reason))) => return parts.end(&reason),
                Ok(None) => return parts.end("the query is no longer evaluated; ask again"),
                Err(_) => sign_of_life(sent.position),
            },
        };
    }
}
