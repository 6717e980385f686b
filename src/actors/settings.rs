//! How the living part behaves: shards, passivation, crashes, and the transport of each port.

use super::ranges::{MANY, Senseless, THREADS_MAX, within};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// In less time a loop that is merely busy would be taken for blocked.
const SHARD_BLOCKED_MS_MIN: u64 = 250;

/// In less time a query of a busy machine would seldom have its result.
const QUERY_MS_MIN: u64 = 10;

/// A query that takes longer holds its place for too long.
const QUERY_MS_MAX: u64 = 60_000;

/// So many crashes of each instance are remembered.
const CRASHES_MAX: u64 = 1_000;

/// Section `[actors]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ActorSettings {
    /// Arbiters that aggregates are hashed to; 0 means one per core.
    pub shards: usize,
    /// Aggregates alive at once in the whole process; before there are as many, the longest unused
    /// are passivated.
    pub living_max: usize,
    /// Aggregates unused for so many seconds are passivated.
    pub idle_after_s: u64,
    /// A snapshot is kept every so many events of one aggregate.
    pub snapshot_every_events: u32,
    /// Messages waiting for one kind of aggregate; more are answered 503.
    pub mailbox_messages_max: usize,
    /// Messages waiting for one aggregate; more are answered 503.
    pub instance_messages_max: usize,
    /// A command that is not let in by the gate of its kind, or by that of a step of another
    /// aggregate, within so many milliseconds is turned away.
    pub admit_within_ms: u64,
    /// Clients that wait at once for an outside service while this machine works on it, before the
    /// service is asked and after it has answered; more are turned away.
    pub unanswered_max: usize,
    /// So many crashes of one instance within the window put it in quarantine.
    pub crashes_max: u32,
    /// The window, in seconds.
    pub crash_window_s: u64,
    /// The pause before the first rebuild after a crash; doubles with each further crash.
    pub crash_backoff_ms: u64,
    /// A shard whose loop is blocked for so many milliseconds, 250 at least, is replaced.
    pub shard_blocked_ms: u64,
    /// Sagas write their progress down every so many milliseconds.
    pub checkpoint_every_ms: u64,
    /// A query of a view that takes longer is ended and answered 503.
    pub query_ms_max: u64,
}

impl Default for ActorSettings {
    fn default() -> Self {
        Self {
            shards: 0,
            living_max: 32_768,
            idle_after_s: 300,
            snapshot_every_events: 100,
            mailbox_messages_max: 16_384,
            instance_messages_max: 4_096,
            admit_within_ms: 10,
            unanswered_max: 256,
            crashes_max: 5,
            crash_window_s: 60,
            crash_backoff_ms: 5,
            shard_blocked_ms: 1_000,
            checkpoint_every_ms: 100,
            query_ms_max: 2_000,
        }
    }
}

impl ActorSettings {
    /// Whether they make sense.
    ///
    /// # Errors
    /// The first that does not.
    pub fn check(&self) -> Result<(), Senseless> {
        within([
            ("shards", self.shards as u64, 0..=THREADS_MAX),
            ("living_max", self.living_max as u64, 1..=MANY),
            ("idle_after_s", self.idle_after_s, 0..=MANY),
            ("snapshot_every_events", self.snapshot_every_events.into(), 1..=MANY),
            ("mailbox_messages_max", self.mailbox_messages_max as u64, 1..=MANY),
            ("instance_messages_max", self.instance_messages_max as u64, 1..=MANY),
            ("admit_within_ms", self.admit_within_ms, 0..=MANY),
            ("unanswered_max", self.unanswered_max as u64, 1..=MANY),
            ("crashes_max", self.crashes_max.into(), 1..=CRASHES_MAX),
            ("crash_window_s", self.crash_window_s, 1..=MANY),
            ("crash_backoff_ms", self.crash_backoff_ms, 0..=MANY),
            ("shard_blocked_ms", self.shard_blocked_ms, SHARD_BLOCKED_MS_MIN..=MANY),
            ("checkpoint_every_ms", self.checkpoint_every_ms, 1..=MANY),
            ("query_ms_max", self.query_ms_max, QUERY_MS_MIN..=QUERY_MS_MAX),
        ])
    }

    /// The number of shards to start.
    #[must_use]
    pub fn shard_count(&self) -> usize {
        if self.shards > 0 {
            return self.shards;
        }
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
    }

    /// How long a shard may be silent before it counts as blocked.
    #[must_use]
    pub fn shard_blocked(&self) -> Duration {
        Duration::from_millis(self.shard_blocked_ms.max(SHARD_BLOCKED_MS_MIN))
    }

    /// The window in which crashes are counted.
    #[must_use]
    pub const fn crash_window(&self) -> Duration {
        Duration::from_secs(self.crash_window_s)
    }
}

/// Sections `[ports."business/name"]`.
pub type PortsSettings = BTreeMap<String, PortSettings>;

/// How an outside service is reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PortSettings {
    /// What carries the questions.
    pub transport: Transport,
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
            transport: Transport::Sandbox,
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
    pub fn check(&self) -> Result<(), Senseless> {
        within([
            ("timeout_ms", self.timeout_ms, 1..=MANY),
            ("within_ms", self.within_ms, 1..=MANY),
            ("backoff_ms", self.backoff_ms, 1..=MANY),
            ("backoff_max_ms", self.backoff_max_ms, self.backoff_ms..=MANY),
            ("concurrency", self.concurrency.map_or(1, |calls| calls as u64), 1..=MANY),
            ("deferred_max", self.deferred_max as u64, 0..=MANY),
            ("deferred_within_ms", self.deferred_within_ms, 0..=MANY),
            ("latency_ms_max", self.latency_ms_max, self.latency_ms_min..=MANY),
        ])?;
        if self.transport == Transport::Sandbox && self.url.is_some() {
            // Whoever gives an address must not be paid by the sandbox.
            return Err(Senseless::new("url", "means nothing without transport = \"http\""));
        }
        if self.transport == Transport::Http {
            check_url(self.url.as_deref())?;
        }
        let timeout_ms = self.timeout_ms;
        // One that comes with the first, or after it has failed, is no second attempt.
        let senseless = self.hedge_after_ms.filter(|after| !(1..timeout_ms).contains(after));
        if let Some(after_ms) = senseless {
            let because = format!(
                "must be at least 1 and less than timeout_ms = {timeout_ms}, not {after_ms}"
            );
            return Err(Senseless::new("hedge_after_ms", because));
        }
        for (key, share) in
            [("failure_rate", self.failure_rate), ("decline_rate", self.decline_rate)]
        {
            if !(0.0..=1.0).contains(&share) {
                return Err(Senseless::new(key, format!("must be from 0 to 1, not {share}")));
            }
        }
        Ok(())
    }
}

/// Whether it is a place that HTTP reaches.
fn check_url(url: Option<&str>) -> Result<(), Senseless> {
    let wrong = |because: String| Err(Senseless::new("url", because));
    let Some(url) = url else {
        return wrong("is required with transport = \"http\"".to_owned());
    };
    match url.parse::<reqwest::Url>() {
        Ok(read) if matches!(read.scheme(), "http" | "https") && read.has_host() => Ok(()),
        Ok(_) => {
            wrong(format!("must begin with http:// or https:// and name a host, not \"{url}\""))
        }
        Err(error) => wrong(format!(
            "must be a url such as \"http://bank.example/charges\", not \"{url}\": {error}"
        )),
    }
}

/// What carries the questions to an outside service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
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
