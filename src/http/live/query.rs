//! A live query: what it shows, and its evaluation.

use crate::{
    actors::{Caller, RequestError, Runtime, Sight},
    http::{
        reading::{self, Reading},
        request::{PathRest, Route, RouteTarget, content_negotiation, moment},
        response::hal,
        streams::EVENT_STREAM,
    },
    inbound::{
        feed::{Hub, message},
        problem::Problem,
        query::Query,
    },
};
use actix_http::HttpMessage as _;
use actix_web::{http::Method, web::Bytes};
use std::time::Duration;
use tokio::sync::watch;

/// A live query of one client.
#[derive(Clone)]
pub struct LiveQuery {
    target: Target,
    /// The path of the collection, as requested.
    base: String,
    caller: Caller,
    /// The position that the first state has reached at least.
    at_least: Option<u64>,
    /// Queries with the same key have the same states.
    pub(super) key: Key,
}

/// The path and the query of the address, and what the client may see.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    path: String,
    query: String,
    sight: Sight,
}

#[derive(Clone)]
enum Target {
    /// A resource and a number.
    Aggregate(usize, u64),
    /// A view and a number.
    Row(usize, u64),
    /// A page of a view.
    Page(usize, Query),
}

/// A state of what a query shows.
pub struct State {
    /// The journal position that it has reached at least.
    pub position: u64,
    /// Of two states, the newer one has the greater or the same number: the version of an aggregate,
    /// or the position.
    order: u64,
    /// The state as it stands in the stream.
    pub message: Bytes,
    body: Vec<u8>,
}

impl State {
    fn new(position: u64, order: u64, body: Vec<u8>) -> Self {
        let message = message(position, &String::from_utf8_lossy(&body)).into();
        Self { position, order, message, body }
    }

    /// Whether this is another state than the one sent last, and not an older one.
    pub fn differs_after(&self, sent: &Self) -> bool {
        self.order >= sent.order && self.body != sent.body
    }
}

impl LiveQuery {
    /// The live query that a request asks for; `None` when it asks for something else, or for what
    /// never changes.
    ///
    /// # Errors
    /// When its query is invalid.
    pub fn of(reading: Reading<'_>, route: Route<'_>) -> Result<Option<Self>, Problem> {
        let (request, runtime) = (reading.request, &reading.site.runtime);
        let is_asked_for = *request.method() == Method::GET
            && content_negotiation::prefers(request.headers(), EVENT_STREAM);
        if !is_asked_for {
            return Ok(None);
        }
        let mut at_least = None;
        let (target, business) = match (route.target, route.rest) {
            (RouteTarget::Resource(resource), PathRest::Item(number)) => {
                if moment(reading.query())?.is_some() {
                    return Ok(None);
                }
                (Target::Aggregate(resource, number), runtime.resources()[resource].business)
            }
            (RouteTarget::View(view), PathRest::Item(_) | PathRest::Collection) => {
                let query = Query::read(reading.query())?;
                at_least = reading.at_least(&query)?;
                let target = match route.rest {
                    PathRest::Item(number) => Target::Row(view, number),
                    _ => Target::Page(view, query),
                };
                (target, runtime.views()[view].business)
            }
            _ => return Ok(None),
        };
        let key = Key {
            path: request.path().to_owned(),
            query: reading.query().to_owned(),
            sight: runtime.sight_of(business, reading.caller),
        };
        let (base, caller) = (route.base.to_owned(), reading.caller.clone());
        Ok(Some(Self { target, base, caller, at_least, key }))
    }

    /// A signal for each moment at which the state may have changed.
    pub fn signal(&self, hub: &Hub, runtime: &Runtime) -> watch::Receiver<u64> {
        match self.target {
            Target::Aggregate(resource, number) => {
                let info = &runtime.resources()[resource];
                hub.watch((info.business, info.name, number))
            }
            Target::Row(view, _) | Target::Page(view, _) => runtime.rows_reached(view),
        }
    }

    /// The present state.
    ///
    /// # Errors
    /// As for the read that is sent once.
    pub async fn evaluate(
        &self,
        runtime: &Runtime,
        wait_max: Duration,
    ) -> Result<State, RequestError> {
        let (base, caller) = (self.base.as_str(), &self.caller);
        let wait = (self.at_least, wait_max);
        // The position is read first, so that the state is never older than it says.
        let view = match &self.target {
            Target::Aggregate(resource, number) => {
                let position = runtime.durable();
                let reply = runtime.show(*resource, *number, caller).await?;
                let body = hal::item(base, &reply);
                return Ok(State::new(position, u64::from(reply.version), body));
            }
            Target::Row(view, _) | Target::Page(view, _) => *view,
        };
        runtime.reach(view, wait).await?;
        let position = *runtime.rows_reached(view).borrow();
        let body = match &self.target {
            Target::Page(_, query) => {
                reading::rows(runtime, (view, base), query, wait, caller).await?
            }
            Target::Aggregate(_, number) | Target::Row(_, number) => {
                reading::row(runtime, (view, base), *number, wait, caller).await?
            }
        };
        Ok(State::new(position, position, body))
    }

    /// The position after which this state has not changed, as far as it is known.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub async fn last_change(&self, runtime: &Runtime, state: &State) -> Result<u64, RequestError> {
        match self.target {
            Target::Aggregate(resource, number) => runtime.last_position(resource, number).await,
            Target::Row(..) | Target::Page(..) => Ok(state.position),
        }
    }
}
