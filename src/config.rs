//! The configuration: defaults, then a TOML file, then `MADANG_…` variables, then flags.

use crate::{
    actors::{ActorSettings, GatesSettings, PortsSettings, Senseless, Settings},
    http::Limits,
    store::journal::JournalOptions,
};
use figment::{
    Figment,
    error::{Error, Kind},
    providers::{Env, Format, Serialized, Toml},
    value::Dict,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// Everything that can be configured.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The folder that holds everything remembered.
    pub data: PathBuf,
    /// Whether to listen on an address that others can reach, although nobody is asked who he is.
    pub insecure: bool,
    /// Whether `POST /admin/faults` breaks something on purpose.
    pub allow_faults: bool,
    /// Only these businesses; all when empty.
    pub only: Vec<String>,
    /// Section `[http]`.
    pub http: Limits,
    /// Section `[journal]`.
    pub journal: JournalSection,
    /// Section `[actors]`.
    pub actors: ActorSettings,
    /// Sections `[ports."business/name"]`.
    pub ports: PortsSettings,
    /// Sections `[gates."name"]`.
    pub gates: GatesSettings,
    /// One section per business, read by the business itself.
    pub businesses: BTreeMap<String, Value>,
}

/// Section `[journal]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JournalSection {
    /// Memory for pages of the store.
    pub cache_bytes: u64,
    /// A commit takes no further submission once it holds this many records.
    pub commit_records_max: usize,
    /// Records that may wait for a commit before submitting is refused.
    pub queue_records_max: usize,
    /// The latest records that are kept in memory for listeners.
    pub feed_records_max: usize,
    /// So many bytes of the file system are left free, but at most a twentieth of it.
    pub reserve_bytes: u64,
}

impl Default for JournalSection {
    fn default() -> Self {
        let JournalOptions {
            cache_bytes,
            commit_records_max,
            queue_records_max,
            feed_records_max,
            reserve_bytes,
            faults: _,
        } = JournalOptions::default();
        Self { cache_bytes, commit_records_max, queue_records_max, feed_records_max, reserve_bytes }
    }
}

/// What the command line says, over everything else.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// The file to read.
    pub config: Option<PathBuf>,
    /// The folder that holds everything remembered.
    pub data: Option<PathBuf>,
    /// Where to listen.
    pub listen: Option<SocketAddr>,
    /// Only these businesses; all when empty.
    pub only: Vec<String>,
    /// Listen where others can reach it, although nobody is asked who he is.
    pub insecure: bool,
    /// Let `POST /admin/faults` break something on purpose.
    pub allow_faults: bool,
}

/// A configuration that cannot be used, with the key and where it stands.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

const LISTEN_DEFAULT: &str = "127.0.0.1:8080";
const DATA_DEFAULT: &str = "./data";
/// The keys that are not the name of a business.
const OWN_KEYS: [&str; 9] =
    ["listen", "data", "insecure", "allow_faults", "http", "journal", "actors", "ports", "gates"];

impl Config {
    /// Reads the file the flags name and the environment, and puts the flags over them.
    ///
    /// # Errors
    /// The first key that is unknown or has a value that makes no sense, and where it stands; or
    /// an address that others can reach, without `insecure`.
    pub fn read(flags: Flags) -> Result<Self, ConfigError> {
        let mut figment = defaults();
        if let Some(file) = &flags.config {
            if !file.is_file() {
                return Err(ConfigError(format!("{}: there is no such file", file.display())));
            }
            figment = figment.merge(Toml::file_exact(file).profile(figment::Profile::Default));
        }
        figment = figment.merge(Env::prefixed("MADANG_").split("__"));
        if let Some(listen) = flags.listen {
            figment = figment.merge(Serialized::default("listen", listen));
        }
        if let Some(data) = &flags.data {
            figment = figment.merge(Serialized::default("data", data));
        }
        if flags.insecure {
            figment = figment.merge(Serialized::default("insecure", true));
        }
        if flags.allow_faults {
            figment = figment.merge(Serialized::default("allow_faults", true));
        }
        Self::from_figment(&figment, flags.only).map_err(|error| named(&error))?.checked(&figment)
    }

    #[allow(clippy::result_large_err)] // an error of figment is what it is
    fn from_figment(figment: &Figment, only: Vec<String>) -> Result<Self, Error> {
        Ok(Self {
            listen: part(figment, "listen")?,
            data: part(figment, "data")?,
            insecure: part(figment, "insecure")?,
            allow_faults: part(figment, "allow_faults")?,
            only,
            http: part(figment, "http")?,
            journal: part(figment, "journal")?,
            actors: part(figment, "actors")?,
            ports: part(figment, "ports")?,
            gates: part(figment, "gates")?,
            businesses: businesses(figment)?,
        })
    }

    fn checked(self, figment: &Figment) -> Result<Self, ConfigError> {
        if !self.listen.ip().is_loopback() && !self.insecure {
            let because = format!(
                "listen: {} can be reached by others and nobody is asked who he is; say --insecure to do it anyway",
                self.listen
            );
            return Err(ConfigError(because));
        }
        match self.check_sections() {
            Ok(()) => Ok(self),
            Err((section, Senseless { key, because })) => {
                let mut error = Error::from(Kind::Message(because));
                error.path = section.into_iter().chain([key]).map(str::to_owned).collect();
                error.metadata = figment.find_metadata(&error.path.join(".")).cloned();
                Err(named(&error))
            }
        }
    }

    /// Whether the values make sense; those of gates are looked at when it is known what each
    /// guards, and those of businesses by the businesses.
    fn check_sections(&self) -> Result<(), (Vec<&str>, Senseless)> {
        self.http.check().map_err(|error| (vec!["http"], error))?;
        Ok(())
    }

    /// What the living part needs of it.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings {
            data: self.data.clone(),
            journal: self.journal.options(),
            actors: self.actors.clone(),
            ports: self.ports.clone(),
            gates: self.gates.clone(),
            allow_faults: self.allow_faults,
            businesses: self.businesses.clone(),
            only: self.only.clone(),
            patience_ms: Some(self.http.patience_ms),
        }
    }
}

impl JournalSection {
    fn options(&self) -> JournalOptions {
        JournalOptions {
            cache_bytes: self.cache_bytes,
            commit_records_max: self.commit_records_max,
            queue_records_max: self.queue_records_max,
            feed_records_max: self.feed_records_max,
            reserve_bytes: self.reserve_bytes,
            ..JournalOptions::default()
        }
    }
}

fn defaults() -> Figment {
    Figment::new()
        .merge(Serialized::default("listen", LISTEN_DEFAULT))
        .merge(Serialized::default("data", DATA_DEFAULT))
        .merge(Serialized::default("insecure", false))
        .merge(Serialized::default("allow_faults", false))
        .merge(Serialized::default("http", Limits::default()))
        .merge(Serialized::default("journal", JournalSection::default()))
        .merge(Serialized::default("actors", ActorSettings::default()))
        .merge(Serialized::default("ports", PortsSettings::default()))
        .merge(Serialized::default("gates", GatesSettings::default()))
}

/// One part of the configuration. An error of figment's has the name of the part at the end of
/// its path, where nobody looks for it: it is moved to the front.
#[allow(clippy::result_large_err)] // an error of figment is what it is
fn part<'de, T: Deserialize<'de>>(figment: &Figment, name: &str) -> Result<T, Error> {
    figment.extract_inner(name).map_err(|mut error| {
        let parts = name.split('.').count().min(error.path.len());
        error.path.rotate_right(parts);
        error
    })
}

/// Every table that is not one of ours is the section of a business; whether there is such a
/// business shows when the businesses are installed.
#[allow(clippy::result_large_err)] // an error of figment is what it is
fn businesses(figment: &Figment) -> Result<BTreeMap<String, Value>, Error> {
    let keys: Dict = figment.extract()?;
    let mut sections = BTreeMap::new();
    for name in keys.keys().filter(|name| !OWN_KEYS.contains(&name.as_str())) {
        let section: Value = part(figment, name)?;
        if !section.is_object() {
            let mut error = Error::from(Kind::UnknownField(name.clone(), &OWN_KEYS));
            error.metadata = figment.find_metadata(name).cloned();
            return Err(error);
        }
        sections.insert(name.clone(), section);
    }
    Ok(sections)
}

/// The error as a sentence that names the key and where it stands.
fn named(error: &Error) -> ConfigError {
    let key = error.path.join(".");
    let metadata = error.metadata.as_ref();
    let file = metadata.and_then(|found| found.source.as_ref()?.file_path().map(Path::to_owned));
    let environment = metadata.is_some_and(|found| found.name.contains("environment"));
    let source = match file {
        Some(file) => format!(" (in {})", file.display()),
        None if environment => {
            let key = match &error.kind {
                Kind::UnknownField(name, _) if !key.ends_with(name.as_str()) => {
                    [key.as_str(), name].join(".")
                }
                _ => key.clone(),
            };
            let name = key.trim_matches('.').replace('.', "__").to_uppercase();
            format!(" (in the variable MADANG_{name})")
        }
        None => String::new(),
    };
    let key = if key.is_empty() { key } else { format!("{key}: ") };
    ConfigError(format!("{key}{}{source}", error.kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("madang.toml");
        std::fs::write(&file, text).unwrap();
        let flags = Flags { config: Some(file), ..Flags::default() };
        Config::read(flags).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_at_all_is_a_configuration() {
        let config = Config::read(Flags::default()).unwrap();
        assert_eq!(config.listen.to_string(), LISTEN_DEFAULT);
        assert!(config.businesses.is_empty() && config.ports.is_empty());
    }

    #[test]
    fn a_file_is_read_over_the_defaults_and_flags_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("madang.toml");
        let text = "listen = \"127.0.0.1:1\"\ndata = \"/a\"\n[http]\npatience_ms = 7\n[house]\nrooms = 3\n";
        std::fs::write(&file, text).unwrap();
        let data = Some("/b".into());
        let config = Config::read(Flags { config: Some(file), data, ..Flags::default() }).unwrap();
        assert_eq!((config.listen.port(), config.http.patience_ms), (1, 7));
        assert_eq!((config.data, config.http.backlog_connections_max), ("/b".into(), 2_048));
        assert_eq!(config.businesses["house"]["rooms"], 3);
    }

    #[test]
    fn an_unknown_key_is_named_with_its_file() {
        for (text, key) in [("[http]\npatience = 7", "patience"), ("colour = 1", "colour")] {
            let error = read(text).unwrap_err();
            assert!(error.contains(key) && error.contains("madang.toml"), "{error}");
        }
    }

    #[test]
    fn a_bad_value_is_named_with_its_key_and_file() {
        let error = read("[journal]\ncache_bytes = \"many\"").unwrap_err();
        assert!(error.contains("journal.cache_bytes") && error.contains("madang.toml"), "{error}");
    }

    #[test]
    fn a_value_out_of_range_is_named_with_its_key_its_range_and_its_file() {
        for (text, because) in [
            ("[http]\npatience_ms = 30001", "http.patience_ms: must be from 1 to 30000, not 30001"),
            ("[http]\npatience_ms = 0", "http.patience_ms: must be from 1 to 30000, not 0"),
            ("[http]\nworkers = 2000", "http.workers: must be from 0 to 1024, not 2000"),
            (
                "[http]\nbody_bytes_max = 0",
                "http.body_bytes_max: must be from 1 to 67108864, not 0",
            ),
            (
                "[http]\nbody_timeout_ms = 0",
                "http.body_timeout_ms: must be from 1 to 4294967295, not 0",
            ),
            ("[http]\nhead_timeout_ms = 0", "http.head_timeout_ms: must be"),
            ("[http]\nconnections_max = 0", "http.connections_max: must be"),
            ("[http]\nbacklog_connections_max = 0", "http.backlog_connections_max: must be"),
            ("[http]\nclients_max = 0", "http.clients_max: must be"),
            (
                "[http]\nclient_burst = 9",
                "http.client_burst: means nothing without client_rate_per_s",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.starts_with(because) && error.contains("madang.toml"), "{text}: {error}");
        }
        assert!(
            read("[http]\npatience_ms = 30000\nclient_rate_per_s = 1\nclient_burst = 9").is_ok()
        );
    }

    #[test]
    fn a_port_is_configured_by_its_name() {
        let config = read("[ports.\"house/door\"]\nlatency_ms_max = 9").unwrap();
        assert_eq!(config.ports["house/door"].latency_ms_max, 9);
        assert!(read("[ports.\"house/door\"]\ncolour = 9").is_err());
    }

    #[test]
    fn an_address_that_others_can_reach_must_be_asked_for_twice() {
        let listen = Some("0.0.0.0:0".parse().unwrap());
        let error = Config::read(Flags { listen, ..Flags::default() }).unwrap_err();
        assert!(error.to_string().contains("--insecure"), "{error}");
        assert!(Config::read(Flags { listen, insecure: true, ..Flags::default() }).is_ok());
    }
}
