//! The settings of ports.

use super::actors::check_url;
use crate::actors::support::{COUNT_MAX, InvalidSetting, within};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Sections `[ports."business/name"]`.
pub type PortsSettings = BTreeMap<String, PortSettings>;

/// How an outside service is reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PortSettings {
    /// What carries the questions.
    pub transport: TransportKind,
    /// Where an HTTP service listens; required for that transport.
    pub url: Option<String>,
    /// An attempt that takes longer has failed.
    pub timeout_ms: u64,
    /// A question that somebody waits for is answered within this time, everything together: the
    /// wait in the gate, attempts, pauses. Counted from the record that it is about; no attempt
    /// is begun that would have less than half of its time-out. One that is configured is less
    /// than `http.patience_ms`.
    pub within_ms: u64,
    /// Attempts after the first, for questions that somebody waits for. Together with hedges they
    /// add a fifth to the load at most.
    pub retries: u32,
    /// When the first attempt has not answered after this time, a second goes out beside it under
    /// the same key, for questions that somebody waits for; never when not given.
    pub hedge_after_ms: Option<u64>,
    /// The pause before the first retry; doubles with each, jittered by half.
    pub backoff_ms: u64,
    /// The longest pause between two attempts.
    pub backoff_max_ms: u64,
    /// Questions on their way at once: what the port's gate lets through, unless that is set
    /// there. The port's own choice when not given.
    pub concurrency: Option<usize>,
    /// What happens to a question that somebody waits for when nobody answers.
    pub fallback: Fallback,
    /// So many questions are put off at most under the fallback *defer*; more are refused.
    pub deferred_max: usize,
    /// A question put off is given up this long after the record that it is about.
    pub deferred_within_ms: u64,
    /// The shortest time the sandbox takes.
    pub latency_ms_min: u64,
    /// The longest time the sandbox takes.
    pub latency_ms_max: u64,
    /// The share of attempts that the sandbox fails, from 0 to 1.
    pub failure_rate: f64,
    /// The share of charges that the sandbox declines, from 0 to 1.
    pub decline_rate: f64,
}

impl Default for PortSettings {
    fn default() -> Self {
        Self {
            transport: TransportKind::Sandbox,
            url: None,
            timeout_ms: 1_000,
            within_ms: 2_500,
            retries: 2,
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
    /// Whether they make sense.
    ///
    /// # Errors
    /// The first that does not.
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
            // Whoever gives an address must not be paid by the sandbox.
            return Err(InvalidSetting::new("url", "means nothing without transport = \"http\""));
        }
        if self.transport == TransportKind::Http {
            check_url(self.url.as_deref())?;
        }
        let timeout_ms = self.timeout_ms;
        // One that comes with the first, or after it has failed, is no second attempt.
        let senseless = self.hedge_after_ms.filter(|after| !(1..timeout_ms).contains(after));
        if let Some(after_ms) = senseless {
            let because = format!(
                "must be at least 1 and less than timeout_ms = {timeout_ms}, not {after_ms}"
            );
            return Err(InvalidSetting::new("hedge_after_ms", because));
        }
        for (key, share) in
            [("failure_rate", self.failure_rate), ("decline_rate", self.decline_rate)]
        {
            if !(0.0..=1.0).contains(&share) {
                return Err(InvalidSetting::new(key, format!("must be from 0 to 1, not {share}")));
            }
        }
        Ok(())
    }
}

/// What carries the questions to an outside service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TransportKind {
    /// A service inside this process that can be slow, fail and decline on purpose.
    Sandbox,
    /// `POST` of JSON to a URL, with an `Idempotency-Key`.
    Http,
}

/// What happens when an outside service does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fallback {
    /// Nothing is established: 503 and Retry-After.
    Refuse,
    /// It is stored and finished later: 202.
    Defer,
}
