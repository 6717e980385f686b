//! The index: links to everything that the server serves.

use crate::actors::Runtime;
use serde_json::{Map, json};

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
    let mut links: Map<_, _> = names.chain(OPERATORS.map(str::to_owned)).map(link).collect();
    links.insert("self".into(), json!({ "href": "/" }));
    json!({ "_links": links }).to_string().into_bytes()
}
