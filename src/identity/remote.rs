//! The keys at a URL: fetched at the start, again and again, and when a token has an unknown key.

use super::{IdentitySettings, keys::Keys};
use crate::{actors::with_causes, sync};
use reqwest::{Client, ClientBuilder, Url, header::ACCEPT, redirect};
use ring::digest;
use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::{Notify, watch};

/// The keys at a URL.
#[derive(Debug)]
pub struct Remote {
    url: Url,
    /// The URL for the log: a query may contain a secret.
    shown: String,
    client: Client,
    refresh_every: Duration,
    begun: Instant,
    /// When an unknown key was last the reason for a fetch.
    asked: Mutex<Option<Duration>>,
    /// Whether the fetch that was asked for is not done yet.
    is_pending: AtomicBool,
    wake: Notify,
    /// Counts the fetches that are done.
    done: watch::Sender<u64>,
}

/// The time between two fetches because of unknown keys. Every client can invent a key id.
const ASK_PAUSE: Duration = Duration::from_secs(60);

/// How long a request waits for keys.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// The time limit of a fetch.
const FETCH_WITHIN: Duration = Duration::from_secs(10);

/// The pause after the first failure; it doubles with each further one.
const RETRY_PAUSE: Duration = Duration::from_secs(5);

/// The largest JWK set, in bytes.
const JWKS_BYTES_MAX: usize = 512 * 1024;

impl Remote {
    pub fn new(url: &str, settings: &IdentitySettings) -> Result<Self, String> {
        Self::with(url, settings, |client| client)
    }

    /// Like `new`, with a changed client.
    pub(super) fn with(
        url: &str,
        settings: &IdentitySettings,
        change: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Result<Self, String> {
        // Another part of the process may have installed the same provider before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .no_proxy()
            .timeout(FETCH_WITHIN)
            // A redirect could lead to a server that is not configured.
            .redirect(redirect::Policy::none());
        let client = change(client).build().map_err(described)?;
        let url: Url = url.parse().map_err(|_| "is not a URL".to_owned())?;
        Ok(Self {
            shown: format!("{}{}", url.origin().ascii_serialization(), url.path()),
            url,
            client,
            refresh_every: Duration::from_secs(settings.jwks_refresh_s),
            begun: Instant::now(),
            asked: Mutex::new(None),
            is_pending: AtomicBool::new(false),
            wake: Notify::new(),
            done: watch::Sender::new(0),
        })
    }

    /// Asks for a fetch because of an unknown key, unless the last such fetch was less than a
    /// minute ago.
    pub fn ask(&self) {
        self.ask_at(self.begun.elapsed());
    }

    fn ask_at(&self, now: Duration) -> bool {
        let mut asked = sync::lock(&self.asked);
        if asked.is_some_and(|last| now.saturating_sub(last) < ASK_PAUSE) {
            return false;
        }
        *asked = Some(now);
        self.is_pending.store(true, Ordering::Release);
        self.wake.notify_one();
        true
    }

    /// Waits for the fetch that was asked for; `false` when there is none, or it takes too long.
    pub async fn wait(&self) -> bool {
        let mut done = self.done.subscribe();
        if !self.is_pending.load(Ordering::Acquire) && *done.borrow_and_update() > 0 {
            return false;
        }
        let is_over = done.wait_for(|count| *count > 0 && !self.is_pending.load(Ordering::Acquire));
        tokio::time::timeout(WAIT_MAX, is_over).await.is_ok_and(|waited| waited.is_ok())
    }

    /// Fetches the keys and hands over those that changed. After a failure the present keys stay.
    pub async fn refresh_forever(&self, replace: impl Fn(Keys)) {
        let mut present = None;
        let mut failures = 0;
        loop {
            let was_asked = self.is_pending.load(Ordering::Acquire);
            match self.fetch().await {
                Ok((keys, content)) => {
                    failures = 0;
                    if present.as_ref() != Some(&content) {
                        tracing::info!(url = self.shown, "fetched new keys that verify tokens");
                        replace(keys);
                        present = Some(content);
                    }
                }
                Err(reason) => {
                    failures += 1;
                    tracing::warn!(
                        url = self.shown,
                        failures,
                        reason,
                        "cannot fetch the keys that verify tokens"
                    );
                }
            }
            if was_asked {
                self.is_pending.store(false, Ordering::Release);
            }
            self.done.send_modify(|count| *count += 1);
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(self.pause_after(failures)) => {}
            }
        }
    }

    fn pause_after(&self, failures: u32) -> Duration {
        match failures {
            0 => self.refresh_every,
            _ => RETRY_PAUSE.saturating_mul(1 << (failures - 1).min(10)).min(self.refresh_every),
        }
    }

    /// The keys, and the hash of the document they are from.
    pub(super) async fn fetch(&self) -> Result<(Keys, Vec<u8>), String> {
        let request = self.client.get(self.url.clone()).header(ACCEPT, "application/json");
        let response = request.send().await.map_err(described)?;
        if !response.status().is_success() {
            return Err(format!("the answer is {}", response.status()));
        }
        let mut response = response;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(described)? {
            if body.len() + chunk.len() > JWKS_BYTES_MAX {
                return Err(format!("the answer is larger than {JWKS_BYTES_MAX} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        let keys = Keys::of_jwk_set(&body).map_err(|reason| format!("the answer {reason}"))?;
        Ok((keys, digest::digest(&digest::SHA256, &body).as_ref().to_vec()))
    }
}

/// The error with its causes, without the URL.
fn described(error: reqwest::Error) -> String {
    with_causes(&error.without_url())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote() -> Remote {
        Remote::new("https://id.example/jwks", &IdentitySettings::default()).unwrap()
    }

    #[test]
    fn unknown_keys_lead_to_one_fetch_a_minute() {
        let (remote, at) = (remote(), Duration::from_secs);
        assert!(remote.ask_at(at(0)) && !remote.ask_at(at(0)) && !remote.ask_at(at(59)));
        assert!(remote.ask_at(at(60)) && !remote.ask_at(at(61)));
    }

    #[test]
    fn fetches_that_fail_are_repeated_more_and_more_rarely() {
        let remote = remote();
        let pauses = [0, 1, 2, 3, 9, 60].map(|failures| remote.pause_after(failures).as_secs());
        assert_eq!(pauses, [300, 5, 10, 20, 300, 300]);
    }
}
