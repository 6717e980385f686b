//! Subscriptions, claims and parked events as JSON.

use crate::{
    actors::{
        Acknowledged, ClaimId, Claimed, EventFilter, Freed, ParkedEvent, Start, SubscriptionInfo,
    },
    domain::kernel::Timestamp,
    http::response::Response,
    inbound::{position_token::PositionToken, problem::json},
};
use actix_web::http::{StatusCode, header::CACHE_CONTROL};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

const JSON: &str = "application/json";

/// All subscriptions.
pub fn list(base: &str, all: &[SubscriptionInfo]) -> Response {
    let shown: Vec<Value> = all.iter().map(|it| subscription_value(base, it)).collect();
    let body = json!({ "subscriptions": shown, "_links": { "self": { "href": base } } });
    answer(StatusCode::OK, body.to_string())
}

/// One subscription. A secret that was made here is shown with its creation.
pub fn subscription(
    status: StatusCode,
    base: &str,
    shown: &SubscriptionInfo,
    secret: Option<&str>,
) -> Response {
    let mut body = subscription_value(base, shown);
    if let Some(secret) = secret {
        body["secret"] = json!(secret);
    }
    answer(status, body.to_string())
}

fn subscription_value(base: &str, shown: &SubscriptionInfo) -> Value {
    let SubscriptionInfo { definition, figures, lag } = shown;
    let consumers = figures.claims.iter().map(|(consumer, events, until_ms)| {
        json!({ "name": consumer, "events": events, "until": time(*until_ms) })
    });
    let href = format!("{base}/{}", definition.name);
    let link = |to: &str| json!({ "href": format!("{href}{to}") });
    let mut links = json!({ "self": link(""), "parked": link("/parked") });
    if definition.webhook.is_none() {
        links["claim"] = link("/claim");
    }
    let mut body = json!({
        "name": definition.name,
        "filter": filter_value(&definition.filter),
        "start": start(definition.start),
        "created": definition.created.to_rfc3339(),
        "position": token(figures.position),
        "lag": { "events": lag.events, "isExact": lag.is_exact, "records": lag.records },
        "waiting": figures.waiting,
        "claimed": figures.claimed,
        "parked": figures.parked,
        "consumers": consumers.collect::<Vec<_>>(),
        "_links": links,
    });
    if let Some(attempts) = definition.attempts_max {
        body["attemptsMax"] = json!(attempts);
    }
    if let Some(webhook) = &definition.webhook {
        body["url"] = json!(webhook.url);
    }
    if let Some(owner) = &definition.owner {
        body["owner"] = json!(owner.subject);
    }
    body
}

fn filter_value(filter: &EventFilter) -> Value {
    let mut shown = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        shown.extend(value.map(|value| (name.to_owned(), value)));
    };
    put("business", filter.business.as_ref().map(|it| json!(it)));
    put("aggregate", filter.aggregate.as_ref().map(|it| json!(it)));
    put("number", filter.number.map(|it| json!(it)));
    put("type", Some(json!(filter.types)).filter(|_| !filter.types.is_empty()));
    put("correlation", filter.correlation.map(|it| json!(it)));
    Value::Object(shown)
}

fn start(start: Start) -> String {
    match start {
        Start::Beginning => "beginning".to_owned(),
        Start::Now => "now".to_owned(),
        Start::After(position) => token(position),
    }
}

/// The events of a claim.
pub fn claimed(id: ClaimId, claimed: &Claimed) -> Response {
    if claimed.events.is_empty() {
        return answer(StatusCode::OK, r#"{"events":[]}"#.to_owned());
    }
    let bytes: usize = claimed.events.iter().map(|event| event.shown.len() + 1).sum();
    let mut body = String::with_capacity(bytes + 256);
    let until = time(claimed.until_ms);
    let _ = write!(body, r#"{{"lease":"{:016x}","until":"{until}","events":["#, id.0);
    for (nth, event) in claimed.events.iter().enumerate() {
        if nth > 0 {
            body.push(',');
        }
        body.push_str(&event.shown);
    }
    body.push(']');
    let again = claimed.events.iter().filter(|event| event.attempts > 1);
    let again: Map<_, _> =
        again.map(|event| (token(event.position), json!(event.attempts))).collect();
    if !again.is_empty() {
        let _ = write!(body, r#","attempts":{}"#, Value::Object(again));
    }
    body.push('}');
    answer(StatusCode::OK, body)
}

/// What an acknowledgement did.
pub fn acknowledged(done: Acknowledged) -> Response {
    let body = json!({ "acknowledged": done.events, "acknowledgedBefore": done.before });
    answer(StatusCode::OK, body.to_string())
}

/// The events that a consumer no longer has.
pub fn freed(freed: &Freed) -> Response {
    let tokens = |events: &[u64]| events.iter().map(|it| token(*it)).collect::<Vec<_>>();
    let body = json!({ "released": tokens(&freed.released), "parked": tokens(&freed.parked) });
    answer(StatusCode::OK, body.to_string())
}

/// A page of parked events.
pub fn parked(
    base: &str,
    name: &str,
    parked: &[(u64, ParkedEvent, Option<String>)],
    size: usize,
) -> Response {
    let shown = parked.iter().map(|(position, parked, event)| {
        let ParkedEvent { attempts, reason, .. } = parked;
        let (id, reason, event) =
            (token(*position), json(reason), event.as_deref().unwrap_or("null"));
        format!(r#"{{"id":"{id}","attempts":{attempts},"reason":{reason},"event":{event}}}"#)
    });
    let list = shown.collect::<Vec<_>>().join(",");
    let href = format!("{base}/{name}/parked");
    let mut links = json!({
        "self": { "href": href },
        "replay": { "href": format!("{href}/replay"), "method": "POST" },
        "drop": { "href": format!("{href}/drop"), "method": "POST" },
    });
    if let Some((last, ..)) = parked.last().filter(|_| parked.len() == size) {
        links["next"] = json!({ "href": format!("{href}?after={}&size={size}", token(*last)) });
    }
    answer(StatusCode::OK, format!(r#"{{"parked":[{list}],"_links":{links}}}"#))
}

/// How many parked events were replayed or dropped.
pub fn unparked(is_replay: bool, events: usize) -> Response {
    let name = if is_replay { "replayed" } else { "dropped" };
    answer(StatusCode::OK, json!({ name: events }).to_string())
}

fn answer(status: StatusCode, body: String) -> Response {
    Response::new(status, JSON, body.into_bytes()).with(CACHE_CONTROL, "no-store")
}

fn token(position: u64) -> String {
    PositionToken(position).to_string()
}

fn time(ms: u64) -> String {
    Timestamp(ms).to_rfc3339()
}
