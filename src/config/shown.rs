//! The effective settings as TOML, each with its place, secrets hidden.

use super::{
    Config,
    keys::{BusinessSections, EACH_GATE, EACH_PORT, Keys, Section},
    place::Place,
};
use serde::Serialize;
use serde_json::{Map, Value};
use std::{collections::BTreeMap, fmt::Write as _};

/// The column of the places, unless a setting is longer.
const COLUMN: usize = 48;

/// The effective settings. Headers of ports are masked by their own type.
///
/// # Errors
/// When the section of a business is invalid; the sentence names the key.
pub(super) fn shown(config: &Config, businesses: &BusinessSections) -> Result<String, String> {
    let mut text =
        "# The effective settings. Each line ends with the place of its value.\n".to_owned();
    for section in Keys::with(businesses).sections() {
        let is_business = businesses.iter().any(|business| business.name == section.name);
        if is_business && !config.includes(section.name) {
            continue;
        }
        for (name, values) in tables(config, section.name, businesses)? {
            lines(&mut text, config, &name, section, &values);
        }
    }
    Ok(text)
}

/// The tables of a section with their values, by their full names. Ports and gates have one for
/// each that is configured: `ports."taxi/payment"`.
///
/// # Errors
/// When the section of a business is invalid; the sentence names the key.
pub(super) fn tables(
    config: &Config,
    section: &str,
    businesses: &BusinessSections,
) -> Result<BTreeMap<String, Value>, String> {
    let values = match section {
        EACH_PORT => return Ok(each("ports", &config.ports)),
        EACH_GATE => return Ok(each("gates", &config.gates)),
        name => match businesses.iter().find(|business| business.name == name) {
            Some(business) => {
                let given = config.businesses.get(name);
                (business.read)(given, Some(config.http.wait_max_ms))?
            }
            None => own(config, name),
        },
    };
    Ok(BTreeMap::from([(section.to_owned(), values)]))
}

/// The tables of the ports or gates that are configured.
fn each<'a, S: Serialize + 'a>(
    kind: &str,
    configured: impl IntoIterator<Item = (&'a String, &'a S)>,
) -> BTreeMap<String, Value> {
    let table = |(name, settings): (&String, &S)| {
        let values = serde_json::to_value(settings).unwrap_or_default();
        (format!("{kind}.{}", quoted(name)), values)
    };
    configured.into_iter().map(table).collect()
}

/// The values of a section of madang.
fn own(config: &Config, section: &str) -> Value {
    let value = match section {
        "" => serde_json::to_value(config.general()),
        "identity" => serde_json::to_value(&config.identity),
        "tls" => serde_json::to_value(&config.tls),
        "http" => serde_json::to_value(&config.http),
        "grpc" => serde_json::to_value(&config.grpc),
        "metrics" => serde_json::to_value(&config.metrics),
        "traces" => serde_json::to_value(&config.traces),
        "journal" => serde_json::to_value(&config.journal),
        "log" => serde_json::to_value(&config.log),
        _ => serde_json::to_value(&config.actors),
    };
    value.unwrap_or_default()
}

/// Writes the lines of one table below its header. A key without a value is a comment.
fn lines(text: &mut String, config: &Config, name: &str, section: &Section, values: &Value) {
    if !name.is_empty() {
        let _ = writeln!(text, "\n[{name}]");
    }
    let name = name.replace('"', "");
    for key in &section.keys {
        let full = if name.is_empty() { key.name.clone() } else { format!("{name}.{}", key.name) };
        let place = Place::of(config.figment.find_metadata(&full), &full);
        let line = match values.get(&key.name) {
            None | Some(Value::Null) => format!("# {} is not set", key.name),
            Some(value) => format!("{} = {}", key.name, toml(value)),
        };
        let _ = match place {
            Place::Default if line.starts_with('#') => writeln!(text, "{line}"),
            place => writeln!(text, "{line:COLUMN$} # {place}"),
        };
    }
}

/// A value in one line of TOML.
pub(super) fn toml(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(values) => {
            let values: Vec<_> = values.iter().map(toml).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Object(table) if table.is_empty() => "{}".to_owned(),
        Value::Object(table) => format!("{{ {} }}", pairs(table)),
        other => other.to_string(),
    }
}

fn pairs(table: &Map<String, Value>) -> String {
    let pairs = table.iter().map(|(key, value)| format!("{} = {}", quoted(key), toml(value)));
    pairs.collect::<Vec<_>>().join(", ")
}

/// A text in quotes.
fn quoted(text: &str) -> String {
    // A JSON string is a basic string of TOML.
    Value::from(text).to_string()
}
