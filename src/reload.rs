//! The settings are read again on SIGHUP, and when the file of settings or that of the accounts has
//! changed.
//!
//! When anything in them is wrong, nothing changes. Otherwise those that can change while the
//! server is running take effect, and the log names the others.

use crate::{
    actors::Runtime,
    config::{Config, Flags, changes},
    declarations::Declarations,
    files::{self, Stamp},
    http::Parts,
    identity::TokenIssuer,
    inbound::client_limit::ClientRateLimit,
    logging, settings_command, systemd,
};
use std::{
    convert::Infallible,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::Interval,
};

/// The settings that can change while the application is running.
#[derive(Clone)]
pub struct LiveSettings {
    runtime: Runtime,
    /// The rate limit per client, when one is configured.
    clients: Option<Arc<ClientRateLimit>>,
    /// The authorization server, when this server is one.
    issuer: Option<Arc<TokenIssuer>>,
}

impl LiveSettings {
    /// The settings of these parts.
    pub fn of(parts: &Parts) -> Self {
        let issuer = parts.identity.as_ref().and_then(|identity| identity.issuer.clone());
        Self { runtime: parts.runtime.clone(), clients: parts.clients.clone(), issuer }
    }

    /// Takes what can change from this configuration, and the accounts from their file.
    fn take(&self, config: &Config, wait_max_ms: u64) -> Result<(), String> {
        let mut settings = config.settings();
        // The longest wait of a request is the one of the start.
        settings.wait_max_ms = Some(wait_max_ms);
        // A server that issues tokens does so until the next start.
        let issuer = self.issuer.as_ref().filter(|_| config.identity.issue);
        let accounts = issuer.map(|issuer| issuer.read_accounts(&config.identity)).transpose();
        let accounts = accounts.map_err(|line| config.with_sources(&line))?;
        self.runtime.reload(&settings)?;
        if let Some(put_in_force) = accounts {
            put_in_force();
        }
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
    settings: Option<Watched>,
    accounts: Option<Watched>,
}

/// A file that is read again when it changes.
struct Watched {
    file: PathBuf,
    seen: Option<Stamp>,
    is_gone: bool,
}

impl Watched {
    fn of(file: &Path) -> Self {
        Self { file: file.to_owned(), seen: files::stamp(file), is_gone: false }
    }

    /// Whether the file has changed since the last look. Logs once that it is gone.
    fn has_changed(&mut self) -> bool {
        let stamp = files::stamp(&self.file);
        let was_gone = std::mem::replace(&mut self.is_gone, stamp.is_none());
        if self.is_gone {
            if !was_gone {
                let file = self.file.display();
                tracing::warn!(%file, "the file is gone: what was read from it stays in effect");
            }
            return false;
        }
        let seen = std::mem::replace(&mut self.seen, stamp);
        seen != stamp
    }
}

impl<'a> Reload<'a> {
    /// Listens for SIGHUP from now on. `flags` are those from which `config` was read.
    ///
    /// # Errors
    /// When the handler of the signal cannot be installed.
    pub fn of(flags: Flags, config: Config, declarations: &'a Declarations) -> io::Result<Self> {
        let (looks, settings) = (files::looks(), flags.config.as_deref().map(Watched::of));
        let accounts = config.identity.accounts_file.as_deref().map(Watched::of);
        let (hangup, started) = (signal(SignalKind::hangup())?, config.clone());
        let current = config;
        Ok(Self { flags, declarations, started, current, hangup, looks, settings, accounts })
    }

    /// Reads the settings again at each SIGHUP and each change of a file; never returns.
    pub async fn keep_current(mut self, live: LiveSettings) -> Infallible {
        loop {
            self.wait().await;
            systemd::reloading();
            self.read_again(&live);
            systemd::ready();
        }
    }

    /// Waits for SIGHUP or a change of a file.
    async fn wait(&mut self) {
        loop {
            let is_asked = tokio::select! {
                _ = self.hangup.recv() => true,
                _ = self.looks.tick() => false,
            };
            let watched = [&mut self.settings, &mut self.accounts].into_iter().flatten();
            // Each file is looked at, also after one that has changed.
            let has_changed =
                watched.map(Watched::has_changed).fold(false, |one, other| one | other);
            if is_asked || has_changed {
                return;
            }
        }
    }

    fn read_again(&mut self, live: &LiveSettings) {
        let read = settings_command::read(&self.flags, self.declarations).and_then(|config| {
            // A change after this look is seen by the next one.
            let accounts = config.identity.accounts_file.as_deref().map(Watched::of);
            live.take(&config, self.started.http.wait_max_ms).map_err(|reason| vec![reason])?;
            Ok((config, accounts))
        });
        match read {
            Ok((config, accounts)) => {
                self.log_changes(&config);
                (self.current, self.accounts) = (config, accounts);
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
