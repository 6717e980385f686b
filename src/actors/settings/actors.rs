//! The settings of actors.

use crate::{
    actors::support::{COUNT_MAX, InvalidSetting, THREADS_MAX, within},
    described,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The smallest `shard_blocked_ms`; with less, a busy event loop would count as blocked.
const SHARD_BLOCKED_MS_MIN: u64 = 250;

/// The cores for which one shard is started. A shard does a fourth of the work of an order, so one
/// for each core would be idle most of the time, and a wake-up for each message costs more than the
/// work on it.
const CORES_PER_SHARD: usize = 2;

/// The smallest `query_ms_max`; with less, queries would seldom finish on a busy machine.
const QUERY_MS_MIN: u64 = 10;

/// The largest `query_ms_max`; a longer query occupies its slot for too long.
const QUERY_MS_MAX: u64 = 60_000;

/// The largest `representations_bytes_max`: a tebibyte.
const BYTES_MAX: u64 = 1 << 40;

/// The largest `crashes_max`: crashes remembered per instance.
const CRASHES_MAX: u64 = 1_000;

described! {
    /// The settings of actors: section `[actors]`.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct ActorSettings {
        /// Number of shards, which are event loops to which aggregates are hashed, at most 1024; 0
        /// is one for two cores.
        pub shards: usize,
        /// Upper bound of aggregates in memory in the whole process. Near it, the least recently
        /// used ones are passivated.
        pub instances_max: usize,
        /// Upper bound in bytes of cached representations, which are read without their aggregates;
        /// 0 caches none.
        pub representations_bytes_max: usize,
        /// Seconds after which an unused aggregate is passivated.
        pub idle_after_s: u64,
        /// Events of one aggregate between two snapshots.
        pub snapshot_every_events: u32,
        /// Upper bound of messages waiting for one aggregate kind; more are answered 503.
        pub mailbox_messages_max: usize,
        /// Upper bound of messages waiting for one instance; more are answered 503.
        pub instance_messages_max: usize,
        /// Milliseconds a command waits for the gate of its kind, or of another aggregate's step,
        /// before it is refused.
        pub admit_within_ms: u64,
        /// Upper bound of clients that wait for an external service while this machine works on
        /// their request, before the call and after its answer. More are answered 503.
        pub unanswered_max: usize,
        /// Crashes of one instance within the window that put it in quarantine, at most 1000.
        pub crashes_max: u32,
        /// The window in which crashes are counted, in seconds.
        pub crash_window_s: u64,
        /// The pause before the first rebuild after a crash, in milliseconds; doubles with each
        /// further crash.
        pub crash_backoff_ms: u64,
        /// Milliseconds, at least 250, after which a shard with a blocked event loop is replaced.
        pub shard_blocked_ms: u64,
        /// Milliseconds between two checkpoints of a saga.
        pub checkpoint_every_ms: u64,
        /// Milliseconds, from 10 to 60000, after which a client's view query, or page of a
        /// resource, is ended and answered 503.
        pub query_ms_max: u64,
    }
}

impl Default for ActorSettings {
    fn default() -> Self {
        Self {
            shards: 0,
            instances_max: 32_768,
            representations_bytes_max: 128 * 1024 * 1024,
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
    /// Checks the ranges of the settings.
    ///
    /// # Errors
    /// The first setting that is out of its range.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        within([
            ("shards", self.shards as u64, 0..=THREADS_MAX),
            ("instances_max", self.instances_max as u64, 1..=COUNT_MAX),
            ("representations_bytes_max", self.representations_bytes_max as u64, 0..=BYTES_MAX),
            ("idle_after_s", self.idle_after_s, 0..=COUNT_MAX),
            ("snapshot_every_events", self.snapshot_every_events.into(), 1..=COUNT_MAX),
            ("mailbox_messages_max", self.mailbox_messages_max as u64, 1..=COUNT_MAX),
            ("instance_messages_max", self.instance_messages_max as u64, 1..=COUNT_MAX),
            ("admit_within_ms", self.admit_within_ms, 0..=COUNT_MAX),
            ("unanswered_max", self.unanswered_max as u64, 1..=COUNT_MAX),
            ("crashes_max", self.crashes_max.into(), 1..=CRASHES_MAX),
            ("crash_window_s", self.crash_window_s, 1..=COUNT_MAX),
            ("crash_backoff_ms", self.crash_backoff_ms, 0..=COUNT_MAX),
            ("shard_blocked_ms", self.shard_blocked_ms, SHARD_BLOCKED_MS_MIN..=COUNT_MAX),
            ("checkpoint_every_ms", self.checkpoint_every_ms, 1..=COUNT_MAX),
            ("query_ms_max", self.query_ms_max, QUERY_MS_MIN..=QUERY_MS_MAX),
        ])
    }

    /// Returns the number of shards to start.
    #[must_use]
    pub fn shard_count(&self) -> usize {
        if self.shards > 0 {
            return self.shards;
        }
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        cores.div_ceil(CORES_PER_SHARD)
    }

    /// Returns how long a shard may be silent before it counts as blocked.
    #[must_use]
    pub fn shard_blocked(&self) -> Duration {
        Duration::from_millis(self.shard_blocked_ms.max(SHARD_BLOCKED_MS_MIN))
    }

    /// Returns how long a query or a page may take.
    #[must_use]
    pub fn query_max(&self) -> Duration {
        Duration::from_millis(self.query_ms_max)
    }

    /// Returns the window in which crashes are counted.
    #[must_use]
    pub const fn crash_window(&self) -> Duration {
        Duration::from_secs(self.crash_window_s)
    }
}

/// Checks that a URL is present and can be called over HTTP. It has no password, because a URL is
/// shown.
pub(super) fn check_url(url: Option<&str>) -> Result<(), InvalidSetting> {
    let wrong = |reason: String| Err(InvalidSetting::new("url", reason));
    let Some(url) = url else {
        return wrong("is required with transport = \"http\"".to_owned());
    };
    match url.parse::<reqwest::Url>() {
        Ok(read) if !read.username().is_empty() || read.password().is_some() => {
            wrong("must not have a name or a password; they belong into `headers`".to_owned())
        }
        Ok(read) if matches!(read.scheme(), "http" | "https") && read.has_host() => Ok(()),
        Ok(_) => {
            wrong(format!("must begin with http:// or https:// and name a host, not \"{url}\""))
        }
        Err(error) if url.contains('@') => {
            wrong(format!("must be a url such as \"http://bank.example/charges\": {error}"))
        }
        Err(error) => wrong(format!(
            "must be a url such as \"http://bank.example/charges\", not \"{url}\": {error}"
        )),
    }
}
