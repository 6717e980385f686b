//! Hosts, ports and origins, as written in headers and settings.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// The most bytes of a DNS name.
const NAME_BYTES_MAX: usize = 253;

/// A host with an optional port: the value of `Host`, and the second part of an origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The host.
    pub host: Host,
    /// The port, when there is one.
    pub port: Option<u16>,
}

/// A host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// A name in lower case, without the dot at its end.
    Name(String),
    /// An address in canonical form: an IPv4 address is never mapped to IPv6.
    Address(IpAddr),
}

impl Authority {
    /// Reads `host`, `host:port` or `[address]:port`. A user, a path, a space or a percent sign
    /// makes the text invalid.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (address, port) = rest.split_once(']')?;
            let address: Ipv6Addr = address.parse().ok()?;
            (
                Host::Address(IpAddr::from(address).to_canonical()),
                port.strip_prefix(':').or(Some(port).filter(|port| port.is_empty()))?,
            )
        } else {
            let (host, port) = text.split_once(':').unwrap_or((text, ""));
            (Host::read(host)?, port)
        };
        let port = match port {
            "" => None,
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(digits.parse().ok()?)
            }
            _ => return None,
        };
        Some(Self { host, port })
    }

    /// The port, or the default port of this scheme.
    fn port_of(&self, scheme: &str) -> u16 {
        self.port.unwrap_or(if scheme == "https" { 443 } else { 80 })
    }
}

impl Host {
    fn read(text: &str) -> Option<Self> {
        let text = text.strip_suffix('.').unwrap_or(text);
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        if !(1..=NAME_BYTES_MAX).contains(&text.len()) || !text.bytes().all(is_name) {
            return None;
        }
        let address = text.parse::<Ipv4Addr>();
        Some(address.map_or_else(
            |_| Self::Name(text.to_ascii_lowercase()),
            |address| Self::Address(address.into()),
        ))
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Name(name) => {
                let shortened = name.get(..super::REPEATED_CHARACTERS_MAX).unwrap_or(name);
                to.write_str(shortened)?;
            }
            Host::Address(IpAddr::V4(address)) => write!(to, "{address}")?,
            Host::Address(IpAddr::V6(address)) => write!(to, "[{address}]")?,
        }
        self.port.map_or(Ok(()), |port| write!(to, ":{port}"))
    }
}

/// A configured host: a name or an address, with one port or with any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern(Authority);

impl HostPattern {
    /// Reads a setting such as `madang`, `madang.example:8080` or `[fd00::1]`.
    ///
    /// # Errors
    /// When the setting is invalid; the error states the required form.
    pub fn read(text: &str) -> Result<Self, String> {
        Authority::read(text).map(Self).ok_or_else(|| {
            format!(
                "must be a host such as \"madang.example\" or \"10.0.0.5:8080\", not \"{text}\""
            )
        })
    }

    /// Whether the pattern matches this host and port.
    #[must_use]
    pub fn matches(&self, authority: &Authority) -> bool {
        self.0.host == authority.host && (self.0.port.is_none() || self.0.port == authority.port)
    }
}

/// The origin of a page: scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    scheme: &'static str,
    host: Host,
    port: u16,
}

impl Origin {
    /// Parses `http://host` or `https://host:port`, as in the header `Origin`. The origin `null` is
    /// refused.
    ///
    /// # Errors
    /// When the text is not an origin; the error states the required form of a setting.
    pub fn read(text: &str) -> Result<Self, String> {
        let read = || {
            let (scheme, rest) = text.split_once("://")?;
            let scheme =
                ["http", "https"].into_iter().find(|it| it.eq_ignore_ascii_case(scheme))?;
            let authority = Authority::read(rest)?;
            let port = authority.port_of(scheme);
            Some(Self { scheme, host: authority.host, port })
        };
        read().ok_or_else(|| {
            format!("must be an origin such as \"https://shop.example\", not \"{text}\"")
        })
    }

    /// Whether a page of this origin was served by this host. The scheme may be either: behind a
    /// proxy that terminates TLS, pages have `https` and requests arrive as `http`.
    #[must_use]
    pub fn is_of(&self, server: &Authority) -> bool {
        self.host == server.host && self.port == server.port_of(self.scheme)
    }
}
