//! What operators and curious clients ask for: health, quarantine, problems, the index.

use super::{name_in, read_only};
use crate::{
    actors::{Health, Status},
    domain::kernel::Method,
    http::{
        problem::{FAMILIES, Family, NOT_FOUND, Problem, not_allowed, unknown},
        request::{PathRest, Route, RouteTarget, Verb},
        response::Response,
        site::Site,
    },
};
use actix_web::http::StatusCode;
use serde_json::{Map, Value, json};

const RELEASE_ONLY: &str = "OPTIONS, POST";

/// Answers what is not about a resource or a view.
///
/// # Errors
/// When there is nothing at this path, or it does not take this method.
pub(in crate::http) fn answer(site: &Site, verb: Verb, path: &str) -> Result<Response, Problem> {
    if let Some(whom) = path.strip_prefix("/admin/quarantine/") {
        return release(site, verb, path, whom);
    }
    let read: Box<dyn Fn() -> Response> = match path {
        "/" => Box::new(|| index(site)),
        "/actuator/health" => Box::new(|| health(&site.runtime.health())),
        "/actuator/health/liveness" => Box::new(|| liveness(&site.runtime.blocked())),
        "/actuator/health/readiness" => Box::new(|| probe(readiness(&site.runtime.health()))),
        "/admin/quarantine" => Box::new(|| quarantine(site)),
        _ => {
            let name = path.strip_prefix("/problems/").ok_or_else(|| unknown(path))?;
            let family = FAMILIES.iter().find(|family| family.name == name);
            let family = family.ok_or_else(|| unknown(path))?;
            Box::new(|| problem_page(family))
        }
    };
    read_only(verb, || Ok(read()))
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

/// Requests are to be sent here as long as no part is down: what is only suspended or catching
/// up answers for itself.
fn readiness(health: &Health) -> Status {
    let down = health.parts.iter().any(|part| part.status == Status::Down);
    if down { Status::OutOfService } else { Status::Up }
}

/// What is only suspended does not make the whole unhealthy.
fn whole(health: &Health) -> Status {
    let is_down = health.parts.iter().any(|part| part.status == Status::Down);
    if is_down { Status::Down } else { Status::Up }
}

fn probe(status: Status) -> Response {
    as_json(status_code(status), &json!({ "status": status_name(status) }))
}

/// A loop that is blocked cannot be ended from inside, also when another one has taken its place,
/// and neither can a commit that hangs: only the end of the process frees what they hold.
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
            "because": entry.because,
            "command": entry.command,
            "position": entry.position,
            "crashes": entry.crashes,
            "since": entry.since_ms,
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
    let resource = match site.router.resolve(&format!("/{whom}")) {
        Ok(Route {
            thing: RouteTarget::Resource(resource), spot: PathRest::Item(number), ..
        }) => Some((resource, number)),
        _ => None,
    };
    let conversation = whom.rsplit_once('/');
    let conversation =
        conversation.and_then(|(at, number)| Some((at, number.parse::<u64>().ok()?)));
    if resource.is_none()
        && !conversation.is_some_and(|(at, _)| site.runtime.has_conversations_at(at))
    {
        return Err(unknown(path));
    }
    match verb {
        Verb::Say(Method::Post) => {}
        Verb::Options => return Ok(Response::options(RELEASE_ONLY)),
        _ => return Err(not_allowed("this method", RELEASE_ONLY.to_owned())),
    }
    let is_released = resource
        .is_some_and(|(resource, number)| site.runtime.release(resource, number))
        || conversation.is_some_and(|(at, number)| site.runtime.release_conversation(at, number));
    if !is_released {
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

fn index(site: &Site) -> Response {
    let mut links = Map::new();
    let mut add = |name: String, href: String| links.insert(name, json!({ "href": href }));
    add("self".into(), "/".into());
    for resource in site.runtime.resources() {
        let name = format!("{}/{}", resource.business, resource.name);
        add(name.clone(), format!("/{name}"));
    }
    for view in site.runtime.views() {
        let name = format!("{}/{}", view.business, view.name);
        add(name.clone(), format!("/{name}"));
    }
    for name in
        ["actuator/health", "admin/components", "admin/gates", "admin/log", "admin/quarantine"]
    {
        add(name.into(), format!("/{name}"));
    }
    let body = json!({ "_links": links });
    Response::new(StatusCode::OK, "application/hal+json", body.to_string().into_bytes())
}
