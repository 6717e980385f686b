//! Notifications to systemd: ready, watchdog, stopping. They have no effect without systemd.

use crate::actors::Runtime;
use sd_notify::NotifyState;
use std::{convert::Infallible, future};

/// Notifies systemd that the server is ready.
pub fn ready() {
    tell(NotifyState::Ready);
}

/// Notifies systemd that the server is stopping.
pub fn stopping() {
    tell(NotifyState::Stopping);
}

/// Sends watchdog notifications to systemd, twice per watchdog timeout; never returns.
///
/// A notification is sent only if the supervisor has checked the event loops since the last tick,
/// and none is blocked. Otherwise the watchdog timeout of systemd expires.
pub async fn keep_alive(runtime: &Runtime) -> Infallible {
    let Some(within) = sd_notify::watchdog_enabled() else { return future::pending().await };
    let mut every = tokio::time::interval(within / 2);
    let mut looks = None;
    loop {
        every.tick().await;
        let seen = looks.replace(runtime.looks());
        if seen != looks && runtime.blocked().is_empty() {
            tell(NotifyState::Watchdog);
        }
    }
}

fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::debug!(%error, "systemd could not be notified");
    }
}
