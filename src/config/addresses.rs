//! The check of the addresses to listen on.

use super::Config;
use std::net::SocketAddr;

/// A key, and why its address cannot be used.
pub(super) type Refused = (Vec<&'static str>, String);

/// Checks that no two addresses are the same, and that other machines reach the server only when
/// that is meant.
///
/// # Errors
/// The first address that cannot be used.
pub(super) fn check(config: &Config) -> Result<(), Refused> {
    let metrics = config.metrics.listen.filter(|_| config.metrics.enabled);
    let all = [
        (vec!["listen"], Some(config.listen)),
        (vec!["grpc", "listen"], config.grpc.listen),
        (vec!["metrics", "listen"], metrics),
    ];
    let mut taken: Vec<(&[&str], SocketAddr)> = Vec::new();
    for (key, address) in &all {
        let Some(address) = *address else { continue };
        if let Some((other, _)) = taken.iter().find(|(_, other)| is_same(*other, address)) {
            let reason = format!("{address} is the address of `{}` as well", other.join("."));
            return Err((key.clone(), reason));
        }
        taken.push((key, address));
    }
    let is_closed = config.insecure || config.identity.is_configured();
    // The monitoring has no token and no other protection, so its address is only warned of.
    let of_clients = all.into_iter().take(2).filter_map(|(key, address)| Some((key, address?)));
    let reachable = of_clients.into_iter().find(|(_, at)| !is_closed && !at.ip().is_loopback());
    reachable.map_or(Ok(()), |(key, address)| {
        let reason = format!(
            "{address} can be reached from other machines, and requests are not authenticated; \
             configure [identity], or set --insecure to listen there anyway"
        );
        Err((key, reason))
    })
}

/// Whether only one listener can have these addresses. The system chooses a port instead of 0.
fn is_same(one: SocketAddr, other: SocketAddr) -> bool {
    let (a, b) = (one.ip(), other.ip());
    let covers =
        a == b || (a.is_ipv4() == b.is_ipv4() && (a.is_unspecified() || b.is_unspecified()));
    covers && one.port() == other.port() && one.port() != 0
}
