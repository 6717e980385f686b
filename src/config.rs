//! The configuration: defaults, then a TOML file, then `MADANG_…` variables, then flags.

mod addresses;
mod changes;
mod check;
mod document;
mod error;
mod keys;
mod place;
mod shown;
mod sources;

pub use changes::{Changes, changes};
pub use check::checked;
pub use document::page;
pub use error::ConfigError;
pub use keys::{BusinessSections, Key, Keys, Section};

use crate::{
    actors::{
        ActorSettings, COUNT_MAX, GatesSettings, InvalidSetting, PortsSettings, Settings, within,
    },
    described,
    grpc::GrpcSettings,
    http::{Limits, MetricsSettings},
    identity::IdentitySettings,
    logging::LogSettings,
    store::{faults::Faults, journal::JournalOptions},
    tls::TlsSettings,
    traces::TracesSettings,
};
use error::{invalid, named};
use figment::{
    Figment,
    error::{Error, Kind},
    value::Dict,
};
use place::Place;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, sync::Arc};

/// The configuration of the application.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The data folder.
    pub data: PathBuf,
    /// Whether to listen on an address that other machines can reach, although clients are not
    /// authenticated.
    pub insecure: bool,
    /// Whether `POST /admin/faults` may inject faults.
    pub allow_faults: bool,
    /// Whether to serve a journal that lacks acknowledged records, and to record the loss.
    pub accept_loss: bool,
    /// The businesses to run; all when empty.
    pub only: Vec<String>,
    /// Section `[identity]`.
    pub identity: IdentitySettings,
    /// The certificate of the server, if it speaks TLS.
    pub tls: TlsSettings,
    /// Section `[http]`.
    pub http: Limits,
    /// Section `[grpc]`.
    pub grpc: GrpcSettings,
    /// Section `[log]`.
    pub log: LogSettings,
    /// Section `[metrics]`.
    pub metrics: MetricsSettings,
    /// Section `[traces]`.
    pub traces: TracesSettings,
    /// Section `[journal]`.
    pub journal: JournalOptions,
    /// Section `[actors]`.
    pub actors: ActorSettings,
    /// Sections `[ports."business/name"]`.
    pub ports: PortsSettings,
    /// Sections `[gates."name"]`.
    pub gates: GatesSettings,
    /// The sections of the businesses, by name. Each business reads its own section.
    pub businesses: BTreeMap<String, Value>,
    /// Tells the source of a key, also of those that are checked when the businesses are installed.
    figment: Figment,
}

/// The smallest page cache. The store does not start with a cache of a few bytes, and it is too
/// slow with a cache of a few pages.
const CACHE_BYTES_MIN: u64 = 1 << 20;

/// The shortest retention of replies: twice the longest time that a request waits. Thus no reply is
/// deleted while a client waits for it.
const ANSWERS_KEPT_S_MIN: u64 = 60;

/// The upper bound of sizes in bytes: more than any machine has.
const BYTES_MAX: u64 = 1 << 50;

/// The settings of the command line. They override all other sources.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// The data folder.
    pub data: Option<PathBuf>,
    /// The address to listen on.
    pub listen: Option<SocketAddr>,
    /// The address of gRPC to listen on; that of a socket which systemd passed.
    pub grpc_listen: Option<SocketAddr>,
    /// The businesses to run; all when empty.
    pub only: Vec<String>,
    /// Listen on an address that other machines can reach, although clients are not authenticated.
    pub insecure: bool,
    /// Allow `POST /admin/faults` to inject faults.
    pub allow_faults: bool,
    /// Serve a journal that lacks acknowledged records, and record the loss.
    pub accept_loss: bool,
}

described! {
    /// The keys above all sections.
    #[derive(Clone, Debug, Serialize, Deserialize)]
    pub struct General {
        /// The address to listen on; port 0 takes a free one. An address that other machines can
        /// reach needs `[identity]` or `insecure`.
        pub listen: SocketAddr,
        /// The folder of all data.
        pub data: PathBuf,
        /// Whether to listen on an address that other machines can reach, although clients are not
        /// authenticated.
        pub insecure: bool,
        /// Whether `POST /admin/faults` may inject faults, for drills.
        pub allow_faults: bool,
    }
}

impl Default for General {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8_080)),
            data: "./data".into(),
            insecure: false,
            allow_faults: false,
        }
    }
}

/// The top-level keys that are not the name of a business.
pub(crate) const OWN_KEYS: [&str; 15] = [
    "listen",
    "data",
    "insecure",
    "allow_faults",
    "identity",
    "tls",
    "http",
    "grpc",
    "metrics",
    "traces",
    "journal",
    "log",
    "actors",
    "ports",
    "gates",
];

impl Config {
    /// Reads the configuration file and the environment; the flags override both.
    ///
    /// # Errors
    /// When a key is unknown or has an invalid value; the error names the first one and its source.
    /// Also when other machines can reach the address and `insecure` is not set.
    pub fn read(flags: Flags) -> Result<Self, ConfigError> {
        let figment = sources::all(&flags, &[])?;
        Self::of(&figment, flags).map_err(|error| named(&error))
    }

    /// The configuration of these sources.
    #[allow(clippy::result_large_err)] // figment defines the size of its errors
    fn of(figment: &Figment, flags: Flags) -> Result<Self, Error> {
        let mut config = Self::from_figment(figment, flags.only)?;
        // This is a flag only. A permanent setting would accept the next loss silently.
        config.accept_loss = flags.accept_loss;
        config.checked(figment)
    }

    #[allow(clippy::result_large_err)] // figment defines the size of its errors
    fn from_figment(figment: &Figment, only: Vec<String>) -> Result<Self, Error> {
        Ok(Self {
            listen: part(figment, "listen")?,
            data: part(figment, "data")?,
            insecure: part(figment, "insecure")?,
            allow_faults: part(figment, "allow_faults")?,
            accept_loss: false,
            only,
            identity: part(figment, "identity")?,
            tls: part(figment, "tls")?,
            http: part(figment, "http")?,
            grpc: part(figment, "grpc")?,
            metrics: part(figment, "metrics")?,
            traces: part(figment, "traces")?,
            journal: part(figment, "journal")?,
            log: part(figment, "log")?,
            actors: part(figment, "actors")?,
            ports: part(figment, "ports")?,
            gates: part(figment, "gates")?,
            businesses: businesses(figment)?,
            figment: figment.clone(),
        })
    }

    #[allow(clippy::result_large_err)] // figment defines the size of its errors
    fn checked(self, figment: &Figment) -> Result<Self, Error> {
        if let Err((key, reason)) = addresses::check(&self) {
            return Err(invalid(figment, key, reason));
        }
        match self.check_sections().and_then(|()| self.check_times_of_ports(figment)) {
            Ok(()) => Ok(self),
            Err((section, InvalidSetting { key, reason })) => {
                Err(invalid(figment, section.into_iter().chain([key]).collect(), reason))
            }
        }
    }

    /// Checks the values of the sections. The runtime checks gates later, when the protected parts
    /// are known. Each business checks its own section.
    fn check_sections(&self) -> Result<(), (Vec<&str>, InvalidSetting)> {
        self.identity.check().map_err(|error| (vec!["identity"], error))?;
        self.grpc.check().map_err(|error| (vec!["grpc"], error))?;
        self.tls.check().map_err(|error| (vec!["tls"], error))?;
        self.log.check().map_err(|error| (vec!["log"], error))?;
        let traces = self.traces.check().map_err(|(key, why)| InvalidSetting::new(key, why));
        traces.map_err(|error| (vec!["traces"], error))?;
        let has_identity = self.identity.is_configured();
        let http = self.http.check().and_then(|()| self.http.check_for(has_identity));
        http.map_err(|error| (vec!["http"], error))?;
        check_journal(&self.journal).map_err(|error| (vec!["journal"], error))?;
        self.actors.check().map_err(|error| (vec!["actors"], error))?;
        self.ports.iter().try_for_each(|(name, port)| {
            port.check().map_err(|error| (vec!["ports", name.as_str()], error))
        })
    }

    /// Checks that the configured timeouts of ports are shorter than the time that a request waits.
    /// A port without a timeout keeps the default. A request that waits for less gets the reply 202
    /// first.
    fn check_times_of_ports(&self, figment: &Figment) -> Result<(), (Vec<&str>, InvalidSetting)> {
        let wait_max_ms = self.http.wait_max_ms;
        for (name, port) in &self.ports {
            let is_configured = figment.find_value(&format!("ports.{name}.within_ms")).is_ok();
            if port.within_ms >= wait_max_ms && is_configured {
                let reason = format!(
                    "must be from 1 to less than http.wait_max_ms = {wait_max_ms}, not {}",
                    port.within_ms
                );
                let section = vec!["ports", name.as_str()];
                return Err((section, InvalidSetting::new("within_ms", reason)));
            }
        }
        Ok(())
    }

    /// Adds the source to each line that begins with the name of a key and a colon: the lines of an
    /// error that the installation of the businesses found in their sections.
    #[must_use]
    pub fn with_sources(&self, lines: &str) -> String {
        let with_source = |line: &str| {
            let key = Self::key_of_line(line);
            let place = Place::of(self.figment.find_metadata(&key), &key);
            format!("{line}{}", place.in_parentheses())
        };
        lines.lines().map(with_source).collect::<Vec<_>>().join("\n")
    }

    /// The full name of the key that such a line begins with.
    fn key_of_line(line: &str) -> String {
        line.split(": ").next().unwrap_or_default().replace(['`', '"'], "")
    }

    /// The effective settings as TOML, each with its place. Secrets are hidden.
    ///
    /// # Errors
    /// When the section of a business is invalid.
    pub fn shown(&self, businesses: &BusinessSections) -> Result<String, String> {
        shown::shown(self, businesses)
    }

    /// The keys above all sections.
    fn general(&self) -> General {
        General {
            listen: self.listen,
            data: self.data.clone(),
            insecure: self.insecure,
            allow_faults: self.allow_faults,
        }
    }

    /// Whether the business of this name is run.
    fn includes(&self, business: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == business)
    }

    /// The settings of the runtime.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings {
            data: self.data.clone(),
            journal: JournalOptions {
                accept_loss: self.accept_loss,
                // Clones would share them with another server of this configuration.
                faults: Faults::default(),
                figures: Arc::default(),
                ..self.journal.clone()
            },
            actors: self.actors.clone(),
            ports: self.ports.clone(),
            gates: self.gates.clone(),
            allow_faults: self.allow_faults,
            has_identity: self.identity.is_configured(),
            businesses: self.businesses.clone(),
            only: self.only.clone(),
            wait_max_ms: Some(self.http.wait_max_ms),
            without_metrics: !self.metrics.enabled,
            traces: self.traces.clone(),
        }
    }
}

fn check_journal(options: &JournalOptions) -> Result<(), InvalidSetting> {
    within([
        ("cache_bytes", options.cache_bytes, CACHE_BYTES_MIN..=BYTES_MAX),
        ("commit_records_max", options.commit_records_max as u64, 1..=COUNT_MAX),
        ("queue_records_max", options.queue_records_max as u64, 1..=COUNT_MAX),
        ("feed_records_max", options.feed_records_max as u64, 1..=COUNT_MAX),
        ("reserve_bytes", options.reserve_bytes, 0..=BYTES_MAX),
        ("answers_kept_s", options.answers_kept_s, ANSWERS_KEPT_S_MIN..=COUNT_MAX),
    ])
}

/// Reads one part of the configuration. An error of figment has the name of the part at the end of
/// its path. This function moves it to the front, where a reader expects it.
#[allow(clippy::result_large_err)] // figment defines the size of its errors
fn part<'de, T: Deserialize<'de>>(figment: &Figment, name: &str) -> Result<T, Error> {
    figment.extract_inner(name).map_err(|mut error| {
        let parts = name.split('.').count().min(error.path.len());
        error.path.rotate_right(parts);
        error
    })
}

/// Reads the sections of the businesses: every table that is not in [`OWN_KEYS`]. Their names are
/// checked later, when the businesses are installed.
#[allow(clippy::result_large_err)] // figment defines the size of its errors
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

#[cfg(test)]
mod tests;
