//! What systemd is told: that we serve, that everything lives, that we stop. Nothing where nobody
//! listens.

use crate::actors::Runtime;
use sd_notify::NotifyState;
use std::{convert::Infallible, future};

/// Requests are served from now on.
pub fn ready() {
    tell(NotifyState::Ready);
}

/// No further requests are served.
pub fn stopping() {
    tell(NotifyState::Stopping);
}

/// Says that everything lives, twice in the time after which systemd takes it for dead, as long
/// as somebody looks and finds no loop blocked. Never over.
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
        tracing::debug!(%error, "systemd does not listen");
    }
}
