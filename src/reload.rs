//! The settings are read again on SIGHUP, and when the file of settings has changed.
//!
//! When anything in them is wrong, nothing changes. Otherwise those that can change while the
//! server is running take effect, and the log names the others.

use crate::{
    actors::Runtime,
    config::{Config, Flags, changes},
    declarations::Declarations,
    files::{self, Stamp},
    inbound::client_limit::ClientRateLimit,
    logging, settings_command, systemd,
};
use std::{convert::Infallible, io, sync::Arc};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::Interval,
};

/// The settings that can change while the application is running.
pub struct LiveSettings {
    pub runtime: Runtime,
    /// The rate limit per client, when one is configured.
    pub clients: Option<Arc<ClientRateLimit>>,
}

impl LiveSettings {
    /// Takes what can change from this configuration.
    fn take(&self, config: &Config, wait_max_ms: u64) -> Result<(), String> {
        let mut settings = config.settings();
        // The longest wait of a request is the one of the start.
        settings.wait_max_ms = Some(wait_max_ms);
        self.runtime.reload(&settings)?;
        if let Some(clients) = &self.clients {
            let (rate_per_s, burst) = config.http.client_rate();
            // A rate that is turned off stays until the next start.
            if rate_per_s > 0 {
                clients.change(rate_per_s, burst);
            }
        }
        logging::change(&config.log);
        Ok(())
    }
}

/// Reads the settings of a server again.
pub struct Reload<'a> {
    flags: Flags,
    declarations: &'a Declarations,
    /// The settings of the start. Those that cannot change are in effect.
    started: Config,
    /// The settings that were read last.
    current: Config,
    hangup: Signal,
    looks: Interval,
    seen: Option<Stamp>,
}

impl<'a> Reload<'a> {
    /// Listens for SIGHUP from now on. `flags` are those from which `config` was read.
    ///
    /// # Errors
    /// When the handler of the signal cannot be installed.
    pub fn of(flags: Flags, config: Config, declarations: &'a Declarations) -> io::Result<Self> {
        let (looks, seen) = (files::looks(), stamp(&flags));
        let (hangup, started) = (signal(SignalKind::hangup())?, config.clone());
        Ok(Self { flags, declarations, started, current: config, hangup, looks, seen })
    }

    /// Reads the settings again at each SIGHUP and each change of the file; never returns.
    pub async fn keep_current(mut self, live: LiveSettings) -> Infallible {
        loop {
            self.wait().await;
            systemd::reloading();
            self.read_again(&live);
            systemd::ready();
        }
    }

    /// Waits for SIGHUP or a change of the file.
    async fn wait(&mut self) {
        loop {
            let is_asked = tokio::select! {
                _ = self.hangup.recv() => true,
                _ = self.looks.tick() => false,
            };
            let stamp = stamp(&self.flags);
            let has_changed = stamp.is_some() && stamp != self.seen;
            self.seen = stamp.or(self.seen);
            if is_asked || has_changed {
                return;
            }
        }
    }

    fn read_again(&mut self, live: &LiveSettings) {
        let read = settings_command::read(&self.flags, self.declarations).and_then(|config| {
            live.take(&config, self.started.http.wait_max_ms).map_err(|reason| vec![reason])?;
            Ok(config)
        });
        match read {
            Ok(config) => {
                self.log_changes(&config);
                self.current = config;
            }
            Err(errors) => {
                for error in errors {
                    tracing::error!(error, "the settings were not changed");
                }
            }
        }
    }

    fn log_changes(&self, config: &Config) {
        let businesses = self.declarations.sections();
        let from = |old| changes(old, config, &businesses).unwrap_or_default();
        let changed = from(&self.current).live;
        if changed.is_empty() {
            tracing::info!("the settings were read again; none has changed that can change now");
        } else {
            tracing::info!(changed = changed.join(", "), "the settings were read again");
        }
        let later = from(&self.started).after_restart;
        if !later.is_empty() {
            tracing::warn!(keys = later.join(", "), "these settings take effect at the next start");
        }
    }
}

/// The stamp of the file of settings, if there is one.
fn stamp(flags: &Flags) -> Option<Stamp> {
    files::stamp(flags.config.as_ref()?)
}
