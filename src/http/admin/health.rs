//! Requests that address no resource or view: health, quarantine, problem pages, the index.

use super::{name_in, read_only};
use crate::{
    actors::{Health, ResourceInfo, Runtime, Status},
    domain::kernel::{Method, Timestamp},
    http::{
        request::{PathRest, Route, RouteTarget, Verb},
        response::Response,
        site::Site,
    },
    inbound::{
        escape::short,
        position_token::PositionToken,
        problem::{FAMILIES, Family, NOT_FOUND, Problem, not_allowed, unknown},
    },
};
use actix_web::http::StatusCode;
use serde_json::{Map, Value, json};

/// The paths of the probes.
const LIVENESS: &str = "/actuator/health/liveness";
const READINESS: &str = "/actuator/health/readiness";

const HAL: &str = "application/hal+json";
const RELEASE_ONLY: &str = "OPTIONS, POST";

/// Handles requests that address no resource or view.
///
/// # Errors
/// When the path is unknown, or the method is not allowed.
pub(in crate::http) fn answer(site: &Site, verb: Verb, path: &str) -> Result<Response, Problem> {
    if let Some(whom) = path.strip_prefix("/admin/quarantine/") {
        return release(site, verb, path, whom);
    }
    let read: Box<dyn Fn() -> Response> = match path {
        "/" => Box::new(|| Response::new(StatusCode::OK, HAL, site.index.clone())),
        "/actuator/health" => Box::new(|| health(&site.runtime.health())),
        "/admin/quarantine" => Box::new(|| quarantine(site)),
        _ if is_probe(path) => Box::new(|| probed(path, &site.runtime)),
        _ => {
            let name = path.strip_prefix("/problems/").ok_or_else(|| unknown(path))?;
            let family = FAMILIES.iter().find(|family| family.name == name);
            let none = || Problem::new(NOT_FOUND, format!("there is no problem {}", short(name)));
            let family = family.ok_or_else(none)?;
            Box::new(|| problem_page(family))
        }
    };
    read_only(verb, || Ok(read()))
}

/// Whether this is the path of a probe.
pub(in crate::http) fn is_probe(path: &str) -> bool {
    [LIVENESS, READINESS].contains(&path)
}

/// The answer of the probe at this path.
pub(in crate::http) fn probed(path: &str, runtime: &Runtime) -> Response {
    match path {
        LIVENESS => liveness(&runtime.blocked()),
        _ => probe(readiness(&runtime.health())),
    }
}

fn as_json(status: StatusCode, value: &Value) -> Response {
    Response::new(status, "application/json", value.to_string().into_bytes())
}

fn status_name(status: Status) -> &'static str {
    match status {
        Status::Up => "UP",
        Status::Down => "DOWN",
        Status::OutOfService => "OUT_OF_SERVICE",
    }
}

fn status_code(status: Status) -> StatusCode {
    match status {
        Status::Up => StatusCode::OK,
        Status::Down | Status::OutOfService => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// The readiness of the process: it takes requests while no part is down. A part that is suspended
/// or catching up replies with its own problem.
fn readiness(health: &Health) -> Status {
    let down = health.parts.iter().any(|part| part.status == Status::Down);
    if down { Status::OutOfService } else { Status::Up }
}

/// The health of the process: down when a part is down. A suspended part does not count.
fn whole(health: &Health) -> Status {
    let is_down = health.parts.iter().any(|part| part.status == Status::Down);
    if is_down { Status::Down } else { Status::Up }
}

fn probe(status: Status) -> Response {
    as_json(status_code(status), &json!({ "status": status_name(status) }))
}

/// The liveness reply: down while an event loop or a commit is blocked. A blocked event loop cannot
/// be ended from inside, even when it was replaced, and neither can a hanging commit. Only the end
/// of the process frees their resources.
fn liveness(blocked: &[String]) -> Response {
    if blocked.is_empty() {
        return probe(Status::Up);
    }
    let body = json!({ "status": status_name(Status::Down), "blocked": blocked });
    as_json(status_code(Status::Down), &body)
}

fn health(health: &Health) -> Response {
    let status = whole(health);
    let part = |part: &crate::actors::Part| {
        let details: Map<_, _> =
            part.details.iter().map(|(name, value)| ((*name).into(), json!(value))).collect();
        (part.name.clone(), json!({ "status": status_name(part.status), "details": details }))
    };
    let components: Map<_, _> = health.parts.iter().map(part).collect();
    let body = json!({ "status": status_name(status), "components": components });
    as_json(status_code(status), &body)
}

fn quarantine(site: &Site) -> Response {
    let entry = |entry: crate::actors::QuarantineEntry| {
        let href = format!("/admin/quarantine/{}/{}/release", entry.resource, entry.number);
        json!({
            "resource": entry.resource,
            "number": entry.number,
            "reason": entry.reason,
            "command": entry.command,
            "position": entry.position.map(|position| PositionToken(position).to_string()),
            "crashes": entry.crashes,
            "since": Timestamp(entry.since_ms),
            "_links": { "release": { "href": href, "method": "POST" } },
        })
    };
    let entries: Vec<_> = site.runtime.quarantine().into_iter().map(entry).collect();
    let body = json!({
        "_embedded": { "quarantine": entries },
        "_links": { "self": { "href": "/admin/quarantine" } },
    });
    as_json(StatusCode::OK, &body)
}

fn release(site: &Site, verb: Verb, path: &str, whom: &str) -> Result<Response, Problem> {
    let whom = name_in(whom)?;
    let whom = whom.strip_suffix("/release").ok_or_else(|| unknown(path))?;
    let (name, number) = whom.rsplit_once('/').ok_or_else(|| unknown(path))?;
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    let number = number.parse().ok().filter(|_| is_number).ok_or_else(|| unknown(path))?;
    // A resource is known under its aliases, too.
    let name = match site.router.resolve(&format!("/{whom}")) {
        _ if site.runtime.can_release(name) => name.to_owned(),
        Ok(Route { target: RouteTarget::Resource(resource), rest: PathRest::Item(_), .. }) => {
            let ResourceInfo { business, name, .. } = &site.runtime.resources()[resource];
            format!("{business}/{name}")
        }
        _ => name.to_owned(),
    };
    if !site.runtime.can_release(&name) {
        let reason = format!("{name} is nothing that can be in quarantine");
        return Err(Problem::new(NOT_FOUND, reason));
    }
    match verb {
        Verb::Submit(Method::Post) => {}
        Verb::Options => return Ok(Response::options(RELEASE_ONLY)),
        _ => return Err(not_allowed("this method", RELEASE_ONLY.to_owned())),
    }
    if !site.runtime.release(&name, number) {
        return Err(Problem::new(NOT_FOUND, format!("{whom} is not in quarantine")));
    }
    Ok(as_json(StatusCode::OK, &json!({ "released": whom })))
}

fn problem_page(family: &Family) -> Response {
    let Family { name, status, title, meaning } = family;
    let uri = format!("/problems/{name}");
    let body = json!({ "type": uri, "title": title, "status": status, "meaning": meaning });
    as_json(StatusCode::OK, &body)
}
