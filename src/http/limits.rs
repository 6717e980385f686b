//! The limits of the HTTP server.

use crate::{
    actors::{COUNT_MAX, InvalidSetting, THREADS_MAX, WAIT_MAX, within},
    described,
    http::connection::Timeouts,
    inbound::client_limit::ClientRateLimit,
    origin_policy::{CorsOrigins, HostPattern, Origin, OriginPolicy},
};
use actix_http::KeepAlive;
use serde::{Deserialize, Serialize};
use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

/// The upper bound of `body_bytes_max`: each body is held in memory as a whole.
const BODY_BYTES_MAX: u64 = 64 << 20;

/// The most hosts and the most origins: each is compared with the header of a request until one
/// matches.
const HOSTS_MAX: u64 = 64;

/// The upper bound of the backlog: the operating system takes it as a signed number.
const BACKLOG_MAX: u64 = i32::MAX as u64;

described! {
    /// Section `[http]`.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    pub struct Limits {
        /// HTTP threads, at most 1024; 0 is one per core.
        pub workers: usize,
        /// The size of the largest body that is read, in bytes, at most 64 MiB; a larger one gets
        /// the reply 413.
        pub body_bytes_max: usize,
        /// The longest time that a body may take to arrive; a slower client gets the reply 408.
        pub body_timeout_ms: u64,
        /// The longest time that the head of a request may take to arrive, from its first byte on;
        /// a slower client gets the reply 408.
        pub head_timeout_ms: u64,
        /// The longest time that a client may read nothing of a response; then its connection is
        /// closed.
        pub write_timeout_ms: u64,
        /// The longest time that a request waits for a pending outcome, at most 30000; then it gets
        /// the reply 202.
        pub wait_max_ms: u64,
        /// The longest time that a connection may be idle, in seconds; then it is closed.
        pub keep_alive_s: u64,
        /// The most connections per worker; fewer when the limit of open files is too low. When the
        /// limit is reached, the connections that have waited longest for their clients are closed.
        pub connections_max: usize,
        /// Whether HTTP/2 is offered beside HTTP/1.1.
        pub http2: bool,
        /// The most connections that wait to be accepted.
        pub backlog_connections_max: u32,
        /// The rate limit per client for resources and views, in requests per second; 0 is no
        /// limit. Requests above it get the reply 429. A client is the subject of its token, or
        /// else its address.
        pub client_rate_per_s: u32,
        /// The most requests that one client may send at once after a pause; 0 is as many as in a
        /// second.
        pub client_burst: u32,
        /// The most clients with a token bucket; the least recently used one is evicted first.
        pub clients_max: usize,
        /// The addresses of trusted proxies: the address of a client is read from their
        /// `X-Forwarded-For`.
        pub trusted_proxies: Vec<IpAddr>,
        /// Names and addresses of this server besides loopback and its listen address, with one
        /// port or any, at most 64. Requests for another `Host` get the reply 421. When `listen` is
        /// the wildcard address, every IP address is allowed.
        pub hosts: Vec<String>,
        /// Origins besides its own whose pages may send requests that change something, such as
        /// `https://shop.example`, at most 64. Requests of other pages get the reply 403. It is for
        /// proxies that change `Host`, and does not enable CORS.
        pub origins: Vec<String>,
        /// Origins whose pages may read answers and send requests that change something (CORS), at
        /// most 64, or `*` alone for every origin, which needs `[identity]`.
        pub cors_origins: Vec<String>,
        /// The longest time that a stop waits for requests in flight, in seconds.
        pub stop_within_s: u64,
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            workers: 0,
            body_bytes_max: 64 * 1024,
            body_timeout_ms: 5_000,
            head_timeout_ms: 5_000,
            write_timeout_ms: 10_000,
            wait_max_ms: 3_000,
            keep_alive_s: 60,
            connections_max: 16_384,
            http2: true,
            backlog_connections_max: 2_048,
            client_rate_per_s: 0,
            client_burst: 0,
            clients_max: 65_536,
            trusted_proxies: Vec::new(),
            hosts: Vec::new(),
            origins: Vec::new(),
            cors_origins: Vec::new(),
            stop_within_s: 10,
        }
    }
}

impl Limits {
    /// The longest time a request waits for a pending outcome.
    #[must_use]
    pub const fn wait_max(&self) -> Duration {
        Duration::from_millis(self.wait_max_ms)
    }

    /// Checks the limits.
    ///
    /// # Errors
    /// When a limit is invalid; the error names the first one.
    pub fn check(&self) -> Result<(), InvalidSetting> {
        let wait_ms_max = u64::try_from(WAIT_MAX.as_millis()).unwrap_or(COUNT_MAX);
        within([
            ("workers", self.workers as u64, 0..=THREADS_MAX),
            ("body_bytes_max", self.body_bytes_max as u64, 1..=BODY_BYTES_MAX),
            ("body_timeout_ms", self.body_timeout_ms, 1..=COUNT_MAX),
            ("head_timeout_ms", self.head_timeout_ms, 1..=COUNT_MAX),
            ("write_timeout_ms", self.write_timeout_ms, 1..=COUNT_MAX),
            ("wait_max_ms", self.wait_max_ms, 1..=wait_ms_max),
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

    /// The origin policy of a server that listens on this address.
    pub(in crate::http) fn origin_policy(
        &self,
        listen: IpAddr,
    ) -> Result<OriginPolicy, InvalidSetting> {
        within([
            ("hosts", self.hosts.len() as u64, 0..=HOSTS_MAX),
            ("origins", self.origins.len() as u64, 0..=HOSTS_MAX),
            ("cors_origins", self.cors_origins.len() as u64, 0..=HOSTS_MAX),
        ])?;
        let hosts = self.hosts.iter().map(|text| HostPattern::read(text)).collect::<Result<_, _>>();
        let hosts = hosts.map_err(|reason| InvalidSetting::new("hosts", reason))?;
        let origins = self.origins.iter().map(|text| Origin::read(text));
        let origins: Result<Vec<_>, _> = origins.collect();
        let mut origins = origins.map_err(|reason| InvalidSetting::new("origins", reason))?;
        let cors = self.cors()?;
        if let CorsOrigins::Listed(listed) = &cors {
            origins.extend_from_slice(listed);
        }
        let policy = OriginPolicy::new(listen, hosts, origins, "the setting http.hosts");
        Ok(if cors == CorsOrigins::Every { policy.open_to_every_origin() } else { policy })
    }

    /// The origins whose pages may read answers.
    pub(in crate::http) fn cors(&self) -> Result<CorsOrigins, InvalidSetting> {
        let read = CorsOrigins::read(&self.cors_origins);
        read.map_err(|reason| InvalidSetting::new("cors_origins", reason))
    }

    /// Checks that pages of every origin are not allowed to command a server without identity.
    ///
    /// # Errors
    /// When they are.
    pub fn check_for(&self, has_identity: bool) -> Result<(), InvalidSetting> {
        if self.cors()? == CorsOrigins::Every && !has_identity {
            let reason = "must list origins, because requests are not authenticated: with `*`, any \
                 web page could send commands; configure [identity] for `*`";
            return Err(InvalidSetting::new("cors_origins", reason));
        }
        Ok(())
    }

    /// The rate limit per client; `None` when no rate is configured.
    pub(crate) fn client_rate_limit(&self) -> Option<ClientRateLimit> {
        let (rate_per_s, burst) = self.client_rate();
        let limit =
            || ClientRateLimit::new(rate_per_s, burst, self.clients_max, &self.trusted_proxies);
        (rate_per_s > 0).then(limit)
    }

    /// The requests per second of one client, and those at once after a pause.
    pub(crate) const fn client_rate(&self) -> (u32, u32) {
        let rate_per_s = self.client_rate_per_s;
        (rate_per_s, if self.client_burst == 0 { rate_per_s } else { self.client_burst })
    }

    /// The number of worker threads.
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
            body_ms: self.body_timeout_ms,
            // At least 1 s: with 0, the HTTP library closes each connection after its response.
            keep_alive_ms: self.keep_alive_s.max(1).saturating_mul(1_000),
            write_ms: self.write_timeout_ms,
        }
    }

    /// The keep-alive mode of the HTTP library. Its own timer of idle connections is off, because
    /// each request would set it.
    pub(in crate::http) const fn keep_alive(&self) -> KeepAlive {
        if self.keep_alive_s == 0 { KeepAlive::Disabled } else { KeepAlive::Os }
    }
}
