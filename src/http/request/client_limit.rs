//! The rate limit per client: a token bucket for every address. Each request takes one token.

use crate::sync;
use crate::{
    actors::whole_seconds_spread,
    http::{
        limits::Limits,
        problem::{Problem, TOO_MANY},
    },
};
use actix_http::{HttpMessage as _, Request};
use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv6Addr},
    sync::Mutex,
    time::{Duration, Instant},
};

/// The rate limit per client. All workers share it.
#[derive(Debug)]
pub struct ClientRateLimit {
    buckets: Mutex<Buckets>,
    begun: Instant,
    trusted: Vec<IpAddr>,
}

impl ClientRateLimit {
    /// Creates the rate limit; `None` when no rate is configured.
    #[must_use]
    pub fn within(limits: &Limits) -> Option<Self> {
        let rate_per_s = limits.client_rate_per_s;
        let burst = if limits.client_burst == 0 { rate_per_s } else { limits.client_burst };
        (rate_per_s > 0).then(|| Self {
            buckets: Mutex::new(Buckets::new(rate_per_s, burst, limits.clients_max)),
            begun: Instant::now(),
            trusted: limits.trusted_proxies.iter().map(IpAddr::to_canonical).collect(),
        })
    }

    /// Takes one token of the client that sent this request. A request without a peer address is
    /// not limited.
    ///
    /// # Errors
    /// When no token is left: the problem 429 with the time to retry after.
    pub fn count(&self, request: &Request) -> Result<(), Problem> {
        let Some(peer) = request.peer_addr() else { return Ok(()) };
        let forwarded = request.headers().get_all(FORWARDED_FOR);
        let forwarded: Vec<_> = forwarded.filter_map(|value| value.to_str().ok()).collect();
        let origin = origin(peer.ip(), forwarded.into_iter(), &self.trusted);
        let mut buckets = sync::lock(&self.buckets);
        buckets.take(origin, self.begun.elapsed()).map_err(|wait| Problem {
            retry_after_s: Some(whole_seconds_spread(wait)),
            gate: Some(GATE.into()),
            ..Problem::new(TOO_MANY, "this client sends more requests than its rate allows")
        })
    }
}

/// The name of the rate limit as a gate, in problems. It is not in the list of gates: it has no
/// state except the buckets.
const GATE: &str = "http/clients";

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The buckets of all clients. The time is a parameter, so that tests control it.
#[derive(Debug)]
struct Buckets {
    rate_per_s: f64,
    burst: f64,
    clients_max: usize,
    of: HashMap<IpAddr, Bucket>,
    /// The clients by their last request, the oldest first; the oldest is evicted when there are
    /// too many.
    by_use: BTreeMap<u64, IpAddr>,
    uses: u64,
}

/// The token bucket of one client.
#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: Duration,
    used: u64,
}

impl Buckets {
    /// Creates the buckets with a rate per client, a burst after a pause and a maximum of clients,
    /// each at least one. An evicted client starts again with a full bucket.
    fn new(rate_per_s: u32, burst: u32, clients_max: usize) -> Self {
        Self {
            rate_per_s: f64::from(rate_per_s.max(1)),
            burst: f64::from(burst.max(1)),
            clients_max: clients_max.max(1),
            of: HashMap::new(),
            by_use: BTreeMap::new(),
            uses: 0,
        }
    }

    /// Takes one token of the client at this address.
    ///
    /// # Errors
    /// When no token is left: the time until the next one.
    fn take(&mut self, address: IpAddr, now: Duration) -> Result<(), Duration> {
        let who = client(address);
        let (rate_per_s, burst) = (self.rate_per_s, self.burst);
        let bucket = self.used(who, now);
        let gained = now.saturating_sub(bucket.at).as_secs_f64() * rate_per_s;
        bucket.tokens = (bucket.tokens + gained).min(burst);
        bucket.at = bucket.at.max(now);
        if bucket.tokens < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - bucket.tokens) / rate_per_s));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }

    /// The bucket of this client, marked as used now. A new client starts with a full bucket.
    fn used(&mut self, who: IpAddr, now: Duration) -> &mut Bucket {
        self.uses += 1;
        let used = self.uses;
        if !self.of.contains_key(&who)
            && self.of.len() >= self.clients_max
            && let Some((_, longest_unused)) = self.by_use.pop_first()
        {
            self.of.remove(&longest_unused);
        }
        let full = Bucket { tokens: self.burst, at: now, used };
        let bucket = self.of.entry(who).or_insert(full);
        self.by_use.remove(&bucket.used);
        self.by_use.insert(used, who);
        bucket.used = used;
        bucket
    }
}

/// The client of an address. A /64 network of IPv6 is one client, because each such network has
/// 2^64 addresses.
fn client(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        IpAddr::V4(address) => address.into(),
    }
}

/// The address a request came from: the last one that is not a trusted proxy. `forwarded` holds the
/// values of `X-Forwarded-For`. Only values added by a trusted proxy count.
fn origin<'a>(
    peer: IpAddr,
    forwarded: impl DoubleEndedIterator<Item = &'a str>,
    trusted: &[IpAddr],
) -> IpAddr {
    let mut origin = peer.to_canonical();
    for address in forwarded.flat_map(|value| value.split(',')).rev() {
        if !trusted.contains(&origin) {
            break;
        }
        let Ok(address) = address.trim().parse::<IpAddr>() else { break };
        origin = address.to_canonical();
    }
    origin
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIN: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const JUNG: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));
    const HAN: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 3));

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_client_may_send_a_burst_and_then_requests_at_the_rate() {
        let mut clients = Buckets::new(10, 2, 8);
        assert_eq!([1, 2].map(|_| clients.take(MIN, at(0))), [Ok(()), Ok(())]);
        assert_eq!(clients.take(MIN, at(0)), Err(at(100)));
        assert_eq!(clients.take(MIN, at(75)), Err(at(25)));
        assert_eq!(clients.take(MIN, at(100)), Ok(()));
        assert!(clients.take(MIN, at(100)).is_err());
    }

    #[test]
    fn one_client_does_not_use_up_the_tokens_of_another() {
        let mut clients = Buckets::new(1, 1, 8);
        assert_eq!((clients.take(MIN, at(0)), clients.take(JUNG, at(0))), (Ok(()), Ok(())));
        assert!(clients.take(MIN, at(1)).is_err() && clients.take(JUNG, at(1)).is_err());
    }

    #[test]
    fn a_client_saves_no_more_than_the_burst() {
        let mut clients = Buckets::new(1_000, 3, 8);
        let hour = at(3_600_000);
        assert!([1, 2, 3].iter().all(|_| clients.take(MIN, hour).is_ok()));
        assert!(clients.take(MIN, hour).is_err());
    }

    #[test]
    fn only_the_least_recently_used_client_is_evicted() {
        let mut clients = Buckets::new(1, 1, 2);
        assert!(clients.take(MIN, at(0)).is_ok() && clients.take(JUNG, at(0)).is_ok());
        assert!(clients.take(MIN, at(1)).is_err());
        assert!(clients.take(HAN, at(2)).is_ok());
        assert_eq!((clients.of.len(), clients.by_use.len()), (2, 2));
        assert!(clients.take(MIN, at(3)).is_err(), "this client was used last");
        assert!(clients.take(JUNG, at(4)).is_ok(), "this client was evicted");
    }

    #[test]
    fn time_that_seems_to_run_backwards_gives_no_token() {
        let mut clients = Buckets::new(1, 1, 2);
        assert!(clients.take(MIN, at(5_000)).is_ok());
        assert!(clients.take(MIN, at(0)).is_err() && clients.take(MIN, at(5_500)).is_err());
    }

    #[test]
    fn the_addresses_of_one_network_are_one_client() {
        let mut clients = Buckets::new(1, 1, 8);
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(clients.take(address("2001:db8:0:1::1"), at(0)).is_ok());
        assert!(clients.take(address("2001:db8:0:1:ffff::2"), at(0)).is_err());
        assert!(clients.take(address("2001:db8:0:2::1"), at(0)).is_ok());
        assert!(clients.take(address("::ffff:10.0.0.1"), at(0)).is_ok());
        assert!(clients.take(MIN, at(0)).is_err(), "the same address in another notation");
    }

    #[test]
    fn only_addresses_added_by_a_trusted_proxy_are_believed() {
        let from = |peer, said: &[&'static str]| origin(peer, said.iter().copied(), &[MIN, JUNG]);
        assert_eq!(from(HAN, &["10.0.0.9"]), HAN, "an untrusted peer");
        assert_eq!(from(MIN, &[]), MIN);
        assert_eq!(from(MIN, &["10.9.9.9, 10.0.0.3"]), HAN, "the last untrusted address");
        assert_eq!(from(MIN, &["10.9.9.9", "10.0.0.3, 10.0.0.2"]), HAN);
        assert_eq!(from(MIN, &["nonsense"]), MIN);
    }
}
