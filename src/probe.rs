//! The command `health`: asks the server on this machine whether it is ready, for containers and
//! scripts.

use crate::config::{Config, Flags};
use clap::Args;
use reqwest::{Client, redirect::Policy};
use std::{
    error::Error,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

/// The options of `health`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Read the address of the server from this TOML file; the environment counts, too
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Ask the server at this address instead
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Ask whether the server lives, although a part of it may be down
    #[arg(long)]
    pub live: bool,
}

/// The longest time that the server may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);

/// Asks the server, and prints its answer. The result is whether it is ready, or whether it lives.
///
/// # Errors
/// When the settings are invalid, or no server answers.
pub fn ask(options: &Options) -> Result<(bool, String), Box<dyn Error>> {
    let flags =
        Flags { config: options.config.clone(), listen: options.listen, ..Flags::default() };
    let config = Config::read(flags)?;
    let probe = if options.live { "liveness" } else { "readiness" };
    let scheme = if config.tls.files().is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{}/actuator/health/{probe}", reachable(config.listen)?);
    let event_loop = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    event_loop.block_on(async {
        let response = client()?.get(&url).send().await?;
        Ok((response.status().is_success(), response.text().await?))
    })
}

/// The address under which this machine reaches a server that listens on this address.
pub fn reachable(listen: SocketAddr) -> Result<SocketAddr, String> {
    if listen.port() == 0 {
        return Err(format!("{listen}: the port is not known; set it with --listen"));
    }
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    Ok(SocketAddr::new(ip, listen.port()))
}

/// A client that asks this machine only. It sends no secret, and the certificate of the server names
/// no address of this machine, so the certificate is not checked.
fn client() -> Result<Client, reqwest::Error> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .danger_accept_invalid_certs(true)
        .timeout(ANSWER_WITHIN)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_all_addresses_is_asked_on_loopback() {
        let asked = |listen: &str| reachable(listen.parse().unwrap()).map(|it| it.to_string());
        assert_eq!(asked("0.0.0.0:8080").unwrap(), "127.0.0.1:8080");
        assert_eq!(asked("[::]:8080").unwrap(), "[::1]:8080");
        assert_eq!(asked("10.1.2.3:80").unwrap(), "10.1.2.3:80");
        assert!(asked("127.0.0.1:0").unwrap_err().contains("--listen"));
    }
}
