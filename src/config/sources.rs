//! The sources of settings, in the order in which they override each other.

use super::{ConfigError, Flags, General, error::named, place::FLAG};
use crate::{
    actors::{ActorSettings, GatesSettings, PortsSettings},
    grpc::GrpcSettings,
    http::{Limits, MetricsSettings},
    identity::IdentitySettings,
    logging::LogSettings,
    store::journal::JournalOptions,
    tls::TlsSettings,
    traces::TracesSettings,
};
use figment::{
    Error, Figment, Metadata, Profile, Provider,
    providers::{Env, Format, Serialized, Toml},
    value::{Dict, Map, Value},
};
use std::{io, net::SocketAddr, path::Path};

/// The defaults of all settings of madang.
fn defaults() -> Figment {
    Figment::new()
        .merge(Serialized::defaults(General::default()))
        .merge(Serialized::default("identity", IdentitySettings::default()))
        .merge(Serialized::default("tls", TlsSettings::default()))
        .merge(Serialized::default("http", Limits::default()))
        .merge(Serialized::default("grpc", GrpcSettings::default()))
        .merge(Serialized::default("metrics", MetricsSettings::default()))
        .merge(Serialized::default("traces", TracesSettings::default()))
        .merge(Serialized::default("journal", JournalOptions::default()))
        .merge(Serialized::default("log", LogSettings::default()))
        .merge(Serialized::default("actors", ActorSettings::default()))
        .merge(Serialized::default("ports", PortsSettings::default()))
        .merge(Serialized::default("gates", GatesSettings::default()))
}

/// The settings of all sources, without these keys of the file, the environment and the flags.
///
/// # Errors
/// When the file cannot be read.
pub(super) fn all(flags: &Flags, without: &[String]) -> Result<Figment, ConfigError> {
    Ok(defaults().merge(given(flags, without)?))
}

/// The settings that the file, the environment and the flags give, without these keys.
///
/// # Errors
/// When the file cannot be read.
pub(super) fn given(flags: &Flags, without: &[String]) -> Result<Figment, ConfigError> {
    let mut figment = Figment::new();
    if let Some(file) = &flags.config {
        check_readable(file)?;
        let provider = Toml::file_exact(file).profile(Profile::Default);
        figment = figment.merge(Without { provider, keys: without });
    }
    let provider = Env::prefixed("MADANG_").split("__");
    figment = figment.merge(Without { provider, keys: without });
    let mut flag = |name: &str, key: &str, value: Option<Value>| {
        let Some(value) = value.filter(|_| !without.iter().any(|other| other == key)) else {
            return;
        };
        let provider = Flag { name: format!("{FLAG}{name}"), value: (key.to_owned(), value) };
        figment = std::mem::take(&mut figment).merge(provider);
    };
    let text = |address: SocketAddr| Value::from(address.to_string());
    flag("listen", "listen", flags.listen.map(text));
    flag("grpc-listen", "grpc.listen", flags.grpc_listen.map(text));
    let data = flags.data.as_ref().map(Value::serialize).transpose();
    flag("data", "data", data.map_err(|error| named(&error))?);
    flag("insecure", "insecure", flags.insecure.then(|| Value::from(true)));
    flag("allow-faults", "allow_faults", flags.allow_faults.then(|| Value::from(true)));
    Ok(figment)
}

/// A source without some keys.
struct Without<'a, P> {
    provider: P,
    keys: &'a [String],
}

impl<P: Provider> Provider for Without<'_, P> {
    fn metadata(&self) -> Metadata {
        self.provider.metadata()
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let mut data = self.provider.data()?;
        for settings in data.values_mut() {
            self.keys.iter().for_each(|key| remove(settings, key));
        }
        Ok(data)
    }
}

/// Removes a key such as `http.hosts`.
fn remove(settings: &mut Dict, key: &str) {
    let Some((section, rest)) = key.split_once('.') else {
        settings.remove(key);
        return;
    };
    if let Some(Value::Dict(_, below)) = settings.get_mut(section) {
        remove(below, rest);
    }
}

/// A flag of the command line, with the key that it sets.
struct Flag {
    name: String,
    value: (String, Value),
}

impl Provider for Flag {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let (key, value) = &self.value;
        Serialized::default(key, value).data()
    }
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
