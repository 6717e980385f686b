//! Admin requests for components: list, show, suspend, resume and restart.

use super::{name_in, read_only};
use crate::{
    actors::ComponentInfo,
    domain::kernel::{Method, Timestamp},
    http::{request::Verb, response::Response, site::Site},
    inbound::problem::{NOT_FOUND, Problem, not_allowed, unknown},
};
use actix_web::http::StatusCode;
use serde_json::{Map, Value, json};

/// The path of the list of components.
pub(in crate::http) const COMPONENTS: &str = "/admin/components";

const SAY_ONLY: &str = "OPTIONS, POST";

/// The operations on a component.
#[derive(Clone, Copy)]
enum ComponentAction {
    Suspend,
    Resume,
    Restart,
}

/// The operations by the last segment of the path.
const ACTIONS: [(&str, ComponentAction); 3] = [
    ("/suspend", ComponentAction::Suspend),
    ("/resume", ComponentAction::Resume),
    ("/restart", ComponentAction::Restart),
];

/// Handles requests at [`COMPONENTS`] and below. The name of a component contains a slash.
///
/// # Errors
/// When there is no such component, the method is not allowed, or the journal accepts no record.
pub(in crate::http) async fn answer(
    site: &Site,
    verb: Verb,
    path: &str,
) -> Result<Response, Problem> {
    let below = path.strip_prefix(COMPONENTS).ok_or_else(|| unknown(path))?;
    let name = match below.trim_end_matches('/').strip_prefix('/') {
        None if below.trim_end_matches('/').is_empty() => {
            return read_only(verb, || Ok(list(site)));
        }
        None => return Err(unknown(path)),
        Some(name) => &*name_in(name)?,
    };
    if let Some(component) = site.runtime.component(name) {
        return read_only(verb, || Ok(shown(StatusCode::OK, &json_of(&component))));
    }
    let action = ACTIONS.iter().find_map(|(end, action)| Some((name.strip_suffix(end)?, *action)));
    let Some((name, action)) = action else { return Err(no_such(name)) };
    match verb {
        Verb::Submit(Method::Post) => {}
        Verb::Options => return Ok(Response::options(SAY_ONLY)),
        _ => return Err(not_allowed("this method", SAY_ONLY.to_owned())),
    }
    let component = match action {
        ComponentAction::Suspend => site.runtime.set_suspended(name, true).await?,
        ComponentAction::Resume => site.runtime.set_suspended(name, false).await?,
        ComponentAction::Restart => site.runtime.restart_component(name).await?,
    };
    let component = component.ok_or_else(|| no_such(name))?;
    Ok(shown(StatusCode::OK, &json_of(&component)))
}

fn no_such(name: &str) -> Problem {
    let reason = format!("there is no component {name}; {COMPONENTS} lists all components");
    Problem::new(NOT_FOUND, reason)
}

fn list(site: &Site) -> Response {
    let components: Vec<_> = site.runtime.components().iter().map(json_of).collect();
    let links = json!({ "self": { "href": COMPONENTS } });
    shown(StatusCode::OK, &json!({ "_embedded": { "components": components }, "_links": links }))
}

fn json_of(component: &ComponentInfo) -> Value {
    let href = format!("{COMPONENTS}/{}", component.name);
    let (state, action) =
        if component.is_suspended { ("SUSPENDED", "resume") } else { ("RUNNING", "suspend") };
    let figures: Map<_, _> = component
        .figures
        .iter()
        .map(|(name, figure)| ((*name).to_owned(), json!(figure)))
        .collect();
    json!({
        "name": component.name,
        "kinds": component.parts,
        "state": state,
        "since": component.since_ms.map(Timestamp),
        "waiting": figures,
        "_links": {
            "self": { "href": href },
            action: { "href": format!("{href}/{action}"), "method": "POST" },
            "restart": { "href": format!("{href}/restart"), "method": "POST" },
        },
    })
}

fn shown(status: StatusCode, value: &Value) -> Response {
    Response::new(status, "application/hal+json", value.to_string().into_bytes())
}
