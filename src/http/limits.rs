//! The limits of the HTTP server.

use crate::{
    actors::{COUNT_MAX, InvalidSetting, PATIENCE_MAX, THREADS_MAX, within},
    http::connection::Timeouts,
    origin_policy::{HostPattern, Origin, OriginPolicy},
};
use actix_http::KeepAlive;
use serde::{Deserialize, Serialize};
use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

/// No body is larger: each is held in memory as a whole.
const BODY_BYTES_MAX: u64 = 64 << 20;

/// Each is compared with the `Host` or the `Origin` of a request until one matches.
const HOSTS_MAX: u64 = 64;

/// The operating system takes it as a signed number.
const BACKLOG_MAX: u64 = i32::MAX as u64;

/// Section `[http]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Threads that answer; 0 means one per core.
    pub workers: usize,
    /// The largest body that is read, in bytes.
    pub body_bytes_max: usize,
    /// The longest time a body may take to arrive.
    pub body_timeout_ms: u64,
    /// The longest time the head of a request may take to arrive, from its first byte on.
    pub head_timeout_ms: u64,
    /// A connection whose client reads nothing of an answer for so long is closed.
    pub write_timeout_ms: u64,
    /// The longest time a request waits for what is pending.
    pub patience_ms: u64,
    /// A connection without requests is closed after so many seconds.
    pub keep_alive_s: u64,
    /// Connections per worker, fewer when the process may not open as many files. For a further
    /// one, the connection that has waited longest for its client is closed.
    pub connections_max: usize,
    /// Connections that wait to be accepted.
    pub backlog_connections_max: u32,
    /// Requests per second that one client may make of resources and views; 0 is any number.
    /// More are answered 429.
    pub client_rate_per_s: u32,
    /// Requests that one client may make at once, after a pause; as many as in a second when 0.
    pub client_burst: u32,
    /// Clients that are remembered; the longest unheard of is forgotten first.
    pub clients_max: usize,
    /// Proxies, by address, whose `X-Forwarded-For` tells who the client is.
    pub trusted_proxies: Vec<IpAddr>,
    /// Names and addresses of this server beside loopback and the address it listens on, with a
    /// port or for any port. Requests for another `Host` are answered 421.
    pub hosts: Vec<String>,
    /// Origins, beside its own, whose pages may send requests that change something; those of
    /// other pages are answered 403.
    pub origins: Vec<String>,
    /// The longest time a stop waits for requests in flight, in seconds.
    pub stop_within_s: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            workers: 0,
            body_bytes_max: 64 * 1024,
            body_timeout_ms: 5_000,
            head_timeout_ms: 5_000,
            write_timeout_ms: 10_000,
            patience_ms: 3_000,
            keep_alive_s: 60,
            connections_max: 16_384,
            backlog_connections_max: 2_048,
            client_rate_per_s: 0,
            client_burst: 0,
            clients_max: 65_536,
            trusted_proxies: Vec::new(),
            hosts: Vec::new(),
            origins: Vec::new(),
            stop_within_s: 10,
        }
    }
}

impl Limits {
    /// The longest time a request waits for what is pending.
    #[must_use]
    pub const fn patience(&self) -> Duration {
        Duration::from_millis(self.patience_ms)
    }

    /// The longest time a body may take to arrive.
    #[must_use]
    pub const fn body_timeout(&self) -> Duration {
        Duration::from_millis(self.body_timeout_ms)
    }

    /// Whether they make sense.
    ///
    /// # Errors
    /// The first that does not.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        let patience_ms_max = u64::try_from(PATIENCE_MAX.as_millis()).unwrap_or(COUNT_MAX);
        within([
            ("workers", self.workers as u64, 0..=THREADS_MAX),
            ("body_bytes_max", self.body_bytes_max as u64, 1..=BODY_BYTES_MAX),
            ("body_timeout_ms", self.body_timeout_ms, 1..=COUNT_MAX),
            ("head_timeout_ms", self.head_timeout_ms, 1..=COUNT_MAX),
            ("write_timeout_ms", self.write_timeout_ms, 1..=COUNT_MAX),
            ("patience_ms", self.patience_ms, 1..=patience_ms_max),
            ("keep_alive_s", self.keep_alive_s, 0..=COUNT_MAX),
            ("connections_max", self.connections_max as u64, 1..=COUNT_MAX),
            ("backlog_connections_max", self.backlog_connections_max.into(), 1..=BACKLOG_MAX),
            ("clients_max", self.clients_max as u64, 1..=COUNT_MAX),
            ("stop_within_s", self.stop_within_s, 0..=COUNT_MAX),
        ])?;
        if self.client_burst > 0 && self.client_rate_per_s == 0 {
            return Err(InvalidSetting::new(
                "client_burst",
                "means nothing without client_rate_per_s",
            ));
        }
        self.origin_policy(IpAddr::V4(Ipv4Addr::LOCALHOST)).map(drop)
    }

    /// Which hosts and pages belong to a server that listens on this address.
    pub(in crate::http) fn origin_policy(
        &self,
        listen: IpAddr,
    ) -> Result<OriginPolicy, InvalidSetting> {
        within([
            ("hosts", self.hosts.len() as u64, 0..=HOSTS_MAX),
            ("origins", self.origins.len() as u64, 0..=HOSTS_MAX),
        ])?;
        let hosts = self.hosts.iter().map(|text| HostPattern::read(text)).collect::<Result<_, _>>();
        let hosts = hosts.map_err(|because| InvalidSetting::new("hosts", because))?;
        let origins = self.origins.iter().map(|text| Origin::read(text)).collect::<Result<_, _>>();
        let origins = origins.map_err(|because| InvalidSetting::new("origins", because))?;
        Ok(OriginPolicy::new(listen, hosts, origins, "the setting http.hosts"))
    }

    /// Threads that answer.
    #[must_use]
    pub fn worker_count(&self) -> usize {
        if self.workers > 0 {
            return self.workers;
        }
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
    }

    pub(in crate::http) fn timeouts(&self) -> Timeouts {
        Timeouts {
            head_ms: self.head_timeout_ms,
            // Without it, the HTTP library closes each connection after its answer.
            keep_alive_ms: self.keep_alive_s.max(1).saturating_mul(1_000),
            write_ms: self.write_timeout_ms,
        }
    }

    /// The library's own timer of idle connections is not needed: each request would set it.
    pub(in crate::http) const fn keep_alive(&self) -> KeepAlive {
        if self.keep_alive_s == 0 { KeepAlive::Disabled } else { KeepAlive::Os }
    }
}
