//! The feed of events at `/events`: pages of JSON, and a stream of Server-Sent Events.

mod reader;
mod wanted;

use crate::{
    actors::{Caller, ReadLimits, RequestError, Runtime, Start},
    http::{
        admin::unless_read,
        holding::Stopping,
        index::EVENTS,
        reading::Reading,
        request::{Verb, content_negotiation},
        response::Response,
        streams::{self, EVENT_STREAM},
    },
    inbound::{
        feed::{Cursor, Hub, check_reached, encoded},
        position_token::PositionToken,
        problem::{Problem, json},
    },
};
use actix_http::HttpMessage as _;
use actix_web::http::{Method, StatusCode};
use std::{rc::Rc, sync::Arc};
use wanted::Wanted;

/// The media type of a page that is a bare list of events.
const CLOUD_EVENTS: &str = "application/cloudevents-batch+json";

/// The records that are read for one page, at most. A page with few events says where to go on.
const PAGE_RECORDS_MAX: usize = 8_192;

/// About the bytes of one page. It may have fewer events than asked for because of them.
const PAGE_BYTES_MAX: usize = 1 << 20;

/// The feed as one worker serves it.
pub struct Feeds {
    hub: Arc<Hub>,
    stopping: Stopping,
}

impl Feeds {
    /// Creates the feed of one worker; its streams end when the server stops.
    #[must_use]
    pub fn new(hub: Arc<Hub>, stopping: Stopping) -> Self {
        Self { hub, stopping }
    }

    /// The end of the server's work.
    #[must_use]
    pub const fn stopping(&self) -> &Stopping {
        &self.stopping
    }

    /// Answers a request at the path of the feed.
    ///
    /// # Errors
    /// When the method, a filter or a position is invalid, or too many streams are open.
    pub async fn answer(&self, reading: Reading<'_>, verb: Verb) -> Result<Response, Problem> {
        let Reading { site, request, caller, .. } = reading;
        let (runtime, query, headers) = (&site.runtime, reading.query(), request.headers());
        if let Some(answer) = unless_read(verb)? {
            return Ok(answer);
        }
        if *caller == Caller::Anonymous {
            return Err(RequestError::Unauthenticated.into());
        }
        let wanted = Wanted::read(query, runtime)?;
        let last_seen = streams::last_seen(headers, runtime)?;
        let start = last_seen.map(Start::After).or(wanted.start);
        if let Some(Start::After(position)) = start {
            check_reached(position, runtime)?;
        }
        if content_negotiation::prefers(headers, EVENT_STREAM) && *request.method() == Method::GET {
            return self.stream(reading, wanted, start);
        }
        let is_bare = content_negotiation::prefers(headers, CLOUD_EVENTS);
        let answer = page(runtime, (wanted, start), caller, Asked { query, is_bare }).await?;
        Ok(answer.varying_by("Accept"))
    }

    fn stream(
        &self,
        reading: Reading<'_>,
        wanted: Wanted,
        start: Option<Start>,
    ) -> Result<Response, Problem> {
        let (runtime, caller) = (&reading.site.runtime, reading.caller);
        let cursor = Cursor::open(&self.hub, runtime, (wanted.filter, start), caller)?;
        let until = (Rc::clone(&self.stopping), reading.expiry);
        Ok(streams::stream(until, move |parts| reader::run(cursor, parts)))
    }
}

/// What a client asked for, besides the events.
#[derive(Clone, Copy)]
struct Asked<'a> {
    query: &'a str,
    /// Whether the page is a list without links.
    is_bare: bool,
}

impl Asked<'_> {
    /// The address of the page after this position, with the same filter, as JSON.
    fn href(self, after: u64) -> String {
        let mut href = format!("{EVENTS}?after={}", PositionToken(after));
        let filter = self.query.split('&').filter(|part| !part.starts_with("after="));
        filter.filter(|part| !part.is_empty()).for_each(|part| href.extend(["&", part]));
        json(&href)
    }
}

/// A page of events after a position.
async fn page(
    runtime: &Runtime,
    (wanted, start): (Wanted, Option<Start>),
    caller: &Caller,
    asked: Asked<'_>,
) -> Result<Response, Problem> {
    let after = match start {
        Some(Start::Beginning) | None => 0,
        Some(Start::After(position)) => position,
        Some(Start::Now) => runtime.durable(),
    };
    let sights = runtime.sights(caller);
    let of_journal = runtime.clone();
    let (list, reached) = runtime
        .blocking(move || {
            let (events, records) = (wanted.size, PAGE_RECORDS_MAX);
            let limits = ReadLimits { events, records, bytes: PAGE_BYTES_MAX };
            let batch = of_journal.filtered_events((&wanted.filter, &sights), after, limits)?;
            let events: Vec<String> = batch.events.iter().map(encoded).collect();
            Ok((events.join(","), batch.reached))
        })
        .await?;
    let next = PositionToken(reached).to_string();
    let (content_type, body) = if asked.is_bare {
        (CLOUD_EVENTS, format!("[{list}]"))
    } else {
        let links = format!(
            r#"{{"self":{{"href":{}}},"next":{{"href":{}}}}}"#,
            asked.href(after),
            asked.href(reached)
        );
        ("application/json", format!(r#"{{"events":[{list}],"next":"{next}","_links":{links}}}"#))
    };
    let answer = Response::new(StatusCode::OK, content_type, body.into_bytes());
    Ok(answer.with_position(reached))
}
