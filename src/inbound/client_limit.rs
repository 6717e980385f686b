//! The rate limit per client: a token bucket for every subject and every address. Each request takes
//! one token.

use crate::{
    actors::{Caller, whole_seconds_spread},
    inbound::problem::{Problem, QUOTA_EXCEEDED},
    sync,
};
use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// The rate limit per client. All listeners and workers share it.
#[derive(Debug)]
pub struct ClientRateLimit {
    buckets: Mutex<Buckets>,
    begun: Instant,
    trusted: Vec<IpAddr>,
}

impl ClientRateLimit {
    /// Creates the rate limit: a rate per client, a burst after a pause, and a maximum of clients.
    /// The addresses of trusted proxies are those whose `X-Forwarded-For` is believed.
    #[must_use]
    pub fn new(rate_per_s: u32, burst: u32, clients_max: usize, trusted: &[IpAddr]) -> Self {
        Self {
            buckets: Mutex::new(Buckets::new(rate_per_s, burst, clients_max)),
            begun: Instant::now(),
            trusted: trusted.iter().map(IpAddr::to_canonical).collect(),
        }
    }

    /// Changes the rate and the burst of all clients. No client keeps more tokens than the burst.
    pub fn change(&self, rate_per_s: u32, burst: u32) {
        sync::lock(&self.buckets).change(rate_per_s, burst);
    }

    /// Takes one token of the client that sent a request: of the subject of its token, or else of
    /// its address. The result says what is left, and whether there was a token; it is `None` for a
    /// request without a subject and an address, which is not limited.
    #[must_use]
    pub fn count(
        &self,
        caller: &Caller,
        address: Option<IpAddr>,
    ) -> Option<(Quota, Result<(), Problem>)> {
        let client = match caller {
            Caller::Known { subject, .. } => Client::Subject(Arc::clone(subject)),
            Caller::Trusted | Caller::Anonymous => Client::Address(address?),
        };
        let mut buckets = sync::lock(&self.buckets);
        let taken = buckets.take(client, self.begun.elapsed());
        let quota = buckets.quota(&taken);
        drop(buckets);
        let admitted = taken
            .map(drop)
            .map_err(|wait| exceeded(wait, "this client sends more requests than its rate allows"));
        Some((quota, admitted))
    }

    /// Takes one token for the verification of a bearer token, before it is verified. Tokens that
    /// are refused share one bucket per address, which no request with a valid token uses up.
    ///
    /// # Errors
    /// When too many tokens from this address were refused: the problem 429.
    pub fn begin_verification(&self, address: IpAddr) -> Result<Verification<'_>, Problem> {
        let client = Client::Refused(address);
        let taken = sync::lock(&self.buckets).take(client.clone(), self.begun.elapsed());
        taken.map_err(|wait| exceeded(wait, "too many tokens from this address were refused"))?;
        Ok(Verification { limit: self, client })
    }

    /// The address of a client, without the proxies that are trusted: the address of its connection,
    /// and the values of `X-Forwarded-For`.
    #[must_use]
    pub fn address<'a>(&self, peer: IpAddr, forwarded: impl Iterator<Item = &'a str>) -> IpAddr {
        let forwarded: Vec<_> = forwarded.collect();
        network(origin(peer, forwarded.into_iter(), &self.trusted))
    }
}

/// A verification that was counted.
pub struct Verification<'a> {
    limit: &'a ClientRateLimit,
    client: Client,
}

impl Verification<'_> {
    /// Gives the token back: the verified one was valid.
    pub fn succeeded(self) {
        sync::lock(&self.limit.buckets).give_back(&self.client);
    }
}

fn exceeded(wait: Duration, reason: &str) -> Problem {
    Problem {
        retry_after_s: Some(whole_seconds_spread(wait)),
        gate: Some(GATE.into()),
        ..Problem::new(QUOTA_EXCEEDED, reason)
    }
}

/// What a client may still send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The most requests at once.
    burst: u32,
    /// The requests that are left.
    left: u32,
    /// The seconds in which a used up burst is refilled, and those until it is full again.
    window_s: u32,
    full_in_s: u32,
}

impl Quota {
    /// The value of `RateLimit-Policy`.
    #[must_use]
    pub fn policy(&self) -> String {
        format!("\"client\";q={};w={}", self.burst, self.window_s)
    }

    /// The value of `RateLimit`.
    #[must_use]
    pub fn state(&self) -> String {
        format!("\"client\";r={};t={}", self.left, self.full_in_s)
    }
}

/// Whose requests a bucket limits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Client {
    /// The requests from an address without a valid token.
    Address(IpAddr),
    /// The tokens from an address that were refused.
    Refused(IpAddr),
    /// The requests with tokens of a subject.
    Subject(Arc<str>),
}

/// The name of the rate limit as a gate, in problems. It is not in the list of gates: it has no
/// state except the buckets.
const GATE: &str = "http/clients";

/// The header with the addresses that a request has passed.
pub const FORWARDED_FOR: &str = "x-forwarded-for";

/// The buckets of all clients. The time is a parameter, so that tests control it.
#[derive(Debug)]
struct Buckets {
    rate_per_s: f64,
    burst: f64,
    clients_max: usize,
    of: HashMap<Client, Bucket>,
    /// The clients by their last request, the oldest first; the oldest is evicted when there are
    /// too many.
    by_use: BTreeMap<u64, Client>,
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

    fn change(&mut self, rate_per_s: u32, burst: u32) {
        (self.rate_per_s, self.burst) = (f64::from(rate_per_s.max(1)), f64::from(burst.max(1)));
    }

    /// Takes one token of this client; the tokens that are left.
    ///
    /// # Errors
    /// When no token is left: the time until the next one.
    fn take(&mut self, who: Client, now: Duration) -> Result<f64, Duration> {
        let (rate_per_s, burst) = (self.rate_per_s, self.burst);
        let bucket = self.used(who, now);
        let gained = now.saturating_sub(bucket.at).as_secs_f64() * rate_per_s;
        bucket.tokens = (bucket.tokens + gained).min(burst);
        bucket.at = bucket.at.max(now);
        if bucket.tokens < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - bucket.tokens) / rate_per_s));
        }
        bucket.tokens -= 1.0;
        Ok(bucket.tokens)
    }

    /// Gives one token back.
    fn give_back(&mut self, who: &Client) {
        if let Some(bucket) = self.of.get_mut(who) {
            bucket.tokens = (bucket.tokens + 1.0).min(self.burst);
        }
    }

    /// The quota after this attempt to take a token.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a cast of a float saturates
    fn quota(&self, taken: &Result<f64, Duration>) -> Quota {
        let tokens = match taken {
            Ok(tokens) => *tokens,
            Err(wait) => 1.0 - wait.as_secs_f64() * self.rate_per_s,
        };
        let seconds = |tokens: f64| (tokens / self.rate_per_s).ceil() as u32;
        Quota {
            burst: self.burst as u32,
            left: tokens as u32,
            window_s: seconds(self.burst),
            full_in_s: seconds(self.burst - tokens),
        }
    }

    /// The bucket of this client, marked as used now. A new client starts with a full bucket.
    fn used(&mut self, who: Client, now: Duration) -> &mut Bucket {
        self.uses += 1;
        let used = self.uses;
        if !self.of.contains_key(&who)
            && self.of.len() >= self.clients_max
            && let Some((_, longest_unused)) = self.by_use.pop_first()
        {
            self.of.remove(&longest_unused);
        }
        let full = Bucket { tokens: self.burst, at: now, used };
        let bucket = self.of.entry(who.clone()).or_insert(full);
        self.by_use.remove(&bucket.used);
        self.by_use.insert(used, who);
        bucket.used = used;
        bucket
    }
}

/// The client of an address. A /64 network of IPv6 is one client, because each such network has
/// 2^64 addresses.
fn network(address: IpAddr) -> IpAddr {
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

    fn taken(clients: &mut Buckets, address: IpAddr, now: Duration) -> Result<(), Duration> {
        clients.take(Client::Address(network(address)), now).map(drop)
    }

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_client_may_send_a_burst_and_then_requests_at_the_rate() {
        let mut clients = Buckets::new(10, 2, 8);
        assert_eq!([1, 2].map(|_| taken(&mut clients, MIN, at(0))), [Ok(()), Ok(())]);
        assert_eq!(taken(&mut clients, MIN, at(0)), Err(at(100)));
        assert_eq!(taken(&mut clients, MIN, at(75)), Err(at(25)));
        assert_eq!(taken(&mut clients, MIN, at(100)), Ok(()));
        assert!(taken(&mut clients, MIN, at(100)).is_err());
    }

    #[test]
    fn one_client_does_not_use_up_the_tokens_of_another() {
        let mut clients = Buckets::new(1, 1, 8);
        assert_eq!(
            (taken(&mut clients, MIN, at(0)), taken(&mut clients, JUNG, at(0))),
            (Ok(()), Ok(()))
        );
        assert!(
            taken(&mut clients, MIN, at(1)).is_err() && taken(&mut clients, JUNG, at(1)).is_err()
        );
    }

    #[test]
    fn a_client_saves_no_more_than_the_burst() {
        let mut clients = Buckets::new(1_000, 3, 8);
        let hour = at(3_600_000);
        assert!([1, 2, 3].iter().all(|_| taken(&mut clients, MIN, hour).is_ok()));
        assert!(taken(&mut clients, MIN, hour).is_err());
    }

    #[test]
    fn only_the_least_recently_used_client_is_evicted() {
        let mut clients = Buckets::new(1, 1, 2);
        assert!(
            taken(&mut clients, MIN, at(0)).is_ok() && taken(&mut clients, JUNG, at(0)).is_ok()
        );
        assert!(taken(&mut clients, MIN, at(1)).is_err());
        assert!(taken(&mut clients, HAN, at(2)).is_ok());
        assert_eq!((clients.of.len(), clients.by_use.len()), (2, 2));
        assert!(taken(&mut clients, MIN, at(3)).is_err(), "this client was used last");
        assert!(taken(&mut clients, JUNG, at(4)).is_ok(), "this client was evicted");
    }

    #[test]
    fn a_subject_is_a_client_whatever_its_address_and_a_refused_token_is_not() {
        let mut clients = Buckets::new(1, 1, 8);
        assert!(taken(&mut clients, MIN, at(0)).is_ok());
        let subject = |name: &str| Client::Subject(name.into());
        assert!(clients.take(subject("min"), at(0)).is_ok());
        assert!(clients.take(subject("min"), at(0)).is_err());
        assert!(clients.take(subject("jung"), at(0)).is_ok());
        let refused = Client::Refused(MIN);
        assert!(clients.take(refused.clone(), at(0)).is_ok());
        assert!(clients.take(refused.clone(), at(0)).is_err());
        clients.give_back(&refused);
        assert!(clients.take(refused, at(0)).is_ok());
    }

    #[test]
    fn a_client_is_told_what_is_left() {
        let mut clients = Buckets::new(10, 25, 8);
        let mut quota = |ms| {
            let taken = clients.take(Client::Address(MIN), at(ms));
            clients.quota(&taken)
        };
        let first = quota(0);
        assert_eq!(first.policy(), "\"client\";q=25;w=3");
        assert_eq!(first.state(), "\"client\";r=24;t=1");
        let last = (0..24).map(|_| quota(0)).last().unwrap();
        assert_eq!(last.state(), "\"client\";r=0;t=3");
        assert_eq!(quota(50).state(), "\"client\";r=0;t=3", "half a token is none");
        assert_eq!(quota(2_500).state(), "\"client\";r=24;t=1");
    }

    #[test]
    fn time_that_seems_to_run_backwards_gives_no_token() {
        let mut clients = Buckets::new(1, 1, 2);
        assert!(taken(&mut clients, MIN, at(5_000)).is_ok());
        assert!(
            taken(&mut clients, MIN, at(0)).is_err()
                && taken(&mut clients, MIN, at(5_500)).is_err()
        );
    }

    #[test]
    fn the_addresses_of_one_network_are_one_client() {
        let mut clients = Buckets::new(1, 1, 8);
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(taken(&mut clients, address("2001:db8:0:1::1"), at(0)).is_ok());
        assert!(taken(&mut clients, address("2001:db8:0:1:ffff::2"), at(0)).is_err());
        assert!(taken(&mut clients, address("2001:db8:0:2::1"), at(0)).is_ok());
        assert!(taken(&mut clients, address("::ffff:10.0.0.1"), at(0)).is_ok());
        assert!(taken(&mut clients, MIN, at(0)).is_err(), "the same address in another notation");
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
