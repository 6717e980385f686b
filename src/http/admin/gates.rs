//! Admin requests for gates: list, show, and change settings while a gate is in use, until the next
//! start or for every start.

use super::{name_in, read_only};
use crate::{
    actors::{Caller, GateInfo, PersistedSettings},
    domain::kernel::{Method, Timestamp},
    http::{
        request::{Verb, read_body},
        response::Response,
        site::Site,
    },
    inbound::{
        escape::short,
        problem::{MALFORMED, NOT_FOUND, Problem, SYNTAX, not_allowed, unknown},
    },
};
use actix_http::{Method as HttpMethod, Payload, Request, StatusCode};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The path of the list of gates.
pub(in crate::http) const GATES: &str = "/admin/gates";

const READ_AND_SET: &str = "OPTIONS, GET, HEAD, PUT, DELETE";

/// Handles requests at [`GATES`] and below. The name of a gate contains a slash.
///
/// # Errors
/// When there is no such gate, the method is not allowed, or a setting is invalid.
pub(in crate::http) async fn answer(
    site: &Site,
    verb: Verb,
    (request, caller): (&Request, &Caller),
    payload: Payload,
) -> Result<Response, Problem> {
    let path = request.path();
    let below = path.strip_prefix(GATES).ok_or_else(|| unknown(path))?.trim_end_matches('/');
    let Some(name) = below.strip_prefix('/') else {
        return if below.is_empty() {
            read_only(verb, || Ok(list(site)))
        } else {
            Err(unknown(path))
        };
    };
    let name = &*name_in(name)?;
    if request.method() == HttpMethod::DELETE {
        let forgotten = site.runtime.forget_gate(name, caller).await?;
        return forgotten
            .map(|()| Response::new(StatusCode::NO_CONTENT, "", Vec::new()))
            .ok_or_else(|| no_such(name));
    }
    let gate = site.runtime.gates().info(name).ok_or_else(|| no_such(name))?;
    match verb {
        Verb::Read => Ok(shown(&json_of(&gate))),
        Verb::Submit(Method::Put) => {
            let persists = persists(request.uri().query().unwrap_or_default())?;
            let body = read_body(&site.limits, request, payload).await?;
            set(site, name, &body, (caller, persists)).await
        }
        Verb::Options => Ok(Response::options(READ_AND_SET)),
        _ => Err(not_allowed("this method", READ_AND_SET.to_owned())),
    }
}

/// Whether the settings hold for every start.
fn persists(query: &str) -> Result<bool, Problem> {
    match query {
        "" | "persist=false" => Ok(false),
        "persist=true" => Ok(true),
        other => {
            let reason = "is not possible here; there is persist, which is true or false";
            Err(Problem::bad_query(format!("`{}` {reason}", short(other))))
        }
    }
}

/// Sets a gate as this operator: for every start, or until the next one.
async fn set(
    site: &Site,
    name: &str,
    body: &[u8],
    (operator, persists): (&Caller, bool),
) -> Result<Response, Problem> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| Problem::new(SYNTAX, format!("the body is not valid json: {error}")))?;
    let malformed = |reason: String| Problem::new(MALFORMED, reason);
    let Value::Object(changes) = body else {
        return Err(malformed("the body must be an object of settings".to_owned()));
    };
    let runtime = &site.runtime;
    let (set, hold) = if persists {
        (runtime.persist_gate(name, changes, operator).await?, "for every start")
    } else {
        let set = runtime.set_gate(name, &changes, operator).map_err(malformed)?;
        (set, "until the next start")
    };
    set.ok_or_else(|| no_such(name))?;
    let gate = runtime.gates().info(name).ok_or_else(|| no_such(name))?;
    let mut value = json_of(&gate);
    value["settingsHold"] = json!(hold);
    Ok(shown(&value))
}

fn no_such(name: &str) -> Problem {
    Problem::new(NOT_FOUND, format!("there is no gate {name}; {GATES} lists all gates"))
}

fn list(site: &Site) -> Response {
    let gates: Vec<_> = site.runtime.gates().infos().iter().map(json_of).collect();
    let links = json!({ "self": { "href": GATES } });
    shown(&json!({ "_embedded": { "gates": gates }, "_links": links }))
}

fn json_of(gate: &GateInfo) -> Value {
    let href = format!("{GATES}/{}", gate.name);
    let rejected: Map<_, _> =
        gate.rejected.iter().map(|(why, count)| ((*why).to_owned(), json!(count))).collect();
    json!({
        "name": &*gate.name,
        "guards": gate.guards,
        "state": gate.state,
        "since": Timestamp(gate.since_ms),
        "reason": gate.reason,
        "window": { "calls": gate.calls, "failures": gate.failures, "slow": gate.slow },
        "queue": {
            "urgent": gate.waiting_urgent,
            "background": gate.waiting_background,
            "overloaded": gate.is_overloaded,
            "longestMs": ms(gate.wait_longest),
            "p50Ms": ms(gate.wait_p50),
            "p99Ms": ms(gate.wait_p99),
        },
        "limit": gate.limit,
        "underWay": gate.under_way,
        "letThrough": gate.let_through,
        "timedOut": gate.timed_out,
        "rejected": rejected,
        "broken": gate.broken,
        "settings": gate.settings,
        "persisted": gate.persisted.as_ref().map(persisted),
        "_links": {
            "self": { "href": href },
            "set": { "href": href, "method": "PUT" },
            "persist": { "href": format!("{href}?persist=true"), "method": "PUT" },
            "forget": { "href": href, "method": "DELETE" },
        },
    })
}

/// What is persisted, by whom and when, and why it is not in force.
fn persisted(persisted: &PersistedSettings) -> Value {
    let PersistedSettings { keys, by, at_ms, problem } = persisted;
    json!({ "settings": keys, "by": by, "at": Timestamp(*at_ms), "problem": problem })
}

/// A duration in milliseconds with three decimal places.
#[allow(clippy::cast_precision_loss)] // no wait has 2^52 microseconds
fn ms(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e3
}

fn shown(value: &Value) -> Response {
    Response::new(StatusCode::OK, "application/hal+json", value.to_string().into_bytes())
}
