//! The page of the documentation with all settings, `docs/configuration.md`.

use super::{
    keys::{EACH_GATE, EACH_PORT, Key, Keys, Section},
    shown::toml,
};
use serde_json::Value;

const INTRODUCTION: &str = "\
# Configuration

<!-- `madang config doc` writes this page from the declarations of the settings. -->

Settings come from defaults, the TOML file of `--config`, `MADANG_…` variables (nested with `__`, such as `MADANG_HTTP__WAIT_MAX_MS`), and flags; later sources override earlier ones. An unknown key or a bad value is an error that names the key and its place. A variable that begins with `MADANG_` and is not a setting is also an error. 
The server reads its settings again on SIGHUP (`systemctl reload madang`), and when the file of `--config` changes. Keys marked \"live\" take effect then; the log names the changed keys that need a restart. When anything is wrong, nothing changes, and the log names each error. A gate whose section has changed loses what was set over HTTP; the other gates keep it.

```sh
madang config --config FILE          # the effective settings, each with its place; secrets are hidden
madang config check FILE             # every error with its key and place; exit code 1 when there is one
```

A list in a variable is written as in TOML: `MADANG_HTTP__HOSTS='[\"madang.example\"]'`.
";

/// What a section is for, by its name.
const SECTIONS: &[(&str, &str)] = &[
    ("", "Above all sections:"),
    ("identity", "Bearer tokens, and who may send what ([identity.md](identity.md)):"),
    ("tls", "Without this section, the server speaks plain HTTP:"),
    ("grpc", "The same requests over gRPC ([grpc.md](grpc.md)):"),
    (
        "metrics",
        "The figures of the server for Prometheus ([operations.md](operations.md#metrics)):",
    ),
    ("traces", "Spans for a collector of OpenTelemetry ([operations.md](operations.md#traces)):"),
    (
        EACH_PORT,
        "How an outside service is called ([ports.md](ports.md)). Each business has its `payment` (claims `review-desk`), phone also `reward-bank`, taxi also `sms`:",
    ),
    (
        EACH_GATE,
        "The limits and the circuit breaker of a gate ([gates.md](gates.md)). A key that is not given has the default of the kind of the gate. The gates of webhooks are named `subscriptions/NAME`:",
    ),
];

/// The page with these keys.
#[must_use]
pub fn page(keys: &Keys) -> String {
    let sections = keys.sections().iter().filter(|section| !section.keys.is_empty());
    let sections = sections.map(|section| format!("\n{}", table(section)));
    INTRODUCTION.to_owned() + &sections.collect::<String>()
}

fn table(section: &Section) -> String {
    let of = SECTIONS.iter().find(|(name, _)| *name == section.name).map(|(_, text)| *text);
    let title = match (section.name, of) {
        ("", Some(text)) => format!("{text}\n\n"),
        (name, Some(text)) => format!("## `[{name}]`\n\n{text}\n\n"),
        (name, None) => format!("## `[{name}]`\n\n"),
    };
    let rows = section.keys.iter().map(|key| row(section, key)).collect::<String>();
    format!("{title}| key | default | change | meaning |\n|---|---|---|---|\n{rows}")
}

/// A row. The keys of ports and gates are those of any of them, so they have no full name.
fn row(section: &Section, key: &Key) -> String {
    let name = match section.name {
        "" | EACH_PORT | EACH_GATE => key.name.clone(),
        section => format!("{section}.{}", key.name),
    };
    let default = match &key.default {
        Value::Null if section.name == EACH_GATE => "of its kind".to_owned(),
        Value::Null => "none".to_owned(),
        value => format!("`{}`", toml(value)),
    };
    let change = if key.is_live { "live" } else { "restart" };
    format!("| `{name}` | {default} | {change} | {} |\n", key.meaning.replace('|', "\\|"))
}
