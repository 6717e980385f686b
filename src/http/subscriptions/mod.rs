//! The paths of persistent subscriptions: creation, claims, acknowledgements, parked events.
//!
//! ```text
//! terms ── the body of a PUT            answers ── subscriptions and claims as JSON
//! wishes ── the bodies of consumers     webhook ── deliveries to addresses, signed
//! ```

mod address;
mod answers;
mod signature;
mod terms;
mod webhook;
mod wishes;

pub use webhook::Webhooks;

use crate::{
    actors::{Caller, ClaimId, Claimed, Refusal, SubscriptionError, Wish},
    http::{admin::name_in, holding::Stopping, request::read_body, response::Response, site::Site},
    inbound::{
        feed::{encoded, position},
        position_token::PositionToken,
        problem::{INVALID, LEASE_LOST, NOT_FOUND, Problem, REJECTED, not_allowed, unknown},
        query::SIZE_MAX,
    },
    random::random,
};
use actix_http::{Payload, Request};
use actix_web::http::{
    Method, StatusCode,
    header::{CACHE_CONTROL, LOCATION},
};
use std::time::Duration;

/// The paths of the list of subscriptions. The first one belongs to a business where a server has
/// only that one, and it has aggregates of this name.
const BASES: [&str; 2] = ["/subscriptions", "/events/subscriptions"];

const ALLOW_LIST: &str = "OPTIONS, GET, HEAD";
const ALLOW_ITEM: &str = "OPTIONS, GET, HEAD, PUT, DELETE";
const ALLOW_POST: &str = "OPTIONS, POST";

/// Whether this is a path of subscriptions.
pub fn is_path(path: &str) -> bool {
    parts(path).is_some()
}

/// The path of the list, and what is behind it.
fn parts(path: &str) -> Option<(&'static str, &str)> {
    BASES.into_iter().find_map(|base| {
        let rest = path.strip_prefix(base)?;
        (rest.is_empty() || rest.starts_with('/')).then(|| (base, rest.trim_matches('/')))
    })
}

/// A request at the path of one subscription.
struct Asked<'a> {
    site: &'a Site,
    request: &'a Request,
    caller: &'a Caller,
    base: &'static str,
    name: &'a str,
}

/// Answers a request at a path of subscriptions.
///
/// # Errors
/// When the path or the method is unknown, the body is invalid, the client does not see the
/// subscription, or its state refuses the request.
pub async fn answer(
    site: &Site,
    stopping: &Stopping,
    (request, caller): (&Request, &Caller),
    payload: Payload,
) -> Result<Response, Problem> {
    let path = request.path();
    let (base, rest) = parts(path).ok_or_else(|| unknown(path))?;
    if rest.is_empty() {
        return match *request.method() {
            Method::GET | Method::HEAD => {
                let all = site.runtime.subscriptions(caller).map_err(problem)?;
                Ok(answers::list(base, &all))
            }
            _ => other(request, ALLOW_LIST),
        };
    }
    let (name, action) = rest.split_once('/').unwrap_or((rest, ""));
    let name = name_in(name)?;
    let asked = Asked { site, request, caller, base, name: &name };
    match action {
        "" => asked.item(payload).await,
        "claim" => asked.claim(stopping, payload).await,
        "ack" => asked.acknowledge(payload).await,
        "release" => asked.release(payload).await,
        "park" => asked.park(payload).await,
        "parked" => asked.parked().await,
        "parked/replay" => asked.unpark(true, payload).await,
        "parked/drop" => asked.unpark(false, payload).await,
        _ => Err(unknown(path)),
    }
}

/// The answer to any other method: the allowed ones, or a problem that names them.
fn other(request: &Request, allow: &str) -> Result<Response, Problem> {
    match *request.method() {
        Method::OPTIONS => Ok(Response::options(allow)),
        _ => Err(not_allowed(request.method().as_str(), allow.to_owned())),
    }
}

impl Asked<'_> {
    async fn item(&self, payload: Payload) -> Result<Response, Problem> {
        let Self { site, request, caller, base, name } = self;
        match *request.method() {
            Method::GET | Method::HEAD => {
                let shown = site.runtime.subscription(name, caller).await.map_err(problem)?;
                Ok(answers::subscription(StatusCode::OK, base, &shown, None))
            }
            Method::PUT => {
                let body = read_body(&site.limits, request, payload).await?;
                let (terms, secret) = terms::read(&body, &site.runtime, caller)?;
                let put = site.runtime.put_subscription(name, terms, caller).await;
                let (shown, is_new) = put.map_err(problem)?;
                let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
                let secret = secret.filter(|_| is_new);
                let answer = answers::subscription(status, base, &shown, secret.as_deref());
                let answer = answer.with(CACHE_CONTROL, "no-store");
                Ok(if is_new { answer.with(LOCATION, &format!("{base}/{name}")) } else { answer })
            }
            Method::DELETE => {
                site.runtime.delete_subscription(name, caller).await.map_err(problem)?;
                Ok(Response::new(StatusCode::NO_CONTENT, "", Vec::new()))
            }
            _ => other(request, ALLOW_ITEM),
        }
    }

    /// Reads the body of a `POST`; the answer to another method instead.
    async fn body<T: wishes::Body>(
        &self,
        payload: Payload,
    ) -> Result<Result<T, Response>, Problem> {
        if *self.request.method() != Method::POST {
            return other(self.request, ALLOW_POST).map(Err);
        }
        let body = read_body(&self.site.limits, self.request, payload).await?;
        wishes::read(&body).map(Ok)
    }

    async fn claim(&self, stopping: &Stopping, payload: Payload) -> Result<Response, Problem> {
        let wish = match self.body::<wishes::Claim>(payload).await? {
            Ok(wish) => wish,
            Err(answer) => return Ok(answer),
        };
        let Self { site, caller, name, .. } = self;
        let definition = site.runtime.subscription_definition(name, caller).map_err(problem)?;
        if definition.webhook.is_some() {
            let reason = "the events of this subscription are sent to its address";
            return Err(Problem::new(REJECTED, reason));
        }
        let id = ClaimId(random());
        let wait = Duration::from_millis(wish.wait_ms);
        let (events_max, lease_ms, consumer) = (wish.batch, wish.lease_ms, wish.consumer);
        let wish = Wish { id, events_max, lease_ms, consumer };
        // A consumer that waits does not keep the server from stopping.
        let claimed = tokio::select! {
            claimed = site.runtime.claim(name, wish, (wait, encoded), caller) => claimed,
            () = stopping() => Ok(Claimed::default()),
        };
        Ok(answers::claimed(id, &claimed.map_err(problem)?))
    }

    async fn acknowledge(&self, payload: Payload) -> Result<Response, Problem> {
        let body = match self.body::<wishes::Settle>(payload).await? {
            Ok(body) => body,
            Err(answer) => return Ok(answer),
        };
        let done = self.site.runtime.acknowledge(self.name, body.claim()?, self.caller).await;
        Ok(answers::acknowledged(done.map_err(problem)?))
    }

    async fn release(&self, payload: Payload) -> Result<Response, Problem> {
        let body = match self.body::<wishes::Release>(payload).await? {
            Ok(body) => body,
            Err(answer) => return Ok(answer),
        };
        let how = (Duration::from_millis(body.delay_ms), true);
        let (runtime, caller) = (&self.site.runtime, self.caller);
        let freed = runtime.release_events(self.name, body.claim()?, how, caller).await;
        Ok(answers::freed(&freed.map_err(problem)?))
    }

    async fn park(&self, payload: Payload) -> Result<Response, Problem> {
        let body = match self.body::<wishes::Park>(payload).await? {
            Ok(body) => body,
            Err(answer) => return Ok(answer),
        };
        let claim = body.claim()?;
        let parked = self.site.runtime.park_events(self.name, claim, body.reason, self.caller);
        Ok(answers::freed(&parked.await.map_err(problem)?))
    }

    async fn parked(&self) -> Result<Response, Problem> {
        if !matches!(*self.request.method(), Method::GET | Method::HEAD) {
            return other(self.request, ALLOW_LIST);
        }
        let (after, size) = wishes::page(self.request.uri().query().unwrap_or_default())?;
        let page = (after, size.min(SIZE_MAX));
        let parked = self.site.runtime.parked_events(self.name, page, encoded, self.caller);
        let parked = parked.await.map_err(problem)?;
        Ok(answers::parked(self.base, self.name, &parked, page.1))
    }

    async fn unpark(&self, is_replay: bool, payload: Payload) -> Result<Response, Problem> {
        let body = match self.body::<wishes::Unpark>(payload).await? {
            Ok(body) => body,
            Err(answer) => return Ok(answer),
        };
        let events = body.chosen()?;
        let (runtime, caller) = (&self.site.runtime, self.caller);
        let done = runtime.unpark_events(self.name, events, is_replay, caller).await;
        Ok(answers::unparked(is_replay, done.map_err(problem)?))
    }
}

/// The position in a token in a body.
fn position_of(token: &str) -> Result<u64, Problem> {
    position("events", token).map_err(|problem| Problem::new(INVALID, problem.detail))
}

/// The problem of a request about a subscription.
fn problem(error: SubscriptionError) -> Problem {
    let reason = error.to_string();
    match error {
        SubscriptionError::Unknown(_) => Problem::new(NOT_FOUND, reason),
        SubscriptionError::Invalid(_) => Problem::new(INVALID, reason),
        SubscriptionError::Differs(_) | SubscriptionError::TooMany(_) => {
            Problem::new(REJECTED, reason)
        }
        SubscriptionError::Refused(Refusal::LeaseLost) => Problem::new(LEASE_LOST, reason),
        SubscriptionError::Refused(
            Refusal::NotClaimed(at)
            | Refusal::OutOfOrder(at)
            | Refusal::NotParked(at)
            | Refusal::BehindParked(at),
        ) => Problem::new(REJECTED, format!("{}: {reason}", PositionToken(at))),
        SubscriptionError::Refused(
            Refusal::TooManyParked | Refusal::TooManyOpen | Refusal::TooManyClaims,
        ) => Problem::new(REJECTED, reason),
        SubscriptionError::Request(error) => error.into(),
    }
}
