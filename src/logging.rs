//! The log on standard error: which lines are written, and in which format.

mod correlated;

use crate::{actors::InvalidSetting, described};
use correlated::{CorrelatedFields, CorrelatedJson};
use serde::{Deserialize, Serialize};
use std::{
    io::{self, IsTerminal as _},
    sync::OnceLock,
};
use tracing_subscriber::{
    EnvFilter, Layer, Registry, fmt,
    layer::{Layered, SubscriberExt as _},
    reload::{self, Handle},
    util::SubscriberInitExt as _,
};

/// The variable that overrides the setting of the filter.
const RUST_LOG: &str = "RUST_LOG";

described! {
    /// Section `[log]`.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct LogSettings {
        /// The lines that are written: a level, or levels of modules, such as
        /// `info,madang::actors=debug`. The variable `RUST_LOG` overrides it.
        pub filter: String,
        /// `text`, in colours on a terminal, or `json`, one object a line.
        pub format: Format,
    }
}

/// The format of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Text for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for LogSettings {
    fn default() -> Self {
        // `actix_http` logs malformed requests as errors. These logs are turned off, because the
        // client gets a reply.
        let filter = "info,actix_http=off,actix_server=warn,sled=off".to_owned();
        Self { filter, format: Format::Text }
    }
}

impl LogSettings {
    /// Checks that the filter can be read.
    ///
    /// # Errors
    /// When it cannot.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        let wrong = |error| {
            let reason =
                format!("must be a level or a list such as \"info,madang=debug\": {error}");
            InvalidSetting::new("filter", reason)
        };
        EnvFilter::try_new(&self.filter).map(drop).map_err(wrong)
    }

    /// The filter of these settings; that of `RUST_LOG` if it has one.
    fn env_filter(&self) -> EnvFilter {
        EnvFilter::try_from_env(RUST_LOG).unwrap_or_else(|_| EnvFilter::new(&self.filter))
    }

    fn writer(&self) -> Writer {
        let log = fmt::layer().with_writer(io::stderr);
        match self.format {
            Format::Text => log
                .with_ansi(io::stderr().is_terminal())
                .fmt_fields(CorrelatedFields::default())
                .boxed(),
            Format::Json => log.json().map_event_format(CorrelatedJson::of).boxed(),
        }
    }
}

type Filtered = Layered<reload::Layer<EnvFilter, Registry>, Registry>;
type Writer = Box<dyn Layer<Filtered> + Send + Sync>;

/// The parts of the log that can be replaced.
struct Log {
    filter: Handle<EnvFilter, Registry>,
    writer: Handle<Writer, Filtered>,
}

/// The log of the process, once it is installed.
static LOG: OnceLock<Log> = OnceLock::new();

/// Installs the log with the default settings. Call it once, at the start of the process.
pub fn init() {
    let usual = LogSettings::default();
    let (filter, filter_handle) = reload::Layer::new(usual.env_filter());
    let (writer, writer_handle) = reload::Layer::new(usual.writer());
    tracing_subscriber::registry().with(filter).with(writer).init();
    let _ = LOG.set(Log { filter: filter_handle, writer: writer_handle });
}

/// Replaces the settings of the log. Without effect in a process that has another log.
pub fn change(settings: &LogSettings) {
    let Some(log) = LOG.get() else { return };
    let changed = log.filter.reload(settings.env_filter());
    if let Err(error) = changed.and_then(|()| log.writer.reload(settings.writer())) {
        tracing::error!(%error, "the settings of the log were not changed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_cannot_be_read_is_refused() {
        let with = |filter: &str| LogSettings { filter: filter.into(), ..LogSettings::default() };
        assert_eq!(LogSettings::default().check(), Ok(()));
        assert_eq!(with("warn,madang::actors=trace").check(), Ok(()));
        let refused = with("madang=loud").check().unwrap_err();
        assert_eq!(refused.key, "filter");
        assert!(refused.reason.starts_with("must be a level or a list"), "{}", refused.reason);
    }
}
