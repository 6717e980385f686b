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
    let http = Some((vec!["listen"], config.listen));
    let grpc = config.grpc.listen.map(|address| (vec!["grpc", "listen"], address));
    let metrics = config.metrics.listen.filter(|_| config.metrics.enabled);
    let metrics = metrics.map(|address| (vec!["metrics", "listen"], address));
    let of_clients: Vec<_> = [http, grpc].into_iter().flatten().collect();
    let all: Vec<_> = of_clients.iter().chain(&metrics).collect();
    for (nth, (key, address)) in all.iter().enumerate() {
        if let Some((other, _)) = all[..nth].iter().find(|(_, other)| is_same(*other, *address)) {
            let reason = format!("{address} is the address of `{}` as well", other.join("."));
            return Err((key.clone(), reason));
        }
    }
    if config.insecure || config.identity.is_configured() {
        return Ok(());
    }
    // The monitoring has no token and no other protection, so its address is only warned of.
    match of_clients.into_iter().find(|(_, address)| !address.ip().is_loopback()) {
        None => Ok(()),
        Some((key, address)) => {
            let reason = format!(
                "{address} can be reached from other machines, and requests are not authenticated; \
                 configure [identity], or set --insecure to listen there anyway"
            );
            Err((key, reason))
        }
    }
}

/// Whether only one listener can have these addresses. The system chooses a port instead of 0.
fn is_same(one: SocketAddr, other: SocketAddr) -> bool {
    let (a, b) = (one.ip(), other.ip());
    let covers =
        a == b || (a.is_ipv4() == b.is_ipv4() && (a.is_unspecified() || b.is_unspecified()));
    covers && one.port() == other.port() && one.port() != 0
}
