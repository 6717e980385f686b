//! The configuration: defaults, then a TOML file, then `MADANG_…` variables, then flags.

use crate::{
    actors::{
        ActorSettings, COUNT_MAX, GatesSettings, InvalidSetting, PortsSettings, Settings, within,
    },
    domain::kernel::in_plain_words,
    grpc::GrpcSettings,
    http::Limits,
    identity::IdentitySettings,
    store::{faults::Faults, journal::JournalOptions},
    tls::TlsSettings,
};
use figment::{
    Figment, Metadata,
    error::{Error, Kind},
    providers::{Env, Format, Serialized, Toml},
    value::Dict,
};
use serde::Deserialize;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

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

/// The error of an unusable configuration. It names the key and its source.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

const LISTEN_DEFAULT: &str = "127.0.0.1:8080";
const DATA_DEFAULT: &str = "./data";
/// The top-level keys that are not the name of a business.
pub(crate) const OWN_KEYS: [&str; 12] = [
    "listen",
    "data",
    "insecure",
    "allow_faults",
    "identity",
    "tls",
    "http",
    "grpc",
    "journal",
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
        let mut figment = defaults();
        if let Some(file) = &flags.config {
            check_readable(file)?;
            figment = figment.merge(Toml::file_exact(file).profile(figment::Profile::Default));
        }
        figment = figment.merge(Env::prefixed("MADANG_").split("__"));
        if let Some(listen) = flags.listen {
            figment = figment.merge(Serialized::default("listen", listen));
        }
        if let Some(listen) = flags.grpc_listen {
            figment = figment.merge(Serialized::default("grpc.listen", listen));
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
        let mut config = Self::from_figment(&figment, flags.only).map_err(|error| named(&error))?;
        // This is a flag only. A permanent setting would accept the next loss silently.
        config.accept_loss = flags.accept_loss;
        config.checked(&figment)
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
            journal: part(figment, "journal")?,
            actors: part(figment, "actors")?,
            ports: part(figment, "ports")?,
            gates: part(figment, "gates")?,
            businesses: businesses(figment)?,
            figment: figment.clone(),
        })
    }

    fn checked(self, figment: &Figment) -> Result<Self, ConfigError> {
        let is_closed = self.insecure || self.identity.is_configured();
        let addresses =
            [(vec!["listen"], Some(self.listen)), (vec!["grpc", "listen"], self.grpc.listen)];
        for (key, address) in addresses {
            let reachable = address.filter(|address| !is_closed && !address.ip().is_loopback());
            if let Some(address) = reachable {
                let reason = format!(
                    "{address} can be reached from other machines, and requests are not authenticated; configure [identity], or set --insecure to listen there anyway"
                );
                return Err(invalid(figment, key, reason));
            }
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
            let key = line.split(": ").next().unwrap_or_default().replace(['`', '"'], "");
            format!("{line}{}", source(self.figment.find_metadata(&key), &key))
        };
        lines.lines().map(with_source).collect::<Vec<_>>().join("\n")
    }

    /// The settings of the runtime.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings {
            data: self.data.clone(),
            journal: JournalOptions {
                accept_loss: self.accept_loss,
                // A clone of the faults would share them with another server of this configuration.
                faults: Faults::default(),
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

/// Checks that the path is a file that can be read as text.
fn check_readable(file: &Path) -> Result<(), ConfigError> {
    let reason = match std::fs::metadata(file) {
        Ok(found) if found.is_dir() => "is a folder, not a file of settings".to_owned(),
        Ok(_) => match std::fs::read_to_string(file) {
            Ok(_) => return Ok(()),
            Err(error) => format!("cannot be read: {error}"),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => "there is no such file".to_owned(),
        Err(error) => format!("cannot be read: {error}"),
    };
    Err(ConfigError(format!("{}: {reason}", file.display())))
}

fn defaults() -> Figment {
    Figment::new()
        .merge(Serialized::default("listen", LISTEN_DEFAULT))
        .merge(Serialized::default("data", DATA_DEFAULT))
        .merge(Serialized::default("insecure", false))
        .merge(Serialized::default("allow_faults", false))
        .merge(Serialized::default("identity", IdentitySettings::default()))
        .merge(Serialized::default("tls", TlsSettings::default()))
        .merge(Serialized::default("http", Limits::default()))
        .merge(Serialized::default("grpc", GrpcSettings::default()))
        .merge(Serialized::default("journal", JournalOptions::default()))
        .merge(Serialized::default("actors", ActorSettings::default()))
        .merge(Serialized::default("ports", PortsSettings::default()))
        .merge(Serialized::default("gates", GatesSettings::default()))
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

/// The error of a key with an invalid value. A key that is missing has the source of its section.
fn invalid(figment: &Figment, path: Vec<&str>, reason: String) -> ConfigError {
    let source = |path: &[&str]| figment.find_metadata(&path.join(".")).cloned();
    let mut error = Error::from(Kind::Message(reason));
    error.metadata = source(&path).or_else(|| source(&path[..path.len().saturating_sub(1)]));
    error.path = path.into_iter().map(str::to_owned).collect();
    named(&error)
}

/// Turns an error of figment into a sentence that names the key and its source.
fn named(error: &Error) -> ConfigError {
    let key = error.path.join(".");
    let full_key = match &error.kind {
        Kind::UnknownField(name, _) if !key.ends_with(name.as_str()) => {
            [key.as_str(), name].join(".")
        }
        _ => key.clone(),
    };
    let source = source(error.metadata.as_ref(), &full_key);
    let key = if key.is_empty() { key } else { format!("{key}: ") };
    ConfigError(format!("{key}{}{source}", reason(&error.kind)))
}

/// The source of a key in parentheses: its file or its variable; empty for defaults and flags.
fn source(metadata: Option<&Metadata>, key: &str) -> String {
    let file = metadata.and_then(|found| found.source.as_ref()?.file_path().map(Path::to_owned));
    let environment = metadata.is_some_and(|found| found.name.contains("environment"));
    match file {
        Some(file) => format!(" (in {})", file.display()),
        None if environment => {
            let name = key.trim_matches('.').replace('.', "__").to_uppercase();
            format!(" (in the variable MADANG_{name})")
        }
        None => String::new(),
    }
}

/// The reason of an error, without names of Rust types.
fn reason(kind: &Kind) -> String {
    let (found, expected) = match kind {
        Kind::InvalidType(found, expected) | Kind::InvalidValue(found, expected) => {
            (found.to_string(), expected)
        }
        other => return other.to_string(),
    };
    // figment and serde name the same types differently.
    let kinds = [
        ("signed int", "integer"),
        ("unsigned int", "integer"),
        ("float", "floating point"),
        ("bool", "boolean"),
        ("array", "sequence"),
    ];
    let known = kinds
        .iter()
        .find_map(|(name, known)| found.strip_prefix(name).map(|rest| format!("{known}{rest}")));
    let found = known.unwrap_or(found);
    in_plain_words(&format!("invalid type: {found}, expected {expected}"))
}

#[cfg(test)]
mod tests;
