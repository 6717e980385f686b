//! The operations of operators: components, gates, the quarantine, backups, figures.

use super::{Paths, operation::Operation};
use serde_json::{Value, json};

/// The paths of operators: the method, the path, the identifier and the summary of each.
const ADMIN: [(&str, &str, &str, &str); 10] = [
    ("get", "/admin/components", "components", "List the components"),
    ("get", "/admin/components/{name}", "component", "Show a component"),
    ("post", "/admin/components/{name}/suspend", "suspend", "Suspend a component"),
    ("post", "/admin/components/{name}/resume", "resume", "Resume a component"),
    ("post", "/admin/components/{name}/restart", "restart", "Restart a component"),
    ("get", "/admin/gates", "gates", "List the gates"),
    ("get", "/admin/gates/{name}", "gate", "Show a gate"),
    ("get", "/admin/log", "log", "Show the log of operations"),
    ("get", "/admin/quarantine", "quarantine", "List what is in quarantine"),
    ("post", "/admin/quarantine/{name}/{number}/release", "release", "Release one from quarantine"),
];

/// Adds the paths of operators.
pub(super) fn describe(paths: &mut Paths) {
    let name = name();
    for (method, path, id, summary) in ADMIN {
        let shown = if id == "gate" { gate() } else { object() };
        let mut operation = Operation::new("admin", &format!("admin_{id}"), summary)
            .answers(200, "The present state.", &shown, &[])
            .secured(false);
        if path.contains("{name}") {
            operation =
                operation.path("name", "The name, such as `taxi/orders`.", &name).refused(&[404]);
        }
        if path.contains("{number}") {
            operation = operation.parameter("Number");
        }
        if id == "log" {
            operation = operation.parameter("Page").parameter("Size");
        }
        operation.put(paths, method, path);
    }
    gates(paths);
    backup(paths);
    let text = json!({ "schema": { "type": "string" } });
    Operation::new("admin", "metrics", "Scrape the figures of the server")
        .answers_as(
            200,
            "The figures in a text format of Prometheus.",
            &json!({ "text/plain": text, "application/openmetrics-text": text }),
            &[],
        )
        .secured(false)
        .put(paths, "get", "/metrics");
    erasures(paths);
    Operation::new("admin", "admin_inject_fault", "Inject a fault, for drills")
        .body(&object(), &[])
        .answers(200, "What was done.", &object(), &[])
        .secured(false)
        .put(paths, "post", "/admin/faults");
}

/// Adds the erasure of a person.
fn erasures(paths: &mut Paths) {
    let numbers = json!({
        "type": "object",
        "additionalProperties": { "type": "array", "items": { "type": "integer" } },
        "description": "The numbers by business.",
    });
    let done = json!({
        "type": "object",
        "properties": {
            "numbers": numbers, "erasedBefore": numbers, "shared": numbers,
            "recordsInClear": { "type": "integer", "minimum": 0 },
        },
        "required": ["numbers", "erasedBefore", "shared", "recordsInClear"],
    });
    let body = json!({
        "type": "object",
        "properties": {
            "customer": {
                "type": "string", "minLength": 1, "description": "The subject of a customer.",
            },
            "number": { "type": "string", "description": "A number of a business: `taxi/17`." },
            "dryRun": { "type": "boolean", "default": false },
        },
        "additionalProperties": false,
    });
    Operation::new("admin", "admin_erase", "Erase a person")
        .with("description", json!(
            "Destroys the keys with which the personal texts of a customer, or of one number, are \
             encrypted. It cannot be undone. With `dryRun` it only says what it would destroy."
        ))
        .body(&body, &[json!({ "number": "taxi/17", "dryRun": true })])
        .answers(200, "What was destroyed, and what could not be.", &done, &[])
        .secured(false)
        .put(paths, "post", "/admin/erasures");
}

fn object() -> Value {
    json!({ "type": "object" })
}

fn name() -> Value {
    json!({ "type": "string", "description": "The slash of a name is written as `%2F`." })
}

/// A gate as it is shown. Its further figures are for people.
fn gate() -> Value {
    let text = json!({ "type": "string" });
    let time = json!({ "type": "string", "format": "date-time" });
    json!({
        "type": "object",
        "properties": {
            "name": text, "guards": { "enum": ["port", "step", "admission"] },
            "state": { "enum": ["closed", "open", "half-open"] },
            "since": time, "reason": text,
            "settings": { "type": "object", "description": "The settings in force." },
            "persisted": {
                "type": ["object", "null"],
                "description": "What was set with `persist=true`. It is in force at every start.",
                "properties": {
                    "settings": {
                        "type": "object",
                        "description": "The keys. A null stands for the default.",
                    },
                    "by": {
                        "type": ["string", "null"],
                        "description": "The subject of the operator who set them last, with \
                                        identity.",
                    },
                    "at": time,
                    "problem": {
                        "type": ["string", "null"],
                        "description": "Why they are not in force: they do not fit the \
                                        configuration.",
                    },
                },
                "required": ["settings", "by", "at", "problem"],
            },
            "settingsHold": {
                "enum": ["until the next start", "for every start"],
                "description": "How long a change holds, in the answer to it.",
            },
        },
        "required": ["name", "guards", "state", "since", "reason", "settings", "persisted"],
    })
}

/// Adds the changes of gates.
fn gates(paths: &mut Paths) {
    let path = "/admin/gates/{name}";
    let persist = json!({ "type": "boolean", "default": false });
    Operation::new("admin", "admin_set_gate", "Change the settings of a gate")
        .with("description", json!(
            "Changes these keys; null resets one to its default. With `persist=true` the change is \
             durable, and takes precedence over the configuration at every start."
        ))
        .path("name", "The name of the gate.", &name())
        .query("persist", "Whether the change holds for every start.", &persist)
        .body(&object(), &[json!({ "rate_per_s": 100 })])
        .answers(200, "The gate with its new settings.", &gate(), &[])
        .refused(&[404, 507])
        .secured(false)
        .put(paths, "put", path);
    Operation::new("admin", "admin_forget_gate", "Reset a gate to its configured settings")
        .with("description", json!(
            "Forgets what was set with `PUT`, persisted or not. A gate that does not exist now can \
             have persisted settings, too: that of a deleted webhook."
        ))
        .path("name", "The name of the gate.", &name())
        .answers_nothing(204, "The gate has its configured settings.")
        .refused(&[404, 507])
        .secured(false)
        .put(paths, "delete", path);
}

/// Adds the pages of a backup.
fn backup(paths: &mut Paths) {
    let part = json!({ "enum": ["state", "records", "answers"] });
    let after = json!({ "type": "string", "pattern": "^[0-9a-f]+$" });
    let to = json!({ "type": "integer", "minimum": 0 });
    let page = json!({
        "application/octet-stream": { "schema": { "type": "string", "format": "binary" } },
    });
    Operation::new("admin", "admin_backup", "Read a page of a backup")
        .with("description", json!(
            "For `madang backup` of the same version, which reads `part=state`, then the pages of \
             `part=records&after=A&to=T` and of `part=answers&after=H`, with the parameters in this \
             order. A page has the stored bytes with personal data; its form is that of the files of \
             a backup, and changes with the version."
        ))
        .query("part", "The part of the journal.", &part)
        .query("after", "The last position of the page before; the hash of its last key, in hexadecimal \
                         digits, for `answers`, and nothing for its first page.", &after)
        .query("to", "The last position, for `records`.", &to)
        .answers_as(200, "The page. It must not be stored by caches.", &page, &[])
        .secured(false)
        .put(paths, "get", "/admin/backup");
}
