//! The keys of all settings: their sections, defaults and meanings.

use super::General;
use crate::{
    actors::{ActorSettings, GateSettings, PortSettings, read_section},
    domain::kernel::{Aggregate, Business, Host, Lookup, Meanings, Port, Saga, View},
    grpc::GrpcSettings,
    http::{Limits, MetricsSettings},
    identity::IdentitySettings,
    logging::LogSettings,
    store::journal::JournalOptions,
    tls::TlsSettings,
    traces::TracesSettings,
};
use serde::Serialize;
use serde_json::Value;

/// The section of each port, as it is named in the documentation.
pub(super) const EACH_PORT: &str = "ports.\"BUSINESS/PORT\"";
/// The section of each gate.
pub(super) const EACH_GATE: &str = "gates.\"NAME\"";

/// The keys that take effect while the server is running, beside those of gates and businesses.
const LIVE: [&str; 5] = [
    "http.client_rate_per_s",
    "http.client_burst",
    "identity.accounts_file",
    "log.filter",
    "log.format",
];

/// A key of a section.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its name within the section.
    pub name: String,
    /// Its default; null when there is none.
    pub default: Value,
    /// What it means, in sentences; empty when its declaration does not say it.
    pub meaning: String,
    /// Whether a change takes effect while the server is running.
    pub is_live: bool,
}

/// A section of the settings.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its name; empty for the keys above all sections.
    pub name: &'static str,
    /// Its keys, in the order of their declaration.
    pub keys: Vec<Key>,
}

/// The sections of the businesses, which are declared as in a [`Host`].
#[derive(Default)]
pub struct BusinessSections(Vec<BusinessSection>);

/// The section of one business.
pub(super) struct BusinessSection {
    pub(super) name: &'static str,
    meanings: Meanings,
    /// The settings of this section, if it has any, beside this longest wait of a request.
    pub(super) read: fn(Option<&Value>, Option<u64>) -> Result<Value, String>,
}

/// All keys.
#[derive(Clone, Debug)]
pub struct Keys(Vec<Section>);

impl Keys {
    /// The keys of a server with these businesses.
    #[must_use]
    pub fn with(businesses: &BusinessSections) -> Self {
        let mut sections = vec![
            section("", &General::default(), General::MEANINGS),
            section("identity", &IdentitySettings::default(), IdentitySettings::MEANINGS),
            section("tls", &TlsSettings::default(), TlsSettings::MEANINGS),
            section("http", &Limits::default(), Limits::MEANINGS),
            section("grpc", &GrpcSettings::default(), GrpcSettings::MEANINGS),
            section("metrics", &MetricsSettings::default(), MetricsSettings::MEANINGS),
            section("traces", &TracesSettings::default(), TracesSettings::MEANINGS),
            section("journal", &JournalOptions::default(), JournalOptions::MEANINGS),
            section("log", &LogSettings::default(), LogSettings::MEANINGS),
            section("actors", &ActorSettings::default(), ActorSettings::MEANINGS),
            section(EACH_PORT, &PortSettings::default(), PortSettings::MEANINGS),
            gates(),
        ];
        sections.extend(businesses.0.iter().map(|business| {
            let defaults = (business.read)(None, None).unwrap_or_default();
            section(business.name, &defaults, business.meanings).live()
        }));
        Self(sections)
    }

    /// The sections, in the order of the documentation.
    #[must_use]
    pub fn sections(&self) -> &[Section] {
        &self.0
    }

    /// Whether there is a key with this full name, such as `http.hosts`.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        let (section, key) = name.rsplit_once('.').unwrap_or(("", name));
        let found = self.0.iter().find(|known| known.name == section);
        found.is_some_and(|section| section.keys.iter().any(|known| known.name == key))
    }
}

/// A section with these defaults. Fields that no file can set are not serialized, and are no keys.
/// Keys without a meaning follow those with one.
fn section(name: &'static str, defaults: &impl Serialize, meanings: Meanings) -> Section {
    let defaults = serde_json::to_value(defaults).unwrap_or_default();
    let known = |name: &str| meanings.iter().any(|(known, _)| *known == name);
    let mut keys: Vec<Key> = meanings
        .iter()
        .filter_map(|(name, lines)| Some(key(name, defaults.get(name)?.clone(), lines)))
        .collect();
    let others = defaults.as_object().into_iter().flatten().filter(|(name, _)| !known(name));
    keys.extend(others.map(|(name, default)| key(name, default.clone(), &[])));
    for key in &mut keys {
        key.is_live = LIVE.contains(&format!("{name}.{}", key.name).as_str());
    }
    Section { name, keys }
}

fn key(name: &str, default: Value, lines: &[&str]) -> Key {
    let meaning = lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
    Key { name: name.to_owned(), default, meaning, is_live: false }
}

/// The section of gates. Its keys have no defaults here, because each kind of gate has its own.
fn gates() -> Section {
    let keys = GateSettings::MEANINGS.iter().map(|(name, lines)| key(name, Value::Null, lines));
    Section { name: EACH_GATE, keys: keys.collect() }.live()
}

impl Section {
    /// This section, all of whose keys take effect while the server is running.
    fn live(mut self) -> Self {
        self.keys.iter_mut().for_each(|key| key.is_live = true);
        self
    }
}

impl BusinessSections {
    pub(super) fn iter(&self) -> impl Iterator<Item = &BusinessSection> {
        self.0.iter()
    }
}

impl Host for BusinessSections {
    fn business<B: Business>(&mut self) -> &mut Self {
        let read = |section: Option<&Value>, wait_max_ms| {
            let settings = read_section::<B>(section, wait_max_ms)?;
            serde_json::to_value(settings).map_err(|error| error.to_string())
        };
        self.0.push(BusinessSection { name: B::NAME, meanings: B::MEANINGS, read });
        self
    }

    fn aggregate<A: Aggregate>(&mut self) -> &mut Self {
        self
    }

    fn saga<S: Saga>(&mut self) -> &mut Self {
        self
    }

    fn port<P: Port>(&mut self) -> &mut Self {
        self
    }

    fn lookup<L: Lookup>(&mut self) -> &mut Self {
        self
    }

    fn view<V: View>(&mut self) -> &mut Self {
        self
    }
}
