//! The settings of ports.

use super::{actors::check_url, headers::HeadersSettings};
use crate::{
    actors::support::{COUNT_MAX, InvalidSetting, within},
    described,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The largest `retry_share`: this many retries and hedges for each first attempt.
pub const RETRY_SHARE_MAX: f64 = 10.0;

/// The settings of ports by name: sections `[ports."business/name"]`.
pub type PortsSettings = BTreeMap<String, PortSettings>;

described! {
    /// The settings of one port: how an external service is called.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct PortSettings {
        /// The transport of the requests: `sandbox`, which is simulated in this process, or `http`,
        /// which posts JSON to `url`.
        pub transport: TransportKind,
        /// The URL of an HTTP service; required for that transport.
        pub url: Option<String>,
        /// The headers of every request to an HTTP service: text, `{ env = "VARIABLE" }` or `{ file
        /// = "PATH" }`, with an optional `prefix`. No value is ever shown.
        pub headers: HeadersSettings,
        /// The time-out of an attempt, in milliseconds.
        pub timeout_ms: u64,
        /// The time, in milliseconds, in which a request with a waiting client is answered. It
        /// includes the wait in the gate, all attempts and pauses, counted from the record that
        /// caused the request. No attempt starts with less than half of its time-out left. A
        /// configured value is less than `http.wait_max_ms`.
        pub within_ms: u64,
        /// Retries after the first attempt, for requests with a waiting client.
        pub retries: u32,
        /// The number of retries and hedges that are made at most for each first attempt, on the
        /// average of all requests, from 0 to 10.
        pub retry_share: f64,
        /// The time, in milliseconds, after which a second attempt starts beside an unanswered
        /// first one, under the same idempotency key. Only for requests with a waiting client;
        /// never when not given.
        pub hedge_after_ms: Option<u64>,
        /// The pause before the first retry, in milliseconds; doubles with each retry, with a
        /// jitter of half.
        pub backoff_ms: u64,
        /// The longest pause between two attempts, in milliseconds.
        pub backoff_max_ms: u64,
        /// Requests in flight at once: the limit of the port's gate, unless that is set there. The
        /// port's own default when not given.
        pub concurrency: Option<usize>,
        /// The result of a request with a waiting client when the service does not answer: `refuse`
        /// (503) or `defer` (202).
        pub fallback: Fallback,
        /// Upper bound of requests deferred under the fallback *defer*; more are refused.
        pub deferred_max: usize,
        /// A deferred request is given up this many milliseconds after the record that caused it.
        pub deferred_within_ms: u64,
        /// The shortest time the sandbox takes, in milliseconds.
        pub latency_ms_min: u64,
        /// The longest time the sandbox takes, in milliseconds.
        pub latency_ms_max: u64,
        /// The share of attempts that the sandbox fails, from 0 to 1.
        pub failure_rate: f64,
        /// The share of charges that the sandbox declines, from 0 to 1.
        pub decline_rate: f64,
    }
}

impl Default for PortSettings {
    fn default() -> Self {
        Self {
            transport: TransportKind::Sandbox,
            url: None,
            headers: HeadersSettings::default(),
            timeout_ms: 1_000,
            within_ms: 2_500,
            retries: 2,
            retry_share: 0.2,
            hedge_after_ms: None,
            backoff_ms: 50,
            backoff_max_ms: 5_000,
            concurrency: None,
            fallback: Fallback::Refuse,
            deferred_max: 10_000,
            deferred_within_ms: 600_000,
            latency_ms_min: 0,
            latency_ms_max: 0,
            failure_rate: 0.0,
            decline_rate: 0.0,
        }
    }
}

impl PortSettings {
    /// Checks the ranges and combinations of the settings.
    ///
    /// # Errors
    /// The first invalid setting.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        within([
            ("timeout_ms", self.timeout_ms, 1..=COUNT_MAX),
            ("within_ms", self.within_ms, 1..=COUNT_MAX),
            ("backoff_ms", self.backoff_ms, 1..=COUNT_MAX),
            ("backoff_max_ms", self.backoff_max_ms, self.backoff_ms..=COUNT_MAX),
            ("concurrency", self.concurrency.map_or(1, |calls| calls as u64), 1..=COUNT_MAX),
            ("deferred_max", self.deferred_max as u64, 0..=COUNT_MAX),
            ("deferred_within_ms", self.deferred_within_ms, 0..=COUNT_MAX),
            ("latency_ms_max", self.latency_ms_max, self.latency_ms_min..=COUNT_MAX),
        ])?;
        if self.transport == TransportKind::Sandbox && self.url.is_some() {
            // With a url, charges must not go to the sandbox.
            return Err(InvalidSetting::new("url", "means nothing without transport = \"http\""));
        }
        if self.transport == TransportKind::Sandbox && !self.headers.is_empty() {
            let reason = "mean nothing without transport = \"http\"";
            return Err(InvalidSetting::new("headers", reason));
        }
        if self.transport == TransportKind::Http {
            check_url(self.url.as_deref())?;
        }
        self.headers.read().map_err(|reason| InvalidSetting::new("headers", reason))?;
        let timeout_ms = self.timeout_ms;
        // A hedge at the start of the first attempt, or after its time-out, is not a second attempt
        // beside it.
        let invalid = self.hedge_after_ms.filter(|after| !(1..timeout_ms).contains(after));
        if let Some(after_ms) = invalid {
            let reason = format!(
                "must be at least 1 and less than timeout_ms = {timeout_ms}, not {after_ms}"
            );
            return Err(InvalidSetting::new("hedge_after_ms", reason));
        }
        for (key, share, max) in [
            ("retry_share", self.retry_share, RETRY_SHARE_MAX),
            ("failure_rate", self.failure_rate, 1.0),
            ("decline_rate", self.decline_rate, 1.0),
        ] {
            if !(0.0..=max).contains(&share) {
                let reason = format!("must be from 0 to {max}, not {share}");
                return Err(InvalidSetting::new(key, reason));
            }
        }
        Ok(())
    }
}

/// The transport of the requests to an external service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransportKind {
    /// A simulated service in this process that can be slow, fail and decline on purpose.
    Sandbox,
    /// `POST` of JSON to a URL, with an `Idempotency-Key`.
    Http,
}

/// The result of a request when the external service does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fallback {
    /// The request is refused: 503 and Retry-After.
    Refuse,
    /// The request is stored and finished later: 202.
    Defer,
}
