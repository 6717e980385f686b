//! The indexes: links to everything that the server serves, and what one business has.

use crate::{
    actors::{ResourceInfo, Runtime, ViewInfo},
    domain::kernel::Place,
    http::response::hal,
};
use serde_json::{Map, Value, json};

/// The path of the feed of events.
pub const EVENTS: &str = "/events";

/// The paths of operators.
pub const OPERATORS: [&str; 5] =
    ["actuator/health", "admin/components", "admin/gates", "admin/log", "admin/quarantine"];

/// The index as a HAL object, encoded. It never changes, so a worker makes it once.
#[must_use]
pub fn index(runtime: &Runtime) -> Vec<u8> {
    let resources = runtime.resources().iter().map(|known| (known.business, known.name));
    let views = runtime.views().iter().map(|known| (known.business, known.name));
    let names = resources.chain(views).map(|(business, name)| format!("{business}/{name}"));
    let link = |name: String| {
        let href = format!("/{name}");
        (name, json!({ "href": href }))
    };
    let businesses = businesses(runtime).into_iter().map(str::to_owned);
    let all = businesses.chain(names).chain(OPERATORS.map(str::to_owned));
    let mut links: Map<_, _> = all.map(link).collect();
    links.insert("events".into(), json!({ "href": EVENTS }));
    links.insert("self".into(), json!({ "href": "/" }));
    json!({ "_links": links }).to_string().into_bytes()
}

/// The names of the businesses in the order in which they were installed.
#[must_use]
pub fn businesses(runtime: &Runtime) -> Vec<&'static str> {
    let mut names = Vec::new();
    let resources = runtime.resources().iter().map(|of| of.business);
    for name in resources.chain(runtime.views().iter().map(|of| of.business)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// What a business has, as a HAL object: its aggregates with their commands, its views with their
/// searchable fields, its conversations and its events.
#[must_use]
pub fn business(runtime: &Runtime, business: &str) -> Vec<u8> {
    let resources = || runtime.resources().iter().filter(|of| of.business == business);
    let views = || runtime.views().iter().filter(|of| of.business == business);
    let mut links = Map::new();
    let mut link = |name: &str, href: String| links.insert(name.to_owned(), json!({"href": href}));
    link("self", format!("/{business}"));
    link("index", "/".to_owned());
    link("events", format!("{EVENTS}?business={business}"));
    // The relations of RFC 8631.
    link("service-desc", format!("/{business}/openapi.json"));
    link("service-doc", "/docs".to_owned());
    for name in resources().map(|of| of.name).chain(views().map(|of| of.name)) {
        link(name, format!("/{business}/{name}"));
    }
    let conversation = format!("/{business}/conversations/{{number}}");
    links.insert("conversation".into(), json!({ "href": conversation, "templated": true }));
    let shown = json!({
        "business": business,
        "resources": resources().map(resource).collect::<Vec<_>>(),
        "views": views().map(view).collect::<Vec<_>>(),
        "_links": links,
    });
    shown.to_string().into_bytes()
}

fn resource(info: &ResourceInfo) -> Value {
    let base = format!("/{}/{}", info.business, info.name);
    let commands = info.command_routes.iter().map(|command| {
        let path = match command.place {
            Place::Collection => base.clone(),
            Place::Item => format!("{base}/{{number}}"),
            Place::Action => format!("{base}/{{number}}/{}", command.name),
        };
        let method = command.method.name();
        json!({ "name": command.name, "method": method, "path": path })
    });
    let commands = commands.collect::<Vec<_>>();
    let links = json!({ "self": { "href": base } });
    json!({ "name": info.name, "commands": commands, "_links": links })
}

fn view(info: &ViewInfo) -> Value {
    let base = format!("/{}/{}", info.business, info.name);
    let links = json!({
        "self": { "href": base },
        "search": { "href": format!("{base}/search") },
    });
    json!({ "name": info.name, "fields": hal::search_fields(info.fields), "_links": links })
}
